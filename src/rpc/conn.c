/*
 * Connections: the reading loop, the writing loop, and the end. Each loop holds a reference while
 * an operation of its is under way. What is freed is freed by the keeper, since the last reference
 * may go inside one of the callbacks.
 */

#include "rpc/conn.h"

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/stir.h"

/* Beyond this the reader's batch does not hold back what is written. */
#define CORK_MAX_BYTES (16u * 1024)
/* How much is gathered from queued messages for one send. */
#define GATHER_BYTES (128u * 1024)
/* How long the peer may take to close before we do. */
#define LINGER_NS 100000000
/* Buffers larger than this are not kept. */
#define KEEP_BYTES (256u * 1024)
/* A peer that reads nothing while this much waits for it is cut off. */
#define UNREAD_MAX_BYTES (8u * 1024 * 1024)

static void on_received(void *self);
static void on_sent(void *self);
static void on_hello_late(void *self);
static void on_finish_late(void *self);
static void free_conn(void *self);

void rpc_conn_init(struct rpc_conn *conn, nng_stream *stream, const struct rpc_conn_events *events)
{
    bs_ref_init(&conn->ref);
    conn->events = events;
    conn->stream = stream;
    /* only heap exhaustion fails here */
    BS_ASSERT(nng_aio_alloc(&conn->recv_aio, on_received, conn) == 0);
    BS_ASSERT(nng_aio_alloc(&conn->send_aio, on_sent, conn) == 0);
    rpc_decoder_init(&conn->decoder, BS_LIMIT_FRAME_BYTES);
    conn->hello_timer = (struct rpc_timer){.fire = on_hello_late, .self = conn};
    conn->finish_timer = (struct rpc_timer){.fire = on_finish_late, .self = conn};
    conn->free_job = (struct rpc_job){.run = free_conn, .self = conn};
    pthread_rwlock_init(&conn->posting, NULL);
    conn->takes_posts = true;
    pthread_mutex_init(&conn->lock, NULL);
    bs_buf_init(&conn->pending, 0);
    bs_buf_init(&conn->sending, 0);
}

void rpc_conn_ref(struct rpc_conn *conn)
{
    bs_ref_get(&conn->ref);
}

void rpc_conn_unref(struct rpc_conn *conn)
{
    if (bs_ref_put(&conn->ref))
        rpc_keeper_run(&conn->free_job);
}

static void free_outgoing(struct rpc_outgoing *list)
{
    while (list) {
        struct rpc_outgoing *next = list->next;
        bs_buf_fini(&list->body);
        bs_buf_fini(&list->after);
        free(list);
        list = next;
    }
}

/* On the keeper's thread: waits for callbacks that are just returning. */
static void free_conn(void *self)
{
    struct rpc_conn *conn = (struct rpc_conn *)self;
    nng_stream_close(conn->stream);
    nng_aio_free(conn->recv_aio);
    nng_aio_free(conn->send_aio);
    nng_stream_free(conn->stream);
    rpc_decoder_fini(&conn->decoder);
    bs_buf_fini(&conn->pending);
    bs_buf_fini(&conn->sending);
    free_outgoing(conn->ready);
    free_outgoing(conn->parked);
    free(conn->why);
    pthread_mutex_destroy(&conn->lock);
    pthread_rwlock_destroy(&conn->posting);
    conn->events->free(conn);
}

/* Timers hold a reference while they are set. */
static void set_timer(struct rpc_conn *conn, struct rpc_timer *timer, bs_deadline due)
{
    rpc_conn_ref(conn);
    rpc_timer_set(timer, due);
}

static void unset_timer(struct rpc_conn *conn, struct rpc_timer *timer)
{
    if (rpc_timer_unset(timer))
        rpc_conn_unref(conn);
}

static void on_hello_late(void *self)
{
    struct rpc_conn *conn = (struct rpc_conn *)self;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the peer sent no hello in time");
    rpc_conn_close(conn, &error);
    rpc_conn_unref(conn);
}

