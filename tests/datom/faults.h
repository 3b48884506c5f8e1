#ifndef TESTS_DATOM_FAULTS_H
#define TESTS_DATOM_FAULTS_H

/*
 * A disk that fails, and a power cut. libfaults stands before the C library's calls that write
 * files, for the engine and for us: a test links it, another program gets it by LD_PRELOAD.
 *
 *  - A rule makes calls fail: the n-th that matches, or all from there on.
 *  - A recording keeps what a power cut would leave: of each file what was synced, of the folder
 *    the names that it had when it was synced itself. power_cut makes a folder of that.
 *
 * Only files directly in the watched folder are touched. One rule, one recording. Any thread.
 * Another program gets both from its environment: $FAULTS_DIR is watched, $FAULTS_RULE names a file
 * that holds the struct faults_rule (mapped, so that the rule can change), $FAULTS_SHADOW has the
 * recording begin.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum faults_kind {
    FAULTS_WRITE = 1,  /* write, pwrite, fallocate */
    FAULTS_SYNC = 2,   /* fsync, fdatasync, of the folder too */
    FAULTS_CREATE = 4, /* open of a file that is not there */
    FAULTS_RENAME = 8,
    FAULTS_READ = 16, /* read, pread */
    FAULTS_ALL_WRITES = FAULTS_WRITE | FAULTS_SYNC | FAULTS_CREATE | FAULTS_RENAME,
};

struct faults_rule {
    _Atomic uint32_t kinds;   /* of faults_kind; 0: nothing fails */
    int32_t error;            /* an errno */
    char name_part[32];       /* only files that have this in their names; empty: all */
    uint64_t after;           /* so many matching calls succeed first */
    uint64_t count;           /* then so many fail; 0: all */
    bool half;                /* a write that fails has written the half of it */
    _Atomic uint64_t matched; /* out: calls that matched */
    _Atomic uint64_t failed;  /* out: calls that failed */
};

BS_API void faults_watch(const char *dir);
/* The rule from now on; it counts from 0. */
BS_API void faults_set(const struct faults_rule *rule);
BS_API void faults_heal(void);
BS_API uint64_t faults_matched(void);
BS_API uint64_t faults_failed(void);

/*
 * From now on what is synced in the watched folder is kept in the folder `shadow`, which must be
 * empty; what is there already counts as synced. The disk itself is not asked to sync any more.
 */
BS_API void faults_record(const char *shadow);

enum power_cut {
    POWER_CUT_DROP,  /* nothing that was not synced has survived */
    POWER_CUT_TORN,  /* of what was not synced some has: the beginning of each file's tail */
    POWER_CUT_ZEROS, /* each file has its length, and zeros from some sector of the tail on */
    POWER_CUT_COUNT,
};

/* Makes `dir` what a power cut left; the process that recorded is dead. False: `shadow` has no
 * recording. */
BS_API bool power_cut(const char *dir, const char *shadow, enum power_cut cut,
                      struct bs_random *random);

#endif
