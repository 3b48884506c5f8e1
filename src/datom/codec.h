#ifndef DATOM_CODEC_H
#define DATOM_CODEC_H

/*
 * What the encoders and decoders of the format share (docs/format.md): the tags of types, a reader
 * over bytes that may be anything, and variable-length integers. Known to value.c, key_value.c,
 * key.c and log_record.c only. Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datom/key.h"

/*
 * The first byte of every value, plain or ordered. Part of the format. In tuples tags order nil
 * before everything else and the end before nil.
 */
enum datom_tag {
    DATOM_TAG_END = 0x00, /* of an ordered tuple */
    DATOM_TAG_NIL = 0x01, /* only inside tuples */
    DATOM_TAG_BOOLEAN = 0x10,
    DATOM_TAG_REF = 0x18, /* never inside tuples: their refs are longs */
    DATOM_TAG_LONG = 0x20,
    DATOM_TAG_BIGINT = 0x28,
    DATOM_TAG_FLOAT = 0x30,
    DATOM_TAG_DOUBLE = 0x38,
    DATOM_TAG_BIGDEC = 0x40,
    DATOM_TAG_STRING = 0x48,
    DATOM_TAG_SYMBOL = 0x50,
    DATOM_TAG_KEYWORD = 0x58,
    DATOM_TAG_INSTANT = 0x60,
    DATOM_TAG_UUID = 0x68,
    DATOM_TAG_URI = 0x70,
    DATOM_TAG_BYTES = 0x78,
    DATOM_TAG_TUPLE = 0x80,
};

/* Magnitudes of bigints and bigdecs; a bigdec's digits are limited more tightly where it comes in.
 */
#define DATOM_MAGNITUDE_BYTES_MAX (BS_LIMIT_BIGINT_BITS / 8)

/* The tag of a value; asserts that the value is of the type. */
enum datom_tag datom_tag_of(struct edn value, enum datom_type type);
/* Whether a value can be encoded as one of a type. */
bool datom_is_stored(enum datom_type type, struct edn value);
/* The tag of a tuple's element, by what it is. */
enum datom_tag datom_tag_of_element(struct edn element);
/* The EDN type of a text or bytes tag, EDN_NIL for other tags. */
enum edn_type datom_tag_text_type(enum datom_tag tag);

/* ---- reading ---- */

/* Consecutive parts of some bytes. */
struct datom_reader {
    const uint8_t *start; /* of the whole, for messages */
    const uint8_t *at;
    const uint8_t *end;
    const char *what; /* "log record": for messages */
    struct bs_arena *arena;
    struct bs_error *error;
};

static inline struct datom_reader datom_reader_make(struct bs_str bytes, const char *what,
                                                    struct bs_arena *arena, struct bs_error *error)
{
    const uint8_t *start = (const uint8_t *)bytes.ptr;
    return (struct datom_reader){
        .start = start,
        .at = start,
        .end = bytes.len == 0 ? start : start + bytes.len,
        .what = what,
        .arena = arena,
        .error = error,
    };
}

static inline size_t datom_reader_left(const struct datom_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Fills the reader's error: STORE_CORRUPT at its place, what was expected there. */
void datom_reader_report(const struct datom_reader *reader, const char *expected);

/* The same, and returns the code: inline, so that compilers see that it is never OK. */
static inline enum bs_code datom_reader_fail(const struct datom_reader *reader,
                                             const char *expected)
{
    datom_reader_report(reader, expected);
    return BS_DATA_LOSS;
}

/* `size` bytes in the reader's arena; NULL with the error LIMIT filled in when its cap forbids: the
 * caller returns BS_RESOURCE_EXHAUSTED. */
void *datom_reader_alloc(const struct datom_reader *reader, size_t size);

static inline BS_MUST_CHECK enum bs_code datom_reader_take(struct datom_reader *reader, size_t size,
                                                           const uint8_t **ret_bytes)
{
    if (__builtin_expect(datom_reader_left(reader) < size, 0))
        return datom_reader_fail(reader, "more bytes");
    *ret_bytes = reader->at;
    reader->at += size;
    return BS_OK;
}

static inline BS_MUST_CHECK enum bs_code datom_reader_take_byte(struct datom_reader *reader,
                                                                uint8_t *ret_byte)
{
    if (__builtin_expect(reader->at == reader->end, 0))
        return datom_reader_fail(reader, "one more byte");
    *ret_byte = *reader->at++;
    return BS_OK;
}

BS_MUST_CHECK enum bs_code datom_reader_take_boolean(struct datom_reader *reader,
                                                     struct edn *ret_value);
/* A number of `size` magnitude bytes, each xor the mask, without leading zeros; in the reader's
 * arena, with scale 0 and not negative, for the caller to go on with. */
BS_MUST_CHECK enum bs_code datom_reader_take_magnitude(struct datom_reader *reader, size_t size,
                                                       uint8_t mask,
                                                       struct edn_number **ret_number);

/* The rest of a varint of two bytes and more; in value.c. */
BS_MUST_CHECK enum bs_code datom_reader_take_long_varint(struct datom_reader *reader,
                                                         uint64_t *ret_value);

/* LEB128: 7 bits a byte, lowest first, the high bit says that more follow; the shortest form only.
 */
static inline BS_MUST_CHECK enum bs_code datom_reader_take_varint(struct datom_reader *reader,
                                                                  uint64_t *ret_value)
{
    if (__builtin_expect(reader->at < reader->end && *reader->at < 0x80, 1)) {
        *ret_value = *reader->at++;
        return BS_OK;
    }
    return datom_reader_take_long_varint(reader, ret_value);
}

/* One plain value, self-delimiting; nil and nested tuples are refused. */
BS_MUST_CHECK enum bs_code datom_value_take(struct datom_reader *reader, struct edn *ret_value);
/* One ordered value that is not cut. */
BS_MUST_CHECK enum bs_code datom_key_value_take(struct datom_reader *reader, struct edn *ret_value);

/* ---- writing ---- */

#define DATOM_VARINT_MAX 10

/* Writes 1 to DATOM_VARINT_MAX bytes; returns their end. */
static inline uint8_t *datom_put_varint(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Small numbers of either sign to small unsigned ones: 0 -1 1 -2 ... become 0 1 2 3 ... */
static inline uint64_t datom_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t datom_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* The bits of a number that is not NaN, -0.0 as 0.0. */
static inline uint64_t datom_double_bits(double value)
{
    uint64_t bits;
    BS_ASSERT(!__builtin_isnan(value));
    value += 0.0; /* -0.0 + 0.0 is 0.0 */
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static inline uint32_t datom_float_bits(float value)
{
    uint32_t bits;
    BS_ASSERT(!__builtin_isnan(value));
    value += 0.0f;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Back; false for NaN and -0.0, which are never stored. */
static inline bool datom_double_from_bits(uint64_t bits, double *ret_value)
{
    memcpy(ret_value, &bits, sizeof(bits));
    return !__builtin_isnan(*ret_value) && bits != UINT64_C(1) << 63;
}

static inline bool datom_float_from_bits(uint32_t bits, float *ret_value)
{
    memcpy(ret_value, &bits, sizeof(bits));
    return !__builtin_isnan(*ret_value) && bits != UINT32_C(1) << 31;
}

#endif
