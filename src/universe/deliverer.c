/*
 * The thread that delivers. It sleeps until the next mail is due or something is transacted; a
 * store that fails makes it wait, never end.
 */

#include "universe/internal.h"

#define AFTER_FAILURE_MS 5000
/* Also without news: the machine's clock may be put. */
#define LONGEST_SLEEP_MS 60000
#define MS_NS 1000000

struct universe_deliverer {
    const struct universe *universe;
    pthread_t thread;
    _Atomic bool stopped;
};

/* Waits until something is transacted after `basis_t`, or so long. */
static void wait_for_news(struct universe_deliverer *deliverer, uint64_t basis_t, int64_t ms)
{
    struct datom_db *db = NULL;
    struct bs_error error;
    const struct bs_interrupt interrupt = {
        .cancelled = &deliverer->stopped,
        .deadline = bs_deadline_after_ns(ms * MS_NS),
    };
    if (datom_conn_sync(deliverer->universe->conn, basis_t + 1, &interrupt, &db, &error) == BS_OK)
        datom_db_unref(db);
}

static void wait_after_failure(struct universe_deliverer *deliverer, const struct bs_error *error)
{
    bs_log(BS_LOG_WARN, "mails can't be delivered; they stay in the outbox and are tried again",
           {"id", BS_STR("outbox-stalled")}, {"reason", bs_str_from(bs_error_reason_name(error))},
           {"error", bs_str_from(error->message)});
    /* a t that is never reached: only the time, or the stop, ends it */
    wait_for_news(deliverer, DATOM_T_MAX, AFTER_FAILURE_MS);
}

static int64_t sleep_ms(const struct universe *universe, int64_t due_ms, bool found)
{
    if (!found)
        return LONGEST_SLEEP_MS;
    int64_t ms = due_ms - universe_now_ms(universe);
    return BS_MIN(BS_MAX(ms, 0), LONGEST_SLEEP_MS);
}

static void *run(void *self)
{
    struct universe_deliverer *deliverer = self;
    const struct universe *universe = deliverer->universe;
    const struct bs_interrupt until_stopped = {
        .cancelled = &deliverer->stopped,
        .deadline = BS_DEADLINE_NONE,
    };
    while (!deliverer->stopped) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_db *db = datom_conn_db(universe->conn);
        uint64_t basis_t = datom_db_basis_t(db);
        int64_t due_ms = 0;
        bool found = false;
        datom_db_unref(db);
        if (universe_deliver(universe, &until_stopped, NULL, &error) != BS_OK ||
            universe_next_due_ms(universe, &due_ms, &found, &error) != BS_OK) {
            if (!deliverer->stopped)
                wait_after_failure(deliverer, &error);
            continue;
        }
        int64_t ms = sleep_ms(universe, due_ms, found);
        if (ms > 0)
            wait_for_news(deliverer, basis_t, ms);
    }
    return NULL;
}

enum bs_code universe_deliverer_start(const struct universe *universe,
                                      struct universe_deliverer **ret_deliverer,
                                      struct bs_error *error)
{
    struct universe_deliverer *deliverer = bs_calloc(1, sizeof(*deliverer));
    deliverer->universe = universe;
    if (pthread_create(&deliverer->thread, NULL, run, deliverer) != 0) {
        free(deliverer);
        return bs_error_set(error, BS_REASON_INTERNAL, "no thread to deliver mails");
    }
    *ret_deliverer = deliverer;
    return BS_OK;
}

void universe_deliverer_stop(struct universe_deliverer *deliverer)
{
    if (!deliverer)
        return;
    deliverer->stopped = true;
    pthread_join(deliverer->thread, NULL);
    free(deliverer);
}
