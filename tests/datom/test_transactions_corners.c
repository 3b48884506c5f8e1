/*
 * Rows 46 to 50 of the reference's table of transactions (reports, with, atomicity, many writers),
 * and its twenty corner cases (1.8) that a store shows: scripts of steps on a fork of the people.
 * The cases about tuples (11, 12) are in test_tuples.c, 13 and 15 across reopening in
 * test_schema.c, those about queries (1 of pulls, 16 to 19) in tests/query/test_corners.c. Scripts
 * of the shell, tests/blackbox/shell/rows_*.edn, walk the tables 1.1, 1.2 and 1.6 row by row.
 */

#include "support.h"

#include <pthread.h>

#include "datom/people.h"
#include "datom/rows.h"

/* ---- rows: one transaction each ---- */

static const struct row rows[] = {
    {"case 1: false is retracted", NULL, "[[:db/retract " ANN " :p/ok false]]", "-1003:p/ok:false",
     0, NULL},
    {"case 1: true is not false", NULL, "[[:db/retract " ANN " :p/ok true]]", "", 0, NULL},
    {"case 1: cas from false to false", NULL, "[[:db/cas " ANN " :p/ok false false]]", "", 0, NULL},
    {"case 1: false among many", NULL, "[{:db/id " ANN " :p/flags [true false]}]",
     "+1003:p/flags:true +1003:p/flags:false", 0, NULL},
    {"case 1: false among many goes alone", "[{:db/id " ANN " :p/flags [true false]}]",
     "[[:db/retract " ANN " :p/flags false]]", "-1003:p/flags:false", 0, NULL},
    {"case 2: a lookup ref to an entity of the same transaction", NULL,
     "[{:p/email \"new@x\"} [:db/add [:p/email \"new@x\"] :p/age 1]]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "form 1"},
    {"case 3: two tempids with one new identity", NULL,
     "[[:db/add \"a\" :p/email \"1\"] [:db/add \"b\" :p/email \"1\"]]", "+new1:p/email:\"1\"", 0,
     NULL},
    {"case 4: an identity goes from one to another", NULL,
     "[[:db/retract " ANN " :p/email \"ann@x\"] [:db/add " BOB " :p/email \"ann@x\"]]",
     "-1003:p/email:\"ann@x\" -1004:p/email:\"bob@x\" +1004:p/email:\"ann@x\"", 0, NULL},
    {"case 4: two change their identities", NULL,
     "[[:db/add " ANN " :p/email \"bob@x\"] [:db/add " BOB " :p/email \"ann@x\"]]",
     "-1003:p/email:\"ann@x\" +1003:p/email:\"bob@x\" -1004:p/email:\"bob@x\" "
     "+1004:p/email:\"ann@x\"",
     0, NULL},
    {"case 4: a retracted entity's identity", NULL,
     "[[:db/retractEntity " ANN "] [:db/add " BOB " :p/login \"ann\"]]",
     "-1003:p/email:\"ann@x\" -1003:p/login:\"ann\" -1003:p/name:\"Ann\" -1003:p/age:30 "
     "-1003:p/ok:false -1003:p/tags::a -1003:p/tags::b -1004:p/friends:1003 +1004:p/login:\"ann\"",
     0, NULL},
    {"case 5: add, then retract", NULL,
     "[[:db/add " ANN " :p/tags :a] [:db/retract " ANN " :p/tags :a]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"case 5: retract, then add", NULL,
     "[[:db/retract " ANN " :p/tags :a] [:db/add " ANN " :p/tags :a]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"case 6: retractEntity twice", NULL,
     "[[:db/retractEntity " LEG "] [:db/retractEntity " LEG "]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005", 0, NULL},
    {"case 6: an entity that is its own component", "[[:db/add " LEG " :p/parts " LEG "]]",
     "[[:db/retractEntity " LEG "]]", "-1005:p/name:\"leg\" -1005:p/parts:1005 -1004:p/parts:1005",
     0, NULL},
    {"case 6: components in a circle",
     "[[:db/add " LEG " :p/parts \"toe\"] [:db/add \"toe\" :p/parts " BOB "]]",
     "[[:db/retractEntity " LEG "] [:db/retractEntity " BOB "]]",
     "-1005:p/name:\"leg\" -1005:p/parts:1007 -1004:p/parts:1005 -1007:p/parts:1004 "
     "-1004:p/email:\"bob@x\" -1004:p/name:\"Bob\" -1004:p/friends:1003",
     0, NULL},
    {"case 9: a value of many that is there already", NULL, "[[:db/add " ANN " :p/tags :a]]", "", 0,
     NULL},
    {"case 14: many to one with two values", NULL,
     "[{:db/id :p/tags :db/cardinality :db.cardinality/one}]", NULL,
     BS_REASON_DB_CARDINALITY_VIOLATION, ":p/tags"},
    {"case 14: many to one once they are gone", "[[:db/retract " ANN " :p/tags :a]]",
     "[{:db/id :p/tags :db/cardinality :db.cardinality/one}]",
     "-79:db/cardinality:36 +79:db/cardinality:35", 0, NULL},
};

/* ---- what comes of several ---- */

static struct datom_report *run(struct datom_conn *conn, const char *tx)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report = NULL;
    if (datom_transact_text(conn, bs_str_from(tx), NULL, &report, &error) != BS_OK)
        fail_msg("%s: %s", tx, error.message);
    return report;
}

