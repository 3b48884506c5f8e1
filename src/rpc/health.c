/* rpc.v1.HealthService: whether the server, or one service of it, takes calls. */

#include <time.h>

#include "rpc/dispatcher_internal.h"
#include "rpc/v1/health.rpc.h"

typedef Rpc__V1__HealthCheckResponse__ServingStatus serving_status;
#define SERVING RPC__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
#define NOT_SERVING RPC__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
#define SERVICE_UNKNOWN RPC__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN

/* "" is the whole server: it serves while it does not drain and nobody says otherwise. */
static serving_status status_of(const struct rpc_dispatcher *dispatcher, const char *name)
{
    bool serves = !rpc_dispatcher_is_draining(dispatcher) && atomic_load(&dispatcher->serving);
    if (name[0] == '\0')
        return serves ? SERVING : NOT_SERVING;
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        const struct rpc_registration *registration = dispatcher->registrations[i];
        if (strcmp(registration->service->full_name, name) == 0)
            return serves && atomic_load(&registration->serving) ? SERVING : NOT_SERVING;
    }
    return SERVICE_UNKNOWN;
}

static enum bs_code check(struct rpc_call *call, const Rpc__V1__HealthCheckRequest *request,
                          Rpc__V1__HealthCheckResponse *response, struct bs_error *error)
{
    response->status = status_of(call->dispatcher, request->service);
    if (response->status != SERVICE_UNKNOWN)
        return BS_OK;
    return bs_error_set_code(error, BS_NOT_FOUND, BS_REASON_RPC_UNKNOWN_METHOD,
                             "no service \"%s\" here", request->service);
}

/* Until the dispatcher's state has another version than `seen`, or the call is over. */
static enum bs_code wait_for_change(struct rpc_call *call, uint64_t *seen, struct bs_error *error)
{
    struct rpc_changes *changes = &call->dispatcher->changes;
    enum bs_code code = bs_interrupt_check(&call->interrupt, error);
    bs_deadline deadline = call->interrupt.deadline;
    struct timespec until = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    rpc_call_wait_begin(call);
    pthread_mutex_lock(&changes->lock);
    while (code == BS_OK && changes->version == *seen) {
        if (deadline == BS_DEADLINE_NONE)
            pthread_cond_wait(&changes->changed, &changes->lock);
        else
            pthread_cond_timedwait(&changes->changed, &changes->lock, &until);
        code = bs_interrupt_check(&call->interrupt, error);
    }
    *seen = changes->version;
    pthread_mutex_unlock(&changes->lock);
    rpc_call_wait_end(call);
    return code;
}

static enum bs_code watch(struct rpc_call *call, const Rpc__V1__HealthCheckRequest *request,
                          struct rpc_stream *stream, struct bs_error *error)
{
    Rpc__V1__HealthCheckResponse response = RPC__V1__HEALTH_CHECK_RESPONSE__INIT;
    uint64_t seen;
    pthread_mutex_lock(&call->dispatcher->changes.lock);
    seen = call->dispatcher->changes.version;
    pthread_mutex_unlock(&call->dispatcher->changes.lock);
    for (;;) {
        /* asked first: the status that is sent before the end must be the drain's */
        bool draining = rpc_dispatcher_is_draining(call->dispatcher);
        serving_status status = status_of(call->dispatcher, request->service);
        if (status != response.status) {
            response.status = status;
            BS_TRY(rpc_stream_send(stream, &response.base, error));
        }
        /* A server that drains says so and ends the stream, so as not to be waited for. */
        if (draining)
            return bs_error_set(error, BS_REASON_RPC_DRAINING, "the server is shutting down");
        BS_TRY(wait_for_change(call, &seen, error));
    }
}

static const struct rpc__v1__health_service__server server = {.check = check, .watch = watch};

void rpc_health_register(struct rpc_dispatcher *dispatcher)
{
    BS_ASSERT(rpc__v1__health_service__register(dispatcher, &server, NULL) == BS_OK);
}
