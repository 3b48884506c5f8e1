/*
 * OpenAPI 3.0: a path for each shape of template, an operation for each HTTP form, a schema for
 * each message that they reach, and rpc.v1.Status for every error. Parameters carry JSON names.
 */

#include "emit.h"
#include "json.h"
#include "openapi_schema.h"

struct forms {
    const struct gen_http **items;
    size_t count;
};

static struct forms all_forms(struct gen *gen)
{
    struct forms forms = {0};
    size_t capacity = 0;
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t s = 0; s < gen->files[i].services_count; s++) {
            const struct gen_service *service = &gen->files[i].services[s];
            for (size_t m = 0; m < service->methods_count; m++) {
                for (size_t h = 0; h < service->methods[m].http_count; h++) {
                    bs_grow(&forms.items, forms.count, &capacity, sizeof(struct gen_http *));
                    forms.items[forms.count++] = &service->methods[m].http[h];
                }
            }
        }
    }
    return forms;
}

/* The dotted JSON name of a variable: "filter.orgId". */
static void append_json_path(const struct gen_http *http, size_t variable, struct bs_buf *out)
{
    const struct gen_message *message = http->method->request;
    struct bs_str rest = http->template.variables[variable].path, name;
    bool first = true;
    while (bs_str_split(&rest, '.', &name)) {
        const struct gen_field *field = gen_find_field(message, name, true);
        bs_buf_printf(out, "%s%s", first ? "" : ".", field->proto->json_name);
        message = field->message;
        first = false;
    }
}

/* "/api/campaigns/{campaignId}" */
static void append_path(const struct gen_http *http, struct bs_buf *out)
{
    const struct rpc_http_template *template = &http->template;
    size_t variable = 0;
    for (size_t i = 0; i < template->segments_count; i++) {
        bs_buf_append_byte(out, '/');
        if (variable < template->variables_count && template->variables[variable].first == i) {
            bs_buf_append_byte(out, '{');
            append_json_path(http, variable, out);
            bs_buf_append_byte(out, '}');
            i += template->variables[variable++].count - 1;
        } else if (template->segments[i].kind == RPC_SEGMENT_LITERAL) {
            bs_buf_append_str(out, template->segments[i].literal);
        } else {
            bs_buf_printf(out, "{any%zu}", i);
        }
    }
    if (template->verb.len > 0)
        bs_buf_printf(out, ":%.*s", BS_STR_ARGS(template->verb));
}

/* Whether a variable of the path binds this very field. */
static bool is_in_path(const void *self, const struct gen_field *field)
{
    const struct gen_http *http = (const struct gen_http *)self;
    for (size_t i = 0; i < http->template.variables_count; i++) {
        if (http->variables[i] == field)
            return true;
    }
    return false;
}

static void emit_parameter(struct gen *gen, struct json *json, const char *name, const char *in,
                           const struct gen_field *field)
{
    const char *comment = field ? gen_comment(gen, &field->path) : "";
    bool required = strcmp(in, "path") == 0 || (field && field->rules && field->rules->required);
    json_begin(json, NULL, '{');
    json_string(json, "name", name);
    json_string(json, "in", in);
    if (*comment)
        json_string(json, "description", comment);
    if (required)
        json_raw(json, "required", "true");
    if (!field) {
        json_begin(json, "schema", '{');
        json_string(json, "type", "string");
        json_end(json, '}');
    } else if (strcmp(in, "path") == 0) {
        openapi_value(json, "schema", field);
    } else {
        openapi_field(gen, json, "schema", field);
    }
    json_end(json, '}');
}

/* `leader` is the first form of this shape: its names stand in the path. */
static void emit_path_parameters(struct gen *gen, struct json *json, const struct gen_http *http,
                                 const struct gen_http *leader)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf name = BS_BUF_INIT(0);
    size_t variable = 0;
    for (size_t i = 0; i < leader->template.segments_count; i++) {
        const struct rpc_variable *bound = &leader->template.variables[variable];
        bs_buf_reset(&name);
        if (variable < leader->template.variables_count && bound->first == i) {
            append_json_path(leader, variable, &name);
            emit_parameter(gen, json, bs_buf_cstr(&name), "path",
                           variable < http->template.variables_count ? http->variables[variable]
                                                                     : NULL);
            i += bound->count - 1;
            variable++;
        } else if (leader->template.segments[i].kind != RPC_SEGMENT_LITERAL) {
            bs_buf_printf(&name, "any%zu", i);
            emit_parameter(gen, json, bs_buf_cstr(&name), "path", NULL);
        }
    }
}

