#include <stdlib.h>

#include "base/limits.h"
#include "edn/edn_support.h"

/* Each limit at its edge: the last size that passes, the first that does not. */

static void repeat(struct bs_buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bs_buf_append_cstr(out, text);
}

/* Reads `before` count times, "1", `after` count times. */
static enum bs_code read_nested(struct bs_arena *arena, const char *before, const char *after,
                                size_t count, struct bs_error *error)
{
    struct bs_buf text BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    repeat(&text, before, count);
    bs_buf_append_cstr(&text, "1");
    repeat(&text, after, count);
    bs_buf_append_cstr(&text, " ");
    struct edn_reader reader;
    edn_reader_init(&reader, bs_buf_str(&text));
    struct edn value;
    bool found;
    return edn_read_next(&reader, arena, &value, &found, error);
}

static void test_limits__nesting(void **state)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"[", "]"}, {"(", ")"},   {"#{", "}"},    {"{1 ", "}"}, {"#:a{:b ", "}"}, {"#t ", ""},
        {"'", ""},  {"#_", " 1"}, {"[#_1 ", "]"}, {"^:a ", ""}, {"^{:a ", "} x"},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        bool counts_twice = strcmp(rows[i].before, "^{:a ") == 0;
        size_t limit = counts_twice ? BS_LIMIT_EDN_DEPTH / 2 : BS_LIMIT_EDN_DEPTH;
        if (strcmp(rows[i].before, "[#_1 ") == 0)
            limit--; /* the discard in the innermost one is a level too */
        enum bs_code code = read_nested(arena, rows[i].before, rows[i].after, limit, &error);
        test_row(rows[i].before, code == BS_OK, "%s", error.message);
        code = read_nested(arena, rows[i].before, rows[i].after, limit + 1, &error);
        test_row(rows[i].before, code == BS_RESOURCE_EXHAUSTED, "%zu levels pass", limit + 1);
        test_row(rows[i].before, error.reason == BS_REASON_EDN_LIMIT, "%s", error.message);
        code = read_nested(arena, rows[i].before, rows[i].after, 1000000, &error);
        test_row(rows[i].before, code == BS_RESOURCE_EXHAUSTED, "a million levels pass");
    }
    test_rows_end();
}

static void test_limits__nesting_names_the_place(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(read_nested((struct bs_arena *)*state, "[", "]", 201, &error),
                     BS_RESOURCE_EXHAUSTED);
    assert_string_equal(error.message,
                        "line 1, column 201: nested deeper than the limit of 200 levels");
}

static void test_limits__digits(void **state)
{
    static const struct {
        const char *before, *digit, *after;
        size_t given; /* digits in before */
    } rows[] = {
        {"1", "0", "", 1},   {"-", "9", "N", 0},  {"", "7", "M", 0},
        {"1.", "5", "M", 1}, {"0x", "f", "N", 0}, {"2r", "1", "", 0},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        for (size_t over = 0; over < 2; over++) {
            struct bs_buf text BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
            struct bs_error error = BS_ERROR_INIT;
            struct edn value;
            bs_buf_append_cstr(&text, rows[i].before);
            repeat(&text, rows[i].digit, BS_LIMIT_EDN_NUMBER_DIGITS - rows[i].given + over);
            bs_buf_append_cstr(&text, rows[i].after);
            enum bs_code code = edn_read(bs_buf_str(&text), arena, &value, &error);
            test_row(rows[i].before, code == (over ? BS_RESOURCE_EXHAUSTED : BS_OK), "%s",
                     error.message);
            test_row(rows[i].before, !over || error.reason == BS_REASON_EDN_LIMIT, "%s",
                     error.message);
        }
    }
    test_rows_end();
}

static void test_limits__exponents(void **state)
{
    static const struct {
        const char *text;
        bool passes;
    } rows[] = {
        {"1E+10000M", true},
        {"1E+10001M", false},
        {"1E-10000M", true},
        {"1E-10001M", false},
        {"1E-9999999999999999999999999M", false},
        {"1E+999999999999999M", false},
        {"0.1E-9999M", true},
        {"0.1E-10000M", false},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn value;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            edn_read(bs_str_from(rows[i].text), (struct bs_arena *)*state, &value, &error);
        test_row(rows[i].text, (code == BS_OK) == rows[i].passes, "%s", error.message);
    }
    test_rows_end();
}

