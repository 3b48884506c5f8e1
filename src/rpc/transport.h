#ifndef RPC_TRANSPORT_H
#define RPC_TRANSPORT_H

/*
 * For writers of transports and bridges: how a call comes in and its answer goes out.
 *
 *     struct rpc_call *call = rpc_call_new(dispatcher, &options);   // copies method, metadata,
 * peer rpc_call_set_request_bytes(call, bytes);                      // or _decoder, or _message
 *     rpc_call_start(call);                                         // any thread, does not block
 *     ... rpc_call_cancel(call) when the peer goes away ...
 *     rpc_call_unref(call);                                         // at any time after the start
 *
 * Each started call is answered exactly once: sink->answer, from a worker, the timer's thread, or
 * inside rpc_call_start or rpc_call_cancel. So a sink takes no lock that is held around these.
 */

#include <protobuf-c/protobuf-c.h>

#include "base/clock.h"
#include "base/error.h"
#include "rpc/call.h"
#include "rpc/dispatcher.h"
#include "rpc/metadata.h"
#include "rpc/status.h"

struct rpc_answer {
    enum bs_code code;
    const struct bs_error *error;         /* NULL when code is OK */
    const struct rpc_status_extra *extra; /* violations, retry; never NULL */
    const struct rpc_message *table;      /* of the response; NULL when the method is unknown */
    const ProtobufCMessage *response;     /* NULL unless OK, and for server streams */
    const struct rpc_metadata *initial;   /* never NULL; empty when a deadline or cancel answers */
    uint64_t max_response_bytes;          /* for rpc_pack: the method's or the dispatcher's */
    const struct rpc_metadata *trailing;  /* never NULL; holds basis-t */
};

/*
 * Where answers go. `self` is whatever the transport gives; it must live until `release`, which is
 * called once, when the call object goes (after the answer and after the handler has returned, so
 * request bytes that were lent belong to `self` too).
 */
struct rpc_sink {
    /* The end of the call. Everything in `answer` is valid during the function only: encode here.
     * Does not block on the peer. */
    void (*answer)(void *self, struct rpc_call *call, const struct rpc_answer *answer);
    /* Streams; NULL where the transport has none (then such methods are UNIMPLEMENTED). `send`
     * packs and waits for credit; `receive` gives the next request's bytes in `arena`, NULL ptr at
     * the end. Both wake up with RPC_CANCELLED or RPC_DEADLINE when `wake` was called. */
    enum bs_code (*send)(void *self, struct rpc_call *call, const ProtobufCMessage *message,
                         struct bs_error *error);
    enum bs_code (*receive)(void *self, struct rpc_call *call, struct bs_arena *arena,
                            struct bs_str *ret_bytes, struct bs_error *error);
    void (*wake)(void *self, struct rpc_call *call);
    void (*release)(void *self); /* may be NULL */
    void *self;
};

struct rpc_call_options {
    struct bs_str method; /* "pkg.Service/Method", a leading slash allowed */
    const struct rpc_metadata
        *metadata;         /* copied; checked by rpc_metadata_add already; may be NULL */
    bs_deadline deadline;  /* the client's; BS_DEADLINE_NONE (not 0) for none. A `deadline`
                              key in the metadata counts too: the lesser holds */
    const char *transport; /* static text */
    struct bs_str peer;
    /* A call inside the process may bring what opens otherwise: */
    void *context;           /* not NULL: handed to the handler, the context hooks don't run */
    _Atomic bool *cancelled; /* rpc_call_run only: the flag to look at; outlives the call */
    struct bs_arena *arena;  /* not NULL: borrowed in place of the call's own */
    struct rpc_sink sink;
};

/* Never NULL and never fails: what is wrong is answered by rpc_call_start. */
BS_API struct rpc_call *rpc_call_new(struct rpc_dispatcher *dispatcher,
                                     const struct rpc_call_options *options);

/* The packed request, borrowed until sink.release. */
BS_API void rpc_call_set_request_bytes(struct rpc_call *call, struct bs_str bytes);
/* The request itself, borrowed until sink.release, not changed. */
BS_API void rpc_call_set_request_message(struct rpc_call *call, const ProtobufCMessage *request);
/*
 * Decodes on the worker, between RPC_STAGE_AUTH and RPC_STAGE_ACCESS (the bridge: JSON). The
 * message is made in rpc_call_arena. Failures should be RPC_UNDECODABLE, JSON_*, RPC_TOO_LARGE,
 * RPC_VALIDATION.
 */
typedef enum bs_code (*rpc_decoder)(void *self, struct rpc_call *call,
                                    ProtobufCMessage **ret_request, struct bs_error *error);
BS_API void rpc_call_set_decoder(struct rpc_call *call, rpc_decoder decoder, void *self);

/* Queues the call, or answers it at once (unknown method, overload, drain, deadline passed). */
BS_API void rpc_call_start(struct rpc_call *call);
/* Runs it on this thread; it has been answered when this returns. No queue, no run slot. */
BS_API void rpc_call_run(struct rpc_call *call);

#endif
