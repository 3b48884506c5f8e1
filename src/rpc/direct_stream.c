/*
 * Streams inside the process: the handler runs on a worker, the client in its own thread, and
 * between them stand two pipes of packed messages. A full pipe makes its writer wait, so a slow
 * reader slows nobody else. One mutex for both pipes; a client's stream and the call inside hold
 * the object.
 */

#include <pthread.h>
#include <time.h>

#include "base/memory.h"
#include "base/ref.h"
#include "rpc/direct_internal.h"
#include "rpc/dispatcher_internal.h"

/* Messages that a pipe holds before its writer waits. */
#define PIPE_MAX 16

struct pipe {
    struct bs_str messages[PIPE_MAX]; /* a ring of owned bytes */
    size_t first, count;
    bool ended; /* no more will be written */
};

struct direct_stream {
    struct rpc_client_stream base;
    struct bs_ref ref;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct pipe requests, responses;
    bool is_over; /* answered: `error` says how */
    struct bs_error error;
    bs_deadline deadline;
    _Atomic bool *cancelled;
    const struct rpc_method *method;
    struct rpc_call *call; /* the client's reference */
};

static void stream_unref(void *self)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    if (!bs_ref_put(&stream->ref))
        return;
    struct pipe *pipes[] = {&stream->requests, &stream->responses};
    for (size_t i = 0; i < BS_ARRAY_COUNT(pipes); i++) {
        for (size_t m = 0; m < pipes[i]->count; m++) {
            const struct bs_str message = pipes[i]->messages[(pipes[i]->first + m) % PIPE_MAX];
            free((void *)(uintptr_t)message.ptr);
        }
    }
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

static struct bs_str pack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = bs_malloc(size + 1); /* an empty message is a message too: never NULL */
    protobuf_c_message_pack(message, bytes);
    return bs_str_make((char *)bytes, size);
}

/* How often a side that waits looks at a cancel flag that nobody signals. */
#define POLL_NS 20000000

static void wait_locked(struct direct_stream *stream, bs_deadline deadline)
{
    bs_deadline until = BS_MIN(bs_deadline_after_ns(POLL_NS), deadline);
    struct timespec time = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
    pthread_cond_timedwait(&stream->changed, &stream->lock, &time);
}

