/*
 * Transaction functions that are stored as data: queries over db-before whose results are forms
 * (row 42 of the reference's table of transactions). Each row runs on a fork of one store.
 */

#include "support.h"

#include "query/query.h"

static const char schema_text[] =
    "[{:db/ident :acc/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :acc/balance :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :acc/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}]";

static const char accounts_text[] =
    "[{:acc/id \"a\" :acc/balance 10 :acc/tags [:x :y]} {:acc/id \"b\" :acc/balance 20}]";

static const char functions_text[] =
    "[{:db/ident :acc/add :db/lang :db.lang/datalog"
    "  :db/code \"[:find ?op ?e ?a ?new :in $ ?e ?n"
    "             :where [(ground :db/add) ?op] [(ground :acc/balance) ?a]"
    "                    [?e :acc/balance ?b] [(+ ?b ?n) ?new]]\"}"
    " {:db/ident :acc/move :db/lang :db.lang/datalog"
    "  :db/code \"[:find [?form ...] :in $ ?from ?to ?n"
    "             :where [(- 0 ?n) ?less]"
    "                    (or-join [?from ?to ?n ?less ?form]"
    "                      [(vector :acc/add ?from ?less) ?form]"
    "                      [(vector :acc/add ?to ?n) ?form])]\"}"
    " {:db/ident :acc/withdraw :db/lang :db.lang/datalog"
    "  :db/code \"[:find [?form ...] :in $ ?e ?n"
    "             :where [?e :acc/balance ?b]"
    "                    (or-join [?e ?b ?n ?form]"
    "                      (and [(>= ?b ?n)] [(- ?b ?n) ?new]"
    "                           [(vector :db/add ?e :acc/balance ?new) ?form])"
    "                      (and [(< ?b ?n)] [(str \\\"only \\\" ?b) ?why]"
    "                           [(vector :db.fn/cancel ?why) ?form]))]\"}"
    " {:db/ident :acc/copy :db/lang :db.lang/datalog"
    "  :db/code \"[:find ?id ?b :keys acc/id acc/balance :in $ ?suffix"
    "             :where [?e :acc/id ?old] [?e :acc/balance ?b] [(str ?old ?suffix) ?id]]\"}"
    " {:db/ident :acc/close :db/lang :db.lang/datalog"
    "  :db/code \"[:find [?op ?e] :in $ ?e :where [?e :acc/id]"
    "             [(ground :db/retractEntity) ?op]]\"}"
    " {:db/ident :acc/untag :db/lang :db.lang/datalog"
    "  :db/code \"[:find ?form . :in $ ?e :where [(vector) ?none]"
    "             [(vector :db.fn/reset-to-many ?e :acc/tags ?none) ?form]]\"}"
    " {:db/ident :acc/loop :db/lang :db.lang/datalog"
    "  :db/code \"[:find [?form ...] :in $ ?x :where [(vector :acc/loop ?x) ?form]]\"}"
    " {:db/ident :acc/all-rich :db/lang :db.lang/datalog"
    "  :db/code \"[:find ?op ?e ?a ?v :where [?e :acc/id] [(ground :db/add) ?op]"
    "             [(ground :acc/balance) ?a] [(ground 1000) ?v]]\"}]";

struct row {
    const char *name;
    const char *tx;
    const char *balances; /* afterwards, or NULL for an error */
    enum bs_reason reason;
    const char *message;
};

