#ifndef QUERY_AGGREGATE_H
#define QUERY_AGGREGATE_H

/* Aggregates of :find. Internal. */

#include "query/ast.h"

struct aggregate;

/* By name, short or qualified; Q_UNKNOWN_FUNCTION naming the nearest one. */
enum bs_code aggregate_find(struct bs_str name, const struct aggregate **ret_aggregate,
                            struct bs_error *error);
/* Whether it takes (or must have) the n of (min 3 ?x); -1 is none. Q_WRONG_ARITY. */
enum bs_code aggregate_check(const struct aggregate *aggregate, int64_t n, struct edn form,
                             struct bs_error *error);
/*
 * Over a bag of values, at least one. `values` may be reordered. What is made stands in the arena.
 * `random` serves rand and sample.
 */
enum bs_code aggregate_apply(const struct aggregate *aggregate, int64_t n, struct edn *values,
                             size_t count, struct bs_random *random, struct bs_arena *arena,
                             struct edn *ret_value, struct bs_error *error);

#endif