static void test_limits__tokens(void **state)
{
    static const char *const openings[] = {"\"", ":", "a"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(openings); i++) {
        size_t most = BS_LIMIT_EDN_TOKEN_BYTES + (openings[i][0] == '"' ? 2 : 0);
        char *text BS_CLEANUP(bs_freep) = (char *)bs_malloc(most + 2);
        memset(text, 'a', most + 2);
        text[0] = openings[i][0];
        for (size_t over = 0; over < 2; over++) {
            size_t size = most + over;
            if (openings[i][0] == '"')
                text[size - 1] = '"';
            struct edn value;
            struct bs_error error = BS_ERROR_INIT;
            enum bs_code code =
                edn_read(bs_str_make(text, size), (struct bs_arena *)*state, &value, &error);
            test_row(openings[i], code == (over ? BS_RESOURCE_EXHAUSTED : BS_OK), "%s",
                     error.message);
            if (openings[i][0] == '"')
                text[size - 1] = 'a';
        }
    }
    test_rows_end();
}

static void test_limits__the_arenas_cap_is_an_ordinary_error(void **state)
{
    static const char *const texts[] = {
        "[1 2 3 [4 5 6] {:a #uuid \"97ff8689-725a-4340-bd13-b65ab23eed8b\"}]",
        "#:a{:b \"\\n\" :c 1N :d 1.5M :e #base64 \"AAAA\" :f #foo bar :g 99999999999999999999}",
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        enum bs_code code = BS_RESOURCE_EXHAUSTED;
        for (size_t cap = 1; code != BS_OK && cap < 4096; cap += 8) {
            struct bs_arena *arena BS_CLEANUP(bs_arena_freep) = bs_arena_new(cap);
            struct bs_error error = BS_ERROR_INIT;
            struct edn value;
            code = edn_read(bs_str_from(texts[i]), arena, &value, &error);
            test_row(texts[i], code == BS_OK || error.reason == BS_REASON_EDN_LIMIT, "%s",
                     error.message);
            test_row(texts[i], code == BS_OK || bs_error_find(&error, "line"), "no place");
        }
        test_row(texts[i], code == BS_OK, "never passes");
    }
    test_rows_end();
}

/* 200,000 members and keys, in less than any quadratic way would take. */
static void test_limits__big_sets_and_maps_are_read_in_linear_time(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_buf set BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    struct bs_buf map BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    bs_buf_append_cstr(&set, "#{");
    bs_buf_append_cstr(&map, "{");
    for (int i = 0; i < 200000; i++) {
        bs_buf_printf(&set, "%d ", i);
        bs_buf_printf(&map, ":k%d %d ", i, i);
    }
    size_t set_len = set.len, map_len = map.len;
    bs_buf_append_cstr(&set, "}");
    bs_buf_append_cstr(&map, "}");
    struct edn set_value, map_value, again;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(edn_read(bs_buf_str(&set), arena, &set_value, &error), BS_OK);
    assert_int_equal(edn_read(bs_buf_str(&map), arena, &map_value, &error), BS_OK);
    assert_int_equal(edn_read(bs_buf_str(&map), arena, &again, &error), BS_OK);
    assert_true(edn_equal(map_value, again));
    set.len = set_len;
    bs_buf_append_cstr(&set, "199999}");
    assert_int_equal(edn_read(bs_buf_str(&set), arena, &set_value, &error), BS_INVALID_ARGUMENT);
    map.len = map_len;
    bs_buf_append_cstr(&map, ":k0 0}");
    assert_int_equal(edn_read(bs_buf_str(&map), arena, &map_value, &error), BS_INVALID_ARGUMENT);
}

/* Sets of two sets of two sets ...: a comparison that tried all pairs would never end. */
static void test_limits__deep_sets_of_sets_are_compared_quickly(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn value[2] = {edn_long(1), edn_long(2)};
    for (int depth = 0; depth < 14; depth++) {
        struct edn left[2] = {value[0], value[1]};
        struct edn right[2] = {edn_vector_of(arena, &value[1], 1), value[0]};
        value[0] = edn_set_of(arena, left, 2);
        value[1] = edn_set_of(arena, right, 2);
    }
    assert_false(edn_equal(value[0], value[1]));
    assert_true(edn_equal(value[0], edn_dup(arena, value[0])));
    assert_int_equal(edn_compare(value[0], edn_dup(arena, value[0])), 0);
    assert_int_equal(edn_compare(value[0], value[1]), -edn_compare(value[1], value[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_limits__nesting),
        test_with_arena(test_limits__nesting_names_the_place),
        test_with_arena(test_limits__digits),
        test_with_arena(test_limits__exponents),
        test_with_arena(test_limits__tokens),
        test_with_arena(test_limits__the_arenas_cap_is_an_ordinary_error),
        test_with_arena(test_limits__big_sets_and_maps_are_read_in_linear_time),
        test_with_arena(test_limits__deep_sets_of_sets_are_compared_quickly),
    };
    return cmocka_run_group_tests_name("edn/limits", tests, NULL, NULL);
}
