/*
 * Values that are held while the store goes on: taken back under their holders they answer as
 * before, through every index, through cursors that stood in the middle and after alterations; and
 * what they pinned is free.
 */

#include "support.h"

#include <unistd.h>

#include "datom/conn.h"
#include "datom/fixture.h"
#include "datom/held.h"
#include "datom/rocks_store.h"

struct alteration {
    const char *name;
    const char *texts[6];
};

static const struct alteration alterations[] = {
    {"values change and go",
     {"[{:p/name \"person 001\" :p/age 99 :p/note \"other\"} [:db/retractEntity [:p/name \"person "
      "002\"]]]",
      "[[:db/retract [:p/name \"person 003\"] :p/tag :tag/a]]"}},
    {"one becomes many",
     {"[{:db/id :p/age :db/cardinality :db.cardinality/many}]",
      "[{:p/name \"person 001\" :p/age [1 2 3]}]"}},
    {"one becomes many, and ends after others",
     {"[{:db/id :p/age :db/cardinality :db.cardinality/many}]",
      "[[:db/add [:p/name \"person 001\"] :p/age 7]]",
      "[[:db/retract [:p/name \"person 001\"] :p/age 7]]",
      "[[:db/retract [:p/name \"person 001\"] :p/age 50]]"}},
    {"what was not there comes, changes and goes",
     {"[{:p/name \"person 009\" :p/age 1}]", "[{:p/name \"person 009\" :p/age 2}]",
      "[{:p/name \"person 009\" :p/age 3}]", "[[:db/retractEntity [:p/name \"person 009\"]]]"}},
    {"many becomes one",
     {"[[:db/retract [:p/name \"person 000\"] :p/tag :tag/a]]",
      "[[:db/retractEntity [:p/name \"person 001\"]] [:db/retractEntity [:p/name \"person 002\"]]"
      " [:db/retractEntity [:p/name \"person 003\"]] [:db/retractEntity [:p/name \"person 004\"]]]",
      "[{:db/id :p/tag :db/cardinality :db.cardinality/one}]",
      "[{:p/name \"person 000\" :p/tag "
      ":tag/z}]"}},
    {"an index is added",
     {"[{:db/id :p/note :db/index true}]", "[{:p/name \"person 001\" :p/note \"zz\"}]"}},
    {"an index is dropped",
     {"[[:db/retract :p/age :db/index true] [:db/retract :p/tag :db/index true]]",
      "[{:p/name \"person 001\" :p/age 7 :p/tag :tag/q}]"}},
    {"uniqueness is dropped, and an index comes back",
     {"[[:db/retract :p/name :db/unique :db.unique/identity]]",
      "[[:db/retract :p/age :db/index true]]", "[{:db/id :p/age :db/index true}]"}},
    {"attributes come and are renamed",
     {"[{:db/ident :p/new :db/valueType :db.type/long :db/cardinality :db.cardinality/one "
      ":db/index true}]",
      "[{:p/name \"person 000\" :p/new 5} {:db/id :p/note :db/ident :p/remark}]"}},
};

static void test_held__values_say_the_same_after_they_were_taken_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(alterations); i++) {
        char name[20];
        snprintf(name, sizeof(name), "same-%zu", i);
        struct datom_conn *conn = fixture_open(name, NULL);
        fixture_transact(conn, held_schema);
        held_add_people(conn, 5);
        fixture_transact(conn, "[{:p/name \"person 001\" :p/age 50}]");
        struct datom_db *db = datom_conn_db(conn);
        BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
        held_print(db, &before, NULL, NULL);
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (!alterations[i].texts[j])
                continue;
            fixture_transact(conn, alterations[i].texts[j]);
            datom_store_expire_older(conn->store, 0);
            assert_false(datom_snapshot_is_live(db->body->snapshot));
            BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
            held_print(db, &after, NULL, NULL);
            held_assert_same(alterations[i].name, &after, &before);
        }
        datom_db_unref(db);
        datom_conn_unref(conn);
    }
}

