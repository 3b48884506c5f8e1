#ifndef EDN_EDN_H
#define EDN_EDN_H

/*
 * EDN values: read, print, compare, build. (The format: https://github.com/edn-format/edn, and what
 * Clojure's reader does where that page is silent.)
 *
 * A value is a plain 16-byte struct, immutable, passed by value. What does not fit in it (text,
 * items) stands in memory that the value borrows: an arena, mostly; whoever makes a value says how
 * long it lives. Nothing is ever freed through a value. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum edn_type {
    EDN_NIL,     /* must be 0: a zeroed value is nil */
    EDN_BOOLEAN, /* as.boolean */
    EDN_LONG,    /* as.integer; entity ids and ref values too */
    EDN_BIGINT,  /* as.number, scale 0 */
    EDN_FLOAT,   /* as.float32; prints as a double does; only made by code, never read */
    EDN_DOUBLE,  /* as.float64 */
    EDN_BIGDEC,  /* as.number */
    EDN_CHAR,    /* as.code_point */
    EDN_STRING,  /* as.text, len bytes of UTF-8 without NUL restrictions */
    EDN_SYMBOL,  /* as.text "ns/name" or "name" */
    EDN_KEYWORD, /* as.text without the colon */
    EDN_INSTANT, /* as.integer: ms since 1970 UTC; #inst */
    EDN_UUID,    /* as.bytes: 16 of them; #uuid */
    EDN_URI,     /* as.text; #uri */
    EDN_BYTES,   /* as.bytes, len of them; #base64 */
    EDN_LIST,    /* as.items, len of them */
    EDN_VECTOR,  /* as.items, len of them */
    EDN_SET,     /* as.items, len of them, all different, in the order read */
    EDN_MAP, /* as.items: len pairs (2 * len values: key, value, ...), keys different, in the order
                read */
    EDN_TAGGED, /* as.items: tag symbol, value; a tag that this library does not know */
    EDN_OBJECT, /* as.object: a host's thing inside data (a database value, a function) */
    EDN_TYPE_COUNT,
};

struct edn_number;
struct edn_object;

struct edn {
    uint8_t type;  /* enum edn_type */
    uint8_t flags; /* 0 */
    uint16_t unused;
    uint32_t len; /* bytes, items, or pairs */
    union {
        bool boolean;
        int64_t integer;
        float float32;
        double float64;
        uint32_t code_point;
        const char *text;
        const uint8_t *bytes;
        const struct edn *items;
        const struct edn_number *number;
        const struct edn_object *object;
    } as;
};

/*
 * An exact number: (negative ? -1 : 1) * magnitude * 10^-scale. The magnitude is big-endian without
 * leading zero bytes; zero has no bytes and is not negative. A bigint has scale 0.
 */
struct edn_number {
    int32_t scale;
    bool negative;
    uint32_t magnitude_bytes;
    uint8_t magnitude[];
};

/* What a kind of host object can do. All functions may be called from any thread. */
struct edn_object_class {
    const char *name; /* "db", as in #db {...} */
    /* Appends its printed form. */
    void (*print)(const struct edn_object *object, struct bs_buf *out);
    /* Total order inside the class; NULL: by address. */
    int (*compare)(const struct edn_object *a, const struct edn_object *b);
};

/* The first member of a host object; the object is the host's, values only borrow it. */
struct edn_object {
    const struct edn_object_class *class;
};

/* ---- making ---- */

#define EDN_NIL_VALUE ((struct edn){.type = EDN_NIL})

static inline struct edn edn_nil(void)
{
    return EDN_NIL_VALUE;
}

static inline struct edn edn_boolean(bool boolean)
{
    return (struct edn){.type = EDN_BOOLEAN, .as.boolean = boolean};
}

static inline struct edn edn_long(int64_t integer)
{
    return (struct edn){.type = EDN_LONG, .as.integer = integer};
}

static inline struct edn edn_float(float number)
{
    return (struct edn){.type = EDN_FLOAT, .as.float32 = number};
}

static inline struct edn edn_double(double number)
{
    return (struct edn){.type = EDN_DOUBLE, .as.float64 = number};
}

