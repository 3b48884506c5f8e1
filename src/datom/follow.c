/*
 * Taking in what others have committed: a read-only store's writer through the engine, other
 * writers of a log through the log. Everything of a log is replayed by the code that made it, and
 * published; what was resolved on the state before is resolved again.
 */

#include <unistd.h>

#include "datom/group.h"
#include "datom/load.h"
#include "datom/tx.h"

/* Transactions that are taken in with one write. */
#define FEED_RECORDS 64

/* ---- a log's records into the indexes ---- */

static void feed_meta(struct datom_conn *conn, const struct datom_body *body,
                      const struct datom *datoms, size_t count, struct bs_arena *arena,
                      struct datom_write *write)
{
    struct datom_change *meta;
    size_t meta_count;
    datom_load_meta_changes(body, datoms, count, arena, &meta, &meta_count);
    for (size_t i = 0; i < meta_count; i++)
        datom_write_add(conn->store, write, &meta[i]);
}

/*
 * Whether the log still has a record as the indexes had it before. If not, its erasure was done,
 * and perhaps others after it, which the indexes do not know of yet.
 */
static enum bs_code is_unchanged(struct datom_conn *conn, struct datom_body *before,
                                 struct bs_str key, bool *ret_is, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_log_record record;
    size_t count;
    uint64_t t = bs_load_u64(key.ptr);
    BS_TRY(conn->log.read(conn->log.self, t, 1, arena, &record, &count, error));
    struct datom_pin pin;
    struct bs_str was;
    bool found;
    BS_TRY(datom_body_get(before, DATOM_FAMILY_LOG, key, &pin, &was, &found, error));
    *ret_is = count == 1 && record.t == t && found && bs_str_equal(record.bytes, was);
    datom_pin_release(&pin);
    return BS_OK;
}

/* Whoever asked for an erasure may have been stopped before it was done in the log. */
static enum bs_code finish_erasure(struct datom_conn *conn, struct datom_body *before,
                                   const struct tx_result *result, uint64_t t,
                                   struct bs_error *error)
{
    for (size_t i = 0; result->has_erased && i < result->changes_count; i++) {
        const struct datom_change *change = &result->changes[i];
        bool is_to_do;
        if (change->family != DATOM_FAMILY_LOG || bs_load_u64(change->key.ptr) >= t)
            continue;
        BS_TRY(is_unchanged(conn, before, change->key, &is_to_do, error));
        if (is_to_do)
            BS_TRY(datom_conn_replace_records(conn, change, 1, t - 1, error));
    }
    return BS_OK;
}

/* One record on top of `*body`, its changes into the write. */
static enum bs_code feed_record(struct datom_conn *conn, const struct datom_log_record *record,
                                struct datom_write *write, struct datom_body **body,
                                bool *has_erased, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_log_entry entry = {.t = record->t};
    struct datom *datoms;
    BS_TRY(datom_log_decode(record->bytes, record->t, arena, &datoms, &entry.count, error));
    entry.datoms = datoms;
    struct tx_result result;
    BS_TRY(tx_replay_changes(*body, &entry, arena, &result, error));
    for (size_t i = 0; i < result.changes_count; i++)
        datom_write_add(conn->store, write, &result.changes[i]);
    feed_meta(conn, result.body, datoms, entry.count, arena, write);
    feed_meta(conn, result.body, result.uncounted, result.uncounted_count, arena, write);
    if (result.has_erased)
        datom_write_add(conn->store, write, datom_purge_mark(record->t, arena));
    enum bs_code code = finish_erasure(conn, *body, &result, record->t, error);
    datom_body_unref(*body);
    *body = result.body;
    *has_erased = *has_erased || result.has_erased;
    return code;
}

/* Merging files may take long: nobody has to wait for it, and they are no other's. */
static void purge_unlocked(struct datom_conn *conn)
{
    pthread_mutex_unlock(&conn->lock);
    (void)!datom_store_purge_pending(conn->store, NULL);
    pthread_mutex_lock(&conn->lock);
    while (conn->is_writing)
        pthread_cond_wait(&conn->changed, &conn->lock);
}

/* What some records have led to. */
struct fed {
    struct datom_body *body; /* what the store holds then; NULL: there were none */
    bool has_erased;
};

