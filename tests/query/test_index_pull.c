/* Pulls along an index, and filters as data, over the people of the fixture. */
#include "support.h"

#include "query/fixture.h"

static struct fixture people;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&people, fixture_people, fixture_people_count);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_fini(&people);
    return 0;
}

struct row {
    const char *form;
    const char *expected; /* or the error's reason */
};

static void check_row(const struct row *row, enum bs_code code, struct edn value,
                      const struct bs_error *error)
{
    if (code != BS_OK) {
        test_row(row->form, strcmp(bs_error_reason_name(error), row->expected) == 0, "%s: %s",
                 bs_error_reason_name(error), error->message);
        return;
    }
    struct bs_str printed = edn_print_short(people.arena, value, 0);
    test_row(row->form, edn_equal(value, fixture_read(&people, row->expected)), "is %.*s\n  not %s",
             BS_STR_ARGS(printed), row->expected);
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
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        enum bs_code code = query_index_pull(people.db, fixture_read(&people, rows[i].form), NULL,
                                             people.arena, &value, &error);
        check_row(&rows[i], code, value, &error);
    }
    test_rows_end();
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
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn value = edn_nil();
        enum bs_code code = query_index_pull(people.db, fixture_read(&people, rows[i].form), NULL,
                                             people.arena, &value, &error);
        test_row(rows[i].form, code != BS_OK, "nothing is refused");
        check_row(&rows[i], code, value, &error);
    }
    test_rows_end();
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

static void test_filter__shows_the_datoms_of_which_all_clauses_hold(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"[[(= ?a :person/age)]]", "#{8 12 34 42}"},
        {"[[(= ?a :person/age)] [(< ?v 34)]]", "#{8 12}"},
        {"[(or [(!= ?a :person/age)] [(< ?v 34)])]", "#{8 12}"},
        {"[(not [(= ?a :person/age)] [(< ?v 34)])]", "#{34 42}"},
        {"[(and [(= ?added true)] [(= ?a :person/age)] [(not= ?v 42)])]", "#{8 12 34}"},
        {"[(not [(< ?v 34)])]", "#{34 42}"},
        {"[[(= ?v \"no number is\")]]", "#{}"},
        {"[(not [(< ?e 0)] [(< ?tx 0)])]", "#{8 12 34 42}"},
        {"[(or [(re-find \"^Al\" ?v)] [(= ?a :person/age)])]", "#{8 12 34 42}"},
        {"[]", "db.error/invalid-argument"},
        {"[(= ?a 1)]", "db.error/invalid-argument"},
        {"[[(< ?x 5)]]", "db.error/invalid-argument"},
        {"[(or)]", "db.error/invalid-argument"},
        {"[[(lesser ?v 5)]]", "db.error/unknown-function"},
        {"[[(missing? $ ?e :person/age)]]", "db.error/unsupported-query"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_db *filtered = NULL;
        struct edn value = edn_nil();
        enum bs_code code =
            query_filter(people.db, fixture_read(&people, rows[i].form), &filtered, &error);
        if (code == BS_OK) {
            struct edn input = fixture_db(filtered);
            struct edn found;
            assert_true(datom_db_is_filtered(filtered));
            code = query_run_text(BS_STR("[:find [?v ...] :where [_ :person/age ?v]]"), &input, 1,
                                  NULL, people.arena, &found, &error);
            if (code == BS_OK)
                value = edn_collection(EDN_SET, found.as.items, found.len);
        }
        check_row(&rows[i], code, value, &error);
        datom_db_unref(filtered);
    }
    test_rows_end();
}

static void test_filter__refuses_objects_that_may_be_gone(void **state)
{
    (void)state;
    struct edn call[] = {edn_symbol(BS_STR("=")), edn_symbol(BS_STR("?v")), fixture_db(people.db)};
    struct edn list = edn_collection(EDN_LIST, call, BS_ARRAY_COUNT(call));
    struct edn clause = edn_collection(EDN_VECTOR, &list, 1);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *filtered;
    assert_int_equal(
        query_filter(people.db, edn_collection(EDN_VECTOR, &clause, 1), &filtered, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_Q_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_index_pull__walks_from_its_start_to_the_attributes_end),
        cmocka_unit_test(test_index_pull__refuses_what_it_can_not_walk),
        cmocka_unit_test(test_filter__shows_the_datoms_of_which_all_clauses_hold),
        cmocka_unit_test(test_filter__refuses_objects_that_may_be_gone),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
