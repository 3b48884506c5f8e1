/*
 * The one way through a call: interceptors inwards, the request decoded on the way, the context,
 * the handler, interceptors outwards, the answer. The same on a worker and in a caller's thread.
 */

#include "rpc/dispatcher_internal.h"

static enum bs_code decode(struct rpc_call *call, struct bs_error *error)
{
    const struct rpc_dispatcher_options *options = &call->dispatcher->options;
    const struct rpc_method *method = call->served->method;
    ProtobufCMessage *request = NULL;
    if (call->request || !call->has_request || method->kind & RPC_CLIENT_STREAM)
        return BS_OK;
    if (call->decoder) {
        BS_TRY(call->decoder(call->decoder_self, call, &request, error));
    } else {
        uint64_t max =
            method->max_request_bytes ? method->max_request_bytes : options->max_request_bytes;
        const struct rpc_wire_limits limits = {.max_decoded_bytes = options->max_decoded_bytes};
        if (call->request_bytes.len > max)
            return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                                "%s: expected a request of at most %llu bytes, got %zu",
                                method->full_name, (unsigned long long)max,
                                call->request_bytes.len);
        BS_TRY(rpc_unpack(method->request, call->request_bytes, &limits, call->arena, &request,
                          error));
    }
    call->request = request;
    return BS_OK;
}

/* Runs `before` hooks from the outside in; *ret_passed is how many returned OK. */
static enum bs_code run_before(struct rpc_call *call, size_t *ret_passed, struct bs_error *error)
{
    const struct rpc_dispatcher *dispatcher = call->dispatcher;
    for (size_t i = 0; i < dispatcher->interceptors_count && !call->answered_early; i++) {
        const struct rpc_interceptor *interceptor = &dispatcher->interceptors[i];
        if (i == dispatcher->decode_idx)
            BS_TRY(decode(call, error));
        if (interceptor->before)
            BS_TRY(interceptor->before(interceptor->self, call, error));
        *ret_passed = i + 1;
    }
    return BS_OK;
}

static void run_after(struct rpc_call *call, size_t passed, enum bs_code code,
                      struct bs_error *error)
{
    for (size_t i = passed; i-- > 0;) {
        const struct rpc_interceptor *interceptor = &call->dispatcher->interceptors[i];
        if (interceptor->after)
            interceptor->after(interceptor->self, call, code, error);
    }
}

static bool takes_context(const struct rpc_call *call)
{
    return call->served->method->service->context_type != NULL;
}

static enum bs_code run_handler(struct rpc_call *call, struct bs_error *error)
{
    const struct rpc_method *method = call->served->method;
    const struct rpc_context_hooks *hooks = &call->dispatcher->context;
    bool opens = takes_context(call) && !call->context_given;
    if (opens)
        BS_TRY(hooks->open(hooks->self, call, &call->context, error));
    enum bs_code code = method->invoke(
        call->served->server, takes_context(call) ? call->context : call, call->request,
        call->response, method->kind == RPC_UNARY ? NULL : &call->stream, error);
    if (opens && hooks->close)
        hooks->close(hooks->self, call, call->context);
    return code;
}

static enum bs_code run_inside(struct rpc_call *call, size_t *ret_passed, struct bs_error *error)
{
    const struct rpc_method *method = call->served->method;
    if (!(method->kind & RPC_SERVER_STREAM)) {
        call->response = rpc_message_new(method->response, call->arena);
        if (!call->response)
            return bs_error_set(error, BS_REASON_LIMIT, "%s: the call's memory is used up",
                                method->full_name);
    }
    BS_TRY(run_before(call, ret_passed, error));
    if (call->answered_early)
        return BS_OK;
    return run_handler(call, error);
}

/* A code that came without its error, from a handler that forgot to say why. */
static void complete_error(const struct rpc_call *call, enum bs_code code, struct bs_error *error)
{
    if (code == BS_OK || error->code == code)
        return;
    if (error->code == BS_OK)
        bs_error_set_code(error, code, BS_REASON_NONE, "%.*s: %s", BS_STR_ARGS(call->method_name),
                          bs_code_name(code));
    error->code = code;
}

/* What deadline and cancellation make of a handler's end: work that is done too late is late. A
 * deadline that the handler itself reports beats a cancellation that came with it. */
static enum bs_code judge(const struct rpc_call *call, enum bs_code code, struct bs_error *error)
{
    enum bs_code interrupted = bs_interrupt_check(&call->interrupt, NULL);
    if (interrupted == BS_OK || interrupted == code || code == BS_DEADLINE_EXCEEDED)
        return code;
    *error = (struct bs_error)BS_ERROR_INIT;
    interrupted = bs_interrupt_check(&call->interrupt, error);
    bs_error_prefix(error, "%.*s: ", BS_STR_ARGS(call->method_name));
    return interrupted;
}

void rpc_call_execute(struct rpc_call *call)
{
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code, claimed;
    size_t passed = 0;
    if (rpc_call_is_claimed(call, &claimed))
        return;
    rpc_call_enter(call);
    code = run_inside(call, &passed, &error);
    code = judge(call, code, &error);
    complete_error(call, code, &error);
    bool is_ours = rpc_call_claim(call, code);
    if (!is_ours) {
        rpc_call_is_claimed(call, &code);
        error = (struct bs_error)BS_ERROR_INIT;
        complete_error(call, code, &error);
    }
    run_after(call, passed, code, &error);
    rpc_call_exit(call);
    if (is_ours)
        rpc_call_answer(call, code, &error);
}
