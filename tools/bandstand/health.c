/*
 * The watch on a store's health. The thread is the only one that asks the store; what it got last
 * is kept under a lock for those who show it. What is logged are differences between two looks, so
 * a state that lasts is told once.
 */

#include "health.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "base/log.h"
#include "base/memory.h"
#include "rpc/rpc.h"

#define LOOK_S 2

struct health_watch {
    struct datom_conn *conn;
    struct rpc_dispatcher *dispatcher; /* told whether it serves */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool is_stopping;
    bool has_looked;
    bool is_clock_told; /* the clock was behind at the look before, too */
    struct datom_health last;
};

/* ---- the log ---- */

static const char *advice(enum bs_reason reason)
{
    switch (reason) {
    case BS_REASON_STORE_FULL:
        return "free space on the store's disk; nothing else is needed";
    case BS_REASON_STORE_CORRUPT:
        return "stop the server and restore a backup, or try check --rebuild";
    default:
        return "look at the disk (space, errors in the system's log, mounted read-only); the store "
               "goes on by itself when it can be written";
    }
}

static const char *failure_id(enum bs_reason reason)
{
    switch (reason) {
    case BS_REASON_STORE_FULL:
        return "store-full";
    case BS_REASON_STORE_CORRUPT:
        return "store-corrupt";
    default:
        return "store-failed";
    }
}

static void log_state(const struct datom_health *before, const struct datom_health *now)
{
    if (now->code == BS_OK) {
        if (before->code != BS_OK)
            bs_log(BS_LOG_INFO, "the store can be written again",
                   {"id", BS_STR("store-recovered")});
        return;
    }
    if (before->code == now->code && before->error.reason == now->error.reason &&
        before->is_readable == now->is_readable)
        return;
    bs_log(BS_LOG_ERROR,
           now->is_readable ? "the store can't be written" : "the store can't be read or written",
           {"id", bs_str_from(failure_id(now->error.reason))},
           {"reason", bs_str_from(bs_error_reason_name(&now->error))},
           {"do", bs_str_from(advice(now->error.reason))},
           {"error", bs_str_from(now->error.message)});
}

static void log_stall(const struct datom_health *before, const struct datom_health *now)
{
    bool was = before->is_stopped || before->delayed_bytes_s > 0;
    bool is = now->is_stopped || now->delayed_bytes_s > 0;
    if (is && !was)
        bs_log(BS_LOG_WARN, "writers wait until the store has caught up",
               {"id", BS_STR("store-stalled")},
               {"do", BS_STR("nothing when it is short; else write less at once, or get a faster "
                             "disk")});
    else if (was && !is)
        bs_log(BS_LOG_INFO, "writers do not wait any more", {"id", BS_STR("store-caught-up")});
}

static void log_clock(struct health_watch *watch, const struct datom_health *now)
{
    char behind_ms[24];
    bool is_behind = now->clock_behind > watch->last.clock_behind;
    snprintf(behind_ms, sizeof(behind_ms), "%" PRId64, now->clock_behind_ms_max);
    if (is_behind && !watch->is_clock_told)
        bs_log(BS_LOG_WARN, "the clock stands before the last transaction; its instant is used",
               {"id", BS_STR("clock-behind")}, {"behind_ms_max", bs_str_from(behind_ms)},
               {"do", BS_STR("look at the machine's clock and what sets it")});
    watch->is_clock_told = is_behind;
}

static void look(struct health_watch *watch)
{
    struct datom_health now;
    datom_conn_health(watch->conn, &now);
    pthread_mutex_lock(&watch->lock);
    if (!watch->has_looked && now.was_left)
        bs_log(BS_LOG_WARN, "the store was not closed when it was last open",
               {"id", BS_STR("store-left")},
               {"do", BS_STR("nothing is lost; find out what killed the process, or the power")});
    log_state(&watch->last, &now);
    log_stall(&watch->last, &now);
    log_clock(watch, &now);
    if ((now.code == BS_OK) != (watch->last.code == BS_OK))
        rpc_dispatcher_set_serving(watch->dispatcher, NULL, now.code == BS_OK);
    watch->last = now;
    watch->has_looked = true;
    pthread_mutex_unlock(&watch->lock);
}