static inline struct edn edn_char(uint32_t code_point)
{
    return (struct edn){.type = EDN_CHAR, .as.code_point = code_point};
}

static inline struct edn edn_instant(int64_t ms)
{
    return (struct edn){.type = EDN_INSTANT, .as.integer = ms};
}

/* Text types (string, symbol, keyword, uri); the text is borrowed. Keywords without the colon. */
static inline struct edn edn_text(enum edn_type type, struct bs_str text)
{
    return (struct edn){.type = (uint8_t)type, .len = (uint32_t)text.len, .as.text = text.ptr};
}

#define edn_string(text) edn_text(EDN_STRING, (text))
#define edn_keyword(text) edn_text(EDN_KEYWORD, (text))
#define edn_symbol(text) edn_text(EDN_SYMBOL, (text))
/* Of a literal: EDN_KEYWORD_LIT("db/ident"). */
#define EDN_KEYWORD_LIT(literal) edn_text(EDN_KEYWORD, BS_STR(literal))
#define EDN_STRING_LIT(literal) edn_text(EDN_STRING, BS_STR(literal))
#define EDN_SYMBOL_LIT(literal) edn_text(EDN_SYMBOL, BS_STR(literal))

/* 16 borrowed bytes. */
static inline struct edn edn_uuid(const uint8_t *bytes)
{
    return (struct edn){.type = EDN_UUID, .len = 16, .as.bytes = bytes};
}

static inline struct edn edn_bytes(const void *bytes, size_t size)
{
    return (struct edn){.type = EDN_BYTES, .len = (uint32_t)size, .as.bytes = bytes};
}

/* Collections over borrowed items (for maps: count pairs, 2 * count values). Keys of maps and
 * members of sets must be different; nobody checks. */
static inline struct edn edn_collection(enum edn_type type, const struct edn *items, size_t count)
{
    return (struct edn){.type = (uint8_t)type, .len = (uint32_t)count, .as.items = items};
}

static inline struct edn edn_object_value(const struct edn_object *object)
{
    return (struct edn){.type = EDN_OBJECT, .as.object = object};
}

/* Copies items into the arena. */
BS_API struct edn edn_vector_of(struct bs_arena *arena, const struct edn *items, size_t count);
/* Copies pairs (2 * count values) into the arena. */
BS_API struct edn edn_map_of(struct bs_arena *arena, const struct edn *items, size_t count);
/* A set of the different ones among the items, copied into the arena, in their order. */
BS_API struct edn edn_set_of(struct bs_arena *arena, const struct edn *items, size_t count);
/* A deep copy into the arena (objects stay borrowed). */
BS_API struct edn edn_dup(struct bs_arena *arena, struct edn value);
/* Bytes of an arena that edn_dup takes for it, or a little more. */
BS_API size_t edn_dup_bytes(struct edn value);

/* Exact numbers. Decimal text: optional sign, digits, for a bigdec also '.' and exponent. Fail with
 * EDN_SYNTAX, EDN_LIMIT, or LIMIT at the arena's cap. */
