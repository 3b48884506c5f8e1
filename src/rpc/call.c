/*
 * Calls: made, answered exactly once, and given back. The objects are used again: up to
 * RPC_SPARE_CALLS of them stand in slots that are swapped atomically, each with its arena, so that
 * a call in the process costs no malloc.
 */

#include "rpc/transport.h"

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/dispatcher_internal.h"

static _Thread_local struct rpc_call *current_call;

struct rpc_call *rpc_call_current(void)
{
    return current_call;
}

/* Where this thread begins to look for a spare call: threads differ, so they rarely meet. */
static size_t spare_start(void)
{
    return ((uintptr_t)&current_call >> 12) * 7 % RPC_SPARE_CALLS;
}

static struct rpc_call *take_spare(struct rpc_dispatcher *dispatcher)
{
    size_t start = spare_start();
    for (size_t i = 0; i < RPC_SPARE_CALLS; i++) {
        struct rpc_call *_Atomic *slot = &dispatcher->spare[(start + i) % RPC_SPARE_CALLS];
        if (!atomic_load_explicit(slot, memory_order_relaxed))
            continue;
        struct rpc_call *call = atomic_exchange_explicit(slot, NULL, memory_order_acquire);
        if (call)
            return call;
    }
    return bs_calloc(1, sizeof(struct rpc_call));
}

static void give_spare(struct rpc_dispatcher *dispatcher, struct rpc_call *call)
{
    size_t start = spare_start();
    for (size_t i = 0; i < RPC_SPARE_CALLS && call; i++) {
        struct rpc_call *_Atomic *slot = &dispatcher->spare[(start + i) % RPC_SPARE_CALLS];
        if (!atomic_load_explicit(slot, memory_order_relaxed))
            call = atomic_exchange_explicit(slot, call, memory_order_release);
    }
    if (call) {
        bs_arena_free(call->own_arena);
        free(call);
    }
}

static void *arena_alloc(void *arena, size_t size)
{
    return bs_arena_try_alloc((struct bs_arena *)arena, size);
}

static void arena_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

static void format_request_id(struct rpc_call *call)
{
    static const char hex[] = "0123456789abcdef";
    struct rpc_dispatcher *dispatcher = call->dispatcher;
    uint64_t ordinal =
        atomic_fetch_add_explicit(&dispatcher->next_request_id, 1, memory_order_relaxed);
    /* times an odd constant, xor a constant: no two ordinals give the same id */
    uint64_t id = ordinal * 0x9e3779b97f4a7c15u ^ dispatcher->request_id_seed;
    for (int i = 15; i >= 0; i--, id >>= 4)
        call->request_id[i] = hex[id & 15];
}

/* Where the refusal goes that rpc_call_start will answer with; NULL when there is one: the first
 * stays. */
static struct bs_error *refuse(struct rpc_call *call)
{
    if (call->refusal)
        return NULL;
    call->refusal = bs_arena_new_item(call->arena, struct bs_error);
    return call->refusal;
}

static void limit_deadline(struct rpc_call *call, int64_t ns)
{
    bs_deadline deadline = bs_deadline_after_ns(ns);
    call->interrupt.deadline = BS_MIN(call->interrupt.deadline, deadline);
}

