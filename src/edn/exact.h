#ifndef EDN_EXACT_H
#define EDN_EXACT_H

/*
 * Exact numbers as GMP integers with a decimal scale: what number.c (making, arithmetic) and
 * compare_numbers.c work on. Inside the room only. Any thread.
 */

#include <gmp.h>

#include "edn/edn.h"

/* integer * 10^-scale. Owned: edn_exact_fini. */
struct edn_exact {
    mpz_t integer;
    int64_t scale;
};

void edn_exact_init(struct edn_exact *exact);
void edn_exact_fini(struct edn_exact *exact);
/* Of a long, bigint, bigdec, or finite float or double (whose binary fraction is a finite decimal).
 */
void edn_exact_set(struct edn_exact *exact, struct edn value);
/* Multiplies up the one with the smaller scale, so that both have the same. */
void edn_exact_align(struct edn_exact *a, struct edn_exact *b);
/* Drops trailing zeros of the integer while the scale is above `least`. */
void edn_exact_strip(struct edn_exact *exact, int64_t least);
int edn_exact_compare(struct edn_exact *a, struct edn_exact *b);

/* A bigint or bigdec in the arena; false when the arena's cap would be passed. The scale must fit
 * int32, and be 0 for a bigint. */
bool edn_exact_value(struct bs_arena *arena, enum edn_type type, const struct edn_exact *exact,
                     struct edn *ret_value);

#endif
