/*
 * Iterators of values (snapshot.h), which go by filters: they show of each value what an ordinary
 * iterator shows, wherever its keys stand.
 */

#include "support.h"

#include "engine.h"

#define VALUES 600 /* every third one is never held */
#define KEY_SIZE 24

/* Attribute, value, entity, as avet has them; neighbours differ in one byte, which may be zero. */
static struct bs_str make_key(char bytes[KEY_SIZE], unsigned value, uint64_t entity)
{
    bs_store_u32(bytes, 73 + value % 2);
    bs_store_u64(bytes + 4, value / 256);
    bs_store_u32(bytes + 12, value % 256 << 24);
    bs_store_u64(bytes + 16, entity);
    return bs_str_make(bytes, KEY_SIZE);
}

/* Entities from..to of every value but each third. */
static void change(struct datom_store *store, uint64_t from, uint64_t to, bool is_delete)
{
    struct datom_write *write = datom_write_new();
    for (unsigned value = 0; value < VALUES; value++) {
        for (uint64_t e = from; e <= to && value % 3 != 0; e++) {
            char bytes[KEY_SIZE];
            struct datom_change made = {.family = DATOM_FAMILY_AVET, .is_delete = is_delete};
            made.key = make_key(bytes, value, e);
            made.record = BS_STR("12345678");
            datom_write_add(store, write, &made);
        }
    }
    struct datom_change meta = {
        .family = DATOM_FAMILY_META, .key = BS_STR("format"), .record = BS_STR("1")};
    datom_write_add(store, write, &meta);
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
}

/* How many keys of the value there are; *ret_sum is the sum of their entities. */
static unsigned count(struct datom_kv_iter *iter, unsigned value, uint64_t *ret_sum)
{
    char bytes[KEY_SIZE];
    unsigned found = 0;
    struct bs_str start = make_key(bytes, value, 0);
    *ret_sum = 0;
    for (datom_kv_seek(iter, start); iter->valid && memcmp(iter->key.ptr, bytes, KEY_SIZE - 8) == 0;
         datom_kv_next(iter)) {
        *ret_sum += bs_load_u64(iter->key.ptr + KEY_SIZE - 8);
        found++;
    }
    assert_int_equal(iter->code, BS_OK);
    return found;
}

static void compare(struct datom_store *store, unsigned expected, const char *what)
{
    struct datom_snapshot *snapshot = datom_snapshot_take(store);
    datom_store_enter(store);
    struct datom_kv_iter *all = datom_snapshot_iter(snapshot, DATOM_FAMILY_AVET, NULL);
    struct datom_kv_iter *of_value = datom_snapshot_iter_of_value(snapshot, NULL);
    for (unsigned value = 0; value < VALUES + 10; value++) {
        uint64_t sum, sum_of_value;
        unsigned is = count(of_value, value, &sum_of_value);
        unsigned should = count(all, value, &sum);
        bool is_held = value < VALUES && value % 3 != 0;
        if (is != should || sum != sum_of_value || should != (is_held ? expected : 0))
            fail_msg("%s: value %u has %u entities: expected %u as by an ordinary iterator, and %u",
                     what, value, is, should, is_held ? expected : 0);
    }
    datom_kv_free(all);
    datom_kv_free(of_value);
    datom_store_leave(store);
    datom_snapshot_unref(snapshot);
}

static void test_of_value__shows_what_an_ordinary_iterator_shows(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    compare(f->store, 0, "nothing");
    change(f->store, 1, 2, false);
    compare(f->store, 2, "in memory");
    assert_int_equal(datom_store_flush(f->store, NULL), BS_OK);
    compare(f->store, 2, "in a file");
    change(f->store, 3, 3, false);
    compare(f->store, 3, "in a file and in memory");
    assert_int_equal(datom_store_flush(f->store, NULL), BS_OK);
    change(f->store, 2, 2, true);
    compare(f->store, 2, "in two files, and deleted in memory");
    assert_int_equal(datom_store_flush(f->store, NULL), BS_OK);
    compare(f->store, 2, "in three files");
    datom_store_compact(f->store, DATOM_FAMILY_AVET, BS_STR_EMPTY, BS_STR_EMPTY);
    compare(f->store, 2, "compacted");
    engine_close_writer(f);
    engine_open_writer(f);
    compare(f->store, 2, "opened again");
    change(f->store, 1, 3, true);
    compare(f->store, 0, "all deleted");
}

static void test_of_value__works_for_a_reader_beside_the_writer(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    change(f->store, 1, 4, false);
    assert_int_equal(datom_store_flush(f->store, NULL), BS_OK);
    change(f->store, 5, 5, false);
    struct datom_options options = {.read_only = true};
    assert_int_equal(engine_open_with(f, options, &f->reader), BS_OK);
    compare(f->reader, 5, "read-only");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, engine_set_up, engine_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_of_value__shows_what_an_ordinary_iterator_shows),
        TEST(test_of_value__works_for_a_reader_beside_the_writer),
    };
    return cmocka_run_group_tests_name("datom/of_value", tests, NULL, NULL);
}
