/*
 * The direct transport: a channel that is a dispatcher in the same process. A blocking call is a
 * function call: the request is handed over as it stands, the response is made in the caller's
 * arena. A call with a callback is packed, since it outlives what it was made from, and runs on a
 * worker.
 */

#include "base/memory.h"
#include "base/ref.h"
#include "rpc/channel.h"
#include "rpc/direct_internal.h"
#include "rpc/dispatcher_internal.h"

/* Where a blocking call's answer goes; on the caller's stack. */
struct direct_answer {
    const struct rpc_client_options *options;
    struct bs_arena *arena;
    bool wants_bytes;
    enum bs_code code;
    struct bs_error *error; /* the caller's, may be NULL */
    const ProtobufCMessage *response;
    struct bs_str response_bytes;
};

static void hand_on_violations(const struct rpc_violations *from, struct rpc_violations *to)
{
    for (size_t i = 0; from && to && i < from->count; i++)
        rpc_violations_add(to, from->items[i].field, from->items[i].rule, "%.*s",
                           BS_STR_ARGS(from->items[i].description));
}

static void hand_on_metadata(const struct rpc_metadata *from, struct rpc_metadata *to)
{
    for (size_t i = 0; to && i < from->count; i++)
        rpc_metadata_append(to, from->entries[i].key, from->entries[i].value);
}

/* The packed response in the caller's arena. */
static enum bs_code pack_response(struct direct_answer *to, const struct rpc_answer *answer,
                                  struct bs_error *error)
{
    size_t size = protobuf_c_message_get_packed_size(answer->response);
    if (size > answer->max_response_bytes)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "%s: expected a response of at most %llu bytes, got %zu",
                            answer->table->full_name,
                            (unsigned long long)answer->max_response_bytes, size);
    char *bytes = bs_arena_try_alloc(to->arena, size);
    if (!bytes)
        return bs_error_set(error, BS_REASON_LIMIT, "%s: the caller's memory is used up",
                            answer->table->full_name);
    protobuf_c_message_pack(answer->response, (uint8_t *)bytes);
    to->response_bytes = bs_str_make(bytes, size);
    return BS_OK;
}

static void take_answer(void *self, struct rpc_call *call, const struct rpc_answer *answer)
{
    struct direct_answer *to = (struct direct_answer *)self;
    (void)call;
    to->code = answer->code;
    to->response = answer->response;
    if (answer->code != BS_OK && to->error)
        *to->error = *answer->error;
    if (answer->code == BS_OK && to->wants_bytes)
        to->code = pack_response(to, answer, to->error);
    hand_on_metadata(answer->initial, to->options->ret_initial);
    hand_on_metadata(answer->trailing, to->options->ret_trailing);
    hand_on_violations(answer->extra->violations, to->options->ret_violations);
    if (to->options->ret_retry_after_ms)
        *to->options->ret_retry_after_ms = answer->extra->retry_after_ms;
}

static struct rpc_call *new_call(struct direct_channel *channel, struct bs_str method,
                                 const struct rpc_client_options *options, struct bs_arena *arena,
                                 const struct rpc_sink *sink)
{
    return rpc_call_new(channel->dispatcher, &(struct rpc_call_options){
                                                 .method = method,
                                                 .metadata = options->metadata,
                                                 .deadline = options->deadline,
                                                 .transport = "direct",
                                                 .context = options->context,
                                                 .cancelled = options->cancelled,
                                                 .arena = arena,
                                                 .sink = *sink,
                                             });
}

static enum bs_code direct_call(struct rpc_channel *self, const struct rpc_method *method,
                                const struct rpc_client_options *options,
                                const ProtobufCMessage *request, struct bs_arena *arena,
                                ProtobufCMessage **ret_response, struct bs_error *error)
{
    struct direct_answer answer = {.options = options, .arena = arena, .error = error};
    const struct rpc_sink sink = {.answer = take_answer, .self = &answer};
    struct rpc_call *call = new_call((struct direct_channel *)self, bs_str_from(method->full_name),
                                     options, arena, &sink);
    ProtobufCMessage *response = NULL;
    rpc_call_set_request_message(call, request);
    rpc_call_run(call);
    if (answer.code == BS_OK)
        response = rpc_call_response(call);
    rpc_call_unref(call);
    if (answer.code == BS_OK)
        *ret_response = response;
    return answer.code;
}