/* Records on top of `before`, into the store. */
static enum bs_code write_records(struct datom_conn *conn, struct datom_body *before,
                                  const struct datom_log_record *records, size_t count,
                                  struct fed *ret_fed, struct bs_error *error)
{
    struct datom_body *body = datom_body_ref(before);
    struct datom_write *write = datom_write_new();
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < count && code == BS_OK; i++)
        code = feed_record(conn, &records[i], write, &body, &ret_fed->has_erased, error);
    if (code == BS_OK)
        code = datom_store_write(conn->store, write, false, error);
    datom_write_free(write);
    if (code == BS_OK)
        ret_fed->body = datom_load_rebase(body, datom_snapshot_take(conn->store));
    datom_body_unref(body);
    return code;
}

/* The next records of the log. */
static enum bs_code feed_some(struct datom_conn *conn, struct datom_body *before,
                              struct fed *ret_fed, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_log_record records[FEED_RECORDS];
    size_t count;
    *ret_fed = (struct fed){0};
    BS_TRY(conn->log.read(conn->log.self, before->basis_t + 1, FEED_RECORDS, arena, records, &count,
                          error));
    return count == 0 ? BS_OK : write_records(conn, before, records, count, ret_fed, error);
}

/*
 * The same without the lock, as the log may be far away: it counts as a write, so that nobody else
 * writes or publishes. Who resolves meanwhile does so on the state before, and again afterwards.
 */
static enum bs_code feed_unlocked(struct datom_conn *conn, bool *ret_any, bool *ret_has_erased,
                                  struct bs_error *error)
{
    struct datom_body *before = datom_body_ref(conn->published->body);
    struct fed fed;
    BS_ASSERT(!conn->is_writing);
    conn->is_writing = true;
    pthread_mutex_unlock(&conn->lock);
    enum bs_code code = feed_some(conn, before, &fed, error);
    pthread_mutex_lock(&conn->lock);
    conn->is_writing = false;
    *ret_any = fed.body != NULL;
    *ret_has_erased = fed.has_erased;
    if (fed.body) {
        datom_group_discard_forming_locked(conn);
        datom_body_unref(conn->tip);
        conn->tip = datom_body_ref(fed.body);
        datom_conn_publish_locked(conn, fed.body);
    }
    datom_body_unref(fed.body);
    datom_body_unref(before);
    pthread_cond_broadcast(&conn->changed);
    return code;
}

enum bs_code datom_conn_feed_locked(struct datom_conn *conn, struct bs_error *error)
{
    bool any = conn->has_own_log;
    while (any) {
        bool has_erased;
        BS_TRY(feed_unlocked(conn, &any, &has_erased, error));
        if (any && has_erased)
            purge_unlocked(conn);
        while (conn->is_writing)
            pthread_cond_wait(&conn->changed, &conn->lock);
    }
    return BS_OK;
}

/* ---- catching up ---- */

static enum bs_code catch_up_read_only_locked(struct datom_conn *conn, struct bs_error *error)
{
    struct datom_body *body = NULL;
    datom_store_stop(conn->store);
    enum bs_code code = datom_store_catch_up(conn->store, error);
    if (code == BS_OK)
        code = datom_load_store(conn->store, &body, error);
    /* older values read the newest state, by its schema: without that they read nothing */
    datom_store_set_loaded(conn->store, code == BS_OK);
    datom_store_resume(conn->store);
    if (code != BS_OK)
        return code;
    datom_body_set_functions(body, conn->tip->functions);
    datom_body_unref(conn->tip);
    conn->tip = body;
    datom_conn_publish_locked(conn, body);
    return BS_OK;
}

bool datom_conn_follows_others(const struct datom_conn *conn)
{
    return datom_conn_is_read_only(conn) || conn->has_own_log;
}

enum bs_code datom_conn_catch_up(struct datom_conn *conn, struct bs_error *error)
{
    if (!datom_conn_follows_others(conn))
        return BS_OK;
    pthread_mutex_lock(&conn->lock);
    /* a write under way knows what it appends; the log is read when it is done */
    while (conn->is_writing)
        pthread_cond_wait(&conn->changed, &conn->lock);
    enum bs_code code = datom_conn_is_read_only(conn) ? catch_up_read_only_locked(conn, error)
                                                      : datom_conn_feed_locked(conn, error);
    pthread_mutex_unlock(&conn->lock);
    return code;
}

/* ---- waiting ---- */

/* How long a cancelled wait may go on: nothing wakes it. */
#define WAIT_SLICE_NS (50 * INT64_C(1000000))

/* The interrupt, ended by the end of the slice too. */
static struct bs_interrupt slice_of(const struct bs_interrupt *interrupt, _Atomic bool *cancelled)
{
    struct bs_interrupt slice = {.cancelled = cancelled,
                                 .deadline = bs_deadline_after_ns(WAIT_SLICE_NS)};
    if (interrupt)
        slice.deadline = BS_MIN(slice.deadline, interrupt->deadline);
    return slice;
}

