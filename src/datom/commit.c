/* The one commit path: resolve under the lock, then publish (memory) or write in a group (disk). */

#include "datom/conn.h"
#include "datom/load.h"
#include "datom/tx.h"

/* ---- reports ---- */

static struct datom_report *report_new(struct datom_body *before)
{
    struct datom_report *report = bs_calloc(1, sizeof(*report));
    report->arena = bs_arena_new(0);
    report->db_before = datom_db_new(before);
    return report;
}

void datom_report_free(struct datom_report *report)
{
    if (!report)
        return;
    datom_db_unref(report->db_before);
    datom_db_unref(report->db_after);
    bs_arena_free(report->arena);
    free(report);
}

void datom_report_freep(struct datom_report **report)
{
    datom_report_free(*report);
}

datom_id datom_report_tempid(const struct datom_report *report, struct bs_str name)
{
    for (size_t i = 0; i < report->tempids_count; i++) {
        if (bs_str_equal(report->tempids[i].name, name))
            return report->tempids[i].id;
    }
    return DATOM_NO_ID;
}

/* ---- groups ---- */

static struct datom_group *group_new(void)
{
    struct datom_group *group = bs_calloc(1, sizeof(*group));
    group->refs = 1;
    group->write = datom_write_new();
    return group;
}

static void group_unref_locked(struct datom_group *group)
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

/*
 * Puts a resolved transaction into the group that forms. Takes over nothing: the changes stand in
 * the report's arena, and its writer keeps that until the group is done.
 */
static struct datom_group *join_group_locked(struct datom_conn *conn,
                                             const struct tx_result *result,
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

static void set_tip_locked(struct datom_conn *conn, struct datom_body *body)
{
    datom_body_ref(body);
    datom_body_unref(conn->tip);
    conn->tip = body;
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
    set_tip_locked(conn, tip);
    datom_body_unref(tip);
}

void datom_conn_discard_forming_locked(struct datom_conn *conn)
{
    if (conn->forming) {
        conn->forming->is_done = true;
        conn->forming->is_discarded = true;
        group_unref_locked(conn->forming);
        conn->forming = NULL;
    }
    set_tip_locked(conn, conn->published->body);
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
            set_tip_locked(conn, body);
        datom_body_unref(body);
        return;
    }
    /* nothing that was resolved on top of it holds any more */
    datom_conn_discard_forming_locked(conn);
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
    BS_TRY(datom_conn_replace_records(conn, group->changes, group->changes_count, basis_t, error));
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
    finish_group_locked(conn, group);
    if (again)
        group->code = BS_OK; /* its writers resolve again, and find out */
    if (code != BS_OK && group->error.reason == BS_REASON_DB_LOG_CONFLICT) {
        group->code = datom_conn_feed_locked(conn, &group->error);
        group->is_discarded = group->code == BS_OK;
    }
    group_unref_locked(group);
    pthread_cond_broadcast(&conn->changed);
}

/* Waits until the group is done, leading it when nobody writes. */
static void wait_for_group_locked(struct datom_conn *conn, struct datom_group *group)
{
    while (!group->is_done) {
        if (!conn->is_writing && conn->forming == group)
            lead_locked(conn);
        else
            pthread_cond_wait(&conn->changed, &conn->lock);
    }
}

/* ---- one transaction ---- */

/*
 * Whether a transaction that was refused on the state of t may fare better: another process has
 * written to the log since, and what it wrote is taken in now.
 */
static bool is_out_of_date_locked(struct datom_conn *conn, uint64_t t)
{
    if (!conn->has_own_log)
        return false;
    while (conn->is_writing)
        pthread_cond_wait(&conn->changed, &conn->lock);
    return datom_conn_feed_locked(conn, NULL) == BS_OK && datom_db_basis_t(conn->published) > t;
}

/* A group that is large enough is written before others join. */
static void wait_for_room_locked(struct datom_conn *conn)
{
    while (conn->forming && datom_write_bytes(conn->forming->write) >= BS_LIMIT_GROUP_BYTES) {
        if (conn->is_writing)
            pthread_cond_wait(&conn->changed, &conn->lock);
        else
            lead_locked(conn);
    }
}

