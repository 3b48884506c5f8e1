/*
 * Heads and chunks, written. All checks come before the first byte where they can; a failure later
 * takes back what was appended, so that a connection never carries half a head.
 */

#include "http/internal.h"

/* Fields that the writer derives from the head's struct. */
static bool is_own_field(struct bs_str name, bool is_request)
{
    static const char *const own[] = {"Connection", "Content-Length", "Date", "Transfer-Encoding"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(own); i++) {
        if (bs_str_equal_ignoring_case(name, bs_str_from(own[i])))
            return true;
    }
    return is_request && bs_str_equal_ignoring_case(name, BS_STR("Host"));
}

static enum bs_code check_fields(const struct http_field *fields, size_t fields_count,
                                 bool is_request, struct bs_error *error)
{
    for (size_t i = 0; i < fields_count; i++) {
        struct bs_str name = fields[i].name;
        if (!http_is_token(name))
            return bs_error_set(error, BS_REASON_INTERNAL,
                                "\"%.*s\" can't be the name of an HTTP field", BS_STR_ARGS(name));
        if (is_own_field(name, is_request))
            return bs_error_set(error, BS_REASON_INTERNAL,
                                "the HTTP field \"%.*s\" is written from the head's settings",
                                BS_STR_ARGS(name));
        if (!http_is_field_value(fields[i].value))
            return bs_error_set(error, BS_REASON_INTERNAL,
                                "the value of the HTTP field \"%.*s\" has a control character",
                                BS_STR_ARGS(name));
    }
    return BS_OK;
}

static void append_field(struct bs_buf *out, const char *name, struct bs_str value)
{
    bs_buf_append_cstr(out, name);
    bs_buf_append(out, ": ", 2);
    bs_buf_append_str(out, value);
    bs_buf_append(out, "\r\n", 2);
}

static void append_number(struct bs_buf *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    bs_buf_append(out, digits + at, sizeof(digits) - at);
}

static void append_length(struct bs_buf *out, uint64_t length)
{
    bs_buf_append_cstr(out, "Content-Length: ");
    append_number(out, length);
    bs_buf_append(out, "\r\n", 2);
}

/* The other fields, the empty line, and what went wrong with `out`. */
static enum bs_code finish(struct bs_buf *out, size_t len_before, const struct http_field *fields,
                           size_t fields_count, struct bs_error *error)
{
    for (size_t i = 0; i < fields_count; i++) {
        bs_buf_append_str(out, fields[i].name);
        bs_buf_append(out, ": ", 2);
        bs_buf_append_str(out, fields[i].value);
        bs_buf_append(out, "\r\n", 2);
    }
    bs_buf_append(out, "\r\n", 2);
    if (!out->overflowed)
        return BS_OK;
    out->len = len_before;
    return bs_error_set(error, BS_REASON_LIMIT, "an HTTP head does not fit into %zu bytes",
                        out->max_bytes);
}

static enum bs_code check_response(const struct http_response_head *head, struct bs_error *error)
{
    if (head->status < 100 || head->status > 599)
        return bs_error_set(error, BS_REASON_INTERNAL, "%d is no HTTP status", head->status);
    if ((head->status < 200 || head->status == 204) && head->body != HTTP_BODY_NONE)
        return bs_error_set(error, BS_REASON_INTERNAL, "an answer of status %d has no body",
                            head->status);
    if (head->body == HTTP_BODY_UNTIL_CLOSE && !head->close)
        return bs_error_set(error, BS_REASON_INTERNAL,
                            "a body without length ends with its connection, which is to stay");
    if (!http_is_field_value(head->date))
        return bs_error_set(error, BS_REASON_INTERNAL, "a Date with a control character");
    return check_fields(head->fields, head->fields_count, false, error);
}