static enum bs_code direct_call_bytes(struct rpc_channel *self, struct bs_str method,
                                      const struct rpc_client_options *options,
                                      struct bs_str request, struct bs_arena *arena,
                                      struct bs_str *ret_response, struct bs_error *error)
{
    struct direct_answer answer = {
        .options = options,
        .arena = arena,
        .wants_bytes = true,
        .error = error,
    };
    const struct rpc_sink sink = {.answer = take_answer, .self = &answer};
    struct rpc_call *call = new_call((struct direct_channel *)self, method, options, arena, &sink);
    rpc_call_set_request_bytes(call, request);
    rpc_call_run(call);
    rpc_call_unref(call);
    if (answer.code == BS_OK)
        *ret_response = answer.response_bytes;
    return answer.code;
}

/* A call with a callback: held by its handle and by the call inside. */
struct direct_started {
    struct rpc_client_call base;
    struct bs_ref ref;
    struct rpc_call *call; /* the handle's reference */
    rpc_client_callback callback;
    void *self;
    struct bs_buf request;
};

static void started_unref(void *self)
{
    struct direct_started *started = (struct direct_started *)self;
    if (!bs_ref_put(&started->ref))
        return;
    bs_buf_fini(&started->request);
    free(started);
}

static void started_answer(void *self, struct rpc_call *call, const struct rpc_answer *answer)
{
    struct direct_started *started = (struct direct_started *)self;
    (void)call;
    started->callback(started->self, answer->code, answer->response, answer->trailing,
                      answer->error);
}

static void started_cancel(struct rpc_client_call *self)
{
    rpc_call_cancel(((struct direct_started *)self)->call);
}

static void started_release(struct rpc_client_call *self)
{
    struct direct_started *started = (struct direct_started *)self;
    rpc_call_unref(started->call);
    started_unref(started);
}

static struct rpc_client_call *direct_start(struct rpc_channel *self,
                                            const struct rpc_method *method,
                                            const struct rpc_client_options *options,
                                            const ProtobufCMessage *request,
                                            rpc_client_callback callback, void *callback_self)
{
    struct direct_started *started = bs_calloc(1, sizeof(*started));
    const struct rpc_sink sink = {
        .answer = started_answer,
        .release = started_unref,
        .self = started,
    };
    started->base = (struct rpc_client_call){started_cancel, started_release};
    started->callback = callback;
    started->self = callback_self;
    bs_ref_init(&started->ref); /* the handle's */
    bs_ref_get(&started->ref);  /* the call's, given back by release */
    bs_buf_init(&started->request, 0);
    BS_ASSERT(rpc_pack(request, 0, &started->request, NULL) == BS_OK);
    started->call = new_call((struct direct_channel *)self, bs_str_from(method->full_name), options,
                             NULL, &sink);
    rpc_call_set_request_bytes(started->call, bs_buf_str(&started->request));
    rpc_call_start(started->call);
    return &started->base;
}

static void direct_close(struct rpc_channel *self)
{
    free(self);
}

static const struct rpc_channel_type direct_type = {
    .name = "direct",
    .call = direct_call,
    .call_bytes = direct_call_bytes,
    .start = direct_start,
    .open_stream = rpc_direct_open_stream,
    .close = direct_close,
};

struct rpc_channel *rpc_direct_channel_new(struct rpc_dispatcher *dispatcher)
{
    struct direct_channel *channel = bs_calloc(1, sizeof(*channel));
    channel->base.type = &direct_type;
    channel->dispatcher = dispatcher;
    return &channel->base;
}
