#ifndef DATOM_PIPELINE_H
#define DATOM_PIPELINE_H

/*
 * Transactions that are not waited for at once (Datomic's transact-async). A transaction is
 * resolved when it begins, on top of those that began before it, and is durable when it ends. Who
 * begins the next ones before the first has ended, and ends them from another thread, keeps both
 * the processor and the disk busy; about twenty under way are enough. Part of datom.h.
 */

#include "datom/datom.h"

/* A transaction under way. Used by one thread at a time; may be handed on. */
struct datom_pending;

/*
 * Resolves a transaction as datom_transact does, and returns without waiting for the disk. Fails as
 * that does for what is wrong with the transaction itself; then nothing has begun. `tx_data` and
 * `options` must stay as they are until it has ended. Whatever was begun must be ended.
 */
BS_API BS_MUST_CHECK enum bs_code datom_transact_begin(struct datom_conn *conn, struct edn tx_data,
                                                       const struct datom_tx_options *options,
                                                       struct datom_pending **ret_pending,
                                                       struct bs_error *error);
/*
 * The value right after it: what the next transaction is resolved against, and not durable yet.
 * Borrowed, until it ends.
 */
BS_API struct datom_db *datom_pending_db(const struct datom_pending *pending);
/*
 * Waits until it is durable, and frees it. When the write fails of a transaction that it was
 * resolved on, it is resolved again, now; so in the order in which they began, a failure is met
 * first by the one that caused it. `ret_report` may be NULL.
 */
BS_API BS_MUST_CHECK enum bs_code datom_pending_end(struct datom_pending *pending,
                                                    struct datom_report **ret_report,
                                                    struct bs_error *error);

#endif
