#ifndef DATOM_ROCKS_H
#define DATOM_ROCKS_H

/*
 * The engine: its files (rocks*.c, snapshot.c) are the only ones that know RocksDB. A store holds
 * an open database with one column family for each datom_family, and a lock file that names the
 * writing process. Reference-counted: it closes (families, snapshots, iterators given back before)
 * with its last holder; snapshots hold it.
 *
 * Write-ahead log recovery is TolerateCorruptedTailRecords: a torn tail is dropped, a damaged
 * middle refused. Any thread.
 */

#include "base/base.h"
#include "datom/datom.h"
#include "datom/kv.h"

struct datom_store;

/*
 * dir: made when options->create, if the folder above it is there; NULL options create, read and
 * write. Fails as datom_conn_open does; a folder of other things is refused (STORE_FORMAT) before
 * anything is written to it, damage is STORE_CORRUPT. Read-only never makes or changes anything in
 * dir; a temporary folder elsewhere goes with the last holder.
 */
BS_MUST_CHECK enum bs_code datom_store_open(struct bs_str dir, const struct datom_options *options,
                                            struct datom_store **ret_store, struct bs_error *error);
struct datom_store *datom_store_ref(struct datom_store *store);
void datom_store_unref(struct datom_store *store);
bool datom_store_is_read_only(const struct datom_store *store);
/*
 * True when its meta family was empty: the caller writes the bootstrap, meta in the same write.
 * Only then is it a store: without options->create an unfinished one is not found.
 */
bool datom_store_is_new(const struct datom_store *store);
/*
 * Read-only stores: takes in what the writer has written. The store is stopped (snapshot.h): a
 * snapshot of the new state must be taken and named before it is resumed, or nobody knows its t.
 */
BS_MUST_CHECK enum bs_code datom_store_catch_up(struct datom_store *store, struct bs_error *error);

/* Writes all changes atomically; with `sync` (and not no_sync) returns when the disk has them. */
struct datom_write;
struct datom_write *datom_write_new(void);
void datom_write_free(struct datom_write *write);
void datom_write_add(struct datom_store *store, struct datom_write *write,
                     const struct datom_change *change);
size_t datom_write_bytes(const struct datom_write *write);
/* What is in it, as the engine's own batch of the same changes has it. Stands until the next add.
 */
struct bs_str datom_write_batch(struct datom_write *write);
BS_MUST_CHECK enum bs_code datom_store_write(struct datom_store *store, struct datom_write *write,
                                             bool sync, struct bs_error *error);

/* Writes what is in memory to files, so that the write-ahead log up to here goes. */
BS_MUST_CHECK enum bs_code datom_store_flush(struct datom_store *store, struct bs_error *error);
/* Merges the files that hold keys from first to last (empty: all), down to the last level: what was
 * deleted or overwritten, and no snapshot sees any more, is gone from them. After a failure, of
 * which the engine tells nothing here, it refuses writes. Without a lock. */
void datom_store_compact(struct datom_store *store, enum datom_family family, struct bs_str first,
                         struct bs_str last);

/* ---- after a failure (rocks_health.c) ---- */

/*
 * Closes the engine and opens it again, so that it shows what the disk has: for writing, or, when
 * that fails (and the failure is returned), for reading, or not at all. The store is stopped; what
 * it holds then must be named before it is resumed, as after datom_store_catch_up.
 */
BS_MUST_CHECK enum bs_code datom_store_reopen(struct datom_store *store, struct bs_error *error);
/* Whether anything can be read. */
bool datom_store_is_open(const struct datom_store *store);
/*
 * Of a read-only store that is stopped: whether what datom_store_catch_up has led to is known. If
 * not nothing can be read, until a later catching up leads to what is.
 */
void datom_store_set_loaded(struct datom_store *store, bool is_loaded);
/* STORE_FULL when the disk has less free than the options say. Caller serializes. */
BS_MUST_CHECK enum bs_code datom_store_check_space(struct datom_store *store,
                                                   struct bs_error *error);
/* The engine's and the disk's part of it. Caller serializes, and holds off datom_store_reopen. */
void datom_store_health(struct datom_store *store, struct datom_health *ret_health);

/* Estimates from the engine; bytes are those on disk (packed) and in write buffers. */
void datom_store_family_size(struct datom_store *store, enum datom_family family,
                             uint64_t *ret_bytes, uint64_t *ret_keys);
/* The names of the table files that are in use ("000012.sst"). */
void datom_store_each_table(struct datom_store *store, void (*found)(void *self, const char *name),
                            void *self);

#endif
