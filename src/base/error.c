/*
 * Errors as values. The tables come from codes.def and reasons.def. A message is always UTF-8:
 * bytes of the offending input that are not become '?', and a cut never divides a character.
 */

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

struct code_row {
    const char *name;
    const char *category;
    int http_status;
};

static const struct code_row codes[] = {
#define BS_CODE(name, number, category, http) [number] = {#name, category, http},
#include "base/codes.def"
#undef BS_CODE
};

struct reason_row {
    const char *name;
    const char *text;
    enum bs_code code;
    bool retryable;
};

static const struct reason_row reasons[BS_REASON_COUNT] = {
    [BS_REASON_NONE] = {"", "", BS_UNKNOWN, false},
#define BS_REASON(id, reason, code, retryable, text)                                               \
    [BS_REASON_##id] = {reason, text, BS_##code, retryable},
#include "base/reasons.def"
#undef BS_REASON
};

static const struct code_row *code_row(enum bs_code code)
{
    size_t number = (size_t)code;
    return &codes[number < BS_ARRAY_COUNT(codes) ? number : BS_UNKNOWN];
}

const char *bs_code_name(enum bs_code code)
{
    return code_row(code)->name;
}

const char *bs_code_category(enum bs_code code)
{
    return code_row(code)->category;
}

int bs_code_http_status(enum bs_code code)
{
    return code_row(code)->http_status;
}

enum bs_code bs_code_from_number(int64_t number)
{
    if (number < 0 || number >= (int64_t)BS_ARRAY_COUNT(codes))
        return BS_UNKNOWN;
    return (enum bs_code)number;
}

static const struct reason_row *reason_row(enum bs_reason reason)
{
    size_t number = (size_t)reason;
    return &reasons[number < BS_REASON_COUNT ? number : BS_REASON_NONE];
}

const char *bs_reason_name(enum bs_reason reason)
{
    return reason_row(reason)->name;
}

const char *bs_reason_text(enum bs_reason reason)
{
    return reason_row(reason)->text;
}

enum bs_code bs_reason_code(enum bs_reason reason)
{
    return reason_row(reason)->code;
}

bool bs_reason_retryable(enum bs_reason reason)
{
    return reason_row(reason)->retryable;
}

enum bs_reason bs_reason_from_name(struct bs_str name)
{
    for (int i = BS_REASON_NONE + 1; i < BS_REASON_COUNT; i++) {
        if (bs_str_equals(name, reasons[i].name))
            return (enum bs_reason)i;
    }
    return BS_REASON_NONE;
}

/* Where to cut valid UTF-8 so that at most `max` bytes are left. */
static size_t cut_at(struct bs_str s, size_t max)
{
    if (s.len <= max)
        return s.len;
    while (max > 0 && ((unsigned char)s.ptr[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* Makes `text` of `len` bytes UTF-8 in place and NUL-terminates it; `was_cut`: its last character
 * may be incomplete and is then dropped. */
static void clean(char *text, size_t len, bool was_cut)
{
    size_t at = 0;
    for (;;) {
        at += bs_utf8_valid_prefix(bs_str_make(text + at, len - at));
        if (at == len)
            break;
        size_t rest = len - at;
        unsigned char first = (unsigned char)text[at];
        size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (was_cut && first >= 0xc2 && first <= 0xf4 && rest < size) {
            len = at;
            break;
        }
        text[at++] = '?';
    }
    text[len] = '\0';
}

BS_PRINTF(3, 0)
static void format_message(char *text, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(text, size, format, args);
    BS_ASSERT(len >= 0);
    bool was_cut = (size_t)len >= size;
    clean(text, was_cut ? size - 1 : (size_t)len, was_cut);
}

static void raise(struct bs_error *error, enum bs_code code, enum bs_reason reason,
                  const char *file, int line)
{
    error->code = code;
    error->reason = reason;
    error->remote_reason[0] = '\0';
    error->file = file;
    error->line = line;
    error->fields_count = 0;
}

enum bs_code bs_error_set_at(struct bs_error *error, enum bs_reason reason, const char *file,
                             int line, const char *format, ...)
{
    enum bs_code code = bs_reason_code(reason);
    if (!error)
        return code;
    va_list args;
    va_start(args, format);
    format_message(error->message, sizeof(error->message), format, args);
    va_end(args);
    raise(error, code, reason, file, line);
    return code;
}

enum bs_code bs_error_set_code_at(struct bs_error *error, enum bs_code code, enum bs_reason reason,
                                  const char *file, int line, const char *format, ...)
{
    if (!error)
        return code;
    va_list args;
    va_start(args, format);
    format_message(error->message, sizeof(error->message), format, args);
    va_end(args);
    raise(error, code, reason, file, line);
    return code;
}

void bs_error_prefix(struct bs_error *error, const char *format, ...)
{
    if (!error)
        return;
    char prefix[BS_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    format_message(prefix, sizeof(prefix), format, args);
    va_end(args);
    size_t prefix_len = strlen(prefix);
    struct bs_str old = bs_str_from(error->message);
    size_t kept = cut_at(old, sizeof(error->message) - 1 - prefix_len);
    memmove(error->message + prefix_len, error->message, kept);
    memcpy(error->message, prefix, prefix_len);
    error->message[prefix_len + kept] = '\0';
}

/* The field to write for `key`, NULL when there is no room. */
static struct bs_error_field *field_for(struct bs_error *error, const char *key)
{
    for (size_t i = 0; i < error->fields_count; i++) {
        if (bs_str_equals(bs_str_from(error->fields[i].key), key))
            return &error->fields[i];
    }
    if (error->fields_count == BS_ERROR_FIELDS_MAX)
        return NULL;
    struct bs_error_field *field = &error->fields[error->fields_count++];
    field->key = key;
    return field;
}

void bs_error_add_integer(struct bs_error *error, const char *key, int64_t value)
{
    struct bs_error_field *field = error ? field_for(error, key) : NULL;
    if (!field)
        return;
    field->is_text = false;
    field->integer = value;
    field->text[0] = '\0';
}

void bs_error_add_text(struct bs_error *error, const char *key, struct bs_str value)
{
    struct bs_error_field *field = error ? field_for(error, key) : NULL;
    if (!field)
        return;
    field->is_text = true;
    field->integer = 0;
    size_t len = BS_MIN(value.len, sizeof(field->text) - 1);
    if (len > 0)
        memcpy(field->text, value.ptr, len);
    for (size_t i = 0; i < len; i++)
        field->text[i] = field->text[i] == '\0' ? '?' : field->text[i];
    clean(field->text, len, len < value.len);
}

const struct bs_error_field *bs_error_find(const struct bs_error *error, const char *key)
{
    for (size_t i = 0; i < error->fields_count; i++) {
        if (bs_str_equals(bs_str_from(error->fields[i].key), key))
            return &error->fields[i];
    }
    return NULL;
}

const char *bs_error_reason_name(const struct bs_error *error)
{
    return error->remote_reason[0] != '\0' ? error->remote_reason : bs_reason_name(error->reason);
}
