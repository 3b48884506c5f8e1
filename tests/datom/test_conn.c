/*
 * Connections: writers in groups beside readers and forks, reports that are exactly their own t,
 * values that outlive everything, a store read beside its writer, locks, reopening.
 */

#include "support.h"

#include <pthread.h>

#include "datom/datom.h"
#include "datom/fixture.h"
#include "datom/health.h"

#define WRITERS 8
#define READERS 4
#define TRANSACTIONS 60

static const char schema_text[] =
    "[{:db/ident :n/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :n/value :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]";

static uint64_t count_of(struct datom_db *db, const char *ident)
{
    const struct datom_attribute *attribute = datom_db_attribute_named(db, bs_str_from(ident));
    return attribute ? datom_db_attribute_count(db, attribute->id) : 0;
}

/* Counts by walking, so that it is the indexes that answer. */
static uint64_t walk_count(struct datom_db *db, const char *ident)
{
    struct datom_cursor *cursor;
    struct datom_range range = {.index = DATOM_AEVT,
                                .has_a = true,
                                .a = datom_db_attribute_named(db, bs_str_from(ident))->id};
    uint64_t total = 0;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    for (;;) {
        const struct datom *datoms;
        size_t count;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        total += count;
        if (count == 0)
            break;
    }
    datom_cursor_free(cursor);
    return total;
}

/* ---- threads ---- */

struct worker {
    struct datom_conn *conn;
    size_t number;
    _Atomic bool *stop;
    const char *failure;
};

static void *write_numbers(void *data)
{
    struct worker *worker = data;
    uint64_t last_t = 0;
    for (size_t i = 0; i < TRANSACTIONS && !worker->failure; i++) {
        char text[100];
        snprintf(text, sizeof(text), "[{:n/number %zu :n/value %zu}]", worker->number * 1000 + i,
                 i);
        struct datom_report *report = NULL;
        if (datom_transact_text(worker->conn, bs_str_from(text), NULL, &report, NULL) != BS_OK) {
            worker->failure = "a transaction failed";
            break;
        }
        uint64_t added = count_of(report->db_after, "n/number");
        if (datom_db_basis_t(report->db_after) != report->t || report->t <= last_t)
            worker->failure = "db-after is not at its t";
        else if (added != count_of(report->db_before, "n/number") + 1 ||
                 walk_count(report->db_after, "n/number") != added)
            worker->failure = "db-after has more or less than db-before and one";
        last_t = report->t;
        datom_report_free(report);
        /* read your own write */
        struct datom_db *db = datom_conn_db(worker->conn);
        if (datom_db_basis_t(db) < last_t)
            worker->failure = "the newest value lacks what was acknowledged";
        datom_db_unref(db);
    }
    return NULL;
}

static void *read_numbers(void *data)
{
    struct worker *worker = data;
    uint64_t last = 0;
    while (!atomic_load(worker->stop) && !worker->failure) {
        struct datom_db *db = datom_conn_db(worker->conn);
        uint64_t count = walk_count(db, "n/number");
        if (count < last || count != walk_count(db, "n/value") || count != count_of(db, "n/number"))
            worker->failure = "a value is not of one moment";
        last = count;
        struct datom_conn *fork;
        if (datom_conn_fork(db, NULL, &fork, NULL) != BS_OK ||
            datom_transact_text(fork, BS_STR("[{:n/number -1 :n/value 1}]"), NULL, NULL, NULL) !=
                BS_OK)
            worker->failure = "a fork can't be written";
        struct datom_db *forked = datom_conn_db(fork);
        if (walk_count(forked, "n/number") != count + 1 || walk_count(db, "n/number") != count)
            worker->failure = "a fork is not apart";
        datom_db_unref(forked);
        datom_conn_unref(fork);
        datom_db_unref(db);
    }
    return NULL;
}

