/* The builder fed by other hands than JSON's, and what errors say of their place. */

#include "support.h"

#include "rpc/conformance.h"

static const struct rpc_message *const all = &conformance__all__table;

static void test_build__names_path_line_and_column(void **state)
{
    static const struct {
        const char *json;
        const char *message;
        const char *path;
        int64_t line, column, offset;
    } rows[] = {
        {"{\n  \"repeatedTimestamp\": [\n    \"1970-01-01T00:00:00Z\", \"2024-13-01\"]}",
         "repeatedTimestamp[1]: expected RFC 3339 time, got \"2024-13-01\" (line 3, column 29)",
         "repeatedTimestamp[1]", 3, 29, 55},
        {"{\"repeatedInner\":[{},{\"leaf\":{\"x\":1.5}}]}",
         "repeatedInner[1].leaf.x: expected a whole number from -2147483648 to 2147483647, got 1.5 "
         "(line 1, column 35)",
         "repeatedInner[1].leaf.x", 1, 35, 34},
        {"{\"mapStringInner\":{\"a\\\"b\":{\"a\":true}}}",
         "mapStringInner[\"a\\\"b\"].a: expected a whole number from -2147483648 to 2147483647, "
         "got "
         "true (line 1, column 32)",
         "mapStringInner[\"a\\\"b\"].a", 1, 32, 31},
        {"{\"mapInt32Int32\":{\"5\":\"\xe2\x82\xac\"}}",
         "mapInt32Int32[5]: expected a whole number from -2147483648 to 2147483647, got "
         "\"\xe2\x82\xac\" (line 1, column 23)",
         "mapInt32Int32[5]", 1, 23, 22},
        {"{\"optionalString\":\"\xe2\x82\xac\xe2\x82\xac\",,}",
         "expected a name in double quotes, got \",\" (line 1, column 24)", "", 1, 24, 27},
        {"{\"optionalInner\":{\"nmae\":1}}",
         "optionalInner: conformance.Inner has no field \"nmae\" (is \"name\" meant?) (line 1, "
         "column 19)",
         "optionalInner", 1, 19, 18},
        {"{\"optionalColor\":\"green\"}",
         "optionalColor: expected one of NEGATIVE, RED, GREEN, BLUE, got \"green\" (line 1, column "
         "18)",
         "optionalColor", 1, 18, 17},
        {"{\"optionalInt32\":1,\"optional_int32\":2}",
         "optionalInt32: stands twice (line 1, column 20)", "optionalInt32", 1, 20, 19},
        {"{\"optionalStruct\":{\"a\":[1,{\"b\":1e999}]}}",
         "optionalStruct[\"a\"][1][\"b\"]: expected a number up to 1.7976931348623157e308, got "
         "1e999 "
         "(line 1, column 32)",
         "optionalStruct[\"a\"][1][\"b\"]", 1, 32, 31},
        {"{\"optionalString\":\"a\xff\"}",
         "optionalString: the text is not UTF-8 (line 1, column 21)", "optionalString", 1, 21, 20},
        {"[", "expected an object, got a list (line 1, column 1)", "", 1, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        ProtobufCMessage *message;
        enum bs_code code =
            rpc_json_parse(all, bs_str_from(rows[i].json), 0, arena, &message, &error);
        test_row(rows[i].json, code == BS_INVALID_ARGUMENT, "%s", bs_code_name(code));
        test_row(rows[i].json, strcmp(error.message, rows[i].message) == 0, "%s", error.message);
        const struct bs_error_field *path = bs_error_find(&error, "path");
        const struct bs_error_field *line = bs_error_find(&error, "line");
        const struct bs_error_field *column = bs_error_find(&error, "column");
        const struct bs_error_field *offset = bs_error_find(&error, "offset");
        test_row(rows[i].json, path && strcmp(path->text, rows[i].path) == 0, "%s",
                 path ? path->text : "no path");
        test_row(rows[i].json,
                 line && column && offset && line->integer == rows[i].line &&
                     column->integer == rows[i].column && offset->integer == rows[i].offset,
                 "offset %lld", offset ? (long long)offset->integer : -1);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static const char *printed(ProtobufCMessage *message, struct bs_arena *arena)
{
    struct bs_buf out = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(rpc_json_print(all, message, 0, &out, &error), BS_OK);
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return text;
}

/* As an EDN walker does it: values of their own types, nothing quoted. */
static enum bs_code build_values(struct rpc_builder *b, struct bs_error *error)
{
    BS_TRY(rpc_build_begin_object(b, error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_int64"), error));
    BS_TRY(rpc_build_int(b, INT64_MIN, error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_float"), error));
    BS_TRY(rpc_build_double(b, 0.1, error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_bytes"), error));
    BS_TRY(rpc_build_bytes(b, BS_STR("\x01\x02"), error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_timestamp"), error));
    BS_TRY(rpc_build_instant(b, 1, 500000000, error));
    BS_TRY(rpc_build_key(b, BS_STR("repeated_int32"), error));
    BS_TRY(rpc_build_begin_list(b, error));
    BS_TRY(rpc_build_double(b, 3, error));
    BS_TRY(rpc_build_number(b, BS_STR("4e0"), error));
    BS_TRY(rpc_build_end_list(b, error));
    BS_TRY(rpc_build_key(b, BS_STR("map_int32_int32"), error));
    BS_TRY(rpc_build_begin_object(b, error));
    BS_TRY(rpc_build_key(b, BS_STR("7"), error));
    BS_TRY(rpc_build_int(b, 8, error));
    BS_TRY(rpc_build_end_object(b, error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_color"), error));
    BS_TRY(rpc_build_string(b, BS_STR("BLUE"), error));
    BS_TRY(rpc_build_key(b, BS_STR("optional_inner"), error));
    BS_TRY(rpc_build_null(b, error));
    return rpc_build_end_object(b, error);
}

static void test_build__takes_typed_values(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_builder *builder = rpc_builder_new(all, 0, arena);
    ProtobufCMessage *message;
    (void)state;
    assert_int_equal(build_values(builder, &error), BS_OK);
    assert_int_equal(rpc_builder_finish(builder, &message, &error), BS_OK);
    assert_string_equal(
        printed(message, arena),
        "{\"optionalInt64\":\"-9223372036854775808\",\"optionalFloat\":0.1,"
        "\"optionalBytes\":\"AQI=\",\"optionalColor\":\"BLUE\",\"repeatedInt32\":[3,"
        "4],\"mapInt32Int32\":{\"7\":8},\"optionalTimestamp\":"
        "\"1970-01-01T00:00:01.500Z\"}");
    bs_arena_free(arena);
}

static void test_build__refuses_typed_values_that_do_not_fit(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_builder *b = rpc_builder_new(all, 0, arena);
    (void)state;
    assert_int_equal(rpc_build_begin_object(b, &error), BS_OK);
    assert_int_equal(rpc_build_key(b, BS_STR("optional_int32"), &error), BS_OK);
    assert_int_equal(rpc_build_double(b, 0.5, &error), BS_INVALID_ARGUMENT);
    assert_string_equal(
        error.message,
        "optionalInt32: expected a whole number from -2147483648 to 2147483647, got 0.5");
    b = rpc_builder_new(all, 0, arena);
    assert_int_equal(rpc_build_begin_object(b, &error), BS_OK);
    assert_int_equal(rpc_build_key(b, BS_STR("optional_string"), &error), BS_OK);
    assert_int_equal(rpc_build_instant(b, 0, 0, &error), BS_INVALID_ARGUMENT);
    assert_string_equal(error.message, "optionalString: expected a string, got an instant");
    b = rpc_builder_new(all, 0, arena);
    assert_int_equal(rpc_build_begin_object(b, &error), BS_OK);
    assert_int_equal(rpc_build_key(b, BS_STR("optional_timestamp"), &error), BS_OK);
    assert_int_equal(rpc_build_instant(b, INT64_MAX, 0, &error), BS_INVALID_ARGUMENT);
    bs_arena_free(arena);
}

static void test_build__fills_a_message_but_sets_no_field_twice(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    Conformance__All message = CONFORMANCE__ALL__INIT;
    (void)state;
    message.optional_int32 = 5;
    struct rpc_builder *b = rpc_builder_new_into(all, &message.base, 0, arena);
    assert_int_equal(rpc_build_begin_object(b, &error), BS_OK);
    assert_int_equal(rpc_build_key(b, BS_STR("optionalBool"), &error), BS_OK);
    assert_int_equal(rpc_build_bool(b, true, &error), BS_OK);
    assert_int_equal(rpc_build_key(b, BS_STR("optionalInt32"), &error), BS_OK);
    assert_int_equal(rpc_build_int(b, 6, &error), BS_INVALID_ARGUMENT);
    assert_string_equal(error.message, "optionalInt32: is set already");
    assert_int_equal(message.optional_int32, 5);
    assert_true(message.optional_bool);
    bs_arena_free(arena);
}

static void test_build__says_when_the_arena_is_full(void **state)
{
    struct bs_arena *arena = bs_arena_new(64);
    (void)state;
    assert_null(rpc_builder_new(all, 0, arena));
    bs_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build__names_path_line_and_column),
        cmocka_unit_test(test_build__takes_typed_values),
        cmocka_unit_test(test_build__refuses_typed_values_that_do_not_fit),
        cmocka_unit_test(test_build__fills_a_message_but_sets_no_field_twice),
        cmocka_unit_test(test_build__says_when_the_arena_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
