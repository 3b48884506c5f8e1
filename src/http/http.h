#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

/*
 * A strict HTTP/1.1 codec (RFC 9110, 9112), both ways: pure functions on bytes, no sockets, no
 * clock, no global state. Prefix http_.
 *
 * Reading: a parser of heads and a decoder of bodies, both fed as bytes arrive, cut anywhere; the
 * same bytes give the same result whatever the cuts. What has two readings anywhere on the way from
 * a client to us is refused, never repaired. The one leniency: up to HTTP_LEADING_CRLF_MAX empty
 * lines before a request line are skipped.
 * Writing: heads and chunks appended to a bs_buf; a field that would break the message is refused.
 *
 * A server's loop: http_request_parse until HTTP_DONE; drop the used bytes when the request is no
 * longer needed; http_body_decode until HTTP_DONE; answer; begin again with what is left. After
 * HTTP_REFUSED answer with the parser's status and close: where the next message begins is not
 * known any more.
 *
 * Any thread; each object is its caller's to serialize. Nothing allocates but where an arena or a
 * buffer is handed in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"

#define HTTP_LEADING_CRLF_MAX 4

/* ---- heads, read ---- */

/* A field line: the name as it was sent (compare without case), the value without blanks around. */
struct http_field {
    struct bs_str name;
    struct bs_str value;
};

enum http_progress {
    HTTP_MORE,    /* everything fine so far, more bytes are needed */
    HTTP_DONE,    /* complete */
    HTTP_REFUSED, /* not HTTP as we accept it; for good */
};

/* How the body's end is known. */
enum http_body_kind {
    HTTP_BODY_NONE,        /* there is none */
    HTTP_BODY_LENGTH,      /* content_length bytes, which may be 0 */
    HTTP_BODY_CHUNKED,     /* Transfer-Encoding: chunked */
    HTTP_BODY_UNTIL_CLOSE, /* responses only */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
};

/* "GET". */
BS_API const char *http_method_name(enum http_method method);

/* All views point into the caller's bytes of the call that returned HTTP_DONE (or to static text).
 */
struct http_request {
    enum http_method method;
    struct bs_str method_text;
    struct bs_str target; /* as it was sent; every byte 0x21 to 0x7e but '#', escapes well-formed */
    struct bs_str path;   /* still escaped, begins with '/'; or "*" (OPTIONS only) */
    struct bs_str query;  /* still escaped, without '?' */
    bool has_query;       /* "/a?" has an empty one */
    struct bs_str host;   /* name or address and port, as Host gives it; empty only on HTTP/1.0 */
    int version_minor;    /* 0 or 1 */
    bool keep_alive;      /* the client would like the connection to stay open */
    bool expect_continue; /* it waits for 100 before it sends the body */
    enum http_body_kind body;
    uint64_t content_length; /* where body is HTTP_BODY_LENGTH; at most the parser's maximum */
    size_t fields_count;
    struct http_field fields[BS_LIMIT_HTTP_FIELDS]; /* in the order sent */
};

struct http_response {
    int status;           /* 100 to 599 */
    struct bs_str reason; /* may be empty */
    int version_minor;
    bool keep_alive;
    enum http_body_kind body;
    uint64_t content_length;
    size_t fields_count;
    struct http_field fields[BS_LIMIT_HTTP_FIELDS];
};

/* Where a part of the head stands in the bytes; internal. */
struct http_span {
    uint16_t offset;
    uint16_t len;
};

/* The state of a head that is read; fill by an init function, read `status` only. */
struct http_parser {
    int status;              /* after HTTP_REFUSED: what a server answers, 400 to 505 */
    bool is_response;        /* which of the two parse functions it is for */
    bool is_head_request;    /* responses: to a HEAD request, so without body */
    bool start_line_seen;    /* what follows is fields */
    bool finished;           /* done or refused */
    uint64_t max_body_bytes; /* a longer Content-Length is refused by 413 */
    size_t line_offset;      /* where the line begins that is not complete yet */
    size_t scanned_offset;   /* no LF between line_offset and here */
    unsigned skipped_lines;
    int version_minor;
    int method_or_status;
    struct http_span first;  /* the method or the reason phrase */
    struct http_span second; /* the target */
    size_t fields_count;
    struct {
        struct http_span name;
        struct http_span value;
    } fields[BS_LIMIT_HTTP_FIELDS];
};

/* For one request each; max_body_bytes 0 stands for BS_LIMIT_HTTP_BODY_BYTES. */
BS_API void http_request_parser_init(struct http_parser *parser, uint64_t max_body_bytes);

