#ifndef DATOM_EXPORT_H
#define DATOM_EXPORT_H

/*
 * The whole history of a value as EDN text: a line for each transaction of its log, in the form of
 * tx-range, from which datom_bulk_add_form makes the same store again: same ids, ts and instants.
 */

#include "datom/datom.h"

/*
 * Calls `write` with one line (with its line break) for each transaction of users up to the value's
 * basis (or as-of), oldest first. Ends with what `write` returns when that is not OK. Memory: one
 * transaction and the schema. Any thread.
 */
BS_API BS_MUST_CHECK enum bs_code datom_export(struct datom_db *db,
                                               enum bs_code (*write)(void *self, struct bs_str line,
                                                                     struct bs_error *error),
                                               void *self, struct bs_error *error);

#endif
