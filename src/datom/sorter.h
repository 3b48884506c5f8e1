#ifndef DATOM_SORTER_H
#define DATOM_SORTER_H

/*
 * Pairs of a key and a record, given in any order and taken in the order of their keys (by bytes;
 * equal keys in the order given), as often as one likes. Keeps a limited amount in memory; what is
 * more goes, sorted, to a temporary file that has no name and so is gone with the process.
 *
 * One thread adds and finishes; then each walk is one thread's, several at a time.
 */

#include "base/base.h"

struct datom_sorter;
struct datom_sorter_walk;

/* `folder` is for the file; the caller keeps it. What fits `memory_bytes` needs none. */
struct datom_sorter *datom_sorter_new(const char *folder, size_t memory_bytes);
void datom_sorter_free(struct datom_sorter *sorter); /* NULL: nothing; its walks before it */
BS_MUST_CHECK enum bs_code datom_sorter_add(struct datom_sorter *sorter, struct bs_str key,
                                            struct bs_str record, struct bs_error *error);
/* After the last pair, before the first walk. */
void datom_sorter_finish(struct datom_sorter *sorter);

/* Through all pairs, from the least key on. */
struct datom_sorter_walk *datom_sorter_walk_new(const struct datom_sorter *sorter);
void datom_sorter_walk_free(struct datom_sorter_walk *walk); /* NULL: nothing */
/* The next pair, which stands until the call after; *ret_found false at the end. */
BS_MUST_CHECK enum bs_code datom_sorter_walk_next(struct datom_sorter_walk *walk,
                                                  struct bs_str *ret_key, struct bs_str *ret_record,
                                                  bool *ret_found, struct bs_error *error);

#endif
