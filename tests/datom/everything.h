#ifndef TESTS_DATOM_EVERYTHING_H
#define TESTS_DATOM_EVERYTHING_H

/*
 * A small store with everything that a format has to keep: every type of value with both
 * cardinalities, uniqueness, ended lives, noHistory, values that keys cut, tuples of the three
 * kinds, alterations, an excision, an entity that is gone. Always the same: ids, instants, values.
 */

#include "datom/datom.h"

/* Starts in 2024 and stands still, so that each transaction is one millisecond or none later. */
struct bs_clock everything_clock(void);
/* Transacts all of it into an empty database. Fails the test when one is refused. After
 * tests/support.h. */
void everything_transact(struct datom_conn *conn);

#endif
