#ifndef DATOM_FILES_H
#define DATOM_FILES_H

/*
 * Files for backups: copied with a checksum of every byte, written so that they are whole or not
 * there. Knows neither stores nor RocksDB. Any thread.
 */

#include "base/base.h"

/* XXH3, 128 bits, as hex. */
#define DATOM_FILE_HASH_SIZE 33

struct datom_file_facts {
    uint64_t size;
    int64_t mtime_ns;
};

struct datom_file_copied {
    uint64_t size;
    char hash[DATOM_FILE_HASH_SIZE];
};

/* Called with the bytes that have just been read. */
struct datom_file_meter {
    void (*add)(void *self, uint64_t bytes);
    void *self;
};

/* "FOLDER/NAME"; the caller frees it. */
char *datom_file_path(const char *folder, const char *name);
/* STORE_IO naming the path, by errno. */
enum bs_code datom_file_error(struct bs_error *error, const char *verb, const char *path);

/* Without following links. *ret_found false when it is not there. */
BS_MUST_CHECK enum bs_code datom_file_look(const char *path, struct datom_file_facts *ret_facts,
                                           bool *ret_found, struct bs_error *error);
/*
 * Reads as many bytes as the file has at the beginning (it may be growing) and writes them to a new
 * file, which is on the disk when this returns and has the time `mtime_ns` (0: now). `to` NULL:
 * only reads. A file that gets shorter meanwhile is STORE_IO. Nothing is left at `to` on failure.
 */
BS_MUST_CHECK enum bs_code datom_file_copy(const char *from, const char *to, int64_t mtime_ns,
                                           const struct datom_file_meter *meter,
                                           struct datom_file_copied *ret_copied,
                                           struct bs_error *error);
/* A hard link, or a copy where the file system has none. *ret_found false: `from` is not there. */
BS_MUST_CHECK enum bs_code datom_file_link(const char *from, const char *to, bool *ret_found,
                                           struct bs_error *error);
/* Puts a whole new file into place, by way of "PATH.tmp". */
BS_MUST_CHECK enum bs_code datom_file_write(const char *path, struct bs_str text,
                                            struct bs_error *error);
BS_MUST_CHECK enum bs_code datom_file_read(const char *path, struct bs_buf *out,
                                           struct bs_error *error);
/* Makes what was named in the folder durable. */
void datom_file_sync_folder(const char *path);

/* The names in a folder but for . and .., in no order, in the arena. */
BS_MUST_CHECK enum bs_code datom_file_list(const char *folder, struct bs_arena *arena,
                                           const char ***ret_names, size_t *ret_count,
                                           struct bs_error *error);

#endif
