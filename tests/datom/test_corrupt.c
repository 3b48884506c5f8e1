/*
 * A sorted file with damaged bytes in the middle, in a store that is open and in one that is
 * opened: what stands in the damaged block is never answered wrongly but refused as STORE_CORRUPT,
 * naming the store; what stands elsewhere is still read; check reports it. And a MANIFEST, whose
 * end a power cut has filled with zeros, or that is damaged.
 */

#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "datom/datom.h"
#include "datom/folder.h"
#include "datom/rebuild.h"
#include "datom/rocks.h"

#define NUMBERS 4000
#define DAMAGED_BYTES 64

static char *dir;
static struct datom_conn *conn;
static bool is_backwards; /* how entities are read */

static int set_up(void **state)
{
    (void)state;
    return datom_folder_make_temporary(&dir, NULL) == BS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    datom_conn_unref(conn);
    datom_folder_remove(dir);
    free(dir);
    return 0;
}

static void open_store(void)
{
    struct bs_error error = BS_ERROR_INIT;
    const struct datom_options options = {.create = true, .min_free_bytes = UINT64_MAX};
    if (datom_conn_open(bs_str_from(dir), &options, &conn, &error) != BS_OK)
        fail_msg("%s", error.message);
}

static enum bs_code transact(const char *text, struct bs_error *error)
{
    return datom_transact_text(conn, bs_str_from(text), NULL, NULL, error);
}

/* Random texts, which do not compress, so that the log's file is the largest and has many blocks.
 */
static void say_all(uint64_t seed)
{
    struct bs_random random;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    bs_random_seed(&random, seed);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < NUMBERS; i++) {
        bs_buf_printf(&text, "{:c/number %d :c/text \"", i);
        for (int word = 0; word < 8; word++)
            bs_buf_printf(&text, "%08llx",
                          (unsigned long long)bs_random_below(&random, UINT64_C(1) << 32));
        bs_buf_append_cstr(&text, "\"}\n");
    }
    bs_buf_append_cstr(&text, "]");
    assert_int_equal(transact(bs_buf_cstr(&text), NULL), BS_OK);
}

static void fill(void)
{
    assert_int_equal(
        transact("[{:db/ident :c/number :db/valueType :db.type/long"
                 "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                 " {:db/ident :c/text :db/valueType :db.type/string"
                 "  :db/cardinality :db.cardinality/one}]",
                 NULL),
        BS_OK);
    say_all(5);
}

/* Flips bytes in the middle of each sorted file that has more than a few blocks. */
static int damage_files(void)
{
    int damaged = 0;
    struct dirent *entry;
    DIR *folder = opendir(dir);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        struct stat info;
        unsigned char bytes[DAMAGED_BYTES];
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 4, ".sst") != 0)
            continue;
        int fd = openat(dirfd(folder), entry->d_name, O_RDWR | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &info) != 0)
            fail_msg("%s can't be opened", entry->d_name);
        off_t middle = info.st_size / 2;
        if (info.st_size > 100000 && pread(fd, bytes, sizeof(bytes), middle) == sizeof(bytes)) {
            for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] ^= 0x55;
            damaged += pwrite(fd, bytes, sizeof(bytes), middle) == sizeof(bytes);
        }
        close(fd);
    }
    closedir(folder);
    return damaged;
}

/* Opened again, what was in the write-ahead log is in sorted files, and no cache has them. */
static void reopen_store(void)
{
    for (int i = 0; i < 2; i++) {
        datom_conn_unref(conn);
        conn = NULL;
        open_store();
    }
}

struct found {
    int whole, missing, corrupt, other;
};

/* To the end, or to where it fails. */
static enum bs_code walk(struct datom_db *db, const struct datom_range *range, size_t *ret_total,
                         struct bs_error *error)
{
    struct datom_cursor *cursor = NULL;
    size_t count = 1;
    *ret_total = 0;
    enum bs_code code = datom_cursor_open(db, range, &cursor, error);
    while (code == BS_OK && count > 0) {
        const struct datom *datoms;
        code = datom_cursor_next(cursor, &datoms, &count, error);
        *ret_total += code == BS_OK ? count : 0;
    }
    datom_cursor_free(cursor);
    return code;
}

/* Each number's entity by its number, and then what is said of it. */
static struct found read_all(struct datom_db *db)
{
    struct found found = {0};
    const struct datom_attribute *number = datom_db_attribute_named(db, BS_STR("c/number"));
    for (int i = 0; i < NUMBERS; i++) {
        struct bs_error error = BS_ERROR_INIT;
        datom_id id = DATOM_NO_ID;
        size_t total = 0;
        enum bs_code code = datom_db_lookup(db, number, edn_long(i), &id, &error);
        const struct datom_range range = {
            .index = DATOM_EAVT, .has_e = true, .e = id, .reverse = is_backwards};
        if (code == BS_OK && id != DATOM_NO_ID)
            code = walk(db, &range, &total, &error);
        if (code == BS_OK)
            *(total == 2 ? &found.whole : &found.missing) += 1;
        else if (error.reason == BS_REASON_STORE_CORRUPT && strstr(error.message, dir))
            found.corrupt++;
        else
            found.other++;
    }
    return found;
}

