/*
 * Subscriptions. A position in the log of the connection's newest value; nothing is queued. Waking
 * is the connection's publishing: a condition for those who wait, an eventfd each for event loops.
 */

#include "datom/subscription.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "datom/conn.h"

struct datom_subscription {
    struct datom_conn *conn;
    pthread_mutex_t in_use; /* held by next and try, so that close can wait for their end */
    _Atomic bool closed;
    _Atomic uint64_t next_t;
    struct datom_watcher watcher; /* .fd -1: none asked for */
};

struct datom_subscription *datom_subscribe(struct datom_conn *conn, uint64_t from_t)
{
    struct datom_subscription *subscription = bs_calloc(1, sizeof(*subscription));
    subscription->conn = datom_conn_ref(conn);
    subscription->watcher.fd = -1;
    pthread_mutex_init(&subscription->in_use, NULL);
    if (from_t == DATOM_SUBSCRIBE_NEW) {
        struct datom_db *db = datom_conn_db(conn);
        from_t = datom_db_basis_t(db) + 1;
        datom_db_unref(db);
    }
    subscription->next_t = from_t;
    return subscription;
}

uint64_t datom_subscription_next_t(const struct datom_subscription *subscription)
{
    return subscription->next_t;
}

/* ---- reading ---- */

static struct datom_report *make_report(struct datom_db *db, const struct datom_log_entry *entry)
{
    struct datom_report *report = bs_calloc(1, sizeof(*report));
    report->arena = bs_arena_new(0);
    struct datom *datoms = bs_arena_new_array(report->arena, entry->count + 1, struct datom);
    for (size_t i = 0; i < entry->count; i++) {
        datoms[i] = entry->datoms[i];
        datoms[i].v = edn_dup(report->arena, datoms[i].v);
    }
    report->datoms = datoms;
    report->datoms_count = entry->count;
    report->t = entry->t;
    report->db_before = datom_db_as_of(db, entry->t - 1);
    report->db_after =
        entry->t == datom_db_basis_t(db) ? datom_db_ref(db) : datom_db_as_of(db, entry->t);
    return report;
}

/* From the newest value, if that is far enough; *ret_report NULL otherwise. */
static enum bs_code look(struct datom_subscription *subscription, struct datom_report **ret_report,
                         struct bs_error *error)
{
    *ret_report = NULL;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(subscription->conn);
    if (datom_db_basis_t(db) < subscription->next_t)
        return BS_OK;
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found = false;
    BS_TRY(datom_log_open(db, subscription->next_t, UINT64_MAX, &reader, error));
    enum bs_code code = datom_log_next(reader, &entry, &found, error);
    if (code == BS_OK && found) {
        *ret_report = make_report(db, &entry);
        subscription->next_t = entry.t + 1;
    }
    datom_log_close(reader);
    return code;
}

static enum bs_code try_locked(struct datom_subscription *subscription,
                               struct datom_report **ret_report, struct bs_error *error)
{
    BS_TRY(look(subscription, ret_report, error));
    if (*ret_report)
        return BS_OK;
    /* first quiet, then a second look: what is published in between wakes again */
    uint64_t count;
    if (subscription->watcher.fd >= 0)
        (void)!read(subscription->watcher.fd, &count, sizeof(count));
    if (datom_conn_follows_others(subscription->conn))
        BS_TRY(datom_conn_catch_up(subscription->conn, error));
    return look(subscription, ret_report, error);
}

enum bs_code datom_subscription_try(struct datom_subscription *subscription,
                                    struct datom_report **ret_report, struct bs_error *error)
{
    pthread_mutex_lock(&subscription->in_use);
    enum bs_code code = try_locked(subscription, ret_report, error);
    pthread_mutex_unlock(&subscription->in_use);
    return code;
}

static enum bs_code next_locked(struct datom_subscription *subscription,
                                const struct bs_interrupt *interrupt,
                                struct datom_report **ret_report, struct bs_error *error)
{
    for (;;) {
        struct bs_interrupt closing = {.cancelled = &subscription->closed,
                                       .deadline = BS_DEADLINE_NONE};
        BS_TRY(bs_interrupt_check(&closing, error));
        BS_TRY(look(subscription, ret_report, error));
        if (*ret_report)
            return BS_OK;
        BS_TRY(bs_interrupt_check(interrupt, error));
        BS_TRY(datom_conn_wait_a_while(subscription->conn, subscription->next_t - 1, interrupt,
                                       &subscription->closed, error));
    }
}

enum bs_code datom_subscription_next(struct datom_subscription *subscription,
                                     const struct bs_interrupt *interrupt,
                                     struct datom_report **ret_report, struct bs_error *error)
{
    struct datom_report *report = NULL;
    pthread_mutex_lock(&subscription->in_use);
    enum bs_code code = next_locked(subscription, interrupt, &report, error);
    pthread_mutex_unlock(&subscription->in_use);
    if (code == BS_OK)
        *ret_report = report;
    return code;
}

/* ---- waking ---- */

enum bs_code datom_subscription_fd(struct datom_subscription *subscription, int *ret_fd,
                                   struct bs_error *error)
{
    enum bs_code code = BS_OK;
    pthread_mutex_lock(&subscription->in_use);
    if (subscription->watcher.fd < 0) {
        /* readable from the start: there may be something already */
        subscription->watcher.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        if (subscription->watcher.fd >= 0)
            datom_conn_watch(subscription->conn, &subscription->watcher);
        else
            code = bs_error_set(error, BS_REASON_LIMIT, "no file descriptor for a subscription: %s",
                                strerror(errno));
    }
    *ret_fd = subscription->watcher.fd;
    pthread_mutex_unlock(&subscription->in_use);
    return code;
}

void datom_subscription_close(struct datom_subscription *subscription)
{
    if (!subscription)
        return;
    atomic_store(&subscription->closed, true);
    datom_conn_wake(subscription->conn);
    pthread_mutex_lock(&subscription->in_use);
    pthread_mutex_unlock(&subscription->in_use);
    if (subscription->watcher.fd >= 0) {
        datom_conn_unwatch(subscription->conn, &subscription->watcher);
        close(subscription->watcher.fd);
    }
    datom_conn_unref(subscription->conn);
    pthread_mutex_destroy(&subscription->in_use);
    free(subscription);
}

void datom_subscription_closep(struct datom_subscription **subscription)
{
    datom_subscription_close(*subscription);
}
