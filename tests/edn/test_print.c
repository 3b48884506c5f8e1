#include "edn/edn_random.h"
#include "support/golden.h"

/* Printing: round trips, layout, cuts. (What each literal prints as stands in test_read.) */

static void test_print__reads_back_to_an_equal_value(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_random random;
    bs_random_seed(&random, random_seed_of_run());
    for (size_t n = 0; n < 3000; n++) {
        struct edn value = random_value(&random, arena, RANDOM_PRINTABLE, 4), again;
        struct bs_buf flat BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
        struct bs_buf pretty BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
        struct edn_print_options options = {.max_width = (uint32_t)bs_random_below(&random, 60)};
        struct bs_error error = BS_ERROR_INIT;
        edn_print(value, &flat);
        if (edn_read(bs_buf_str(&flat), arena, &again, &error) != BS_OK)
            fail_msg("%s: %s", bs_buf_cstr(&flat), error.message);
        if (!edn_equal(value, again) || edn_hash(value) != edn_hash(again))
            fail_msg("%s reads back to %s", bs_buf_cstr(&flat), test_printed(arena, again));
        assert_true(bs_str_find_byte(bs_buf_str(&flat), '\n') < 0);
        edn_print_pretty(value, &options, &pretty);
        if (edn_read(bs_buf_str(&pretty), arena, &again, &error) != BS_OK)
            fail_msg("%s: %s", bs_buf_cstr(&pretty), error.message);
        assert_true(edn_equal(value, again));
    }
}

static void test_print__keeps_type_and_scale_of_numbers(void **state)
{
    static const char *const texts[] = {"1", "1N", "1.0", "1M", "1.00M", "1E+3M", "1000M"};
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        struct edn value = test_read(arena, texts[i]);
        struct edn again = test_read(arena, test_printed(arena, value));
        test_row(texts[i], value.type == again.type, "is a %s",
                 edn_type_name((enum edn_type)again.type));
        if (value.type == EDN_BIGDEC)
            test_row(texts[i], value.as.number->scale == again.as.number->scale, "scale is %d",
                     again.as.number->scale);
    }
    test_rows_end();
}

static void test_print__of_floats_is_the_shortest(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    assert_string_equal(test_printed(arena, edn_float(0.1f)), "0.1");
    assert_string_equal(test_printed(arena, edn_float(1.0f)), "1.0");
    assert_string_equal(test_printed(arena, edn_float(-1.0f / 0.0f)), "##-Inf");
}

static void print_db(const struct edn_object *object, struct bs_buf *out)
{
    (void)object;
    bs_buf_append_cstr(out, "#db {:basis-t 7}");
}

static void test_print__of_objects(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    static const struct edn_object_class db_class = {.name = "db", .print = print_db};
    static const struct edn_object_class silent_class = {.name = "fn"};
    struct edn_object db = {&db_class}, silent = {&silent_class};
    struct edn items[] = {edn_object_value(&db), edn_object_value(&silent)};
    assert_string_equal(test_printed(arena, edn_vector_of(arena, items, 2)),
                        "[#db {:basis-t 7} #fn {}]");
}

static const char layout_text[] =
    "{:find [?name (count ?release)]\n"
    " :where [[?c :country/name ?name] [?r :release/country ?c] [(> ?year 1970)]]\n"
    " :in [$ %] :tagged #foo/tag [1 2 3 4 5 6 7 8 9 10]\n"
    " :set #{:aaaaaaaaaaaaaaaaaa :bbbbbbbbbbbbbbbbbbbbbbb}\n"
    " :string \"a string that is too long for a line of forty columns\"\n"
    " (a key (that is (a list) of some length)) {:nested {:map {:of #{maps}}}}\n"
    " :list (one (two (three (four (five (six (seven (eight))))))))\n"
    " \"λλλλλλλλ\" \"λλλλλλλλ\" {} [] :numbers [1N 1.5M 0.5 ##Inf] :c [\\a \\newline]\n"
    " :inst #inst \"2020\" :uuid #uuid \"97ff8689-725a-4340-bd13-b65ab23eed8b\"}\n";

static void test_print_pretty__golden(void **state)
{
    static const uint32_t widths[] = {20, 40, 80};
    struct edn value = test_read((struct bs_arena *)*state, layout_text);
    for (size_t i = 0; i < BS_ARRAY_COUNT(widths); i++) {
        struct bs_buf printed BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
        struct edn_print_options options = {.max_width = widths[i]};
        char name[40];
        snprintf(name, sizeof(name), "edn/pretty_%u.edn", widths[i]);
        edn_print_pretty(value, &options, &printed);
        bs_buf_append_byte(&printed, '\n');
        golden_check(name, bs_buf_str(&printed));
    }
}

