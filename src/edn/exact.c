#include "edn/exact.h"

#include <math.h>

/*
 * GMP integers with a decimal scale, from values and back. Every finite double is exact here too:
 * m * 2^-k is m * 5^k * 10^-k. Scales differ by at most what the digits of the numbers allow before
 * anything is multiplied up (edn_exact_compare decides by the leading digits first), so that a tiny
 * text like 1E-9999M can't ask for much work.
 */

void edn_exact_init(struct edn_exact *exact)
{
    mpz_init(exact->integer);
    exact->scale = 0;
}

void edn_exact_fini(struct edn_exact *exact)
{
    mpz_clear(exact->integer);
}

static void exact_set_double(struct edn_exact *exact, double number)
{
    int exponent = 0;
    /* 53 bits of mantissa as an integer */
    double mantissa = ldexp(frexp(number, &exponent), 53);
    mpz_set_d(exact->integer, mantissa);
    exponent -= 53;
    exact->scale = 0;
    if (exponent >= 0) {
        mpz_mul_2exp(exact->integer, exact->integer, (mp_bitcnt_t)exponent);
        return;
    }
    mp_bitcnt_t twos = mpz_sgn(exact->integer) == 0 ? 0 : mpz_scan1(exact->integer, 0);
    mp_bitcnt_t fraction_bits = (mp_bitcnt_t)-exponent;
    mp_bitcnt_t shift = BS_MIN(twos, fraction_bits);
    mpz_tdiv_q_2exp(exact->integer, exact->integer, shift);
    fraction_bits -= shift;
    mpz_t fives;
    mpz_init(fives);
    mpz_ui_pow_ui(fives, 5, fraction_bits);
    mpz_mul(exact->integer, exact->integer, fives);
    mpz_clear(fives);
    exact->scale = (int64_t)fraction_bits;
}

void edn_exact_set(struct edn_exact *exact, struct edn value)
{
    exact->scale = 0;
    switch ((enum edn_type)value.type) {
    case EDN_LONG:
        mpz_set_si(exact->integer, value.as.integer);
        break;
    case EDN_BIGINT:
    case EDN_BIGDEC:
        mpz_import(exact->integer, value.as.number->magnitude_bytes, 1, 1, 1, 0,
                   value.as.number->magnitude);
        if (value.as.number->negative)
            mpz_neg(exact->integer, exact->integer);
        exact->scale = value.as.number->scale;
        break;
    case EDN_FLOAT:
        exact_set_double(exact, (double)value.as.float32);
        break;
    case EDN_DOUBLE:
        exact_set_double(exact, value.as.float64);
        break;
    default:
        BS_UNREACHABLE();
    }
}

static void exact_scale_up(struct edn_exact *exact, int64_t scale)
{
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 10, (unsigned long)(scale - exact->scale));
    mpz_mul(exact->integer, exact->integer, power);
    mpz_clear(power);
    exact->scale = scale;
}

void edn_exact_align(struct edn_exact *a, struct edn_exact *b)
{
    if (a->scale < b->scale)
        exact_scale_up(a, b->scale);
    else if (b->scale < a->scale)
        exact_scale_up(b, a->scale);
}

void edn_exact_strip(struct edn_exact *exact, int64_t least)
{
    if (mpz_sgn(exact->integer) == 0) {
        exact->scale = least;
        return;
    }
    while (exact->scale > least && mpz_divisible_ui_p(exact->integer, 10)) {
        mpz_divexact_ui(exact->integer, exact->integer, 10);
        exact->scale--;
    }
}

int edn_exact_compare(struct edn_exact *a, struct edn_exact *b)
{
    int sign = mpz_sgn(a->integer);
    if (sign != mpz_sgn(b->integer))
        return sign < mpz_sgn(b->integer) ? -1 : 1;
    if (sign == 0)
        return 0;
    /* sizeinbase is the number of digits or one more */
    int64_t a_top = (int64_t)mpz_sizeinbase(a->integer, 10) - a->scale;
    int64_t b_top = (int64_t)mpz_sizeinbase(b->integer, 10) - b->scale;
    if (a_top > b_top + 1)
        return sign;
    if (b_top > a_top + 1)
        return -sign;
    edn_exact_align(a, b);
    int order = mpz_cmp(a->integer, b->integer);
    return (order > 0) - (order < 0);
}

bool edn_exact_value(struct bs_arena *arena, enum edn_type type, const struct edn_exact *exact,
                     struct edn *ret_value)
{
    BS_ASSERT(exact->scale >= INT32_MIN && exact->scale <= INT32_MAX);
    BS_ASSERT(type == EDN_BIGDEC || exact->scale == 0);
    size_t size = mpz_sgn(exact->integer) == 0 ? 0 : (mpz_sizeinbase(exact->integer, 2) + 7) / 8;
    struct edn_number *number =
        (struct edn_number *)bs_arena_try_alloc(arena, sizeof(*number) + size);
    if (!number)
        return false;
    number->scale = (int32_t)exact->scale;
    number->negative = mpz_sgn(exact->integer) < 0;
    number->magnitude_bytes = (uint32_t)size;
    if (size > 0)
        mpz_export(number->magnitude, NULL, 1, 1, 1, 0, exact->integer);
    *ret_value = (struct edn){.type = (uint8_t)type, .as.number = number};
    return true;
}
