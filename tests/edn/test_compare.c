#include <stdlib.h>

#include "edn/edn_random.h"

/* Equality, order and hash: a table of what is equal, the order of the kinds, and properties. */

static void test_equal__as_clojure_has_it(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        {"1", "1N", true},
        {"1", "1.0", false},
        {"1", "1M", false},
        {"1N", "1M", false},
        {"1.0", "1.0M", false},
        {"0.0", "-0.0", true},
        {"##NaN", "##NaN", true},
        {"1.0M", "1.00M", true},
        {"1E+3M", "1000M", true},
        {"0M", "0.00M", true},
        {"1.0M", "1.01M", false},
        {"9223372036854775808", "9223372036854775808N", true},
        {"(1 2)", "[1 2]", true},
        {"()", "[]", true},
        {"[]", "#{}", false},
        {"{}", "#{}", false},
        {"[[1] (2)]", "((1N) [2])", true},
        {"[1 2]", "[2 1]", false},
        {"[1]", "[1 1]", false},
        {"#{1 2 3}", "#{3 1N 2}", true},
        {"#{1 2 3}", "#{1 2 4}", false},
        {"#{[1] [2]}", "#{(2) (1)}", true},
        {"#{#{1 2} #{3}}", "#{#{3} #{2 1}}", true},
        {"#{#{1 2} #{3}}", "#{#{3} #{2 4}}", false},
        {"{:a 1, :b 2}", "{:b 2, :a 1}", true},
        {"{:a 1, :b 2}", "{:b 1, :a 2}", false},
        {"{:a {:b [1]}}", "{:a {:b (1)}}", true},
        {"{{:a 1} 1 {:b 2} 2}", "{{:b 2} 2 {:a 1} 1}", true},
        {":a", "a", false},
        {"\"a\"", "a", false},
        {"\\a", "\"a\"", false},
        {"nil", "false", false},
        {"#uri \"a\"", "\"a\"", false},
        {"#t [1]", "#t (1)", true},
        {"#t 1", "#u 1", false},
        {"#inst \"2020\"", "#inst \"2020-01-01\"", true},
        {"#base64 \"AA==\"", "#base64 \"AAA=\"", false},
        {"#{1 2 3 4 5 6 7 8 9 10 11 12 13}", "#{13 12 11 10 9 8 7 6 5 4 3 2 1}", true},
        {"#{1 2 3 4 5 6 7 8 9 10 11 12 13}", "#{13 12 11 10 9 8 7 6 5 4 3 2 0}", false},
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn a = test_read(arena, rows[i].a), b = test_read(arena, rows[i].b);
        char name[200];
        snprintf(name, sizeof(name), "%s and %s", rows[i].a, rows[i].b);
        test_row(name, edn_equal(a, b) == rows[i].equal, "equality is off");
        test_row(name, edn_equal(b, a) == rows[i].equal, "equality is one-sided");
        test_row(name, (edn_compare(a, b) == 0) == rows[i].equal, "the order is %d",
                 edn_compare(a, b));
        test_row(name, !rows[i].equal || edn_hash(a) == edn_hash(b), "hashes differ");
    }
    test_rows_end();
}

/* From the least to the greatest. */
static void test_compare__orders_within_and_across_kinds(void **state)
{
    static const char *const ordered[] = {
        "nil",
        "false",
        "true",
        "-9223372036854775809",
        "-9223372036854775808",
        "-1",
        "0",
        "1",
        "2N",
        "9223372036854775807",
        "9223372036854775808",
        "##-Inf",
        "-1.5",
        "0.0",
        "5e-324",
        "1.5",
        "##Inf",
        "##NaN",
        "-2M",
        "-1.5M",
        "0M",
        "1E-9M",
        "1.0M",
        "1.01M",
        "1E+3M",
        "\\A",
        "\\a",
        "\\\xce\xbb",
        "\"\"",
        "\"a\"",
        "\"aa\"",
        "\"b\"",
        "\"\xef\xbf\xbd\"",
        "\"\xf0\x9f\x8e\xb8\"",
        "a",
        "b",
        ":a",
        ":a/b",
        ":b",
        "#inst \"1969\"",
        "#inst \"1970\"",
        "#uuid \"00000000-0000-0000-0000-000000000001\"",
        "#uuid \"7fffffff-0000-0000-0000-000000000000\"",
        "#uuid \"80000000-0000-0000-0000-000000000000\"",
        "#uri \"a\"",
        "#base64 \"\"",
        "#base64 \"AA==\"",
        "#base64 \"AAA=\"",
        "#base64 \"/w==\"",
        "[]",
        "(1)",
        "[1 1]",
        "(1 2)",
        "[2]",
        "#{}",
        "#{1}",
        "{}",
        "{1 2}",
        "#a 1",
        "#a 2",
        "#b 1",
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(ordered); i++) {
        for (size_t j = 0; j < BS_ARRAY_COUNT(ordered); j++) {
            struct edn a = test_read(arena, ordered[i]), b = test_read(arena, ordered[j]);
            int order = edn_compare(a, b);
            test_row(ordered[i], ((order > 0) - (order < 0)) == (i > j) - (i < j), "%s: %d",
                     ordered[j], order);
        }
    }
    test_rows_end();
}

