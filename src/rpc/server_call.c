/*
 * Calls as they come in on a connection. A small request of a method that is known to be quick is
 * run by the reader itself, out of the receive buffer, and costs no memory and no other thread. Any
 * other becomes a server_call, which stands in the connection's table until it is answered and
 * lives until its handler has returned.
 */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/server_internal.h"

/* nng has four threads or more for callbacks: inline runs take at most these of them. */
#define INLINE_RUNS_MAX 2
#define SPARE_MAX 64

static _Atomic unsigned inline_runs;
/* What this thread is handing to the dispatcher: an answer that comes meanwhile is a refusal. */
static _Thread_local const struct server_call *starting;

static struct server_conn *of(struct rpc_conn *conn)
{
    return (struct server_conn *)conn;
}

static struct server_call *take_spare(struct server_conn *conn)
{
    struct server_call *call = NULL;
    rpc_conn_lock(&conn->base);
    if (conn->spare) {
        call = (struct server_call *)conn->spare;
        conn->spare = conn->spare->next;
        conn->spare_count--;
    }
    conn->calls_count++;
    pthread_mutex_unlock(&conn->base.lock);
    return call ? call : bs_malloc(sizeof(*call));
}

/* The sink's release: the handler has returned, nobody looks at the request any more. */
static void release(void *self)
{
    struct server_call *call = (struct server_call *)self;
    struct server_conn *conn = call->conn;
    rpc_inbox_fini(&call->inbox);
    rpc_conn_lock(&conn->base);
    conn->calls_count--;
    bool keeps = conn->spare_count < SPARE_MAX && !conn->base.is_closed;
    if (keeps) {
        call->entry.next = conn->spare;
        conn->spare = &call->entry;
        conn->spare_count++;
    }
    pthread_mutex_unlock(&conn->base.lock);
    if (!keeps)
        free(call);
    rpc_conn_unref(&conn->base);
}

static void answer(void *self, struct rpc_call *rpc, const struct rpc_answer *answer)
{
    struct server_call *call = (struct server_call *)self;
    struct server_conn *conn = call->conn;
    bool was_begun = starting != call;
    if (call->quick && was_begun)
        rpc_quick_note_queued(call->quick, bs_monotonic_ns() - call->came_ns);
    rpc_server_answer(conn, call->entry.id, was_begun, answer);
    rpc_conn_lock(&conn->base);
    bool was_there = rpc_stream_table_remove(&conn->calls, call->entry.id) != NULL;
    pthread_mutex_unlock(&conn->base.lock);
    if (was_there)
        rpc_call_unref(rpc); /* not the last: who calls this has one too */
}

struct inline_call {
    struct server_conn *conn;
    uint64_t stream;
};

static void answer_inline(void *self, struct rpc_call *rpc, const struct rpc_answer *answer)
{
    const struct inline_call *call = (const struct inline_call *)self;
    (void)rpc;
    rpc_server_answer(call->conn, call->stream, true, answer);
}

/* An OPEN frame, taken apart. */
struct opening {
    const struct rpc_frame *frame;
    struct rpc_open_head head;
    const struct rpc_served *served; /* NULL: unknown */
    struct rpc_quick *quick;
    struct rpc_metadata metadata;
    bs_deadline deadline;
};

static struct rpc_call *new_call(struct server_conn *conn, const struct opening *opening,
                                 const struct rpc_sink *sink)
{
    return rpc_call_new(conn->server->dispatcher, &(struct rpc_call_options){
                                                      .method = opening->head.method,
                                                      .metadata = &opening->metadata,
                                                      .deadline = opening->deadline,
                                                      .transport = conn->server->url.name,
                                                      .peer = bs_str_from(conn->peer),
                                                      .sink = *sink,
                                                  });
}

static bool is_whole(const struct rpc_frame *frame)
{
    return (frame->flags & (RPC_FLAG_MESSAGE | RPC_FLAG_MORE | RPC_FLAG_END)) ==
           (RPC_FLAG_MESSAGE | RPC_FLAG_END);
}

/* Takes one of the places for inline runs. What a method has learned holds for plain calls: one
 * that waits for a basis would hold up all that comes after it on the connection. */
static bool may_run_inline(const struct opening *opening)
{
    if (!opening->served || opening->served->method->kind != RPC_UNARY ||
        !is_whole(opening->frame) || opening->frame->body.len > RPC_INLINE_MAX_BYTES ||
        !rpc_quick_is_quick(opening->quick) || rpc_metadata_has_feature(&opening->metadata))
        return false;
    if (atomic_fetch_add_explicit(&inline_runs, 1, memory_order_relaxed) < INLINE_RUNS_MAX)
        return true;
    atomic_fetch_sub_explicit(&inline_runs, 1, memory_order_relaxed);
    return false;
}

