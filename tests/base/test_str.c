/* Views of bytes. */

#include "support.h"

#include "base/str.h"

static void test_find__gives_the_first_offset(void **state)
{
    (void)state;
    assert_int_equal(bs_str_find(BS_STR("banana"), BS_STR("an")), 1);
    assert_int_equal(bs_str_find(BS_STR("banana"), BS_STR("nab")), -1);
    assert_int_equal(bs_str_find(BS_STR("a"), BS_STR("ab")), -1);
    assert_int_equal(bs_str_find(BS_STR("a"), BS_STR("")), 0);
    assert_int_equal(bs_str_find((struct bs_str){0}, BS_STR("")), 0);
    assert_int_equal(bs_str_find((struct bs_str){0}, BS_STR("a")), -1);
    assert_int_equal(bs_str_find(bs_str_make("a\0b", 3), bs_str_make("\0b", 2)), 1);
    assert_int_equal(bs_str_find_byte(BS_STR("abc"), 'c'), 2);
    assert_int_equal(bs_str_find_byte((struct bs_str){0}, 'c'), -1);
}

static void test_compare__is_by_unsigned_bytes_then_length(void **state)
{
    (void)state;
    assert_true(bs_str_compare(BS_STR("a"), BS_STR("b")) < 0);
    assert_true(bs_str_compare(BS_STR("a"), BS_STR("aa")) < 0);
    assert_true(bs_str_compare(BS_STR("\xff"), BS_STR("a")) > 0);
    assert_true(bs_str_compare((struct bs_str){0}, BS_STR("")) == 0);
    assert_true(bs_str_equal((struct bs_str){0}, BS_STR("")));
    assert_true(bs_str_starts_with(BS_STR("abc"), BS_STR("ab")));
    assert_false(bs_str_starts_with(BS_STR("a"), BS_STR("ab")));
    assert_true(bs_str_ends_with(BS_STR("abc"), BS_STR("bc")));
    assert_true(bs_str_ends_with(BS_STR("abc"), BS_STR("")));
    assert_true(bs_str_equal_ignoring_case(BS_STR("Host-1"), BS_STR("hOST-1")));
    assert_false(bs_str_equal_ignoring_case(BS_STR("@"), BS_STR("`")));
    assert_false(bs_str_equal_ignoring_case(BS_STR("\xc3\x89"), BS_STR("\xc3\xa9")));
    assert_false(bs_str_equal_ignoring_case(BS_STR("a"), BS_STR("ab")));
}

static void test_slice__is_clamped(void **state)
{
    (void)state;
    assert_str_equals(bs_str_slice(BS_STR("abc"), 1, 1), "b");
    assert_str_equals(bs_str_slice(BS_STR("abc"), 1, SIZE_MAX), "bc");
    assert_str_equals(bs_str_slice(BS_STR("abc"), 9, 1), "");
    assert_int_equal(bs_str_from_offset((struct bs_str){0}, 1).len, 0);
}

static void test_trim__takes_blanks_at_both_ends(void **state)
{
    (void)state;
    assert_str_equals(bs_str_trim(BS_STR(" \t\r\na b\n ")), "a b");
    assert_str_equals(bs_str_trim(BS_STR(" \n")), "");
    assert_str_equals(bs_str_trim(BS_STR("")), "");
    assert_str_equals(bs_str_trim(BS_STR("\va")), "\va");
}

static void test_split__gives_every_part(void **state)
{
    static const struct {
        const char *text;
        const char *parts;
    } rows[] = {
        {"", "[]"}, {"a", "[a]"}, {"a,b", "[a][b]"}, {",", "[][]"}, {"a,,b,", "[a][][b][]"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_str rest = bs_str_from(rows[i].text);
        struct bs_str part;
        char parts[64] = "";
        while (bs_str_split(&rest, ',', &part)) {
            size_t len = strlen(parts);
            snprintf(parts + len, sizeof(parts) - len, "[%.*s]", BS_STR_ARGS(part));
        }
        assert_string_equal(parts, rows[i].parts);
        assert_null(rest.ptr);
    }
}

static void test_parse_integers__takes_digits_that_fit(void **state)
{
    static const struct {
        const char *text;
        bool is_u64;
        bool is_i64;
        int64_t value;
    } rows[] = {
        {"0", true, true, 0},
        {"00", true, true, 0},
        {"42", true, true, 42},
        {"-1", false, true, -1},
        {"-0", false, true, 0},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775808", true, false, INT64_MIN},
        {"-9223372036854775808", false, true, INT64_MIN},
        {"-9223372036854775809", false, false, 0},
        {"18446744073709551615", true, false, -1},
        {"18446744073709551616", false, false, 0},
        {"99999999999999999999", false, false, 0},
        {"", false, false, 0},
        {"-", false, false, 0},
        {"--1", false, false, 0},
        {"+1", false, false, 0},
        {" 1", false, false, 0},
        {"1 ", false, false, 0},
        {"1a", false, false, 0},
        {"0x1", false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        uint64_t u = 0;
        int64_t n = 0;
        const char *text = rows[i].text;
        test_row(text, bs_str_parse_u64(bs_str_from(text), &u) == rows[i].is_u64, "u64");
        test_row(text, !rows[i].is_u64 || u == (uint64_t)rows[i].value, "%llu",
                 (unsigned long long)u);
        test_row(text, bs_str_parse_i64(bs_str_from(text), &n) == rows[i].is_i64, "i64");
        test_row(text, !rows[i].is_i64 || n == rows[i].value, "%lld", (long long)n);
    }
    test_rows_end();
}

static void test_distance__counts_edits(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},         {"", "abc", 3},
        {"abc", "abc", 0},   {"kitten", "sitting", 3},
        {"flaw", "lawn", 2}, {":artist/nmae", ":artist/name", 2},
        {"ab", "ba", 2},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_str a = bs_str_from(rows[i].a);
        struct bs_str b = bs_str_from(rows[i].b);
        assert_int_equal(bs_str_distance(a, b), rows[i].distance);
        assert_int_equal(bs_str_distance(b, a), rows[i].distance);
    }
    char text[65];
    memset(text, 'x', sizeof(text));
    assert_int_equal(bs_str_distance(bs_str_make(text, 64), BS_STR("")), 64);
    assert_true(bs_str_distance(bs_str_make(text, 65), BS_STR("")) == SIZE_MAX);
    assert_true(bs_str_distance(BS_STR(""), bs_str_make(text, 65)) == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__gives_the_first_offset),
        cmocka_unit_test(test_compare__is_by_unsigned_bytes_then_length),
        cmocka_unit_test(test_slice__is_clamped),
        cmocka_unit_test(test_trim__takes_blanks_at_both_ends),
        cmocka_unit_test(test_split__gives_every_part),
        cmocka_unit_test(test_parse_integers__takes_digits_that_fit),
        cmocka_unit_test(test_distance__counts_edits),
    };
    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
