/* Reading the generated tables. They are right by construction: what breaks them is a bug. */

#include "rpc/rpc.h"

enum bs_code rpc_unimplemented(const char *full_name, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_RPC_UNKNOWN_METHOD, "%s: not implemented by this server",
                        full_name);
}

const struct rpc_method *rpc_service_find_method(const struct rpc_service *service,
                                                 struct bs_str name)
{
    for (size_t i = 0; i < service->methods_count; i++) {
        if (bs_str_equals(name, service->methods[i].name))
            return &service->methods[i];
    }
    return NULL;
}

/* Index of the field with this original name; it exists. */
static unsigned field_named(const struct rpc_message *table, struct bs_str name)
{
    for (unsigned i = 0; i < table->descriptor->n_fields; i++) {
        if (bs_str_equals(name, table->descriptor->fields[i].name))
            return i;
    }
    BS_UNREACHABLE();
}

/* Whether a oneof member is the one that is set; other fields always are. */
static bool field_is_current(const ProtobufCFieldDescriptor *field, const char *message)
{
    uint32_t current;
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return true;
    memcpy(&current, message + field->quantifier_offset, sizeof(current));
    return current == field->id;
}

struct bs_str rpc_message_string_at(const struct rpc_message *table,
                                    const ProtobufCMessage *message, const char *path)
{
    struct bs_str rest = bs_str_from(path), name;
    while (bs_str_split(&rest, '.', &name)) {
        unsigned idx = field_named(table, name);
        const ProtobufCFieldDescriptor *field = &table->descriptor->fields[idx];
        const void *value;
        BS_ASSERT(field->label != PROTOBUF_C_LABEL_REPEATED);
        if (!field_is_current(field, (const char *)message))
            return BS_STR_EMPTY;
        memcpy(&value, (const char *)message + field->offset, sizeof(value));
        if (field->type == PROTOBUF_C_TYPE_STRING)
            return bs_str_from((const char *)value);
        BS_ASSERT(field->type == PROTOBUF_C_TYPE_MESSAGE);
        if (!value)
            return BS_STR_EMPTY;
        message = (const ProtobufCMessage *)value;
        table = table->fields[idx].message;
    }
    BS_UNREACHABLE();
}
