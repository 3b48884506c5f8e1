/*
 * What composite tuples have copied of what is erased: that it goes, with what work, and what stays
 * beside it.
 */

#include "support.h"

#include "datom/fixture.h"

static const char *const schema =
    "[{:db/ident :m/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :m/x :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :m/y :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :m/z :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :m/x+y :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:m/x :m/y]}"
    " {:db/ident :m/y+z :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/noHistory true :db/tupleAttrs [:m/y :m/z]}]";

static struct datom_conn *open_memory(void)
{
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    fixture_transact(conn, schema);
    fixture_transact(conn,
                     "[{:m/id \"a\" :m/x 0 :m/y 0 :m/z 0} {:m/id \"b\" :m/x 0 :m/y 0 :m/z 0}]");
    return conn;
}

/* ---- looking ---- */

static bool is_of(struct datom_db *db, const struct datom *datom, const char *ident, datom_id e)
{
    return datom->a == datom_db_attribute_named(db, bs_str_from(ident))->id && datom->e == e;
}

static datom_id holder_of(struct datom_db *db, const char *name)
{
    datom_id e;
    const struct datom_attribute *id = datom_db_attribute_named(db, BS_STR("m/id"));
    assert_int_equal(datom_db_lookup(db, id, edn_string(bs_str_from(name)), &e, NULL), BS_OK);
    return e;
}

static size_t count_past(struct datom_db *db, const char *ident, datom_id e)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *past = datom_db_history(db);
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = e};
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t total = 0, count = 1;
    assert_int_equal(datom_cursor_open(past, &range, &cursor, NULL), BS_OK);
    while (count > 0) {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++)
            total += is_of(db, &datoms[i], ident, e);
    }
    datom_cursor_free(cursor);
    return total;
}

static size_t count_said(struct datom_db *db, const char *ident, datom_id e)
{
    struct datom_log_reader *reader;
    size_t total = 0;
    bool found = true;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    while (found) {
        struct datom_log_entry entry;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        for (size_t i = 0; found && i < entry.count; i++)
            total += is_of(db, &entry.datoms[i], ident, e);
    }
    datom_log_close(reader);
    return total;
}

/* Assertions and retractions of an entity's attribute: in history, and in the log. */
static void expect(struct datom_conn *conn, datom_id e, const char *ident, size_t past, size_t said)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    if (count_past(db, ident, e) != past || count_said(db, ident, e) != said)
        fail_msg("%s: %zu in history, %zu in the log: expected %zu and %zu", ident,
                 count_past(db, ident, e), count_said(db, ident, e), past, said);
}

static datom_id entity(struct datom_conn *conn, const char *name)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    return holder_of(db, name);
}

/* Bytes that the report of a transaction has taken. */
static size_t transact_for_bytes(struct datom_conn *conn, const char *text)
{
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    assert_int_equal(datom_transact_text(conn, bs_str_from(text), NULL, &report, NULL), BS_OK);
    return bs_arena_used_bytes(report->arena);
}

/* ---- the tests ---- */

#define CHANGES 3000

/* The report has what is erased: a copy a life of the composite, not one for each member's life. */
static void test_an_excision_of_a_member_that_changed_often_is_linear(void **state)
{
    (void)state;
    static const struct {
        const char *excise;
        size_t left_of_y; /* in history */
    } rows[] = {
        {"[{:db/excise [:m/id \"a\"]}]", 0},
        {"[{:db/excise [:m/id \"a\"] :db.excise/attrs :m/x}]", 1},
        {"[{:db/excise :m/x}]", 1},
    };
    struct datom_conn *conn = open_memory();
    char text[80];
    for (int i = 1; i <= CHANGES; i++) {
        snprintf(text, sizeof(text), "[{:m/id \"a\" :m/x %d}]", i);
        fixture_transact(conn, text);
    }
    datom_id a = entity(conn, "a");
    expect(conn, a, "m/x+y", 2 * CHANGES + 1, 2 * CHANGES + 1);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct datom_conn *fork;
        assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
        size_t bytes = transact_for_bytes(fork, rows[i].excise);
        if (bytes > (size_t)CHANGES * 8192)
            fail_msg("%s takes %zu bytes", rows[i].excise, bytes);
        expect(fork, a, "m/x", 0, 0);
        expect(fork, a, "m/x+y", 0, 0);
        expect(fork, a, "m/y", rows[i].left_of_y, rows[i].left_of_y);
        expect(fork, entity(fork, "b"), "m/y", 1, 1);
        fixture_check(fork);
        datom_conn_unref(fork);
    }
    datom_conn_unref(conn);
}

