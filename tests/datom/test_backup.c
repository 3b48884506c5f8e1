/*
 * Backups by the library: beside a writer in the same process, generations, what is refused. What
 * happens between processes, kills and damaged files are tests/blackbox/backup.py's.
 */

#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "datom/backup.h"
#include "datom/fixture.h"

static struct datom_backup_report backup_ok(const char *store, const char *folder, uint64_t keep)
{
    char store_dir[FIXTURE_PATH_MAX], folder_dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report = {0};
    struct datom_backup_options options = {.keep = keep};
    if (datom_backup(fixture_path(store, store_dir), fixture_path(folder, folder_dir), &options,
                     &report, &error) != BS_OK)
        fail_msg("%s: %s", store, error.message);
    return report;
}

static uint64_t restored_t(const char *folder, const char *store, uint64_t generation)
{
    char store_dir[FIXTURE_PATH_MAX], folder_dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report;
    struct datom_backup_options options = {.generation = generation};
    if (datom_backup_restore(fixture_path(folder, folder_dir), fixture_path(store, store_dir),
                             &options, &report, &error) != BS_OK)
        fail_msg("%s: %s", folder, error.message);
    struct datom_conn *conn = fixture_open(store, &(struct datom_options){.create = false});
    struct datom_db *db = datom_conn_db(conn);
    fixture_check(conn);
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
    struct writer writer = {.conn =
                                fixture_open("written", &(struct datom_options){.create = true})};
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
    char dir[FIXTURE_PATH_MAX];
    uint64_t ts[4];
    for (size_t i = 0; i < 4; i++) {
        struct datom_conn *conn = fixture_open("kept", &(struct datom_options){.create = true});
        fixture_transact(conn, "[{:db/doc \"one more\"}]");
        datom_conn_unref(conn);
        ts[i] = backup_ok("kept", "kept-b", 2).basis_t;
    }
    uint64_t generations = 0;
    assert_int_equal(
        datom_backup_list(fixture_path("kept-b", dir), count_generation, &generations, NULL),
        BS_OK);
    assert_int_equal(generations, 34);
    assert_int_equal(restored_t("kept-b", "kept-3", 3), ts[2]);
    assert_int_equal(restored_t("kept-b", "kept-4", 0), ts[3]);
}

static void test_backup__copies_only_what_is_new(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("grown", &(struct datom_options){.create = true});
    fixture_transact(conn, "[{:db/doc \"one\"}]");
    datom_conn_unref(conn);
    datom_conn_unref(fixture_open(
        "grown",
        &(struct datom_options){.create = false})); /* what was in the log is in tables now */
    backup_ok("grown", "grown-b", 0);
    struct datom_backup_report report = backup_ok("grown", "grown-b", 0);
    assert_true(report.files > report.files_copied);
    assert_true(report.bytes_copied < report.bytes / 2);
    /* a restored store is the same one, for its backups too */
    restored_t("grown-b", "grown-2", 0);
    report = backup_ok("grown-2", "grown-b", 0);
    assert_true(report.files > report.files_copied);
}

