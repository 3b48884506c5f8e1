#ifndef BENCH_SQLITE_PEER_H
#define BENCH_SQLITE_PEER_H

/*
 * SQLite as a peer: one table of entity, attribute, value and transaction, kept in the orders of
 * our four indexes. It stores what it is told: no history, no log, no look for an older value,
 * which is in its favour. The caller serializes.
 */

#include "bench.h"
#include "datom/datom.h"

struct sqlite_peer;

/* Its is_installed says whether this program was built with it. */
extern const struct bench_peer sqlite_program;

/* A new database; in memory without a path, else durable with each commit. */
BS_MUST_CHECK enum bs_code sqlite_peer_open(const char *path, struct sqlite_peer **ret_peer,
                                            struct bs_error *error);
void sqlite_peer_close(struct sqlite_peer *peer); /* takes NULL */

BS_MUST_CHECK enum bs_code sqlite_peer_begin(struct sqlite_peer *peer, struct bs_error *error);
BS_MUST_CHECK enum bs_code sqlite_peer_commit(struct sqlite_peer *peer, struct bs_error *error);
/* A value of a type that SQLite has, a keyword as text; others are not for it (asserted). */
BS_MUST_CHECK enum bs_code sqlite_peer_add(struct sqlite_peer *peer, const struct datom *datom,
                                           struct bs_error *error);
BS_MUST_CHECK enum bs_code sqlite_peer_retract(struct sqlite_peer *peer, datom_id e,
                                               struct bs_error *error);
/* Rows of an entity and attribute, and of an attribute in the order of entities; the values are
 * looked at. */
BS_MUST_CHECK enum bs_code sqlite_peer_get(struct sqlite_peer *peer, datom_id e, datom_id a,
                                           size_t *ret_count, struct bs_error *error);
BS_MUST_CHECK enum bs_code sqlite_peer_scan(struct sqlite_peer *peer, datom_id a, size_t *ret_count,
                                            struct bs_error *error);

#endif
