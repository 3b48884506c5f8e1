/* Errors: tables, messages, fields. */

#include "support.h"

#include "base/error.h"

static void test_codes__have_names_categories_and_statuses(void **state)
{
    static const struct {
        enum bs_code code;
        const char *name;
        const char *category;
        int http_status;
    } rows[] = {
        {BS_OK, "OK", "ok", 200},
        {BS_NOT_FOUND, "NOT_FOUND", "not-found", 404},
        {BS_ABORTED, "ABORTED", "conflict", 409},
        {BS_UNAUTHENTICATED, "UNAUTHENTICATED", "unauthenticated", 401},
        {(enum bs_code)17, "UNKNOWN", "fault", 500},
        {(enum bs_code)(-1), "UNKNOWN", "fault", 500},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        assert_string_equal(bs_code_name(rows[i].code), rows[i].name);
        assert_string_equal(bs_code_category(rows[i].code), rows[i].category);
        assert_int_equal(bs_code_http_status(rows[i].code), rows[i].http_status);
    }
    assert_int_equal(bs_code_from_number(16), BS_UNAUTHENTICATED);
    assert_int_equal(bs_code_from_number(17), BS_UNKNOWN);
    assert_int_equal(bs_code_from_number(-1), BS_UNKNOWN);
    assert_int_equal(bs_code_from_number(INT64_MAX), BS_UNKNOWN);
}

static void test_reasons__are_found_by_their_names(void **state)
{
    (void)state;
    for (int i = 1; i < BS_REASON_COUNT; i++) {
        enum bs_reason reason = (enum bs_reason)i;
        const char *name = bs_reason_name(reason);
        test_row(name, bs_reason_from_name(bs_str_from(name)) == reason, "not found, or twice");
        test_row(name, strchr(name, '/') != NULL, "no namespace");
        test_row(name, bs_reason_text(reason)[0] != '\0', "no text");
        test_row(name, bs_reason_code(reason) != BS_OK, "OK is no failure");
    }
    assert_string_equal(bs_reason_name(BS_REASON_NONE), "");
    assert_string_equal(bs_reason_name(BS_REASON_COUNT), "");
    assert_int_equal(bs_reason_from_name(BS_STR("x/y")), BS_REASON_NONE);
    assert_int_equal(bs_reason_from_name(BS_STR("")), BS_REASON_NONE);
    assert_true(bs_reason_retryable(BS_REASON_STORE_LOCKED));
    assert_false(bs_reason_retryable(BS_REASON_LIMIT));
    test_rows_end();
}

static void test_set__fills_the_error_and_returns_the_code(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_add_integer(&error, "old", 1);
    assert_int_equal(bs_error_set(&error, BS_REASON_EDN_SYNTAX, "line %d", 3), BS_INVALID_ARGUMENT);
    assert_int_equal(error.code, BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_EDN_SYNTAX);
    assert_string_equal(error.message, "line 3");
    assert_int_equal(error.fields_count, 0);
    assert_non_null(strstr(error.file, "test_error.c"));
    assert_true(error.line > 0);
    assert_string_equal(bs_error_reason_name(&error), "edn.error/syntax");
    snprintf(error.remote_reason, sizeof(error.remote_reason), "their.error/x");
    assert_string_equal(bs_error_reason_name(&error), "their.error/x");

    assert_int_equal(bs_error_set_code(&error, BS_NOT_FOUND, BS_REASON_RPC_REMOTE, "%s", "x"),
                     BS_NOT_FOUND);
    assert_int_equal(error.code, BS_NOT_FOUND);
    assert_string_equal(bs_error_reason_name(&error), "rpc.error/remote");
    assert_int_equal(bs_error_set(NULL, BS_REASON_LIMIT, "x"), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(bs_error_set_code(NULL, BS_ABORTED, BS_REASON_LIMIT, "x"), BS_ABORTED);
    bs_error_prefix(NULL, "x");
    bs_error_add_integer(NULL, "x", 1);
    bs_error_add_text(NULL, "x", BS_STR("y"));
}

static void test_prefix__stands_before_the_message(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_LIMIT, "c");
    bs_error_prefix(&error, "%s: ", "b");
    bs_error_prefix(&error, "a: ");
    assert_string_equal(error.message, "a: b: c");
}

