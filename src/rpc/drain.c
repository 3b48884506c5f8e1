/* The dispatcher's state as others see it: serving, draining, stopped; and who waits for a change.
 */

#include <time.h>

#include "rpc/dispatcher_internal.h"

/* How often a drain looks whether the last call has gone. */
#define POLL_NS 2000000

void rpc_dispatcher_changed(struct rpc_dispatcher *dispatcher)
{
    pthread_mutex_lock(&dispatcher->changes.lock);
    dispatcher->changes.version++;
    pthread_cond_broadcast(&dispatcher->changes.changed);
    pthread_mutex_unlock(&dispatcher->changes.lock);
}

void rpc_dispatcher_drain(struct rpc_dispatcher *dispatcher)
{
    atomic_store(&dispatcher->draining, true);
    rpc_dispatcher_changed(dispatcher);
}

bool rpc_dispatcher_is_draining(const struct rpc_dispatcher *dispatcher)
{
    return atomic_load(&dispatcher->draining);
}

bool rpc_dispatcher_wait(struct rpc_dispatcher *dispatcher, int64_t timeout_ms)
{
    bs_deadline deadline = bs_deadline_after_ns(timeout_ms * 1000000);
    while (atomic_load(&dispatcher->in_flight) > 0) {
        if (bs_deadline_passed(deadline))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return true;
}

void rpc_dispatcher_stop(struct rpc_dispatcher *dispatcher, int64_t grace_ms)
{
    rpc_dispatcher_drain(dispatcher);
    if (!rpc_dispatcher_wait(dispatcher, grace_ms))
        rpc_pool_end_all(dispatcher);
    rpc_pool_stop(dispatcher);
    rpc_dispatcher_wait(dispatcher, INT64_MAX / 1000000);
}

void rpc_dispatcher_set_serving(struct rpc_dispatcher *dispatcher,
                                const struct rpc_service *service, bool serving)
{
    if (!service)
        atomic_store(&dispatcher->serving, serving);
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        if (dispatcher->registrations[i]->service == service)
            atomic_store(&dispatcher->registrations[i]->serving, serving);
    }
    rpc_dispatcher_changed(dispatcher);
}
