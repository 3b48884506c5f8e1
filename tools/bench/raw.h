#ifndef BENCH_RAW_H
#define BENCH_RAW_H

/*
 * RocksDB as somebody would use it without us, through its C API: the peer of the store's rows. It
 * opens folders with the very settings that the store there was made with (RocksDB writes them down
 * beside its files), so that only what we put on top is compared. The caller serializes.
 */

#include <rocksdb/c.h>

#include "bench.h"

#define RAW_COLUMNS_MAX 16

struct raw {
    rocksdb_t *db;
    rocksdb_column_family_handle_t *columns[RAW_COLUMNS_MAX];
    char **names;
    size_t columns_count;
    rocksdb_options_t *db_options;
    rocksdb_options_t **column_options;
    rocksdb_cache_t *cache;
    rocksdb_writeoptions_t *synced;
    rocksdb_readoptions_t *read;
};

enum raw_mode {
    RAW_READ,  /* beside a process that has it open */
    RAW_WRITE, /* alone */
    RAW_NEW,   /* another folder, with the same families and settings */
};

/* `like` is the store; `dir` is opened, `like` itself unless RAW_NEW. */
BS_MUST_CHECK enum bs_code raw_open(const char *like, const char *dir, enum raw_mode mode,
                                    struct raw *ret_raw, struct bs_error *error);
void raw_close(struct raw *raw); /* leaves it zeroed; a zeroed one is nothing */
rocksdb_column_family_handle_t *raw_column(const struct raw *raw, const char *name);
/* What RocksDB said, as a failure; frees it. OK for NULL. */
BS_MUST_CHECK enum bs_code raw_check(char *text, const char *verb, struct bs_error *error);

/* Every batch that was ever written to a store, as RocksDB has it in its write-ahead log. */
struct raw_batches {
    rocksdb_writebatch_t **items;
    size_t count, capacity;
    uint64_t keys;
};

/* Fails when the log does not go back to the first one any more: the store should still be open, as
 * closing one may write out and drop its log. */
BS_MUST_CHECK enum bs_code raw_read_batches(const char *dir, struct raw_batches *ret_batches,
                                            struct bs_error *error);
/* One key of a batch: where it goes, and how long it and its value are. */
struct raw_put {
    uint32_t column; /* of the store's families, by number */
    size_t key_size, value_size;
};

#define RAW_PUTS_MAX 64

/* The puts of a batch, in their order; deletions are left out. */
void raw_batch_puts(const struct raw_batches *batches, size_t idx, struct raw_put *ret_puts,
                    size_t *ret_count);
void raw_batches_free(struct raw_batches *batches);

#endif
