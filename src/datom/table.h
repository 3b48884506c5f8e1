#ifndef DATOM_TABLE_H
#define DATOM_TABLE_H

/*
 * From 64-bit hashes to indexes of an array that the owner keeps: the owner compares. Not uthash,
 * because a transaction looks up every datom by several keys that stand in no struct of their own,
 * and this costs neither a handle in each entry nor an allocation each. The caller serializes.
 */

#include "base/base.h"

#define DATOM_TABLE_NONE UINT32_MAX

struct datom_table {
    uint64_t *hashes;
    uint32_t *indexes; /* DATOM_TABLE_NONE: free */
    size_t capacity;   /* a power of two, or 0 */
    size_t count;
};

typedef bool (*datom_table_equal)(const void *self, uint32_t idx, const void *key);

void datom_table_fini(struct datom_table *table);
/* Empties, keeps the memory. */
void datom_table_reset(struct datom_table *table);
/* The index added with this hash for which equal(self, index, key); DATOM_TABLE_NONE. */
uint32_t datom_table_find(const struct datom_table *table, uint64_t hash, datom_table_equal equal,
                          const void *self, const void *key);
/* Adds without looking whether an equal one is there. */
void datom_table_add(struct datom_table *table, uint64_t hash, uint32_t idx);

#endif
