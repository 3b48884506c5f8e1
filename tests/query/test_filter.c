/*
 * Filters as data, over the people of the fixture: what they leave and refuse, their regular
 * expressions, and many threads that ask one.
 */

#include "support.h"

#include <pthread.h>

#include "query/fixture.h"

static void test_filters__show_the_datoms_of_which_all_clauses_hold(void **state)
{
    (void)state;
    static const struct {
        const char *form;
        const char *expected; /* or the error's reason */
    } rows[] = {
        {"[[(= ?a :person/age)]]", "#{8 12 34 42}"},
        {"[[(= ?a :person/age)] [(< ?v 34)]]", "#{8 12}"},
        {"[(or [(!= ?a :person/age)] [(< ?v 34)])]", "#{8 12}"},
        {"[(not [(= ?a :person/age)] [(< ?v 34)])]", "#{34 42}"},
        {"[(and [(= ?added true)] [(= ?a :person/age)] [(not= ?v 42)])]", "#{8 12 34}"},
        {"[(not [(< ?v 34)])]", "#{34 42}"},
        {"[[(= ?v \"no number is\")]]", "#{}"},
        {"[(not [(< ?e 0)] [(< ?tx 0)])]", "#{8 12 34 42}"},
        {"[(or [(re-find \"^Al\" ?v)] [(= ?a :person/age)])]", "#{8 12 34 42}"},
        {"[]", "db.error/invalid-argument"},
        {"[(= ?a 1)]", "db.error/invalid-argument"},
        {"[[(< ?x 5)]]", "db.error/invalid-argument"},
        {"[(or)]", "db.error/invalid-argument"},
        {"[[(lesser ?v 5)]]", "db.error/unknown-function"},
        {"[[(missing? $ ?e :person/age)]]", "db.error/unsupported-query"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_db *filtered = NULL;
        struct edn value = edn_nil();
        enum bs_code code =
            query_filter(people.db, fixture_read(&people, rows[i].form), &filtered, &error);
        if (code == BS_OK) {
            struct edn input = fixture_db(filtered);
            struct edn found;
            assert_true(datom_db_is_filtered(filtered));
            code = query_run_text(BS_STR("[:find [?v ...] :where [_ :person/age ?v]]"), &input, 1,
                                  NULL, people.arena, &found, &error);
            if (code == BS_OK)
                value = edn_collection(EDN_SET, found.as.items, found.len);
        }
        test_row(rows[i].form, fixture_is(&people, rows[i].expected, code, value, &error), "%s",
                 fixture_was(&people));
        datom_db_unref(filtered);
    }
    test_rows_end();
}

static void test_filters__refuse_objects_that_may_be_gone(void **state)
{
    (void)state;
    struct edn call[] = {edn_symbol(BS_STR("=")), edn_symbol(BS_STR("?v")), fixture_db(people.db)};
    struct edn list = edn_collection(EDN_LIST, call, BS_ARRAY_COUNT(call));
    struct edn clause = edn_collection(EDN_VECTOR, &list, 1);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *filtered;
    assert_int_equal(
        query_filter(people.db, edn_collection(EDN_VECTOR, &clause, 1), &filtered, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_Q_INVALID_ARGUMENT);
}

/* The names that a filter leaves, as "Alice Bob", or the reason that it was refused with. */
static const char *names_left(const char *clauses)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *filtered = NULL;
    if (query_filter(people.db, fixture_read(&people, clauses), &filtered, &error) != BS_OK)
        return bs_arena_dup_cstr(people.arena, bs_str_from(error.message));
    struct edn input = fixture_db(filtered);
    struct edn names;
    assert_int_equal(
        query_run_text(BS_STR("[:find [?n ...] :where [_ :person/name ?n] :order-by [?n]]"), &input,
                       1, NULL, people.arena, &names, &error),
        BS_OK);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    for (uint32_t i = 0; i < names.len; i++)
        bs_buf_printf(&text, "%s%.*s", i > 0 ? " " : "",
                      BS_STR_ARGS(edn_text_of(names.as.items[i])));
    return bs_arena_dup_cstr(people.arena, bs_buf_str(&text));
}

static void test_filters__match_by_regular_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *clauses;
        const char *left;
    } rows[] = {
        {"a beginning", "[[(re-find \"^[AB]\" ?v)]]", "Alice Bob"},
        {"as much memory as calls may make",
         "[[(= (count (range 1000000)) (count (range 1000000)) (count (range 1000000))"
         " (count (range 1000000)))] [(= ?v \"Bob\")]]",
         "Bob"},
        {"more of it: the call does not hold",
         "[[(= (count (range 1000000)) (count (range 1000000)) (count (range 1000000))"
         " (count (range 1000000)) (count (range 1000000)))] [(= ?v \"Bob\")]]",
         ""},
        {"more of it inside a not",
         "[(not [(= (count (range 1000000)) (count (range 1000000)) (count (range 1000000))"
         " (count (range 1000000)) (count (range 1000000)) 7)]) [(= ?v \"Bob\")]]",
         ""},
        {"the whole", "[[(re-matches \"[A-Z]...\" ?v)]]", "Dave"},
        {"several in one", "[(or [(re-find \"^A\" ?v)] [(re-find \"l$\" ?v)])]", "Alice Carol"},
        {"one that the datom has itself", "[[(re-find ?v \"Alice and Bob\")]]", "Alice Bob"},
        {"more than are kept compiled elsewhere",
         "[(or [(re-find \"1\" ?v)] [(re-find \"2\" ?v)] [(re-find \"3\" ?v)] [(re-find \"4\" ?v)]"
         "     [(re-find \"5\" ?v)] [(re-find \"6\" ?v)] [(re-find \"7\" ?v)] [(re-find \"8\" ?v)]"
         "     [(re-find \"9\" ?v)] [(re-find \"0\" ?v)] [(re-find \"X\" ?v)] [(re-find \"Y\" ?v)]"
         "     [(re-find \"Z\" ?v)] [(re-find \"Q\" ?v)] [(re-find \"R\" ?v)] [(re-find \"S\" ?v)]"
         "     [(re-find \"T\" ?v)] [(re-find \"^D\" ?v)])]",
         "Dave"},
        {"of what a call makes", "[[(re-find \"^:?(person/name|[AB])\" (str ?a ?v))]]",
         "Alice Bob Carol Dave"},
        {"of what a call makes of a call", "[[(re-find \"^[AB]..5\" (str ?v (count (str ?v))))]]",
         ""},
        {"an expression in a call", "[[(= \"A\" (re-find \"^.\" ?v))]]", "Alice"},
        {"one in a call that is none", "[[(= \"A\" (re-find \"(\" ?v))]]", "filter: "},
        {"a variable in a call that is none", "[[(= \"A\" (str ?x))]]", "filter: "},
        {"one that is none", "[(or [(= ?v 1)] [(re-find \"(\" ?v)])]", "filter: "},
        {"one that has what is not built", "[[(re-matches \"(?=x)\" ?v)]]", "filter: "},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        const char *left = names_left(rows[i].clauses);
        bool is_refusal = strcmp(rows[i].left, "filter: ") == 0;
        test_row(rows[i].name,
                 is_refusal ? strncmp(left, "filter: ", 8) == 0 : strcmp(left, rows[i].left) == 0,
                 "%s", left);
    }
    test_rows_end();
}

