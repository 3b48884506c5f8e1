#ifndef DATOM_DERIVE_H
#define DATOM_DERIVE_H

/*
 * What a log says, as index families: every key and record that the transactions of the log must
 * have made, in the order of each family. The log is the truth, this is what follows from it; so it
 * checks a store, makes its indexes anew, and loads an empty one. It shares the code for keys and
 * records with transactions, but not how transactions find out what to write: it puts each datom's
 * additions and retractions together by sorting.
 *
 * Memory is bounded by `memory_bytes` and a little for each attribute, as long as no more than two
 * families are being taken at once; the rest is in temporary files. One thread; but families may be
 * taken by several, each by one: what a family costs is done there.
 */

#include "datom/body.h"

struct datom_derive;

/*
 * Begins with what is built in. `folder` is for temporary files. `reason` is raised when the
 * transactions contradict themselves: STORE_CORRUPT for a log, something milder for what a user
 * gives.
 */
struct datom_derive *datom_derive_new(const char *folder, size_t memory_bytes,
                                      enum bs_reason reason);
/* For the log of a branch from the past, which still gives values that the branch never had, as
 * noHistory has forgotten them since: says nothing of attributes that have it or had it (see
 * datom_branch_forgets). Before datom_derive_finish; `branch` is borrowed until then. */
void datom_derive_skip_forgotten(struct datom_derive *derive, struct datom_body *branch);
void datom_derive_free(struct datom_derive *derive); /* NULL: nothing */

/* The next transaction, by t; not the one that is built in. Values are copied. */
BS_MUST_CHECK enum bs_code datom_derive_add(struct datom_derive *derive,
                                            const struct datom_log_entry *entry,
                                            struct bs_error *error);
/* The datoms of the transaction that was added last, values as their attributes take them. Borrowed
 * until the next. */
const struct datom *datom_derive_datoms(const struct datom_derive *derive, size_t *ret_count);
/* After the last one. */
BS_MUST_CHECK enum bs_code datom_derive_finish(struct datom_derive *derive, struct bs_error *error);

/* The next of one of the eight families of datoms; stands until the call after. What contradicts
 * itself is found by whoever meets it first. */
BS_MUST_CHECK enum bs_code datom_derive_next(struct datom_derive *derive, enum datom_family family,
                                             struct bs_str *ret_key, struct bs_str *ret_record,
                                             bool *ret_found, struct bs_error *error);
/* Schema and counters after the last transaction that was added; of its datoms only what is built
 * in. Borrowed. */
struct datom_body *datom_derive_body(struct datom_derive *derive);
/* A value of that body, for resolving what transactions speak of. Borrowed. */
struct datom_db *datom_derive_db(struct datom_derive *derive);

#endif
