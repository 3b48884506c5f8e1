/*
 * Transactions as a user sees them: rows of a transaction and what comes of it, each on a fork of
 * one store that has the schema and two people.
 */

#include "support.h"

#include "datom/datom.h"
#include "datom/rows.h"

static struct datom_conn *base_conn;

static const char schema_text[] =
    "[{:db/ident :p/email :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/login :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/value}"
    " {:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/age :db/valueType :db.type/long :db/cardinality :db.cardinality/one :db/index "
    "true}"
    " {:db/ident :p/ok :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/tags :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friends :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/boss :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/twin :db/valueType :db.type/ref :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/price :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/weight :db/valueType :db.type/float :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/seen :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :color/red}]";

static const char people_text[] =
    "[{:db/id \"ann\" :p/email \"ann@x\" :p/login \"ann\" :p/name \"Ann\" :p/age 30 :p/ok false"
    "  :p/tags [:a :b]}"
    " {:db/id \"bob\" :p/email \"bob@x\" :p/name \"Bob\" :p/friends \"ann\" :p/parts {:p/name "
    "\"leg\"}}]";

static int setup(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    base_conn = datom_conn_new_memory(NULL);
    if (datom_transact_text(base_conn, bs_str_from(schema_text), NULL, NULL, &error) != BS_OK ||
        datom_transact_text(base_conn, bs_str_from(people_text), NULL, NULL, &error) != BS_OK) {
        fprintf(stderr, "%s\n", error.message);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    datom_conn_unref(base_conn);
    return 0;
}

static struct datom_conn *fork_base(void)
{
    return rows_fork(base_conn);
}

/* Schema takes t 1000 and one ident entity (1001); people t 1002: ann 1003, bob 1004, leg 1005. */
static const struct row rows[] = {
    {"nothing", NULL, "[]", "", 0, NULL},
    {"add", NULL, "[[:db/add \"x\" :p/name \"X\"]]", "+new1:p/name:\"X\"", 0, NULL},
    {"replace implies a retraction", NULL, "[[:db/add [:p/email \"ann@x\"] :p/age 31]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"explicit retraction of the old is the same", NULL,
     "[[:db/add [:p/email \"ann@x\"] :p/age 31] [:db/retract [:p/email \"ann@x\"] :p/age 30]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"redundant add", NULL, "[[:db/add [:p/email \"ann@x\"] :p/age 30]]", "", 0, NULL},
    {"redundant many", NULL, "[{:p/email \"ann@x\" :p/tags [:a :c]}]", "+1003:p/tags::c", 0, NULL},
    {"retract what is not there", NULL, "[[:db/retract [:p/email \"ann@x\"] :p/age 99]]", "", 0,
     NULL},
    {"retract false", NULL, "[[:db/retract [:p/email \"ann@x\"] :p/ok false]]", "-1003:p/ok:false",
     0, NULL},
    {"retract all values", NULL, "[[:db/retract [:p/email \"ann@x\"] :p/tags]]",
     "-1003:p/tags::a -1003:p/tags::b", 0, NULL},
    {"upsert", NULL, "[{:p/email \"ann@x\" :p/name \"Anna\"}]",
     "-1003:p/name:\"Ann\" +1003:p/name:\"Anna\"", 0, NULL},
    {"two tempids with one identity unify", NULL,
     "[[:db/add \"a\" :p/email \"n@x\"] [:db/add \"b\" :p/email \"n@x\"] [:db/add \"b\" :p/age 1]]",
     "+new1:p/email:\"n@x\" +new1:p/age:1", 0, NULL},
    {"unified tempids that disagree", NULL,
     "[{:p/email \"n@x\" :p/age 1} {:p/email \"n@x\" :p/age 2}]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "contradicts"},
    {"a ref identity unifies through a tempid", NULL,
     "[{:db/id \"t\" :p/email \"ann@x\"} {:db/id \"a\" :p/twin \"t\" :p/age 1}"
     " {:db/id \"b\" :p/twin [:p/email \"ann@x\"] :p/name \"B\"}]",
     "+new1:p/twin:1003 +new1:p/age:1 +new1:p/name:\"B\"", 0, NULL},
    {"one tempid, two entities", "[{:db/id \"z\" :p/twin [:p/email \"bob@x\"]}]",
     "[{:p/email \"ann@x\" :p/twin [:p/email \"bob@x\"]}]", NULL, BS_REASON_DB_UNIQUE_CONFLICT,
     "two entities at once"},
    {"identity with another explicit id", NULL,
     "[{:db/id [:p/email \"bob@x\"] :p/email \"ann@x\"}]", NULL, BS_REASON_DB_UNIQUE_CONFLICT,
     "held by entity"},
    {"unique value held", NULL, "[{:p/email \"bob@x\" :p/login \"ann\"}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":p/login \"ann\" is held by entity 17592186045419"},
    {"unique value moved", NULL,
     "[[:db/retract [:p/email \"ann@x\"] :p/login \"ann\"] {:p/email \"bob@x\" :p/login \"ann\"}]",
     "-1003:p/login:\"ann\" +1004:p/login:\"ann\"", 0, NULL},
    {"unique value twice in one transaction", NULL,
     "[{:p/email \"q@x\" :p/login \"q\"} {:p/email \"r@x\" :p/login \"q\"}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":p/login"},
    {"add and retract the same", NULL,
     "[[:db/add [:p/email \"ann@x\"] :p/tags :z] [:db/retract [:p/email \"ann@x\"] :p/tags :z]]",
     NULL, BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"retract and add the same", NULL,
     "[[:db/retract [:p/email \"ann@x\"] :p/age 30] [:db/add [:p/email \"ann@x\"] :p/age 30]]",
     NULL, BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"two values of one", NULL,
     "[[:db/add [:p/email \"ann@x\"] :p/age 1] [:db/add [:p/email \"ann@x\"] :p/age 2]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, ":p/age 1"},
    {"lookup ref to an entity of the same transaction", NULL,
     "[{:p/email \"new@x\"} [:db/add [:p/email \"new@x\"] :p/age 1]]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "form 1"},
    {"lookup ref by an attribute that is not unique", NULL, "[[:db/add [:p/age 30] :p/age 1]]",
     NULL, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE, ":p/age"},
    {"unknown attribute", NULL, "[{:p/nam \"x\"}]", NULL, BS_REASON_DB_NOT_AN_ATTRIBUTE,
     "did you mean :p/name?"},
    {"unknown ident", NULL, "[[:db/add :no/such :p/age 1]]", NULL, BS_REASON_DB_NOT_AN_ENTITY,
     ":no/such"},
    {"wrong type", NULL, "[{:p/name 17}]", NULL, BS_REASON_DB_WRONG_TYPE,
     "17 (a long) can't be a value of :p/name: expected :db.type/string"},
    {"nil", NULL, "[{:p/name nil}]", NULL, BS_REASON_DB_NIL_VALUE, ":p/name"},
    {"an id never issued", NULL, "[[:db/add 17592186099999 :p/age 1]]", NULL,
     BS_REASON_DB_INVALID_ENTITY_ID, "17592186099999"},
    {"a tempid that is only a value", NULL, "[{:p/email \"ann@x\" :p/boss \"nobody\"}]", NULL,
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "nobody"},
    {"a reserved tempid", NULL, "[[:db/add \"datomic.x\" :p/age 1]]", NULL,
     BS_REASON_DB_INVALID_TEMPID, "datomic.x"},
    {"the transaction itself", NULL, "[[:db/add \"datomic.tx\" :db/doc \"why\"]]",
     "+tx:db/doc:\"why\"", 0, NULL},
    {"nested component", NULL,
     "[{:p/email \"ann@x\" :p/parts [{:p/name \"arm\"} {:p/name \"ear\"}]}]",
     "+1003:p/parts:1007 +new1:p/name:\"arm\" +1003:p/parts:1008 +new2:p/name:\"ear\"", 0, NULL},
    {"nested map with an identity", NULL, "[{:p/email \"ann@x\" :p/boss {:p/email \"bob@x\"}}]",
     "+1003:p/boss:1004", 0, NULL},
    {"nested map without", NULL, "[{:p/email \"ann@x\" :p/boss {:p/name \"who\"}}]", NULL,
     BS_REASON_DB_INVALID_NESTED_ENTITY, ":p/boss"},
    {"reverse attribute", NULL,
     "[{:p/email \"ann@x\" :p/_boss [[:p/email \"bob@x\"] \"n\"]}"
     " {:db/id \"n\" :p/age 2}]",
     "+1004:p/boss:1003 +new1:p/boss:1003 +new1:p/age:2", 0, NULL},
    {"a lookup ref as the value of many", NULL,
     "[{:p/email \"ann@x\" :p/friends [:p/email \"bob@x\"]}]", "+1003:p/friends:1004", 0, NULL},
    {"an ident as a reference", NULL, "[{:p/email \"ann@x\" :p/boss :color/red}]",
     "+1003:p/boss:1001", 0, NULL},
    {"string keys", NULL, "[{\":p/email\" \"ann@x\" \":p/age\" 5}]", "-1003:p/age:30 +1003:p/age:5",
     0, NULL},
    {"cas", NULL, "[[:db/cas [:p/email \"ann@x\"] :p/age 30 31]]", "-1003:p/age:30 +1003:p/age:31",
     0, NULL},
    {"cas by its old name", NULL, "[[:db.fn/cas [:p/email \"ann@x\"] :p/age 30 31]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"cas from false", NULL, "[[:db/cas [:p/email \"ann@x\"] :p/ok false true]]",
     "-1003:p/ok:false +1003:p/ok:true", 0, NULL},
    {"cas from nil", NULL, "[[:db/cas [:p/email \"bob@x\"] :p/age nil 1]]", "+1004:p/age:1", 0,
     NULL},
    {"cas that fails", NULL, "[[:db/cas [:p/email \"ann@x\"] :p/age 29 31]]", NULL,
     BS_REASON_DB_CAS_FAILED, ":p/age of entity 17592186045419 is 30: expected 29"},
    {"cas from nil that fails", NULL, "[[:db/cas [:p/email \"ann@x\"] :p/ok nil true]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is false: expected nil"},
    {"two cas alike", NULL,
     "[[:db/cas [:p/email \"ann@x\"] :p/age 30 1] [:db/cas [:p/email \"ann@x\"] :p/age 30 1]]",
     "-1003:p/age:30 +1003:p/age:1", 0, NULL},
    {"two cas apart", NULL,
     "[[:db/cas [:p/email \"ann@x\"] :p/age 30 1] [:db/cas [:p/email \"ann@x\"] :p/age 30 2]]",
     NULL, BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"two cas in a row", NULL,
     "[[:db/cas [:p/email \"ann@x\"] :p/age 30 1] [:db/cas [:p/email \"ann@x\"] :p/age 1 2]]", NULL,
     BS_REASON_DB_CAS_FAILED, "form 1"},
    {"cas on many", NULL, "[[:db/cas [:p/email \"ann@x\"] :p/tags :a :b]]", NULL,
     BS_REASON_DB_INVALID_CAS, ":p/tags"},
    {"retractEntity", NULL, "[[:db/retractEntity [:p/email \"bob@x\"]]]",
     "-1004:p/email:\"bob@x\" -1004:p/name:\"Bob\" -1004:p/friends:1003 -1004:p/parts:1005 "
     "-1005:p/name:\"leg\"",
     0, NULL},
    {"retractEntity takes references away", NULL, "[[:db/retractEntity [:p/email \"ann@x\"]]]",
     "-1003:p/email:\"ann@x\" -1003:p/login:\"ann\" -1003:p/name:\"Ann\" -1003:p/age:30 "
     "-1003:p/ok:false -1003:p/tags::a -1003:p/tags::b -1004:p/friends:1003",
     0, NULL},
    {"retractEntity twice", NULL,
     "[[:db/retractEntity 17592186045421] [:db/retractEntity 17592186045421]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005", 0, NULL},
    {"retractEntity of a cycle of components",
     "[[:db/add [:p/email \"ann@x\"] :p/parts [:p/email \"ann@x\"]]"
     " [:db/retract [:p/email \"ann@x\"] :p/tags]]",
     "[[:db/retractEntity [:p/email \"ann@x\"]]]",
     "-1003:p/email:\"ann@x\" -1003:p/login:\"ann\" -1003:p/name:\"Ann\" -1003:p/age:30 "
     "-1003:p/ok:false -1003:p/parts:1003 -1004:p/friends:1003",
     0, NULL},
    {"retractEntity and a new value", NULL,
     "[[:db/retractEntity 17592186045421] [:db/add 17592186045421 :p/name \"foot\"]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005 +1005:p/name:\"foot\"", 0, NULL},
    {"a decimal keeps its first scale", "[{:db/id \"d\" :p/email \"d@x\" :p/price 1.0M}]",
     "[{:p/email \"d@x\" :p/price 1.00M}]", "", 0, NULL},
    {"a float from an inexact double", NULL, "[{:p/email \"ann@x\" :p/weight 0.1}]",
     "+1003:p/weight:0.1", 0, NULL},
    {"unknown operation", NULL, "[[:db/ad 1 2 3]]", NULL, BS_REASON_DB_NOT_A_DATA_FUNCTION,
     ":db/ad"},
    {"too few arguments", NULL, "[[:db/add 1 2]]", NULL, BS_REASON_DB_INVALID_TX_FORM,
     "expected [:db/add entity attribute value]"},
    {"no form", NULL, "[17]", NULL, BS_REASON_DB_INVALID_TX_FORM, "17 is no transaction form"},
    {"no transaction", NULL, "17", NULL, BS_REASON_DB_INVALID_TX_FORM, "expected a vector"},
    {"an instant in the future", NULL, "[[:db/add \"datomic.tx\" :db/txInstant #inst \"2999\"]]",
     NULL, BS_REASON_DB_PAST_TX_INSTANT, "in the future"},
    {"an instant in the past", NULL, "[[:db/add \"datomic.tx\" :db/txInstant #inst \"1971\"]]",
     NULL, BS_REASON_DB_PAST_TX_INSTANT, "too early"},
    {"an instant that is retracted from the transaction", NULL,
     "[[:db/retract \"datomic.tx\" :db/txInstant #inst \"1971\"]]", "", 0, NULL},
    {"an instant of another transaction", NULL,
     "[[:db/add 13194139534312 :db/txInstant #inst \"1971\"]]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "\"datomic.tx\""},
    {"cas of a reference from an ident as a string", "[{:p/email \"ann@x\" :p/boss :color/red}]",
     "[[:db/cas [:p/email \"ann@x\"] :p/boss \":color/red\" [:p/email \"bob@x\"]]]",
     "-1003:p/boss:1001 +1003:p/boss:1004", 0, NULL},
    {"an attribute without type", NULL, "[{:db/ident :x/y :db/cardinality :db.cardinality/one}]",
     NULL, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, ":db/valueType"},
    {"an attribute without cardinality", NULL, "[{:db/ident :x/y :db/valueType :db.type/long}]",
     NULL, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, ":x/y has no :db/cardinality"},
    {"a reserved attribute", NULL,
     "[{:db/ident :db.x/y :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "reserved"},
    {"an attribute can't be used where it is made", NULL,
     "[{:db/ident :x/y :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
     " {:x/y 1}]",
     NULL, BS_REASON_DB_NOT_AN_ATTRIBUTE, ":x/y"},
    {"a type is for ever", NULL, "[{:db/id :p/age :db/valueType :db.type/string}]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":p/age can't change its :db/valueType"},
    {"the built-in stays", NULL, "[{:db/id :db/ident :db/cardinality :db.cardinality/many}]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "built in"},
    {"a type that is none", NULL,
     "[{:db/ident :x/y :db/valueType :p/name :db/cardinality :db.cardinality/one}]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, ":x/y has an unknown :db/valueType"},
    {"a cardinality that is none", NULL,
     "[{:db/ident :x/y :db/valueType :db.type/long :db/cardinality :p/name}]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, ":x/y has an unknown :db/cardinality"},
    {"a type is not retracted", NULL, "[[:db/retract :p/age :db/valueType :db.type/long]]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":p/age would lose its :db/valueType"},
    {"an installation is not retracted", NULL,
     "[[:db/retract :db.part/db :db.install/attribute :p/age]]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "is installed"},
    {"what is no attribute is not installed", NULL,
     "[[:db/add :db.part/db :db.install/attribute :color/red]]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "17592186045417 can't be installed"},
    {"the same schema again says nothing", NULL,
     "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}]", "",
     0, NULL},
    {"many to one with several values", NULL,
     "[{:db/id :p/tags :db/cardinality :db.cardinality/one}]", NULL,
     BS_REASON_DB_CARDINALITY_VIOLATION, ":p/tags"},
    {"unique over equal values", "[{:p/email \"bob@x\" :p/age 30}]",
     "[{:db/id :p/age :db/unique :db.unique/value}]", NULL, BS_REASON_DB_UNIQUE_VIOLATION,
     ":p/age"},
};

/* A value of many digits, as long as the limits allow and a digit longer. */
static void test_tx__takes_numbers_up_to_their_limit(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        char digit;
        int count;
        bool fits;
    } numbers[] = {
        {"the largest decimal", '9', BS_LIMIT_BIGDEC_DIGITS, true},
        {"the smallest of too many digits", '1', BS_LIMIT_BIGDEC_DIGITS + 1, false},
        {"more bytes than a key takes", '9', 3000, false},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(numbers); i++) {
        struct datom_conn *conn = fork_base();
        struct bs_error error = BS_ERROR_INIT;
        struct bs_buf text = BS_BUF_INIT(0);
        bs_buf_append_cstr(&text, "[{:p/email \"n@x\" :p/price ");
        for (int j = 0; j < numbers[i].count; j++)
            bs_buf_append_byte(&text, numbers[i].digit);
        bs_buf_append_cstr(&text, "M}]");
        enum bs_code code = datom_transact_text(conn, bs_buf_str(&text), NULL, NULL, &error);
        test_row(numbers[i].name, (code == BS_OK) == numbers[i].fits, "%s", error.message);
        if (!numbers[i].fits)
            test_row(numbers[i].name, error.reason == BS_REASON_DB_VALUE_TOO_LARGE, "%s",
                     error.message);
        bs_buf_fini(&text);
        datom_conn_unref(conn);
    }
    test_rows_end();
}

static void test_tx__gives_these_datoms_or_these_errors(void **state)
{
    (void)state;
    rows_run(base_conn, rows, BS_ARRAY_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tx__gives_these_datoms_or_these_errors),
        cmocka_unit_test(test_tx__takes_numbers_up_to_their_limit),
    };
    return cmocka_run_group_tests_name("datom/tx", tests, setup, teardown);
}
