/*
 * Bodies: counted, chunked, or until the peer closes. The chunked decoder is a machine over single
 * bytes for lines, and hands data on in as large pieces as there are. Beside the limits on a size,
 * an extension and the trailers there is a budget for framing: a sender of many tiny chunks with
 * long extensions would make us read far more than the body's limit lets through.
 */

#include "http/internal.h"

enum state {
    STATE_DATA,      /* left_bytes of a counted body, or of a chunk */
    STATE_SIZE,      /* hex digits */
    STATE_EXTENSION, /* after ';' up to CR */
    STATE_SIZE_LF,   /* the LF of the size's line */
    STATE_DATA_CR,   /* the CRLF after a chunk */
    STATE_DATA_LF,
    STATE_LINE,    /* at the beginning of a trailer or the last line */
    STATE_TRAILER, /* inside of a trailer */
    STATE_TRAILER_LF,
    STATE_END_LF,
    STATE_DONE,
    STATE_REFUSED,
};

#define SIZE_DIGITS_MAX 16u
#define EXCESS_MAX_BYTES (16u * 1024)
#define EXCESS_FREE_BYTES 16u /* of framing a chunk */

void http_body_init(struct http_body *body, enum http_body_kind kind, uint64_t content_length,
                    uint64_t max_bytes)
{
    *body = (struct http_body){
        .kind = kind,
        .state = kind == HTTP_BODY_CHUNKED ? STATE_SIZE : STATE_DATA,
        .max_bytes = max_bytes > 0 ? max_bytes : BS_LIMIT_HTTP_BODY_BYTES,
    };
    if (kind == HTTP_BODY_LENGTH) {
        body->left_bytes = content_length;
        body->total_bytes = content_length;
    }
}

static enum http_progress refuse_malformed(struct http_body *body, struct bs_error *error,
                                           const char *what)
{
    body->state = STATE_REFUSED;
    return http_refuse(&body->status, 400, error, "chunked body: %s", what);
}

static enum http_progress refuse_large(struct http_body *body, struct bs_error *error)
{
    body->state = STATE_REFUSED;
    return http_refuse(&body->status, 413, error, "the body has more than %llu bytes",
                       (unsigned long long)body->max_bytes);
}

static enum http_progress take_size_digit(struct http_body *body, int digit, struct bs_error *error)
{
    if (body->size_digits++ == SIZE_DIGITS_MAX)
        return refuse_malformed(body, error, "a chunk size of more than 16 digits");
    body->left_bytes = body->left_bytes << 4 | (uint64_t)digit;
    return HTTP_MORE;
}

/* The CR after a size or its extension: the size is known. */
static enum http_progress end_size(struct http_body *body, struct bs_error *error)
{
    if (body->left_bytes > body->max_bytes - body->total_bytes)
        return refuse_large(body, error);
    body->total_bytes += body->left_bytes;
    body->excess_bytes += body->size_digits + body->extension_bytes;
    uint64_t fair = EXCESS_FREE_BYTES + BS_MIN(body->left_bytes, BS_LIMIT_HTTP_BODY_BYTES);
    body->excess_bytes -= BS_MIN(body->excess_bytes, fair);
    if (body->excess_bytes > EXCESS_MAX_BYTES)
        return refuse_malformed(body, error, "too much framing around too little data");
    body->state = STATE_SIZE_LF;
    return HTTP_MORE;
}

static enum http_progress step_size(struct http_body *body, char c, struct bs_error *error)
{
    int digit = http_hex_digit(c);
    if (digit >= 0)
        return take_size_digit(body, digit, error);
    if (body->size_digits == 0 || (c != ';' && c != '\r'))
        return refuse_malformed(
            body, error, "a chunk size of 1 to 16 hex digits, then ';' or CRLF, is expected");
    if (c == '\r')
        return end_size(body, error);
    body->extension_bytes = 1;
    body->state = STATE_EXTENSION;
    return HTTP_MORE;
}

static enum http_progress step_extension(struct http_body *body, char c, struct bs_error *error)
{
    if (c == '\r')
        return end_size(body, error);
    if (!(http_classes[(unsigned char)c] & HTTP_VALUE))
        return refuse_malformed(body, error, "a control character in a chunk extension");
    if (body->extension_bytes++ == BS_LIMIT_HTTP_CHUNK_EXTENSION_BYTES)
        return refuse_malformed(
            body, error,
            "a chunk extension above " BS_STRINGIFY(BS_LIMIT_HTTP_CHUNK_EXTENSION_BYTES) " bytes");
    return HTTP_MORE;
}

/* A byte where only one is right. */
static enum http_progress step_exact(struct http_body *body, char c, char expected, int next,
                                     struct bs_error *error)
{
    if (c != expected)
        return refuse_malformed(body, error,
                                expected == '\r' ? "CRLF is expected after a chunk"
                                                 : "LF is expected after CR");
    body->state = next;
    return HTTP_MORE;
}

/* The line of a chunk's size is over. */
static enum http_progress step_size_lf(struct http_body *body, char c, struct bs_error *error)
{
    int next = body->left_bytes > 0 ? STATE_DATA : STATE_LINE;
    body->size_digits = 0;
    body->extension_bytes = 0;
    return step_exact(body, c, '\n', next, error);
}