static void test_print_pretty__cuts_long_collections(void **state)
{
    static const struct {
        const char *text;
        uint32_t max_width, max_items;
        const char *printed;
    } rows[] = {
        {"[1 2 3 4]", 0, 3, "[1 2 3 ...]"},
        {"[1 2 3]", 0, 3, "[1 2 3]"},
        {"{1 2 3 4}", 0, 1, "{1 2, ...}"},
        {"#{1 2}", 0, 1, "#{1 ...}"},
        {"[[1 2] [3 4]]", 0, 1, "[[1 ...] ...]"},
        {"[1 2 3 4]", 8, 3, "[1\n 2\n 3\n ...]"},
        {"{:aaa 1 :bbb 2 :ccc 3}", 10, 2, "{:aaa 1,\n :bbb 2,\n ...}"},
        {"[1 2 3 4]", 9, 0, "[1 2 3 4]"},
        {"[1 2 3 4]", 8, 0, "[1\n 2\n 3\n 4]"},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_buf out BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
        struct edn_print_options options = {.max_width = rows[i].max_width,
                                            .max_items = rows[i].max_items};
        edn_print_pretty(test_read(arena, rows[i].text), &options, &out);
        test_row(rows[i].text, strcmp(bs_buf_cstr(&out), rows[i].printed) == 0, "%s",
                 bs_buf_cstr(&out));
    }
    test_rows_end();
}

static void test_print_pretty__keeps_to_the_width(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn value =
        test_read(arena, "[[[[:a :b] {:c [1 2 3]}] #{4 5 6}] (7 8 9) {1 {2 {3 4}}}]");
    for (uint32_t width = 16; width < 70; width++) {
        struct bs_buf out BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
        struct edn_print_options options = {.max_width = width};
        edn_print_pretty(value, &options, &out);
        struct bs_str rest = bs_buf_str(&out), line;
        while (bs_str_split(&rest, '\n', &line))
            assert_true(line.len <= width);
    }
}

static void test_print_short__cuts_at_a_character(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn value = test_read(arena, "[\"\xce\xbb\xce\xbb\" 2]");
    assert_str_equals(edn_print_short(arena, value, 0), "[\"\xce\xbb\xce\xbb\" 2]");
    assert_str_equals(edn_print_short(arena, value, 10), "[\"\xce\xbb\xce\xbb\" 2]");
    assert_str_equals(edn_print_short(arena, value, 5), "[\"\xce\xbb...");
    assert_str_equals(edn_print_short(arena, value, 6), "[\"\xce\xbb\xce\xbb...");
}

static void test_print_short__does_not_print_a_long_text_to_its_end(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    char text[1001];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct edn value = edn_string(bs_str_from(text));
    for (size_t max = 1; max < 1010; max++) {
        struct bs_str printed = edn_print_short(arena, edn_vector_of(arena, &value, 1), max);
        size_t whole = 1000 + 4;
        assert_int_equal(printed.len, max < whole ? max + 3 : whole);
    }
}

static void test_print_cut__always_ends_with_nul(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn value = test_read(arena, "[1 \xce\xbb 2]");
    static const char *const expected[] = {"...",    "[...",   "[1...",
                                           "[1 ...", "[1 ...", "[1 \xce\xbb 2]"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(expected); i++) {
        char text[16];
        memset(text, 'x', sizeof(text));
        assert_string_equal(edn_print_cut(value, text, 4 + i), expected[i]);
        assert_int_equal(text[4 + i], 'x');
    }
}

static void test_print__overflow_of_the_buffer_is_remembered(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_buf out BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(8);
    struct edn_print_options options = {.max_width = 10};
    edn_print(test_read(arena, "[1 2 3 4 5 6 7 8]"), &out);
    assert_true(out.overflowed);
    bs_buf_reset(&out);
    edn_print_pretty(test_read(arena, "[1 2 3 4 5 6 7 8]"), &options, &out);
    assert_true(out.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_print__reads_back_to_an_equal_value),
        test_with_arena(test_print__keeps_type_and_scale_of_numbers),
        test_with_arena(test_print__of_floats_is_the_shortest),
        test_with_arena(test_print__of_objects),
        test_with_arena(test_print_pretty__golden),
        test_with_arena(test_print_pretty__cuts_long_collections),
        test_with_arena(test_print_pretty__keeps_to_the_width),
        test_with_arena(test_print_short__cuts_at_a_character),
        test_with_arena(test_print_short__does_not_print_a_long_text_to_its_end),
        test_with_arena(test_print_cut__always_ends_with_nul),
        test_with_arena(test_print__overflow_of_the_buffer_is_remembered),
    };
    return cmocka_run_group_tests_name("edn/print", tests, NULL, NULL);
}
