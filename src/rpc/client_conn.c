/* A channel's connections: requests out, answers in. */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/client_internal.h"

/* Up to here a request is packed straight into what is sent. */
#define WHOLE_MAX_BYTES (32u * 1024)

static struct client_conn *of(struct rpc_conn *conn)
{
    return (struct client_conn *)conn;
}

/* Sending */

static int64_t timeout_of(const struct client_call *call)
{
    return call->deadline == BS_DEADLINE_NONE ? -1 : bs_deadline_left_ns(call->deadline);
}

/* OPEN with the first `size` bytes of the request, which the caller appends. */
static void write_open(const struct client_call *call, uint8_t flags, int64_t timeout_ns,
                       size_t size, struct bs_buf *out)
{
    size_t at = out->len;
    const struct rpc_frame frame = {
        .type = RPC_FRAME_OPEN,
        .flags = (uint8_t)(flags | RPC_FLAG_MESSAGE | (timeout_ns >= 0 ? RPC_FLAG_DEADLINE : 0)),
        .stream = call->entry.id,
    };
    rpc_frame_write_header(&frame, out);
    rpc_open_head_write(call->name, timeout_ns, NULL, out);
    bs_buf_append_str(out, bs_buf_str(&call->metadata));
    size_t head = out->len - at - RPC_FRAME_HEADER_SIZE;
    bs_store_u32(out->ptr + at, (uint32_t)(head + size));
    bs_store_u16(out->ptr + at + 6, (uint16_t)head);
}

static void pack_body(struct client_call *call)
{
    if (!call->message)
        return;
    char *bytes = bs_buf_reserve(&call->body, call->size);
    BS_ASSERT(bytes);
    call->body.len += protobuf_c_message_pack(call->message, (uint8_t *)bytes);
    call->message = NULL;
}

static void write_whole_locked(struct client_conn *conn, struct client_call *call,
                               int64_t timeout_ns)
{
    struct bs_buf *out = &conn->base.pending;
    write_open(call, RPC_FLAG_END, timeout_ns, call->size, out);
    if (call->message) {
        char *body = bs_buf_reserve(out, call->size);
        BS_ASSERT(body);
        out->len += protobuf_c_message_pack(call->message, (uint8_t *)body);
    } else {
        bs_buf_append_str(out, bs_buf_str(&call->body));
    }
}

static void write_pieces_locked(struct client_conn *conn, struct client_call *call,
                                int64_t timeout_ns, size_t head)
{
    const struct rpc_hello *peer = &conn->base.peer;
    struct bs_buf nothing = BS_BUF_INIT(0);
    size_t room = BS_MIN(peer->max_payload, BS_LIMIT_FRAME_BYTES) - head;
    size_t first = BS_MIN(BS_MIN(room, peer->initial_credit), call->body.len);
    bool is_all = first == call->body.len;
    write_open(call, is_all ? RPC_FLAG_END : RPC_FLAG_MORE, timeout_ns, first, &conn->base.pending);
    bs_buf_append(&conn->base.pending, call->body.ptr, first);
    if (!is_all)
        rpc_conn_queue_locked(&conn->base, call->entry.id, &call->body, first,
                              peer->initial_credit - first, RPC_FLAG_END, &nothing);
}

static enum bs_code check_size(const struct client_conn *conn, const struct client_call *call,
                               size_t head, struct bs_error *error)
{
    if (call->size > conn->base.peer.max_message)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "%.*s: expected a request of at most %llu bytes, which is what the "
                            "server takes, got %zu",
                            BS_STR_ARGS(call->name),
                            (unsigned long long)conn->base.peer.max_message, call->size);
    if (head > RPC_FRAME_MIN_PAYLOAD - 1024)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "the method's name and metadata: expected at most %u bytes, got %zu",
                            RPC_FRAME_MIN_PAYLOAD - 1024, head);
    return BS_OK;
}

