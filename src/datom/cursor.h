#ifndef DATOM_CURSOR_H
#define DATOM_CURSOR_H

/*
 * A cursor from inside, for the three files that it is made of: cursor_range.c (where its range
 * begins and ends), cursor_step.c (from keys to datoms), cursor.c (the public side). The caller
 * serializes.
 */

#include "datom/db.h"

struct datom_cursor {
    struct datom_db *db;
    struct datom_db *unfiltered; /* for the value's predicates; NULL without */
    struct datom_range range;    /* its values stand in range_arena */
    struct bs_arena *range_arena;
    const struct datom_attribute *attribute; /* of the range, NULL without */
    enum datom_family family;
    bool needs_past;
    bool done;
    bool before_start;       /* seek: nothing at or after the components was met yet */
    bool is_exact;           /* what begins with the prefix is in the range */
    struct datom_key prefix; /* keys of the range begin with it; empty for seeks */
    struct datom_key end;    /* backwards: what is from here on was walked */
    struct datom_source now;
    struct datom_source past;
    enum datom_family now_family; /* of the open source, to reuse it after a reset */
    bool now_is_of_value;         /* that one */

    struct bs_arena *arena;   /* values of the batch */
    struct bs_arena *scratch; /* values of what is looked at, whether the view shows it or not */
    struct datom *batch;
    size_t batch_count;
    size_t batch_capacity;
    size_t batch_target;
    size_t steps_left;        /* until it looks whether the store is wanted by others */
    struct datom_life *lives; /* of the group being gathered */
    size_t lives_count;
    size_t lives_capacity;
    struct bs_error failure; /* where sources put the engine's errors */
};

static inline enum datom_family datom_cursor_past_family(enum datom_family family)
{
    return family + (DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
}

/* ---- cursor_range.c ---- */

/* Whether a range makes sense for the cursor's value; keeps its attribute. */
BS_MUST_CHECK enum bs_code datom_cursor_check_range(struct datom_cursor *cursor,
                                                    const struct datom_range *range,
                                                    struct bs_error *error);
/* Of the cursor's range: where the walk begins, and the prefix that keeps it in. */
void datom_cursor_make_bounds(struct datom_cursor *cursor, struct datom_key *ret_start);
/*
 * Whether the range is of one whole value in avet, so that a source of values will do: then the
 * start becomes a whole key, with the least entity where the range has none.
 */
bool datom_cursor_is_of_value(const struct datom_cursor *cursor, struct datom_key *start);
/* Of a range that is walked backwards: the key before which the walk begins. */
void datom_cursor_make_end(const struct datom_cursor *cursor, const struct datom_key *start,
                           struct datom_key *ret_end);
/* Whether a datom that the view shows is in the range; sets done once it is past the end. */
bool datom_cursor_range_has(struct datom_cursor *cursor, const struct datom *datom);

/* ---- cursor_step.c ---- */

/* A key, a group of keys, or some keys that stand for themselves, into the batch; sets done at the
 * end. */
BS_MUST_CHECK enum bs_code datom_cursor_step(struct datom_cursor *cursor, struct bs_error *error);
/* The same backwards: what comes last before the cursor's end. */
BS_MUST_CHECK enum bs_code datom_cursor_step_back(struct datom_cursor *cursor,
                                                  struct bs_error *error);

/* The first key that does not begin with `key`; behind everything when that is empty. */
void datom_cursor_key_successor(struct datom_key *key);
void datom_cursor_key_append(struct datom_key *key, const void *bytes, size_t size);
void datom_cursor_key_append_u64(struct datom_key *key, uint64_t value);

#endif
