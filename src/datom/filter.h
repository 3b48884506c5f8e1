#ifndef DATOM_FILTER_H
#define DATOM_FILTER_H

/*
 * Values that show only the datoms that a predicate lets through: tombstones of an application, a
 * tenant's share, what a user may see. Any thread, as all of values.
 */

#include "datom/datom.h"

/*
 * Whether a datom is shown. `db` is the value without any predicate, in the same view, for looking
 * further; both are borrowed. Called from the reading thread, several at once, in no promised order
 * and number; the same datom must always get the same answer. It must not use the value that is
 * being filtered.
 */
typedef bool (*datom_predicate)(void *self, struct datom_db *db, const struct datom *datom);

/*
 * The value with a predicate on top of its view, and of those that it has: a datom must pass all.
 * Everything that reads datoms sees them so: cursors, datom_db_get, lookups, entities, pulls,
 * queries; in an as-of, since or history that is made of it as well. Not so the schema, counts,
 * statistics and the log. datom_with resolves against the whole value, as with as-of, and its
 * db_after keeps the predicate; forks of it are refused (DB_UNSUPPORTED). free(self), unless NULL,
 * is called when the last value with the predicate has gone.
 */
BS_API struct datom_db *datom_db_filter(struct datom_db *db, datom_predicate predicate, void *self,
                                        void (*free)(void *self));
BS_API bool datom_db_is_filtered(const struct datom_db *db);

#endif