/* A clock that stands before the last transaction is overruled (tx.c), and counted. */
static void note_clock_locked(struct datom_conn *conn)
{
    int64_t behind_ms = conn->tip->last_instant_ms - conn->clock.now_ms(conn->clock.self);
    if (behind_ms <= 0)
        return;
    conn->clock_behind++;
    conn->clock_behind_ms_max = BS_MAX(conn->clock_behind_ms_max, behind_ms);
}

/* A transaction from its resolution to its end. */
struct datom_pending {
    struct datom_conn *conn;
    struct edn tx_data;
    const struct datom_tx_options *options; /* may be NULL */
    struct datom_report *report;
    struct datom_group *group; /* that it is written with; NULL: in memory, published at once */
    struct datom_purge *purge; /* what it erased from files; NULL: nothing */
};

static void drop(struct datom_pending *pending)
{
    datom_report_free(pending->report);
    pending->report = NULL;
    datom_purge_free(pending->purge);
    pending->purge = NULL;
}

/* Resolves it on top of the tip; *ret_again: another process was faster, nothing has begun. */
static enum bs_code resolve_locked(struct datom_pending *pending, bool *ret_again,
                                   struct bs_error *error)
{
    struct datom_conn *conn = pending->conn;
    const struct datom_tx_options *options = pending->options;
    wait_for_room_locked(conn);
    note_clock_locked(conn);
    struct datom_report *report = report_new(conn->tip);
    struct tx_request request = {
        .before = conn->tip,
        .tx_data = pending->tx_data,
        .clock = conn->clock,
        .interrupt = options ? options->interrupt : NULL,
        .keep_changes = conn->store != NULL,
    };
    struct tx_result result;
    *ret_again = false;
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code code = tx_run(&request, report, &result, &failure);
    if (code != BS_OK) {
        *ret_again = is_out_of_date_locked(conn, datom_db_basis_t(report->db_before));
        datom_report_free(report);
        if (!*ret_again && error)
            *error = failure;
        return *ret_again ? BS_OK : code;
    }
    report->db_after = datom_db_new(result.body);
    set_tip_locked(conn, result.body);
    if (conn->store)
        pending->group = join_group_locked(conn, &result, report);
    else
        datom_conn_publish_locked(conn, result.body);
    datom_body_unref(result.body);
    if (conn->store && result.has_erased)
        pending->purge = datom_purge_new(report->t, result.touched, result.touched_count);
    pending->report = report;
    return BS_OK;
}

static enum bs_code begin_locked(struct datom_pending *pending, struct bs_error *error)
{
    bool again;
    do {
        if (pending->options)
            BS_TRY(bs_interrupt_check(pending->options->interrupt, error));
        BS_TRY(resolve_locked(pending, &again, error));
    } while (again);
    return BS_OK;
}

/* Waits for its write. *ret_again: what it was resolved on did not come to be. */
static enum bs_code settle_locked(struct datom_pending *pending, bool *ret_again,
                                  struct bs_error *error)
{
    struct datom_conn *conn = pending->conn;
    const struct datom_tx_options *options = pending->options;
    struct datom_group *group = pending->group;
    *ret_again = false;
    if (!group)
        return BS_OK;
    if (options && options->wait_begin)
        options->wait_begin(options->wait_self);
    wait_for_group_locked(conn, group);
    if (options && options->wait_end) {
        pthread_mutex_unlock(&conn->lock);
        options->wait_end(options->wait_self);
        pthread_mutex_lock(&conn->lock);
    }
    enum bs_code code = group->code;
    *ret_again = group->is_discarded;
    if (code != BS_OK && error)
        *error = group->error;
    group_unref_locked(group);
    pending->group = NULL;
    if (code != BS_OK || *ret_again)
        drop(pending);
    return code;
}

static enum bs_code end_locked(struct datom_pending *pending, struct bs_error *error)
{
    bool again;
    BS_TRY(settle_locked(pending, &again, error));
    while (again) {
        BS_TRY(begin_locked(pending, error));
        BS_TRY(settle_locked(pending, &again, error));
    }
    return BS_OK;
}

