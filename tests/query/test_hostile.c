/*
 * Rules and clauses that nobody writes by hand: long chains, each called twice, nots in nots, ors
 * in ors. What an evaluation by recursion would answer after the end of the stack, or of time.
 */
#include "support.h"

#include "query/fixture.h"

/* A row's text repeats its middle `count` times: in it and in what comes after, # is its number and
 * + the one after it. */
struct repeated {
    const char *name;
    const char *before;
    const char *middle;
    const char *after;
    int count;
    const char *query;
    const char *answer;  /* or what it begins with */
    int64_t deadline_ms; /* 0: none */
};

static void print_middle(struct bs_buf *out, const char *middle, int number)
{
    for (const char *at = middle; *at != '\0'; at++) {
        if (*at == '#' || *at == '+')
            bs_buf_printf(out, "%d", number + (*at == '+'));
        else
            bs_buf_append_byte(out, *at);
    }
}

static struct edn repeat(const struct repeated *row)
{
    struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, row->before);
    for (int i = 0; i < row->count; i++)
        print_middle(&text, row->middle, i);
    print_middle(&text, row->after, row->count);
    const char *kept = bs_arena_dup_cstr(people.arena, bs_buf_str(&text)); /* reading borrows it */
    struct edn value = fixture_read(&people, kept);
    bs_buf_fini(&text);
    return value;
}

static void check_answer(const struct repeated *row, const char *query, const struct edn *inputs,
                         size_t count)
{
    struct bs_error error = BS_ERROR_INIT;
    struct edn result = edn_nil();
    struct bs_interrupt interrupt = BS_INTERRUPT_INIT;
    struct query_options options = {.interrupt = &interrupt};
    if (row->deadline_ms > 0)
        interrupt.deadline = bs_deadline_after_ns(row->deadline_ms * 1000 * 1000);
    enum bs_code code =
        query_run_text(bs_str_from(query), inputs, count, &options, people.arena, &result, &error);
    struct bs_str answer = edn_print_short(people.arena, result, 0);
    if (code != BS_OK)
        answer =
            bs_arena_printf(people.arena, "%s: %s", bs_error_reason_name(&error), error.message);
    test_row(row->name, bs_str_starts_with(answer, bs_str_from(row->answer)), "%.*s",
             BS_STR_ARGS(answer));
}

static void test_rules__of_any_number_end(void **state)
{
    (void)state;
    static const struct repeated rows[] = {
        {"a chain whose links call the next twice", "[",
         "[(r# ?x) (r+ ?x) [?x :person/name] (r+ ?x)]", "[(r# ?x) [?x :person/name]]]", 200,
         "[:find (count ?x) . :in $ % :where (r0 ?x)]", "4", 0},
        {"a chain that is looked into, and not run", "[", "[(r# ?x) (r+ ?x)]",
         "[(r# ?x) [?x :person/name]]]", 20000,
         "[:find [?x ...] :in $ % :where [?x :person/name \"Nobody\"] (r0 ?x)]", "[]", 0},
        {"a chain that can't run", "[", "[(r# ?x) (r+ ?x)]", "[(r# ?x) [(< ?x 3)]]]", 20000,
         "[:find ?x :in $ % :where (r0 ?x)]",
         "db.error/insufficient-binding: (r0 ?x): no clause can bind ?x", 0},
        {"a ring of rules, one of which can't run", "[", "[(r# ?x) (r+ ?x)] [(r+ ?x) (r# ?x)]",
         "[(r# ?x) [(< ?x 3)]]]", 100, "[:find ?x :in $ % :where (r50 ?x)]",
         "db.error/insufficient-binding: (r50 ?x): no clause can bind ?x", 0},
        {"the same with what it needs", "[", "[(r# ?x) (r+ ?x)] [(r+ ?x) (r# ?x)]",
         "[(r# ?x) [(< ?x 20)]]]", 100,
         "[:find [?n ...] :in $ % :where (r50 ?x) [?e :person/age ?x] [?e :person/name ?n] "
         ":order-by ?n]",
         "[\"Carol\" \"Dave\"]", 0},
        {"nots in nots", "[", "[(r# ?x) [?x :person/name] (not (r+ ?x))]",
         "[(r# ?x) [?x :person/name]]]", 90, "[:find (count ?x) . :in $ % :where (r0 ?x)]", "4", 0},
        {"more nots in nots than can run", "[", "[(r# ?x) [?x :person/name] (not (r+ ?x))]",
         "[(r# ?x) [?x :person/name]]]", 5000, "[:find (count ?x) . :in $ % :where (r0 ?x)]",
         "bandstand.error/limit: (", 0},
        {"a not that leads back from far", "[", "[(r# ?x) (r+ ?x)]",
         "[(r# ?x) [?x :person/name] (not (r0 ?x))]]", 20000, "[:find ?x :in $ % :where (r0 ?x)]",
         "db.error/unsupported-query: [(r20000 ?x)", 0},
        {"a chain that takes too long", "[", "[(r# ?x) (r+ ?x)]", "[(r# ?x) [?x :person/name]]]",
         20000, "[:find (count ?x) . :in $ % :where (r0 ?x)]", "rpc.error/deadline", 300},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn inputs[] = {fixture_db(people.db), repeat(&rows[i])};
        check_answer(&rows[i], rows[i].query, inputs, 2);
    }
    test_rows_end();
}

