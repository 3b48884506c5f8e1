/*
 * A message's tree, told to a visitor: JSON printing and the shell's EDN stand on it. Fields come
 * by number; well-known types as the values that JSON has for them.
 */

#include <math.h>

#include "rpc/build_internal.h"

struct visit {
    const struct rpc_visitor *visitor;
    void *self;
    unsigned flags;
    unsigned depth;
    struct bs_error *error;
};

static enum bs_code visit_message(struct visit *v, const struct rpc_message *table,
                                  const ProtobufCMessage *message, const struct rpc_place *place);

/* `what` ends "startsAt: ", as in "no instant of the years 0001 to 9999". */
static enum bs_code no_json_form(struct visit *v, const struct rpc_place *place, const char *what)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(4096);
    rpc_place_path(place, &path);
    return bs_error_set(v->error, BS_REASON_INTERNAL, "%s%s%s", bs_buf_cstr(&path),
                        path.len > 0 ? ": " : "", what);
}

/* ---- Values ---- */

static enum bs_code visit_enum(struct visit *v, const ProtobufCFieldDescriptor *field,
                               const void *place)
{
    int32_t number;
    memcpy(&number, place, sizeof(number));
    if (rpc_enum_is_null_value(field))
        return v->visitor->null(v->self, v->error);
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        (const ProtobufCEnumDescriptor *)field->descriptor, number);
    return value ? v->visitor->enumeration(v->self, value, v->error)
                 : v->visitor->integer(v->self, number, false, v->error);
}

static enum bs_code visit_scalar(struct visit *v, const ProtobufCFieldDescriptor *field,
                                 const void *place)
{
    union {
        int32_t i32;
        uint32_t u32;
        int64_t i64;
        uint64_t u64;
        float f;
        double d;
        protobuf_c_boolean b;
    } value;
    if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_BYTES)
        memcpy(&value, place, rpc_value_size(field->type));
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return v->visitor->integer(v->self, value.i32, false, v->error);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return v->visitor->integer(v->self, value.i64, true, v->error);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return v->visitor->natural(v->self, value.u32, false, v->error);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return v->visitor->natural(v->self, value.u64, true, v->error);
    case PROTOBUF_C_TYPE_FLOAT:
        return v->visitor->number(v->self, (double)value.f, true, v->error);
    case PROTOBUF_C_TYPE_DOUBLE:
        return v->visitor->number(v->self, value.d, false, v->error);
    case PROTOBUF_C_TYPE_BOOL:
        return v->visitor->boolean(v->self, value.b != 0, v->error);
    case PROTOBUF_C_TYPE_ENUM:
        return visit_enum(v, field, place);
    case PROTOBUF_C_TYPE_STRING:
        return v->visitor->string(v->self, rpc_load_string(place), v->error);
    case PROTOBUF_C_TYPE_BYTES:
        return v->visitor->bytes(v->self, rpc_load_bytes(place), v->error);
    default:
        BS_UNREACHABLE();
    }
}

/* One value, of a singular field, a list or a map's entry. A message may be NULL: an empty one. */
static enum bs_code visit_value(struct visit *v, const struct rpc_message *table,
                                unsigned field_idx, const void *value,
                                const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return visit_scalar(v, field, value);
    return visit_message(v, table->fields[field_idx].message, rpc_load_message(value), place);
}

/* ---- Lists and maps ---- */

static enum bs_code enter(struct visit *v, const struct rpc_place *place)
{
    if (v->depth == BS_LIMIT_JSON_DEPTH)
        return no_json_form(v, place,
                            "nested deeper than " BS_STRINGIFY(BS_LIMIT_JSON_DEPTH) " levels");
    v->depth++;
    return BS_OK;
}

static enum bs_code visit_list(struct visit *v, const struct rpc_message *table,
                               const ProtobufCMessage *message, unsigned field_idx,
                               const struct rpc_place *parent)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    size_t count = rpc_list_count(field, message);
    struct rpc_place place = {.parent = parent};
    BS_TRY(enter(v, parent));
    BS_TRY(v->visitor->begin_list(v->self, count, v->error));
    for (size_t i = 0; i < count; i++) {
        place.idx = (ptrdiff_t)i;
        BS_TRY(visit_value(v, table, field_idx, rpc_list_at(field, message, i), &place));
    }
    v->depth--;
    return v->visitor->end_list(v->self, v->error);
}

