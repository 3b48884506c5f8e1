/*
 * A disk that fails, and stops failing: what the writer is told, what can be read meanwhile, that
 * nothing acknowledged is lost, that what was told to have failed is not there, and that the end of
 * the fault is all that is needed.
 */

#include "support.h"

#include <errno.h>
#include <unistd.h>

#include "datom/datom.h"
#include "datom/folder.h"
#include "faults.h"
#include "shared_log.h"

#define NUMBERS_BEFORE 10

struct fixture {
    char *dir;
    struct datom_conn *conn;
    struct datom_db *held; /* a value from before the fault */
    int64_t acknowledged;  /* numbers 0 to here are in the store */
    struct bs_error error;
};

static int set_up(void **state)
{
    struct fixture *f = bs_calloc(1, sizeof(*f));
    *state = f;
    if (datom_folder_make_temporary(&f->dir, &f->error) != BS_OK)
        return -1;
    faults_heal();
    faults_watch(f->dir);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    faults_heal();
    datom_db_unref(f->held);
    datom_conn_unref(f->conn);
    datom_folder_remove(f->dir);
    free(f->dir);
    free(f);
    return 0;
}

/* ---- steps ---- */

static enum bs_code say(struct fixture *f, int64_t number)
{
    char tx[100];
    snprintf(tx, sizeof(tx), "[{:f/number %lld}]", (long long)number);
    f->error = (struct bs_error)BS_ERROR_INIT;
    return datom_transact_text(f->conn, bs_str_from(tx), NULL, NULL, &f->error);
}

static void open_store(struct fixture *f, uint64_t min_free_bytes)
{
    const struct datom_options options = {
        .create = true, .write_buffer_bytes = 256 * 1024, .min_free_bytes = min_free_bytes};
    if (datom_conn_open(bs_str_from(f->dir), &options, &f->conn, &f->error) != BS_OK)
        fail_msg("%s", f->error.message);
}

static void add_numbers(struct fixture *f)
{
    assert_int_equal(
        datom_transact_text(
            f->conn,
            BS_STR("[{:db/ident :f/number :db/valueType :db.type/long"
                   "  :db/cardinality :db.cardinality/one :db/unique :db.unique/value}]"),
            NULL, NULL, NULL),
        BS_OK);
    for (; f->acknowledged < NUMBERS_BEFORE; f->acknowledged++)
        assert_int_equal(say(f, f->acknowledged), BS_OK);
    f->held = datom_conn_db(f->conn);
}

static void open_with_numbers(struct fixture *f)
{
    open_store(f, UINT64_MAX);
    add_numbers(f);
}

static bool has(struct datom_db *db, int64_t number, const char *row)
{
    datom_id id = DATOM_NO_ID;
    struct bs_error error = BS_ERROR_INIT;
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("f/number"));
    enum bs_code code = datom_db_lookup(db, attribute, edn_long(number), &id, &error);
    test_row(row, code == BS_OK, "%s", error.message);
    return id != DATOM_NO_ID;
}

static void assert_acknowledged_is_there(struct fixture *f, struct datom_db *db, const char *row)
{
    int64_t count = db == f->held ? NUMBERS_BEFORE : f->acknowledged;
    for (int64_t i = 0; i < count; i++)
        test_row(row, has(db, i, row), "%lld is lost", (long long)i);
}

static void assert_checks(struct fixture *f, const char *row)
{
    struct datom_check_report report = {0};
    struct datom_db *db = datom_conn_db(f->conn);
    enum bs_code code = datom_db_check(db, NULL, NULL, &report, &f->error);
    test_row(row, code == BS_OK && report.differences == 0, "%llu differences; %s",
             (unsigned long long)report.differences, f->error.message);
    datom_db_unref(db);
}

/* The store may be looked at once a second. */
static enum bs_code say_when_healed(struct fixture *f, int64_t number)
{
    enum bs_code code = BS_UNAVAILABLE;
    for (int i = 0; i < 30 && code != BS_OK; i++) {
        code = say(f, number);
        if (code != BS_OK)
            usleep(100000);
    }
    return code;
}

/* ---- tests ---- */

static const struct fault_row {
    const char *name;
    struct faults_rule rule;
} fault_rows[] = {
    {"the log can't be written: no space",
     {.kinds = FAULTS_WRITE, .error = ENOSPC, .name_part = ".log"}},
    {"half of it was written, then no space",
     {.kinds = FAULTS_ALL_WRITES, .error = ENOSPC, .half = true}},
    {"nothing can be written", {.kinds = FAULTS_ALL_WRITES, .error = EIO}},
    {"nothing can be synced", {.kinds = FAULTS_SYNC, .error = EIO}},
    {"nothing can be made", {.kinds = FAULTS_WRITE | FAULTS_CREATE, .error = ENOSPC}},
};