static void test_corrupt__a_damaged_block_is_refused_and_others_are_read(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_check_report report = {0};
    size_t total;
    (void)state;
    open_store();
    fill();
    reopen_store();
    datom_conn_unref(conn);
    conn = NULL;
    assert_true(damage_files() > 0);
    open_store();
    struct datom_db *db = datom_conn_db(conn);
    struct found found = read_all(db);
    print_message("# of %d: %d read, %d corrupt\n", NUMBERS, found.whole, found.corrupt);
    assert_int_equal(found.missing, 0);
    assert_int_equal(found.other, 0);
    assert_true(found.whole > 0 && found.corrupt > 0);
    assert_int_not_equal(walk(db, &(struct datom_range){.index = DATOM_EAVT}, &total, &error),
                         BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_non_null(strstr(error.message, dir));

    error = (struct bs_error)BS_ERROR_INIT;
    enum bs_code code = datom_db_check(db, NULL, NULL, &report, &error);
    assert_true(code != BS_OK ? error.reason == BS_REASON_STORE_CORRUPT : report.differences > 0);

    error = (struct bs_error)BS_ERROR_INIT;
    code = transact("[{:c/number -1 :c/text \"after the damage\"}]", &error);
    if (code != BS_OK && error.reason != BS_REASON_STORE_CORRUPT)
        fail_msg("%s", error.message);
    datom_db_unref(db);
}

/* Of two families that an old value is put together from one may fail alone: what is left of it is
 * not the value. Read backwards and by forks it is the same. */
static void test_corrupt__the_past_is_refused_where_its_families_are_damaged(void **state)
{
    (void)state;
    open_store();
    fill();
    struct datom_db *db = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    say_all(6);
    reopen_store();
    db = datom_conn_db(conn);
    struct datom_db *past = datom_db_as_of(db, t);
    struct datom_conn *branch = NULL;
    assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
    struct datom_db *of_branch = datom_conn_db(branch);
    assert_true(damage_files() > 0);
    for (int i = 0; i < 4; i++) {
        is_backwards = i % 2 == 1;
        struct found found = read_all(i < 2 ? past : of_branch);
        print_message("# of %d: %d read, %d corrupt, %d missing\n", NUMBERS, found.whole,
                      found.corrupt, found.missing);
        assert_int_equal(found.missing, 0);
        assert_int_equal(found.other, 0);
        assert_true(found.whole > 0 && found.corrupt > 0);
    }
    is_backwards = false;
    datom_db_unref(of_branch);
    datom_conn_unref(branch);
    datom_db_unref(past);
    datom_db_unref(db);
}

static void make_closed_store(void)
{
    open_store();
    fill();
    datom_conn_unref(conn);
    conn = NULL;
}

/* ---- a lost file ---- */

static void change_log(uint64_t t, bool is_delete)
{
    struct datom_store *store;
    uint8_t key[8];
    bs_store_u64(key, t);
    assert_int_equal(datom_store_open(bs_str_from(dir), NULL, &store, NULL), BS_OK);
    struct datom_write *write = datom_write_new();
    datom_write_add(store, write,
                    &(struct datom_change){.family = DATOM_FAMILY_LOG,
                                           .is_delete = is_delete,
                                           .key = bs_str_make((const char *)key, sizeof(key))});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);
}

/* As when the last files of one family are lost and those of another are not. */
static void test_corrupt__a_log_that_does_not_end_with_the_counters_is_refused(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    open_store();
    fill();
    struct datom_db *db = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    datom_conn_unref(conn);
    conn = NULL;
    change_log(t + 1, false);
    assert_int_equal(datom_conn_open(bs_str_from(dir), NULL, &conn, &error), BS_DATA_LOSS);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_non_null(strstr(error.message, "goes on behind it"));
    change_log(t + 1, true);
    open_store();
    datom_conn_unref(conn);
    conn = NULL;
    change_log(t, true);
    assert_int_equal(datom_conn_open(bs_str_from(dir), NULL, &conn, &error), BS_DATA_LOSS);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_non_null(strstr(error.message, "does not have that"));
    /* what the log has can be had */
    assert_int_equal(datom_rebuild(bs_str_from(dir), NULL, &error), BS_OK);
    open_store();
}

static void count_and_transact(void *self, const char *line)
{
    int *told = self;
    (*told)++;
    if (!strstr(line, "eavt: "))
        fail_msg("%s", line);
    assert_int_equal(transact("[{:c/number -1}]", NULL), BS_OK);
    datom_db_unref(datom_conn_db(conn));
}

