/* What handlers and interceptors ask a call. */

#include "rpc/call.h"

#include "rpc/dispatcher_internal.h"

struct rpc_dispatcher *rpc_call_dispatcher(const struct rpc_call *call)
{
    return call->dispatcher;
}

const struct rpc_method *rpc_call_method(const struct rpc_call *call)
{
    return call->served ? call->served->method : NULL;
}

struct bs_str rpc_call_method_name(const struct rpc_call *call)
{
    return call->method_name;
}

const ProtobufCMessage *rpc_call_request(const struct rpc_call *call)
{
    return call->request;
}

ProtobufCMessage *rpc_call_response(const struct rpc_call *call)
{
    return call->response;
}

struct bs_arena *rpc_call_arena(const struct rpc_call *call)
{
    return call->arena;
}

ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call)
{
    return &call->allocator;
}

const struct rpc_metadata *rpc_call_metadata(const struct rpc_call *call)
{
    return &call->metadata;
}

struct rpc_metadata *rpc_call_initial_metadata(struct rpc_call *call)
{
    return &call->initial;
}

struct rpc_metadata *rpc_call_trailing_metadata(struct rpc_call *call)
{
    return &call->trailing;
}

const struct bs_interrupt *rpc_call_interrupt(const struct rpc_call *call)
{
    return &call->interrupt;
}

bs_deadline rpc_call_deadline(const struct rpc_call *call)
{
    return call->interrupt.deadline;
}

int64_t rpc_call_started_ns(const struct rpc_call *call)
{
    return call->started_ns;
}

struct bs_str rpc_call_request_id(const struct rpc_call *call)
{
    return bs_str_make(call->request_id, RPC_REQUEST_ID_TEXT_SIZE - 1);
}

struct bs_str rpc_call_traceparent(const struct rpc_call *call)
{
    return call->traceparent;
}

const char *rpc_call_transport(const struct rpc_call *call)
{
    return call->transport;
}

struct bs_str rpc_call_peer(const struct rpc_call *call)
{
    return call->peer;
}

struct rpc_violations *rpc_call_violations(struct rpc_call *call)
{
    return &call->violations;
}

void rpc_call_set_basis_t(struct rpc_call *call, int64_t basis_t)
{
    call->basis_t = basis_t;
}

int64_t rpc_call_basis_t(const struct rpc_call *call)
{
    return call->basis_t;
}

void rpc_call_set_retry_after_ms(struct rpc_call *call, int64_t retry_after_ms)
{
    call->retry_after_ms = retry_after_ms;
}

void rpc_call_attach(struct rpc_call *call, const void *key, void *value)
{
    for (size_t i = 0; i < RPC_ATTACHMENTS_MAX; i++) {
        struct rpc_attachment *slot = &call->attachments[i];
        if (slot->key && slot->key != key)
            continue;
        *slot = (struct rpc_attachment){.key = key, .value = value};
        return;
    }
    BS_UNREACHABLE();
}

void *rpc_call_attachment(const struct rpc_call *call, const void *key)
{
    for (size_t i = 0; i < RPC_ATTACHMENTS_MAX && call->attachments[i].key; i++) {
        if (call->attachments[i].key == key)
            return call->attachments[i].value;
    }
    return NULL;
}

void *rpc_call_context(const struct rpc_call *call)
{
    return call->context;
}

void rpc_call_set_answered(struct rpc_call *call)
{
    call->answered_early = true;
}

struct rpc_call *rpc_stream_call(const struct rpc_stream *stream)
{
    return stream->call;
}
