/*
 * RocksDB's settings, each with its reason. What is not named keeps RocksDB's default. The sizes
 * are for a store inside of somebody else's process: tens of megabytes at rest, whatever the
 * store's size.
 */

#include "datom/rocks_options.h"

#define MIB ((size_t)1024 * 1024)

#define CACHE_BYTES_DEFAULT (64 * MIB)
#define BLOCK_BYTES 8192
#define FILTER_BITS_PER_KEY 10
#define FORMAT_VERSION 5
/* Of the write buffer: some 16 bits a key. */
#define MEMORY_FILTER_RATIO 0.02
/* Of one family, and of all together. */
#define WRITE_BUFFER_BYTES (16 * MIB)
#define WRITE_BUFFERS_BYTES (64 * MIB)
#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)
#define WAL_BYTES_MAX (128 * MIB)
#define OPEN_FILES_MAX 512
/* A table in which so many of so many entries in a row are deletions is compacted: every seek into
 * them would have to step over them. */
#define DELETIONS_WINDOW 1024
#define DELETIONS_TRIGGER 256
/* Only what is written at open. (A level beyond it would be none that the engine can write into its
 * OPTIONS file, of which a new, broken one would stay at each change.) */
#define INFO_LOG_HEADER 5
#define WAL_TOLERATE_CORRUPTED_TAIL_RECORDS 0

/* Memory for what is not in sorted files yet, of all families together. */
static size_t write_buffers_bytes(const struct datom_options *given)
{
    return given->write_buffer_bytes > 0 ? (size_t)given->write_buffer_bytes : WRITE_BUFFERS_BYTES;
}

static rocksdb_options_t *db_options(const struct datom_options *given)
{
    bool read_only = given->read_only;
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(options, !read_only);
    rocksdb_options_set_create_missing_column_families(options, !read_only);
    /* The default would drop acknowledged writes behind a damaged place in silence. */
    rocksdb_options_set_wal_recovery_mode(options, WAL_TOLERATE_CORRUPTED_TAIL_RECORDS);
    rocksdb_options_set_max_total_wal_size(options, WAL_BYTES_MAX);
    rocksdb_options_set_db_write_buffer_size(options, write_buffers_bytes(given));
    /* A secondary must keep open what the writing process may delete. */
    rocksdb_options_set_max_open_files(options, read_only ? -1 : OPEN_FILES_MAX);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_bytes_per_sync(options, MIB);
    rocksdb_options_set_info_log_level(options, INFO_LOG_HEADER);
    rocksdb_options_set_keep_log_file_num(options, 1);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    return options;
}

/* Whether single keys are asked for, so that a filter pays: what datom_db_get reads, the log. */
static bool has_gets(unsigned column)
{
    if (column == 0)
        return false;
    enum datom_family family = (enum datom_family)(column - 1);
    return family == DATOM_FAMILY_EAVT || family == DATOM_FAMILY_AEVT || family == DATOM_FAMILY_LOG;
}

/* Transactions ask for keys of eavt that are mostly not there, new values of known entities: a
 * filter beside what is in memory spares the search there. */
static void filter_memory(unsigned column, rocksdb_options_t *options)
{
    if (column != 1 + DATOM_FAMILY_EAVT)
        return;
    rocksdb_options_set_memtable_whole_key_filtering(options, 1);
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, MEMORY_FILTER_RATIO);
}

/* Looks up the entities of a value: what transactions do for every unique value that they say. */
static bool has_values(unsigned column)
{
    return column == 1 + DATOM_FAMILY_AVET;
}

#define ENTITY_BYTES 8
#define ATTRIBUTE_BYTES 4

/* Of a key of avet all but the entity: attribute and value. Values are prefix-free, so that this
 * keeps the order. */
static char *value_part(void *self, const char *key, size_t size, size_t *ret_size)
{
    (void)self;
    *ret_size = size - ENTITY_BYTES;
    return (char *)(uintptr_t)key; /* RocksDB's type; it only reads */
}

static unsigned char has_value_part(void *self, const char *key, size_t size)
{
    (void)self;
    (void)key;
    return size > ATTRIBUTE_BYTES + ENTITY_BYTES;
}

static unsigned char is_value_part(void *self, const char *key, size_t size)
{
    (void)self;
    (void)key;
    return size > ATTRIBUTE_BYTES;
}

static const char *value_part_name(void *self)
{
    (void)self;
    return "datom.value";
}

static void free_value_part(void *self)
{
    (void)self;
}

/* A value's keys differ in their entities, and it is asked for without one: the filters of memory
 * and files are of what stands before it. Only walks that are made for it look at them
 * (datom_snapshot_iter_of_value). */
static void filter_values(unsigned column, rocksdb_options_t *options,
                          rocksdb_block_based_table_options_t *table)
{
    if (!has_values(column))
        return;
    rocksdb_options_set_prefix_extractor(
        options, rocksdb_slicetransform_create(NULL, free_value_part, value_part, has_value_part,
                                               is_value_part, value_part_name));
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, MEMORY_FILTER_RATIO);
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(FILTER_BITS_PER_KEY));
    rocksdb_block_based_options_set_whole_key_filtering(table, 0);
}

/* What is written once and seldom read: space counts more there than the time to unpack. */
static bool is_past(unsigned column)
{
    if (column == 0)
        return false;
    enum datom_family family = (enum datom_family)(column - 1);
    return family >= DATOM_FAMILY_EAVT_H && family <= DATOM_FAMILY_LOG;
}

static rocksdb_options_t *column_options(unsigned column, const struct datom_options *given,
                                         rocksdb_cache_t *cache, bool compress)
{
    rocksdb_options_t *options = rocksdb_options_create();
    size_t buffer_bytes = BS_MIN(WRITE_BUFFER_BYTES, write_buffers_bytes(given) / 4);
    rocksdb_options_set_write_buffer_size(options, buffer_bytes);
    rocksdb_options_set_arena_block_size(options, BS_MIN(ARENA_BLOCK_BYTES, buffer_bytes / 8));
    filter_memory(column, options);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_add_compact_on_deletion_collector_factory(options, DELETIONS_WINDOW,
                                                              DELETIONS_TRIGGER);
    rocksdb_options_set_compression(options,
                                    compress ? rocksdb_lz4_compression : rocksdb_no_compression);
    if (compress && is_past(column))
        rocksdb_options_set_bottommost_compression(options, rocksdb_zstd_compression);

    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_block_size(table, BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(table, FORMAT_VERSION);
    if (has_gets(column)) {
        /* The table options own the policy. */
        rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(FILTER_BITS_PER_KEY));
        rocksdb_block_based_options_set_whole_key_filtering(table, 1);
    }
    filter_values(column, options, table);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    return options;
}

void datom_rocks_options_init(struct datom_rocks_options *options,
                              const struct datom_options *given, bool compress)
{
    options->cache = rocksdb_cache_create_lru(given->cache_bytes > 0 ? (size_t)given->cache_bytes
                                                                     : CACHE_BYTES_DEFAULT);
    options->db = db_options(given);
    for (unsigned i = 0; i < DATOM_ROCKS_COLUMNS; i++)
        options->columns[i] = column_options(i, given, options->cache, compress);
}

void datom_rocks_options_fini(struct datom_rocks_options *options)
{
    if (!options->db)
        return;
    for (unsigned i = 0; i < DATOM_ROCKS_COLUMNS; i++)
        rocksdb_options_destroy(options->columns[i]);
    rocksdb_options_destroy(options->db);
    rocksdb_cache_destroy(options->cache);
    *options = (struct datom_rocks_options){0};
}