static void append_response_framing(struct bs_buf *out, const struct http_response_head *head)
{
    bool has_no_body = head->status < 200 || head->status == 204 || head->status == 304;
    if (head->body == HTTP_BODY_CHUNKED)
        append_field(out, "Transfer-Encoding", BS_STR("chunked"));
    else if (head->body == HTTP_BODY_LENGTH)
        append_length(out, head->content_length);
    else if (head->body == HTTP_BODY_NONE && !has_no_body)
        append_length(out, 0);
    if (head->close)
        append_field(out, "Connection", BS_STR("close"));
    else if (head->keep_alive)
        append_field(out, "Connection", BS_STR("keep-alive"));
}

enum bs_code http_response_write(struct bs_buf *out, const struct http_response_head *head,
                                 struct bs_error *error)
{
    BS_TRY(check_response(head, error));
    size_t len_before = out->len;
    bs_buf_append_cstr(out, "HTTP/1.1 ");
    append_number(out, (uint64_t)head->status);
    bs_buf_append_byte(out, ' ');
    bs_buf_append_cstr(out, http_status_text(head->status));
    bs_buf_append(out, "\r\n", 2);
    if (head->date.len > 0)
        append_field(out, "Date", head->date);
    append_response_framing(out, head);
    return finish(out, len_before, head->fields, head->fields_count, error);
}

static enum bs_code check_request(const struct http_request_head *head, struct bs_error *error)
{
    if (!http_is_token(head->method))
        return bs_error_set(error, BS_REASON_INTERNAL, "\"%.*s\" can't be an HTTP method",
                            BS_STR_ARGS(head->method));
    if (!http_is_target(head->target))
        return bs_error_set(error, BS_REASON_INTERNAL, "\"%.*s\" can't be an HTTP target",
                            BS_STR_ARGS(head->target));
    if (!http_is_host(head->host))
        return bs_error_set(error, BS_REASON_INTERNAL, "\"%.*s\" can't be an HTTP host",
                            BS_STR_ARGS(head->host));
    if (head->body == HTTP_BODY_UNTIL_CLOSE)
        return bs_error_set(error, BS_REASON_INTERNAL,
                            "the body of an HTTP request can't end with its connection");
    return check_fields(head->fields, head->fields_count, true, error);
}

enum bs_code http_request_write(struct bs_buf *out, const struct http_request_head *head,
                                struct bs_error *error)
{
    BS_TRY(check_request(head, error));
    size_t len_before = out->len;
    bs_buf_append_str(out, head->method);
    bs_buf_append_byte(out, ' ');
    bs_buf_append_str(out, head->target);
    bs_buf_append_cstr(out, " HTTP/1.1\r\n");
    append_field(out, "Host", head->host);
    if (head->body == HTTP_BODY_CHUNKED)
        append_field(out, "Transfer-Encoding", BS_STR("chunked"));
    else if (head->body == HTTP_BODY_LENGTH)
        append_length(out, head->content_length);
    if (head->close)
        append_field(out, "Connection", BS_STR("close"));
    return finish(out, len_before, head->fields, head->fields_count, error);
}

size_t http_chunk_line(uint64_t size, char ret_text[HTTP_CHUNK_LINE_SIZE])
{
    BS_ASSERT(size > 0);
    int len = snprintf(ret_text, HTTP_CHUNK_LINE_SIZE, "%llx\r\n", (unsigned long long)size);
    return (size_t)len;
}

void http_chunk_write(struct bs_buf *out, struct bs_str data)
{
    if (data.len == 0)
        return;
    char line[HTTP_CHUNK_LINE_SIZE];
    size_t line_len = http_chunk_line(data.len, line);
    /* all or nothing: a chunk that is cut would make the rest of the stream data */
    if (!bs_buf_reserve(out, line_len + data.len + 2))
        return;
    bs_buf_append(out, line, line_len);
    bs_buf_append_str(out, data);
    bs_buf_append(out, "\r\n", 2);
}

void http_chunks_end(struct bs_buf *out)
{
    bs_buf_append_cstr(out, "0\r\n\r\n");
}