bool rpc_client_conn_send(struct client_conn *conn, struct client_call *call,
                          enum bs_code *ret_code, struct bs_error *error)
{
    int64_t timeout_ns = timeout_of(call);
    size_t head = rpc_open_head_size(call->name, timeout_ns, NULL) + call->metadata.len;
    *ret_code = check_size(conn, call, head, error);
    if (*ret_code != BS_OK)
        return true;
    bool is_whole = call->size <= BS_MIN(WHOLE_MAX_BYTES, conn->base.peer.initial_credit) &&
                    call->size + head <= conn->base.peer.max_payload;
    if (!is_whole)
        pack_body(call);
    rpc_conn_lock(&conn->base);
    bool takes = rpc_conn_is_open_locked(&conn->base) && !conn->is_going &&
                 conn->next_stream < RPC_STREAM_MAX;
    if (takes) {
        call->entry.id = conn->next_stream++;
        rpc_stream_table_add(&conn->calls, &call->entry);
        if (is_whole)
            write_whole_locked(conn, call, timeout_ns);
        else
            write_pieces_locked(conn, call, timeout_ns, head);
    }
    rpc_conn_flush_and_unlock(&conn->base);
    return takes;
}

bool rpc_client_conn_take_out(struct client_conn *conn, struct client_call *call)
{
    rpc_conn_lock(&conn->base);
    struct rpc_stream_entry *found = rpc_stream_table_find(&conn->calls, call->entry.id);
    bool is_there = found == &call->entry;
    if (is_there) {
        rpc_stream_table_remove(&conn->calls, call->entry.id);
        rpc_conn_drop_outgoing_locked(&conn->base, call->entry.id);
        if (rpc_conn_is_open_locked(&conn->base))
            rpc_frame_write_cancel(call->entry.id, &conn->base.pending);
    }
    rpc_conn_flush_and_unlock(&conn->base);
    return is_there;
}

/* Receiving */

static void finish_if_going(struct client_conn *conn)
{
    rpc_conn_lock(&conn->base);
    bool is_over = conn->is_going && conn->calls.count == 0;
    pthread_mutex_unlock(&conn->base.lock);
    if (is_over)
        rpc_conn_finish(&conn->base, NULL, 1000, false);
}

static enum bs_code take_status(struct client_conn *conn, const struct rpc_frame *frame,
                                struct bs_error *error)
{
    struct rpc_status_head head;
    BS_TRY(rpc_status_head_read(frame, &head, error));
    rpc_conn_lock(&conn->base);
    struct client_call *call =
        (struct client_call *)rpc_stream_table_remove(&conn->calls, frame->stream);
    if (call)
        rpc_conn_drop_outgoing_locked(&conn->base, frame->stream);
    bool is_going = conn->is_going;
    pthread_mutex_unlock(&conn->base.lock);
    if (call)
        call->complete(call, frame, NULL);
    if (is_going)
        finish_if_going(conn);
    return BS_OK;
}

static enum bs_code take_piece_locked(struct client_conn *conn, struct client_call *call,
                                      const struct rpc_frame *frame, bool *ret_fits,
                                      struct bs_error *error)
{
    uint32_t grant;
    BS_TRY(rpc_inbox_take(&call->inbox, frame, &grant, ret_fits, error));
    if (!(frame->flags & RPC_FLAG_MORE))
        call->has_message = true;
    if (grant > 0)
        rpc_frame_write_credit(frame->stream, grant, &conn->base.pending);
    return BS_OK;
}

