/*
 * One value as it came (a JSON scalar, an EDN value, the text of a parameter) to one field's
 * memory, by the rules of proto3 JSON. Whole numbers go by decimal arithmetic, never through a
 * double.
 */

#include <math.h>

#include "rpc/build_internal.h"

/* ---- What is expected ---- */

static const char *expected_of_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return "a whole number from -2147483648 to 2147483647";
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return "a whole number from 0 to 4294967295";
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return "a whole number from -9223372036854775808 to 9223372036854775807";
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return "a whole number from 0 to 18446744073709551615";
    case PROTOBUF_C_TYPE_FLOAT:
        return "a number up to 3.4028235e38";
    case PROTOBUF_C_TYPE_DOUBLE:
        return "a number up to 1.7976931348623157e308";
    case PROTOBUF_C_TYPE_BOOL:
        return "true or false";
    case PROTOBUF_C_TYPE_STRING:
        return "a string";
    case PROTOBUF_C_TYPE_BYTES:
        return "base64 text";
    case PROTOBUF_C_TYPE_ENUM:
        return "an enum's name or number";
    default:
        return "an object";
    }
}

const char *rpc_expected_of_message(const struct rpc_message *table)
{
    switch (table->well_known) {
    case RPC_TIMESTAMP:
        return "RFC 3339 time";
    case RPC_DURATION:
        return "a duration in seconds such as \"1.5s\"";
    case RPC_FIELD_MASK:
        return "a field mask such as \"name,startsAt\"";
    case RPC_WRAPPER:
        return expected_of_type(table->descriptor->fields[0].type);
    case RPC_LIST_VALUE:
        return "a list";
    case RPC_VALUE:
        return "a JSON value";
    default:
        return "an object";
    }
}

const char *rpc_expected_of(const struct rpc_message *table, unsigned field_idx)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return rpc_expected_of_message(table->fields[field_idx].message);
    return expected_of_type(field->type);
}

bool rpc_takes_null(const struct rpc_message *table, unsigned field_idx)
{
    const struct rpc_message *type = table->fields[field_idx].message;
    return type ? type->well_known == RPC_VALUE
                : rpc_enum_is_null_value(&table->descriptor->fields[field_idx]);
}

/* ---- Scalars ---- */

struct conversion {
    struct rpc_builder *builder;
    const ProtobufCFieldDescriptor *field;
    const struct rpc_token *token;
    struct bs_error *error;
};

static enum bs_code unexpected(const struct conversion *c)
{
    return rpc_builder_expected(c->builder, expected_of_type(c->field->type), c->token, c->error);
}

/* The token's number as text, a number by RFC 8259; false when it is none. */
static bool number_text(const struct rpc_token *token, char storage[BS_DOUBLE_TEXT_SIZE],
                        struct bs_str *ret_text)
{
    switch (token->kind) {
    case RPC_TOKEN_NUMBER:
        *ret_text = token->text;
        return true;
    case RPC_TOKEN_STRING:
    case RPC_TOKEN_TEXT:
        *ret_text = token->text;
        return rpc_number_is_whole(token->text);
    case RPC_TOKEN_DOUBLE:
        *ret_text = bs_str_make(storage, bs_double_format(token->number, storage));
        return isfinite(token->number);
    default:
        return false;
    }
}

static enum bs_code convert_integer(const struct conversion *c, bool is_signed, unsigned bits,
                                    void *place)
{
    char storage[BS_DOUBLE_TEXT_SIZE];
    struct bs_str text;
    bool negative;
    uint64_t magnitude;
    if (!number_text(c->token, storage, &text) ||
        rpc_parse_integer(text, &negative, &magnitude) != RPC_INTEGER_OK)
        return unexpected(c);
    uint64_t max = UINT64_MAX >> (64 - bits);
    if (is_signed)
        max = negative ? max / 2 + 1 : max / 2;
    else if (negative)
        max = 0;
    if (magnitude > max)
        return unexpected(c);
    uint64_t value = negative ? 0 - magnitude : magnitude;
    uint32_t low = (uint32_t)value;
    memcpy(place, bits == 64 ? (const void *)&value : (const void *)&low, bits / 8);
    return BS_OK;
}

