/* What all channels have in common: the checks before a call leaves, and what a channel lacks. */

#include "rpc/channel.h"

static const struct rpc_client_options default_options = RPC_CLIENT_OPTIONS_INIT;

/* A deadline that has passed fails here: nothing is sent. */
static enum bs_code check_options(struct bs_str method, const struct rpc_client_options *options,
                                  struct bs_error *error)
{
    if (bs_deadline_passed(options->deadline))
        return bs_error_set(error, BS_REASON_RPC_DEADLINE, "%.*s: deadline passed before the call",
                            BS_STR_ARGS(method));
    if (options->cancelled && atomic_load(options->cancelled))
        return bs_error_set(error, BS_REASON_RPC_CANCELLED, "%.*s: cancelled before the call",
                            BS_STR_ARGS(method));
    return BS_OK;
}

static enum bs_code lacks(const struct rpc_channel *channel, const char *what,
                          struct bs_error *error)
{
    return bs_error_set_code(error, BS_UNIMPLEMENTED, BS_REASON_RPC_UNKNOWN_METHOD,
                             "the %s channel has no %s", channel->type->name, what);
}

enum bs_code rpc_channel_call(struct rpc_channel *channel, const struct rpc_method *method,
                              const struct rpc_client_options *options,
                              const ProtobufCMessage *request, struct bs_arena *arena,
                              ProtobufCMessage **ret_response, struct bs_error *error)
{
    options = options ? options : &default_options;
    if (!channel->type->call)
        return lacks(channel, "unary calls", error);
    BS_TRY(check_options(bs_str_from(method->full_name), options, error));
    return channel->type->call(channel, method, options, request, arena, ret_response, error);
}

enum bs_code rpc_channel_call_bytes(struct rpc_channel *channel, struct bs_str method,
                                    const struct rpc_client_options *options, struct bs_str request,
                                    struct bs_arena *arena, struct bs_str *ret_response,
                                    struct bs_error *error)
{
    options = options ? options : &default_options;
    if (!channel->type->call_bytes)
        return lacks(channel, "calls by bytes", error);
    BS_TRY(check_options(method, options, error));
    return channel->type->call_bytes(channel, method, options, request, arena, ret_response, error);
}

static void nothing_to_do(struct rpc_client_call *call)
{
    (void)call;
}

/* The handle of a call that has ended before it began. */
static struct rpc_client_call ended_call = {.cancel = nothing_to_do, .release = nothing_to_do};

struct rpc_client_call *rpc_channel_start(struct rpc_channel *channel,
                                          const struct rpc_method *method,
                                          const struct rpc_client_options *options,
                                          const ProtobufCMessage *request,
                                          rpc_client_callback callback, void *self)
{
    struct bs_error error = BS_ERROR_INIT;
    options = options ? options : &default_options;
    enum bs_code code = channel->type->start
                            ? check_options(bs_str_from(method->full_name), options, &error)
                            : lacks(channel, "calls with a callback", &error);
    if (code == BS_OK)
        return channel->type->start(channel, method, options, request, callback, self);
    const struct rpc_metadata none = {.arena = NULL};
    callback(self, code, NULL, &none, &error);
    return &ended_call;
}

void rpc_client_call_cancel(struct rpc_client_call *call)
{
    call->cancel(call);
}

void rpc_client_call_release(struct rpc_client_call *call)
{
    if (call)
        call->release(call);
}

void rpc_channel_wake(struct rpc_channel *channel)
{
    if (channel->type->wake)
        channel->type->wake(channel);
}

enum bs_code rpc_channel_open_stream(struct rpc_channel *channel, const struct rpc_method *method,
                                     const struct rpc_client_options *options,
                                     struct rpc_client_stream **ret_stream, struct bs_error *error)
{
    options = options ? options : &default_options;
    if (!channel->type->open_stream)
        return lacks(channel, "streams", error);
    BS_TRY(check_options(bs_str_from(method->full_name), options, error));
    return channel->type->open_stream(channel, method, options, ret_stream, error);
}

enum bs_code rpc_client_stream_send(struct rpc_client_stream *stream,
                                    const ProtobufCMessage *message, struct bs_error *error)
{
    return stream->send(stream, message, error);
}

enum bs_code rpc_client_stream_half_close(struct rpc_client_stream *stream, struct bs_error *error)
{
    return stream->half_close(stream, error);
}

enum bs_code rpc_client_stream_receive(struct rpc_client_stream *stream, struct bs_arena *arena,
                                       ProtobufCMessage **ret_message, struct bs_error *error)
{
    return stream->receive(stream, arena, ret_message, error);
}

void rpc_client_stream_close(struct rpc_client_stream *stream)
{
    if (stream)
        stream->close(stream);
}

void rpc_channel_close(struct rpc_channel *channel)
{
    if (channel)
        channel->type->close(channel);
}
