/*
 * Flushing and merging files when somebody asks for it, rather than when the engine finds it due.
 * Both take long, so they are not inside the store, where they would hold up whoever wants it alone
 * and all readers behind that; the engine's lock keeps it open under them.
 */

#include "datom/rocks_store.h"

/* Also files that are on the last level already are written anew. */
#define BOTTOMMOST_FORCE 2
/* What may stay in the write-ahead log when a store is closed: it is read again at the next open,
 * and stands there unpacked. Less is not worth a file in each family. */
#define CLOSE_UNWRITTEN_BYTES ((uint64_t)4 * 1024 * 1024)

/* Bytes that only the write-ahead log and the memory have. */
static uint64_t unwritten_bytes(const struct datom_store *store)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < DATOM_ROCKS_COLUMNS; i++) {
        uint64_t bytes = 0;
        if (rocksdb_property_int_cf(store->db, store->columns[i], "rocksdb.cur-size-all-mem-tables",
                                    &bytes) == 0)
            total += bytes;
    }
    return total;
}

void rocks_write_out(struct datom_store *store)
{
    if (!store->db || store->read_only || store->mode != ROCKS_WRITES ||
        unwritten_bytes(store) <= CLOSE_UNWRITTEN_BYTES)
        return;
    if (datom_store_flush(store, NULL) != BS_OK) {
        /* The log has it. */
    }
}

enum bs_code datom_store_flush(struct datom_store *store, struct bs_error *error)
{
    char *text = NULL;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 1);
    pthread_rwlock_rdlock(&store->engine_lock);
    for (unsigned i = 0; store->db && i < DATOM_ROCKS_COLUMNS && !text; i++)
        rocksdb_flush_cf(store->db, options, store->columns[i], &text);
    bool was_open = store->db != NULL;
    pthread_rwlock_unlock(&store->engine_lock);
    rocksdb_flushoptions_destroy(options);
    if (!was_open)
        return rocks_closed_error(store, error);
    return rocks_take_error(text, "flush", store->dir, error);
}

void datom_store_compact(struct datom_store *store, enum datom_family family, struct bs_str first,
                         struct bs_str last)
{
    rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
    rocksdb_compactoptions_set_bottommost_level_compaction(options, BOTTOMMOST_FORCE);
    pthread_rwlock_rdlock(&store->engine_lock);
    if (store->db)
        rocksdb_compact_range_cf_opt(store->db, rocks_column(store, family), options,
                                     first.len > 0 ? first.ptr : NULL, first.len,
                                     last.len > 0 ? last.ptr : NULL, last.len);
    pthread_rwlock_unlock(&store->engine_lock);
    rocksdb_compactoptions_destroy(options);
}