/*
 * Reads on. `bytes` are all bytes of the message so far, from its first one: each call has those of
 * the call before at its beginning (they may have moved) and more after them; what was scanned is
 * not scanned again. HTTP_DONE: *ret_request and *ret_used_bytes (the head's length; the body or
 * the next request follows) are written. HTTP_REFUSED: parser->status is what to answer and `error`
 * has the reason HTTP_BAD_REQUEST, the code nearest to the status, and a message that names what is
 * wrong:
 *   400 anything malformed, and what R84 lists;     413 Content-Length above the maximum;
 *   414 target above BS_LIMIT_HTTP_TARGET_BYTES;    417 an Expect other than 100-continue;
 *   421 an absolute-form target for another host than Host's;
 *   431 head above BS_LIMIT_HTTP_HEAD_BYTES, or more than BS_LIMIT_HTTP_FIELDS fields;
 *   501 a well-formed method that is not in enum http_method (names are case-sensitive);
 *   505 a version other than 1.0 and 1.1.
 * Not to be called again after DONE or REFUSED.
 */
BS_API enum http_progress http_request_parse(struct http_parser *parser, struct bs_str bytes,
                                             struct http_request *ret_request,
                                             size_t *ret_used_bytes, struct bs_error *error);

/* For the answer to a request; to HEAD there is never a body. Interim answers (1xx) are heads of
 * their own: init again after one. */
BS_API void http_response_parser_init(struct http_parser *parser, bool to_head,
                                      uint64_t max_body_bytes);

/* The same for a response. */
BS_API enum http_progress http_response_parse(struct http_parser *parser, struct bs_str bytes,
                                              struct http_response *ret_response,
                                              size_t *ret_used_bytes, struct bs_error *error);

/* ---- bodies, read ---- */

/* The state of a body that is read; fill by http_body_init, read `status` only. */
struct http_body {
    int status; /* after HTTP_REFUSED: 400 or 413 */
    enum http_body_kind kind;
    int state;
    uint64_t left_bytes;  /* of the body, or of the chunk */
    uint64_t total_bytes; /* of data seen (chunked: announced) */
    uint64_t max_bytes;
    unsigned size_digits;
    size_t extension_bytes; /* of this chunk */
    size_t trailer_bytes;
    uint64_t excess_bytes; /* framing beyond what a reasonable sender needs */
    bool in_field_name;    /* in a trailer line, before its colon */
};

/* kind and content_length as the head gave them; max_bytes 0 stands for BS_LIMIT_HTTP_BODY_BYTES.
 */
BS_API void http_body_init(struct http_body *body, enum http_body_kind kind,
                           uint64_t content_length, uint64_t max_bytes);

/*
 * Takes the next piece off the front of `bytes`: *ret_data is a view of it there (may be empty),
 * *ret_used_bytes says how much to drop. HTTP_MORE: call again with the rest, and wait for the
 * network only when there is no rest (a non-empty `bytes` always advances). HTTP_DONE: the body is
 * complete, *ret_data is its last piece, what follows is the next message. A body of length 0 or of
 * kind NONE is done at the first call, with no bytes. HTTP_REFUSED: body->status is 413 above the
 * maximum, else 400: a chunk size that is not 1 to 16 hex digits, an extension above
 * BS_LIMIT_HTTP_CHUNK_EXTENSION_BYTES, trailers above BS_LIMIT_HTTP_TRAILER_BYTES or malformed, a
 * line that does not end in CRLF, much framing around little data. Extensions and trailers are
 * checked and dropped.
 */
BS_API enum http_progress http_body_decode(struct http_body *body, struct bs_str bytes,
                                           struct bs_str *ret_data, size_t *ret_used_bytes,
                                           struct bs_error *error);

/* Whether the body is complete when the peer has closed. */
BS_API bool http_body_is_complete_at_end(const struct http_body *body);

/* ---- writing ---- */

/* Of the form "Sun, 06 Nov 1994 08:49:37 GMT", for the years 0000 to 9999. */
#define HTTP_DATE_SIZE 30
BS_API void http_date_format(int64_t seconds, char ret_text[HTTP_DATE_SIZE]);

/* "Not Found"; "" for a number that the registry does not have. */
BS_API const char *http_status_text(int status);
/* The code nearest to a status, for the body of an answer that HTTP itself refuses. */
BS_API enum bs_code http_status_to_code(int status);

struct http_response_head {
    int status;         /* 100 to 599 */
    struct bs_str date; /* of http_date_format; empty: no Date */
    /*
     * LENGTH: content_length is written, also in answers to HEAD and in 304, after which no body
     * is sent. NONE: nothing is written for 1xx, 204 and 304, else a length of 0. UNTIL_CLOSE:
     * for HTTP/1.0 clients, with `close`. 1xx and 204 take only NONE.
     */
    enum http_body_kind body;
    uint64_t content_length;
    bool close;                      /* Connection: close */
    bool keep_alive;                 /* Connection: keep-alive, which HTTP/1.0 clients want */
    const struct http_field *fields; /* the others; may be NULL when there are none */
    size_t fields_count;
};

