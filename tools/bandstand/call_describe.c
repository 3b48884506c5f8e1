/* Reflection in words. */

#include "call_describe.h"

#include "rpc/v1/reflection.rpc.h"

enum bs_code call_print_list(struct rpc_channel *channel, const struct rpc_client_options *options,
                             struct bs_arena *arena, struct bs_error *error)
{
    Rpc__V1__ListServicesRequest request = RPC__V1__LIST_SERVICES_REQUEST__INIT;
    Rpc__V1__ListServicesResponse *response = NULL;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    BS_TRY(rpc__v1__reflection_service__call_list_services(channel, options, &request, arena,
                                                           &response, error));
    for (size_t i = 0; i < response->n_services; i++) {
        const Rpc__V1__ServiceDescription *service = response->services[i];
        bs_buf_printf(&out, "%s%s", out.len > 0 ? "\n" : "", service->name);
        for (size_t m = 0; m < service->n_methods; m++)
            bs_buf_printf(&out, "\n%s", service->methods[m]->name);
    }
    cli_print(bs_buf_str(&out));
    return BS_OK;
}

static void add_field(struct bs_buf *out, const Rpc__V1__FieldDescription *field)
{
    bs_buf_printf(out, "\n    %-20s %s%s%s", field->json_name, field->label,
                  *field->label ? " " : "", field->type);
    if (*field->rules)
        bs_buf_printf(out, "; %s", field->rules);
    for (size_t i = 0; i < field->n_values; i++)
        bs_buf_printf(out, "%s%s", i == 0 ? ": " : " | ", field->values[i]);
}

static void add_message(struct bs_buf *out, const char *title,
                        const Rpc__V1__MessageDescription *message)
{
    bs_buf_printf(out, "%s%s", title, message->name);
    if (message->n_fields == 0)
        bs_buf_append_cstr(out, "\n    (no fields)");
    for (size_t i = 0; i < message->n_fields; i++)
        add_field(out, message->fields[i]);
}

static void add_method(struct bs_buf *out, const Rpc__V1__MethodDescription *method)
{
    bs_buf_printf(out, "%s\n  access    %s%s", method->name, method->access,
                  method->reading ? "\n  reads     no side effects" : "");
    if (method->client_streaming || method->server_streaming)
        bs_buf_printf(out, "\n  streams   %s%s", method->client_streaming ? "requests " : "",
                      method->server_streaming ? "responses" : "");
    for (size_t i = 0; i < method->n_http; i++) {
        const Rpc__V1__HttpDescription *http = method->http[i];
        bs_buf_printf(out, "\n  http      %s %s%s%s", http->verb, http->path,
                      *http->body ? ", body " : "", http->body);
    }
    if (method->deadline_ms > 0)
        bs_buf_printf(out, "\n  deadline  %lld ms", (long long)method->deadline_ms);
    if (method->request)
        add_message(out, "\n  request   ", method->request);
    if (method->response)
        add_message(out, "\n  response  ", method->response);
}

static void add_service(struct bs_buf *out, const Rpc__V1__ServiceDescription *service)
{
    bs_buf_append_cstr(out, service->name);
    for (size_t i = 0; i < service->n_methods; i++)
        bs_buf_printf(out, "\n  %s(%s) returns (%s)", service->methods[i]->name,
                      service->methods[i]->request_type, service->methods[i]->response_type);
}

static void add_enum(struct bs_buf *out, const Rpc__V1__EnumDescription *enumeration)
{
    bs_buf_append_cstr(out, enumeration->name);
    for (size_t i = 0; i < enumeration->n_values; i++)
        bs_buf_printf(out, "\n    %d  %s", enumeration->values[i]->number,
                      enumeration->values[i]->name);
}

enum bs_code call_print_description(struct rpc_channel *channel,
                                    const struct rpc_client_options *options, const char *name,
                                    struct bs_arena *arena, struct bs_error *error)
{
    Rpc__V1__DescribeRequest request = RPC__V1__DESCRIBE_REQUEST__INIT;
    Rpc__V1__DescribeResponse *response = NULL;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    request.name = bs_arena_dup_cstr(arena, bs_str_from(name));
    BS_TRY(rpc__v1__reflection_service__call_describe(channel, options, &request, arena, &response,
                                                      error));
    switch (response->description_case) {
    case RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_SERVICE:
        add_service(&out, response->service);
        break;
    case RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_METHOD:
        add_method(&out, response->method);
        break;
    case RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_MESSAGE:
        add_message(&out, "", response->message);
        break;
    case RPC__V1__DESCRIBE_RESPONSE__DESCRIPTION_ENUMERATION:
        add_enum(&out, response->enumeration);
        break;
    default:
        return bs_error_set(error, BS_REASON_RPC_PROTOCOL, "the server describes %s as nothing",
                            name);
    }
    cli_print(bs_buf_str(&out));
    return BS_OK;
}
