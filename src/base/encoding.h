#ifndef BASE_ENCODING_H
#define BASE_ENCODING_H

/* Base64, hex, UUIDs and RFC 3339 instants. Any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum bs_base64_flags {
    BS_BASE64_STRICT = 0,       /* standard alphabet, padding required */
    BS_BASE64_URL = 1,          /* the URL alphabet is accepted too (mixed is fine) */
    BS_BASE64_OPTIONAL_PAD = 2, /* padding may be missing, but not wrong */
};

/* Standard alphabet with padding. */
BS_API void bs_base64_encode(struct bs_buf *out, const void *bytes, size_t size);
/* URL alphabet without padding. */
BS_API void bs_base64url_encode(struct bs_buf *out, const void *bytes, size_t size);
/*
 * Appends the bytes; false (with `out` unchanged) when the text is not base64 as the flags say. No
 * blanks or line breaks. The bits that the last character has over must be zero, except with
 * BS_BASE64_OPTIONAL_PAD (proto3 JSON readers let them be). Overflow of `out` is `out`'s to tell.
 */
BS_API BS_MUST_CHECK bool bs_base64_decode(struct bs_str text, unsigned flags, struct bs_buf *out);

/* Two digits a byte, lower case. `ret_text` has room for them and a NUL. */
BS_API void bs_hex_format(const void *bytes, size_t size, char *ret_text);
BS_API void bs_hex_encode(struct bs_buf *out, const void *bytes, size_t size);

/* 36 characters, lower case, plus a NUL. */
#define BS_UUID_TEXT_SIZE 37
BS_API void bs_uuid_format(const uint8_t bytes[16], char ret_text[BS_UUID_TEXT_SIZE]);
/* The form 8-4-4-4-12 of hex digits in either case, nothing else. */
BS_API BS_MUST_CHECK bool bs_uuid_parse(struct bs_str text, uint8_t ret_bytes[16]);

/*
 * RFC 3339 with capital T and Z, a real calendar date of the years 0001 to 9999, seconds to 59, 0
 * to 9 digits of fraction, an offset of Z or +HH:MM (hour to 23). Seconds since 1970 UTC after
 * applying the offset, and nanoseconds from 0 to 999,999,999. The result too must lie in those
 * years.
 */
BS_API BS_MUST_CHECK bool bs_time_parse(struct bs_str text, int64_t *ret_seconds,
                                        int32_t *ret_nanos);
/* "2024-05-01T12:00:00Z" with 0, 3, 6 or 9 digits of fraction, the fewest that are exact. Years
 * outside of 0000 to 9999 are written with as many digits as they need, and '-' before year 0. */
#define BS_TIME_TEXT_SIZE 40
BS_API void bs_time_format(int64_t seconds, int32_t nanos, char ret_text[BS_TIME_TEXT_SIZE]);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
BS_API int64_t bs_days_from_civil(int64_t year, unsigned month, unsigned day);
BS_API void bs_civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month,
                               unsigned *ret_day);
BS_API unsigned bs_days_in_month(int64_t year, unsigned month);

/*
 * The shortest decimal that reads back to the same number, in the form of ECMAScript: no exponent
 * from 1e-6 up to below 1e21 ("1e+21", "1e-7"), no ".0"; "-0" keeps its sign; NaN, Infinity,
 * -Infinity by these names. Returns the length without the NUL; at most 32 bytes with it. The
 * process's locale does not matter.
 */
#define BS_DOUBLE_TEXT_SIZE 40
BS_API size_t bs_double_format(double value, char ret_text[BS_DOUBLE_TEXT_SIZE]);
BS_API size_t bs_float_format(float value, char ret_text[BS_DOUBLE_TEXT_SIZE]);

#endif
