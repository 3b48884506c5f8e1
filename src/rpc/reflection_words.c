/* Tables in words: what the reflection service answers, and `bandstand call --describe` prints. */

#include "rpc/reflection_internal.h"

#include "base/buf.h"
#include "rpc/validate.h"

static char *dup_text(struct bs_arena *arena, const char *text)
{
    return bs_arena_dup_cstr(arena, bs_str_from(text));
}

/* "public", "signed_in", "campaign campaign_id owner|editor" */
static char *describe_access(const struct rpc_access *access, struct bs_arena *arena)
{
    struct bs_buf BS_CLEANUP(bs_buf_fini) text = BS_BUF_INIT(0);
    if (access->kind == RPC_ACCESS_PUBLIC)
        return dup_text(arena, "public");
    if (access->kind == RPC_ACCESS_SIGNED_IN)
        return dup_text(arena, "signed_in");
    bs_buf_printf(&text, "%s %s", access->resource, access->field);
    for (size_t i = 0; access->roles && access->roles[i]; i++)
        bs_buf_printf(&text, "%c%s", i == 0 ? ' ' : '|', access->roles[i]);
    return bs_arena_dup_cstr(arena, bs_buf_str(&text));
}

static Rpc__V1__HttpDescription *describe_http(const struct rpc_http_rule *rule,
                                               struct bs_arena *arena)
{
    Rpc__V1__HttpDescription *http = bs_arena_new_item(arena, Rpc__V1__HttpDescription);
    rpc__v1__http_description__init(http);
    http->verb = dup_text(arena, rule->verb);
    http->path = dup_text(arena, rule->path);
    http->body = dup_text(arena, rule->body);
    return http;
}

Rpc__V1__MethodDescription *rpc_describe_method(const struct rpc_method *method, bool deep,
                                                struct bs_arena *arena)
{
    Rpc__V1__MethodDescription *to = bs_arena_new_item(arena, Rpc__V1__MethodDescription);
    rpc__v1__method_description__init(to);
    to->name = dup_text(arena, method->full_name);
    to->request_type = dup_text(arena, method->request->full_name);
    to->response_type = dup_text(arena, method->response->full_name);
    to->client_streaming = (method->kind & RPC_CLIENT_STREAM) != 0;
    to->server_streaming = (method->kind & RPC_SERVER_STREAM) != 0;
    to->access = describe_access(&method->access, arena);
    to->reading = method->idempotency == RPC_NO_SIDE_EFFECTS;
    to->deadline_ms = method->deadline_ms;
    to->http = bs_arena_new_array(arena, method->http_count, Rpc__V1__HttpDescription *);
    for (size_t i = 0; i < method->http_count; i++)
        to->http[to->n_http++] = describe_http(&method->http[i], arena);
    if (deep) {
        to->request = rpc_describe_message(method->request, arena);
        to->response = rpc_describe_message(method->response, arena);
    }
    return to;
}

Rpc__V1__ServiceDescription *rpc_describe_service(const struct rpc_service *service,
                                                  struct bs_arena *arena)
{
    Rpc__V1__ServiceDescription *to = bs_arena_new_item(arena, Rpc__V1__ServiceDescription);
    rpc__v1__service_description__init(to);
    to->name = dup_text(arena, service->full_name);
    to->methods = bs_arena_new_array(arena, service->methods_count, Rpc__V1__MethodDescription *);
    for (size_t i = 0; i < service->methods_count; i++)
        to->methods[to->n_methods++] = rpc_describe_method(&service->methods[i], false, arena);
    return to;
}

static const char *scalar_name(ProtobufCType type)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };
    BS_ASSERT((size_t)type < BS_ARRAY_COUNT(names) && names[type]);
    return names[type];
}

static const char *type_name(const ProtobufCFieldDescriptor *descriptor,
                             const struct rpc_field *field)
{
    if (descriptor->type == PROTOBUF_C_TYPE_MESSAGE)
        return field->message->full_name;
    if (descriptor->type == PROTOBUF_C_TYPE_ENUM)
        return ((const ProtobufCEnumDescriptor *)descriptor->descriptor)->name;
    return scalar_name(descriptor->type);
}

