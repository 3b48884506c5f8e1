/* Path and query parameters into messages (reference: "Binding"). */

#include "support.h"

#include "rpc/conformance.h"

static const struct rpc_message *const all = &conformance__all__table;

struct parameter {
    const char *path;
    const char *text;
};

static const char *bound(const struct parameter *parameters, struct bs_arena *arena)
{
    Conformance__All message = CONFORMANCE__ALL__INIT;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf out = BS_BUF_INIT(0);
    for (; parameters->path; parameters++) {
        if (rpc_message_set_text(all, &message.base, bs_str_from(parameters->path),
                                 bs_str_from(parameters->text), arena, &error) != BS_OK)
            return bs_arena_printf(arena, "!%s", error.message).ptr;
    }
    assert_int_equal(rpc_json_print(all, &message.base, 0, &out, &error), BS_OK);
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return text;
}

static void test_bind__takes_text_as_json_takes_it_without_quotes(void **state)
{
    static const struct {
        const char *name;
        struct parameter parameters[4];
        const char *expected;
    } rows[] = {
        {"string", {{"optionalString", "a b"}}, "{\"optionalString\":\"a b\"}"},
        {"empty string", {{"optionalString", ""}}, "{}"},
        {"original name", {{"optional_string", "a"}}, "{\"optionalString\":\"a\"}"},
        {"number", {{"optionalInt32", "-5"}}, "{\"optionalInt32\":-5}"},
        {"long",
         {{"optionalInt64", "9007199254740993"}},
         "{\"optionalInt64\":\"9007199254740993\"}"},
        {"double", {{"optionalDouble", "1e3"}}, "{\"optionalDouble\":1000}"},
        {"bool", {{"optionalBool", "true"}}, "{\"optionalBool\":true}"},
        {"enum by name", {{"optionalColor", "GREEN"}}, "{\"optionalColor\":\"GREEN\"}"},
        {"enum by number", {{"optionalColor", "77"}}, "{\"optionalColor\":77}"},
        {"bytes", {{"optionalBytes", "-_"}}, "{\"optionalBytes\":\"+w==\"}"},
        {"timestamp",
         {{"optionalTimestamp", "1970-01-01T00:00:00Z"}},
         "{\"optionalTimestamp\":\"1970-01-01T00:00:00Z\"}"},
        {"duration", {{"optionalDuration", "1.5s"}}, "{\"optionalDuration\":\"1.500s\"}"},
        {"field mask", {{"optionalFieldMask", "a,bC"}}, "{\"optionalFieldMask\":\"a,bC\"}"},
        {"wrapper", {{"wrappedInt32", "0"}}, "{\"wrappedInt32\":0}"},
        {"wrapper of a string", {{"wrappedString", ""}}, "{\"wrappedString\":\"\"}"},
        {"list",
         {{"repeatedInt32", "1"}, {"repeated_int32", "2"}, {"repeatedInt32", "1"}},
         "{\"repeatedInt32\":[1,2,1]}"},
        {"list of strings is not split",
         {{"repeatedString", "a,b"}},
         "{\"repeatedString\":[\"a,b\"]}"},
        {"nested",
         {{"optionalInner.name", "n"}, {"optional_inner.a", "1"}},
         "{\"optionalInner\":{\"a\":1,\"name\":\"n\"}}"},
        {"oneof member, zero", {{"oneofUint32", "0"}}, "{\"oneofUint32\":0}"},
        {"the same twice",
         {{"optionalInt32", "5"}, {"optionalInt32", "5"}},
         "{\"optionalInt32\":5}"},
        {"the same timestamp twice",
         {{"optionalTimestamp", "1970-01-01T00:00:00Z"},
          {"optionalTimestamp", "1970-01-01T01:00:00+01:00"}},
         "{\"optionalTimestamp\":\"1970-01-01T00:00:00Z\"}"},
        {"another",
         {{"optionalInt32", "5"}, {"optionalInt32", "6"}},
         "!optionalInt32: is set to another value already"},
        {"empty number",
         {{"optionalInt32", ""}},
         "!optionalInt32: expected a whole number from -2147483648 to 2147483647, got \"\""},
        {"empty bool", {{"optionalBool", ""}}, "!optionalBool: expected true or false, got \"\""},
        {"bool in capitals",
         {{"optionalBool", "TRUE"}},
         "!optionalBool: expected true or false, got \"TRUE\""},
        {"Go's duration",
         {{"optionalDuration", "1h"}},
         "!optionalDuration: expected a duration in seconds such as \"1.5s\", got \"1h\""},
        {"unknown",
         {{"optionalInner.nam", "x"}},
         "!optionalInner.nam: conformance.Inner has no field \"nam\" (is \"name\" meant?)"},
        {"two members of a oneof",
         {{"oneofUint32", "1"}, {"oneofString", "x"}},
         "!oneofString: only one of oneofUint32 and oneofString may be set"},
        {"map", {{"mapBoolBool", "x"}}, "!mapBoolBool: a map can't be set by a parameter"},
        {"message",
         {{"optionalInner", "x"}},
         "!optionalInner: names a message; name one of its fields (optionalInner.a)"},
        {"list of messages",
         {{"repeatedInner", "x"}},
         "!repeatedInner: a list of messages can't be set by a parameter"},
        {"into a list of messages",
         {{"repeatedInner.a", "1"}},
         "!repeatedInner.a: repeatedInner has no fields that a parameter could name"},
        {"into a scalar",
         {{"optionalInt32.a", "1"}},
         "!optionalInt32.a: optionalInt32 has no fields that a parameter could name"},
        {"Struct",
         {{"optionalStruct", "{}"}},
         "!optionalStruct: google.protobuf.Struct can't be set by a parameter"},
        {"Value",
         {{"optionalValue", "1"}},
         "!optionalValue: google.protobuf.Value can't be set by a parameter"},
        {"not UTF-8", {{"optionalString", "\xff"}}, "!optionalString: the text is not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got = bound(rows[i].parameters, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "%s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_bind__goes_on_where_a_body_left_off(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    ProtobufCMessage *message;
    (void)state;
    assert_int_equal(rpc_json_parse(all,
                                    BS_STR("{\"repeatedInt32\":[1,2,3],\"optionalInt32\":7,"
                                           "\"optionalInner\":{\"a\":1}}"),
                                    0, arena, &message, &error),
                     BS_OK);
    for (int i = 0; i < 6; i++)
        assert_int_equal(
            rpc_message_set_text(all, message, BS_STR("repeatedInt32"), BS_STR("9"), arena, &error),
            BS_OK);
    assert_int_equal(
        rpc_message_set_text(all, message, BS_STR("optionalInt32"), BS_STR("7"), arena, &error),
        BS_OK);
    assert_int_equal(
        rpc_message_set_text(all, message, BS_STR("optionalInner.a"), BS_STR("2"), arena, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(((Conformance__All *)message)->n_repeated_int32, 9);
    assert_int_equal(((Conformance__All *)message)->repeated_int32[8], 9);
    bs_arena_free(arena);
}

static void test_bind__knows_two_spellings_for_one_path(void **state)
{
    struct bs_buf path = BS_BUF_INIT(0);
    bool is_list = true;
    (void)state;
    assert_true(rpc_message_resolve_path(all, BS_STR("optionalInner.name"), &path, &is_list));
    assert_str_equals(bs_buf_str(&path), "optional_inner.name");
    assert_false(is_list);
    bs_buf_reset(&path);
    assert_true(rpc_message_resolve_path(all, BS_STR("other"), &path, &is_list));
    assert_str_equals(bs_buf_str(&path), "renamed");
    assert_true(rpc_message_resolve_path(all, BS_STR("repeated_int32"), &path, &is_list));
    assert_true(is_list);
    assert_false(rpc_message_resolve_path(all, BS_STR("optionalInner.x"), &path, &is_list));
    assert_false(rpc_message_resolve_path(all, BS_STR("optionalInt32.x"), &path, &is_list));
    assert_false(rpc_message_resolve_path(all, BS_STR(""), &path, &is_list));
    bs_buf_fini(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bind__takes_text_as_json_takes_it_without_quotes),
        cmocka_unit_test(test_bind__goes_on_where_a_body_left_off),
        cmocka_unit_test(test_bind__knows_two_spellings_for_one_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
