/*
 * The workers: threads that take queued calls and run them. At most `workers` calls hold a run
 * slot; a call that waits gives its slot up, and a thread is added when all others wait, up to
 * `max_threads`. Threads beyond the workers go when they find nothing to do.
 *
 * Invariants, under the lock: queued + running hold every call between submit and finish; active +
 * waiting = running.count; idle + running.count = threads, where idle threads are those that sleep,
 * have been woken, or are just beginning.
 */

#include <time.h>

#include "base/memory.h"
#include "rpc/dispatcher_internal.h"

/* How long a thread beyond the workers waits for something to do. */
#define LINGER_S 10

static void list_append(struct rpc_call_list *list, struct rpc_call *call)
{
    call->previous = list->last;
    call->next = NULL;
    if (list->last)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
    list->count++;
}

static void list_remove(struct rpc_call_list *list, struct rpc_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        list->first = call->next;
    if (call->next)
        call->next->previous = call->previous;
    else
        list->last = call->previous;
    call->previous = call->next = NULL;
    list->count--;
}

void rpc_pool_init(struct rpc_pool *pool)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &monotonic);
    pthread_cond_init(&pool->timer, &monotonic);
    pthread_cond_init(&pool->exited, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void rpc_pool_fini(struct rpc_pool *pool)
{
    BS_ASSERT(pool->threads == 0 && pool->queued.count == 0 && pool->running.count == 0);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->timer);
    pthread_cond_destroy(&pool->exited);
    free(pool->heap);
}

static bool is_streaming(const struct rpc_call *call)
{
    return call->served->method->kind != RPC_UNARY;
}

static struct rpc_call *take_call_locked(struct rpc_pool *pool)
{
    struct rpc_call *call = pool->queued.first;
    list_remove(&pool->queued, call);
    list_append(&pool->running, call);
    call->place = RPC_PLACE_RUNNING;
    call->on_worker = true;
    pool->active++;
    pool->idle--;
    return call;
}

static void finish_call_locked(struct rpc_pool *pool, struct rpc_call *call)
{
    list_remove(&pool->running, call);
    call->place = RPC_PLACE_NOWHERE;
    rpc_timer_remove_locked(pool, call);
    pool->active--;
    pool->idle++;
    pool->streams -= is_streaming(call);
}

static void run_call(struct rpc_dispatcher *dispatcher, struct rpc_call *call)
{
    rpc_call_execute(call);
    pthread_mutex_lock(&dispatcher->pool.lock);
    BS_ASSERT(call->wait_depth == 0);
    finish_call_locked(&dispatcher->pool, call);
    pthread_mutex_unlock(&dispatcher->pool.lock);
    rpc_call_unref(call);
    rpc_dispatcher_leave(dispatcher);
}

/* Waits for work; false when this thread is one too many and has waited long enough. */
static bool wait_for_work_locked(struct rpc_pool *pool, unsigned workers)
{
    struct timespec until;
    int result = 0;
    if (pool->threads > workers) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += LINGER_S;
        result = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    } else {
        pthread_cond_wait(&pool->work, &pool->lock);
    }
    return result == 0;
}

static void *worker_main(void *self)
{
    struct rpc_dispatcher *dispatcher = (struct rpc_dispatcher *)self;
    struct rpc_pool *pool = &dispatcher->pool;
    unsigned workers = dispatcher->options.workers;
    bool wanted = true;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        if (pool->queued.count > 0 && pool->active < workers) {
            struct rpc_call *call = take_call_locked(pool);
            pthread_mutex_unlock(&pool->lock);
            run_call(dispatcher, call);
            pthread_mutex_lock(&pool->lock);
            wanted = true;
        } else if (wanted) {
            wanted = wait_for_work_locked(pool, workers);
        } else {
            break;
        }
    }
    pool->threads--;
    pool->idle--;
    pthread_cond_broadcast(&pool->exited);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int add_thread_locked(struct rpc_dispatcher *dispatcher)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int result = pthread_create(&thread, &attributes, worker_main, dispatcher);
    pthread_attr_destroy(&attributes);
    dispatcher->pool.threads += result == 0;
    dispatcher->pool.idle += result == 0;
    return result;
}

/* Sees to it that a queued call is taken when a slot is free. A thread that can't be had is no
 * harm: those that run take the call when they are done. */
static void provide_thread_locked(struct rpc_dispatcher *dispatcher)
{
    struct rpc_pool *pool = &dispatcher->pool;
    if (pool->queued.count == 0 || pool->active >= dispatcher->options.workers)
        return;
    size_t wanted = BS_MIN(pool->queued.count, dispatcher->options.workers - pool->active);
    if (pool->idle < wanted && pool->threads < dispatcher->options.max_threads)
        add_thread_locked(dispatcher);
    pthread_cond_signal(&pool->work);
}

