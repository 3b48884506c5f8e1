#ifndef DATOM_SCHEMA_PRED_H
#define DATOM_SCHEMA_PRED_H

/*
 * The part of a schema that predicates of attributes make up. A set of them is immutable and
 * reference-counted: an arena that an attribute stands in holds a reference. Any thread.
 */

#include "datom/attr_check.h"
#include "datom/schema.h"

struct datom_predicate {
    struct bs_str text;             /* a name, or the check as text; NUL-terminated, owned */
    struct datom_attr_check *check; /* compiled; NULL of a name, or when it can't be read */
};

struct datom_predicates {
    struct bs_ref ref;
    size_t names_count, checks_count;
    struct datom_predicate *names, *checks; /* in the order of their bytes */
};

/* Has an arena hold what a copied attribute has. */
void datom_schema_pred_copy(struct bs_arena *arena, struct datom_attribute *attribute);
/* Takes in what a datom says of an attribute's predicates, if it does. A check that can't be read
 * (of a newer version, say) is kept, and refuses all values. */
void datom_schema_pred_apply(struct bs_arena *arena, struct datom_attribute *attribute,
                             const struct datom *datom);

#endif