static void emit_query(struct gen *gen, struct json *json, const struct gen_http *http,
                       const struct gen_message *message, const char *prefix)
{
    if (http->body && strcmp(http->body, "*") == 0)
        return;
    for (size_t i = 0; i < message->fields_count; i++) {
        const struct gen_field *field = &message->fields[i];
        const char *name = bs_arena_printf(gen->arena, "%s%s", prefix, field->proto->json_name).ptr;
        if (is_in_path(http, field) ||
            (http->body && message == http->method->request &&
             gen_find_field(message, bs_str_from(http->body), true) == field))
            continue;
        if (field->message && !field->message->well_known)
            emit_query(gen, json, http, field->message,
                       bs_arena_printf(gen->arena, "%s.", name).ptr);
        else
            emit_parameter(gen, json, name, "query", field);
    }
}

static void begin_json_content(struct json *json, const char *type)
{
    json_begin(json, "content", '{');
    json_begin(json, type, '{');
}

static void end_json_content(struct json *json)
{
    json_end(json, '}');
    json_end(json, '}');
}

static void emit_body(struct gen *gen, struct json *json, const struct gen_http *http)
{
    const struct gen_message *request = http->method->request;
    if (!http->body)
        return;
    json_begin(json, "requestBody", '{');
    begin_json_content(json, "application/json");
    if (strcmp(http->body, "*") != 0)
        openapi_field(gen, json, "schema", gen_find_field(request, bs_str_from(http->body), true));
    else if (http->template.variables_count == 0)
        openapi_message_ref(json, "schema", request);
    else
        openapi_message(gen, json, "schema", request, is_in_path, http);
    end_json_content(json);
    json_end(json, '}');
}

static void emit_responses(struct gen *gen, struct json *json, const struct gen_http *http)
{
    const struct gen_method *method = http->method;
    json_begin(json, "responses", '{');
    json_begin(json, "200", '{');
    json_string(json, "description",
                method->server_streaming ? "server-sent events, one message each" : "OK");
    begin_json_content(json, method->server_streaming ? "text/event-stream" : "application/json");
    if (http->response_body)
        openapi_field(gen, json, "schema",
                      gen_find_field(method->response, bs_str_from(http->response_body), true));
    else
        openapi_message_ref(json, "schema", method->response);
    end_json_content(json);
    json_end(json, '}');
    json_begin(json, "default", '{');
    json_string(json, "$ref", "#/components/responses/Error");
    json_end(json, '}');
    json_end(json, '}');
}

static void emit_security(struct json *json, const struct gen_method *method)
{
    json_begin(json, "security", '[');
    if (method->access->rule_case != RPC__V1__ACCESS__RULE_PUBLIC) {
        json_begin(json, NULL, '{');
        json_begin(json, "bearer", '[');
        json_end(json, ']');
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void emit_operation(struct gen *gen, struct json *json, const struct gen_http *http,
                           const struct gen_http *leader)
{
    static const char *const verbs[][2] = {
        {"GET", "get"}, {"PUT", "put"}, {"POST", "post"}, {"DELETE", "delete"}, {"PATCH", "patch"}};
    const struct gen_method *method = http->method;
    const char *comment = gen_comment(gen, &method->path);
    const char *verb = "";
    ptrdiff_t form = http - method->http;
    for (size_t i = 0; i < BS_ARRAY_COUNT(verbs); i++) {
        if (strcmp(verbs[i][0], http->verb) == 0)
            verb = verbs[i][1];
    }
    json_begin(json, verb, '{');
    json_string(json, "operationId",
                form == 0 ? bs_arena_printf(gen->arena, "%s_%s", method->service->proto->name,
                                            method->proto->name)
                                .ptr
                          : bs_arena_printf(gen->arena, "%s_%s_%td", method->service->proto->name,
                                            method->proto->name, form + 1)
                                .ptr);
    json_begin(json, "tags", '[');
    json_string(json, NULL, method->service->full_name);
    json_end(json, ']');
    if (*comment)
        json_string(json, "description", comment);
    json_begin(json, "parameters", '[');
    emit_path_parameters(gen, json, http, leader);
    emit_query(gen, json, http, method->request, "");
    json_end(json, ']');
    emit_body(gen, json, http);
    emit_responses(gen, json, http);
    emit_security(json, method);
    json_end(json, '}');
}

static void emit_paths(struct gen *gen, struct json *json, const struct forms *forms)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(0);
    json_begin(json, "paths", '{');
    for (size_t i = 0; i < forms->count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= strcmp(forms->items[k]->shape, forms->items[i]->shape) == 0;
        if (seen)
            continue;
        bs_buf_reset(&path);
        append_path(forms->items[i], &path);
        json_begin(json, bs_buf_cstr(&path), '{');
        for (size_t k = i; k < forms->count; k++) {
            if (strcmp(forms->items[k]->shape, forms->items[i]->shape) == 0)
                emit_operation(gen, json, forms->items[k], forms->items[i]);
        }
        json_end(json, '}');
    }
    json_end(json, '}');
}

static void mark(struct gen_message *message)
{
    if (message->visited || message->well_known)
        return;
    message->visited = true;
    for (size_t i = 0; i < message->fields_count; i++) {
        if (message->fields[i].message)
            mark(message->fields[i].message);
    }
}

static void emit_schemas(struct gen *gen, struct json *json, const struct forms *forms)
{
    struct gen_message *status = gen_find_message(gen, "rpc.v1.Status");
    json_begin(json, "schemas", '{');
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++)
            gen->files[i].messages[m]->visited = false;
    }
    for (size_t i = 0; i < forms->count; i++) {
        mark(forms->items[i]->method->request);
        mark(forms->items[i]->method->response);
    }
    if (status)
        mark(status);
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++) {
            const struct gen_message *message = gen->files[i].messages[m];
            if (message->visited && !message->is_map_entry)
                openapi_message(gen, json, message->full_name, message, NULL, NULL);
        }
    }
    json_end(json, '}');
}

