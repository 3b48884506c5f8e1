#include <math.h>

#include "edn/number.h"
#include "edn/parser.h"

/*
 * Numbers in the text, by Clojure's grammar: 12, -12, 0x1f, 017, 8r17, each with N for a bigint;
 * 1.5, 1., 1e3, with M for a bigdec. A long that does not fit is a bigint. Ratios are refused.
 */

static enum bs_code malformed(struct edn_parser *parser, struct bs_str token)
{
    char shown[EDN_SHOWN_SIZE];
    return edn_syntax_error(parser, token.ptr, "%s is no number", edn_shown(token, shown));
}

static enum bs_code too_long(struct edn_parser *parser, struct bs_str token)
{
    char shown[EDN_SHOWN_SIZE];
    return edn_parser_fail(parser, token.ptr, BS_REASON_EDN_LIMIT,
                           "the number %s has more than %d digits, or as large an exponent",
                           edn_shown(token, shown), BS_LIMIT_EDN_NUMBER_DIGITS);
}

static enum bs_code finish_integer(struct edn_parser *parser, struct bs_str token,
                                   const struct edn_exact *exact, bool big, struct edn *ret_value)
{
    if (!big && mpz_fits_slong_p(exact->integer)) {
        *ret_value = edn_long(mpz_get_si(exact->integer));
        return BS_OK;
    }
    if (!edn_exact_value(parser->arena, EDN_BIGINT, exact, ret_value))
        return edn_parser_fail_memory(parser, token.ptr);
    return BS_OK;
}

static bool digits_fit_base(struct bs_str digits, int base)
{
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.ptr[i];
        int digit = 99;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            digit = (c | 0x20) - 'a' + 10;
        if (digit >= base)
            return false;
    }
    return digits.len > 0;
}

/* 0x1f, 017, 36rZZ: cuts the prefix off; 10 when there is none, 0 for a base beyond 36. */
static int cut_base(struct bs_str *digits)
{
    struct bs_str s = *digits;
    if (s.len > 1 && s.ptr[0] == '0' && s.ptr[1] != 'N') {
        bool hex = (s.ptr[1] | 0x20) == 'x';
        *digits = bs_str_from_offset(s, hex ? 2 : 1);
        return hex ? 16 : 8;
    }
    for (size_t i = 1; i < s.len && i < 3; i++) {
        uint64_t base;
        if ((s.ptr[i] | 0x20) != 'r')
            continue;
        if (!bs_str_parse_u64(bs_str_slice(s, 0, i), &base) || base < 2 || base > 36)
            return 0;
        *digits = bs_str_from_offset(s, i + 1);
        return (int)base;
    }
    return 10;
}

static enum bs_code read_integer(struct edn_parser *parser, struct bs_str token, struct bs_str body,
                                 struct edn *ret_value)
{
    char shown[EDN_SHOWN_SIZE];
    struct bs_str digits = body;
    bool negative = token.ptr[0] == '-';
    int base = cut_base(&digits);
    if (base == 0)
        return edn_syntax_error(parser, token.ptr, "%s: the base of a number is from 2 to 36",
                                edn_shown(token, shown));
    /* N is a digit in the larger bases, but Clojure takes it off there too */
    bool big = digits.len > 1 && digits.ptr[digits.len - 1] == 'N';
    if (big)
        digits.len--;
    if (!digits_fit_base(digits, base)) {
        if (digits.ptr == body.ptr + 1 && digits_fit_base(digits, 10))
            return edn_syntax_error(parser, token.ptr,
                                    "%s: a leading 0 makes a number octal, whose digits end at 7",
                                    edn_shown(token, shown));
        return malformed(parser, token);
    }
    if (digits.len > BS_LIMIT_EDN_NUMBER_DIGITS)
        return too_long(parser, token);
    struct edn_exact exact;
    edn_exact_init(&exact);
    char *copy BS_CLEANUP(bs_freep) = (char *)bs_malloc(digits.len + 1);
    memcpy(copy, digits.ptr, digits.len);
    copy[digits.len] = '\0';
    int failed = mpz_set_str(exact.integer, copy, base);
    BS_ASSERT(failed == 0);
    if (negative)
        mpz_neg(exact.integer, exact.integer);
    enum bs_code code = finish_integer(parser, token, &exact, big, ret_value);
    edn_exact_fini(&exact);
    return code;
}

