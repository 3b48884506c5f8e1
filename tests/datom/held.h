#ifndef TESTS_DATOM_HELD_H
#define TESTS_DATOM_HELD_H

/*
 * People in a store, and everything that a value says of them as text: so that a value which is
 * held can be compared with itself, whatever happened to its store. Include support.h first.
 */

#include "datom/datom.h"

extern const char held_schema[];
/* So many, a transaction each: "person 000" and on, friends of the first. */
void held_add_people(struct datom_conn *conn, int count);
/*
 * The value, its history, its past, what came since then and its log, by all indexes. `pause` is
 * called between the batches of each walk; may be NULL.
 */
void held_print(struct datom_db *db, struct bs_buf *out, void (*pause)(void *self), void *self);
/* Fails with the first line that differs. */
void held_assert_same(const char *what, const struct bs_buf *is, const struct bs_buf *should);
/* Of all people in a value. */
uint64_t held_sum_of_ages(struct datom_db *db);

#endif
