#ifndef DATOM_DERIVE_LIVES_H
#define DATOM_DERIVE_LIVES_H

/*
 * The lives of datoms out of what transactions say: the events of each [e a v] are brought together
 * by sorting; an addition opens a life, a retraction closes it. Known to derive.c only. One thread
 * adds and finishes; then each walk is one thread's, several at a time.
 */

#include "datom/body.h"

struct datom_lives;
struct datom_lives_walk;

/* `folder` and `memory_bytes` as for a sorter; `reason` is what contradictions raise. */
struct datom_lives *datom_lives_new(const char *folder, size_t memory_bytes, enum bs_reason reason);
void datom_lives_free(struct datom_lives *lives); /* NULL: nothing; its walks before it */
/* That the transaction of `t` says this datom; by ascending ts for each [e a v]. */
BS_MUST_CHECK enum bs_code datom_lives_add(struct datom_lives *lives, const struct datom *datom,
                                           uint64_t t, const struct datom_attribute *attribute,
                                           struct bs_error *error);
/* Walks say nothing of these attributes, by id; borrowed. Before datom_lives_finish. */
void datom_lives_leave_out(struct datom_lives *lives, const bool *is_left_out);
void datom_lives_finish(struct datom_lives *lives);

/*
 * The lives whose keys stand in a family, by e, a, v and then by time. The schema is the last one;
 * it and the lives stay meanwhile.
 */
struct datom_lives_walk *datom_lives_walk_new(const struct datom_lives *lives,
                                              const struct datom_schema *schema,
                                              enum datom_family family);
void datom_lives_walk_free(struct datom_lives_walk *walk); /* NULL: nothing */
/* The family's key and record of the next life; the record is appended. */
BS_MUST_CHECK enum bs_code datom_lives_walk_next(struct datom_lives_walk *walk,
                                                 struct datom_key *ret_key, struct bs_buf *record,
                                                 bool *ret_found, struct bs_error *error);

/* The failure of a transaction that says what can't be. */
enum bs_code datom_lives_contradiction(enum bs_reason reason, uint64_t t, const struct datom *datom,
                                       const char *what, struct bs_error *error);

#endif
