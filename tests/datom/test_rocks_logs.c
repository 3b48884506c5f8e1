/*
 * The engine's write-ahead logs: torn and damaged ones, unsynced writes, and what closing leaves of
 * them. Other processes are this program again, with arguments.
 */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#include "datom/engine.h"

/* The largest write-ahead log, and its size. */
static off_t find_wal(const char *dir, char path[4096])
{
    off_t largest = 0;
    DIR *folder = opendir(dir);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        size_t len = strlen(entry->d_name);
        struct stat about;
        if (len < 4 || strcmp(entry->d_name + len - 4, ".log") != 0 ||
            fstatat(dirfd(folder), entry->d_name, &about, 0) != 0 || about.st_size <= largest)
            continue;
        largest = about.st_size;
        snprintf(path, 4096, "%s/%s", dir, entry->d_name);
    }
    closedir(folder);
    assert_true(largest > 0);
    return largest;
}

static void test_recovery__drops_a_torn_tail_and_nothing_else(void **state)
{
    struct engine *f = *state;
    engine_start_child(f, "write");
    engine_kill_child(f);
    char path[4096];
    off_t size = find_wal(f->dir, path);
    assert_int_equal(truncate(path, size - 5), 0);
    engine_open_writer(f);
    engine_assert_now(f->store, BS_STR("key-098"), "a record of the child");
    engine_assert_now(f->store, BS_STR("key-099"), "-");
}

static void test_recovery__refuses_a_damaged_middle(void **state)
{
    struct engine *f = *state;
    engine_start_child(f, "write");
    engine_kill_child(f);
    char path[4096];
    off_t size = find_wal(f->dir, path);
    int fd = open(path, O_RDWR);
    uint8_t byte = 0;
    assert_int_equal(pread(fd, &byte, 1, size / 2), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
    for (int i = 0; i < 2; i++) { /* a failed attempt must not make the next one succeed */
        assert_int_equal(engine_open_with(f, (struct datom_options){.create = true}, &f->store),
                         BS_DATA_LOSS);
        assert_int_equal(f->error.reason, BS_REASON_STORE_CORRUPT);
        assert_non_null(strstr(f->error.message, f->dir));
    }
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
    close(fd);
    engine_open_writer(f); /* mended: nothing was lost by the attempts */
    engine_assert_now(f->store, BS_STR("key-099"), "a record of the child");
}

static void test_no_sync__has_written_everything_when_it_closes(void **state)
{
    struct engine *f = *state;
    assert_int_equal(
        engine_open_with(f, (struct datom_options){.create = true, .no_sync = true}, &f->store),
        BS_OK);
    engine_write_meta(f->store);
    engine_put(f->store, BS_STR("k"), BS_STR("v"));
    engine_close_writer(f);
    engine_open_writer(f);
    engine_assert_now(f->store, BS_STR("k"), "v");
}

/* Bytes of the write-ahead logs that are there. */
static int64_t log_bytes(const struct engine *f)
{
    int64_t total = 0;
    const struct dirent *entry;
    DIR *entries = opendir(f->dir);
    assert_non_null(entries);
    while ((entry = readdir(entries))) {
        struct stat file;
        if (!bs_str_ends_with(bs_str_from(entry->d_name), BS_STR(".log")))
            continue;
        assert_int_equal(fstatat(dirfd(entries), entry->d_name, &file, 0), 0);
        total += file.st_size;
    }
    closedir(entries);
    return total;
}

static void test_close__writes_out_a_long_log_and_leaves_a_short_one(void **state)
{
    enum { RECORD_BYTES = 100000, RECORDS = 60 };
    struct engine *f = *state;
    char *record = bs_calloc(1, RECORD_BYTES);
    memset(record, 'r', RECORD_BYTES - 1);
    engine_open_writer(f);
    engine_write_meta(f->store);
    engine_put(f->store, BS_STR("short"), BS_STR("v"));
    engine_close_writer(f);
    assert_true(log_bytes(f) > 0);
    engine_open_writer(f);
    for (int i = 0; i < RECORDS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "long-%d", i);
        engine_put(f->store, bs_str_from(key), bs_str_from(record));
    }
    assert_true(log_bytes(f) > RECORD_BYTES * RECORDS);
    engine_close_writer(f);
    assert_true(log_bytes(f) < RECORD_BYTES);
    engine_open_writer(f);
    engine_assert_now(f->store, BS_STR("short"), "v");
    engine_assert_now(f->store, BS_STR("long-59"), record);
    free(record);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return engine_run_child(argv[2]);
#define TEST(function) cmocka_unit_test_setup_teardown(function, engine_set_up, engine_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_recovery__drops_a_torn_tail_and_nothing_else),
        TEST(test_recovery__refuses_a_damaged_middle),
        TEST(test_no_sync__has_written_everything_when_it_closes),
        TEST(test_close__writes_out_a_long_log_and_leaves_a_short_one),
    };
    return cmocka_run_group_tests_name("datom/rocks_logs", tests, NULL, NULL);
}
