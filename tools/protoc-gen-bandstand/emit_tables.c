/* The constants of src/rpc/table.h: rules, fields, messages, methods, services, the file. */

#include "emit.h"

void gen_emit_table_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    (void)gen;
    bs_buf_printf(out, "extern BS_API const struct rpc_file %s_file;\n", file->c_stem);
    for (size_t i = 0; file->is_proto3 && i < file->messages_count; i++)
        bs_buf_printf(out, "extern BS_API const struct rpc_message %s__table;\n",
                      file->messages[i]->c_lower);
    for (size_t i = 0; i < file->services_count; i++)
        bs_buf_printf(out, "extern BS_API const struct rpc_service %s__table;\n",
                      file->services[i].c_lower);
}

static void emit_strings(struct bs_buf *out, const char *name, char **texts, size_t count)
{
    bs_buf_printf(out, "static const char *const %s[] = {", name);
    for (size_t i = 0; i < count; i++) {
        gen_append_c_string(out, texts[i]);
        bs_buf_append_cstr(out, ", ");
    }
    bs_buf_append_cstr(out, "NULL};\n");
}

static void integer_rule(struct bs_buf *set, struct bs_buf *values, bool given, const char *rule,
                         const char *member, int64_t value)
{
    if (!given)
        return;
    bs_buf_printf(set, " | RPC_RULE_%s", rule);
    if (value == INT64_MIN) /* has no literal */
        bs_buf_printf(values, "    .%s = INT64_MIN,\n", member);
    else
        bs_buf_printf(values, "    .%s = %lld,\n", member, (long long)value);
}

static void number_rule(struct bs_buf *set, struct bs_buf *values, bool given, const char *rule,
                        const char *member, double value)
{
    if (!given)
        return;
    bs_buf_printf(set, " | RPC_RULE_%s", rule);
    bs_buf_printf(values, "    .%s = ", member);
    gen_append_double(values, value);
    bs_buf_append_cstr(values, ",\n");
}

static void emit_rules(const struct gen_field *field, struct bs_buf *out)
{
    const Rpc__V1__FieldRules *rules = field->rules;
    BS_CLEANUP(bs_buf_fini) struct bs_buf values = BS_BUF_INIT(0), set = BS_BUF_INIT(0);
    const char *name = field->owner->c_lower;
    if (rules->n_in > 0) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf array = BS_BUF_INIT(0);
        bs_buf_printf(&array, "%s__%s__in", name, field->proto->name);
        emit_strings(out, bs_buf_cstr(&array), rules->in, rules->n_in);
        bs_buf_printf(&values, "    .in = %s,\n", bs_buf_cstr(&array));
        bs_buf_append_cstr(&set, " | RPC_RULE_IN");
    }
