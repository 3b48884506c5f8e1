#include <math.h>

#include "base/limits.h"
#include "edn/edn_support.h"

/* Arithmetic by Clojure's contagion, and exact numbers from and to other forms. */

static void test_arithmetic__of_all_types(void **state)
{
    static const struct {
        const char *a;
        char op;
        const char *b;
        const char *result;
    } rows[] = {
        {"1", '+', "2", "3"},
        {"1", '-', "2", "-1"},
        {"6", '*', "-7", "-42"},
        {"7", '/', "2", "3"},
        {"-7", '/', "2", "-3"},
        {"7", '/', "-2", "-3"},
        {"0", '/', "5", "0"},
        {"9223372036854775807", '+', "1", "9223372036854775808N"},
        {"-9223372036854775808", '-', "1", "-9223372036854775809N"},
        {"9223372036854775807", '*', "2", "18446744073709551614N"},
        {"-9223372036854775808", '/', "-1", "9223372036854775808N"},
        {"-9223372036854775808", '*', "-1", "9223372036854775808N"},
        {"1N", '+', "1", "2N"},
        {"1", '+', "1N", "2N"},
        {"9223372036854775808N", '-', "9223372036854775808N", "0N"},
        {"100000000000000000000N", '/', "3", "33333333333333333333N"},
        {"-100000000000000000000N", '/', "3N", "-33333333333333333333N"},
        {"1", '/', "100000000000000000000N", "0N"},
        {"1.5M", '+', "1", "2.5M"},
        {"1", '+', "1.50M", "2.50M"},
        {"1N", '-', "0.001M", "0.999M"},
        {"1.5M", '*', "1.5M", "2.25M"},
        {"1E+3M", '+', "1M", "1001M"},
        {"1M", '/', "4M", "0.25M"},
        {"1M", '/', "3M", "0.33333333333333333333M"},
        {"2M", '/', "3M", "0.66666666666666666667M"},
        {"-2M", '/', "3M", "-0.66666666666666666667M"},
        {"1.00M", '/', "3", "0.3333333333333333333333M"},
        {"100M", '/', "1M", "100M"},
        {"1E+3M", '/', "1E+1M", "100M"},
        {"1E-2M", '/', "1E+2M", "0.0001M"},
        {"4.00M", '/', "2M", "2M"},
        {"0M", '/', "7M", "0M"},
        {"1.5", '+', "1", "2.5"},
        {"1", '/', "2.0", "0.5"},
        {"1N", '*', "0.5", "0.5"},
        {"1.5M", '-', "0.5", "1.0"},
        {"1e300", '*', "1e300", "##Inf"},
        {"##Inf", '-', "##Inf", "##NaN"},
        {"1", '/', "##Inf", "0.0"},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        char name[100];
        snprintf(name, sizeof(name), "%s %c %s", rows[i].a, rows[i].op, rows[i].b);
        enum bs_code code = edn_arithmetic(arena, rows[i].op, test_read(arena, rows[i].a),
                                           test_read(arena, rows[i].b), &value, &error);
        test_row(name, code == BS_OK, "%s", error.message);
        const char *printed = test_printed(arena, value);
        test_row(name, strcmp(printed, rows[i].result) == 0, "is %s, not %s", printed,
                 rows[i].result);
    }
    test_rows_end();
}

static void test_arithmetic__of_floats_gives_doubles(void **state)
{
    struct edn value;
    assert_int_equal(
        edn_arithmetic((struct bs_arena *)*state, '+', edn_float(0.5f), edn_long(1), &value, NULL),
        BS_OK);
    assert_int_equal(value.type, EDN_DOUBLE);
    assert_true(value.as.float64 == 1.5);
}

static void test_arithmetic__refuses(void **state)
{
    static const struct {
        const char *a;
        char op;
        const char *b;
        const char *message;
    } rows[] = {
        {"1", '/', "0", "division of 1 by zero"},
        {"1N", '/', "0N", "division of 1N by zero"},
        {"1.5M", '/', "0.00M", "division of 1.5M by zero"},
        {"1.0", '/', "0.0", "division of 1.0 by zero"},
        {"1.0", '/', "-0.0", "division of 1.0 by zero"},
        {"\"a\"", '+', "1", "+ expects numbers, found the string \"a\""},
        {"1", '*', "nil", "* expects numbers, found the nil nil"},
        {"\\a", '-', "1", "- expects numbers, found the char \\a"},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value;
        enum bs_code code = edn_arithmetic(arena, rows[i].op, test_read(arena, rows[i].a),
                                           test_read(arena, rows[i].b), &value, &error);
        test_row(rows[i].message, code == BS_INVALID_ARGUMENT, "code %s", bs_code_name(code));
        test_row(rows[i].message, error.reason == BS_REASON_Q_INVALID_ARGUMENT, "reason %s",
                 bs_error_reason_name(&error));
        test_row(rows[i].message, strcmp(error.message, rows[i].message) == 0, "%s", error.message);
    }
    test_rows_end();
}