/* Whoever is told of a difference may use the store, also while values are taken back. */
static void test_corrupt__check_tells_outside_of_the_store(void **state)
{
    (void)state;
    int told = 0;
    struct datom_store *store;
    struct datom_check_report report;
    uint8_t keys[3][12];
    open_store();
    fill();
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *number = datom_db_attribute_named(db, BS_STR("c/number"));
    for (int i = 0; i < 3; i++) {
        datom_id id;
        assert_int_equal(datom_db_lookup(db, number, edn_long(i), &id, NULL), BS_OK);
        bs_store_u64(keys[i], id);
        bs_store_u32(keys[i] + 8, (uint32_t)number->id);
    }
    datom_db_unref(db);
    datom_conn_unref(conn);
    conn = NULL;
    assert_int_equal(datom_store_open(bs_str_from(dir), NULL, &store, NULL), BS_OK);
    struct datom_write *write = datom_write_new();
    for (int i = 0; i < 3; i++)
        datom_write_add(store, write,
                        &(struct datom_change){.family = DATOM_FAMILY_EAVT,
                                               .is_delete = true,
                                               .key = bs_str_make((const char *)keys[i], 12)});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);

    const struct datom_options options = {.min_free_bytes = UINT64_MAX, .hold_ms = 1};
    assert_int_equal(datom_conn_open(bs_str_from(dir), &options, &conn, NULL), BS_OK);
    db = datom_conn_db(conn);
    assert_int_equal(transact("[{:c/number -2}]", NULL), BS_OK);
    assert_int_equal(datom_db_check(db, count_and_transact, &told, &report, NULL), BS_OK);
    assert_int_equal(told, 3);
    assert_int_equal(report.differences, 3);
    datom_db_unref(db);
}

/* ---- the MANIFEST ---- */

static struct bs_buf read_manifest(char path[static 512])
{
    char name[256] = "";
    struct bs_buf content = BS_BUF_INIT(0);
    snprintf(path, 512, "%s/CURRENT", dir);
    FILE *current = fopen(path, "re");
    assert_true(current && fscanf(current, "%255s", name) == 1);
    fclose(current);
    snprintf(path, 512, "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    for (int byte; (byte = fgetc(file)) != EOF;)
        bs_buf_append_byte(&content, (char)byte);
    fclose(file);
    return content;
}

static void write_file(const char *path, struct bs_str content)
{
    FILE *file = fopen(path, "we");
    assert_true(file && fwrite(content.ptr, 1, content.len, file) == content.len);
    assert_int_equal(fclose(file), 0);
}

/* A record of 2,000 bytes: its checksum, its length, that it is a whole one; of its content only
 * the beginning was written. */
static void test_corrupt__a_manifest_that_a_power_cut_ended_with_zeros_opens(void **state)
{
    char path[512];
    size_t total;
    (void)state;
    make_closed_store();
    BS_CLEANUP(bs_buf_fini) struct bs_buf manifest = read_manifest(path);
    bs_buf_append(&manifest, "\x12\x34\x56\x78\xd0\x07\x01", 7);
    for (int i = 0; i < 2000; i++)
        bs_buf_append_byte(&manifest, i < 700 ? 'x' : '\0');
    write_file(path, bs_buf_str(&manifest));
    open_store();
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_range all = {.index = DATOM_AEVT,
                                    .has_a = true,
                                    .a = datom_db_attribute_named(db, BS_STR("c/text"))->id};
    assert_int_equal(walk(db, &all, &total, NULL), BS_OK);
    assert_int_equal(total, NUMBERS);
    datom_db_unref(db);
}

static void test_corrupt__a_damaged_manifest_is_refused_and_left_as_it_is(void **state)
{
    char path[512];
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    make_closed_store();
    BS_CLEANUP(bs_buf_fini) struct bs_buf manifest = read_manifest(path);
    manifest.ptr[manifest.len / 2] ^= 0x55;
    for (int i = 0; i < 2000; i++)
        bs_buf_append_byte(&manifest, '\0');
    write_file(path, bs_buf_str(&manifest));
    assert_int_not_equal(datom_conn_open(bs_str_from(dir), NULL, &conn, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_non_null(strstr(error.message, dir));
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = read_manifest(path);
    assert_true(bs_str_equal(bs_buf_str(&after), bs_buf_str(&manifest)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_corrupt__a_damaged_block_is_refused_and_others_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_corrupt__the_past_is_refused_where_its_families_are_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_corrupt__a_log_that_does_not_end_with_the_counters_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_corrupt__check_tells_outside_of_the_store, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_corrupt__a_manifest_that_a_power_cut_ended_with_zeros_opens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_corrupt__a_damaged_manifest_is_refused_and_left_as_it_is, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("datom/corrupt", tests, NULL, NULL);
}
