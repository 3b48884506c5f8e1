/* The builder's single values: where the next one goes, and what null means there. */

#include "rpc/build_internal.h"

enum bs_code rpc_builder_make_root(struct rpc_builder *builder, const struct rpc_message *table,
                                   struct bs_error *error)
{
    if (!builder->root)
        builder->root = rpc_message_new(table, builder->arena);
    return builder->root ? BS_OK : rpc_raise_arena_full(builder->arena, error);
}

/* A field of a message may be set once; another member of its oneof not at all. */
enum bs_code rpc_builder_check_unset(struct rpc_builder *builder, const struct rpc_frame *frame,
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
enum bs_code rpc_builder_open_slot(struct rpc_builder *builder, struct rpc_slot *ret_slot,
                                   struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    const ProtobufCFieldDescriptor *field = &frame->table->descriptor->fields[frame->field_idx];
    *ret_slot = (struct rpc_slot){
        .table = frame->table,
        .message = frame->message,
        .field_idx = frame->field_idx,
    };
    if (frame->kind == RPC_FRAME_MESSAGE) {
        ret_slot->place = rpc_field_place(field, frame->message);
        return rpc_builder_check_unset(builder, frame, error);
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
    ret_slot->place = rpc_field_place(rpc_slot_field(ret_slot), entry);
    return BS_OK;
}

/* After a value was taken whole. */
void rpc_builder_value_done(struct rpc_builder *builder)
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

enum bs_code rpc_builder_expected_container(struct rpc_builder *builder,
                                            const struct rpc_frame *frame,
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
        return rpc_builder_expected_container(builder, frame, token, error);
    struct rpc_slot slot;
    BS_TRY(rpc_builder_open_slot(builder, &slot, error));
    builder->is_dropped = false;
    BS_TRY(rpc_convert(builder, slot.table, slot.field_idx, token, slot.place, error));
    if (builder->is_dropped)
        drop_last(frame);
    else if (frame->kind == RPC_FRAME_MESSAGE)
        rpc_field_mark_set(rpc_slot_field(&slot), slot.message);
    return BS_OK;
}

static enum bs_code take(struct rpc_builder *builder, const struct rpc_token *token,
                         struct bs_error *error)
{
    struct rpc_frame *frame = rpc_builder_top(builder);
    BS_ASSERT(!builder->done);
    BS_ASSERT(frame->has_key || (frame->kind != RPC_FRAME_MESSAGE && frame->kind != RPC_FRAME_MAP));
    if (frame->kind == RPC_FRAME_TOP) {
        BS_TRY(rpc_builder_make_root(builder, frame->table, error));
        BS_TRY(rpc_convert_known(builder, frame->table, builder->root, token, error));
    } else if (!rpc_frame_skips(frame)) {
        BS_TRY(take_value(builder, token, error));
    }
    rpc_builder_value_done(builder);
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
