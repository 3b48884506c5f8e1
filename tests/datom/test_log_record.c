/* Log records: round trips, size, and bytes that are none. */

#include "support.h"

#include <stdlib.h>

#include "base/base.h"
#include "datom/key.h"
#include "datom/samples.h"

#define T 1234

struct fixture {
    struct bs_arena *arena;
    struct bs_buf bytes;
};

static int set_up(void **state)
{
    struct fixture *fixture = bs_calloc(1, sizeof(*fixture));
    fixture->arena = bs_arena_new(0);
    bs_buf_init(&fixture->bytes, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    bs_buf_fini(&fixture->bytes);
    bs_arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void check_round_trip(struct fixture *fixture, const struct datom *datoms,
                             const enum datom_type *types, size_t count)
{
    struct datom *again = NULL;
    size_t again_count = 0;
    struct bs_error error = BS_ERROR_INIT;
    bs_buf_reset(&fixture->bytes);
    datom_log_encode(datoms, types, count, T, &fixture->bytes);
    struct bs_str bytes = bs_arena_dup(fixture->arena, bs_buf_str(&fixture->bytes));
    if (datom_log_decode(bytes, T, fixture->arena, &again, &again_count, &error) != BS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(again_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(again[i].e, datoms[i].e);
        assert_int_equal(again[i].a, datoms[i].a);
        assert_int_equal(again[i].tx, datom_t_to_tx(T));
        assert_int_equal(again[i].added, datoms[i].added);
        assert_true(edn_equal(again[i].v, datoms[i].v));
    }
    bs_buf_reset(&fixture->bytes);
    datom_log_encode(again, types, count, T, &fixture->bytes);
    assert_true(bs_str_equal(bytes, bs_buf_str(&fixture->bytes)));
}

static void test_log_record__of_nothing_comes_back(void **state)
{
    check_round_trip(*state, NULL, NULL, 0);
}

static void test_log_record__of_random_datoms_comes_back(void **state)
{
    struct fixture *fixture = *state;
    struct bs_random random;
    bs_random_seed(&random, random_test_seed());
    struct datom datoms[40];
    enum datom_type types[40];
    for (int round = 0; round < 300; round++) {
        size_t count = bs_random_below(&random, BS_ARRAY_COUNT(datoms));
        for (size_t i = 0; i < count; i++) {
            types[i] = (enum datom_type)bs_random_below(&random, DATOM_TYPE_COUNT);
            bool any_id = bs_random_below(&random, 4) == 0;
            datoms[i] = (struct datom){
                .e = any_id ? bs_random_next(&random)
                            : datom_id_make(DATOM_PART_USER, T + bs_random_below(&random, 5)),
                .a = any_id ? UINT32_MAX : bs_random_below(&random, 300),
                .v = random_value(&random, types[i], fixture->arena),
                .tx = datom_t_to_tx(T),
                .added = bs_random_below(&random, 2),
            };
        }
        check_round_trip(fixture, datoms, types, count);
    }
}

static void test_log_record__of_neighbours_is_small(void **state)
{
    struct fixture *fixture = *state;
    struct datom datoms[100];
    enum datom_type types[100];
    for (size_t i = 0; i < BS_ARRAY_COUNT(datoms); i++) {
        types[i] = DATOM_TYPE_LONG;
        datoms[i] = (struct datom){
            .e = datom_id_make(DATOM_PART_USER, T + 1 + i / 4),
            .a = 20 + i % 4,
            .v = edn_long(50),
            .tx = datom_t_to_tx(T),
            .added = true,
        };
    }
    datom_log_encode(datoms, types, BS_ARRAY_COUNT(datoms), T, &fixture->bytes);
    /* The count 1, the first entity 7, then 4 bytes a datom. */
    assert_int_equal(fixture->bytes.len, 1 + 6 + 4 * BS_ARRAY_COUNT(datoms));
}

static void test_log_record__bytes_that_are_none_are_refused(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        struct bs_str bytes;
    } rows[] = {
        {"nothing", {"", 0}},
        {"more behind none", BS_STR("\x00\x00")},
        {"a count beyond the bytes", BS_STR("\x02\x00\x02\x10\x01")},
        {"a count of 2^64 - 1", BS_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
        {"a count not in its shortest form", BS_STR("\x81\x00\x00\x02\x10\x01")},
        {"a datom without a value", BS_STR("\x01\x00\x02\x10")},
        {"a datom of nil", BS_STR("\x01\x00\x02\x01\x01")},
        {"more behind", BS_STR("\x01\x00\x02\x10\x01\x00")},
        {"an entity without an end", BS_STR("\x01\x80\x80\x80\x80")},
        {"an attribute of 33 bits", BS_STR("\x01\x00\x80\x80\x80\x80\x20\x10\x01")},
    };
    /* clang-format on */
    struct fixture *fixture = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct datom *datoms = NULL;
        size_t count = 4711;
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code =
            datom_log_decode(rows[i].bytes, T, fixture->arena, &datoms, &count, &error);
        test_row(rows[i].name, code == BS_DATA_LOSS, "code %d", (int)code);
        test_row(rows[i].name, error.reason == BS_REASON_STORE_CORRUPT, "%s", error.message);
        test_row(rows[i].name, count == 4711 && !datoms, "wrote datoms");
    }
    test_rows_end();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_log_record__of_nothing_comes_back),
        TEST(test_log_record__of_random_datoms_comes_back),
        TEST(test_log_record__of_neighbours_is_small),
        TEST(test_log_record__bytes_that_are_none_are_refused),
    };
    return cmocka_run_group_tests_name("datom/log_record", tests, NULL, NULL);
}