BS_API BS_MUST_CHECK enum bs_code edn_bigint_parse(struct bs_arena *arena, struct bs_str text,
                                                   struct edn *ret_value, struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code edn_bigdec_parse(struct bs_arena *arena, struct bs_str text,
                                                   struct edn *ret_value, struct bs_error *error);
BS_API struct edn edn_bigint_from_long(struct bs_arena *arena, int64_t integer);
/* The long of a bigint that fits; false otherwise. */
BS_API bool edn_bigint_to_long(struct edn value, int64_t *ret_integer);
/* Arithmetic on longs, bigints, bigdecs, floats and doubles by Clojure's contagion (long < bigint <
 * bigdec < double); a long that overflows becomes a bigint. op is one of + - * / . Division of
 * longs and bigints is the quotient toward zero; of bigdecs exact to 20 digits after the larger
 * scale, half to even, trailing zeros dropped. Division by zero (of doubles too) and non-numbers
 * fail (Q_INVALID_ARGUMENT), results beyond BS_LIMIT_EDN_NUMBER_DIGITS as well (EDN_LIMIT). */
BS_API BS_MUST_CHECK enum bs_code edn_arithmetic(struct bs_arena *arena, char op, struct edn a,
                                                 struct edn b, struct edn *ret_value,
                                                 struct bs_error *error);
BS_API bool edn_is_number(struct edn value);

/*
 * Instants as text: 2020, 2020-01, 2020-01-02, 2020-01-02T03, ...:04, ...:05, .678 (what lies
 * beyond milliseconds is cut off), each with an optional offset (Z, +02:00); other years than 0000
 * to 9999 with a sign. False for anything else. Printed as Clojure does:
 * 2020-01-02T00:00:00.000-00:00.
 */
BS_API BS_MUST_CHECK bool edn_instant_parse(struct bs_str text, int64_t *ret_ms);
#define EDN_INSTANT_TEXT_SIZE 48
BS_API void edn_instant_format(int64_t ms, char ret_text[EDN_INSTANT_TEXT_SIZE]);

/* By numeric value across all number types: <0, 0, >0. Both must be numbers. */
BS_API int edn_compare_numbers(struct edn a, struct edn b);
/* Nearest double of any number. */
BS_API double edn_number_to_double(struct edn value);

/* ---- looking ---- */

/* The text of a string, symbol, keyword or uri. */
static inline struct bs_str edn_text_of(struct edn value)
{
    return (struct bs_str){.ptr = value.as.text, .len = value.len};
}

static inline bool edn_is_text(struct edn value, enum edn_type type, struct bs_str text)
{
    return value.type == type && bs_str_equal(edn_text_of(value), text);
}

#define edn_is_keyword(value, literal) edn_is_text((value), EDN_KEYWORD, BS_STR(literal))
#define edn_is_symbol(value, literal) edn_is_text((value), EDN_SYMBOL, BS_STR(literal))

static inline bool edn_is_nil(struct edn value)
{
    return value.type == EDN_NIL;
}

/* nil and false are false, everything else is true. */
static inline bool edn_is_truthy(struct edn value)
{
    return value.type != EDN_NIL && !(value.type == EDN_BOOLEAN && !value.as.boolean);
}

static inline bool edn_is_sequential(struct edn value)
{
    return value.type == EDN_LIST || value.type == EDN_VECTOR;
}

/* list, vector, set: as.items holds len values. */
static inline bool edn_is_collection(struct edn value)
{
    return value.type == EDN_LIST || value.type == EDN_VECTOR || value.type == EDN_SET;
}

/* Whether a keyword or symbol is read as itself from what it prints as. */
BS_API bool edn_is_readable_name(struct edn name);
/* "db" of :db/ident; empty without a namespace. Symbols and keywords. */
BS_API struct bs_str edn_namespace(struct edn value);
/* "ident" of :db/ident. */
BS_API struct bs_str edn_name(struct edn value);
/* The value of a key in a map; false when it is not there (or `map` is no map). */
BS_API bool edn_map_get(struct edn map, struct edn key, struct edn *ret_value);
/* By keyword text: edn_map_get_keyword(map, BS_STR("db/id"), &v). */
BS_API bool edn_map_get_keyword(struct edn map, struct bs_str keyword, struct edn *ret_value);
/* Whether a set (or list, vector) holds an equal value. */
BS_API bool edn_contains(struct edn collection, struct edn value);
/* "long", "string", "map": for messages. */
BS_API const char *edn_type_name(enum edn_type type);

/* ---- comparing ---- */

/*
 * Equality as Clojure's =, and a total order and a hash that agree with it. Lists and vectors with
 * equal items are equal; sets and maps do not look at order; numbers are equal only inside their
 * kind (longs and bigints are one kind, as are floats and doubles), bigdecs by value (1.0M is
 * 1.00M); -0.0 equals 0.0; NaN equals itself here, so that the order is total. Across kinds the
 * order is by enum edn_type. uuids order as 128 unsigned bits, strings by code point, keywords and
 * symbols by the bytes of their text, NaN after all numbers; lists and vectors item by item, a
 * beginning first; sets and maps by size, then in a fixed order that means nothing. The hash is the
 * same in every process (but for objects without an order of their own), yet no format: don't store
 * it. edn_map_get and edn_contains look through the items one by one.
 */
BS_API bool edn_equal(struct edn a, struct edn b);
BS_API int edn_compare(struct edn a, struct edn b);
BS_API uint64_t edn_hash(struct edn value);
/* qsort's shape, over struct edn. */
BS_API int edn_compare_qsort(const void *a, const void *b);

/* ---- reading ---- */

/*
 * A reader of consecutive forms in one text. The text must stay while values made from it are used:
 * strings without escapes, symbols and numbers point into it.
 */
struct edn_reader {
    struct bs_str text;
    size_t offset;   /* where the next form begins, before blanks */
    uint32_t line;   /* of offset, from 1 */
    uint32_t column; /* in code points, from 1 */
    uint32_t max_depth;
    bool allow_unquote; /* `~NAME` reads as (edn/unquote NAME): the shell's */
    bool incomplete;    /* the last failure was the end of the text inside a form: more text might
                           make it whole (for a terminal's next line) */
};

BS_API void edn_reader_init(struct edn_reader *reader, struct bs_str text);

/*
 * Reads the next form into `arena`. *ret_found is false at the end of the text (only blanks,
 * comments and discarded forms were left). Fails with EDN_SYNTAX or EDN_LIMIT, with fields line and
 * column (from 1) of the offending place; the reader then stands there.
 * All literals; #_ discard; ^metadata is read and dropped; #:ns{} maps; a leading ' is dropped;
 * duplicate keys and members are refused; unknown tags give EDN_TAGGED. Each open collection, tag,
 * quote, metadata and discard counts as a level of depth. An arena that reaches its cap is
 * EDN_LIMIT too. The cost is linear in the text, sets and maps of any size included.
 */
BS_API BS_MUST_CHECK enum bs_code edn_read_next(struct edn_reader *reader, struct bs_arena *arena,
                                                struct edn *ret_value, bool *ret_found,
                                                struct bs_error *error);

/* Reads exactly one form; anything after it but blanks and comments is an error, nothing too. */
BS_API BS_MUST_CHECK enum bs_code edn_read(struct bs_str text, struct bs_arena *arena,
                                           struct edn *ret_value, struct bs_error *error);

/* Moves the reader to the start of the next line (after an error). False at the end. */
BS_API bool edn_reader_skip_line(struct edn_reader *reader);

/* ---- printing ---- */

struct edn_print_options {
    uint32_t max_width; /* pretty: break lines beyond it; 0: everything on one line */
    uint32_t max_items; /* collections are cut after so many with "..."; 0: never */
};

/* On one line; reads back to an equal value (floats as doubles, objects not at all). */
BS_API void edn_print(struct edn value, struct bs_buf *out);
/* With line breaks and indentation. */
BS_API void edn_print_pretty(struct edn value, const struct edn_print_options *options,
                             struct bs_buf *out);
/* On one line, in the arena, cut to about `max_bytes` (0: whole) with "..." for messages. */
BS_API struct bs_str edn_print_short(struct bs_arena *arena, struct edn value, size_t max_bytes);
/* The same into a caller's array, NUL-terminated: for error messages without an arena. */
BS_API const char *edn_print_cut(struct edn value, char *ret_text, size_t size);

/* ---- growing ---- */

/* An array of values that grows in an arena. */
struct edn_list {
    struct bs_arena *arena;
    struct edn *items;
    size_t count;
    size_t capacity;
};

BS_API void edn_list_init(struct edn_list *list, struct bs_arena *arena);
BS_API void edn_list_add(struct edn_list *list, struct edn value);
/* LIMIT, naming `what`, when the list's arena has no room for one more item and `bytes` beside it.
 */
BS_API BS_MUST_CHECK enum bs_code edn_list_check(const struct edn_list *list, size_t bytes,
                                                 const char *what, struct bs_error *error);
/* A value over the items as they stand (no copy). For EDN_MAP count must be even. */
BS_API struct edn edn_list_finish(const struct edn_list *list, enum edn_type type);

#endif
