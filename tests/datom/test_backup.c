/*
 * Backups by the library: beside a writer in the same process, generations, what is refused. What
 * happens between processes, kills and damaged files are tests/blackbox/backup.py's.
 */

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "datom/backup.h"

static char base_dir[] = "/tmp/bandstand-backup-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(base_dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof(command), "rm -rf %s", base_dir);
    return system(command);
}

static struct bs_str dir_of(const char *name, char ret_dir[80])
{
    snprintf(ret_dir, 80, "%s/%s", base_dir, name);
    return bs_str_from(ret_dir);
}

static struct datom_conn *open_store(const char *name, bool create)
{
    char dir[80];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = NULL;
    struct datom_options options = {.create = create};
    if (datom_conn_open(dir_of(name, dir), &options, &conn, &error) != BS_OK)
        fail_msg("%s: %s", name, error.message);
    return conn;
}

static void transact_ok(struct datom_conn *conn, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
}

static struct datom_backup_report backup_ok(const char *store, const char *folder, uint64_t keep)
{
    char store_dir[80], folder_dir[80];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report = {0};
    struct datom_backup_options options = {.keep = keep};
    if (datom_backup(dir_of(store, store_dir), dir_of(folder, folder_dir), &options, &report,
                     &error) != BS_OK)
        fail_msg("%s: %s", store, error.message);
    return report;
}

static uint64_t restored_t(const char *folder, const char *store, uint64_t generation)
{
    char store_dir[80], folder_dir[80];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report;
    struct datom_backup_options options = {.generation = generation};
    if (datom_backup_restore(dir_of(folder, folder_dir), dir_of(store, store_dir), &options,
                             &report, &error) != BS_OK)
        fail_msg("%s: %s", folder, error.message);
    struct datom_conn *conn = open_store(store, false);
    struct datom_db *db = datom_conn_db(conn);
    struct datom_check_report check;
    assert_int_equal(datom_db_check(db, NULL, NULL, &check, NULL), BS_OK);
    assert_int_equal(check.differences, 0);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    datom_conn_unref(conn);
    return t;
}

struct writer {
    struct datom_conn *conn;
    _Atomic bool stop;
    _Atomic uint64_t t;
};

static void *write_on(void *data)
{
    struct writer *writer = data;
    for (int i = 0; !atomic_load(&writer->stop); i++) {
        char text[64];
        struct datom_report *report = NULL;
        snprintf(text, sizeof(text), "[{:db/doc \"%d\"}]", i);
        if (datom_transact_text(writer->conn, bs_str_from(text), NULL, &report, NULL) != BS_OK)
            break;
        atomic_store(&writer->t, report->t);
        datom_report_free(report);
    }
    return NULL;
}

static void test_backup__holds_what_was_acknowledged_before_it_began(void **state)
{
    (void)state;
    struct writer writer = {.conn = open_store("written", true)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    for (int i = 0; i < 5; i++) {
        char name[20];
        uint64_t before = atomic_load(&writer.t);
        struct datom_backup_report report = backup_ok("written", "written-b", 0);
        snprintf(name, sizeof(name), "written-%d", i);
        uint64_t t = restored_t("written-b", name, 0);
        if (t < before || t < report.basis_t)
            fail_msg("backup %d has t %llu, and %llu was acknowledged before", i,
                     (unsigned long long)t, (unsigned long long)before);
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    datom_conn_unref(writer.conn);
}

static void count_generation(void *self, const struct datom_backup_report *report)
{
    uint64_t *generations = self;
    *generations = *generations * 10 + report->generation;
}

static void test_backup__keeps_as_many_generations_as_asked_for(void **state)
{
    (void)state;
    char dir[80];
    uint64_t ts[4];
    for (size_t i = 0; i < 4; i++) {
        struct datom_conn *conn = open_store("kept", true);
        transact_ok(conn, "[{:db/doc \"one more\"}]");
        datom_conn_unref(conn);
        ts[i] = backup_ok("kept", "kept-b", 2).basis_t;
    }
    uint64_t generations = 0;
    assert_int_equal(datom_backup_list(dir_of("kept-b", dir), count_generation, &generations, NULL),
                     BS_OK);
    assert_int_equal(generations, 34);
    assert_int_equal(restored_t("kept-b", "kept-3", 3), ts[2]);
    assert_int_equal(restored_t("kept-b", "kept-4", 0), ts[3]);
}

static void test_backup__copies_only_what_is_new(void **state)
{
    (void)state;
    struct datom_conn *conn = open_store("grown", true);
    transact_ok(conn, "[{:db/doc \"one\"}]");
    datom_conn_unref(conn);
    datom_conn_unref(open_store("grown", false)); /* what was in the log is in tables now */
    backup_ok("grown", "grown-b", 0);
    struct datom_backup_report report = backup_ok("grown", "grown-b", 0);
    assert_true(report.files > report.files_copied);
    assert_true(report.bytes_copied < report.bytes / 2);
    /* a restored store is the same one, for its backups too */
    restored_t("grown-b", "grown-2", 0);
    report = backup_ok("grown-2", "grown-b", 0);
    assert_true(report.files > report.files_copied);
}

static void test_restore__refuses_a_folder_that_is_not_empty(void **state)
{
    (void)state;
    char store[80], folder[80];
    struct bs_error error = BS_ERROR_INIT;
    datom_conn_unref(open_store("full", true));
    backup_ok("full", "full-b", 0);
    assert_int_not_equal(
        datom_backup_restore(dir_of("full-b", folder), dir_of("full", store), NULL, NULL, &error),
        BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_FORMAT);
    datom_conn_unref(open_store("full", false)); /* still there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup__holds_what_was_acknowledged_before_it_began),
        cmocka_unit_test(test_backup__keeps_as_many_generations_as_asked_for),
        cmocka_unit_test(test_backup__copies_only_what_is_new),
        cmocka_unit_test(test_restore__refuses_a_folder_that_is_not_empty),
    };
    return cmocka_run_group_tests_name("datom/backup", tests, setup, teardown);
}
