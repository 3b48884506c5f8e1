/*
 * The engine: opening, locks between processes, following a writer, atomic writes and snapshots.
 * Other processes are this program again, with arguments.
 */

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#include "datom/engine.h"
#include "datom/folder.h"

static int count_keys(struct datom_snapshot *snapshot, enum datom_family family)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_kv_iter *iter = datom_snapshot_iter(snapshot, family, &error);
    int count = 0;
    for (datom_kv_seek(iter, BS_STR_EMPTY); iter->valid; datom_kv_next(iter))
        count++;
    assert_int_equal(iter->code, BS_OK);
    datom_kv_free(iter);
    return count;
}

static void write_file(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("something else\n", file);
    fclose(file);
}

static void remove_file(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(unlink(path), 0);
}

/* Names and sizes of all files, but for what a writer may do meanwhile (there is none). */
static uint64_t folder_fingerprint(const char *dir)
{
    uint64_t sum = 0;
    DIR *folder = opendir(dir);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        struct stat about;
        assert_int_equal(fstatat(dirfd(folder), entry->d_name, &about, 0), 0);
        uint64_t hash = 14695981039346656037u;
        for (const char *c = entry->d_name; *c; c++)
            hash = (hash ^ (uint8_t)*c) * 1099511628211u;
        bool is_folder = S_ISDIR(about.st_mode);
        sum += hash * (is_folder ? 1 : (uint64_t)about.st_size + 2);
    }
    closedir(folder);
    return sum;
}

static void test_open__makes_a_store_and_finds_it_again(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    assert_true(datom_store_is_new(f->store));
    assert_false(datom_store_is_read_only(f->store));
    engine_close_writer(f);
    engine_open_writer(f);
    assert_true(datom_store_is_new(f->store)); /* nothing was written: its making had stopped */
    engine_write_meta(f->store);
    engine_put(f->store, BS_STR("k"), BS_STR("v"));
    engine_close_writer(f);
    assert_int_equal(engine_open_with(f, (struct datom_options){0}, &f->store), BS_OK);
    assert_false(datom_store_is_new(f->store));
    engine_assert_now(f->store, BS_STR("k"), "v");
    engine_assert_now(f->store, BS_STR("l"), "-");
    uint64_t bytes;
    uint64_t keys;
    datom_store_family_size(f->store, DATOM_FAMILY_EAVT, &bytes, &keys);
    assert_int_equal(keys, 1);
    assert_true(bytes > 0);
}

static void test_open__refuses_what_is_no_store(void **state)
{
    struct engine *f = *state;
    struct datom_options no_create = {0};
    struct datom_options create = {.create = true};
    struct datom_options read_only = {.create = true, .read_only = true};
    struct bs_error *error = &f->error;
    char *root = f->dir;
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/store", root);
    struct bs_str path = bs_str_from(dir);

    assert_int_equal(datom_store_open(path, &no_create, &f->store, error), BS_NOT_FOUND);
    assert_int_equal(error->reason, BS_REASON_STORE_NOT_FOUND);
    assert_non_null(strstr(error->message, dir));
    assert_int_equal(datom_store_open(path, &read_only, &f->store, error), BS_NOT_FOUND);
    assert_int_equal(access(dir, F_OK), -1);
    assert_int_equal(datom_store_open(BS_STR(""), &create, &f->store, error), BS_NOT_FOUND);
    char deep[4200];
    snprintf(deep, sizeof(deep), "%s/a/b", dir);
    assert_int_equal(datom_store_open(bs_str_from(deep), &create, &f->store, error), BS_NOT_FOUND);

    assert_int_equal(engine_open_with(f, no_create, &f->store), BS_NOT_FOUND); /* empty */
    assert_int_equal(engine_open_with(f, read_only, &f->store), BS_NOT_FOUND);
    write_file(f->dir, "letter.txt");
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(engine_open_with(f, create, &f->store), BS_FAILED_PRECONDITION);
    assert_int_equal(error->reason, BS_REASON_STORE_FORMAT);
    assert_int_equal(engine_open_with(f, read_only, &f->store), BS_FAILED_PRECONDITION);
    assert_true(folder_fingerprint(f->dir) == before);

    snprintf(dir, sizeof(dir), "%s/letter.txt", root);
    assert_int_equal(datom_store_open(bs_str_from(dir), &create, &f->store, error),
                     BS_FAILED_PRECONDITION);
    assert_null(f->store);
}

