/* Ids of partitions' entities: across a reopening, to seek from by time, and where they end. */

#include "support.h"

#include "datom/bulk.h"
#include "datom/fixture.h"

#define PARTS                                                                                      \
    "[{:db/ident :part/a :db.install/_partition :db.part/db}"                                      \
    " [:db/add \"b\" :db/ident :part/b] [:db/add :db.part/db :db.install/partition \"b\"]]"

static void test_partition_ids__an_entity_stays_where_it_is_across_reopening(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("reopened", NULL);
    fixture_transact(conn, PARTS);
    datom_id first = fixture_transact_id(
        conn, "[{:db/id \"x\" :db/ident :x/one :db/force-partition {\"x\" :part/b}}]", "x");
    datom_conn_unref(conn);

    conn = fixture_open("reopened", NULL);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_id_part(first), datom_db_entid(db, BS_STR("part/b")));
    assert_int_equal(datom_db_entid(db, BS_STR("x/one")), first);
    /* ids go on above it, whatever partition it is in; and new ones may follow it */
    datom_id second = fixture_transact_id(
        conn, "[{:db/id \"x\" :db/ident :x/two :db/match-partition {\"x\" :x/one}}]", "x");
    assert_int_equal(datom_id_part(second), datom_id_part(first));
    assert_true(datom_id_counter(second) > datom_id_counter(first));
    datom_id third = fixture_transact_id(conn, "[{:db/id \"x\" :db/ident :x/three}]", "x");
    assert_true(datom_id_counter(third) > datom_id_counter(second));
    fixture_transact(conn, "[{:db/id :x/one :db/doc \"still there\"}]");
    struct datom_check_report check;
    struct datom_db *after = datom_conn_db(conn);
    assert_int_equal(datom_db_check(after, NULL, NULL, &check, NULL), BS_OK);
    assert_int_equal(check.differences, 0);
    datom_db_unref(after);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

/* ---- ids to seek from ---- */

static int64_t clock_ms;

static int64_t now_ms(void *self)
{
    (void)self;
    return clock_ms;
}

/* How many entities of a partition have ids from `from` up to, not with, `to`. */
static size_t count_between(struct datom_db *db, datom_id from, datom_id to)
{
    struct datom_cursor *cursor;
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = from, .seek = true};
    const struct datom *datoms;
    size_t count, found = 0;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    for (;;) {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        size_t i = 0;
        for (; i < count && datoms[i].e < to; i++)
            found++;
        if (i < count || count == 0)
            break;
    }
    datom_cursor_free(cursor);
    return found;
}

static datom_id entid_at(struct datom_db *db, uint64_t part, struct edn point)
{
    datom_id id;
    assert_int_equal(datom_db_entid_at(db, part, point, &id, NULL), BS_OK);
    return id;
}

