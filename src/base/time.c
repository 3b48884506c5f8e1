/*
 * Civil dates and RFC 3339. The calendar is the proleptic Gregorian one, computed in eras of 400
 * years that begin on 1 March, so that the leap day is the last of its year (H. Hinnant's
 * algorithms).
 */

#include "base/encoding.h"

#include <stdio.h>

#define DAYS_ERA 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define SECONDS_DAY 86400

int64_t bs_days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2 ? 1 : 0;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_ERA + day_of_era - DAYS_TO_1970;
}

void bs_civil_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    days += DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (DAYS_ERA - 1)) / DAYS_ERA;
    int64_t day_of_era = days - era * DAYS_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    unsigned month =
        (unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
}

unsigned bs_days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    BS_ASSERT(month >= 1 && month <= 12);
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Takes exactly `count` digits off the front. */
static bool take_digits(struct bs_str *rest, size_t count, unsigned *ret_value)
{
    if (rest->len < count)
        return false;
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(unsigned char)rest->ptr[i] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *rest = bs_str_from_offset(*rest, count);
    *ret_value = value;
    return true;
}

static bool take_byte(struct bs_str *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = bs_str_from_offset(*rest, 1);
    return true;
}

static bool take_date(struct bs_str *rest, int64_t *ret_days)
{
    unsigned year;
    unsigned month;
    unsigned day;
    if (!take_digits(rest, 4, &year) || !take_byte(rest, '-') || !take_digits(rest, 2, &month) ||
        !take_byte(rest, '-') || !take_digits(rest, 2, &day))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > bs_days_in_month(year, month))
        return false;
    *ret_days = bs_days_from_civil(year, month, day);
    return true;
}

static bool take_time(struct bs_str *rest, int64_t *ret_seconds)
{
    unsigned hour;
    unsigned minute;
    unsigned second;
    if (!take_digits(rest, 2, &hour) || !take_byte(rest, ':') || !take_digits(rest, 2, &minute) ||
        !take_byte(rest, ':') || !take_digits(rest, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_seconds = (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

static bool take_fraction(struct bs_str *rest, int32_t *ret_nanos)
{
    *ret_nanos = 0;
    if (!take_byte(rest, '.'))
        return true;
    int32_t nanos = 0;
    size_t count = 0;
    unsigned digit;
    while (count < 9 && take_digits(rest, 1, &digit)) {
        nanos = nanos * 10 + (int32_t)digit;
        count++;
    }
    if (count == 0)
        return false;
    for (; count < 9; count++)
        nanos *= 10;
    *ret_nanos = nanos;
    return true;
}

static bool take_offset(struct bs_str *rest, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (take_byte(rest, 'Z'))
        return true;
    bool west = take_byte(rest, '-');
    unsigned hour;
    unsigned minute;
    if ((!west && !take_byte(rest, '+')) || !take_digits(rest, 2, &hour) || !take_byte(rest, ':') ||
        !take_digits(rest, 2, &minute) || hour > 23 || minute > 59)
        return false;
    int64_t seconds = (int64_t)hour * 3600 + (int64_t)minute * 60;
    *ret_seconds = west ? -seconds : seconds;
    return true;
}

bool bs_time_parse(struct bs_str text, int64_t *ret_seconds, int32_t *ret_nanos)
{
    int64_t days;
    int64_t time;
    int64_t offset;
    int32_t nanos;
    if (!take_date(&text, &days) || !take_byte(&text, 'T') || !take_time(&text, &time) ||
        !take_fraction(&text, &nanos) || !take_offset(&text, &offset) || text.len > 0)
        return false;
    int64_t seconds = days * SECONDS_DAY + time - offset;
    if (seconds < bs_days_from_civil(1, 1, 1) * SECONDS_DAY ||
        seconds >= bs_days_from_civil(10000, 1, 1) * SECONDS_DAY)
        return false;
    *ret_seconds = seconds;
    *ret_nanos = nanos;
    return true;
}

void bs_time_format(int64_t seconds, int32_t nanos, char ret_text[BS_TIME_TEXT_SIZE])
{
    BS_ASSERT(nanos >= 0 && nanos <= 999999999);
    int64_t days = seconds / SECONDS_DAY;
    int64_t time = seconds % SECONDS_DAY;
    if (time < 0) {
        time += SECONDS_DAY;
        days--;
    }
    int64_t year;
    unsigned month;
    unsigned day;
    bs_civil_from_days(days, &year, &month, &day);
    char fraction[16] = "";
    if (nanos % 1000 != 0)
        snprintf(fraction, sizeof(fraction), ".%09d", nanos);
    else if (nanos % 1000000 != 0)
        snprintf(fraction, sizeof(fraction), ".%06d", nanos / 1000);
    else if (nanos != 0)
        snprintf(fraction, sizeof(fraction), ".%03d", nanos / 1000000);
    int len = snprintf(ret_text, BS_TIME_TEXT_SIZE, "%s%04lld-%02u-%02uT%02d:%02d:%02d%sZ",
                       year < 0 ? "-" : "", (long long)(year < 0 ? -year : year), month, day,
                       (int)(time / 3600), (int)(time / 60 % 60), (int)(time % 60), fraction);
    BS_ASSERT(len > 0 && len < BS_TIME_TEXT_SIZE);
}
