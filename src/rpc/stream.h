#ifndef RPC_STREAM_H
#define RPC_STREAM_H

/*
 * The messages of a streaming call, as its handler sees them. One thread sends and one receives;
 * they may be two. The transport's credit makes send wait, so a slow reader slows only its own
 * stream.
 */

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"

struct rpc_call;
struct rpc_stream;

/* Encodes and sends; the message stays the caller's. Waits for credit. RPC_CANCELLED, RPC_DEADLINE
 * when the call is over, RPC_TOO_LARGE beyond the method's limit. */
BS_API BS_MUST_CHECK enum bs_code
rpc_stream_send(struct rpc_stream *stream, const ProtobufCMessage *message, struct bs_error *error);
/* The next request, checked and validated, in `arena`; *ret_message is NULL at the end of the
 * stream. RPC_UNDECODABLE, RPC_VALIDATION, RPC_CANCELLED, RPC_DEADLINE. */
BS_API BS_MUST_CHECK enum bs_code rpc_stream_receive(struct rpc_stream *stream,
                                                     struct bs_arena *arena,
                                                     ProtobufCMessage **ret_message,
                                                     struct bs_error *error);
BS_API struct rpc_call *rpc_stream_call(const struct rpc_stream *stream);

#endif
