/* Opening, closing, and reading the write-ahead log of a folder of RocksDB. */

#include "raw.h"

#include <time.h>

/* How often, and with what pause, a folder is read again whose files the store that writes it has
 * just compacted away. */
#define READ_TRIES 50
#define READ_PAUSE_NS 20000000

#define CACHE_BYTES ((size_t)64 * 1024 * 1024) /* a store's default */

enum bs_code raw_check(char *text, const char *verb, struct bs_error *error)
{
    if (!text)
        return BS_OK;
    enum bs_code code =
        bs_error_set(error, BS_REASON_STORE_IO, "raw RocksDB can't %s: %s", verb, text);
    rocksdb_free(text);
    return code;
}

static void open_database(struct raw *raw, const char *dir, enum raw_mode mode, char **text)
{
    const char *const *names = (const char *const *)raw->names;
    const rocksdb_options_t *const *options = (const rocksdb_options_t *const *)raw->column_options;
    int count = (int)raw->columns_count;
    if (mode == RAW_READ)
        raw->db = rocksdb_open_for_read_only_column_families(raw->db_options, dir, count, names,
                                                             options, raw->columns, 0, text);
    else
        raw->db = rocksdb_open_column_families(raw->db_options, dir, count, names, options,
                                               raw->columns, text);
}

enum bs_code raw_open(const char *like, const char *dir, enum raw_mode mode, struct raw *ret_raw,
                      struct bs_error *error)
{
    struct raw raw = {.cache = rocksdb_cache_create_lru(CACHE_BYTES)};
    char *text = NULL;
    rocksdb_env_t *env = rocksdb_create_default_env();
    rocksdb_load_latest_options(like, env, true, raw.cache, &raw.db_options, &raw.columns_count,
                                &raw.names, &raw.column_options, &text);
    rocksdb_env_destroy(env);
    if (!text && raw.columns_count > RAW_COLUMNS_MAX)
        text = strdup("more column families than expected");
    if (!text) {
        rocksdb_options_set_create_if_missing(raw.db_options, mode == RAW_NEW);
        rocksdb_options_set_create_missing_column_families(raw.db_options, mode == RAW_NEW);
        /* the store's is gone by now */
        rocksdb_options_set_db_log_dir(raw.db_options, "");
        open_database(&raw, dir, mode, &text);
    }
    for (int i = 1; mode == RAW_READ && text && strstr(text, "No such file") && i < READ_TRIES;
         i++) {
        rocksdb_free(text);
        text = NULL;
        nanosleep(&(struct timespec){.tv_nsec = READ_PAUSE_NS}, NULL);
        open_database(&raw, dir, mode, &text);
    }
    if (text) {
        raw.db = NULL;
        raw_close(&raw);
        return raw_check(text, "open the store", error);
    }
    raw.synced = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(raw.synced, 1);
    raw.read = rocksdb_readoptions_create();
    *ret_raw = raw;
    return BS_OK;
}

void raw_close(struct raw *raw)
{
    for (size_t i = 0; raw->db && i < raw->columns_count; i++)
        rocksdb_column_family_handle_destroy(raw->columns[i]);
    if (raw->db)
        rocksdb_close(raw->db);
    if (raw->db_options)
        rocksdb_load_latest_options_destroy(raw->db_options, raw->names, raw->column_options,
                                            raw->columns_count);
    if (raw->cache)
        rocksdb_cache_destroy(raw->cache);
    if (raw->synced)
        rocksdb_writeoptions_destroy(raw->synced);
    if (raw->read)
        rocksdb_readoptions_destroy(raw->read);
    *raw = (struct raw){0};
}

rocksdb_column_family_handle_t *raw_column(const struct raw *raw, const char *name)
{
    for (size_t i = 0; i < raw->columns_count; i++) {
        if (strcmp(raw->names[i], name) == 0)
            return raw->columns[i];
    }
    BS_UNREACHABLE();
}

/* ---- the write-ahead log ---- */

static void take_batches(rocksdb_wal_iterator_t *iter, struct raw_batches *batches,
                         uint64_t *ret_first)
{
    *ret_first = UINT64_MAX;
    for (; rocksdb_wal_iter_valid(iter); rocksdb_wal_iter_next(iter)) {
        uint64_t sequence;
        rocksdb_writebatch_t *batch = rocksdb_wal_iter_get_batch(iter, &sequence);
        *ret_first = BS_MIN(*ret_first, sequence);
        bs_grow(&batches->items, batches->count, &batches->capacity, sizeof(batch));
        batches->items[batches->count++] = batch;
        batches->keys += (uint64_t)rocksdb_writebatch_count(batch);
    }
}

enum bs_code raw_read_batches(const char *dir, struct raw_batches *ret_batches,
                              struct bs_error *error)
{
    struct raw raw;
    BS_TRY(raw_open(dir, dir, RAW_READ, &raw, error));
    struct raw_batches batches = {0};
    char *text = NULL;
    uint64_t first = UINT64_MAX;
    rocksdb_wal_iterator_t *iter = rocksdb_get_updates_since(raw.db, 0, NULL, &text);
    if (!text) {
        take_batches(iter, &batches, &first);
        rocksdb_wal_iter_status(iter, &text);
        rocksdb_wal_iter_destroy(iter);
    }
    uint64_t latest = rocksdb_get_latest_sequence_number(raw.db);
    raw_close(&raw);
    enum bs_code code = raw_check(text, "read its log", error);
    if (code == BS_OK && (first > 1 || batches.keys != latest))
        code = bs_error_set(error, BS_REASON_STORE_IO,
                            "the log of %s holds %llu of %llu keys from number %llu on: expected "
                            "all of them (is there more data than fits its buffers?)",
                            dir, (unsigned long long)batches.keys, (unsigned long long)latest,
                            (unsigned long long)first);
    if (code == BS_OK)
        *ret_batches = batches;
    else
        raw_batches_free(&batches);
    return code;
}

/* A number of RocksDB's, least significant seven bits first. */
static size_t take_varint(const uint8_t **at)
{
    size_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        number |= (size_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return number;
    }
}

/* rocksdb/db/write_batch.cc says what a batch is: sequence (8), count (4), records. */
void raw_batch_puts(const struct raw_batches *batches, size_t idx, struct raw_put *ret_puts,
                    size_t *ret_count)
{
    enum { HEAD_BYTES = 12, COLUMN_DELETION = 4, COLUMN_VALUE = 5 };
    size_t size;
    const uint8_t *at = (const uint8_t *)rocksdb_writebatch_data(batches->items[idx], &size);
    const uint8_t *end = at + size;
    size_t count = 0;
    for (at += HEAD_BYTES; at < end;) {
        uint8_t kind = *at++;
        BS_ASSERT(kind == COLUMN_VALUE || kind == COLUMN_DELETION);
        struct raw_put put = {.column = (uint32_t)take_varint(&at)};
        put.key_size = take_varint(&at);
        at += put.key_size;
        if (kind == COLUMN_DELETION)
            continue;
        put.value_size = take_varint(&at);
        at += put.value_size;
        BS_ASSERT(count < RAW_PUTS_MAX);
        ret_puts[count++] = put;
    }
    *ret_count = count;
}

void raw_batches_free(struct raw_batches *batches)
{
    for (size_t i = 0; i < batches->count; i++)
        rocksdb_writebatch_destroy(batches->items[i]);
    free(batches->items);
    *batches = (struct raw_batches){0};
}
