/* Arithmetic, by edn_arithmetic: longs that overflow become bigints, (/ 7 2) is 3. */
#include <math.h>

#include "query/builtin.h"

static enum bs_code check_number(struct builtin_env *env, struct edn arg)
{
    return edn_is_number(arg) ? BS_OK : builtin_refuse(env, arg, "a number");
}

static bool is_integer(struct edn value)
{
    return value.type == EDN_LONG || value.type == EDN_BIGINT;
}

static enum bs_code calculate(struct builtin_env *env, char op, const struct edn *args,
                              size_t count, struct edn *ret_value)
{
    struct edn total = edn_long(op == '*' || op == '/' ? 1 : 0);
    for (size_t i = 0; i < count; i++)
        BS_TRY(check_number(env, args[i]));
    size_t first = 0;
    if (op == '+' || op == '*' || count > 1) {
        if (count > 0)
            total = args[first++];
    }
    for (size_t i = first; i < count; i++) {
        enum bs_code code = edn_arithmetic(env->arena, op, total, args[i], &total, env->error);
        if (code != BS_OK) {
            char form[200];
            bs_error_prefix(env->error, "%s: ", edn_print_cut(env->form, form, sizeof(form)));
            return code;
        }
    }
    *ret_value = total;
    return BS_OK;
}

static enum bs_code number_add(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    return calculate(env, '+', args, count, ret_value);
}

static enum bs_code number_subtract(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    return calculate(env, '-', args, count, ret_value);
}

static enum bs_code number_multiply(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    return calculate(env, '*', args, count, ret_value);
}

static enum bs_code number_divide(struct builtin_env *env, const struct edn *args, size_t count,
                                  struct edn *ret_value)
{
    return calculate(env, '/', args, count, ret_value);
}

static enum bs_code number_inc(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    struct edn both[] = {args[0], edn_long(1)};
    return calculate(env, '+', both, count + 1, ret_value);
}

static enum bs_code number_dec(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    struct edn both[] = {args[0], edn_long(1)};
    return calculate(env, '-', both, count + 1, ret_value);
}

static int sign_of(struct edn number)
{
    return edn_compare_numbers(number, edn_long(0));
}

static enum bs_code number_abs(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    BS_TRY(check_number(env, args[0]));
    if (sign_of(args[0]) < 0)
        return calculate(env, '-', args, count, ret_value);
    *ret_value = args[0];
    return BS_OK;
}

static enum bs_code choose(struct builtin_env *env, const struct edn *args, size_t count,
                           int direction, struct edn *ret_value)
{
    struct edn best = args[0];
    for (size_t i = 0; i < count; i++) {
        BS_TRY(check_number(env, args[i]));
        if (edn_compare_numbers(args[i], best) * direction > 0)
            best = args[i];
    }
    *ret_value = best;
    return BS_OK;
}

static enum bs_code number_max(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    BS_TRY(check_number(env, args[0]));
    return choose(env, args, count, 1, ret_value);
}

static enum bs_code number_min(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    BS_TRY(check_number(env, args[0]));
    return choose(env, args, count, -1, ret_value);
}

static enum bs_code quotient(struct builtin_env *env, const struct edn *args, struct edn *ret_value)
{
    BS_TRY(check_number(env, args[0]));
    BS_TRY(check_number(env, args[1]));
    if (sign_of(args[1]) == 0)
        return builtin_refuse(env, args[1], "a divisor other than zero");
    if (is_integer(args[0]) && is_integer(args[1]))
        return edn_arithmetic(env->arena, '/', args[0], args[1], ret_value, env->error);
    *ret_value = edn_double(trunc(edn_number_to_double(args[0]) / edn_number_to_double(args[1])));
    return BS_OK;
}

static enum bs_code number_quot(struct builtin_env *env, const struct edn *args, size_t count,
                                struct edn *ret_value)
{
    (void)count;
    return quotient(env, args, ret_value);
}

