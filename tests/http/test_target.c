/* Escapes of paths and queries. */

#include "support.h"

#include "http/http.h"

static void test_segment_decode__undoes_escapes_once(void **state)
{
    static const struct {
        const char *raw;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"abc", "abc"},
        {"a%62c", "abc"},
        {"a%2Fb", "a/b"},
        {"%2523", "%23"},
        {"a+b", "a+b"},
        {"%C3%A9", "\xc3\xa9"},
        {"%c3%a9%e2%82%ac", "\xc3\xa9\xe2\x82\xac"},
        {"%", NULL},
        {"a%2", NULL},
        {"a%", NULL},
        {"%zz", NULL},
        {"%2g", NULL},
        {"%+1", NULL},
        {"a%00b", NULL},
        {"%ff", NULL},
        {"%C3", NULL},
        {"%c0%af", NULL},
        {"%ed%a0%80", NULL},
    };
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_str text = BS_STR_EMPTY;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            http_segment_decode(bs_str_from(rows[i].raw), "path segment", arena, &text, &error);
        test_row(rows[i].raw, code == (rows[i].text ? BS_OK : BS_INVALID_ARGUMENT), "%s",
                 error.message);
        test_row(rows[i].raw, bs_str_equals(text, rows[i].text), "%.*s", BS_STR_ARGS(text));
        if (!rows[i].text)
            test_row(rows[i].raw, strstr(error.message, "path segment"), "%s", error.message);
    }
    assert_int_equal(
        http_segment_decode(bs_str_make("a\0b", 3), "segment", arena, &(struct bs_str){0}, NULL),
        BS_INVALID_ARGUMENT);
    test_rows_end();
}

static void test_segment_decode__stays_inside_of_its_arena(void **state)
{
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(8);
    struct bs_str text;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(http_segment_decode(BS_STR("not escaped"), "a", arena, &text, &error), BS_OK);
    assert_int_equal(http_segment_decode(BS_STR("%41%42%43"), "a", arena, &text, &error),
                     BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_LIMIT);
}

static void test_query_next__gives_names_and_values(void **state)
{
    static const struct {
        const char *query;
        const char *items; /* name=value or name, each in brackets; NULL: refused */
    } rows[] = {
        {"", ""},
        {"&", ""},
        {"&&", ""},
        {"a", "[a]"},
        {"a=", "[a=]"},
        {"a=1", "[a=1]"},
        {"a=1&a=2", "[a=1][a=2]"},
        {"a=1&&b=2&", "[a=1][b=2]"},
        {"=1", "[=1]"},
        {"a=b=c", "[a=b=c]"},
        {"a+b=c+d", "[a b=c d]"},
        {"a%2Bb=c%2bd", "[a+b=c+d]"},
        {"a%26b=%3D", "[a&b==]"},
        {"x.y=%25", "[x.y=%]"},
        {"a;b=1", "[a;b=1]"},
        {"a=%", NULL},
        {"%=a", NULL},
        {"a=1&b=%00", NULL},
        {"a=%ff", NULL},
    };
    (void)state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf items = BS_BUF_INIT(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        bs_buf_reset(&items);
        struct bs_str rest = bs_str_from(rows[i].query);
        enum bs_code code;
        for (;;) {
            struct http_query_item item;
            code = http_query_next(&rest, arena, &item, NULL);
            if (code != BS_OK || !item.name.ptr)
                break;
            bs_buf_printf(&items, "[%.*s%s%.*s]", BS_STR_ARGS(item.name), item.has_value ? "=" : "",
                          BS_STR_ARGS(item.value));
        }
        test_row(rows[i].query, code == (rows[i].items ? BS_OK : BS_INVALID_ARGUMENT), "code %d",
                 code);
        if (rows[i].items)
            test_row(rows[i].query, bs_str_equals(bs_buf_str(&items), rows[i].items), "%s",
                     bs_buf_cstr(&items));
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segment_decode__undoes_escapes_once),
        cmocka_unit_test(test_segment_decode__stays_inside_of_its_arena),
        cmocka_unit_test(test_query_next__gives_names_and_values),
    };
    return cmocka_run_group_tests_name("http/target", tests, NULL, NULL);
}
