#ifndef DATOM_ROCKS_TABLES_H
#define DATOM_ROCKS_TABLES_H

/*
 * Families written as sorted files beside the store and then taken in whole: what a load or a
 * rebuild makes, without the write-ahead log and without compaction. One thread for each.
 */

#include "datom/rocks.h"

struct datom_tables;

/* Of one family; files go to `folder`, on the store's file system. Both stay meanwhile. */
struct datom_tables *datom_tables_new(struct datom_store *store, enum datom_family family,
                                      const char *folder);
/* With the files that were not taken in. NULL: nothing. */
void datom_tables_free(struct datom_tables *tables);
/* In ascending order of keys. */
BS_MUST_CHECK enum bs_code datom_tables_add(struct datom_tables *tables, struct bs_str key,
                                            struct bs_str record, struct bs_error *error);
/* After the last; the files are on the disk then. */
BS_MUST_CHECK enum bs_code datom_tables_finish(struct datom_tables *tables, struct bs_error *error);

/*
 * Makes the family of finished tables hold exactly what they hold, durably. No iterator or snapshot
 * of the store may be there, and nobody may write it. A crash leaves the family as it was, empty,
 * or whole.
 */
BS_MUST_CHECK enum bs_code datom_tables_replace(struct datom_tables *tables,
                                                struct bs_error *error);
/* Empties the families of datoms and the log, of what a load that was cut off has left there. */
BS_MUST_CHECK enum bs_code datom_store_clear(struct datom_store *store, struct bs_error *error);

#endif
