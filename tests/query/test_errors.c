/* What is refused, by which reason, naming what. */
#include "support.h"

#include "query/fixture.h"

struct row {
    const char *query;
    const char *inputs;
    const char *reason;
    const char *names; /* in the message */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn result = edn_nil();
        enum bs_code code = fixture_query(&people, rows[i].query, rows[i].inputs, &result, &error);
        test_row(rows[i].query, fixture_is(&people, rows[i].reason, code, result, &error), "%s",
                 fixture_was(&people));
        test_row(rows[i].query, code == BS_OK || strstr(error.message, rows[i].names) != NULL,
                 "\"%s\" names no %s", error.message, rows[i].names);
    }
    test_rows_end();
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        check_rows(rows, BS_ARRAY_COUNT(rows));                                                    \
    } while (0)

#define INVALID "db.error/invalid-query"
#define UNBOUND "db.error/insufficient-binding"
#define ARGUMENT "db.error/invalid-argument"
#define FUNCTION "db.error/unknown-function"
#define ARITY "db.error/wrong-arity"
#define UNSUPPORTED "db.error/unsupported-query"

static void test_parse__refuses_queries_of_the_wrong_shape(void **state)
{
    (void)state;
    CHECK({"[:where [?e :person/name]]", "[$]", INVALID, ":find"},
          {"[:find ?e]", "[$]", INVALID, ":where"}, {"7", "[$]", INVALID, "7"},
          {"[:find ?e :wher [?e :person/name]]", "[$]", INVALID, ":where"},
          {"[:find ?e :where ?e]", "[$]", INVALID, "?e"},
          {"[:find ?e :where []]", "[$]", INVALID, "data pattern"},
          {"[:find ?e :where [?e :person/name] :where [?e :x]]", "[$]", INVALID, "twice"},
          {"[:find :where [?e :person/name]]", "[$]", INVALID, ":find"},
          {"[:find ?e :in $ ?e ?e :where [?e :person/name]]", "[$ 1 2]", INVALID, "?e"},
          {"[:find ?e :in $ ?e [?e] :where [?e :person/name]]", "[$ 1 [2]]", INVALID, "[?e]"},
          {"[:find ?e :keys a b :where [?e :person/name]]", "[$]", INVALID, "2 names"},
          {"[:find [?e ...] :keys a :where [?e :person/name]]", "[$]", INVALID, ":keys"},
          {"[:find ?e :limit -1 :where [?e :person/name]]", "[$]", INVALID, ":limit"},
          {"[:find ?e :order-by ?x :where [?e :person/name ?x]]", "[$]", INVALID, "?x"},
          {"[:find ?e :where [?e :person/name] (or [?e :person/age ?a] [?e :person/nick ?b])]",
           "[$]", INVALID, "or-join"},
          {"[:find ?e :where [?e :person/name] (and [?e :person/age])]", "[$]", INVALID, "and"},
          {"[:find ?e :where [$x ?e :person/name]]", "[$]", INVALID, "$x"},
          {"[:find ?e :where [[:a ?b] :person/name ?e]]", "[$]", INVALID, "?b"},
          {"[:find ?e :where [?e :person/name ?n _ _ _]]", "[$]", INVALID, "[e a v tx op]"},
          {"[:find ?e :where [(= ?e foo)] [?e :person/name]]", "[$]", INVALID, "foo"},
          {"[:find (pull ?e p) :where [?e :person/name]]", "[$]", INVALID, "p"},
          {"[:find ?e :where [?e :person/name", "[$]", "edn.error/syntax", ""});
}

static void test_binding__is_insufficient_only_where_nothing_binds(void **state)
{
    (void)state;
    CHECK({"[:find ?x :where [?e :person/name]]", "[$]", UNBOUND, "?x"},
          {"[:find ?e :with ?w :where [?e :person/name]]", "[$]", UNBOUND, "?w"},
          {"[:find ?e :where [?e :person/name] [(< ?a 3)]]", "[$]", UNBOUND, "?a"},
          {"[:find ?e :where [?e :person/name] [(inc ?a) ?b]]", "[$]", UNBOUND, "?a"},
          {"[:find ?a :where [(inc ?a) ?b] [(dec ?b) ?a]]", "[$]", UNBOUND, "?"},
          {"[:find ?e :where [?e :person/name] (not-join [?x] [?x :person/age])]", "[$]", UNBOUND,
           "?x"},
          {"[:find ?e :where [?e :person/name] (not [(< ?z 3)])]", "[$]", UNBOUND, ""},
          {"[:find ?x :where [?e :person/name] (or-join [?e ?x] [?e :person/age ?x]"
           " [?e :person/name])]",
           "[$]", UNBOUND, "?x"},
          {"[:find ?x :where (or-join [[?e] ?x] [?e :person/age ?x])]", "[$]", UNBOUND, "?e"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ [[(r [?e]) [?e :person/age]]]]", UNBOUND, "?e"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ [[(r ?e) [(< ?e 3)]]]]", UNBOUND, "?e"});
}

