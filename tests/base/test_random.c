/* Random bytes. */

#include "support.h"

#include "base/random.h"

static void test_next__is_xoshiro256_starstar(void **state)
{
    (void)state;
    /* the reference implementation's first numbers from the state 1, 2, 3, 4 */
    struct bs_random random = {.state = {1, 2, 3, 4}};
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < BS_ARRAY_COUNT(expected); i++)
        assert_true(bs_random_next(&random) == expected[i]);
}

static void test_seed__repeats(void **state)
{
    (void)state;
    struct bs_random a;
    struct bs_random b;
    struct bs_random c;
    bs_random_seed(&a, 0);
    bs_random_seed(&b, 0);
    bs_random_seed(&c, 1);
    for (int i = 0; i < 100; i++) {
        uint64_t value = bs_random_next(&a);
        assert_true(value == bs_random_next(&b));
        assert_true(value != bs_random_next(&c));
    }
}

static void test_below__stays_below_and_reaches_all(void **state)
{
    (void)state;
    struct bs_random random;
    bs_random_seed(&random, 3);
    int counts[7] = {0};
    for (int i = 0; i < 7000; i++)
        counts[bs_random_below(&random, 7)]++;
    for (size_t i = 0; i < 7; i++)
        assert_true(counts[i] > 800 && counts[i] < 1200);
    for (int i = 0; i < 100; i++)
        assert_true(bs_random_below(&random, (1ull << 63) + 1) <= 1ull << 63);
    assert_int_equal(bs_random_below(&random, 1), 0);
}

static void test_fork__depends_on_state_and_ordinal_only(void **state)
{
    (void)state;
    struct bs_random parent;
    bs_random_seed(&parent, 4);
    struct bs_random before = parent;
    struct bs_random first = bs_random_fork(&parent, 1);
    struct bs_random again = bs_random_fork(&parent, 1);
    struct bs_random second = bs_random_fork(&parent, 2);
    assert_memory_equal(&parent, &before, sizeof(parent));
    assert_memory_equal(&first, &again, sizeof(first));
    assert_memory_not_equal(&first, &second, sizeof(first));
    (void)bs_random_next(&parent);
    struct bs_random later = bs_random_fork(&parent, 1);
    assert_memory_not_equal(&first, &later, sizeof(first));
}

static void test_fill_and_system__fill_every_byte(void **state)
{
    (void)state;
    struct bs_random random;
    bs_random_seed(&random, 5);
    for (size_t size = 0; size < 20; size++) {
        unsigned char seen[21] = {0};
        unsigned char seen_system[21] = {0};
        for (int i = 0; i < 100; i++) {
            unsigned char bytes[21] = {0};
            bs_random_fill(&random, bytes, size);
            assert_int_equal(bytes[size], 0);
            for (size_t j = 0; j < size; j++)
                seen[j] |= bytes[j];
            bs_random_system(bytes, size);
            assert_int_equal(bytes[size], 0);
            for (size_t j = 0; j < size; j++)
                seen_system[j] |= bytes[j];
        }
        for (size_t j = 0; j < size; j++)
            assert_true(seen[j] == 0xff && seen_system[j] == 0xff);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next__is_xoshiro256_starstar),
        cmocka_unit_test(test_seed__repeats),
        cmocka_unit_test(test_below__stays_below_and_reaches_all),
        cmocka_unit_test(test_fork__depends_on_state_and_ordinal_only),
        cmocka_unit_test(test_fill_and_system__fill_every_byte),
    };
    return cmocka_run_group_tests_name("base/random", tests, NULL, NULL);
}
