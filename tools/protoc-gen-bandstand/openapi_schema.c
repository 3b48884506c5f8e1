/* What proto3 JSON makes of types, and what JSON Schema has for our rules. */

#include "openapi_schema.h"

#include "emit.h"

static void type_and_format(struct json *json, const char *type, const char *format)
{
    json_string(json, "type", type);
    if (format)
        json_string(json, "format", format);
}

static void scalar_members(struct json *json, const struct gen_field *field)
{
    switch (field->proto->type) {
    case GEN_TYPE(DOUBLE):
        type_and_format(json, "number", "double");
        break;
    case GEN_TYPE(FLOAT):
        type_and_format(json, "number", "float");
        break;
    case GEN_TYPE(INT64):
    case GEN_TYPE(SINT64):
    case GEN_TYPE(SFIXED64):
        type_and_format(json, "string", "int64");
        break;
    case GEN_TYPE(UINT64):
    case GEN_TYPE(FIXED64):
        type_and_format(json, "string", "uint64");
        break;
    case GEN_TYPE(INT32):
    case GEN_TYPE(SINT32):
    case GEN_TYPE(SFIXED32):
        type_and_format(json, "integer", "int32");
        break;
    case GEN_TYPE(UINT32):
    case GEN_TYPE(FIXED32):
        type_and_format(json, "integer", "int64");
        json_raw(json, "minimum", "0");
        break;
    case GEN_TYPE(BOOL):
        type_and_format(json, "boolean", NULL);
        break;
    case GEN_TYPE(BYTES):
        type_and_format(json, "string", "byte");
        break;
    default:
        type_and_format(json, "string", NULL);
        break;
    }
}

static void enum_members(struct json *json, const struct gen_enum *enumeration)
{
    json_string(json, "type", "string");
    json_begin(json, "enum", '[');
    for (size_t i = 0; i < enumeration->proto->n_value; i++)
        json_string(json, NULL, enumeration->proto->value[i]->name);
    json_end(json, ']');
}

static void well_known_members(struct json *json, const struct gen_message *message)
{
    const char *kind = message->well_known;
    if (strcmp(kind, "RPC_TIMESTAMP") == 0)
        type_and_format(json, "string", "date-time");
    else if (strcmp(kind, "RPC_DURATION") == 0)
        type_and_format(json, "string", "duration-seconds");
    else if (strcmp(kind, "RPC_FIELD_MASK") == 0)
        type_and_format(json, "string", "field-mask");
    else if (strcmp(kind, "RPC_WRAPPER") == 0) {
        scalar_members(json, &message->fields[0]);
        json_raw(json, "nullable", "true");
    } else if (strcmp(kind, "RPC_LIST_VALUE") == 0) {
        json_string(json, "type", "array");
        json_begin(json, "items", '{');
        json_end(json, '}');
    } else if (strcmp(kind, "RPC_VALUE") != 0) {
        json_string(json, "type", "object");
    }
}

void openapi_message_ref(struct json *json, const char *key, const struct gen_message *message)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf ref = BS_BUF_INIT(0);
    json_begin(json, key, '{');
    if (message->well_known) {
        well_known_members(json, message);
    } else {
        bs_buf_printf(&ref, "#/components/schemas/%s", message->full_name);
        json_string(json, "$ref", bs_buf_cstr(&ref));
    }
    json_end(json, '}');
}

static void number_rule(struct json *json, bool given, const char *key, double value)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    if (!given)
        return;
    gen_append_double(&text, value);
    json_raw(json, key, bs_buf_cstr(&text));
}

static void integer_rule(struct json *json, bool given, const char *key, int64_t value)
{
    char text[32];
    if (!given)
        return;
    snprintf(text, sizeof(text), "%lld", (long long)value);
    json_raw(json, key, text);
}

/* Rules of numbers that travel as strings (64 bits) have no words in JSON Schema. */
static bool is_json_string(const struct gen_field *field)
{
    switch (field->proto->type) {
    case GEN_TYPE(INT64):
    case GEN_TYPE(UINT64):
    case GEN_TYPE(SINT64):
    case GEN_TYPE(FIXED64):
    case GEN_TYPE(SFIXED64):
        return true;
    default:
        return false;
    }
}

static void text_rules(struct json *json, const Rpc__V1__FieldRules *rules)
{
    static const char *const formats[] = {NULL, "email", "slug", "hex24", "uuid", "uri"};
    integer_rule(json, rules->has_min_len, "minLength", rules->min_len);
    integer_rule(json, rules->has_max_len, "maxLength", rules->max_len);
    if (rules->pattern)
        json_string(json, "pattern", rules->pattern);
    if (rules->has_format)
        json_string(json, "format", formats[rules->format]);
    if (rules->n_in > 0) {
        json_begin(json, "enum", '[');
        for (size_t i = 0; i < rules->n_in; i++)
            json_string(json, NULL, rules->in[i]);
        json_end(json, ']');
    }
}

