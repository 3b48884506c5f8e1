#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

/* What the files of this room share. */

#include "http/http.h"

/* What a byte may be part of. */
enum http_class {
    HTTP_TOKEN = 1,      /* tchar of RFC 9110 5.6.2 */
    HTTP_VALUE = 2,      /* field values: VCHAR, obs-text, blank, tab */
    HTTP_TARGET = 4,     /* 0x21 to 0x7e without '#' */
    HTTP_HEX = 8,        /* hex digits of either case */
    HTTP_HOST_CHAR = 16, /* reg-name without escapes: unreserved and sub-delims */
};

extern const uint8_t http_classes[256];

/* Whether all bytes are of a class; true for none. */
static inline bool http_all_are(struct bs_str s, enum http_class class)
{
    uint8_t common = 0xff;
    for (size_t i = 0; i < s.len; i++)
        common &= http_classes[(unsigned char)s.ptr[i]];
    return (common & (uint8_t) class) != 0;
}

static inline bool http_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Without blanks and tabs at both ends. */
struct bs_str http_trim(struct bs_str s);

/* 0 to 15, or -1. */
int http_hex_digit(char c);

/* Takes a quoted-string or a token off the front; the quotes go, escapes stay. */
bool http_take_word(struct bs_str *rest, struct bs_str *ret_word);

/* Takes the next element of a comma-separated list off `rest`, trimmed, with no comma inside of
 * quotes taken for a separator; passes over empty ones; false at the end. */
bool http_list_next(struct bs_str *rest, struct bs_str *ret_element);

/* Ends a parser: sets the status and raises. */
enum http_progress http_refuse(int *ret_status, int status, struct bs_error *error,
                               const char *format, ...) BS_PRINTF(4, 5);

/* The text of a span. */
static inline struct bs_str http_span_str(struct bs_str bytes, struct http_span span)
{
    return bs_str_make(bytes.ptr + span.offset, span.len);
}

/*
 * The part of reading a head that requests and responses share: reads lines until the empty one,
 * calling start_line() for the first. HTTP_DONE: all lines are in the parser, *ret_used_bytes is
 * written.
 */
typedef enum http_progress http_start_line_function(struct http_parser *parser, struct bs_str bytes,
                                                    struct bs_str line, struct bs_error *error);
enum http_progress http_head_read(struct http_parser *parser, struct bs_str bytes,
                                  http_start_line_function *start_line, size_t *ret_used_bytes,
                                  struct bs_error *error);

/* What the fields say about how the message is framed. */
struct http_framing {
    size_t lengths_count; /* Content-Length fields */
    uint64_t content_length;
    size_t codings_count; /* Transfer-Encoding fields */
    bool close;           /* Connection options */
    bool keep_alive;
};

/*
 * Copies the fields out as views and reads the framing. Refuses what has two readings: both
 * Content-Length and Transfer-Encoding, more than one of either, any coding but chunked, a length
 * that is no number or above the maximum.
 */
enum http_progress http_fields_finish(struct http_parser *parser, struct bs_str bytes,
                                      struct http_field *ret_fields,
                                      struct http_framing *ret_framing, struct bs_error *error);

/* Whether the text is a host with an optional port as Host and targets have it. */
bool http_is_host(struct bs_str text);

/* Whether bytes are those of a target, with well-formed escapes. */
bool http_is_target(struct bs_str text);

#endif
