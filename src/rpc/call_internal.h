#ifndef RPC_CALL_INTERNAL_H
#define RPC_CALL_INTERNAL_H

/*
 * The insides of a call and of the dispatcher, for the room's own files.
 *
 * Who may touch what of a call: the thread that runs it everything, but for
 *   - the fields under "pool": the dispatcher's mutex;
 *   - `claimed` and `cancelled`: atomics, any thread. Whoever turns `claimed` from false to true,
 * and nobody else, answers the call. References: the transport's (from rpc_call_new), and one of
 * the pool from start to finish.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "base/ref.h"
#include "rpc/rpc.h"

#define RPC_ATTACHMENTS_MAX 8
#define RPC_REQUEST_ID_TEXT_SIZE 17

struct rpc_stream {
    struct rpc_call *call;
};

struct rpc_attachment {
    const void *key;
    void *value;
};

enum rpc_call_place {
    RPC_PLACE_NOWHERE = 0,
    RPC_PLACE_QUEUED,
    RPC_PLACE_RUNNING,
};

struct rpc_call {
    /* Kept when the object is used again. */
    struct bs_arena *own_arena; /* NULL until needed */

    /* From here on zeroed for each call. */
    struct bs_ref ref;
    struct rpc_dispatcher *dispatcher;
    const struct rpc_served *served; /* NULL: unknown method */
    struct bs_str method_name;       /* as asked for; in the arena when unknown */
    struct bs_arena *arena;          /* own_arena, or the caller's */
    ProtobufCAllocator allocator;
    struct rpc_sink sink;
    struct bs_error *refusal; /* found wrong in rpc_call_new; in the arena */

    struct bs_str request_bytes;
    rpc_decoder decoder;
    void *decoder_self;
    bool has_request;
    bool answered_early; /* rpc_call_set_answered */
    const ProtobufCMessage *request;
    ProtobufCMessage *response;

    struct rpc_metadata metadata, initial, trailing;
    struct rpc_violations violations;
    int64_t basis_t;
    int64_t retry_after_ms;
    struct rpc_attachment attachments[RPC_ATTACHMENTS_MAX];
    void *context;
    bool context_given;

    struct bs_interrupt interrupt;
    _Atomic bool cancelled;
    _Atomic bool *cancel_flag; /* the caller's, for rpc_call_run */
    _Atomic int claim;         /* 0: not answered; else 1 + the code that somebody answers with */

    int64_t started_ns;
    const char *transport;
    struct bs_str peer;
    struct bs_str traceparent;
    char request_id[RPC_REQUEST_ID_TEXT_SIZE];
    struct rpc_stream stream;
    struct rpc_call *outer; /* the call that runs this one on the same thread */

    /* Pool. */
    enum rpc_call_place place;
    struct rpc_call *previous, *next;
    size_t timer_idx; /* 1-based place in the heap of deadlines; 0: not in it */
    unsigned wait_depth;
    bool on_worker;
};

#endif
