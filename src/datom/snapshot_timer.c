/*
 * The thread that takes snapshots back on a store where nothing happens: publishing and asking for
 * the newest value look whether something is superseded for too long, and on an idle store nobody
 * does either. It sleeps until the oldest superseded snapshot is due, and without an end when there
 * is none. A store whose thread can't be made does with what publishing looks at.
 */

#include <signal.h>

#include "datom/rocks_store.h"

void rocks_timer_init(struct datom_store *store)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->timer_changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/*
 * When there is something to do, or to look at; INT64_MAX: not before something is superseded. What
 * was taken and has no name yet may stand first, for a short while.
 */
static int64_t due_ns_locked(const struct datom_store *store)
{
    const struct datom_snapshot *first = store->held_first;
    if (!first || first == store->newest)
        return INT64_MAX;
    int64_t since_ns = first->superseded_ns > 0 ? first->superseded_ns : bs_monotonic_ns();
    return since_ns > INT64_MAX - store->hold_ns ? INT64_MAX : since_ns + store->hold_ns;
}

static void sleep_locked(struct datom_store *store, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    store->timer_sleeps = until_ns == INT64_MAX;
    if (store->timer_sleeps)
        pthread_cond_wait(&store->timer_changed, &store->held_lock);
    else
        pthread_cond_timedwait(&store->timer_changed, &store->held_lock, &until);
    store->timer_sleeps = false;
}

static void *run(void *self)
{
    struct datom_store *store = self;
    pthread_mutex_lock(&store->held_lock);
    while (!store->timer_ends) {
        int64_t due_ns = due_ns_locked(store);
        if (bs_monotonic_ns() < due_ns) {
            sleep_locked(store, due_ns);
            continue;
        }
        pthread_mutex_unlock(&store->held_lock);
        datom_store_expire(store);
        pthread_mutex_lock(&store->held_lock);
    }
    pthread_mutex_unlock(&store->held_lock);
    return NULL;
}

/* Signals are for the program's own threads. */
static void start_locked(struct datom_store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    store->has_timer = pthread_create(&store->timer, NULL, run, store) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void rocks_timer_wake_locked(struct datom_store *store)
{
    if (store->read_only)
        return; /* nothing is pinned */
    if (!store->has_timer)
        start_locked(store);
    else if (store->timer_sleeps)
        pthread_cond_signal(&store->timer_changed);
}

void rocks_timer_fini(struct datom_store *store)
{
    pthread_mutex_lock(&store->held_lock);
    store->timer_ends = true;
    pthread_cond_signal(&store->timer_changed);
    pthread_mutex_unlock(&store->held_lock);
    if (store->has_timer)
        pthread_join(store->timer, NULL);
    pthread_cond_destroy(&store->timer_changed);
}
