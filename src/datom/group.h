#ifndef DATOM_GROUP_H
#define DATOM_GROUP_H

/*
 * Groups: the transactions that wait while others are written share the next write and its sync
 * (conn.h tells how). Everything here holds the connection's lock, and lets go of it while it
 * waits or writes.
 */

#include "datom/conn.h"
#include "datom/tx.h"

/* Transactions that share a write. Every waiting writer holds one reference, the connection one
 * while the group forms or is written. Guarded by the connection's lock. */
struct datom_group {
    uint32_t refs;
    bool is_done;
    bool is_discarded; /* done, but resolved on what failed: resolve again */
    bool has_store_failed;
    enum bs_code code;
    struct bs_error error;
    struct datom_write *write;
    struct datom_body *last; /* the body after the last of them */
    /* the same changes again, for rebasing while the group forms; borrowed from its writers, who
     * all wait until it is done */
    struct datom_change *changes;
    size_t changes_count, changes_capacity;
};

/*
 * Puts a resolved transaction into the group that forms, and gives its writer a reference. Takes
 * over nothing: the changes stand in the report's arena, and the writer keeps that until the group
 * is done.
 */
struct datom_group *datom_group_join_locked(struct datom_conn *conn, const struct tx_result *result,
                                            const struct datom_report *report);
/* Waits until the group is done, leading it when nobody writes. */
void datom_group_wait_locked(struct datom_conn *conn, struct datom_group *group);
/* A group that is large enough is written before others join. */
void datom_group_wait_for_room_locked(struct datom_conn *conn);
void datom_group_unref_locked(struct datom_group *group);
/* The transactions of the group that forms are to be resolved again, on what is published. */
void datom_group_discard_forming_locked(struct datom_conn *conn);

#endif
