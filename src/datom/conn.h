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
 *    again; so does everybody when the log has a transaction of another process at the group's t.
 */

#include <pthread.h>

#include "datom/datom.h"
#include "datom/db.h"
#include "datom/holders.h"
#include "datom/log_store.h"
#include "datom/purge.h"

struct datom_group; /* group.h */
struct tx;          /* tx.h */

/* An event loop that wants to know of what is published: an eventfd. */
struct datom_watcher {
    int fd;
    struct datom_watcher *next;
};

/* What is wrong with the store since a write failed, and how it is going on (recover.c). */
struct datom_fault {
    enum bs_code code; /* OK: it can be written */
    struct bs_error error;
    int64_t next_try_ns; /* monotonic */
    uint64_t in_a_row;   /* failed writes without one between that did not */
    uint64_t failures, recoveries;
};

struct datom_conn {
    struct bs_ref ref;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was published, or a group is done; CLOCK_MONOTONIC */
    struct bs_clock clock;
    struct datom_store *store;  /* NULL: memory, or a fork */
    struct datom_log_store log; /* with a store */
    bool has_own_log;           /* another one than the store's own: it is written first */
    bool no_sync;
    pthread_mutex_t publish_lock; /* of published alone, so that readers never wait for a writer */
    struct datom_db *published;   /* changed under both locks */
    pthread_cond_t was_published; /* with publish_lock; CLOCK_MONOTONIC */
    struct datom_watcher *watchers; /* of publish_lock too */
    struct datom_body *tip;
    struct tx *tx; /* what transactions work in (tx.h); NULL until the first one */
    struct datom_report *_Atomic spare; /* that nobody asked for, to be used again; NULL: none */
    struct datom_holders *holders;      /* of the tip; NULL: not with a store that is written */
    struct datom_group *forming;
    uint64_t discards; /* times that what was resolved and not written yet was thrown away */
    bool is_writing;
    struct datom_fault fault;
    /* figures, for health.h */
    uint64_t groups, group_ns, group_ns_max;
    uint64_t clock_behind;
    int64_t clock_behind_ms_max;
};

/* ---- a store that fails (recover.c) ---- */

/*
 * After the write of a group failed on top of published_t: opens the store again and finds out what
 * has become of the group. Returns the group's code, with its error; *ret_again: it was not
 * written, and is worth another try.
 */
enum bs_code datom_conn_settle_locked(struct datom_conn *conn, struct datom_group *group,
                                      uint64_t published_t, bool *ret_again);
/*
 * STORE_FAILED, STORE_FULL, STORE_CORRUPT when nothing can be written. *ret_tried: a failed store
 * was opened again, and what was resolved on an earlier state must be resolved again. No write may
 * be under way.
 */
BS_MUST_CHECK enum bs_code
datom_conn_check_writable_locked(struct datom_conn *conn, bool *ret_tried, struct bs_error *error);

/* Makes a body the newest value. Holds the lock. */
void datom_conn_publish_locked(struct datom_conn *conn, struct datom_body *body);
/* The same with a value that is there already; takes a reference. */
void datom_conn_publish_db_locked(struct datom_conn *conn, struct datom_db *db);
/* Makes it what the next transaction is resolved on. Holds the lock. */
void datom_conn_set_tip_locked(struct datom_conn *conn, struct datom_body *body);

/* ---- following (follow.c) ---- */

/* Whether there may be other writers: read-only, or with a log that others may write. */
bool datom_conn_follows_others(const struct datom_conn *conn);
/*
 * Returns when something newer than t may be published, the deadline has passed, somebody has set
 * `cancelled` and called wake, or after a moment: the caller looks. Takes in what others have
 * written, and fails only where that does. Without a lock.
 */
BS_MUST_CHECK enum bs_code datom_conn_wait_a_while(struct datom_conn *conn, uint64_t t,
                                                   const struct bs_interrupt *interrupt,
                                                   _Atomic bool *cancelled, struct bs_error *error);
void datom_conn_wake(struct datom_conn *conn);
/* Watchers are written to whenever something is published. The storage is the caller's. */
void datom_conn_watch(struct datom_conn *conn, struct datom_watcher *watcher);
void datom_conn_unwatch(struct datom_conn *conn, struct datom_watcher *watcher);
/* All who wait or watch. Holds publish_lock. */
void datom_conn_wake_published_locked(struct datom_conn *conn);
/* Takes in what the connection's log has beyond its own t; no write may be under way, before and
 * after. Lets go of the lock in between, when the connection has a log of its own. */
BS_MUST_CHECK enum bs_code datom_conn_feed_locked(struct datom_conn *conn, struct bs_error *error);
/*
 * What changes say of the log: the records beyond basis_t, or those up to it, which an erasure has
 * written anew. By t, each once; freed by the caller, bytes borrowed from the changes.
 */
struct datom_log_record *datom_conn_list_records(const struct datom_change *changes, size_t count,
                                                 uint64_t basis_t, bool is_new, size_t *ret_count);
BS_MUST_CHECK enum bs_code datom_conn_replace_records(struct datom_conn *conn,
                                                      const struct datom_change *changes,
                                                      size_t count, uint64_t basis_t,
                                                      struct bs_error *error);

#endif
