/*
 * One socket: reads requests one after another and answers each before it looks at the next, so
 * answers are in order whatever the client sends ahead (up to the input's high mark; then it is TCP
 * that waits).
 *
 * A connection ends by lingering: the last answer is sent, our side is shut, and what still comes
 * is dropped for a while, since closing with unread input makes TCP throw the answer away.
 *
 * A callback of libevent marks a connection as dead and frees it as its last deed.
 */

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "bridge/internal.h"

#define MS_NS 1000000ll
/* Requests that may be sent ahead; a whole head fits. */
#define INPUT_HIGH_BYTES (64u * 1024)
#define HEAD_LOOK_BYTES (2u * BS_LIMIT_HTTP_HEAD_BYTES)
/* Content up to here is copied behind its head, larger is handed over. */
#define COPY_BYTES (16u * 1024)

static void enter(struct bridge_connection *connection, enum bridge_state state)
{
    connection->state = state;
    connection->since_ns = bs_monotonic_ns();
    connection->is_head_begun = false;
    if (state == BRIDGE_HEAD)
        http_request_parser_init(&connection->parser, BS_LIMIT_HTTP_BODY_BYTES);
}

static size_t unsent_bytes(const struct bridge_connection *connection)
{
    return evbuffer_get_length(bufferevent_get_output(connection->bev));
}

static void drop_exchange(struct bridge_connection *connection)
{
    struct bridge_exchange *exchange = connection->exchange;
    connection->exchange = NULL;
    if (!exchange)
        return;
    exchange->connection = NULL;
    /* with a call under way the exchange comes back by `done`, which drops the loop's reference */
    if (exchange->call)
        rpc_call_cancel(exchange->call);
    else
        bridge_exchange_unref(exchange);
}

void bridge_connection_free(struct bridge_connection *connection)
{
    struct bridge_loop *loop = connection->loop;
    if (connection->exchange && connection->exchange->call)
        bridge_count(&loop->bridge->stats.cancelled);
    drop_exchange(connection);
    LIST_REMOVE(connection, link);
    loop->connections_count--;
    atomic_fetch_sub_explicit(&loop->bridge->stats.connections, 1, memory_order_relaxed);
    bufferevent_free(connection->bev);
    free(connection);
}

/* ---- the way out ---- */

static void shut(struct bridge_connection *connection)
{
    if (connection->is_eof) {
        connection->is_dead = true;
        return;
    }
    if (!connection->is_shut)
        shutdown(bufferevent_getfd(connection->bev), SHUT_WR);
    connection->is_shut = true;
}

static void linger(struct bridge_connection *connection)
{
    enter(connection, BRIDGE_LINGER);
    if (unsent_bytes(connection) == 0)
        shut(connection);
}

static void free_content(const void *bytes, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    free((void *)(uintptr_t)bytes);
}

static void write_content(struct evbuffer *output, struct bridge_exchange *exchange)
{
    if (exchange->content.len > 0 && exchange->content.len <= COPY_BYTES) {
        evbuffer_add(output, exchange->content.ptr, exchange->content.len);
    } else if (exchange->content.len > 0) {
        size_t len;
        char *bytes = bs_buf_take(&exchange->content, &len);
        evbuffer_add_reference(output, bytes, len, free_content, NULL);
    }
    if (exchange->file_fd >= 0) {
        evbuffer_add_file(output, exchange->file_fd, 0, (ev_off_t)exchange->file_bytes);
        exchange->file_fd = -1;
    }
}