static void run_inline(struct server_conn *conn, const struct opening *opening)
{
    struct inline_call call = {.conn = conn, .stream = opening->frame->stream};
    const struct rpc_sink sink = {.answer = answer_inline, .self = &call};
    struct rpc_call *rpc = new_call(conn, opening, &sink);
    int64_t began_ns = rpc_call_started_ns(rpc);
    rpc_call_set_request_bytes(rpc, opening->frame->body);
    rpc_call_run(rpc);
    rpc_call_unref(rpc);
    rpc_quick_note_inline(opening->quick, bs_monotonic_ns() - began_ns);
    atomic_fetch_sub_explicit(&inline_runs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&conn->server->inline_calls, 1, memory_order_relaxed);
}

static void start(struct server_conn *conn, struct server_call *call)
{
    struct rpc_call *rpc = rpc_call_ref(call->call);
    conn->assembling_bytes -= call->inbox_counted;
    call->inbox_counted = 0;
    call->is_started = true;
    call->came_ns = bs_monotonic_ns();
    starting = call;
    rpc_call_start(rpc);
    starting = NULL;
    rpc_call_unref(rpc);
}

/* One that has not been started, and so stays: only this thread does anything to it. */
static struct server_call *find_unstarted(struct server_conn *conn, uint64_t stream)
{
    rpc_conn_lock(&conn->base);
    struct server_call *call = (struct server_call *)rpc_stream_table_find(&conn->calls, stream);
    if (call && call->is_started)
        call = NULL;
    pthread_mutex_unlock(&conn->base.lock);
    return call;
}

/* Ends a call that has not been started. */
static void drop(struct server_conn *conn, struct server_call *call, const struct bs_error *error)
{
    struct rpc_call *rpc = call->call;
    uint64_t stream = call->entry.id;
    rpc_conn_lock(&conn->base);
    rpc_stream_table_remove(&conn->calls, stream);
    pthread_mutex_unlock(&conn->base.lock);
    conn->assembling_bytes -= call->inbox_counted;
    rpc_server_answer_error(conn, stream, error);
    rpc_call_unref(rpc); /* the last: releases `call` */
}

static enum bs_code too_large(const struct server_call *call, struct bs_error *error)
{
    return bs_error_set(
        error, BS_REASON_RPC_TOO_LARGE, "%s: expected a request of at most %zu bytes, got more",
        call->method ? call->method->full_name : "the method", call->inbox.message.max_bytes);
}

/* What is wrong with the piece for this call; OK when nothing is. */
static enum bs_code check_piece(const struct server_conn *conn, const struct server_call *call,
                                bool fits, struct bs_error *error)
{
    if (!fits)
        return too_large(call, error);
    if (conn->assembling_bytes > RPC_ASSEMBLING_MAX_BYTES)
        return bs_error_set(error, BS_REASON_RPC_OVERLOADED,
                            "requests that come in pieces: expected at most %u bytes together on "
                            "a connection",
                            RPC_ASSEMBLING_MAX_BYTES);
    return BS_OK;
}

/* A piece for the inbox; drops the call when that is too much. */
static enum bs_code take_piece(struct server_conn *conn, struct server_call *call,
                               const struct rpc_frame *frame, bool *ret_dropped,
                               struct bs_error *error)
{
    uint32_t grant;
    bool fits;
    struct bs_error wrong = BS_ERROR_INIT;
    *ret_dropped = false;
    BS_TRY(rpc_inbox_take(&call->inbox, frame, &grant, &fits, error));
    call->message_begun = true;
    call->inbox_counted += frame->body.len;
    conn->assembling_bytes += frame->body.len;
    if (check_piece(conn, call, fits, &wrong) != BS_OK) {
        *ret_dropped = true;
        drop(conn, call, &wrong);
        return BS_OK;
    }
    if (!(frame->flags & RPC_FLAG_MORE)) {
        call->has_message = true;
        rpc_call_set_request_bytes(call->call, call->inbox.message.len > 0
                                                   ? bs_buf_str(&call->inbox.message)
                                                   : BS_STR_EMPTY);
    }
    if (grant > 0) {
        rpc_conn_lock(&conn->base);
        rpc_frame_write_credit(frame->stream, grant, &conn->base.pending);
        rpc_conn_flush_and_unlock(&conn->base);
    }
    return BS_OK;
}

static uint64_t max_request_bytes(const struct server_conn *conn, const struct rpc_method *method)
{
    uint64_t max = method ? method->max_request_bytes : 0;
    return max ? max : conn->server->dispatcher->options.max_request_bytes;
}