static void on_finish_late(void *self)
{
    struct rpc_conn *conn = (struct rpc_conn *)self;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the connection was closed by this side");
    rpc_conn_close(conn, &error);
    rpc_conn_unref(conn);
}

static void end_reading(struct rpc_conn *conn, const struct bs_error *error);

/* False when the stream has been closed: nothing was posted, no callback will come. */
static bool post(struct rpc_conn *conn, void (*operation)(nng_stream *, nng_aio *), nng_aio *aio)
{
    rpc_stir_note();
    pthread_rwlock_rdlock(&conn->posting);
    bool takes_posts = conn->takes_posts;
    if (takes_posts)
        operation(conn->stream, aio);
    pthread_rwlock_unlock(&conn->posting);
    return takes_posts;
}

/* The reader's next step; or its last, when the connection was closed meanwhile. */
static void receive(struct rpc_conn *conn)
{
    nng_iov iov;
    iov.iov_buf = rpc_decoder_room(&conn->decoder, &iov.iov_len);
    BS_ASSERT(nng_aio_set_iov(conn->recv_aio, 1, &iov) == 0);
    nng_aio_set_timeout(conn->recv_aio, NNG_DURATION_INFINITE);
    if (!post(conn, nng_stream_recv, conn->recv_aio)) {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the connection was closed by this side");
        end_reading(conn, &error);
    }
}

void rpc_conn_start(struct rpc_conn *conn, bs_deadline deadline)
{
    rpc_conn_ref(conn); /* the reader's */
    set_timer(conn, &conn->hello_timer, deadline);
    receive(conn);
}

static void keep_reason_locked(struct rpc_conn *conn, const struct bs_error *error)
{
    if (!conn->why)
        conn->why = bs_memdup(error, sizeof(*error));
}

void rpc_conn_close(struct rpc_conn *conn, const struct bs_error *error)
{
    rpc_conn_lock(conn);
    bool was_closed = conn->is_closed;
    conn->is_closed = true;
    keep_reason_locked(conn, error);
    pthread_mutex_unlock(&conn->lock);
    if (was_closed)
        return;
    pthread_rwlock_wrlock(&conn->posting);
    conn->takes_posts = false;
    pthread_rwlock_unlock(&conn->posting);
    nng_stream_close(conn->stream);
}

/* The reader's last act. */
static void end_reading(struct rpc_conn *conn, const struct bs_error *error)
{
    rpc_conn_close(conn, error);
    unset_timer(conn, &conn->hello_timer);
    unset_timer(conn, &conn->finish_timer);
    /* nobody changes the reason any more: it is set, and is_closed */
    conn->events->closed(conn, conn->why);
    rpc_conn_unref(conn);
}

/* Ends with a goaway; reading goes on (and is thrown away) until the peer has it. */
static void refuse(struct rpc_conn *conn, const struct bs_error *error)
{
    rpc_conn_lock(conn);
    keep_reason_locked(conn, error);
    pthread_mutex_unlock(&conn->lock);
    const struct rpc_goaway goaway = {
        .code = RPC_GOAWAY_PROTOCOL,
        .text = bs_str_from(error->message),
    };
    rpc_conn_finish(conn, &goaway, 1000, true);
}

static void answer_stranger(struct rpc_conn *conn)
{
    rpc_conn_lock(conn);
    if (rpc_conn_is_open_locked(conn) && conn->events->stranger)
        conn->events->stranger(conn, rpc_decoder_rest(&conn->decoder), &conn->pending);
    pthread_mutex_unlock(&conn->lock);
    rpc_conn_finish(conn, NULL, 1000, true);
}

static enum bs_code take_hello(struct rpc_conn *conn, struct bs_str bytes, struct bs_error *error)
{
    BS_TRY(rpc_hello_read(bytes, &conn->peer, error));
    unset_timer(conn, &conn->hello_timer);
    conn->events->hello(conn);
    return BS_OK;
}

