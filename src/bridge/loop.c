/*
 * A thread with its event_base. Other threads leave things in its inbox and write to an eventfd; it
 * takes all that is there at once.
 */

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "bridge/internal.h"

#define STOP_FLUSH_NS 1000000000ll

static void wake(struct bridge_loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));
    (void)written; /* it fails only when the counter is full, and then the loop is awake */
}

void bridge_loop_post_done(struct bridge_loop *loop, struct bridge_exchange *exchange)
{
    pthread_mutex_lock(&loop->lock);
    bool was_empty = loop->done == NULL;
    exchange->next = loop->done;
    loop->done = exchange;
    pthread_mutex_unlock(&loop->lock);
    if (was_empty)
        wake(loop);
}

void bridge_loop_post_socket(struct bridge_loop *loop, struct bridge_handover *handover)
{
    pthread_mutex_lock(&loop->lock);
    handover->next = loop->handovers;
    loop->handovers = handover;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

void bridge_loop_ask(struct bridge_loop *loop, bool drain, bool stop)
{
    pthread_mutex_lock(&loop->lock);
    loop->drain_asked |= drain;
    loop->stop_asked |= stop;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

/* ---- its own thread ---- */

static void take_done(struct bridge_exchange *done)
{
    while (done) {
        struct bridge_exchange *exchange = done;
        done = exchange->next;
        rpc_call_unref(exchange->call);
        exchange->call = NULL;
        exchange->loop->calls_count--;
        if (exchange->is_page_found)
            bridge_exchange_finish(exchange);
        if (exchange->connection)
            bridge_connection_done(exchange->connection);
        bridge_exchange_unref(exchange);
    }
}

static void take_sockets(struct bridge_loop *loop, struct bridge_handover *handovers)
{
    while (handovers) {
        struct bridge_handover *handover = handovers;
        handovers = handover->next;
        bridge_connection_open(loop, handover);
        free(handover);
    }
}

static void for_each(struct bridge_loop *loop, void (*function)(struct bridge_connection *))
{
    struct bridge_connection *connection = LIST_FIRST(&loop->connections);
    while (connection) {
        struct bridge_connection *next = LIST_NEXT(connection, link);
        function(connection);
        connection = next;
    }
}

static void drain(struct bridge_loop *loop)
{
    loop->is_draining = true;
    if (loop->bridge->listener && loop == &loop->bridge->loops[0])
        evconnlistener_disable(loop->bridge->listener);
    for_each(loop, bridge_connection_drain);
}

static void end_if_empty(struct bridge_loop *loop)
{
    if (loop->is_stopping && loop->connections_count == 0 && loop->calls_count == 0)
        event_base_loopbreak(loop->base);
}

static void on_wake(evutil_socket_t fd, short what, void *self)
{
    struct bridge_loop *loop = self;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got;
    (void)what;
    pthread_mutex_lock(&loop->lock);
    struct bridge_exchange *done = loop->done;
    struct bridge_handover *handovers = loop->handovers;
    bool drain_asked = loop->drain_asked, stop_asked = loop->stop_asked;
    loop->done = NULL;
    loop->handovers = NULL;
    pthread_mutex_unlock(&loop->lock);
    take_done(done);
    take_sockets(loop, handovers);
    if (drain_asked && !loop->is_draining)
        drain(loop);
    if (stop_asked && !loop->is_stopping) {
        loop->is_stopping = true;
        loop->stop_ns = bs_monotonic_ns() + STOP_FLUSH_NS;
        for_each(loop, bridge_connection_stop);
    }
    end_if_empty(loop);
}

/* Often enough for the shortest time-out. */
static struct timeval tick_interval(const struct bridge_timeouts *timeouts)
{
    int64_t ms = BS_MIN(BS_MIN(timeouts->head_ms, timeouts->body_grace_ms),
                        BS_MIN(timeouts->idle_ms, timeouts->write_stall_ms));
    ms = BS_MAX(BS_MIN(ms / 4, 500), 5);
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void on_tick(evutil_socket_t fd, short what, void *self)
{
    struct bridge_loop *loop = self;
    int64_t now_ns = bs_monotonic_ns();
    (void)fd;
    (void)what;
    struct bridge_connection *connection = LIST_FIRST(&loop->connections);
    while (connection) {
        struct bridge_connection *next = LIST_NEXT(connection, link);
        if (loop->is_stopping && now_ns >= loop->stop_ns)
            bridge_connection_free(connection);
        else
            bridge_connection_tick(connection, now_ns);
        connection = next;
    }
    if (loop->connections_count == 0) {
        event_del(loop->tick_event);
        loop->is_ticking = false;
    }
    end_if_empty(loop);
}

void bridge_loop_watch(struct bridge_loop *loop)
{
    struct timeval interval = tick_interval(&loop->bridge->timeouts);
    if (loop->is_ticking)
        return;
    event_add(loop->tick_event, &interval);
    loop->is_ticking = true;
}

static void *run(void *self)
{
    struct bridge_loop *loop = self;
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}

enum bs_code bridge_loop_init(struct bridge_loop *loop, struct bridge *bridge,
                              struct bs_error *error)
{
    *loop = (struct bridge_loop){.bridge = bridge, .wake_fd = -1};
    LIST_INIT(&loop->connections);
    pthread_mutex_init(&loop->lock, NULL);
    struct event_config *config = event_config_new();
    BS_ASSERT(config);
    /* one thread uses it; no kqueue or select where there is epoll */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!loop->base || loop->wake_fd < 0)
        return bs_error_set(error, BS_REASON_RPC_CONNECTION,
                            "no descriptors are left for the loops of HTTP");
    loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    loop->tick_event = event_new(loop->base, -1, EV_PERSIST, on_tick, loop);
    BS_ASSERT(loop->wake_event && loop->tick_event);
    event_add(loop->wake_event, NULL);
    return BS_OK;
}

void bridge_loop_start(struct bridge_loop *loop)
{
    int failed = pthread_create(&loop->thread, NULL, run, loop);
    BS_ASSERT(!failed);
}

void bridge_loop_fini(struct bridge_loop *loop)
{
    /* answers that came when the connections had gone */
    take_done(loop->done);
    while (loop->handovers) {
        struct bridge_handover *handover = loop->handovers;
        loop->handovers = handover->next;
        evutil_closesocket(handover->fd);
        free(handover);
    }
    if (loop->wake_event)
        event_free(loop->wake_event);
    if (loop->tick_event)
        event_free(loop->tick_event);
    if (loop->base)
        event_base_free(loop->base);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
}
