/*
 * A handler's side of a stream: messages to and from the transport's sink. While it waits there for
 * credit or for the peer, the call gives up its run slot.
 */

#include "rpc/stream.h"

#include "rpc/dispatcher_internal.h"

/* The call's own end first: what the sink says after it is only its echo. */
static enum bs_code check(const struct rpc_call *call, struct bs_error *error)
{
    enum bs_code code;
    BS_TRY(bs_interrupt_check(&call->interrupt, error));
    if (!rpc_call_is_claimed(call, &code))
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_CANCELLED, "%.*s: the stream is over",
                        BS_STR_ARGS(call->method_name));
}

enum bs_code rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message,
                             struct bs_error *error)
{
    struct rpc_call *call = stream->call;
    BS_ASSERT(call->served->method->kind & RPC_SERVER_STREAM);
    BS_TRY(check(call, error));
    rpc_call_wait_begin(call);
    enum bs_code code = call->sink.send(call->sink.self, call, message, error);
    rpc_call_wait_end(call);
    return code;
}

static enum bs_code take_message(struct rpc_call *call, struct bs_str bytes, struct bs_arena *arena,
                                 ProtobufCMessage **ret_message, struct bs_error *error)
{
    const struct rpc_message *table = call->served->method->request;
    const struct rpc_wire_limits limits = {
        .max_decoded_bytes = call->dispatcher->options.max_decoded_bytes,
    };
    ProtobufCMessage *message;
    BS_TRY(rpc_unpack(table, bytes, &limits, arena, &message, error));
    if (table->has_rules)
        BS_TRY(rpc_validate(table, message, &call->violations, error));
    *ret_message = message;
    return BS_OK;
}

enum bs_code rpc_stream_receive(struct rpc_stream *stream, struct bs_arena *arena,
                                ProtobufCMessage **ret_message, struct bs_error *error)
{
    struct rpc_call *call = stream->call;
    struct bs_str bytes = BS_STR_EMPTY;
    BS_ASSERT(call->served->method->kind & RPC_CLIENT_STREAM);
    BS_TRY(check(call, error));
    rpc_call_wait_begin(call);
    enum bs_code code = call->sink.receive(call->sink.self, call, arena, &bytes, error);
    rpc_call_wait_end(call);
    if (code != BS_OK)
        return code;
    if (!bytes.ptr) {
        *ret_message = NULL;
        return BS_OK;
    }
    return take_message(call, bytes, arena, ret_message, error);
}
