/* Civil dates and RFC 3339. */

#include "support.h"

#include "base/encoding.h"

static void test_parse__takes_real_instants_only(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        int64_t seconds;
        int32_t nanos;
    } rows[] = {
        {"1970-01-01T00:00:00Z", true, 0, 0},
        {"1970-01-01T00:00:00.1Z", true, 0, 100000000},
        {"1970-01-01T00:00:00.000000001Z", true, 0, 1},
        {"1970-01-01T00:00:00.123456789Z", true, 0, 123456789},
        {"1969-12-31T23:59:59.999Z", true, -1, 999000000},
        {"2024-05-01T12:00:00+02:00", true, 1714557600, 0},
        {"2024-05-01T12:00:00-00:30", true, 1714566600, 0},
        {"2024-05-01T12:00:00-00:00", true, 1714564800, 0},
        {"2024-02-29T00:00:00Z", true, 1709164800, 0},
        {"2000-02-29T00:00:00Z", true, 951782400, 0},
        {"0001-01-01T00:00:00Z", true, -62135596800, 0},
        {"9999-12-31T23:59:59.999999999Z", true, 253402300799, 999999999},
        {"0001-01-01T00:00:00-00:01", true, -62135596740, 0},
        {"9999-12-31T23:59:59+23:59", true, 253402214459, 0},
        {"0001-01-01T00:00:00+00:01", false, 0, 0},
        {"9999-12-31T23:59:59-00:01", false, 0, 0},
        {"0000-12-31T23:59:59Z", false, 0, 0},
        {"0000-12-31T23:59:59-01:00", false, 0, 0},
        {"2023-02-29T00:00:00Z", false, 0, 0},
        {"1900-02-29T00:00:00Z", false, 0, 0},
        {"2100-02-29T00:00:00Z", false, 0, 0},
        {"2024-04-31T00:00:00Z", false, 0, 0},
        {"2024-00-01T00:00:00Z", false, 0, 0},
        {"2024-13-01T00:00:00Z", false, 0, 0},
        {"2024-01-00T00:00:00Z", false, 0, 0},
        {"2024-01-32T00:00:00Z", false, 0, 0},
        {"2024-01-01T24:00:00Z", false, 0, 0},
        {"2024-01-01T23:60:00Z", false, 0, 0},
        {"2016-12-31T23:59:60Z", false, 0, 0},
        {"2024-01-01T00:00:00", false, 0, 0},
        {"2024-01-01", false, 0, 0},
        {"2024-01-01t00:00:00Z", false, 0, 0},
        {"2024-01-01T00:00:00z", false, 0, 0},
        {"2024-01-01 00:00:00Z", false, 0, 0},
        {"2024-01-01T00:00:00.Z", false, 0, 0},
        {"2024-01-01T00:00:00.1234567890Z", false, 0, 0},
        {"2024-01-01T00:00:00,1Z", false, 0, 0},
        {"2024-01-01T00:00:00+0200", false, 0, 0},
        {"2024-01-01T00:00:00+02", false, 0, 0},
        {"2024-01-01T00:00:00+24:00", false, 0, 0},
        {"2024-01-01T00:00:00+02:60", false, 0, 0},
        {"2024-01-01T00:00:00ZZ", false, 0, 0},
        {"2024-01-01T00:00:00Z ", false, 0, 0},
        {" 2024-01-01T00:00:00Z", false, 0, 0},
        {"24-01-01T00:00:00Z", false, 0, 0},
        {"+2024-01-01T00:00:00Z", false, 0, 0},
        {"2024-1-01T00:00:00Z", false, 0, 0},
        {"2024-01-01T0:00:00Z", false, 0, 0},
        {"2024-01-01T-1:00:00Z", false, 0, 0},
        {"", false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        int64_t seconds = 0;
        int32_t nanos = 0;
        bool ok = bs_time_parse(bs_str_from(rows[i].text), &seconds, &nanos);
        test_row(rows[i].text, ok == rows[i].ok, "ok %d", ok);
        test_row(rows[i].text, seconds == rows[i].seconds && nanos == rows[i].nanos, "%lld s %d ns",
                 (long long)seconds, nanos);
    }
    test_rows_end();
}

static void test_format__writes_the_fewest_digits(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
        const char *text;
    } rows[] = {
        {0, 0, "1970-01-01T00:00:00Z"},
        {-1, 0, "1969-12-31T23:59:59Z"},
        {0, 100000000, "1970-01-01T00:00:00.100Z"},
        {0, 120000, "1970-01-01T00:00:00.000120Z"},
        {0, 1, "1970-01-01T00:00:00.000000001Z"},
        {-62135596800, 0, "0001-01-01T00:00:00Z"},
        {253402300799, 999999999, "9999-12-31T23:59:59.999999999Z"},
        {253402300800, 0, "10000-01-01T00:00:00Z"},
        {-62167219201, 0, "-0001-12-31T23:59:59Z"},
        {INT64_MAX, 999999999, "292277026596-12-04T15:30:07.999999999Z"},
        {INT64_MIN, 1, "-292277022657-01-27T08:29:52.000000001Z"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char text[BS_TIME_TEXT_SIZE];
        bs_time_format(rows[i].seconds, rows[i].nanos, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_civil__agrees_with_counting_the_days_of_five_centuries(void **state)
{
    (void)state;
    int64_t days = bs_days_from_civil(1600, 1, 1);
    for (int64_t year = 1600; year <= 2100; year++) {
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= bs_days_in_month(year, month); day++, days++) {
                int64_t year_again;
                unsigned month_again;
                unsigned day_again;
                bs_civil_from_days(days, &year_again, &month_again, &day_again);
                if (bs_days_from_civil(year, month, day) != days || year_again != year ||
                    month_again != month || day_again != day)
                    fail_msg("%lld-%u-%u", (long long)year, month, day);
            }
        }
    }
    assert_int_equal(bs_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(bs_days_from_civil(2000, 3, 1), 11017);
    assert_int_equal(bs_days_from_civil(-400, 3, 1), -719468 - 146097);
    assert_int_equal(bs_days_in_month(1900, 2), 28);
    assert_int_equal(bs_days_in_month(2000, 2), 29);
    assert_int_equal(bs_days_in_month(-4, 2), 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__takes_real_instants_only),
        cmocka_unit_test(test_format__writes_the_fewest_digits),
        cmocka_unit_test(test_civil__agrees_with_counting_the_days_of_five_centuries),
    };
    return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
