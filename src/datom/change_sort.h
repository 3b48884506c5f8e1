#ifndef DATOM_CHANGE_SORT_H
#define DATOM_CHANGE_SORT_H

/* The changes of a transaction in the order of their families and keys. Pure, any thread. */

#include "base/base.h"
#include "datom/kv.h"

/* Copies `count` changes to an array of as many, sorted; those of one key stay in their order. */
void datom_changes_sort(const struct datom_change *changes, size_t count, struct bs_arena *scratch,
                        struct datom_change *ret_sorted);

#endif
