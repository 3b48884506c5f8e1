#ifndef RPC_RPC_H
#define RPC_RPC_H

/*
 * librpc: procedures in protobuf, served over any transport. Prefix rpc_. Knows base, nothing else.
 *
 *   table.h       what protoc-gen-bandstand emits: messages, methods, services, files
 *   metadata.h    ordered keys and values beside a message; the deadline's grammar
 *   status.h      errors with field violations; to and from rpc.v1.Status
 *   call.h        one call as handlers and interceptors see it
 *   stream.h      the message streams of the three streaming kinds
 *   interceptor.h what stands around every handler, in one declared order
 *   dispatcher.h  services, workers, queue, deadlines, drain, counters, health
 *   transport.h   how bytes come in and answers go out: for writers of transports and bridges
 *   channel.h     the client's side: what generated stubs sit on; the direct transport
 *   wire.h        checking bytes before they are unpacked; packing
 *   validate.h    the field rules
 *   json.h        proto3 JSON
 *   build.h       building and walking messages by the tables, for JSON, EDN and the like
 *   nng.h         frames over nng byte streams: server and channel
 *
 * A call's way: a transport makes a struct rpc_call and starts it; a worker (or, for a direct
 * call, the caller's thread) runs the interceptors in the order of their stages, decodes, opens the
 * handler's context, runs the handler; the answer goes to the transport's sink exactly once,
 * whatever comes first: handler, deadline, cancellation, drain.
 *
 * Memory: a call has one arena (capped), freed or reused when the call ends. Requests, responses,
 * metadata and violations live in it; nothing of it may be stored in what lives longer.
 * Errors: enum bs_code and struct bs_error everywhere, reasons RPC_*. Threads: each header says.
 */

#include "rpc/build.h"
#include "rpc/call.h"
#include "rpc/channel.h"
#include "rpc/dispatcher.h"
#include "rpc/interceptor.h"
#include "rpc/json.h"
#include "rpc/metadata.h"
#include "rpc/nng.h"
#include "rpc/status.h"
#include "rpc/stream.h"
#include "rpc/table.h"
#include "rpc/transport.h"
#include "rpc/validate.h"
#include "rpc/wire.h"

#endif