static void test_open__takes_a_copy_without_lock_file_but_no_damaged_store(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    engine_write_meta(f->store);
    engine_close_writer(f);
    remove_file(f->dir, DATOM_LOCK_FILE);
    engine_open_writer(f);
    assert_false(datom_store_is_new(f->store));
    engine_close_writer(f);
    /* Without CURRENT the engine would begin anew and sweep the data away. */
    remove_file(f->dir, "CURRENT");
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(engine_open_with(f, (struct datom_options){.create = true}, &f->store),
                     BS_DATA_LOSS);
    assert_int_equal(f->error.reason, BS_REASON_STORE_CORRUPT);
    assert_true(folder_fingerprint(f->dir) == before);
}

static void assert_locked_by(struct engine *f, pid_t pid)
{
    struct datom_store *second = NULL;
    assert_int_equal(engine_open_with(f, (struct datom_options){.create = true}, &second),
                     BS_UNAVAILABLE);
    assert_null(second);
    assert_int_equal(f->error.reason, BS_REASON_STORE_LOCKED);
    char text[24];
    snprintf(text, sizeof(text), "%d", (int)pid);
    assert_non_null(strstr(f->error.message, text));
    const struct bs_error_field *field = bs_error_find(&f->error, "pid");
    assert_non_null(field);
    assert_int_equal(field->integer, pid);
}

static void test_open__names_the_process_that_writes(void **state)
{
    struct engine *f = *state;
    engine_start_child(f, "write");
    assert_locked_by(f, f->child);
    /* Reading beside it is fine. */
    assert_int_equal(engine_open_with(f, (struct datom_options){.read_only = true}, &f->reader),
                     BS_OK);
    engine_assert_now(f->reader, BS_STR("key-099"), "a record of the child");
    engine_kill_child(f);
    engine_open_writer(f); /* the lock of a killed process is none */
    engine_assert_now(f->store, BS_STR("key-099"), "a record of the child");
    assert_locked_by(f, getpid());
}

static void test_read_only__follows_the_writer_and_leaves_no_trace(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    engine_write_meta(f->store);
    engine_put(f->store, BS_STR("k"), BS_STR("1"));
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(engine_open_with(f, (struct datom_options){.read_only = true}, &f->reader),
                     BS_OK);
    assert_true(folder_fingerprint(f->dir) == before);
    assert_true(datom_store_is_read_only(f->reader));
    engine_assert_now(f->reader, BS_STR("k"), "1");
    engine_put(f->store, BS_STR("k"), BS_STR("2"));
    engine_put(f->store, BS_STR("l"), BS_STR("3"));
    engine_assert_now(f->reader, BS_STR("k"), "1");
    uint64_t written = folder_fingerprint(f->dir);
    assert_int_equal(datom_store_catch_up(f->reader, &f->error), BS_OK);
    engine_assert_now(f->reader, BS_STR("k"), "2");
    engine_assert_now(f->reader, BS_STR("l"), "3");
    struct datom_change change = engine_put_of(DATOM_FAMILY_EAVT, BS_STR("m"), BS_STR("4"));
    assert_int_equal(engine_write_changes(f->reader, &change, 1, &f->error),
                     BS_FAILED_PRECONDITION);
    assert_int_equal(f->error.reason, BS_REASON_DB_READ_ONLY);
    datom_store_unref(f->reader);
    f->reader = NULL;
    assert_true(folder_fingerprint(f->dir) == written);
    assert_int_equal(datom_store_catch_up(f->store, &f->error), BS_OK); /* nothing to do */
}

