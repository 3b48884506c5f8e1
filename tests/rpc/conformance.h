#ifndef TESTS_RPC_CONFORMANCE_H
#define TESTS_RPC_CONFORMANCE_H

/* JSON and bytes of conformance.All, for tests that compare them. */

#include "base/base.h"
#include "conformance_gen.h"
#include "rpc/rpc.h"

/* What JSON text becomes, printed again with the flags; "!" and the error's message when it is
 * refused. Also checks that what was printed parses to the same bytes. In the arena. */
const char *json_again(const struct rpc_message *table, struct bs_str text, unsigned parse_flags,
                       unsigned print_flags, struct bs_arena *arena);
/* Packed bytes as lower-case hex. */
const char *packed_hex(const ProtobufCMessage *message, struct bs_arena *arena);
/* Bytes of hex digits, blanks between them ignored. */
struct bs_str from_hex(const char *hex, struct bs_arena *arena);

#endif
