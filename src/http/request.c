/* Request heads: the request line, Host and the forms of a target, Expect. */

#include <arpa/inet.h>

#include "http/internal.h"

static const char *const method_names[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

static void parser_init(struct http_parser *parser, bool is_response, uint64_t max_body_bytes)
{
    /* all but the table of fields, which fields_count rules */
    memset(parser, 0, offsetof(struct http_parser, fields));
    parser->is_response = is_response;
    parser->max_body_bytes = max_body_bytes > 0 ? max_body_bytes : BS_LIMIT_HTTP_BODY_BYTES;
}

void http_request_parser_init(struct http_parser *parser, uint64_t max_body_bytes)
{
    parser_init(parser, false, max_body_bytes);
}

void http_response_parser_init(struct http_parser *parser, bool to_head, uint64_t max_body_bytes)
{
    parser_init(parser, true, max_body_bytes);
    parser->is_head_request = to_head;
}

bool http_is_target(struct bs_str text)
{
    if (text.len == 0 || !http_all_are(text, HTTP_TARGET))
        return false;
    const char *at = text.ptr;
    const char *end = text.ptr + text.len;
    while ((at = memchr(at, '%', (size_t)(end - at)))) {
        if (end - at < 3 || http_hex_digit(at[1]) < 0 || http_hex_digit(at[2]) < 0)
            return false;
        at += 3;
    }
    return true;
}

static bool is_port(struct bs_str text)
{
    uint64_t port;
    return text.len <= 5 && bs_str_parse_u64(text, &port) && port <= UINT16_MAX;
}

static bool is_ipv6(struct bs_str text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    if (text.len == 0 || text.len >= sizeof(address) || memchr(text.ptr, '\0', text.len))
        return false;
    memcpy(address, text.ptr, text.len);
    address[text.len] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

bool http_is_host(struct bs_str text)
{
    size_t len = 0;
    if (text.len > 0 && text.ptr[0] == '[') {
        ptrdiff_t end = bs_str_find_byte(text, ']');
        if (end < 0 || !is_ipv6(bs_str_slice(text, 1, (size_t)end - 1)))
            return false;
        len = (size_t)end + 1;
    } else {
        while (len < text.len && http_classes[(unsigned char)text.ptr[len]] & HTTP_HOST_CHAR)
            len++;
    }
    if (len == 0 || len == text.len)
        return len > 0;
    return text.ptr[len] == ':' && is_port(bs_str_from_offset(text, len + 1));
}

static enum http_progress read_version(struct http_parser *parser, struct bs_str version,
                                       struct bs_error *error)
{
    bool well_formed = version.len == 8 && bs_str_starts_with(version, BS_STR("HTTP/")) &&
                       version.ptr[5] >= '0' && version.ptr[5] <= '9' && version.ptr[6] == '.' &&
                       version.ptr[7] >= '0' && version.ptr[7] <= '9';
    if (!well_formed)
        return http_refuse(&parser->status, 400, error,
                           "the request line: METHOD, target and HTTP/1.1 with one blank between "
                           "them are expected");
    if (version.ptr[5] != '1' || version.ptr[7] > '1')
        return http_refuse(&parser->status, 505, error,
                           "version %.*s: HTTP/1.1 and HTTP/1.0 are spoken here", (int)version.len,
                           version.ptr);
    parser->version_minor = version.ptr[7] - '0';
    return HTTP_MORE;
}

static enum http_progress read_method(struct http_parser *parser, struct bs_str method,
                                      struct bs_error *error)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(method_names); i++) {
        if (bs_str_equals(method, method_names[i])) {
            parser->method_or_status = (int)i;
            return HTTP_MORE;
        }
    }
    return http_refuse(&parser->status, 501, error, "method %.*s: not one that is known here",
                       (int)BS_MIN(method.len, 100), method.ptr);
}

