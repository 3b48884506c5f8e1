#include <math.h>

#include "edn/exact.h"

/*
 * The order of numbers by value, across all their types and without rounding: 9007199254740993 is
 * not 9007199254740992.0. NaN comes after everything and is equal to itself, so that the order is
 * total.
 */

static bool is_inexact(struct edn value)
{
    return value.type == EDN_FLOAT || value.type == EDN_DOUBLE;
}

static int compare_doubles(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    return (a > b) - (a < b);
}

static int compare_long_to_double(int64_t a, double b)
{
    if (isnan(b) || b >= 0x1p63)
        return -1;
    if (b < -0x1p63)
        return 1;
    int64_t whole = (int64_t)b;
    if (a != whole)
        return a < whole ? -1 : 1;
    double fraction = b - (double)whole;
    return (fraction < 0) - (fraction > 0);
}

/* Both without scale: by sign, length and bytes, without GMP. */
static int compare_bigints(const struct edn_number *a, const struct edn_number *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    int order =
        (a->magnitude_bytes > b->magnitude_bytes) - (a->magnitude_bytes < b->magnitude_bytes);
    if (order == 0)
        order = memcmp(a->magnitude, b->magnitude, a->magnitude_bytes);
    return a->negative ? -order : order;
}

static int compare_exactly(struct edn a, struct edn b)
{
    struct edn_exact x, y;
    edn_exact_init(&x);
    edn_exact_init(&y);
    edn_exact_set(&x, a);
    edn_exact_set(&y, b);
    int order = edn_exact_compare(&x, &y);
    edn_exact_fini(&x);
    edn_exact_fini(&y);
    return order;
}

int edn_compare_numbers(struct edn a, struct edn b)
{
    BS_ASSERT(edn_is_number(a) && edn_is_number(b));
    if (a.type == EDN_LONG && b.type == EDN_LONG)
        return (a.as.integer > b.as.integer) - (a.as.integer < b.as.integer);
    if (is_inexact(a) && is_inexact(b))
        return compare_doubles(edn_number_to_double(a), edn_number_to_double(b));
    if (a.type == EDN_BIGINT && b.type == EDN_BIGINT)
        return compare_bigints(a.as.number, b.as.number);
    if (is_inexact(a))
        return -edn_compare_numbers(b, a);
    if (is_inexact(b)) {
        double number = edn_number_to_double(b);
        if (a.type == EDN_LONG)
            return compare_long_to_double(a.as.integer, number);
        if (!isfinite(number))
            return number < 0 ? 1 : -1;
    }
    return compare_exactly(a, b);
}
