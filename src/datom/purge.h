#ifndef DATOM_PURGE_H
#define DATOM_PURGE_H

/*
 * Cleaning a store's files of what was erased from its families: deleted keys and overwritten
 * records stay in them until the engine happens to merge the files. A mark in meta, written with
 * the erasure, says that this is still to be done, so that a crash can't forget it. Any thread.
 */

#include "datom/rocks.h"

/* The change that marks the erasure of transaction t; in the arena. */
const struct datom_change *datom_purge_mark(uint64_t t, struct bs_arena *arena);

/* The ranges of keys that the erasure of transaction t touched, in any order. Owns them. */
struct datom_purge;
struct datom_purge *datom_purge_new(uint64_t t, const struct datom_change *touched, size_t count);
void datom_purge_free(struct datom_purge *purge);

/*
 * Flushes, so that the write-ahead log goes, and merges the files that hold the ranges; then
 * removes the mark. Snapshots are taken back first, so that held values pin nothing of it: they
 * answer without what was erased. Costs the size of these files.
 */
BS_MUST_CHECK enum bs_code datom_store_purge(struct datom_store *store,
                                             const struct datom_purge *purge,
                                             struct bs_error *error);
/* The same for everything, when there are marks: after a crash the ranges are not known. */
BS_MUST_CHECK enum bs_code datom_store_purge_pending(struct datom_store *store,
                                                     struct bs_error *error);

#endif
