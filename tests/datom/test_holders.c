/* Who holds which unique value: the table, and transactions that go by it. */

#include "support.h"

#include "datom/datom.h"
#include "datom/folder.h"
#include "datom/holders.h"

static struct datom_key_value text_value(const char *text)
{
    struct datom_key_value value;
    datom_key_value_encode(edn_string(bs_str_from(text)), DATOM_TYPE_STRING, &value);
    return value;
}

static void test_holders__know_what_was_put_until_it_is_removed(void **state)
{
    (void)state;
    struct datom_holders *holders = datom_holders_new();
    struct datom_key_value ann = text_value("ann");
    struct datom_key_value bob = text_value("bob");
    datom_id id = 0;
    datom_holders_expect(holders, 7);
    datom_holders_remove(holders, 80, &ann);
    assert_false(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_put(holders, 80, &ann, 1);
    assert_true(datom_holders_find(holders, 80, &ann, &id));
    assert_int_equal(id, 1);
    assert_false(datom_holders_find(holders, 80, &bob, &id));
    assert_false(datom_holders_find(holders, 81, &ann, &id));
    datom_holders_put(holders, 80, &ann, 2);
    assert_true(datom_holders_find(holders, 80, &ann, &id));
    assert_int_equal(id, 2);
    datom_holders_remove(holders, 80, &bob);
    assert_true(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_remove(holders, 80, &ann);
    assert_false(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_free(holders);
}

static void test_holders__forget_at_another_state(void **state)
{
    (void)state;
    struct datom_holders *holders = datom_holders_new();
    struct datom_key_value ann = text_value("ann");
    datom_id id = 0;
    datom_holders_expect(holders, 7);
    datom_holders_put(holders, 80, &ann, 1);
    datom_holders_advance(holders, 8);
    datom_holders_expect(holders, 8);
    assert_true(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_expect(holders, 7);
    assert_false(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_put(holders, 80, &ann, 2);
    assert_true(datom_holders_find(holders, 80, &ann, &id));
    assert_int_equal(id, 2);
    datom_holders_clear(holders);
    assert_false(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_remove(holders, 80, &ann);
    assert_false(datom_holders_find(holders, 80, &ann, &id));
    datom_holders_free(holders);
}

/* More values than places: each is known as it was put last, or not at all. */
static void test_holders__never_name_the_holder_of_another_value(void **state)
{
    (void)state;
    struct datom_holders *holders = datom_holders_new();
    enum { COUNT = 100000 };
    size_t known = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        struct datom_key_value value;
        datom_key_value_encode(edn_long((int64_t)i), DATOM_TYPE_LONG, &value);
        datom_holders_put(holders, 80, &value, i + 1);
    }
    for (uint64_t i = 0; i < COUNT; i++) {
        struct datom_key_value value;
        datom_id id;
        datom_key_value_encode(edn_long((int64_t)i), DATOM_TYPE_LONG, &value);
        if (!datom_holders_find(holders, 80, &value, &id))
            continue;
        assert_int_equal(id, i + 1);
        known++;
    }
    assert_true(known > 10000 && known < COUNT);
    datom_holders_free(holders);
}

static void test_holders__long_values_are_not_kept(void **state)
{
    (void)state;
    struct datom_holders *holders = datom_holders_new();
    struct datom_key_value value = text_value("0123456789012345678901234567890123456789");
    datom_id id;
    datom_holders_put(holders, 80, &value, 1);
    assert_false(datom_holders_find(holders, 80, &value, &id));
    datom_holders_free(holders);
}

/* ---- transactions on one store, each with who holds a value after it ---- */

static const struct row {
    const char *name;
    const char *tx;
    const char *ref;    /* a lookup ref, asked inside a transaction as well */
    const char *holder; /* its :u/name; NULL: nobody holds the value */
} rows[] = {
    {"an entity is named", "[{:u/id \"a\" :u/name \"ann\"} {:u/id \"b\" :u/name \"bob\"}]",
     "[:u/id \"a\"]", "ann"},
    {"a value that comes again is the same entity", "[{:u/id \"a\" :u/note 1} {:u/id \"a\"}]",
     "[:u/id \"a\"]", "ann"},
    {"the entity takes another value", "[[:db/add [:u/id \"a\"] :u/id \"c\"]]", "[:u/id \"a\"]",
     NULL},
    {"another entity takes the old one", "[{:u/id \"a\" :u/name \"new\"}]", "[:u/id \"a\"]", "new"},
    {"one gives a value up and another takes it in one transaction",
     "[[:db/retract [:u/id \"b\"] :u/id \"b\"] [:db/add [:u/id \"c\"] :u/id \"b\"]]",
     "[:u/id \"b\"]", "ann"},
    {"an entity is retracted", "[[:db/retractEntity [:u/id \"b\"]]]", "[:u/id \"b\"]", NULL},
    {"an entity is named again", "[{:u/id \"b\" :u/name \"eve\"}]", "[:u/id \"b\"]", "eve"},
    {"an entity is erased", "[{:db/excise [:u/id \"b\"]}]", "[:u/id \"b\"]", NULL},
    {"uniqueness goes",
     "[{:db/id :u/id :db/index true} [:db/retract :u/id :db/unique "
     ":db.unique/identity]]",
     NULL, NULL},
    {"a value is lost meanwhile", "[[:db/retractEntity [:u/name \"new\"]]]", NULL, NULL},
    {"uniqueness comes back", "[{:db/id :u/id :db/unique :db.unique/identity}]", "[:u/id \"a\"]",
     NULL},
    {"and the value is free", "[{:u/id \"a\" :u/name \"last\"}]", "[:u/id \"a\"]", "last"},
};

static enum bs_code transact(struct datom_conn *conn, const char *text, struct bs_error *error)
{
    return datom_transact_text(conn, bs_str_from(text), NULL, NULL, error);
}

/* By a transaction that only goes through when the value is held by whom it should. */
static enum bs_code check_row(struct datom_conn *conn, const struct row *row,
                              struct bs_error *error)
{
    char text[200];
    BS_TRY(transact(conn, row->tx, error));
    if (!row->ref)
        return BS_OK;
    snprintf(text, sizeof(text), "[[:db/cas %s :u/name \"%s\" \"%s\"]]", row->ref,
             row->holder ? row->holder : "x", row->holder ? row->holder : "x");
    enum bs_code code = transact(conn, text, error);
    if (row->holder)
        return code;
    if (code == BS_OK)
        return bs_error_set(error, BS_REASON_DB_CAS_FAILED, "somebody holds the value");
    return BS_OK;
}

static void test_holders__transactions_see_who_holds_a_value_now(void **state)
{
    (void)state;
    char *dir = NULL;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = NULL;
    assert_int_equal(datom_folder_make_temporary(&dir, &error), BS_OK);
    assert_int_equal(datom_conn_open(bs_str_from(dir), NULL, &conn, &error), BS_OK);
    assert_int_equal(transact(conn,
                              "[{:db/ident :u/id :db/valueType :db.type/string :db/cardinality "
                              ":db.cardinality/one :db/unique :db.unique/identity}"
                              " {:db/ident :u/name :db/valueType :db.type/string :db/cardinality "
                              ":db.cardinality/one :db/unique :db.unique/identity}"
                              " {:db/ident :u/note :db/valueType :db.type/long :db/cardinality "
                              ":db.cardinality/one}]",
                              &error),
                     BS_OK);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        error = (struct bs_error)BS_ERROR_INIT;
        enum bs_code code = check_row(conn, &rows[i], &error);
        test_row(rows[i].name, code == BS_OK, "%s", error.message);
    }
    datom_conn_unref(conn);
    datom_folder_remove(dir);
    free(dir);
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holders__know_what_was_put_until_it_is_removed),
        cmocka_unit_test(test_holders__forget_at_another_state),
        cmocka_unit_test(test_holders__never_name_the_holder_of_another_value),
        cmocka_unit_test(test_holders__long_values_are_not_kept),
        cmocka_unit_test(test_holders__transactions_see_who_holds_a_value_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
