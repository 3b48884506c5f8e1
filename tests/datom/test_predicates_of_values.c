/* Predicates of attributes as parts of values: after a reopening, in branches, after loads; and
 * limits. */

#include "support.h"

#include "datom/attr_check.h"
#include "datom/bulk.h"
#include "datom/fixture.h"

static bool takes(struct datom_conn *conn, const char *text)
{
    enum bs_reason reason = fixture_refused(conn, text);
    if (reason != BS_REASON_NONE)
        assert_int_equal(reason, BS_REASON_DB_ATTR_PRED);
    return reason == BS_REASON_NONE;
}

static void test_predicates__are_those_of_the_value(void **state)
{
    (void)state;
    struct datom_conn *past = NULL;
    struct datom_conn *conn = fixture_open("predicates", NULL);
    struct bs_error error = BS_ERROR_INIT;
    fixture_transact(
        conn, "[{:db/ident :x/n :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
              "  :db.attr/check (range 0 9)}]");
    struct datom_db *before = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(before);
    datom_db_unref(before);
    fixture_transact(conn, "[[:db/retract :x/n :db.attr/check (range 0 9)]"
                           " {:db/id :x/n :db.attr/check [(range 5 99) (one-of 5 50)]}]");
    assert_true(takes(conn, "[{:x/n 50}]"));
    assert_false(takes(conn, "[{:x/n 6}]"));
    datom_conn_unref(conn);

    conn = fixture_open("predicates", NULL);
    assert_true(takes(conn, "[{:x/n 50}]"));
    assert_false(takes(conn, "[{:x/n 6}]"));
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("x/n"));
    assert_true(bs_str_equals(datom_attribute_check_at(attribute, 0), "(one-of 5 50)"));
    assert_true(bs_str_equals(datom_attribute_check_at(attribute, 1), "(range 5 99)"));
    assert_int_equal(datom_attribute_check_at(attribute, 2).len, 0);
    assert_int_equal(datom_attribute_pred_at(attribute, 0).len, 0);

    /* a branch has the checks of its time, and its own changes don't concern the store */
    struct datom_db *as_of = datom_db_as_of(db, t);
    assert_int_equal(datom_conn_fork(as_of, NULL, &past, &error), BS_OK);
    assert_true(takes(past, "[{:x/n 6}]"));
    assert_false(takes(past, "[{:x/n 50}]"));
    fixture_transact(past, "[[:db/retract :x/n :db.attr/check (range 0 9)]]");
    assert_true(takes(past, "[{:x/n 7000}]"));
    assert_false(takes(conn, "[{:x/n 7000}]"));
    datom_db_unref(as_of);
    datom_db_unref(db);
    datom_conn_unref(past);
    datom_conn_unref(conn);
}

/* A load of prepared datoms takes checks as they are. */
static void test_predicates__a_check_that_can_not_be_read_lets_nothing_pass(void **state)
{
    (void)state;
    char path[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_bulk *bulk = NULL;
    struct bs_arena *arena = bs_arena_new(0);
    struct edn form;
    assert_int_equal(
        edn_read(BS_STR("{:t 1000 :data"
                        " [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
                        "  [73 :db/ident :x/n 13194139534312 true]"
                        "  [73 :db/valueType 22 13194139534312 true]"
                        "  [73 :db/cardinality 35 13194139534312 true]"
                        "  [73 :db.attr/check \"(prime)\" 13194139534312 true]"
                        "  [0 :db.install/attribute 73 13194139534312 true]]}"),
                 arena, &form, &error),
        BS_OK);
    assert_int_equal(datom_bulk_open(fixture_path("bulk", path), NULL, &bulk, &error), BS_OK);
    if (datom_bulk_add_form(bulk, form, &error) != BS_OK ||
        datom_bulk_finish(bulk, &error) != BS_OK)
        fail_msg("%s", error.message);
    datom_bulk_free(bulk);
    bs_arena_free(arena);
    struct datom_conn *conn = fixture_open("bulk", NULL);
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:x/n 7}]"), NULL, NULL, &error),
                     BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_ATTR_CHECK);
    assert_non_null(strstr(error.message, "the check (prime), which this version can't read"));
    fixture_transact(conn, "[[:db/retract :x/n :db.attr/check \"(prime)\"]]");
    fixture_transact(conn, "[{:x/n 7}]");
    datom_conn_unref(conn);
}

/* ---- limits ---- */

static void test_predicates__have_limits(void **state)
{
    (void)state;
    struct datom_conn *conn = fixture_open("limits", NULL);
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf text = BS_BUF_INIT(0);
    fixture_transact(conn, "[{:db/ident :s/low :db/valueType :db.type/long"
                           "  :db/cardinality :db.cardinality/one}]");
    bs_buf_append_cstr(&text, "[{:db/id :s/low :db.attr/check [");
    for (int i = 0; i < BS_LIMIT_ATTR_PREDICATES; i++)
        bs_buf_printf(&text, "(range %d nil)", i);
    bs_buf_append_cstr(&text, "]}]");
    fixture_transact(conn, bs_buf_cstr(&text));
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/id :s/low :db.attr/preds a/b}]"), NULL,
                                         NULL, &error),
                     BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "more than 64 predicates and checks"));

    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "(one-of \"");
    while (text.len < BS_LIMIT_ATTR_CHECK_BYTES - 2)
        bs_buf_append_byte(&text, 'x');
    bs_buf_append_cstr(&text, "\")");
    struct datom_attr_check *check = NULL;
    assert_int_equal(datom_attr_check_new(bs_buf_str(&text), &check, &error), BS_OK);
    datom_attr_check_unref(check);
    bs_buf_append_byte(&text, ' ');
    assert_int_equal(datom_attr_check_new(bs_buf_str(&text), &check, &error), BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "more than 65536 bytes"));
    bs_buf_fini(&text);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicates__are_those_of_the_value),
        cmocka_unit_test(test_predicates__a_check_that_can_not_be_read_lets_nothing_pass),
        cmocka_unit_test(test_predicates__have_limits),
    };
    return cmocka_run_group_tests_name("datom/predicates_of_values", tests, fixture_setup,
                                       fixture_teardown);
}
