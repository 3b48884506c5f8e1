/* Comparisons and tests of types. */
#include "query/builtin.h"
#include "query/value.h"

static enum bs_code give(bool truth, struct edn *ret_value)
{
    *ret_value = edn_boolean(truth);
    return BS_OK;
}

static bool all_equal(const struct edn *args, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!value_equal(args[i - 1], args[i]))
            return false;
    return true;
}

static enum bs_code test_equal(struct builtin_env *env, const struct edn *args, size_t count,
                               struct edn *ret_value)
{
    (void)env;
    return give(all_equal(args, count), ret_value);
}

static enum bs_code test_not_equal(struct builtin_env *env, const struct edn *args, size_t count,
                                   struct edn *ret_value)
{
    (void)env;
    return give(!all_equal(args, count), ret_value);
}

/* Whether two values have an order: numbers among themselves, others in their own type. */
static enum bs_code check_comparable(struct builtin_env *env, struct edn a, struct edn b)
{
    if (edn_is_number(a) && edn_is_number(b))
        return BS_OK;
    if (a.type == b.type && a.type != EDN_NIL && a.type != EDN_SET && a.type != EDN_MAP &&
        a.type != EDN_OBJECT)
        return BS_OK;
    if (edn_is_sequential(a) && edn_is_sequential(b))
        return BS_OK;
    char what[60];
    snprintf(what, sizeof(what), "something comparable with a %s",
             edn_type_name((enum edn_type)a.type));
    return builtin_refuse(env, b, what);
}

/* Whether each neighbouring pair stands in an order that `allowed` holds, as bits -1, 0, 1. */
static enum bs_code chain(struct builtin_env *env, const struct edn *args, size_t count,
                          unsigned allowed, struct edn *ret_value)
{
    bool truth = true;
    for (size_t i = 1; i < count; i++) {
        BS_TRY(check_comparable(env, args[i - 1], args[i]));
        int order = value_compare(args[i - 1], args[i]);
        if (edn_is_number(args[i]))
            order = edn_compare_numbers(args[i - 1], args[i]);
        unsigned bit = order < 0 ? 1u : order == 0 ? 2u : 4u;
        truth = truth && (allowed & bit) != 0;
    }
    return give(truth, ret_value);
}

static enum bs_code test_less(struct builtin_env *env, const struct edn *args, size_t count,
                              struct edn *ret_value)
{
    return chain(env, args, count, 1u, ret_value);
}

static enum bs_code test_less_equal(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    return chain(env, args, count, 1u | 2u, ret_value);
}

static enum bs_code test_greater(struct builtin_env *env, const struct edn *args, size_t count,
                                 struct edn *ret_value)
{
    return chain(env, args, count, 4u, ret_value);
}

static enum bs_code test_greater_equal(struct builtin_env *env, const struct edn *args,
                                       size_t count, struct edn *ret_value)
{
    return chain(env, args, count, 2u | 4u, ret_value);
}

static enum bs_code test_same_number(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    for (size_t i = 0; i < count; i++)
        if (!edn_is_number(args[i]))
            return builtin_refuse(env, args[i], "a number");
    return chain(env, args, count, 2u, ret_value);
}

static enum bs_code test_compare(struct builtin_env *env, const struct edn *args, size_t count,
                                 struct edn *ret_value)
{
    (void)count;
    int order = 0;
    if (edn_is_nil(args[0]) || edn_is_nil(args[1])) {
        order = edn_is_nil(args[1]) - edn_is_nil(args[0]);
    } else {
        BS_TRY(check_comparable(env, args[0], args[1]));
        order = edn_is_number(args[0]) ? edn_compare_numbers(args[0], args[1])
                                       : value_compare(args[0], args[1]);
    }
    *ret_value = edn_long((order > 0) - (order < 0));
    return BS_OK;
}

static enum bs_code test_not(struct builtin_env *env, const struct edn *args, size_t count,
                             struct edn *ret_value)
{
    (void)env;
    (void)count;
    return give(!edn_is_truthy(args[0]), ret_value);
}

static enum bs_code test_and(struct builtin_env *env, const struct edn *args, size_t count,
                             struct edn *ret_value)
{
    (void)env;
    *ret_value = edn_boolean(true);
    for (size_t i = 0; i < count; i++) {
        *ret_value = args[i];
        if (!edn_is_truthy(args[i]))
            break;
    }
    return BS_OK;
}

static enum bs_code test_or(struct builtin_env *env, const struct edn *args, size_t count,
                            struct edn *ret_value)
{
    (void)env;
    *ret_value = edn_nil();
    for (size_t i = 0; i < count; i++) {
        *ret_value = args[i];
        if (edn_is_truthy(args[i]))
            break;
    }
    return BS_OK;
}

