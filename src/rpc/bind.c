/*
 * Fields set from the text of path and query parameters: the names' path is followed, messages on
 * the way are made, and the text is taken as JSON would take it without quotes.
 */

#include "rpc/build_internal.h"

/* Where a path of names leads. */
struct target {
    const struct rpc_message *table;
    ProtobufCMessage *message;
    unsigned field_idx;
};

struct binding {
    struct bs_str path;
    struct bs_str text;
    struct bs_arena *arena;
    struct bs_error *error;
};

static enum bs_code refuse(const struct binding *b, const char *format, ...) BS_PRINTF(2, 3);

static enum bs_code refuse(const struct binding *b, const char *format, ...)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(4096);
    va_list args;
    va_start(args, format);
    bs_buf_vprintf(&text, format, args);
    va_end(args);
    enum bs_code code = bs_error_set(b->error, BS_REASON_JSON_FIELD, "%.*s: %s",
                                     BS_STR_ARGS(b->path), bs_buf_cstr(&text));
    bs_error_add_text(b->error, "path", b->path);
    return code;
}

static enum bs_code unknown_name(const struct binding *b, const struct rpc_message *table,
                                 struct bs_str name)
{
    struct rpc_builder builder;
    struct bs_error error = BS_ERROR_INIT;
    rpc_builder_init(&builder, table, NULL, 0, b->arena);
    (void)rpc_builder_unknown_field(&builder, table, name, &error);
    return refuse(b, "%s", error.message);
}

static enum bs_code check_oneof(const struct binding *b, const struct target *target)
{
    const ProtobufCMessageDescriptor *type = target->table->descriptor;
    const ProtobufCFieldDescriptor *field = &type->fields[target->field_idx];
    if (!rpc_field_is_oneof(field))
        return BS_OK;
    uint32_t set = rpc_oneof_case(field, target->message);
    for (unsigned i = 0; set != field->id && i < type->n_fields; i++) {
        if (set != 0 && type->fields[i].id == set)
            return refuse(b, "only one of %s and %s may be set", target->table->fields[i].json_name,
                          target->table->fields[target->field_idx].json_name);
    }
    return BS_OK;
}

/* From a message to the one that its field `target` names, made where it is unset. */
static enum bs_code step_down(const struct binding *b, struct target *target)
{
    const ProtobufCFieldDescriptor *field = &target->table->descriptor->fields[target->field_idx];
    const struct rpc_message *type = target->table->fields[target->field_idx].message;
    const char *name = target->table->fields[target->field_idx].json_name;
    if (!type || rpc_field_is_repeated(field) || type->well_known != RPC_PLAIN)
        return refuse(b, "%s has no fields that a parameter could name", name);
    BS_TRY(check_oneof(b, target));
    ProtobufCMessage *message = NULL;
    void *place = rpc_field_place(field, target->message);
    if (rpc_field_is_set(field, target->message))
        memcpy(&message, place, sizeof(message));
    if (!message) {
        message = rpc_message_new(type, b->arena);
        if (!message)
            return rpc_raise_arena_full(b->arena, b->error);
        memcpy(place, &message, sizeof(message));
        rpc_field_mark_set(field, target->message);
    }
    target->table = type;
    target->message = message;
    return BS_OK;
}

static enum bs_code find_target(const struct binding *b, struct target *target)
{
    struct bs_str rest = b->path;
    struct bs_str name;
    bool is_first = true;
    while (bs_str_split(&rest, '.', &name)) {
        if (!is_first)
            BS_TRY(step_down(b, target));
        is_first = false;
        int idx = rpc_message_find_field(target->table, name);
        if (idx < 0)
            return unknown_name(b, target->table, name);
        target->field_idx = (unsigned)idx;
    }
    return BS_OK;
}

static enum bs_code check_kind(const struct binding *b, const struct target *target)
{
    const ProtobufCFieldDescriptor *field = &target->table->descriptor->fields[target->field_idx];
    const struct rpc_field *extra = &target->table->fields[target->field_idx];
    if (extra->is_map)
        return refuse(b, "a map can't be set by a parameter");
    if (!extra->message)
        return BS_OK;
    switch (extra->message->well_known) {
    case RPC_TIMESTAMP:
    case RPC_DURATION:
    case RPC_FIELD_MASK:
    case RPC_WRAPPER:
        return BS_OK;
    case RPC_PLAIN:
        if (!rpc_field_is_repeated(field))
            return refuse(
                b, "names a message; name one of its fields (%.*s.%s)", BS_STR_ARGS(b->path),
                extra->message->descriptor->n_fields > 0 ? extra->message->fields[0].json_name
                                                         : "...");
        return refuse(b, "a list of messages can't be set by a parameter");
    default:
        return refuse(b, "%s can't be set by a parameter", extra->message->full_name);
    }
}

