/* Calls with a callback: the call is an object held by its handle, by whoever will complete it, and
 * by the timer of its deadline. */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/client_internal.h"
#include "rpc/wire.h"

#define LOOK_AGAIN_NS 1000000

struct started_call {
    struct client_call base; /* first */
    struct rpc_client_call handle;
    struct bs_ref ref;
    struct rpc_timer timer; /* set when there is a deadline */
    _Atomic bool has_ended;
    rpc_client_callback callback;
    void *self;
};

static struct started_call *of_handle(struct rpc_client_call *handle)
{
    return (struct started_call *)((char *)handle - offsetof(struct started_call, handle));
}

static void unref(struct started_call *call)
{
    if (!bs_ref_put(&call->ref))
        return;
    struct stream_channel *channel = call->base.channel;
    free(call);
    rpc_stream_channel_unref(channel);
}

/* The answer's memory, used again by the same thread for the next. */
static _Thread_local struct bs_arena *spare_arena;

static struct bs_arena *take_arena(void)
{
    struct bs_arena *arena = spare_arena;
    spare_arena = NULL;
    return arena ? arena : bs_arena_new(BS_LIMIT_CALL_ARENA_BYTES);
}

static void end(struct started_call *call, enum bs_code code, const ProtobufCMessage *response,
                const struct rpc_metadata *trailing, const struct bs_error *error)
{
    call->callback(call->self, code, response, trailing, code == BS_OK ? NULL : error);
    atomic_store(&call->has_ended, true);
    rpc_channel_forget(call->base.channel, &call->base);
    rpc_client_call_fini(&call->base);
    unref(call);
}

static void unset_timer(struct started_call *call)
{
    if (call->base.deadline != BS_DEADLINE_NONE && rpc_timer_unset(&call->timer))
        unref(call);
}

static void end_locally(struct started_call *call, const struct bs_error *error)
{
    const struct rpc_metadata none = {.arena = NULL};
    unset_timer(call);
    end(call, error->code, NULL, &none, error);
}

static void complete(struct client_call *base, const struct rpc_frame *frame,
                     const struct bs_error *error)
{
    struct started_call *call = (struct started_call *)base;
    if (!frame) {
        end_locally(call, error);
        return;
    }
    unset_timer(call);
    struct bs_arena *arena = take_arena();
    struct bs_error failed = BS_ERROR_INIT;
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_metadata trailing;
    struct bs_str message = BS_STR_EMPTY;
    ProtobufCMessage *response = NULL;
    rpc_metadata_init(&trailing, arena);
    options.ret_trailing = &trailing;
    enum bs_code code = rpc_client_read_answer(base, frame, &options, &message, &failed);
    if (code == BS_OK)
        code = rpc_unpack(base->method->response, message, NULL, arena, &response, &failed);
    end(call, code, response, &trailing, &failed);
    bs_arena_reset(arena);
    if (spare_arena)
        bs_arena_free(arena);
    else
        spare_arena = arena;
}

static void on_deadline(void *self)
{
    struct started_call *call = (struct started_call *)self;
    struct bs_error late = BS_ERROR_INIT;
    if (rpc_channel_take_out(call->base.channel, &call->base)) {
        bs_error_set(&late, BS_REASON_RPC_DEADLINE, "%.*s: deadline passed",
                     BS_STR_ARGS(call->base.name));
        end_locally(call, &late);
    } else if (!atomic_load(&call->has_ended)) {
        /* on its way from one place to the next, or being answered: look again */
        rpc_timer_set(&call->timer, bs_deadline_after_ns(LOOK_AGAIN_NS));
        return;
    }
    unref(call);
}

static void cancel(struct rpc_client_call *handle)
{
    struct started_call *call = of_handle(handle);
    struct bs_error error = BS_ERROR_INIT;
    if (!rpc_channel_take_out(call->base.channel, &call->base))
        return;
    bs_error_set(&error, BS_REASON_RPC_CANCELLED, "%.*s: cancelled", BS_STR_ARGS(call->base.name));
    end_locally(call, &error);
}

static void release(struct rpc_client_call *handle)
{
    unref(of_handle(handle));
}

static enum bs_code submit(struct stream_channel *channel, struct started_call *call,
                           const ProtobufCMessage *request, struct bs_error *error)
{
    struct client_call *base = &call->base;
    base->size = protobuf_c_message_get_packed_size(request);
    if (base->size > BS_LIMIT_MESSAGE_SENT_BYTES)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "%.*s: expected a request of at most %u bytes, got %zu",
                            BS_STR_ARGS(base->name), BS_LIMIT_MESSAGE_SENT_BYTES, base->size);
    /* it may have to wait, and the request is the caller's only until this returns */
    char *bytes = bs_buf_reserve(&base->body, base->size);
    BS_ASSERT(bytes);
    base->body.len += protobuf_c_message_pack(request, (uint8_t *)bytes);
    return rpc_channel_submit(channel, base, error);
}

struct rpc_client_call *rpc_channel_start_on_stream(struct rpc_channel *channel,
                                                    const struct rpc_method *method,
                                                    const struct rpc_client_options *options,
                                                    const ProtobufCMessage *request,
                                                    rpc_client_callback callback, void *self)
{
    struct started_call *call = bs_malloc(sizeof(*call));
    struct bs_error error = BS_ERROR_INIT;
    rpc_client_call_init(&call->base, (struct stream_channel *)channel,
                         bs_str_from(method->full_name), options);
    call->base.method = method;
    call->base.complete = complete;
    call->handle = (struct rpc_client_call){.cancel = cancel, .release = release};
    call->callback = callback;
    call->self = self;
    call->timer = (struct rpc_timer){.fire = on_deadline, .self = call};
    bs_ref_init(&call->ref); /* the handle's */
    bs_ref_get(&call->ref);  /* who completes it */
    bs_ref_get(&call->base.channel->ref);
    atomic_init(&call->has_ended, false);
    if (options->deadline != BS_DEADLINE_NONE) {
        bs_ref_get(&call->ref); /* the timer's */
        rpc_timer_set(&call->timer, options->deadline);
    }
    if (submit(call->base.channel, call, request, &error) != BS_OK)
        end_locally(call, &error);
    return &call->handle;
}
