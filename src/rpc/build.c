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

/* ---- Where a value goes ---- */

/* A value's place: one field's memory, of a message, a list or a map's entry. */
struct slot {
    const struct rpc_message *table;
    ProtobufCMessage *message;
    unsigned field_idx;
    void *place;
};

static const ProtobufCFieldDescriptor *slot_field(const struct slot *slot)
{
    return &slot->table->descriptor->fields[slot->field_idx];
}

static enum bs_code make_root(struct rpc_builder *builder, const struct rpc_message *table,
                              struct bs_error *error)
{
    if (!builder->root)
        builder->root = rpc_message_new(table, builder->arena);
    return builder->root ? BS_OK : rpc_raise_arena_full(builder->arena, error);
}

/* A field of a message may be set once; another member of its oneof not at all. */
static enum bs_code check_unset(struct rpc_builder *builder, const struct rpc_frame *frame,
                                struct bs_error *error)
{
    const ProtobufCMessageDescriptor *type = frame->table->descriptor;
    const ProtobufCFieldDescriptor *field = &type->fields[frame->field_idx];
    if (!rpc_field_is_oneof(field)) {
        if (!rpc_field_is_set(field, frame->message))
            return BS_OK;
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "is set already");
    }
    uint32_t set = rpc_oneof_case(field, frame->message);
    if (set == 0)
        return BS_OK;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (type->fields[i].id == set && set != field->id)
            return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error,
                                    "only one of %s and %s may be set",
                                    frame->table->fields[i].json_name,
                                    frame->table->fields[frame->field_idx].json_name);
    }
    return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "is set already");
}

/* The place of the next value in the top frame, which is a message (singular field), list or map.
 */
static enum bs_code open_slot(struct rpc_builder *builder, struct slot *ret_slot,
                              struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    *ret_slot = (struct slot){
        .table = frame->table,
        .message = frame->message,
        .field_idx = frame->field_idx,
    };
    if (frame->kind == RPC_FRAME_MESSAGE) {
        ret_slot->place = rpc_field_place(field, frame->message);
        return check_unset(builder, frame, error);
    }
    if (frame->kind == RPC_FRAME_LIST) {
        frame->values_count++;
        ret_slot->place = rpc_list_append(field, frame->message, 1, builder->arena);
        return ret_slot->place ? BS_OK : rpc_raise_arena_full(builder->arena, error);
    }
    BS_ASSERT(frame->kind == RPC_FRAME_MAP && frame->has_key);
    size_t last = rpc_list_count(field, frame->message) - 1;
    ProtobufCMessage *entry;
    memcpy(&entry, rpc_list_at(field, frame->message, last), sizeof(entry));
    ret_slot->table = frame->table->fields[frame->field_idx].message;
    ret_slot->message = entry;
    ret_slot->field_idx = 1;
    ret_slot->place = rpc_field_place(slot_field(ret_slot), entry);
    return BS_OK;
}

/* After a value was taken whole. */
static void value_done(struct rpc_builder *builder)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    frame->has_key = false;
    frame->skips_value = false;
    if (builder->depth == 0)
        builder->done = true;
}

/* Takes back what a list or map has made for a value that is ignored. */
static void drop_last(struct rpc_frame *frame)
{
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    if (frame->kind == RPC_FRAME_LIST || frame->kind == RPC_FRAME_MAP)
        rpc_list_set_count(field, frame->message, rpc_list_count(field, frame->message) - 1);
}

static bool frame_skips(const struct rpc_frame *frame)
{
    return frame->kind == RPC_FRAME_SKIP || frame->skips_value;
}

/* ---- Single values ---- */

static enum bs_code take_null(struct rpc_builder *builder, struct rpc_frame *frame,
                              bool *ret_is_absent, struct bs_error *error)
{
    *ret_is_absent = false;
    const struct rpc_message *table = frame->table;
    unsigned idx = frame->field_idx;
    if (frame->kind == RPC_FRAME_MESSAGE) {
        const ProtobufCFieldDescriptor *field = &table->descriptor->fields[idx];
        *ret_is_absent = rpc_field_is_repeated(field) || !rpc_takes_null(table, idx);
        return BS_OK;
    }
    if (frame->kind == RPC_FRAME_LIST && !rpc_takes_null(table, idx)) {
        frame->values_count++;
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error,
                                "expected %s, got null, which may not stand in a list",
                                rpc_expected_of(table, idx));
    }
    if (frame->kind == RPC_FRAME_MAP && !rpc_takes_null(table->fields[idx].message, 1))
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error,
                                "expected %s, got null, which may not stand in a map",
                                rpc_expected_of(table->fields[idx].message, 1));
    return BS_OK;
}