/* Flips a byte of a generation's manifest, or flips it back. */
static void flip_manifest(const char *folder, uint64_t generation)
{
    char name[40], path[FIXTURE_PATH_MAX];
    snprintf(name, sizeof(name), "%s/backup-%06llu.edn", folder, (unsigned long long)generation);
    (void)fixture_path(name, path);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 20, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 20, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static enum bs_reason refused(const char *folder, uint64_t generation, const char *named)
{
    char folder_dir[FIXTURE_PATH_MAX], store[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_options options = {.generation = generation};
    assert_int_not_equal(datom_backup_restore(fixture_path(folder, folder_dir),
                                              fixture_path("refused", store), &options, NULL,
                                              &error),
                         BS_OK);
    assert_non_null(strstr(error.message, named));
    assert_int_not_equal(access(store, F_OK), 0);
    return error.reason;
}

static void test_backup__a_damaged_manifest_takes_its_own_generation_only(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    uint64_t ts[4];
    for (size_t i = 1; i <= 2; i++) {
        struct datom_conn *conn = fixture_open("marred", &(struct datom_options){.create = true});
        fixture_transact(conn, "[{:db/doc \"one more\"}]");
        datom_conn_unref(conn);
        ts[i] = backup_ok("marred", "marred-b", 3).basis_t;
    }
    flip_manifest("marred-b", 2);
    uint64_t generations = 0;
    (void)fixture_path("marred-b", dir);
    assert_int_equal(datom_backup_list(bs_str_from(dir), count_generation, &generations, &error),
                     BS_DATA_LOSS);
    assert_int_equal(generations, 1);
    assert_non_null(strstr(error.message, "backup-000002.edn"));
    assert_int_equal(datom_backup_verify(bs_str_from(dir), NULL, NULL, &error), BS_DATA_LOSS);
    assert_non_null(strstr(error.message, "backup-000002.edn"));
    /* the newest is the damaged one: nobody gets an older one without asking for it */
    assert_int_equal(refused("marred-b", 0, "backup-000002.edn"), BS_REASON_STORE_CORRUPT);
    assert_int_equal(refused("marred-b", 2, "backup-000002.edn"), BS_REASON_STORE_CORRUPT);
    assert_int_equal(refused("marred-b", 7, "no generation 7"), BS_REASON_STORE_NOT_FOUND);
    assert_int_equal(restored_t("marred-b", "marred-1", 1), ts[1]);
    /* the next one is not made in its place, and leaves what it may need */
    struct datom_backup_report report = backup_ok("marred", "marred-b", 1);
    assert_int_equal(report.generation, 3);
    assert_int_equal(report.damaged, 1);
    assert_int_equal(restored_t("marred-b", "marred-3", 0), ts[2]);
    flip_manifest("marred-b", 2);
    assert_int_equal(restored_t("marred-b", "marred-2", 2), ts[2]);
    report = backup_ok("marred", "marred-b", 1);
    assert_int_equal(report.damaged, 0);
    assert_int_equal(datom_backup_verify(bs_str_from(dir), NULL, &report, NULL), BS_OK);
    assert_int_equal(report.generation, 4);
}

static void test_backup__of_damaged_manifests_only_names_the_newest(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("alone", NULL);
    datom_conn_unref(conn);
    backup_ok("alone", "alone-b", 0);
    flip_manifest("alone-b", 1);
    assert_int_equal(refused("alone-b", 0, "backup-000001.edn"), BS_REASON_STORE_CORRUPT);
    assert_int_equal(refused("alone-b", 5, "backup-000001.edn"), BS_REASON_STORE_CORRUPT);
    assert_int_equal(backup_ok("alone", "alone-b", 0).generation, 2);
}

static void test_restore__refuses_a_folder_that_is_not_empty(void **state)
{
    (void)state;
    char store[FIXTURE_PATH_MAX], folder[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    datom_conn_unref(fixture_open("full", &(struct datom_options){.create = true}));
    backup_ok("full", "full-b", 0);
    assert_int_not_equal(datom_backup_restore(fixture_path("full-b", folder),
                                              fixture_path("full", store), NULL, NULL, &error),
                         BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_FORMAT);
    datom_conn_unref(
        fixture_open("full", &(struct datom_options){.create = false})); /* still there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup__holds_what_was_acknowledged_before_it_began),
        cmocka_unit_test(test_backup__keeps_as_many_generations_as_asked_for),
        cmocka_unit_test(test_backup__copies_only_what_is_new),
        cmocka_unit_test(test_backup__a_damaged_manifest_takes_its_own_generation_only),
        cmocka_unit_test(test_backup__of_damaged_manifests_only_names_the_newest),
        cmocka_unit_test(test_restore__refuses_a_folder_that_is_not_empty),
    };
    return cmocka_run_group_tests_name("datom/backup", tests, fixture_setup, fixture_teardown);
}
