/*
 * Row 42 of the reference's table of transactions: functions that the application registered, and
 * the forms of :db.fn/. (Functions stored as data: tests/query/test_functions.c.)
 */

#include "support.h"

#include "datom/people.h"
#include "datom/rows.h"

/* ---- functions of this application ---- */

/* [my/birthday e]: one year more than in db-before. */
static enum bs_code birthday(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                             struct bs_error *error)
{
    (void)self;
    datom_id e;
    struct edn age;
    bool found;
    BS_TRY(datom_db_resolve(call->db, call->args[0], &e, error));
    BS_TRY(datom_db_get(call->db, e, datom_db_attribute_named(call->db, BS_STR("p/age")),
                        call->arena, &age, &found, error));
    if (!found)
        return bs_error_set_code(error, BS_NOT_FOUND, BS_REASON_DB_CANCELLED,
                                 "nobody knows the age");
    struct edn items[] = {EDN_KEYWORD_LIT("db/add"), call->args[0], EDN_KEYWORD_LIT("p/age"),
                          edn_long(age.as.integer + 1)};
    struct edn form = edn_vector_of(call->arena, items, 4);
    *ret_tx_data = edn_vector_of(call->arena, &form, 1);
    return BS_OK;
}

/* [my/forms FORM...]: its arguments. */
static enum bs_code forms_of_arguments(void *self, const struct datom_tx_call *call,
                                       struct edn *ret_tx_data, struct bs_error *error)
{
    (void)self;
    (void)error;
    *ret_tx_data = edn_vector_of(call->arena, call->args, call->args_count);
    return BS_OK;
}

/* [my/echo X]: X itself, whatever it is. */
static enum bs_code echo(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                         struct bs_error *error)
{
    (void)self;
    (void)error;
    *ret_tx_data = call->args[0];
    return BS_OK;
}

/* [my/again N]: calls itself N times deeper, then says something. */
static enum bs_code again(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                          struct bs_error *error)
{
    (void)self;
    (void)error;
    int64_t n = call->args[0].as.integer;
    struct edn deeper[] = {EDN_SYMBOL_LIT("my/again"), edn_long(n - 1)};
    struct edn add[] = {EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("x"), EDN_KEYWORD_LIT("p/age"),
                        edn_long(1)};
    struct edn form =
        n > 1 ? edn_vector_of(call->arena, deeper, 2) : edn_vector_of(call->arena, add, 4);
    *ret_tx_data = edn_vector_of(call->arena, &form, 1);
    return BS_OK;
}

