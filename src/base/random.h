#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

/*
 * Random bytes: from the operating system, and a seeded generator (xoshiro256**, not for secrets)
 * that tests and forks repeat. The caller serializes a generator.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

/* From getrandom(2); never fails (aborts when the kernel has none). */
BS_API void bs_random_system(void *ret_bytes, size_t size);

struct bs_random {
    uint64_t state[4];
};

BS_API void bs_random_seed(struct bs_random *random, uint64_t seed);
BS_API uint64_t bs_random_next(struct bs_random *random);
/* Uniform in [0, bound); bound > 0. */
BS_API uint64_t bs_random_below(struct bs_random *random, uint64_t bound);
BS_API void bs_random_fill(struct bs_random *random, void *ret_bytes, size_t size);
/* A generator for a child: same parent state and ordinal give the same child. */
BS_API struct bs_random bs_random_fork(const struct bs_random *random, uint64_t ordinal);

#endif