static struct server_call *add_call(struct server_conn *conn, const struct opening *opening)
{
    struct server_call *call = take_spare(conn);
    memset(call, 0, offsetof(struct server_call, room));
    rpc_conn_ref(&conn->base);
    call->entry.id = opening->frame->stream;
    call->conn = conn;
    call->quick = opening->quick;
    call->method = opening->served ? opening->served->method : NULL;
    rpc_inbox_init(&call->inbox, (size_t)max_request_bytes(conn, call->method));
    const struct rpc_sink sink = {.answer = answer, .release = release, .self = call};
    call->call = new_call(conn, opening, &sink);
    rpc_conn_lock(&conn->base);
    rpc_stream_table_add(&conn->calls, &call->entry);
    pthread_mutex_unlock(&conn->base.lock);
    return call;
}

/* A call whose frame goes by the workers. */
static enum bs_code queue_call(struct server_conn *conn, const struct opening *opening,
                               struct bs_error *error)
{
    const struct rpc_frame *frame = opening->frame;
    struct server_call *call = add_call(conn, opening);
    bool was_dropped = false;
    if (is_whole(frame) && frame->body.len <= sizeof(call->room)) {
        if (frame->body.len > 0)
            memcpy(call->room, frame->body.ptr, frame->body.len);
        call->has_message = true;
        rpc_call_set_request_bytes(call->call, bs_str_make(call->room, frame->body.len));
    } else if (frame->flags & RPC_FLAG_MESSAGE) {
        BS_TRY(take_piece(conn, call, frame, &was_dropped, error));
    }
    /* what is unknown or can't be carried is answered now and not when all has come */
    bool is_refused = !call->method || call->method->kind != RPC_UNARY;
    if (!was_dropped && (frame->flags & RPC_FLAG_END || is_refused))
        start(conn, call);
    return BS_OK;
}

static enum bs_code check_room(struct server_conn *conn, struct bs_error *error)
{
    rpc_conn_lock(&conn->base);
    size_t count = conn->calls_count + conn->base.outgoing_count;
    pthread_mutex_unlock(&conn->base.lock);
    if (count >= conn->server->options.max_calls)
        return bs_error_set(error, BS_REASON_RPC_OVERLOADED,
                            "expected at most %zu calls at once on a connection",
                            conn->server->options.max_calls);
    return BS_OK;
}

static enum bs_code read_metadata(struct server_conn *conn, struct opening *opening,
                                  struct bs_error *error)
{
    bs_arena_reset(conn->scratch);
    rpc_metadata_init(&opening->metadata, conn->scratch);
    return rpc_frame_read_metadata(opening->head.metadata, &opening->metadata, error);
}

static bs_deadline deadline_of(const struct rpc_open_head *head)
{
    if (!head->has_deadline)
        return BS_DEADLINE_NONE;
    return bs_deadline_after_ns((int64_t)BS_MIN(head->timeout_ns, (uint64_t)INT64_MAX));
}

static enum bs_code take_open(struct server_conn *conn, const struct rpc_frame *frame,
                              struct bs_error *error)
{
    struct opening opening = {.frame = frame};
    struct bs_error wrong = BS_ERROR_INIT;
    BS_TRY(rpc_open_head_read(frame, &opening.head, error));
    if (frame->stream <= conn->last_stream)
        return bs_error_set(
            error, BS_REASON_RPC_PROTOCOL, "OPEN: expected a stream above %llu, got %llu",
            (unsigned long long)conn->last_stream, (unsigned long long)frame->stream);
    conn->last_stream = frame->stream;
    if (frame->body.len > RPC_WINDOW_BYTES)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "OPEN: a piece of %zu bytes, with a credit of %u", frame->body.len,
                            RPC_WINDOW_BYTES);
    struct bs_str method = opening.head.method;
    if (method.len > 0 && method.ptr[0] == '/')
        method = bs_str_from_offset(method, 1);
    opening.served = rpc_dispatcher_lookup(conn->server->dispatcher, method);
    if (opening.served)
        opening.quick = &conn->server->quick[opening.served - conn->server->dispatcher->served];
    opening.deadline = deadline_of(&opening.head);
    if (check_room(conn, &wrong) != BS_OK || read_metadata(conn, &opening, &wrong) != BS_OK)
        rpc_server_answer_error(conn, frame->stream, &wrong);
    else if (may_run_inline(&opening))
        run_inline(conn, &opening);
    else
        return queue_call(conn, &opening, error);
    return BS_OK;
}

