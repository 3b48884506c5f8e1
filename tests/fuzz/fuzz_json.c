/*
 * Text as the JSON of conformance.All; the first byte chooses flags. What parses must pack, unpack
 * to the same bytes, print, and parse again to the same bytes.
 */

#include "base/base.h"
#include "conformance_gen.h"
#include "rpc/rpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bs_buf packed(const ProtobufCMessage *message)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    BS_ASSERT(rpc_pack(message, 0, &bytes, NULL) == BS_OK);
    return bytes;
}

static void check(const ProtobufCMessage *message, unsigned flags, struct bs_arena *arena)
{
    const struct rpc_message *table = &conformance__all__table;
    struct rpc_wire_limits limits = {.max_decoded_bytes = SIZE_MAX / 4};
    struct bs_buf bytes = packed(message);
    struct bs_buf text = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    ProtobufCMessage *again;
    /* Values nest a JSON level in two messages: deep ones do not travel */
    if (rpc_unpack(table, bs_buf_str(&bytes), &limits, arena, &again, &error) == BS_OK) {
        struct bs_buf other = packed(again);
        BS_ASSERT(bs_str_equal(bs_buf_str(&bytes), bs_buf_str(&other)));
        bs_buf_fini(&other);
    } else {
        BS_ASSERT(strstr(error.message, "nested deeper"));
    }
    BS_ASSERT(rpc_json_print(table, message, flags, &text, &error) == BS_OK);
    BS_ASSERT(rpc_json_parse(table, bs_buf_str(&text), 0, arena, &again, &error) == BS_OK);
    struct bs_buf other = packed(again);
    BS_ASSERT(bs_str_equal(bs_buf_str(&bytes), bs_buf_str(&other)));
    bs_buf_fini(&other);
    bs_buf_fini(&bytes);
    bs_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_str text = bs_str_make((const char *)data + 1, size - 1);
    unsigned flags = data[0];
    ProtobufCMessage *message;
    if (rpc_json_parse(&conformance__all__table, text, flags & RPC_JSON_IGNORE_UNKNOWN, arena,
                       &message, NULL) == BS_OK)
        check(message, flags & ~(unsigned)RPC_JSON_IGNORE_UNKNOWN, arena);
    bs_arena_free(arena);
    return 0;
}