static uint64_t run_t(struct datom_conn *conn, const char *tx)
{
    struct datom_report *report = run(conn, tx);
    uint64_t t = report->t;
    datom_report_free(report);
    return t;
}

static datom_id ann_of(struct datom_db *db)
{
    datom_id id = DATOM_NO_ID;
    assert_int_equal(datom_db_lookup(db, datom_db_attribute_named(db, BS_STR("p/login")),
                                     EDN_STRING_LIT("ann"), &id, NULL),
                     BS_OK);
    return id;
}

/* How many datoms a value shows of an entity's attribute. */
static size_t count_of(struct datom_db *db, datom_id e, const char *attribute)
{
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {
        .index = DATOM_EAVT,
        .has_e = true,
        .e = e,
        .has_a = true,
        .a = datom_db_attribute_named(db, bs_str_from(attribute))->id,
    };
    size_t sum = 0, count;
    const struct datom *datoms;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    do {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        sum += count;
    } while (count > 0);
    datom_cursor_free(cursor);
    return sum;
}

static void test_case_7__a_value_that_comes_and_goes_has_three_datoms(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_db *before = datom_conn_db(conn);
    datom_id ann = ann_of(before);
    uint64_t gone = run_t(conn, "[[:db/retract " ANN " :p/age 30]]");
    run_t(conn, "[]");
    run_t(conn, "[[:db/add " ANN " :p/age 30]]");
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *history = datom_db_history(db);
    struct datom_db *between = datom_db_as_of(db, gone);
    assert_int_equal(count_of(history, ann, "p/age"), 3);
    assert_int_equal(count_of(between, ann, "p/age"), 0);
    assert_int_equal(count_of(before, ann, "p/age"), 1);
    assert_int_equal(count_of(db, ann, "p/age"), 1);
    datom_db_unref(between);
    datom_db_unref(history);
    datom_db_unref(db);
    datom_db_unref(before);
    datom_conn_unref(conn);
}

static void test_case_8__a_value_said_again_keeps_its_transaction(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_report *report = run(conn, "[[:db/add " ANN " :p/age 30]]");
    assert_int_equal(report->datoms_count, 1);
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {
        .index = DATOM_EAVT,
        .has_e = true,
        .e = ann_of(report->db_after),
        .has_a = true,
        .a = datom_db_attribute_named(report->db_after, BS_STR("p/age"))->id};
    const struct datom *datoms;
    size_t count;
    assert_int_equal(datom_cursor_open(report->db_after, &range, &cursor, NULL), BS_OK);
    assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(datom_tx_to_t(datoms[0].tx), 1002);
    datom_cursor_free(cursor);
    datom_report_free(report);
    datom_conn_unref(conn);
}

static void test_case_10__an_empty_transaction_stands_in_the_log(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_report *report = run(conn, "[]");
    assert_int_equal(report->datoms_count, 1);
    struct datom_log_reader *reader = NULL;
    struct datom_log_entry entry;
    bool found;
    assert_int_equal(datom_log_open(report->db_after, report->t, report->t + 1, &reader, NULL),
                     BS_OK);
    assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
    assert_true(found);
    assert_int_equal(entry.t, report->t);
    assert_int_equal(entry.count, 1);
    assert_int_equal(entry.datoms[0].v.type, EDN_INSTANT);
    datom_log_close(reader);
    datom_report_free(report);
    datom_conn_unref(conn);
}

static void test_case_13__a_renamed_ident_keeps_its_old_name(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_db *before = datom_conn_db(conn);
    run_t(conn, "[{:db/id :p/name :db/ident :p/called}]");
    run_t(conn, "[[:db/add " ANN " :p/name \"A\"] [:db/add " BOB " :p/called \"B\"]]");
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *past = datom_db_as_of(db, datom_db_basis_t(before));
    datom_id name = datom_db_entid(before, BS_STR("p/name"));
    assert_int_equal(datom_db_entid(db, BS_STR("p/name")), name);
    assert_int_equal(datom_db_entid(db, BS_STR("p/called")), name);
    assert_str_equals(datom_db_ident(db, name), "p/called");
    assert_str_equals(datom_db_ident(past, name), "p/called");
    assert_str_equals(datom_db_ident(before, name), "p/name");
    datom_db_unref(past);
    datom_db_unref(db);
    datom_db_unref(before);
    datom_conn_unref(conn);
}

