/*
 * A JavaScript client for each package: one file, ES5, usable as a CommonJS module, as a global
 * (`bandstand.v1`), and as an AngularJS module of the package's name with a factory for each
 * service (`concertService`). A method is there when it has an HTTP form; its first one is used.
 * Streams go by EventSource, so only those that are read by GET.
 */

#include "emit.h"

static bool has_route(const struct gen_method *method)
{
    return method->http_count > 0 &&
           (!method->server_streaming || strcmp(method->http[0].verb, "GET") == 0);
}

static bool has_routes(const struct gen_service *service)
{
    for (size_t i = 0; i < service->methods_count; i++) {
        if (has_route(&service->methods[i]))
            return true;
    }
    return false;
}

/* What a field's value is in JavaScript, as JSDoc says it. */
static void append_type(const struct gen_field *field, struct bs_buf *out)
{
    switch (field->proto->type) {
    case GEN_TYPE(BOOL):
        bs_buf_append_cstr(out, "boolean");
        break;
    case GEN_TYPE(DOUBLE):
    case GEN_TYPE(FLOAT):
    case GEN_TYPE(INT32):
    case GEN_TYPE(UINT32):
    case GEN_TYPE(SINT32):
    case GEN_TYPE(FIXED32):
    case GEN_TYPE(SFIXED32):
        bs_buf_append_cstr(out, "number");
        break;
    case GEN_TYPE(MESSAGE):
        if (!field->message->well_known)
            bs_buf_append_cstr(out, field->message->full_name);
        else if (strcmp(field->message->well_known, "RPC_WRAPPER") == 0)
            append_type(&field->message->fields[0], out);
        else if (strcmp(field->message->well_known, "RPC_TIMESTAMP") == 0 ||
                 strcmp(field->message->well_known, "RPC_DURATION") == 0 ||
                 strcmp(field->message->well_known, "RPC_FIELD_MASK") == 0)
            bs_buf_append_cstr(out, "string");
        else
            bs_buf_append_cstr(out, "*");
        break;
    default: /* 64-bit integers, bytes and enums are texts in JSON */
        bs_buf_append_cstr(out, "string");
        break;
    }
}

static void append_doc_type(const struct gen_field *field, struct bs_buf *out)
{
    if (field->is_map) {
        bs_buf_append_cstr(out, "Object<string, ");
        append_type(&field->message->fields[1], out);
        bs_buf_append_byte(out, '>');
        return;
    }
    append_type(field, out);
    if (field->is_repeated)
        bs_buf_append_cstr(out, "[]");
}

/* Text inside a comment, on one line. */
static void append_doc_text(const char *text, struct bs_buf *out)
{
    for (const char *c = text; *c; c++) {
        bs_buf_append_byte(out, *c == '\n' ? ' ' : *c);
        if (*c == '*' && c[1] == '/')
            bs_buf_append_byte(out, ' ');
    }
}

