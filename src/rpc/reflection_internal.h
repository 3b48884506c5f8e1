#ifndef RPC_REFLECTION_INTERNAL_H
#define RPC_REFLECTION_INTERNAL_H

/* Tables in words, for the reflection service. Everything made lives in the arena. */

#include "base/arena.h"
#include "rpc/table.h"
#include "rpc/v1/reflection.pb-c.h"

/* With `deep`, request and response are described too. */
Rpc__V1__MethodDescription *rpc_describe_method(const struct rpc_method *method, bool deep,
                                                struct bs_arena *arena);
Rpc__V1__ServiceDescription *rpc_describe_service(const struct rpc_service *service,
                                                  struct bs_arena *arena);
Rpc__V1__MessageDescription *rpc_describe_message(const struct rpc_message *table,
                                                  struct bs_arena *arena);
Rpc__V1__EnumDescription *rpc_describe_enum(const ProtobufCEnumDescriptor *descriptor,
                                            struct bs_arena *arena);

#endif