static bool is_hex(struct bs_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

/* version-trace-parent-flags, each in lower-case hex; W3C Trace Context, section 3.2. */
static bool traceparent_is_valid(struct bs_str text)
{
    if (text.len != 55 || text.ptr[2] != '-' || text.ptr[35] != '-' || text.ptr[52] != '-')
        return false;
    struct bs_str trace = bs_str_slice(text, 3, 32), parent = bs_str_slice(text, 36, 16);
    return is_hex(bs_str_slice(text, 0, 2)) && is_hex(trace) && is_hex(parent) &&
           is_hex(bs_str_slice(text, 53, 2)) && !bs_str_starts_with(text, BS_STR("ff")) &&
           !bs_str_equals(trace, "00000000000000000000000000000000") &&
           !bs_str_equals(parent, "0000000000000000");
}

static void take_deadline(struct rpc_call *call, struct bs_str text)
{
    int64_t ns;
    if (rpc_deadline_parse(text, &ns, NULL) == BS_OK)
        limit_deadline(call, ns);
    else
        (void)!rpc_deadline_parse(text, &ns, refuse(call));
}

static void take_metadata(struct rpc_call *call, const struct rpc_metadata *from)
{
    size_t deadlines = 0;
    for (size_t i = 0; from && i < from->count; i++) {
        const struct rpc_metadata_entry *entry = &from->entries[i];
        if (!bs_str_equals(entry->key, "deadline"))
            rpc_metadata_append(&call->metadata, entry->key, entry->value);
        else if (deadlines++ == 0)
            take_deadline(call, entry->value);
        else
            bs_error_set(refuse(call), BS_REASON_RPC_METADATA,
                         "metadata deadline: expected one value, got several");
    }
    struct bs_str traceparent = rpc_metadata_get(&call->metadata, BS_STR("traceparent"));
    bool is_valid = traceparent.ptr && traceparent_is_valid(traceparent);
    call->traceparent = is_valid ? traceparent : BS_STR_EMPTY;
}

/* What a call inside a call inherits: time left and trace; rpc_call_run adds cancellation. */
static void inherit(struct rpc_call *call, const struct rpc_call *outer)
{
    call->interrupt.deadline = BS_MIN(call->interrupt.deadline, outer->interrupt.deadline);
    if (call->traceparent.len == 0)
        call->traceparent = outer->traceparent;
}

static void apply_method(struct rpc_call *call, struct bs_str name)
{
    const struct rpc_dispatcher_options *options = &call->dispatcher->options;
    int64_t max_ms;
    if (name.len > 0 && name.ptr[0] == '/')
        name = bs_str_from_offset(name, 1);
    call->served = rpc_dispatcher_lookup(call->dispatcher, name);
    if (!call->served) {
        call->method_name = bs_arena_dup(call->arena, bs_str_slice(name, 0, 256));
        bs_error_set(refuse(call), BS_REASON_RPC_UNKNOWN_METHOD,
                     "no method \"%.*s\" here: expected \"pkg.Service/Method\" of a service that "
                     "the server has",
                     BS_STR_ARGS(call->method_name));
        return;
    }
    const struct rpc_method *method = call->served->method;
    call->method_name = bs_str_from(method->full_name);
    max_ms = method->kind == RPC_UNARY ? options->unary_deadline_ms : options->stream_deadline_ms;
    if (method->deadline_ms > 0)
        max_ms = method->deadline_ms;
    if (max_ms > 0)
        limit_deadline(call, max_ms * 1000000);
    if (method->kind != RPC_UNARY && !call->sink.send)
        bs_error_set_code(refuse(call), BS_UNIMPLEMENTED, BS_REASON_RPC_UNKNOWN_METHOD,
                          "%s: a streaming method, which %s does not carry", method->full_name,
                          call->transport);
}

struct rpc_call *rpc_call_new(struct rpc_dispatcher *dispatcher,
                              const struct rpc_call_options *options)
{
    struct rpc_call *call = take_spare(dispatcher);
    size_t kept = offsetof(struct rpc_call, ref);
    memset((char *)call + kept, 0, sizeof(*call) - kept);
    bs_ref_init(&call->ref);
    call->dispatcher = dispatcher;
    call->arena = options->arena;
    if (!call->arena && !call->own_arena)
        call->own_arena = bs_arena_new(dispatcher->options.arena_bytes);
    if (!call->arena)
        call->arena = call->own_arena;
    call->allocator = (ProtobufCAllocator){arena_alloc, arena_free, call->arena};
    call->sink = options->sink;
    call->context = options->context;
    call->context_given = options->context != NULL;
    call->transport = options->transport ? options->transport : "direct";
    call->peer = options->peer.len > 0 ? bs_arena_dup(call->arena, options->peer) : BS_STR_EMPTY;
    call->started_ns = bs_monotonic_ns();
    call->basis_t = -1;
    call->interrupt = (struct bs_interrupt){&call->cancelled, options->deadline};
    call->cancel_flag = options->cancelled;
    call->stream.call = call;
    rpc_metadata_init(&call->metadata, call->arena);
    rpc_metadata_init(&call->initial, call->arena);
    rpc_metadata_init(&call->trailing, call->arena);
    rpc_violations_init(&call->violations, call->arena);
    format_request_id(call);
    take_metadata(call, options->metadata);
    apply_method(call, options->method);
    if (current_call)
        inherit(call, current_call);
    return call;
}

struct rpc_call *rpc_call_ref(struct rpc_call *call)
{
    bs_ref_get(&call->ref);
    return call;
}

void rpc_call_unref(struct rpc_call *call)
{
    if (!call || !bs_ref_put(&call->ref))
        return;
    if (call->sink.release)
        call->sink.release(call->sink.self);
    if (call->arena == call->own_arena)
        bs_arena_reset(call->own_arena);
    give_spare(call->dispatcher, call);
}

void rpc_call_set_request_bytes(struct rpc_call *call, struct bs_str bytes)
{
    call->request_bytes = bytes;
    call->has_request = true;
}

void rpc_call_set_request_message(struct rpc_call *call, const ProtobufCMessage *request)
{
    call->request = request;
    call->has_request = true;
}

void rpc_call_set_decoder(struct rpc_call *call, rpc_decoder decoder, void *self)
{
    call->decoder = decoder;
    call->decoder_self = self;
    call->has_request = true;
}

bool rpc_call_claim(struct rpc_call *call, enum bs_code code)
{
    int unclaimed = 0;
    return atomic_compare_exchange_strong(&call->claim, &unclaimed, (int)code + 1);
}

bool rpc_call_is_claimed(const struct rpc_call *call, enum bs_code *ret_code)
{
    int claim = atomic_load(&call->claim);
    if (claim != 0)
        *ret_code = (enum bs_code)(claim - 1);
    return claim != 0;
}

/* Counts and tells the observer. */
static void record(struct rpc_call *call, enum bs_code code, const struct bs_error *error)
{
    struct rpc_dispatcher *dispatcher = call->dispatcher;
    rpc_stats_count(call->served ? call->served->stats : &dispatcher->unknown, code,
                    bs_monotonic_ns() - call->started_ns);
    if (dispatcher->observer)
        dispatcher->observer(dispatcher->observer_self, call, code, error);
}

static uint64_t max_response_bytes(const struct rpc_call *call)
{
    uint64_t of_method = call->served ? call->served->method->max_response_bytes : 0;
    return of_method ? of_method : call->dispatcher->options.max_response_bytes;
}

void rpc_call_answer(struct rpc_call *call, enum bs_code code, struct bs_error *error)
{
    char basis[24];
    if (call->basis_t >= 0) {
        int len = snprintf(basis, sizeof(basis), "%lld", (long long)call->basis_t);
        rpc_metadata_set(&call->trailing, BS_STR("basis-t"), bs_str_make(basis, (size_t)len));
    }
    const struct rpc_status_extra extra = {
        .violations = call->violations.count > 0 ? &call->violations : NULL,
        .retry_after_ms = call->retry_after_ms,
        .request_id = rpc_call_request_id(call),
    };
    const struct rpc_answer answer = {
        .code = code,
        .error = code == BS_OK ? NULL : error,
        .extra = &extra,
        .table = call->served ? call->served->method->response : NULL,
        .response = code == BS_OK ? call->response : NULL,
        .initial = &call->initial,
        .trailing = &call->trailing,
        .max_response_bytes = max_response_bytes(call),
    };
    record(call, code, answer.error);
    call->sink.answer(call->sink.self, call, &answer);
}

void rpc_call_answer_from_outside(struct rpc_call *call, const struct bs_error *error)
{
    const struct rpc_metadata none = {.arena = NULL};
    const struct rpc_status_extra extra = {
        .request_id = rpc_call_request_id(call),
        .retry_after_ms = error->reason == BS_REASON_RPC_OVERLOADED ? 100 : 0,
    };
    const struct rpc_answer answer = {
        .code = error->code,
        .error = error,
        .extra = &extra,
        .table = call->served ? call->served->method->response : NULL,
        .initial = &none,
        .trailing = &none,
        .max_response_bytes = max_response_bytes(call),
    };
    record(call, error->code, error);
    call->sink.answer(call->sink.self, call, &answer);
}

static void count_end_in_queue(struct rpc_dispatcher *dispatcher, enum bs_code code)
{
    if (code == BS_DEADLINE_EXCEEDED)
        atomic_fetch_add_explicit(&dispatcher->expired_in_queue, 1, memory_order_relaxed);
    if (code == BS_CANCELLED)
        atomic_fetch_add_explicit(&dispatcher->cancelled_in_queue, 1, memory_order_relaxed);
}

void rpc_call_end(struct rpc_call *call, enum bs_reason reason, const char *text)
{
    struct rpc_dispatcher *dispatcher = call->dispatcher;
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = bs_reason_code(reason);
    if (!rpc_call_claim(call, code))
        return;
    bs_error_set(&error, reason, "%.*s: %s", BS_STR_ARGS(call->method_name), text);
    atomic_store_explicit(&call->cancelled, true, memory_order_release);
    bool was_queued = call->served && rpc_pool_withdraw(dispatcher, call);
    if (was_queued)
        count_end_in_queue(dispatcher, code);
    rpc_call_answer_from_outside(call, &error);
    if (call->served && call->served->method->kind != RPC_UNARY) {
        if (call->sink.wake)
            call->sink.wake(call->sink.self, call);
        rpc_dispatcher_changed(dispatcher);
    }
    if (was_queued) {
        rpc_call_unref(call);
        rpc_dispatcher_leave(dispatcher);
    }
}

void rpc_call_cancel(struct rpc_call *call)
{
    rpc_call_end(call, BS_REASON_RPC_CANCELLED, "cancelled");
}

/* What can be said without running: true when it was answered. */
static bool answer_at_once(struct rpc_call *call)
{
    if (!call->refusal && bs_deadline_passed(call->interrupt.deadline))
        bs_error_set(refuse(call), BS_REASON_RPC_DEADLINE, "%.*s: deadline passed before the start",
                     BS_STR_ARGS(call->method_name));
    if (!call->refusal && !call->has_request && !(call->served->method->kind & RPC_CLIENT_STREAM))
        bs_error_set_code(refuse(call), BS_UNIMPLEMENTED, BS_REASON_RPC_PROTOCOL,
                          "%.*s: expected one request message, got none",
                          BS_STR_ARGS(call->method_name));
    if (!call->refusal && !rpc_dispatcher_enter(call->dispatcher)) {
        atomic_fetch_add_explicit(&call->dispatcher->refused_draining, 1, memory_order_relaxed);
        bs_error_set(refuse(call), BS_REASON_RPC_DRAINING, "%.*s: the server is shutting down",
                     BS_STR_ARGS(call->method_name));
    }
    if (!call->refusal)
        return false;
    if (rpc_call_claim(call, call->refusal->code))
        rpc_call_answer_from_outside(call, call->refusal);
    return true;
}

static void count_start(struct rpc_call *call)
{
    struct rpc_stats *stats = call->served ? call->served->stats : &call->dispatcher->unknown;
    atomic_fetch_add_explicit(&stats->started, 1, memory_order_relaxed);
}

static void answer_overload(struct rpc_call *call)
{
    struct bs_error error = BS_ERROR_INIT;
    atomic_fetch_add_explicit(&call->dispatcher->refused_overload, 1, memory_order_relaxed);
    bs_error_set(&error, BS_REASON_RPC_OVERLOADED,
                 "%.*s: too many calls under way (at most %zu wait and %u stream)",
                 BS_STR_ARGS(call->method_name), call->dispatcher->options.queue_max,
                 call->dispatcher->options.max_streams);
    if (rpc_call_claim(call, error.code))
        rpc_call_answer_from_outside(call, &error);
    rpc_dispatcher_leave(call->dispatcher);
}

void rpc_call_start(struct rpc_call *call)
{
    count_start(call);
    if (!answer_at_once(call) && !rpc_pool_submit(call->dispatcher, call))
        answer_overload(call);
}

void rpc_call_run(struct rpc_call *call)
{
    count_start(call);
    if (call->cancel_flag)
        call->interrupt.cancelled = call->cancel_flag;
    else if (current_call)
        call->interrupt.cancelled = current_call->interrupt.cancelled;
    if (answer_at_once(call))
        return;
    rpc_call_execute(call);
    rpc_dispatcher_leave(call->dispatcher);
}

void rpc_call_enter(struct rpc_call *call)
{
    call->outer = current_call;
    current_call = call;
}

void rpc_call_exit(struct rpc_call *call)
{
    BS_ASSERT(current_call == call);
    current_call = call->outer;
}
