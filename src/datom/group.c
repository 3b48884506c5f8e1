/*
 * Groups of transactions that share a write: how they form, are written by one of their writers
 * outside the lock, and are published or taken back. What a transaction is made of is commit.c's
 * business, a store that fails recover.c's.
 */

#include "datom/group.h"

#include "datom/load.h"

static struct datom_group *group_new(void)
{
    struct datom_group *group = bs_calloc(1, sizeof(*group));
    group->refs = 1;
    group->write = datom_write_new();
    return group;
}

void datom_group_unref_locked(struct datom_group *group)
{
    if (--group->refs > 0)
        return;
    datom_write_free(group->write);
    datom_body_unref(group->last);
    free(group->changes);
    free(group);
}

static void group_add_change(struct datom_conn *conn, struct datom_group *group,
                             const struct datom_change *change)
{
    datom_write_add(conn->store, group->write, change);
    if (change->family == DATOM_FAMILY_META)
        return;
    bs_grow(&group->changes, group->changes_count, &group->changes_capacity,
            sizeof(*group->changes));
    group->changes[group->changes_count++] = *change;
}

static void add_meta(struct datom_conn *conn, struct datom_group *group,
                     const struct datom_body *body, const struct datom *datoms, size_t count,
                     struct bs_arena *arena)
{
    struct datom_change *meta;
    size_t meta_count;
    datom_load_meta_changes(body, datoms, count, arena, &meta, &meta_count);
    for (size_t i = 0; i < meta_count; i++)
        group_add_change(conn, group, &meta[i]);
}

struct datom_group *datom_group_join_locked(struct datom_conn *conn, const struct tx_result *result,
                                            const struct datom_report *report)
{
    if (!conn->forming)
        conn->forming = group_new();
    struct datom_group *group = conn->forming;
    group->refs++;
    for (size_t i = 0; i < result->changes_count; i++)
        group_add_change(conn, group, &result->changes[i]);
    add_meta(conn, group, result->body, report->datoms, report->datoms_count, report->arena);
    if (result->uncounted_count > 0)
        add_meta(conn, group, result->body, result->uncounted, result->uncounted_count,
                 report->arena);
    if (result->has_erased)
        group_add_change(conn, group, datom_purge_mark(report->t, report->arena));
    datom_body_unref(group->last);
    group->last = datom_body_ref(result->body);
    return group;
}

/* The group that forms, on top of what was just published instead of on an old base. */
static void rebase_forming_locked(struct datom_conn *conn, struct datom_body *base)
{
    struct datom_group *forming = conn->forming;
    struct datom_body *tip = datom_load_rebase(forming->last, datom_snapshot_ref(base->snapshot));
    for (size_t i = 0; i < forming->changes_count; i++)
        datom_body_change(tip, &forming->changes[i]);
    datom_body_unref(forming->last);
    forming->last = datom_body_ref(tip);
    datom_conn_set_tip_locked(conn, tip);
    datom_body_unref(tip);
}

void datom_group_discard_forming_locked(struct datom_conn *conn)
{
    conn->discards++;
    if (conn->forming) {
        conn->forming->is_done = true;
        conn->forming->is_discarded = true;
        datom_group_unref_locked(conn->forming);
        conn->forming = NULL;
    }
    if (conn->holders)
        datom_holders_clear(conn->holders); /* another transaction may come to have the same t */
    datom_conn_set_tip_locked(conn, conn->published->body);
    pthread_cond_broadcast(&conn->changed);
}

static void finish_group_locked(struct datom_conn *conn, struct datom_group *group)
{
    group->is_done = true;
    if (group->code == BS_OK) {
        struct datom_body *body = datom_load_rebase(group->last, datom_snapshot_take(conn->store));
        datom_conn_publish_locked(conn, body);
        datom_store_expire(conn->store);
        if (conn->forming)
            rebase_forming_locked(conn, body);
        else
            datom_conn_set_tip_locked(conn, body);
        datom_body_unref(body);
        return;
    }
    /* nothing that was resolved on top of it holds any more */
    datom_group_discard_forming_locked(conn);
}

