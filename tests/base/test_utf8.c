/* UTF-8 at the edges of its table. */

#include "support.h"

#include "base/str.h"

static void test_is_valid__knows_every_edge(void **state)
{
    static const struct {
        const char *name;
        struct bs_str bytes;
        size_t valid_prefix; /* all: well-formed */
    } rows[] = {
        {"empty", BS_STR(""), 0},
        {"NUL", BS_STR("\0"), 1},
        {"ASCII", BS_STR("abcdefghijklmnopqrstuvwxyz"), 26},
        {"U+007F", BS_STR("\x7f"), 1},
        {"U+0080", BS_STR("\xc2\x80"), 2},
        {"U+07FF", BS_STR("\xdf\xbf"), 2},
        {"U+0800", BS_STR("\xe0\xa0\x80"), 3},
        {"U+D7FF", BS_STR("\xed\x9f\xbf"), 3},
        {"U+E000", BS_STR("\xee\x80\x80"), 3},
        {"U+FFFF", BS_STR("\xef\xbf\xbf"), 3},
        {"U+10000", BS_STR("\xf0\x90\x80\x80"), 4},
        {"U+10FFFF", BS_STR("\xf4\x8f\xbf\xbf"), 4},
        {"U+110000", BS_STR("\xf4\x90\x80\x80"), 0},
        {"F5", BS_STR("\xf5\x80\x80\x80"), 0},
        {"FF", BS_STR("\xff"), 0},
        {"lone continuation", BS_STR("a\x80"), 1},
        {"overlong NUL", BS_STR("\xc0\x80"), 0},
        {"overlong slash", BS_STR("\xc0\xaf"), 0},
        {"overlong U+007F", BS_STR("\xc1\xbf"), 0},
        {"overlong U+07FF", BS_STR("\xe0\x9f\xbf"), 0},
        {"overlong U+FFFF", BS_STR("\xf0\x8f\xbf\xbf"), 0},
        {"U+D800", BS_STR("\xed\xa0\x80"), 0},
        {"U+DFFF", BS_STR("\xed\xbf\xbf"), 0},
        {"CESU pair", BS_STR("\xed\xa0\xbd\xed\xb8\x80"), 0},
        {"two of two, cut", BS_STR("ab\xc3"), 2},
        {"three, cut at two", BS_STR("\xe2\x82"), 0},
        {"four, cut at three", BS_STR("\xf0\x9f\x8e"), 0},
        {"second byte ASCII", BS_STR("\xc3("), 0},
        {"third byte ASCII", BS_STR("\xe2\x82("), 0},
        {"fourth byte ASCII", BS_STR("\xf0\x9f\x8e("), 0},
        {"bad after eight", BS_STR("abcdefgh\x80"), 8},
        {"bad in the second word", BS_STR("abcdefghijk\xffmnop"), 11},
        {"mixed", BS_STR("h\xc3\xa9llo w\xc3\xb6rld \xe2\x82\xac \xf0\x9f\x8e\xb8"), 22},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        size_t prefix = bs_utf8_valid_prefix(rows[i].bytes);
        test_row(rows[i].name, prefix == rows[i].valid_prefix, "%zu", prefix);
        bool valid = bs_utf8_is_valid(rows[i].bytes);
        test_row(rows[i].name, valid == (prefix == rows[i].bytes.len), "%d", valid);
    }
    assert_true(bs_utf8_is_valid((struct bs_str){0}));
    test_rows_end();
}

static void test_encode__reads_back_for_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x110010; code_point++) {
        char bytes[4];
        size_t size = bs_utf8_encode(code_point, bytes);
        bool exists = code_point <= 0x10ffff && !(code_point >= 0xd800 && code_point <= 0xdfff);
        if (exists != (size > 0))
            fail_msg("U+%04X has %zu bytes", code_point, size);
        if (!exists)
            continue;
        uint32_t again;
        struct bs_str text = bs_str_make(bytes, size);
        if (!bs_utf8_is_valid(text) || bs_utf8_decode(text, &again) != size || again != code_point)
            fail_msg("U+%04X does not read back", code_point);
    }
    uint32_t code_point;
    assert_int_equal(bs_utf8_decode(BS_STR(""), &code_point), 0);
    char bytes[4];
    assert_int_equal(bs_utf8_encode(UINT32_MAX, bytes), 0);
}

static void test_count__counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(bs_utf8_count(BS_STR("")), 0);
    assert_int_equal(bs_utf8_count(BS_STR("abc")), 3);
    assert_int_equal(bs_utf8_count(BS_STR("twenty bytes of text")), 20);
    assert_int_equal(bs_utf8_count(BS_STR("\xc3\xa9 before 8, and after: \xe2\x82\xac")), 24);
    assert_int_equal(bs_utf8_count(BS_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb8")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_valid__knows_every_edge),
        cmocka_unit_test(test_encode__reads_back_for_every_code_point),
        cmocka_unit_test(test_count__counts_code_points),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
