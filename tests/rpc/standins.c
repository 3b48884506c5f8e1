#include "rpc/rpc.h"
enum bs_code rpc_unpack(const struct rpc_message *table, struct bs_str bytes,
                        const struct rpc_wire_limits *limits, struct bs_arena *arena,
                        ProtobufCMessage **ret_message, struct bs_error *error)
{
    ProtobufCAllocator a;
    (void)limits;
    rpc_arena_allocator(arena, &a);
    *ret_message =
        protobuf_c_message_unpack(table->descriptor, &a, bytes.len, (const uint8_t *)bytes.ptr);
    return *ret_message ? BS_OK : bs_error_set(error, BS_REASON_RPC_UNDECODABLE, "bad");
}
enum bs_code rpc_validate(const struct rpc_message *table, const ProtobufCMessage *message,
                          struct rpc_violations *violations, struct bs_error *error)
{
    (void)table;
    (void)message;
    (void)violations;
    (void)error;
    return BS_OK;
}
