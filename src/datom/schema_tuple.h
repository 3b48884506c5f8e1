#ifndef DATOM_SCHEMA_TUPLE_H
#define DATOM_SCHEMA_TUPLE_H

/*
 * The part of a schema that tuples make up. Internal to schema.c; attributes and tuples are memory
 * of the schema's table, given as `arena`.
 */

#include "datom/schema.h"

/* Gives a copied attribute a tuple of its own, in the arena. */
void datom_schema_tuple_copy(struct bs_arena *arena, struct datom_attribute *attribute);
/* Takes in what a datom says of an attribute's tuple, if it does. Members of a composite are found
 * by the schema's idents as they are at this datom. */
void datom_schema_tuple_apply(const struct datom_schema *schema, struct bs_arena *arena,
                              struct datom_attribute *attribute, const struct datom *datom);
/* When everything is applied: the element types of composites, and which attributes are members of
 * those that are kept. True when there is one. */
bool datom_schema_tuple_finish(struct bs_arena *arena, struct datom_attribute **by_id,
                               size_t limit);

#endif
