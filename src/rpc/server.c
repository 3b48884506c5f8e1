/* Servers: one listener each, its accepting loop, and its end. */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/server_internal.h"

/* Pause after an accept that failed (no descriptors left): trying at once would spin. */
#define ACCEPT_PAUSE_NS 50000000
#define CLOSE_TIMEOUT_NS 1000000000
#define WAIT_NS 2000000000

static void unref_server(struct rpc_server *server)
{
    if (!bs_ref_put(&server->ref))
        return;
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server->quick);
    free(server);
}

void rpc_server_connection_gone(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->connections_count--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    unref_server(server);
}

static void stop_accepting(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_accepting = false;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static bool is_ending(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool ending = server->is_closing || server->is_draining;
    pthread_mutex_unlock(&server->lock);
    return ending;
}

static void accept_again(void *self)
{
    struct rpc_server *server = (struct rpc_server *)self;
    if (is_ending(server))
        stop_accepting(server);
    else
        nng_stream_listener_accept(server->listener, server->accept_aio);
}

static void on_accepted(void *self)
{
    struct rpc_server *server = (struct rpc_server *)self;
    int result = nng_aio_result(server->accept_aio);
    if (result == 0)
        rpc_server_take_stream(server, nng_aio_get_output(server->accept_aio, 0));
    if (result == NNG_ECLOSED || is_ending(server))
        stop_accepting(server);
    else if (result == 0 || result == NNG_ECONNABORTED || result == NNG_ECONNRESET)
        accept_again(server);
    else
        rpc_timer_set(&server->accept_timer, bs_deadline_after_ns(ACCEPT_PAUSE_NS));
}

static uint64_t largest_request(const struct rpc_dispatcher *dispatcher)
{
    uint64_t max = dispatcher->options.max_request_bytes;
    for (size_t i = 0; i <= dispatcher->served_mask; i++) {
        const struct rpc_method *method = dispatcher->served[i].method;
        if (method)
            max = BS_MAX(max, method->max_request_bytes);
    }
    return max;
}

static void fill(struct rpc_server *server, const struct rpc_server_options *options)
{
    if (options)
        server->options = *options;
    if (server->options.max_connections == 0)
        server->options.max_connections = BS_LIMIT_CONNECTIONS;
    if (server->options.max_calls == 0)
        server->options.max_calls = BS_LIMIT_CALLS_CONNECTION;
    server->options.tls = NULL;
    server->hello = (struct rpc_hello){
        .version = RPC_HELLO_VERSION,
        .max_payload = BS_LIMIT_FRAME_BYTES,
        .initial_credit = RPC_WINDOW_BYTES,
        .max_message = largest_request(server->dispatcher),
        .max_calls = (uint32_t)BS_MIN(server->options.max_calls, UINT32_MAX),
        .ping_min_ms = 1000,
    };
    server->accept_timer = (struct rpc_timer){.fire = accept_again, .self = server};
}

/* The port that was given for 0, and the mode of an ipc socket. */
static enum bs_code listen(struct rpc_server *server, struct bs_error *error)
{
    struct rpc_url *url = &server->url;
    BS_TRY(rpc_url_check_listen(url, error));
    int result = nng_stream_listener_alloc(&server->listener, url->text);
    if (result == 0 && url->scheme == RPC_SCHEME_IPC)
        result = nng_stream_listener_set_int(server->listener, NNG_OPT_IPC_PERMISSIONS, 0600);
    if (result == 0 && url->scheme == RPC_SCHEME_WS)
        (void)nng_stream_listener_set_size(server->listener, NNG_OPT_WS_RECVMAXFRAME, 1024u * 1024);
    if (result == 0)
        result = nng_stream_listener_listen(server->listener);
    if (result != 0)
        return bs_error_set(error, BS_REASON_RPC_CONNECTION, "%s: can't listen: %s", url->text,
                            nng_strerror(result));
    int port = 0;
    char *colon = strrchr(url->text, ':');
    if (url->scheme == RPC_SCHEME_TCP && colon && strcmp(colon, ":0") == 0 &&
        nng_stream_listener_get_int(server->listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
        snprintf(colon, sizeof(url->text) - (size_t)(colon - url->text), ":%d", port);
    return BS_OK;
}

static void free_unopened(struct rpc_server *server)
{
    if (server->listener)
        nng_stream_listener_free(server->listener);
    unref_server(server);
}

enum bs_code rpc_server_open(struct rpc_dispatcher *dispatcher, const char *url,
                             const struct rpc_server_options *options,
                             struct rpc_server **ret_server, struct bs_error *error)
{
    struct rpc_url parsed;
    pthread_condattr_t monotonic;
    BS_TRY(rpc_url_parse(url, &parsed, error));
    BS_ASSERT(dispatcher->served); /* started */
    struct rpc_server *server = bs_calloc(1, sizeof(*server));
    bs_ref_init(&server->ref);
    server->dispatcher = dispatcher;
    server->url = parsed;
    server->quick = bs_calloc(dispatcher->served_mask + 1, sizeof(struct rpc_quick));
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    fill(server, options);
    enum bs_code code = listen(server, error);
    if (code != BS_OK) {
        free_unopened(server);
        return code;
    }
    BS_ASSERT(nng_aio_alloc(&server->accept_aio, on_accepted, server) == 0);
    server->is_accepting = true;
    nng_stream_listener_accept(server->listener, server->accept_aio);
    *ret_server = server;
    return BS_OK;
}

enum bs_code rpc_server_check_url(const char *url, struct bs_error *error)
{
    struct rpc_url parsed;
    return rpc_url_parse(url, &parsed, error);
}

const char *rpc_server_url(const struct rpc_server *server)
{
    return server->url.text;
}

/* Calls `act` on each connection, outside the lock. */
static void for_each(struct rpc_server *server, void (*act)(struct rpc_conn *conn))
{
    struct rpc_conn **conns = NULL;
    size_t count = 0, capacity = 0;
    pthread_mutex_lock(&server->lock);
    for (struct server_conn *conn = server->connections; conn; conn = conn->next) {
        bs_grow(&conns, count, &capacity, sizeof(struct rpc_conn *));
        rpc_conn_ref(&conn->base);
        conns[count++] = &conn->base;
    }
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < count; i++) {
        act(conns[i]);
        rpc_conn_unref(conns[i]);
    }
    free(conns);
}

/* What is under way and what crosses this frame is still answered: clients only make new calls
 * elsewhere. */
static void say_goaway(struct rpc_conn *conn)
{
    const struct rpc_goaway goaway = {
        .last_stream = RPC_STREAM_MAX,
        .code = RPC_GOAWAY_DRAINING,
        .text = BS_STR("the server is shutting down"),
    };
    rpc_conn_lock(conn);
    if (rpc_conn_is_open_locked(conn))
        rpc_frame_write_goaway(&goaway, &conn->pending);
    rpc_conn_flush_and_unlock(conn);
}

static void finish(struct rpc_conn *conn)
{
    rpc_conn_finish(conn, NULL, CLOSE_TIMEOUT_NS / 1000000, true);
}

void rpc_server_drain(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool was_draining = server->is_draining;
    server->is_draining = true;
    pthread_mutex_unlock(&server->lock);
    if (was_draining)
        return;
    nng_stream_listener_close(server->listener);
    for_each(server, say_goaway);
}

static void wait_locked(struct rpc_server *server, bs_deadline deadline)
{
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    pthread_cond_timedwait(&server->changed, &server->lock, &until);
}

void rpc_server_close(struct rpc_server *server)
{
    if (!server)
        return;
    rpc_server_drain(server);
    pthread_mutex_lock(&server->lock);
    server->is_closing = true;
    while (server->is_accepting)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    nng_aio_free(server->accept_aio);
    for_each(server, finish);
    /* a handler that does not return holds its connection: then it is freed when it does */
    bs_deadline deadline = bs_deadline_after_ns(WAIT_NS);
    pthread_mutex_lock(&server->lock);
    while (server->connections_count > 0 && !bs_deadline_passed(deadline))
        wait_locked(server, deadline);
    pthread_mutex_unlock(&server->lock);
    nng_stream_listener_free(server->listener);
    unref_server(server);
}

void rpc_server_write_metrics(const struct rpc_server *server, struct bs_buf *out)
{
    const char *url = server->url.text;
    const struct {
        const char *name;
        uint64_t value;
    } counters[] = {
        {"rpc_connections_accepted_total", atomic_load(&server->accepted)},
        {"rpc_connections_refused_total", atomic_load(&server->refused)},
        {"rpc_connections_faults_total", atomic_load(&server->faults)},
        {"rpc_connections_received_bytes_total", atomic_load(&server->bytes_in)},
        {"rpc_connections_sent_bytes_total", atomic_load(&server->bytes_out)},
        {"rpc_calls_inline_total", atomic_load(&server->inline_calls)},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(counters); i++)
        bs_buf_printf(out, "%s{listener=\"%s\"} %llu\n", counters[i].name, url,
                      (unsigned long long)counters[i].value);
}
