/* Names: of fields in either spelling, and keys of maps. Each may stand once. */

#include "rpc/build_internal.h"

static bool name_is(struct bs_str name, const char *text)
{
    return strlen(text) == name.len && memcmp(text, name.ptr, name.len) == 0;
}

static int find_by_json_name(const struct rpc_message *table, struct bs_str name)
{
    unsigned low = 0;
    unsigned high = table->descriptor->n_fields;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        unsigned idx = table->fields_by_json_name[middle];
        int order = bs_str_compare(name, bs_str_from(table->fields[idx].json_name));
        if (order == 0)
            return (int)idx;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int rpc_message_find_field(const struct rpc_message *table, struct bs_str name)
{
    const ProtobufCMessageDescriptor *type = table->descriptor;
    int found = find_by_json_name(table, name);
    unsigned low = 0;
    unsigned high = found >= 0 ? 0 : type->n_fields;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        unsigned idx = type->fields_sorted_by_name[middle];
        int order = bs_str_compare(name, bs_str_from(type->fields[idx].name));
        if (order == 0)
            return (int)idx;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return found;
}

/* The field's name that is nearest to a wrong one, NULL when none is near. */
static const char *nearest_name(const struct rpc_message *table, struct bs_str name)
{
    const char *nearest = NULL;
    size_t least = BS_MIN(name.len / 2, 3) + 1;
    for (unsigned i = 0; i < table->descriptor->n_fields; i++) {
        size_t distance = bs_str_distance(name, bs_str_from(table->fields[i].json_name));
        if (distance < least) {
            least = distance;
            nearest = table->fields[i].json_name;
        }
    }
    return nearest;
}

enum bs_code rpc_builder_unknown_field(struct rpc_builder *builder, const struct rpc_message *table,
                                       struct bs_str name, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(1024);
    rpc_append_quoted(&text, name);
    const char *nearest = nearest_name(table, name);
    return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "%s has no field %s%s%s%s",
                            table->full_name, bs_buf_cstr(&text), nearest ? " (is \"" : "",
                            nearest ? nearest : "", nearest ? "\" meant?)" : "");
}

enum bs_code rpc_builder_duplicate_key(struct rpc_builder *builder, struct bs_str key,
                                       struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(1024);
    rpc_append_quoted(&text, key);
    rpc_builder_top(builder)->has_key = false;
    return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "key %s stands twice",
                            bs_buf_cstr(&text));
}

/* Marks the field as named; true when it was before. */
static bool mark_seen(struct rpc_frame *frame, unsigned idx)
{
    uint64_t *word = idx < 64 ? &frame->seen : &frame->seen_more[idx / 64 - 1];
    uint64_t bit = UINT64_C(1) << (idx % 64);
    bool was = (*word & bit) != 0;
    *word |= bit;
    return was;
}

static enum bs_code message_key(struct rpc_builder *builder, struct rpc_frame *frame,
                                struct bs_str name, struct bs_error *error)
{
    const struct rpc_message *table = frame->table;
    unsigned guess = frame->next_idx;
    int idx = guess < table->descriptor->n_fields && name_is(name, table->fields[guess].json_name)
                  ? (int)guess
                  : rpc_message_find_field(table, name);
    if (idx < 0) {
        if (!(builder->flags & RPC_JSON_IGNORE_UNKNOWN))
            return rpc_builder_unknown_field(builder, table, name, error);
        frame->has_key = frame->skips_value = true;
        return BS_OK;
    }
    frame->has_key = true;
    frame->field_idx = (unsigned)idx;
    frame->next_idx = (unsigned)idx + 1;
    if (mark_seen(frame, (unsigned)idx))
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "stands twice");
    return BS_OK;
}

/* Whether one of the entries before the last has the last one's key. */
static bool key_was_there(const ProtobufCFieldDescriptor *map, const ProtobufCMessage *message,
                          const ProtobufCFieldDescriptor *key)
{
    size_t last = rpc_list_count(map, message) - 1;
    const void *mine = rpc_field_at(key, rpc_load_message(rpc_list_at(map, message, last)));
    for (size_t i = 0; i < last && last < RPC_MAP_SCANNED_MAX; i++) {
        const void *other = rpc_field_at(key, rpc_load_message(rpc_list_at(map, message, i)));
        if (rpc_value_equal(key->type, mine, other))
            return true;
    }
    return false;
}

static enum bs_code map_key(struct rpc_builder *builder, struct rpc_frame *frame,
                            struct bs_str name, struct bs_error *error)
{
    const ProtobufCFieldDescriptor *map = &frame->table->descriptor->fields[frame->field_idx];
    const struct rpc_message *table = frame->table->fields[frame->field_idx].message;
    const ProtobufCFieldDescriptor *key = &table->descriptor->fields[0];
    ProtobufCMessage *entry = rpc_message_new(table, builder->arena);
    if (!entry)
        return rpc_raise_arena_full(builder->arena, error);
    struct rpc_token token = {.kind = RPC_TOKEN_TEXT, .text = name};
    BS_TRY(rpc_convert(builder, table, 0, &token, rpc_field_place(key, entry), error));
    rpc_field_mark_set(key, entry);
    void *place = rpc_list_append(map, frame->message, 1, builder->arena);
    if (!place)
        return rpc_raise_arena_full(builder->arena, error);
    memcpy(place, &entry, sizeof(entry));
    frame->has_key = true;
    return key_was_there(map, frame->message, key) ? rpc_builder_duplicate_key(builder, name, error)
                                                   : BS_OK;
}

enum bs_code rpc_build_key(struct rpc_builder *builder, struct bs_str name, struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    BS_ASSERT(!frame->has_key);
    switch (frame->kind) {
    case RPC_FRAME_MESSAGE:
        return message_key(builder, frame, name, error);
    case RPC_FRAME_MAP:
        return map_key(builder, frame, name, error);
    case RPC_FRAME_SKIP:
        return BS_OK;
    case RPC_FRAME_ANY:
        return bs_error_set_code(error, BS_UNIMPLEMENTED, BS_REASON_JSON_FIELD,
                                 "google.protobuf.Any can't be read from JSON here: no registry of "
                                 "types");
    default:
        BS_UNREACHABLE();
    }
}