static enum bs_code check_writable(const struct datom_conn *conn, struct bs_error *error)
{
    if (!datom_conn_is_read_only(conn))
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_READ_ONLY,
                        "the store was opened read-only: transact through the process that "
                        "writes it");
}

/* Its end, without the lock. What fails in cleaning files is done at the next open. */
static void give_report(struct datom_pending *pending, struct datom_report **ret_report)
{
    if (pending->purge)
        (void)!datom_store_purge(pending->conn->store, pending->purge, NULL);
    if (ret_report) {
        *ret_report = pending->report;
        pending->report = NULL;
    }
    drop(pending);
}

enum bs_code datom_transact(struct datom_conn *conn, struct edn tx_data,
                            const struct datom_tx_options *options,
                            struct datom_report **ret_report, struct bs_error *error)
{
    struct datom_pending pending = {.conn = conn, .tx_data = tx_data, .options = options};
    BS_TRY(check_writable(conn, error));
    pthread_mutex_lock(&conn->lock);
    enum bs_code code = begin_locked(&pending, error);
    if (code == BS_OK)
        code = end_locked(&pending, error);
    pthread_mutex_unlock(&conn->lock);
    if (code == BS_OK)
        give_report(&pending, ret_report);
    return code;
}

/* ---- transactions that are waited for later ---- */

enum bs_code datom_transact_begin(struct datom_conn *conn, struct edn tx_data,
                                  const struct datom_tx_options *options,
                                  struct datom_pending **ret_pending, struct bs_error *error)
{
    struct datom_pending pending = {.conn = conn, .tx_data = tx_data, .options = options};
    BS_TRY(check_writable(conn, error));
    pthread_mutex_lock(&conn->lock);
    enum bs_code code = begin_locked(&pending, error);
    pthread_mutex_unlock(&conn->lock);
    BS_TRY(code);
    datom_conn_ref(conn);
    *ret_pending = bs_memdup(&pending, sizeof(pending));
    return BS_OK;
}

struct datom_db *datom_pending_db(const struct datom_pending *pending)
{
    return pending->report->db_after;
}

enum bs_code datom_pending_end(struct datom_pending *pending, struct datom_report **ret_report,
                               struct bs_error *error)
{
    struct datom_conn *conn = pending->conn;
    pthread_mutex_lock(&conn->lock);
    enum bs_code code = end_locked(pending, error);
    pthread_mutex_unlock(&conn->lock);
    if (code == BS_OK)
        give_report(pending, ret_report);
    free(pending);
    datom_conn_unref(conn);
    return code;
}

enum bs_code datom_transact_text(struct datom_conn *conn, struct bs_str text,
                                 const struct datom_tx_options *options,
                                 struct datom_report **ret_report, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn tx_data;
    BS_TRY(edn_read(text, arena, &tx_data, error));
    return datom_transact(conn, tx_data, options, ret_report, error);
}

enum bs_code datom_with(struct datom_db *db, struct edn tx_data, const struct bs_clock *clock,
                        struct datom_report **ret_report, struct bs_error *error)
{
    if (db->is_history)
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "with needs a value that is no history");
    struct datom_report *report = report_new(db->body);
    struct tx_request request = {
        .before = db->body,
        .tx_data = tx_data,
        .clock = clock ? *clock : bs_clock_system(),
    };
    struct tx_result result;
    enum bs_code code = tx_run(&request, report, &result, error);
    if (code != BS_OK) {
        datom_report_free(report);
        return code;
    }
    datom_db_unref(report->db_before);
    report->db_before = datom_db_ref(db);
    report->db_after = datom_db_new(result.body);
    datom_body_unref(result.body);
    report->db_after->filter = datom_filter_ref(db->filter);
    report->db_after->has_as_of = db->has_as_of;
    report->db_after->as_of_t = db->as_of_t;
    report->db_after->has_since = db->has_since;
    report->db_after->since_t = db->since_t;
    *ret_report = report;
    return BS_OK;
}