static void emit_typedef(struct gen *gen, const struct gen_message *message, struct bs_buf *out)
{
    bs_buf_printf(out, "  /**\n   * @typedef {Object} %s\n", message->full_name);
    for (size_t i = 0; i < message->fields_count; i++) {
        const struct gen_field *field = &message->fields[i];
        const char *comment = gen_comment(gen, &field->path);
        bs_buf_append_cstr(out, "   * @property {");
        append_doc_type(field, out);
        bs_buf_printf(out, "} %s%s", field->proto->json_name, *comment ? " - " : "");
        append_doc_text(comment, out);
        bs_buf_append_byte(out, '\n');
    }
    bs_buf_append_cstr(out, "   */\n");
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

static void append_variable(const struct gen_http *http, size_t idx, struct bs_buf *out)
{
    const struct rpc_variable *variable = &http->template.variables[idx];
    const struct rpc_segment *segment = &http->template.segments[variable->first];
    const struct gen_message *message = http->method->request;
    struct bs_str rest = variable->path, name;
    bool first = true;
    bs_buf_append_cstr(out, "{field: '");
    while (bs_str_split(&rest, '.', &name)) {
        const struct gen_field *field = gen_find_field(message, name, true);
        bs_buf_printf(out, "%s%s", first ? "" : ".", field->proto->json_name);
        message = field->message;
        first = false;
    }
    bs_buf_append_cstr(out, "'");
    if (variable->count > 1 || segment->kind != RPC_SEGMENT_ONE)
        bs_buf_append_cstr(out, ", many: true");
    bs_buf_append_byte(out, '}');
}

/* A text inside single quotes; templates hold neither backslashes nor control characters. */
static void flush_text(struct bs_buf *text, bool *first, struct bs_buf *out)
{
    if (text->len == 0)
        return;
    bs_buf_append_cstr(out, *first ? "'" : ", '");
    for (size_t i = 0; i < text->len; i++)
        bs_buf_printf(out, "%s%c", text->ptr[i] == '\'' ? "\\" : "", text->ptr[i]);
    bs_buf_append_byte(out, '\'');
    bs_buf_reset(text);
    *first = false;
}

/* ['/api/campaigns/', {field: 'campaignId'}, '/concerts'] */
static void append_path(const struct gen_http *http, struct bs_buf *out)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    const struct rpc_http_template *template = &http->template;
    size_t variable = 0;
    bool first = true;
    bs_buf_append_byte(out, '[');
    for (size_t i = 0; i < template->segments_count; i++) {
        bs_buf_append_byte(&text, '/');
        if (variable < template->variables_count && template->variables[variable].first == i) {
            flush_text(&text, &first, out);
            bs_buf_append_cstr(out, ", ");
            append_variable(http, variable, out);
            i += template->variables[variable++].count - 1;
        } else if (template->segments[i].kind == RPC_SEGMENT_LITERAL) {
            bs_buf_append_str(&text, template->segments[i].literal);
        } else {
            bs_buf_append_byte(&text, '-'); /* anything matches a bare star */
        }
    }
    if (template->verb.len > 0)
        bs_buf_printf(&text, ":%.*s", BS_STR_ARGS(template->verb));
    flush_text(&text, &first, out);
    bs_buf_append_byte(out, ']');
}

/* Bodies are named as in JSON. */
static const char *json_body(const struct gen_http *http)
{
    if (!http->body || strcmp(http->body, "*") == 0)
        return http->body;
    return gen_find_field(http->method->request, bs_str_from(http->body), true)->proto->json_name;
}

static void emit_method(struct gen *gen, const struct gen_method *method, struct bs_buf *out)
{
    const struct gen_http *http = &method->http[0];
    const char *comment = gen_comment(gen, &method->path);
    const char *service = method->service->proto->name;
    const char *function = method->server_streaming ? "open" : "call";
    const char *last = method->server_streaming ? "handlers" : "options";
    bs_buf_append_cstr(out, "\n  /**\n   * ");
    append_doc_text(*comment ? comment : method->full_name, out);
    bs_buf_printf(out, "\n   * %s %s\n   * @param {%s} request\n", http->verb, http->text,
                  method->request->well_known ? "Object" : method->request->full_name);
    if (method->server_streaming)
        bs_buf_printf(out,
                      "   * @param {Object} handlers - message({%s}), end(), error(RpcError)\n"
                      "   * @returns {{close: function()}}\n   */\n",
                      method->response->full_name);
    else
        bs_buf_printf(out,
                      "   * @param {Object} [options] - headers, and what the transport takes\n"
                      "   * @returns {Promise<%s>}\n   */\n",
                      http->response_body            ? "*"
                      : method->response->well_known ? "Object"
                                                     : method->response->full_name);
    bs_buf_printf(out,
                  "  %s.prototype.%s = function (request, %s) {\n"
                  "    return %s(this.transport, {verb: '%s', path: ",
                  service, gen_lower_camel(gen, method->proto->name), last, function, http->verb);
    append_path(http, out);
    if (http->body)
        bs_buf_printf(out, ", body: '%s'", json_body(http));
    bs_buf_printf(out, "}, request, %s);\n  };\n", last);
}

static void emit_service(struct gen *gen, const struct gen_service *service, struct bs_buf *out)
{
    const char *comment = gen_comment(gen, &service->path);
    bs_buf_append_cstr(out, "\n  /**\n   * ");
    append_doc_text(*comment ? comment : service->full_name, out);
    bs_buf_printf(out,
                  "\n   * @constructor\n"
                  "   * @param {Object} transport - of angularTransport or fetchTransport\n   */\n"
                  "  function %s(transport) {\n    this.transport = transport;\n  }\n",
                  service->proto->name);
    for (size_t i = 0; i < service->methods_count; i++) {
        if (has_route(&service->methods[i]))
            emit_method(gen, &service->methods[i], out);
    }
}

