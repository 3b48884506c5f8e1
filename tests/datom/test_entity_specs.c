/* Entity specs and :db/ensure (the reference's row 44), and what errors of predicates have as data.
 */

#include "support.h"

#include "datom/predicates_store.h"
#include "datom/rows.h"

#define ENSURE BS_REASON_DB_INVALID_ENSURE

static const struct row ensure_rows[] = {
    {"all attributes, false is there", NULL, "[{:db/id " A " :db/ensure :s/all}]", "", 0, NULL},
    {"nothing of it is stored", NULL, "[{:db/ensure :s/all :s/low 1 :s/high 2 :v/seen true}]",
     "+new1:s/low:1 +new1:s/high:2 +new1:v/seen:true", 0, NULL},
    {"from several forms", NULL,
     "[[:db/add \"x\" :s/low 1] [:db/add \"x\" :db/ensure :s/all]"
     " {:db/id \"x\" :s/high 2 :v/seen true}]",
     "+new1:s/low:1 +new1:s/high:2 +new1:v/seen:true", 0, NULL},
    {"missing ones are named", NULL, "[{:s/low 1 :db/ensure :s/all}]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "lacks [:s/high :v/seen], which the spec :s/all wants"},
    {"what is retracted is missing", NULL,
     "[[:db/retract " A " :v/seen] [:db/add " A " :db/ensure :s/all]]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "lacks [:v/seen]"},
    {"an attribute that is none is missing", NULL, "[{:db/id " A " :db/ensure :s/unknown}]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "lacks [:no/such]"},
    {"only where it is asked for", NULL, "[[:db/retract " A " :v/seen]]", "-1009:v/seen:false", 0,
     NULL},
    {"a predicate sees the value after", NULL,
     "[{:db/id " A " :s/low 5 :s/high 6 :db/ensure :s/order}]",
     "-1009:s/low:1 +1009:s/low:5 -1009:s/high:2 +1009:s/high:6", 0, NULL},
    {"a predicate refuses", NULL, "[{:db/id " A " :s/low 5 :db/ensure :s/order}]", NULL,
     BS_REASON_DB_ENTITY_PRED, "does not pass my/in-order, which gave \"crossed\": expected true"},
    {"a predicate fails", NULL, "[{:v/long 5 :db/ensure :s/order}]", NULL, BS_REASON_DB_CANCELLED,
     "in the predicate my/in-order: nothing to compare"},
    {"a predicate that is not registered", NULL, "[{:db/id " A " :db/ensure :s/absent}]", NULL,
     BS_REASON_DB_NOT_A_PREDICATE, "my/gone, a predicate of entities, is not registered"},
    {"two specs", NULL, "[{:db/id " A " :s/low 7 :db/ensure [:s/all :s/order]}]", NULL,
     BS_REASON_DB_ENTITY_PRED, "my/in-order"},
    {"several entities", NULL,
     "[{:db/id " A " :db/ensure :s/all} {:db/id \"b\" :s/low 1 :db/ensure :s/all}]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "form 1"},
    {"in reverse", NULL, "[{:db/id :s/all :db/_ensure {:db/id \"b\" :s/low 1}}]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "lacks [:s/high :v/seen]"},
    {"no spec", NULL, "[{:db/id " A " :db/ensure :color/red}]", NULL, ENSURE,
     ":color/red is no entity spec: expected an entity that has :db.entity/attrs"},
    {"a spec of the same transaction is none yet", NULL,
     "[{:db/id \"s\" :db.entity/attrs [:s/low]} {:db/id " A " :db/ensure \"s\"}]", NULL, ENSURE,
     "is no entity spec"},
    {"an ident that is none", NULL, "[{:db/id " A " :db/ensure :s/none}]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, ":s/none"},
    {"what the spec was before this transaction counts", NULL,
     "[[:db/retract :s/all :db.entity/attrs :v/seen] {:s/low 1 :s/high 2 :db/ensure :s/all}]", NULL,
     BS_REASON_DB_ENTITY_ATTR, "lacks [:v/seen]"},
    {"a spec that was changed", "[[:db/retract :s/all :db.entity/attrs :v/seen]]",
     "[{:s/low 1 :s/high 2 :db/ensure :s/all}]", "+new1:s/low:1 +new1:s/high:2", 0, NULL},
    {"an attribute that was renamed is there by its old name",
     "[{:db/id :s/low :db/ident :s/least}]", "[{:db/id " A " :db/ensure :s/all}]", "", 0, NULL},
    {"retracted", NULL, "[[:db/retract " A " :db/ensure :s/all]]", NULL, ENSURE,
     ":db/ensure is not stored: expected it in a map or with :db/add"},
    {"retracted without a value", NULL, "[[:db/retract " A " :db/ensure]]", NULL, ENSURE,
     "is not stored"},
    {"reset", NULL, "[[:db.fn/reset-to-many " A " :db/ensure #{}]]", NULL, ENSURE, "is not stored"},
    {"as a default", NULL, "[[:db.fn/add-default " A " :db/ensure :s/all]]", NULL, ENSURE,
     "is not stored"},
};

static void test_ensure__asks_for_what_a_spec_says(void **state)
{
    (void)state;
    rows_run(predicates_conn(), ensure_rows, BS_ARRAY_COUNT(ensure_rows));
}

/* ---- the data of errors ---- */

static const struct error_row error_rows[] = {
    {"a check", "[{} [:db/add " A " :v/long 200]]", BS_REASON_DB_ATTR_PRED,
     "does not pass (range 0 100)",
     "pred=(range 0 100) pred-return=false entity=" A " attribute=v/long value=200 form=1"},
    {"a predicate in C", "[[:db/add " A " :v/three -5]]", BS_REASON_DB_ATTR_PRED,
     "which gave :negative",
     "pred=my/threefold pred-return=:negative entity=" A " attribute=v/three value=-5 form=0"},
    {"a predicate in C that fails", "[[:db/add " A " :v/three 99]]", BS_REASON_DB_CANCELLED,
     "99 is too much", "entity=" A " attribute=v/three value=99 form=0"},
    {"one that is not registered", "[[:db/add " A " :v/absent 1]]", BS_REASON_DB_NOT_A_PREDICATE,
     "my/absent", "pred=my/absent entity=" A " attribute=v/absent value=1 form=0"},
    {"a spec's attribute", "[[:db/retract " A " :s/low] {:db/id " A " :db/ensure :s/all}]",
     BS_REASON_DB_ENTITY_ATTR, "lacks [:s/low]", "attribute=s/low spec=:s/all entity=" A " form=1"},
    {"a spec's predicate", "[{:db/id " A " :s/low 9 :db/ensure :s/order}]",
     BS_REASON_DB_ENTITY_PRED, "crossed",
     "pred=my/in-order pred-return=\"crossed\" spec=:s/order entity=" A " form=0"},
    {"a bad check", "[{:db/id :v/plain :db.attr/check (prime)}]", BS_REASON_DB_INVALID_ATTR_CHECK,
     "(prime) is no check", "entity=90 attribute=db.attr/check value=\"(prime)\" form=0"},
};

static void test_errors__have_the_predicate_and_what_it_gave(void **state)
{
    (void)state;
    rows_run_errors(predicates_conn(), error_rows, BS_ARRAY_COUNT(error_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ensure__asks_for_what_a_spec_says),
        cmocka_unit_test(test_errors__have_the_predicate_and_what_it_gave),
    };
    return cmocka_run_group_tests_name("datom/entity_specs", tests, predicates_setup,
                                       predicates_teardown);
}
