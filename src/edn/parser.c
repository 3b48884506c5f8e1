#include "edn/parser.h"

#include <stdarg.h>

/*
 * Places in the text and errors that name them.
 */

static void count_lines(const struct edn_reader *reader, const char *at, uint32_t *ret_line,
                        uint32_t *ret_column)
{
    const char *from = reader->text.ptr + reader->offset;
    const char *line_start = from;
    uint32_t line = reader->line, column = reader->column;
    for (const char *newline = from;
         newline < at && (newline = (const char *)memchr(newline, '\n', (size_t)(at - newline)));
         line++)
        line_start = ++newline;
    if (line_start != from)
        column = 1;
    for (const char *c = line_start; c < at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    *ret_line = line;
    *ret_column = column;
}

void edn_reader_move(struct edn_reader *reader, const char *at)
{
    uint32_t line, column;
    count_lines(reader, at, &line, &column);
    reader->line = line;
    reader->column = column;
    reader->offset = (size_t)(at - reader->text.ptr);
}

enum bs_code edn_parser_fail(struct edn_parser *parser, const char *at, enum bs_reason reason,
                             const char *format, ...)
{
    char message[600];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    edn_reader_move(parser->reader, at);
    uint32_t line = parser->reader->line, column = parser->reader->column;
    enum bs_code code =
        bs_error_set(parser->error, reason, "line %u, column %u: %s", line, column, message);
    if (parser->error) {
        bs_error_add_integer(parser->error, "line", line);
        bs_error_add_integer(parser->error, "column", column);
    }
    return code;
}

enum bs_code edn_parser_fail_memory(struct edn_parser *parser, const char *at)
{
    return edn_parser_fail(parser, at, BS_REASON_EDN_LIMIT,
                           "the values need more memory than the limit of %zu bytes",
                           bs_arena_max_bytes(parser->arena));
}

enum bs_code edn_parser_fail_incomplete(struct edn_parser *parser, const char *at, const char *what,
                                        const char *closing)
{
    parser->reader->incomplete = true;
    return edn_syntax_error(parser, at, "the text ends inside %s that begins here: expected %s",
                            what, closing);
}

enum bs_code edn_parser_check_utf8(struct edn_parser *parser, struct bs_str text)
{
    size_t valid = bs_utf8_valid_prefix(text);
    if (valid == text.len)
        return BS_OK;
    return edn_syntax_error(parser, text.ptr + valid, "the byte 0x%02x is not UTF-8 here",
                            (unsigned)(unsigned char)text.ptr[valid]);
}

const char *edn_shown(struct bs_str text, char ret_text[EDN_SHOWN_SIZE])
{
    size_t len = BS_MIN(text.len, EDN_SHOWN_SIZE - 4);
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        ret_text[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    memcpy(ret_text + len, len < text.len ? "..." : "", len < text.len ? 4 : 1);
    return ret_text;
}
