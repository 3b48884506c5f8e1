/*
 * Deadlines: a binary heap of the calls that are queued or running, under the pool's mutex, and a
 * thread that sleeps until the first is due. It answers in the handler's place, so that a deadline
 * holds whether or not the handler looks at it.
 */

#include <time.h>

#include "base/memory.h"
#include "rpc/dispatcher_internal.h"

static bs_deadline deadline_at(const struct rpc_pool *pool, size_t idx)
{
    return pool->heap[idx]->interrupt.deadline;
}

static void put(struct rpc_pool *pool, size_t idx, struct rpc_call *call)
{
    pool->heap[idx] = call;
    call->timer_idx = idx;
}

static void sift_up(struct rpc_pool *pool, size_t idx)
{
    struct rpc_call *call = pool->heap[idx];
    while (idx > 1 && call->interrupt.deadline < deadline_at(pool, idx / 2)) {
        put(pool, idx, pool->heap[idx / 2]);
        idx /= 2;
    }
    put(pool, idx, call);
}

static void sift_down(struct rpc_pool *pool, size_t idx)
{
    struct rpc_call *call = pool->heap[idx];
    for (;;) {
        size_t child = idx * 2;
        if (child > pool->heap_count)
            break;
        if (child < pool->heap_count && deadline_at(pool, child + 1) < deadline_at(pool, child))
            child++;
        if (call->interrupt.deadline <= deadline_at(pool, child))
            break;
        put(pool, idx, pool->heap[child]);
        idx = child;
    }
    put(pool, idx, call);
}

void rpc_timer_add_locked(struct rpc_pool *pool, struct rpc_call *call)
{
    if (call->interrupt.deadline == BS_DEADLINE_NONE)
        return;
    bs_grow(&pool->heap, pool->heap_count + 1, &pool->heap_capacity, sizeof(struct rpc_call *));
    pool->heap[++pool->heap_count] = call;
    sift_up(pool, pool->heap_count);
    if (call->timer_idx == 1)
        pthread_cond_signal(&pool->timer);
}

void rpc_timer_remove_locked(struct rpc_pool *pool, struct rpc_call *call)
{
    size_t idx = call->timer_idx;
    if (idx == 0)
        return;
    call->timer_idx = 0;
    struct rpc_call *last = pool->heap[pool->heap_count--];
    if (last == call)
        return;
    put(pool, idx, last);
    if (idx > 1 && last->interrupt.deadline < deadline_at(pool, idx / 2))
        sift_up(pool, idx);
    else
        sift_down(pool, idx);
}

/* A call whose deadline has passed, with a reference for the caller; NULL when none is due. */
static struct rpc_call *take_due_locked(struct rpc_pool *pool)
{
    if (pool->heap_count == 0 || !bs_deadline_passed(deadline_at(pool, 1)))
        return NULL;
    struct rpc_call *call = rpc_call_ref(pool->heap[1]);
    rpc_timer_remove_locked(pool, call);
    return call;
}

static void sleep_locked(struct rpc_pool *pool)
{
    if (pool->heap_count == 0) {
        pthread_cond_wait(&pool->timer, &pool->lock);
        return;
    }
    bs_deadline due = deadline_at(pool, 1);
    struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
    pthread_cond_timedwait(&pool->timer, &pool->lock, &until);
}

void *rpc_timer_main(void *self)
{
    struct rpc_dispatcher *dispatcher = (struct rpc_dispatcher *)self;
    struct rpc_pool *pool = &dispatcher->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        struct rpc_call *call = take_due_locked(pool);
        if (!call) {
            sleep_locked(pool);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        rpc_call_end(call, BS_REASON_RPC_DEADLINE, "deadline passed");
        rpc_call_unref(call);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}
