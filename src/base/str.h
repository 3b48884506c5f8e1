#ifndef BASE_STR_H
#define BASE_STR_H

/*
 * A by-value view of bytes: borrowed, not NUL-terminated, may hold any byte. `ptr` may be NULL only
 * when `len` is 0. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attributes.h"

struct bs_str {
    const char *ptr;
    size_t len;
};

#define BS_STR(literal)                                                                            \
    ((struct bs_str){                                                                              \
        .ptr = "" literal,                                                                         \
        .len = sizeof(literal) - 1,                                                                \
    })
#define BS_STR_EMPTY ((struct bs_str){.ptr = "", .len = 0})
/* For printf: "%.*s", BS_STR_ARGS(s). */
#define BS_STR_ARGS(s) (int)((s).len > 4096 ? 4096 : (s).len), (s).ptr ? (s).ptr : ""

static inline struct bs_str bs_str_from(const char *text)
{
    return (struct bs_str){.ptr = text ? text : "", .len = text ? strlen(text) : 0};
}

static inline struct bs_str bs_str_make(const char *ptr, size_t len)
{
    return (struct bs_str){.ptr = ptr, .len = len};
}

static inline bool bs_str_equal(struct bs_str a, struct bs_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool bs_str_equals(struct bs_str a, const char *b)
{
    return bs_str_equal(a, bs_str_from(b));
}

/* By bytes, the shorter first when one is the beginning of the other: <0, 0, >0. */
static inline int bs_str_compare(struct bs_str a, struct bs_str b)
{
    size_t len = BS_MIN(a.len, b.len);
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline bool bs_str_starts_with(struct bs_str s, struct bs_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool bs_str_ends_with(struct bs_str s, struct bs_str suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The rest from `offset` (clamped to the end). */
static inline struct bs_str bs_str_from_offset(struct bs_str s, size_t offset)
{
    offset = BS_MIN(offset, s.len);
    return (struct bs_str){.ptr = s.ptr ? s.ptr + offset : NULL, .len = s.len - offset};
}

static inline struct bs_str bs_str_slice(struct bs_str s, size_t offset, size_t len)
{
    s = bs_str_from_offset(s, offset);
    s.len = BS_MIN(s.len, len);
    return s;
}

/* Offset of the first `byte`, or -1. */
static inline ptrdiff_t bs_str_find_byte(struct bs_str s, char byte)
{
    const char *found = s.len == 0 ? NULL : (const char *)memchr(s.ptr, byte, s.len);
    return found ? found - s.ptr : -1;
}

/* Offset of the first occurrence of `needle`, or -1; 0 for an empty needle. */
BS_API ptrdiff_t bs_str_find(struct bs_str s, struct bs_str needle);
/* ASCII case does not count. */
BS_API bool bs_str_equal_ignoring_case(struct bs_str a, struct bs_str b);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
BS_API struct bs_str bs_str_trim(struct bs_str s);
/* Cuts the text up to `separator` off the front of `rest`; false when `rest` is used up (ptr NULL).
 */
BS_API bool bs_str_split(struct bs_str *rest, char separator, struct bs_str *ret_part);

/* Decimal without sign, blank or leading '+'; the whole text must be digits and fit. */
BS_API bool bs_str_parse_u64(struct bs_str s, uint64_t *ret_value);
/* The same with an optional leading '-'. */
BS_API bool bs_str_parse_i64(struct bs_str s, int64_t *ret_value);
/*
 * strtod's grammar in the C locale, without blanks, hex, inf or nan; the whole text must be used.
 * Rounded to the nearest double: too small gives a zero, too large for a finite double is false.
 */
BS_API bool bs_str_parse_double(struct bs_str s, double *ret_value);
/* The same for float, rounded once. */
BS_API bool bs_str_parse_float(struct bs_str s, float *ret_value);

/* Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
BS_API bool bs_utf8_is_valid(struct bs_str s);
/* Bytes at the front that are well-formed UTF-8, up to the first that are not or to the end. */
BS_API size_t bs_utf8_valid_prefix(struct bs_str s);
/* Reads one code point at the front of valid UTF-8; returns the bytes used (0 at the end). */
BS_API size_t bs_utf8_decode(struct bs_str s, uint32_t *ret_code_point);
/* Writes at most 4 bytes; returns how many, 0 for a surrogate or a number above U+10FFFF. */
BS_API size_t bs_utf8_encode(uint32_t code_point, char ret_bytes[4]);
/* Code points in valid UTF-8. */
BS_API size_t bs_utf8_count(struct bs_str s);

/*
 * How far two texts are apart in single-byte edits (Levenshtein), for "did you mean". Texts longer
 * than 64 bytes are infinitely far (SIZE_MAX).
 */
BS_API size_t bs_str_distance(struct bs_str a, struct bs_str b);

#endif