static enum bs_code visit_map(struct visit *v, const struct rpc_message *table,
                              const ProtobufCMessage *message, unsigned field_idx,
                              const struct rpc_place *parent)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    const struct rpc_message *type = table->fields[field_idx].message;
    const ProtobufCFieldDescriptor *fields = type->descriptor->fields;
    struct rpc_place place = {.parent = parent, .idx = -1, .map_key = &fields[0]};
    BS_TRY(enter(v, parent));
    BS_TRY(v->visitor->begin_object(v->self, NULL, v->error));
    for (size_t i = 0; i < rpc_list_count(field, message); i++) {
        char text[RPC_KEY_TEXT_SIZE];
        place.map_entry = rpc_load_message(rpc_list_at(field, message, i));
        struct bs_str key = rpc_map_key_text(&fields[0], place.map_entry, text);
        BS_TRY(v->visitor->key(v->self, NULL, key, v->error));
        BS_TRY(visit_value(v, type, 1, rpc_field_at(&fields[1], place.map_entry), &place));
    }
    v->depth--;
    return v->visitor->end_object(v->self, v->error);
}

static enum bs_code visit_field_value(struct visit *v, const struct rpc_message *table,
                                      const ProtobufCMessage *message, unsigned field_idx,
                                      const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    if (!rpc_field_is_repeated(field))
        return visit_value(v, table, field_idx, rpc_field_at(field, message), place);
    return table->fields[field_idx].is_map ? visit_map(v, table, message, field_idx, place)
                                           : visit_list(v, table, message, field_idx, place);
}

/* ---- Messages ---- */

static bool is_visited(const struct visit *v, const struct rpc_message *table, unsigned field_idx,
                       const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    if (rpc_field_is_set(field, message))
        return !rpc_field_is_oneof(field) || field->type != PROTOBUF_C_TYPE_MESSAGE ||
               rpc_load_message(rpc_field_at(field, message)) != NULL;
    /* proto2's optional fields have presence too */
    return (v->flags & RPC_JSON_ZEROS) && !table->fields[field_idx].has_presence &&
           field->label != PROTOBUF_C_LABEL_OPTIONAL && !rpc_enum_is_null_value(field);
}

static enum bs_code visit_fields(struct visit *v, const struct rpc_message *table,
                                 const ProtobufCMessage *message, const struct rpc_place *parent)
{
    struct rpc_place place = {.parent = parent, .idx = -1};
    BS_TRY(enter(v, parent));
    BS_TRY(v->visitor->begin_object(v->self, table, v->error));
    for (unsigned i = 0; message && i < table->descriptor->n_fields; i++) {
        if (!is_visited(v, table, i, message))
            continue;
        place.name = table->fields[i].json_name;
        const char *name =
            v->flags & RPC_JSON_ORIGINAL_NAMES ? table->descriptor->fields[i].name : place.name;
        BS_TRY(v->visitor->key(v->self, &table->fields[i], bs_str_from(name), v->error));
        BS_TRY(visit_field_value(v, table, message, i, &place));
    }
    v->depth--;
    return v->visitor->end_object(v->self, v->error);
}

/* ---- Well-known types ---- */

static void load_seconds(const struct rpc_message *table, const ProtobufCMessage *message,
                         int64_t *ret_seconds, int32_t *ret_nanos)
{
    const ProtobufCFieldDescriptor *fields = table->descriptor->fields;
    memcpy(ret_seconds, rpc_field_at(&fields[0], message), sizeof(*ret_seconds));
    memcpy(ret_nanos, rpc_field_at(&fields[1], message), sizeof(*ret_nanos));
}

static enum bs_code visit_timestamp(struct visit *v, const struct rpc_message *table,
                                    const ProtobufCMessage *message, const struct rpc_place *place)
{
    int64_t seconds;
    int32_t nanos;
    load_seconds(table, message, &seconds, &nanos);
    if (seconds < RPC_TIMESTAMP_SECONDS_MIN || seconds > RPC_TIMESTAMP_SECONDS_MAX || nanos < 0 ||
        nanos > 999999999)
        return no_json_form(v, place, "no instant of the years 0001 to 9999");
    return v->visitor->instant(v->self, seconds, nanos, v->error);
}

static enum bs_code visit_duration(struct visit *v, const struct rpc_message *table,
                                   const ProtobufCMessage *message, const struct rpc_place *place)
{
    char text[RPC_DURATION_TEXT_SIZE];
    int64_t seconds;
    int32_t nanos;
    load_seconds(table, message, &seconds, &nanos);
    if (!rpc_duration_format(seconds, nanos, text))
        return no_json_form(v, place,
                            "no duration: seconds and nanos out of range or of "
                            "different signs");
    return v->visitor->string(v->self, bs_str_from(text), v->error);
}