static void test_arithmetic__stops_at_the_limit_of_digits(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_error error = BS_ERROR_INIT;
    struct edn value = test_read(arena, "10N");
    enum bs_code code = BS_OK;
    size_t digits = 1;
    while (code == BS_OK && digits < BS_LIMIT_EDN_NUMBER_DIGITS * 4u) {
        code = edn_arithmetic(arena, '*', value, value, &value, &error);
        digits *= 2;
    }
    assert_int_equal(code, BS_RESOURCE_EXHAUSTED);
    assert_int_equal(digits, 16384);
    assert_int_equal(error.reason, BS_REASON_EDN_LIMIT);
    value = test_read(arena, "1E-6000M");
    assert_int_equal(edn_arithmetic(arena, '*', value, value, &value, &error),
                     BS_RESOURCE_EXHAUSTED);
}

static void test_bigint__from_and_to_longs(void **state)
{
    static const int64_t longs[] = {0, 1, -1, 255, 256, -256, INT64_MAX, INT64_MIN, 1ll << 32};
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(longs); i++) {
        struct edn value = edn_bigint_from_long(arena, longs[i]);
        int64_t back = 7;
        assert_int_equal(value.type, EDN_BIGINT);
        assert_true(edn_bigint_to_long(value, &back));
        assert_int_equal(back, longs[i]);
        assert_true(edn_equal(value, edn_long(longs[i])));
        char expected[40];
        snprintf(expected, sizeof(expected), "%lldN", (long long)longs[i]);
        assert_string_equal(test_printed(arena, value), expected);
    }
    int64_t ignored;
    assert_false(edn_bigint_to_long(test_read(arena, "9223372036854775808N"), &ignored));
    assert_false(edn_bigint_to_long(test_read(arena, "-9223372036854775809N"), &ignored));
    assert_false(edn_bigint_to_long(edn_long(1), &ignored));
}

static void test_magnitude__is_big_endian_without_leading_zeros(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct edn value = test_read(arena, "-0x0102030405060708090aN");
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_true(value.as.number->negative);
    assert_int_equal(value.as.number->scale, 0);
    assert_int_equal(value.as.number->magnitude_bytes, sizeof(bytes));
    assert_memory_equal(value.as.number->magnitude, bytes, sizeof(bytes));
    value = test_read(arena, "-0.00M");
    assert_false(value.as.number->negative);
    assert_int_equal(value.as.number->magnitude_bytes, 0);
    assert_int_equal(value.as.number->scale, 2);
}

static void test_number_to_double__is_the_nearest(void **state)
{
    static const struct {
        const char *text;
        double number;
    } rows[] = {
        {"1", 1.0},
        {"9007199254740993", 9007199254740992.0},
        {"9007199254740993N", 9007199254740992.0},
        {"9007199254740995N", 9007199254740996.0},
        {"0.1M", 0.1},
        {"-1E+3M", -1000.0},
        {"1E+400M", (double)INFINITY},
        {"-1E+400M", -(double)INFINITY},
        {"1E-400M", 0.0},
        {"0.30000000000000004M", 0.30000000000000004},
        {"1.5", 1.5},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        double number = edn_number_to_double(test_read(arena, rows[i].text));
        test_row(rows[i].text, number == rows[i].number, "is %.17g", number);
    }
    test_rows_end();
}

static void test_parse__of_exact_numbers(void **state)
{
    static const struct {
        const char *text, *bigint, *bigdec; /* NULL: refused */
    } rows[] = {
        {"12", "12N", "12M"},    {"-12", "-12N", "-12M"}, {"007", "7N", "7M"},
        {"1.50", NULL, "1.50M"}, {"1e3", NULL, "1E+3M"},  {"-1.5E-3", NULL, "-0.0015M"},
        {"", NULL, NULL},        {"-", NULL, NULL},       {"1x", NULL, NULL},
        {".5", NULL, NULL},      {"1.2.3", NULL, NULL},   {"1e", NULL, NULL},
        {"1e1.5", NULL, NULL},   {" 1", NULL, NULL},      {"--1", NULL, NULL},
        {"1M", NULL, NULL},      {"0x1f", NULL, NULL},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        for (int dec = 0; dec < 2; dec++) {
            struct edn value;
            struct bs_error error = BS_ERROR_INIT;
            const char *expected = dec ? rows[i].bigdec : rows[i].bigint;
            enum bs_code code =
                dec ? edn_bigdec_parse(arena, bs_str_from(rows[i].text), &value, &error)
                    : edn_bigint_parse(arena, bs_str_from(rows[i].text), &value, &error);
            test_row(rows[i].text, (code == BS_OK) == (expected != NULL), "%s", error.message);
            if (code != BS_OK)
                test_row(rows[i].text, error.reason == BS_REASON_EDN_SYNTAX, "%s", error.message);
            else if (expected)
                test_row(rows[i].text, strcmp(test_printed(arena, value), expected) == 0, "%s",
                         test_printed(arena, value));
        }
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_arithmetic__of_all_types),
        test_with_arena(test_arithmetic__of_floats_gives_doubles),
        test_with_arena(test_arithmetic__refuses),
        test_with_arena(test_arithmetic__stops_at_the_limit_of_digits),
        test_with_arena(test_bigint__from_and_to_longs),
        test_with_arena(test_magnitude__is_big_endian_without_leading_zeros),
        test_with_arena(test_number_to_double__is_the_nearest),
        test_with_arena(test_parse__of_exact_numbers),
    };
    return cmocka_run_group_tests_name("edn/number", tests, NULL, NULL);
}