static void run_threads(struct datom_conn *conn)
{
    struct worker workers[WRITERS + READERS];
    pthread_t threads[WRITERS + READERS];
    _Atomic bool stop = false;
    fixture_transact(conn, schema_text);
    for (size_t i = 0; i < WRITERS + READERS; i++) {
        workers[i] = (struct worker){.conn = conn, .number = i, .stop = &stop};
        pthread_create(&threads[i], NULL, i < WRITERS ? write_numbers : read_numbers, &workers[i]);
    }
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, true);
    for (size_t i = WRITERS; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < WRITERS + READERS; i++) {
        if (workers[i].failure)
            fail_msg("worker %zu: %s", i, workers[i].failure);
    }
    struct datom_db *db = datom_conn_db(conn);
    struct datom_check_report report;
    assert_int_equal(walk_count(db, "n/number"), WRITERS * TRANSACTIONS);
    assert_int_equal(datom_db_check(db, NULL, NULL, &report, NULL), BS_OK);
    assert_int_equal(report.differences, 0);
    datom_db_unref(db);
}

static void test_conn__writers_readers_and_forks_on_disk(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("threads", NULL);
    run_threads(conn);
    datom_conn_unref(conn);
}

static void test_conn__writers_readers_and_forks_in_memory(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    run_threads(conn);
    datom_conn_unref(conn);
}

/* ---- lives of things ---- */

static void test_conn__values_outlive_their_connection(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("outlive", NULL);
    fixture_transact(conn, schema_text);
    fixture_transact(conn, "[{:n/number 1 :n/value 1}]");
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *past = datom_db_as_of(db, datom_db_basis_t(db));
    datom_conn_unref(conn);
    assert_int_equal(walk_count(db, "n/number"), 1);
    datom_db_unref(db);
    assert_int_equal(walk_count(past, "n/number"), 1);
    datom_db_unref(past);
    /* and then the store is closed: it can be opened for writing again */
    datom_conn_unref(fixture_open("outlive", NULL));
}

static void test_conn__a_failed_transaction_harms_nobody(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("failed", NULL);
    fixture_transact(conn, schema_text);
    fixture_transact(conn, "[{:n/number 1 :n/value 1}]");
    struct datom_db *before = datom_conn_db(conn);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:n/number 2 :n/value 2} [:db/add 1 2]]"),
                                         NULL, NULL, &error),
                     BS_INVALID_ARGUMENT);
    struct datom_db *after = datom_conn_db(conn);
    assert_int_equal(datom_db_basis_t(before), datom_db_basis_t(after));
    assert_int_equal(walk_count(after, "n/number"), 1);
    fixture_transact(conn, "[{:n/number 3 :n/value 3}]");
    datom_db_unref(before);
    datom_db_unref(after);
    datom_conn_unref(conn);
}