static void emit_error_response(struct gen *gen, struct json *json)
{
    const struct gen_message *status = gen_find_message(gen, "rpc.v1.Status");
    json_begin(json, "responses", '{');
    json_begin(json, "Error", '{');
    json_string(json, "description", "What went wrong; the HTTP status follows from `code`.");
    begin_json_content(json, "application/json");
    if (status) {
        openapi_message_ref(json, "schema", status);
    } else {
        json_begin(json, "schema", '{');
        json_string(json, "type", "object");
        json_end(json, '}');
    }
    end_json_content(json);
    json_end(json, '}');
    json_end(json, '}');
}

void gen_emit_openapi(struct gen *gen, struct bs_buf *out)
{
    struct forms forms = all_forms(gen);
    struct json json = {.out = out};
    json_begin(&json, NULL, '{');
    json_string(&json, "openapi", "3.0.3");
    json_begin(&json, "info", '{');
    json_string(&json, "title", "Bandstand");
    json_string(&json, "version", "1");
    json_end(&json, '}');
    emit_paths(gen, &json, &forms);
    json_begin(&json, "components", '{');
    emit_schemas(gen, &json, &forms);
    emit_error_response(gen, &json);
    json_begin(&json, "securitySchemes", '{');
    json_begin(&json, "bearer", '{');
    json_string(&json, "type", "http");
    json_string(&json, "scheme", "bearer");
    json_end(&json, '}');
    json_end(&json, '}');
    json_end(&json, '}');
    json_end(&json, '}');
    bs_buf_append_byte(out, '\n');
    free(forms.items);
}

void gen_emit_openapi_c(struct bs_str document, struct bs_buf *header, struct bs_buf *source)
{
    bs_buf_append_cstr(header, "/* Generated by protoc-gen-bandstand. Do not edit. */\n"
                               "#ifndef GEN_OPENAPI_H\n"
                               "#define GEN_OPENAPI_H\n\n"
                               "#include <stddef.h>\n\n"
                               "#include \"base/attributes.h\"\n\n"
                               "/* openapi.json, a NUL behind it. */\n"
                               "extern BS_API const unsigned char gen_openapi_json[];\n"
                               "extern BS_API const size_t gen_openapi_json_size;\n\n"
                               "#endif\n");
    bs_buf_append_cstr(source, "/* Generated by protoc-gen-bandstand. Do not edit. */\n\n"
                               "#include \"openapi.h\"\n\n"
                               "const unsigned char gen_openapi_json[] = {\n");
    gen_append_bytes(source, document);
    bs_buf_append_cstr(source, "    0x00,\n};\n"
                               "const size_t gen_openapi_json_size = "
                               "sizeof(gen_openapi_json) - 1;\n");
}
