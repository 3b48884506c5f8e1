/*
 * Writes are put together by this library (rocks_write.c), and must be what the engine makes of the
 * same changes by its own functions, byte for byte.
 */

#include "support.h"

#include "base/random.h"
#include "datom/folder.h"
#include "datom/rocks_store.h"

struct fixture {
    char *dir;
    struct datom_store *store;
    struct datom_write *write;
    rocksdb_writebatch_t *batch;
    struct bs_random random;
};

static int set_up(void **state)
{
    struct fixture *f = bs_calloc(1, sizeof(*f));
    struct datom_options options = {.create = true};
    *state = f;
    bs_random_seed(&f->random, 27);
    if (datom_folder_make_temporary(&f->dir, NULL) != BS_OK)
        return -1;
    f->write = datom_write_new();
    f->batch = rocksdb_writebatch_create();
    return datom_store_open(bs_str_from(f->dir), &options, &f->store, NULL) == BS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    datom_write_free(f->write);
    rocksdb_writebatch_destroy(f->batch);
    datom_store_unref(f->store);
    datom_folder_remove(f->dir);
    free(f->dir);
    free(f);
    return 0;
}

static void add(struct fixture *f, const struct datom_change *change)
{
    rocksdb_column_family_handle_t *column = rocks_column(f->store, change->family);
    datom_write_add(f->store, f->write, change);
    if (change->is_delete)
        rocksdb_writebatch_delete_cf(f->batch, column, change->key.ptr, change->key.len);
    else
        rocksdb_writebatch_put_cf(f->batch, column, change->key.ptr, change->key.len,
                                  change->record.ptr, change->record.len);
}

static void assert_same(struct fixture *f, const char *name)
{
    size_t size;
    const char *data = rocksdb_writebatch_data(f->batch, &size);
    struct bs_str ours = datom_write_batch(f->write);
    test_row(name, datom_write_bytes(f->write) == size, "%zu bytes, the engine has %zu",
             datom_write_bytes(f->write), size);
    test_row(name, bs_str_equal(ours, bs_str_make(data, size)), "other bytes of %zu", size);
}

static struct bs_str random_bytes(struct fixture *f, struct bs_arena *arena, size_t size)
{
    char *bytes = bs_arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)bs_random_below(&f->random, 256);
    return bs_str_make(bytes, size);
}

static void test_writes__without_a_change(void **state)
{
    assert_same(*state, "nothing");
    test_rows_end();
}

/* Lengths where a number of the format gets another byte, in every family, with both records. */
static void test_writes__of_every_length_in_every_family(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {0, 1, 127, 128, 129, 16383, 16384, 16385, 2097151, 2097152};
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (unsigned family = 0; family < DATOM_FAMILY_COUNT; family++) {
        for (size_t i = 0; i < BS_ARRAY_COUNT(sizes); i++) {
            char name[64];
            struct datom_change change = {.family = (enum datom_family)family,
                                          .key = random_bytes(f, arena, sizes[i]),
                                          .record = random_bytes(f, arena, 3)};
            snprintf(name, sizeof(name), "%s: %zu bytes",
                     datom_family_name((enum datom_family)family), sizes[i]);
            add(f, &change);
            change.is_delete = true;
            add(f, &change);
            change.is_delete = false;
            change.record = change.key;
            change.key = BS_STR("k");
            add(f, &change);
            assert_same(f, name);
        }
    }
    test_rows_end();
}

/* Enough changes for every byte of their count that a test can reach. */
static void test_writes__of_seventy_thousand_changes(void **state)
{
    struct fixture *f = *state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (int i = 0; i < 70000; i++) {
        struct datom_change change = {
            .family = (enum datom_family)bs_random_below(&f->random, DATOM_FAMILY_COUNT),
            .is_delete = bs_random_below(&f->random, 3) == 0,
            .key = random_bytes(f, arena, bs_random_below(&f->random, 40)),
            .record = random_bytes(f, arena, bs_random_below(&f->random, 20)),
        };
        add(f, &change);
        if (i % 10000 == 0)
            assert_same(f, "on the way");
    }
    assert_same(f, "at the end");
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writes__without_a_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writes__of_every_length_in_every_family, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_writes__of_seventy_thousand_changes, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("datom/rocks_write", tests, NULL, NULL);
}