enum bs_code rpc_pool_start(struct rpc_dispatcher *dispatcher, struct bs_error *error)
{
    struct rpc_pool *pool = &dispatcher->pool;
    int result = pthread_create(&pool->timer_thread, NULL, rpc_timer_main, dispatcher);
    if (result != 0)
        return bs_error_set(error, BS_REASON_INTERNAL, "the timer's thread: %s",
                            strerrordesc_np(result));
    pthread_mutex_lock(&pool->lock);
    pool->started = true;
    for (unsigned i = 0; result == 0 && i < dispatcher->options.workers; i++)
        result = add_thread_locked(dispatcher);
    bool enough = pool->threads > 0;
    pthread_mutex_unlock(&pool->lock);
    if (enough)
        return BS_OK;
    rpc_pool_stop(dispatcher);
    return bs_error_set(error, BS_REASON_INTERNAL, "a worker's thread: %s",
                        strerrordesc_np(result));
}

bool rpc_pool_submit(struct rpc_dispatcher *dispatcher, struct rpc_call *call)
{
    struct rpc_pool *pool = &dispatcher->pool;
    pthread_mutex_lock(&pool->lock);
    bool fits = pool->started && !pool->stopping &&
                pool->queued.count < dispatcher->options.queue_max &&
                (!is_streaming(call) || pool->streams < dispatcher->options.max_streams);
    if (fits) {
        rpc_call_ref(call);
        list_append(&pool->queued, call);
        call->place = RPC_PLACE_QUEUED;
        pool->streams += is_streaming(call);
        rpc_timer_add_locked(pool, call);
        provide_thread_locked(dispatcher);
    }
    pthread_mutex_unlock(&pool->lock);
    return fits;
}

bool rpc_pool_withdraw(struct rpc_dispatcher *dispatcher, struct rpc_call *call)
{
    struct rpc_pool *pool = &dispatcher->pool;
    pthread_mutex_lock(&pool->lock);
    bool was_queued = call->place == RPC_PLACE_QUEUED;
    if (was_queued) {
        list_remove(&pool->queued, call);
        call->place = RPC_PLACE_NOWHERE;
        rpc_timer_remove_locked(pool, call);
        pool->streams -= is_streaming(call);
    }
    pthread_mutex_unlock(&pool->lock);
    return was_queued;
}

void rpc_pool_end_all(struct rpc_dispatcher *dispatcher)
{
    struct rpc_pool *pool = &dispatcher->pool;
    struct rpc_call **calls = NULL;
    size_t count = 0, capacity = 0;
    pthread_mutex_lock(&pool->lock);
    const struct rpc_call_list *lists[] = {&pool->queued, &pool->running};
    for (size_t i = 0; i < BS_ARRAY_COUNT(lists); i++) {
        for (struct rpc_call *call = lists[i]->first; call; call = call->next) {
            bs_grow(&calls, count, &capacity, sizeof(struct rpc_call *));
            calls[count++] = rpc_call_ref(call);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < count; i++) {
        rpc_call_end(calls[i], BS_REASON_RPC_DRAINING, "the server has shut down");
        rpc_call_unref(calls[i]);
    }
    free(calls);
}

void rpc_pool_stop(struct rpc_dispatcher *dispatcher)
{
    struct rpc_pool *pool = &dispatcher->pool;
    pthread_mutex_lock(&pool->lock);
    bool was_started = pool->started;
    pool->started = false;
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_cond_signal(&pool->timer);
    while (pool->threads > 0)
        pthread_cond_wait(&pool->exited, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    if (was_started)
        pthread_join(pool->timer_thread, NULL);
}

void rpc_call_wait_begin(struct rpc_call *call)
{
    struct rpc_dispatcher *dispatcher = call->dispatcher;
    if (!call->on_worker)
        return;
    pthread_mutex_lock(&dispatcher->pool.lock);
    if (call->wait_depth++ == 0) {
        dispatcher->pool.active--;
        dispatcher->pool.waiting++;
        provide_thread_locked(dispatcher);
    }
    pthread_mutex_unlock(&dispatcher->pool.lock);
}

/* Takes a slot back without waiting for one: the work that goes on is half done and holds things.
 */
void rpc_call_wait_end(struct rpc_call *call)
{
    struct rpc_dispatcher *dispatcher = call->dispatcher;
    if (!call->on_worker)
        return;
    pthread_mutex_lock(&dispatcher->pool.lock);
    BS_ASSERT(call->wait_depth > 0);
    if (--call->wait_depth == 0) {
        dispatcher->pool.active++;
        dispatcher->pool.waiting--;
    }
    pthread_mutex_unlock(&dispatcher->pool.lock);
}
