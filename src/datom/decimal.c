/* Decimal digits of magnitudes. GMP's lowest layer is used because it allocates nothing. */

#include "datom/decimal.h"

#include <gmp.h>

_Static_assert(GMP_LIMB_BITS == 64 && GMP_NAIL_BITS == 0, "limbs of 64 bits");

#define LIMB_BYTES 8
/* A limb more than the largest magnitude for the digits just above it, one for GMP's slack. */
#define LIMBS_MAX (DATOM_MAGNITUDE_BYTES_MAX / LIMB_BYTES + 4)
/* So many digits always fit 64 bits. */
#define SMALL_DIGITS 19

static void digits_of_small(uint64_t number, struct datom_digits *ret_digits)
{
    uint8_t reversed[20];
    uint32_t count = 0;
    for (; number > 0; number /= 10)
        reversed[count++] = (uint8_t)(number % 10);
    for (uint32_t i = 0; i < count; i++)
        ret_digits->digits[i] = reversed[count - 1 - i];
    ret_digits->count = count;
}

void datom_digits_of(const struct edn_number *number, struct datom_digits *ret_digits)
{
    size_t size = number->magnitude_bytes;
    BS_ASSERT(size <= DATOM_MAGNITUDE_BYTES_MAX);
    if (size <= LIMB_BYTES) {
        uint64_t small = 0;
        for (size_t i = 0; i < size; i++)
            small = small << 8 | number->magnitude[i];
        digits_of_small(small, ret_digits);
        return;
    }

    mp_limb_t limbs[LIMBS_MAX] = {0};
    for (size_t i = 0; i < size; i++) /* i counts from the lowest byte */
        limbs[i / LIMB_BYTES] |= (mp_limb_t)number->magnitude[size - 1 - i] << 8 * (i % LIMB_BYTES);
    mp_size_t limb_count = (mp_size_t)((size + LIMB_BYTES - 1) / LIMB_BYTES);
    size_t count = mpn_get_str(ret_digits->digits, 10, limbs, limb_count);
    size_t zeros = 0;
    while (zeros < count && ret_digits->digits[zeros] == 0)
        zeros++;
    memmove(ret_digits->digits, ret_digits->digits + zeros, count - zeros);
    ret_digits->count = (uint32_t)(count - zeros);
}

bool datom_digits_to_magnitude(const struct datom_digits *digits,
                               uint8_t ret_bytes[DATOM_MAGNITUDE_BYTES_MAX], size_t *ret_size)
{
    mp_limb_t limbs[LIMBS_MAX] = {0};
    mp_size_t limb_count = 1;
    BS_ASSERT(digits->count <= DATOM_DIGITS_MAX);
    if (digits->count <= SMALL_DIGITS) {
        for (uint32_t i = 0; i < digits->count; i++)
            limbs[0] = limbs[0] * 10 + digits->digits[i];
    } else {
        limb_count = mpn_set_str(limbs, digits->digits, digits->count, 10);
    }

    size_t size = (size_t)limb_count * LIMB_BYTES;
    while (size > 0 &&
           (limbs[(size - 1) / LIMB_BYTES] >> 8 * ((size - 1) % LIMB_BYTES) & 0xff) == 0)
        size--;
    if (size > DATOM_MAGNITUDE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        ret_bytes[size - 1 - i] = (uint8_t)(limbs[i / LIMB_BYTES] >> 8 * (i % LIMB_BYTES));
    *ret_size = size;
    return true;
}
