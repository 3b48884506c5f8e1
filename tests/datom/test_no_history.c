/*
 * Attributes with :db/noHistory: superseded values are gone from the indexes as soon as the
 * transaction is done, on disk, in memory and in forks; the log keeps what was said (the
 * reference's row 15).
 */

#include "support.h"

#include <unistd.h>

#include "datom/datom.h"
#include "datom/fixture.h"

/* Datoms of :c/count or another attribute, as a view shows them. */
static size_t count_of(struct datom_db *db, const char *ident)
{
    struct datom_cursor *cursor;
    struct datom_range range = {.index = DATOM_AEVT,
                                .has_a = true,
                                .a = datom_db_attribute_named(db, bs_str_from(ident))->id};
    size_t total = 0;
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

static size_t count_said(struct datom_db *db, const char *ident)
{
    datom_id a = datom_db_attribute_named(db, bs_str_from(ident))->id;
    struct datom_log_reader *reader;
    size_t count = 0;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        if (!found)
            break;
        for (size_t i = 0; i < entry.count; i++)
            count += entry.datoms[i].a == a;
    }
    datom_log_close(reader);
    return count;
}

static void expect(struct datom_conn *conn, const char *ident, size_t now, size_t history,
                   size_t said)
{
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *past = datom_db_history(db);
    assert_int_equal(count_of(db, ident), now);
    assert_int_equal(count_of(past, ident), history);
    assert_int_equal(count_said(db, ident), said);
    fixture_check(conn);
    datom_db_unref(past);
    datom_db_unref(db);
}

static void run(struct datom_conn *conn)
{
    fixture_transact(conn,
                     "[{:db/ident :c/name :db/valueType :db.type/string"
                     "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                     " {:db/ident :c/count :db/valueType :db.type/long"
                     "  :db/cardinality :db.cardinality/one :db/noHistory true :db/index true}"
                     " {:db/ident :c/marks :db/valueType :db.type/keyword"
                     "  :db/cardinality :db.cardinality/many :db/noHistory true}"
                     /* never has a value, which counts must bear */
                     " {:db/ident :c/never :db/valueType :db.type/keyword"
                     "  :db/cardinality :db.cardinality/many :db/noHistory true}]");
    fixture_transact(conn, "[{:c/name \"a\" :c/count 1 :c/marks [:x :y]}]");
    struct datom_db *first = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(first);
    datom_db_unref(first);
    fixture_transact(conn, "[{:c/name \"a\" :c/count 2}]");
    fixture_transact(conn,
                     "[{:c/name \"a\" :c/count 3} [:db/retract [:c/name \"a\"] :c/marks :x]]");
    expect(conn, "c/count", 1, 1, 5);
    expect(conn, "c/marks", 1, 1, 3);

    /* the past has what is still so, and nothing of what gave way */
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *past = datom_db_as_of(db, t);
    assert_int_equal(count_of(past, "c/count"), 0);
    assert_int_equal(count_of(past, "c/marks"), 1);
    assert_int_equal(count_of(past, "c/name"), 1);
    struct datom_conn *branch;
    assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
    fixture_transact(branch, "[{:c/name \"a\" :c/count 10}]");
    fixture_transact(branch, "[{:c/name \"a\" :c/count 11}]");
    struct datom_db *branched = datom_conn_db(branch);
    assert_int_equal(count_of(branched, "c/count"), 1);
    datom_db_unref(branched);
    datom_conn_unref(branch);
    datom_db_unref(past);
    datom_db_unref(db);

    /* without it, what gives way from then on stays */
    fixture_transact(conn, "[[:db/add :c/count :db/noHistory false]]");
    fixture_transact(conn, "[{:c/name \"a\" :c/count 4}]");
    expect(conn, "c/count", 1, 3, 7);
}

static void test_superseded_values_are_gone_at_once_and_the_log_keeps_them(void **state)
{
    (void)state;
    struct datom_conn *fork;
    struct datom_conn *store = fixture_open("store", NULL);
    struct datom_conn *memory = datom_conn_new_memory(NULL);
    struct datom_db *empty = datom_conn_db(store);
    assert_int_equal(datom_conn_fork(empty, NULL, &fork, NULL), BS_OK);
    datom_db_unref(empty);
    struct datom_conn *conns[] = {store, memory, fork};
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        run(conns[i]);
        datom_conn_unref(conns[i]);
    }
}