static struct datom_pending *begin_ok(struct datom_conn *conn, struct bs_arena *arena,
                                      const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_pending *pending = NULL;
    struct edn tx_data;
    assert_int_equal(edn_read(bs_str_from(text), arena, &tx_data, &error), BS_OK);
    if (datom_transact_begin(conn, tx_data, NULL, &pending, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    return pending;
}

#define PENDING_COUNT 50

/* Begins one after another, ends them backwards: each sees what began before it. */
static void run_pipeline(struct datom_conn *conn, struct bs_arena *arena)
{
    struct datom_pending *pending[PENDING_COUNT];
    fixture_transact(conn, schema_text);
    for (size_t i = 0; i < PENDING_COUNT; i++) {
        struct bs_str text = BS_STR("[{:n/number 0 :n/value 0}]");
        if (i > 0)
            text = bs_arena_printf(
                arena, "[[:db/add [:n/number %zu] :n/value -1] {:n/number %zu :n/value 0}]", i - 1,
                i);
        pending[i] = begin_ok(conn, arena, text.ptr);
        assert_int_equal(count_of(datom_pending_db(pending[i]), "n/number"), i + 1);
    }
    struct bs_error error = BS_ERROR_INIT;
    struct datom_pending *none = NULL;
    struct edn bad;
    assert_int_equal(
        edn_read(BS_STR("[[:db/add [:n/number 77777] :n/value 1]]"), arena, &bad, NULL), BS_OK);
    assert_int_not_equal(datom_transact_begin(conn, bad, NULL, &none, &error), BS_OK);
    assert_null(none);
    for (size_t i = PENDING_COUNT; i-- > 0;) {
        struct datom_report *report = NULL;
        assert_int_equal(datom_pending_end(pending[i], &report, &error), BS_OK);
        assert_int_equal(count_of(report->db_after, "n/number"), i + 1);
        assert_int_equal(walk_count(report->db_after, "n/number"), i + 1);
        assert_int_equal(count_of(report->db_before, "n/number"), i);
        datom_report_free(report);
    }
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(walk_count(db, "n/number"), PENDING_COUNT);
    struct datom_check_report report;
    assert_int_equal(datom_db_check(db, NULL, NULL, &report, NULL), BS_OK);
    assert_int_equal(report.differences, 0);
    datom_db_unref(db);
}

static void test_conn__transactions_may_begin_before_others_have_ended(void **state)
{
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    struct datom_conn *conn = fixture_open("pipeline", NULL);
    run_pipeline(conn, arena);
    datom_conn_unref(conn);
    conn = fixture_open("pipeline", NULL);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(walk_count(db, "n/number"), PENDING_COUNT);
    datom_db_unref(db);
    datom_conn_unref(conn);
    conn = datom_conn_new_memory(NULL);
    run_pipeline(conn, arena);
    datom_conn_unref(conn);
    bs_arena_free(arena);
}

/* Each of these writes 12 MiB: two indexes and the log have the text; a group that has
 * BS_LIMIT_GROUP_BYTES is written before others join. */
/* By a lookup, and by the walks of views. */
static void test_conn__a_value_too_large_for_the_callers_arena_is_an_error(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("capped", NULL);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    fixture_transact(conn, "[{:db/ident :n/text :db/valueType :db.type/string"
                           "  :db/cardinality :db.cardinality/one}]");
    bs_buf_append_cstr(&text, "[{:db/id \"e\" :n/text \"");
    for (int i = 0; i < 1000; i++)
        bs_buf_append_cstr(&text, "0123456789");
    bs_buf_append_cstr(&text, "\"}]");
    datom_id e = fixture_transact_id(conn, bs_buf_cstr(&text), "e");
    struct datom_db *now = datom_conn_db(conn);
    fixture_transact(conn, "[[:db/add 1 :db/doc \"another\"]]");
    struct datom_db *values[] = {now, datom_db_as_of(now, datom_db_basis_t(now)),
                                 datom_db_since(now, 1)};
    for (size_t i = 0; i < BS_ARRAY_COUNT(values); i++) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *small = bs_arena_new(5000);
        BS_CLEANUP(bs_arena_freep) struct bs_arena *large = bs_arena_new(50000);
        const struct datom_attribute *attribute =
            datom_db_attribute_named(values[i], BS_STR("n/text"));
        struct bs_error error = BS_ERROR_INIT;
        struct edn value;
        bool found;
        assert_int_equal(datom_db_get(values[i], e, attribute, small, &value, &found, &error),
                         BS_RESOURCE_EXHAUSTED);
        assert_int_equal(error.reason, BS_REASON_LIMIT);
        assert_int_equal(datom_db_get(values[i], e, attribute, large, &value, &found, &error),
                         BS_OK);
        assert_true(found && value.len == 10000);
        datom_db_unref(values[i]);
    }
    datom_conn_unref(conn);
}

static void look_at_health(void *self)
{
    struct datom_health health;
    datom_conn_health(self, &health);
    assert_int_equal(health.code, BS_OK);
}

static void test_conn__who_waits_for_the_disk_is_told_without_a_lock(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("waits", NULL);
    struct datom_tx_options options = {
        .wait_begin = look_at_health, .wait_end = look_at_health, .wait_self = conn};
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_transact_text(conn, bs_str_from(schema_text), &options, NULL, &error),
                     BS_OK);
    datom_conn_unref(conn);
}

