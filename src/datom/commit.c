/*
 * The one commit path: resolve under the lock, then publish (memory) or have it written in a group
 * (disk; group.c).
 */

#include "datom/group.h"
#include "datom/tx.h"

/* ---- reports ---- */

/* Bytes of a report's arena with which it is used again. */
#define SPARE_BYTES_MAX (16u * 1024)

static struct datom_report *report_new(void)
{
    struct datom_report *report = bs_calloc(1, sizeof(*report));
    report->arena = bs_arena_new(0);
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

static struct datom_report *take_spare(struct datom_conn *conn)
{
    struct datom_report *report = atomic_exchange(&conn->spare, NULL);
    return report ? report : report_new();
}

/* One that nobody holds any more. */
static void give_spare(struct datom_conn *conn, struct datom_report *report)
{
    if (report && bs_arena_used_bytes(report->arena) <= SPARE_BYTES_MAX) {
        datom_db_unref(report->db_before);
        datom_db_unref(report->db_after);
        bs_arena_reset(report->arena);
        *report = (struct datom_report){.arena = report->arena};
        report = atomic_exchange(&conn->spare, report);
    }
    datom_report_free(report);
}

datom_id datom_report_tempid(const struct datom_report *report, struct bs_str name)
{
    for (size_t i = 0; i < report->tempids_count; i++) {
        if (bs_str_equal(report->tempids[i].name, name))
            return report->tempids[i].id;
    }
    return DATOM_NO_ID;
}

/* ---- one transaction ---- */

/*
 * Whether a transaction that was refused just now may fare better: another process has written to
 * the log since, and what it wrote is taken in now. The state that refused it may be of a t that
 * the other process has given to another transaction.
 */
static bool is_out_of_date_locked(struct datom_conn *conn)
{
    uint64_t discards = conn->discards;
    while (conn->is_writing)
        pthread_cond_wait(&conn->changed, &conn->lock);
    return datom_conn_feed_locked(conn, NULL) == BS_OK && conn->discards != discards;
}

/* A clock that stands before the last transaction is overruled (tx.c), and counted. */
static void note_clock_locked(struct datom_conn *conn, int64_t now_ms)
{
    int64_t behind_ms = conn->tip->last_instant_ms - now_ms;
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
    give_spare(pending->conn, pending->report);
    pending->report = NULL;
    datom_purge_free(pending->purge);
    pending->purge = NULL;
}

/* The tip as a value: in memory that is the one that was published. */
static struct datom_db *tip_db_locked(const struct datom_conn *conn)
{
    return conn->published->body == conn->tip ? datom_db_ref(conn->published)
                                              : datom_db_new(conn->tip);
}

/* Runs it on the tip, with the report's db_before; *ret_again: it failed, and what it failed on was
 * not the newest state, which another process has written. */
static enum bs_code run_locked(struct datom_conn *conn, const struct tx_request *request,
                               struct datom_report *report, struct tx_result *ret_result,
                               bool *ret_again, struct bs_error *error)
{
    *ret_again = false;
    if (!conn->tx)
        conn->tx = tx_new();
    if (!conn->has_own_log)
        return tx_run(conn->tx, request, report, ret_result, error);
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code code = tx_run(conn->tx, request, report, ret_result, &failure);
    if (code == BS_OK)
        return BS_OK;
    *ret_again = is_out_of_date_locked(conn);
    if (!*ret_again && error)
        *error = failure;
    return code;
}

/* Resolves it on top of the tip; *ret_again: another process was faster, nothing has begun. */
static enum bs_code resolve_locked(struct datom_pending *pending, bool *ret_again,
                                   struct bs_error *error)
{
    struct datom_conn *conn = pending->conn;
    const struct datom_tx_options *options = pending->options;
    datom_group_wait_for_room_locked(conn);
    struct datom_report *report = take_spare(conn);
    report->db_before = tip_db_locked(conn);
    struct tx_request request = {
        .before = conn->tip,
        .tx_data = pending->tx_data,
        .clock = conn->clock,
        .interrupt = options ? options->interrupt : NULL,
        .holders = conn->holders,
        .keep_changes = conn->store != NULL,
    };
    struct tx_result result;
    enum bs_code code = run_locked(conn, &request, report, &result, ret_again, error);
    if (code != BS_OK) {
        datom_report_free(report);
        return *ret_again ? BS_OK : code;
    }
    note_clock_locked(conn, result.now_ms);
    report->db_after = datom_db_new(result.body);
    datom_conn_set_tip_locked(conn, result.body);
    if (conn->store)
        pending->group = datom_group_join_locked(conn, &result, report);
    else
        datom_conn_publish_db_locked(conn, report->db_after);
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
    if (options && options->wait_begin) {
        pthread_mutex_unlock(&conn->lock);
        options->wait_begin(options->wait_self);
        pthread_mutex_lock(&conn->lock);
    }
    datom_group_wait_locked(conn, group);
    if (options && options->wait_end) {
        pthread_mutex_unlock(&conn->lock);
        options->wait_end(options->wait_self);
        pthread_mutex_lock(&conn->lock);
    }
    enum bs_code code = group->code;
    *ret_again = group->is_discarded;
    if (code != BS_OK && error)
        *error = group->error;
    datom_group_unref_locked(group);
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
    struct datom_report *report = report_new();
    report->db_before = datom_db_new(db->body);
    struct tx_request request = {
        .before = db->body,
        .tx_data = tx_data,
        .clock = clock ? *clock : bs_clock_system(),
    };
    struct tx_result result;
    struct tx *tx = tx_new();
    enum bs_code code = tx_run(tx, &request, report, &result, error);
    tx_free(tx);
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
