/* The tables of rpc/v1/health.proto. */

#include "rpc/builtin_internal.h"

static const struct rpc_field request_fields[] = {{.json_name = "service"}};
static const uint16_t request_names[] = {0};
static const struct rpc_message request_table = {
    .full_name = "rpc.v1.HealthCheckRequest",
    .descriptor = &rpc__v1__health_check_request__descriptor,
    .fields = request_fields,
    .fields_by_json_name = request_names,
};

static const struct rpc_field response_fields[] = {{.json_name = "status"}};
static const uint16_t response_names[] = {0};
static const struct rpc_message response_table = {
    .full_name = "rpc.v1.HealthCheckResponse",
    .descriptor = &rpc__v1__health_check_response__descriptor,
    .fields = response_fields,
    .fields_by_json_name = response_names,
};

static enum bs_code invoke_check(const void *server, void *context, const ProtobufCMessage *request,
                                 ProtobufCMessage *response, struct rpc_stream *stream,
                                 struct bs_error *error)
{
    const struct rpc_v1_health_service_server *functions = server;
    (void)stream;
    return functions->check(context, (const Rpc__V1__HealthCheckRequest *)request,
                            (Rpc__V1__HealthCheckResponse *)response, error);
}

static enum bs_code invoke_watch(const void *server, void *context, const ProtobufCMessage *request,
                                 ProtobufCMessage *response, struct rpc_stream *stream,
                                 struct bs_error *error)
{
    const struct rpc_v1_health_service_server *functions = server;
    (void)response;
    return functions->watch(context, (const Rpc__V1__HealthCheckRequest *)request, stream, error);
}

static const struct rpc_method methods[] = {
    {
        .name = "Check",
        .full_name = "rpc.v1.HealthService/Check",
        .service = &rpc_v1_health_service,
        .kind = RPC_UNARY,
        .idempotency = RPC_NO_SIDE_EFFECTS,
        .request = &request_table,
        .response = &response_table,
        .access = {.kind = RPC_ACCESS_PUBLIC},
        .invoke = invoke_check,
    },
    {
        .name = "Watch",
        .full_name = "rpc.v1.HealthService/Watch",
        .service = &rpc_v1_health_service,
        .kind = RPC_SERVER_STREAM,
        .idempotency = RPC_NO_SIDE_EFFECTS,
        .request = &request_table,
        .response = &response_table,
        .access = {.kind = RPC_ACCESS_PUBLIC},
        .invoke = invoke_watch,
    },
};

const struct rpc_service rpc_v1_health_service = {
    .full_name = "rpc.v1.HealthService",
    .methods = methods,
    .methods_count = 2,
};
