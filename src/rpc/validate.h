#ifndef RPC_VALIDATE_H
#define RPC_VALIDATE_H

/* The field rules of rpc/v1/options.proto, by the tables. Any thread. */

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"
#include "rpc/status.h"
#include "rpc/table.h"

/*
 * Adds every violation (up to BS_LIMIT_VIOLATIONS), fields in the order of their numbers, messages
 * inside too. Patterns are compiled once in a process. RPC_VALIDATION as rpc_violations_check has
 * it.
 */
BS_API BS_MUST_CHECK enum bs_code rpc_validate(const struct rpc_message *table,
                                               const ProtobufCMessage *message,
                                               struct rpc_violations *violations,
                                               struct bs_error *error);

/* The rules in words: "required, at most 80 characters, a slug". */
struct bs_buf;
BS_API void rpc_rules_describe(const struct rpc_rules *rules, struct bs_buf *out);

#endif
