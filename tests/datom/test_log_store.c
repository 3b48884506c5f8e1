/*
 * A store whose log is held by somebody else: appended before the indexes, taken in at open and by
 * catching up, shared by two connections that write; appends that fail before and after they
 * happened, and a kill between log and indexes.
 */

#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datom/datom.h"
#include "datom/fixture.h"
#include "datom/health.h"
#include "shared_log.h"

static const char schema_text[] =
    "[{:db/ident :n/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :n/value :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]";

static void open_log(struct shared_log *log, const char *name)
{
    char path[FIXTURE_PATH_MAX];
    char file[40];
    snprintf(file, sizeof(file), "%s.log", name);
    (void)fixture_path(file, path);
    shared_log_open(log, path);
}

static struct datom_conn *open_on(const char *name, const struct datom_log_store *log)
{
    return fixture_open(name, &(struct datom_options){.create = true, .log = log});
}

static uint64_t count_of(struct datom_conn *conn, const char *ident)
{
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, bs_str_from(ident));
    uint64_t count = attribute ? datom_db_attribute_count(db, attribute->id) : 0;
    datom_db_unref(db);
    return count;
}

/* ---- one connection ---- */

static void test_a_log_elsewhere_has_every_transaction_and_rebuilds_an_empty_folder(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "rebuild");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conn = open_on("rebuild-1", &store);
    fixture_transact(conn, schema_text);
    /* more than one batch of the feed */
    for (int i = 0; i < 150; i++) {
        char text[80];
        snprintf(text, sizeof(text), "[{:n/number %d :n/value %d}]", i, i % 7);
        fixture_transact(conn, text);
    }
    fixture_transact(conn, "[[:db/retractEntity [:n/number 3]]]");
    assert_int_equal(log.count, 1 + 1 + 150 + 1);
    fixture_check(conn);
    datom_conn_unref(conn);

    conn = open_on("rebuild-2", &store);
    assert_int_equal(count_of(conn, "n/number"), 149);
    fixture_check(conn);
    fixture_transact(conn, "[{:n/number 1000}]");
    datom_conn_unref(conn);

    /* the first folder takes in what it missed */
    conn = open_on("rebuild-1", &store);
    assert_int_equal(count_of(conn, "n/number"), 150);
    fixture_check(conn);
    datom_conn_unref(conn);
    shared_log_close(&log);
}

static void test_a_folder_of_another_log_is_refused(void **state)
{
    (void)state;
    struct shared_log log, other;
    open_log(&log, "whole");
    open_log(&other, "other");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_log_store other_store = shared_log_store(&other);
    struct datom_conn *conn = open_on("whole", &store);
    fixture_transact(conn, schema_text);
    datom_conn_unref(conn);

    char path[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.log = &other_store};
    assert_int_equal(datom_conn_open(fixture_path("whole", path), &options, &conn, &error),
                     BS_DATA_LOSS);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_non_null(strstr(error.message, "the log ends at t 0"));
    shared_log_close(&log);
    shared_log_close(&other);
}

static void test_an_append_that_fails_changes_nothing_one_that_happened_is_taken_in(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "faults");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conn = open_on("faults", &store);
    fixture_transact(conn, schema_text);

    log.fail_next_append = 1;
    assert_int_equal(fixture_refused(conn, "[{:n/number 1}]"), BS_REASON_STORE_IO);
    assert_int_equal(count_of(conn, "n/number"), 0);
    fixture_transact(conn, "[{:n/number 2}]");
    assert_int_equal(count_of(conn, "n/number"), 1);

    /* its outcome is unknown, until the next append finds it */
    log.fail_next_append = 2;
    assert_int_equal(fixture_refused(conn, "[{:n/number 3}]"), BS_REASON_STORE_IO);
    assert_int_equal(count_of(conn, "n/number"), 1);
    fixture_transact(conn, "[{:n/number 4}]");
    assert_int_equal(count_of(conn, "n/number"), 3);
    assert_int_equal(log.conflicts, 1);
    fixture_check(conn);
    datom_conn_unref(conn);
    shared_log_close(&log);
}

/* ---- two connections ---- */

static void
test_two_connections_on_one_log_resolve_again_what_the_other_was_faster_with(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "two");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = open_on("two-a", &store);
    struct datom_conn *b = open_on("two-b", &store);
    fixture_transact(a, schema_text);
    fixture_transact(b, "[{:n/number 1 :n/value 1}]"); /* the schema is a's */
    unsigned conflicts = log.conflicts;
    fixture_transact(a, "[{:n/number 2}]");
    assert_int_equal(log.conflicts, conflicts + 1);
    /* the same number is the same entity, whoever made it */
    fixture_transact(a, "[{:n/number 1 :n/value 2}]");
    assert_int_equal(count_of(a, "n/number"), 2);
    /* b does not know yet that the value is 2, and must not write 3 */
    assert_int_equal(fixture_refused(b, "[[:db/cas [:n/number 1] :n/value 1 3]]"),
                     BS_REASON_DB_CAS_FAILED);
    struct datom_db *db;
    uint64_t last = log.records[log.count - 1].t;
    assert_int_equal(datom_conn_sync(b, last, NULL, &db, NULL), BS_OK);
    assert_int_equal(datom_db_basis_t(db), last);
    datom_db_unref(db);
    assert_int_equal(datom_conn_catch_up(a, NULL), BS_OK);
    fixture_check(a);
    fixture_check(b);
    datom_conn_unref(a);
    datom_conn_unref(b);
    shared_log_close(&log);
}