static void test_calls__refuse_what_they_cannot_take(void **state)
{
    (void)state;
    CHECK({"[:find ?n :where [_ :person/name ?n] [(starts-wit? ?n \"A\")]]", "[$]", FUNCTION,
           "starts-with?"},
          {"[:find ?n :where [_ :person/name ?n] [(my.ns/f ?n)]]", "[$]", FUNCTION, "my.ns/f"},
          {"[:find (cont ?n) :where [_ :person/name ?n]]", "[$]", FUNCTION, "count"},
          {"[:find (min ?n) :where [_ :person/name ?n] [(inc ?n) ?x]]", "[$]", ARGUMENT, "number"},
          {"[:find (sum ?n) :where [_ :person/name ?n]]", "[$]", ARGUMENT, "numbers"},
          {"[:find ?n :where [_ :person/name ?n] [(< ?n 3)]]", "[$]", ARGUMENT, "comparable"},
          {"[:find ?x :where [(/ 1 0) ?x]]", "[$]", ARGUMENT, "(/ 1 0)"},
          {"[:find ?x :where [(inc 1 2) ?x]]", "[$]", ARITY, "inc"},
          {"[:find ?x :where [(nth [1 2] 5) ?x]]", "[$]", ARGUMENT, "index"},
          {"[:find ?x :where [(vector 1) [?x ?y]]]", "[$]", ARGUMENT, "at least 2"},
          {"[:find ?x :where [(identity 1) [?x ...]]]", "[$]", ARGUMENT, "collection"},
          {"[:find (sample ?x) :in [?x ...]]", "[[1]]", ARITY, "sample"},
          {"[:find (count 3 ?x) :in [?x ...]]", "[[1]]", ARITY, "count"},
          {"[:find ?x :where [(re-find \"(\" \"a\") ?x]]", "[$]", ARGUMENT, "expression"},
          {"[:find ?x :where [(re-find \"a*?\" \"a\") ?x]]", "[$]", UNSUPPORTED, "reluctant"},
          {"[:find ?x :where [(re-find \"(a{100}){100}\" \"a\") ?x]]", "[$]", UNSUPPORTED,
           "repetitions"},
          {"[:find ?x :where [(fulltext $ :person/name \"x\") [[?x]]]]", "[$]", UNSUPPORTED,
           "fulltext"},
          {"[:find ?x :where [(get-else ?e :a 1) ?x]]", "[$]", ARITY, "get-else"},
          {"[:find ?x :where [?e :person/name] [(get-else $ ?e :person/nick 1) ?x]]", "[$]",
           ARGUMENT, "cardinality one"});
}

static void test_inputs__refuse_what_does_not_fit(void **state)
{
    (void)state;
    CHECK(
        {"[:find ?n :in $ ?x :where [?x :person/name ?n]]", "[$]", ARITY, "?x"},
        {"[:find ?n :where [_ :person/name ?n]]", "[$ 1]", ARITY, "2 are given"},
        {"[:find ?n :where [_ :person/name ?n]]", "[]", "db.error/invalid-data-source", "$"},
        {"[:find ?n :in $ :where [(ground 1) ?n]]", "[]", ARITY, "0 are given"},
        {"[:find ?n :where [_ :person/name ?n]]", "[7]", "db.error/invalid-data-source", "7"},
        {"[:find ?n :in ?x :where [?x :person/name ?n]]", "[7]", "db.error/invalid-data-source",
         "$"},
        {"[:find ?n :where [_ ?n]]", "[[1 2]]", "db.error/invalid-data-source", "1"},
        {"[:find ?n :in $ [?n ...]]", "[$ 7]", ARGUMENT, "collection"},
        {"[:find ?n :in $ [?n ?m]]", "[$ [7]]", ARGUMENT, "at least 2"},
        {"[:find ?n :where [_ :person/nam ?n]]", "[$]", "db.error/not-an-attribute", "person/name"},
        {"[:find ?v :in $ ?a :where [_ ?a ?v]]", "[$ :person/nam]", "db.error/not-an-attribute",
         "person/name"},
        {"[:find ?n :where [[:person/name \"Bob\"] :person/age ?n]]", "[$]",
         "db.error/lookup-ref-attr-not-unique", "person/name"},
        {"[:find ?n :where [\"Bob\" :person/age ?n]]", "[$]", "db.error/not-an-entity", "Bob"});
}