/* The log has the transaction, and still what it erases: nobody should send it again. */
static enum bs_code not_erased(const struct datom_group *group, struct bs_error *error)
{
    char cause[BS_ERROR_MESSAGE_MAX];
    snprintf(cause, sizeof(cause), "%s", error->message);
    return bs_error_set(error, BS_REASON_STORE_OUTCOME_UNKNOWN,
                        "transactions up to t %llu are in the log, but what they erase could not "
                        "be taken out of it; that is done when the log is read on: %s",
                        (unsigned long long)group->last->basis_t, cause);
}

/* The log first; the indexes need a sync only where the log is part of their write. Without the
 * lock: what the group points to stands still until it is done. */
static enum bs_code write_group(struct datom_conn *conn, struct datom_group *group,
                                uint64_t basis_t, struct bs_error *error)
{
    bool is_durable = false;
    size_t count;
    struct datom_log_record *records =
        datom_conn_list_records(group->changes, group->changes_count, basis_t, true, &count);
    enum bs_code code =
        conn->log.append(conn->log.self, basis_t, records, count, &is_durable, error);
    free(records);
    if (code != BS_OK)
        return code;
    code = datom_conn_replace_records(conn, group->changes, group->changes_count, basis_t, error);
    if (code != BS_OK)
        return not_erased(group, error);
    code = datom_store_write(conn->store, group->write, !is_durable && !conn->no_sync, error);
    group->has_store_failed = code != BS_OK;
    return code;
}

/* The write itself, outside the lock. */
static enum bs_code write_timed_locked(struct datom_conn *conn, struct datom_group *group)
{
    int64_t began_ns = bs_monotonic_ns();
    conn->is_writing = true;
    uint64_t basis_t = datom_db_basis_t(conn->published);
    pthread_mutex_unlock(&conn->lock);
    enum bs_code code = write_group(conn, group, basis_t, &group->error);
    pthread_mutex_lock(&conn->lock);
    conn->is_writing = false;
    uint64_t took_ns = (uint64_t)(bs_monotonic_ns() - began_ns);
    conn->groups++;
    conn->group_ns += took_ns;
    conn->group_ns_max = BS_MAX(conn->group_ns_max, took_ns);
    return code;
}

/* Others were faster: its writers resolve again on what those wrote. Done only when that is known,
 * as the lock is not held all the time. */
static void make_way_locked(struct datom_conn *conn, struct datom_group *group)
{
    datom_group_discard_forming_locked(conn);
    group->code = datom_conn_feed_locked(conn, &group->error);
    group->is_discarded = group->code == BS_OK;
    group->is_done = true;
}

static void lead_locked(struct datom_conn *conn)
{
    struct datom_group *group = conn->forming;
    conn->forming = NULL;
    uint64_t published_t = datom_db_basis_t(conn->published);
    bool again;
    enum bs_code code = datom_conn_check_writable_locked(conn, &again, &group->error);
    if (code == BS_OK && !again) {
        code = write_timed_locked(conn, group);
        if (code == BS_OK)
            conn->fault.in_a_row = 0;
        else if (group->has_store_failed)
            code = datom_conn_settle_locked(conn, group, published_t, &again);
    }
    group->is_discarded = again;
    group->code = again && code == BS_OK ? BS_UNAVAILABLE : code;
    if (code != BS_OK && group->error.reason == BS_REASON_DB_LOG_CONFLICT)
        make_way_locked(conn, group);
    else
        finish_group_locked(conn, group);
    if (again)
        group->code = BS_OK; /* its writers resolve again, and find out */
    datom_group_unref_locked(group);
    pthread_cond_broadcast(&conn->changed);
}

void datom_group_wait_locked(struct datom_conn *conn, struct datom_group *group)
{
    while (!group->is_done) {
        if (!conn->is_writing && conn->forming == group)
            lead_locked(conn);
        else
            pthread_cond_wait(&conn->changed, &conn->lock);
    }
}

void datom_group_wait_for_room_locked(struct datom_conn *conn)
{
    while (conn->forming && datom_write_bytes(conn->forming->write) >= BS_LIMIT_GROUP_BYTES) {
        if (conn->is_writing)
            pthread_cond_wait(&conn->changed, &conn->lock);
        else
            lead_locked(conn);
    }
}
