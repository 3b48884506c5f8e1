/*
 * Cases 1 and 16 to 19 of the reference's twenty corner cases (1.8): false as a value, rules with
 * not, cycles, sums with and without :with, and what finds nothing.
 */

#include "support.h"

#include "query/fixture.h"

static const char *const family[] = {
    "[{:db/ident :f/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :f/next :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :f/part :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :f/heads :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :f/ok :db/valueType :db.type/boolean :db/cardinality :db.cardinality/one}]",
    /* a, b and c in a circle, c also to d; e alone, its own part */
    "[{:db/id \"a\" :f/name \"a\" :f/next \"b\" :f/heads 3}"
    " {:db/id \"b\" :f/name \"b\" :f/next \"c\" :f/heads 1}"
    " {:db/id \"c\" :f/name \"c\" :f/next [\"a\" \"d\"] :f/heads 1}"
    " {:db/id \"d\" :f/name \"d\" :f/heads 1 :f/ok false}"
    " {:db/id \"e\" :f/name \"e\" :f/part \"e\"}]",
};

static const char *const circle_rules =
    "[[(reaches ?x ?y) [?x :f/next ?y]]"
    " [(reaches ?x ?y) [?x :f/next ?z] (reaches ?z ?y)]"
    " [(from-end ?x ?y) [?x :f/next ?y]]"
    " [(from-end ?x ?y) (from-end ?x ?z) [?z :f/next ?y]]"
    " [(others ?x ?y) [?x :f/next _] [?y :f/name] (not [?x :f/next ?y]) [(!= ?x ?y)]]"
    " [(not-named ?n ?y) [?y :f/name ?m] (not [?y :f/name ?n]) [(!= ?m \"e\")]]]";

struct row {
    const char *name;
    const char *query;
    const char *inputs; /* % is replaced by the rules */
    const char *answer;
};

static const struct row rows[] = {
    {"case 1: false is no reason for a pull's default",
     "[:find (pull ?e [(:f/ok :default true)]) . :in $ ?e]", "[$ [:f/name \"d\"]]",
     "{:f/ok false}"},
    {"case 1: what is missing is", "[:find (pull ?e [(:f/ok :default true)]) . :in $ ?e]",
     "[$ [:f/name \"c\"]]", "{:f/ok true}"},
    {"case 1: nor for get-else", "[:find ?ok . :in $ ?e :where [(get-else $ ?e :f/ok true) ?ok]]",
     "[$ [:f/name \"d\"]]", "false"},
    {"case 1: false is not missing",
     "[:find [?n ...] :where [?e :f/name ?n] (not [(missing? $ ?e :f/ok)])]", "[$]", "[\"d\"]"},
    {"case 1: false is found", "[:find ?n . :where [?e :f/ok false] [?e :f/name ?n]]", "[$]",
     "\"d\""},
    {"case 16: not inside a rule whose variable an input binds",
     "[:find [?m ...] :in $ % ?n :where (not-named ?n ?y) [?y :f/name ?m] :order-by [?m]]",
     "[$ % \"b\"]", "[\"a\" \"c\" \"d\"]"},
    {"case 16: the same with an entity from an input",
     "[:find [?m ...] :in $ % ?x :where (others ?x ?y) [?y :f/name ?m] :order-by [?m]]",
     "[$ % [:f/name \"a\"]]", "[\"c\" \"d\" \"e\"]"},
    {"case 17: a circle from a bound start",
     "[:find [?m ...] :in $ % ?x :where (reaches ?x ?y) [?y :f/name ?m] :order-by [?m]]",
     "[$ % [:f/name \"a\"]]", "[\"a\" \"b\" \"c\" \"d\"]"},
    {"case 17: a circle by a rule that calls itself first",
     "[:find [?m ...] :in $ % ?x :where (from-end ?x ?y) [?y :f/name ?m] :order-by [?m]]",
     "[$ % [:f/name \"a\"]]", "[\"a\" \"b\" \"c\" \"d\"]"},
    {"case 17: a circle to a bound end",
     "[:find [?m ...] :in $ % ?y :where (reaches ?x ?y) [?x :f/name ?m] :order-by [?m]]",
     "[$ % [:f/name \"d\"]]", "[\"a\" \"b\" \"c\"]"},
    {"case 17: all pairs of a circle",
     "[:find (count ?x) . :in $ % :with ?y :where (reaches ?x ?y)]", "[$ %]", "12"},
    {"case 17: a circle in a pull ends where it began",
     "[:find (pull ?e [:f/name {:f/next ...}]) . :in $ ?e]", "[$ [:f/name \"b\"]]",
     "{:f/name \"b\", :f/next [{:f/name \"c\", :f/next [{:f/name \"a\", :f/next [{:db/id "
     "17592186045419}]} {:f/name \"d\"}]}]}"},
    {"case 17: a part of itself in a pull", "[:find (pull ?e [:f/name :f/part]) . :in $ ?e]",
     "[$ [:f/name \"e\"]]", "{:f/name \"e\", :f/part [{:db/id 17592186045422}]}"},
    {"case 18: a sum of the different values", "[:find (sum ?h) . :where [?x :f/heads ?h]]", "[$]",
     "4"},
    {"case 18: a sum of all of them", "[:find (sum ?h) . :with ?x :where [?x :f/heads ?h]]", "[$]",
     "6"},
    {"case 19: a scalar of nothing", "[:find ?x . :where [?x :f/heads 17]]", "[$]", "nil"},
    {"case 19: a tuple of nothing", "[:find [?x ?h] :where [?x :f/heads ?h] [(> ?h 17)]]", "[$]",
     "nil"},
    {"case 19: a collection of nothing", "[:find [?x ...] :where [?x :f/heads 17]]", "[$]", "[]"},
    {"case 19: a relation of nothing", "[:find ?x :where [?x :f/heads 17]]", "[$]", "#{}"},
    {"case 19: a count of nothing is no row", "[:find (count ?x) :where [?x :f/heads 17]]", "[$]",
     "#{}"},
    {"case 19: a count of nothing as a scalar", "[:find (count ?x) . :where [?x :f/heads 17]]",
     "[$]", "nil"},
    {"case 19: a sum of nothing", "[:find (sum ?h) . :where [_ :f/heads ?h] [(> ?h 17)]]", "[$]",
     "nil"},
};

/* The inputs with the rules in the place of %. */
static struct bs_str inputs_of(struct fixture *fixture, const char *inputs)
{
    const char *at = strchr(inputs, '%');
    if (at == NULL)
        return bs_str_from(inputs);
    return bs_arena_printf(fixture->arena, "%.*s%s%s", (int)(at - inputs), inputs, circle_rules,
                           at + 1);
}

static void test_corners__of_queries(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_init(&fixture, family, BS_ARRAY_COUNT(family));
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_str inputs = inputs_of(&fixture, rows[i].inputs);
        struct bs_str answer =
            fixture_answer(&fixture, rows[i].query, bs_arena_dup_cstr(fixture.arena, inputs));
        test_row(rows[i].name, bs_str_equals(answer, rows[i].answer), "is %.*s",
                 BS_STR_ARGS(answer));
    }
    test_rows_end();
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners__of_queries),
    };
    return cmocka_run_group_tests_name("query/corners", tests, NULL, NULL);
}
