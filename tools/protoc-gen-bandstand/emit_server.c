/* What a service's author fills in: a struct of typed functions; and the adapters by which the
 * dispatcher, which knows no types, calls them. */

#include "emit.h"

const char *gen_adapter_name(struct gen *gen, const struct gen_method *method)
{
    return bs_arena_printf(gen->arena, "%s__invoke_%s", method->service->c_lower, method->c_name)
        .ptr;
}

static void emit_member(struct gen *gen, const struct gen_method *method, struct bs_buf *out)
{
    const char *context = method->service->context;
    gen_append_comment(out, "    ", gen_comment(gen, &method->path));
    bs_buf_printf(out, "    enum bs_code (*%s)(%s *%s", method->c_name,
                  context ? context : "struct rpc_call", context ? "context" : "call");
    if (!method->client_streaming)
        bs_buf_printf(out, ", const %s *request", method->request->c_type);
    if (method->client_streaming || method->server_streaming)
        bs_buf_append_cstr(out, ", struct rpc_stream *stream");
    if (!method->server_streaming)
        bs_buf_printf(out, ", %s *response", method->response->c_type);
    bs_buf_append_cstr(out, ", struct bs_error *error);\n");
}

void gen_emit_server_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    for (size_t i = 0; i < file->services_count; i++) {
        const struct gen_service *service = &file->services[i];
        bs_buf_append_byte(out, '\n');
        gen_append_comment(out, "", gen_comment(gen, &service->path));
        bs_buf_printf(out, "/* The handlers of %s; an empty one answers UNIMPLEMENTED. */\n",
                      service->full_name);
        bs_buf_printf(out, "struct %s__server {\n", service->c_lower);
        for (size_t m = 0; m < service->methods_count; m++)
            emit_member(gen, &service->methods[m], out);
        if (service->methods_count == 0)
            bs_buf_append_cstr(out, "    char unused;\n");
        bs_buf_printf(
            out,
            "};\n"
            "/* `server` is borrowed and outlives the dispatcher. */\n"
            "BS_API BS_MUST_CHECK enum bs_code %s__register(struct rpc_dispatcher *dispatcher, "
            "const struct %s__server *server, struct bs_error *error);\n",
            service->c_lower, service->c_lower);
    }
}

static void emit_adapter(struct gen *gen, const struct gen_method *method, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "\nstatic enum bs_code %s(const void *server, void *context, "
                  "const ProtobufCMessage *request, ProtobufCMessage *response, "
                  "struct rpc_stream *stream, struct bs_error *error)\n"
                  "{\n"
                  "    const struct %s__server *handlers = (const struct %s__server *)server;\n",
                  gen_adapter_name(gen, method), method->service->c_lower,
                  method->service->c_lower);
    if (method->client_streaming)
        bs_buf_append_cstr(out, "    (void)request;\n");
    if (method->server_streaming)
        bs_buf_append_cstr(out, "    (void)response;\n");
    if (!method->client_streaming && !method->server_streaming)
        bs_buf_append_cstr(out, "    (void)stream;\n");
    bs_buf_printf(out,
                  "    if (!handlers->%s)\n"
                  "        return rpc_unimplemented(\"%s\", error);\n"
                  "    return handlers->%s((%s *)context",
                  method->c_name, method->full_name, method->c_name,
                  method->service->context ? method->service->context : "struct rpc_call");
    if (!method->client_streaming)
        bs_buf_printf(out, ", (const %s *)request", method->request->c_type);
    if (method->client_streaming || method->server_streaming)
        bs_buf_append_cstr(out, ", stream");
    if (!method->server_streaming)
        bs_buf_printf(out, ", (%s *)response", method->response->c_type);
    bs_buf_append_cstr(out, ", error);\n}\n");
}

void gen_emit_adapters(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    for (size_t i = 0; i < file->services_count; i++) {
        const struct gen_service *service = &file->services[i];
        for (size_t m = 0; m < service->methods_count; m++)
            emit_adapter(gen, &service->methods[m], out);
        bs_buf_printf(out,
                      "\nenum bs_code %s__register(struct rpc_dispatcher *dispatcher, "
                      "const struct %s__server *server, struct bs_error *error)\n"
                      "{\n"
                      "    return rpc_dispatcher_register(dispatcher, &%s__table, server, error);\n"
                      "}\n",
                      service->c_lower, service->c_lower, service->c_lower);
    }
}
