/* Blocking calls: the call stands on the caller's stack, the answer is decoded in its thread. */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/client_internal.h"
#include "rpc/wire.h"

/* How often a caller with a cancel flag looks at it. */
#define POLL_NS 10000000
#define LOOK_AGAIN_NS 1000000

struct blocking_call {
    struct client_call base; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_done;
    bool is_local;          /* ended by `error`, not by a STATUS */
    struct bs_error *error; /* the caller's, may be NULL */
    enum bs_code local_code;
};

void rpc_client_call_init(struct client_call *call, struct stream_channel *channel,
                          struct bs_str name, const struct rpc_client_options *options)
{
    memset(call, 0, offsetof(struct client_call, answer.room));
    call->channel = channel;
    call->name = name;
    call->deadline = options->deadline;
    call->wait_for_ready = options->wait_for_ready;
    bs_buf_init(&call->metadata, 0);
    bs_buf_init(&call->body, 0);
    bs_buf_init(&call->initial, 0);
    rpc_inbox_init(&call->inbox, BS_LIMIT_MESSAGE_SENT_BYTES);
    call->complete = NULL;
    if (options->metadata && options->metadata->count > 0)
        rpc_frame_write_metadata(options->metadata, &call->metadata);
    atomic_fetch_add(&channel->active, 1);
}

void rpc_client_call_fini(struct client_call *call)
{
    struct stream_channel *channel = call->channel;
    if (call->conn)
        rpc_conn_unref(&call->conn->base);
    call->conn = NULL;
    bs_buf_fini(&call->metadata);
    bs_buf_fini(&call->body);
    bs_buf_fini(&call->initial);
    rpc_inbox_fini(&call->inbox);
    free(call->answer.kept);
    atomic_fetch_sub(&channel->active, 1);
}

/* Copies the frame for another thread. */
static void keep_answer(struct client_answer *answer, const struct rpc_frame *frame)
{
    size_t head = frame->head.len, body = frame->body.len;
    char *to = answer->room;
    if (head + body > sizeof(answer->room))
        to = answer->kept = bs_malloc(head + body);
    memcpy(to, frame->head.ptr, head); /* a STATUS has one */
    if (body > 0)
        memcpy(to + head, frame->body.ptr, body);
    answer->status = *frame;
    answer->status.head = bs_str_make(to, head);
    answer->status.body = bs_str_make(to + head, body);
}

static void complete(struct client_call *base, const struct rpc_frame *frame,
                     const struct bs_error *error)
{
    struct blocking_call *call = (struct blocking_call *)base;
    pthread_mutex_lock(&call->lock);
    call->is_done = true;
    call->is_local = !frame;
    if (frame) {
        keep_answer(&base->answer, frame);
    } else {
        call->local_code = error->code;
        if (call->error)
            *call->error = *error;
    }
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->lock);
}

static void wait_locked(struct blocking_call *call, bs_deadline deadline)
{
    if (deadline == BS_DEADLINE_NONE) {
        pthread_cond_wait(&call->changed, &call->lock);
        return;
    }
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    pthread_cond_timedwait(&call->changed, &call->lock, &until);
}

/* Until the call is completed: by the reader, or by this thread when its time is over. */
static void wait(struct blocking_call *call, const struct rpc_client_options *options)
{
    const struct bs_interrupt interrupt = {options->cancelled, options->deadline};
    struct bs_error late = BS_ERROR_INIT;
    pthread_mutex_lock(&call->lock);
    while (!call->is_done) {
        bs_deadline until = options->deadline;
        if (bs_interrupt_check(&interrupt, &late) != BS_OK) {
            pthread_mutex_unlock(&call->lock);
            bs_error_prefix(&late, "%.*s: ", BS_STR_ARGS(call->base.name));
            if (rpc_channel_take_out(call->base.channel, &call->base))
                complete(&call->base, NULL, &late);
            pthread_mutex_lock(&call->lock);
            /* else on its way from one place to the next, or being answered: look again */
            until = bs_deadline_after_ns(LOOK_AGAIN_NS);
        } else if (options->cancelled) {
            until = BS_MIN(bs_deadline_after_ns(POLL_NS), options->deadline);
        }
        if (!call->is_done)
            wait_locked(call, until);
    }
    pthread_mutex_unlock(&call->lock);
}

static enum bs_code run(struct blocking_call *call, const struct rpc_client_options *options,
                        struct bs_str *ret_message, struct bs_error *error)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    call->is_done = call->is_local = false;
    call->error = error;
    call->base.complete = complete;
    enum bs_code code = rpc_channel_submit(call->base.channel, &call->base, error);
    if (code == BS_OK) {
        wait(call, options);
        code = call->is_local ? call->local_code
                              : rpc_client_read_answer(&call->base, &call->base.answer.status,
                                                       options, ret_message, error);
    }
    pthread_cond_destroy(&call->changed);
    pthread_mutex_destroy(&call->lock);
    return code;
}

static enum bs_code check_sent_size(struct bs_str name, size_t size, struct bs_error *error)
{
    if (size <= BS_LIMIT_MESSAGE_SENT_BYTES)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                        "%.*s: expected a request of at most %u bytes, got %zu", BS_STR_ARGS(name),
                        BS_LIMIT_MESSAGE_SENT_BYTES, size);
}

enum bs_code rpc_channel_call_on_stream(struct rpc_channel *channel,
                                        const struct rpc_method *method,
                                        const struct rpc_client_options *options,
                                        const ProtobufCMessage *request, struct bs_arena *arena,
                                        ProtobufCMessage **ret_response, struct bs_error *error)
{
    struct blocking_call call;
    struct bs_str name = bs_str_from(method->full_name), message = BS_STR_EMPTY;
    size_t size = protobuf_c_message_get_packed_size(request);
    BS_TRY(check_sent_size(name, size, error));
    rpc_client_call_init(&call.base, (struct stream_channel *)channel, name, options);
    call.base.method = method;
    call.base.message = request;
    call.base.size = size;
    enum bs_code code = run(&call, options, &message, error);
    if (code == BS_OK)
        code = rpc_unpack(method->response, message, NULL, arena, ret_response, error);
    rpc_client_call_fini(&call.base);
    return code;
}

enum bs_code rpc_channel_call_bytes_on_stream(struct rpc_channel *channel, struct bs_str method,
                                              const struct rpc_client_options *options,
                                              struct bs_str request, struct bs_arena *arena,
                                              struct bs_str *ret_response, struct bs_error *error)
{
    struct blocking_call call;
    struct bs_str message = BS_STR_EMPTY;
    BS_TRY(check_sent_size(method, request.len, error));
    if (method.len > RPC_FRAME_MIN_PAYLOAD)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "a method's name of %zu bytes: expected at most %u", method.len,
                            RPC_FRAME_MIN_PAYLOAD);
    rpc_client_call_init(&call.base, (struct stream_channel *)channel, method, options);
    bs_buf_append_str(&call.base.body, request);
    call.base.size = request.len;
    enum bs_code code = run(&call, options, &message, error);
    if (code == BS_OK) {
        char *bytes = bs_arena_try_alloc(arena, message.len);
        if (!bytes)
            code = bs_error_set(error, BS_REASON_LIMIT, "%.*s: the caller's memory is used up",
                                BS_STR_ARGS(method));
        else {
            if (message.len > 0)
                memcpy(bytes, message.ptr, message.len);
            *ret_response = bs_str_make(bytes, message.len);
        }
    }
    rpc_client_call_fini(&call.base);
    return code;
}