static enum bs_code read_bigdec(struct edn_parser *parser, struct bs_str token, struct bs_str text,
                                struct edn *ret_value)
{
    struct edn_exact exact;
    edn_exact_init(&exact);
    enum bs_code code = BS_OK;
    switch (edn_exact_parse(&exact, text, EDN_BIGDEC)) {
    case EDN_NUMBER_OK:
        if (!edn_exact_value(parser->arena, EDN_BIGDEC, &exact, ret_value))
            code = edn_parser_fail_memory(parser, token.ptr);
        break;
    case EDN_NUMBER_MALFORMED:
        code = malformed(parser, token);
        break;
    case EDN_NUMBER_TOO_LONG:
        code = too_long(parser, token);
        break;
    }
    edn_exact_fini(&exact);
    return code;
}

/* Digits, then optionally a point and digits, then optionally an exponent. */
static bool is_decimal(struct bs_str s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    if (i == 0)
        return false;
    if (i < s.len && s.ptr[i] == '.') {
        i++;
        while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
            i++;
    }
    if (i == s.len || (s.ptr[i] | 0x20) != 'e')
        return i == s.len;
    i++;
    if (i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-'))
        i++;
    size_t exponent = i;
    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    return i == s.len && i > exponent;
}

static enum bs_code read_double(struct edn_parser *parser, struct bs_str token, struct bs_str text,
                                struct edn *ret_value)
{
    if (text.len > BS_LIMIT_EDN_NUMBER_DIGITS + 8)
        return too_long(parser, token);
    double number;
    char shown[EDN_SHOWN_SIZE];
    if (!bs_str_parse_double(text, &number) || isinf(number))
        return edn_syntax_error(parser, token.ptr, "%s is beyond the range of a double",
                                edn_shown(token, shown));
    *ret_value = edn_double(token.ptr[0] == '-' ? -number : number);
    return BS_OK;
}

static enum bs_code read_other_number(struct edn_parser *parser, struct bs_str token,
                                      uint8_t classes, struct edn *ret_value)
{
    char shown[EDN_SHOWN_SIZE];
    if (classes & EDN_BYTE_HIGH)
        BS_TRY(edn_parser_check_utf8(parser, token));
    if (classes & EDN_BYTE_SLASH)
        return edn_syntax_error(parser, token.ptr,
                                "%s: ratios are not read; write a decimal, such as 0.5 or 0.5M",
                                edn_shown(token, shown));
    struct bs_str body = token;
    if (body.ptr[0] == '-' || body.ptr[0] == '+')
        body = bs_str_from_offset(body, 1);
    struct bs_str without_suffix = bs_str_slice(body, 0, body.len - 1);
    if (body.ptr[body.len - 1] == 'M' && is_decimal(without_suffix)) {
        struct bs_str text = bs_str_slice(token, 0, token.len - 1);
        return read_bigdec(parser, token, text, ret_value);
    }
    bool has_point = bs_str_find_byte(body, '.') >= 0;
    bool is_hex = body.len > 1 && body.ptr[0] == '0' && (body.ptr[1] | 0x20) == 'x';
    if (is_decimal(body) && (has_point || (!is_hex && (bs_str_find_byte(body, 'e') >= 0 ||
                                                       bs_str_find_byte(body, 'E') >= 0))))
        return read_double(parser, token, body, ret_value);
    return read_integer(parser, token, body, ret_value);
}

/* The common case: a short decimal without suffix. */
static bool small_decimal(struct bs_str token, struct edn *ret_value)
{
    bool negative = token.ptr[0] == '-';
    size_t at = negative || token.ptr[0] == '+';
    size_t count = token.len - at;
    if (count == 0 || count > 18 || (token.ptr[at] == '0' && count > 1))
        return false;
    int64_t value = 0;
    for (; at < token.len; at++) {
        unsigned digit = (unsigned)(unsigned char)token.ptr[at] - '0';
        if (digit > 9)
            return false;
        value = value * 10 + digit;
    }
    *ret_value = edn_long(negative ? -value : value);
    return true;
}

enum bs_code edn_read_number(struct edn_parser *parser, struct edn *ret_value)
{
    uint8_t classes;
    struct bs_str token = edn_token_scan(parser, &classes);
    if (small_decimal(token, ret_value))
        return BS_OK;
    return read_other_number(parser, token, classes, ret_value);
}