static enum bs_code take_message(struct client_conn *conn, const struct rpc_frame *frame,
                                 struct bs_error *error)
{
    enum bs_code code = BS_OK;
    struct bs_error wrong = BS_ERROR_INIT;
    bool fits = true;
    rpc_conn_lock(&conn->base);
    struct client_call *call =
        (struct client_call *)rpc_stream_table_find(&conn->calls, frame->stream);
    bool is_second = call && call->has_message;
    if (call && !is_second && frame->flags & RPC_FLAG_MESSAGE)
        code = take_piece_locked(conn, call, frame, &fits, error);
    if (is_second || !fits) {
        rpc_stream_table_remove(&conn->calls, frame->stream);
        rpc_frame_write_cancel(frame->stream, &conn->base.pending);
    }
    rpc_conn_flush_and_unlock(&conn->base);
    if (is_second)
        bs_error_set_code(&wrong, BS_UNIMPLEMENTED, BS_REASON_RPC_PROTOCOL,
                          "%.*s: expected one response message, got several",
                          BS_STR_ARGS(call->name));
    else if (!fits)
        bs_error_set(&wrong, BS_REASON_RPC_TOO_LARGE,
                     "%.*s: expected a response of at most %u bytes, got more",
                     BS_STR_ARGS(call->name), BS_LIMIT_MESSAGE_SENT_BYTES);
    if (wrong.code != BS_OK)
        call->complete(call, NULL, &wrong);
    return code;
}

static enum bs_code take_initial(struct client_conn *conn, const struct rpc_frame *frame,
                                 struct bs_error *error)
{
    BS_TRY(rpc_frame_check_metadata(frame->head, error));
    rpc_conn_lock(&conn->base);
    struct client_call *call =
        (struct client_call *)rpc_stream_table_find(&conn->calls, frame->stream);
    if (call) {
        bs_buf_reset(&call->initial);
        bs_buf_append_str(&call->initial, frame->head);
    }
    pthread_mutex_unlock(&conn->base.lock);
    return BS_OK;
}

static enum bs_reason reason_of_goaway(uint16_t code)
{
    switch (code) {
    case RPC_GOAWAY_DRAINING:
        return BS_REASON_RPC_DRAINING;
    case RPC_GOAWAY_LIMIT:
        return BS_REASON_RPC_OVERLOADED;
    case RPC_GOAWAY_PROTOCOL:
    case RPC_GOAWAY_VERSION:
        return BS_REASON_RPC_PROTOCOL;
    default:
        return BS_REASON_RPC_CONNECTION;
    }
}

/* Completes the calls of a list that has been taken out. */
static void fail_all(struct rpc_stream_entry *entry, const struct bs_error *error)
{
    while (entry) {
        struct rpc_stream_entry *next = entry->next;
        struct client_call *call = (struct client_call *)entry;
        call->complete(call, NULL, error);
        entry = next;
    }
}

static void take_goaway(struct client_conn *conn, const struct rpc_frame *frame)
{
    struct rpc_goaway goaway = rpc_goaway_read(frame);
    struct rpc_stream_entry *refused = NULL;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, reason_of_goaway(goaway.code), "%s: the server ended the connection: %.*s",
                 conn->channel->url.text, BS_STR_ARGS(goaway.text));
    rpc_conn_lock(&conn->base);
    conn->is_going = true;
    struct rpc_stream_entry *all = rpc_stream_table_take_all(&conn->calls);
    while (all) {
        struct rpc_stream_entry *next = all->next;
        if (all->id <= goaway.last_stream) {
            rpc_stream_table_add(&conn->calls, all);
        } else {
            rpc_conn_drop_outgoing_locked(&conn->base, all->id);
            all->next = refused;
            refused = all;
        }
        all = next;
    }
    pthread_mutex_unlock(&conn->base.lock);
    rpc_channel_detach(conn->channel, conn);
    if (goaway.code != RPC_GOAWAY_DRAINING)
        rpc_channel_attempt_failed(conn->channel, &error);
    fail_all(refused, &error);
    finish_if_going(conn);
}

static void send_pong(struct client_conn *conn, uint64_t payload)
{
    rpc_conn_lock(&conn->base);
    if (rpc_conn_is_open_locked(&conn->base))
        rpc_frame_write_ping(RPC_FRAME_PONG, payload, &conn->base.pending);
    rpc_conn_flush_and_unlock(&conn->base);
}

