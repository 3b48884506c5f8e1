#ifndef TESTS_DATOM_SAMPLES_H
#define TESTS_DATOM_SAMPLES_H

/* Values to try the format with: a table with the edges of every type, and random ones. */

#include "base/random.h"
#include "datom/datom.h"

struct sample {
    enum datom_type type;
    const char *text; /* EDN; doubles are read as floats where the type says so */
    uint32_t repeat;  /* when not 0: a string or bytes of `text`'s characters so many times over */
};

extern const struct sample samples[];
extern const size_t samples_count;

/* The value of a sample; fails the test when it can't be read. */
struct edn sample_value(const struct sample *sample, struct bs_arena *arena);

/* "string \"ab\"": for messages and golden files. */
struct bs_str sample_name(const struct sample *sample, struct bs_arena *arena);

/*
 * A random value of a type, often near the edges and near the others: strings over a small alphabet
 * with long common beginnings, numbers that differ in one digit. Tuples have three elements, each
 * nil or of one type.
 */
struct edn random_value(struct bs_random *random, enum datom_type type, struct bs_arena *arena);

/*
 * The order of two stored values of one type, worked out without the library: numbers by what they
 * stand for, texts and bytes by their bytes, nil in tuples first. Only exact numbers are left to
 * the library, whose order of them has tests of its own.
 */
int compare_naively(struct edn a, struct edn b);

/* BS_TEST_SEED of the environment, or one made from the time; printed, so that a failure can be
 * repeated. */
uint64_t random_test_seed(void);

#endif