static void test_write__is_all_or_nothing_over_the_families(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    engine_write_meta(f->store);
    engine_put(f->store, BS_STR("old"), BS_STR("1"));
    struct datom_write *write = datom_write_new();
    size_t empty_bytes = datom_write_bytes(write);
    for (unsigned family = 0; family < DATOM_FAMILY_META; family++) {
        struct datom_change change =
            engine_put_of((enum datom_family)family, BS_STR("k"),
                          bs_str_from(datom_family_name((enum datom_family)family)));
        datom_write_add(f->store, write, &change);
    }
    struct datom_change change = {
        .family = DATOM_FAMILY_EAVT, .is_delete = true, .key = BS_STR("old")};
    datom_write_add(f->store, write, &change);
    assert_true(datom_write_bytes(write) > empty_bytes);
    f->snapshot = datom_snapshot_take(f->store);
    enum bs_code code = datom_store_write(f->store, write, false, &f->error);
    datom_write_free(write);
    assert_int_equal(code, BS_OK);
    for (unsigned family = 0; family < DATOM_FAMILY_META; family++)
        assert_int_equal(count_keys(f->snapshot, (enum datom_family)family), family == 0);
    datom_snapshot_unref(f->snapshot);
    f->snapshot = datom_snapshot_take(f->store);
    for (unsigned family = 0; family < DATOM_FAMILY_META; family++)
        assert_int_equal(count_keys(f->snapshot, (enum datom_family)family), 1);
    engine_assert_record(f->snapshot, BS_STR("k"), "eavt");
    engine_assert_record(f->snapshot, BS_STR("old"), "-");
}

static void test_snapshot__stands_still_and_outlives_its_store_handle(void **state)
{
    struct engine *f = *state;
    engine_open_writer(f);
    engine_write_meta(f->store);
    for (int i = 0; i < 300; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "k%03d", i);
        engine_put(f->store, bs_str_make(key, (size_t)len), BS_STR("before"));
    }
    f->snapshot = datom_snapshot_take(f->store);
    struct datom_kv_iter *iter = datom_snapshot_iter(f->snapshot, DATOM_FAMILY_EAVT, NULL);
    assert_false(iter->valid);
    engine_put(f->store, BS_STR("k000"), BS_STR("after"));
    engine_put(f->store, BS_STR("k0005"), BS_STR("after"));
    engine_assert_now(f->store, BS_STR("k000"), "after");
    engine_assert_record(f->snapshot, BS_STR("k000"), "before");
    engine_assert_record(f->snapshot, BS_STR("k0005"), "-");
    assert_ptr_equal(datom_snapshot_store(f->snapshot), f->store);
    datom_snapshot_unref(f->snapshot); /* the iterator holds it, it the store */
    f->snapshot = NULL;
    engine_close_writer(f);
    assert_locked_by(f, getpid());
    int count = 0;
    bool same = true;
    for (datom_kv_seek(iter, BS_STR("k000")); iter->valid; datom_kv_next(iter)) {
        same = same && bs_str_equals(iter->record, "before");
        count++;
    }
    datom_kv_seek(iter, BS_STR("k0995"));
    same = same && iter->valid && bs_str_equals(iter->key, "k100");
    datom_kv_free(iter);
    assert_int_equal(count, 300);
    assert_true(same);
    engine_open_writer(f); /* the last holder has closed it */
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return engine_run_child(argv[2]);
#define TEST(function) cmocka_unit_test_setup_teardown(function, engine_set_up, engine_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_open__makes_a_store_and_finds_it_again),
        TEST(test_open__refuses_what_is_no_store),
        TEST(test_open__takes_a_copy_without_lock_file_but_no_damaged_store),
        TEST(test_open__names_the_process_that_writes),
        TEST(test_read_only__follows_the_writer_and_leaves_no_trace),
        TEST(test_write__is_all_or_nothing_over_the_families),
        TEST(test_snapshot__stands_still_and_outlives_its_store_handle),
    };
    return cmocka_run_group_tests_name("datom/rocks", tests, NULL, NULL);
}
