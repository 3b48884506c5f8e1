#ifndef TESTS_EDN_RANDOM_H
#define TESTS_EDN_RANDOM_H

/* Random values from small ranges, so that equal ones are met often. */

#include "edn/edn_support.h"

/* What the random values are for. */
enum random_kind {
    RANDOM_ANY,       /* floats too, which print as doubles do */
    RANDOM_PRINTABLE, /* reads back to an equal value */
};

struct edn random_value(struct bs_random *random, struct bs_arena *arena, enum random_kind kind,
                        int depth);

/* The seed of this run: $BANDSTAND_SEED, or a fixed one; printed, so that a failure can be
 * repeated. */
uint64_t random_seed_of_run(void);

#endif