static void look_at_health(void *self)
{
    struct datom_health health;
    datom_conn_health(self, &health);
    assert_int_equal(health.code, BS_OK);
}

static void test_a_log_that_is_read_keeps_nobody_from_the_connection(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "read");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = open_on("read-a", &store);
    struct datom_conn *b = open_on("read-b", &store);
    fixture_transact(a, schema_text);
    log.before_read = look_at_health;
    log.before_read_self = b;
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    fixture_transact(a, "[{:n/number 1 :n/value 1}]");
    fixture_transact(b,
                     "[{:n/number 2 :n/value 2}]"); /* resolved again on what a was faster with */
    log.before_read = NULL;
    fixture_check(b);
    datom_conn_unref(a);
    datom_conn_unref(b);
    shared_log_close(&log);
}

struct counter {
    struct datom_conn *conn;
    enum bs_code code;
};

/* Adds one to the counter, again and again, with cas. */
static void *count_up(void *data)
{
    struct counter *counter = data;
    for (int i = 0; i < 40; i++) {
        for (bool is_done = false; !is_done;) {
            struct bs_error error = BS_ERROR_INIT;
            struct datom_db *db = datom_conn_db(counter->conn);
            BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
            struct edn value;
            bool found;
            datom_id e;
            const struct datom_attribute *number = datom_db_attribute_named(db, BS_STR("n/number"));
            const struct datom_attribute *count = datom_db_attribute_named(db, BS_STR("n/value"));
            counter->code = datom_db_lookup(db, number, edn_long(1), &e, &error);
            if (counter->code == BS_OK)
                counter->code = datom_db_get(db, e, count, arena, &value, &found, &error);
            datom_db_unref(db);
            if (counter->code != BS_OK)
                return NULL;
            char text[120];
            snprintf(text, sizeof(text), "[[:db/cas [:n/number 1] :n/value %lld %lld]]",
                     (long long)value.as.integer, (long long)value.as.integer + 1);
            counter->code =
                datom_transact_text(counter->conn, bs_str_from(text), NULL, NULL, &error);
            is_done = counter->code == BS_OK;
            if (!is_done && error.reason != BS_REASON_DB_CAS_FAILED)
                return NULL;
        }
    }
    return NULL;
}

static void test_counting_through_two_connections_with_cas_loses_nothing(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "count");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conns[2] = {open_on("count-a", &store), open_on("count-b", &store)};
    struct counter counters[4];
    pthread_t threads[4];
    fixture_transact(conns[0], schema_text);
    fixture_transact(conns[0], "[{:n/number 1 :n/value 0}]");
    assert_int_equal(datom_conn_catch_up(conns[1], NULL), BS_OK);
    for (size_t i = 0; i < 4; i++) {
        counters[i] = (struct counter){.conn = conns[i % 2]};
        pthread_create(&threads[i], NULL, count_up, &counters[i]);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(counters[i].code, BS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(datom_conn_catch_up(conns[i], NULL), BS_OK);
        /* 160 counted from 0, with no t in vain */
        assert_int_equal(fixture_refused(conns[i], "[[:db/cas [:n/number 1] :n/value 160 160]]"),
                         BS_REASON_NONE);
        fixture_check(conns[i]);
    }
    datom_conn_unref(conns[0]);
    datom_conn_unref(conns[1]);
    shared_log_close(&log);
}

/* ---- killed between log and indexes ---- */

static void die(void *self)
{
    (void)self;
    kill(getpid(), SIGKILL);
}

/* This program again, as test_log_store --append DIR ROUND: dies once its log has the number. */
static int append_main(char **argv)
{
    struct shared_log log;
    char text[80];
    fixture_use(argv[2]);
    open_log(&log, "killed");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conn = open_on("killed", &store);
    if (strcmp(argv[3], "0") == 0)
        fixture_transact(conn, schema_text);
    snprintf(text, sizeof(text), "[{:n/number %s}]", argv[3]);
    log.after_append = die;
    fixture_transact(conn, text);
    return 1;
}

static void test_killed_after_the_append_the_transaction_is_there_at_the_next_open(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        char number[8];
        snprintf(number, sizeof(number), "%d", round);
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "test_log_store", "--append", fixture_folder(), number, NULL);
            _exit(4);
        }
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        struct shared_log log;
        open_log(&log, "killed");
        struct datom_log_store store = shared_log_store(&log);
        struct datom_conn *conn = open_on("killed", &store);
        assert_int_equal(count_of(conn, "n/number"), round + 1);
        fixture_check(conn);
        datom_conn_unref(conn);
        shared_log_close(&log);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--append") == 0)
        return append_main(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_log_elsewhere_has_every_transaction_and_rebuilds_an_empty_folder),
        cmocka_unit_test(test_a_folder_of_another_log_is_refused),
        cmocka_unit_test(test_an_append_that_fails_changes_nothing_one_that_happened_is_taken_in),
        cmocka_unit_test(
            test_two_connections_on_one_log_resolve_again_what_the_other_was_faster_with),
        cmocka_unit_test(test_a_log_that_is_read_keeps_nobody_from_the_connection),
        cmocka_unit_test(test_counting_through_two_connections_with_cas_loses_nothing),
        cmocka_unit_test(test_killed_after_the_append_the_transaction_is_there_at_the_next_open),
    };
    return cmocka_run_group_tests_name("datom/log_store", tests, fixture_setup, fixture_teardown);
}
