#ifndef DATOM_FOLDER_H
#define DATOM_FOLDER_H

/*
 * The folder of a store as the file system sees it: what is in it, who writes it, and folders of
 * our own that go again. Knows no RocksDB but for the name of the file that each of its databases
 * has. Any thread.
 */

#include "base/base.h"

/*
 * Beside RocksDB's files; its content is two decimal numbers, "PID EPOCH", and a newline: the
 * writing process (0: it closed the store) and how many openings for writing there were. A pid
 * without a lock is what a killed process left behind.
 */
#define DATOM_LOCK_FILE "LOCK.bandstand"

enum datom_folder_kind {
    DATOM_FOLDER_MISSING,
    DATOM_FOLDER_EMPTY,   /* or a store whose making stopped before the engine had made anything */
    DATOM_FOLDER_STORE,   /* with our lock file and a RocksDB database */
    DATOM_FOLDER_ROCKSDB, /* a RocksDB database without the lock file: a copy of a store, or
                             another's */
    DATOM_FOLDER_DAMAGED, /* a store's data without the file that everything begins with */
    DATOM_FOLDER_OTHER,   /* things that are nothing of ours */
};

/* STORE_FORMAT when there is something that is not a folder, STORE_IO when it can't be read. */
BS_MUST_CHECK enum bs_code datom_folder_look(const char *path, enum datom_folder_kind *ret_kind,
                                             struct bs_error *error);
/* Makes it, where its parent is (STORE_NOT_FOUND else), durably. Fine when it is there. */
BS_MUST_CHECK enum bs_code datom_folder_make(const char *path, struct bs_error *error);

/*
 * Takes the lock of a writing process (an open-file-description lock: gone with the process however
 * it ends, so a lock file without a lock means nothing). STORE_LOCKED names the holder's pid, in
 * the message and in the field "pid". Give the lock to
 * datom_folder_unlock.
 */
struct datom_folder_lock {
    int fd; /* -1: not locked */
    uint64_t epoch;
    bool was_left; /* the one before has not closed the store: it was killed, or lost its power */
};
BS_MUST_CHECK enum bs_code datom_folder_lock(const char *path, struct datom_folder_lock *ret_lock,
                                             struct bs_error *error);
/* The same figures without the lock: of the newest opening, `was_left` when its process is gone and
 * has not closed the store. */
void datom_folder_last_lock(const char *path, struct datom_folder_lock *ret_lock);
void datom_folder_unlock(struct datom_folder_lock *lock); /* not locked: nothing */

/* $TMPDIR, or /tmp. Static, or the environment's. */
const char *datom_folder_temporary(void);
/* A new private folder there; free the path after datom_folder_remove. */
BS_MUST_CHECK enum bs_code datom_folder_make_temporary(char **ret_path, struct bs_error *error);
/* With the files in it (not with folders). NULL: nothing. */
void datom_folder_remove(const char *path);

#endif
