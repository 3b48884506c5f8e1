#ifndef SHARED_LOG_H
#define SHARED_LOG_H

/*
 * A log in a file, for tests: the second implementation of datom/log_store.h. Any number of
 * connections of this process share one; another process may open the file when this one is gone.
 * Each change rewrites the file and moves it into place, so it is all or nothing.
 */

#include <pthread.h>

#include "datom/log_store.h"

struct shared_log {
    char path[120];
    pthread_mutex_t lock;
    pthread_cond_t grown;
    struct datom_log_record *records; /* bytes malloced */
    size_t count;
    /* The next append fails: 1 before it has done anything, 2 after it has. */
    int fail_next_append;
    bool fail_next_replace; /* before it has done anything */
    /* Runs at the end of an append, with the lock given back: to be killed there, for instance. */
    void (*after_append)(void *self);
    void *after_append_self;
    /* Runs at the beginning of a read: to look at who waits for it, for instance. */
    void (*before_read)(void *self);
    void *before_read_self;
    unsigned conflicts; /* appends that were refused */
};

/* Reads the file, where there is one. */
void shared_log_open(struct shared_log *log, const char *path);
void shared_log_close(struct shared_log *log);
struct datom_log_store shared_log_store(struct shared_log *log);

#endif
