#ifndef DATOM_PARTITION_H
#define DATOM_PARTITION_H

/*
 * Partitions: the upper 20 bits of an entity's id, so that eavt and aevt have the entities of one
 * partition side by side. They say where an entity stands and nothing else. Included by datom.h.
 *
 * There are the built-in ones (DATOM_PART_DB, _TX, _USER), named ones, which a transaction installs
 * and whose number is the entity's id:
 *
 *     [{:db/ident :part/orders :db.install/_partition :db.part/db}]
 *
 * and implicit ones, which are there without being installed. A new entity goes to DATOM_PART_USER
 * unless its transaction says otherwise (docs/transactions.md), and stays where it is for ever.
 * Attributes and named partitions are always in DATOM_PART_DB. Source: shared reference 1.1
 * and 1.2, rows 2, 5 and 28.
 */

#include "datom/datom.h"

/* Of the implicit partitions: the first, and how many there are. */
#define DATOM_PART_IMPLICIT (UINT64_C(1) << 19)
#define DATOM_PART_IMPLICIT_COUNT (UINT64_C(1) << 19)

/* The implicit partition n < DATOM_PART_IMPLICIT_COUNT. */
static inline uint64_t datom_part_implicit(uint64_t n)
{
    return DATOM_PART_IMPLICIT + n;
}

static inline bool datom_part_is_implicit(uint64_t part)
{
    return part >= DATOM_PART_IMPLICIT && part < DATOM_PART_IMPLICIT + DATOM_PART_IMPLICIT_COUNT;
}

/*
 * The partition that an ident, a lookup ref or a number names; views do not count. Handle:
 * DB_NOT_A_PARTITION, and those of datom_db_resolve. One get for named partitions.
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_partition(struct datom_db *db, struct edn partition,
                                                     uint64_t *ret_part, struct bs_error *error);

/*
 * An entity id to seek from: that of a partition whose counter is a t. `point` is a t, a
 * transaction's id, or an instant, which stands for the first transaction at or after it (for the
 * next one when there is none). Entities that a transaction makes have counters above its t, so
 * those that were made from the point on are at or after this id. Handle: DB_INVALID_TIME_POINT,
 * DB_NOT_A_PARTITION (a number that none can have).
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_entid_at(struct datom_db *db, uint64_t part,
                                                    struct edn point, datom_id *ret_id,
                                                    struct bs_error *error);

#endif
