#include <math.h>
#include <stdlib.h>

#include "edn/exact.h"
#include "edn/number.h"

/*
 * Exact numbers: made from text and longs, and arithmetic over all number types by Clojure's
 * contagion. Sizes are bounded on the way in (EDN_NUMBER_DIGITS) and on the way out, so that a
 * chain of multiplications ends in an error and not in an exhausted machine.
 */

/* Digits after the larger scale that a quotient of bigdecs keeps. */
#define DIVISION_DIGITS 20

static void exact_cleanup(struct edn_exact *exact)
{
    edn_exact_fini(exact);
}

bool edn_is_number(struct edn value)
{
    return value.type >= EDN_LONG && value.type <= EDN_BIGDEC;
}

/* ---- from text ---- */

/* Digits (with at most one point when `allow_point`) as a NUL-terminated text without the point,
 * and how many stand after it; NULL when anything else is there. Free it. */
static char *digits_copy(struct bs_str text, bool allow_point, size_t *ret_fraction)
{
    char *digits = (char *)bs_malloc(text.len + 1);
    size_t count = 0;
    bool point = false;
    *ret_fraction = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && allow_point && !point && count > 0) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits[count++] = c;
            *ret_fraction += point;
        } else {
            count = 0;
            break;
        }
    }
    digits[count] = '\0';
    if (count > 0)
        return digits;
    free(digits);
    return NULL;
}

static bool cut_sign(struct bs_str *text)
{
    bool negative = text->len > 0 && text->ptr[0] == '-';
    if (text->len > 0 && (text->ptr[0] == '-' || text->ptr[0] == '+'))
        *text = bs_str_from_offset(*text, 1);
    return negative;
}

/* Cuts "e12", "E-3", "e+7" off the end; false when what follows the e is no small integer. */
static bool cut_exponent(struct bs_str *text, int64_t *ret_exponent)
{
    *ret_exponent = 0;
    for (size_t i = 0; i < text->len; i++) {
        if ((text->ptr[i] | 0x20) != 'e')
            continue;
        struct bs_str exponent = bs_str_from_offset(*text, i + 1);
        bool negative = cut_sign(&exponent);
        uint64_t value;
        if (!bs_str_parse_u64(exponent, &value))
            return false;
        /* what is beyond the limit of scales needs no exact value */
        value = BS_MIN(value, (uint64_t)INT32_MAX);
        *ret_exponent = negative ? -(int64_t)value : (int64_t)value;
        *text = bs_str_slice(*text, 0, i);
        return true;
    }
    return true;
}

enum edn_number_result edn_exact_parse(struct edn_exact *exact, struct bs_str text,
                                       enum edn_type type)
{
    bool negative = cut_sign(&text);
    int64_t exponent = 0;
    if (type == EDN_BIGDEC && !cut_exponent(&text, &exponent))
        return EDN_NUMBER_MALFORMED;
    if (text.len > BS_LIMIT_EDN_NUMBER_DIGITS + 1)
        return EDN_NUMBER_TOO_LONG;
    size_t fraction;
    char *digits BS_CLEANUP(bs_freep) = digits_copy(text, type == EDN_BIGDEC, &fraction);
    if (!digits)
        return EDN_NUMBER_MALFORMED;
    exact->scale = (int64_t)fraction - exponent;
    if (strlen(digits) > BS_LIMIT_EDN_NUMBER_DIGITS || exact->scale > BS_LIMIT_EDN_NUMBER_DIGITS ||
        exact->scale < -BS_LIMIT_EDN_NUMBER_DIGITS)
        return EDN_NUMBER_TOO_LONG;
    int failed = mpz_set_str(exact->integer, digits, 10);
    BS_ASSERT(failed == 0);
    if (negative)
        mpz_neg(exact->integer, exact->integer);
    return EDN_NUMBER_OK;
}

static enum bs_code number_parse(struct bs_arena *arena, struct bs_str text, enum edn_type type,
                                 struct edn *ret_value, struct bs_error *error)
{
    struct edn_exact exact BS_CLEANUP(exact_cleanup);
    edn_exact_init(&exact);
    int shown = (int)BS_MIN(text.len, 60);
    switch (edn_exact_parse(&exact, text, type)) {
    case EDN_NUMBER_OK:
        break;
    case EDN_NUMBER_MALFORMED:
        return bs_error_set(error, BS_REASON_EDN_SYNTAX, "\"%.*s\" is no %s: expected %s", shown,
                            text.ptr, edn_type_name(type),
                            type == EDN_BIGINT
                                ? "digits with an optional sign"
                                : "digits with an optional sign, point and exponent");
    case EDN_NUMBER_TOO_LONG:
        return bs_error_set(error, BS_REASON_EDN_LIMIT,
                            "the %s %.*s... has more than %d digits or too large an exponent",
                            edn_type_name(type), shown, text.ptr, BS_LIMIT_EDN_NUMBER_DIGITS);
    }
    if (!edn_exact_value(arena, type, &exact, ret_value))
        return bs_arena_check(arena, SIZE_MAX / 4, "a number", error);
    return BS_OK;
}

