/*
 * Numbers as text: the grammar of RFC 8259, and whole numbers of 64 bits by decimal arithmetic, so
 * that nothing is lost to a double on the way ("1e18", "9007199254740993", "100.000").
 */

#include "rpc/build_internal.h"

size_t rpc_number_prefix(struct bs_str text)
{
    const char *p = text.ptr;
    const char *end = p + text.len;
#define IS_DIGIT(at) ((at) < end && (unsigned)(unsigned char)*(at) - '0' <= 9)
    if (p < end && *p == '-')
        p++;
    if (!IS_DIGIT(p))
        return 0;
    if (*p == '0')
        p++;
    else
        while (IS_DIGIT(p))
            p++;
    if (p < end && *p == '.') {
        p++;
        if (!IS_DIGIT(p))
            return 0;
        while (IS_DIGIT(p))
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!IS_DIGIT(p))
            return 0;
        while (IS_DIGIT(p))
            p++;
    }
#undef IS_DIGIT
    return (size_t)(p - text.ptr);
}

/* Far outside of what 64 bits hold, near enough for sums not to overflow. */
#define EXPONENT_MAX (INT64_C(1) << 40)

/* Reads "e+12" off the end of a number; the text before it stays. */
static int64_t cut_exponent(struct bs_str *text)
{
    size_t at = 0;
    while (at < text->len && text->ptr[at] != 'e' && text->ptr[at] != 'E')
        at++;
    struct bs_str digits = bs_str_from_offset(*text, at + 1);
    text->len = at;
    bool negative = digits.len > 0 && digits.ptr[0] == '-';
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] >= '0' && digits.ptr[i] <= '9' && exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (digits.ptr[i] - '0');
    }
    return negative ? -exponent : exponent;
}

/* Digits of a number without exponent, from the left. */
struct digits {
    struct bs_str text; /* may hold one point */
    size_t at;
};

static int next_digit(struct digits *digits)
{
    if (digits->at < digits->text.len && digits->text.ptr[digits->at] == '.')
        digits->at++;
    return digits->at < digits->text.len ? digits->text.ptr[digits->at++] - '0' : -1;
}

enum rpc_integer_result rpc_parse_integer(struct bs_str text, bool *ret_negative,
                                          uint64_t *ret_magnitude)
{
    *ret_negative = text.len > 0 && text.ptr[0] == '-';
    if (*ret_negative)
        text = bs_str_from_offset(text, 1);
    int64_t whole_count = cut_exponent(&text); /* digits left of the point after shifting it */
    ptrdiff_t point = bs_str_find_byte(text, '.');
    whole_count += (int64_t)(point < 0 ? (ptrdiff_t)text.len : point);
    struct digits digits = {.text = text};
    uint64_t value = 0;
    int digit;
    while ((digit = next_digit(&digits)) >= 0) {
        if (whole_count <= 0) {
            if (digit != 0)
                return RPC_INTEGER_FRACTION;
            continue;
        }
        whole_count--;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value))
            return RPC_INTEGER_TOO_LARGE;
    }
    for (; value > 0 && whole_count > 0; whole_count--) {
        if (__builtin_mul_overflow(value, 10, &value))
            return RPC_INTEGER_TOO_LARGE;
    }
    *ret_magnitude = value;
    return RPC_INTEGER_OK;
}
