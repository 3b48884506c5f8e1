#ifndef TESTS_DATOM_PREDICATES_STORE_H
#define TESTS_DATOM_PREDICATES_STORE_H

/*
 * A store in memory with attributes of all types that have checks and predicates, and with entity
 * specs: attributes 73 to 93 at t 1000 (predicates_store.c has them), then idents and specs, then
 * the entity that A names, of t 1008. Include support.h first.
 */

#include "datom/datom.h"

#define A "17592186045425"
#define A_ID UINT64_C(17592186045425)

/* The newest value of the store, and its group's setup and teardown. Rows run on forks of it. */
struct datom_conn *predicates_conn(void);
int predicates_setup(void **state);
int predicates_teardown(void **state);

#endif