static void test_message__is_cut_at_a_whole_character(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xb8"};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(characters); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[BS_ERROR_MESSAGE_MAX * 2] = "";
            size_t len = 0;
            while (len < shift)
                text[len++] = '-';
            size_t size = strlen(characters[i]);
            for (; len + size < sizeof(text); len += size)
                memcpy(text + len, characters[i], size);
            struct bs_error error = BS_ERROR_INIT;
            bs_error_set(&error, BS_REASON_LIMIT, "%s", text);
            size_t room = BS_ERROR_MESSAGE_MAX - 1;
            assert_int_equal(strlen(error.message), shift + (room - shift) / size * size);
            assert_true(bs_utf8_is_valid(bs_str_from(error.message)));

            bs_error_prefix(&error, "12345");
            assert_true(bs_utf8_is_valid(bs_str_from(error.message)));
            assert_true(strlen(error.message) > room - 5);

            bs_error_add_text(&error, "text", bs_str_from(text));
            room = BS_ERROR_FIELD_TEXT_MAX - 1;
            assert_int_equal(strlen(bs_error_find(&error, "text")->text),
                             shift + (room - shift) / size * size);
        }
    }
}

static void test_prefix__that_fills_the_message_leaves_nothing_of_it(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    char text[BS_ERROR_MESSAGE_MAX * 2];
    memset(text, 'p', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    bs_error_set(&error, BS_REASON_LIMIT, "message");
    bs_error_prefix(&error, "%s", text);
    assert_int_equal(strlen(error.message), BS_ERROR_MESSAGE_MAX - 1);
    assert_null(strchr(error.message, 'm'));
}

static void test_message__is_utf8_whatever_was_put_into_it(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"a\xff"
         "b",
         "a?b"},
        {"\xc3", "?"},
        {"\xc3(", "?("},
        {"\xed\xa0\x80", "???"},
        {"\xf0\x9f\x8e", "???"},
        {"\xc3\xa9\x80", "\xc3\xa9?"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        bs_error_set(&error, BS_REASON_LIMIT, "%s", rows[i].text);
        assert_string_equal(error.message, rows[i].message);
        bs_error_add_text(&error, "k", bs_str_from(rows[i].text));
        assert_string_equal(bs_error_find(&error, "k")->text, rows[i].message);
    }
}

static void test_fields__are_replaced_by_key_and_dropped_beyond_the_maximum(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    bs_error_set(&error, BS_REASON_LIMIT, "x");
    assert_null(bs_error_find(&error, "line"));
    bs_error_add_integer(&error, "line", 1);
    bs_error_add_text(&error, "name", bs_str_make("a\0b", 3));
    bs_error_add_integer(&error, "line", 2);
    assert_int_equal(error.fields_count, 2);
    assert_int_equal(bs_error_find(&error, "line")->integer, 2);
    assert_false(bs_error_find(&error, "line")->is_text);
    assert_true(bs_error_find(&error, "name")->is_text);
    assert_string_equal(bs_error_find(&error, "name")->text, "a?b");
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(keys); i++)
        bs_error_add_integer(&error, keys[i], 1);
    assert_int_equal(error.fields_count, BS_ERROR_FIELDS_MAX);
    assert_non_null(bs_error_find(&error, "f"));
    assert_null(bs_error_find(&error, "g"));
    bs_error_add_integer(&error, "f", 7);
    assert_int_equal(bs_error_find(&error, "f")->integer, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes__have_names_categories_and_statuses),
        cmocka_unit_test(test_reasons__are_found_by_their_names),
        cmocka_unit_test(test_set__fills_the_error_and_returns_the_code),
        cmocka_unit_test(test_prefix__stands_before_the_message),
        cmocka_unit_test(test_message__is_cut_at_a_whole_character),
        cmocka_unit_test(test_prefix__that_fills_the_message_leaves_nothing_of_it),
        cmocka_unit_test(test_message__is_utf8_whatever_was_put_into_it),
        cmocka_unit_test(test_fields__are_replaced_by_key_and_dropped_beyond_the_maximum),
    };
    return cmocka_run_group_tests_name("base/error", tests, NULL, NULL);
}
