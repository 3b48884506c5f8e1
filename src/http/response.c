/* Response heads, for clients: the status line, and where the body ends (RFC 9112, 6.3). */

#include "http/internal.h"

static enum http_progress read_status_line(struct http_parser *parser, struct bs_str bytes,
                                           struct bs_str line, struct bs_error *error)
{
    uint64_t status = 0;
    bool well_formed = line.len >= 12 && bs_str_starts_with(line, BS_STR("HTTP/1.")) &&
                       (line.ptr[7] == '0' || line.ptr[7] == '1') && line.ptr[8] == ' ' &&
                       bs_str_parse_u64(bs_str_slice(line, 9, 3), &status) && status >= 100 &&
                       status <= 599 && (line.len == 12 || line.ptr[12] == ' ');
    struct bs_str reason = bs_str_from_offset(line, 13);
    if (!well_formed || !http_is_field_value(reason))
        return http_refuse(&parser->status, 400, error,
                           "the status line: HTTP/1.1, a status of 100 to 599 and a reason are "
                           "expected");
    parser->version_minor = line.ptr[7] - '0';
    parser->method_or_status = (int)status;
    parser->first = (struct http_span){(uint16_t)(reason.ptr - bytes.ptr), (uint16_t)reason.len};
    return HTTP_MORE;
}

static bool has_no_body(const struct http_parser *parser, int status)
{
    return parser->is_head_request || status < 200 || status == 204 || status == 304;
}

static enum http_body_kind body_kind(const struct http_parser *parser, int status,
                                     const struct http_framing *framing)
{
    if (has_no_body(parser, status))
        return HTTP_BODY_NONE;
    if (framing->codings_count > 0)
        return HTTP_BODY_CHUNKED;
    return framing->lengths_count > 0 ? HTTP_BODY_LENGTH : HTTP_BODY_UNTIL_CLOSE;
}

enum http_progress http_response_parse(struct http_parser *parser, struct bs_str bytes,
                                       struct http_response *ret_response, size_t *ret_used_bytes,
                                       struct bs_error *error)
{
    BS_ASSERT(parser->is_response);
    enum http_progress progress =
        http_head_read(parser, bytes, read_status_line, ret_used_bytes, error);
    if (progress != HTTP_DONE)
        return progress;
    /* where no body comes its length is only told, and limits nothing */
    if (has_no_body(parser, parser->method_or_status))
        parser->max_body_bytes = UINT64_MAX;
    struct http_framing framing;
    if (http_fields_finish(parser, bytes, ret_response->fields, &framing, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    ret_response->fields_count = parser->fields_count;
    ret_response->status = parser->method_or_status;
    ret_response->reason = http_span_str(bytes, parser->first);
    ret_response->version_minor = parser->version_minor;
    ret_response->body = body_kind(parser, ret_response->status, &framing);
    ret_response->content_length = framing.content_length;
    ret_response->keep_alive = !framing.close && ret_response->body != HTTP_BODY_UNTIL_CLOSE &&
                               (parser->version_minor == 1 || framing.keep_alive);
    return HTTP_DONE;
}
