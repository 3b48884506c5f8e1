/*
 * Subscriptions: every report once and in order, from any t, on every kind of connection, beside
 * writers; slow ones, ones that begin in the past, waiting, deadlines, closing; and sync (the
 * reference's rows 92 and 93).
 */

#include "support.h"

#include <poll.h>
#include <pthread.h>

#include "datom/datom.h"
#include "datom/fixture.h"

static const char schema_text[] =
    "[{:db/ident :n/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}]";

static void add_number(struct datom_conn *conn, int number)
{
    struct bs_error error = BS_ERROR_INIT;
    char text[60];
    snprintf(text, sizeof(text), "[{:n/number %d}]", number);
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
}

static void add_schema(struct datom_conn *conn)
{
    assert_int_equal(datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, NULL), BS_OK);
}

static struct datom_report *next_of(struct datom_subscription *subscription)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    if (datom_subscription_next(subscription, NULL, &report, &error) != BS_OK)
        fail_msg("%s", error.message);
    return report;
}

static bool has_number(struct datom_db *db, int64_t number)
{
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("n/number"));
    datom_id e = DATOM_NO_ID;
    assert_int_equal(datom_db_lookup(db, attribute, edn_long(number), &e, NULL), BS_OK);
    return e != DATOM_NO_ID;
}

/* The next report says this number, its values have it and lack it. */
static void expect_number(struct datom_subscription *subscription, int64_t number)
{
    struct datom_report *report = next_of(subscription);
    assert_int_equal(report->datoms_count, 2);
    assert_int_equal(report->datoms[1].v.as.integer, number);
    assert_int_equal(report->datoms[1].tx, datom_t_to_tx(report->t));
    assert_true(has_number(report->db_after, number));
    assert_false(has_number(report->db_after, number + 1));
    assert_false(has_number(report->db_before, number));
    assert_int_equal(datom_subscription_next_t(subscription), report->t + 1);
    datom_report_free(report);
}

/* ---- kinds of connections ---- */

static void read_all(struct datom_conn *conn)
{
    struct datom_report *report;
    struct datom_subscription *past = datom_subscribe(conn, DATOM_FIRST_USER_T);
    struct datom_subscription *whole = datom_subscribe(conn, 0);
    struct datom_subscription *now = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
    for (int i = 5; i < 10; i++)
        add_number(conn, i);
    report = next_of(whole);
    assert_int_equal(report->t, 72);
    datom_report_free(report);
    datom_report_free(next_of(past)); /* the schema */
    for (int i = 0; i < 10; i++)
        expect_number(past, i);
    for (int i = 5; i < 10; i++)
        expect_number(now, i);
    assert_int_equal(datom_subscription_try(past, &report, NULL), BS_OK);
    assert_null(report);
    datom_subscription_close(past);
    datom_subscription_close(whole);
    datom_subscription_close(now);
}

static void test_reports_come_once_and_in_order_on_a_store_in_memory_and_on_forks(void **state)
{
    (void)state;
    struct datom_conn *store = fixture_open("kinds", NULL);
    struct datom_conn *memory = datom_conn_new_memory(NULL);
    struct datom_conn *conns[] = {store, memory};
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        add_schema(conns[i]);
        for (int n = 0; n < 5; n++)
            add_number(conns[i], n);
        struct datom_db *db = datom_conn_db(conns[i]);
        struct datom_db *earlier = datom_db_as_of(db, datom_db_basis_t(db));
        struct datom_conn *fork, *branch;
        assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
        add_number(conns[i], 99); /* not in the branch */
        struct datom_db *newer = datom_conn_db(conns[i]);
        struct datom_db *past = datom_db_as_of(newer, datom_db_basis_t(db));
        assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
        read_all(fork);
        read_all(branch);
        datom_conn_unref(fork);
        datom_conn_unref(branch);
        datom_db_unref(past);
        datom_db_unref(newer);
        datom_db_unref(earlier);
        datom_db_unref(db);
    }
    datom_conn_unref(store);
    datom_conn_unref(memory);

    store = fixture_open("kinds-plain", NULL);
    add_schema(store);
    for (int n = 0; n < 5; n++)
        add_number(store, n);
    read_all(store);
    datom_conn_unref(store);
}

