/*
 * Excision beside others: through another log and for who reads it, killed on the way, and for a
 * reader of the store.
 */

#include "support.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datom/fixture.h"
#include "datom/secrets.h"
#include "shared_log.h"

/* ---- another log ---- */

static void open_log(struct shared_log *log, const char *name)
{
    char path[FIXTURE_PATH_MAX];
    char file[40];
    snprintf(file, sizeof(file), "%s.log", name);
    (void)fixture_path(file, path);
    shared_log_open(log, path);
}

static void test_another_log_is_erased_too_and_its_other_readers_follow(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "shared");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = secrets_open("log-a", &store);
    struct datom_conn *b = secrets_open("log-b", &store);
    secrets_add(a);
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    /* b is left behind, with values that the log will not speak of any more */
    fixture_transact(a, "[[:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-3\"]]");
    fixture_transact(a, "[{:db/excise [:p/id \"secret-eve\"]}]");
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    struct datom_conn *conns[] = {a, b, secrets_open("log-c", &store)};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(secrets_left(conns[i], "secret"), 0);
        assert_true(secrets_left(conns[i], "kept-name-1") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
    assert_int_equal(secrets_in_files("shared.log", "secret"), 0);
    shared_log_close(&log);
}

static void test_who_was_behind_an_erased_update_has_no_trace_of_it(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "behind");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = secrets_open("behind-a", &store);
    struct datom_conn *b = secrets_open("behind-b", &store);
    secrets_add(a);
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    fixture_transact(a, "[[:db/add [:p/id \"secret-eve\"] :p/name \"open-name\"]]");
    /* the name that b has goes, with its retraction; the update stays */
    fixture_transact(a, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                        "  :db.excise/beforeT 1010}]");
    struct datom_conn *conns[] = {a, b};
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(secrets_left(conns[i], "secret-name"), 0);
        assert_true(secrets_left(conns[i], "open-name") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
    shared_log_close(&log);
}

static void test_an_erasure_that_the_log_refuses_is_told_as_not_known_and_done_later(void **state)
{
    (void)state;
    struct shared_log log;
    struct bs_error error = BS_ERROR_INIT;
    open_log(&log, "refused");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conn = secrets_open("refused-a", &store);
    secrets_add(conn);
    fixture_transact(conn, "[[:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-3\"]]");
    size_t count = log.count;
    log.fail_next_replace = true;
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/excise [:p/id \"secret-eve\"]}]"),
                                         NULL, NULL, &error),
                     BS_UNKNOWN);
    assert_int_equal(error.reason, BS_REASON_STORE_OUTCOME_UNKNOWN);
    assert_non_null(strstr(error.message, "the log is away"));
    /* its transaction is there, for all to see */
    assert_int_equal(log.count, count + 1);
    assert_true(secrets_left(conn, "secret") > 0);
    assert_int_equal(datom_conn_catch_up(conn, NULL), BS_OK);
    assert_int_equal(secrets_left(conn, "secret"), 0);
    assert_int_equal(secrets_in_files("refused.log", "secret"), 0);
    fixture_transact(conn, "[{:p/id \"kept-after\"}]");
    fixture_check(conn);
    datom_conn_unref(conn);
    shared_log_close(&log);
}

/* ---- killed on the way ---- */

/* This program again, as test_excise_beside --excise DIR NAME USEC: excises, and is killed
 * meanwhile. */
static int excise_main(char **argv)
{
    uint64_t usec = 0;
    fixture_use(argv[2]);
    if (!bs_str_parse_u64(bs_str_from(argv[4]), &usec))
        return 2;
    struct datom_conn *conn = secrets_open(argv[3], NULL);
    secrets_add(conn);
    struct itimerval timer = {.it_value = {.tv_usec = (suseconds_t)usec}};
    setitimer(ITIMER_REAL, &timer, NULL);
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"]}]");
    kill(getpid(), SIGKILL);
    return 3;
}

static void test_killed_during_an_excision_it_is_done_or_not_at_all(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        char name[20], usec[20];
        snprintf(name, sizeof(name), "kill-%d", round);
        snprintf(usec, sizeof(usec), "%d", 500 + round * 3000);
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "test_excise_beside", "--excise", fixture_folder(), name, usec,
                  NULL);
            _exit(4);
        }
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        struct datom_conn *conn = secrets_open(name, NULL);
        struct datom_health health;
        datom_conn_health(conn, &health);
        assert_true(health.was_left);
        bool is_done = secrets_left(conn, "secret") == 0;
        if (!is_done)
            assert_true(secrets_left(conn, "secret-name-1") > 0);
        fixture_check(conn);
        datom_conn_unref(conn);
        /* the manifest of the open that purged is a new one after the next */
        conn = secrets_open(name, NULL);
        datom_conn_health(conn, &health);
        assert_false(health.was_left);
        datom_conn_unref(conn);
        if (is_done)
            assert_int_equal(secrets_in_files(name, "secret"), 0);
    }
}

/* What it has read of the writer's log before is not what the files have now. */
static void test_a_reader_beside_the_writer_is_rid_of_it_too(void **state)
{
    (void)state;
    struct datom_conn *conn = secrets_open("beside", NULL);
    secrets_add(conn);
    struct datom_conn *reader = fixture_open("beside", &(struct datom_options){.read_only = true});
    for (size_t round = 0; round < 2; round++) {
        if (round == 0)
            fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"]}]");
        else
            fixture_transact(conn, "[[:db/retract [:p/id \"adam\"] :p/name \"kept-name-2\"]]");
        /* closing writes the log out, and it is gone */
        if (round == 1)
            datom_conn_unref(conn);
        assert_int_equal(datom_conn_catch_up(reader, NULL), BS_OK);
        struct datom_db *db = datom_conn_db(reader);
        struct datom_db *past = datom_db_history(db);
        for (int index = DATOM_EAVT; index <= DATOM_AVET; index++) {
            assert_int_equal(secrets_in_index(past, (enum datom_index)index, "secret"), 0);
            assert_int_equal(secrets_in_index(db, (enum datom_index)index, "kept-name-2"),
                             1 - round);
        }
        datom_db_unref(past);
        datom_db_unref(db);
    }
    fixture_check(reader);
    datom_conn_unref(reader);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--excise") == 0)
        return excise_main(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_log_is_erased_too_and_its_other_readers_follow),
        cmocka_unit_test(test_who_was_behind_an_erased_update_has_no_trace_of_it),
        cmocka_unit_test(test_an_erasure_that_the_log_refuses_is_told_as_not_known_and_done_later),
        cmocka_unit_test(test_killed_during_an_excision_it_is_done_or_not_at_all),
        cmocka_unit_test(test_a_reader_beside_the_writer_is_rid_of_it_too),
    };
    return cmocka_run_group_tests_name("datom/excise_beside", tests, fixture_setup,
                                       fixture_teardown);
}