static void test_case_15__an_index_that_comes_back_has_no_old_values(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct bs_error error = BS_ERROR_INIT;
    run_t(conn, "[{:db/id :p/age :db/index false}]");
    struct datom_db *without = datom_conn_db(conn);
    struct datom_range range = {
        .index = DATOM_AVET, .has_a = true, .a = datom_db_entid(without, BS_STR("p/age"))};
    struct datom_cursor *cursor = NULL;
    assert_int_equal(datom_cursor_open(without, &range, &cursor, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED);
    run_t(conn, "[[:db/retract " ANN " :p/age 30] [:db/add " BOB " :p/age 50]]");
    run_t(conn, "[{:db/id :p/age :db/index true}]");
    struct datom_db *db = datom_conn_db(conn);
    const struct datom *datoms;
    size_t count;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, &error), BS_OK);
    assert_int_equal(datom_cursor_next(cursor, &datoms, &count, &error), BS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(datoms[0].v.as.integer, 50);
    datom_cursor_free(cursor);
    struct datom_check_report check;
    assert_int_equal(datom_db_check(db, NULL, NULL, &check, &error), BS_OK);
    assert_int_equal(check.differences, 0);
    datom_db_unref(db);
    datom_db_unref(without);
    datom_conn_unref(conn);
}

static int64_t fixed_now_ms(void *self)
{
    return *(int64_t *)self;
}

/* ts 1000, 1001, 1002 at 100, 200 and again 200 ms. */
static void test_case_20__dates_between_and_equal_to_instants(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        uint64_t as_of;      /* the last at or before, or a t up to the next one */
        uint64_t range_from; /* the first at or after; 0: none */
    } dates[] = {
        {99, 999, 1000}, {100, 1000, 1000}, {101, 1000, 1001}, {200, 1002, 1001}, {201, 1002, 0},
    };
    int64_t now_ms = 100;
    const struct datom_options options = {.clock = {.now_ms = fixed_now_ms, .self = &now_ms}};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    assert_int_equal(run_t(conn, "[]"), 1000);
    now_ms = 200;
    assert_int_equal(run_t(conn, "[]"), 1001);
    assert_int_equal(run_t(conn, "[]"), 1002);
    struct datom_db *db = datom_conn_db(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(dates); i++) {
        char name[32];
        uint64_t t = 0;
        snprintf(name, sizeof(name), "%lld ms", (long long)dates[i].ms);
        assert_int_equal(datom_db_resolve_t(db, edn_instant(dates[i].ms), &t, NULL), BS_OK);
        test_row(name, t == dates[i].as_of, "as-of is %llu", (unsigned long long)t);
        assert_int_equal(datom_log_resolve_bound(db, edn_instant(dates[i].ms), &t, NULL), BS_OK);
        test_row(name, t == (dates[i].range_from ? dates[i].range_from : UINT64_MAX),
                 "the range begins at %llu", (unsigned long long)t);
    }
    test_rows_end();
    datom_db_unref(db);
    datom_conn_unref(conn);
}

/* ---- rows 46 to 50 ---- */

static void test_row_46__a_report_has_both_values_the_datoms_and_the_tempids(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_report *report =
        run(conn, "[{:db/id \"x\" :p/age 1 :p/parts {:p/name \"arm\"}} {:p/name \"Y\"}"
                  " {:db/id \"ann\" :p/email \"ann@x\" :p/age 31} [:db/add -5 :p/age 5]"
                  " [:db/add \"datomic.tx\" :db/doc \"d\"]]");
    assert_int_equal(datom_db_basis_t(report->db_before), 1002);
    assert_int_equal(datom_db_basis_t(report->db_after), report->t);
    assert_int_equal(report->datoms[0].e, datom_t_to_tx(report->t));
    assert_int_equal(report->datoms[0].v.type, EDN_INSTANT);
    /* a map without :db/id is nobody's tempid; an upsert's is the old entity */
    assert_int_equal(report->tempids_count, 3);
    assert_int_equal(datom_report_tempid(report, BS_STR("ann")), ann_of(report->db_before));
    assert_int_equal(datom_id_counter(datom_report_tempid(report, BS_STR("x"))), report->t + 1);
    assert_true(datom_report_tempid(report, BS_STR("-5")) != DATOM_NO_ID);
    assert_int_equal(datom_report_tempid(report, BS_STR("y")), DATOM_NO_ID);
    assert_int_equal(count_of(report->db_before, ann_of(report->db_before), "p/age"), 1);
    datom_report_free(report);
    datom_conn_unref(conn);
}

