/*
 * C stubs. For a unary method: call_NAME, which blocks, and start_NAME, which ends in a callback
 * that gets the response in its type. For a streaming one: open_NAME; its messages go by
 * rpc_client_stream_send and _receive.
 */

#include "emit.h"

static bool is_unary(const struct gen_method *method)
{
    return !method->client_streaming && !method->server_streaming;
}

static void emit_call_head(const struct gen_method *method, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "enum bs_code %s__call_%s(struct rpc_channel *channel, "
                  "const struct rpc_client_options *options, const %s *request, "
                  "struct bs_arena *arena, %s **ret_response, struct bs_error *error)",
                  method->service->c_lower, method->c_name, method->request->c_type,
                  method->response->c_type);
}

static void emit_start_head(const struct gen_method *method, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "struct rpc_client_call *%s__start_%s(struct rpc_channel *channel, "
                  "const struct rpc_client_options *options, const %s *request, "
                  "rpc_client_callback callback, void *self)",
                  method->service->c_lower, method->c_name, method->request->c_type);
}

static void emit_open_head(const struct gen_method *method, struct bs_buf *out)
{
    bs_buf_printf(out,
                  "enum bs_code %s__open_%s(struct rpc_channel *channel, "
                  "const struct rpc_client_options *options, "
                  "struct rpc_client_stream **ret_stream, struct bs_error *error)",
                  method->service->c_lower, method->c_name);
}

void gen_emit_stub_declarations(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    (void)gen;
    for (size_t i = 0; i < file->services_count; i++) {
        const struct gen_service *service = &file->services[i];
        bs_buf_printf(out,
                      "\n/* Clients of %s: what rpc_channel_call, _start and _open_stream do.\n"
                      " * Callbacks get the method's response type. */\n",
                      service->full_name);
        for (size_t m = 0; m < service->methods_count; m++) {
            const struct gen_method *method = &service->methods[m];
            if (!is_unary(method)) {
                bs_buf_append_cstr(out, "BS_API BS_MUST_CHECK ");
                emit_open_head(method, out);
                bs_buf_append_cstr(out, ";\n");
                continue;
            }
            bs_buf_append_cstr(out, "BS_API BS_MUST_CHECK ");
            emit_call_head(method, out);
            bs_buf_append_cstr(out, ";\n");
            bs_buf_append_cstr(out, "BS_API ");
            emit_start_head(method, out);
            bs_buf_append_cstr(out, ";\n");
        }
    }
}

static void emit_unary(const struct gen_method *method, size_t idx, struct bs_buf *out)
{
    const char *service = method->service->c_lower;
    bs_buf_append_byte(out, '\n');
    emit_call_head(method, out);
    bs_buf_printf(out,
                  "\n{\n"
                  "    ProtobufCMessage *response = NULL;\n"
                  "    enum bs_code code = rpc_channel_call(channel, &%s__methods[%zu], options, "
                  "&request->base, arena, &response, error);\n"
                  "    if (code == BS_OK)\n"
                  "        *ret_response = (%s *)response;\n"
                  "    return code;\n"
                  "}\n\n",
                  service, idx, method->response->c_type);
    emit_start_head(method, out);
    bs_buf_printf(out,
                  "\n{\n"
                  "    return rpc_channel_start(channel, &%s__methods[%zu], options, "
                  "&request->base, callback, self);\n"
                  "}\n",
                  service, idx);
}

void gen_emit_stubs(struct gen *gen, const struct gen_file *file, struct bs_buf *out)
{
    (void)gen;
    for (size_t i = 0; i < file->services_count; i++) {
        const struct gen_service *service = &file->services[i];
        for (size_t m = 0; m < service->methods_count; m++) {
            if (is_unary(&service->methods[m])) {
                emit_unary(&service->methods[m], m, out);
                continue;
            }
            bs_buf_append_byte(out, '\n');
            emit_open_head(&service->methods[m], out);
            bs_buf_printf(out,
                          "\n{\n"
                          "    return rpc_channel_open_stream(channel, &%s__methods[%zu], options, "
                          "ret_stream, error);\n"
                          "}\n",
                          service->c_lower, m);
        }
    }
}
