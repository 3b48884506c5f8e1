/* Floating-point numbers as text, both ways. */

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "support.h"

#include "base/encoding.h"
#include "base/random.h"

static void test_double_format__is_the_shortest_that_reads_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {100.0, "100"},
        {123456789012345680.0, "123456789012345680"},
        {1e20, "100000000000000000000"},
        {1e21, "1e+21"},
        {1.5e21, "1.5e+21"},
        {0.000001, "0.000001"},
        {0.0000015, "0.0000015"},
        {1e-7, "1e-7"},
        {1.25e-7, "1.25e-7"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {9007199254740994.0, "9007199254740994"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {-DBL_MAX, "-1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {5e-324, "5e-324"},
        {2.5e-323, "2.5e-323"},
        {5.684341886080802e-14, "5.684341886080802e-14"}, /* 2^-44: not the nearest of 16 digits */
        {9.5367431640625e-7, "9.5367431640625e-7"},
        {(double)NAN, "NaN"},
        {(double)INFINITY, "Infinity"},
        {-(double)INFINITY, "-Infinity"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char text[BS_DOUBLE_TEXT_SIZE];
        size_t len = bs_double_format(rows[i].value, text);
        test_row(rows[i].text, bs_str_equals(bs_str_make(text, len), rows[i].text), "got %s", text);
        test_row(rows[i].text, len == strlen(text), "len %zu", len);
    }
    test_rows_end();
}

static void test_float_format__is_the_shortest_that_reads_back_to_the_float(void **state)
{
    static const struct {
        float value;
        const char *text;
    } rows[] = {
        {0.1f, "0.1"},
        {16777216.0f, "16777216"},
        {33554432.0f, "33554432"},
        {3.4028235e38f, "3.4028235e+38"},
        {1.1754944e-38f, "1.1754944e-38"},
        {1e-45f, "1e-45"},
        {0.3333333333f, "0.33333334"},
        {-0.0f, "-0"},
        {9.8607613e-32f, "9.8607613e-32"}, /* 2^-103 */
        {(double)INFINITY, "Infinity"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char text[BS_DOUBLE_TEXT_SIZE];
        size_t len = bs_float_format(rows[i].value, text);
        test_row(rows[i].text, bs_str_equals(bs_str_make(text, len), rows[i].text), "got %s", text);
    }
    test_rows_end();
}

static void test_formats__read_back_for_random_bits(void **state)
{
    (void)state;
    struct bs_random random;
    bs_random_seed(&random, 1);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = bs_random_next(&random);
        if (i % 8 == 0)
            bits &= 0xfff0000000000000u; /* powers of two */
        if (i % 8 == 1)
            bits &= 0x800fffffffffffffu; /* subnormals */
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
            continue;
        char text[BS_DOUBLE_TEXT_SIZE];
        size_t len = bs_double_format(value, text);
        assert_true(len < 32);
        double again = 1;
        if (!bs_str_parse_double(bs_str_make(text, len), &again) ||
            memcmp(&again, &value, sizeof(value)) != 0)
            fail_msg("%a is written %s, which reads back as %a", value, text, again);

        float small = (float)(i % 2 == 0 ? value : (double)(int32_t)bits * 1e-9);
        if (!isfinite(small))
            continue;
        len = bs_float_format(small, text);
        assert_true(bs_str_parse_double(bs_str_make(text, len), &again));
        if (strtof(text, NULL) != small)
            fail_msg("%a is written %s", (double)small, text);
    }
}

static void test_parse_double__takes_numbers_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        double value; /* NAN: refused */
    } rows[] = {
        {"0", 0},
        {"-0", -0.0},
        {"+1", 1},
        {"1.", 1},
        {".5", 0.5},
        {"-.5e1", -5},
        {"1e3", 1000},
        {"1E+3", 1000},
        {"1e-3", 0.001},
        {"0.1", 0.1},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993.0000000000000000000000000000000001", 9007199254740994.0},
        {"1.7976931348623157e308", DBL_MAX},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
        {"1e-400", 0},
        {"0e999999999999999999999", 0},
        {"1e400", (double)NAN},
        {"-1e400", (double)NAN},
        {"", (double)NAN},
        {"-", (double)NAN},
        {".", (double)NAN},
        {"e1", (double)NAN},
        {"1e", (double)NAN},
        {"1e+", (double)NAN},
        {" 1", (double)NAN},
        {"1 ", (double)NAN},
        {"0x10", (double)NAN},
        {"inf", (double)NAN},
        {"nan", (double)NAN},
        {"Infinity", (double)NAN},
        {"1,5", (double)NAN},
        {"--1", (double)NAN},
        {"1.5.", (double)NAN},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        double value = (double)NAN;
        bool ok = bs_str_parse_double(bs_str_from(rows[i].text), &value);
        test_row(rows[i].text, ok == !isnan(rows[i].value), "ok is %d", ok);
        test_row(rows[i].text, !ok || memcmp(&value, &rows[i].value, sizeof(value)) == 0,
                 "got %a, not %a", value, rows[i].value);
    }
    double value;
    char zeros[400];
    memset(zeros, '0', sizeof(zeros));
    zeros[0] = '1';
    assert_true(bs_str_parse_double(bs_str_make(zeros, 300), &value));
    assert_true(value == 1e299);
    assert_false(bs_str_parse_double(bs_str_make(zeros, sizeof(zeros)), &value));
    zeros[1] = '\0';
    assert_false(bs_str_parse_double(bs_str_make(zeros, 300), &value));
    test_rows_end();
}

static void test_numbers__do_not_know_the_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        return; /* no locale with a decimal comma on this machine */
    char text[BS_DOUBLE_TEXT_SIZE];
    bs_double_format(1.0 / 3, text);
    double value = 0;
    bool ok = bs_str_parse_double(BS_STR("0.30000000000000004"), &value);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(text, "0.3333333333333333");
    assert_true(ok && value == 0.1 + 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double_format__is_the_shortest_that_reads_back),
        cmocka_unit_test(test_float_format__is_the_shortest_that_reads_back_to_the_float),
        cmocka_unit_test(test_formats__read_back_for_random_bits),
        cmocka_unit_test(test_parse_double__takes_numbers_and_nothing_else),
        cmocka_unit_test(test_numbers__do_not_know_the_locale),
    };
    return cmocka_run_group_tests_name("base/number", tests, NULL, NULL);
}