/* Whether two messages of a well-known type that parameters set are the same. */
static bool messages_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    const ProtobufCMessageDescriptor *type = a->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        size_t count = 1;
        if (rpc_field_is_repeated(field)) {
            count = rpc_list_count(field, a);
            if (count != rpc_list_count(field, b))
                return false;
        }
        for (size_t j = 0; j < count; j++) {
            const void *left = rpc_field_at(field, a);
            const void *right = rpc_field_at(field, b);
            if (rpc_field_is_repeated(field)) {
                left = rpc_list_at(field, a, j);
                right = rpc_list_at(field, b, j);
            }
            if (!rpc_value_equal(field->type, left, right))
                return false;
        }
    }
    return true;
}

static bool values_equal(ProtobufCType type, const void *a, const void *b)
{
    if (type != PROTOBUF_C_TYPE_MESSAGE)
        return rpc_value_equal(type, a, b);
    return messages_equal(rpc_load_message(a), rpc_load_message(b));
}

static enum bs_code convert(const struct binding *b, const struct target *target, void *place)
{
    struct rpc_token token = {.kind = RPC_TOKEN_TEXT, .text = b->text};
    struct rpc_builder builder;
    struct bs_error error = BS_ERROR_INIT;
    rpc_builder_init(&builder, target->table, NULL, 0, b->arena);
    enum bs_code code =
        rpc_convert(&builder, target->table, target->field_idx, &token, place, &error);
    if (code == BS_OK)
        return BS_OK;
    return error.reason == BS_REASON_JSON_FIELD
               ? refuse(b, "%s", error.message)
               : bs_error_set(b->error, error.reason, "%s", error.message);
}

static enum bs_code set_value(const struct binding *b, const struct target *target)
{
    const ProtobufCFieldDescriptor *field = &target->table->descriptor->fields[target->field_idx];
    BS_ALIGNED(16) char value[sizeof(ProtobufCBinaryData)] = {0};
    BS_TRY(convert(b, target, value));
    void *place = NULL;
    if (rpc_field_is_repeated(field)) {
        place = rpc_list_append(field, target->message, 1, b->arena);
        if (!place)
            return rpc_raise_arena_full(b->arena, b->error);
    } else {
        BS_TRY(check_oneof(b, target));
        place = rpc_field_place(field, target->message);
        if (rpc_field_is_set(field, target->message) && !values_equal(field->type, place, value))
            return refuse(b, "is set to another value already");
        rpc_field_mark_set(field, target->message);
    }
    memcpy(place, value, rpc_value_size(field->type));
    return BS_OK;
}

enum bs_code rpc_message_set_text(const struct rpc_message *table, ProtobufCMessage *message,
                                  struct bs_str path, struct bs_str text, struct bs_arena *arena,
                                  struct bs_error *error)
{
    struct binding binding = {.path = path, .text = text, .arena = arena, .error = error};
    struct target target = {.table = table, .message = message};
    if (!bs_utf8_is_valid(text))
        return refuse(&binding, "the text is not UTF-8");
    BS_TRY(find_target(&binding, &target));
    BS_TRY(check_kind(&binding, &target));
    return set_value(&binding, &target);
}

bool rpc_message_resolve_path(const struct rpc_message *table, struct bs_str path,
                              struct bs_buf *ret_original, bool *ret_is_list)
{
    struct bs_str name;
    size_t start = ret_original->len;
    while (table && bs_str_split(&path, '.', &name)) {
        int idx = rpc_message_find_field(table, name);
        if (idx < 0)
            return false;
        if (ret_original->len > start)
            bs_buf_append_byte(ret_original, '.');
        bs_buf_append_cstr(ret_original, table->descriptor->fields[idx].name);
        *ret_is_list = rpc_field_is_repeated(&table->descriptor->fields[idx]);
        table = table->fields[idx].message;
    }
    return !bs_str_split(&path, '.', &name);
}
