#ifndef DATOM_WAL_DAMAGE_H
#define DATOM_WAL_DAMAGE_H

/*
 * Damage that the engine takes for the torn end of a log. It drops what stands behind a record that
 * seems to end after the file does, or that seems to be of another kind; a flipped bit in a
 * record's length or type makes one such, and everything after it would be lost in silence. So the
 * logs are looked at before the engine is opened.
 *
 * Format: RocksDB, db/log_format.h. Any thread; reads only.
 */

#include "base/base.h"

struct datom_wal_damage {
    char name[256]; /* of the file */
    int64_t offset; /* where the record begins that can't be read */
};

/*
 * Whether a log in `dir`, or the MANIFEST that CURRENT names, ends where it does not end: whole
 * records stand behind a place that can't be read, or the record there is whole with another length
 * or type. What is only torn is none; what can't be read at all is for the engine to tell. Costs a
 * look at each record's head: the logs are read once, at half a second a GiB or less where they are
 * in memory. While another process writes, a log may look damaged for a moment, where the file
 * system shows a file's length before its bytes.
 */
bool datom_wal_find_damage(const char *dir, struct datom_wal_damage *ret_damage);

/* Whether the byte before `at` of a log is in a record that is whole, and where that one ends. */
bool datom_wal_find_record(int fd, int64_t at, int64_t *ret_end);

#endif
