#ifndef TESTS_DATOM_PEOPLE_H
#define TESTS_DATOM_PEOPLE_H

/*
 * A store in memory of two people, for tables of transactions: t 1000 is the schema (with the ident
 * :color/red, counter 1001), t 1002 the people: ann 1003, bob 1004 with his part, a leg 1005. The
 * next t is 1006.
 */

#include "datom/datom.h"

/* NULL options: the defaults. Fails the process when it can't be made. */
struct datom_conn *people_new(const struct datom_options *options);

#define ANN "[:p/email \"ann@x\"]"
#define BOB "[:p/email \"bob@x\"]"
#define LEG "17592186045421"

#endif
