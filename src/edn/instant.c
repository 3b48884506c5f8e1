#include "edn/edn.h"

/*
 * Instants as text, in the forms of Clojure's #inst: 2020, 2020-01, 2020-01-02, 2020-01-02T03,
 * T03:04, T03:04:05, T03:04:05.678, each with an optional offset of Z or +HH:MM. Missing parts are
 * the least ones; a fraction beyond milliseconds is cut off. Years beyond four digits are written
 * with a sign, as ISO 8601 says, so that every 64-bit count of milliseconds prints and reads back.
 */

#define MS_A_DAY (24 * 60 * 60 * 1000ll)

static void cut(struct bs_str *text, size_t count)
{
    text->ptr += count;
    text->len -= count;
}

/* Exactly `count` digits off the front. */
static bool cut_digits(struct bs_str *text, size_t count, int64_t *ret_value)
{
    if (text->len < count)
        return false;
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9')
            return false;
        value = value * 10 + (text->ptr[i] - '0');
    }
    cut(text, count);
    *ret_value = value;
    return true;
}

static bool cut_byte(struct bs_str *text, char byte)
{
    if (text->len == 0 || text->ptr[0] != byte)
        return false;
    cut(text, 1);
    return true;
}

static size_t digits_at_front(struct bs_str text)
{
    size_t count = 0;
    while (count < text.len && text.ptr[count] >= '0' && text.ptr[count] <= '9')
        count++;
    return count;
}

static bool cut_year(struct bs_str *text, int64_t *ret_year)
{
    bool negative = cut_byte(text, '-');
    if (!negative && !cut_byte(text, '+'))
        return cut_digits(text, 4, ret_year);
    size_t count = digits_at_front(*text);
    if (count < 4 || count > 9 || !cut_digits(text, count, ret_year))
        return false;
    *ret_year = negative ? -*ret_year : *ret_year;
    return true;
}

/* Digits of which the first three count: ".6789" is 678 ms. */
static bool cut_fraction(struct bs_str *text, int64_t *ret_ms)
{
    size_t count = digits_at_front(*text);
    int64_t ms = 0;
    for (size_t i = 0; i < 3; i++)
        ms = ms * 10 + (i < count ? text->ptr[i] - '0' : 0);
    cut(text, count);
    *ret_ms = ms;
    return count > 0;
}

/* "T03:04:05.678" and its beginnings; nothing when no T stands there. */
static bool cut_time(struct bs_str *text, int64_t *ret_ms)
{
    int64_t hour = 0, minute = 0, second = 0, ms = 0;
    bool more = cut_byte(text, 'T');
    if (more && !cut_digits(text, 2, &hour))
        return false;
    more = more && cut_byte(text, ':');
    if (more && !cut_digits(text, 2, &minute))
        return false;
    more = more && cut_byte(text, ':');
    if (more && !cut_digits(text, 2, &second))
        return false;
    more = more && cut_byte(text, '.');
    if (more && !cut_fraction(text, &ms))
        return false;
    /* as in Clojure a leap second may stand at the end of any hour */
    if (hour > 23 || minute > 59 || second > (minute == 59 ? 60 : 59))
        return false;
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool cut_offset(struct bs_str *text, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (text->len == 0 || cut_byte(text, 'Z'))
        return true;
    bool negative = cut_byte(text, '-');
    int64_t hour, minute;
    if (!negative && !cut_byte(text, '+'))
        return false;
    if (!cut_digits(text, 2, &hour) || !cut_byte(text, ':') || !cut_digits(text, 2, &minute) ||
        hour > 23 || minute > 59)
        return false;
    *ret_ms = (hour * 60 + minute) * 60 * 1000 * (negative ? -1 : 1);
    return true;
}

/* A hyphen with what is no offset behind it ("-08:00"). */
static bool date_goes_on(struct bs_str text)
{
    return text.len > 0 && text.ptr[0] == '-' && !(text.len > 3 && text.ptr[3] == ':');
}

static bool cut_date(struct bs_str *text, int64_t *ret_days, bool *ret_whole)
{
    int64_t year, month = 1, day = 1;
    if (!cut_year(text, &year))
        return false;
    *ret_whole = false;
    if (date_goes_on(*text)) {
        cut(text, 1);
        if (!cut_digits(text, 2, &month) || month < 1 || month > 12)
            return false;
        *ret_whole = date_goes_on(*text);
    }
    if (*ret_whole) {
        cut(text, 1);
        if (!cut_digits(text, 2, &day) || day < 1 || day > bs_days_in_month(year, (unsigned)month))
            return false;
    }
    *ret_days = bs_days_from_civil(year, (unsigned)month, (unsigned)day);
    return true;
}

bool edn_instant_parse(struct bs_str text, int64_t *ret_ms)
{
    int64_t days, time_ms = 0, offset_ms;
    bool whole;
    if (!cut_date(&text, &days, &whole) || (whole && !cut_time(&text, &time_ms)) ||
        !cut_offset(&text, &offset_ms) || text.len > 0)
        return false;
    /* the days of the first and last instants lie partly outside int64 */
    __int128 ms = (__int128)days * MS_A_DAY + time_ms - offset_ms;
    if (ms < INT64_MIN || ms > INT64_MAX)
        return false;
    *ret_ms = (int64_t)ms;
    return true;
}

void edn_instant_format(int64_t ms, char ret_text[EDN_INSTANT_TEXT_SIZE])
{
    int64_t days = ms / MS_A_DAY, rest = ms % MS_A_DAY;
    if (rest < 0) {
        rest += MS_A_DAY;
        days--;
    }
    int64_t year;
    unsigned month, day;
    bs_civil_from_days(days, &year, &month, &day);
    const char *sign = year >= 0 && year <= 9999 ? "" : year < 0 ? "-" : "+";
    snprintf(ret_text, EDN_INSTANT_TEXT_SIZE, "%s%04lld-%02u-%02uT%02u:%02u:%02u.%03u-00:00", sign,
             (long long)(year < 0 ? -year : year), month, day, (unsigned)(rest / 3600000),
             (unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60), (unsigned)(rest % 1000));
}
