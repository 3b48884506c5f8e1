/*
 * Floating-point numbers and text. Formatting tries digits from few to many until the text reads
 * back to the same number; what libc gives is taken apart into digits and exponent, so that no
 * locale's decimal point comes through. Reading has a quick, exact path for short numbers (Clinger:
 * a whole number below 2^53 times or divided by a power of ten up to 10^22 is rounded once) and
 * else strtod_l with the C locale.
 */

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "base/encoding.h"
#include "base/memory.h"
#include "base/str.h"

#define DIGITS_MAX 17
#define WHOLE_MAX 9007199254740992.0 /* 2^53 */

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    BS_ASSERT(c_locale != (locale_t)0);
}

static locale_t get_c_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return c_locale;
}

/* 0.d1d2d3... * 10^point, without trailing zeros. */
struct decimal {
    char digits[DIGITS_MAX + 1];
    int digits_count;
    int point;
};

/* The `count` digits nearest to `value`, which is finite and positive. */
static void to_decimal(double value, int count, struct decimal *ret)
{
    char text[DIGITS_MAX + 16];
    snprintf(text, sizeof(text), "%.*e", count - 1, value);
    int n = 0;
    const char *c = text;
    for (; *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9')
            ret->digits[n++] = *c;
    }
    bool negative = c[1] == '-';
    int exponent = 0;
    for (c += 2; *c != '\0'; c++)
        exponent = exponent * 10 + (*c - '0');
    while (n > 1 && ret->digits[n - 1] == '0')
        n--;
    ret->digits_count = n;
    ret->point = (negative ? -exponent : exponent) + 1;
}

/* The same with one more in the last of `count` places. */
static void increment(struct decimal *d, int count)
{
    while (d->digits_count < count)
        d->digits[d->digits_count++] = '0';
    while (d->digits_count > 0 && d->digits[d->digits_count - 1] == '9')
        d->digits_count--;
    if (d->digits_count == 0) {
        d->digits[d->digits_count++] = '1';
        d->point++;
        return;
    }
    d->digits[d->digits_count - 1]++;
}

static bool reads_back(const struct decimal *d, double value, bool is_float)
{
    char text[DIGITS_MAX + 16];
    snprintf(text, sizeof(text), "0.%.*se%d", d->digits_count, d->digits, d->point);
    if (is_float)
        return strtof_l(text, NULL, get_c_locale()) == (float)value;
    return strtod_l(text, NULL, get_c_locale()) == value;
}

/*
 * The fewest digits that read back. Below a power of two the numbers stand closer than above it, so
 * that there a shorter text may exist that is not the nearest with its count of digits, but the one
 * above; elsewhere the nearest is the best.
 */
static void shortest(double value, bool is_float, struct decimal *ret)
{
    int exponent;
    bool power_of_two = frexp(value, &exponent) == 0.5;
    bool subnormal = value < (is_float ? (double)__FLT_MIN__ : __DBL_MIN__);
    int enough = is_float ? 9 : 17;
    /* a normal number gives back any text of so many digits that it was read from */
    int count = subnormal ? 1 : is_float ? 6 : 15;
    for (; count < enough; count++) {
        to_decimal(value, count, ret);
        if (reads_back(ret, value, is_float))
            return;
        if (!power_of_two)
            continue;
        increment(ret, count);
        if (reads_back(ret, value, is_float))
            return;
    }
    to_decimal(value, enough, ret);
}

static size_t put_zeros(char *to, int count)
{
    memset(to, '0', (size_t)count);
    return (size_t)count;
}

/* ECMAScript's Number::toString. */
static size_t put_decimal(const struct decimal *d, char *to)
{
    size_t n = (size_t)d->digits_count;
    size_t len = 0;
    if (d->point > 21 || d->point < -5) {
        to[len++] = d->digits[0];
        if (n > 1) {
            to[len++] = '.';
            memcpy(to + len, d->digits + 1, n - 1);
            len += n - 1;
        }
        return len + (size_t)snprintf(to + len, 8, "e%+d", d->point - 1);
    }
    if (d->point <= 0) {
        to[len++] = '0';
        to[len++] = '.';
        len += put_zeros(to + len, -d->point);
        memcpy(to + len, d->digits, n);
        return len + n;
    }
    size_t whole = BS_MIN(n, (size_t)d->point);
    memcpy(to, d->digits, whole);
    len = whole + put_zeros(to + whole, d->point - (int)whole);
    if (n > whole) {
        to[len++] = '.';
        memcpy(to + len, d->digits + whole, n - whole);
        len += n - whole;
    }
    return len;
}

