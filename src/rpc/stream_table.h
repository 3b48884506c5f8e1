#ifndef RPC_STREAM_TABLE_H
#define RPC_STREAM_TABLE_H

/* The streams of a connection by their ids: a hash table whose entries are embedded in what they
 * stand for. The caller serializes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_stream_entry {
    uint64_t id;
    struct rpc_stream_entry *next;
};

struct rpc_stream_table {
    struct rpc_stream_entry **buckets; /* owned; NULL while empty */
    size_t mask;
    size_t count;
};

void rpc_stream_table_fini(struct rpc_stream_table *table);
/* The id must not be there. */
void rpc_stream_table_add(struct rpc_stream_table *table, struct rpc_stream_entry *entry);
/* NULL when there is none. */
struct rpc_stream_entry *rpc_stream_table_find(const struct rpc_stream_table *table, uint64_t id);
struct rpc_stream_entry *rpc_stream_table_remove(struct rpc_stream_table *table, uint64_t id);
/* Takes all out, linked by `next`. */
struct rpc_stream_entry *rpc_stream_table_take_all(struct rpc_stream_table *table);

#endif
