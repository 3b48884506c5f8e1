/*
 * The builder: a stack of frames that says where the next event belongs. Containers write straight
 * into the message: a list's frame appends to the field of the message that holds it, a map's
 * likewise, so that nothing is gathered first and copied later. Conversions of single values are
 * convert.c's; this file knows containers, names, duplicates, null and depth.
 */

#include "rpc/build_internal.h"

/* ---- Making ---- */

void rpc_builder_init(struct rpc_builder *builder, const struct rpc_message *table,
                      ProtobufCMessage *message, unsigned flags, struct bs_arena *arena)
{
    builder->arena = arena;
    builder->flags = flags;
    builder->done = false;
    builder->is_dropped = false;
    builder->depth = 0;
    builder->source = BS_STR_EMPTY;
    builder->offset = 0;
    builder->root = message;
    builder->frames[0] = (struct rpc_frame){.kind = RPC_FRAME_TOP, .table = table};
}

void rpc_builder_init_field(struct rpc_builder *builder, const struct rpc_message *table,
                            ProtobufCMessage *message, unsigned field_idx, unsigned flags,
                            struct bs_arena *arena)
{
    rpc_builder_init(builder, table, message, flags, arena);
    builder->frames[0] = (struct rpc_frame){
        .kind = RPC_FRAME_MESSAGE,
        .table = table,
        .message = message,
        .has_key = true,
        .field_idx = field_idx,
    };
}

struct rpc_builder *rpc_builder_new_into(const struct rpc_message *table, ProtobufCMessage *message,
                                         unsigned json_flags, struct bs_arena *arena)
{
    struct rpc_builder *builder = bs_arena_try_alloc(arena, sizeof(*builder));
    if (builder)
        rpc_builder_init(builder, table, message, json_flags, arena);
    return builder;
}

struct rpc_builder *rpc_builder_new(const struct rpc_message *table, unsigned json_flags,
                                    struct bs_arena *arena)
{
    return rpc_builder_new_into(table, NULL, json_flags, arena);
}

enum bs_code rpc_builder_finish(struct rpc_builder *builder, ProtobufCMessage **ret_message,
                                struct bs_error *error)
{
    (void)error;
    BS_ASSERT(builder->done && builder->depth == 0);
    *ret_message = builder->root;
    return BS_OK;
}

/* ---- Containers ---- */

static enum bs_code push(struct rpc_builder *builder, const struct rpc_frame *frame,
                         struct bs_error *error)
{
    if (builder->depth == BS_LIMIT_JSON_DEPTH)
        return rpc_builder_fail(builder, BS_REASON_JSON_SYNTAX, error,
                                "nested deeper than %d levels", BS_LIMIT_JSON_DEPTH);
    builder->depth++;
    *rpc_builder_top(builder) = *frame;
    return BS_OK;
}

static enum bs_code pop(struct rpc_builder *builder)
{
    BS_ASSERT(builder->depth > 0);
    builder->depth--;
    rpc_builder_value_done(builder);
    return BS_OK;
}

static enum bs_code push_message(struct rpc_builder *builder, const struct rpc_message *table,
                                 ProtobufCMessage *message, struct bs_error *error)
{
    struct rpc_frame frame = {
        .kind = RPC_FRAME_MESSAGE,
        .table = table,
        .message = message,
    };
    unsigned fields = table->descriptor->n_fields;
    if (fields > 64) {
        size_t size = (fields - 64 + 63) / 64 * sizeof(uint64_t);
        frame.seen_more = bs_arena_try_alloc(builder->arena, size);
        if (!frame.seen_more)
            return rpc_raise_arena_full(builder->arena, error);
        memset(frame.seen_more, 0, size);
    }
    return push(builder, &frame, error);
}

static enum bs_code push_field(struct rpc_builder *builder, enum rpc_frame_kind kind,
                               const struct rpc_message *table, ProtobufCMessage *message,
                               unsigned field_idx, struct bs_error *error)
{
    struct rpc_frame frame = {
        .kind = kind,
        .table = table,
        .message = message,
        .field_idx = field_idx,
    };
    return push(builder, &frame, error);
}

/* Sets a Value's member to a new Struct (field 5) or ListValue (field 6). */
static enum bs_code make_value_member(struct rpc_builder *builder, const struct rpc_message *table,
                                      ProtobufCMessage *value, unsigned idx,
                                      ProtobufCMessage **ret_member, struct bs_error *error)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[idx];
    ProtobufCMessage *member = rpc_message_new(table->fields[idx].message, builder->arena);
    if (!member)
        return rpc_raise_arena_full(builder->arena, error);
    memcpy(rpc_field_place(field, value), &member, sizeof(member));
    rpc_field_mark_set(field, value);
    *ret_member = member;
    return BS_OK;
}

#define VALUE_STRUCT_IDX 4
#define VALUE_LIST_IDX 5

