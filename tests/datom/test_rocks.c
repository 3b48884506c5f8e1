/*
 * The engine: opening, locks between processes, following a writer, atomic writes, snapshots, and
 * damaged logs. Other processes are this program again, with arguments.
 */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#include "datom/folder.h"
#include "datom/rocks.h"
#include "datom/snapshot.h"

extern char **environ;

struct fixture {
    char *dir;
    struct datom_store *store;
    struct datom_store *reader;
    struct datom_snapshot *snapshot;
    struct bs_error error;
    pid_t child;
};

static int set_up(void **state)
{
    struct fixture *f = bs_calloc(1, sizeof(*f));
    *state = f;
    return datom_folder_make_temporary(&f->dir, &f->error) == BS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->child > 0) {
        kill(f->child, SIGKILL);
        waitpid(f->child, NULL, 0);
    }
    datom_snapshot_unref(f->snapshot);
    datom_store_unref(f->reader);
    datom_store_unref(f->store);
    datom_folder_remove(f->dir);
    free(f->dir);
    free(f);
    return 0;
}

/* ---- steps ---- */

static enum bs_code open_with(struct fixture *f, struct datom_options options,
                              struct datom_store **ret_store)
{
    f->error = (struct bs_error)BS_ERROR_INIT;
    return datom_store_open(bs_str_from(f->dir), &options, ret_store, &f->error);
}

static void open_writer(struct fixture *f)
{
    enum bs_code code = open_with(f, (struct datom_options){.create = true}, &f->store);
    if (code != BS_OK)
        fail_msg("%s", f->error.message);
}

static void close_writer(struct fixture *f)
{
    datom_store_unref(f->store);
    f->store = NULL;
}

static struct datom_change put_of(enum datom_family family, struct bs_str key, struct bs_str record)
{
    return (struct datom_change){.family = family, .key = key, .record = record};
}

static enum bs_code write_changes(struct datom_store *store, const struct datom_change *changes,
                                  size_t count, struct bs_error *error)
{
    struct datom_write *write = datom_write_new();
    for (size_t i = 0; i < count; i++)
        datom_write_add(store, write, &changes[i]);
    enum bs_code code = datom_store_write(store, write, true, error);
    datom_write_free(write);
    return code;
}

/* What the caller of a new store does first: from then on it is one. */
static void write_meta(struct datom_store *store)
{
    struct datom_change change = put_of(DATOM_FAMILY_META, BS_STR("format"), BS_STR("1"));
    struct bs_error error = BS_ERROR_INIT;
    if (write_changes(store, &change, 1, &error) != BS_OK)
        fail_msg("%s", error.message);
}

static void put(struct datom_store *store, struct bs_str key, struct bs_str record)
{
    struct datom_change change = put_of(DATOM_FAMILY_EAVT, key, record);
    struct bs_error error = BS_ERROR_INIT;
    if (write_changes(store, &change, 1, &error) != BS_OK)
        fail_msg("%s", error.message);
}

/* "-" when it is not there. */
static void assert_record(struct datom_snapshot *snapshot, struct bs_str key, const char *expected)
{
    struct datom_pin pin = {0};
    struct bs_str record;
    bool found;
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_snapshot_get(snapshot, DATOM_FAMILY_EAVT, key, &pin, &record, &found, &error), BS_OK);
    bool same = bs_str_equals(found ? record : BS_STR("-"), expected);
    datom_pin_release(&pin);
    datom_pin_release(&pin);
    assert_true(same);
}

static void assert_now(struct datom_store *store, struct bs_str key, const char *expected)
{
    struct datom_snapshot *snapshot = datom_snapshot_take(store);
    assert_record(snapshot, key, expected);
    datom_snapshot_unref(snapshot);
}

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

