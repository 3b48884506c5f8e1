/* Ids rise by one, so their low bits spread them evenly: no hashing. */

#include "rpc/stream_table.h"

#include "base/memory.h"

#define FIRST_BUCKETS 16

void rpc_stream_table_fini(struct rpc_stream_table *table)
{
    free(table->buckets);
    *table = (struct rpc_stream_table){.buckets = NULL};
}

static void grow(struct rpc_stream_table *table)
{
    size_t buckets = table->buckets ? (table->mask + 1) * 2 : FIRST_BUCKETS;
    struct rpc_stream_entry *all = rpc_stream_table_take_all(table);
    free(table->buckets);
    table->buckets = bs_calloc(buckets, sizeof(struct rpc_stream_entry *));
    table->mask = buckets - 1;
    while (all) {
        struct rpc_stream_entry *next = all->next;
        rpc_stream_table_add(table, all);
        all = next;
    }
}

void rpc_stream_table_add(struct rpc_stream_table *table, struct rpc_stream_entry *entry)
{
    if (!table->buckets || table->count > table->mask)
        grow(table);
    struct rpc_stream_entry **bucket = &table->buckets[entry->id & table->mask];
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
}

static struct rpc_stream_entry **find(const struct rpc_stream_table *table, uint64_t id)
{
    if (table->count == 0)
        return NULL;
    struct rpc_stream_entry **at = &table->buckets[id & table->mask];
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return *at ? at : NULL;
}

struct rpc_stream_entry *rpc_stream_table_find(const struct rpc_stream_table *table, uint64_t id)
{
    struct rpc_stream_entry **at = find(table, id);
    return at ? *at : NULL;
}

struct rpc_stream_entry *rpc_stream_table_remove(struct rpc_stream_table *table, uint64_t id)
{
    struct rpc_stream_entry **at = find(table, id);
    if (!at)
        return NULL;
    struct rpc_stream_entry *entry = *at;
    *at = entry->next;
    entry->next = NULL;
    table->count--;
    return entry;
}

struct rpc_stream_entry *rpc_stream_table_take_all(struct rpc_stream_table *table)
{
    struct rpc_stream_entry *all = NULL;
    for (size_t i = 0; table->buckets && i <= table->mask; i++) {
        while (table->buckets[i]) {
            struct rpc_stream_entry *entry = table->buckets[i];
            table->buckets[i] = entry->next;
            entry->next = all;
            all = entry;
        }
    }
    table->count = 0;
    return all;
}