typedef void (*each_service)(struct gen *gen, const struct gen_service *service,
                             struct bs_buf *out);

/* Calls `function` for the services of a package that have routes; returns how many there are. */
static size_t for_services(struct gen *gen, const char *package, each_service function,
                           struct bs_buf *out)
{
    size_t count = 0;
    for (size_t i = 0; i < gen->files_count; i++) {
        const struct gen_file *file = &gen->files[i];
        if (!file->generate || !file->proto->package || strcmp(file->proto->package, package) != 0)
            continue;
        for (size_t s = 0; s < file->services_count; s++) {
            if (!has_routes(&file->services[s]))
                continue;
            count++;
            if (function)
                function(gen, &file->services[s], out);
        }
    }
    return count;
}

static void mark_service(struct gen *gen, const struct gen_service *service, struct bs_buf *out)
{
    (void)gen;
    (void)out;
    for (size_t i = 0; i < service->methods_count; i++) {
        if (has_route(&service->methods[i])) {
            mark(service->methods[i].request);
            mark(service->methods[i].response);
        }
    }
}

static void emit_export(struct gen *gen, const struct gen_service *service, struct bs_buf *out)
{
    (void)gen;
    bs_buf_printf(out, "    %s: %s,\n", service->proto->name, service->proto->name);
}

static void emit_factory(struct gen *gen, const struct gen_service *service, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "    ng.factory('%s', ['$http', '$q', function ($http, $q) {\n"
                  "      return new api.%s(api.angularTransport($http, $q));\n"
                  "    }]);\n",
                  gen_lower_camel(gen, service->proto->name), service->proto->name);
}

static void emit_head(struct gen *gen, const char *package, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "/* Generated by protoc-gen-bandstand from the protos of %s. Do not edit. */\n"
                  "(function (root, factory) {\n"
                  "  'use strict';\n"
                  "  var api = factory();\n"
                  "  var names = '%s'.split('.');\n"
                  "  if (typeof module === 'object' && module.exports) {\n"
                  "    module.exports = api;\n"
                  "    return;\n"
                  "  }\n"
                  "  for (var i = 0; i + 1 < names.length; i++) {\n"
                  "    root = root[names[i]] = root[names[i]] || {};\n"
                  "  }\n"
                  "  root[names[names.length - 1]] = api;\n"
                  "  if (typeof angular === 'object') {\n"
                  "    var ng = angular.module('%s', []);\n",
                  package, package, package);
    BS_CLEANUP(bs_buf_fini) struct bs_buf factories = BS_BUF_INIT(0);
    for_services(gen, package, emit_factory, &factories);
    bs_buf_append_str(out, bs_buf_str(&factories));
    bs_buf_append_cstr(out, "  }\n"
                            "})(typeof self !== 'undefined' ? self : this, function () {\n"
                            "  'use strict';\n");
}

bool gen_emit_js(struct gen *gen, const char *package, struct bs_buf *out)
{
    if (for_services(gen, package, NULL, NULL) == 0)
        return false;
    emit_head(gen, package, out);
    for (size_t i = 0; gen_js_runtime[i]; i++)
        bs_buf_append_cstr(out, gen_js_runtime[i]);
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++)
            gen->files[i].messages[m]->visited = false;
    }
    for_services(gen, package, mark_service, out);
    for (size_t i = 0; i < gen->files_count; i++) {
        for (size_t m = 0; m < gen->files[i].messages_count; m++) {
            const struct gen_message *message = gen->files[i].messages[m];
            if (message->visited && !message->is_map_entry) {
                bs_buf_append_byte(out, '\n');
                emit_typedef(gen, message, out);
            }
        }
    }
    for_services(gen, package, emit_service, out);
    bs_buf_append_cstr(out, "\n  return {\n");
    for_services(gen, package, emit_export, out);
    bs_buf_append_cstr(out, "    RpcError: RpcError,\n"
                            "    angularTransport: angularTransport,\n"
                            "    fetchTransport: fetchTransport\n"
                            "  };\n"
                            "});\n");
    return true;
}