/* Runs this program as a writer of the store and waits until it has done its work. */
static void start_child(struct fixture *f, const char *role)
{
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char program[] = "/proc/self/exe";
    char *role_arg = bs_strdup(role);
    char *args[] = {program, role_arg, f->dir, NULL};
    int failed = posix_spawn(&f->child, program, &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(role_arg);
    close(out[1]);
    char byte = 0;
    ssize_t len = read(out[0], &byte, 1);
    close(out[0]);
    assert_int_equal(failed, 0);
    assert_true(len == 1 && byte == '!');
}

static void kill_child(struct fixture *f)
{
    kill(f->child, SIGKILL);
    waitpid(f->child, NULL, 0);
    f->child = 0;
}

/* The child: opens, writes a hundred records, each synced, says so, and waits to be killed. */
static int run_child(const char *dir)
{
    struct datom_store *store;
    struct bs_error error = BS_ERROR_INIT;
    if (datom_store_open(bs_str_from(dir), NULL, &store, &error) != BS_OK)
        return 1;
    write_meta(store);
    for (int i = 0; i < 100; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "key-%03d", i);
        put(store, bs_str_make(key, (size_t)len), BS_STR("a record of the child"));
    }
    if (write(STDOUT_FILENO, "!", 1) != 1)
        return 1;
    for (;;)
        pause();
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

/* ---- tests ---- */

static void test_open__makes_a_store_and_finds_it_again(void **state)
{
    struct fixture *f = *state;
    open_writer(f);
    assert_true(datom_store_is_new(f->store));
    assert_false(datom_store_is_read_only(f->store));
    close_writer(f);
    open_writer(f);
    assert_true(datom_store_is_new(f->store)); /* nothing was written: its making had stopped */
    write_meta(f->store);
    put(f->store, BS_STR("k"), BS_STR("v"));
    close_writer(f);
    assert_int_equal(open_with(f, (struct datom_options){0}, &f->store), BS_OK);
    assert_false(datom_store_is_new(f->store));
    assert_now(f->store, BS_STR("k"), "v");
    assert_now(f->store, BS_STR("l"), "-");
    uint64_t bytes;
    uint64_t keys;
    datom_store_family_size(f->store, DATOM_FAMILY_EAVT, &bytes, &keys);
    assert_int_equal(keys, 1);
    assert_true(bytes > 0);
}

static void test_open__refuses_what_is_no_store(void **state)
{
    struct fixture *f = *state;
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

    assert_int_equal(open_with(f, no_create, &f->store), BS_NOT_FOUND); /* empty */
    assert_int_equal(open_with(f, read_only, &f->store), BS_NOT_FOUND);
    write_file(f->dir, "letter.txt");
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(open_with(f, create, &f->store), BS_FAILED_PRECONDITION);
    assert_int_equal(error->reason, BS_REASON_STORE_FORMAT);
    assert_int_equal(open_with(f, read_only, &f->store), BS_FAILED_PRECONDITION);
    assert_true(folder_fingerprint(f->dir) == before);

    snprintf(dir, sizeof(dir), "%s/letter.txt", root);
    assert_int_equal(datom_store_open(bs_str_from(dir), &create, &f->store, error),
                     BS_FAILED_PRECONDITION);
    assert_null(f->store);
}

static void test_open__takes_a_copy_without_lock_file_but_no_damaged_store(void **state)
{
    struct fixture *f = *state;
    open_writer(f);
    write_meta(f->store);
    close_writer(f);
    remove_file(f->dir, DATOM_LOCK_FILE);
    open_writer(f);
    assert_false(datom_store_is_new(f->store));
    close_writer(f);
    /* Without CURRENT the engine would begin anew and sweep the data away. */
    remove_file(f->dir, "CURRENT");
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(open_with(f, (struct datom_options){.create = true}, &f->store), BS_DATA_LOSS);
    assert_int_equal(f->error.reason, BS_REASON_STORE_CORRUPT);
    assert_true(folder_fingerprint(f->dir) == before);
}

static void assert_locked_by(struct fixture *f, pid_t pid)
{
    struct datom_store *second = NULL;
    assert_int_equal(open_with(f, (struct datom_options){.create = true}, &second), BS_UNAVAILABLE);
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
    struct fixture *f = *state;
    start_child(f, "write");
    assert_locked_by(f, f->child);
    /* Reading beside it is fine. */
    assert_int_equal(open_with(f, (struct datom_options){.read_only = true}, &f->reader), BS_OK);
    assert_now(f->reader, BS_STR("key-099"), "a record of the child");
    kill_child(f);
    open_writer(f); /* the lock of a killed process is none */
    assert_now(f->store, BS_STR("key-099"), "a record of the child");
    assert_locked_by(f, getpid());
}

static void test_read_only__follows_the_writer_and_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    open_writer(f);
    write_meta(f->store);
    put(f->store, BS_STR("k"), BS_STR("1"));
    uint64_t before = folder_fingerprint(f->dir);
    assert_int_equal(open_with(f, (struct datom_options){.read_only = true}, &f->reader), BS_OK);
    assert_true(folder_fingerprint(f->dir) == before);
    assert_true(datom_store_is_read_only(f->reader));
    assert_now(f->reader, BS_STR("k"), "1");
    put(f->store, BS_STR("k"), BS_STR("2"));
    put(f->store, BS_STR("l"), BS_STR("3"));
    assert_now(f->reader, BS_STR("k"), "1");
    uint64_t written = folder_fingerprint(f->dir);
    assert_int_equal(datom_store_catch_up(f->reader, &f->error), BS_OK);
    assert_now(f->reader, BS_STR("k"), "2");
    assert_now(f->reader, BS_STR("l"), "3");
    struct datom_change change = put_of(DATOM_FAMILY_EAVT, BS_STR("m"), BS_STR("4"));
    assert_int_equal(write_changes(f->reader, &change, 1, &f->error), BS_FAILED_PRECONDITION);
    assert_int_equal(f->error.reason, BS_REASON_DB_READ_ONLY);
    datom_store_unref(f->reader);
    f->reader = NULL;
    assert_true(folder_fingerprint(f->dir) == written);
    assert_int_equal(datom_store_catch_up(f->store, &f->error), BS_OK); /* nothing to do */
}