/* A failure that was told to be one is one; of an unknown one the store says later what it was. */
static void test_faults__a_failed_write_is_told_and_its_end_is_enough(void **state)
{
    struct fixture *f = *state;
    open_with_numbers(f);
    for (size_t i = 0; i < BS_ARRAY_COUNT(fault_rows); i++) {
        const struct fault_row *row = &fault_rows[i];
        const int64_t refused = 1000 + (int64_t)i;
        struct datom_health health;
        faults_set(&row->rule);
        enum bs_code code = say(f, refused);
        bool is_unknown = f->error.reason == BS_REASON_STORE_OUTCOME_UNKNOWN;
        test_row(row->name, code != BS_OK, "was acknowledged");
        test_row(row->name, faults_failed() > 0, "nothing failed");
        test_row(row->name,
                 is_unknown || f->error.reason == BS_REASON_STORE_IO ||
                     f->error.reason == BS_REASON_STORE_FAILED,
                 "%s", f->error.message);
        datom_conn_health(f->conn, &health);
        test_row(row->name, health.failures > 0, "it looks healthy");
        struct datom_db *db = datom_conn_db(f->conn);
        assert_acknowledged_is_there(f, db, row->name);
        assert_acknowledged_is_there(f, f->held, row->name);
        datom_db_unref(db);
        test_row(row->name, say(f, refused + 500) != BS_OK, "was acknowledged at once");

        faults_heal();
        code = say_when_healed(f, f->acknowledged);
        test_row(row->name, code == BS_OK, "%s", f->error.message);
        f->acknowledged++;
        db = datom_conn_db(f->conn);
        assert_acknowledged_is_there(f, db, row->name);
        test_row(row->name, is_unknown || !has(db, refused, row->name), "it was there after all");
        test_row(row->name, !has(db, refused + 500, row->name), "it was there after all");
        datom_db_unref(db);
        assert_acknowledged_is_there(f, f->held, row->name);
        datom_conn_health(f->conn, &health);
        test_row(row->name, health.code == BS_OK && health.recoveries > 0, "%s",
                 health.error.message);
        assert_checks(f, row->name);
    }
    test_rows_end();
}

/* What the log has and can't sync, the engine puts into sorted files when it is opened again. */
static void test_faults__a_log_that_cant_be_synced_loses_nothing(void **state)
{
    struct fixture *f = *state;
    const struct faults_rule rule = {.kinds = FAULTS_SYNC, .error = EIO, .name_part = ".log"};
    open_with_numbers(f);
    faults_set(&rule);
    assert_int_equal(say(f, f->acknowledged++), BS_OK);
    assert_true(faults_failed() > 0);
    faults_heal();
    datom_db_unref(f->held); /* the store closes with its last value */
    f->held = NULL;
    datom_conn_unref(f->conn);
    open_store(f, UINT64_MAX);
    struct datom_db *db = datom_conn_db(f->conn);
    assert_acknowledged_is_there(f, db, "opened again");
    datom_db_unref(db);
    test_rows_end();
}

/* One call after the other fails once: the writer may not even notice, and nothing is wrong. */
static void test_faults__any_single_failure_is_survived(void **state)
{
    struct fixture *f = *state;
    open_with_numbers(f);
    for (uint64_t nth = 0; nth < 12; nth++) {
        char name[40];
        snprintf(name, sizeof(name), "call %llu fails", (unsigned long long)nth);
        const struct faults_rule rule = {
            .kinds = FAULTS_ALL_WRITES, .error = EIO, .after = nth, .count = 1, .half = nth % 2};
        faults_set(&rule);
        int64_t number = f->acknowledged;
        enum bs_code code = say(f, number);
        bool is_told = code != BS_OK && f->error.reason == BS_REASON_STORE_IO;
        faults_heal();
        struct datom_db *db = datom_conn_db(f->conn);
        test_row(name, !is_told || !has(db, number, name), "it was there after all");
        datom_db_unref(db);
        if (code != BS_OK) /* a unique value: there already, if it was unknown */
            code = say_when_healed(f, number) == BS_OK ||
                           f->error.reason == BS_REASON_DB_UNIQUE_CONFLICT
                       ? BS_OK
                       : BS_UNKNOWN;
        test_row(name, code == BS_OK, "%s", f->error.message);
        f->acknowledged++;
        db = datom_conn_db(f->conn);
        assert_acknowledged_is_there(f, db, name);
        datom_db_unref(db);
        assert_checks(f, name);
    }
    test_rows_end();
}

