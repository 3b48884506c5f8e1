#ifndef RPC_JSON_H
#define RPC_JSON_H

/*
 * Proto3 JSON by the tables, complete but for google.protobuf.Any: the empty one is {}, any other
 * is refused (there is no registry of types). What is refused and what is printed: docs/rpc.md. Any
 * thread.
 */

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/table.h"

enum rpc_json_flags {
    RPC_JSON_DEFAULT = 0,
    RPC_JSON_ZEROS = 1, /* print zero values, [] and {} too; not unset messages and oneofs */
    RPC_JSON_ORIGINAL_NAMES = 2, /* print the names of the .proto */
    RPC_JSON_IGNORE_UNKNOWN =
        4,                  /* parse: skip unknown fields and enum names, still checking syntax */
    RPC_JSON_HTML_SAFE = 8, /* print < > & U+2028 U+2029 escaped */
    RPC_JSON_PRETTY = 16,   /* two blanks an indent, a newline a member */
};

/*
 * Text to message, in the arena. JSON_SYNTAX or JSON_FIELD with the path by JSON names, line and
 * column: `concerts[2].startsAt: expected RFC 3339 time, got "2024-13-01" (line 3, column 17)`, and
 * fields path, line, column, offset of the error; RPC_TOO_LARGE beyond the arena's cap; depth
 * BS_LIMIT_JSON_DEPTH.
 */
BS_API BS_MUST_CHECK enum bs_code
rpc_json_parse(const struct rpc_message *table, struct bs_str text, unsigned flags,
               struct bs_arena *arena, ProtobufCMessage **ret_message, struct bs_error *error);
/* The value of one field into a message that exists (a body that is a field): scalars, lists,
 * messages. */
BS_API BS_MUST_CHECK enum bs_code rpc_json_parse_field(const struct rpc_message *table,
                                                       ProtobufCMessage *message,
                                                       struct bs_str field_name, struct bs_str text,
                                                       unsigned flags, struct bs_arena *arena,
                                                       struct bs_error *error);

/* Appends; fields by number. INTERNAL for values that have no JSON form (a Timestamp out of range).
 */
BS_API BS_MUST_CHECK enum bs_code rpc_json_print(const struct rpc_message *table,
                                                 const ProtobufCMessage *message, unsigned flags,
                                                 struct bs_buf *out, struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_json_print_field(const struct rpc_message *table,
                                                       const ProtobufCMessage *message,
                                                       struct bs_str field_name, unsigned flags,
                                                       struct bs_buf *out, struct bs_error *error);
/* Appends a JSON string with quotes; `text` is UTF-8. */
BS_API void rpc_json_print_string(struct bs_str text, unsigned flags, struct bs_buf *out);

#endif
