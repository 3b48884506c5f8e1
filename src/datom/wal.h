#ifndef DATOM_WAL_H
#define DATOM_WAL_H

/*
 * The files of the engine's logs, the write-ahead log and the MANIFEST, as the file system sees
 * them. Caller serializes: the store is locked, and not open.
 */

#include "base/base.h"

#define DATOM_WAL_FILES_MAX 64

/* What was cut off, so that it can be put back. */
struct datom_wal_cut {
    struct {
        char *path;
        int64_t bytes; /* its length before */
    } files[DATOM_WAL_FILES_MAX];
    size_t count;
};

/*
 * Cuts off the zeros at the ends of the logs of the store in `dir` where they are more than a
 * record may end with: whole sectors, behind the last record that is whole. False when there was
 * nothing to cut. datom_wal_cut_fini in any case.
 */
bool datom_wal_cut_zeros(const char *dir, struct datom_wal_cut *cut);
/* The files as they were. */
void datom_wal_restore(const struct datom_wal_cut *cut);
void datom_wal_cut_fini(struct datom_wal_cut *cut);

#endif