/* ---- many threads ---- */

enum { THREADS = 12, ROUNDS = 30 };

static void *ask_often(void *self)
{
    struct datom_db *filtered = self;
    size_t found = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct datom_range range = {.index = DATOM_AEVT,
                                    .has_a = true,
                                    .a = datom_db_entid(filtered, BS_STR("person/name"))};
        struct datom_cursor *cursor = NULL;
        const struct datom *datoms;
        size_t count = 0;
        if (datom_cursor_open(filtered, &range, &cursor, NULL) != BS_OK)
            break;
        while (datom_cursor_next(cursor, &datoms, &count, NULL) == BS_OK && count > 0)
            found += count;
        datom_cursor_free(cursor);
    }
    return found == 2 * ROUNDS ? self : NULL;
}

static void test_filters__are_asked_by_many_threads_at_once(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *filtered = NULL;
    assert_int_equal(query_filter(people.db, fixture_read(&people, "[[(re-find \"^[AB]\" ?v)]]"),
                                  &filtered, &error),
                     BS_OK);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, filtered), 0);
    int wrong = 0;
    for (int i = 0; i < THREADS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        wrong += result == NULL;
    }
    datom_db_unref(filtered);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters__show_the_datoms_of_which_all_clauses_hold),
        cmocka_unit_test(test_filters__refuse_objects_that_may_be_gone),
        cmocka_unit_test(test_filters__match_by_regular_expressions),
        cmocka_unit_test(test_filters__are_asked_by_many_threads_at_once),
    };
    return cmocka_run_group_tests_name("query/filter", tests, fixture_set_up, fixture_tear_down);
}
