#ifndef DATOM_SUBSCRIPTION_H
#define DATOM_SUBSCRIPTION_H

/*
 * Reports of transactions as they are committed, each once and in order, from any t on: those of
 * the past come from the log, and a subscription is nothing but its place in it. So one that is
 * slow or forgotten costs nothing, and one that is taken up again after a restart misses nothing:
 * keep datom_subscription_next_t() with what you made of the reports.
 *
 *     struct datom_subscription *subscription = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
 *     while (datom_subscription_next(subscription, NULL, &report, &error) == BS_OK) {
 *         ...
 *         datom_report_free(report);
 *     }
 *     datom_subscription_close(subscription);
 *
 * Works on every kind of connection; on one that follows other writers (read-only, or with a log
 * that others write) it follows them. A subscription is used by one thread at a time, but may be
 * closed by any. It holds the connection.
 */

#include "datom/datom.h"

struct datom_subscription;

/* Begins behind what is committed now. */
#define DATOM_SUBSCRIBE_NEW UINT64_MAX

/* Begins with the transaction of from_t, or the first after it (0: the store's own first one). */
BS_API struct datom_subscription *datom_subscribe(struct datom_conn *conn, uint64_t from_t);
/* Where it would begin to go on from here. */
BS_API uint64_t datom_subscription_next_t(const struct datom_subscription *subscription);

/*
 * The next report, waiting for it. It has no tempids; db_after is the value as of its t, db_before
 * as of the transaction before. Datoms that were erased since are not in it. Handle: RPC_DEADLINE,
 * RPC_CANCELLED (by the interrupt, or as it was closed): nothing is lost, the report comes next
 * time.
 */
BS_API BS_MUST_CHECK enum bs_code datom_subscription_next(struct datom_subscription *subscription,
                                                          const struct bs_interrupt *interrupt,
                                                          struct datom_report **ret_report,
                                                          struct bs_error *error);
/* The same without waiting: *ret_report is NULL when there is none yet. */
BS_API BS_MUST_CHECK enum bs_code datom_subscription_try(struct datom_subscription *subscription,
                                                         struct datom_report **ret_report,
                                                         struct bs_error *error);
/*
 * For event loops: a file descriptor of the subscription that polls readable when it is worth to
 * try, until a try finds nothing. Not to be read or closed. What others write wakes it only once
 * this process has caught up with them. Fails when the process has no descriptor left.
 */
BS_API BS_MUST_CHECK enum bs_code datom_subscription_fd(struct datom_subscription *subscription,
                                                        int *ret_fd, struct bs_error *error);
/* Ends a next that waits in another thread, waits for its return, and frees. Takes NULL. */
BS_API void datom_subscription_close(struct datom_subscription *subscription);
BS_API void datom_subscription_closep(struct datom_subscription **subscription);

#endif