static size_t format(double value, bool is_float, char ret_text[BS_DOUBLE_TEXT_SIZE])
{
    if (isnan(value))
        return (size_t)snprintf(ret_text, BS_DOUBLE_TEXT_SIZE, "NaN");
    size_t len = 0;
    if (signbit(value)) {
        ret_text[len++] = '-';
        value = -value;
    }
    if (isinf(value))
        return len + (size_t)snprintf(ret_text + len, BS_DOUBLE_TEXT_SIZE - len, "Infinity");
    /* every float below 2^24 and double below 2^53 without fraction is its own shortest text */
    if (value < (is_float ? 16777216.0 : WHOLE_MAX) && value == trunc(value))
        return len + (size_t)snprintf(ret_text + len, BS_DOUBLE_TEXT_SIZE - len, "%lld",
                                      (long long)value);
    struct decimal decimal;
    shortest(value, is_float, &decimal);
    len += put_decimal(&decimal, ret_text + len);
    ret_text[len] = '\0';
    return len;
}

size_t bs_double_format(double value, char ret_text[BS_DOUBLE_TEXT_SIZE])
{
    return format(value, false, ret_text);
}

size_t bs_float_format(float value, char ret_text[BS_DOUBLE_TEXT_SIZE])
{
    return format((double)value, true, ret_text);
}

/* What the grammar check learns on its way. */
struct number_text {
    uint64_t digits; /* the number without its point, where `exact` */
    bool exact;      /* at most 19 digits */
    bool negative;
    int64_t exponent; /* times ten to this, saturated far outside of a double's range */
};

/* Digits off the front of `rest` into `number`; how many. */
static size_t take_digits(struct bs_str *rest, struct number_text *number)
{
    size_t i = 0;
    for (; i < rest->len; i++) {
        unsigned digit = (unsigned)(unsigned char)rest->ptr[i] - '0';
        if (digit > 9)
            break;
        if (number->digits >= (UINT64_MAX - 9) / 10)
            number->exact = false;
        else
            number->digits = number->digits * 10 + digit;
    }
    *rest = bs_str_from_offset(*rest, i);
    return i;
}

static bool take_exponent(struct bs_str *rest, int64_t *ret_exponent)
{
    *ret_exponent = 0;
    if (rest->len == 0 || (rest->ptr[0] != 'e' && rest->ptr[0] != 'E'))
        return true;
    *rest = bs_str_from_offset(*rest, 1);
    bool negative = rest->len > 0 && rest->ptr[0] == '-';
    if (rest->len > 0 && (rest->ptr[0] == '-' || rest->ptr[0] == '+'))
        *rest = bs_str_from_offset(*rest, 1);
    struct number_text number = {.exact = true};
    if (take_digits(rest, &number) == 0)
        return false;
    int64_t magnitude = number.exact ? (int64_t)BS_MIN(number.digits, 1u << 30) : 1 << 30;
    *ret_exponent = negative ? -magnitude : magnitude;
    return true;
}

static bool scan(struct bs_str s, struct number_text *ret_number)
{
    struct number_text number = {.exact = true};
    number.negative = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = bs_str_from_offset(s, 1);
    size_t whole = take_digits(&s, &number);
    size_t fraction = 0;
    if (s.len > 0 && s.ptr[0] == '.') {
        s = bs_str_from_offset(s, 1);
        fraction = take_digits(&s, &number);
    }
    if (whole + fraction == 0 || !take_exponent(&s, &number.exponent) || s.len > 0)
        return false;
    number.exponent -= (int64_t)fraction;
    *ret_number = number;
    return true;
}

/* By strtof_l when `is_float`. */
static double read_slowly(struct bs_str s, bool is_float)
{
    char small[128];
    BS_CLEANUP(bs_freep) char *large = NULL;
    char *text = small;
    if (s.len >= sizeof(small))
        text = large = bs_malloc(s.len + 1);
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return is_float ? (double)strtof_l(text, NULL, get_c_locale())
                    : strtod_l(text, NULL, get_c_locale());
}

bool bs_str_parse_double(struct bs_str s, double *ret_value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct number_text number;
    if (!scan(s, &number))
        return false;
    double value;
    if (number.exact && (double)number.digits < WHOLE_MAX && number.exponent >= -22 &&
        number.exponent <= 22) {
        value = (double)number.digits;
        value = number.exponent < 0 ? value / powers[-number.exponent]
                                    : value * powers[number.exponent];
        value = number.negative ? -value : value;
    } else {
        value = read_slowly(s, false);
    }
    if (isinf(value))
        return false;
    *ret_value = value;
    return true;
}

bool bs_str_parse_float(struct bs_str s, float *ret_value)
{
    struct number_text number;
    if (!scan(s, &number))
        return false;
    /* a whole number below 2^24 is exact; all else would be rounded twice by way of a double */
    double value = number.exact && number.digits < 16777216 && number.exponent == 0
                       ? (double)number.digits * (number.negative ? -1 : 1)
                       : read_slowly(s, true);
    if (isinf(value))
        return false;
    *ret_value = (float)value;
    return true;
}