static void take_frames(struct rpc_conn *conn)
{
    struct rpc_frame frame;
    struct bs_error error = BS_ERROR_INIT;
    for (;;) {
        enum bs_code code = BS_OK;
        enum rpc_decoded decoded = rpc_decoder_next(&conn->decoder, &frame, &error);
        if (decoded == RPC_DECODED_MORE)
            return;
        if (decoded == RPC_DECODED_HELLO)
            code = take_hello(conn, frame.body, &error);
        else if (decoded == RPC_DECODED_FRAME)
            code = conn->events->frame(conn, &frame, &error);
        else if (!conn->decoder.had_hello) {
            answer_stranger(conn);
            return;
        } else
            code = error.code;
        if (code != BS_OK) {
            conn->decoder.is_broken = true;
            refuse(conn, &error);
            return;
        }
    }
}

/* Whether to read on. When broken: only to throw away, so that what we say last can arrive (closing
 * with unread bytes would reset the connection under it). */
static bool take_batch(struct rpc_conn *conn, size_t count)
{
    rpc_conn_lock(conn);
    conn->is_corked = true;
    conn->bytes_in += count;
    pthread_mutex_unlock(&conn->lock);
    rpc_decoder_fed(&conn->decoder, count);
    if (!conn->decoder.is_broken)
        take_frames(conn);
    if (conn->decoder.is_broken)
        rpc_decoder_discard(&conn->decoder);
    rpc_conn_lock(conn);
    conn->is_corked = false;
    bool goes_on = !conn->is_closed;
    rpc_conn_flush_and_unlock(conn);
    return goes_on;
}

static void on_received(void *self)
{
    struct rpc_conn *conn = (struct rpc_conn *)self;
    struct bs_error error = BS_ERROR_INIT;
    int result = nng_aio_result(conn->recv_aio);
    if (result == 0 && take_batch(conn, nng_aio_count(conn->recv_aio))) {
        receive(conn);
        return;
    }
    bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the connection was closed: %s",
                 result == 0 ? "by this side" : nng_strerror(result));
    end_reading(conn, &error);
}

/* Writing */

/* Uses up the writer's reference when nothing can be sent any more. */
static void post_send(struct rpc_conn *conn)
{
    nng_iov iov = {.iov_buf = conn->sending.ptr + conn->sent,
                   .iov_len = conn->sending.len - conn->sent};
    BS_ASSERT(nng_aio_set_iov(conn->send_aio, 1, &iov) == 0);
    nng_aio_set_timeout(conn->send_aio, NNG_DURATION_INFINITE);
    if (!post(conn, nng_stream_send, conn->send_aio))
        rpc_conn_unref(conn);
}

/* One piece of the first ready message; the message goes to the end of its list, is parked, or is
 * done. */
static void gather_piece_locked(struct rpc_conn *conn)
{
    struct rpc_outgoing *item = conn->ready;
    size_t rest = item->body.len - item->offset;
    size_t size = BS_MIN(BS_MIN(rest, item->credit), conn->peer.max_payload);
    size = BS_MIN(size, BS_LIMIT_FRAME_BYTES);
    conn->ready = item->next;
    const struct rpc_frame frame = {
        .type = RPC_FRAME_MESSAGE,
        .flags = RPC_FLAG_MESSAGE | (size < rest ? RPC_FLAG_MORE : item->last_flags),
        .stream = item->stream,
        .body = bs_str_make(item->body.ptr + item->offset, size),
    };
    rpc_frame_write(&frame, &conn->pending);
    item->offset += size;
    item->credit -= size;
    item->next = NULL;
    if (size == rest) {
        bs_buf_append_str(&conn->pending, bs_buf_str(&item->after));
        free_outgoing(item);
        conn->outgoing_count--;
        return;
    }
    struct rpc_outgoing **list = item->credit > 0 ? &conn->ready : &conn->parked;
    while (*list)
        list = &(*list)->next;
    *list = item;
}