/* Its log still says the values that the base has given up since. */
static void test_a_branch_says_again_what_its_base_has_forgotten(void **state)
{
    (void)state;
    struct datom_conn *conns[] = {fixture_open("forgotten", NULL), datom_conn_new_memory(NULL)};
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        fixture_transact(conns[i],
                         "[{:db/ident :c/name :db/valueType :db.type/string"
                         "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                         " {:db/ident :c/count :db/valueType :db.type/long"
                         "  :db/cardinality :db.cardinality/one}"
                         " {:db/ident :c/marks :db/valueType :db.type/keyword"
                         "  :db/cardinality :db.cardinality/many}]");
        fixture_transact(conns[i], "[{:c/name \"a\" :c/count 1 :c/marks :x}]");
        BS_CLEANUP(datom_db_unrefp) struct datom_db *first = datom_conn_db(conns[i]);
        fixture_transact(conns[i], "[{:db/id :c/count :db/noHistory true}"
                                   " {:db/id :c/marks :db/noHistory true}]");
        fixture_transact(conns[i],
                         "[{:c/name \"a\" :c/count 2} [:db/retract [:c/name \"a\"] :c/marks]]");
        fixture_transact(conns[i], "[{:db/id :c/count :db/noHistory false}"
                                   " {:db/id :c/marks :db/noHistory false}]");
        BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conns[i]);
        BS_CLEANUP(datom_db_unrefp)
        struct datom_db *past = datom_db_as_of(db, datom_db_basis_t(first));
        BS_CLEANUP(datom_conn_unrefp) struct datom_conn *branch = NULL;
        assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
        expect(branch, "c/count", 0, 0, 1);
        expect(branch, "c/marks", 0, 0, 1);
        fixture_transact(branch, "[{:c/name \"a\" :c/count 3 :c/marks :x}]");
        expect(branch, "c/count", 1, 1, 2);
        expect(branch, "c/marks", 1, 1, 2);
        fixture_transact(branch, "[{:c/name \"a\" :c/count 1}]");
        expect(branch, "c/count", 1, 3, 4);
        /* and nothing of it is left when it is to be erased there */
        BS_CLEANUP(datom_conn_unrefp) struct datom_conn *other = NULL;
        assert_int_equal(datom_conn_fork(past, NULL, &other, NULL), BS_OK);
        fixture_transact(other, "[{:db/excise [:c/name \"a\"]}]");
        expect(other, "c/count", 0, 0, 0);
        expect(other, "c/marks", 0, 0, 0);
        datom_conn_unref(conns[i]);
    }
}

/* Superseded values of a composite are in the log alone, and have copies of its members. */
static void test_nothing_of_a_member_is_left_in_composites_that_forget(void **state)
{
    (void)state;
    struct datom_conn *conns[] = {fixture_open("copies", NULL), datom_conn_new_memory(NULL)};
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        fixture_transact(conns[i],
                         "[{:db/ident :c/name :db/valueType :db.type/string"
                         "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                         " {:db/ident :c/a :db/valueType :db.type/long"
                         "  :db/cardinality :db.cardinality/one}"
                         " {:db/ident :c/b :db/valueType :db.type/long"
                         "  :db/cardinality :db.cardinality/one}"
                         " {:db/ident :c/a+b :db/valueType :db.type/tuple :db/noHistory true"
                         "  :db/cardinality :db.cardinality/one :db/tupleAttrs [:c/a :c/b]}]");
        fixture_transact(conns[i], "[{:c/name \"x\" :c/b 1}]");
        BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conns[i]);
        char excise[120];
        snprintf(excise, sizeof(excise),
                 "[{:db/excise [:c/name \"x\"] :db.excise/attrs :c/b :db.excise/beforeT %llu}]",
                 (unsigned long long)datom_db_next_t(db));
        fixture_transact(conns[i], "[{:c/name \"x\" :c/a 1}]");
        fixture_transact(conns[i], "[{:c/name \"x\" :c/a 2}]");
        expect(conns[i], "c/a+b", 1, 1, 5);
        /* what was said before the second transaction's end: the value of :c/b, and its copies */
        fixture_transact(conns[i], excise);
        expect(conns[i], "c/b", 0, 0, 0);
        expect(conns[i], "c/a+b", 0, 0, 0);
        datom_conn_unref(conns[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_superseded_values_are_gone_at_once_and_the_log_keeps_them),
        cmocka_unit_test(test_a_branch_says_again_what_its_base_has_forgotten),
        cmocka_unit_test(test_nothing_of_a_member_is_left_in_composites_that_forget),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