static void value_rules(struct json *json, const struct gen_field *field,
                        const Rpc__V1__FieldRules *rules)
{
    text_rules(json, rules);
    number_rule(json, rules->has_number_ge, "minimum", rules->number_ge);
    number_rule(json, rules->has_number_le, "maximum", rules->number_le);
    number_rule(json, rules->has_number_gt, "minimum", rules->number_gt);
    number_rule(json, rules->has_number_lt, "maximum", rules->number_lt);
    if (!is_json_string(field)) {
        /* an unsigned field has its 0 as minimum already */
        bool is_unsigned =
            field->proto->type == GEN_TYPE(UINT32) || field->proto->type == GEN_TYPE(FIXED32);
        integer_rule(json, rules->has_ge && !is_unsigned, "minimum", rules->ge);
        integer_rule(json, rules->has_le, "maximum", rules->le);
        integer_rule(json, rules->has_gt && !is_unsigned, "minimum", rules->gt);
        integer_rule(json, rules->has_lt, "maximum", rules->lt);
    }
    if (rules->has_gt || rules->has_number_gt)
        json_raw(json, "exclusiveMinimum", "true");
    if (rules->has_lt || rules->has_number_lt)
        json_raw(json, "exclusiveMaximum", "true");
}

static void value_members(struct json *json, const struct gen_field *field,
                          const Rpc__V1__FieldRules *rules)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf ref = BS_BUF_INIT(0);
    if (field->message && field->message->well_known) {
        well_known_members(json, field->message);
    } else if (field->message) {
        bs_buf_printf(&ref, "#/components/schemas/%s", field->message->full_name);
        json_string(json, "$ref", bs_buf_cstr(&ref));
        return;
    } else if (field->enumeration) {
        enum_members(json, field->enumeration);
    } else {
        scalar_members(json, field);
    }
    if (rules)
        value_rules(json, field, rules);
}

void openapi_value(struct json *json, const char *key, const struct gen_field *field)
{
    json_begin(json, key, '{');
    value_members(json, field, field->rules);
    json_end(json, '}');
}

/* Nothing may stand beside a $ref in OpenAPI 3.0. */
static bool is_plain_reference(const struct gen_field *field)
{
    return field->message && !field->message->well_known && !field->is_repeated;
}

void openapi_field(struct gen *gen, struct json *json, const char *key,
                   const struct gen_field *field)
{
    const Rpc__V1__FieldRules *rules = field->rules;
    const char *comment = gen_comment(gen, &field->path);
    json_begin(json, key, '{');
    if (*comment && !is_plain_reference(field))
        json_string(json, "description", comment);
    if (field->is_map) {
        json_string(json, "type", "object");
        integer_rule(json, rules && rules->has_min_items, "minProperties",
                     rules ? rules->min_items : 0);
        integer_rule(json, rules && rules->has_max_items, "maxProperties",
                     rules ? rules->max_items : 0);
        json_begin(json, "additionalProperties", '{');
        value_members(json, &field->message->fields[1], rules);
        json_end(json, '}');
    } else if (field->is_repeated) {
        json_string(json, "type", "array");
        integer_rule(json, rules && rules->has_min_items, "minItems", rules ? rules->min_items : 0);
        integer_rule(json, rules && rules->has_max_items, "maxItems", rules ? rules->max_items : 0);
        json_begin(json, "items", '{');
        value_members(json, field, rules);
        json_end(json, '}');
    } else {
        value_members(json, field, rules);
    }
    json_end(json, '}');
}

void openapi_message(struct gen *gen, struct json *json, const char *key,
                     const struct gen_message *message,
                     bool (*skip)(const void *self, const struct gen_field *field),
                     const void *self)
{
    const char *comment = gen_comment(gen, &message->path);
    bool any_required = false;
    json_begin(json, key, '{');
    json_string(json, "type", "object");
    if (*comment)
        json_string(json, "description", comment);
    json_begin(json, "properties", '{');
    for (size_t i = 0; i < message->fields_count; i++) {
        const struct gen_field *field = &message->fields[i];
        if (skip && skip(self, field))
            continue;
        any_required |= field->rules && field->rules->required;
        openapi_field(gen, json, field->proto->json_name, field);
    }
    json_end(json, '}');
    if (any_required) {
        json_begin(json, "required", '[');
        for (size_t i = 0; i < message->fields_count; i++) {
            const struct gen_field *field = &message->fields[i];
            if (field->rules && field->rules->required && !(skip && skip(self, field)))
                json_string(json, NULL, field->proto->json_name);
        }
        json_end(json, ']');
    }
    json_end(json, '}');
}
