/*
 * What errors of transactions say: every row names the fields that a program finds in the error,
 * beside the reason and a part of the message. A field is "key=value", in the order of the error.
 */

#include "support.h"

#include "datom/people.h"
#include "datom/rows.h"

static const struct error_row rows[] = {
    {"the transaction", "17", BS_REASON_DB_INVALID_TX_FORM, "17 is no transaction", ""},
    {"a form", "[[:db/add " ANN " :p/age 1] 17]", BS_REASON_DB_INVALID_TX_FORM,
     "form 1, 17: 17 is no transaction form", "form=1"},
    {"an empty form", "[[]]", BS_REASON_DB_INVALID_TX_FORM, "form 0, []: an empty list", "form=0"},
    {"an operation", "[[:db/ad 1 2 3]]", BS_REASON_DB_NOT_A_DATA_FUNCTION,
     "form 0, [:db/ad 1 2 3]: :db/ad is not an operation: is :db/add meant?", "form=0"},
    {"an attribute in a list", "[[:db/add " ANN " :p/agee 1]]", BS_REASON_DB_NOT_AN_ATTRIBUTE,
     "did you mean :p/age?", "attribute=p/agee entity=17592186045419 form=0"},
    {"an attribute in a map", "[{:db/id \"x\" :p/agee 1}]", BS_REASON_DB_NOT_AN_ATTRIBUTE,
     "did you mean :p/age?", "attribute=p/agee entity=x value=1 form=0"},
    {"an entity", "[[:db/add :no/body :p/age 1]]", BS_REASON_DB_NOT_AN_ENTITY,
     ":no/body names no entity", "entity=:no/body form=0"},
    {"the entity of a map", "[{:db/id :no/body :p/age 1}]", BS_REASON_DB_NOT_AN_ENTITY,
     ":no/body names no entity", "entity=:no/body form=0"},
    {"an entity to be retracted", "[[:db/retractEntity [:p/email \"no\"]]]",
     BS_REASON_DB_NOT_AN_ENTITY, "[:p/email \"no\"] names no entity",
     "entity=[:p/email \"no\"] form=0"},
    {"the entity of a form of ours", "[[:db.fn/reset-to-many :no/body :p/tags nil]]",
     BS_REASON_DB_NOT_AN_ENTITY, ":no/body names no entity", "entity=:no/body form=0"},
    {"the attribute of a form of ours", "[[:db.fn/add-default " ANN " :p/agee 1]]",
     BS_REASON_DB_NOT_AN_ATTRIBUTE, "did you mean :p/age?",
     "attribute=p/agee entity=17592186045419 form=0"},
    {"the entity of a sequence", "[[:db.fn/add-sequential-string :no/body :p/name \"n\"]]",
     BS_REASON_DB_NOT_AN_ENTITY, ":no/body names no entity", "entity=:no/body form=0"},
    {"a partition that is none", "[{:p/age 1 :db/force-partition {\"x\" :no/part}}]",
     BS_REASON_DB_NOT_A_PARTITION, ":no/part names no partition", "entity=x value=:no/part form=0"},
    {"who is to be followed", "[{:p/age 1 :db/match-partition {\"x\" :no/body}}]",
     BS_REASON_DB_NOT_AN_ENTITY, ":no/body names no entity", "entity=x value=:no/body form=0"},
    {"the value of a reference", "[[:db/add " ANN " :p/boss :no/body]]", BS_REASON_DB_NOT_AN_ENTITY,
     ":no/body names no entity", "entity=17592186045419 attribute=p/boss value=:no/body form=0"},
    {"the value of a reference in a map", "[{:db/id " ANN " :p/boss :no/body}]",
     BS_REASON_DB_NOT_AN_ENTITY, ":no/body names no entity",
     "entity=17592186045419 attribute=p/boss value=:no/body form=0"},
    {"a value under a reverse attribute", "[{:db/id " ANN " :p/_boss :no/body}]",
     BS_REASON_DB_NOT_AN_ENTITY, ":no/body names no entity",
     "attribute=p/boss value=:no/body form=0"},
    {"a type", "[[:db/add " ANN " :p/age \"x\"]]", BS_REASON_DB_WRONG_TYPE,
     "\"x\" (a string) can't be a value of :p/age: expected :db.type/long",
     "entity=17592186045419 attribute=p/age value=\"x\" form=0"},
    {"nil", "[{:db/id \"x\" :p/age nil}]", BS_REASON_DB_NIL_VALUE, "expected :db.type/long",
     "entity=x attribute=p/age value=nil form=0"},
    {"a value in a nested map", "[{:db/id " ANN " :p/parts {:p/age \"x\"}}]",
     BS_REASON_DB_WRONG_TYPE, ":p/age", "attribute=p/age value=\"x\" entity=17592186045419 form=0"},
    {"a nested map", "[{:db/id " ANN " :p/boss {:p/name \"x\"}}]",
     BS_REASON_DB_INVALID_NESTED_ENTITY, ":p/boss",
     "entity=17592186045419 attribute=p/boss value={:p/name \"x\"} form=0"},
    {"a tempid", "[[:db/add \"datomic.x\" :p/age 1]]", BS_REASON_DB_INVALID_TEMPID, "datomic.x",
     "entity=\"datomic.x\" form=0"},
    {"a tempid that is only a value", "[[:db/add " ANN " :p/boss \"who\"]]",
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "\"who\" is only referred to", "entity=who form=0"},
    {"a conflict", "[[:db/add " ANN " :p/age 1] [:db/add " ANN " :p/age 2]]",
     BS_REASON_DB_DATOMS_CONFLICT,
     "form 1, [:db/add [:p/email \"ann@x\"] :p/age 2]: [:db/add 17592186045419 :p/age 2] "
     "contradicts [:db/add 17592186045419 :p/age 1]",
     "d1=[:db/add 17592186045419 :p/age 1] d2=[:db/add 17592186045419 :p/age 2] "
     "entity=17592186045419 attribute=p/age value=2 form=1"},
    {"a conflict of add and retract",
     "[[:db/retract " ANN " :p/age 30] [:db/add " ANN " :p/age 30]]", BS_REASON_DB_DATOMS_CONFLICT,
     "contradicts",
     "d1=[:db/retract 17592186045419 :p/age 30] d2=[:db/add 17592186045419 :p/age 30] "
     "entity=17592186045419 attribute=p/age value=30 form=1"},
    {"cas", "[[:db/cas " ANN " :p/age 29 31]]", BS_REASON_DB_CAS_FAILED,
     ":p/age of entity 17592186045419 is 30: expected 29",
     "v=30 v-old=29 entity=17592186045419 attribute=p/age value=31 form=0"},
    {"cas of what is absent", "[[:db/cas " BOB " :p/age 29 31]]", BS_REASON_DB_CAS_FAILED,
     "is nil: expected 29", "v=nil v-old=29 entity=17592186045420 attribute=p/age value=31 form=0"},
    {"cas on many", "[[:db/cas " ANN " :p/tags :a :b]]", BS_REASON_DB_INVALID_CAS, ":p/tags",
     "entity=17592186045419 attribute=p/tags value=:b form=0"},
    {"a unique value", "[{:db/id " BOB " :p/login \"ann\"}]", BS_REASON_DB_UNIQUE_CONFLICT,
     ":p/login \"ann\" is held by entity 17592186045419: entity 17592186045420 can't have it too",
     "holder=17592186045419 entity=17592186045420 attribute=p/login value=\"ann\" form=0"},
    {"an alteration that the datoms do not allow",
     "[{:db/id :p/tags :db/cardinality :db.cardinality/one}]", BS_REASON_DB_CARDINALITY_VIOLATION,
     "form 0, {:db/id :p/tags, :db/cardinality :db.cardinality/one}: :p/tags can't become "
     "cardinality one",
     "datoms=[[17592186045419 :p/tags :a] [17592186045419 :p/tags :b]] "
     "entity=79 attribute=db/cardinality value=35 form=0"},
    {"values that are not unique",
     "[{:db/id :p/tags :db/unique :db.unique/value}"
     " {:db/id " BOB " :p/tags :a}]",
     BS_REASON_DB_UNIQUE_VIOLATION,
     "form 0, {:db/id :p/tags, :db/unique :db.unique/value}: :p/tags can't become unique: entities "
     "17592186045419 and 17592186045420 both have :a",
     "datoms=[[17592186045419 :p/tags :a] [17592186045420 :p/tags :a]] "
     "entity=79 attribute=db/unique value=37 form=0"},
    {"an instant", "[[:db/add \"datomic.tx\" :db/txInstant #inst \"1971\"]]",
     BS_REASON_DB_PAST_TX_INSTANT, "too early",
     "entity=13194139534318 attribute=db/txInstant "
     "value=#inst \"1971-01-01T00:00:00.000-00:00\" form=0"},
};

static void test_errors__name_the_form_and_what_is_in_it(void **state)
{
    rows_run_errors(*state, rows, BS_ARRAY_COUNT(rows));
}

static int setup(void **state)
{
    *state = people_new(NULL);
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
        cmocka_unit_test(test_errors__name_the_form_and_what_is_in_it),
    };
    return cmocka_run_group_tests_name("datom/transactions_errors", tests, setup, teardown);
}
