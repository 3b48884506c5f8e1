/*
 * Lines and fields of a head. A line is looked at once, when its LF is there; what was scanned
 * without finding one is remembered as an offset, so that a head that comes byte by byte costs no
 * more than one in a piece. So that cuts can't change the result, a partial line is refused only
 * for what the whole line would be refused for first: its start line's method (bytes that are no
 * HTTP, such as a TLS hello, need no LF to be known) and its size.
 */

#include "http/internal.h"

/* "METHOD" and "HTTP/1.1" with blanks and CRLF stand beside the target */
#define START_LINE_MAX_BYTES (BS_LIMIT_HTTP_TARGET_BYTES + 64u)

/* So far the first word is looked at before its line is complete; well below any limit of size,
 * so that whichever refuses first is the same for every cut. */
#define FIRST_WORD_MAX_BYTES 32u

_Static_assert(BS_LIMIT_HTTP_HEAD_BYTES + HTTP_LEADING_CRLF_MAX * 2 <= UINT16_MAX,
               "spans hold offsets in 16 bits");

/* Refuses a start line whose first word has a byte that no token has. */
static enum http_progress check_first_word(struct http_parser *parser, struct bs_str line,
                                           struct bs_error *error)
{
    size_t len = BS_MIN(line.len, FIRST_WORD_MAX_BYTES);
    for (size_t i = 0; i < len && line.ptr[i] != ' ' && line.ptr[i] != '/'; i++) {
        if (!(http_classes[(unsigned char)line.ptr[i]] & HTTP_TOKEN))
            return http_refuse(&parser->status, 400, error,
                               "byte 0x%02x at %zu of the start line: a %s is expected",
                               (unsigned)(unsigned char)line.ptr[i], i,
                               parser->is_response ? "version" : "method");
    }
    return HTTP_MORE;
}

/* Limits, for a whole line (with its CRLF) or a partial one. */
static enum http_progress check_size(struct http_parser *parser, struct bs_str line,
                                     struct bs_error *error)
{
    if (!parser->start_line_seen && line.len > START_LINE_MAX_BYTES)
        return http_refuse(&parser->status, parser->is_response ? 400 : 414, error,
                           "the start line has more than %u bytes, the target of a request may "
                           "have %u",
                           START_LINE_MAX_BYTES, BS_LIMIT_HTTP_TARGET_BYTES);
    if (parser->line_offset + line.len > BS_LIMIT_HTTP_HEAD_BYTES)
        return http_refuse(&parser->status, 431, error, "the head has more than %u bytes",
                           BS_LIMIT_HTTP_HEAD_BYTES);
    return HTTP_MORE;
}

static struct http_span span_of(struct bs_str bytes, struct bs_str part)
{
    return (struct http_span){
        .offset = (uint16_t)(part.ptr - bytes.ptr),
        .len = (uint16_t)part.len,
    };
}

static enum http_progress read_field(struct http_parser *parser, struct bs_str bytes,
                                     struct bs_str line, struct bs_error *error)
{
    if (http_is_blank(line.ptr[0]))
        return http_refuse(&parser->status, 400, error,
                           "a field line that begins with a blank: folded lines are not accepted");
    size_t name_len = 0;
    while (name_len < line.len && http_classes[(unsigned char)line.ptr[name_len]] & HTTP_TOKEN)
        name_len++;
    struct bs_str name = bs_str_slice(line, 0, name_len);
    if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':')
        return http_refuse(&parser->status, 400, error,
                           "field %zu (\"%.*s\"): a name of token characters and right after it a "
                           "colon are expected",
                           parser->fields_count + 1, (int)BS_MIN(name_len, 100), name.ptr);
    struct bs_str value = http_trim(bs_str_from_offset(line, name_len + 1));
    if (!http_is_field_value(value))
        return http_refuse(&parser->status, 400, error,
                           "field \"%.*s\": a control character in its value",
                           (int)BS_MIN(name_len, 100), name.ptr);
    if (parser->fields_count == BS_LIMIT_HTTP_FIELDS)
        return http_refuse(&parser->status, 431, error, "more than %d fields",
                           BS_LIMIT_HTTP_FIELDS);
    parser->fields[parser->fields_count].name = span_of(bytes, name);
    parser->fields[parser->fields_count].value = span_of(bytes, value);
    parser->fields_count++;
    return HTTP_MORE;
}

/* One line without its CRLF; HTTP_DONE for the empty one at the end. */
static enum http_progress read_line(struct http_parser *parser, struct bs_str bytes,
                                    struct bs_str line, http_start_line_function *start_line,
                                    struct bs_error *error)
{
    if (parser->start_line_seen)
        return line.len == 0 ? HTTP_DONE : read_field(parser, bytes, line, error);
    if (line.len > 0) {
        parser->start_line_seen = true;
        return start_line(parser, bytes, line, error);
    }
    if (parser->is_response || parser->skipped_lines == HTTP_LEADING_CRLF_MAX)
        return http_refuse(&parser->status, 400, error,
                           "an empty line where a start line is expected");
    parser->skipped_lines++;
    return HTTP_MORE;
}

