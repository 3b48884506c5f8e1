#ifndef RPC_CALL_H
#define RPC_CALL_H

/*
 * One call, as handlers, interceptors and context openers see it. It belongs to the thread that
 * runs it; only rpc_call_cancel, ref and unref may come from another. Pointers got here are
 * borrowed and end with the call.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "rpc/metadata.h"
#include "rpc/status.h"
#include "rpc/table.h"

struct rpc_call;
struct rpc_dispatcher;

BS_API struct rpc_dispatcher *rpc_call_dispatcher(const struct rpc_call *call);
/* Never NULL where handlers and interceptors run. */
BS_API const struct rpc_method *rpc_call_method(const struct rpc_call *call);
/* "pkg.Service/Method" as it was asked for. */
BS_API struct bs_str rpc_call_method_name(const struct rpc_call *call);
/* NULL before decoding (stages before RPC_STAGE_ACCESS) and for client streams. */
BS_API const ProtobufCMessage *rpc_call_request(const struct rpc_call *call);
/* Initialized before the handler, in the arena; NULL for server streams. */
BS_API ProtobufCMessage *rpc_call_response(const struct rpc_call *call);
/* Memory of the call. Capped by BS_LIMIT_CALL_ARENA_BYTES unless the caller gave its own. */
BS_API struct bs_arena *rpc_call_arena(const struct rpc_call *call);
/* Allocates from the arena; NULL when the cap is passed. For protobuf_c_message_unpack. */
BS_API ProtobufCAllocator *rpc_call_allocator(struct rpc_call *call);

/* Metadata that came, keys in lower case. `deadline` is not among it. */
BS_API const struct rpc_metadata *rpc_call_metadata(const struct rpc_call *call);
/* Metadata that goes: initial (before the first message; for unary together with it) and trailing.
 */
BS_API struct rpc_metadata *rpc_call_initial_metadata(struct rpc_call *call);
BS_API struct rpc_metadata *rpc_call_trailing_metadata(struct rpc_call *call);

/* Polled by long work: cancellation and the effective deadline (the least of client's, method's and
 * server's). */
BS_API const struct bs_interrupt *rpc_call_interrupt(const struct rpc_call *call);
BS_API bs_deadline rpc_call_deadline(const struct rpc_call *call);
/* When the transport handed the call over, monotonic ns. */
BS_API int64_t rpc_call_started_ns(const struct rpc_call *call);

/* 16 lower-case hex digits, unique in the process and random over restarts. */
BS_API struct bs_str rpc_call_request_id(const struct rpc_call *call);
/* The W3C header that came, "" when none or malformed. */
BS_API struct bs_str rpc_call_traceparent(const struct rpc_call *call);
/* "direct", "tcp", "ipc", "tls+tcp", "ws", "sp", "http" */
BS_API const char *rpc_call_transport(const struct rpc_call *call);
/* The peer's address as text; "" for direct calls. */
BS_API struct bs_str rpc_call_peer(const struct rpc_call *call);

/* Adds a violation; once there are any, a handler or interceptor ends with
 * `return rpc_violations_check(rpc_call_violations(call), error)`. */
BS_API struct rpc_violations *rpc_call_violations(struct rpc_call *call);

/* The transaction number that the answer was made from; goes out as `basis-t`. Negative: none. */
BS_API void rpc_call_set_basis_t(struct rpc_call *call, int64_t basis_t);
BS_API int64_t rpc_call_basis_t(const struct rpc_call *call);
/* Goes out as RetryInfo when the call fails. */
BS_API void rpc_call_set_retry_after_ms(struct rpc_call *call, int64_t retry_after_ms);

/*
 * Slots by which interceptors, the context opener and handlers hand things on (the signed-in user,
 * the answer to replay). A key is the address of a static variable of its owner. At most 8.
 */
BS_API void rpc_call_attach(struct rpc_call *call, const void *key, void *value);
BS_API void *rpc_call_attachment(const struct rpc_call *call, const void *key);

/* What the handler takes first; NULL before it is opened. */
BS_API void *rpc_call_context(const struct rpc_call *call);

/*
 * Around waiting for something that others must run for (a sync, a basis): gives up the run slot,
 * so that another call runs meanwhile. No-ops on direct calls. Pairs nest.
 */
BS_API void rpc_call_wait_begin(struct rpc_call *call);
BS_API void rpc_call_wait_end(struct rpc_call *call);

/* For an interceptor's `before`: the response is filled; neither handler nor later stages run. */
BS_API void rpc_call_set_answered(struct rpc_call *call);

/*
 * Ends the call as CANCELLED if it has no answer yet: a queued one never runs, a running one sees
 * its interrupt, and what it returns is thrown away. Later or twice: nothing. Any thread.
 */
BS_API void rpc_call_cancel(struct rpc_call *call);

BS_API struct rpc_call *rpc_call_ref(struct rpc_call *call);
/* Takes NULL. */
BS_API void rpc_call_unref(struct rpc_call *call);

#endif