/* Makes what is pending what is being sent; false when there is nothing. */
static bool begin_send_locked(struct rpc_conn *conn)
{
    while (conn->ready && conn->pending.len < GATHER_BYTES)
        gather_piece_locked(conn);
    if (conn->pending.len == 0)
        return false;
    if (conn->sending.capacity > KEEP_BYTES)
        bs_buf_fini(&conn->sending);
    bs_buf_reset(&conn->sending);
    struct bs_buf empty = conn->sending;
    conn->sending = conn->pending;
    conn->pending = empty;
    conn->sent = 0;
    conn->is_sending = true;
    return true;
}

/* Nothing is left to send: a connection that finishes has finished. */
static bool is_finished_locked(const struct rpc_conn *conn)
{
    return conn->is_finishing && !conn->is_sending && conn->pending.len == 0 &&
           conn->outgoing_count == 0;
}

void rpc_conn_flush_and_unlock(struct rpc_conn *conn)
{
    bool waits = conn->is_sending || conn->is_closed ||
                 (conn->is_corked && conn->pending.len < CORK_MAX_BYTES);
    bool sends = !waits && begin_send_locked(conn);
    bool is_unread = conn->pending.len > UNREAD_MAX_BYTES && !conn->is_closed;
    if (sends)
        rpc_conn_ref(conn); /* the writer's */
    pthread_mutex_unlock(&conn->lock);
    if (sends)
        post_send(conn);
    if (is_unread) {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_RPC_OVERLOADED,
                     "the peer reads nothing: more than %u bytes wait for it", UNREAD_MAX_BYTES);
        rpc_conn_close(conn, &error);
    }
}

static void close_finished(struct rpc_conn *conn)
{
    struct bs_error error = BS_ERROR_INIT;
    if (conn->lingers) {
        /* the timer's reference goes on */
        if (rpc_timer_unset(&conn->finish_timer))
            rpc_timer_set(&conn->finish_timer, bs_deadline_after_ns(LINGER_NS));
        return;
    }
    bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the connection was closed by this side");
    rpc_conn_close(conn, &error);
}

static void on_sent(void *self)
{
    struct rpc_conn *conn = (struct rpc_conn *)self;
    int result = nng_aio_result(conn->send_aio);
    size_t count = result == 0 ? nng_aio_count(conn->send_aio) : 0;
    bool goes_on = result == 0;
    conn->sent += count;
    rpc_conn_lock(conn);
    conn->bytes_out += count;
    if (goes_on && conn->sent == conn->sending.len) {
        conn->is_sending = false;
        goes_on = !conn->is_closed && begin_send_locked(conn);
    }
    bool is_finished = is_finished_locked(conn);
    pthread_mutex_unlock(&conn->lock);
    if (goes_on) {
        post_send(conn);
        return;
    }
    if (result != 0) {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_RPC_CONNECTION, "the connection was cut: %s",
                     nng_strerror(result));
        rpc_conn_close(conn, &error);
    } else if (is_finished) {
        close_finished(conn);
    }
    rpc_conn_unref(conn);
}

void rpc_conn_finish(struct rpc_conn *conn, const struct rpc_goaway *goaway, int64_t timeout_ms,
                     bool lingers)
{
    rpc_conn_lock(conn);
    bool is_first = rpc_conn_is_open_locked(conn);
    if (is_first && goaway)
        rpc_frame_write_goaway(goaway, &conn->pending);
    if (is_first)
        set_timer(conn, &conn->finish_timer, bs_deadline_after_ns(timeout_ms * 1000000));
    if (is_first)
        conn->lingers = lingers;
    conn->is_finishing = true;
    bool is_finished = is_finished_locked(conn);
    rpc_conn_flush_and_unlock(conn);
    if (is_finished)
        close_finished(conn);
}

/* Messages in pieces */

