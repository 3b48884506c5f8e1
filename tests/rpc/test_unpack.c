/* Bytes off a wire: what is refused, what is merged, and that the rest is as protobuf-c has it. */

#include "support.h"

#include "rpc/conformance.h"

static const struct rpc_message *const all = &conformance__all__table;

/* Unpacked and packed again, as hex; "!" and the message when it is refused, by both ways. */
static const char *unpacked(struct bs_str bytes, const struct rpc_wire_limits *limits,
                            struct bs_arena *arena)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bs_error checked = BS_ERROR_INIT;
    ProtobufCMessage *message;
    enum bs_code code = rpc_unpack(all, bytes, limits, arena, &message, &error);
    assert_int_equal(rpc_wire_check(all, bytes, limits, &checked), code);
    assert_int_equal(error.reason, checked.reason);
    return code == BS_OK ? packed_hex(message, arena)
                         : bs_arena_printf(arena, "!%s", error.message).ptr;
}

static void test_unpack__refuses_bytes_that_are_no_message(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *message; /* after the message's name */
    } rows[] = {
        {"field number 0", "00 01", "a field number that does not exist (at byte 0)"},
        {"field number too large", "f8 ff ff ff ff 01 00",
         "a field number that does not exist (at byte 0)"},
        {"group", "0b 0c",
         "optionalInt32: a value of another wire type than the field's (at byte 0)"},
        {"unknown group", "a3 3f 00", "a group, or a wire type that does not exist (at byte 2)"},
        {"cut tag", "80", "the bytes end inside a number (at byte 0)"},
        {"cut number", "08 80", "optionalInt32: the bytes end inside a number (at byte 1)"},
        {"number of 11 bytes", "08 80 80 80 80 80 80 80 80 80 80 00",
         "optionalInt32: a number of more than 10 bytes (at byte 1)"},
        {"cut fixed", "3d 01 02 03", "optionalFixed32: the bytes end inside a number (at byte 1)"},
        {"cut string", "72 02 61", "optionalString: a length that goes beyond the end (at byte 1)"},
        {"length of 2^64 - 1", "72 ff ff ff ff ff ff ff ff ff 01",
         "optionalString: a length that goes beyond the end (at byte 1)"},
        {"wire type", "0a 00",
         "optionalInt32: a value of another wire type than the field's (at byte 0)"},
        {"packed doubles of 7 bytes", "8a02 07 00 00 00 00 00 00 00",
         "repeatedDouble: the bytes end inside a number (at byte 3)"},
        {"packed varint that is cut", "fa01 02 01 80",
         "repeatedInt32[0]: the bytes end inside a number (at byte 4)"},
        {"invalid UTF-8", "72 03 61 ff 62",
         "optionalString: a string that is not UTF-8 (at byte 3)"},
        {"NUL", "72 03 61 00 62",
         "optionalString: a string may not hold the character U+0000 (at byte 3)"},
        {"in a list", "b202 02 0801 b202 05 12 03 61 ff 62",
         "repeatedInner[1].name: a string that is not UTF-8 (at byte 11)"},
        {"in a map's key", "b203 05 0a 01 ff 12 00",
         "mapStringString[0]: a string that is not UTF-8 (at byte 5)"},
        {"unknown field that is cut", "a2 3f 05 00",
         "a length that goes beyond the end (at byte 2)"},
        {"submessage beyond its end", "8a01 02 0a 05",
         "optionalInner.a: a value of another wire type than the field's (at byte 3)"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got = unpacked(from_hex(rows[i].hex, arena), NULL, arena);
        const char *expected = bs_arena_printf(arena, "!conformance.All: %s", rows[i].message).ptr;
        test_row(rows[i].name, strcmp(got, expected) == 0, "%s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_unpack__makes_of_bytes_what_protobuf_makes(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *expected;
    } rows[] = {
        {"nothing", "", ""},
        {"last of two scalars", "08 01 08 02", "0802"},
        {"varint cut to 32 bits", "08 81 80 80 80 70", "0801"},
        {"negative int32 of 10 bytes", "08 ff ff ff ff ff ff ff ff ff 01",
         "08ffffffffffffffffff01"},
        {"bool of 2", "68 02", "6801"},
        {"zigzag", "28 03 30 03", "28033003"},
        {"unknown fields go", "a03f 01 a23f 02 6162 a53f 01020304 a13f 0102030405060708 0801",
         "0801"},
        {"packed and not", "f801 01 fa01 03 02 03 04 f801 05", "fa01050102030405"},
        {"packed where the proto says not", "ba02 02 02 04", "b80202b80204"},
        {"empty packed", "fa01 00", ""},
        {"submessage in two parts", "8a01 02 0801 8a01 03 12 01 61", "8a010508011201 61"},
        {"in two parts, with a oneof", "8a01 02 2001 8a01 02 0802", "8a010408022001"},
        {"in two parts, lists join", "8a01 03 1a 01 01 8a01 03 1a 01 02", "8a01041a020102"},
        {"oneof member in two parts", "8207 02 0801 8207 02 2001", "820704 08012001"},
        {"oneof in a part replaces", "8a01 02 2001 8a01 03 2a 01 61", "8a0103 2a0161"},
        {"another member of a oneof", "8207 02 0801 f806 05", "f80605"},
        {"there and back", "8207 02 0801 f806 05 8207 02 2001", "820702 2001"},
        {"map, double key", "9a03 04 0801 1002 9a03 04 0801 1003", "9a0304 08011003"},
        {"map, empty entry", "9a03 00", "9a0300"},
        {"map, value before key", "9a03 04 1002 0801", "9a0304 08011002"},
        {"map without message", "ca03 03 0a 01 61", "ca0305 0a01611200"},
        {"unknown enum", "800107", "800107"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got = unpacked(from_hex(rows[i].hex, arena), NULL, arena);
        struct bs_str expected = from_hex(rows[i].expected, arena);
        struct bs_str bytes = got[0] == '!' ? BS_STR("!") : from_hex(got, arena);
        test_row(rows[i].name, bs_str_equal(bytes, expected), "%s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

/* A Value of lists inside lists: each level is two messages. */
static struct bs_str nested_lists(size_t levels)
{
    struct bs_buf inner = BS_BUF_INIT(0);
    for (size_t i = 0; i < levels; i++) {
        /* built from the inside: the length comes before what there is */
        struct bs_buf outer = BS_BUF_INIT(0);
        bs_buf_append_byte(&outer, i % 2 == 0 ? 0x32 : 0x0a);
        for (size_t len = inner.len;; len >>= 7) {
            bs_buf_append_byte(&outer, (char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0)));
            if (len <= 0x7f)
                break;
        }
        bs_buf_append_str(&outer, bs_buf_str(&inner));
        bs_buf_fini(&inner);
        inner = outer;
    }
    size_t len;
    char *bytes = bs_buf_take(&inner, &len);
    return bs_str_make(bytes, len);
}

static void test_unpack__nests_a_hundred_messages(void **state)
{
    static const struct {
        size_t messages;
        bool passes;
    } rows[] = {{2, true}, {100, true}, {102, false}, {4000, false}};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        ProtobufCMessage *message;
        char name[32];
        /* the Value is one message, each level within another */
        struct bs_str bytes = nested_lists(rows[i].messages - 1);
        const struct rpc_message *table = rows[i].messages % 2 == 0
                                              ? &google__protobuf__value__table
                                              : &google__protobuf__list_value__table;
        snprintf(name, sizeof(name), "%zu", rows[i].messages);
        enum bs_code code = rpc_unpack(table, bytes, NULL, arena, &message, &error);
        test_row(name, (code == BS_OK) == rows[i].passes, "%s", error.message);
        test_row(name, rpc_wire_check(table, bytes, NULL, NULL) == code, "checked otherwise");
        free((char *)(uintptr_t)bytes.ptr);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_unpack__bounds_what_bytes_become(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_buf bytes = BS_BUF_INIT(0);
    struct rpc_wire_limits limits = {.max_decoded_bytes = 100000000};
    (void)state;
    for (int i = 0; i < 100000; i++)
        bs_buf_append(&bytes, "\xb2\x02", 3); /* an empty Inner */
    const char *got = unpacked(bs_buf_str(&bytes), NULL, arena);
    assert_non_null(strstr(got, "unpacked, the message is more than the 4865536 bytes"));
    got = unpacked(bs_buf_str(&bytes), &limits, arena);
    assert_int_equal(strlen(got), 600000);
    bs_buf_fini(&bytes);
    bs_arena_free(arena);
}

static void test_unpack__obeys_its_depth_and_the_arenas_cap(void **state)
{
    struct bs_arena *arena = bs_arena_new(20000);
    struct bs_arena *other = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_wire_limits limits = {.max_depth = 1};
    struct bs_buf bytes = BS_BUF_INIT(0);
    ProtobufCMessage *message;
    (void)state;
    const char *got = unpacked(from_hex("8a01 00", other), &limits, other);
    assert_string_equal(
        got, "!conformance.All: optionalInner: nested deeper than 1 messages (at byte 3)");
    for (int i = 0; i < 10000; i++)
        bs_buf_append(&bytes,
                      "\x9a\x02\x01"
                      "a",
                      4);
    assert_int_equal(rpc_unpack(all, bs_buf_str(&bytes), NULL, arena, &message, &error),
                     BS_RESOURCE_EXHAUSTED);
    bs_buf_fini(&bytes);
    bs_arena_free(arena);
    bs_arena_free(other);
}

/* JSON of many shapes, packed: ours and protobuf-c's unpacking agree. */
static void test_unpack__agrees_with_protobuf_c(void **state)
{
    static const char *const texts[] = {
        "{\"optionalInt32\":-1,\"optionalString\":\"\xe2\x82\xac\",\"optionalBytes\":\"AQI=\"}",
        "{\"repeatedInt32\":[1,-2,300],\"repeatedDouble\":[0.5],\"repeatedBool\":[true,false]}",
        "{\"repeatedSint64\":[1,-2],\"repeatedFixed32\":[7],\"repeatedColor\":[\"BLUE\",9]}",
        "{\"mapStringInner\":{\"a\":{\"numbers\":[1]},\"b\":{\"leaf\":{\"x\":1}}}}",
        "{\"mapSint64Double\":{\"-1\":0.5},\"mapBoolBool\":{\"true\":false}}",
        "{\"oneofInner\":{\"left\":0},\"optionalStruct\":{\"a\":[1,null,{}]}}",
        "{\"wrappedInt64\":5,\"optionalTimestamp\":\"2024-05-01T12:00:00.5Z\"}",
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        ProtobufCMessage *message;
        assert_int_equal(rpc_json_parse(all, bs_str_from(texts[i]), 0, arena, &message, &error),
                         BS_OK);
        const char *hex = packed_hex(message, arena);
        struct bs_str bytes = from_hex(hex, arena);
        ProtobufCMessage *theirs =
            protobuf_c_message_unpack(all->descriptor, NULL, bytes.len, (const uint8_t *)bytes.ptr);
        assert_non_null(theirs);
        assert_string_equal(packed_hex(theirs, arena), unpacked(bytes, NULL, arena));
        assert_string_equal(hex, unpacked(bytes, NULL, arena));
        protobuf_c_message_free_unpacked(theirs, NULL);
        bs_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpack__refuses_bytes_that_are_no_message),
        cmocka_unit_test(test_unpack__makes_of_bytes_what_protobuf_makes),
        cmocka_unit_test(test_unpack__nests_a_hundred_messages),
        cmocka_unit_test(test_unpack__bounds_what_bytes_become),
        cmocka_unit_test(test_unpack__obeys_its_depth_and_the_arenas_cap),
        cmocka_unit_test(test_unpack__agrees_with_protobuf_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