static void test_conn__a_group_that_is_large_enough_is_written_before_it_grows(void **state)
{
    enum { LARGE_COUNT = 6, LARGE_BYTES = 4 * 1024 * 1024 };
    struct bs_arena *arena = bs_arena_new(0);
    (void)state;
    struct datom_conn *conn = fixture_open("large", NULL);
    fixture_transact(conn, schema_text);
    fixture_transact(conn, "[{:db/ident :n/text :db/valueType :db.type/string"
                           "  :db/cardinality :db.cardinality/one}]");
    char *text = bs_arena_alloc(arena, LARGE_BYTES);
    memset(text, 'x', LARGE_BYTES);
    struct datom_pending *pending[LARGE_COUNT];
    struct datom_health health;
    datom_conn_health(conn, &health);
    uint64_t groups = health.groups;
    for (int64_t i = 0; i < LARGE_COUNT; i++) {
        const struct edn pairs[] = {EDN_KEYWORD_LIT("n/number"), edn_long(i),
                                    EDN_KEYWORD_LIT("n/text"),
                                    edn_string(bs_str_make(text, LARGE_BYTES))};
        const struct edn forms[] = {edn_map_of(arena, pairs, 2)};
        assert_int_equal(
            datom_transact_begin(conn, edn_vector_of(arena, forms, 1), NULL, &pending[i], NULL),
            BS_OK);
        datom_conn_health(conn, &health);
        /* nobody waits for one: what is written is written to make room */
        uint64_t expected = (uint64_t)i / 3;
        if (health.groups - groups != expected)
            fail_msg("after %lld of 12 MiB each there are %llu groups", (long long)i + 1,
                     (unsigned long long)(health.groups - groups));
    }
    for (size_t i = 0; i < LARGE_COUNT; i++)
        assert_int_equal(datom_pending_end(pending[i], NULL, NULL), BS_OK);
    datom_conn_health(conn, &health);
    assert_int_equal(health.groups - groups, 2);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(count_of(db, "n/text"), LARGE_COUNT);
    datom_db_unref(db);
    datom_conn_unref(conn);
    bs_arena_free(arena);
}

static void test_conn__idents_and_attributes_survive_reopening(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("reopen", NULL);
    fixture_transact(conn, schema_text);
    fixture_transact(conn, "[{:db/ident :color/red} {:n/number 5 :n/value 1}]");
    fixture_transact(
        conn, "[{:db/id :n/value :db/ident :n/worth} {:db/id :color/red :db/ident :color/rot}]");
    fixture_transact(conn, "[{:db/ident :color/red}]");
    for (int round = 0; round < 2; round++) {
        struct datom_db *db = datom_conn_db(conn);
        const struct datom_attribute *worth = datom_db_attribute_named(db, BS_STR("n/worth"));
        assert_non_null(worth);
        /* the old name of the attribute still finds it; an old name given away does not */
        assert_ptr_equal(worth, datom_db_attribute_named(db, BS_STR("n/value")));
        assert_str_equals(worth->ident, "n/worth");
        assert_int_not_equal(datom_db_entid(db, BS_STR("color/red")),
                             datom_db_entid(db, BS_STR("color/rot")));
        assert_int_equal(walk_count(db, "n/worth"), 1);
        assert_int_equal(count_of(db, "n/worth"), 1);
        datom_db_unref(db);
        datom_conn_unref(conn);
        conn = fixture_open("reopen", NULL);
    }
    datom_conn_unref(conn);
}

struct syncing {
    struct datom_conn *conn;
    uint64_t t;
    enum bs_code (*sync)(struct datom_conn *, uint64_t, const struct bs_interrupt *,
                         struct datom_db **, struct bs_error *);
    uint64_t basis_t; /* of what came back */
    _Atomic bool is_done;
};

static void *sync_in_thread(void *data)
{
    struct syncing *syncing = data;
    struct datom_db *db;
    if (syncing->sync(syncing->conn, syncing->t, NULL, &db, NULL) == BS_OK) {
        syncing->basis_t = datom_db_basis_t(db);
        datom_db_unref(db);
    }
    syncing->is_done = true;
    return NULL;
}

static void test_conn__every_sync_waits_until_t_is_reached(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    fixture_transact(conn, schema_text);
    struct syncing rows[] = {
        {.sync = datom_conn_sync},
        {.sync = datom_conn_sync_index},
        {.sync = datom_conn_sync_schema},
        {.sync = datom_conn_sync_excise},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_interrupt soon = BS_INTERRUPT_INIT;
        struct datom_db *db = datom_conn_db(conn);
        struct bs_error error = BS_ERROR_INIT;
        pthread_t thread;
        rows[i].conn = conn;
        rows[i].t = datom_db_next_t(db);
        datom_db_unref(db);
        soon.deadline = bs_deadline_after_ns(5 * INT64_C(1000000));
        assert_int_equal(rows[i].sync(conn, rows[i].t, &soon, &db, &error), BS_DEADLINE_EXCEEDED);
        assert_int_equal(pthread_create(&thread, NULL, sync_in_thread, &rows[i]), 0);
        assert_false(rows[i].is_done);
        fixture_transact(conn, "[]");
        pthread_join(thread, NULL);
        assert_true(rows[i].basis_t >= rows[i].t);
    }
    datom_conn_unref(conn);
}

