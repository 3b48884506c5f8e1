#ifndef RPC_CHANNEL_H
#define RPC_CHANNEL_H

/*
 * The client's side: a channel is a way to a server; generated stubs sit on it and do not know
 * which. Any thread; many calls at once. A channel outlives its calls.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "rpc/metadata.h"
#include "rpc/status.h"
#include "rpc/table.h"

struct rpc_dispatcher;

/* Of one call; zero-initialized but for `deadline` is a plain call. NULL wherever it is taken means
 * RPC_CLIENT_OPTIONS_INIT. */
struct rpc_client_options {
    const struct rpc_metadata *metadata; /* to send; borrowed for the call */
    bs_deadline deadline;                /* BS_DEADLINE_NONE: the server's */
    _Atomic bool *cancelled; /* set it and call rpc_channel_wake, or poll; may be NULL */
    bool wait_for_ready;     /* while the server can't be reached: wait, don't fail */
    /* Filled when not NULL, texts in the arena given to the call; must be initialized with it. */
    struct rpc_metadata *ret_initial;
    struct rpc_metadata *ret_trailing;
    struct rpc_violations *ret_violations;
    int64_t *ret_retry_after_ms;
    /* Direct only: see struct rpc_call_options. */
    void *context;
};
#define RPC_CLIENT_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .deadline = BS_DEADLINE_NONE                                                               \
    }

/*
 * The end of a call with a callback: once, on a thread of the channel, which must not be blocked
 * (no blocking calls on the same channel in it). `response` and `error` (NULL when code is OK) are
 * valid during the function only.
 */
typedef void (*rpc_client_callback)(void *self, enum bs_code code, const ProtobufCMessage *response,
                                    const struct rpc_metadata *trailing,
                                    const struct bs_error *error);

struct rpc_channel;
struct rpc_client_call;   /* one under way, with a callback */
struct rpc_client_stream; /* one of the streaming kinds */

/*
 * A unary call, blocking: sends `request` (not changed), gives the response in `arena` (direct
 * calls use `arena` as the call's own: the handler's memory stays in it). The server's error as it
 * was raised; RPC_CONNECTION, RPC_DEADLINE, RPC_CANCELLED, RPC_TOO_LARGE of our own. A deadline
 * that has passed fails at once, nothing is sent.
 */
BS_API BS_MUST_CHECK enum bs_code
rpc_channel_call(struct rpc_channel *channel, const struct rpc_method *method,
                 const struct rpc_client_options *options, const ProtobufCMessage *request,
                 struct bs_arena *arena, ProtobufCMessage **ret_response, struct bs_error *error);
/* The same by name and bytes, for callers without tables. */
BS_API BS_MUST_CHECK enum bs_code
rpc_channel_call_bytes(struct rpc_channel *channel, struct bs_str method,
                       const struct rpc_client_options *options, struct bs_str request,
                       struct bs_arena *arena, struct bs_str *ret_response, struct bs_error *error);

/* A unary call that ends in `callback`, always (also when it can't be sent: then perhaps before
 * this returns). The request is encoded before this returns. Release the handle at any time. Never
 * NULL.
 */
BS_API struct rpc_client_call *rpc_channel_start(struct rpc_channel *channel,
                                                 const struct rpc_method *method,
                                                 const struct rpc_client_options *options,
                                                 const ProtobufCMessage *request,
                                                 rpc_client_callback callback, void *self);
/* Ends it as CANCELLED unless it has ended; does not wait for the server. */
BS_API void rpc_client_call_cancel(struct rpc_client_call *call);
/* Gives the handle back; the call goes on. Takes NULL. */
BS_API void rpc_client_call_release(struct rpc_client_call *call);
/* Blocking calls look at their `cancelled` flags. */
BS_API void rpc_channel_wake(struct rpc_channel *channel);

/* A streaming call: send requests, half-close, receive until NULL, then finish for the status. */
BS_API BS_MUST_CHECK enum bs_code rpc_channel_open_stream(struct rpc_channel *channel,
                                                          const struct rpc_method *method,
                                                          const struct rpc_client_options *options,
                                                          struct rpc_client_stream **ret_stream,
                                                          struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_client_stream_send(struct rpc_client_stream *stream,
                                                         const ProtobufCMessage *message,
                                                         struct bs_error *error);
/* No more requests. Once. */
BS_API BS_MUST_CHECK enum bs_code rpc_client_stream_half_close(struct rpc_client_stream *stream,
                                                               struct bs_error *error);
/* *ret_message is NULL when the server has ended the stream with OK; its error otherwise. */
BS_API BS_MUST_CHECK enum bs_code rpc_client_stream_receive(struct rpc_client_stream *stream,
                                                            struct bs_arena *arena,
                                                            ProtobufCMessage **ret_message,
                                                            struct bs_error *error);
/* Cancels what is not over, frees. Takes NULL. */
BS_API void rpc_client_stream_close(struct rpc_client_stream *stream);

/* Frees; calls still under way end with RPC_CANCELLED first. Takes NULL. */
BS_API void rpc_channel_close(struct rpc_channel *channel);

/* A channel to a dispatcher in this process: a function call, no bytes, no thread hop (with a
 * callback: one of the dispatcher's workers). Never NULL. */
BS_API struct rpc_channel *rpc_direct_channel_new(struct rpc_dispatcher *dispatcher);

/*
 * For writers of channels: embed struct rpc_channel first. Functions mean what the ones above do;
 * options are never NULL, a passed deadline or a request beyond limits has been refused. What a
 * channel does not have is NULL: answered UNIMPLEMENTED.
 */
struct rpc_channel_type {
    const char *name;
    enum bs_code (*call)(struct rpc_channel *channel, const struct rpc_method *method,
                         const struct rpc_client_options *options, const ProtobufCMessage *request,
                         struct bs_arena *arena, ProtobufCMessage **ret_response,
                         struct bs_error *error);
    enum bs_code (*call_bytes)(struct rpc_channel *channel, struct bs_str method,
                               const struct rpc_client_options *options, struct bs_str request,
                               struct bs_arena *arena, struct bs_str *ret_response,
                               struct bs_error *error);
    struct rpc_client_call *(*start)(struct rpc_channel *channel, const struct rpc_method *method,
                                     const struct rpc_client_options *options,
                                     const ProtobufCMessage *request, rpc_client_callback callback,
                                     void *self);
    void (*wake)(struct rpc_channel *channel);
    enum bs_code (*open_stream)(struct rpc_channel *channel, const struct rpc_method *method,
                                const struct rpc_client_options *options,
                                struct rpc_client_stream **ret_stream, struct bs_error *error);
    void (*close)(struct rpc_channel *channel);
};

struct rpc_channel {
    const struct rpc_channel_type *type;
};

/* Embedded first in a channel's own call handles. */
struct rpc_client_call {
    void (*cancel)(struct rpc_client_call *call);
    void (*release)(struct rpc_client_call *call);
};

/* Embedded first in a channel's own streams. */
struct rpc_client_stream {
    enum bs_code (*send)(struct rpc_client_stream *stream, const ProtobufCMessage *message,
                         struct bs_error *error);
    enum bs_code (*half_close)(struct rpc_client_stream *stream, struct bs_error *error);
    enum bs_code (*receive)(struct rpc_client_stream *stream, struct bs_arena *arena,
                            ProtobufCMessage **ret_message, struct bs_error *error);
    void (*close)(struct rpc_client_stream *stream);
};

#endif