static enum bs_code number_rem(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    (void)count;
    struct edn whole = edn_nil();
    BS_TRY(quotient(env, args, &whole));
    BS_TRY(edn_arithmetic(env->arena, '*', whole, args[1], &whole, env->error));
    return edn_arithmetic(env->arena, '-', args[0], whole, ret_value, env->error);
}

static enum bs_code number_mod(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    struct edn rest = edn_nil();
    BS_TRY(number_rem(env, args, count, &rest));
    if (sign_of(rest) != 0 && (sign_of(rest) < 0) != (sign_of(args[1]) < 0))
        BS_TRY(edn_arithmetic(env->arena, '+', rest, args[1], &rest, env->error));
    *ret_value = rest;
    return BS_OK;
}

static enum bs_code parity(struct builtin_env *env, struct edn arg, bool *ret_odd)
{
    if (!is_integer(arg))
        return builtin_refuse(env, arg, "an integer");
    if (arg.type == EDN_LONG) {
        *ret_odd = (arg.as.integer & 1) != 0;
        return BS_OK;
    }
    const struct edn_number *number = arg.as.number;
    *ret_odd =
        number->magnitude_bytes > 0 && (number->magnitude[number->magnitude_bytes - 1] & 1) != 0;
    return BS_OK;
}

static enum bs_code number_is_even(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)count;
    bool odd = false;
    BS_TRY(parity(env, args[0], &odd));
    *ret_value = edn_boolean(!odd);
    return BS_OK;
}

static enum bs_code number_is_odd(struct builtin_env *env, const struct edn *args, size_t count,
                                  struct edn *ret_value)
{
    (void)count;
    bool odd = false;
    BS_TRY(parity(env, args[0], &odd));
    *ret_value = edn_boolean(odd);
    return BS_OK;
}

static enum bs_code number_is_zero(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_number(env, args[0]));
    *ret_value = edn_boolean(sign_of(args[0]) == 0);
    return BS_OK;
}

static enum bs_code number_is_positive(struct builtin_env *env, const struct edn *args,
                                       size_t count, struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_number(env, args[0]));
    *ret_value = edn_boolean(sign_of(args[0]) > 0);
    return BS_OK;
}

static enum bs_code number_is_negative(struct builtin_env *env, const struct edn *args,
                                       size_t count, struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_number(env, args[0]));
    *ret_value = edn_boolean(sign_of(args[0]) < 0);
    return BS_OK;
}

static enum bs_code number_double(struct builtin_env *env, const struct edn *args, size_t count,
                                  struct edn *ret_value)
{
    (void)count;
    BS_TRY(check_number(env, args[0]));
    *ret_value = edn_double(edn_number_to_double(args[0]));
    return BS_OK;
}

static const struct builtin items[] = {
    {"+", 0, BUILTIN_ANY, number_add, false},
    {"-", 1, BUILTIN_ANY, number_subtract, false},
    {"*", 0, BUILTIN_ANY, number_multiply, false},
    {"/", 1, BUILTIN_ANY, number_divide, false},
    {"abs", 1, 1, number_abs, false},
    {"dec", 1, 1, number_dec, false},
    {"double", 1, 1, number_double, false},
    {"even?", 1, 1, number_is_even, false},
    {"inc", 1, 1, number_inc, false},
    {"max", 1, BUILTIN_ANY, number_max, false},
    {"min", 1, BUILTIN_ANY, number_min, false},
    {"mod", 2, 2, number_mod, false},
    {"neg?", 1, 1, number_is_negative, false},
    {"odd?", 1, 1, number_is_odd, false},
    {"pos?", 1, 1, number_is_positive, false},
    {"quot", 2, 2, number_quot, false},
    {"rem", 2, 2, number_rem, false},
    {"zero?", 1, 1, number_is_zero, false},
};

const struct builtin_list builtins_numbers = {items, BS_ARRAY_COUNT(items)};
