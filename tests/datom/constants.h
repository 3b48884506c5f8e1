#ifndef TESTS_DATOM_CONSTANTS_H
#define TESTS_DATOM_CONSTANTS_H

/*
 * Functions for a registry that give the same whatever they are asked: for tests of who calls what,
 * and of what becomes of the answer. `gives` must live as long as the registry.
 */

#include "datom/functions.h"

struct datom_tx_function constant_tx(const struct edn *gives, size_t args_max);
struct datom_value_predicate constant_value_predicate(const struct edn *gives);
struct datom_entity_predicate constant_entity_predicate(const struct edn *gives);

#endif