void rpc_conn_queue_locked(struct rpc_conn *conn, uint64_t stream, struct bs_buf *body,
                           size_t offset, uint64_t credit, uint8_t last_flags, struct bs_buf *after)
{
    struct rpc_outgoing *item = bs_malloc(sizeof(*item));
    *item = (struct rpc_outgoing){
        .stream = stream,
        .credit = credit,
        .body = *body,
        .offset = offset,
        .last_flags = last_flags,
        .after = *after,
    };
    bs_buf_init(body, 0);
    bs_buf_init(after, 0);
    conn->outgoing_count++;
    struct rpc_outgoing **list =
        credit > 0 || item->body.len == offset ? &conn->ready : &conn->parked;
    while (*list)
        list = &(*list)->next;
    *list = item;
}

static struct rpc_outgoing **find_outgoing_locked(struct rpc_conn *conn, uint64_t stream)
{
    struct rpc_outgoing **lists[] = {&conn->ready, &conn->parked};
    for (size_t i = 0; i < BS_ARRAY_COUNT(lists); i++) {
        for (struct rpc_outgoing **at = lists[i]; *at; at = &(*at)->next) {
            if ((*at)->stream == stream)
                return at;
        }
    }
    return NULL;
}

enum bs_code rpc_conn_add_credit(struct rpc_conn *conn, uint64_t stream, uint32_t credit,
                                 struct bs_error *error)
{
    if (credit == 0 || credit > RPC_CREDIT_MAX)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "stream %llu: expected a credit of 1 to %u bytes, got %u",
                            (unsigned long long)stream, RPC_CREDIT_MAX, credit);
    rpc_conn_lock(conn);
    struct rpc_outgoing **at = find_outgoing_locked(conn, stream);
    bool overflows = at && (*at)->credit + credit > RPC_CREDIT_MAX;
    if (at && !overflows) {
        struct rpc_outgoing *item = *at;
        bool was_parked = item->credit == 0;
        item->credit += credit;
        if (was_parked) {
            *at = item->next;
            item->next = NULL;
            struct rpc_outgoing **list = &conn->ready;
            while (*list)
                list = &(*list)->next;
            *list = item;
        }
    }
    rpc_conn_flush_and_unlock(conn);
    if (overflows)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "stream %llu: its credit passes %u bytes", (unsigned long long)stream,
                            RPC_CREDIT_MAX);
    return BS_OK;
}

void rpc_conn_drop_outgoing_locked(struct rpc_conn *conn, uint64_t stream)
{
    struct rpc_outgoing **at = conn->outgoing_count > 0 ? find_outgoing_locked(conn, stream) : NULL;
    if (!at)
        return;
    struct rpc_outgoing *item = *at;
    *at = item->next;
    item->next = NULL;
    free_outgoing(item);
    conn->outgoing_count--;
}

void rpc_inbox_init(struct rpc_inbox *inbox, size_t max_bytes)
{
    bs_buf_init(&inbox->message, max_bytes);
    inbox->credit = RPC_WINDOW_BYTES;
}

void rpc_inbox_fini(struct rpc_inbox *inbox)
{
    bs_buf_fini(&inbox->message);
}

enum bs_code rpc_inbox_take(struct rpc_inbox *inbox, const struct rpc_frame *frame,
                            uint32_t *ret_grant, bool *ret_fits, struct bs_error *error)
{
    if (frame->body.len > inbox->credit)
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL,
                            "stream %llu: a piece of %zu bytes, with a credit of %u",
                            (unsigned long long)frame->stream, frame->body.len, inbox->credit);
    inbox->credit -= (uint32_t)frame->body.len;
    bs_buf_append_str(&inbox->message, frame->body);
    *ret_fits = !inbox->message.overflowed;
    *ret_grant = 0;
    /* given back by halves: not with each piece, and not only when nothing is left */
    if (*ret_fits && frame->flags & RPC_FLAG_MORE && inbox->credit <= RPC_WINDOW_BYTES / 2) {
        *ret_grant = RPC_WINDOW_BYTES - inbox->credit;
        inbox->credit = RPC_WINDOW_BYTES;
    }
    return BS_OK;
}
