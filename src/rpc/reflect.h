#ifndef RPC_REFLECT_H
#define RPC_REFLECT_H

/*
 * Internal: reading and writing protobuf-c structs by descriptor, and paths for errors. What is
 * written here looks as protobuf_c_message_unpack would leave it, so that packing, handlers and
 * printing can't tell the difference. The caller serializes.
 */

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "rpc/table.h"

/* Bytes that one value of this type takes in a struct or a list. */
size_t rpc_value_size(ProtobufCType type);

static inline const void *rpc_field_at(const ProtobufCFieldDescriptor *field,
                                       const ProtobufCMessage *message)
{
    return (const char *)message + field->offset;
}

static inline void *rpc_field_place(const ProtobufCFieldDescriptor *field,
                                    ProtobufCMessage *message)
{
    return (char *)message + field->offset;
}

static inline bool rpc_field_is_repeated(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static inline bool rpc_field_is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* Number of the member that a oneof member's oneof has set; 0: none. */
static inline uint32_t rpc_oneof_case(const ProtobufCFieldDescriptor *field,
                                      const ProtobufCMessage *message)
{
    uint32_t number;
    memcpy(&number, (const char *)message + field->quantifier_offset, sizeof(number));
    return number;
}

static inline size_t rpc_list_count(const ProtobufCFieldDescriptor *field,
                                    const ProtobufCMessage *message)
{
    size_t count;
    memcpy(&count, (const char *)message + field->quantifier_offset, sizeof(count));
    return count;
}

static inline void rpc_list_set_count(const ProtobufCFieldDescriptor *field,
                                      ProtobufCMessage *message, size_t count)
{
    memcpy((char *)message + field->quantifier_offset, &count, sizeof(count));
}

/* The idx-th value of a list; `void *` pointers for messages and strings. */
static inline const void *rpc_list_at(const ProtobufCFieldDescriptor *field,
                                      const ProtobufCMessage *message, size_t idx)
{
    const char *items;
    memcpy(&items, rpc_field_at(field, message), sizeof(items));
    return items + idx * rpc_value_size(field->type);
}

/*
 * Makes room for `more` zeroed values at the end of a list, counts them in and returns the first;
 * NULL when the arena's cap is passed. The capacity follows from the count (see the source), so
 * lists that are appended to must have been made here from the beginning.
 */
void *rpc_list_append(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, size_t more,
                      struct bs_arena *arena);

/* After the value stands: marks a oneof member, or a proto2 optional, as the one that is set. */
void rpc_field_mark_set(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);
/* Whether the field is present: set messages and oneof members, other scalars when they are not
 * zero, lists when not empty. */
bool rpc_field_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);
/* Whether one value (not a list) is its type's zero. */
bool rpc_value_is_zero(ProtobufCType type, const void *value);
/* Whether two values (not messages) of the type are the same. */
bool rpc_value_equal(ProtobufCType type, const void *a, const void *b);

static inline const void *rpc_load_pointer(const void *place)
{
    const void *pointer;
    memcpy(&pointer, place, sizeof(pointer));
    return pointer;
}

/* The message at a message field's place, NULL when unset. */
static inline const ProtobufCMessage *rpc_load_message(const void *place)
{
    return (const ProtobufCMessage *)rpc_load_pointer(place);
}

static inline struct bs_str rpc_load_string(const void *place)
{
    return bs_str_from((const char *)rpc_load_pointer(place));
}

static inline struct bs_str rpc_load_bytes(const void *place)
{
    ProtobufCBinaryData data;
    memcpy(&data, place, sizeof(data));
    return (struct bs_str){.ptr = (const char *)data.data, .len = data.len};
}

/* Copies text (with a NUL after it) into the arena; NULL when its cap is passed. */
char *rpc_copy_string(struct bs_str text, struct bs_arena *arena);
/* RPC_TOO_LARGE for a message beyond the arena's cap. */
enum bs_code rpc_raise_arena_full(const struct bs_arena *arena, struct bs_error *error);

/* A map's key as text: as it is for strings, else in decimal, "true", "false". */
#define RPC_KEY_TEXT_SIZE 24
struct bs_str rpc_map_key_text(const ProtobufCFieldDescriptor *key, const ProtobufCMessage *entry,
                               char ret_text[RPC_KEY_TEXT_SIZE]);
/*
 * Drops all but the last of the entries of a map that have the same key, as readers of protobuf do.
 * Returns how many were dropped; when not NULL, `ret_duplicate` is one of them (or NULL).
 */
size_t rpc_map_dedupe(const ProtobufCFieldDescriptor *map, ProtobufCMessage *message,
                      const ProtobufCMessage **ret_duplicate);

/* The enum value with this name; NULL when there is none. Case-sensitive, aliases too. */
const ProtobufCEnumValue *rpc_enum_find(const ProtobufCEnumDescriptor *descriptor,
                                        struct bs_str name);
bool rpc_enum_is_null_value(const ProtobufCFieldDescriptor *field);

/* Paths in errors: "concerts[2].startsAt", `labels["de"]`. */
void rpc_path_field(struct bs_buf *path, const char *name);
void rpc_path_index(struct bs_buf *path, size_t idx);
void rpc_path_key(struct bs_buf *path, const ProtobufCFieldDescriptor *key,
                  const ProtobufCMessage *entry);
/* Appends text in quotes for a message to a person: cut beyond 80 bytes; quotes, backslashes
 * and control characters escaped. */
void rpc_append_quoted(struct bs_buf *out, struct bs_str text);

/* Where a walk down a message stands; lives on the walker's stack. */
struct rpc_place {
    const struct rpc_place *parent;    /* NULL at the top */
    const char *name;                  /* the field's JSON name */
    ptrdiff_t idx;                     /* in a list; -1: none */
    const ProtobufCMessage *map_entry; /* in a map; NULL: none */
    const ProtobufCFieldDescriptor *map_key;
};
void rpc_place_path(const struct rpc_place *place, struct bs_buf *path);

#endif
