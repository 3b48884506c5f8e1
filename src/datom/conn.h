#ifndef DATOM_CONN_H
#define DATOM_CONN_H

/*
 * Connections, inside. One lock; under it transactions are resolved one after another, each against
 * the one before (the tip). In memory and in forks the tip is published at once. On disk:
 *
 *  - changes go into the group that is forming;
 *  - a writer that finds no write under way leads: takes the group, writes it with one sync outside
 *    the lock, publishes; those who came meanwhile form the next group;
 *  - publishing gives readers a value on a new snapshot without overlay, and puts what was resolved
 *    since on top of that for the tip;
 *  - when the write fails, its writers get the error, and whoever resolved on top of them resolves
 *    again.
 */

#include <pthread.h>

#include "datom/datom.h"
#include "datom/db.h"

/* Transactions that share a write. Every waiting writer holds one reference, the connection one
 * while the group forms or is written. Guarded by the connection's lock. */
struct datom_group {
    uint32_t refs;
    bool is_done;
    bool is_discarded; /* done, but resolved on what failed: resolve again */
    enum bs_code code;
    struct bs_error error;
    struct datom_write *write;
    struct datom_body *last; /* the body after the last of them */
    /* the same changes again, for rebasing while the group forms; borrowed from its writers, who
     * all wait until it is done */
    struct datom_change *changes;
    size_t changes_count, changes_capacity;
};

struct datom_conn {
    struct bs_ref ref;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was published, or a group is done; CLOCK_MONOTONIC */
    struct bs_clock clock;
    struct datom_store *store; /* NULL: memory, or a fork */
    bool no_sync;
    pthread_mutex_t publish_lock; /* of published alone, so that readers never wait for a writer */
    struct datom_db *published;   /* changed under both locks */
    struct datom_body *tip;
    struct datom_group *forming;
    bool is_writing;
};

/* Makes a body the newest value. Holds the lock. */
void datom_conn_publish_locked(struct datom_conn *conn, struct datom_body *body);

#endif
