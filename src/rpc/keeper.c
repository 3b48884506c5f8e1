/* The keeper's thread: a heap of timers and a queue of jobs. */

#include "rpc/keeper.h"

#include <pthread.h>

#include "base/memory.h"

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct rpc_timer **heap; /* heap[1..count], the next due first */
    size_t count, capacity;
    struct rpc_job *first_job, **last_job;
} keeper = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static void put(size_t idx, struct rpc_timer *timer)
{
    keeper.heap[idx] = timer;
    timer->heap_idx = idx;
}

static void sift_up(size_t idx)
{
    struct rpc_timer *timer = keeper.heap[idx];
    for (; idx > 1 && timer->due < keeper.heap[idx / 2]->due; idx /= 2)
        put(idx, keeper.heap[idx / 2]);
    put(idx, timer);
}

static void sift_down(size_t idx)
{
    struct rpc_timer *timer = keeper.heap[idx];
    for (size_t child; (child = idx * 2) <= keeper.count; idx = child) {
        if (child < keeper.count && keeper.heap[child + 1]->due < keeper.heap[child]->due)
            child++;
        if (timer->due <= keeper.heap[child]->due)
            break;
        put(idx, keeper.heap[child]);
    }
    put(idx, timer);
}

static void remove_locked(struct rpc_timer *timer)
{
    size_t idx = timer->heap_idx;
    struct rpc_timer *last = keeper.heap[keeper.count--];
    timer->heap_idx = 0;
    if (last == timer)
        return;
    put(idx, last);
    sift_up(idx);
    sift_down(last->heap_idx);
}

static struct rpc_job *take_job_locked(void)
{
    struct rpc_job *job = keeper.first_job;
    if (job) {
        keeper.first_job = job->next;
        if (!keeper.first_job)
            keeper.last_job = &keeper.first_job;
    }
    return job;
}

static void sleep_locked(void)
{
    if (keeper.count == 0) {
        pthread_cond_wait(&keeper.changed, &keeper.lock);
        return;
    }
    bs_deadline due = keeper.heap[1]->due;
    struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
    pthread_cond_timedwait(&keeper.changed, &keeper.lock, &until);
}

static void *keeper_main(void *self)
{
    (void)self;
    pthread_mutex_lock(&keeper.lock);
    for (;;) {
        struct rpc_job *job = take_job_locked();
        struct rpc_timer *timer = NULL;
        if (!job && keeper.count > 0 && bs_deadline_passed(keeper.heap[1]->due))
            remove_locked(timer = keeper.heap[1]);
        if (!job && !timer) {
            sleep_locked();
            continue;
        }
        void (*run)(void *self) = job ? job->run : timer->fire;
        void *run_self = job ? job->self : timer->self;
        pthread_mutex_unlock(&keeper.lock);
        run(run_self);
        pthread_mutex_lock(&keeper.lock);
    }
    return NULL;
}

static void start(void)
{
    pthread_condattr_t monotonic;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    keeper.last_job = &keeper.first_job;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* as heap exhaustion: there is no way to go on without it */
    BS_ASSERT(pthread_create(&thread, &attributes, keeper_main, NULL) == 0);
    pthread_attr_destroy(&attributes);
}

void rpc_timer_set(struct rpc_timer *timer, bs_deadline due)
{
    pthread_once(&keeper.once, start);
    pthread_mutex_lock(&keeper.lock);
    if (timer->heap_idx != 0)
        remove_locked(timer);
    timer->due = due;
    bs_grow(&keeper.heap, keeper.count + 1, &keeper.capacity, sizeof(struct rpc_timer *));
    keeper.heap[++keeper.count] = timer;
    timer->heap_idx = keeper.count;
    sift_up(keeper.count);
    if (timer->heap_idx == 1)
        pthread_cond_signal(&keeper.changed);
    pthread_mutex_unlock(&keeper.lock);
}

bool rpc_timer_unset(struct rpc_timer *timer)
{
    pthread_mutex_lock(&keeper.lock);
    bool was_set = timer->heap_idx != 0;
    if (was_set)
        remove_locked(timer);
    pthread_mutex_unlock(&keeper.lock);
    return was_set;
}

void rpc_keeper_run(struct rpc_job *job)
{
    pthread_once(&keeper.once, start);
    pthread_mutex_lock(&keeper.lock);
    job->next = NULL;
    *keeper.last_job = job;
    keeper.last_job = &job->next;
    pthread_cond_signal(&keeper.changed);
    pthread_mutex_unlock(&keeper.lock);
}
