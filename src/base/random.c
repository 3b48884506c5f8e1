/*
 * Random bytes. The generator is xoshiro256** (Blackman and Vigna), seeded by splitmix64, so that a
 * seed of any quality, 0 included, gives a good state.
 */

#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void bs_random_system(void *ret_bytes, size_t size)
{
    char *cursor = ret_bytes;
    while (size > 0) {
        ssize_t got = getrandom(cursor, size, 0);
        if (got < 0) {
            BS_ASSERT(errno == EINTR);
            continue;
        }
        cursor += got;
        size -= (size_t)got;
    }
}

static uint64_t splitmix_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void bs_random_seed(struct bs_random *random, uint64_t seed)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(random->state); i++)
        random->state[i] = splitmix_next(&seed);
}

static uint64_t rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

uint64_t bs_random_next(struct bs_random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t bs_random_below(struct bs_random *random, uint64_t bound)
{
    BS_ASSERT(bound > 0);
    /* The first 2^64 mod bound numbers are drawn again, so that what is left divides evenly. */
    uint64_t threshold = -bound % bound;
    uint64_t value;
    do {
        value = bs_random_next(random);
    } while (value < threshold);
    return value % bound;
}

void bs_random_fill(struct bs_random *random, void *ret_bytes, size_t size)
{
    char *cursor = ret_bytes;
    while (size > 0) {
        uint64_t value = bs_random_next(random);
        size_t part = BS_MIN(size, sizeof(value));
        memcpy(cursor, &value, part);
        cursor += part;
        size -= part;
    }
}

struct bs_random bs_random_fork(const struct bs_random *random, uint64_t ordinal)
{
    uint64_t seed = ordinal;
    for (size_t i = 0; i < BS_ARRAY_COUNT(random->state); i++) {
        seed ^= random->state[i];
        seed = splitmix_next(&seed);
    }
    struct bs_random child;
    bs_random_seed(&child, seed);
    return child;
}
