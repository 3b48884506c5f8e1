/* The dispatcher: what it serves, what stands around it, and its life from new to free. */

#include "rpc/dispatcher.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/random.h"
#include "rpc/dispatcher_internal.h"

static void fill_options(struct rpc_dispatcher_options *options)
{
    if (options->workers == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        options->workers = processors < 4 ? 4 : (unsigned)processors;
    }
    if (options->max_threads == 0)
        options->max_threads = options->workers + 1024;
    options->max_threads = BS_MAX(options->max_threads, options->workers);
    if (options->max_streams == 0)
        options->max_streams = BS_MAX((options->max_threads - options->workers) / 2, 1u);
    if (options->queue_max == 0)
        options->queue_max = BS_LIMIT_CALLS_QUEUED;
    if (options->unary_deadline_ms == 0)
        options->unary_deadline_ms = 60000;
    if (options->arena_bytes == 0)
        options->arena_bytes = BS_LIMIT_CALL_ARENA_BYTES;
    if (options->max_request_bytes == 0)
        options->max_request_bytes = BS_LIMIT_MESSAGE_RECEIVED_BYTES;
    if (options->max_response_bytes == 0)
        options->max_response_bytes = BS_LIMIT_MESSAGE_SENT_BYTES;
    if (options->max_decoded_bytes == 0)
        options->max_decoded_bytes = BS_LIMIT_MESSAGE_DECODED_BYTES;
}

/* The built-in interceptor of RPC_STAGE_VALIDATION. Streams are validated message by message. */
static enum bs_code validate_call(void *self, struct rpc_call *call, struct bs_error *error)
{
    (void)self;
    const struct rpc_message *table = call->served->method->request;
    if (!call->request || !table->has_rules)
        return BS_OK;
    return rpc_validate(table, call->request, &call->violations, error);
}

static void init_changes(struct rpc_changes *changes)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&changes->lock, NULL);
    pthread_cond_init(&changes->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct rpc_dispatcher *rpc_dispatcher_new(const struct rpc_dispatcher_options *options)
{
    struct rpc_dispatcher *dispatcher = bs_calloc(1, sizeof(*dispatcher));
    if (options)
        dispatcher->options = *options;
    fill_options(&dispatcher->options);
    bs_random_system(&dispatcher->request_id_seed, sizeof(dispatcher->request_id_seed));
    rpc_pool_init(&dispatcher->pool);
    init_changes(&dispatcher->changes);
    rpc_dispatcher_add_interceptor(dispatcher, &(struct rpc_interceptor){
                                                   .name = "metadata",
                                                   .stage = RPC_STAGE_METADATA,
                                                   .before = rpc_metadata_check_call,
                                                   .self = dispatcher,
                                               });
    rpc_dispatcher_add_interceptor(dispatcher, &(struct rpc_interceptor){
                                                   .name = "validation",
                                                   .stage = RPC_STAGE_VALIDATION,
                                                   .before = validate_call,
                                               });
    atomic_init(&dispatcher->serving, true);
    rpc_health_register(dispatcher);
    rpc_reflection_register(dispatcher);
    return dispatcher;
}

void rpc_dispatcher_free(struct rpc_dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    rpc_dispatcher_stop(dispatcher, 0);
    for (size_t i = 0; i < RPC_SPARE_CALLS; i++) {
        struct rpc_call *call = atomic_load(&dispatcher->spare[i]);
        if (call)
            bs_arena_free(call->own_arena);
        free(call);
    }
    for (size_t i = 0; dispatcher->served && i <= dispatcher->served_mask; i++)
        free(dispatcher->served[i].stats);
    for (size_t i = 0; i < dispatcher->registrations_count; i++)
        free(dispatcher->registrations[i]);
    rpc_pool_fini(&dispatcher->pool);
    pthread_mutex_destroy(&dispatcher->changes.lock);
    pthread_cond_destroy(&dispatcher->changes.changed);
    free(dispatcher->served);
    free(dispatcher->registrations);
    free(dispatcher->interceptors);
    free(dispatcher);
}

static enum bs_code check_service(const struct rpc_dispatcher *dispatcher,
                                  const struct rpc_service *service, struct bs_error *error)
{
    const char *context = dispatcher->context.type;
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        if (strcmp(dispatcher->registrations[i]->service->full_name, service->full_name) == 0)
            return bs_error_set(error, BS_REASON_INTERNAL, "service %s: registered twice",
                                service->full_name);
    }
    for (size_t i = 0; i < service->methods_count; i++) {
        if (service->methods[i].access.kind == RPC_ACCESS_NONE)
            return bs_error_set(error, BS_REASON_INTERNAL,
                                "method %s: expected an access rule, got none",
                                service->methods[i].full_name);
    }
    if (service->context_type && (!context || strcmp(context, service->context_type) != 0))
        return bs_error_set(error, BS_REASON_INTERNAL,
                            "service %s: its handlers take %s, and calls here are given %s",
                            service->full_name, service->context_type,
                            context ? context : "no context");
    return BS_OK;
}

enum bs_code rpc_dispatcher_register(struct rpc_dispatcher *dispatcher,
                                     const struct rpc_service *service, const void *server,
                                     struct bs_error *error)
{
    BS_ASSERT(!dispatcher->served);
    BS_TRY(check_service(dispatcher, service, error));
    struct rpc_registration *registration = bs_calloc(1, sizeof(*registration));
    registration->service = service;
    registration->server = server;
    atomic_init(&registration->serving, true);
    bs_grow(&dispatcher->registrations, dispatcher->registrations_count,
            &dispatcher->registrations_capacity, sizeof(struct rpc_registration *));
    size_t i = dispatcher->registrations_count++;
    for (; i > 0; i--) {
        struct rpc_registration *before = dispatcher->registrations[i - 1];
        if (strcmp(before->service->full_name, service->full_name) < 0)
            break;
        dispatcher->registrations[i] = before;
    }
    dispatcher->registrations[i] = registration;
    return BS_OK;
}

