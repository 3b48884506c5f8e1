/* Cursors: ranges that make no sense, memory, and what they hold. */

#include "support.h"

#include "datom/cursor.h"
#include "datom/fixture.h"
#include "datom/people.h"

static int setup(void **state)
{
    *state = people_new(NULL);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return fixture_teardown(state);
}

/* ---- ranges ---- */

struct refused_row {
    const char *name;
    struct datom_range range; /* has_a: of :p/age */
    enum bs_reason reason;
};

static const struct refused_row refused_rows[] = {
    {"an entity and a value",
     {.index = DATOM_EAVT, .has_e = true, .has_v = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values of no attribute",
     {.index = DATOM_AVET, .has_start = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values of no attribute, to an end",
     {.index = DATOM_AVET, .has_end = true, .reverse = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values in another index",
     {.index = DATOM_AEVT, .has_a = true, .has_start = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values in another index, to an end",
     {.index = DATOM_VAET, .has_end = true, .reverse = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values, and one of them",
     {.index = DATOM_AVET, .has_a = true, .has_v = true, .v = {.type = EDN_LONG}, .has_end = true},
     BS_REASON_DB_INVALID_INDEX},
    {"values to seek from",
     {.index = DATOM_AVET, .has_a = true, .has_start = true, .seek = true},
     BS_REASON_DB_INVALID_INDEX},
    {"a value of another type",
     {.index = DATOM_AVET, .has_a = true, .has_v = true, .v = {.type = EDN_STRING}},
     BS_REASON_DB_WRONG_TYPE},
    {"nothing for a value",
     {.index = DATOM_AVET, .has_a = true, .has_v = true},
     BS_REASON_DB_WRONG_TYPE},
    {"a reference that is none",
     {.index = DATOM_VAET, .has_v = true, .v = {.type = EDN_KEYWORD}},
     BS_REASON_DB_WRONG_TYPE},
    {"no attribute by that id",
     {.index = DATOM_AEVT, .has_a = true, .a = DATOM_NO_ID},
     BS_REASON_DB_NOT_AN_ATTRIBUTE},
};

static void test_ranges__that_make_no_sense_are_refused(void **state)
{
    struct datom_db *db = datom_conn_db(*state);
    for (size_t i = 0; i < BS_ARRAY_COUNT(refused_rows); i++) {
        struct datom_range range = refused_rows[i].range;
        struct datom_cursor *cursor = NULL;
        struct bs_error error = BS_ERROR_INIT;
        if (range.has_a && range.a == 0)
            range.a = datom_db_attribute_named(db, BS_STR("p/age"))->id;
        range.v_start = range.v_end = edn_long(0);
        enum bs_code code = datom_cursor_open(db, &range, &cursor, &error);
        test_row(refused_rows[i].name, code != BS_OK && error.reason == refused_rows[i].reason,
                 "%s", bs_reason_name(error.reason));
        datom_cursor_free(cursor);
    }
    datom_db_unref(db);
    test_rows_end();
}

/* ---- memory ---- */

#define TEXTS 3000
#define TEXT_BYTES 1000

/* Of a long index the view shows one datom, the first or the last; others must not pile up. */
static void test_cursor__keeps_nothing_of_what_its_view_passes_over(void **state)
{
    struct datom_conn *conn = *state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    fixture_transact(conn, "[{:db/ident :c/text :db/valueType :db.type/string"
                           "  :db/cardinality :db.cardinality/one :db/index true}"
                           " {:db/id \"x\" :p/slug \"x\"}]");
    fixture_transact(conn, "[{:p/slug \"x\" :c/text \"a\"}]");
    struct datom_db *before = datom_conn_db(conn);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < TEXTS; i++)
        bs_buf_printf(&text, "{:c/text \"b%0*d\"}", TEXT_BYTES, i);
    bs_buf_append_cstr(&text, "]");
    fixture_transact(conn, bs_buf_cstr(&text));
    struct datom_db *between = datom_conn_db(conn);
    fixture_transact(conn, "[{:c/text \"c\"}]");
    struct datom_db *after = datom_conn_db(conn);
    struct datom_db *views[] = {
        datom_db_as_of(after, datom_db_basis_t(before)),
        datom_db_since(after, datom_db_basis_t(between)),
    };
    const datom_id a = datom_db_attribute_named(after, BS_STR("c/text"))->id;
    for (size_t i = 0; i < 8; i++) {
        struct datom_range range = {.index = i & 2 ? DATOM_AEVT : DATOM_AVET,
                                    .has_a = true,
                                    .a = a,
                                    .reverse = (i & 4) != 0};
        struct datom_cursor *cursor;
        const struct datom *datoms;
        size_t count;
        assert_int_equal(datom_cursor_open(views[i & 1], &range, &cursor, NULL), BS_OK);
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        assert_int_equal(count, 1);
        assert_string_equal(datoms[0].v.as.text, i & 1 ? "c" : "a");
        size_t used = bs_arena_used_bytes(cursor->arena) + bs_arena_used_bytes(cursor->scratch);
        assert_in_range(used, 1, TEXTS * TEXT_BYTES / 20);
        datom_cursor_free(cursor);
    }
    datom_db_unref(views[0]);
    datom_db_unref(views[1]);
    datom_db_unref(before);
    datom_db_unref(between);
    datom_db_unref(after);
}

#define UPDATES 3000

/* Of an attribute that never was many there is one value at a time: what came later is not
 * gathered. One that was many, and is one now, has all that there were. */
static void test_cursor__reads_little_of_what_came_later(void **state)
{
    struct datom_conn *conn = *state;
    fixture_transact(conn, "[{:db/ident :c/many :db/valueType :db.type/long"
                           "  :db/cardinality :db.cardinality/many}"
                           " {:db/id \"x\" :p/slug \"counter\" :p/age 1}]");
    fixture_transact(conn, "[{:p/slug \"counter\" :c/many [1 2 3]}]");
    struct datom_db *then = datom_conn_db(conn);
    fixture_transact(conn, "[[:db/retract [:p/slug \"counter\"] :c/many 2]"
                           " [:db/retract [:p/slug \"counter\"] :c/many 3]]");
    fixture_transact(conn, "[{:db/id :c/many :db/cardinality :db.cardinality/one}]");
    for (int i = 2; i < UPDATES; i++) {
        char text[120];
        snprintf(text, sizeof(text), "[{:p/slug \"counter\" :p/age %d :c/many %d}]", i, 3 * i);
        fixture_transact(conn, text);
    }
    struct datom_db *now = datom_conn_db(conn);
    struct datom_db *past = datom_db_as_of(now, datom_db_basis_t(then));
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *branch = NULL;
    assert_int_equal(datom_conn_fork(past, NULL, &branch, NULL), BS_OK);
    struct datom_db *of_branch = datom_conn_db(branch);
    struct datom_db *values[] = {past, of_branch, then};
    datom_id e;
    assert_int_equal(datom_db_lookup(now, datom_db_attribute_named(now, BS_STR("p/slug")),
                                     edn_string(BS_STR("counter")), &e, NULL),
                     BS_OK);
    for (size_t i = 0; i < 2 * BS_ARRAY_COUNT(values); i++) {
        struct datom_range age = {.index = DATOM_EAVT,
                                  .has_e = true,
                                  .e = e,
                                  .has_a = true,
                                  .a = datom_db_attribute_named(now, BS_STR("p/age"))->id,
                                  .reverse = i % 2 == 1};
        struct datom_range many = age;
        many.a = datom_db_attribute_named(now, BS_STR("c/many"))->id;
        struct datom_cursor *cursor;
        const struct datom *datoms;
        size_t count;
        assert_int_equal(datom_cursor_open(values[i / 2], &age, &cursor, NULL), BS_OK);
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        assert_int_equal(count, 1);
        assert_int_equal(datoms[0].v.as.integer, 1);
        assert_in_range(cursor->lives_capacity, 0, UPDATES / 10);
        assert_int_equal(datom_cursor_reset(cursor, &many, NULL), BS_OK);
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        assert_int_equal(count, 3);
        datom_cursor_free(cursor);
    }
    datom_db_unref(then);
    datom_db_unref(now);
    datom_db_unref(past);
    datom_db_unref(of_branch);
}

/* ---- what it holds ---- */

static void test_cursor__is_good_after_its_value_and_connection_have_gone(void **state)
{
    (void)state;
    for (int reverse = 0; reverse <= 1; reverse++) {
        struct datom_conn *conn = fixture_open("held", NULL);
        struct datom_db *db = datom_conn_db(conn);
        struct datom_range range = {.index = DATOM_EAVT, .reverse = reverse};
        struct datom_cursor *cursor;
        const struct datom *datoms;
        size_t count, total = 0;
        assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
        datom_conn_unref(conn);
        datom_db_unref(db);
        do {
            assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
            total += count;
        } while (count > 0);
        assert_true(total > 100);
        /* the end stays the end, and another range begins again */
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        assert_int_equal(count, 0);
        assert_int_equal(datom_cursor_reset(cursor, &range, NULL), BS_OK);
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        assert_true(count > 0);
        datom_cursor_free(cursor);
    }
}

/* A range that is refused leaves a cursor that another one can be given. */
static void test_cursor__goes_on_after_a_range_that_was_refused(void **state)
{
    struct datom_db *db = datom_conn_db(*state);
    struct datom_range range = {.index = DATOM_AEVT,
                                .has_a = true,
                                .a = datom_db_attribute_named(db, BS_STR("p/email"))->id};
    struct datom_range bad = {.index = DATOM_AVET, .has_start = true};
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t count;
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    assert_int_equal(datom_cursor_reset(cursor, &bad, NULL), BS_INVALID_ARGUMENT);
    assert_int_equal(datom_cursor_reset(cursor, &range, NULL), BS_OK);
    assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
    assert_int_equal(count, 2);
    datom_cursor_free(cursor);
    datom_db_unref(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges__that_make_no_sense_are_refused),
        cmocka_unit_test(test_cursor__keeps_nothing_of_what_its_view_passes_over),
        cmocka_unit_test(test_cursor__reads_little_of_what_came_later),
        cmocka_unit_test(test_cursor__is_good_after_its_value_and_connection_have_gone),
        cmocka_unit_test(test_cursor__goes_on_after_a_range_that_was_refused),
    };
    return cmocka_run_group_tests_name("datom/cursor", tests, setup, teardown);
}
