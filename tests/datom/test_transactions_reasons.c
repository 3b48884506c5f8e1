/*
 * Every reason that a transaction can be refused for (the reference's 1.7, as far as it is about
 * transactions): a form that raises it, the category that a program sees, what the message must say
 * to whoever has to mend it, and the fields that it has as data. A reason that is in no row must be
 * among those that only others raise. And the names that Datomic has for errors.
 */

#include "support.h"

#include <stdlib.h>

#include "datom/constants.h"
#include "datom/people.h"

struct reason_row {
    enum bs_reason reason;
    const char *category;
    const char *tx;
    const char *words[4]; /* parts of the message, beside the form's number */
    const char *fields;   /* keys that must be there, beside "form" */
};

#define ONE " :db/cardinality :db.cardinality/one"
#define TEN_DIGITS "1234567890"
#define HUNDRED_DIGITS                                                                             \
    TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS TEN_DIGITS        \
        TEN_DIGITS TEN_DIGITS
#define THOUSAND_DIGITS                                                                            \
    HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS      \
        HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS HUNDRED_DIGITS
#define TUPLE "{:db/ident :t/t :db/valueType :db.type/tuple" ONE

static const struct reason_row rows[] = {
    {BS_REASON_DB_NOT_AN_ENTITY,
     ":incorrect",
     "[{} [:db/add :no/body :p/age 1]]",
     {"form 1, [:db/add :no/body :p/age 1]: ", ":no/body names no entity", "before this"},
     "entity"},
    {BS_REASON_DB_NOT_AN_ATTRIBUTE,
     ":incorrect",
     "[{} [:db/add " ANN " :p/agee 1]]",
     {"form 1, [:db/add ", ":p/agee is not an attribute", "did you mean :p/age?"},
     "entity attribute"},
    {BS_REASON_DB_NOT_A_DATA_FUNCTION,
     ":incorrect",
     "[{} [:db/ad " ANN " :p/age 1]]",
     {"form 1, [:db/ad ", ":db/ad is not an operation", "is :db/add meant?"},
     ""},
    {BS_REASON_DB_INVALID_TX_FORM,
     ":incorrect",
     "[{} [:db/add " ANN " :p/age]]",
     {"form 1, [:db/add ", "has 3 elements", "expected [:db/add entity attribute value]"},
     ""},
    {BS_REASON_DB_INVALID_ENTITY_ID,
     ":incorrect",
     "[{} [:db/add 17592186055555 :p/age 1]]",
     {"form 1, [:db/add 17592186055555 ", "was never issued", "use a tempid"},
     "entity"},
    {BS_REASON_DB_INVALID_LOOKUP_REF,
     ":incorrect",
     "[{} [:db/add [:p/email] :p/age 1]]",
     {"form 1, [:db/add [:p/email] ", "[:p/email] is not a lookup ref",
      "expected [attribute value]"},
     "entity"},
    {BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
     ":incorrect",
     "[{} [:db/add [:p/age 30] :p/name \"A\"]]",
     {"form 1, [:db/add [:p/age 30] ", ":p/age, which is not unique", "expected an attribute with"},
     "entity"},
    {BS_REASON_DB_WRONG_TYPE,
     ":incorrect",
     "[{} [:db/add " ANN " :p/age \"x\"]]",
     {"form 1, [:db/add ", "\"x\" (a string)", "a value of :p/age", "expected :db.type/long"},
     "entity attribute value"},
    {BS_REASON_DB_NIL_VALUE,
     ":incorrect",
     "[{} {:db/id " ANN " :p/age nil}]",
     {"form 1, {:db/id ", "nil can't be a value of :p/age", "expected :db.type/long"},
     "entity attribute value"},
    {BS_REASON_DB_VALUE_TOO_LARGE,
     ":incorrect",
     "[{} {:db/id " ANN " :q/amount " THOUSAND_DIGITS HUNDRED_DIGITS "M}]",
     {"form 1, {:db/id ", "a value of :q/amount", "has 1100 digits", "expected at most 1024"},
     "entity attribute value"},
    {BS_REASON_DB_TEMPID_NOT_AN_ENTITY,
     ":incorrect",
     "[{} [:db/add " ANN " :p/boss \"who\"]]",
     {"form 1, [:db/add ", "\"who\" is only referred to", "expected a form"},
     "entity"},
    {BS_REASON_DB_INVALID_TEMPID,
     ":incorrect",
     "[{} [:db/add \"datomic.x\" :p/age 1]]",
     {"form 1, [:db/add \"datomic.x\" ", "reserved"},
     "entity"},
    {BS_REASON_DB_INVALID_NESTED_ENTITY,
     ":incorrect",
     "[{} {:db/id " ANN " :p/boss {:p/name \"x\"}}]",
     {"form 1, {:db/id ", "{:p/name \"x\"} under :p/boss", "expected a component attribute"},
     "entity attribute value"},
    {BS_REASON_DB_UNIQUE_CONFLICT,
     ":conflict",
     "[{} {:db/id " BOB " :p/login \"ann\"}]",
     {"form 1, {:db/id ", ":p/login \"ann\" is held by entity 17592186045419", "17592186045420"},
     "entity attribute value holder"},
    {BS_REASON_DB_DATOMS_CONFLICT,
     ":conflict",
     "[[:db/add " ANN " :p/age 1] [:db/add " ANN " :p/age 2]]",
     {"form 1, [:db/add ", ":p/age 2] contradicts", ":p/age 1]", "expected one of them"},
     "entity attribute value d1 d2"},
    {BS_REASON_DB_CAS_FAILED,
     ":conflict",
     "[{} [:db/cas " ANN " :p/age 29 31]]",
     {"form 1, [:db/cas ", ":p/age of entity 17592186045419 is 30", "expected 29"},
     "entity attribute value v v-old"},
    {BS_REASON_DB_INVALID_CAS,
     ":incorrect",
     "[{} [:db/cas " ANN " :p/tags :a :b]]",
     {"form 1, [:db/cas ", ":p/tags, which has cardinality many", "expected cardinality one"},
     "entity attribute value"},
    {BS_REASON_DB_PAST_TX_INSTANT,
     ":incorrect",
     "[{} [:db/add \"datomic.tx\" :db/txInstant #inst \"1971\"]]",
     {"form 1, [:db/add ", "#inst \"1971-01-01T00:00:00.000-00:00\" is too early",
      "expected one from"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE,
     ":incorrect",
     "[{} {:db/ident :t/t :db/valueType :db.type/long}]",
     {"form 1, {:db/ident :t/t", ":t/t has no :db/cardinality", "expected :db.cardinality/one or"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_ALTER_ATTRIBUTE,
     ":incorrect",
     "[{} {:db/id :p/age :db/valueType :db.type/string}]",
     {"form 1, {:db/id :p/age", ":p/age can't change its :db/valueType"},
     "entity attribute value from to"},
    {BS_REASON_DB_CARDINALITY_VIOLATION,
     ":incorrect",
     "[{} {:db/id :p/tags :db/cardinality :db.cardinality/one}]",
     {"form 1, {:db/id :p/tags", ":p/tags can't become cardinality one",
      "entity 17592186045419 has several values"},
     "entity attribute value datoms"},
    {BS_REASON_DB_UNIQUE_VIOLATION,
     ":incorrect",
     "[{} {:db/id :q/same :db/unique :db.unique/value}]",
     {"form 1, {:db/id :q/same", ":q/same can't become unique", "both have 7"},
     "entity attribute value datoms"},
    {BS_REASON_DB_DATOM_CANNOT_BE_ALTERED,
     ":incorrect",
     "[{} {:db/id :db/doc :db/index true}]",
     {"form 1, {:db/id :db/doc", ":db/doc, is built in", "only its :db/doc"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_TUPLE_VALUE,
     ":incorrect",
     "[{} {:db/id " ANN " :q/pair [1]}]",
     {"form 1, {:db/id ", "[1] can't be a value of :q/pair", "expected a vector of 2 elements"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_TUPLE_ATTRS,
     ":incorrect",
     "[{} " TUPLE " :db/tupleAttrs [:p/age :p/tags]}]",
     {"form 1, {:db/ident :t/t", ":t/t has a member :p/tags", "expected attributes of cardinality"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_TUPLE_KIND,
     ":incorrect",
     "[{} " TUPLE "}]",
     {"form 1, {:db/ident :t/t", ":t/t has :db.type/tuple", "expected one of :db/tupleAttrs"},
     "entity attribute value"},
    {BS_REASON_DB_ATTR_PRED,
     ":incorrect",
     "[{} {:db/id " ANN " :q/even 3}]",
     {"form 1, {:db/id ", ":q/even 3 does not pass my/even, which gave \"odd\"", "expected true"},
     "entity attribute value pred pred-return"},
    {BS_REASON_DB_ENTITY_ATTR,
     ":incorrect",
     "[{} {:db/id " ANN " :db/ensure :q/spec}]",
     {"form 1, {:db/id ", "entity 17592186045419 lacks [:q/even]", "the spec :q/spec wants"},
     "entity attribute spec"},
    {BS_REASON_DB_ENTITY_PRED,
     ":incorrect",
     "[{} {:db/id " ANN " :q/even 2 :db/ensure :q/spec}]",
     {"form 1, {:db/id ", "entity 17592186045419 does not pass my/never, which gave nil",
      "expected true"},
     "entity spec pred pred-return"},
    {BS_REASON_DB_INVALID_TIME_POINT,
     ":incorrect",
     "[{} {:db/excise " ANN " :db.excise/beforeT -5}]",
     {"form 1, {:db/excise ", "-5 is no point in time", "expected a t"},
     "entity attribute value"},
    {BS_REASON_DB_INVALID_EXCISE,
     ":incorrect",
     "[{} {:db/excise " ANN " :db.excise/attrs :db.part/user}]",
     {"form 1, {:db/excise ", "entity 4, :db.part/user, which is no attribute", "expected those"},
     "entity attribute value"},
    {BS_REASON_DB_UNSUPPORTED,
     ":unsupported",
     "[{} {:db/ident :t/t :db/valueType :db.type/fn" ONE "}]",
     {"form 1, {:db/ident :t/t", ":db.type/fn", "expected :db/lang"},
     "entity attribute value"},
    {BS_REASON_Q_WRONG_ARITY,
     ":incorrect",
     "[{} [my/nothing 1 2]]",
     {"form 1, [my/nothing 1 2]: ", "my/nothing is called with 2 arguments", "expected 0 to 1"},
     ""},
    {BS_REASON_DB_CANCELLED,
     ":conflict",
     "[{} [:db.fn/cancel \"not today\"]]",
     {"form 1, [:db.fn/cancel ", "not today"},
     ""},
    {BS_REASON_DB_FUNCTION_DEPTH,
     ":exhausted",
     "[{} [my/for-ever]]",
     {"form 1, [my/for-ever]: ", "my/for-ever is called more than 32 calls deep"},
     ""},
    {BS_REASON_DB_INVALID_FUNCTION,
     ":incorrect",
     "[{} [my/nothing 17]]",
     {"form 1, [my/nothing 17]: ", "my/nothing gives 17", "expected a vector of forms"},
     ""},
    {BS_REASON_DB_NOT_A_PARTITION,
     ":incorrect",
     "[{} {:db/id \"x\" :p/age 1 :db/force-partition {\"x\" :p/age}}]",
     {"form 1, {:db/id \"x\"", ":p/age names no partition", "expected :db.part/user"},
     "entity value"},
    {BS_REASON_DB_PARTITION_CONFLICT,
     ":incorrect",
     "[{:db/id \"x\" :p/age 1 :db/force-partition {\"x\" 524289}}"
     " {:db/force-partition {\"x\" 524290}}]",
     {"form 1, {:db/force-partition ", "\"x\" can't be in two partitions, 524289 and 524290",
      "expected one"},
     "entity p1 p2"},
    {BS_REASON_DB_CYCLE_IN_AFFINITY,
     ":incorrect",
     "[{} {:db/id \"x\" :p/age 1 :db/match-partition {\"x\" \"x\"}}]",
     {"form 1, {:db/id \"x\"", "\"x\" would depend on itself", "expected a chain"},
     "entity"},
    {BS_REASON_DB_INVALID_ATTR_CHECK,
     ":incorrect",
     "[{} {:db/id :p/age :db.attr/check (range 5)}]",
     {"form 1, {:db/id :p/age", ":p/age", "(range 5)", "expected (range MIN MAX)"},
     "entity attribute value"},
    {BS_REASON_DB_NOT_A_PREDICATE,
     ":incorrect",
     "[{} {:db/id " ANN " :q/absent 3}]",
     {"form 1, {:db/id ", "my/absent, a predicate of :q/absent", "expected datom_options"},
     "entity attribute value pred"},
    {BS_REASON_DB_INVALID_ENSURE,
     ":incorrect",
     "[{} {:db/id " ANN " :db/ensure " BOB "}]",
     {"form 1, {:db/id ", "17592186045420 is no entity spec", "expected an entity that has"},
     "entity"},
};

/* Reasons of that name that transactions have nothing to do with, or raise for no form's sake. */
static const struct {
    enum bs_reason reason;
    const char *who;
} others[] = {
    {BS_REASON_DB_ATTRIBUTE_NOT_INDEXED, "walks"},
    {BS_REASON_DB_INVALID_INDEX, "walks"},
    {BS_REASON_DB_NOT_ON_HISTORY, "with on a history: test_views.c"},
    {BS_REASON_DB_READ_ONLY, "a store that is open read-only: test_conn.c"},
    {BS_REASON_DB_TRANSACTION_TOO_LARGE, "limits: test_transactions_limits.c"},
    {BS_REASON_DB_LOG_CONFLICT, "logs of several writers: test_log_store.c"},
    {BS_REASON_Q_INVALID_QUERY, "queries; functions stored as data: tests/query/test_functions.c"},
    {BS_REASON_Q_INSUFFICIENT_BINDING, "queries"},
    {BS_REASON_Q_INVALID_PULL, "queries"},
    {BS_REASON_Q_UNKNOWN_FUNCTION, "queries"},
    {BS_REASON_Q_INVALID_ARGUMENT, "queries"},
    {BS_REASON_Q_INVALID_DATA_SOURCE, "queries"},
    {BS_REASON_Q_UNSUPPORTED, "queries"},
    {BS_REASON_Q_BUDGET, "queries"},
};

/* ---- functions of the connection ---- */

static enum bs_code give_argument(void *self, const struct datom_tx_call *call,
                                  struct edn *ret_tx_data, struct bs_error *error)
{
    (void)self;
    (void)error;
    *ret_tx_data = call->args_count > 0 ? call->args[0] : edn_nil();
    return BS_OK;
}

/* Calls itself. */
static enum bs_code call_again(void *self, const struct datom_tx_call *call,
                               struct edn *ret_tx_data, struct bs_error *error)
{
    (void)self;
    (void)error;
    struct edn name = EDN_SYMBOL_LIT("my/for-ever");
    struct edn form = edn_vector_of(call->arena, &name, 1);
    *ret_tx_data = edn_vector_of(call->arena, &form, 1);
    return BS_OK;
}

static enum bs_code is_even(void *self, struct edn value, struct bs_arena *arena,
                            struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    (void)arena;
    (void)error;
    *ret_return = value.as.integer % 2 == 0 ? edn_boolean(true) : EDN_STRING_LIT("odd");
    return BS_OK;
}

static const struct edn never = {.type = EDN_NIL};

static struct datom_functions *functions_new(void)
{
    struct datom_functions *functions = datom_functions_new();
    datom_functions_add_tx(functions, BS_STR("my/nothing"),
                           (struct datom_tx_function){.call = give_argument, .args_max = 1});
    datom_functions_add_tx(functions, BS_STR("my/for-ever"),
                           (struct datom_tx_function){.call = call_again});
    datom_functions_add_value_predicate(functions, BS_STR("my/even"),
                                        (struct datom_value_predicate){.test = is_even});
    datom_functions_add_entity_predicate(functions, BS_STR("my/never"),
                                         constant_entity_predicate(&never));
    return functions;
}

static const char schema_text[] =
    "[{:db/ident :q/amount :db/valueType :db.type/bigdec" ONE "}"
    " {:db/ident :q/same :db/valueType :db.type/long" ONE "}"
    " {:db/ident :q/pair :db/valueType :db.type/tuple" ONE
    "  :db/tupleTypes [:db.type/long :db.type/long]}"
    " {:db/ident :q/even :db/valueType :db.type/long" ONE " :db.attr/preds my/even}"
    " {:db/ident :q/absent :db/valueType :db.type/long" ONE " :db.attr/preds my/absent}"
    " {:db/ident :q/spec :db.entity/attrs [:q/even] :db.entity/preds my/never}]";

/* ---- the tests ---- */

static void check_words(const struct reason_row *row, const char *message)
{
    const char *name = bs_reason_name(row->reason);
    for (size_t i = 0; i < BS_ARRAY_COUNT(row->words) && row->words[i]; i++)
        test_row(name, strstr(message, row->words[i]) != NULL, "no %s in %s", row->words[i],
                 message);
}

static void check_fields(const struct reason_row *row, const struct bs_error *error)
{
    const char *name = bs_reason_name(row->reason);
    char key[32];
    int length;
    const struct bs_error_field *form = bs_error_find(error, "form");
    test_row(name, form && !form->is_text && form->integer == 1, "the form");
    for (const char *at = row->fields; sscanf(at, " %31s%n", key, &length) == 1; at += length)
        test_row(name, bs_error_find(error, key) != NULL, "no field %s", key);
}

static void test_reasons__have_a_category_words_and_data(void **state)
{
    struct datom_conn *conn = *state;
    struct datom_db *before = datom_conn_db(conn);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const struct reason_row *row = &rows[i];
        const char *name = bs_reason_name(row->reason);
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = datom_transact_text(conn, bs_str_from(row->tx), NULL, NULL, &error);
        test_row(name, error.reason == row->reason, "%s: %s", bs_error_reason_name(&error),
                 error.message);
        test_row(name, strcmp(bs_code_category(code), row->category + 1) == 0, ":%s",
                 bs_code_category(code));
        test_row(name, code == error.code, "%s and %s", bs_code_name(code),
                 bs_code_name(error.code));
        check_words(row, error.message);
        check_fields(row, &error);
    }
    struct datom_db *after = datom_conn_db(conn);
    assert_int_equal(datom_db_basis_t(after), datom_db_basis_t(before));
    datom_db_unref(after);
    datom_db_unref(before);
    test_rows_end();
}

static bool is_known(enum bs_reason reason)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        if (rows[i].reason == reason)
            return true;
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(others); i++) {
        if (others[i].reason == reason)
            return true;
    }
    return false;
}

static void test_reasons__are_all_in_the_table(void **state)
{
    (void)state;
    for (int reason = 1; reason < BS_REASON_COUNT; reason++) {
        const char *name = bs_reason_name((enum bs_reason)reason);
        if (bs_str_starts_with(bs_str_from(name), BS_STR("db.error/")))
            test_row(name, is_known((enum bs_reason)reason),
                     "no form raises it here, and nobody else is said to");
    }
    test_rows_end();
}

static void read_docs(struct bs_buf *ret_docs)
{
    char path[1000];
    const char *source = getenv("BANDSTAND_SOURCE");
    assert_non_null(source);
    snprintf(path, sizeof(path), "%s/docs/datomic.md", source);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;)
        bs_buf_append_byte(ret_docs, (char)c);
    fclose(file);
}

/* Datomic's names of errors (1.7): ours too, unless docs/datomic.md says what stands in the place.
 */
static void test_reasons__have_datomics_names(void **state)
{
    (void)state;
    static const char *const same[] = {
        "not-an-entity",
        "not-a-partition",
        "not-a-data-function",
        "unique-conflict",
        "cas-failed",
        "datoms-conflict",
        "wrong-type-for-attribute",
        "nil-value",
        "tempid-not-an-entity",
        "invalid-entity-id",
        "invalid-nested-entity",
        "insufficient-binding",
        "invalid-data-source",
        "attribute-not-indexed",
        "lookup-ref-attr-not-unique",
        "invalid-lookup-ref",
        "invalid-tuple-value",
        "invalid-tuple-attrs",
        "invalid-tuple-kind",
        "invalid-install-attribute",
        "invalid-alter-attribute",
        "cardinality-violation",
        "unique-violation",
        "datom-cannot-be-altered",
        "past-tx-instant",
        "attr-pred",
        "entity-attr",
        "entity-pred",
        "cycle-in-affinity",
    };
    static const struct {
        const char *name;
        enum bs_reason ours; /* BS_REASON_NONE: it never comes up */
    } others_of_datomic[] = {
        {"unsupported-alter-schema", BS_REASON_DB_INVALID_ALTER_ATTRIBUTE},
        {"transaction-timeout", BS_REASON_STORE_OUTCOME_UNKNOWN},
        {"db-not-found", BS_REASON_STORE_NOT_FOUND},
        {"unique-without-index", BS_REASON_NONE},
        {"not-a-binding-form", BS_REASON_NONE},
        {"entity-missing-db-id", BS_REASON_NONE},
    };
    BS_CLEANUP(bs_buf_fini) struct bs_buf docs = BS_BUF_INIT(0);
    read_docs(&docs);
    for (size_t i = 0; i < BS_ARRAY_COUNT(same); i++) {
        char name[64];
        snprintf(name, sizeof(name), "db.error/%s", same[i]);
        test_row(name, bs_reason_from_name(bs_str_from(name)) != BS_REASON_NONE, "no such reason");
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(others_of_datomic); i++) {
        const char *name = others_of_datomic[i].name;
        enum bs_reason ours = others_of_datomic[i].ours;
        test_row(name, strstr(bs_buf_cstr(&docs), name) != NULL, "docs/datomic.md is silent");
        test_row(name, ours == BS_REASON_NONE || strstr(bs_buf_cstr(&docs), bs_reason_name(ours)),
                 "docs/datomic.md does not name %s", bs_reason_name(ours));
    }
    test_rows_end();
}

static int setup(void **state)
{
    struct datom_functions *functions = functions_new();
    struct datom_conn *conn = people_new(&(struct datom_options){.functions = functions});
    datom_functions_unref(functions);
    *state = conn;
    if (datom_transact_text(conn, bs_str_from(schema_text), NULL, NULL, NULL) != BS_OK)
        return -1;
    return datom_transact_text(conn, BS_STR("[{:q/same 7} {:q/same 7}]"), NULL, NULL, NULL) == BS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    datom_conn_unref(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons__have_a_category_words_and_data),
        cmocka_unit_test(test_reasons__are_all_in_the_table),
        cmocka_unit_test(test_reasons__have_datomics_names),
    };
    return cmocka_run_group_tests_name("datom/transactions_reasons", tests, setup, teardown);
}
