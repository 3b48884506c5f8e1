/*
 * Connections: opening the three kinds, and the values they publish. Writing is commit.c's.
 */

#include "datom/conn.h"

#include "datom/branch.h"
#include "datom/load.h"

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

static enum bs_code write_bootstrap(struct datom_store *store, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_change *changes;
    size_t count;
    datom_body_unref(datom_load_bootstrap(arena, &changes, &count));
    struct datom_write *write = datom_write_new();
    for (size_t i = 0; i < count; i++)
        datom_write_add(store, write, &changes[i]);
    enum bs_code code = datom_store_write(store, write, true, error);
    datom_write_free(write);
    return code;
}

enum bs_code datom_conn_open(struct bs_str dir, const struct datom_options *options,
                             struct datom_conn **ret_conn, struct bs_error *error)
{
    static const struct datom_options defaults = {.create = true};
    if (!options)
        options = &defaults;
    struct datom_store *store = NULL;
    struct datom_body *body = NULL;
    BS_TRY(datom_store_open(dir, options, &store, error));
    enum bs_code code = BS_OK;
    if (datom_store_is_new(store))
        code = write_bootstrap(store, error);
    if (code == BS_OK)
        code = datom_load_store(store, &body, error);
    if (code == BS_OK) {
        *ret_conn = conn_new(options, body);
        (*ret_conn)->store = datom_store_ref(store);
        datom_body_unref(body);
    }
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
    datom_store_unref(conn->store);
    pthread_cond_destroy(&conn->changed);
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
    return db;
}

void datom_conn_publish_locked(struct datom_conn *conn, struct datom_body *body)
{
    struct datom_db *db = datom_db_new(body);
    pthread_mutex_lock(&conn->publish_lock);
    struct datom_db *old = conn->published;
    conn->published = db;
    pthread_mutex_unlock(&conn->publish_lock);
    datom_db_unref(old);
    pthread_cond_broadcast(&conn->changed);
}

enum bs_code datom_conn_catch_up(struct datom_conn *conn, struct bs_error *error)
{
    if (!datom_conn_is_read_only(conn))
        return BS_OK;
    pthread_mutex_lock(&conn->lock);
    struct datom_body *body = NULL;
    enum bs_code code = datom_store_catch_up(conn->store, error);
    if (code == BS_OK)
        code = datom_load_store(conn->store, &body, error);
    if (code == BS_OK) {
        datom_body_set_functions(body, conn->tip->functions);
        datom_body_unref(conn->tip);
        conn->tip = body;
        datom_conn_publish_locked(conn, body);
    }
    pthread_mutex_unlock(&conn->lock);
    return code;
}

/* Waits at most until the deadline, and looks up now and then for a cancellation. */
static void wait_changed_locked(struct datom_conn *conn, const struct bs_interrupt *interrupt)
{
    int64_t slice_ns = 50 * INT64_C(1000000);
    int64_t until_ns = bs_monotonic_ns() + slice_ns;
    if (interrupt && interrupt->deadline < until_ns)
        until_ns = interrupt->deadline;
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    pthread_cond_timedwait(&conn->changed, &conn->lock, &until);
}

enum bs_code datom_conn_sync(struct datom_conn *conn, uint64_t t,
                             const struct bs_interrupt *interrupt, struct datom_db **ret_db,
                             struct bs_error *error)
{
    enum bs_code code = datom_conn_catch_up(conn, error);
    pthread_mutex_lock(&conn->lock);
    while (code == BS_OK && datom_db_basis_t(conn->published) < t) {
        code = bs_interrupt_check(interrupt, error);
        if (code != BS_OK)
            break;
        wait_changed_locked(conn, interrupt);
        if (datom_conn_is_read_only(conn)) {
            pthread_mutex_unlock(&conn->lock);
            code = datom_conn_catch_up(conn, error);
            pthread_mutex_lock(&conn->lock);
        }
    }
    if (code == BS_OK)
        *ret_db = datom_db_ref(conn->published);
    pthread_mutex_unlock(&conn->lock);
    return code;
}