/* Only the lives of a composite that began while the value was there have it. */
static void test_what_a_composite_has_of_other_values_stays(void **state)
{
    (void)state;
    struct datom_conn *conn = open_memory();
    char text[120];
    datom_id a = entity(conn, "a");
    fixture_transact(conn, "[{:m/id \"a\" :m/x 1}]");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *then = datom_conn_db(conn);
    fixture_transact(conn, "[{:m/id \"a\" :m/y 1}]");
    fixture_transact(conn, "[{:m/id \"a\" :m/x 0}]");
    expect(conn, a, "m/x+y", 7, 7);
    snprintf(text, sizeof(text),
             "[{:db/excise [:m/id \"a\"] :db.excise/attrs :m/y :db.excise/beforeT %llu}]",
             (unsigned long long)datom_db_next_t(then));
    /* [0 0] and [1 0] as what is named, the composite's; [1 1] and [0 1] have nothing of it */
    fixture_transact(conn, text);
    expect(conn, a, "m/y", 1, 1);
    expect(conn, a, "m/x", 5, 5);
    expect(conn, a, "m/x+y", 3, 3);
    expect(conn, entity(conn, "b"), "m/x+y", 1, 1);
    fixture_check(conn);
    datom_conn_unref(conn);
}

/* Of a member that forgets only the log has what was; of others' composites everything stays. */
static void test_copies_that_only_the_log_has_go_with_values_that_only_it_has(void **state)
{
    (void)state;
    struct datom_conn *conn = open_memory();
    char text[120];
    datom_id a = entity(conn, "a"), b = entity(conn, "b");
    fixture_transact(conn, "[{:m/id \"a\" :m/z 1} {:m/id \"b\" :m/z 1}]");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *then = datom_conn_db(conn);
    fixture_transact(conn, "[{:m/id \"a\" :m/y 1} {:m/id \"b\" :m/y 1}]");
    fixture_transact(conn, "[{:m/id \"a\" :m/z 2} {:m/id \"b\" :m/z 2}]");
    expect(conn, a, "m/y+z", 1, 7);
    expect(conn, a, "m/z", 1, 5);
    snprintf(text, sizeof(text),
             "[{:db/excise [:m/id \"a\"] :db.excise/attrs :m/z :db.excise/beforeT %llu}]",
             (unsigned long long)datom_db_next_t(then));
    /* 0 and 1 go, with [0 0], [0 1] and, said later than the time given, [1 1] */
    fixture_transact(conn, text);
    expect(conn, a, "m/z", 1, 1);
    expect(conn, a, "m/y", 3, 3);
    expect(conn, a, "m/y+z", 1, 1);
    expect(conn, b, "m/z", 1, 5);
    expect(conn, b, "m/y+z", 1, 7);
    fixture_check(conn);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_excision_of_a_member_that_changed_often_is_linear),
        cmocka_unit_test(test_what_a_composite_has_of_other_values_stays),
        cmocka_unit_test(test_copies_that_only_the_log_has_go_with_values_that_only_it_has),
    };
    return cmocka_run_group_tests_name("datom/excise_copies", tests, fixture_setup,
                                       fixture_teardown);
}