static void test_write__is_all_or_nothing_over_the_families(void **state)
{
    struct fixture *f = *state;
    open_writer(f);
    write_meta(f->store);
    put(f->store, BS_STR("old"), BS_STR("1"));
    struct datom_write *write = datom_write_new();
    size_t empty_bytes = datom_write_bytes(write);
    for (unsigned family = 0; family < DATOM_FAMILY_META; family++) {
        struct datom_change change =
            put_of((enum datom_family)family, BS_STR("k"),
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
    assert_record(f->snapshot, BS_STR("k"), "eavt");
    assert_record(f->snapshot, BS_STR("old"), "-");
}

static void test_snapshot__stands_still_and_outlives_its_store_handle(void **state)
{
    struct fixture *f = *state;
    open_writer(f);
    write_meta(f->store);
    for (int i = 0; i < 300; i++) {
        char key[16];
        int len = snprintf(key, sizeof(key), "k%03d", i);
        put(f->store, bs_str_make(key, (size_t)len), BS_STR("before"));
    }
    f->snapshot = datom_snapshot_take(f->store);
    struct datom_kv_iter *iter = datom_snapshot_iter(f->snapshot, DATOM_FAMILY_EAVT, NULL);
    assert_false(iter->valid);
    put(f->store, BS_STR("k000"), BS_STR("after"));
    put(f->store, BS_STR("k0005"), BS_STR("after"));
    assert_now(f->store, BS_STR("k000"), "after");
    assert_record(f->snapshot, BS_STR("k000"), "before");
    assert_record(f->snapshot, BS_STR("k0005"), "-");
    assert_ptr_equal(datom_snapshot_store(f->snapshot), f->store);
    datom_snapshot_unref(f->snapshot); /* the iterator holds it, it the store */
    f->snapshot = NULL;
    close_writer(f);
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
    open_writer(f); /* the last holder has closed it */
}

static void test_recovery__drops_a_torn_tail_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    start_child(f, "write");
    kill_child(f);
    char path[4096];
    off_t size = find_wal(f->dir, path);
    assert_int_equal(truncate(path, size - 5), 0);
    open_writer(f);
    assert_now(f->store, BS_STR("key-098"), "a record of the child");
    assert_now(f->store, BS_STR("key-099"), "-");
}

static void test_recovery__refuses_a_damaged_middle(void **state)
{
    struct fixture *f = *state;
    start_child(f, "write");
    kill_child(f);
    char path[4096];
    off_t size = find_wal(f->dir, path);
    int fd = open(path, O_RDWR);
    uint8_t byte = 0;
    assert_int_equal(pread(fd, &byte, 1, size / 2), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
    for (int i = 0; i < 2; i++) { /* a failed attempt must not make the next one succeed */
        assert_int_equal(open_with(f, (struct datom_options){.create = true}, &f->store),
                         BS_DATA_LOSS);
        assert_int_equal(f->error.reason, BS_REASON_STORE_CORRUPT);
        assert_non_null(strstr(f->error.message, f->dir));
    }
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
    close(fd);
    open_writer(f); /* mended: nothing was lost by the attempts */
    assert_now(f->store, BS_STR("key-099"), "a record of the child");
}

static void test_no_sync__has_written_everything_when_it_closes(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        open_with(f, (struct datom_options){.create = true, .no_sync = true}, &f->store), BS_OK);
    write_meta(f->store);
    put(f->store, BS_STR("k"), BS_STR("v"));
    close_writer(f);
    open_writer(f);
    assert_now(f->store, BS_STR("k"), "v");
}

/* Bytes of the write-ahead logs that are there. */
static int64_t log_bytes(const struct fixture *f)
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
    struct fixture *f = *state;
    char *record = bs_calloc(1, RECORD_BYTES);
    memset(record, 'r', RECORD_BYTES - 1);
    open_writer(f);
    write_meta(f->store);
    put(f->store, BS_STR("short"), BS_STR("v"));
    close_writer(f);
    assert_true(log_bytes(f) > 0);
    open_writer(f);
    for (int i = 0; i < RECORDS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "long-%d", i);
        put(f->store, bs_str_from(key), bs_str_from(record));
    }
    assert_true(log_bytes(f) > RECORD_BYTES * RECORDS);
    close_writer(f);
    assert_true(log_bytes(f) < RECORD_BYTES);
    open_writer(f);
    assert_now(f->store, BS_STR("short"), "v");
    assert_now(f->store, BS_STR("long-59"), record);
    free(record);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return run_child(argv[2]);
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_open__makes_a_store_and_finds_it_again),
        TEST(test_open__refuses_what_is_no_store),
        TEST(test_open__takes_a_copy_without_lock_file_but_no_damaged_store),
        TEST(test_open__names_the_process_that_writes),
        TEST(test_read_only__follows_the_writer_and_leaves_no_trace),
        TEST(test_write__is_all_or_nothing_over_the_families),
        TEST(test_snapshot__stands_still_and_outlives_its_store_handle),
        TEST(test_recovery__drops_a_torn_tail_and_nothing_else),
        TEST(test_recovery__refuses_a_damaged_middle),
        TEST(test_no_sync__has_written_everything_when_it_closes),
        TEST(test_close__writes_out_a_long_log_and_leaves_a_short_one),
    };
    return cmocka_run_group_tests_name("datom/rocks", tests, NULL, NULL);
}
