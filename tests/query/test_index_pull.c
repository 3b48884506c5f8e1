/* Pulls along an index, over the people of the fixture. */
#include "support.h"

#include "query/fixture.h"

struct row {
    const char *form;
    const char *expected; /* or the error's reason */
};

static void check_row(const struct row *row, enum bs_code code, struct edn value,
                      const struct bs_error *error)
{
    test_row(row->form, fixture_is(&people, row->expected, code, value, error), "%s",
             fixture_was(&people));
}

/* Pulls each row's form. */
static void check_pulls(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        enum bs_code code = query_index_pull(people.db, fixture_read(&people, rows[i].form), NULL,
                                             people.arena, &value, &error);
        check_row(&rows[i], code, value, &error);
    }
    test_rows_end();
}

static void test_index_pull__walks_from_its_start_to_the_attributes_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{:index :avet :selector [:person/age] :start [:person/name]}",
         "[{:person/age 34} {:person/age 42} {:person/age 12} {:person/age 8}]"},
        {"{:index :avet :selector [:person/name] :start [:person/name \"Bo\"]}",
         "[{:person/name \"Bob\"} {:person/name \"Carol\"} {:person/name \"Dave\"}]"},
        {"{:index :avet :selector [:person/name] :start [:person/name \"Carol\"] :reverse true}",
         "[{:person/name \"Carol\"} {:person/name \"Bob\"} {:person/name \"Alice\"}]"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :reverse true :offset 1"
         " :limit 2}",
         "[{:person/name \"Carol\"} {:person/name \"Bob\"}]"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :limit 0}", "[]"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :offset 3 :limit -1}",
         "[{:person/name \"Dave\"}]"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :offset 9}", "[]"},
        {"{:index :aevt :selector [:person/name] :start [:person/friend]}",
         "[{:person/name \"Alice\"} {:person/name \"Alice\"} {:person/name \"Bob\"}]"},
        {"{:index :aevt :selector [:person/name] :reverse true"
         " :start [:person/friend [:person/email \"bob@example.com\"]]}",
         "[{:person/name \"Alice\"}]"},
        {"{:index :aevt :selector [:person/parent] :start [:person/friend] :limit 1}", "[nil]"},
    };
    check_pulls(rows, BS_ARRAY_COUNT(rows));
}

static void test_index_pull__refuses_what_it_can_not_walk(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[]", "db.error/invalid-argument"},
        {"{:index :avet :start [:person/name]}", "db.error/invalid-argument"},
        {"{:index :avet :selector [:person/name]}", "db.error/invalid-argument"},
        {"{:selector [:person/name] :start [:person/name]}", "db.error/invalid-argument"},
        {"{:index :eavt :selector [:person/name] :start [1]}", "db.error/invalid-index"},
        {"{:index :avet :selector [:person/name] :start []}", "db.error/invalid-argument"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :limit :many}",
         "db.error/invalid-argument"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :offset -1}",
         "db.error/invalid-argument"},
        {"{:index :avet :selector [:person/name] :start [:person/name] :from 1}",
         "db.error/invalid-argument"},
        {"{:index :avet :selector [:person/name] :start [:person/age]}",
         "db.error/attribute-not-indexed"},
        {"{:index :avet :selector [:person/nme] :start [:person/name]}",
         "db.error/not-an-attribute"},
        {"{:index :aevt :selector [:person/name] :start [:person/name]}",
         "db.error/invalid-argument"},
        {"{:index :aevt :selector [:person/name] :start [:person/parent]}",
         "db.error/invalid-argument"},
    };
    check_pulls(rows, BS_ARRAY_COUNT(rows));
    struct datom_db *history = datom_db_history(people.db);
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    assert_int_equal(
        query_index_pull(history,
                         fixture_read(&people, "{:index :avet :selector [:person/name] :start "
                                               "[:person/name]}"),
                         NULL, people.arena, &value, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_ON_HISTORY);
    datom_db_unref(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index_pull__walks_from_its_start_to_the_attributes_end),
        cmocka_unit_test(test_index_pull__refuses_what_it_can_not_walk),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
