/* Changes in the order of their keys. */

#include "support.h"

#include "datom/change_sort.h"

/* The record of each says which one it is. */
static struct datom_change random_change(struct bs_random *random, struct bs_arena *arena,
                                         uint64_t number)
{
    static const char *const beginnings[] = {"", "12345678", "123456789012345678", "1234567",
                                             "\xff"};
    uint8_t number_bytes[8];
    char key[40];
    struct bs_str beginning =
        bs_str_from(beginnings[bs_random_below(random, BS_ARRAY_COUNT(beginnings))]);
    size_t tail_len = bs_random_below(random, 4);
    memcpy(key, beginning.ptr, beginning.len);
    for (size_t i = 0; i < tail_len; i++)
        key[beginning.len + i] = (char)bs_random_below(random, 3);
    bs_store_u64(number_bytes, number);
    return (struct datom_change){
        .family = (enum datom_family)bs_random_below(random, DATOM_FAMILY_COUNT),
        .key = bs_arena_dup(arena, bs_str_make(key, beginning.len + tail_len)),
        .record = bs_arena_dup(arena, bs_str_make((const char *)number_bytes, 8)),
    };
}

static void assert_in_order(const struct datom_change *a, const struct datom_change *b)
{
    assert_true(a->family <= b->family);
    if (a->family != b->family)
        return;
    int order = bs_str_compare(a->key, b->key);
    assert_true(order <= 0);
    if (order == 0)
        assert_true(bs_load_u64(a->record.ptr) < bs_load_u64(b->record.ptr));
}

static void test_change_sort__orders_by_family_and_key_and_keeps_the_order_of_one_key(void **state)
{
    static const size_t counts[] = {0, 1, 2, 7, 8, 9, 16, 17, 100, 1000, 4097};
    (void)state;
    for (size_t row = 0; row < BS_ARRAY_COUNT(counts); row++) {
        size_t count = counts[row];
        struct bs_arena *arena = bs_arena_new(0);
        struct bs_random random;
        bs_random_seed(&random, count);
        struct datom_change *changes = bs_arena_new_array(arena, count + 1, struct datom_change);
        struct datom_change *sorted = bs_arena_new_array(arena, count + 1, struct datom_change);
        bool *seen = bs_arena_zalloc(arena, count + 1);
        for (size_t i = 0; i < count; i++)
            changes[i] = random_change(&random, arena, i);
        datom_changes_sort(changes, count, arena, sorted);
        for (size_t i = 0; i < count; i++) {
            uint64_t number = bs_load_u64(sorted[i].record.ptr);
            assert_false(seen[number]);
            seen[number] = true;
            assert_ptr_equal(sorted[i].key.ptr, changes[number].key.ptr);
            if (i > 0)
                assert_in_order(&sorted[i - 1], &sorted[i]);
        }
        bs_arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_change_sort__orders_by_family_and_key_and_keeps_the_order_of_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
