/* Literals and comments of the languages that we write. */

#include "emit.h"

#include <ctype.h>
#include <float.h>

void gen_append_c_string(struct bs_buf *out, const char *text)
{
    bs_buf_append_byte(out, '"');
    for (const char *c = text; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\' || byte == '?') /* no trigraphs */
            bs_buf_printf(out, "\\%c", byte);
        else if (byte < 0x20 || byte >= 0x7f)
            bs_buf_printf(out, "\\%03o", byte);
        else
            bs_buf_append_byte(out, (char)byte);
    }
    bs_buf_append_byte(out, '"');
}

void gen_append_double(struct bs_buf *out, double value)
{
    char text[64];
    double back;
    for (int digits = 1; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (bs_str_parse_double(bs_str_from(text), &back) && back == value)
            break;
    }
    bs_buf_append_cstr(out, text);
}

void gen_append_json_string(struct bs_buf *out, struct bs_str text)
{
    bs_buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte == '"' || byte == '\\')
            bs_buf_printf(out, "\\%c", byte);
        else if (byte == '\n')
            bs_buf_append_cstr(out, "\\n");
        else if (byte < 0x20 || byte == '<') /* so that the text may stand in a page */
            bs_buf_printf(out, "\\u%04x", byte);
        else
            bs_buf_append_byte(out, (char)byte);
    }
    bs_buf_append_byte(out, '"');
}

void gen_append_bytes(struct bs_buf *out, struct bs_str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        bs_buf_printf(out, "%s0x%02x,", i % 16 == 0 ? "    " : " ", (uint8_t)bytes.ptr[i]);
        if (i % 16 == 15 || i + 1 == bytes.len)
            bs_buf_append_byte(out, '\n');
    }
}

/* A comment's end inside the text would end ours. */
static void append_comment_line(struct bs_buf *out, struct bs_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        bs_buf_append_byte(out, line.ptr[i]);
        if (i + 1 < line.len && ((line.ptr[i] == '*' && line.ptr[i + 1] == '/') ||
                                 (line.ptr[i] == '/' && line.ptr[i + 1] == '*')))
            bs_buf_append_byte(out, ' ');
    }
}

void gen_append_comment(struct bs_buf *out, const char *indent, const char *text)
{
    struct bs_str rest = bs_str_from(text), line;
    bool first = true;
    if (rest.len == 0)
        return;
    while (bs_str_split(&rest, '\n', &line)) {
        bs_buf_printf(out, "%s%s%s", first ? "" : "\n", indent, first ? "/* " : " * ");
        append_comment_line(out, line);
        first = false;
    }
    bs_buf_append_cstr(out, " */\n");
}

const char *gen_lower_camel(struct gen *gen, const char *name)
{
    char *copy = bs_arena_dup_cstr(gen->arena, bs_str_from(name));
    *copy = (char)tolower((unsigned char)*copy);
    return copy;
}