/* ---- the thread ---- */

/* Until the next look is due; false: the end. */
static bool wait_for_turn(struct health_watch *watch)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_S;
    pthread_mutex_lock(&watch->lock);
    while (!watch->is_stopping && waited == 0)
        waited = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
    bool goes_on = !watch->is_stopping;
    pthread_mutex_unlock(&watch->lock);
    return goes_on;
}

static void *run(void *self)
{
    struct health_watch *watch = self;
    while (wait_for_turn(watch))
        look(watch);
    return NULL;
}

static void free_watch(struct health_watch *watch)
{
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

enum bs_code health_watch_start(struct datom_conn *conn, struct rpc_dispatcher *dispatcher,
                                struct health_watch **ret_watch, struct bs_error *error)
{
    struct health_watch *watch = bs_calloc(1, sizeof(*watch));
    pthread_condattr_t attributes;
    watch->conn = conn;
    watch->dispatcher = dispatcher;
    watch->last.is_readable = true;
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    look(watch);
    if (pthread_create(&watch->thread, NULL, run, watch) != 0) {
        free_watch(watch);
        return bs_error_set(error, BS_REASON_INTERNAL, "no thread to watch the store's health");
    }
    *ret_watch = watch;
    return BS_OK;
}

void health_watch_stop(struct health_watch *watch)
{
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->is_stopping = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    free_watch(watch);
}

/* ---- showing it ---- */

static struct datom_health last_of(struct health_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    struct datom_health last = watch->last;
    pthread_mutex_unlock(&watch->lock);
    return last;
}

bool health_watch_is_ready(struct health_watch *watch, struct bs_buf *ret_why)
{
    struct datom_health last = last_of(watch);
    if (last.code == BS_OK)
        return true;
    bs_buf_printf(ret_why, "%s: %s", bs_error_reason_name(&last.error), last.error.message);
    return false;
}

void health_watch_write_metrics(struct health_watch *watch, struct bs_buf *out)
{
    const struct datom_health last = last_of(watch);
    const struct {
        const char *name;
        const char *type;
        const char *help;
        double value;
    } rows[] = {
        {"store_failed", "gauge", "1 while the store can't be written.", last.code != BS_OK},
        {"store_readable", "gauge", "1 while the store can be read.", last.is_readable},
        {"store_failures_total", "counter", "Writes that failed.", (double)last.failures},
        {"store_recoveries_total", "counter", "Returns from a failure.", (double)last.recoveries},
        {"store_background_errors_total", "counter", "Failed flushes and compactions.",
         (double)last.background_errors},
        {"store_epoch", "gauge", "Openings for writing since the store was made.",
         (double)last.epoch},
        {"store_free_bytes", "gauge", "Free bytes of the store's disk; 0: unknown.",
         (double)last.free_bytes},
        {"store_min_free_bytes", "gauge", "Below this nothing is written.",
         (double)last.min_free_bytes},
        {"store_write_stopped", "gauge", "1 while all writers wait for the engine.",
         last.is_stopped},
        {"store_write_delayed_bytes_per_second", "gauge",
         "What the engine lets in while it is behind; 0: all.", (double)last.delayed_bytes_s},
        {"store_write_groups_total", "counter", "Writes to the disk.", (double)last.groups},
        {"store_write_seconds_total", "counter", "Time spent in them.",
         (double)last.group_ns / 1e9},
        {"store_write_seconds_max", "gauge", "The longest of them.",
         (double)last.group_ns_max / 1e9},
        {"store_values_held", "gauge", "States of the store that are held.",
         (double)last.values_held},
        {"store_oldest_held_seconds", "gauge", "Since the oldest of them was superseded.",
         (double)last.oldest_held_ms / 1e3},
        {"store_clock_behind_total", "counter",
         "Transactions that came before the last one's instant.", (double)last.clock_behind},
        {"store_clock_behind_seconds_max", "gauge", "By how much at most.",
         (double)last.clock_behind_ms_max / 1e3},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++)
        bs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", rows[i].name, rows[i].help,
                      rows[i].name, rows[i].type, rows[i].name, rows[i].value);
}
