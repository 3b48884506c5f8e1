#ifndef RPC_DISPATCHER_INTERNAL_H
#define RPC_DISPATCHER_INTERNAL_H

/* The insides of the dispatcher, for the room's own files. Lock order: none is taken inside
 * another. */

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/call_internal.h"

#define RPC_HISTOGRAM_BUCKETS 14
#define RPC_SPARE_CALLS 64
#define RPC_CODES 17

/* Counters of one method; relaxed atomics. */
struct rpc_stats {
    _Atomic uint64_t started;
    _Atomic uint64_t by_code[RPC_CODES];
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t buckets[RPC_HISTOGRAM_BUCKETS]; /* not cumulative; the rest is +Inf */
};

/* A method with the implementation that serves it. */
struct rpc_served {
    const struct rpc_method *method;
    const void *server;
    struct rpc_stats *stats;
};

struct rpc_registration {
    const struct rpc_service *service;
    const void *server;
    _Atomic bool serving;
};

struct rpc_call_list {
    struct rpc_call *first, *last;
    size_t count;
};

/* Workers, queue and deadlines, all under one mutex so that a call costs two turns of it. */
struct rpc_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;   /* a call may be run, or `stopping` */
    pthread_cond_t timer;  /* the next deadline came nearer, or `stopping` */
    pthread_cond_t exited; /* a thread has gone */
    struct rpc_call_list queued, running;
    struct rpc_call **heap; /* by interrupt.deadline, the next first; heap[1..heap_count] */
    size_t heap_count, heap_capacity;
    unsigned threads, idle; /* idle: those that run no call */
    unsigned active;        /* calls that hold a run slot */
    unsigned waiting;       /* calls between wait_begin and wait_end */
    size_t streams;         /* streaming calls queued or running */
    bool started, stopping;
    pthread_t timer_thread;
};

/* Where those wait who wait for the dispatcher's state: drain, health. */
struct rpc_changes {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t version;
};

struct rpc_dispatcher {
    struct rpc_dispatcher_options options;   /* defaults filled in */
    struct rpc_registration **registrations; /* by name */
    size_t registrations_count, registrations_capacity;
    struct rpc_served *served; /* open hash table by full name, made at the start */
    size_t served_mask;
    struct rpc_stats unknown;             /* calls of no known method */
    struct rpc_interceptor *interceptors; /* by stage */
    size_t interceptors_count, interceptors_capacity;
    size_t decode_idx; /* the request is decoded before this interceptor */
    struct rpc_context_hooks context;
    unsigned claims; /* bits of the keys of contract section 4 that somebody takes care of */
    rpc_observer observer;
    void *observer_self;

    _Atomic bool draining;
    _Atomic bool serving;       /* the server as a whole, as long as it does not drain */
    _Atomic uint64_t in_flight; /* accepted and not yet finished, direct ones too */
    _Atomic uint64_t next_request_id;
    uint64_t request_id_seed;
    _Atomic uint64_t refused_overload, refused_draining, cancelled_in_queue, expired_in_queue;
    struct rpc_pool pool;
    struct rpc_changes changes;
    struct rpc_call *_Atomic spare[RPC_SPARE_CALLS];
};

/* call.c */
/* True for the one who may answer. */
bool rpc_call_claim(struct rpc_call *call, enum bs_code code);
bool rpc_call_is_claimed(const struct rpc_call *call, enum bs_code *ret_code);
/* Answers a claimed call with what stands in the call (by its runner), observer and counters too.
 */
void rpc_call_answer(struct rpc_call *call, enum bs_code code, struct bs_error *error);
/* Answers a claimed call from outside: nothing of the call's memory goes out. */
void rpc_call_answer_from_outside(struct rpc_call *call, const struct bs_error *error);
/* Claims and, if that went well, answers from outside; wakes what the handler waits for. */
void rpc_call_end(struct rpc_call *call, enum bs_reason reason, const char *text);
/* The call that this thread runs; NULL when none. Entered and left like brackets. */
struct rpc_call *rpc_call_current(void);
void rpc_call_enter(struct rpc_call *call);
void rpc_call_exit(struct rpc_call *call);

/* run.c */
/* Interceptors, decoding, context, handler; answers unless somebody did. On this thread. */
void rpc_call_execute(struct rpc_call *call);

/* pool.c */
void rpc_pool_init(struct rpc_pool *pool);
void rpc_pool_fini(struct rpc_pool *pool);
enum bs_code rpc_pool_start(struct rpc_dispatcher *dispatcher, struct bs_error *error);
/* Queues, taking a reference; false when the queue (or what streams may take) is full. */
bool rpc_pool_submit(struct rpc_dispatcher *dispatcher, struct rpc_call *call);
/* Takes a queued call out (true: the caller now owns the pool's reference). */
bool rpc_pool_withdraw(struct rpc_dispatcher *dispatcher, struct rpc_call *call);
/* Ends everything queued and running as UNAVAILABLE. */
void rpc_pool_end_all(struct rpc_dispatcher *dispatcher);
void rpc_pool_stop(struct rpc_dispatcher *dispatcher);

/* timer.c; all with the pool's lock held */
void rpc_timer_add_locked(struct rpc_pool *pool, struct rpc_call *call);
void rpc_timer_remove_locked(struct rpc_pool *pool, struct rpc_call *call);
void *rpc_timer_main(void *dispatcher);

/* metadata.c */
/* Copies an entry that has been checked. */
void rpc_metadata_append(struct rpc_metadata *metadata, struct bs_str key, struct bs_str value);
/* The built-in interceptor of RPC_STAGE_METADATA */
enum bs_code rpc_metadata_check_call(void *dispatcher, struct rpc_call *call,
                                     struct bs_error *error);
/* Adds the bits of the keys in a NULL-terminated list (may be NULL). */
void rpc_metadata_claim(struct rpc_dispatcher *dispatcher, const char *const *keys);
/* Whether a key asks for one of the features: such a call may wait, or takes more than its method
 * does by itself. */
bool rpc_metadata_has_feature(const struct rpc_metadata *metadata);

/* dispatcher.c */
const struct rpc_served *rpc_dispatcher_lookup(const struct rpc_dispatcher *dispatcher,
                                               struct bs_str full_name);
/* One more call in flight; false (and none more) while draining, unless it is made inside a call.
 */
bool rpc_dispatcher_enter(struct rpc_dispatcher *dispatcher);
void rpc_dispatcher_leave(struct rpc_dispatcher *dispatcher);
/* Wakes who waits for the dispatcher's state or for the end of a stream. */
void rpc_dispatcher_changed(struct rpc_dispatcher *dispatcher);

/* metrics.c */
void rpc_stats_count(struct rpc_stats *stats, enum bs_code code, int64_t ns);

/* health.c, reflection.c */
void rpc_health_register(struct rpc_dispatcher *dispatcher);
void rpc_reflection_register(struct rpc_dispatcher *dispatcher);

#endif