/* Sends the exchange's answer. The loop's reference stays with the caller. */
static void send_answer(struct bridge_connection *connection, struct bridge_exchange *exchange)
{
    struct bridge_stats *stats = &connection->loop->bridge->stats;
    struct evbuffer *output = bufferevent_get_output(connection->bev);
    if (unsent_bytes(connection) == 0)
        connection->sent_ns = bs_monotonic_ns();
    connection->queued_bytes += exchange->head.len + exchange->content.len;
    if (exchange->file_fd >= 0)
        connection->queued_bytes += exchange->file_bytes;
    evbuffer_add(output, exchange->head.ptr, exchange->head.len);
    write_content(output, exchange);
    bridge_count(&stats->by_class[BS_MIN(exchange->status / 100, 5)]);
    connection->exchange = NULL;
    exchange->connection = NULL;
    if (exchange->close || connection->is_closing || connection->loop->is_draining)
        linger(connection);
    else
        enter(connection, BRIDGE_HEAD);
}

/* An answer to what is no request, or none in time; then nothing more is read. */
static void refuse(struct bridge_connection *connection, int status, const struct bs_error *error)
{
    struct bridge_exchange *exchange = bridge_exchange_new(connection->loop);
    struct bridge_reply reply = {.fields_count = 0};
    exchange->close = true;
    bridge_exchange_fail(exchange, &reply, status, error, NULL);
    drop_exchange(connection);
    send_answer(connection, exchange);
    bridge_exchange_unref(exchange);
}

static void refuse_late(struct bridge_connection *connection, const char *what)
{
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set_code(&error, http_status_to_code(408), BS_REASON_HTTP_BAD_REQUEST,
                      "the request's %s did not come in time", what);
    bridge_count(&connection->loop->bridge->stats.timed_out);
    refuse(connection, 408, &error);
}

/* ---- the way in ---- */

/* The request is whole (or what is left of it does not matter). */
static void run(struct bridge_connection *connection)
{
    struct bridge_exchange *exchange = connection->exchange;
    if (exchange->head.len > 0 || bridge_exchange_run(exchange)) {
        send_answer(connection, exchange);
        bridge_exchange_unref(exchange);
        return;
    }
    enter(connection, BRIDGE_WAIT);
}

static void begin_body(struct bridge_connection *connection, const struct http_request *request,
                       bool answered)
{
    http_body_init(&connection->body, request->body, request->content_length,
                   BS_LIMIT_HTTP_BODY_BYTES);
    enter(connection, BRIDGE_BODY);
    if (answered && !bridge_body_is_droppable(request))
        run(connection);
    else if (!answered && request->expect_continue) {
        static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
        connection->queued_bytes += sizeof(interim) - 1;
        connection->sent_ns = bs_monotonic_ns();
        bufferevent_write(connection->bev, interim, sizeof(interim) - 1);
    }
}

static bool is_bodyless(const struct http_request *request)
{
    return request->body == HTTP_BODY_NONE ||
           (request->body == HTTP_BODY_LENGTH && request->content_length == 0);
}

static void begin(struct bridge_connection *connection, const struct http_request *request)
{
    struct bridge_exchange *exchange = bridge_exchange_new(connection->loop);
    bridge_count(&connection->loop->bridge->stats.requests);
    exchange->connection = connection;
    connection->exchange = exchange;
    bool answered = bridge_exchange_begin(exchange, request);
    if (is_bodyless(request))
        run(connection);
    else
        begin_body(connection, request, answered);
}

/* True: there may be more to do. */
static bool read_head(struct bridge_connection *connection, struct evbuffer *input)
{
    struct http_request request;
    struct bs_error error = BS_ERROR_INIT;
    size_t used = 0, len = BS_MIN(evbuffer_get_length(input), HEAD_LOOK_BYTES);
    if (len == 0 || unsent_bytes(connection) > BRIDGE_OUTPUT_HIGH_BYTES)
        return false;
    if (!connection->is_head_begun) {
        connection->is_head_begun = true;
        connection->since_ns = bs_monotonic_ns();
    }
    const char *bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)len);
    BS_ASSERT(bytes);
    switch (
        http_request_parse(&connection->parser, bs_str_make(bytes, len), &request, &used, &error)) {
    case HTTP_MORE:
        return false;
    case HTTP_DONE:
        begin(connection, &request);
        evbuffer_drain(input, used);
        return true;
    case HTTP_REFUSED:
        bridge_count(&connection->loop->bridge->stats.malformed);
        refuse(connection, connection->parser.status, &error);
        return false;
    }
    return false;
}

