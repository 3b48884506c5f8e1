#ifndef DATOM_SCHEMA_H
#define DATOM_SCHEMA_H

/*
 * The schema of a value: its attributes by id, and the idents of all entities, both ways. Immutable
 * and reference-counted; a transaction that touches it makes the next version, which shares what
 * did not change. Idents map by history: a name keeps resolving after a rename until it is given to
 * another entity. Any thread.
 */

#include "datom/datom.h"

struct datom_schema;

/* Without attributes and idents. */
struct datom_schema *datom_schema_new_empty(void);
struct datom_schema *datom_schema_ref(struct datom_schema *schema);
void datom_schema_unref(struct datom_schema *schema);

/*
 * The version after these datoms (of one transaction, or of a whole store in the order of t; in a
 * transaction retractions first).
 * Returns a reference: to the same schema when none of them matters.
 */
struct datom_schema *datom_schema_apply(struct datom_schema *schema, const struct datom *datoms,
                                        size_t count);

/* NULL when there is none. Borrowed from the schema. */
const struct datom_attribute *datom_schema_attribute(const struct datom_schema *schema,
                                                     datom_id id);
/* By its newest name, or an old one. */
const struct datom_attribute *datom_schema_attribute_named(const struct datom_schema *schema,
                                                           struct bs_str ident);
const struct datom_attribute *datom_schema_attribute_at(const struct datom_schema *schema,
                                                        size_t idx);
/* Whether there is a composite tuple to be kept. */
bool datom_schema_has_composites(const struct datom_schema *schema);
/* One more than the highest attribute id. */
size_t datom_schema_limit(const struct datom_schema *schema);
/* DATOM_NO_ID when nothing has or had this name. */
datom_id datom_schema_entid(const struct datom_schema *schema, struct bs_str ident);
/* Empty when it has none now. Borrowed from the schema. */
struct bs_str datom_schema_ident(const struct datom_schema *schema, datom_id id);

/* Whether datoms of this attribute change schemas. */
bool datom_schema_is_affected_by(datom_id attribute);

/* The name that is nearest to `ident` among the attributes', within two edits; empty otherwise. */
struct bs_str datom_schema_nearest(const struct datom_schema *schema, struct bs_str ident);

#endif
