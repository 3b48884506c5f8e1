#ifndef RPC_BUILD_H
#define RPC_BUILD_H

/*
 * Messages made from, and turned into, any tree of named values, by the tables: the JSON codec
 * stands on it, the shell's EDN, and the bridge's path and query parameters. The caller serializes.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/table.h"

/*
 * A builder takes a tree as a series of events and fills a message: object begin (for messages and
 * maps), key, values, end. Conversions are proto3 JSON's: numbers and strings for integers, names
 * or numbers for enums, base64 text for bytes (or raw by rpc_build_bytes), RFC 3339 for Timestamp,
 * and so on. Events that do not fit raise JSON_FIELD with the path; after an error the builder only
 * takes free. Live in the arena, so nothing is freed.
 */
struct rpc_builder;

/* NULL when the arena's cap is passed. */
BS_API struct rpc_builder *rpc_builder_new(const struct rpc_message *table, unsigned json_flags,
                                           struct bs_arena *arena);
/* The same, filling a message that exists; fields set by an earlier builder may not be set again.
 */
BS_API struct rpc_builder *rpc_builder_new_into(const struct rpc_message *table,
                                                ProtobufCMessage *message, unsigned json_flags,
                                                struct bs_arena *arena);
BS_API BS_MUST_CHECK enum bs_code rpc_build_begin_object(struct rpc_builder *builder,
                                                         struct bs_error *error);
/* A JSON or original name in a message, the key's text in a map. Twice the same: JSON_FIELD. */
BS_API BS_MUST_CHECK enum bs_code rpc_build_key(struct rpc_builder *builder, struct bs_str name,
                                                struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_end_object(struct rpc_builder *builder,
                                                       struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_begin_list(struct rpc_builder *builder,
                                                       struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_end_list(struct rpc_builder *builder,
                                                     struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_null(struct rpc_builder *builder,
                                                 struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_bool(struct rpc_builder *builder, bool value,
                                                 struct bs_error *error);
/* A number as JSON writes it, exact: "1e3", "-0.5", "9007199254740993". */
BS_API BS_MUST_CHECK enum bs_code rpc_build_number(struct rpc_builder *builder, struct bs_str text,
                                                   struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_int(struct rpc_builder *builder, int64_t value,
                                                struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code rpc_build_double(struct rpc_builder *builder, double value,
                                                   struct bs_error *error);
/* Text is UTF-8 and copied. */
BS_API BS_MUST_CHECK enum bs_code rpc_build_string(struct rpc_builder *builder, struct bs_str text,
                                                   struct bs_error *error);
/* Raw bytes for a bytes field. */
BS_API BS_MUST_CHECK enum bs_code rpc_build_bytes(struct rpc_builder *builder, struct bs_str bytes,
                                                  struct bs_error *error);
/* An instant for a Timestamp field. */
BS_API BS_MUST_CHECK enum bs_code rpc_build_instant(struct rpc_builder *builder, int64_t seconds,
                                                    int32_t nanos, struct bs_error *error);
/* The message, whole; the tree must have been closed. */
BS_API BS_MUST_CHECK enum bs_code rpc_builder_finish(struct rpc_builder *builder,
                                                     ProtobufCMessage **ret_message,
                                                     struct bs_error *error);

/*
 * Sets the field at a path of names ("filter.orgId", either spelling) from text, as path and query
 * parameters do: no quotes, lists by repetition, messages on the way are made. JSON_FIELD naming
 * path, expected type and text; for unknown names too, for maps, lists of messages, and messages
 * other than Timestamp, Duration, FieldMask and wrappers. A field that is set already may be set to
 * the same value again (a path and a body may agree), not to another. Lists that are appended to
 * must have been made by this room (here, from JSON, unpacked).
 */
BS_API BS_MUST_CHECK enum bs_code
rpc_message_set_text(const struct rpc_message *table, ProtobufCMessage *message, struct bs_str path,
                     struct bs_str text, struct bs_arena *arena, struct bs_error *error);

/*
 * The path in original names, appended, so that two spellings of one field can be told to be the
 * same; false when it leads nowhere.
 */
BS_API bool rpc_message_resolve_path(const struct rpc_message *table, struct bs_str path,
                                     struct bs_buf *ret_original, bool *ret_is_list);

/* Index of a field by JSON or original name, -1 when there is none. */
BS_API int rpc_message_find_field(const struct rpc_message *table, struct bs_str name);

/*
 * A visitor is told a message's tree: fields by number, the set ones (with RPC_JSON_ZEROS all that
 * JSON would print). Every function returns BS_OK to go on. Well-known types come as in JSON
 * (Timestamp by `instant`, wrappers as their value), enums by name, or as integers where the number
 * has none; integers say whether their type has 64 bits (JSON writes those as strings).
 */
struct rpc_visitor {
    enum bs_code (*begin_object)(void *self, const struct rpc_message *table, /* NULL: a map */
                                 struct bs_error *error);
    enum bs_code (*key)(void *self, const struct rpc_field *field, /* NULL: a map's key */
                        struct bs_str name, struct bs_error *error);
    enum bs_code (*end_object)(void *self, struct bs_error *error);
    enum bs_code (*begin_list)(void *self, size_t count, struct bs_error *error);
    enum bs_code (*end_list)(void *self, struct bs_error *error);
    enum bs_code (*null)(void *self, struct bs_error *error);
    enum bs_code (*boolean)(void *self, bool value, struct bs_error *error);
    enum bs_code (*integer)(void *self, int64_t value, bool is_long, struct bs_error *error);
    enum bs_code (*natural)(void *self, uint64_t value, bool is_long, struct bs_error *error);
    enum bs_code (*number)(void *self, double value, bool is_float, struct bs_error *error);
    enum bs_code (*string)(void *self, struct bs_str text, struct bs_error *error);
    enum bs_code (*enumeration)(void *self, const ProtobufCEnumValue *value,
                                struct bs_error *error);
    enum bs_code (*bytes)(void *self, struct bs_str bytes, struct bs_error *error);
    enum bs_code (*instant)(void *self, int64_t seconds, int32_t nanos, struct bs_error *error);
};
BS_API BS_MUST_CHECK enum bs_code rpc_message_visit(const struct rpc_message *table,
                                                    const ProtobufCMessage *message,
                                                    unsigned json_flags,
                                                    const struct rpc_visitor *visitor, void *self,
                                                    struct bs_error *error);
/* The same for one field's value, whether set or not. */
BS_API BS_MUST_CHECK enum bs_code rpc_message_visit_field(const struct rpc_message *table,
                                                          const ProtobufCMessage *message,
                                                          unsigned field_idx, unsigned json_flags,
                                                          const struct rpc_visitor *visitor,
                                                          void *self, struct bs_error *error);

#endif
