#ifndef TESTS_DATOM_LIVES_H
#define TESTS_DATOM_LIVES_H

/*
 * Lives of a store that end badly: a process that writes until it is killed, what it acknowledged,
 * and what must then hold. The process is the test program itself, with the arguments that
 * lives_main knows.
 */

#include "datom/datom.h"

/* Numbers of transactions that were acknowledged. */
struct lives_acks {
    uint64_t *numbers;
    size_t count, capacity;
};

struct lives_plan {
    const char *dir;
    uint64_t first;         /* the first number; a million belong to the life */
    size_t kill_after;      /* acknowledged transactions */
    uint32_t kill_delay_us; /* and then so long */
    uint64_t write_buffer_bytes;
    const char *shadow; /* power_cut's; NULL: what is written stays */
    bool no_sync;
};

/* To be called first in main(): true when this process is a writer, with its exit status. */
bool lives_main(int argc, char **argv, int *ret_status);
/* Starts a writer, adds what it acknowledges, kills it. */
void lives_run(const struct lives_plan *plan, struct lives_acks *acks);
/*
 * Opens the store: what was acknowledged is there, nothing is there in part, and all indexes agree
 * with the log. Fails the test with `round` in its message. How many transactions of writers there
 * are is returned.
 */
size_t lives_check(const char *dir, const struct lives_acks *acks, size_t round);

#endif