static enum bs_code expected_container(struct rpc_builder *builder, const struct rpc_frame *frame,
                                       const struct rpc_token *token, struct bs_error *error)
{
    bool is_map = frame->table->fields[frame->field_idx].is_map;
    return rpc_builder_expected(builder, is_map ? "an object (a map)" : "a list", token, error);
}

static enum bs_code take_value(struct rpc_builder *builder, const struct rpc_token *token,
                               struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    if (token->kind == RPC_TOKEN_NULL) {
        bool is_absent;
        BS_TRY(take_null(builder, frame, &is_absent, error));
        if (is_absent)
            return BS_OK;
    }
    if (frame->kind == RPC_FRAME_MESSAGE && rpc_field_is_repeated(field))
        return expected_container(builder, frame, token, error);
    struct slot slot;
    BS_TRY(open_slot(builder, &slot, error));
    builder->is_dropped = false;
    BS_TRY(rpc_convert(builder, slot.table, slot.field_idx, token, slot.place, error));
    if (builder->is_dropped)
        drop_last(frame);
    else if (frame->kind == RPC_FRAME_MESSAGE)
        rpc_field_mark_set(slot_field(&slot), slot.message);
    return BS_OK;
}

static enum bs_code take(struct rpc_builder *builder, const struct rpc_token *token,
                         struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    BS_ASSERT(!builder->done);
    BS_ASSERT(frame->has_key || (frame->kind != RPC_FRAME_MESSAGE && frame->kind != RPC_FRAME_MAP));
    if (frame->kind == RPC_FRAME_TOP) {
        BS_TRY(make_root(builder, frame->table, error));
        BS_TRY(rpc_convert_known(builder, frame->table, builder->root, token, error));
    } else if (!frame_skips(frame)) {
        BS_TRY(take_value(builder, token, error));
    }
    value_done(builder);
    return BS_OK;
}

enum bs_code rpc_build_null(struct rpc_builder *builder, struct bs_error *error)
{
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_NULL}, error);
}

enum bs_code rpc_build_bool(struct rpc_builder *builder, bool value, struct bs_error *error)
{
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_BOOL, .boolean = value}, error);
}

enum bs_code rpc_build_number(struct rpc_builder *builder, struct bs_str text,
                              struct bs_error *error)
{
    if (!rpc_number_is_whole(text))
        return rpc_builder_fail(builder, BS_REASON_JSON_FIELD, error, "\"%.*s\" is not a number",
                                BS_STR_ARGS(bs_str_slice(text, 0, 60)));
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_NUMBER, .text = text}, error);
}

enum bs_code rpc_build_int(struct rpc_builder *builder, int64_t value, struct bs_error *error)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)value);
    struct rpc_token token = {
        .kind = RPC_TOKEN_NUMBER,
        .text = {.ptr = text, .len = (size_t)len},
    };
    return take(builder, &token, error);
}

enum bs_code rpc_build_double(struct rpc_builder *builder, double value, struct bs_error *error)
{
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_DOUBLE, .number = value}, error);
}

enum bs_code rpc_build_string(struct rpc_builder *builder, struct bs_str text,
                              struct bs_error *error)
{
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_STRING, .text = text}, error);
}

enum bs_code rpc_build_bytes(struct rpc_builder *builder, struct bs_str bytes,
                             struct bs_error *error)
{
    return take(builder, &(struct rpc_token){.kind = RPC_TOKEN_BYTES, .text = bytes}, error);
}

enum bs_code rpc_build_instant(struct rpc_builder *builder, int64_t seconds, int32_t nanos,
                               struct bs_error *error)
{
    struct rpc_token token = {
        .kind = RPC_TOKEN_INSTANT,
        .seconds = seconds,
        .nanos = nanos,
    };
    return take(builder, &token, error);
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
    value_done(builder);
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
    struct slot slot;
    BS_TRY(open_slot(builder, &slot, error));
    const ProtobufCFieldDescriptor *field = slot_field(&slot);
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
        BS_TRY(make_root(builder, frame->table, error));
        return enter_message(builder, frame->table, builder->root, kind, error);
    }
    if (frame_skips(frame))
        return push(builder, &(struct rpc_frame){.kind = RPC_FRAME_SKIP}, error);
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    if (frame->kind != RPC_FRAME_MESSAGE || !rpc_field_is_repeated(field))
        return enter_slot(builder, kind, error);
    BS_TRY(check_unset(builder, frame, error));
    bool is_map = frame->table->fields[frame->field_idx].is_map;
    if (is_map != (kind == RPC_TOKEN_OBJECT))
        return expected_container(builder, frame, &(struct rpc_token){.kind = kind}, error);
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
