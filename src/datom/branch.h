#ifndef DATOM_BRANCH_H
#define DATOM_BRANCH_H

/*
 * A body as it was at an earlier t, as the base of another: the families of the parent with what
 * was said later taken back. Current families are put together from the parent's current and
 * history families, in the same keys and records; history families and the log end at t.
 *
 * What the parent has forgotten (superseded values of noHistory attributes) is forgotten here too.
 */

#include "datom/body.h"

/*
 * A walk over a family of `parent` as of t, with keys and records as `schema`, that of t, makes
 * them: what an alteration since then changed is changed back, and an index that was dropped since
 * is put together from aevt (which costs the attribute's datoms). Not valid until the first seek;
 * freed by its ops; holds the parent, and is used inside its store. The schema must live meanwhile.
 * Failures go to the iterator's code and `error` (may be NULL).
 */
struct datom_kv_iter *datom_branch_iter(struct datom_body *parent, uint64_t t,
                                        struct datom_schema *schema, enum datom_family family,
                                        struct bs_error *error);

/* The record of a key as of t. Release the pin when done with the record. */
BS_MUST_CHECK enum bs_code datom_branch_get(struct datom_body *parent, uint64_t t,
                                            struct datom_schema *schema, enum datom_family family,
                                            struct bs_str key, struct datom_pin *ret_pin,
                                            struct bs_str *ret_record, bool *ret_found,
                                            struct bs_error *error);

/*
 * Attributes whose index by value the schema has and the parent has dropped: over `base`, a walk of
 * avet or avet_h that lacks them, one that has them. Owns base.
 */
struct datom_kv_iter *datom_branch_restore_index(struct datom_kv_iter *base,
                                                 struct datom_body *parent, uint64_t t,
                                                 struct datom_schema *schema,
                                                 enum datom_family family, struct bs_error *error);

/*
 * A body that branches from `parent` at t: what is transacted on it takes the ts that come after t.
 * Costs what was said since t, and the schema. Handle: DB_INVALID_TIME_POINT.
 */
BS_MUST_CHECK enum bs_code datom_branch_body(struct datom_body *parent, uint64_t t,
                                             struct datom_body **ret_body, struct bs_error *error);

/*
 * Whether a body may lack values of an attribute that its log gives: because the attribute has
 * noHistory, or had it at any time in what the body branches from. Costs a walk a generation.
 */
BS_MUST_CHECK enum bs_code datom_branch_forgets(struct datom_body *body, datom_id attribute,
                                                bool *ret_forgets, struct bs_error *error);

#endif
