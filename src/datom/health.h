#ifndef DATOM_HEALTH_H
#define DATOM_HEALTH_H

/*
 * How a store is doing, in figures and in one question: can it be written?
 *
 * When a write fails, the engine is closed and opened again behind all values, which go on from
 * their ts. What the store then holds decides what the writer is told:
 *
 *  - STORE_IO, "not written": the transaction is not there, and will not be. (A first failure after
 *    which the store can be written again is not told at all: the transaction is run again.)
 *  - nothing: it is there, and durable.
 *  - STORE_OUTCOME_UNKNOWN: the disk does not say. Look for it when the store can be written again.
 *
 * While the cause lasts the store is read only as far as the disk allows, writes are refused with
 * STORE_FAILED, and once a second at most a write, or a look at the health, tries again. So the end
 * of the cause is all that is needed. STORE_FULL is told before the disk is full.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct datom_conn;

struct datom_health {
    /* OK: it can be written; STORE_FAILED, STORE_FULL, STORE_CORRUPT: why it can't. */
    enum bs_code code;
    struct bs_error error;
    bool is_readable; /* the engine is open */

    uint64_t epoch;    /* openings for writing, since the folder was made */
    bool was_left;     /* the opening before this one ended without a close: a kill, a power cut */
    uint64_t failures; /* writes that failed, since the store was opened */
    uint64_t recoveries;        /* how often it could be written again after that */
    uint64_t background_errors; /* failed flushes and compactions, as the engine counts them */

    uint64_t free_bytes; /* of the disk, when it was last looked at; 0: unknown */
    uint64_t min_free_bytes;

    bool is_stopped;          /* the engine has writers wait until it has caught up */
    uint64_t delayed_bytes_s; /* or lets so much a second in; 0: all */
    uint64_t groups;          /* writes to the disk: transactions that came together share one */
    uint64_t group_ns;        /* time spent in them, stalls too */
    uint64_t group_ns_max;    /* the longest */

    uint64_t values_held;    /* states of the store that somebody holds, the newest too */
    uint64_t oldest_held_ms; /* how long ago the oldest of them was superseded */

    /* Transactions that came when the clock stood before the last transaction's instant: they got
     * that one's. And by how much it was behind at most. */
    uint64_t clock_behind;
    int64_t clock_behind_ms_max;
};

/*
 * In memory and of forks only the clock's figures are there. Of a store that is open read-only the
 * epoch is the newest opening's, `was_left` says that its process is gone and has not closed it,
 * and the values held are this process's. Tries to have a failed store written again, at most once
 * a second. Any thread; waits for a transaction that is being resolved.
 */
BS_API void datom_conn_health(struct datom_conn *conn, struct datom_health *ret_health);

#endif
