/*
 * Connections: opening the three kinds, and the values they publish. Writing is commit.c's, taking
 * in what others write follow.c's.
 */

#include "datom/conn.h"

#include "datom/bootstrap.h"
#include "datom/branch.h"
#include "datom/load.h"
#include "datom/log_builtin.h"
#include "datom/rocks.h"
#include "datom/rocks_tables.h"
#include "datom/tx.h"

/* The body, or a copy of it that has the functions when those are given and others. */
static struct datom_body *body_with_functions(struct datom_body *body,
                                              struct datom_functions *functions)
{
    if (!functions || functions == body->functions)
        return datom_body_ref(body);
    struct datom_body *copy = datom_body_copy(body);
    datom_body_set_functions(copy, functions);
    return copy;
}

static struct datom_conn *conn_new(const struct datom_options *options, struct datom_body *body)
{
    struct datom_conn *conn = bs_calloc(1, sizeof(*conn));
    bs_ref_init(&conn->ref);
    pthread_mutex_init(&conn->lock, NULL);
    pthread_mutex_init(&conn->publish_lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&conn->changed, &attributes);
    pthread_cond_init(&conn->was_published, &attributes);
    pthread_condattr_destroy(&attributes);
    conn->clock = options && options->clock.now_ms ? options->clock : bs_clock_system();
    conn->no_sync = options && options->no_sync;
    conn->tip = body_with_functions(body, options ? options->functions : NULL);
    conn->published = datom_db_new(conn->tip);
    return conn;
}

struct datom_conn *datom_conn_new_memory(const struct datom_options *options)
{
    struct datom_body *body = datom_load_bootstrap(NULL, NULL, NULL);
    struct datom_conn *conn = conn_new(options, body);
    datom_body_unref(body);
    return conn;
}

enum bs_code datom_conn_fork(struct datom_db *db, const struct datom_options *options,
                             struct datom_conn **ret_conn, struct bs_error *error)
{
    if (db->is_history)
        return bs_error_set(error, BS_REASON_DB_NOT_ON_HISTORY,
                            "a history value can't be forked: fork the value that it is of");
    if (db->filter)
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            "a filtered value can't be forked: fork the value that it is of");
    if (db->has_since)
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            "a since value can't be forked: fork the value that it is of");
    if (db->has_as_of && db->as_of_t < db->body->basis_t) {
        struct datom_body *branch;
        BS_TRY(datom_branch_body(db->body, db->as_of_t, &branch, error));
        *ret_conn = conn_new(options, branch);
        datom_body_unref(branch);
        return BS_OK;
    }
    *ret_conn = conn_new(options, db->body);
    return BS_OK;
}

/* The bootstrap's own record goes into a log that is empty; that somebody else was faster is fine,
 * the record is always the same. */
static enum bs_code append_bootstrap(const struct datom_log_store *log,
                                     const struct datom_change *changes, size_t count,
                                     struct bs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i].family != DATOM_FAMILY_LOG)
            continue;
        struct datom_log_record record = {.t = DATOM_BOOT_T, .bytes = changes[i].record};
        struct bs_error failure = BS_ERROR_INIT;
        bool is_durable;
        enum bs_code code = log->append(log->self, 0, &record, 1, &is_durable, &failure);
        if (code == BS_OK || failure.reason == BS_REASON_DB_LOG_CONFLICT)
            return BS_OK;
        if (error)
            *error = failure;
        return code;
    }
    BS_UNREACHABLE();
}

static enum bs_code write_bootstrap(struct datom_store *store, const struct datom_log_store *log,
                                    struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_change *changes;
    size_t count;
    BS_TRY(datom_store_clear(store, error)); /* of a load that was cut off */
    datom_body_unref(datom_load_bootstrap(arena, &changes, &count));
    BS_TRY(append_bootstrap(log, changes, count, error));
    struct datom_write *write = datom_write_new();
    for (size_t i = 0; i < count; i++)
        datom_write_add(store, write, &changes[i]);
    enum bs_code code = datom_store_write(store, write, true, error);
    datom_write_free(write);
    return code;
}