static void test_clauses__inside_each_other_are_planned_in_time(void **state)
{
    (void)state;
    static const char *const open[] = {"(or (and [?x :person/age ?z] ",
                                       "(or-join [?x ?z] (and [?x :person/age ?v] ",
                                       "(not (not [?x :person/name ?z] "};
    static const char *const close[] = {"))", "))", "))"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(open); i++) {
        struct repeated row = {
            .name = open[i],
            .answer = "db.error/insufficient-binding: ",
        };
        struct bs_buf query = BS_BUF_INIT(0);
        struct edn inputs[] = {fixture_db(people.db)};
        bs_buf_append_cstr(&query, "[:find ?x :where ");
        for (int j = 0; j < 30; j++)
            bs_buf_append_cstr(&query, open[i]);
        bs_buf_append_cstr(&query, "[(< ?z ?nothing)]");
        for (int j = 0; j < 30; j++)
            bs_buf_append_cstr(&query, close[i]);
        bs_buf_append_cstr(&query, "]");
        check_answer(&row, bs_buf_cstr(&query), inputs, 1);
        bs_buf_fini(&query);
    }
    test_rows_end();
}

static void test_calls__stay_within_depth_and_time(void **state)
{
    (void)state;
    static const struct repeated rows[] = {
        {"a value in a value, without end", "[[(n ?x) [(ground [1]) ?x]]", "",
         " [(n ?x) (n ?y) [(vector ?y) ?x]]]", 0, "[:find (count ?x) . :in $ % :where (n ?x)]",
         "bandstand.error/limit: (vector ?y): a value nested deeper than 200", 0},
        {"as deep as can be read", "[[(n ?x ?d) [(ground [1]) ?x] [(ground 1) ?d]]", "",
         " [(n ?x ?d) (n ?y ?e) [(< ?e 200)] [(vector ?y) ?x] [(inc ?e) ?d]]]", 0,
         "[:find (max ?d) . :in $ % :where (n ?x ?d)]", "200", 0},
        {"and one more", "[[(n ?x ?d) [(ground [1]) ?x] [(ground 1) ?d]]", "",
         " [(n ?x ?d) (n ?y ?e) [(< ?e 201)] [(hash-map 1 ?y) ?x] [(inc ?e) ?d]]]", 0,
         "[:find (max ?d) . :in $ % :where (n ?x ?d)]", "bandstand.error/limit: (hash-map 1 ?y)",
         0},
        {"a search that tries every place", "\"",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\"", 4000,
         "[:find ?x :in $ ?t :where [(re-find \"[a-z]+[0-9]\" ?t) ?x]]", "rpc.error/deadline", 300},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct edn inputs[] = {fixture_db(people.db), repeat(&rows[i])};
        check_answer(&rows[i], rows[i].query, inputs, 2);
    }
    test_rows_end();
}

static void test_budget__is_kept_by_calls_that_make_much(void **state)
{
    (void)state;
    struct edn inputs[] = {fixture_db(people.db)};
    struct query_options options = {.budget_bytes = 20 * 1000 * 1000};
    struct bs_error error = BS_ERROR_INIT;
    struct edn result;
    enum bs_code code = query_run_text(
        BS_STR("[:find ?n :where [?e :person/age ?a] [?e :person/name ?n] [(+ 1000000 ?a) ?m]"
               " [(< (count (range (- ?m ?a))) 0)]]"),
        inputs, 1, &options, people.arena, &result, &error);
    assert_int_equal(code, BS_RESOURCE_EXHAUSTED);
    assert_string_equal(bs_error_reason_name(&error), "db.error/query-budget");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls__stay_within_depth_and_time),
        cmocka_unit_test(test_budget__is_kept_by_calls_that_make_much),
        cmocka_unit_test(test_rules__of_any_number_end),
        cmocka_unit_test(test_clauses__inside_each_other_are_planned_in_time),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