static enum bs_code visit_field_mask(struct visit *v, const struct rpc_message *table,
                                     const ProtobufCMessage *message, const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *paths = &table->descriptor->fields[0];
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    for (size_t i = 0; i < rpc_list_count(paths, message); i++) {
        if (i > 0)
            bs_buf_append_byte(&text, ',');
        if (!rpc_mask_path_to_camel(rpc_load_string(rpc_list_at(paths, message, i)), &text))
            return no_json_form(v, place, "a field mask's path that does not read back");
    }
    return v->visitor->string(v->self, bs_buf_str(&text), v->error);
}

static enum bs_code visit_json_value(struct visit *v, const struct rpc_message *table,
                                     const ProtobufCMessage *message, const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *fields = table->descriptor->fields;
    uint32_t set = rpc_oneof_case(&fields[0], message);
    for (unsigned i = 0; i < table->descriptor->n_fields; i++) {
        if (fields[i].id != set)
            continue;
        double number = 0;
        if (fields[i].type == PROTOBUF_C_TYPE_DOUBLE)
            memcpy(&number, rpc_field_at(&fields[i], message), sizeof(number));
        if (!isfinite(number))
            return no_json_form(v, place, "a google.protobuf.Value of NaN or infinity");
        return visit_value(v, table, i, rpc_field_at(&fields[i], message), place);
    }
    return no_json_form(v, place, "a google.protobuf.Value with no kind set");
}

/* type_url (1), value (2): the empty one is {}, others need the types' tables. */
static enum bs_code visit_any(struct visit *v, const struct rpc_message *table,
                              const ProtobufCMessage *message, const struct rpc_place *place)
{
    const ProtobufCFieldDescriptor *fields = table->descriptor->fields;
    if (!rpc_value_is_zero(fields[0].type, rpc_field_at(&fields[0], message)) ||
        !rpc_value_is_zero(fields[1].type, rpc_field_at(&fields[1], message)))
        return no_json_form(v, place,
                            "google.protobuf.Any has no JSON form here: no registry of "
                            "types");
    BS_TRY(v->visitor->begin_object(v->self, table, v->error));
    return v->visitor->end_object(v->self, v->error);
}

static enum bs_code visit_known(struct visit *v, const struct rpc_message *table,
                                const ProtobufCMessage *message, const struct rpc_place *place)
{
    switch (table->well_known) {
    case RPC_TIMESTAMP:
        return visit_timestamp(v, table, message, place);
    case RPC_DURATION:
        return visit_duration(v, table, message, place);
    case RPC_FIELD_MASK:
        return visit_field_mask(v, table, message, place);
    case RPC_ANY:
        return visit_any(v, table, message, place);
    case RPC_STRUCT:
        return visit_map(v, table, message, 0, place);
    case RPC_VALUE:
        return visit_json_value(v, table, message, place);
    case RPC_LIST_VALUE:
        return visit_list(v, table, message, 0, place);
    case RPC_WRAPPER:
        return visit_value(v, table, 0, rpc_field_at(&table->descriptor->fields[0], message),
                           place);
    default:
        return visit_fields(v, table, message, place);
    }
}

/* Larger than the struct of each well-known type. */
#define KNOWN_SIZE_MAX 128

static enum bs_code visit_message(struct visit *v, const struct rpc_message *table,
                                  const ProtobufCMessage *message, const struct rpc_place *place)
{
    if (message || table->well_known == RPC_PLAIN || table->well_known == RPC_EMPTY)
        return visit_known(v, table, message, place);
    BS_ALIGNED(16) char storage[KNOWN_SIZE_MAX];
    BS_ASSERT(table->descriptor->sizeof_message <= sizeof(storage));
    table->descriptor->message_init((ProtobufCMessage *)storage);
    return visit_known(v, table, (ProtobufCMessage *)storage, place);
}

enum bs_code rpc_message_visit(const struct rpc_message *table, const ProtobufCMessage *message,
                               unsigned json_flags, const struct rpc_visitor *visitor, void *self,
                               struct bs_error *error)
{
    struct visit v = {
        .visitor = visitor,
        .self = self,
        .flags = json_flags,
        .error = error,
    };
    return visit_message(&v, table, message, NULL);
}

enum bs_code rpc_message_visit_field(const struct rpc_message *table,
                                     const ProtobufCMessage *message, unsigned field_idx,
                                     unsigned json_flags, const struct rpc_visitor *visitor,
                                     void *self, struct bs_error *error)
{
    struct visit v = {
        .visitor = visitor,
        .self = self,
        .flags = json_flags,
        .error = error,
    };
    struct rpc_place place = {.name = table->fields[field_idx].json_name, .idx = -1};
    return visit_field_value(&v, table, message, field_idx, &place);
}