static bool is_cancelled(const struct bs_interrupt *interrupt)
{
    return interrupt->cancelled && atomic_load(interrupt->cancelled);
}

static void wait_published(struct datom_conn *conn, uint64_t t, const struct bs_interrupt *slice)
{
    struct timespec until = {.tv_sec = slice->deadline / 1000000000,
                             .tv_nsec = slice->deadline % 1000000000};
    int failed = 0;
    pthread_mutex_lock(&conn->publish_lock);
    while (failed == 0 && datom_db_basis_t(conn->published) <= t && !is_cancelled(slice))
        failed = pthread_cond_timedwait(&conn->was_published, &conn->publish_lock, &until);
    pthread_mutex_unlock(&conn->publish_lock);
}

enum bs_code datom_conn_wait_a_while(struct datom_conn *conn, uint64_t t,
                                     const struct bs_interrupt *interrupt, _Atomic bool *cancelled,
                                     struct bs_error *error)
{
    struct bs_interrupt slice = slice_of(interrupt, cancelled);
    if (!datom_conn_follows_others(conn)) {
        wait_published(conn, t, &slice);
        return BS_OK;
    }
    struct bs_error failure = BS_ERROR_INIT;
    enum bs_code code = conn->log.follow(conn->log.self, t, &slice, &failure);
    if (code == BS_OK)
        return datom_conn_catch_up(conn, error);
    if (failure.reason == BS_REASON_RPC_DEADLINE || failure.reason == BS_REASON_RPC_CANCELLED)
        return BS_OK;
    if (error)
        *error = failure;
    return code;
}

enum bs_code datom_conn_sync(struct datom_conn *conn, uint64_t t,
                             const struct bs_interrupt *interrupt, struct datom_db **ret_db,
                             struct bs_error *error)
{
    BS_TRY(datom_conn_catch_up(conn, error));
    for (;;) {
        struct datom_db *db = datom_conn_db(conn);
        uint64_t basis_t = datom_db_basis_t(db);
        if (basis_t >= t) {
            *ret_db = db;
            return BS_OK;
        }
        datom_db_unref(db);
        BS_TRY(bs_interrupt_check(interrupt, error));
        BS_TRY(datom_conn_wait_a_while(conn, basis_t, interrupt,
                                       interrupt ? interrupt->cancelled : NULL, error));
    }
}

enum bs_code datom_conn_sync_index(struct datom_conn *conn, uint64_t t,
                                   const struct bs_interrupt *interrupt, struct datom_db **ret_db,
                                   struct bs_error *error)
{
    return datom_conn_sync(conn, t, interrupt, ret_db, error);
}

enum bs_code datom_conn_sync_schema(struct datom_conn *conn, uint64_t t,
                                    const struct bs_interrupt *interrupt, struct datom_db **ret_db,
                                    struct bs_error *error)
{
    return datom_conn_sync(conn, t, interrupt, ret_db, error);
}

enum bs_code datom_conn_sync_excise(struct datom_conn *conn, uint64_t t,
                                    const struct bs_interrupt *interrupt, struct datom_db **ret_db,
                                    struct bs_error *error)
{
    return datom_conn_sync(conn, t, interrupt, ret_db, error);
}

/* ---- waking ---- */

void datom_conn_wake_published_locked(struct datom_conn *conn)
{
    static const uint64_t one = 1;
    pthread_cond_broadcast(&conn->was_published);
    for (struct datom_watcher *watcher = conn->watchers; watcher; watcher = watcher->next)
        (void)!write(watcher->fd, &one, sizeof(one)); /* full is readable too */
}

void datom_conn_wake(struct datom_conn *conn)
{
    pthread_mutex_lock(&conn->publish_lock);
    pthread_cond_broadcast(&conn->was_published);
    pthread_mutex_unlock(&conn->publish_lock);
}

void datom_conn_watch(struct datom_conn *conn, struct datom_watcher *watcher)
{
    pthread_mutex_lock(&conn->publish_lock);
    watcher->next = conn->watchers;
    conn->watchers = watcher;
    pthread_mutex_unlock(&conn->publish_lock);
}

void datom_conn_unwatch(struct datom_conn *conn, struct datom_watcher *watcher)
{
    pthread_mutex_lock(&conn->publish_lock);
    struct datom_watcher **at = &conn->watchers;
    while (*at != watcher)
        at = &(*at)->next;
    *at = watcher->next;
    pthread_mutex_unlock(&conn->publish_lock);
}
