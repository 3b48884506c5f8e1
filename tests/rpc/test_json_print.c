/* Printing JSON: zeros, flags, single fields, what has no form; and the limits of reading it. */

#include "support.h"

#include "rpc/json_rows.h"

static void test_json__prints_zeros_where_told(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    const char *got =
        json_again(&conformance__inner__table, BS_STR("{}"), 0, RPC_JSON_ZEROS, arena);
    (void)state;
    assert_string_equal(got, "{\"a\":0,\"name\":\"\",\"numbers\":[]}");
    got = json_again(all, BS_STR("{}"), 0, RPC_JSON_ZEROS, arena);
    assert_non_null(strstr(got, "\"optionalInt64\":\"0\""));
    assert_non_null(strstr(got, "\"optionalColor\":\"RED\""));
    assert_non_null(strstr(got, "\"mapInt32Int32\":{}"));
    assert_null(strstr(got, "oneof"));
    assert_null(strstr(got, "wrapped"));
    assert_null(strstr(got, "optionalInner"));
    bs_arena_free(arena);
}

static void test_json__prints_as_the_flags_say(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    static const struct {
        const char *name;
        const char *json;
        unsigned flags;
        const char *expected;
    } rows[] = {
        {"original names", "{\"optionalInt32\":1,\"other\":2}", RPC_JSON_ORIGINAL_NAMES,
         "{\"optional_int32\":1,\"renamed\":2}"},
        {"for pages", "{\"optionalString\":\"</script>&\\u2028\xe2\x82\xac\"}", RPC_JSON_HTML_SAFE,
         "{\"optionalString\":\"\\u003c/script\\u003e\\u0026\\u2028\xe2\x82\xac\"}"},
        {"not for pages", "{\"optionalString\":\"<\\u2028\"}", 0,
         "{\"optionalString\":\"<\xe2\x80\xa8\"}"},
        {"pretty", "{\"optionalInner\":{\"numbers\":[1,2]},\"mapStringInner\":{\"a\":{}}}",
         RPC_JSON_PRETTY,
         "{\n  \"optionalInner\": {\n    \"numbers\": [\n      1,\n      2\n    ]\n  },\n"
         "  \"mapStringInner\": {\n    \"a\": {}\n  }\n}"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const char *got = json_again(all, bs_str_from(rows[i].json), 0, rows[i].flags, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "gives %s", got);
    }
    bs_arena_free(arena);
    test_rows_end();
}

static const char *field_again(const char *field, const char *json, unsigned flags,
                               struct bs_arena *arena)
{
    Conformance__All message = CONFORMANCE__ALL__INIT;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf out = BS_BUF_INIT(0);
    if (json && rpc_json_parse_field(all, &message.base, bs_str_from(field), bs_str_from(json), 0,
                                     arena, &error) != BS_OK)
        return bs_arena_printf(arena, "!%s", error.message).ptr;
    if (rpc_json_print_field(all, &message.base, bs_str_from(field), flags, &out, &error) != BS_OK)
        return bs_arena_printf(arena, "!%s", error.message).ptr;
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return text;
}

static void test_json__takes_and_prints_single_fields(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    static const struct {
        const char *name;
        const char *field;
        const char *json; /* NULL: unset */
        const char *expected;
    } rows[] = {
        {"string", "optionalString", " \"abc\" ", "\"abc\""},
        {"original name", "optional_string", "\"abc\"", "\"abc\""},
        {"list", "repeatedInt32", "[1,2]", "[1,2]"},
        {"message", "optionalInner", "{\"a\":1}", "{\"a\":1}"},
        {"timestamp", "optionalTimestamp", "\"1970-01-01T00:00:00Z\"", "\"1970-01-01T00:00:00Z\""},
        {"map", "mapBoolBool", "{\"true\":false}", "{\"true\":false}"},
        {"long", "optionalInt64", "5", "\"5\""},
        {"unset string", "optionalString", NULL, "\"\""},
        {"unset list", "repeatedInt32", NULL, "[]"},
        {"unset map", "mapBoolBool", NULL, "{}"},
        {"unset message", "optionalInner", NULL, "{}"},
        {"unset timestamp", "optionalTimestamp", NULL, "null"},
        {"unset oneof member", "oneofString", NULL, "\"\""},
        {"null", "optionalInner", "null", "{}"},
        {"something behind", "optionalInt32", "1 1",
         "!expected the end of the text, got \"1\" (line 1, column 3)"},
        {"wrong type", "repeatedInt32", "[1,{}]",
         "!repeatedInt32[1]: expected a whole number from -2147483648 to 2147483647, got an "
         "object (line 1, column 4)"},
        {"unknown field", "optionalStrin", "1",
         "!conformance.All has no field \"optionalStrin\" (is \"optionalString\" meant?)"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const char *got = field_again(rows[i].field, rows[i].json, 0, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "gives %s", got);
    }
    bs_arena_free(arena);
    test_rows_end();
}

static void test_json__refuses_to_print_what_has_no_form(void **state)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *message;
    } rows[] = {
        {"TimestampProtoInputTooLarge", "f212 07 08 80 83 d1 ff af 07",
         "optionalTimestamp: no instant of the years 0001 to 9999"},
        {"DurationProtoNanosWrongSign", "ea12 0d 08 01 10 ff ff ff ff ff ff ff ff ff 01",
         "optionalDuration: no duration: seconds and nanos out of range or of different signs"},
        {"FieldMaskNumbersDontRoundTrip", "fa12 09 0a 07 66 6f 6f 5f 33 5f 62",
         "optionalFieldMask: a field mask's path that does not read back"},
        {"ValueRejectNanNumberValue", "9213 09 11 00 00 00 00 00 00 f8 7f",
         "optionalValue: a google.protobuf.Value of NaN or infinity"},
        {"Value without kind", "9213 00",
         "optionalValue: a google.protobuf.Value with no kind set"},
        {"Any", "8a13 04 0a 02 61 2f",
         "optionalAny: google.protobuf.Any has no JSON form here: no registry of types"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        struct bs_buf out = BS_BUF_INIT(0);
        ProtobufCMessage *message = NULL;
        enum bs_code code =
            rpc_unpack(all, from_hex(rows[i].hex, arena), NULL, arena, &message, &error);
        if (code == BS_OK)
            code = rpc_json_print(all, message, 0, &out, &error);
        test_row(rows[i].name, code == BS_INTERNAL && strcmp(error.message, rows[i].message) == 0,
                 "%s: %s", bs_code_name(code), code == BS_OK ? bs_buf_cstr(&out) : error.message);
        bs_buf_fini(&out);
        bs_arena_free(arena);
    }
    test_rows_end();
}

/* ---- limits ---- */

static const char *repeated_text(struct bs_arena *arena, const char *open, const char *middle,
                                 const char *close, size_t count)
{
    struct bs_buf text = BS_BUF_INIT(0);
    for (size_t i = 0; i < count; i++)
        bs_buf_append_cstr(&text, open);
    bs_buf_append_cstr(&text, middle);
    for (size_t i = 0; i < count; i++)
        bs_buf_append_cstr(&text, close);
    const char *copy = bs_arena_dup_cstr(arena, bs_buf_str(&text));
    bs_buf_fini(&text);
    return copy;
}

static void test_json__nests_a_hundred_levels(void **state)
{
    static const struct {
        size_t depth;
        bool passes;
    } rows[] = {{25, true}, {99, true}, {100, false}, {200, false}, {200000, false}};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        char name[32];
        snprintf(name, sizeof(name), "%zu", rows[i].depth);
        const char *lists = repeated_text(arena, "[", "", "]", rows[i].depth);
        const char *text = bs_arena_printf(arena, "{\"optionalValue\":%s}", lists).ptr;
        const char *got = json_again(all, bs_str_from(text), 0, 0, arena);
        test_row(name, (got[0] != '!') == rows[i].passes, "%.200s", got);
        text = bs_arena_printf(arena, "{\"unknown\":%s}", lists).ptr;
        got = json_again(all, bs_str_from(text), RPC_JSON_IGNORE_UNKNOWN, 0, arena);
        test_row(name, (got[0] != '!') == rows[i].passes, "ignored: %.200s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_json__finds_double_keys_of_large_maps(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_buf text = BS_BUF_INIT(0);
    (void)state;
    bs_buf_append_cstr(&text, "{\"mapInt32Int32\":{\"0\":0");
    for (int i = 1; i < 50000; i++)
        bs_buf_printf(&text, ",\"%d\":%d", i, i);
    size_t len = text.len;
    bs_buf_append_cstr(&text, "}}");
    const char *got = json_again(all, bs_buf_str(&text), 0, 0, arena);
    assert_str_equals(bs_str_from(got), bs_buf_cstr(&text));
    text.len = len;
    bs_buf_append_cstr(&text, ",\"777\":1}}");
    got = json_again(all, bs_buf_str(&text), 0, 0, arena);
    assert_non_null(strstr(got, "mapInt32Int32: key \"777\" stands twice"));
    bs_buf_fini(&text);
    bs_arena_free(arena);
}

static void test_json__obeys_the_arenas_cap(void **state)
{
    struct bs_arena *arena = bs_arena_new(8000);
    struct bs_buf text = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    ProtobufCMessage *message;
    (void)state;
    bs_buf_append_cstr(&text, "{\"repeatedInner\":[{}");
    for (int i = 0; i < 1000; i++)
        bs_buf_append_cstr(&text, ",{}");
    bs_buf_append_cstr(&text, "]}");
    assert_int_equal(rpc_json_parse(all, bs_buf_str(&text), 0, arena, &message, &error),
                     BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_RPC_TOO_LARGE);
    bs_buf_fini(&text);
    bs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json__prints_zeros_where_told),
        cmocka_unit_test(test_json__prints_as_the_flags_say),
        cmocka_unit_test(test_json__takes_and_prints_single_fields),
        cmocka_unit_test(test_json__refuses_to_print_what_has_no_form),
        cmocka_unit_test(test_json__nests_a_hundred_levels),
        cmocka_unit_test(test_json__finds_double_keys_of_large_maps),
        cmocka_unit_test(test_json__obeys_the_arenas_cap),
    };
    return cmocka_run_group_tests_name("rpc/json_print", tests, NULL, NULL);
}
