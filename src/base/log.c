/*
 * The log: a record is built whole and written by one fwrite, so that lines of several threads do
 * not mix. Whatever a value holds, a record stays one line: blanks and quotes put it into quotes,
 * control characters and bytes that are not UTF-8 are escaped.
 */

#include "base/log.h"

#include <stdatomic.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/encoding.h"

#define VALUE_MAX_BYTES (8u * 1024)

static _Atomic int log_level = BS_LOG_INFO;
static FILE *_Atomic log_output; /* NULL: stderr; borrowed */

static const char *const level_names[] = {
    [BS_LOG_DEBUG] = "debug",
    [BS_LOG_INFO] = "info",
    [BS_LOG_WARN] = "warn",
    [BS_LOG_ERROR] = "error",
};

void bs_log_set_level(enum bs_log_level level)
{
    atomic_store(&log_level, (int)level);
}

void bs_log_set_output(FILE *file)
{
    atomic_store(&log_output, file);
}

static bool is_plain(struct bs_str value)
{
    if (value.len == 0 || !bs_utf8_is_valid(value))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
            return false;
    }
    return true;
}

static void append_escaped_byte(struct bs_buf *line, unsigned char c)
{
    switch (c) {
    case '"':
    case '\\':
        bs_buf_append_byte(line, '\\');
        bs_buf_append_byte(line, (char)c);
        break;
    case '\n':
        bs_buf_append_cstr(line, "\\n");
        break;
    case '\r':
        bs_buf_append_cstr(line, "\\r");
        break;
    case '\t':
        bs_buf_append_cstr(line, "\\t");
        break;
    default:
        if (c < ' ' || c >= 0x7f)
            bs_buf_printf(line, "\\x%02x", c);
        else
            bs_buf_append_byte(line, (char)c);
    }
}

static void append_quoted(struct bs_buf *line, struct bs_str value)
{
    bs_buf_append_byte(line, '"');
    while (value.len > 0) {
        if ((unsigned char)value.ptr[0] < 0x80) {
            append_escaped_byte(line, (unsigned char)value.ptr[0]);
            value = bs_str_from_offset(value, 1);
            continue;
        }
        size_t valid = bs_utf8_valid_prefix(bs_str_slice(value, 0, 4));
        uint32_t code_point = 0;
        size_t size = valid > 0 ? bs_utf8_decode(value, &code_point) : 0;
        /* U+0080 to U+009F are controls that terminals obey */
        if (size > 0 && code_point > 0x9f)
            bs_buf_append(line, value.ptr, size);
        for (size_t i = 0; size == 0 ? i < 1 : code_point <= 0x9f && i < size; i++)
            append_escaped_byte(line, (unsigned char)value.ptr[i]);
        value = bs_str_from_offset(value, size > 0 ? size : 1);
    }
    bs_buf_append_byte(line, '"');
}

static void append_value(struct bs_buf *line, struct bs_str value)
{
    size_t cut = value.len > VALUE_MAX_BYTES ? value.len - VALUE_MAX_BYTES : 0;
    value.len -= cut;
    if (is_plain(value))
        bs_buf_append_str(line, value);
    else
        append_quoted(line, value);
    if (cut > 0)
        bs_buf_printf(line, " cut_bytes=%zu", cut);
}

void bs_log_write(enum bs_log_level level, const char *message, const struct bs_log_field *fields,
                  size_t fields_count)
{
    if ((int)level < atomic_load_explicit(&log_level, memory_order_relaxed))
        return;
    struct bs_clock clock = bs_clock_system();
    int64_t now_ms = clock.now_ms(clock.self);
    char time[BS_TIME_TEXT_SIZE];
    bs_time_format(now_ms / 1000, (int32_t)(now_ms % 1000 * 1000000), time);

    BS_CLEANUP(bs_buf_fini) struct bs_buf line = BS_BUF_INIT(0);
    bs_buf_printf(&line, "time=%s level=%s msg=", time, level_names[level]);
    append_quoted(&line, bs_str_from(message));
    for (size_t i = 0; i < fields_count; i++) {
        bs_buf_printf(&line, " %s=", fields[i].key);
        append_value(&line, fields[i].value);
    }
    bs_buf_append_byte(&line, '\n');
    FILE *output = atomic_load(&log_output);
    output = output ? output : stderr;
    /* a log that can't be written has nobody to be told */
    (void)!fwrite(line.ptr, 1, line.len, output);
    fflush(output);
}