/* A log that ends before the indexes is another one, or has lost what was acknowledged. */
static enum bs_code check_log(struct datom_conn *conn, struct bs_error *error)
{
    uint64_t last;
    uint64_t basis = datom_db_basis_t(conn->published);
    BS_TRY(conn->log.last_t(conn->log.self, &last, error));
    if (last >= basis)
        return BS_OK;
    return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                        "the log ends at t %llu, before the store's own t %llu: expected the log "
                        "that the store was made from",
                        (unsigned long long)last, (unsigned long long)basis);
}

static enum bs_code open_with_log(struct datom_store *store, const struct datom_options *options,
                                  struct datom_conn **ret_conn, struct bs_error *error)
{
    bool has_own_log = options->log && !options->read_only;
    struct datom_log_store log = has_own_log ? *options->log : datom_log_builtin(store);
    struct datom_body *body;
    if (datom_store_is_new(store))
        BS_TRY(write_bootstrap(store, &log, error));
    BS_TRY(datom_load_store(store, &body, error));
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = conn_new(options, body);
    datom_body_unref(body);
    conn->store = datom_store_ref(store);
    conn->log = log;
    conn->holders = options->read_only ? NULL : datom_holders_new();
    conn->has_own_log = has_own_log;
    if (!options->read_only)
        BS_TRY(datom_store_purge_pending(store, error));
    if (has_own_log) {
        BS_TRY(check_log(conn, error));
        BS_TRY(datom_conn_catch_up(conn, error));
    }
    *ret_conn = conn;
    conn = NULL;
    return BS_OK;
}

enum bs_code datom_conn_open(struct bs_str dir, const struct datom_options *options,
                             struct datom_conn **ret_conn, struct bs_error *error)
{
    static const struct datom_options defaults = {.create = true};
    if (!options)
        options = &defaults;
    struct datom_store *store;
    BS_TRY(datom_store_open(dir, options, &store, error));
    enum bs_code code = open_with_log(store, options, ret_conn, error);
    datom_store_unref(store);
    return code;
}

struct datom_conn *datom_conn_ref(struct datom_conn *conn)
{
    bs_ref_get(&conn->ref);
    return conn;
}

void datom_conn_unref(struct datom_conn *conn)
{
    if (!conn || !bs_ref_put(&conn->ref))
        return;
    BS_ASSERT(!conn->forming && !conn->is_writing);
    datom_db_unref(conn->published);
    datom_body_unref(conn->tip);
    datom_holders_free(conn->holders);
    tx_free(conn->tx);
    datom_report_free(conn->spare);
    datom_store_unref(conn->store);
    pthread_cond_destroy(&conn->changed);
    pthread_cond_destroy(&conn->was_published);
    pthread_mutex_destroy(&conn->publish_lock);
    pthread_mutex_destroy(&conn->lock);
    free(conn);
}

void datom_conn_unrefp(struct datom_conn **conn)
{
    datom_conn_unref(*conn);
}

bool datom_conn_is_read_only(const struct datom_conn *conn)
{
    return conn->store && datom_store_is_read_only(conn->store);
}

struct datom_db *datom_conn_db(struct datom_conn *conn)
{
    pthread_mutex_lock(&conn->publish_lock);
    struct datom_db *db = datom_db_ref(conn->published);
    pthread_mutex_unlock(&conn->publish_lock);
    if (conn->store)
        datom_store_expire(conn->store);
    return db;
}

void datom_conn_publish_locked(struct datom_conn *conn, struct datom_body *body)
{
    struct datom_db *db = datom_db_new(body);
    datom_conn_publish_db_locked(conn, db);
    datom_db_unref(db);
}

void datom_conn_publish_db_locked(struct datom_conn *conn, struct datom_db *db)
{
    datom_db_ref(db);
    pthread_mutex_lock(&conn->publish_lock);
    struct datom_db *old = conn->published;
    conn->published = db;
    datom_conn_wake_published_locked(conn);
    pthread_mutex_unlock(&conn->publish_lock);
    datom_db_unref(old);
    pthread_cond_broadcast(&conn->changed);
}

void datom_conn_set_tip_locked(struct datom_conn *conn, struct datom_body *body)
{
    datom_body_ref(body);
    datom_body_unref(conn->tip);
    conn->tip = body;
}