static void test_compare_numbers__across_types_without_rounding(void **state)
{
    static const char *const ordered[] = {
        "##-Inf",
        "-1e300",
        "-9223372036854775809N",
        "-9223372036854775808",
        "-1.5",
        "-1.25M",
        "-1",
        "0",
        "5e-324",
        "1E-9M",
        "0.1M",
        "0.1" /* a bit more than the decimal */,
        "0.5",
        "1",
        "1.5M",
        "9007199254740992.0",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808.0",
        "9223372036854775809N",
        "1e300",
        "##Inf",
        "##NaN",
    };
    struct bs_arena *arena = (struct bs_arena *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(ordered); i++) {
        for (size_t j = 0; j < BS_ARRAY_COUNT(ordered); j++) {
            struct edn a = test_read(arena, ordered[i]), b = test_read(arena, ordered[j]);
            int order = edn_compare_numbers(a, b);
            test_row(ordered[i], ((order > 0) - (order < 0)) == (i > j) - (i < j), "%s: %d",
                     ordered[j], order);
        }
    }
    test_rows_end();
    assert_int_equal(edn_compare_numbers(edn_long(1), edn_double(1.0)), 0);
    assert_int_equal(edn_compare_numbers(edn_float(0.5f), test_read(arena, "0.50M")), 0);
    assert_int_equal(edn_compare_numbers(test_read(arena, "7N"), test_read(arena, "7.0M")), 0);
    assert_int_equal(edn_compare_numbers(test_read(arena, "1E-10000M"), edn_long(0)), 1);
}

#define VALUES 300

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void test_compare__is_a_total_order_that_agrees_with_equality_and_hash(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_random random;
    bs_random_seed(&random, random_seed_of_run());
    struct edn values[VALUES];
    for (size_t i = 0; i < VALUES; i++)
        values[i] = random_value(&random, arena, RANDOM_ANY, 3);
    for (size_t i = 0; i < VALUES; i++) {
        assert_int_equal(edn_compare(values[i], values[i]), 0);
        assert_true(edn_equal(values[i], edn_dup(arena, values[i])));
        assert_int_equal(edn_compare(values[i], edn_dup(arena, values[i])), 0);
        for (size_t j = 0; j < VALUES; j++) {
            int order = edn_compare(values[i], values[j]);
            assert_int_equal(sign(order), -sign(edn_compare(values[j], values[i])));
            assert_int_equal(order == 0, edn_equal(values[i], values[j]));
            if (order == 0)
                assert_true(edn_hash(values[i]) == edn_hash(values[j]));
        }
    }
    for (size_t n = 0; n < 100000; n++) {
        struct edn a = values[bs_random_below(&random, VALUES)];
        struct edn b = values[bs_random_below(&random, VALUES)];
        struct edn c = values[bs_random_below(&random, VALUES)];
        if (edn_compare(a, b) <= 0 && edn_compare(b, c) <= 0)
            assert_true(edn_compare(a, c) <= 0);
    }
    qsort(values, VALUES, sizeof(values[0]), edn_compare_qsort);
    for (size_t i = 1; i < VALUES; i++)
        assert_true(edn_compare(values[i - 1], values[i]) <= 0);
}

/* The items in another order, all the way down. */
static struct edn shuffled(struct bs_random *random, struct bs_arena *arena, struct edn value)
{
    if (value.type < EDN_LIST || value.type > EDN_MAP || value.len == 0)
        return value;
    size_t stride = value.type == EDN_MAP ? 2 : 1;
    struct edn *items = bs_arena_new_array(arena, value.len * stride, struct edn);
    for (size_t i = 0; i < value.len * stride; i++)
        items[i] = shuffled(random, arena, value.as.items[i]);
    for (size_t i = value.len - 1; i > 0 && value.type >= EDN_SET; i--) {
        size_t j = bs_random_below(random, i + 1);
        for (size_t k = 0; k < stride; k++) {
            struct edn item = items[i * stride + k];
            items[i * stride + k] = items[j * stride + k];
            items[j * stride + k] = item;
        }
    }
    value.as.items = items;
    if (value.type == EDN_LIST)
        value.type = EDN_VECTOR;
    return value;
}

static void test_equal__does_not_look_at_the_order_of_sets_and_maps(void **state)
{
    struct bs_arena *arena = (struct bs_arena *)*state;
    struct bs_random random;
    bs_random_seed(&random, random_seed_of_run());
    for (size_t n = 0; n < 2000; n++) {
        struct edn value = random_value(&random, arena, RANDOM_ANY, 4);
        struct edn other = shuffled(&random, arena, value);
        assert_true(edn_equal(value, other));
        assert_int_equal(edn_compare(value, other), 0);
        assert_true(edn_hash(value) == edn_hash(other));
    }
}

static int compare_as_equal(const struct edn_object *a, const struct edn_object *b)
{
    (void)a;
    (void)b;
    return 0;
}

static void test_compare__of_objects(void **state)
{
    (void)state;
    static const struct edn_object_class by_address = {.name = "a"};
    static const struct edn_object_class all_equal = {.name = "b", .compare = compare_as_equal};
    struct edn_object objects[2] = {{&by_address}, {&by_address}};
    struct edn_object others[2] = {{&all_equal}, {&all_equal}};
    struct edn a = edn_object_value(&objects[0]), b = edn_object_value(&objects[1]);
    struct edn c = edn_object_value(&others[0]), d = edn_object_value(&others[1]);
    assert_true(edn_equal(a, a));
    assert_false(edn_equal(a, b));
    assert_true(edn_compare(a, b) < 0 && edn_compare(b, a) > 0);
    assert_true(edn_equal(c, d));
    assert_true(edn_hash(c) == edn_hash(d));
    assert_true(edn_compare(a, c) < 0 && edn_compare(c, a) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_with_arena(test_equal__as_clojure_has_it),
        test_with_arena(test_compare__orders_within_and_across_kinds),
        test_with_arena(test_compare_numbers__across_types_without_rounding),
        test_with_arena(test_compare__is_a_total_order_that_agrees_with_equality_and_hash),
        test_with_arena(test_equal__does_not_look_at_the_order_of_sets_and_maps),
        test_with_arena(test_compare__of_objects),
    };
    return cmocka_run_group_tests_name("edn/compare", tests, NULL, NULL);
}