/*
 * Appends an HTTP/1.1 head with the empty line after it. Fails, with `out` as it was, on a field
 * whose name is no token, whose value has CR, LF, NUL or another control character but tab, or
 * which is the writer's own (Connection, Content-Length, Date, Transfer-Encoding): INTERNAL, as
 * that is a fault of ours; LIMIT when `out` is full.
 */
BS_API BS_MUST_CHECK enum bs_code http_response_write(struct bs_buf *out,
                                                      const struct http_response_head *head,
                                                      struct bs_error *error);

struct http_request_head {
    struct bs_str method; /* a token */
    struct bs_str target; /* as the parser accepts it */
    struct bs_str host;
    enum http_body_kind body; /* NONE, LENGTH or CHUNKED; NONE writes nothing */
    uint64_t content_length;
    bool close;
    const struct http_field *fields; /* the others; not Host either */
    size_t fields_count;
};

BS_API BS_MUST_CHECK enum bs_code http_request_write(struct bs_buf *out,
                                                     const struct http_request_head *head,
                                                     struct bs_error *error);

/* Appends `data` as one chunk; nothing when it is empty, since an empty chunk is the end. */
BS_API void http_chunk_write(struct bs_buf *out, struct bs_str data);
/* The line before a chunk's bytes, which want CRLF after them; returns its length. size > 0. */
#define HTTP_CHUNK_LINE_SIZE 19
BS_API size_t http_chunk_line(uint64_t size, char ret_text[HTTP_CHUNK_LINE_SIZE]);
/* The last chunk, without trailers. */
BS_API void http_chunks_end(struct bs_buf *out);

/* ---- targets ---- */

/*
 * Undoes the escapes of one path segment, that is, of a path split at its '/' while escaped, so
 * that "%2F" is a slash inside of the segment. `what` names it in errors. *ret_text is `raw` itself
 * when nothing is escaped, else in the arena. INVALID_ARGUMENT (HTTP_BAD_REQUEST): a '%' without
 * two hex digits, a NUL, or bytes that are not UTF-8; LIMIT: the arena is full.
 */
BS_API BS_MUST_CHECK enum bs_code http_segment_decode(struct bs_str raw, const char *what,
                                                      struct bs_arena *arena,
                                                      struct bs_str *ret_text,
                                                      struct bs_error *error);

struct http_query_item {
    struct bs_str name;  /* decoded; ptr NULL when the query is used up */
    struct bs_str value; /* decoded; empty when there was no '=' */
    bool has_value;      /* "a=" has an empty one, "a" none */
};

/*
 * Takes the next name and value off `rest`, which begins as the query. '+' is a blank in both, then
 * as http_segment_decode. Empty parts ("a=1&&b=2") are passed over.
 */
BS_API BS_MUST_CHECK enum bs_code http_query_next(struct bs_str *rest, struct bs_arena *arena,
                                                  struct http_query_item *ret_item,
                                                  struct bs_error *error);

/* ---- fields ---- */

/* One or more of the characters that names of methods and fields are made of. */
BS_API bool http_is_token(struct bs_str text);
/* Free of control characters but tab: may stand as a field's value. */
BS_API bool http_is_field_value(struct bs_str text);

/* How many fields have this name, without case; *ret_value (may be NULL) is the first one's, when
 * there is one. */
BS_API size_t http_field_find(const struct http_field *fields, size_t fields_count,
                              const char *name, struct bs_str *ret_value);

/*
 * How welcome a media type ("application/json") is by the Accept fields: 0 (not) to 1000. The most
 * specific range counts; no Accept accepts everything; malformed ranges are passed over. A range
 * with parameters other than q matches as one without.
 */
BS_API unsigned http_accept_quality(const struct http_field *fields, size_t fields_count,
                                    const char *media_type);

/* The value of a cookie, without the quotes that it may stand in; the first of several. */
BS_API bool http_cookie_find(const struct http_field *fields, size_t fields_count, const char *name,
                             struct bs_str *ret_value);

/* Whether If-None-Match names the entity tag (with its quotes, W/ or not: compared weakly), or is
 * "*". A malformed list names nothing from there on. */
BS_API bool http_etag_is_known(const struct http_field *fields, size_t fields_count,
                               struct bs_str etag);

/* A Content-Type taken apart: "text/html; charset=UTF-8". */
struct http_media_type {
    struct bs_str type;    /* "text/html", as it was sent; compare without case */
    struct bs_str charset; /* without quotes; empty when there is none */
};

/* False when the value is not a media type with well-formed parameters. */
BS_API bool http_media_type_parse(struct bs_str value, struct http_media_type *ret_type);
/* Whether a Content-Type's value is this type, with no charset or UTF-8 (or US-ASCII). */
BS_API bool http_media_type_is(struct bs_str value, const char *type);

#endif