static const struct row function_rows[] = {
    {"row 42: a function by its symbol", NULL, "[[my/birthday " ANN "]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 42: a function by its keyword", NULL, "[[:my/birthday " ANN "]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 42: a call as a list", NULL, "[(my/birthday " ANN ")]", "-1003:p/age:30 +1003:p/age:31",
     0, NULL},
    {"row 42: two increments in one transaction add once", NULL,
     "[[my/birthday " ANN "] [my/birthday " ANN "]]", "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 42: a function sees nothing of the forms beside it", NULL,
     "[[:db/add " BOB " :p/age 1] [my/birthday " BOB "]]", NULL, BS_REASON_DB_CANCELLED,
     "form 1, [my/birthday [:p/email \"bob@x\"]]: nobody knows the age"},
    {"row 42: an increment beside another value", NULL,
     "[[my/birthday " ANN "] [:db/add " ANN " :p/age 40]]", NULL, BS_REASON_DB_DATOMS_CONFLICT,
     "form 1"},
    {"row 42: functions whose forms call functions", NULL,
     "[[my/forms [my/forms [my/birthday " ANN "]] {:p/email \"bob@x\" :p/age 9}]]",
     "-1003:p/age:30 +1003:p/age:31 +1004:p/age:9", 0, NULL},
    {"row 42: tempids of functions are the transaction's", NULL,
     "[[my/forms [:db/add \"x\" :p/age 1]] [:db/add \"x\" :p/name \"X\"]]",
     "+new1:p/age:1 +new1:p/name:\"X\"", 0, NULL},
    {"row 42: a function that gives nothing", NULL, "[[my/forms] [my/echo nil]]", "", 0, NULL},
    {"row 42: a function that gives a set or a list", NULL,
     "[[my/echo #{[:db/add " ANN " :p/age 1]}] [my/echo ([:db/add " BOB " :p/age 1])]]",
     "-1003:p/age:30 +1003:p/age:1 +1004:p/age:1", 0, NULL},
    {"row 42: a function that gives no forms", NULL, "[[my/echo 17]]", NULL,
     BS_REASON_DB_INVALID_FUNCTION, "my/echo gives 17: expected a vector of forms"},
    {"row 42: a function that gives a bad form", NULL, "[[my/forms [:db/add " ANN " :p/age]]]",
     NULL, BS_REASON_DB_INVALID_TX_FORM, "my/forms gives [:db/add [:p/email \"ann@x\"] :p/age]: "},
    {"row 42: a function that gives one form in place of several", NULL,
     "[[my/echo [:db/add " ANN " :p/age 1]]]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     "my/echo gives :db/add: :db/add is no transaction form"},
    {"row 42: too few arguments", NULL, "[[my/birthday]]", NULL, BS_REASON_Q_WRONG_ARITY,
     "my/birthday is called with 0 arguments: expected 1"},
    {"row 42: too many arguments", NULL, "[[my/again 1 2 3]]", NULL, BS_REASON_Q_WRONG_ARITY,
     "my/again is called with 3 arguments: expected 1 to 2"},
    {"row 42: an unknown function near a registered one", NULL, "[[my/brithday " ANN "]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "my/brithday is not an operation: is my/birthday meant?"},
    {"row 42: an unknown operation near a built-in one", NULL, "[[:db/retractEntty " ANN "]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "is :db/retractEntity meant?"},
    {"row 42: an unknown function near nothing", NULL, "[[:some/thing-else 1]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "expected :db/add"},
    {"row 42: an ident that is no function", NULL, "[[:color/red 1]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, ":color/red is not an operation"},
    {"row 42: an attribute that is no function", NULL, "[[:p/age 1 2]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, ":p/age is not an operation"},
    {"row 42: a text that is no function", NULL, "[[\"db/add\" 1 2 3]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "\"db/add\" is not an operation"},
    {"row 42: a number that is no function", NULL, "[[3 1 2 3]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "3 is not an operation"},
    {"row 42: calls as deep as they may be", NULL, "[[my/again 32]]", "+new1:p/age:1", 0, NULL},
    {"row 42: calls one deeper", NULL, "[[my/again 33]]", NULL, BS_REASON_DB_FUNCTION_DEPTH,
     "more than 32 calls deep"},
    {"row 42: a transaction without end", NULL, "[[my/again 1000000000]]", NULL,
     BS_REASON_DB_FUNCTION_DEPTH, "my/again"},
    {"row 42: data functions need an evaluator", NULL,
     "[{:db/ident :f/f :db/lang :db.lang/datalog :db/code \"[:find ?x :in $ ?x]\"}]", NULL,
     BS_REASON_DB_UNSUPPORTED, "evaluator"},
};

/* ---- :db.fn/ ---- */

static const struct row value_rows[] = {
    {"reset to many is a difference", NULL, "[[:db.fn/reset-to-many " ANN " :p/tags #{:b :c}]]",
     "+1003:p/tags::c -1003:p/tags::a", 0, NULL},
    {"reset to many to the same", NULL, "[[:db.fn/reset-to-many " ANN " :p/tags [:b :a]]]", "", 0,
     NULL},
    {"reset to many to nothing", NULL, "[[:db.fn/reset-to-many " ANN " :p/tags []]]",
     "-1003:p/tags::a -1003:p/tags::b", 0, NULL},
    {"reset to many to nil", NULL, "[[:db.fn/reset-to-many " ANN " :p/tags nil]]",
     "-1003:p/tags::a -1003:p/tags::b", 0, NULL},
    {"reset to many of a new entity", NULL, "[[:db.fn/reset-to-many \"x\" :p/tags [:q]]]",
     "+new1:p/tags::q", 0, NULL},
    {"reset to many of a tempid that turns out to be somebody", NULL,
     "[[:db.fn/reset-to-many \"x\" :p/tags [:q]] [:db/add \"x\" :p/email \"ann@x\"]]",
     "+1003:p/tags::q -1003:p/tags::a -1003:p/tags::b", 0, NULL},
    {"reset to many of references, with new entities and lookup refs",
     "[[:db/add " BOB " :p/parts " ANN "]]",
     "[[:db.fn/reset-to-many " BOB " :p/parts [{:p/name \"arm\"} " ANN "]]]",
     "+1004:p/parts:1008 +new1:p/name:\"arm\" -1004:p/parts:1005", 0, NULL},
    {"what others add stays after a reset, whatever the order", NULL,
     "[[:db/add " ANN " :p/tags :z] [:db.fn/reset-to-many " ANN " :p/tags [:c]]"
     " [:db/add " ANN " :p/tags :a]]",
     "+1003:p/tags::z +1003:p/tags::c -1003:p/tags::b", 0, NULL},
    {"false is a value in a set", "[{:db/id " ANN " :p/flags [true]}]",
     "[[:db.fn/reset-to-many " ANN " :p/flags [false]]]", "+1003:p/flags:false -1003:p/flags:true",
     0, NULL},
    {"reset to many of an attribute of one value", NULL,
     "[[:db.fn/reset-to-many " ANN " :p/age [1]]]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     ":p/age has cardinality one"},
    {"reset to many to what is no set", NULL, "[[:db.fn/reset-to-many " ANN " :p/tags :a]]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected a set, vector or list of values"},
    {"reset to many with a value of another type", NULL,
     "[[:db.fn/reset-to-many " ANN " :p/tags [1]]]", NULL, BS_REASON_DB_WRONG_TYPE, ":p/tags"},
    {"a default where nothing is", NULL, "[[:db.fn/add-default " BOB " :p/age 7]]", "+1004:p/age:7",
     0, NULL},
    {"a default where something is", NULL, "[[:db.fn/add-default " ANN " :p/age 7]]", "", 0, NULL},
    {"a default where false is", NULL, "[[:db.fn/add-default " ANN " :p/ok true]]", "", 0, NULL},
    {"a default of a new entity", NULL,
     "[[:db.fn/add-default \"x\" :p/age 7] [:db/add \"x\" :p/name \"X\"]]",
     "+new1:p/name:\"X\" +new1:p/age:7", 0, NULL},
    {"a default of a tempid that turns out to be somebody", NULL,
     "[[:db.fn/add-default \"x\" :p/age 7] [:db/add \"x\" :p/email \"ann@x\"]]", "", 0, NULL},
    {"a default beside a value", NULL,
     "[[:db.fn/add-default " BOB " :p/age 7] [:db/add " BOB " :p/age 8]]", "+1004:p/age:8", 0,
     NULL},
    {"two defaults that differ", NULL,
     "[[:db.fn/add-default " BOB " :p/age 7] [:db.fn/add-default " BOB " :p/age 8]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"a default of many where some are", NULL, "[[:db.fn/add-default " ANN " :p/tags :z]]", "", 0,
     NULL},
    {"a default that is a reference to a tempid", NULL,
     "[[:db.fn/add-default " ANN " :p/boss \"b\"] {:db/id \"b\" :p/email \"bob@x\"}]",
     "+1003:p/boss:1004", 0, NULL},
    {"a default that is unique, taken", NULL, "[[:db.fn/add-default " BOB " :p/login \"ann\"]]",
     NULL, BS_REASON_DB_UNIQUE_CONFLICT, ":p/login"},
    {"a default for all that have an attribute", NULL,
     "[[:db.fn/add-default-attr-value :p/name :p/age 0]]", "+1004:p/age:0 +1005:p/age:0", 0, NULL},
    {"a default for all that have an attribute of many values", NULL,
     "[[:db.fn/add-default-attr-value :p/tags :p/boss :color/red]]", "+1003:p/boss:1001", 0, NULL},
    {"too few arguments of a form", NULL, "[[:db.fn/add-default " ANN " :p/age]]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected [:db.fn/add-default entity attribute value]"},
};

static const struct row other_rows[] = {
    {"a migration runs", NULL,
     "[[:db.fn/ensure-migration :m/one [[:db/add " ANN " :p/age 1] {:p/email \"n@x\"}]]]",
     "+new1:db.migration/name::m/one -1003:p/age:30 +1003:p/age:1 +new2:p/email:\"n@x\"", 0, NULL},
    {"a migration runs once", "[[:db.fn/ensure-migration :m/one [[:db/add " ANN " :p/age 1]]]]",
     "[[:db.fn/ensure-migration :m/one [[:db/add " ANN " :p/age 2]]]]", "", 0, NULL},
    {"another migration runs", "[[:db.fn/ensure-migration :m/one [[:db/add " ANN " :p/age 1]]]]",
     "[[:db.fn/ensure-migration :m/two [[:db/add " ANN " :p/age 2]]]]",
     "+new1:db.migration/name::m/two -1003:p/age:1 +1003:p/age:2", 0, NULL},
    {"a migration may call functions", NULL,
     "[[:db.fn/ensure-migration :m/one [[my/birthday " ANN "]]]]",
     "+new1:db.migration/name::m/one -1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"a migration without anything to say", NULL, "[[:db.fn/ensure-migration :m/one []]]",
     "+new1:db.migration/name::m/one", 0, NULL},
    {"a migration with a bad name", NULL, "[[:db.fn/ensure-migration 17 []]]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected a keyword"},
    {"a migration that fails leaves no trace", NULL,
     "[[:db.fn/ensure-migration :m/one [[:db/add " ANN " :p/age \"x\"]]]]", NULL,
     BS_REASON_DB_WRONG_TYPE, ":db.fn/ensure-migration gives [:db/add"},
    {"the first string of a sequence is the base", NULL,
     "[[:db.fn/add-sequential-string " ANN " :p/slug \"ma2x\"]]",
     "+1003:p/slug:\"ma2x\" +new1:db.sequence/id:\"p/slug:ma2x\" +new1:db.sequence/next:1", 0,
     NULL},
    {"the next are numbered",
     "[[:db.fn/add-sequential-string " ANN " :p/slug \"ma2x\"]]"
     "[[:db.fn/add-sequential-string " LEG " :p/slug \"ma2x\"]]",
     "[[:db.fn/add-sequential-string " BOB " :p/slug \"ma2x\"]]",
     "+1004:p/slug:\"ma2x-2\" -1007:db.sequence/next:2 +1007:db.sequence/next:3", 0, NULL},
    {"several in one transaction differ", NULL,
     "[[:db.fn/add-sequential-string \"x\" :p/slug \"s\"]"
     " [:db.fn/add-sequential-string \"y\" :p/slug \"s\"]]",
     "+new1:p/slug:\"s\" +new2:p/slug:\"s-1\" +new3:db.sequence/id:\"p/slug:s\" "
     "+new3:db.sequence/next:2",
     0, NULL},
    {"the same form again is the same string", NULL,
     "[[:db.fn/add-sequential-string \"x\" :p/slug \"s\"]"
     " [:db.fn/add-sequential-string \"x\" :p/slug \"s\"]]",
     "+new1:p/slug:\"s\" +new2:db.sequence/id:\"p/slug:s\" +new2:db.sequence/next:1", 0, NULL},
    {"a base that looks numbered has its dash doubled",
     "[[:db.fn/add-sequential-string " ANN " :p/slug \"x\"]]"
     "[[:db.fn/add-sequential-string " LEG " :p/slug \"x\"]]",
     "[[:db.fn/add-sequential-string " BOB " :p/slug \"x-1\"]]",
     "+1004:p/slug:\"x--1\" +new1:db.sequence/id:\"p/slug:x--1\" +new1:db.sequence/next:1", 0,
     NULL},
    {"sequences in one call, in a namespace of their own", NULL,
     "[[:db.fn/add-sequential-strings \"35 \" \"x-12\""
     "  [[" ANN " :p/slug] [" BOB " :p/slug] [" LEG " :p/name]]]]",
     "+1003:p/slug:\"x--12\" +1004:p/slug:\"x--12-1\" -1005:p/name:\"leg\" "
     "+1005:p/name:\"x--12-2\" +new1:db.sequence/id:\"35 :x--12\" +new1:db.sequence/next:3",
     0, NULL},
    {"each attribute counts for itself", "[[:db.fn/add-sequential-string " ANN " :p/slug \"s\"]]",
     "[[:db.fn/add-sequential-string " ANN " :p/name \"s\"]]",
     "-1003:p/name:\"Ann\" +1003:p/name:\"s\" +new1:db.sequence/id:\"p/name:s\" "
     "+new1:db.sequence/next:1",
     0, NULL},
    {"namespaces and bases are told apart",
     "[[:db.fn/add-sequential-strings \"a:b\" \"c\" [[" ANN " :p/name]]]]",
     "[[:db.fn/add-sequential-strings \"a\" \"b:c\" [[" BOB " :p/name]]]]",
     "-1004:p/name:\"Bob\" +1004:p/name:\"b:c\" +new1:db.sequence/id:\"a:b\\\\:c\" "
     "+new1:db.sequence/next:1",
     0, NULL},
    {"a base ends with a dash, or is nothing but digits", NULL,
     "[[:db.fn/add-sequential-string " ANN " :p/slug \"aaa-\"]"
     " [:db.fn/add-sequential-string " BOB " :p/slug \"2024\"]]",
     "+1003:p/slug:\"aaa-\" +1004:p/slug:\"2024\" +new1:db.sequence/id:\"p/slug:aaa-\" "
     "+new1:db.sequence/next:1 +new2:db.sequence/id:\"p/slug:2024\" +new2:db.sequence/next:1",
     0, NULL},
    {"a sequence of what is no string", NULL, "[[:db.fn/add-sequential-string " ANN " :p/slug 7]]",
     NULL, BS_REASON_DB_INVALID_TX_FORM, "7 is no base of a sequence"},
    {"a sequence in an attribute of another type", NULL,
     "[[:db.fn/add-sequential-string " ANN " :p/age \"x\"]]", NULL, BS_REASON_DB_WRONG_TYPE,
     ":p/age"},
    {"a sequence for something malformed", NULL,
     "[[:db.fn/add-sequential-strings nil \"x\" [[" ANN "]]]]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     "expected [entity attribute]"},
    {"cancelling", NULL, "[[:db.fn/cancel \"not today\"]]", NULL, BS_REASON_DB_CANCELLED,
     "form 0, [:db.fn/cancel \"not today\"]: not today"},
    {"cancelling with an unknown category", NULL, "[[:db.fn/cancel {:category :bad}]]", NULL,
     BS_REASON_DB_INVALID_TX_FORM, "expected one of the categories"},
    {"cancelling without a text", NULL, "[[:db.fn/cancel 17]]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     "expected a text"},
};

/* ---- codes ---- */

static void test_calls__errors_pass_with_their_category(void **state)
{
    static const struct {
        const char *name;
        const char *tx;
        enum bs_code code;
    } codes[] = {
        {"of a function in C", "[[my/birthday " BOB "]]", BS_NOT_FOUND},
        {"cancel", "[[:db.fn/cancel \"no\"]]", BS_ABORTED},
        {"cancel as incorrect", "[[:db.fn/cancel {:category :incorrect :message \"no\"}]]",
         BS_INVALID_ARGUMENT},
        {"cancel as conflict", "[[:db.fn/cancel {:category :conflict}]]", BS_ABORTED},
        {"cancel as forbidden", "[[:db.fn/cancel {:category :forbidden}]]", BS_PERMISSION_DENIED},
        {"cancel by Datomic's words",
         "[[:db.fn/cancel {:cognitect.anomalies/category :cognitect.anomalies/not-found"
         "  :cognitect.anomalies/message \"gone\"}]]",
         BS_NOT_FOUND},
        {"cancel inside a call", "[[my/forms [:db.fn/cancel {:category :busy}]]]", BS_UNAVAILABLE},
    };
    struct datom_conn *conn = *state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(codes); i++) {
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_transact_text(conn, bs_str_from(codes[i].tx), NULL, NULL, &error);
        test_row(codes[i].name, code == codes[i].code && error.code == code, "%s: %s",
                 bs_code_name(code), error.message);
        test_row(codes[i].name, error.reason == BS_REASON_DB_CANCELLED, "%s",
                 bs_error_reason_name(&error));
    }
    test_rows_end();
}

/* ---- with, forks, deadlines ---- */

static void test_calls__values_and_forks_have_the_functions(void **state)
{
    struct datom_conn *conn = *state;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error = BS_ERROR_INIT;
    struct edn tx;
    assert_int_equal(edn_read(BS_STR("[[my/birthday " ANN "]]"), arena, &tx, &error), BS_OK);
    struct datom_db *db = datom_conn_db(conn);
    struct datom_report *first = NULL, *second = NULL;
    assert_int_equal(datom_with(db, tx, NULL, &first, &error), BS_OK);
    assert_int_equal(datom_with(first->db_after, tx, NULL, &second, &error), BS_OK);
    assert_int_equal(second->datoms[2].v.as.integer, 32);
    datom_report_free(first);
    datom_report_free(second);
    struct datom_db *past = datom_db_as_of(db, datom_db_basis_t(db) - 1);
    struct datom_conn *fork = NULL;
    assert_int_equal(datom_conn_fork(db, NULL, &fork, &error), BS_OK);
    assert_int_equal(datom_transact(fork, tx, NULL, NULL, &error), BS_OK);
    datom_conn_unref(fork);
    datom_db_unref(past);
    datom_db_unref(db);
}

static void test_calls__end_with_the_deadline(void **state)
{
    struct datom_conn *conn = *state;
    struct bs_interrupt late = {.deadline = bs_monotonic_ns() - 1};
    struct datom_db *db = datom_conn_db(conn);
    struct datom_tx_options options = {.interrupt = &late};
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_transact_text(conn, BS_STR("[[my/birthday " ANN "]]"), &options, NULL, &error),
        BS_DEADLINE_EXCEEDED);
    struct datom_db *after = datom_conn_db(conn);
    assert_int_equal(datom_db_basis_t(after), datom_db_basis_t(db));
    datom_db_unref(after);
    datom_db_unref(db);
}

/* ---- the group ---- */

static int setup(void **state)
{
    struct datom_functions *functions = datom_functions_new();
    static const struct {
        const char *name;
        struct datom_tx_function function;
    } all[] = {
        {"my/birthday", {.call = birthday, .args_min = 1, .args_max = 1}},
        {"my/forms", {.call = forms_of_arguments, .args_max = DATOM_ARGS_ANY}},
        {"my/echo", {.call = echo, .args_min = 1, .args_max = 1}},
        {"my/again", {.call = again, .args_min = 1, .args_max = 2}},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(all); i++)
        datom_functions_add_tx(functions, bs_str_from(all[i].name), all[i].function);
    *state = people_new(&(struct datom_options){.functions = functions});
    datom_functions_unref(functions);
    return 0;
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return 0;
}

static void test_calls__functions_of_the_application(void **state)
{
    rows_run(*state, function_rows, BS_ARRAY_COUNT(function_rows));
}

static void test_calls__forms_about_values(void **state)
{
    rows_run(*state, value_rows, BS_ARRAY_COUNT(value_rows));
}

static void test_calls__migrations_sequences_and_cancelling(void **state)
{
    rows_run(*state, other_rows, BS_ARRAY_COUNT(other_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls__functions_of_the_application),
        cmocka_unit_test(test_calls__forms_about_values),
        cmocka_unit_test(test_calls__migrations_sequences_and_cancelling),
        cmocka_unit_test(test_calls__errors_pass_with_their_category),
        cmocka_unit_test(test_calls__values_and_forks_have_the_functions),
        cmocka_unit_test(test_calls__end_with_the_deadline),
    };
    return cmocka_run_group_tests_name("datom/transactions_calls", tests, setup, teardown);
}
