/*
 * The channel: one connection at a time, made when a call needs it and again when it is lost. A
 * connection that was told to go keeps its calls until they end, beside the next one.
 *
 * States: IDLE, and with a call CONNECTING; with the peer's hello READY, and IDLE again when the
 * connection is lost; from a failed attempt BACKOFF, in which calls fail unless they wait, and when
 * its time is over IDLE, or CONNECTING when calls wait.
 */

#include "base/memory.h"
#include "base/random.h"
#include "rpc/client_internal.h"

#define CONNECT_TIMEOUT_MS 20000
#define BACKOFF_FIRST_NS 50000000
#define BACKOFF_MAX_NS 5000000000
#define CLOSE_TIMEOUT_NS 2000000000

void rpc_stream_channel_unref(struct stream_channel *channel)
{
    if (bs_ref_put(&channel->ref))
        rpc_keeper_run(&channel->free_job);
}

/* On the keeper's thread: the last reference may go inside the dial's callback. */
static void free_channel(void *self)
{
    struct stream_channel *channel = (struct stream_channel *)self;
    nng_aio_free(channel->dial_aio);
    nng_stream_dialer_free(channel->dialer);
    pthread_cond_destroy(&channel->changed);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}

/* Waiting calls */

static void append_waiting_locked(struct stream_channel *channel, struct client_call *call)
{
    call->place = PLACE_WAITING;
    call->next_waiting = NULL;
    *channel->waiting_end = call;
    channel->waiting_end = &call->next_waiting;
}

static bool remove_waiting_locked(struct stream_channel *channel, struct client_call *call)
{
    struct client_call **at = &channel->waiting;
    while (*at && *at != call)
        at = &(*at)->next_waiting;
    if (!*at)
        return false;
    *at = call->next_waiting;
    if (!*at)
        channel->waiting_end = at;
    call->place = PLACE_NOWHERE;
    return true;
}

/* Takes those that need not wait, or all; linked by next_waiting. */
static struct client_call *take_waiting_locked(struct stream_channel *channel, bool all)
{
    struct client_call *taken = NULL, **taken_end = &taken;
    struct client_call *call = channel->waiting;
    channel->waiting = NULL;
    channel->waiting_end = &channel->waiting;
    while (call) {
        struct client_call *next = call->next_waiting;
        if (call->wait_for_ready && !all) {
            append_waiting_locked(channel, call);
        } else {
            call->place = PLACE_NOWHERE;
            call->next_waiting = NULL;
            *taken_end = call;
            taken_end = &call->next_waiting;
        }
        call = next;
    }
    return taken;
}

static void fail_waiting(struct client_call *call, const struct bs_error *error)
{
    while (call) {
        struct client_call *next = call->next_waiting;
        call->complete(call, NULL, error);
        call = next;
    }
}

/* Connecting */

/* To be followed by dial(), without the lock. */
static void begin_attempt_locked(struct stream_channel *channel)
{
    channel->state = CHANNEL_CONNECTING;
    channel->attempt_ns = bs_monotonic_ns();
    bs_ref_get(&channel->ref); /* the dial's */
}

static void dial(struct stream_channel *channel)
{
    nng_aio_set_timeout(channel->dial_aio, (nng_duration)(channel->connect_timeout_ns / 1000000));
    nng_stream_dialer_dial(channel->dialer, channel->dial_aio);
}

static int64_t backoff_ns(unsigned failures)
{
    uint64_t noise;
    int64_t delay = BACKOFF_FIRST_NS;
    for (unsigned i = 1; i < failures && delay < BACKOFF_MAX_NS; i++)
        delay = delay * 8 / 5;
    bs_random_system(&noise, sizeof(noise));
    delay = BS_MIN(delay, BACKOFF_MAX_NS);
    return delay * 4 / 5 + (int64_t)(noise % (uint64_t)(delay * 2 / 5)); /* 0.8 to 1.2 of it */
}

