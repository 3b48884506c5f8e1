/* The registry of named functions: finding, replacing, names in order, and who carries it. */

#include "support.h"

#include "datom/constants.h"
#include "datom/datom.h"

static const struct edn nothing = {.type = EDN_NIL};
static const struct edn yes = {.type = EDN_BOOLEAN, .as.boolean = true};

static struct datom_functions *new_registry(void)
{
    struct datom_functions *functions = datom_functions_new();
    datom_functions_add_tx(functions, BS_STR("my/one"), constant_tx(&nothing, 1));
    datom_functions_add_value_predicate(functions, BS_STR("my/one"),
                                        constant_value_predicate(&yes));
    datom_functions_add_entity_predicate(functions, BS_STR("my/whole"),
                                         constant_entity_predicate(&yes));
    datom_functions_add_tx(functions, BS_STR("my/two"), constant_tx(&nothing, 2));
    return functions;
}

static void test_functions__are_found_by_kind_and_name(void **state)
{
    (void)state;
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *functions = new_registry();
    assert_int_equal(datom_functions_find_tx(functions, BS_STR("my/two"))->args_max, 2);
    assert_non_null(datom_functions_find_value_predicate(functions, BS_STR("my/one")));
    assert_null(datom_functions_find_value_predicate(functions, BS_STR("my/two")));
    assert_non_null(datom_functions_find_entity_predicate(functions, BS_STR("my/whole")));
    assert_null(datom_functions_find_entity_predicate(functions, BS_STR("my/one")));
    assert_null(datom_functions_find_tx(functions, BS_STR("my/on")));
    assert_null(datom_functions_find_tx(NULL, BS_STR("my/one")));
    assert_null(datom_functions_evaluator(functions));
    assert_null(datom_functions_evaluator(NULL));
}

static void test_functions__a_name_that_comes_again_is_replaced(void **state)
{
    (void)state;
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *functions = new_registry();
    datom_functions_add_tx(functions, BS_STR("my/one"), constant_tx(&nothing, 9));
    assert_int_equal(datom_functions_find_tx(functions, BS_STR("my/one"))->args_max, 9);
    assert_true(bs_str_equals(datom_functions_name_at(functions, DATOM_FUNCTION_TX, 0), "my/one"));
    assert_true(bs_str_equals(datom_functions_name_at(functions, DATOM_FUNCTION_TX, 1), "my/two"));
    assert_int_equal(datom_functions_name_at(functions, DATOM_FUNCTION_TX, 2).len, 0);
}

static void test_functions__every_value_of_a_connection_carries_them(void **state)
{
    (void)state;
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *functions = new_registry();
    struct datom_options options = {.functions = functions};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    assert_int_equal(datom_transact_text(conn, BS_STR("[]"), NULL, NULL, NULL), BS_OK);
    assert_int_equal(datom_transact_text(conn, BS_STR("[]"), NULL, NULL, NULL), BS_OK);
    struct datom_db *db = datom_conn_db(conn);
    datom_conn_unref(conn);
    struct datom_db *past = datom_db_as_of(db, DATOM_FIRST_USER_T);
    struct datom_report *report = NULL;
    assert_int_equal(datom_with(db, edn_collection(EDN_VECTOR, NULL, 0), NULL, &report, NULL),
                     BS_OK);
    assert_ptr_equal(datom_db_functions(db), functions);
    assert_ptr_equal(datom_db_functions(past), functions);
    assert_ptr_equal(datom_db_functions(report->db_after), functions);
    datom_report_free(report);

    /* a fork of the value, a branch of its past, and a fork with a registry of its own */
    struct datom_conn *fork = NULL;
    assert_int_equal(datom_conn_fork(past, NULL, &fork, NULL), BS_OK);
    struct datom_db *branched = datom_conn_db(fork);
    assert_ptr_equal(datom_db_functions(branched), functions);
    datom_db_unref(branched);
    datom_conn_unref(fork);
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *others = datom_functions_new();
    options.functions = others;
    assert_int_equal(datom_conn_fork(db, &options, &fork, NULL), BS_OK);
    branched = datom_conn_db(fork);
    assert_ptr_equal(datom_db_functions(branched), others);
    assert_ptr_equal(datom_db_functions(db), functions);
    datom_db_unref(branched);
    datom_conn_unref(fork);
    datom_db_unref(past);
    datom_db_unref(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions__are_found_by_kind_and_name),
        cmocka_unit_test(test_functions__a_name_that_comes_again_is_replaced),
        cmocka_unit_test(test_functions__every_value_of_a_connection_carries_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
