#ifndef EDN_INDEX_H
#define EDN_INDEX_H

/*
 * Finding equal values in big collections: what duplicate detection, sets and the equality of maps
 * stand on. Inside the room only. The caller serializes.
 */

#include "edn/edn.h"

/* Up to so many items, comparing each with each is faster than hashing. */
#define EDN_INDEX_FROM 12

/* A hash table over items that stand elsewhere: it holds their numbers. */
struct edn_index {
    const struct edn *items; /* borrowed; item i is items[i * stride] */
    size_t stride;           /* 1, or 2 for the keys of a map */
    size_t mask;
    struct edn_index_slot *slots; /* owned */
};

/* An empty index for at most `capacity` of the items. */
void edn_index_init(struct edn_index *index, const struct edn *items, size_t stride,
                    size_t capacity);
void edn_index_fini(struct edn_index *index);
/* Adds item `number`, unless an equal one is there: then false. With ret_crowded it fails too
 * (false, *ret_crowded true) when so many different items share its hash that somebody must have
 * made them so. */
bool edn_index_add(struct edn_index *index, size_t number, bool *ret_crowded);
/* The number of the item equal to `value`; false when there is none. */
bool edn_index_find(const struct edn_index *index, struct edn value, size_t *ret_number);

/* The first item (in steps of stride) that equals an earlier one; false when all are different. */
bool edn_find_duplicate(const struct edn *items, size_t stride, size_t count, size_t *ret_number);

#endif