/* Waits for room and writes; takes the bytes in any case. */
static enum bs_code pipe_write(struct direct_stream *stream, struct pipe *pipe,
                               struct bs_str message, const struct bs_interrupt *interrupt,
                               struct bs_error *error)
{
    enum bs_code code = BS_OK;
    pthread_mutex_lock(&stream->lock);
    while (code == BS_OK && pipe->count == PIPE_MAX && !pipe->ended) {
        wait_locked(stream, interrupt->deadline);
        code = bs_interrupt_check(interrupt, error);
    }
    if (code == BS_OK && pipe->ended)
        code = bs_error_set(error, BS_REASON_RPC_CANCELLED, "%s: the stream is over",
                            stream->method->full_name);
    if (code == BS_OK) {
        pipe->messages[(pipe->first + pipe->count++) % PIPE_MAX] = message;
        pthread_cond_broadcast(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
    if (code != BS_OK)
        free((void *)(uintptr_t)message.ptr);
    return code;
}

/* The next message, owned by the caller; NULL ptr at the end. */
static enum bs_code pipe_read(struct direct_stream *stream, struct pipe *pipe,
                              const struct bs_interrupt *interrupt, struct bs_str *ret_message,
                              struct bs_error *error)
{
    enum bs_code code = BS_OK;
    *ret_message = (struct bs_str){.ptr = NULL};
    pthread_mutex_lock(&stream->lock);
    while (code == BS_OK && pipe->count == 0 && !pipe->ended) {
        wait_locked(stream, interrupt->deadline);
        code = bs_interrupt_check(interrupt, error);
    }
    if (code == BS_OK && pipe->count > 0) {
        *ret_message = pipe->messages[pipe->first];
        pipe->first = (pipe->first + 1) % PIPE_MAX;
        pipe->count--;
        pthread_cond_broadcast(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
    return code;
}

static void pipe_end(struct direct_stream *stream, struct pipe *pipe)
{
    pthread_mutex_lock(&stream->lock);
    pipe->ended = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

/* The handler's side */

static enum bs_code sink_send(void *self, struct rpc_call *call, const ProtobufCMessage *message,
                              struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    return pipe_write(stream, &stream->responses, pack(message), &call->interrupt, error);
}

static enum bs_code sink_receive(void *self, struct rpc_call *call, struct bs_arena *arena,
                                 struct bs_str *ret_bytes, struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    struct bs_str message;
    BS_TRY(pipe_read(stream, &stream->requests, &call->interrupt, &message, error));
    *ret_bytes = message.ptr ? bs_arena_dup(arena, message) : message;
    free((void *)(uintptr_t)message.ptr);
    return BS_OK;
}

static void sink_wake(void *self, struct rpc_call *call)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    (void)call;
    pthread_mutex_lock(&stream->lock);
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

static void sink_answer(void *self, struct rpc_call *call, const struct rpc_answer *answer)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    (void)call;
    if (answer->code == BS_OK && answer->response)
        (void)!pipe_write(stream, &stream->responses, pack(answer->response), &call->interrupt,
                          NULL);
    pthread_mutex_lock(&stream->lock);
    stream->is_over = true;
    if (answer->code != BS_OK)
        stream->error = *answer->error;
    stream->requests.ended = stream->responses.ended = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
}

/* The client's side */

static struct bs_interrupt client_interrupt(const struct direct_stream *stream)
{
    return (struct bs_interrupt){.cancelled = stream->cancelled, .deadline = stream->deadline};
}

static enum bs_code client_send(struct rpc_client_stream *self, const ProtobufCMessage *message,
                                struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    struct bs_interrupt interrupt = client_interrupt(stream);
    return pipe_write(stream, &stream->requests, pack(message), &interrupt, error);
}

static enum bs_code client_half_close(struct rpc_client_stream *self, struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    (void)error;
    pipe_end(stream, &stream->requests);
    return BS_OK;
}

static enum bs_code client_receive(struct rpc_client_stream *self, struct bs_arena *arena,
                                   ProtobufCMessage **ret_message, struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    struct bs_interrupt interrupt = client_interrupt(stream);
    struct bs_str message;
    BS_TRY(pipe_read(stream, &stream->responses, &interrupt, &message, error));
    if (message.ptr) {
        enum bs_code code =
            rpc_unpack(stream->method->response, message, NULL, arena, ret_message, error);
        free((void *)(uintptr_t)message.ptr);
        return code;
    }
    /* `error` is set before the pipe ends, and not changed after it */
    if (stream->error.code != BS_OK) {
        if (error)
            *error = stream->error;
        return stream->error.code;
    }
    *ret_message = NULL;
    return BS_OK;
}

static void client_close(struct rpc_client_stream *self)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    rpc_call_cancel(stream->call);
    rpc_call_unref(stream->call);
    stream_unref(stream);
}

/* The one request of a server stream is the first that the client sends: the pipe's, on a worker.
 */
static enum bs_code decode_first(void *self, struct rpc_call *call, ProtobufCMessage **ret_request,
                                 struct bs_error *error)
{
    struct direct_stream *stream = (struct direct_stream *)self;
    struct bs_str bytes = BS_STR_EMPTY;
    rpc_call_wait_begin(call);
    enum bs_code code = sink_receive(stream, call, call->arena, &bytes, error);
    rpc_call_wait_end(call);
    if (code != BS_OK)
        return code;
    if (!bytes.ptr)
        return bs_error_set_code(error, BS_UNIMPLEMENTED, BS_REASON_RPC_PROTOCOL,
                                 "%s: expected one request message, got none",
                                 stream->method->full_name);
    return rpc_unpack(stream->method->request, bytes, NULL, call->arena, ret_request, error);
}

enum bs_code rpc_direct_open_stream(struct rpc_channel *channel, const struct rpc_method *method,
                                    const struct rpc_client_options *options,
                                    struct rpc_client_stream **ret_stream, struct bs_error *error)
{
    struct direct_stream *stream = bs_calloc(1, sizeof(*stream));
    pthread_condattr_t monotonic;
    (void)error;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&stream->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&stream->lock, NULL);
    bs_ref_init(&stream->ref); /* the client's */
    bs_ref_get(&stream->ref);  /* the call's, given back by release */
    stream->base = (struct rpc_client_stream){
        .send = client_send,
        .half_close = client_half_close,
        .receive = client_receive,
        .close = client_close,
    };
    stream->method = method;
    stream->deadline = options->deadline;
    stream->cancelled = options->cancelled;
    stream->call = rpc_call_new(((struct direct_channel *)channel)->dispatcher,
                                &(struct rpc_call_options){
                                    .method = bs_str_from(method->full_name),
                                    .metadata = options->metadata,
                                    .deadline = options->deadline,
                                    .transport = "direct",
                                    .context = options->context,
                                    .sink =
                                        {
                                            .answer = sink_answer,
                                            .send = sink_send,
                                            .receive = sink_receive,
                                            .wake = sink_wake,
                                            .release = stream_unref,
                                            .self = stream,
                                        },
                                });
    if (!(method->kind & RPC_CLIENT_STREAM))
        rpc_call_set_decoder(stream->call, decode_first, stream);
    rpc_call_start(stream->call);
    *ret_stream = &stream->base;
    return BS_OK;
}