static bool read_body(struct bridge_connection *connection, struct evbuffer *input)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bridge_exchange *exchange = connection->exchange;
    struct bs_str data = BS_STR_EMPTY;
    size_t used = 0, len = evbuffer_get_contiguous_space(input);
    const char *bytes = len > 0 ? (const char *)evbuffer_pullup(input, (ev_ssize_t)len) : "";
    enum http_progress progress =
        http_body_decode(&connection->body, bs_str_make(bytes, len), &data, &used, &error);
    if (exchange->head.len == 0) /* else it is answered already */
        bs_buf_append_str(&exchange->body, data);
    evbuffer_drain(input, used);
    switch (progress) {
    case HTTP_MORE:
        return evbuffer_get_length(input) > 0;
    case HTTP_DONE:
        run(connection);
        return true;
    case HTTP_REFUSED:
        bridge_count(&connection->loop->bridge->stats.malformed);
        refuse(connection, connection->body.status, &error);
        return false;
    }
    return false;
}

static void advance(struct bridge_connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->bev);
    bool more = true;
    while (more && !connection->is_dead) {
        switch (connection->state) {
        case BRIDGE_HEAD:
            more = read_head(connection, input);
            break;
        case BRIDGE_BODY:
            more = read_body(connection, input);
            break;
        case BRIDGE_WAIT:
            more = false;
            break;
        case BRIDGE_LINGER:
            evbuffer_drain(input, evbuffer_get_length(input));
            more = false;
            break;
        }
    }
    /* a client that is done asking, and has all its answers, or never ended its question */
    if (connection->is_eof && connection->state != BRIDGE_WAIT && unsent_bytes(connection) == 0)
        connection->is_dead = true;
}

static void reap(struct bridge_connection *connection)
{
    if (connection->is_dead)
        bridge_connection_free(connection);
}

static void on_read(struct bufferevent *bev, void *self)
{
    (void)bev;
    advance(self);
    reap(self);
}

/* The output is empty. */
static void on_write(struct bufferevent *bev, void *self)
{
    struct bridge_connection *connection = self;
    (void)bev;
    if (connection->state == BRIDGE_LINGER)
        shut(connection);
    else
        advance(connection);
    reap(connection);
}

static bool is_reading_call(const struct bridge_connection *connection)
{
    return connection->state == BRIDGE_WAIT &&
           connection->exchange->match.route->method->idempotency == RPC_NO_SIDE_EFFECTS;
}

static void on_event(struct bufferevent *bev, short what, void *self)
{
    struct bridge_connection *connection = self;
    (void)bev;
    if (what & BEV_EVENT_EOF && what & BEV_EVENT_READING) {
        connection->is_eof = true;
        /* it may only have closed its half; what writes goes on, what reads is not worth it */
        if (is_reading_call(connection)) {
            bridge_count(&connection->loop->bridge->stats.cancelled);
            connection->is_closing = true;
            rpc_call_cancel(connection->exchange->call);
        }
        advance(connection);
    } else {
        connection->is_dead = true;
    }
    reap(connection);
}

/* ---- from the loop ---- */

static void refuse_connection(struct bridge_connection *connection)
{
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_RPC_OVERLOADED,
                 "too many connections; the limit is %zu, come back later",
                 connection->loop->bridge->options.max_connections);
    refuse(connection, 429, &error);
}

