#ifndef SHELL_MESSAGE_H
#define SHELL_MESSAGE_H

/*
 * Internal: messages from EDN and back. Maps with field names as keys (keywords, strings or
 * symbols; of_the_proto, ofTheProto and of-the-proto are the same field), enums as keywords,
 * Timestamps as instants, bytes as #base64.
 */

#include "edn/edn.h"
#include "rpc/rpc.h"

/* In the arena. Handle: JSON_FIELD. */
BS_MUST_CHECK enum bs_code shell_message_from_edn(const struct rpc_message *table, struct edn map,
                                                  struct bs_arena *arena,
                                                  ProtobufCMessage **ret_message,
                                                  struct bs_error *error);
/* Every field, zero values too; in the arena. Keys are the names in the .proto. */
BS_MUST_CHECK enum bs_code shell_message_to_edn(const struct rpc_message *table,
                                                const ProtobufCMessage *message,
                                                struct bs_arena *arena, struct edn *ret_value,
                                                struct bs_error *error);

#endif