static bool special_double(struct bs_str text, double *ret_value)
{
    if (bs_str_equals(text, "NaN"))
        *ret_value = (double)NAN;
    else if (bs_str_equals(text, "Infinity"))
        *ret_value = (double)INFINITY;
    else if (bs_str_equals(text, "-Infinity"))
        *ret_value = -(double)INFINITY;
    else
        return false;
    return true;
}

static bool parse_double(const struct rpc_token *token, double *ret_value)
{
    if (token->kind == RPC_TOKEN_DOUBLE) {
        *ret_value = token->number;
        return true;
    }
    bool is_text = token->kind == RPC_TOKEN_STRING || token->kind == RPC_TOKEN_TEXT;
    if (is_text && special_double(token->text, ret_value))
        return true;
    if (token->kind != RPC_TOKEN_NUMBER && !(is_text && rpc_number_is_whole(token->text)))
        return false;
    return bs_str_parse_double(token->text, ret_value);
}

static enum bs_code convert_double(const struct conversion *c, void *place)
{
    double value;
    if (!parse_double(c->token, &value))
        return unexpected(c);
    memcpy(place, &value, sizeof(value));
    return BS_OK;
}

static enum bs_code convert_float(const struct conversion *c, void *place)
{
    double value;
    float rounded;
    if (!parse_double(c->token, &value))
        return unexpected(c);
    /* by way of a double it would be rounded twice */
    if (c->token->kind == RPC_TOKEN_DOUBLE || !isfinite(value))
        rounded = (float)value;
    else if (!bs_str_parse_float(c->token->text, &rounded))
        return unexpected(c);
    if (isinf(rounded) && !isinf(value))
        return unexpected(c);
    memcpy(place, &rounded, sizeof(rounded));
    return BS_OK;
}

static enum bs_code convert_bool(const struct conversion *c, void *place)
{
    protobuf_c_boolean value;
    bool is_text = c->token->kind == RPC_TOKEN_TEXT;
    if (c->token->kind == RPC_TOKEN_BOOL)
        value = c->token->boolean;
    else if (is_text && bs_str_equals(c->token->text, "true"))
        value = 1;
    else if (is_text && bs_str_equals(c->token->text, "false"))
        value = 0;
    else
        return unexpected(c);
    memcpy(place, &value, sizeof(value));
    return BS_OK;
}

static enum bs_code convert_string(const struct conversion *c, void *place)
{
    if (c->token->kind != RPC_TOKEN_STRING && c->token->kind != RPC_TOKEN_TEXT)
        return unexpected(c);
    if (bs_str_find_byte(c->token->text, '\0') >= 0)
        return rpc_builder_fail(c->builder, BS_REASON_JSON_FIELD, c->error,
                                "a string may not hold the character U+0000");
    char *copy = rpc_copy_string(c->token->text, c->builder->arena);
    if (!copy)
        return rpc_raise_arena_full(c->builder->arena, c->error);
    memcpy(place, &copy, sizeof(copy));
    return BS_OK;
}

static enum bs_code convert_bytes(const struct conversion *c, void *place)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf decoded = BS_BUF_INIT(0);
    struct bs_str bytes = c->token->text;
    if (c->token->kind == RPC_TOKEN_STRING || c->token->kind == RPC_TOKEN_TEXT) {
        if (!bs_base64_decode(bytes, BS_BASE64_URL | BS_BASE64_OPTIONAL_PAD, &decoded))
            return unexpected(c);
        bytes = bs_buf_str(&decoded);
    } else if (c->token->kind != RPC_TOKEN_BYTES) {
        return unexpected(c);
    }
    ProtobufCBinaryData data = {.len = bytes.len};
    data.data = (uint8_t *)rpc_copy_string(bytes, c->builder->arena);
    if (!data.data)
        return rpc_raise_arena_full(c->builder->arena, c->error);
    memcpy(place, &data, sizeof(data));
    return BS_OK;
}