void bridge_connection_open(struct bridge_loop *loop, const struct bridge_handover *handover)
{
    int on = 1;
    struct bridge_connection *connection = bs_calloc(1, sizeof(*connection));
    setsockopt(handover->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->loop = loop;
    connection->is_refused = handover->is_refused;
    memcpy(connection->peer, handover->peer, sizeof(connection->peer));
    connection->bev = bufferevent_socket_new(loop->base, handover->fd, BEV_OPT_CLOSE_ON_FREE);
    BS_ASSERT(connection->bev);
    LIST_INSERT_HEAD(&loop->connections, connection, link);
    loop->connections_count++;
    bufferevent_setcb(connection->bev, on_read, on_write, on_event, connection);
    bufferevent_setwatermark(connection->bev, EV_READ, 0, INPUT_HIGH_BYTES);
    enter(connection, BRIDGE_HEAD);
    bridge_loop_watch(loop);
    bufferevent_enable(connection->bev, EV_READ | EV_WRITE);
    if (connection->is_refused)
        refuse_connection(connection);
    else if (loop->is_draining)
        bridge_connection_drain(connection);
}

void bridge_connection_done(struct bridge_connection *connection)
{
    send_answer(connection, connection->exchange);
    advance(connection);
    reap(connection);
}

static bool is_body_too_slow(const struct bridge_connection *connection, int64_t age_ns)
{
    const struct bridge_timeouts *timeouts = &connection->loop->bridge->timeouts;
    if (age_ns < timeouts->body_grace_ms * MS_NS)
        return false;
    double seconds = (double)age_ns / 1e9;
    return (double)connection->exchange->body.len < seconds * (double)timeouts->body_bytes_per_s;
}

static bool is_write_stalled(struct bridge_connection *connection, int64_t now_ns)
{
    const struct bridge_timeouts *timeouts = &connection->loop->bridge->timeouts;
    size_t unsent = unsent_bytes(connection);
    uint64_t sent = connection->queued_bytes - unsent;
    if (sent != connection->sent_bytes || unsent == 0) {
        connection->sent_bytes = sent;
        connection->sent_ns = now_ns;
        return false;
    }
    return now_ns - connection->sent_ns >= timeouts->write_stall_ms * MS_NS;
}

void bridge_connection_tick(struct bridge_connection *connection, int64_t now_ns)
{
    const struct bridge_timeouts *timeouts = &connection->loop->bridge->timeouts;
    int64_t age_ns = now_ns - connection->since_ns;
    if (is_write_stalled(connection, now_ns)) {
        bridge_count(&connection->loop->bridge->stats.timed_out);
        connection->is_dead = true;
    } else if (connection->state == BRIDGE_HEAD && connection->is_head_begun) {
        /* while its answers wait to be read, it is not the head that is late */
        if (age_ns >= timeouts->head_ms * MS_NS &&
            unsent_bytes(connection) <= BRIDGE_OUTPUT_HIGH_BYTES)
            refuse_late(connection, "head");
    } else if (connection->state == BRIDGE_HEAD) {
        if (age_ns >= timeouts->idle_ms * MS_NS && unsent_bytes(connection) == 0)
            connection->is_dead = true;
    } else if (connection->state == BRIDGE_BODY) {
        if (is_body_too_slow(connection, age_ns))
            refuse_late(connection, "body");
    } else if (connection->state == BRIDGE_LINGER) {
        if (connection->is_shut && age_ns >= BRIDGE_LINGER_MS * MS_NS)
            connection->is_dead = true;
    }
    reap(connection);
}

void bridge_connection_drain(struct bridge_connection *connection)
{
    if (connection->state == BRIDGE_HEAD && !connection->is_head_begun &&
        evbuffer_get_length(bufferevent_get_input(connection->bev)) == 0) {
        linger(connection);
        reap(connection);
    }
}

void bridge_connection_stop(struct bridge_connection *connection)
{
    switch (connection->state) {
    case BRIDGE_HEAD:
    case BRIDGE_BODY:
        drop_exchange(connection);
        linger(connection);
        break;
    case BRIDGE_WAIT:
        connection->is_closing = true;
        rpc_call_cancel(connection->exchange->call);
        break;
    case BRIDGE_LINGER:
        break;
    }
    reap(connection);
}