enum bs_code edn_bigint_parse(struct bs_arena *arena, struct bs_str text, struct edn *ret_value,
                              struct bs_error *error)
{
    return number_parse(arena, text, EDN_BIGINT, ret_value, error);
}

enum bs_code edn_bigdec_parse(struct bs_arena *arena, struct bs_str text, struct edn *ret_value,
                              struct bs_error *error)
{
    return number_parse(arena, text, EDN_BIGDEC, ret_value, error);
}

/* ---- longs ---- */

struct edn edn_bigint_from_long(struct bs_arena *arena, int64_t integer)
{
    uint8_t bytes[8];
    uint64_t magnitude = integer < 0 ? -(uint64_t)integer : (uint64_t)integer;
    bs_store_u64(bytes, magnitude);
    size_t skip = magnitude == 0 ? 8 : (size_t)__builtin_clzll(magnitude) / 8;
    size_t size = sizeof(bytes) - skip;
    struct edn_number *number = (struct edn_number *)bs_arena_alloc(arena, sizeof(*number) + size);
    number->scale = 0;
    number->negative = integer < 0;
    number->magnitude_bytes = (uint32_t)size;
    memcpy(number->magnitude, bytes + skip, size);
    return (struct edn){.type = EDN_BIGINT, .as.number = number};
}

bool edn_bigint_to_long(struct edn value, int64_t *ret_integer)
{
    if (value.type != EDN_BIGINT || value.as.number->magnitude_bytes > 8)
        return false;
    uint64_t magnitude = 0;
    for (uint32_t i = 0; i < value.as.number->magnitude_bytes; i++)
        magnitude = magnitude << 8 | value.as.number->magnitude[i];
    bool negative = value.as.number->negative;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *ret_integer = negative ? (int64_t)-magnitude : (int64_t)magnitude;
    return true;
}

/* ---- arithmetic ---- */

/* The result must stay printable and cheap: at most so many bits or digits of scale. */
static bool exact_is_too_large(const struct edn_exact *exact)
{
    /* 10 digits are a bit more than 33 bits */
    return mpz_sizeinbase(exact->integer, 2) > (size_t)BS_LIMIT_EDN_NUMBER_DIGITS * 332 / 100 ||
           exact->scale > BS_LIMIT_EDN_NUMBER_DIGITS || exact->scale < -BS_LIMIT_EDN_NUMBER_DIGITS;
}

/* a / b at DIVISION_DIGITS beyond the larger scale, half to even. b is not zero. */
static void exact_divide(struct edn_exact *a, struct edn_exact *b)
{
    int64_t scale = BS_MAX(a->scale, b->scale) + DIVISION_DIGITS;
    scale = BS_MAX(scale, DIVISION_DIGITS);
    edn_exact_align(a, b); /* the quotient is of scale 0 now */
    mpz_t power, rest;
    mpz_inits(power, rest, NULL);
    mpz_ui_pow_ui(power, 10, (unsigned long)scale);
    mpz_mul(a->integer, a->integer, power);
    int sign = mpz_sgn(a->integer) * mpz_sgn(b->integer);
    mpz_tdiv_qr(a->integer, rest, a->integer, b->integer);
    mpz_mul_2exp(rest, rest, 1);
    int half = mpz_cmpabs(rest, b->integer);
    if (half > 0 || (half == 0 && mpz_odd_p(a->integer))) {
        if (sign < 0)
            mpz_sub_ui(a->integer, a->integer, 1);
        else
            mpz_add_ui(a->integer, a->integer, 1);
    }
    mpz_clears(power, rest, NULL);
    a->scale = scale;
    edn_exact_strip(a, 0);
}

/* a = a op b */
static void exact_apply(char op, struct edn_exact *a, struct edn_exact *b, enum edn_type type)
{
    switch (op) {
    case '+':
        edn_exact_align(a, b);
        mpz_add(a->integer, a->integer, b->integer);
        break;
    case '-':
        edn_exact_align(a, b);
        mpz_sub(a->integer, a->integer, b->integer);
        break;
    case '*':
        mpz_mul(a->integer, a->integer, b->integer);
        a->scale += b->scale;
        break;
    default:
        if (type == EDN_BIGDEC)
            exact_divide(a, b);
        else
            mpz_tdiv_q(a->integer, a->integer, b->integer);
        break;
    }
}

