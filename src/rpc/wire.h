#ifndef RPC_WIRE_H
#define RPC_WIRE_H

/*
 * Packed protobuf from strangers. Unpacking is ours, into protobuf-c's structs: protobuf-c's own
 * recurses without limit, takes invalid UTF-8, cuts strings at NUL, turns two bytes into a struct,
 * refuses some submessages that come in two parts, and keeps double keys of maps. Any thread.
 */

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/table.h"

struct rpc_wire_limits {
    unsigned max_depth;       /* 0: BS_LIMIT_MESSAGE_DEPTH, which is also the most; the message
                                 itself is depth 1 */
    size_t max_decoded_bytes; /* 0: BS_LIMIT_MESSAGE_DECODED_BYTES; 16 x wire + 64 KiB if that is
                                 less */
};

/*
 * Walks the bytes by the table without unpacking: tags, lengths, wire types, depth, UTF-8 and NUL
 * of strings (and of map keys), the decoded size. Does not recurse on the machine's stack.
 * RPC_UNDECODABLE naming the field's path and the offset; RPC_TOO_LARGE for the decoded size.
 * `limits` may be NULL.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_wire_check(const struct rpc_message *table,
                                                 struct bs_str bytes,
                                                 const struct rpc_wire_limits *limits,
                                                 struct bs_error *error);
/*
 * Checks and unpacks into the arena, in one walk. As protobuf has it: the last of several scalars
 * stands, parts of a submessage are merged, the last of a map's entries with one key stays. Groups
 * and known fields with another wire type are refused. Unknown fields are dropped. RPC_TOO_LARGE
 * beyond the arena's cap too.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_unpack(const struct rpc_message *table, struct bs_str bytes,
                                             const struct rpc_wire_limits *limits,
                                             struct bs_arena *arena, ProtobufCMessage **ret_message,
                                             struct bs_error *error);
/* Appends the packed message; RPC_TOO_LARGE (naming both sizes) beyond `max_bytes` (0: no limit) or
 * the buffer's maximum. */
BS_API BS_MUST_CHECK enum bs_code rpc_pack(const ProtobufCMessage *message, uint64_t max_bytes,
                                           struct bs_buf *out, struct bs_error *error);

/* A zeroed, initialized message of the table in the arena; NULL when the cap is passed. */
BS_API ProtobufCMessage *rpc_message_new(const struct rpc_message *table, struct bs_arena *arena);
/* An allocator over an arena; free does nothing. `ret_allocator` is the caller's storage. */
BS_API void rpc_arena_allocator(struct bs_arena *arena, ProtobufCAllocator *ret_allocator);

#endif