static void test_held__single_reads_of_values_that_were_taken_back(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("single", NULL);
    fixture_transact(conn, held_schema);
    held_add_people(conn, 3);
    struct datom_db *db = datom_conn_db(conn);
    fixture_transact(conn, "[{:p/name \"person 001\" :p/age 99}"
                           " [:db/retractEntity [:p/name \"person 002\"]]"
                           " {:p/name \"person 009\" :p/age 1}]");
    fixture_transact(conn, "[{:db/id :p/age :db/cardinality :db.cardinality/many}]");
    datom_store_expire_older(conn->store, 0);
    const struct datom_attribute *age = datom_db_attribute_named(db, BS_STR("p/age"));
    const struct datom_attribute *name = datom_db_attribute_named(db, BS_STR("p/name"));
    const struct {
        const char *name;
        int64_t age;
    } rows[] = {{"person 000", 20}, {"person 001", 21}, {"person 002", 22}, {"person 009", -1}};
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        datom_id e;
        struct edn value;
        bool found;
        assert_int_equal(datom_db_lookup(db, name, edn_string(bs_str_from(rows[i].name)), &e, NULL),
                         BS_OK);
        assert_int_equal(e == DATOM_NO_ID, rows[i].age < 0);
        if (rows[i].age < 0)
            continue;
        assert_int_equal(datom_db_get(db, e, age, arena, &value, &found, NULL), BS_OK);
        assert_true(found);
        assert_int_equal(value.as.integer, rows[i].age);
    }
    datom_db_unref(db);
    datom_conn_unref(conn);
}

struct disturbance {
    struct datom_conn *conn;
    int count;
};

static void disturb(void *self)
{
    struct disturbance *disturbance = self;
    char text[160];
    int i = disturbance->count++;
    snprintf(text, sizeof(text),
             "[{:p/name \"person %03d\" :p/age %d :p/note \"new %d\"} {:p/name \"q%d\"}]", i % 60,
             i, i, i);
    if (i % 3 == 0)
        fixture_transact(disturbance->conn, text);
    if (i % 2 == 0)
        datom_store_expire_older(disturbance->conn->store, 0);
}