static enum bs_code take_message(struct server_conn *conn, const struct rpc_frame *frame,
                                 struct bs_error *error)
{
    struct server_call *call = find_unstarted(conn, frame->stream);
    struct bs_error wrong = BS_ERROR_INIT;
    bool was_dropped = false;
    if (!call)
        return BS_OK; /* late: it has been answered, or will be by what came before */
    if (frame->flags & RPC_FLAG_MESSAGE) {
        if (call->has_message) {
            bs_error_set_code(&wrong, BS_UNIMPLEMENTED, BS_REASON_RPC_PROTOCOL,
                              "%s: expected one request message, got several",
                              call->method->full_name);
            drop(conn, call, &wrong);
            return BS_OK;
        }
        BS_TRY(take_piece(conn, call, frame, &was_dropped, error));
    }
    if (was_dropped || !(frame->flags & RPC_FLAG_END))
        return BS_OK;
    if (call->message_begun && !call->has_message)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "stream %llu: half-closed in the middle of a message",
                            (unsigned long long)frame->stream);
    start(conn, call);
    return BS_OK;
}

static void take_cancel(struct server_conn *conn, uint64_t stream)
{
    struct bs_error cancelled = BS_ERROR_INIT;
    rpc_conn_lock(&conn->base);
    struct server_call *call = (struct server_call *)rpc_stream_table_find(&conn->calls, stream);
    struct rpc_call *rpc = call && call->is_started ? rpc_call_ref(call->call) : NULL;
    rpc_conn_drop_outgoing_locked(&conn->base, stream);
    pthread_mutex_unlock(&conn->base.lock);
    if (rpc) {
        rpc_call_cancel(rpc);
        rpc_call_unref(rpc);
    } else if (call) {
        bs_error_set(&cancelled, BS_REASON_RPC_CANCELLED, "cancelled before it was whole");
        drop(conn, call, &cancelled);
    }
}

static void send_pong(struct server_conn *conn, uint64_t payload)
{
    rpc_conn_lock(&conn->base);
    if (rpc_conn_is_open_locked(&conn->base))
        rpc_frame_write_ping(RPC_FRAME_PONG, payload, &conn->base.pending);
    rpc_conn_flush_and_unlock(&conn->base);
}

enum bs_code rpc_server_take_frame(struct rpc_conn *base, const struct rpc_frame *frame,
                                   struct bs_error *error)
{
    struct server_conn *conn = of(base);
    if (conn->refusal)
        return BS_OK; /* it has a goaway that says 0 */
    bool is_of_call = frame->type == RPC_FRAME_MESSAGE || frame->type == RPC_FRAME_CREDIT ||
                      frame->type == RPC_FRAME_CANCEL;
    if (is_of_call && frame->stream > conn->last_stream)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame of type %u for stream %llu, which was never opened",
                            frame->type, (unsigned long long)frame->stream);
    switch (frame->type) {
    case RPC_FRAME_OPEN:
        return take_open(conn, frame, error);
    case RPC_FRAME_MESSAGE:
        return take_message(conn, frame, error);
    case RPC_FRAME_CREDIT:
        return rpc_conn_add_credit(base, frame->stream, rpc_credit_read(frame), error);
    case RPC_FRAME_CANCEL:
        take_cancel(conn, frame->stream);
        return BS_OK;
    case RPC_FRAME_PING:
        send_pong(conn, rpc_ping_read(frame));
        return BS_OK;
    case RPC_FRAME_PONG:
    case RPC_FRAME_GOAWAY: /* clients go by closing */
        return BS_OK;
    default:
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "a frame of type %u, which only servers send", frame->type);
    }
}

void rpc_server_cancel_calls(struct server_conn *conn)
{
    for (;;) {
        rpc_conn_lock(&conn->base);
        struct rpc_stream_entry *entry = rpc_stream_table_take_all(&conn->calls);
        pthread_mutex_unlock(&conn->base.lock);
        if (!entry)
            return;
        while (entry) {
            struct rpc_stream_entry *next = entry->next;
            struct server_call *call = (struct server_call *)entry;
            struct rpc_call *rpc = call->call; /* the table's reference is now ours */
            if (call->is_started)
                rpc_call_cancel(rpc);
            rpc_call_unref(rpc);
            entry = next;
        }
    }
}

void rpc_server_free_calls(struct server_conn *conn)
{
    BS_ASSERT(conn->calls.count == 0 && conn->calls_count == 0);
    while (conn->spare) {
        struct rpc_stream_entry *next = conn->spare->next;
        free((struct server_call *)conn->spare);
        conn->spare = next;
    }
    rpc_stream_table_fini(&conn->calls);
}
