/* Messages in arenas, and packing. Unpacking what came off a wire is wire.c's. */

#include "base/limits.h"
#include "rpc/wire.h"

static void *arena_alloc(void *arena, size_t size)
{
    return bs_arena_try_alloc((struct bs_arena *)arena, size);
}

static void arena_free(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

void rpc_arena_allocator(struct bs_arena *arena, ProtobufCAllocator *ret_allocator)
{
    *ret_allocator = (ProtobufCAllocator){arena_alloc, arena_free, arena};
}

ProtobufCMessage *rpc_message_new(const struct rpc_message *table, struct bs_arena *arena)
{
    ProtobufCMessage *message = bs_arena_try_alloc(arena, table->descriptor->sizeof_message);
    if (message)
        protobuf_c_message_init(table->descriptor, message);
    return message;
}

enum bs_code rpc_pack(const ProtobufCMessage *message, uint64_t max_bytes, struct bs_buf *out,
                      struct bs_error *error)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint64_t room = out->max_bytes - out->len;
    uint64_t max = max_bytes == 0 ? room : BS_MIN(max_bytes, room);
    if (size > max)
        return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                            "%s: expected at most %llu bytes packed, got %zu",
                            message->descriptor->name, (unsigned long long)max, size);
    char *bytes = bs_buf_reserve(out, size);
    BS_ASSERT(bytes);
    out->len += protobuf_c_message_pack(message, (uint8_t *)bytes);
    return BS_OK;
}