/* A line with its LF. */
static enum http_progress read_whole_line(struct http_parser *parser, struct bs_str bytes,
                                          struct bs_str line, http_start_line_function *start_line,
                                          struct bs_error *error)
{
    struct bs_str text = bs_str_slice(line, 0, line.len - 1);
    bool has_cr = text.len > 0 && text.ptr[text.len - 1] == '\r';
    text.len -= has_cr ? 1 : 0;
    if (!parser->start_line_seen && check_first_word(parser, text, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    if (check_size(parser, line, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    if (!has_cr)
        return http_refuse(&parser->status, 400, error,
                           "a line of the head that ends in LF without CR");
    return read_line(parser, bytes, text, start_line, error);
}

/* What is there of the last line. A CR at its end may be its end's. */
static enum http_progress check_partial_line(struct http_parser *parser, struct bs_str line,
                                             struct bs_error *error)
{
    struct bs_str text = line;
    text.len -= text.len > 0 && text.ptr[text.len - 1] == '\r' ? 1 : 0;
    if (!parser->start_line_seen && check_first_word(parser, text, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    return check_size(parser, line, error);
}

enum http_progress http_head_read(struct http_parser *parser, struct bs_str bytes,
                                  http_start_line_function *start_line, size_t *ret_used_bytes,
                                  struct bs_error *error)
{
    BS_ASSERT(!parser->finished && bytes.len >= parser->scanned_offset);
    enum http_progress progress = HTTP_MORE;
    while (progress == HTTP_MORE) {
        struct bs_str unscanned = bs_str_from_offset(bytes, parser->scanned_offset);
        ptrdiff_t at = bs_str_find_byte(unscanned, '\n');
        if (at < 0)
            break;
        size_t end = parser->scanned_offset + (size_t)at + 1;
        struct bs_str line =
            bs_str_make(bytes.ptr + parser->line_offset, end - parser->line_offset);
        progress = read_whole_line(parser, bytes, line, start_line, error);
        parser->line_offset = end;
        parser->scanned_offset = end;
    }
    if (progress == HTTP_MORE) {
        parser->scanned_offset = bytes.len;
        progress =
            check_partial_line(parser, bs_str_from_offset(bytes, parser->line_offset), error);
    }
    if (progress == HTTP_DONE)
        *ret_used_bytes = parser->line_offset;
    parser->finished = progress != HTTP_MORE;
    return progress;
}

static void read_connection(struct bs_str value, struct http_framing *framing)
{
    struct bs_str option;
    while (http_list_next(&value, &option)) {
        framing->close |= bs_str_equal_ignoring_case(option, BS_STR("close"));
        framing->keep_alive |= bs_str_equal_ignoring_case(option, BS_STR("keep-alive"));
    }
}

static enum http_progress read_length(struct http_parser *parser, struct bs_str value,
                                      struct http_framing *framing, struct bs_error *error)
{
    if (framing->lengths_count++ > 0)
        return http_refuse(&parser->status, 400, error, "more than one Content-Length");
    uint64_t length;
    if (!bs_str_parse_u64(value, &length) || length > INT64_MAX)
        return http_refuse(&parser->status, 400, error,
                           "Content-Length \"%.*s\": a number below 2^63 is expected",
                           (int)BS_MIN(value.len, 100), value.ptr);
    if (length > parser->max_body_bytes)
        return http_refuse(&parser->status, 413, error,
                           "a body of %llu bytes, where at most %llu are accepted",
                           (unsigned long long)length, (unsigned long long)parser->max_body_bytes);
    framing->content_length = length;
    return HTTP_MORE;
}

static enum http_progress read_coding(struct http_parser *parser, struct bs_str value,
                                      struct http_framing *framing, struct bs_error *error)
{
    if (framing->codings_count++ > 0 || !bs_str_equal_ignoring_case(value, BS_STR("chunked")))
        return http_refuse(&parser->status, 400, error,
                           "Transfer-Encoding \"%.*s\": one field with \"chunked\" is expected",
                           (int)BS_MIN(value.len, 100), value.ptr);
    if (parser->version_minor == 0)
        return http_refuse(&parser->status, 400, error,
                           "Transfer-Encoding in a message of HTTP/1.0");
    return HTTP_MORE;
}

static enum http_progress read_framing_field(struct http_parser *parser,
                                             const struct http_field *field,
                                             struct http_framing *framing, struct bs_error *error)
{
    switch (field->name.len) {
    case sizeof("Connection") - 1:
        if (bs_str_equal_ignoring_case(field->name, BS_STR("Connection")))
            read_connection(field->value, framing);
        return HTTP_MORE;
    case sizeof("Content-Length") - 1:
        if (bs_str_equal_ignoring_case(field->name, BS_STR("Content-Length")))
            return read_length(parser, field->value, framing, error);
        return HTTP_MORE;
    case sizeof("Transfer-Encoding") - 1:
        if (bs_str_equal_ignoring_case(field->name, BS_STR("Transfer-Encoding")))
            return read_coding(parser, field->value, framing, error);
        return HTTP_MORE;
    default:
        return HTTP_MORE;
    }
}

enum http_progress http_fields_finish(struct http_parser *parser, struct bs_str bytes,
                                      struct http_field *ret_fields,
                                      struct http_framing *ret_framing, struct bs_error *error)
{
    *ret_framing = (struct http_framing){0};
    for (size_t i = 0; i < parser->fields_count; i++) {
        ret_fields[i].name = http_span_str(bytes, parser->fields[i].name);
        ret_fields[i].value = http_span_str(bytes, parser->fields[i].value);
        if (read_framing_field(parser, &ret_fields[i], ret_framing, error) == HTTP_REFUSED)
            return HTTP_REFUSED;
    }
    if (ret_framing->lengths_count > 0 && ret_framing->codings_count > 0)
        return http_refuse(&parser->status, 400, error,
                           "both Content-Length and Transfer-Encoding");
    return HTTP_DONE;
}