#define RULE(member, MEMBER, format, ...)                                                          \
    if (rules->has_##member) {                                                                     \
        bs_buf_append_cstr(&set, " | RPC_RULE_" #MEMBER);                                          \
        bs_buf_printf(&values, "    ." #member " = " format ",\n", __VA_ARGS__);                   \
    }
    if (rules->required)
        bs_buf_append_cstr(&set, " | RPC_RULE_REQUIRED");
    if (rules->ignore_empty)
        bs_buf_append_cstr(&set, " | RPC_RULE_IGNORE_EMPTY");
    if (rules->defined_only)
        bs_buf_append_cstr(&set, " | RPC_RULE_DEFINED_ONLY");
    RULE(min_len, MIN_LEN, "%u", rules->min_len)
    RULE(max_len, MAX_LEN, "%u", rules->max_len)
    RULE(min_bytes, MIN_BYTES, "%u", rules->min_bytes)
    RULE(max_bytes, MAX_BYTES, "%u", rules->max_bytes)
    RULE(min_items, MIN_ITEMS, "%u", rules->min_items)
    RULE(max_items, MAX_ITEMS, "%u", rules->max_items)
    RULE(format, FORMAT, "(enum rpc_format)%d", (int)rules->format)
#undef RULE
#define RANGE(prefix, PREFIX, append)                                                              \
    append(&set, &values, rules->has_##prefix##ge, PREFIX "GE", #prefix "ge", rules->prefix##ge);  \
    append(&set, &values, rules->has_##prefix##le, PREFIX "LE", #prefix "le", rules->prefix##le);  \
    append(&set, &values, rules->has_##prefix##gt, PREFIX "GT", #prefix "gt", rules->prefix##gt);  \
    append(&set, &values, rules->has_##prefix##lt, PREFIX "LT", #prefix "lt", rules->prefix##lt);
    RANGE(, "", integer_rule)
    RANGE(number_, "NUMBER_", number_rule)
#undef RANGE
    if (rules->pattern) {
        bs_buf_append_cstr(&set, " | RPC_RULE_PATTERN");
        bs_buf_append_cstr(&values, "    .pattern = ");
        gen_append_c_string(&values, rules->pattern);
        bs_buf_append_cstr(&values, ",\n");
    }
    bs_buf_printf(out, "static const struct rpc_rules %s__%s__rules = {\n    .set = %s,\n%s};\n",
                  name, field->proto->name, set.len > 3 ? bs_buf_cstr(&set) + 3 : "0",
                  bs_buf_cstr(&values));
}

static void emit_field(const struct gen_field *field, struct bs_buf *out)
{
    bs_buf_append_cstr(out, "    {.json_name = ");
    gen_append_c_string(out, field->proto->json_name);
    if (field->is_map)
        bs_buf_append_cstr(out, ", .is_map = true");
    if (field->has_presence)
        bs_buf_append_cstr(out, ", .has_presence = true");
    if (field->message)
        bs_buf_printf(out, ", .message = &%s__table", field->message->c_lower);
    if (field->rules)
        bs_buf_printf(out, ", .rules = &%s__%s__rules", field->owner->c_lower, field->proto->name);
    bs_buf_append_cstr(out, "},\n");
}

static int compare_json_names(const void *a, const void *b)
{
    const struct gen_field *left = *(const struct gen_field *const *)a;
    const struct gen_field *right = *(const struct gen_field *const *)b;
    return strcmp(left->proto->json_name, right->proto->json_name);
}

static void emit_json_order(struct gen *gen, const struct gen_message *message, struct bs_buf *out)
{
    const struct gen_field **sorted =
        bs_arena_new_array(gen->arena, message->fields_count, const struct gen_field *);
    for (size_t i = 0; i < message->fields_count; i++)
        sorted[i] = &message->fields[i];
    qsort(sorted, message->fields_count, sizeof(*sorted), compare_json_names);
    bs_buf_printf(out, "static const uint16_t %s__by_json_name[] = {", message->c_lower);
    for (size_t i = 0; i < message->fields_count; i++)
        bs_buf_printf(out, "%s%zu", i > 0 ? ", " : "", (size_t)(sorted[i] - message->fields));
    bs_buf_append_cstr(out, "};\n");
}

static void emit_message(struct gen *gen, const struct gen_message *message, struct bs_buf *out)
{
    const char *name = message->c_lower;
    bs_buf_append_byte(out, '\n');
    for (size_t i = 0; i < message->fields_count; i++) {
        if (message->fields[i].rules)
            emit_rules(&message->fields[i], out);
    }
    if (message->fields_count > 0) {
        bs_buf_printf(out, "static const struct rpc_field %s__fields[] = {\n", name);
        for (size_t i = 0; i < message->fields_count; i++)
            emit_field(&message->fields[i], out);
        bs_buf_append_cstr(out, "};\n");
        emit_json_order(gen, message, out);
    }
    bs_buf_printf(out,
                  "const struct rpc_message %s__table = {\n"
                  "    .full_name = \"%s\",\n"
                  "    .descriptor = &%s__descriptor,\n",
                  name, message->full_name, name);
    if (message->fields_count > 0)
        bs_buf_printf(out,
                      "    .fields = %s__fields,\n"
                      "    .fields_by_json_name = %s__by_json_name,\n",
                      name, name);
    if (message->well_known)
        bs_buf_printf(out, "    .well_known = %s,\n", message->well_known);
    if (message->is_map_entry)
        bs_buf_append_cstr(out, "    .is_map_entry = true,\n");
    if (message->has_rules)
        bs_buf_append_cstr(out, "    .has_rules = true,\n");
    bs_buf_append_cstr(out, "};\n");
}

static void emit_access(struct gen *gen, const struct gen_method *method, struct bs_buf *out)
{
    const Rpc__V1__Access *access = method->access;
    (void)gen;
    if (access->rule_case != RPC__V1__ACCESS__RULE_RESOURCE) {
        bs_buf_printf(out, "        .access = {.kind = %s},\n",
                      access->rule_case == RPC__V1__ACCESS__RULE_PUBLIC ? "RPC_ACCESS_PUBLIC"
                                                                        : "RPC_ACCESS_SIGNED_IN");
        return;
    }
    bs_buf_append_cstr(out, "        .access = {.kind = RPC_ACCESS_RESOURCE, .resource = ");
    gen_append_c_string(out, access->resource->kind);
    bs_buf_append_cstr(out, ", .field = ");
    gen_append_c_string(out, access->resource->field);
    if (access->resource->n_roles > 0)
        bs_buf_printf(out, ", .roles = %s__%s__roles", method->service->c_lower, method->c_name);
    bs_buf_append_cstr(out, "},\n");
}

static void emit_http(const struct gen_method *method, struct bs_buf *out)
{
    bs_buf_printf(out, "static const struct rpc_http_rule %s__%s__http[] = {\n",
                  method->service->c_lower, method->c_name);
    for (size_t i = 0; i < method->http_count; i++) {
        const struct gen_http *http = &method->http[i];
        bs_buf_printf(out, "    {.verb = \"%s\", .path = ", http->verb);
        gen_append_c_string(out, http->text);
        if (http->body) {
            bs_buf_append_cstr(out, ", .body = ");
            gen_append_c_string(out, http->body);
        }
        if (http->response_body) {
            bs_buf_append_cstr(out, ", .response_body = ");
            gen_append_c_string(out, http->response_body);
        }
        bs_buf_append_cstr(out, "},\n");
    }
    bs_buf_append_cstr(out, "};\n");
}

static const char *kind_of(const struct gen_method *method)
{
    if (method->client_streaming)
        return method->server_streaming ? "RPC_BOTH_STREAM" : "RPC_CLIENT_STREAM";
    return method->server_streaming ? "RPC_SERVER_STREAM" : "RPC_UNARY";
}

static void emit_method(struct gen *gen, const struct gen_method *method, struct bs_buf *out)
{
    const Google__Protobuf__MethodOptions *options = method->proto->options;
    bs_buf_printf(out,
                  "    {\n"
                  "        .name = \"%s\",\n"
                  "        .full_name = \"%s\",\n"
                  "        .service = &%s__table,\n"
                  "        .kind = %s,\n",
                  method->proto->name, method->full_name, method->service->c_lower,
                  kind_of(method));
    if (options && options->idempotency_level != 0)
        bs_buf_printf(out, "        .idempotency = %s,\n",
                      options->idempotency_level ==
                              GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS
                          ? "RPC_NO_SIDE_EFFECTS"
                          : "RPC_IDEMPOTENT");
    bs_buf_printf(out, "        .request = &%s__table,\n        .response = &%s__table,\n",
                  method->request->c_lower, method->response->c_lower);
    emit_access(gen, method, out);
    if (method->http_count > 0)
        bs_buf_printf(out, "        .http = %s__%s__http,\n        .http_count = %zu,\n",
                      method->service->c_lower, method->c_name, method->http_count);
    if (method->limits && method->limits->has_deadline_ms)
        bs_buf_printf(out, "        .deadline_ms = %uU,\n", method->limits->deadline_ms);
    if (method->limits && method->limits->has_max_request_bytes)
        bs_buf_printf(out, "        .max_request_bytes = %lluU,\n",
                      (unsigned long long)method->limits->max_request_bytes);
    if (method->limits && method->limits->has_max_response_bytes)
        bs_buf_printf(out, "        .max_response_bytes = %lluU,\n",
                      (unsigned long long)method->limits->max_response_bytes);
    bs_buf_printf(out, "        .invoke = %s,\n    },\n", gen_adapter_name(gen, method));
}

static void emit_service(struct gen *gen, const struct gen_service *service, struct bs_buf *out)
{
    bs_buf_append_byte(out, '\n');
    for (size_t i = 0; i < service->methods_count; i++) {
        const struct gen_method *method = &service->methods[i];
        const Rpc__V1__Access *access = method->access;
        if (access->rule_case == RPC__V1__ACCESS__RULE_RESOURCE && access->resource->n_roles > 0) {
            const char *name =
                bs_arena_printf(gen->arena, "%s__%s__roles", service->c_lower, method->c_name).ptr;
            emit_strings(out, name, access->resource->roles, access->resource->n_roles);
        }
        if (method->http_count > 0)
            emit_http(method, out);
    }
    if (service->methods_count > 0) {
        bs_buf_printf(out, "static const struct rpc_method %s__methods[] = {\n", service->c_lower);
        for (size_t i = 0; i < service->methods_count; i++)
            emit_method(gen, &service->methods[i], out);
        bs_buf_append_cstr(out, "};\n");
    }
    bs_buf_printf(out, "const struct rpc_service %s__table = {\n    .full_name = \"%s\",\n",
                  service->c_lower, service->full_name);
    if (service->methods_count > 0)
        bs_buf_printf(out, "    .methods = %s__methods,\n    .methods_count = %zu,\n",
                      service->c_lower, service->methods_count);
    bs_buf_printf(out, "    .file = &%s_file,\n", service->file->c_stem);
    if (service->context)
        bs_buf_printf(out, "    .context_type = \"%s\",\n", service->context);
    bs_buf_append_cstr(out, "};\n");
}

static void emit_file(const struct gen_file *file, struct bs_buf *out)
{
    bs_buf_append_cstr(out, "\n/* What protoc wrote, without comments and positions. */\n"
                            "static const uint8_t descriptor_bytes[] = {\n");
    gen_append_bytes(out, file->bytes);
    bs_buf_append_cstr(out, "};\nstatic const struct rpc_file *const dependencies[] = {");
    for (size_t i = 0; i < file->dependencies_count; i++)
        bs_buf_printf(out, "&%s_file, ", file->dependencies[i]->c_stem);
    bs_buf_append_cstr(out, "NULL};\nstatic const struct rpc_message *const messages[] = {\n");
    for (size_t i = 0; file->is_proto3 && i < file->messages_count; i++) {
        if (!file->messages[i]->is_map_entry)
            bs_buf_printf(out, "    &%s__table,\n", file->messages[i]->c_lower);
    }
    bs_buf_append_cstr(out, "    NULL,\n};\n"
                            "static const ProtobufCEnumDescriptor *const enums[] = {\n");
    for (size_t i = 0; file->is_proto3 && i < file->enums_count; i++)
        bs_buf_printf(out, "    &%s__descriptor,\n", file->enums[i]->c_lower);
    bs_buf_append_cstr(out, "    NULL,\n};\n"
                            "static const struct rpc_service *const services[] = {\n");
    for (size_t i = 0; i < file->services_count; i++)
        bs_buf_printf(out, "    &%s__table,\n", file->services[i].c_lower);
    bs_buf_printf(out,
                  "    NULL,\n};\n"
                  "const struct rpc_file %s_file = {\n"
                  "    .name = \"%s\",\n"
                  "    .package = \"%s\",\n"
                  "    .descriptor = descriptor_bytes,\n"
                  "    .descriptor_size = sizeof(descriptor_bytes),\n"
                  "    .dependencies = dependencies,\n"
                  "    .messages = messages,\n"
                  "    .enums = enums,\n"
                  "    .services = services,\n"
                  "};\n",
                  file->c_stem, file->proto->name,
                  file->proto->package ? file->proto->package : "");
}

void gen_emit_tables(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    for (size_t i = 0; file->is_proto3 && i < file->messages_count; i++)
        emit_message(gen, file->messages[i], out);
    for (size_t i = 0; i < file->services_count; i++)
        emit_service(gen, &file->services[i], out);
    emit_file(file, out);
}
