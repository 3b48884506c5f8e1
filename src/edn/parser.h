#ifndef EDN_PARSER_H
#define EDN_PARSER_H

/*
 * The state of reading one form, and the parts that read.c is made of: tokens (token.c), strings
 * (string.c), tags (tag.c). Inside the room only.
 */

#include "edn/edn.h"

enum edn_frame_kind {
    EDN_FRAME_LIST,
    EDN_FRAME_VECTOR,
    EDN_FRAME_SET,
    EDN_FRAME_MAP,
    EDN_FRAME_TAG,       /* waits for the tagged value */
    EDN_FRAME_META,      /* waits for the metadata */
    EDN_FRAME_QUOTE,     /* hands its form on as it is */
    EDN_FRAME_WITH_META, /* the same, after the metadata was read */
    EDN_FRAME_DISCARD,   /* swallows a form */
    EDN_FRAME_UNQUOTE,   /* waits for a name */
};

struct edn_frame {
    enum edn_frame_kind kind;
    const char *at;       /* where it was opened */
    const char *items_at; /* the text behind its opening */
    size_t values_begin;  /* of a collection: its items in parser->values */
    struct bs_str name;   /* of a tag, or a map's namespace; else without ptr */
};

struct edn_parser {
    struct edn_reader *reader;
    const char *at; /* the next byte */
    const char *end;
    struct bs_arena *arena;
    struct bs_error *error;
    struct edn *values; /* items of the open collections, the innermost last */
    size_t values_count;
    size_t values_capacity;
    struct edn *values_owned; /* the heap's, once the caller's first array is too small */
    struct edn_frame *frames; /* the open ones, the innermost last */
    size_t frames_count;
    size_t frames_capacity;
    struct edn_frame *frames_owned;
    struct edn_name_cache *names; /* owned; made with the first namespaced map */
};

/* ---- classes of bytes ---- */

enum {
    EDN_BYTE_BLANK = 1,
    EDN_BYTE_TOKEN = 2, /* may stand in a symbol, keyword or number */
    EDN_BYTE_DIGIT = 4,
    EDN_BYTE_SLASH = 8,
    EDN_BYTE_COLON = 16,
    EDN_BYTE_HIGH = 32, /* beyond ASCII */
};
extern const uint8_t edn_byte_classes[256];

static inline uint8_t edn_byte_class(char c)
{
    return edn_byte_classes[(unsigned char)c];
}

/* ---- places and errors ---- */

/* Moves the reader to `at`, counting lines and columns on the way. */
void edn_reader_move(struct edn_reader *reader, const char *at);

/* Raises with the line and column of `at`, where the reader stands from then on. */
enum bs_code edn_parser_fail(struct edn_parser *parser, const char *at, enum bs_reason reason,
                             const char *format, ...) BS_PRINTF(4, 5);
#define edn_syntax_error(parser, at, ...)                                                          \
    edn_parser_fail((parser), (at), BS_REASON_EDN_SYNTAX, __VA_ARGS__)
/* The arena's cap is reached. */
enum bs_code edn_parser_fail_memory(struct edn_parser *parser, const char *at);
/* The text inside a form or a string that began at `at` ends too early. */
enum bs_code edn_parser_fail_incomplete(struct edn_parser *parser, const char *at, const char *what,
                                        const char *closing);
/* Refuses bytes that are not UTF-8, at the first of them. */
BS_MUST_CHECK enum bs_code edn_parser_check_utf8(struct edn_parser *parser, struct bs_str text);

/* A piece of the text for a message: cut, control characters replaced. */
#define EDN_SHOWN_SIZE 64
const char *edn_shown(struct bs_str text, char ret_text[EDN_SHOWN_SIZE]);

/* ---- frames ---- */

/* Fails beyond the depth limit. */
BS_MUST_CHECK enum bs_code edn_frame_open(struct edn_parser *parser, struct edn_frame frame);
/* Hands a whole form to what waits for it. *ret_done when nothing does: the form is the result. */
BS_MUST_CHECK enum bs_code edn_frame_emit(struct edn_parser *parser, struct edn *value,
                                          bool *ret_done);
/* At a closing bracket: the collection that it closes. */
BS_MUST_CHECK enum bs_code edn_frame_close(struct edn_parser *parser, struct edn *ret_value);
/* At the end of the text, with something open. */
BS_MUST_CHECK enum bs_code edn_frame_fail_unclosed(struct edn_parser *parser);

/* ---- parts ---- */

/* As edn_read_next; *ret_at is where the form begins, behind what was blank or discarded, NULL when
 * there is none. */
BS_MUST_CHECK enum bs_code edn_read_located(struct edn_reader *reader, struct bs_arena *arena,
                                            struct edn *ret_value, const char **ret_at,
                                            struct bs_error *error);

/* The bytes from `at` on that belong to one token, and the classes met. */
struct bs_str edn_token_scan(struct edn_parser *parser, uint8_t *ret_classes);
/* Each reads what stands at parser->at, which it knows to begin the thing, and moves behind it. */
BS_MUST_CHECK enum bs_code edn_read_keyword(struct edn_parser *parser, struct edn *ret_value);
BS_MUST_CHECK enum bs_code edn_read_symbol(struct edn_parser *parser, struct edn *ret_value);
BS_MUST_CHECK enum bs_code edn_read_number(struct edn_parser *parser, struct edn *ret_value);
BS_MUST_CHECK enum bs_code edn_read_char(struct edn_parser *parser, struct edn *ret_value);
BS_MUST_CHECK enum bs_code edn_read_string(struct edn_parser *parser, struct edn *ret_value);

/* Whether a token that begins like this is a symbol: no number, mark or keyword. */
bool edn_begins_symbol(struct bs_str name);
/* Whether `name` can stand in #:name{}: as a symbol without slash or colon. */
bool edn_is_plain_name(struct bs_str name);

/* The value of `#tag value`; `at` is where the tag begins. */
BS_MUST_CHECK enum bs_code edn_apply_tag(struct edn_parser *parser, const char *at,
                                         struct bs_str tag, struct edn value,
                                         struct edn *ret_value);

/* Puts the keys of a namespaced map into its namespace: :k is :ns/k, :_/k is :k. */
BS_MUST_CHECK enum bs_code edn_qualify_keys(struct edn_parser *parser, const char *at,
                                            struct bs_str namespace, struct edn *pairs,
                                            size_t pairs_count);
void edn_name_cache_free(struct edn_name_cache *cache);

#endif