static void test_a_read_only_store_follows_the_writer(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("followed", NULL);
    add_schema(writer);
    add_number(writer, 0);
    struct datom_conn *reader =
        fixture_open("followed", &(struct datom_options){.read_only = true});
    struct datom_subscription *subscription = datom_subscribe(reader, DATOM_SUBSCRIBE_NEW);
    struct datom_report *report;
    assert_int_equal(datom_subscription_try(subscription, &report, NULL), BS_OK);
    assert_null(report);
    for (int i = 1; i < 20; i++) {
        add_number(writer, i);
        struct datom_report *next = next_of(subscription);
        assert_int_equal(next->datoms[1].v.as.integer, i);
        datom_report_free(next);
    }
    add_number(writer, 20);
    assert_int_equal(datom_subscription_try(subscription, &report, NULL), BS_OK);
    assert_non_null(report);
    datom_report_free(report);
    datom_subscription_close(subscription);
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

/* ---- many ---- */

#define TRANSACTIONS 10000
#define WRITERS 4
#define SUBSCRIBERS 3

struct worker {
    struct datom_conn *conn;
    int number;
    uint64_t seen;
    const char *failure;
};

static void *write_many(void *data)
{
    struct worker *worker = data;
    for (int i = 0; i < TRANSACTIONS / WRITERS; i++) {
        char text[60];
        snprintf(text, sizeof(text), "[{:n/number %d}]", worker->number * TRANSACTIONS + i);
        if (datom_transact_text(worker->conn, bs_str_from(text), NULL, NULL, NULL) != BS_OK)
            worker->failure = "a transaction failed";
    }
    return NULL;
}

static void *subscribe_many(void *data)
{
    struct worker *worker = data;
    struct datom_subscription *subscription = datom_subscribe(worker->conn, DATOM_FIRST_USER_T + 1);
    uint64_t last_t = 0;
    while (worker->seen < TRANSACTIONS && !worker->failure) {
        struct datom_report *report;
        if (datom_subscription_next(subscription, NULL, &report, NULL) != BS_OK) {
            worker->failure = "next failed";
            break;
        }
        if (report->t <= last_t || report->datoms_count != 2)
            worker->failure = "a report is out of order, or of something else";
        last_t = report->t;
        worker->seen++;
        datom_report_free(report);
    }
    datom_subscription_close(subscription);
    return NULL;
}

static void test_slow_subscribers_beside_writers_miss_none_of_ten_thousand(void **state)
{
    (void)state;
    struct datom_conn *conn =
        fixture_open("many", &(struct datom_options){.create = true, .no_sync = true});
    add_schema(conn);
    struct worker workers[WRITERS + SUBSCRIBERS];
    pthread_t threads[WRITERS + SUBSCRIBERS];
    /* this one sleeps until all is over */
    struct datom_subscription *slow = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
    for (int i = 0; i < WRITERS + SUBSCRIBERS; i++) {
        workers[i] = (struct worker){.conn = conn, .number = i};
        pthread_create(&threads[i], NULL, i < WRITERS ? write_many : subscribe_many, &workers[i]);
    }
    for (int i = 0; i < WRITERS + SUBSCRIBERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS + SUBSCRIBERS; i++) {
        assert_null(workers[i].failure);
        assert_int_equal(workers[i].seen, i < WRITERS ? 0 : TRANSACTIONS);
    }
    uint64_t last_t = 0;
    for (int i = 0; i < TRANSACTIONS; i++) {
        struct datom_report *report = next_of(slow);
        assert_true(report->t > last_t);
        last_t = report->t;
        datom_report_free(report);
    }
    struct datom_report *report;
    assert_int_equal(datom_subscription_try(slow, &report, NULL), BS_OK);
    assert_null(report);
    datom_subscription_close(slow);
    datom_conn_unref(conn);
}

/* ---- waiting ---- */

static void *wait_for_next(void *data)
{
    static struct bs_error error;
    struct datom_report *report;
    error = (struct bs_error)BS_ERROR_INIT;
    if (datom_subscription_next(data, NULL, &report, &error) == BS_OK)
        datom_report_free(report);
    return &error;
}

static void test_closing_ends_a_next_that_waits(void **state)
{
    (void)state;
    struct datom_conn *conns[] = {fixture_open("close", NULL), datom_conn_new_memory(NULL), NULL};
    conns[2] = fixture_open("close", &(struct datom_options){.read_only = true});
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        struct datom_subscription *subscription = datom_subscribe(conns[i], DATOM_SUBSCRIBE_NEW);
        struct timespec moment = {.tv_nsec = 20000000};
        pthread_t thread;
        void *result;
        pthread_create(&thread, NULL, wait_for_next, subscription);
        nanosleep(&moment, NULL); /* so that it mostly waits already; either way it must end */
        datom_subscription_close(subscription);
        pthread_join(thread, &result);
        assert_int_equal(((struct bs_error *)result)->reason, BS_REASON_RPC_CANCELLED);
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++)
        datom_conn_unref(conns[i]);
}

