/* What stands in fields. */

#include "support.h"

#include "http/http.h"

static struct http_field field(const char *name, const char *value)
{
    return (struct http_field){.name = bs_str_from(name), .value = bs_str_from(value)};
}

static void test_field_find__counts_without_case(void **state)
{
    (void)state;
    struct http_field fields[] = {field("a", "1"), field("B", "2"), field("A", "3")};
    struct bs_str value;
    assert_int_equal(http_field_find(fields, 3, "A", &value), 2);
    assert_str_equals(value, "1");
    assert_int_equal(http_field_find(fields, 3, "b", NULL), 1);
    assert_int_equal(http_field_find(fields, 3, "c", &value), 0);
    assert_int_equal(http_field_find(NULL, 0, "c", &value), 0);
}

static void test_accept_quality__takes_the_most_specific_range(void **state)
{
    static const struct {
        const char *accept;
        unsigned json;
        unsigned html;
    } rows[] = {
        {"", 1000, 1000},
        {"*/*", 1000, 1000},
        {"application/json", 1000, 0},
        {"Application/JSON", 1000, 0},
        {"application/*;q=0.5", 500, 0},
        {"application/json;q=0.1, */*", 100, 1000},
        {"*/*;q=0.1, application/json", 1000, 100},
        {"*/*, application/json;q=0", 0, 1000},
        {"text/html, application/json;q=0.9", 900, 1000},
        {"application/json, text/plain, */*", 1000, 1000},
        {"text/html ; level=1 ; q=0.25", 0, 250},
        {"application/json;q=1.000", 1000, 0},
        {"application/json;q=0.333", 333, 0},
        {"application/json;q=1.001", 0, 0},
        {"application/json;q=2", 0, 0},
        {"application/json;q=.5", 0, 0},
        {"application/json;q=0.1234", 0, 0},
        {"application", 0, 0},
        {"application/", 0, 0},
        {"text/html;a=\"x,application/json,y\"", 0, 1000},
        {",, text/html ,", 0, 1000},
        {"text/event-stream", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct http_field fields[] = {field("accept", rows[i].accept)};
        unsigned json = http_accept_quality(fields, 1, "application/json");
        unsigned html = http_accept_quality(fields, 1, "text/html");
        test_row(rows[i].accept, json == rows[i].json, "json %u", json);
        test_row(rows[i].accept, html == rows[i].html, "html %u", html);
    }
    struct http_field two[] = {field("Accept", "text/html"), field("Accept", "text/*;q=0.5")};
    assert_int_equal(http_accept_quality(two, 2, "text/plain"), 500);
    assert_int_equal(http_accept_quality(NULL, 0, "text/plain"), 1000);
    test_rows_end();
}

static void test_cookie_find__looks_into_every_cookie_field(void **state)
{
    static const struct {
        const char *cookies;
        const char *session; /* NULL: none */
    } rows[] = {
        {"session=abc", "abc"},
        {"a=b; session=abc; c=d", "abc"},
        {"a=b;session=abc", "abc"},
        {"session=\"abc\"", "abc"},
        {"session=", ""},
        {"session=a=b", "a=b"},
        {"session=1; session=2", "1"},
        {"xsession=abc", NULL},
        {"Session=abc", NULL},
        {"session", NULL},
        {"a=session=1", NULL},
        {"", NULL},
        {"session=\"", "\""},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct http_field fields[] = {field("Cookie", "other=1"), field("cookie", rows[i].cookies)};
        struct bs_str value = BS_STR_EMPTY;
        bool found = http_cookie_find(fields, 2, "session", &value);
        test_row(rows[i].cookies, found == (rows[i].session != NULL), "found %d", found);
        test_row(rows[i].cookies, bs_str_equals(value, rows[i].session), "%.*s",
                 BS_STR_ARGS(value));
    }
    test_rows_end();
}

static void test_etag_is_known__compares_weakly(void **state)
{
    static const struct {
        const char *if_none_match;
        const char *etag;
        bool known;
    } rows[] = {
        {"\"a\"", "\"a\"", true},
        {"W/\"a\"", "\"a\"", true},
        {"\"a\"", "W/\"a\"", true},
        {"\"b\"", "\"a\"", false},
        {"\"b\", \"a\"", "\"a\"", true},
        {"\"b\" ,W/\"a\",", "\"a\"", true},
        {"*", "\"a\"", true},
        {"\"b,\"a\"", "\"a\"", false},
        {"\"x, y\", \"a\"", "\"a\"", true},
        {"a", "\"a\"", false},
        {"\"a", "\"a\"", false},
        {"w/\"a\"", "\"a\"", false},
        {"\"b\" \"a\"", "\"a\"", false},
        {"\"b\", a, \"a\"", "\"a\"", false},
        {"\"\"", "\"\"", true},
        {"", "\"a\"", false},
        {"\"a\"", "a", false},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct http_field fields[] = {field("If-None-Match", rows[i].if_none_match)};
        bool known = http_etag_is_known(fields, 1, bs_str_from(rows[i].etag));
        test_row(rows[i].if_none_match, known == rows[i].known, "known %d", known);
    }
    test_rows_end();
}

static void test_media_type__is_parsed_strictly(void **state)
{
    static const struct {
        const char *value;
        const char *type; /* NULL: refused */
        const char *charset;
        bool is_json;
    } rows[] = {
        {"application/json", "application/json", "", true},
        {"APPLICATION/json", "APPLICATION/json", "", true},
        {"application/json;charset=utf-8", "application/json", "utf-8", true},
        {"application/json; charset=UTF-8", "application/json", "UTF-8", true},
        {"application/json ; a=b ; charset=\"utf-8\"", "application/json", "utf-8", true},
        {"application/json; charset=latin1", "application/json", "latin1", false},
        {"application/json;", "application/json", "", true},
        {"application/json; ; a=b", "application/json", "", true},
        {"text/html; x=\"a;charset=b\"", "text/html", "", false},
        {"application/jsonx", "application/jsonx", "", false},
        {"application/json charset=utf-8", NULL, "", false},
        {"application/json; charset", NULL, "", false},
        {"application/json; charset=", NULL, "", false},
        {"application/json; charset=\"utf-8", NULL, "", false},
        {"application/json; charset=a; charset=b", NULL, "", false},
        {"application/json; charset = utf-8", NULL, "", false},
        {"application", NULL, "", false},
        {"/json", NULL, "", false},
        {"\"a\"/json", NULL, "", false},
        {"a/\"json\"", NULL, "", false},
        {"", NULL, "", false},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct http_media_type type = {0};
        bool ok = http_media_type_parse(bs_str_from(rows[i].value), &type);
        test_row(rows[i].value, ok == (rows[i].type != NULL), "ok %d", ok);
        test_row(rows[i].value, bs_str_equals(type.type, rows[i].type), "%.*s",
                 BS_STR_ARGS(type.type));
        test_row(rows[i].value, bs_str_equals(type.charset, rows[i].charset), "%.*s",
                 BS_STR_ARGS(type.charset));
        bool is_json = http_media_type_is(bs_str_from(rows[i].value), "application/json");
        test_row(rows[i].value, is_json == rows[i].is_json, "is_json %d", is_json);
    }
    test_rows_end();
}

static void test_statuses__have_texts_and_codes(void **state)
{
    (void)state;
    assert_string_equal(http_status_text(404), "Not Found");
    assert_string_equal(http_status_text(0), "");
    assert_string_equal(http_status_text(-1), "");
    assert_string_equal(http_status_text(600), "");
    assert_int_equal(http_status_to_code(404), BS_NOT_FOUND);
    assert_int_equal(http_status_to_code(405), BS_UNIMPLEMENTED);
    assert_int_equal(http_status_to_code(408), BS_DEADLINE_EXCEEDED);
    assert_int_equal(http_status_to_code(413), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(http_status_to_code(414), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(http_status_to_code(431), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(http_status_to_code(415), BS_INVALID_ARGUMENT);
    assert_int_equal(http_status_to_code(406), BS_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_find__counts_without_case),
        cmocka_unit_test(test_accept_quality__takes_the_most_specific_range),
        cmocka_unit_test(test_cookie_find__looks_into_every_cookie_field),
        cmocka_unit_test(test_etag_is_known__compares_weakly),
        cmocka_unit_test(test_media_type__is_parsed_strictly),
        cmocka_unit_test(test_statuses__have_texts_and_codes),
    };
    return cmocka_run_group_tests_name("http/fields", tests, NULL, NULL);
}
