#ifndef DATOM_PREDICATES_H
#define DATOM_PREDICATES_H

/*
 * What an attribute's values must pass when they are asserted:
 *
 *  - :db.attr/preds, names of predicates that the application has registered
 *    (datom_functions_add_value_predicate);
 *  - :db.attr/check, checks that are data: lists such as (range 0 100), (length 1 20),
 *    (matches "[a-z]+"), (one-of :a :b).
 *
 * A transaction uses those of the value before it; what is there already when one is added stays as
 * it is until it is asserted again. Retractions, and composite tuples, are not tested, nor is what
 * is loaded in bulk.
 *
 * Entity specs are entities with :db.entity/attrs (attributes that an entity must have) and
 * :db.entity/preds (datom_functions_add_entity_predicate); a transaction that says :db/ensure of an
 * entity asks for them, in the value that it would make.
 *
 * Names and texts below are borrowed from the attribute, in the order of their bytes; any thread.
 */

#include "datom/datom.h"

struct datom_predicates;

/* The names of :db.attr/preds, without colon: index from 0, empty past the end. */
BS_API struct bs_str datom_attribute_pred_at(const struct datom_attribute *attribute, size_t idx);
/* The texts of :db.attr/check; likewise. */
BS_API struct bs_str datom_attribute_check_at(const struct datom_attribute *attribute, size_t idx);

#endif
