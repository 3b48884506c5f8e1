#ifndef QUERY_ATTRIBUTES_H
#define QUERY_ATTRIBUTES_H

/* Which attributes an entity has. Internal. */

#include "datom/datom.h"
#include "edn/edn.h"

/*
 * Adds the ids of the attributes that an entity has in a value, ascending, as longs. Costs a walk
 * over its datoms, but for attributes of many values, which are passed over by a seek; `interrupt`
 * (may be NULL) is asked for each batch of them. Handle: RPC_DEADLINE, RPC_CANCELLED.
 */
BS_MUST_CHECK enum bs_code attributes_list(struct datom_db *db, datom_id id,
                                           const struct bs_interrupt *interrupt,
                                           struct edn_list *ids, struct bs_error *error);

#endif
