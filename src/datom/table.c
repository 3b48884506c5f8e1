/* Open addressing with linear steps, at most three quarters full. */

#include "datom/table.h"

void datom_table_fini(struct datom_table *table)
{
    free(table->hashes);
    free(table->indexes);
    *table = (struct datom_table){0};
}

void datom_table_reset(struct datom_table *table)
{
    if (table->count > 0)
        memset(table->indexes, 0xff, table->capacity * sizeof(*table->indexes));
    table->count = 0;
}

uint32_t datom_table_find(const struct datom_table *table, uint64_t hash, datom_table_equal equal,
                          const void *self, const void *key)
{
    if (table->count == 0)
        return DATOM_TABLE_NONE;
    size_t mask = table->capacity - 1;
    for (size_t at = (size_t)hash & mask; table->indexes[at] != DATOM_TABLE_NONE;
         at = (at + 1) & mask) {
        if (table->hashes[at] == hash && equal(self, table->indexes[at], key))
            return table->indexes[at];
    }
    return DATOM_TABLE_NONE;
}

static void table_place(struct datom_table *table, uint64_t hash, uint32_t idx)
{
    size_t mask = table->capacity - 1;
    size_t at = (size_t)hash & mask;
    while (table->indexes[at] != DATOM_TABLE_NONE)
        at = (at + 1) & mask;
    table->hashes[at] = hash;
    table->indexes[at] = idx;
}

static void table_grow(struct datom_table *table)
{
    struct datom_table old = *table;
    table->capacity = old.capacity ? old.capacity * 4 : 16;
    table->hashes = bs_realloc_array(NULL, table->capacity, sizeof(*table->hashes));
    table->indexes = bs_realloc_array(NULL, table->capacity, sizeof(*table->indexes));
    memset(table->indexes, 0xff, table->capacity * sizeof(*table->indexes));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.indexes[i] != DATOM_TABLE_NONE)
            table_place(table, old.hashes[i], old.indexes[i]);
    }
    free(old.hashes);
    free(old.indexes);
}

void datom_table_add(struct datom_table *table, uint64_t hash, uint32_t idx)
{
    BS_ASSERT(idx != DATOM_TABLE_NONE);
    if ((table->count + 1) * 4 > table->capacity * 3)
        table_grow(table);
    table_place(table, hash, idx);
    table->count++;
}
