/*
 * RocksDB's SstFileWriter and ingestion. A family is not emptied but dropped and made anew: that
 * reads nothing of it, so damaged tables are no hindrance.
 */

#include "datom/rocks_tables.h"

#include <unistd.h>

#include "datom/files.h"
#include "datom/rocks_store.h"

#define TABLE_BYTES_MAX (UINT64_C(64) * 1024 * 1024)
/* How often the writer is asked for its size. */
#define LOOK_EVERY 1024

struct datom_tables {
    struct datom_store *store;
    enum datom_family family;
    const char *folder;
    rocksdb_envoptions_t *environment;
    rocksdb_sstfilewriter_t *writer;
    bool is_open;
    uint64_t pairs;
    char **files;
    size_t files_count, files_capacity;
};

struct datom_tables *datom_tables_new(struct datom_store *store, enum datom_family family,
                                      const char *folder)
{
    struct datom_tables *tables = bs_calloc(1, sizeof(*tables));
    tables->store = store;
    tables->family = family;
    tables->folder = folder;
    tables->environment = rocksdb_envoptions_create();
    tables->writer =
        rocksdb_sstfilewriter_create(tables->environment, store->options.columns[1 + family]);
    return tables;
}

void datom_tables_free(struct datom_tables *tables)
{
    if (!tables)
        return;
    rocksdb_sstfilewriter_destroy(tables->writer);
    rocksdb_envoptions_destroy(tables->environment);
    for (size_t i = 0; i < tables->files_count; i++) {
        (void)unlink(tables->files[i]); /* gone already when it was taken in */
        free(tables->files[i]);
    }
    free(tables->files);
    free(tables);
}

static enum bs_code open_file(struct datom_tables *tables, struct bs_error *error)
{
    char name[64];
    char *text = NULL;
    snprintf(name, sizeof(name), "%s-%zu.sst", datom_family_name(tables->family),
             tables->files_count);
    bs_grow(&tables->files, tables->files_count, &tables->files_capacity, sizeof(*tables->files));
    char *path = datom_file_path(tables->folder, name);
    tables->files[tables->files_count++] = path;
    rocksdb_sstfilewriter_open(tables->writer, path, &text);
    BS_TRY(rocks_take_error(text, "write a table for", tables->store->dir, error));
    tables->is_open = true;
    return BS_OK;
}

enum bs_code datom_tables_finish(struct datom_tables *tables, struct bs_error *error)
{
    char *text = NULL;
    if (!tables->is_open)
        return BS_OK;
    tables->is_open = false;
    rocksdb_sstfilewriter_finish(tables->writer, &text);
    return rocks_take_error(text, "write a table for", tables->store->dir, error);
}

enum bs_code datom_tables_add(struct datom_tables *tables, struct bs_str key, struct bs_str record,
                              struct bs_error *error)
{
    char *text = NULL;
    if (tables->is_open && ++tables->pairs % LOOK_EVERY == 0) {
        uint64_t size = 0;
        rocksdb_sstfilewriter_file_size(tables->writer, &size);
        if (size >= TABLE_BYTES_MAX)
            BS_TRY(datom_tables_finish(tables, error));
    }
    if (!tables->is_open)
        BS_TRY(open_file(tables, error));
    rocksdb_sstfilewriter_put(tables->writer, key.ptr, key.len, record.ptr, record.len, &text);
    return rocks_take_error(text, "write a table for", tables->store->dir, error);
}

/* ---- taking in ---- */

/* What follows does not go through the store's gate: nobody else has the store. */
static void assert_alone(struct datom_store *store)
{
    pthread_mutex_lock(&store->held_lock);
    BS_ASSERT(!store->held_first);
    pthread_mutex_unlock(&store->held_lock);
}

static enum bs_code recreate(struct datom_store *store, enum datom_family family,
                             struct bs_error *error)
{
    char *text = NULL;
    unsigned column = 1 + (unsigned)family;
    rocksdb_drop_column_family(store->db, store->columns[column], &text);
    BS_TRY(rocks_take_error(text, "empty a family of", store->dir, error));
    rocksdb_column_family_handle_destroy(store->columns[column]);
    store->columns[column] = rocksdb_create_column_family(store->db, store->options.columns[column],
                                                          datom_family_name(family), &text);
    if (text)
        store->columns[column] = NULL;
    else
        store->column_ids[column] =
            rocksdb_column_family_handle_get_id(store->columns[column]); /* another one */
    return rocks_take_error(text, "make a family of", store->dir, error);
}

/* Not when it can't be read: then it is not known to be empty. */
static bool is_empty(struct datom_store *store, enum datom_family family)
{
    char *text = NULL;
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_iterator_t *iter =
        rocksdb_create_iterator_cf(store->db, read, rocks_column(store, family));
    rocksdb_iter_seek_to_first(iter);
    bool has_keys = rocksdb_iter_valid(iter);
    rocksdb_iter_get_error(iter, &text);
    bool has_failed = text != NULL;
    rocksdb_free(text);
    rocksdb_iter_destroy(iter);
    rocksdb_readoptions_destroy(read);
    return !has_keys && !has_failed;
}

enum bs_code datom_tables_replace(struct datom_tables *tables, struct bs_error *error)
{
    struct datom_store *store = tables->store;
    BS_ASSERT(!tables->is_open);
    assert_alone(store);
    if (!is_empty(store, tables->family))
        BS_TRY(recreate(store, tables->family, error));
    if (tables->files_count == 0)
        return BS_OK;
    char *text = NULL;
    rocksdb_ingestexternalfileoptions_t *options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(options, 1);
    rocksdb_ingest_external_file_cf(store->db, rocks_column(store, tables->family),
                                    (const char *const *)tables->files, tables->files_count,
                                    options, &text);
    rocksdb_ingestexternalfileoptions_destroy(options);
    return rocks_take_error(text, "take tables into", store->dir, error);
}

enum bs_code datom_store_clear(struct datom_store *store, struct bs_error *error)
{
    assert_alone(store);
    for (int family = 0; family < DATOM_FAMILY_META; family++) {
        if (!is_empty(store, (enum datom_family)family))
            BS_TRY(recreate(store, (enum datom_family)family, error));
    }
    return BS_OK;
}
