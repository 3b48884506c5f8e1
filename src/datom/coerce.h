#ifndef DATOM_COERCE_H
#define DATOM_COERCE_H

/*
 * The parts of datom_db_coerce that transactions use by themselves, as tempids may stand in a
 * tuple's places of type ref. Any thread.
 */

#include "datom/db.h"

/* Whether a form is a vector (or list) of as many elements as the attribute's tuples have. Fails
 * with DB_INVALID_TUPLE_VALUE, for :db/tupleAttrs with DB_INVALID_TUPLE_ATTRS. */
BS_MUST_CHECK enum bs_code datom_tuple_check_shape(const struct datom_attribute *attribute,
                                                   struct edn form, struct bs_error *error);
/* One element of a form of the right shape; nil is nil. Fails as above, and as datom_db_resolve in
 * a place of type ref. */
BS_MUST_CHECK enum bs_code datom_tuple_coerce_element(struct datom_db *db,
                                                      const struct datom_attribute *attribute,
                                                      uint32_t idx, struct edn form,
                                                      struct bs_arena *arena, struct edn *ret_value,
                                                      struct bs_error *error);

/* Whether a value is as the attribute stores it, as look-ups and ranges want it: DB_WRONG_TYPE. */
BS_MUST_CHECK enum bs_code datom_check_stored(const struct datom_attribute *attribute,
                                              struct edn value, struct bs_error *error);

#endif
