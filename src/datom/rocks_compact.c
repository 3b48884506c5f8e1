/* Flushing and merging files when somebody asks for it, rather than when the engine finds it due.
 */

#include "datom/rocks_store.h"

/* Also files that are on the last level already are written anew. */
#define BOTTOMMOST_FORCE 2

enum bs_code datom_store_flush(struct datom_store *store, struct bs_error *error)
{
    char *text = NULL;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    rocksdb_flushoptions_set_wait(options, 1);
    for (unsigned i = 0; i < DATOM_ROCKS_COLUMNS && !text; i++)
        rocksdb_flush_cf(store->db, options, store->columns[i], &text);
    rocksdb_flushoptions_destroy(options);
    return rocks_take_error(text, "flush", store->dir, error);
}

void datom_store_compact(struct datom_store *store, enum datom_family family, struct bs_str first,
                         struct bs_str last)
{
    rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();
    rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
    rocksdb_compactoptions_set_bottommost_level_compaction(options, BOTTOMMOST_FORCE);
    rocksdb_compact_range_cf_opt(store->db, rocks_column(store, family), options,
                                 first.len > 0 ? first.ptr : NULL, first.len,
                                 last.len > 0 ? last.ptr : NULL, last.len);
    rocksdb_compactoptions_destroy(options);
}