/* "expected one of RED, GREEN, BLUE, got ..." */
static enum bs_code unknown_enum_name(const struct conversion *c)
{
    const ProtobufCEnumDescriptor *type = (const ProtobufCEnumDescriptor *)c->field->descriptor;
    BS_CLEANUP(bs_buf_fini) struct bs_buf names = BS_BUF_INIT(1024);
    bs_buf_append_cstr(&names, "one of ");
    for (unsigned i = 0; i < type->n_values && i < 12; i++)
        bs_buf_printf(&names, "%s%s", i > 0 ? ", " : "", type->values[i].name);
    if (type->n_values > 12)
        bs_buf_append_cstr(&names, ", ...");
    return rpc_builder_expected(c->builder, bs_buf_cstr(&names), c->token, c->error);
}

static enum bs_code convert_enum(const struct conversion *c, void *place)
{
    const ProtobufCEnumDescriptor *type = (const ProtobufCEnumDescriptor *)c->field->descriptor;
    const struct rpc_token *token = c->token;
    int32_t number = 0;
    if (token->kind == RPC_TOKEN_NULL && rpc_enum_is_null_value(c->field)) {
        memcpy(place, &number, sizeof(number));
        return BS_OK;
    }
    if (token->kind == RPC_TOKEN_NUMBER || token->kind == RPC_TOKEN_DOUBLE ||
        (token->kind == RPC_TOKEN_TEXT && rpc_number_is_whole(token->text)))
        return convert_integer(c, true, 32, place);
    if (token->kind != RPC_TOKEN_STRING && token->kind != RPC_TOKEN_TEXT)
        return unexpected(c);
    const ProtobufCEnumValue *value = rpc_enum_find(type, token->text);
    if (!value && c->builder->flags & RPC_JSON_IGNORE_UNKNOWN) {
        c->builder->is_dropped = true;
        return BS_OK;
    }
    if (!value)
        return unknown_enum_name(c);
    number = value->value;
    memcpy(place, &number, sizeof(number));
    return BS_OK;
}

static enum bs_code convert_scalar(const struct conversion *c, void *place)
{
    switch (c->field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return convert_integer(c, true, 32, place);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return convert_integer(c, false, 32, place);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return convert_integer(c, true, 64, place);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return convert_integer(c, false, 64, place);
    case PROTOBUF_C_TYPE_FLOAT:
        return convert_float(c, place);
    case PROTOBUF_C_TYPE_DOUBLE:
        return convert_double(c, place);
    case PROTOBUF_C_TYPE_BOOL:
        return convert_bool(c, place);
    case PROTOBUF_C_TYPE_ENUM:
        return convert_enum(c, place);
    case PROTOBUF_C_TYPE_STRING:
        return convert_string(c, place);
    case PROTOBUF_C_TYPE_BYTES:
        return convert_bytes(c, place);
    default:
        BS_UNREACHABLE();
    }
}

enum bs_code rpc_convert(struct rpc_builder *builder, const struct rpc_message *table,
                         unsigned field_idx, const struct rpc_token *token, void *place,
                         struct bs_error *error)
{
    const ProtobufCFieldDescriptor *field = &table->descriptor->fields[field_idx];
    struct conversion conversion = {
        .builder = builder,
        .field = field,
        .token = token,
        .error = error,
    };
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return convert_scalar(&conversion, place);
    const struct rpc_message *type = table->fields[field_idx].message;
    ProtobufCMessage *message = rpc_message_new(type, builder->arena);
    if (!message)
        return rpc_raise_arena_full(builder->arena, error);
    memcpy(place, &message, sizeof(message));
    return rpc_convert_known(builder, type, message, token, error);
}