static void test_conn__alterations_rewrite_the_indexes(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("alter", NULL);
    fixture_transact(conn, schema_text);
    fixture_transact(conn, "[{:n/number 1 :n/value 10} {:n/number 2 :n/value 20}]");
    fixture_transact(conn, "[{:n/number 1 :n/value 11}]");
    fixture_transact(conn, "[{:db/id :n/value :db/unique :db.unique/value}]");
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_transact_text(conn, BS_STR("[{:n/number 3 :n/value 11}]"), NULL, NULL, &error),
        BS_ALREADY_EXISTS);
    fixture_transact(conn, "[{:db/id :n/value :db/cardinality :db.cardinality/many}]");
    fixture_transact(conn, "[{:n/number 1 :n/value [12 13]}]");
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(walk_count(db, "n/value"), 4);
    datom_db_unref(db);
    fixture_transact(conn, "[[:db/retract :n/value :db/unique :db.unique/value]]");
    fixture_transact(conn, "[{:n/number 2 :n/value 13}]");
    db = datom_conn_db(conn);
    struct datom_check_report report;
    assert_int_equal(datom_db_check(db, NULL, NULL, &report, NULL), BS_OK);
    assert_int_equal(report.differences, 0);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

static void test_conn__a_second_reader_follows_the_writer(void **state)
{
    (void)state;
    struct datom_conn *writer = fixture_open("follow", NULL);
    fixture_transact(writer, schema_text);
    fixture_transact(writer, "[{:n/number 1 :n/value 1}]");
    struct datom_options options = {.read_only = true};
    struct datom_conn *reader = fixture_open("follow", &options);
    struct datom_db *db = datom_conn_db(reader);
    assert_int_equal(walk_count(db, "n/number"), 1);
    datom_db_unref(db);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_transact_text(reader, BS_STR("[]"), NULL, NULL, &error),
                     BS_FAILED_PRECONDITION);
    assert_int_equal(error.reason, BS_REASON_DB_READ_ONLY);

    fixture_transact(writer, "[{:db/ident :n/new :db/valueType :db.type/long"
                             "  :db/cardinality :db.cardinality/one}]");
    fixture_transact(writer, "[{:n/number 2 :n/new 1}]");
    struct datom_db *newest = datom_conn_db(writer);
    uint64_t t = datom_db_basis_t(newest);
    datom_db_unref(newest);
    assert_int_equal(datom_conn_sync(reader, t, NULL, &db, &error), BS_OK);
    assert_int_equal(walk_count(db, "n/new"), 1);
    datom_db_unref(db);

    struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(30000000)};
    assert_int_equal(datom_conn_sync(reader, t + 1000, &soon, &db, &error), BS_DEADLINE_EXCEEDED);
    datom_conn_unref(reader);
    datom_conn_unref(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conn__writers_readers_and_forks_on_disk),
        cmocka_unit_test(test_conn__writers_readers_and_forks_in_memory),
        cmocka_unit_test(test_conn__values_outlive_their_connection),
        cmocka_unit_test(test_conn__a_failed_transaction_harms_nobody),
        cmocka_unit_test(test_conn__transactions_may_begin_before_others_have_ended),
        cmocka_unit_test(test_conn__a_value_too_large_for_the_callers_arena_is_an_error),
        cmocka_unit_test(test_conn__who_waits_for_the_disk_is_told_without_a_lock),
        cmocka_unit_test(test_conn__a_group_that_is_large_enough_is_written_before_it_grows),
        cmocka_unit_test(test_conn__idents_and_attributes_survive_reopening),
        cmocka_unit_test(test_conn__every_sync_waits_until_t_is_reached),
        cmocka_unit_test(test_conn__alterations_rewrite_the_indexes),
        cmocka_unit_test(test_conn__a_second_reader_follows_the_writer),
    };
    return cmocka_run_group_tests_name("datom/conn", tests, fixture_setup, fixture_teardown);
}