/* A map's type is "map<string, bandstand.v1.Concert>". */
static char *describe_type(const ProtobufCFieldDescriptor *descriptor,
                           const struct rpc_field *field, struct bs_arena *arena)
{
    if (!field->is_map)
        return dup_text(arena, type_name(descriptor, field));
    const struct rpc_message *entry = field->message;
    struct bs_str text = bs_arena_printf(
        arena, "map<%s, %s>", type_name(&entry->descriptor->fields[0], &entry->fields[0]),
        type_name(&entry->descriptor->fields[1], &entry->fields[1]));
    return bs_arena_dup_cstr(arena, text);
}

static const char *label_of(const ProtobufCFieldDescriptor *descriptor,
                            const struct rpc_field *field)
{
    if (field->is_map)
        return "map";
    if (descriptor->label == PROTOBUF_C_LABEL_REPEATED)
        return "repeated";
    return descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? "oneof" : "";
}

static char *describe_rules(const struct rpc_rules *rules, struct bs_arena *arena)
{
    struct bs_buf BS_CLEANUP(bs_buf_fini) text = BS_BUF_INIT(0);
    if (rules)
        rpc_rules_describe(rules, &text);
    return bs_arena_dup_cstr(arena, bs_buf_str(&text));
}

static Rpc__V1__FieldDescription *describe_field(const ProtobufCFieldDescriptor *descriptor,
                                                 const struct rpc_field *field,
                                                 struct bs_arena *arena)
{
    Rpc__V1__FieldDescription *to = bs_arena_new_item(arena, Rpc__V1__FieldDescription);
    rpc__v1__field_description__init(to);
    to->name = dup_text(arena, descriptor->name);
    to->json_name = dup_text(arena, field->json_name);
    to->number = (int32_t)descriptor->id;
    to->type = describe_type(descriptor, field, arena);
    to->label = dup_text(arena, label_of(descriptor, field));
    to->rules = describe_rules(field->rules, arena);
    if (descriptor->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *values = descriptor->descriptor;
        to->values = bs_arena_new_array(arena, values->n_values, char *);
        for (unsigned i = 0; i < values->n_values; i++)
            to->values[to->n_values++] = dup_text(arena, values->values[i].name);
    }
    return to;
}

Rpc__V1__MessageDescription *rpc_describe_message(const struct rpc_message *table,
                                                  struct bs_arena *arena)
{
    Rpc__V1__MessageDescription *to = bs_arena_new_item(arena, Rpc__V1__MessageDescription);
    rpc__v1__message_description__init(to);
    to->name = dup_text(arena, table->full_name);
    to->fields =
        bs_arena_new_array(arena, table->descriptor->n_fields, Rpc__V1__FieldDescription *);
    for (unsigned i = 0; i < table->descriptor->n_fields; i++)
        to->fields[to->n_fields++] =
            describe_field(&table->descriptor->fields[i], &table->fields[i], arena);
    return to;
}

Rpc__V1__EnumDescription *rpc_describe_enum(const ProtobufCEnumDescriptor *descriptor,
                                            struct bs_arena *arena)
{
    Rpc__V1__EnumDescription *to = bs_arena_new_item(arena, Rpc__V1__EnumDescription);
    rpc__v1__enum_description__init(to);
    to->name = dup_text(arena, descriptor->name);
    to->values = bs_arena_new_array(arena, descriptor->n_values, Rpc__V1__EnumValueDescription *);
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        Rpc__V1__EnumValueDescription *value =
            bs_arena_new_item(arena, Rpc__V1__EnumValueDescription);
        rpc__v1__enum_value_description__init(value);
        value->name = dup_text(arena, descriptor->values[i].name);
        value->number = descriptor->values[i].value;
        to->values[to->n_values++] = value;
    }
    return to;
}
