#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

/* Small things about values that several files of the room share. Internal. */

#include "datom/datom.h"
#include "edn/edn.h"

/* Most values that (rand n ?x) gives. */
#define AGGREGATE_N_MAX 1000000

/* edn_compare, but numbers of different kinds by their value. */
int value_compare(struct edn a, struct edn b);
/* Clojure's = for data patterns and =: long and double differ, all longs and bigints are one. */
bool value_equal(struct edn a, struct edn b);
/* "starts-with?" of "clojure.string/starts-with?"; names in other namespaces stay whole. */
struct bs_str value_function_name(struct bs_str name);
/* Whether an attribute of this type could store the value as it is. */
bool value_has_type(struct edn value, enum datom_type type);
/*
 * Makes a value that equals it of the type, as value_equal sees it: a long for a bigint, a float
 * for a double. False when no value of the type does.
 */
bool value_as_type(struct edn *value, enum datom_type type, struct bs_arena *arena);

#endif
