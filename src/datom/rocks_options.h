#ifndef DATOM_ROCKS_OPTIONS_H
#define DATOM_ROCKS_OPTIONS_H

/* How RocksDB is set up. Only for rocks.c. */

#include <rocksdb/c.h>

#include "datom/datom.h"
#include "datom/kv.h"

/* RocksDB's own default family, unused, then one for each datom_family. */
#define DATOM_ROCKS_COLUMNS (1 + DATOM_FAMILY_COUNT)

struct datom_rocks_options {
    rocksdb_options_t *db;
    rocksdb_options_t *columns[DATOM_ROCKS_COLUMNS];
    rocksdb_cache_t *cache;
};

/*
 * Owned by the caller, to be kept until the database is closed. `compress` false is for libraries
 * that were built without LZ4 or Zstandard.
 */
void datom_rocks_options_init(struct datom_rocks_options *options,
                              const struct datom_options *given, bool compress);
void datom_rocks_options_fini(struct datom_rocks_options *options);

#endif