static enum bs_code check_stream(struct client_conn *conn, const struct rpc_frame *frame,
                                 struct bs_error *error)
{
    rpc_conn_lock(&conn->base);
    uint64_t next = conn->next_stream;
    pthread_mutex_unlock(&conn->base.lock);
    if (frame->stream >= next)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame of type %u for stream %llu, which was never opened",
                            frame->type, (unsigned long long)frame->stream);
    return BS_OK;
}

static enum bs_code on_frame(struct rpc_conn *base, const struct rpc_frame *frame,
                             struct bs_error *error)
{
    struct client_conn *conn = of(base);
    BS_TRY(check_stream(conn, frame, error));
    switch (frame->type) {
    case RPC_FRAME_STATUS:
        return take_status(conn, frame, error);
    case RPC_FRAME_MESSAGE:
        return take_message(conn, frame, error);
    case RPC_FRAME_INITIAL:
        return take_initial(conn, frame, error);
    case RPC_FRAME_CREDIT:
        return rpc_conn_add_credit(base, frame->stream, rpc_credit_read(frame), error);
    case RPC_FRAME_PING:
        send_pong(conn, rpc_ping_read(frame));
        return BS_OK;
    case RPC_FRAME_PONG:
        return BS_OK;
    case RPC_FRAME_GOAWAY:
        take_goaway(conn, frame);
        return BS_OK;
    default:
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame of type %u, which only clients send", frame->type);
    }
}

static void on_hello(struct rpc_conn *base)
{
    rpc_channel_connection_ready(of(base));
}

static void on_closed(struct rpc_conn *base, const struct bs_error *why)
{
    struct client_conn *conn = of(base);
    struct bs_error error = *why;
    bs_error_prefix(&error, "%s: ", conn->channel->url.text);
    rpc_conn_lock(base);
    conn->is_going = true;
    struct rpc_stream_entry *all = rpc_stream_table_take_all(&conn->calls);
    pthread_mutex_unlock(&base->lock);
    rpc_channel_connection_closed(conn, &error);
    fail_all(all, &error);
}

static void on_free(struct rpc_conn *base)
{
    struct client_conn *conn = of(base);
    struct stream_channel *channel = conn->channel;
    rpc_stream_table_fini(&conn->calls);
    free(conn);
    rpc_channel_connection_gone(channel);
}

static const struct rpc_conn_events events = {
    .hello = on_hello,
    .frame = on_frame,
    .closed = on_closed,
    .free = on_free,
};

void rpc_client_take_stream(struct stream_channel *channel, nng_stream *stream,
                            bs_deadline deadline)
{
    static const struct rpc_hello hello = {
        .version = RPC_HELLO_VERSION,
        .max_payload = BS_LIMIT_FRAME_BYTES,
        .initial_credit = RPC_WINDOW_BYTES,
        .max_message = BS_LIMIT_MESSAGE_SENT_BYTES,
        .ping_min_ms = 1000,
    };
    struct client_conn *conn = bs_calloc(1, sizeof(*conn));
    conn->channel = channel;
    conn->next_stream = 1;
    (void)nng_stream_set_bool(stream, NNG_OPT_TCP_NODELAY, true); /* ipc has none */
    rpc_conn_init(&conn->base, stream, &events);                  /* the list's reference */
    bs_ref_get(&channel->ref);
    pthread_mutex_lock(&channel->lock);
    channel->connections_count++;
    conn->next = channel->connections;
    if (conn->next)
        conn->next->previous = conn;
    channel->connections = conn;
    pthread_mutex_unlock(&channel->lock);
    rpc_conn_ref(&conn->base);
    rpc_conn_start(&conn->base, deadline);
    rpc_conn_lock(&conn->base);
    rpc_hello_write(&hello, &conn->base.pending);
    rpc_conn_flush_and_unlock(&conn->base);
    rpc_conn_unref(&conn->base);
}
