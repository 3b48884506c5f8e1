#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

/* What every test includes first: cmocka with the headers that it needs, and tables of cases. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/str.h"

/*
 * Inside a table test: when `condition` does not hold, says which row, and goes on, so that one run
 * names all rows that are off; end the test with test_rows_end(). Use as
 *     test_row(row->name, ok, "got %d", n);
 */
static int test_rows_failed BS_UNUSED;

#define test_row(name, condition, ...)                                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            test_rows_failed++;                                                                    \
            print_error("%s:%d: row \"%s\": not (%s): ", __FILE__, __LINE__, (name), #condition);  \
            print_error(__VA_ARGS__);                                                              \
            print_error("\n");                                                                     \
        }                                                                                          \
    } while (0)

static inline void test_rows_end(void)
{
    int failed = test_rows_failed;
    test_rows_failed = 0;
    assert_int_equal(failed, 0);
}

#define assert_str_equals(actual, expected)                                                        \
    do {                                                                                           \
        struct bs_str test_actual_ = (actual);                                                     \
        struct bs_str test_expected_ = bs_str_from(expected);                                      \
        if (!bs_str_equal(test_actual_, test_expected_))                                           \
            fail_msg("is \"%.*s\", not \"%.*s\"", BS_STR_ARGS(test_actual_),                       \
                     BS_STR_ARGS(test_expected_));                                                 \
    } while (0)

#endif
