/*
 * Bytes as a packed conformance.All. Checking and unpacking agree; what unpacks must pack, unpack
 * to the same again, be read by protobuf-c, and print as JSON or be refused, without a crash.
 */

#include "base/base.h"
#include "conformance_gen.h"
#include "rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const ProtobufCMessage *message, struct bs_arena *arena)
{
    const struct rpc_message *table = &conformance__all__table;
    struct rpc_wire_limits limits = {.max_decoded_bytes = SIZE_MAX / 4};
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct bs_buf other = BS_BUF_INIT(0);
    struct bs_buf text = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    ProtobufCMessage *again;
    BS_ASSERT(protobuf_c_message_check(message));
    BS_ASSERT(rpc_pack(message, 0, &bytes, NULL) == BS_OK);
    BS_ASSERT(rpc_unpack(table, bs_buf_str(&bytes), &limits, arena, &again, &error) == BS_OK);
    BS_ASSERT(rpc_pack(again, 0, &other, NULL) == BS_OK);
    BS_ASSERT(bs_str_equal(bs_buf_str(&bytes), bs_buf_str(&other)));
    ProtobufCMessage *theirs = protobuf_c_message_unpack(table->descriptor, NULL, bytes.len,
                                                         (const uint8_t *)bs_buf_cstr(&bytes));
    BS_ASSERT(theirs);
    bs_buf_reset(&other);
    BS_ASSERT(rpc_pack(theirs, 0, &other, NULL) == BS_OK);
    BS_ASSERT(bs_str_equal(bs_buf_str(&bytes), bs_buf_str(&other)));
    protobuf_c_message_free_unpacked(theirs, NULL);
    if (rpc_json_print(table, message, RPC_JSON_ZEROS, &text, &error) == BS_OK)
        BS_ASSERT(bs_utf8_is_valid(bs_buf_str(&text)));
    bs_buf_fini(&bytes);
    bs_buf_fini(&other);
    bs_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct rpc_message *table = &conformance__all__table;
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_str bytes = bs_str_make((const char *)data, size);
    ProtobufCMessage *message;
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = rpc_unpack(table, bytes, NULL, arena, &message, &error);
    enum bs_code checked = rpc_wire_check(table, bytes, NULL, NULL);
    BS_ASSERT(code == checked || code == BS_RESOURCE_EXHAUSTED);
    if (code == BS_OK)
        check(message, arena);
    bs_arena_free(arena);
    return 0;
}
