#ifndef DATOM_LOAD_H
#define DATOM_LOAD_H

/* Bodies that come from somewhere else than a transaction: the bootstrap, and what a store holds.
 */

#include "datom/body.h"
#include "datom/rocks.h"

/*
 * A body in memory with the bootstrap. With `ret_changes` also what makes it, in the arena, for a
 * new store on disk.
 */
struct datom_body *datom_load_bootstrap(struct bs_arena *arena, struct datom_change **ret_changes,
                                        size_t *ret_changes_count);

/* The newest state of a store. Handle: STORE_FORMAT, STORE_CORRUPT. */
BS_MUST_CHECK enum bs_code datom_load_store(struct datom_store *store, struct datom_body **ret_body,
                                            struct bs_error *error);

/* In meta while the indexes are being made anew. */
#define DATOM_LOAD_REBUILD_KEY "rebuild"
/* Whether the program knows the store's format. Handle: STORE_FORMAT, STORE_CORRUPT. */
BS_MUST_CHECK enum bs_code datom_load_check_format(struct datom_store *store,
                                                   struct bs_error *error);
/* The next ids by the counters of a body over a snapshot; 0 where these can't be read. */
BS_MUST_CHECK enum bs_code datom_load_next_ids(struct datom_body *body, uint64_t *ret_next_t,
                                               uint64_t *ret_next_element, struct bs_error *error);

/* Reads the schema of a body that is not shared out of its own datoms. */
BS_MUST_CHECK enum bs_code datom_load_schema(struct datom_body *body, struct bs_error *error);

/*
 * `body` over a newer snapshot, without an overlay: for the state that a write has just made. The
 * snapshot's reference becomes the new body's; it is named by it, if it was just taken.
 */
struct datom_body *datom_load_rebase(const struct datom_body *body,
                                     struct datom_snapshot *snapshot);

/* The meta records of a state: format, counters, and the count of each attribute in `datoms`. */
void datom_load_meta_changes(const struct datom_body *body, const struct datom *datoms,
                             size_t datoms_count, struct bs_arena *arena,
                             struct datom_change **ret_changes, size_t *ret_count);

#endif