void rpc_dispatcher_add_interceptor(struct rpc_dispatcher *dispatcher,
                                    const struct rpc_interceptor *interceptor)
{
    BS_ASSERT(!dispatcher->served);
    bs_grow(&dispatcher->interceptors, dispatcher->interceptors_count,
            &dispatcher->interceptors_capacity, sizeof(struct rpc_interceptor));
    size_t i = dispatcher->interceptors_count++;
    for (; i > 0 && dispatcher->interceptors[i - 1].stage > interceptor->stage; i--)
        dispatcher->interceptors[i] = dispatcher->interceptors[i - 1];
    dispatcher->interceptors[i] = *interceptor;
    rpc_metadata_claim(dispatcher, interceptor->claims);
}

void rpc_dispatcher_set_context(struct rpc_dispatcher *dispatcher,
                                const struct rpc_context_hooks *hooks)
{
    BS_ASSERT(!dispatcher->served);
    dispatcher->context = *hooks;
    rpc_metadata_claim(dispatcher, hooks->claims);
}

void rpc_dispatcher_set_observer(struct rpc_dispatcher *dispatcher, rpc_observer observer,
                                 void *self)
{
    BS_ASSERT(!dispatcher->served);
    dispatcher->observer = observer;
    dispatcher->observer_self = self;
}

/* FNV-1a. */
static uint64_t hash_name(struct bs_str name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static struct rpc_served *slot_of(const struct rpc_dispatcher *dispatcher, struct bs_str name)
{
    for (size_t i = hash_name(name);; i++) {
        struct rpc_served *slot = &dispatcher->served[i & dispatcher->served_mask];
        if (!slot->method || bs_str_equals(name, slot->method->full_name))
            return slot;
    }
}

/* Fills the table of methods; from here on nothing may be registered. */
static void index_methods(struct rpc_dispatcher *dispatcher)
{
    size_t methods = 0, capacity = 16;
    for (size_t i = 0; i < dispatcher->registrations_count; i++)
        methods += dispatcher->registrations[i]->service->methods_count;
    while (capacity < methods * 2)
        capacity *= 2;
    dispatcher->served = bs_calloc(capacity, sizeof(struct rpc_served));
    dispatcher->served_mask = capacity - 1;
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        const struct rpc_registration *registration = dispatcher->registrations[i];
        for (size_t m = 0; m < registration->service->methods_count; m++) {
            const struct rpc_method *method = &registration->service->methods[m];
            *slot_of(dispatcher, bs_str_from(method->full_name)) = (struct rpc_served){
                .method = method,
                .server = registration->server,
                .stats = bs_calloc(1, sizeof(struct rpc_stats)),
            };
        }
    }
}

enum bs_code rpc_dispatcher_start(struct rpc_dispatcher *dispatcher, struct bs_error *error)
{
    BS_ASSERT(!dispatcher->served);
    index_methods(dispatcher);
    dispatcher->decode_idx = 0;
    while (dispatcher->interceptors[dispatcher->decode_idx].stage < RPC_STAGE_ACCESS)
        dispatcher->decode_idx++; /* ends at the built-in validation, at the latest */
    return rpc_pool_start(dispatcher, error);
}

const struct rpc_served *rpc_dispatcher_lookup(const struct rpc_dispatcher *dispatcher,
                                               struct bs_str full_name)
{
    if (!dispatcher->served)
        return NULL;
    const struct rpc_served *slot = slot_of(dispatcher, full_name);
    return slot->method ? slot : NULL;
}

const struct rpc_method *rpc_dispatcher_find(const struct rpc_dispatcher *dispatcher,
                                             struct bs_str full_name)
{
    if (full_name.len > 0 && full_name.ptr[0] == '/')
        full_name = bs_str_from_offset(full_name, 1);
    const struct rpc_served *served = rpc_dispatcher_lookup(dispatcher, full_name);
    return served ? served->method : NULL;
}

size_t rpc_dispatcher_services_count(const struct rpc_dispatcher *dispatcher)
{
    return dispatcher->registrations_count;
}

const struct rpc_service *rpc_dispatcher_service_at(const struct rpc_dispatcher *dispatcher,
                                                    size_t idx)
{
    BS_ASSERT(idx < dispatcher->registrations_count);
    return dispatcher->registrations[idx]->service;
}

const struct rpc_dispatcher_options *rpc_dispatcher_options(const struct rpc_dispatcher *dispatcher)
{
    return &dispatcher->options;
}

bool rpc_dispatcher_enter(struct rpc_dispatcher *dispatcher)
{
    const struct rpc_call *current = rpc_call_current();
    /* counted before looking, so that a drain either sees the call or is seen by it */
    atomic_fetch_add(&dispatcher->in_flight, 1);
    if (!atomic_load(&dispatcher->draining) || (current && current->dispatcher == dispatcher))
        return true;
    rpc_dispatcher_leave(dispatcher);
    return false;
}

void rpc_dispatcher_leave(struct rpc_dispatcher *dispatcher)
{
    /* The last thing that a call does to its dispatcher; so who waits for it polls. */
    atomic_fetch_sub(&dispatcher->in_flight, 1);
}