/* TEST(function, expression over `value`) */
#define TYPE_TESTS(TEST)                                                                           \
    TEST(is_nil, edn_is_nil(value))                                                                \
    TEST(is_some, !edn_is_nil(value))                                                              \
    TEST(is_true, value.type == EDN_BOOLEAN && value.as.boolean)                                   \
    TEST(is_false, value.type == EDN_BOOLEAN && !value.as.boolean)                                 \
    TEST(is_boolean, value.type == EDN_BOOLEAN)                                                    \
    TEST(is_string, value.type == EDN_STRING)                                                      \
    TEST(is_keyword, value.type == EDN_KEYWORD)                                                    \
    TEST(is_symbol, value.type == EDN_SYMBOL)                                                      \
    TEST(is_char, value.type == EDN_CHAR)                                                          \
    TEST(is_number, edn_is_number(value))                                                          \
    TEST(is_integer, value.type == EDN_LONG || value.type == EDN_BIGINT)                           \
    TEST(is_int, value.type == EDN_LONG)                                                           \
    TEST(is_float, value.type == EDN_FLOAT || value.type == EDN_DOUBLE)                            \
    TEST(is_double, value.type == EDN_DOUBLE)                                                      \
    TEST(is_decimal, value.type == EDN_BIGDEC)                                                     \
    TEST(is_inst, value.type == EDN_INSTANT)                                                       \
    TEST(is_uuid, value.type == EDN_UUID)                                                          \
    TEST(is_uri, value.type == EDN_URI)                                                            \
    TEST(is_bytes, value.type == EDN_BYTES)                                                        \
    TEST(is_vector, value.type == EDN_VECTOR)                                                      \
    TEST(is_list, value.type == EDN_LIST)                                                          \
    TEST(is_sequential, edn_is_sequential(value))                                                  \
    TEST(is_set, value.type == EDN_SET)                                                            \
    TEST(is_map, value.type == EDN_MAP)                                                            \
    TEST(is_coll, edn_is_collection(value) || value.type == EDN_MAP)

#define TEST_DEFINE(name, expression)                                                              \
    static enum bs_code test_##name(struct builtin_env *env, const struct edn *args, size_t count, \
                                    struct edn *ret_value)                                         \
    {                                                                                              \
        (void)env;                                                                                 \
        (void)count;                                                                               \
        struct edn value = args[0];                                                                \
        return give((expression), ret_value);                                                      \
    }
TYPE_TESTS(TEST_DEFINE)

static const struct builtin items[] = {
    {"=", 1, BUILTIN_ANY, test_equal, false},
    {"==", 1, BUILTIN_ANY, test_same_number, false},
    {"not=", 1, BUILTIN_ANY, test_not_equal, false},
    {"!=", 1, BUILTIN_ANY, test_not_equal, false},
    {"<", 1, BUILTIN_ANY, test_less, false},
    {"<=", 1, BUILTIN_ANY, test_less_equal, false},
    {">", 1, BUILTIN_ANY, test_greater, false},
    {">=", 1, BUILTIN_ANY, test_greater_equal, false},
    {"compare", 2, 2, test_compare, false},
    {"and", 0, BUILTIN_ANY, test_and, false},
    {"or", 0, BUILTIN_ANY, test_or, false},
    {"not", 1, 1, test_not, false},
    {"nil?", 1, 1, test_is_nil, false},
    {"some?", 1, 1, test_is_some, false},
    {"true?", 1, 1, test_is_true, false},
    {"false?", 1, 1, test_is_false, false},
    {"boolean?", 1, 1, test_is_boolean, false},
    {"string?", 1, 1, test_is_string, false},
    {"keyword?", 1, 1, test_is_keyword, false},
    {"symbol?", 1, 1, test_is_symbol, false},
    {"char?", 1, 1, test_is_char, false},
    {"number?", 1, 1, test_is_number, false},
    {"integer?", 1, 1, test_is_integer, false},
    {"int?", 1, 1, test_is_int, false},
    {"float?", 1, 1, test_is_float, false},
    {"double?", 1, 1, test_is_double, false},
    {"decimal?", 1, 1, test_is_decimal, false},
    {"inst?", 1, 1, test_is_inst, false},
    {"uuid?", 1, 1, test_is_uuid, false},
    {"uri?", 1, 1, test_is_uri, false},
    {"bytes?", 1, 1, test_is_bytes, false},
    {"vector?", 1, 1, test_is_vector, false},
    {"list?", 1, 1, test_is_list, false},
    {"sequential?", 1, 1, test_is_sequential, false},
    {"set?", 1, 1, test_is_set, false},
    {"map?", 1, 1, test_is_map, false},
    {"coll?", 1, 1, test_is_coll, false},
};

const struct builtin_list builtins_tests = {items, BS_ARRAY_COUNT(items)};
