#ifndef TESTS_DATOM_FAULTS_RECORD_H
#define TESTS_DATOM_FAULTS_RECORD_H

/* The recording half of libfaults. The caller (faults.c) serializes, and tells of each call. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Files are numbered by us, from 1: the file system gives an inode's number away again. */
typedef uint32_t record_file;
#define RECORD_NO_FILE 0u

void record_begin(const char *dir, const char *shadow);
bool record_is_on(void);
/* The file of that name; a new one when it was just made. */
record_file record_opened(const char *name, bool is_new);
/* From `offset` on the file is not what was synced. */
void record_written(record_file file, off_t offset);
/* `fd` is the file's. */
void record_synced(record_file file, int fd);
void record_dir_synced(void);
void record_renamed(const char *old_name, const char *new_name);
void record_unlinked(const char *name);

#endif
