#ifndef DATOM_BRANCH_ITER_H
#define DATOM_BRANCH_ITER_H

/* The walk of branch.h from inside: forward in branch.c, backwards in branch_before.c. The caller
 * serializes. */

#include "datom/branch.h"

struct shown {
    struct bs_str key;
    struct bs_str record;
};

struct branch_iter {
    struct datom_kv_iter iter;         /* must be first */
    struct datom_body *parent;         /* held */
    const struct datom_schema *schema; /* of t */
    enum datom_family family;
    uint64_t t;
    struct datom_source now;
    struct datom_source past; /* not open for history families and the log */
    struct bs_error failure;  /* of the sources */
    struct bs_arena *arena;   /* of the group */
    struct shown *group;
    size_t count, capacity, at;
};

static inline bool datom_branch_is_current(enum datom_family family)
{
    return family <= DATOM_FAMILY_VAET;
}

/* Ends the walk with a failure. */
void datom_branch_fail(struct branch_iter *branch, enum bs_code code, const struct bs_error *error);
/* What the engine said when a source ended; OK as long as none failed. */
BS_MUST_CHECK enum bs_code datom_branch_check(const struct branch_iter *branch,
                                              struct bs_error *error);
/* History families: the life that the source stands on, and whether it is shown. */
BS_MUST_CHECK enum bs_code datom_branch_look(struct branch_iter *branch,
                                             struct datom_life *ret_life, bool *ret_shown,
                                             struct bs_error *error);
/* Current families: what the keys of a group share. */
size_t datom_branch_group_len(const struct branch_iter *branch, struct bs_str key, bool is_past);
/* Adds the group that comes first; lives that ended by t need no look, their keys tell. */
BS_MUST_CHECK enum bs_code datom_branch_gather_next(struct branch_iter *branch,
                                                    struct bs_error *error);

/* The `before` of its ops. */
void datom_branch_before(struct datom_kv_iter *iter, struct bs_str key);

#endif
