#ifndef DATOM_LOG_STORE_H
#define DATOM_LOG_STORE_H

/*
 * Where a store's log is held: a struct of functions. The log is the truth; the indexes in a folder
 * are made from it and follow it. Without one in datom_options a store holds its log itself, beside
 * its indexes and in the same write. With one:
 *
 *  - a group of transactions is appended there first, which makes them durable; then the indexes
 *    are written without a sync;
 *  - what the log has beyond the indexes is taken in when the store is opened, by
 *    datom_conn_catch_up, and when an append finds its t taken: then the transactions of the group
 *    are resolved again. So several processes, each with a folder of its own, may write one log;
 *  - a folder belongs to one log: STORE_CORRUPT when the log ends before the folder does.
 *
 * Records are docs/format.md, section 6. The first is the built-in schema's, at t 72.
 *
 * Functions are called from any thread, several at once. Handle what they return as the store's own
 * errors: whatever an append returns but DB_LOG_CONFLICT leaves open whether it has happened, and
 * the next one tells.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct datom_log_record {
    uint64_t t;
    struct bs_str bytes;
};

struct datom_log_store {
    void *self;
    /*
     * Adds records, by t, all or none, if the newest t of the log is `expected_t` (0: the log is
     * empty); else DB_LOG_CONFLICT. *ret_is_durable: whether they will survive whatever comes. Only
     * a log that is part of the index's own write, which follows, may say no: then that is synced.
     */
    enum bs_code (*append)(void *self, uint64_t expected_t, const struct datom_log_record *records,
                           size_t count, bool *ret_is_durable, struct bs_error *error);
    /* Up to `max` records from from_t on, by t; bytes in the arena. *ret_count 0 at the end. */
    enum bs_code (*read)(void *self, uint64_t from_t, size_t max, struct bs_arena *arena,
                         struct datom_log_record *ret_records, size_t *ret_count,
                         struct bs_error *error);
    /* The newest t; 0 when there is none. */
    enum bs_code (*last_t)(void *self, uint64_t *ret_t, struct bs_error *error);
    /* Waits until the newest t is beyond `t`. Handle: RPC_DEADLINE, RPC_CANCELLED. */
    enum bs_code (*follow)(void *self, uint64_t t, const struct bs_interrupt *interrupt,
                           struct bs_error *error);
    /*
     * Puts records in the place of those with the same ts, all or none: an erasure. When it returns
     * the old bytes must be gone from the log's files. *ret_is_durable as in append. When it fails
     * the transaction that erases is in the log already: its writer gets STORE_OUTCOME_UNKNOWN, and
     * the records are put there when the log is read on.
     */
    enum bs_code (*replace)(void *self, const struct datom_log_record *records, size_t count,
                            bool *ret_is_durable, struct bs_error *error);
};

#endif