static void test_partition_ids__entid_at_finds_who_was_made_when(void **state)
{
    (void)state;
    struct datom_options options = {.clock = {.now_ms = now_ms}};
    clock_ms = 1000;
    struct datom_conn *conn = datom_conn_new_memory(&options);
    fixture_transact(conn, PARTS);
    uint64_t ts[4];
    for (int i = 0; i < 3; i++) {
        struct datom_db *db = datom_conn_db(conn);
        ts[i] = datom_db_next_t(db);
        datom_db_unref(db);
        clock_ms += 1000;
        fixture_transact(conn, "[{:db/id #db/id[:part/a -1] :db/doc \"a\"}"
                               " {:db/id #db/id[:part/a -2] :db/doc \"b\"}"
                               " {:db/id #db/id[:part/b -1] :db/doc \"c\"}]");
    }
    struct datom_db *db = datom_conn_db(conn);
    ts[3] = datom_db_next_t(db);
    uint64_t a = datom_db_entid(db, BS_STR("part/a"));
    assert_int_equal(entid_at(db, a, edn_long((int64_t)ts[1])), datom_id_make(a, ts[1]));
    assert_int_equal(entid_at(db, a, edn_long((int64_t)datom_t_to_tx(ts[1]))),
                     datom_id_make(a, ts[1]));
    /* instants: that of a transaction, one between two, one before all, one after all */
    assert_int_equal(entid_at(db, a, edn_instant(3000)), datom_id_make(a, ts[1]));
    assert_int_equal(entid_at(db, a, edn_instant(2001)), datom_id_make(a, ts[1]));
    assert_int_equal(entid_at(db, a, edn_instant(4001)), datom_id_make(a, ts[3]));
    assert_int_equal(datom_id_part(entid_at(db, a, edn_instant(-5))), a);
    datom_id id = 4711;
    assert_int_equal(datom_db_entid_at(db, UINT64_C(1) << 20, edn_long(5), &id, NULL),
                     BS_INVALID_ARGUMENT);
    for (int i = 0; i < 3; i++)
        assert_int_equal(count_between(db, entid_at(db, a, edn_long((int64_t)ts[i])),
                                       entid_at(db, a, edn_long((int64_t)ts[i + 1]))),
                         2);
    assert_int_equal(
        count_between(db, entid_at(db, a, edn_instant(2000)), entid_at(db, a, edn_instant(4000))),
        4);

    struct bs_error error = BS_ERROR_INIT;
    assert_int_not_equal(datom_db_entid_at(db, a, edn_keyword(BS_STR("x")), &id, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_TIME_POINT);
    assert_int_equal(id, 4711);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

/* ---- the edge of the ids ---- */

/* A store whose entities of :db.part/db reach up to `last`. */
static struct datom_conn *store_with_element(const char *name, uint64_t last)
{
    char dir[FIXTURE_PATH_MAX], text[200];
    struct edn form;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = NULL;
    snprintf(text, sizeof(text),
             "{:t 1000 :data [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
             " [%llu :db/ident :x/last 13194139534312 true]]}",
             (unsigned long long)last);
    assert_int_equal(datom_bulk_open(fixture_path(name, dir), NULL, &bulk, NULL), BS_OK);
    assert_int_equal(edn_read(bs_str_from(text), arena, &form, NULL), BS_OK);
    if (datom_bulk_add_form(bulk, form, &error) != BS_OK ||
        datom_bulk_finish(bulk, &error) != BS_OK)
        fail_msg("%s: %s", name, error.message);
    datom_bulk_freep(&bulk);
    bulk = NULL;
    return fixture_open(name, NULL);
}

static void test_partition_ids__named_ones_end_where_implicit_ones_begin(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = store_with_element("named", DATOM_PART_IMPLICIT - 2);
    fixture_transact(conn, "[{:db/ident :part/last :db.install/_partition :db.part/db}]");
    datom_id id = fixture_transact_id(
        conn, "[{:db/id \"x\" :db/doc \"x\" :db/force-partition {\"x\" :part/last}}]", "x");
    assert_int_equal(datom_id_part(id), DATOM_PART_IMPLICIT - 1);
    enum bs_code code = datom_transact_text(
        conn, BS_STR("[{:db/ident :part/more :db.install/_partition :db.part/db}]"), NULL, NULL,
        &error);
    assert_int_equal(code, BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_A_PARTITION);
    assert_non_null(strstr(error.message, "too high"));
    datom_conn_unref(conn);
}

static void test_partition_ids__entities_of_db_have_a_limit(void **state)
{
    (void)state;
    static const char attribute[] = "[{:db/ident :x/%d :db/valueType :db.type/long"
                                    "  :db/cardinality :db.cardinality/one}]";
    char text[200];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = store_with_element("elements", BS_LIMIT_ELEMENTS - 2);
    snprintf(text, sizeof(text), attribute, 1);
    fixture_transact(conn, text);
    fixture_transact(conn, "[{:db/id \"y\" :x/1 5}]");
    snprintf(text, sizeof(text), attribute, 2);
    assert_int_equal(datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error),
                     BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_LIMIT);
    assert_non_null(strstr(error.message, "1048576"));
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition_ids__an_entity_stays_where_it_is_across_reopening),
        cmocka_unit_test(test_partition_ids__entid_at_finds_who_was_made_when),
        cmocka_unit_test(test_partition_ids__named_ones_end_where_implicit_ones_begin),
        cmocka_unit_test(test_partition_ids__entities_of_db_have_a_limit),
    };
    return cmocka_run_group_tests_name("datom/partition_ids", tests, fixture_setup,
                                       fixture_teardown);
}