static enum http_progress read_request_line(struct http_parser *parser, struct bs_str bytes,
                                            struct bs_str line, struct bs_error *error)
{
    ptrdiff_t first = bs_str_find_byte(line, ' ');
    struct bs_str method = bs_str_slice(line, 0, first < 0 ? line.len : (size_t)first);
    struct bs_str rest = bs_str_from_offset(line, method.len + 1);
    ptrdiff_t second = bs_str_find_byte(rest, ' ');
    struct bs_str target = bs_str_slice(rest, 0, second < 0 ? rest.len : (size_t)second);
    struct bs_str version = bs_str_from_offset(rest, target.len + 1);
    if (!http_is_token(method))
        return http_refuse(&parser->status, 400, error,
                           "the request line does not begin with a method");
    if (read_version(parser, version, error) == HTTP_REFUSED ||
        read_method(parser, method, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    if (target.len > BS_LIMIT_HTTP_TARGET_BYTES)
        return http_refuse(&parser->status, 414, error, "a target of %zu bytes, the limit is %u",
                           target.len, BS_LIMIT_HTTP_TARGET_BYTES);
    if (!http_is_target(target))
        return http_refuse(&parser->status, 400, error,
                           "the target: printable ASCII without '#', with each %% before two hex "
                           "digits, is expected");
    parser->first = (struct http_span){(uint16_t)(method.ptr - bytes.ptr), (uint16_t)method.len};
    parser->second = (struct http_span){(uint16_t)(target.ptr - bytes.ptr), (uint16_t)target.len};
    return HTTP_MORE;
}

/* Without the port that the scheme has by itself. */
static struct bs_str without_default_port(struct bs_str host, bool is_https)
{
    struct bs_str port = is_https ? BS_STR(":443") : BS_STR(":80");
    if (bs_str_ends_with(host, port))
        host.len -= port.len;
    return host;
}

static bool take_scheme(struct bs_str *target, bool *ret_is_https)
{
    static const struct bs_str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < BS_ARRAY_COUNT(schemes); i++) {
        if (!bs_str_equal_ignoring_case(bs_str_slice(*target, 0, schemes[i].len), schemes[i]))
            continue;
        *target = bs_str_from_offset(*target, schemes[i].len);
        *ret_is_https = i == 1;
        return true;
    }
    return false;
}

/* The absolute form: its authority must be Host's, or stands in for it on HTTP/1.0; *target is cut
 * down to the origin form. */
static enum http_progress read_authority(struct http_parser *parser, struct http_request *request,
                                         struct bs_str *target, struct bs_error *error)
{
    bool is_https;
    if (!take_scheme(target, &is_https))
        return http_refuse(&parser->status, 400, error,
                           "the target: a path that begins with '/', or an http or https URL, is "
                           "expected");
    size_t len = 0;
    while (len < target->len && target->ptr[len] != '/' && target->ptr[len] != '?')
        len++;
    struct bs_str authority = bs_str_slice(*target, 0, len);
    if (!http_is_host(authority))
        return http_refuse(&parser->status, 400, error,
                           "the target's authority \"%.*s\": a host and an optional port are "
                           "expected",
                           (int)BS_MIN(len, 100), authority.ptr);
    if (request->host.len == 0)
        request->host = authority;
    if (!bs_str_equal_ignoring_case(without_default_port(authority, is_https),
                                    without_default_port(request->host, is_https)))
        return http_refuse(&parser->status, 421, error,
                           "the target is of \"%.*s\", but Host says \"%.*s\"",
                           (int)BS_MIN(len, 100), authority.ptr,
                           (int)BS_MIN(request->host.len, 100), request->host.ptr);
    *target = bs_str_from_offset(*target, len);
    return HTTP_MORE;
}

static enum http_progress read_target(struct http_parser *parser, struct http_request *request,
                                      struct bs_error *error)
{
    struct bs_str target = request->target;
    bool is_asterisk = bs_str_equal(target, BS_STR("*"));
    if (is_asterisk && request->method != HTTP_OPTIONS)
        return http_refuse(&parser->status, 400, error,
                           "the target \"*\" with another method than "
                           "OPTIONS");
    if (!is_asterisk && target.ptr[0] != '/' &&
        read_authority(parser, request, &target, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    ptrdiff_t mark = bs_str_find_byte(target, '?');
    request->has_query = mark >= 0;
    request->path = mark < 0 ? target : bs_str_slice(target, 0, (size_t)mark);
    request->query = mark < 0 ? BS_STR_EMPTY : bs_str_from_offset(target, (size_t)mark + 1);
    if (request->path.len == 0)
        request->path = BS_STR("/");
    return HTTP_DONE;
}

static enum http_progress read_host(struct http_parser *parser, struct http_request *request,
                                    struct bs_error *error)
{
    struct bs_str host = BS_STR_EMPTY;
    size_t count = http_field_find(request->fields, request->fields_count, "Host", &host);
    if (count > 1 || (count == 0 && request->version_minor == 1))
        return http_refuse(&parser->status, 400, error, "%zu Host fields: one is expected", count);
    if (count == 1 && !http_is_host(host))
        return http_refuse(&parser->status, 400, error,
                           "Host \"%.*s\": a name or address and an optional port are expected",
                           (int)BS_MIN(host.len, 100), host.ptr);
    request->host = host;
    return HTTP_DONE;
}

static enum http_progress read_expect(struct http_parser *parser, struct http_request *request,
                                      struct bs_error *error)
{
    request->expect_continue = false;
    for (size_t i = 0; i < request->fields_count; i++) {
        const struct http_field *field = &request->fields[i];
        if (!bs_str_equal_ignoring_case(field->name, BS_STR("Expect")))
            continue;
        if (!bs_str_equal_ignoring_case(field->value, BS_STR("100-continue")))
            return http_refuse(&parser->status, 417, error,
                               "Expect \"%.*s\": only 100-continue can be met",
                               (int)BS_MIN(field->value.len, 100), field->value.ptr);
        /* HTTP/1.0 has no interim answers, and without a body nobody waits */
        request->expect_continue = request->version_minor == 1 && request->body != HTTP_BODY_NONE;
    }
    return HTTP_DONE;
}

static enum http_progress finish_request(struct http_parser *parser, struct bs_str bytes,
                                         struct http_request *request, struct bs_error *error)
{
    struct http_framing framing;
    if (http_fields_finish(parser, bytes, request->fields, &framing, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    request->fields_count = parser->fields_count;
    request->method = (enum http_method)parser->method_or_status;
    request->method_text = http_span_str(bytes, parser->first);
    request->target = http_span_str(bytes, parser->second);
    request->version_minor = parser->version_minor;
    request->body = framing.codings_count > 0   ? HTTP_BODY_CHUNKED
                    : framing.lengths_count > 0 ? HTTP_BODY_LENGTH
                                                : HTTP_BODY_NONE;
    request->content_length = framing.content_length;
    request->keep_alive = !framing.close && (parser->version_minor == 1 || framing.keep_alive);
    if (read_host(parser, request, error) == HTTP_REFUSED ||
        read_target(parser, request, error) == HTTP_REFUSED)
        return HTTP_REFUSED;
    return read_expect(parser, request, error);
}

enum http_progress http_request_parse(struct http_parser *parser, struct bs_str bytes,
                                      struct http_request *ret_request, size_t *ret_used_bytes,
                                      struct bs_error *error)
{
    BS_ASSERT(!parser->is_response);
    enum http_progress progress =
        http_head_read(parser, bytes, read_request_line, ret_used_bytes, error);
    return progress == HTTP_DONE ? finish_request(parser, bytes, ret_request, error) : progress;
}
