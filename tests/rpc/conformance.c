#include "rpc/conformance.h"

#include "support.h"

const char *packed_hex(const ProtobufCMessage *message, struct bs_arena *arena)
{
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct bs_buf hex = BS_BUF_INIT(0);
    assert_int_equal(rpc_pack(message, 0, &bytes, NULL), BS_OK);
    bs_hex_encode(&hex, bytes.ptr, bytes.len);
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&hex));
    bs_buf_fini(&hex);
    bs_buf_fini(&bytes);
    return text;
}

static unsigned hex_value(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct bs_str from_hex(const char *hex, struct bs_arena *arena)
{
    char *bytes = bs_arena_alloc(arena, strlen(hex) / 2 + 1);
    size_t len = 0;
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        bytes[len++] = (char)(hex_value(hex[0]) << 4 | hex_value(hex[1]));
        hex++;
    }
    return bs_str_make(bytes, len);
}

static const char *failure(const struct bs_error *error, struct bs_arena *arena)
{
    return bs_arena_printf(arena, "!%s", error->message).ptr;
}

const char *json_again(const struct rpc_message *table, struct bs_str text, unsigned parse_flags,
                       unsigned print_flags, struct bs_arena *arena)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf out = BS_BUF_INIT(0);
    ProtobufCMessage *message;
    ProtobufCMessage *again;
    if (rpc_json_parse(table, text, parse_flags, arena, &message, &error) != BS_OK)
        return failure(&error, arena);
    enum bs_code code = rpc_json_print(table, message, print_flags, &out, &error);
    const char *printed = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    if (code != BS_OK)
        return failure(&error, arena);
    if (rpc_json_parse(table, bs_str_from(printed), 0, arena, &again, &error) != BS_OK)
        fail_msg("printed, but not read back: %s: %s", printed, error.message);
    assert_string_equal(packed_hex(message, arena), packed_hex(again, arena));
    return printed;
}
