#ifndef DATOM_BULK_H
#define DATOM_BULK_H

/*
 * Loading an empty store with transactions that are made already, ids and all: an export, or what a
 * program prepares. The datoms go into sorted files that the store takes in whole, which is several
 * times as fast as transacting them.
 *
 *     struct datom_bulk *bulk;
 *     BS_TRY(datom_bulk_open(BS_STR("music"), NULL, &bulk, error));
 *     BS_TRY(datom_bulk_add(bulk, &entry, error));        (for each transaction, by t)
 *     BS_TRY(datom_bulk_finish(bulk, error));
 *     datom_bulk_free(bulk);
 *
 * The store is there when datom_bulk_finish has returned OK, all of it. Whatever ends the load
 * before, there is no store, and the load can be made again. Memory is bounded (some 200 MiB);
 * large loads take temporary files in the store's folder. One thread, which has a second one help.
 */

#include "datom/datom.h"

struct datom_bulk;

/*
 * `dir`: a folder that datom_conn_open could make a store in, or a store without transactions of
 * users; it is locked. Only no_sync and cache_bytes of the options count. Handle: STORE_NOT_EMPTY,
 * and those of datom_conn_open.
 */
BS_API BS_MUST_CHECK enum bs_code datom_bulk_open(struct bs_str dir,
                                                  const struct datom_options *options,
                                                  struct datom_bulk **ret_bulk,
                                                  struct bs_error *error);
/* Without datom_bulk_finish nothing is kept. NULL: nothing. */
BS_API void datom_bulk_free(struct datom_bulk *bulk);
BS_API void datom_bulk_freep(struct datom_bulk **bulk); /* for BS_CLEANUP */

/*
 * A transaction as the log gives it: ts ascend, from DATOM_FIRST_USER_T on; every id is final, also
 * of attributes; one datom is its :db/txInstant, not before the last one's; what is retracted was
 * there and what is added was not. Values are as datom_db_coerce takes them (refs are ids), and
 * copied. DB_INVALID_TX_FORM tells what is not so; contradictions between transactions are found at
 * the end.
 */
BS_API BS_MUST_CHECK enum bs_code datom_bulk_add(struct datom_bulk *bulk,
                                                 const struct datom_log_entry *entry,
                                                 struct bs_error *error);
/* The same from EDN: {:t 1000 :data [[e :attr v tx true] ...]}, as datom_export writes it. */
BS_API BS_MUST_CHECK enum bs_code datom_bulk_add_form(struct datom_bulk *bulk, struct edn form,
                                                      struct bs_error *error);
/* Makes it a store. DB_INVALID_TX_FORM when the transactions contradict each other. */
BS_API BS_MUST_CHECK enum bs_code datom_bulk_finish(struct datom_bulk *bulk,
                                                    struct bs_error *error);

struct datom_bulk_totals {
    uint64_t transactions;
    uint64_t datoms;
};
BS_API struct datom_bulk_totals datom_bulk_totals_of(const struct datom_bulk *bulk);

#endif
