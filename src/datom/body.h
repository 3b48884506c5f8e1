#ifndef DATOM_BODY_H
#define DATOM_BODY_H

/*
 * What a database value is made of, without its view: a base (a snapshot of a store, an earlier
 * state of another body, or nothing),
 * an overlay (a tree for each index family), the schema and the counters. Immutable once shared and
 * reference-counted; a transaction drafts the next body from one.
 *
 * Any thread, once it is shared.
 */

#include "datom/datom.h"
#include "datom/key.h"
#include "datom/kv.h"
#include "datom/schema.h"
#include "datom/snapshot.h"
#include "datom/tree.h"

/* Live datoms by attribute id; shared between bodies, copied when a transaction changes it. */
struct datom_counts {
    struct bs_ref ref;
    size_t limit;
    uint64_t live[];
};

struct datom_body {
    struct bs_ref ref;               /* must be first: what follows is copied as a whole */
    struct datom_snapshot *snapshot; /* the base; NULL: in memory */
    struct datom_body *parent;       /* or another body as of parent_t (branch.h); NULL: nothing */
    uint64_t parent_t;
    struct datom_schema *parent_schema; /* of parent_t: says what keys the base has */
    struct datom_store *store;          /* of the snapshot at the bottom, borrowed; NULL: memory */
    bool has_overlay;                   /* whether any tree has anything */
    struct datom_tree trees[DATOM_FAMILY_COUNT];
    struct datom_schema *schema;
    struct datom_counts *counts;
    uint64_t datoms; /* live ones in all */
    uint64_t basis_t;
    uint64_t next_t;
    uint64_t next_element;
    int64_t last_instant_ms;
    struct datom_functions *functions; /* what transactions on it may call; NULL: nothing */
};

struct datom_body *datom_body_ref(struct datom_body *body);
void datom_body_unref(struct datom_body *body);
/* A body in memory with nothing in it; not shared yet. */
struct datom_body *datom_body_new_empty(void);
/* Gives a body that is not shared another registry (may be NULL). */
void datom_body_set_functions(struct datom_body *body, struct datom_functions *functions);
/* Only a base, for reading: without counters. The snapshot's reference becomes the body's. */
struct datom_body *datom_body_new_over(struct datom_snapshot *snapshot);
/* A copy that is not shared yet: same trees, schema, counters, functions. */
struct datom_body *datom_body_copy(const struct datom_body *body);

void datom_counts_unref(struct datom_counts *counts);
struct datom_counts *datom_counts_dup(const struct datom_counts *counts);

/* Live datoms of an attribute, and changing that in a body that is not shared. */
uint64_t datom_body_count(const struct datom_body *body, datom_id attribute);
void datom_body_add_counts(struct datom_body *body, const struct datom *datoms, size_t count);

/*
 * Moves the counters of ids above all those that a datom speaks of: an id that stands in a value
 * only was issued too. NULL attribute: the value has none.
 */
void datom_ids_pass(const struct datom *datom, const struct datom_attribute *attribute,
                    uint64_t *next_t, uint64_t *next_element);

/* Changes a family of a body that is not shared. */
void datom_body_change(struct datom_body *body, const struct datom_change *change);

/* The record of a key, overlay first. Release the pin when done with the record. */
BS_MUST_CHECK enum bs_code datom_body_get(struct datom_body *body, enum datom_family family,
                                          struct bs_str key, struct datom_pin *ret_pin,
                                          struct bs_str *ret_record, bool *ret_found,
                                          struct bs_error *error);

/*
 * A family of a body as one sorted walk: base and overlay merged. The body must live meanwhile; the
 * struct must not move between open and close. After the last step look at `iter->code`: the
 * engine's failures go to the error that was given at open.
 *
 * From open to close the thread is inside the body's store (snapshot.h). A walk that is long or
 * waits for others steps out on the way: breathe, or rest until wake.
 */
struct datom_source {
    struct datom_kv_iter *iter; /* NULL when not open */
    struct datom_store *store;
    uint64_t epoch; /* of the store, when it was awake last */
    struct datom_tree_iter tree;
    struct datom_merge_iter merge;
};

void datom_source_open(struct datom_source *source, struct datom_body *body,
                       enum datom_family family, struct bs_error *error);
/* Over avet, for seeks to one value each: datom_snapshot_iter_of_value. */
void datom_source_open_of_value(struct datom_source *source, struct datom_body *body,
                                struct bs_error *error);
void datom_source_close(struct datom_source *source);
/* Key and record are not valid while it rests, and may be others' copies afterwards. */
void datom_source_rest(struct datom_source *source);
void datom_source_wake(struct datom_source *source);
/* Rests and wakes once in a thousand calls; false when it did not. */
bool datom_source_breathe(struct datom_source *source, uint32_t *count);

/* The same for those who are inside by themselves; after a rest they call `refresh`. */
void datom_source_init(struct datom_source *source, struct datom_body *body,
                       enum datom_family family, struct bs_error *error);
void datom_source_init_of_value(struct datom_source *source, struct datom_body *body,
                                struct bs_error *error);
void datom_source_fini(struct datom_source *source);
void datom_source_refresh(struct datom_source *source);

#endif
