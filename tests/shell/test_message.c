/* Messages from EDN and back. */

#include "support.h"

#include "conformance_gen.h"
#include "shell/message.h"

static const struct rpc_message *const all = &conformance__all__table;

static void test_message__from_edn_and_back(void **state)
{
    static const struct {
        const char *edn;  /* a map */
        const char *json; /* of the message */
        const char *key;  /* what stands under this key of the message as EDN ... */
        const char *back; /* ... prints like this */
    } rows[] = {
        {"{:optional_int32 -5}", "{\"optionalInt32\":-5}", "optional_int32", "-5"},
        {"{:optionalInt64 9007199254740993}", "{\"optionalInt64\":\"9007199254740993\"}",
         "optional_int64", "9007199254740993"},
        {"{:optional-uint64 18446744073709551615}", "{\"optionalUint64\":\"18446744073709551615\"}",
         "optional_uint64", "18446744073709551615N"},
        {"{\"optional_double\" 1.5M}", "{\"optionalDouble\":1.5}", "optional_double", "1.5"},
        {"{optional_bool true}", "{\"optionalBool\":true}", "optional_bool", "true"},
        {"{:optional_string \"h\u00e9\"}", "{\"optionalString\":\"h\u00e9\"}", "optional_string",
         "\"h\u00e9\""},
        {"{:optional_string :a/b}", "{\"optionalString\":\"a/b\"}", "optional_string", "\"a/b\""},
        {"{:optional_string \\x}", "{\"optionalString\":\"x\"}", "optional_string", "\"x\""},
        {"{:optional_string #uuid \"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\"}",
         "{\"optionalString\":\"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\"}", "optional_string",
         "\"b10bbbfc-cf9e-42e0-be17-e2c3e1d2600d\""},
        {"{:optional_bytes #base64 \"AAEC\"}", "{\"optionalBytes\":\"AAEC\"}", "optional_bytes",
         "#base64 \"AAEC\""},
        {"{:optional_color :GREEN}", "{\"optionalColor\":\"GREEN\"}", "optional_color", ":GREEN"},
        {"{:optional_inner {:a 1 :numbers [1 2]}}",
         "{\"optionalInner\":{\"a\":1,\"numbers\":[1,2]}}", "optional_inner",
         "{:a 1, :name \"\", :numbers [1 2]}"},
        {"{:repeated_string #{\"x\"}}", "{\"repeatedString\":[\"x\"]}", "repeated_string",
         "[\"x\"]"},
        {"{:map_string_string {\"a-b\" \"c\"}}", "{\"mapStringString\":{\"a-b\":\"c\"}}",
         "map_string_string", "{\"a-b\" \"c\"}"},
        {"{:map_string_inner {:k {:a 2}}}", "{\"mapStringInner\":{\"k\":{\"a\":2}}}",
         "map_string_inner", "{\"k\" {:a 2, :name \"\", :numbers []}}"},
        {"{:map_int32_int32 {1 2}}", "{\"mapInt32Int32\":{\"1\":2}}", "map_int32_int32",
         "{\"1\" 2}"},
        {"{:oneof_string \"\"}", "{\"oneofString\":\"\"}", "oneof_string", "\"\""},
        {"{:optional_timestamp #inst \"1969-12-31T23:59:59.500Z\"}",
         "{\"optionalTimestamp\":\"1969-12-31T23:59:59.500Z\"}", "optional_timestamp",
         "#inst \"1969-12-31T23:59:59.500-00:00\""},
        {"{:wrapped_int64 3}", "{\"wrappedInt64\":\"3\"}", "wrapped_int64", "3"},
        {"{:optional_inner nil}", "{}", "optional_int32", "0"},
        {"{:field-name2 1}", "{\"fieldName2\":1}", "field_name2", "1"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        BS_CLEANUP(bs_buf_fini) struct bs_buf json = BS_BUF_INIT(0);
        BS_CLEANUP(bs_buf_fini) struct bs_buf back = BS_BUF_INIT(0);
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        ProtobufCMessage *message = NULL;
        assert_int_equal(edn_read(bs_str_from(rows[i].edn), arena, &value, NULL), BS_OK);
        enum bs_code code = shell_message_from_edn(all, value, arena, &message, &error);
        test_row(rows[i].edn, code == BS_OK, "%s", error.message);
        if (code != BS_OK)
            continue;
        assert_int_equal(rpc_json_print(all, message, 0, &json, NULL), BS_OK);
        test_row(rows[i].edn, bs_str_equals(bs_buf_str(&json), rows[i].json), "JSON %s",
                 bs_buf_cstr(&json));
        assert_int_equal(shell_message_to_edn(all, message, arena, &value, NULL), BS_OK);
        bool found = edn_map_get_keyword(value, bs_str_from(rows[i].key), &value);
        edn_print(value, &back);
        test_row(rows[i].edn, found && bs_str_equals(bs_buf_str(&back), rows[i].back), "back %s",
                 bs_buf_cstr(&back));
    }
    test_rows_end();
}

static void test_message__what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *edn;
        const char *part; /* of the message */
    } rows[] = {
        {"{:optional_int32 \"x\"}", "optionalInt32"},
        {"{:optional_int32 1.5}", "optionalInt32"},
        {"{:optional_int32 2147483648}", "optionalInt32"},
        {"{:optional_nope 1}", "optional_nope"},
        {"{:optional_color :PINK}", "optionalColor"},
        {"{:optional_inner {:nope 1}}", "nope"},
        {"{:optional_inner [1]}", "optionalInner"},
        {"{:optional_int32 1 :optionalInt32 1}", "twice"},
        {"{:optional_int32 #a/tag 1}", "#a/tag"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        ProtobufCMessage *message = NULL;
        assert_int_equal(edn_read(bs_str_from(rows[i].edn), arena, &value, NULL), BS_OK);
        enum bs_code code = shell_message_from_edn(all, value, arena, &message, &error);
        test_row(rows[i].edn, code == BS_INVALID_ARGUMENT, "code %d", code);
        test_row(rows[i].edn, strstr(error.message, rows[i].part) != NULL, "%s", error.message);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message__from_edn_and_back),
        cmocka_unit_test(test_message__what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