static void test_held__cursors_go_on_where_they_stood(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("cursors", NULL);
    fixture_transact(conn, held_schema);
    held_add_people(conn, 60);
    struct datom_db *db = datom_conn_db(conn);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(8 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(8 << 20);
    held_print(db, &before, NULL, NULL);
    struct disturbance disturbance = {.conn = conn};
    held_print(db, &after, disturb, &disturbance);
    assert_true(disturbance.count > 40);
    held_assert_same("disturbed", &after, &before);

    /* an overlay over it, too */
    struct datom_conn *fork;
    assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
    datom_db_unref(db);
    fixture_transact(fork,
                     "[{:p/name \"person 001\" :p/age 77} [:db/retractEntity [:p/name \"person "
                     "002\"]] {:p/name \"person 000a\"}]");
    db = datom_conn_db(fork);
    before.len = after.len = 0;
    held_print(db, &before, NULL, NULL);
    held_print(db, &after, disturb, &disturbance);
    held_assert_same("disturbed fork", &after, &before);
    datom_db_unref(db);
    datom_conn_unref(fork);
    datom_conn_unref(conn);
}

static uint64_t native_snapshots(struct datom_conn *conn)
{
    uint64_t count = UINT64_MAX;
    assert_int_equal(rocksdb_property_int_cf(conn->store->db, conn->store->columns[1],
                                             "rocksdb.num-snapshots", &count),
                     0);
    return count;
}

static void wait_ms(int64_t ms)
{
    int64_t until = bs_monotonic_ns() + ms * INT64_C(1000000);
    while (bs_monotonic_ns() < until)
        usleep(1000);
}

static void test_held__nothing_is_pinned_once_the_time_is_over(void **state)
{
    (void)state;
    struct datom_options options = {.create = true, .hold_ms = 20};
    struct datom_conn *conn = fixture_open("pinned", &options);
    fixture_transact(conn, held_schema);
    struct datom_db *held[5];
    for (size_t i = 0; i < BS_ARRAY_COUNT(held); i++) {
        held[i] = datom_conn_db(conn);
        fixture_transact(conn, "[{:p/name \"one\" :p/note \"x\"}]");
    }
    struct datom_held before = datom_store_held(conn->store);
    assert_true(before.count >= 1 && before.count <= 1 + BS_ARRAY_COUNT(held));
    wait_ms(60);
    datom_db_unref(datom_conn_db(conn));
    assert_int_equal(datom_store_held(conn->store).count, 1);
    assert_int_equal(datom_store_held(conn->store).oldest_ms, 0);
    assert_int_equal(native_snapshots(conn), 1);
    datom_store_stop(conn->store);
    assert_int_equal(native_snapshots(conn), 0);
    datom_store_resume(conn->store);
    /* the newest state reads on, though its own snapshot is gone */
    for (size_t i = 0; i < BS_ARRAY_COUNT(held); i++)
        datom_db_unref(held[i]);
    struct datom_db *db = datom_conn_db(conn);
    datom_id e;
    assert_int_equal(datom_db_lookup(db, datom_db_attribute_named(db, BS_STR("p/name")),
                                     edn_string(BS_STR("one")), &e, NULL),
                     BS_OK);
    assert_true(e != DATOM_NO_ID);
    datom_db_unref(db);
    assert_int_equal(native_snapshots(conn), 0);
    fixture_transact(conn, "[{:p/name \"two\"}]");
    assert_int_equal(native_snapshots(conn), 1);
    datom_conn_unref(conn);
}

static void test_held__nothing_is_pinned_on_a_store_where_nothing_happens(void **state)
{
    (void)state;
    struct datom_conn *conn =
        fixture_open("idle", &(struct datom_options){.create = true, .hold_ms = 30});
    fixture_transact(conn, held_schema);
    for (int round = 0; round < 2; round++) {
        held_add_people(conn, 2);
        BS_CLEANUP(datom_db_unrefp) struct datom_db *held = datom_conn_db(conn);
        fixture_transact(conn, "[{:p/name \"one more\" :p/age 1}]");
        /* nobody touches the connection: only the engine is asked */
        uint64_t snapshots = native_snapshots(conn);
        for (int i = 0; i < 2000 && snapshots > 1; i++) {
            usleep(5000);
            snapshots = native_snapshots(conn);
        }
        assert_int_equal(snapshots, 1);
        assert_int_equal(held_sum_of_ages(held) > 0, true);
    }
    datom_conn_unref(conn);
}

static void test_held__values_of_a_closed_store_can_be_taken_back(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("closed", NULL);
    fixture_transact(conn, held_schema);
    held_add_people(conn, 5);
    struct datom_db *old = datom_conn_db(conn);
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
    held_print(old, &before, NULL, NULL);
    fixture_transact(conn, "[{:p/name \"person 001\" :p/age 50}]");
    struct datom_store *store = conn->store;
    datom_conn_unref(conn);
    datom_store_stop(store);
    datom_store_resume(store);
    held_print(old, &after, NULL, NULL);
    held_assert_same("closed", &after, &before);
    datom_db_unref(old);
}

/* ---- forks ---- */

static void test_held__forks_branch_from_before_alterations(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(alterations); i++) {
        char name[20];
        snprintf(name, sizeof(name), "fork-%zu", i);
        struct datom_conn *conn = fixture_open(name, NULL);
        fixture_transact(conn, held_schema);
        held_add_people(conn, 5);
        struct datom_db *db = datom_conn_db(conn);
        uint64_t t = datom_db_basis_t(db);
        BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(1 << 20);
        held_print(db, &before, NULL, NULL);
        datom_db_unref(db);
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (alterations[i].texts[j])
                fixture_transact(conn, alterations[i].texts[j]);
        }
        db = datom_conn_db(conn);
        struct datom_db *past = datom_db_as_of(db, t);
        datom_db_unref(db);
        struct datom_conn *fork;
        struct bs_error error = BS_ERROR_INIT;
        if (datom_conn_fork(past, NULL, &fork, &error) != BS_OK)
            fail_msg("%s: %s", alterations[i].name, error.message);
        datom_db_unref(past);
        BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(1 << 20);
        db = datom_conn_db(fork);
        held_print(db, &after, NULL, NULL);
        held_assert_same(alterations[i].name, &after, &before);
        datom_db_unref(db);

        /* the same alterations there, then a fork of that past, with the base taken back */
        for (size_t j = 0; j < BS_ARRAY_COUNT(alterations[i].texts); j++) {
            if (alterations[i].texts[j])
                fixture_transact(fork, alterations[i].texts[j]);
        }
        fixture_transact(conn, "[{:db/doc \"on\"}]");
        datom_store_expire_older(conn->store, 0);
        fixture_check(fork);
        db = datom_conn_db(fork);
        past = datom_db_as_of(db, t);
        datom_db_unref(db);
        struct datom_conn *again;
        assert_int_equal(datom_conn_fork(past, NULL, &again, NULL), BS_OK);
        datom_db_unref(past);
        after.len = 0;
        db = datom_conn_db(again);
        held_print(db, &after, NULL, NULL);
        held_assert_same(alterations[i].name, &after, &before);
        datom_db_unref(db);
        fixture_transact(again, "[{:p/name \"person 001\" :p/age 31 :p/tag [:tag/x :tag/y]}]");
        fixture_check(again);
        datom_conn_unref(again);
        datom_conn_unref(fork);
        datom_conn_unref(conn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held__values_say_the_same_after_they_were_taken_back),
        cmocka_unit_test(test_held__single_reads_of_values_that_were_taken_back),
        cmocka_unit_test(test_held__cursors_go_on_where_they_stood),
        cmocka_unit_test(test_held__nothing_is_pinned_once_the_time_is_over),
        cmocka_unit_test(test_held__nothing_is_pinned_on_a_store_where_nothing_happens),
        cmocka_unit_test(test_held__values_of_a_closed_store_can_be_taken_back),
        cmocka_unit_test(test_held__forks_branch_from_before_alterations),
    };
    return cmocka_run_group_tests_name("datom/held", tests, fixture_setup, fixture_teardown);
}
