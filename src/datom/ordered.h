#ifndef DATOM_ORDERED_H
#define DATOM_ORDERED_H

/* Constants of the ordered encoding (docs/format.md, section 4), for its two directions. */

#include <stdint.h>

/* In ordered text: bytes 0 and 1 become the escape and their successor. */
#define DATOM_TEXT_END 0x00
#define DATOM_TEXT_ESCAPE 0x01

#define DATOM_SIGN_64 (UINT64_C(1) << 63)
#define DATOM_SIGN_32 (UINT32_C(1) << 31)
/* Ordered bigint: this plus or minus the magnitude's bytes stands before it. */
#define DATOM_BIGINT_ZERO 0x8000

enum datom_bigdec_sign {
    DATOM_BIGDEC_NEGATIVE = 0,
    DATOM_BIGDEC_ZERO = 1,
    DATOM_BIGDEC_POSITIVE = 2,
};
/* Added to a bigdec's exponent, which then has 5 bytes. */
#define DATOM_EXPONENT_BIAS (INT64_C(1) << 39)
#define DATOM_EXPONENT_BYTES 5

#endif