void rpc_channel_attempt_failed(struct stream_channel *channel, const struct bs_error *error)
{
    pthread_mutex_lock(&channel->lock);
    if (channel->state == CHANNEL_READY || channel->state == CHANNEL_BACKOFF) {
        pthread_mutex_unlock(&channel->lock);
        return;
    }
    channel->state = CHANNEL_BACKOFF;
    channel->failures++;
    channel->last_error = *error;
    struct client_call *failed = take_waiting_locked(channel, channel->is_closed);
    if (!channel->is_closed) {
        bs_ref_get(&channel->ref); /* the timer's */
        rpc_timer_set(&channel->retry_timer, channel->attempt_ns + backoff_ns(channel->failures));
    }
    pthread_cond_broadcast(&channel->changed);
    pthread_mutex_unlock(&channel->lock);
    fail_waiting(failed, error);
}

static void on_retry(void *self)
{
    struct stream_channel *channel = (struct stream_channel *)self;
    bool tries = false;
    pthread_mutex_lock(&channel->lock);
    if (channel->state == CHANNEL_BACKOFF) {
        channel->state = CHANNEL_IDLE;
        tries = channel->waiting && !channel->is_closed;
        if (tries)
            begin_attempt_locked(channel);
    }
    pthread_mutex_unlock(&channel->lock);
    if (tries)
        dial(channel);
    rpc_stream_channel_unref(channel);
}

static void on_dialed(void *self)
{
    struct stream_channel *channel = (struct stream_channel *)self;
    int result = nng_aio_result(channel->dial_aio);
    if (result == 0) {
        rpc_client_take_stream(channel, nng_aio_get_output(channel->dial_aio, 0),
                               channel->attempt_ns + channel->connect_timeout_ns);
    } else {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_RPC_CONNECTION, "%s: can't connect: %s", channel->url.text,
                     nng_strerror(result));
        rpc_channel_attempt_failed(channel, &error);
    }
    rpc_stream_channel_unref(channel);
}

void rpc_channel_connection_ready(struct client_conn *conn)
{
    struct stream_channel *channel = conn->channel;
    struct client_call *call, *waiting = NULL;
    pthread_mutex_lock(&channel->lock);
    bool is_wanted = channel->state == CHANNEL_CONNECTING && !channel->is_closed;
    if (is_wanted) {
        rpc_conn_ref(&conn->base);
        channel->state = CHANNEL_READY;
        channel->current = conn;
        channel->failures = 0;
        conn->was_ready = true;
        waiting = take_waiting_locked(channel, true);
    }
    pthread_cond_broadcast(&channel->changed);
    pthread_mutex_unlock(&channel->lock);
    if (!is_wanted)
        rpc_conn_finish(&conn->base, NULL, 1000, false);
    while ((call = waiting) != NULL) {
        struct bs_error error = BS_ERROR_INIT;
        waiting = call->next_waiting;
        if (rpc_channel_submit(channel, call, &error) != BS_OK)
            call->complete(call, NULL, &error);
    }
}

void rpc_channel_detach(struct stream_channel *channel, struct client_conn *conn)
{
    pthread_mutex_lock(&channel->lock);
    bool was_current = channel->current == conn;
    if (was_current) {
        channel->current = NULL;
        channel->state = CHANNEL_IDLE;
    }
    pthread_mutex_unlock(&channel->lock);
    if (was_current)
        rpc_conn_unref(&conn->base);
}

void rpc_channel_connection_closed(struct client_conn *conn, const struct bs_error *error)
{
    struct stream_channel *channel = conn->channel;
    rpc_channel_detach(channel, conn);
    pthread_mutex_lock(&channel->lock);
    bool was_ready = conn->was_ready;
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        channel->connections = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    pthread_mutex_unlock(&channel->lock);
    if (!was_ready)
        rpc_channel_attempt_failed(channel, error);
    rpc_conn_unref(&conn->base); /* the list's */
}

