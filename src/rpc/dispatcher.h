#ifndef RPC_DISPATCHER_H
#define RPC_DISPATCHER_H

/*
 * The one place where calls are run. Made, given services, interceptors and context hooks, then
 * started; from then on immutable but for its counters and state. Any thread, after the start.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "rpc/interceptor.h"
#include "rpc/table.h"

struct rpc_dispatcher_options {
    unsigned workers;           /* calls running at once; 0: the machine's processors, at least 4 */
    unsigned max_threads;       /* with those that wait; 0: workers + 1,024 */
    unsigned max_streams;       /* streaming calls at once, each holds a thread; 0: half of the
                                   threads beyond the workers */
    size_t queue_max;           /* calls waiting for a worker; 0: BS_LIMIT_CALLS_QUEUED */
    int64_t unary_deadline_ms;  /* the longest of a unary call; 0: 60,000; negative: none */
    int64_t stream_deadline_ms; /* of a stream; 0: none */
    size_t arena_bytes;         /* cap of a call's memory; 0: BS_LIMIT_CALL_ARENA_BYTES */
    uint64_t max_request_bytes; /* 0: BS_LIMIT_MESSAGE_RECEIVED_BYTES */
    uint64_t max_response_bytes; /* 0: BS_LIMIT_MESSAGE_SENT_BYTES */
    size_t max_decoded_bytes;    /* 0: BS_LIMIT_MESSAGE_DECODED_BYTES */
};

/* `options` may be NULL. Never NULL; health and reflection are registered already. */
BS_API struct rpc_dispatcher *rpc_dispatcher_new(const struct rpc_dispatcher_options *options);
/* Stops (as rpc_dispatcher_stop with 0) if it was not, and frees. Takes NULL. */
BS_API void rpc_dispatcher_free(struct rpc_dispatcher *dispatcher);

/*
 * Serves a service by `server`, the generated struct of functions (borrowed; outlives the
 * dispatcher). Before the start. INTERNAL naming the service when it is there already, has a method
 * without access rule, or takes a context that no hooks give.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_dispatcher_register(struct rpc_dispatcher *dispatcher,
                                                          const struct rpc_service *service,
                                                          const void *server,
                                                          struct bs_error *error);
/* Copies the struct. Before the start. */
BS_API void rpc_dispatcher_add_interceptor(struct rpc_dispatcher *dispatcher,
                                           const struct rpc_interceptor *interceptor);
/*
 * Told of every call when it is answered, refused and unknown ones too, once, on any thread, before
 * the sink: for the log. `error` is NULL when code is OK; rpc_call_method may be NULL
 * (rpc_call_method_name is not). Of a call that is answered from outside (deadline, cancel) only
 * what is fixed may be read: method, name, request id, transport, peer, start. Before the start.
 */
typedef void (*rpc_observer)(void *self, const struct rpc_call *call, enum bs_code code,
                             const struct bs_error *error);
BS_API void rpc_dispatcher_set_observer(struct rpc_dispatcher *dispatcher, rpc_observer observer,
                                        void *self);
/* Before services that take such a context are registered. */
BS_API void rpc_dispatcher_set_context(struct rpc_dispatcher *dispatcher,
                                       const struct rpc_context_hooks *hooks);
/* Starts the workers and the timer; calls may come. INTERNAL when threads can't be had. */
BS_API BS_MUST_CHECK enum bs_code rpc_dispatcher_start(struct rpc_dispatcher *dispatcher,
                                                       struct bs_error *error);

/* "pkg.Service/Method", a leading slash allowed; NULL when there is none. */
BS_API const struct rpc_method *rpc_dispatcher_find(const struct rpc_dispatcher *dispatcher,
                                                    struct bs_str full_name);
/* In the order of their names. */
BS_API size_t rpc_dispatcher_services_count(const struct rpc_dispatcher *dispatcher);
BS_API const struct rpc_service *rpc_dispatcher_service_at(const struct rpc_dispatcher *dispatcher,
                                                           size_t idx);
BS_API const struct rpc_dispatcher_options *
rpc_dispatcher_options(const struct rpc_dispatcher *dispatcher);

/*
 * Drain, for SIGTERM: health says NOT_SERVING and new calls are answered UNAVAILABLE at once; those
 * accepted before go on. rpc_dispatcher_wait returns true when none is left, false after
 * `timeout_ms`. Transports then stop listening and send goaway between the two.
 */
BS_API void rpc_dispatcher_drain(struct rpc_dispatcher *dispatcher);
BS_API bool rpc_dispatcher_wait(struct rpc_dispatcher *dispatcher, int64_t timeout_ms);
/* Drains, waits `grace_ms`, cancels the rest with UNAVAILABLE, joins the threads. Handlers that
 * ignore their interrupt are waited for. */
BS_API void rpc_dispatcher_stop(struct rpc_dispatcher *dispatcher, int64_t grace_ms);
BS_API bool rpc_dispatcher_is_draining(const struct rpc_dispatcher *dispatcher);

/*
 * What health says of a service while the server as a whole serves, or, for NULL, of the server as
 * a whole and so of every service: that what it needs is not there, say. Calls are taken all the
 * same. Any time.
 */
BS_API void rpc_dispatcher_set_serving(struct rpc_dispatcher *dispatcher,
                                       const struct rpc_service *service, bool serving);

/* Counters since the start; a consistent picture is not promised. */
struct rpc_counters {
    uint64_t started, finished;
    uint64_t by_code[17];
    uint64_t refused_overload, refused_draining;
    uint64_t cancelled_in_queue, expired_in_queue;
    uint64_t in_flight, running, waiting, queued, threads;
};
BS_API void rpc_dispatcher_counters(struct rpc_dispatcher *dispatcher,
                                    struct rpc_counters *ret_counters);
/* Appends Prometheus text: rpc_calls_started_total, rpc_calls_total{method,code},
 * rpc_call_seconds histogram by method, rpc_calls_running, rpc_calls_queued, ... */
BS_API void rpc_dispatcher_write_metrics(struct rpc_dispatcher *dispatcher, struct bs_buf *out);

#endif
