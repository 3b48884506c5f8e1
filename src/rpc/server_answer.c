/* Answers as frames: a small one is packed straight into what is sent next; a large one goes by
 * pieces, its status after the last. */

#include "base/limits.h"
#include "rpc/server_internal.h"

/* Up to here a response rides in its STATUS frame. */
#define RIDES_MAX_BYTES (32u * 1024)
/* While so much waits for the peer, responses wait in turns, where they count as calls. */
#define BUSY_BYTES (256u * 1024)

static void write_initial_locked(struct server_conn *conn, uint64_t stream,
                                 const struct rpc_metadata *initial)
{
    struct bs_buf *out = &conn->base.pending;
    if (initial->count == 0)
        return;
    size_t at = out->len;
    const struct rpc_frame frame = {.type = RPC_FRAME_INITIAL, .stream = stream};
    rpc_frame_write_header(&frame, out);
    rpc_frame_write_metadata(initial, out);
    size_t size = out->len - at - RPC_FRAME_HEADER_SIZE;
    bs_store_u32(out->ptr + at, (uint32_t)size);
    bs_store_u16(out->ptr + at + 6, (uint16_t)size);
}

/* STATUS without a body, or the beginning of one whose body of `body_size` bytes follows. */
static void write_status(uint64_t stream, uint8_t flags, uint16_t code, struct bs_str status,
                         const struct rpc_metadata *trailing, size_t body_size, struct bs_buf *out)
{
    size_t at = out->len;
    const struct rpc_frame frame = {.type = RPC_FRAME_STATUS, .flags = flags, .stream = stream};
    rpc_frame_write_header(&frame, out);
    rpc_status_head_write(code, status, trailing, out);
    size_t head = out->len - at - RPC_FRAME_HEADER_SIZE;
    bs_store_u32(out->ptr + at, (uint32_t)(head + body_size));
    bs_store_u16(out->ptr + at + 6, (uint16_t)head);
}

static void send_error(struct server_conn *conn, uint64_t stream, uint8_t flags,
                       const struct rpc_answer *answer)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf status = BS_BUF_INIT(0);
    rpc_status_pack(answer->error, answer->extra, &status);
    rpc_conn_lock(&conn->base);
    if (rpc_conn_is_open_locked(&conn->base)) {
        write_initial_locked(conn, stream, answer->initial);
        write_status(stream, flags, (uint16_t)answer->code, bs_buf_str(&status), answer->trailing,
                     0, &conn->base.pending);
    }
    rpc_conn_flush_and_unlock(&conn->base);
}

/* Of a call that was not begun. */
static uint8_t refused_flag(const struct bs_error *error)
{
    bool is_refused =
        error->reason == BS_REASON_RPC_DRAINING || error->reason == BS_REASON_RPC_OVERLOADED;
    return is_refused ? RPC_FLAG_REFUSED : 0;
}

void rpc_server_answer_error(struct server_conn *conn, uint64_t stream,
                             const struct bs_error *error)
{
    const struct rpc_metadata none = {.arena = NULL};
    const struct rpc_status_extra extra = {
        .retry_after_ms = error->reason == BS_REASON_RPC_OVERLOADED ? 100 : 0,
    };
    const struct rpc_answer answer = {
        .code = error->code,
        .error = error,
        .extra = &extra,
        .initial = &none,
        .trailing = &none,
    };
    send_error(conn, stream, refused_flag(error), &answer);
}

static bool rides_locked(const struct server_conn *conn, const struct rpc_answer *answer,
                         size_t size)
{
    size_t with_head = size + 4 + rpc_frame_metadata_size(answer->trailing);
    return size <= RIDES_MAX_BYTES && size <= conn->base.peer.initial_credit &&
           with_head <= conn->base.peer.max_payload && conn->base.pending.len < BUSY_BYTES;
}

static void send_whole_locked(struct server_conn *conn, uint64_t stream,
                              const struct rpc_answer *answer, size_t size)
{
    struct bs_buf *out = &conn->base.pending;
    write_status(stream, RPC_FLAG_MESSAGE, BS_OK, BS_STR_EMPTY, answer->trailing, size, out);
    char *body = bs_buf_reserve(out, size);
    BS_ASSERT(body);
    out->len += protobuf_c_message_pack(answer->response, (uint8_t *)body);
}

/* Packs without the lock: it may take long. */
static void send_in_pieces(struct server_conn *conn, uint64_t stream,
                           const struct rpc_answer *answer, size_t size)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf body = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
    char *bytes = bs_buf_reserve(&body, size);
    BS_ASSERT(bytes);
    body.len = protobuf_c_message_pack(answer->response, (uint8_t *)bytes);
    write_status(stream, 0, BS_OK, BS_STR_EMPTY, answer->trailing, 0, &after);
    rpc_conn_lock(&conn->base);
    if (rpc_conn_is_open_locked(&conn->base)) {
        write_initial_locked(conn, stream, answer->initial);
        rpc_conn_queue_locked(&conn->base, stream, &body, 0, conn->base.peer.initial_credit, 0,
                              &after);
    }
    rpc_conn_flush_and_unlock(&conn->base);
}

static void send_response(struct server_conn *conn, uint64_t stream,
                          const struct rpc_answer *answer)
{
    size_t size = protobuf_c_message_get_packed_size(answer->response);
    uint64_t max = BS_MIN(answer->max_response_bytes, conn->base.peer.max_message);
    if (size > max) {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_RPC_TOO_LARGE,
                     "%s: expected a response of at most %llu bytes, got %zu",
                     answer->table->full_name, (unsigned long long)max, size);
        struct rpc_answer too_large = *answer;
        too_large.code = error.code;
        too_large.error = &error;
        send_error(conn, stream, 0, &too_large);
        return;
    }
    rpc_conn_lock(&conn->base);
    bool goes_whole = rides_locked(conn, answer, size);
    if (goes_whole && rpc_conn_is_open_locked(&conn->base)) {
        write_initial_locked(conn, stream, answer->initial);
        send_whole_locked(conn, stream, answer, size);
    }
    rpc_conn_flush_and_unlock(&conn->base);
    if (!goes_whole)
        send_in_pieces(conn, stream, answer, size);
}

void rpc_server_answer(struct server_conn *conn, uint64_t stream, bool was_begun,
                       const struct rpc_answer *answer)
{
    if (answer->response)
        send_response(conn, stream, answer);
    else
        send_error(conn, stream, was_begun ? 0 : refused_flag(answer->error), answer);
}
