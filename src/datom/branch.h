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
 * A walk over a family of `parent` as of t. Not valid until the first seek; freed by its ops; the
 * parent must live meanwhile. Failures go to the iterator's code and `error` (may be NULL).
 */
struct datom_kv_iter *datom_branch_iter(struct datom_body *parent, uint64_t t,
                                        enum datom_family family, struct bs_error *error);

/*
 * A body that branches from `parent` at t: what is transacted on it takes the ts that come after t.
 * Costs what was said since t, and the schema. Handle: DB_INVALID_TIME_POINT, and DB_UNSUPPORTED
 * when an attribute's cardinality or index was altered since.
 */
BS_MUST_CHECK enum bs_code datom_branch_body(struct datom_body *parent, uint64_t t,
                                             struct datom_body **ret_body, struct bs_error *error);

#endif