static const struct row rows[] = {
    {"rows are forms", "[[:acc/add [:acc/id \"a\"] 5]]", "a=15 b=20", 0, NULL},
    {"all calls see db-before: two increments add once",
     "[[:acc/add [:acc/id \"a\"] 5] [:acc/add [:acc/id \"a\"] 5]]", "a=15 b=20", 0, NULL},
    {"two increments that differ", "[[:acc/add [:acc/id \"a\"] 5] [:acc/add [:acc/id \"a\"] 6]]",
     NULL, BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"values of a collection are forms, which may be calls",
     "[[:acc/move [:acc/id \"a\"] [:acc/id \"b\"] 3]]", "a=7 b=23", 0, NULL},
    {"maps of a relation with :keys are forms", "[[:acc/copy \"2\"]]", "a=10 a2=10 b=20 b2=20", 0,
     NULL},
    {"a tuple is one form", "[[:acc/close [:acc/id \"a\"]]]", "b=20", 0, NULL},
    {"a tuple of nothing is no form", "[[:acc/close :acc/add]]", "a=10 b=20", 0, NULL},
    {"a scalar is one form", "[[:acc/untag [:acc/id \"a\"]]]", "a=10 b=20", 0, NULL},
    {"no :in is no arguments", "[[:acc/all-rich]]", "a=1000 b=1000", 0, NULL},
    {"no rows are no forms", "[[:acc/add :acc/add 5]]", "a=10 b=20", 0, NULL},
    {"the call as a list", "[(:acc/add [:acc/id \"a\"] 5)]", "a=15 b=20", 0, NULL},
    {"the call by a string", "[[\":acc/add\" [:acc/id \"a\"] 5]]", "a=15 b=20", 0, NULL},
    {"a refusal in data", "[[:acc/withdraw [:acc/id \"a\"] 11]]", NULL, BS_REASON_DB_CANCELLED,
     ":acc/withdraw gives [:db.fn/cancel \"only 10\"]: only 10"},
    {"what is allowed", "[[:acc/withdraw [:acc/id \"a\"] 10]]", "a=0 b=20", 0, NULL},
    {"too few arguments", "[[:acc/add [:acc/id \"a\"]]]", NULL, BS_REASON_Q_WRONG_ARITY,
     ":acc/add is called with 1 arguments: expected 2"},
    {"too many arguments", "[[:acc/all-rich 1]]", NULL, BS_REASON_Q_WRONG_ARITY,
     ":acc/all-rich is called with 1 arguments: expected 0"},
    {"an argument of the wrong type", "[[:acc/add [:acc/id \"a\"] \"x\"]]", NULL,
     BS_REASON_Q_INVALID_ARGUMENT, "in the function :acc/add"},
    {"a name that is nearly one", "[[:acc/ad [:acc/id \"a\"] 5]]", NULL,
     BS_REASON_DB_NOT_A_DATA_FUNCTION, "is :acc/add meant?"},
    {"a function that calls itself without end", "[[:acc/loop 1]]", NULL,
     BS_REASON_DB_FUNCTION_DEPTH, ":acc/loop is called more than 32 calls deep"},
    {"a function can't be called in the transaction that says it",
     "[{:db/ident :f/new :db/lang :db.lang/datalog :db/code \"[:find [?x ...] :in $ ?x]\"}"
     " [:f/new []]]",
     NULL, BS_REASON_DB_NOT_A_DATA_FUNCTION, ":f/new is not an operation"},
    {"code that is no EDN", "[{:db/ident :f/f :db/lang :db.lang/datalog :db/code \"[:find\"}]",
     NULL, BS_REASON_EDN_SYNTAX, ":db/code of entity"},
    {"code that is no query",
     "[{:db/ident :f/f :db/lang :db.lang/datalog :db/code \"{:where []}\"}]", NULL,
     BS_REASON_Q_INVALID_QUERY, ":db/code of entity"},
    {"code whose inputs do not begin with the database",
     "[{:db/ident :f/f :db/lang :db.lang/datalog"
     "  :db/code \"[:find ?x :in ?x $ :where [?x]]\"}]",
     NULL, BS_REASON_Q_INVALID_QUERY, "must begin with $"},
    {"code without a language", "[{:db/ident :f/f :db/code \"[:find ?x :in $ ?x]\"}]", NULL,
     BS_REASON_DB_INVALID_FUNCTION, "expected :db.lang/datalog"},
    {"code in another language",
     "[{:db/ident :f/f :db/lang :acc/id :db/code \"[:find ?x :in $ ?x]\"}]", NULL,
     BS_REASON_DB_INVALID_FUNCTION, "expected :db.lang/datalog"},
    {"code that replaces a function's",
     "[{:db/id :acc/add :db/code \"[:find ?x :in $ ?x :where\"}]", NULL, BS_REASON_EDN_SYNTAX,
     ":db/code of entity"},
};

static struct datom_conn *conn_of(struct datom_conn *base)
{
    struct datom_conn *fork = NULL;
    struct datom_db *db = datom_conn_db(base);
    assert_int_equal(datom_conn_fork(db, NULL, &fork, NULL), BS_OK);
    datom_db_unref(db);
    return fork;
}

static struct bs_str balances_of(struct datom_conn *conn, struct bs_arena *arena)
{
    struct datom_db *db = datom_conn_db(conn);
    struct edn input = edn_object_value(datom_db_object(db));
    struct bs_error error = BS_ERROR_INIT;
    struct edn rows_found;
    enum bs_code code = query_run_text(
        BS_STR("[:find ?id ?b :where [?e :acc/id ?id] [?e :acc/balance ?b] :order-by [?id]]"),
        &input, 1, NULL, arena, &rows_found, &error);
    if (code != BS_OK)
        fail_msg("%s", error.message);
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (uint32_t i = 0; i < rows_found.len; i++) {
        const struct edn *row = rows_found.as.items[i].as.items;
        bs_buf_printf(&out, "%s%.*s=%lld", i > 0 ? " " : "", BS_STR_ARGS(edn_text_of(row[0])),
                      (long long)row[1].as.integer);
    }
    datom_db_unref(db);
    return bs_arena_dup(arena, bs_buf_str(&out));
}