static enum bs_code arithmetic_exact(struct bs_arena *arena, char op, struct edn a, struct edn b,
                                     struct edn *ret_value, struct bs_error *error)
{
    enum edn_type type = a.type == EDN_BIGDEC || b.type == EDN_BIGDEC ? EDN_BIGDEC : EDN_BIGINT;
    struct edn_exact x BS_CLEANUP(exact_cleanup);
    struct edn_exact y BS_CLEANUP(exact_cleanup);
    edn_exact_init(&x);
    edn_exact_init(&y);
    edn_exact_set(&x, a);
    edn_exact_set(&y, b);
    exact_apply(op, &x, &y, type);
    if (exact_is_too_large(&x))
        return bs_error_set(error, BS_REASON_EDN_LIMIT, "the result of %c has more than %d digits",
                            op, BS_LIMIT_EDN_NUMBER_DIGITS);
    if (!edn_exact_value(arena, type, &x, ret_value))
        return bs_arena_check(arena, SIZE_MAX / 4, "a number", error);
    return BS_OK;
}

/* False when the result is no long. */
static bool arithmetic_long(char op, int64_t a, int64_t b, int64_t *ret)
{
    switch (op) {
    case '+':
        return !__builtin_add_overflow(a, b, ret);
    case '-':
        return !__builtin_sub_overflow(a, b, ret);
    case '*':
        return !__builtin_mul_overflow(a, b, ret);
    default:
        if (a == INT64_MIN && b == -1)
            return false;
        *ret = a / b;
        return true;
    }
}

static double arithmetic_double(char op, double a, double b)
{
    switch (op) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    default:
        return a / b;
    }
}

static bool is_inexact(struct edn value)
{
    return value.type == EDN_FLOAT || value.type == EDN_DOUBLE;
}

static bool is_zero(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_LONG:
        return value.as.integer == 0;
    case EDN_FLOAT:
        return value.as.float32 == 0;
    case EDN_DOUBLE:
        return value.as.float64 == 0;
    default:
        return value.as.number->magnitude_bytes == 0;
    }
}

static enum bs_code refuse_operand(char op, struct edn value, struct bs_error *error)
{
    char shown[80];
    return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT, "%c expects numbers, found the %s %s",
                        op, edn_type_name((enum edn_type)value.type),
                        edn_print_cut(value, shown, sizeof(shown)));
}

enum bs_code edn_arithmetic(struct bs_arena *arena, char op, struct edn a, struct edn b,
                            struct edn *ret_value, struct bs_error *error)
{
    BS_ASSERT(op == '+' || op == '-' || op == '*' || op == '/');
    if (!edn_is_number(a))
        return refuse_operand(op, a, error);
    if (!edn_is_number(b))
        return refuse_operand(op, b, error);
    if (op == '/' && is_zero(b)) {
        char shown[80];
        return bs_error_set(error, BS_REASON_Q_INVALID_ARGUMENT, "division of %s by zero",
                            edn_print_cut(a, shown, sizeof(shown)));
    }
    if (is_inexact(a) || is_inexact(b)) {
        *ret_value =
            edn_double(arithmetic_double(op, edn_number_to_double(a), edn_number_to_double(b)));
        return BS_OK;
    }
    int64_t integer;
    if (a.type == EDN_LONG && b.type == EDN_LONG &&
        arithmetic_long(op, a.as.integer, b.as.integer, &integer)) {
        *ret_value = edn_long(integer);
        return BS_OK;
    }
    return arithmetic_exact(arena, op, a, b, ret_value, error);
}

/* ---- doubles ---- */

double edn_number_to_double(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_LONG:
        return (double)value.as.integer;
    case EDN_FLOAT:
        return (double)value.as.float32;
    case EDN_DOUBLE:
        return value.as.float64;
    case EDN_BIGINT:
    case EDN_BIGDEC:
        break;
    default:
        BS_UNREACHABLE();
    }
    /* through decimal text, which is rounded once and correctly */
    struct edn_exact exact BS_CLEANUP(exact_cleanup);
    edn_exact_init(&exact);
    edn_exact_set(&exact, value);
    size_t size = mpz_sizeinbase(exact.integer, 10) + 32;
    char *text BS_CLEANUP(bs_freep) = (char *)bs_malloc(size);
    mpz_get_str(text, 10, exact.integer);
    size_t len = strlen(text);
    len += (size_t)snprintf(text + len, size - len, "e%lld", (long long)-exact.scale);
    double number = 0;
    if (bs_str_parse_double(bs_str_make(text, len), &number))
        return number;
    return value.as.number->negative ? -HUGE_VAL : HUGE_VAL;
}
