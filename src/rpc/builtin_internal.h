#ifndef RPC_BUILTIN_INTERNAL_H
#define RPC_BUILTIN_INTERNAL_H

/* The tables of the services that every server has. */

#include "rpc/table.h"
#include "rpc/v1/health.pb-c.h"

struct rpc_call;

struct rpc_v1_health_service_server {
    enum bs_code (*check)(struct rpc_call *call, const Rpc__V1__HealthCheckRequest *request,
                          Rpc__V1__HealthCheckResponse *response, struct bs_error *error);
    enum bs_code (*watch)(struct rpc_call *call, const Rpc__V1__HealthCheckRequest *request,
                          struct rpc_stream *responses, struct bs_error *error);
};

extern const struct rpc_service rpc_v1_health_service;

#endif