static void run_row(struct datom_conn *base, const struct row *row)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = conn_of(base);
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code = datom_transact_text(conn, bs_str_from(row->tx), NULL, NULL, &error);
    if (row->balances) {
        test_row(row->name, code == BS_OK, "%s", error.message);
        struct bs_str balances = balances_of(conn, arena);
        test_row(row->name, bs_str_equals(balances, row->balances), "is %.*s",
                 BS_STR_ARGS(balances));
    } else {
        test_row(row->name, code != BS_OK && error.reason == row->reason, "%s: %s",
                 bs_error_reason_name(&error), error.message);
        test_row(row->name, strstr(error.message, row->message) != NULL, "%s", error.message);
    }
    datom_conn_unref(conn);
}

static void test_functions__stored_as_data_give_forms(void **state)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++)
        run_row(*state, &rows[i]);
    test_rows_end();
}

/* A function is data: an older value has its older code. */
static void test_functions__change_like_data(void **state)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_conn *conn = conn_of(*state);
    struct datom_db *before = datom_conn_db(conn);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_transact_text(conn,
                            BS_STR("[{:db/id :acc/all-rich :db/code \"[:find ?op ?e ?a ?v :where "
                                   "[?e :acc/id] [(ground :db/add) ?op] [(ground :acc/balance) ?a] "
                                   "[(ground 7) ?v]]\"}]"),
                            NULL, NULL, &error),
        BS_OK);
    struct datom_conn *old = NULL;
    assert_int_equal(datom_conn_fork(before, NULL, &old, &error), BS_OK);
    struct bs_str call = BS_STR("[[:acc/all-rich]]");
    assert_int_equal(datom_transact_text(conn, call, NULL, NULL, &error), BS_OK);
    assert_int_equal(datom_transact_text(old, call, NULL, NULL, &error), BS_OK);
    assert_str_equals(balances_of(conn, arena), "a=7 b=7");
    assert_str_equals(balances_of(old, arena), "a=1000 b=1000");
    assert_int_equal(datom_transact_text(conn, BS_STR("[[:db/retract :acc/all-rich :db/code]]"),
                                         NULL, NULL, &error),
                     BS_OK);
    assert_int_equal(datom_transact_text(conn, call, NULL, NULL, &error), BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_NOT_A_DATA_FUNCTION);
    datom_conn_unref(old);
    datom_db_unref(before);
    datom_conn_unref(conn);
}

/* A function that would run for ever ends with the transaction's deadline. */
static void test_functions__end_with_the_deadline(void **state)
{
    struct datom_conn *conn = conn_of(*state);
    struct bs_error error = BS_ERROR_INIT;
    struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(50 * INT64_C(1000000))};
    struct datom_tx_options options = {.interrupt = &soon};
    assert_int_equal(
        datom_transact_text(
            conn,
            BS_STR("[{:db/ident :f/slow :db/lang :db.lang/datalog :db/code"
                   "  \"[:find [(count ?x) ...] :with ?y ?z ?u :where [_ _ ?x] [_ _ ?y] [_ _ ?z] "
                   "[_ _ ?u]]\"}]"),
            NULL, NULL, &error),
        BS_OK);
    enum bs_code code = datom_transact_text(conn, BS_STR("[[:f/slow]]"), &options, NULL, &error);
    assert_int_equal(code, BS_DEADLINE_EXCEEDED);
    datom_conn_unref(conn);
}

static int setup(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_functions *functions = datom_functions_new();
    query_functions_install(functions);
    struct datom_conn *conn =
        datom_conn_new_memory(&(struct datom_options){.functions = functions});
    datom_functions_unref(functions);
    const char *const texts[] = {schema_text, accounts_text, functions_text};
    for (size_t i = 0; i < BS_ARRAY_COUNT(texts); i++) {
        if (datom_transact_text(conn, bs_str_from(texts[i]), NULL, NULL, &error) != BS_OK) {
            fprintf(stderr, "%s\n", error.message);
            return -1;
        }
    }
    *state = conn;
    return 0;
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions__stored_as_data_give_forms),
        cmocka_unit_test(test_functions__change_like_data),
        cmocka_unit_test(test_functions__end_with_the_deadline),
    };
    return cmocka_run_group_tests_name("query/functions", tests, setup, teardown);
}