static void test_rules__refuse_what_has_no_meaning(void **state)
{
    (void)state;
    CHECK({"[:find ?e :where (r ?e)]", "[$]", INVALID, "%"},
          {"[:find ?e :in $ % :where (q ?e)]", "[$ [[(r ?e) [?e :person/age]]]]", FUNCTION, "q"},
          {"[:find ?e :in $ % :where (r ?e 1)]", "[$ [[(r ?e) [?e :person/age]]]]", ARITY,
           "1 arguments"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ [[(r ?e)]]]", INVALID, "a rule is"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ [[(r ?e ?e) [?e :person/age]]]]", INVALID,
           "twice"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ [[(r ?e) [?e :person/age] (not (r ?e))]]]",
           UNSUPPORTED, "inside a not"},
          {"[:find ?e :in $ % :where (r ?e)]",
           "[$ [[(r ?e) [?e :person/age] (not (s ?e))] [(s ?e) (r ?e)]]]", UNSUPPORTED,
           "inside a not"},
          {"[:find ?e :in $ % :where (r ?e)]", "[$ 5]", INVALID, "5"});
}

static void test_run__stops_at_deadline_cancel_and_budget(void **state)
{
    (void)state;
    struct edn inputs[] = {fixture_read(&people, "[0 1 2 3 4 5 6 7 8 9]")};
    struct bs_str text = BS_STR("[:find (count ?a) . :in [?a ...] :where [(range 10) [?b ...]]"
                                " [(range 10) [?c ...]] [(range 10) [?d ...]]"
                                " [(range 100) [?e ...]] [(range 100) [?f ...]]"
                                " [(+ ?a ?b ?c ?d ?e ?f) ?g] [(> ?g 0)]]");
    _Atomic bool cancelled = true;
    struct bs_interrupt past = {.deadline = bs_deadline_after_ns(0)};
    struct bs_interrupt cancel = {.cancelled = &cancelled, .deadline = BS_DEADLINE_NONE};
    struct bs_interrupt soon = {.deadline = bs_deadline_after_ns(INT64_C(20) * 1000 * 1000)};
    const struct {
        const char *name;
        struct query_options options;
        const char *reason;
    } rows[] = {
        {"past", {.interrupt = &past}, "rpc.error/deadline"},
        {"cancelled", {.interrupt = &cancel}, "rpc.error/cancelled"},
        {"soon", {.interrupt = &soon}, "rpc.error/deadline"},
        {"budget", {.budget_bytes = 1000000}, "db.error/query-budget"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn result;
        enum bs_code code =
            query_run_text(text, inputs, 1, &rows[i].options, people.arena, &result, &error);
        test_row(rows[i].name, fixture_is(&people, rows[i].reason, code, edn_nil(), &error), "%s",
                 fixture_was(&people));
    }
    test_rows_end();
}

static void test_result__larger_than_the_callers_arena_is_an_error(void **state)
{
    (void)state;
    struct bs_arena *small = bs_arena_new(4096);
    struct bs_error error = BS_ERROR_INIT;
    struct edn result;
    enum bs_code code =
        query_run_text(BS_STR("[:find [?x ...] :in ?y :where [(range 9999) [?x ...]]]"),
                       &(struct edn){.type = EDN_NIL}, 1, NULL, small, &result, &error);
    assert_int_equal(code, BS_RESOURCE_EXHAUSTED);
    bs_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__refuses_queries_of_the_wrong_shape),
        cmocka_unit_test(test_binding__is_insufficient_only_where_nothing_binds),
        cmocka_unit_test(test_calls__refuse_what_they_cannot_take),
        cmocka_unit_test(test_inputs__refuse_what_does_not_fit),
        cmocka_unit_test(test_rules__refuse_what_has_no_meaning),
        cmocka_unit_test(test_run__stops_at_deadline_cancel_and_budget),
        cmocka_unit_test(test_result__larger_than_the_callers_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
