/* The rules of rpc/v1/options.proto on messages given as JSON. */

#include "support.h"

#include "rpc/conformance.h"

static const struct rpc_message *const ruled = &conformance__ruled__table;

/* "field rule description" a line. */
static const char *violations_of(const char *json, struct bs_arena *arena)
{
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_violations violations;
    struct bs_buf out = BS_BUF_INIT(0);
    ProtobufCMessage *message;
    if (rpc_json_parse(ruled, bs_str_from(json), 0, arena, &message, &error) != BS_OK)
        fail_msg("%s: %s", json, error.message);
    rpc_violations_init(&violations, arena);
    enum bs_code code = rpc_validate(ruled, message, &violations, &error);
    assert_int_equal(code, violations.count > 0 ? BS_INVALID_ARGUMENT : BS_OK);
    for (size_t i = 0; i < violations.count; i++) {
        const struct rpc_violation *v = &violations.items[i];
        bs_buf_printf(&out, "%s%.*s %.*s: %.*s", i > 0 ? "\n" : "", BS_STR_ARGS(v->field),
                      BS_STR_ARGS(v->rule), BS_STR_ARGS(v->description));
    }
    const char *text = bs_arena_dup_cstr(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return text;
}

/* Beside what makes the message valid otherwise. */
#define WITH(text) "{\"name\":\"abc\",\"item\":{\"startsAt\":\"x\"}," text "}"

static void test_validate__tells_each_rule_that_is_broken(void **state)
{
    static const struct {
        const char *name;
        const char *json;
        const char *expected;
    } rows[] = {
        {"all fine", WITH("\"count\":3"), ""},
        {"required", "{\"item\":{\"startsAt\":\"x\"}}", "name required: is required"},
        {"required message", "{\"name\":\"abc\"}", "item required: is required"},
        {"required inside", "{\"name\":\"abc\",\"item\":{}}",
         "item.startsAt required: is required"},
        {"min_len in characters", "{\"name\":\"\xe2\x82\xac\",\"item\":{\"startsAt\":\"x\"}}",
         "name min_len: expected at least 2 characters, got 1"},
        {"max_len in characters, at its edge",
         "{\"name\":\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\","
         "\"item\":{\"startsAt\":\"x\"}}",
         ""},
        {"max_len", "{\"name\":\"abcdef\",\"item\":{\"startsAt\":\"x\"}}",
         "name max_len: expected at most 5 characters, got 6"},
        {"email", WITH("\"email\":\"a@b\""), ""},
        {"email, wrong", WITH("\"email\":\"a@\""),
         "email format: expected an e-mail address, got \"a@\""},
        {"email, two dots", WITH("\"email\":\"a..b@c.de\""),
         "email format: expected an e-mail address, got \"a..b@c.de\""},
        {"email, blank", WITH("\"email\":\"a b@c.de\""),
         "email format: expected an e-mail address, got \"a b@c.de\""},
        {"pattern", WITH("\"code\":\"aB\""),
         "code pattern: expected text that matches ^[a-z]+$, got \"aB\""},
        {"pattern is not tried on what is too long", WITH("\"code\":\"ABCDEFGHI\""),
         "code max_bytes: expected at most 8 bytes, got 9"},
        {"in", WITH("\"kind\":\"duo\""),
         "kind in: expected one of \"solo\", \"band\", got \"duo\""},
        {"ge", WITH("\"count\":-1"), "count ge: expected at least 0, got -1"},
        {"le, at its edge", WITH("\"count\":10"), ""},
        {"le", WITH("\"count\":11"), "count le: expected at most 10, got 11"},
        {"lt of a huge number", WITH("\"huge\":\"18446744073709551615\""),
         "huge lt: expected less than 100, got 18446744073709551615"},
        {"number_gt", WITH("\"ratio\":-1"), "ratio number_gt: expected more than -1, got -1"},
        {"NaN breaks each", WITH("\"ratio\":\"NaN\""),
         "ratio number_gt: expected more than -1, got NaN\n"
         "ratio number_le: expected at most 1, got NaN"},
        {"defined_only", WITH("\"color\":7"),
         "color defined_only: expected a value of conformance.Color, got 7"},
        {"items", WITH("\"tags\":[\"a\",\"A b\",\"\",\"d\"]"),
         "tags max_items: expected at most 3 items, got 4\n"
         "tags[1] format: expected a slug (lower-case letters and digits, joined by single "
         "hyphens), got \"A b\"\n"
         "tags[2] min_len: expected at least 1 characters, got 0\n"
         "tags[2] format: expected a slug (lower-case letters and digits, joined by single "
         "hyphens), got \"\""},
        {"values of a map", WITH("\"seats\":{\"a\":1,\"b\":0}"),
         "seats[\"b\"] gt: expected more than 0, got 0"},
        {"messages in a list", WITH("\"items\":[{\"startsAt\":\"x\"},{}]"),
         "items[1].startsAt required: is required"},
        {"oneof member", WITH("\"url\":\"ftp://x\""),
         "url format: expected an absolute http or https URL, got \"ftp://x\""},
        {"oneof member, zero", WITH("\"uuid\":\"\""), "uuid format: expected a UUID, got \"\""},
        {"url", WITH("\"url\":\"https://example.org:8080/a?b#c\""), ""},
        {"uuid", WITH("\"uuid\":\"123e4567-e89b-12d3-a456-426614174000\""), ""},
        {"min_bytes", WITH("\"key\":\"AQ==\""), "key min_bytes: expected at least 2 bytes, got 1"},
        {"hex", WITH("\"hex\":\"0123456789abcdef01234567\""), ""},
        {"hex, capitals", WITH("\"hex\":\"0123456789ABCDEF01234567\""),
         "hex format: expected 24 lower-case hex digits, got \"0123456789ABCDEF01234567\""},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        const char *got = violations_of(rows[i].json, arena);
        test_row(rows[i].name, strcmp(got, rows[i].expected) == 0, "%s", got);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_validate__keeps_the_first_violations_and_counts_the_rest(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_violations violations;
    struct bs_buf text = BS_BUF_INIT(0);
    ProtobufCMessage *message;
    (void)state;
    bs_buf_append_cstr(&text, "{\"name\":\"abc\",\"item\":{\"startsAt\":\"x\"},\"items\":[{}");
    for (int i = 1; i < BS_LIMIT_VIOLATIONS + 6; i++)
        bs_buf_append_cstr(&text, ",{}");
    bs_buf_append_cstr(&text, "]}");
    assert_int_equal(rpc_json_parse(ruled, bs_buf_str(&text), 0, arena, &message, &error), BS_OK);
    rpc_violations_init(&violations, arena);
    assert_int_equal(rpc_validate(ruled, message, &violations, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(violations.count, BS_LIMIT_VIOLATIONS);
    assert_int_equal(violations.dropped_count, 6);
    assert_string_equal(error.message, "items[0].startsAt: is required (and 69 more)");
    bs_buf_fini(&text);
    bs_arena_free(arena);
}

static void test_validate__describes_rules_in_words(void **state)
{
    struct bs_buf out = BS_BUF_INIT(0);
    (void)state;
    rpc_rules_describe(ruled->fields[0].rules, &out);
    assert_str_equals(bs_buf_str(&out), "required, at least 2 characters, at most 5 characters");
    bs_buf_reset(&out);
    rpc_rules_describe(ruled->fields[3].rules, &out);
    assert_str_equals(bs_buf_str(&out), "one of \"solo\", \"band\", or empty");
    bs_buf_reset(&out);
    rpc_rules_describe(ruled->fields[6].rules, &out);
    assert_str_equals(bs_buf_str(&out), "more than -1, at most 1");
    bs_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validate__tells_each_rule_that_is_broken),
        cmocka_unit_test(test_validate__keeps_the_first_violations_and_counts_the_rest),
        cmocka_unit_test(test_validate__describes_rules_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