/* An object or list begins that is the JSON form of `message`. */
static enum bs_code enter_message(struct rpc_builder *builder, const struct rpc_message *table,
                                  ProtobufCMessage *message, enum rpc_token_kind kind,
                                  struct bs_error *error)
{
    bool is_object = kind == RPC_TOKEN_OBJECT;
    if (table->well_known == RPC_VALUE) {
        unsigned idx = is_object ? VALUE_STRUCT_IDX : VALUE_LIST_IDX;
        BS_TRY(make_value_member(builder, table, message, idx, &message, error));
        table = table->fields[idx].message;
    }
    if (is_object && (table->well_known == RPC_PLAIN || table->well_known == RPC_EMPTY))
        return push_message(builder, table, message, error);
    if (is_object && table->well_known == RPC_STRUCT)
        return push_field(builder, RPC_FRAME_MAP, table, message, 0, error);
    if (is_object && table->well_known == RPC_ANY)
        return push_field(builder, RPC_FRAME_ANY, table, message, 0, error);
    if (!is_object && table->well_known == RPC_LIST_VALUE)
        return push_field(builder, RPC_FRAME_LIST, table, message, 0, error);
    return rpc_builder_expected(builder, rpc_expected_of_message(table),
                                &(struct rpc_token){.kind = kind}, error);
}

/* The field that the top frame is at is one value, and an object or list begins. */
static enum bs_code enter_slot(struct rpc_builder *builder, enum rpc_token_kind kind,
                               struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    struct rpc_slot slot;
    BS_TRY(rpc_builder_open_slot(builder, &slot, error));
    const ProtobufCFieldDescriptor *field = rpc_slot_field(&slot);
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return rpc_builder_expected(builder, rpc_expected_of(slot.table, slot.field_idx),
                                    &(struct rpc_token){.kind = kind}, error);
    const struct rpc_message *table = slot.table->fields[slot.field_idx].message;
    ProtobufCMessage *message = rpc_message_new(table, builder->arena);
    if (!message)
        return rpc_raise_arena_full(builder->arena, error);
    memcpy(slot.place, &message, sizeof(message));
    if (frame->kind == RPC_FRAME_MESSAGE)
        rpc_field_mark_set(field, slot.message);
    return enter_message(builder, table, message, kind, error);
}

static enum bs_code begin(struct rpc_builder *builder, enum rpc_token_kind kind,
                          struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    BS_ASSERT(!builder->done);
    BS_ASSERT(frame->has_key || (frame->kind != RPC_FRAME_MESSAGE && frame->kind != RPC_FRAME_MAP));
    if (frame->kind == RPC_FRAME_TOP) {
        BS_TRY(rpc_builder_make_root(builder, frame->table, error));
        return enter_message(builder, frame->table, builder->root, kind, error);
    }
    if (rpc_frame_skips(frame))
        return push(builder, &(struct rpc_frame){.kind = RPC_FRAME_SKIP}, error);
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    if (frame->kind != RPC_FRAME_MESSAGE || !rpc_field_is_repeated(field))
        return enter_slot(builder, kind, error);
    BS_TRY(rpc_builder_check_unset(builder, frame, error));
    bool is_map = frame->table->fields[frame->field_idx].is_map;
    if (is_map != (kind == RPC_TOKEN_OBJECT))
        return rpc_builder_expected_container(builder, frame, &(struct rpc_token){.kind = kind},
                                              error);
    return push_field(builder, is_map ? RPC_FRAME_MAP : RPC_FRAME_LIST, frame->table,
                      frame->message, frame->field_idx, error);
}

enum bs_code rpc_build_begin_object(struct rpc_builder *builder, struct bs_error *error)
{
    return begin(builder, RPC_TOKEN_OBJECT, error);
}

enum bs_code rpc_build_begin_list(struct rpc_builder *builder, struct bs_error *error)
{
    return begin(builder, RPC_TOKEN_LIST, error);
}

enum bs_code rpc_build_end_object(struct rpc_builder *builder, struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    BS_ASSERT(frame->kind != RPC_FRAME_LIST && !frame->has_key);
    if (frame->kind == RPC_FRAME_MAP) {
        const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
        const ProtobufCMessage *duplicate = NULL;
        if (rpc_list_count(field, frame->message) > RPC_MAP_SCANNED_MAX)
            rpc_map_dedupe(field, frame->message, &duplicate);
        if (duplicate) {
            char text[RPC_KEY_TEXT_SIZE];
            const ProtobufCFieldDescriptor *key =
                &frame->table->fields[frame->field_idx].message->descriptor->fields[0];
            return rpc_builder_duplicate_key(builder, rpc_map_key_text(key, duplicate, text),
                                             error);
        }
    }
    return pop(builder);
}

enum bs_code rpc_build_end_list(struct rpc_builder *builder, struct bs_error *error)
{
    (void)error;
    BS_ASSERT(rpc_builder_top(builder)->kind == RPC_FRAME_LIST ||
              rpc_builder_top(builder)->kind == RPC_FRAME_SKIP);
    return pop(builder);
}
