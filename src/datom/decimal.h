#ifndef DATOM_DECIMAL_H
#define DATOM_DECIMAL_H

/*
 * Magnitudes of exact numbers as decimal digits and back, on the stack: what a bigdec's order
 * needs. By plain arithmetic up to 64 bits, by GMP beyond. Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datom/codec.h"

/* Digits of the largest magnitude (8192 bits have 2467), a pair's worth of room. */
#define DATOM_DIGITS_MAX 2468

struct datom_digits {
    uint32_t count;
    /* 0 to 9 each, the highest first; one more for GMP's slack. */
    uint8_t digits[DATOM_DIGITS_MAX + 32];
};

/* All digits of the magnitude, none for zero, the first not 0. At most DATOM_MAGNITUDE_BYTES_MAX
 * bytes (asserted). */
void datom_digits_of(const struct edn_number *number, struct datom_digits *ret_digits);

/*
 * Big-endian without leading zeros. The first digit must not be 0. False when it has more than
 * DATOM_MAGNITUDE_BYTES_MAX bytes.
 */
BS_MUST_CHECK bool datom_digits_to_magnitude(const struct datom_digits *digits,
                                             uint8_t ret_bytes[DATOM_MAGNITUDE_BYTES_MAX],
                                             size_t *ret_size);

#endif