static void test_next_ends_by_deadline_and_cancellation_and_loses_nothing(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    add_schema(conn);
    struct datom_subscription *subscription = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
    struct datom_report *report;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(5000000)};
    assert_int_equal(datom_subscription_next(subscription, &soon, &report, &error),
                     BS_DEADLINE_EXCEEDED);
    _Atomic bool cancelled = true;
    struct bs_interrupt cancel = {.cancelled = &cancelled, .deadline = BS_DEADLINE_NONE};
    assert_int_equal(datom_subscription_next(subscription, &cancel, &report, &error), BS_CANCELLED);
    add_number(conn, 1);
    expect_number(subscription, 1);
    datom_subscription_close(subscription);
    datom_conn_unref(conn);
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static void test_a_descriptor_is_readable_while_there_is_something(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    add_schema(conn);
    struct datom_subscription *subscription = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
    struct datom_subscription *other = datom_subscribe(conn, DATOM_SUBSCRIBE_NEW);
    struct datom_report *report;
    int fd, other_fd;
    assert_int_equal(datom_subscription_fd(subscription, &fd, NULL), BS_OK);
    assert_int_equal(datom_subscription_fd(other, &other_fd, NULL), BS_OK);
    assert_int_not_equal(fd, other_fd);
    assert_int_equal(datom_subscription_try(subscription, &report, NULL), BS_OK);
    assert_null(report);
    assert_false(is_readable(fd));
    add_number(conn, 1);
    add_number(conn, 2);
    assert_true(is_readable(fd));
    expect_number(subscription, 1);
    assert_true(is_readable(fd));
    expect_number(subscription, 2);
    assert_int_equal(datom_subscription_try(subscription, &report, NULL), BS_OK);
    assert_null(report);
    assert_false(is_readable(fd));
    datom_subscription_close(subscription);
    add_number(conn, 3);
    assert_true(is_readable(other_fd));
    datom_subscription_close(other);
    datom_conn_unref(conn);
}

/* ---- sync ---- */

struct sync {
    struct datom_conn *conn;
    uint64_t t;
    uint64_t reached;
};

static void *sync_to(void *data)
{
    struct sync *sync = data;
    struct datom_db *db;
    if (datom_conn_sync(sync->conn, sync->t, NULL, &db, NULL) == BS_OK) {
        sync->reached = datom_db_basis_t(db);
        datom_db_unref(db);
    }
    return NULL;
}

static void test_sync_waits_for_t_here_and_beside_a_writing_process(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("sync", NULL);
    add_schema(writer);
    struct datom_conn *reader = fixture_open("sync", &(struct datom_options){.read_only = true});
    struct datom_db *db = datom_conn_db(writer);
    /* the entity's id is a t too: transactions take every second */
    uint64_t t = datom_db_next_t(db) + 4;
    struct sync syncs[] = {{.conn = writer, .t = t}, {.conn = reader, .t = t}};
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, sync_to, &syncs[i]);
    for (int i = 0; i < 3; i++)
        add_number(writer, i);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_true(syncs[i].reached >= t);
    }
    datom_db_unref(db);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conns[] = {writer, reader};
    for (size_t i = 0; i < 2; i++) {
        struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(5000000)};
        assert_int_equal(datom_conn_sync(conns[i], t + 1000, &soon, &db, &error),
                         BS_DEADLINE_EXCEEDED);
        _Atomic bool cancelled = true;
        struct bs_interrupt cancel = {.cancelled = &cancelled, .deadline = BS_DEADLINE_NONE};
        assert_int_equal(datom_conn_sync(conns[i], t + 1000, &cancel, &db, &error), BS_CANCELLED);
    }
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_come_once_and_in_order_on_a_store_in_memory_and_on_forks),
        cmocka_unit_test(test_a_read_only_store_follows_the_writer),
        cmocka_unit_test(test_slow_subscribers_beside_writers_miss_none_of_ten_thousand),
        cmocka_unit_test(test_closing_ends_a_next_that_waits),
        cmocka_unit_test(test_next_ends_by_deadline_and_cancellation_and_loses_nothing),
        cmocka_unit_test(test_a_descriptor_is_readable_while_there_is_something),
        cmocka_unit_test(test_sync_waits_for_t_here_and_beside_a_writing_process),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