void rpc_channel_connection_gone(struct stream_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    channel->connections_count--;
    pthread_cond_broadcast(&channel->changed);
    pthread_mutex_unlock(&channel->lock);
    rpc_stream_channel_unref(channel);
}

/* Calls */

static enum bs_code refuse_closed(const struct stream_channel *channel, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_RPC_CANCELLED, "%s: the channel was closed",
                        channel->url.text);
}

/* On the connection that is ready. False when that takes no calls any more. */
static bool send_on(struct stream_channel *channel, struct client_conn *conn,
                    struct client_call *call, enum bs_code *ret_code, struct bs_error *error)
{
    if (rpc_client_conn_send(conn, call, ret_code, error))
        return true;
    rpc_channel_detach(channel, conn);
    pthread_mutex_lock(&channel->lock);
    call->place = PLACE_NOWHERE;
    call->conn = NULL;
    pthread_mutex_unlock(&channel->lock);
    rpc_conn_unref(&conn->base);
    return false;
}

enum bs_code rpc_channel_submit(struct stream_channel *channel, struct client_call *call,
                                struct bs_error *error)
{
    for (;;) {
        enum bs_code code = BS_OK;
        struct client_conn *conn = NULL;
        bool tries = false;
        pthread_mutex_lock(&channel->lock);
        if (channel->is_closed) {
            code = refuse_closed(channel, error);
        } else if (channel->state == CHANNEL_READY) {
            conn = channel->current;
            rpc_conn_ref(&conn->base); /* the call's */
            call->conn = conn;
            call->place = PLACE_ON_CONN;
        } else if (channel->state == CHANNEL_BACKOFF && !call->wait_for_ready) {
            code = channel->last_error.code;
            if (error)
                *error = channel->last_error;
        } else {
            append_waiting_locked(channel, call);
            tries = channel->state == CHANNEL_IDLE;
            if (tries)
                begin_attempt_locked(channel);
        }
        pthread_mutex_unlock(&channel->lock);
        if (tries)
            dial(channel);
        if (!conn || send_on(channel, conn, call, &code, error))
            return code;
    }
}

bool rpc_channel_take_out(struct stream_channel *channel, struct client_call *call)
{
    struct client_conn *conn = NULL;
    bool was_waiting = false;
    pthread_mutex_lock(&channel->lock);
    if (call->place == PLACE_WAITING) {
        was_waiting = remove_waiting_locked(channel, call);
    } else if (call->place == PLACE_ON_CONN) {
        conn = call->conn;
        rpc_conn_ref(&conn->base);
    }
    pthread_mutex_unlock(&channel->lock);
    if (!conn)
        return was_waiting;
    bool is_taken = rpc_client_conn_take_out(conn, call);
    rpc_conn_unref(&conn->base);
    return is_taken;
}

void rpc_channel_forget(struct stream_channel *channel, struct client_call *call)
{
    pthread_mutex_lock(&channel->lock);
    struct client_conn *conn = call->conn;
    call->conn = NULL;
    call->place = PLACE_NOWHERE;
    pthread_mutex_unlock(&channel->lock);
    if (conn)
        rpc_conn_unref(&conn->base);
}

/* Opening and closing */