static enum http_progress step_trailer(struct http_body *body, char c, struct bs_error *error)
{
    if (c == '\r' && body->state == STATE_LINE) {
        body->state = STATE_END_LF;
        return HTTP_MORE;
    }
    if (++body->trailer_bytes > BS_LIMIT_HTTP_TRAILER_BYTES)
        return refuse_malformed(
            body, error, "trailers above " BS_STRINGIFY(BS_LIMIT_HTTP_TRAILER_BYTES) " bytes");
    uint8_t classes = http_classes[(unsigned char)c];
    bool begins = body->state == STATE_LINE;
    body->in_field_name = begins || body->in_field_name;
    body->state = STATE_TRAILER;
    if (!body->in_field_name && c == '\r')
        body->state = STATE_TRAILER_LF;
    else if (body->in_field_name && c == ':' && !begins)
        body->in_field_name = false;
    else if (!(classes & (body->in_field_name ? HTTP_TOKEN : HTTP_VALUE)))
        return refuse_malformed(body, error, "a trailer that is no field");
    return HTTP_MORE;
}

/* One byte of framing. */
static enum http_progress step(struct http_body *body, char c, struct bs_error *error)
{
    switch ((enum state)body->state) {
    case STATE_SIZE:
        return step_size(body, c, error);
    case STATE_EXTENSION:
        return step_extension(body, c, error);
    case STATE_SIZE_LF:
        return step_size_lf(body, c, error);
    case STATE_DATA_CR:
        return step_exact(body, c, '\r', STATE_DATA_LF, error);
    case STATE_DATA_LF:
        return step_exact(body, c, '\n', STATE_SIZE, error);
    case STATE_LINE:
    case STATE_TRAILER:
        return step_trailer(body, c, error);
    case STATE_TRAILER_LF:
        return step_exact(body, c, '\n', STATE_LINE, error);
    case STATE_END_LF:
        return step_exact(body, c, '\n', STATE_DONE, error) == HTTP_REFUSED ? HTTP_REFUSED
                                                                            : HTTP_DONE;
    case STATE_DATA:
    case STATE_DONE:
    case STATE_REFUSED:
        break;
    }
    BS_UNREACHABLE();
}

static enum http_progress decode_counted(struct http_body *body, struct bs_str bytes,
                                         struct bs_str *ret_data, size_t *ret_used_bytes)
{
    size_t size = bytes.len < body->left_bytes ? bytes.len : (size_t)body->left_bytes;
    *ret_data = bs_str_slice(bytes, 0, size);
    *ret_used_bytes = size;
    body->left_bytes -= size;
    if (body->left_bytes > 0)
        return HTTP_MORE;
    body->state = STATE_DONE;
    return HTTP_DONE;
}

static enum http_progress decode_until_close(struct http_body *body, struct bs_str bytes,
                                             struct bs_str *ret_data, size_t *ret_used_bytes,
                                             struct bs_error *error)
{
    if (bytes.len > body->max_bytes - body->total_bytes)
        return refuse_large(body, error);
    body->total_bytes += bytes.len;
    *ret_data = bytes;
    *ret_used_bytes = bytes.len;
    return HTTP_MORE;
}

static enum http_progress decode_chunked(struct http_body *body, struct bs_str bytes,
                                         struct bs_str *ret_data, size_t *ret_used_bytes,
                                         struct bs_error *error)
{
    size_t at = 0;
    enum http_progress progress = HTTP_MORE;
    while (at < bytes.len && body->state != STATE_DATA && progress == HTTP_MORE)
        progress = step(body, bytes.ptr[at++], error);
    if (progress == HTTP_REFUSED)
        return progress;
    *ret_data = BS_STR_EMPTY;
    if (progress == HTTP_MORE && body->state == STATE_DATA) {
        size_t left = bytes.len - at;
        size_t size = left < body->left_bytes ? left : (size_t)body->left_bytes;
        *ret_data = bs_str_slice(bytes, at, size);
        body->left_bytes -= size;
        body->state = body->left_bytes > 0 ? STATE_DATA : STATE_DATA_CR;
        at += size;
    }
    *ret_used_bytes = at;
    return progress;
}

enum http_progress http_body_decode(struct http_body *body, struct bs_str bytes,
                                    struct bs_str *ret_data, size_t *ret_used_bytes,
                                    struct bs_error *error)
{
    BS_ASSERT(body->state != STATE_DONE && body->state != STATE_REFUSED);
    switch (body->kind) {
    case HTTP_BODY_CHUNKED:
        return decode_chunked(body, bytes, ret_data, ret_used_bytes, error);
    case HTTP_BODY_UNTIL_CLOSE:
        return decode_until_close(body, bytes, ret_data, ret_used_bytes, error);
    case HTTP_BODY_LENGTH:
        if (body->total_bytes > body->max_bytes)
            return refuse_large(body, error);
        return decode_counted(body, bytes, ret_data, ret_used_bytes);
    case HTTP_BODY_NONE:
        return decode_counted(body, bytes, ret_data, ret_used_bytes);
    }
    BS_UNREACHABLE();
}

bool http_body_is_complete_at_end(const struct http_body *body)
{
    bool counted = body->kind == HTTP_BODY_NONE || body->kind == HTTP_BODY_LENGTH;
    return body->state == STATE_DONE || (counted && body->left_bytes == 0) ||
           (body->kind == HTTP_BODY_UNTIL_CLOSE && body->state != STATE_REFUSED);
}