static void test_row_47__with_is_pure_and_chains(void **state)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = rows_fork(*state);
    struct bs_error error = BS_ERROR_INIT;
    struct edn schema, data;
    assert_int_equal(
        edn_read(BS_STR("[{:db/ident :q/new :db/valueType :db.type/long :db/cardinality "
                        ":db.cardinality/one}]"),
                 arena, &schema, &error),
        BS_OK);
    assert_int_equal(edn_read(BS_STR("[{:db/id \"x\" :q/new 1}]"), arena, &data, &error), BS_OK);
    struct datom_db *db = datom_conn_db(conn);
    struct datom_report *first = NULL, *second = NULL, *again = NULL;
    assert_int_equal(datom_with(db, data, NULL, &first, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(datom_with(db, schema, NULL, &first, &error), BS_OK);
    assert_int_equal(datom_with(first->db_after, data, NULL, &second, &error), BS_OK);
    assert_int_equal(datom_with(first->db_after, data, NULL, &again, &error), BS_OK);
    datom_id x = datom_report_tempid(second, BS_STR("x"));
    assert_int_equal(datom_report_tempid(again, BS_STR("x")), x);
    assert_int_equal(count_of(second->db_after, x, "q/new"), 1);
    /* the connection knows nothing of it, and its ids are all there still */
    assert_null(datom_db_attribute_named(db, BS_STR("q/new")));
    assert_int_equal(run_t(conn, "[]"), first->t);
    datom_report_free(first);
    datom_report_free(second);
    datom_report_free(again);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

static void test_row_48__a_failed_transaction_leaves_nothing(void **state)
{
    struct datom_conn *conn = rows_fork(*state);
    struct datom_db *before = datom_conn_db(conn);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(datom_transact_text(
                         conn, BS_STR("[{:db/id \"x\" :p/age 1} [:db/cas " ANN " :p/age 29 31]]"),
                         NULL, NULL, &error),
                     BS_ABORTED);
    struct datom_db *after = datom_conn_db(conn);
    assert_int_equal(datom_db_basis_t(after), datom_db_basis_t(before));
    assert_int_equal(datom_db_next_t(after), datom_db_next_t(before));
    datom_db_unref(after);
    datom_db_unref(before);
    datom_conn_unref(conn);
}

struct writer {
    struct datom_conn *conn;
    int number;
    int failures;
};

/* 20 transactions of 100 datoms, each datom an entity with an identity of its own. */
static void *write_all(void *self)
{
    struct writer *writer = self;
    for (int i = 0; i < 20; i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        bs_buf_append_byte(&text, '[');
        for (int j = 0; j < 100; j++)
            bs_buf_printf(&text, "{:p/email \"%d-%d-%d\"}", writer->number, i, j);
        bs_buf_append_byte(&text, ']');
        if (datom_transact_text(writer->conn, bs_buf_str(&text), NULL, NULL, NULL) != BS_OK)
            writer->failures++;
    }
    return NULL;
}

static void test_row_50__many_writers_at_once_are_all_served(void **state)
{
    enum { WRITERS = 8 };
    struct datom_conn *conn = rows_fork(*state);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.conn = conn, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_all, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(writers[i].failures, 0);
    }
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_db_attribute_count(db, datom_db_entid(db, BS_STR("p/email"))),
                     2 + WRITERS * 20 * 100);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

static void test_cases__of_one_transaction(void **state)
{
    rows_run(*state, rows, BS_ARRAY_COUNT(rows));
}

static int setup(void **state)
{
    *state = people_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases__of_one_transaction),
        cmocka_unit_test(test_case_7__a_value_that_comes_and_goes_has_three_datoms),
        cmocka_unit_test(test_case_8__a_value_said_again_keeps_its_transaction),
        cmocka_unit_test(test_case_10__an_empty_transaction_stands_in_the_log),
        cmocka_unit_test(test_case_13__a_renamed_ident_keeps_its_old_name),
        cmocka_unit_test(test_case_15__an_index_that_comes_back_has_no_old_values),
        cmocka_unit_test(test_case_20__dates_between_and_equal_to_instants),
        cmocka_unit_test(test_row_46__a_report_has_both_values_the_datoms_and_the_tempids),
        cmocka_unit_test(test_row_47__with_is_pure_and_chains),
        cmocka_unit_test(test_row_48__a_failed_transaction_leaves_nothing),
        cmocka_unit_test(test_row_50__many_writers_at_once_are_all_served),
    };
    return cmocka_run_group_tests_name("datom/transactions_corners", tests, setup, teardown);
}