/* Polls: closing is rare, and nobody signals the end of a call. */
static void wait_until_idle(struct stream_channel *channel)
{
    while (atomic_load(&channel->active) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void finish_connections(struct stream_channel *channel)
{
    struct rpc_conn **conns = NULL;
    size_t count = 0, capacity = 0;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_RPC_CANCELLED, "the channel was closed");
    pthread_mutex_lock(&channel->lock);
    for (struct client_conn *conn = channel->connections; conn; conn = conn->next) {
        bs_grow(&conns, count, &capacity, sizeof(struct rpc_conn *));
        rpc_conn_ref(&conn->base);
        conns[count++] = &conn->base;
    }
    pthread_mutex_unlock(&channel->lock);
    for (size_t i = 0; i < count; i++) {
        rpc_conn_close(conns[i], &error);
        rpc_conn_unref(conns[i]);
    }
    free(conns);
}

static void channel_close(struct rpc_channel *base)
{
    struct stream_channel *channel = (struct stream_channel *)base;
    struct bs_error error = BS_ERROR_INIT;
    refuse_closed(channel, &error);
    pthread_mutex_lock(&channel->lock);
    channel->is_closed = true;
    struct client_call *waiting = take_waiting_locked(channel, true);
    pthread_mutex_unlock(&channel->lock);
    fail_waiting(waiting, &error);
    if (rpc_timer_unset(&channel->retry_timer))
        rpc_stream_channel_unref(channel);
    nng_aio_cancel(channel->dial_aio);
    finish_connections(channel);
    wait_until_idle(channel);
    bs_deadline deadline = bs_deadline_after_ns(CLOSE_TIMEOUT_NS);
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    pthread_mutex_lock(&channel->lock);
    while (channel->connections_count > 0 && !bs_deadline_passed(deadline))
        pthread_cond_timedwait(&channel->changed, &channel->lock, &until);
    pthread_mutex_unlock(&channel->lock);
    rpc_stream_channel_unref(channel);
}

static const struct rpc_channel_type type = {
    .name = "stream",
    .call = rpc_channel_call_on_stream,
    .call_bytes = rpc_channel_call_bytes_on_stream,
    .start = rpc_channel_start_on_stream,
    .close = channel_close,
};

/* Waits for the first attempt's end. */
static enum bs_code connect_now(struct stream_channel *channel, struct bs_error *error)
{
    enum bs_code code = BS_OK;
    pthread_mutex_lock(&channel->lock);
    begin_attempt_locked(channel);
    pthread_mutex_unlock(&channel->lock);
    dial(channel);
    pthread_mutex_lock(&channel->lock);
    while (channel->state == CHANNEL_CONNECTING)
        pthread_cond_wait(&channel->changed, &channel->lock);
    if (channel->failures > 0) {
        code = channel->last_error.code;
        if (error)
            *error = channel->last_error;
    }
    pthread_mutex_unlock(&channel->lock);
    return code;
}

enum bs_code rpc_stream_channel_open(const char *url,
                                     const struct rpc_stream_channel_options *options,
                                     struct rpc_channel **ret_channel, struct bs_error *error)
{
    struct rpc_url parsed;
    nng_stream_dialer *dialer;
    pthread_condattr_t monotonic;
    int64_t timeout_ms = options ? options->connect_timeout_ms : 0;
    BS_TRY(rpc_url_parse(url, &parsed, error));
    int result = nng_stream_dialer_alloc(&dialer, parsed.text);
    if (result != 0)
        return bs_error_set(error, BS_REASON_CLI_USAGE, "%s: %s", parsed.text,
                            nng_strerror(result));
    struct stream_channel *channel = bs_calloc(1, sizeof(*channel));
    channel->base.type = &type;
    bs_ref_init(&channel->ref);
    channel->url = parsed;
    channel->dialer = dialer;
    channel->connect_timeout_ns = (timeout_ms > 0 ? timeout_ms : CONNECT_TIMEOUT_MS) * 1000000;
    channel->waiting_end = &channel->waiting;
    channel->retry_timer = (struct rpc_timer){.fire = on_retry, .self = channel};
    channel->free_job = (struct rpc_job){.run = free_channel, .self = channel};
    BS_ASSERT(nng_aio_alloc(&channel->dial_aio, on_dialed, channel) == 0);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum bs_code code = options && options->eager ? connect_now(channel, error) : BS_OK;
    if (code == BS_OK)
        *ret_channel = &channel->base;
    else
        channel_close(&channel->base);
    return code;
}