/* The log has it and the indexes do not: it comes with what the log gives later, once. */
static void test_faults__indexes_that_fail_behind_a_log_elsewhere_follow_it(void **state)
{
    struct fixture *f = *state;
    struct shared_log log;
    char path[120];
    snprintf(path, sizeof(path), "%s.log", f->dir);
    shared_log_open(&log, path);
    const struct datom_log_store store = shared_log_store(&log);
    const struct datom_options options = {
        .create = true, .min_free_bytes = UINT64_MAX, .log = &store};
    if (datom_conn_open(bs_str_from(f->dir), &options, &f->conn, &f->error) != BS_OK)
        fail_msg("%s", f->error.message);
    add_numbers(f);
    for (size_t i = 0; i < BS_ARRAY_COUNT(fault_rows); i++) {
        const struct fault_row *row = &fault_rows[i];
        size_t count = log.count;
        int64_t number = f->acknowledged++;
        faults_set(&row->rule);
        enum bs_code code = say(f, number);
        /* what is only to be synced is no failure: the log was */
        if (row->rule.kinds != FAULTS_SYNC) {
            test_row(row->name, code == BS_UNKNOWN, "%d, %s", code, f->error.message);
            test_row(row->name, f->error.reason == BS_REASON_STORE_OUTCOME_UNKNOWN, "%s",
                     f->error.message);
        }
        test_row(row->name, log.count == count + 1, "the log has %zu more", log.count - count);
        assert_acknowledged_is_there(f, f->held, row->name);
        faults_heal();
        /* a flush may have failed meanwhile, and then the first try is in the log only */
        code = say_when_healed(f, f->acknowledged);
        bool is_there = code == BS_OK || f->error.reason == BS_REASON_DB_UNIQUE_CONFLICT;
        test_row(row->name, is_there, "%s", f->error.message);
        f->acknowledged++;
        struct datom_db *db = datom_conn_db(f->conn);
        assert_acknowledged_is_there(f, db, row->name);
        datom_db_unref(db);
        test_row(row->name,
                 say(f, number) != BS_OK && f->error.reason == BS_REASON_DB_UNIQUE_CONFLICT,
                 "could be said again: %s", f->error.message);
        assert_checks(f, row->name);
    }
    test_rows_end();
    datom_db_unref(f->held);
    f->held = NULL;
    datom_conn_unref(f->conn);
    f->conn = NULL;
    shared_log_close(&log);
    (void)unlink(path);
}

static void test_faults__a_disk_that_is_nearly_full_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct datom_health health;
    open_store(f, UINT64_MAX - 1);
    assert_int_equal(datom_transact_text(f->conn, BS_STR("[]"), NULL, NULL, &f->error),
                     BS_RESOURCE_EXHAUSTED);
    assert_int_equal(f->error.reason, BS_REASON_STORE_FULL);
    assert_non_null(strstr(f->error.message, f->dir));
    datom_conn_health(f->conn, &health);
    assert_int_equal(health.error.reason, BS_REASON_STORE_FULL);
    assert_true(health.is_readable && health.free_bytes > 0);
}

static void test_faults__openings_are_counted(void **state)
{
    struct fixture *f = *state;
    struct datom_health health;
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        open_store(f, 0);
        datom_conn_health(f->conn, &health);
        assert_int_equal(health.epoch, epoch);
        assert_false(health.was_left);
        datom_conn_unref(f->conn);
        f->conn = NULL;
    }
}

static void test_faults__a_clock_that_goes_back_is_counted(void **state)
{
    struct fixture *f = *state;
    struct bs_clock_fixed clock = {.now_ms = 5000};
    const struct datom_options options = {.clock = bs_clock_of_fixed(&clock)};
    struct datom_health health;
    f->conn = datom_conn_new_memory(&options);
    assert_int_equal(datom_transact_text(f->conn, BS_STR("[]"), NULL, NULL, NULL), BS_OK);
    clock.now_ms = 2000;
    assert_int_equal(datom_transact_text(f->conn, BS_STR("[]"), NULL, NULL, NULL), BS_OK);
    datom_conn_health(f->conn, &health);
    assert_int_equal(health.clock_behind, 1);
    assert_int_equal(health.clock_behind_ms_max, 3000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_faults__a_failed_write_is_told_and_its_end_is_enough),
        TEST(test_faults__a_log_that_cant_be_synced_loses_nothing),
        TEST(test_faults__any_single_failure_is_survived),
        TEST(test_faults__indexes_that_fail_behind_a_log_elsewhere_follow_it),
        TEST(test_faults__a_disk_that_is_nearly_full_is_left_alone),
        TEST(test_faults__openings_are_counted),
        TEST(test_faults__a_clock_that_goes_back_is_counted),
    };
    return cmocka_run_group_tests_name("datom/faults", tests, NULL, NULL);
}
