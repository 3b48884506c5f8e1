/* Queries as a user writes them, over the people of the fixture. */
#include "support.h"

#include "query/fixture.h"

struct row {
    const char *query;
    const char *inputs;
    const char *expected;
};

static void check_rows(struct fixture *fixture, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn result = edn_nil();
        enum bs_code code = fixture_query(fixture, rows[i].query, rows[i].inputs, &result, &error);
        test_row(rows[i].query, fixture_is(fixture, rows[i].expected, code, result, &error), "%s",
                 fixture_was(fixture));
    }
    test_rows_end();
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        check_rows(&people, rows, BS_ARRAY_COUNT(rows));                                           \
    } while (0)

static void test_find__gives_the_shape_that_its_spec_asks_for(void **state)
{
    (void)state;
    CHECK(
        {"[:find ?n ?a :where [?e :person/name ?n] [?e :person/age ?a]]", "[$]",
         "#{[\"Alice\" 34] [\"Bob\" 42] [\"Carol\" 12] [\"Dave\" 8]}"},
        {"[:find ?a . :where [?e :person/name \"Bob\"] [?e :person/age ?a]]", "[$]", "42"},
        {"[:find ?a . :where [?e :person/name \"Nobody\"] [?e :person/age ?a]]", "[$]", "nil"},
        {"[:find [?n ...] :where [_ :person/name ?n] [(< ?n \"Bz\")] ]", "[$]",
         "[\"Alice\" \"Bob\"]"},
        {"[:find [?n ...] :where [_ :person/name ?n] [(= ?n \"x\")]]", "[$]", "[]"},
        {"[:find [?n ?a] :where [?e :person/name ?n] [?e :person/age ?a] [(= ?a 12)]]", "[$]",
         "[\"Carol\" 12]"},
        {"[:find [?n ?a] :where [?e :person/name ?n] [?e :person/age ?a] [(= ?a 13)]]", "[$]",
         "nil"},
        {"[:find ?n :where [_ :person/name ?n] [(= ?n \"x\")]]", "[$]", "#{}"},
        {"[:find ?n ?a :keys name age :where [?e :person/name ?n] [?e :person/age ?a] [(< ?a 10)]]",
         "[$]", "[{:name \"Dave\" :age 8}]"},
        {"[:find [?n ?a] :strs name age :where [?e :person/name ?n] [?e :person/age ?a]"
         " [(< ?a 10)]]",
         "[$]", "{\"name\" \"Dave\" \"age\" 8}"},
        {"[:find ?n :syms name :where [?e :person/name ?n] [?e :person/age 8]]", "[$]",
         "[{name \"Dave\"}]"},
        {"{:find [?n] :where [[?e :person/name ?n] [?e :person/age 8]]}", "[$]", "#{[\"Dave\"]}"},
        {"{:find [?n .] :in [$ ?a] :where [[?e :person/name ?n] [?e :person/age ?a]]}", "[$ 8]",
         "\"Dave\""},
        {"[:find ?n ?a :where [?e :person/name ?n] [?e :person/age ?a] :order-by [?a :desc]"
         " :limit 2]",
         "[$]", "[[\"Bob\" 42] [\"Alice\" 34]]"},
        {"[:find ?n ?a :where [?e :person/name ?n] [?e :person/age ?a] :order-by ?a :limit 2"
         " :offset 1]",
         "[$]", "[[\"Carol\" 12] [\"Alice\" 34]]"},
        {"[:find [?n ...] :where [?e :person/name ?n] :order-by ?n :desc :limit 3]", "[$]",
         "[\"Dave\" \"Carol\" \"Bob\"]"},
        {"[:find ?h ?n :where [?e :person/name ?n] [?e :person/height ?h]"
         " :order-by [?h :asc ?n :desc]]",
         "[$]", "[[1.7 \"Bob\"] [1.7 \"Alice\"]]"},
        {"{:find [?n] :where [[_ :person/name ?n]] :limit 0}", "[$]", "#{}"},
        {"{:find [[?n ...]] :where [[_ :person/name ?n]] :offset 99}", "[$]", "[]"},
        {"[:find ?x . :in ?x]", "[5]", "5"});
}

static void test_patterns__join_whatever_is_bound(void **state)
{
    (void)state;
    CHECK(
        {"[:find ?n :where [?e :person/friend ?f] [?f :person/name \"Alice\"]"
         " [?e :person/name ?n]]",
         "[$]", "#{[\"Bob\"] [\"Carol\"]}"},
        {"[:find [?n ...] :where [?e :person/parent ?p] [?p :person/parent ?g]"
         " [?g :person/name ?n]]",
         "[$]", "[\"Alice\"]"},
        {"[:find (count ?e) . :where [?e :person/nick]]", "[$]", "2"},
        {"[:find ?n :where [[:person/email \"bob@example.com\"] :person/friend ?f]"
         " [?f :person/name ?n]]",
         "[$]", "#{[\"Alice\"]}"},
        {"[:find ?n :where [?e :person/friend [:person/email \"bob@example.com\"]]"
         " [?e :person/name ?n]]",
         "[$]", "#{[\"Carol\"]}"},
        {"[:find ?n :where [?e :person/friend [:person/email \"nobody\"]] [?e :person/name ?n]]",
         "[$]", "#{}"},
        {"[:find ?n . :where [?e :person/status :status/active] [?e :person/name ?n]]", "[$]",
         "\"Alice\""},
        {"[:find [?i ...] :where [_ :person/status ?s] [?s :db/ident ?i] :order-by ?i]", "[$]",
         "[:status/active :status/inactive]"},
        {"[:find [?i ...] :in $ ?e :where [?e ?a _] [?a :db/ident ?i] :order-by ?i]",
         "[$ [:person/email \"bob@example.com\"]]",
         "[:person/active :person/age :person/email :person/friend :person/height :person/name"
         " :person/status]"},
        {"[:find ?v . :in $ ?a :where [[:person/email \"bob@example.com\"] ?a ?v]]",
         "[$ :person/age]", "42"},
        {"[:find ?n . :where [?e :person/height 1.7] [?e :person/age 42] [?e :person/name ?n]]",
         "[$]", "\"Bob\""},
        {"[:find ?e :where [?e :person/age \"old\"]]", "[$]", "#{}"},
        {"[:find ?n . :where [?e :person/money 10.5M] [?e :person/name ?n]]", "[$]", "\"Alice\""},
        {"[:find ?n . :where [?e :person/money 10.500M] [?e :person/name ?n]]", "[$]", "\"Alice\""},
        {"[:find ?op . :where [_ :person/age 42 _ ?op]]", "[$]", "true"},
        {"[:find ?t . :where [?e :person/age 42 ?tx] [?tx :db/txInstant ?t]]", "[$]",
         "#inst \"2023-11-14T22:13:20.000-00:00\""},
        {"[:find ?n . :where [?e :person/active false] [?e :person/name ?n]]", "[$]", "\"Bob\""},
        {"[:find [?n ...] :where [?e _ :status/active] [?e :person/name ?n]]", "[$]",
         "[\"Alice\"]"},
        {"[:find ?n . :where [?e ?a 42] [?e :person/name ?n]]", "[$]", "\"Bob\""},
        {"[:find (count ?x) . :where [?x :person/friend ?x]]", "[$]", "nil"},
        {"[:find ?n . :where [:status/active :db/ident ?n]]", "[$]", ":status/active"},
        {"[:find ?n ?m :where [?a :person/height ?h] [?b :person/height ?h] [(!= ?a ?b)]"
         " [?a :person/name ?n] [?b :person/name ?m]]",
         "[$]", "#{[\"Alice\" \"Bob\"] [\"Bob\" \"Alice\"]}"});
}

static void test_inputs__bind_by_every_form(void **state)
{
    (void)state;
    CHECK({"[:find ?n :in $ [?a ...] :where [?e :person/age ?a] [?e :person/name ?n]]",
           "[$ [8 42 99]]", "#{[\"Dave\"] [\"Bob\"]}"},
          {"[:find ?n :in $ [?a ?h] :where [?e :person/age ?a] [?e :person/height ?h]"
           " [?e :person/name ?n]]",
           "[$ [42 1.7]]", "#{[\"Bob\"]}"},
          {"[:find ?n ?x :in $ [[?n ?x]] :where [_ :person/name ?n]]",
           "[$ [[\"Bob\" 1] [\"Eve\" 2] [\"Dave\" 3]]]", "#{[\"Bob\" 1] [\"Dave\" 3]}"},
          {"[:find ?n ?x :in $ [[?n _ ?x]] :where [_ :person/name ?n]]", "[$ {}]", "#{}"},
          {"[:find ?k ?v :in [[?k ?v]]]", "[{:a 1 :b 2}]", "#{[:a 1] [:b 2]}"},
          {"[:find ?n :in $ [?a ...] :where [?e :person/age ?a] [?e :person/name ?n]]", "[$ []]",
           "#{}"},
          {"[:find [?n ...] :in $ [?e ...] :where [?e :person/name ?n] :order-by ?n]",
           "[$ [[:person/email \"bob@example.com\"] [:person/email \"carol@example.com\"]"
           " [:person/email \"nobody\"]]]",
           "[\"Bob\" \"Carol\"]"},
          {"[:find [?n ...] :in $ ?s :where [?e :person/status ?s] [?e :person/name ?n]]",
           "[$ :status/inactive]", "[\"Bob\"]"},
          {"[:find ?n ?x :in $ [[?f ?x]] :where [?e :person/friend ?f] [?e :person/name ?n]]",
           "[$ [[[:person/email \"bob@example.com\"] 7]]]", "#{[\"Carol\" 7]}"},
          {"[:find ?v . :in $ [?e ?a] :where [?e ?a ?v]]",
           "[$ [[:person/email \"bob@example.com\"] :person/age]]", "42"},
          {"[:find ?n . :in $ ?h :where [?e :person/height ?h] [?e :person/age 42]"
           " [?e :person/name ?n]]",
           "[$ 1.7]", "\"Bob\""},
          {"[:find ?n . :in $ _ ?a :where [?e :person/age ?a] [?e :person/name ?n]]", "[$ :x 8]",
           "\"Dave\""},
          {"[:find ?n ?s :in $ $x :where [$ ?e :person/name ?n] [$x ?n ?s]]",
           "[$ [[\"Alice\" 10] [\"Bob\" 20] [\"Eve\" 1]]]", "#{[\"Alice\" 10] [\"Bob\" 20]}"},
          {"[:find ?c :where [_ _ ?c]]", "[[[1 2 3] [4 5 6] [7 8]]]", "#{[3] [6]}"},
          {"[:find ?a ?f :in $ $x :where [?a :k ?b] [$x ?b _ _ _ _ ?f]]",
           "[[[1 :k 2]] [[2 3 4 5 6 7]]]", "#{[1 7]}"},
          {"[:find ?x :where [?x ?x]]", "[[[1 1] [1 2] [3 3]]]", "#{[1] [3]}"},
          {"[:find ?n ?old ?new :in $ $old :where [?e :person/name ?n] [?e :person/age ?new]"
           " [$old ?e :person/age ?old] [(= ?n \"Bob\")]]",
           "[$ $]", "#{[\"Bob\" 42 42]}"});
}

static void test_functions__filter_and_bind(void **state)
{
    (void)state;
    CHECK(
        {"[:find [?n ...] :where [?e :person/name ?n] [?e :person/age ?a] [(> ?a 30)]"
         " :order-by ?n]",
         "[$]", "[\"Alice\" \"Bob\"]"},
        {"[:find ?n ?b :where [?e :person/name ?n] [?e :person/age ?a] [(inc ?a) ?b] [(< ?b 14)]]",
         "[$]", "#{[\"Carol\" 13] [\"Dave\" 9]}"},
        {"[:find ?a ?b :where [(vector 1 2) [?a ?b]]]", "[$]", "#{[1 2]}"},
        {"[:find ?a ?b :where [(hash-map 1 2 3 4) [[?a ?b]]]]", "[$]", "#{[1 2] [3 4]}"},
        {"[:find ?a ?b :where [(hash-map 1 2 3 4) [[?a ?b]]]]", "[]", "#{[1 2] [3 4]}"},
        {"[:find (count ?e) . :in $ [[?a ?v]] :where [?e ?a ?v]]",
         "[$ [[:person/age 34N] [:person/age 42] [:person/age 8.0]]]", "2"},
        {"[:find [?x ...] :where [(range 3) [?x ...]] :order-by ?x]", "[$]", "[0 1 2]"},
        {"[:find ?x . :where [(ground 42) ?x]]", "[$]", "42"},
        {"[:find ?n ?p :where [?e :person/name ?n]"
         " [(get-else $ ?e :person/parent :none) ?p0] [(= ?p0 :none) ?p]]",
         "[$]", "#{[\"Alice\" true] [\"Bob\" true] [\"Carol\" false] [\"Dave\" false]}"},
        {"[:find [?n ...] :where [?e :person/name ?n] [(missing? $ ?e :person/email)]]", "[$]",
         "[\"Dave\"]"},
        {"[:find ?n ?v :where [?e :person/name ?n]"
         " [(get-some $ ?e :person/height :person/email) [_ ?v]] [(!= ?n \"Alice\")]]",
         "[$]", "#{[\"Bob\" 1.7] [\"Carol\" \"carol@example.com\"]}"},
        {"[:find ?s . :where [?e :person/name ?n] [?e :person/age 42] [(str ?n \"!\") ?s]]", "[$]",
         "\"Bob!\""},
        {"[:find ?n . :where [_ :person/name ?n] [(clojure.string/starts-with? ?n \"Al\")]]", "[$]",
         "\"Alice\""},
        {"[:find [?n ...] :where [_ :person/name ?n] [(re-find (re-pattern \"^[AB]\") ?n)]"
         " :order-by ?n]",
         "[$]", "[\"Alice\" \"Bob\"]"},
        {"[:find ?u . :where [_ :person/email ?m] [(re-matches \"(c\\\\w+)@(.*)\" ?m) [_ ?u _]]]",
         "[$]", "\"carol\""},
        {"[:find ?y . :where [(ground 7) ?x] [(/ ?x 2) ?y]]", "[$]", "3"},
        {"[:find ?y . :where [(+ 9223372036854775807 1) ?y]]", "[$]", "9223372036854775808N"},
        {"[:find ?y . :where [(+ 1 (* 2 3)) ?y]]", "[$]", "7"},
        {"[:find ?n . :where [?e :person/born ?b] [(< ?b #inst \"2000-01-01\")]"
         " [?e :person/name ?n]]",
         "[$]", "\"Alice\""},
        {"[:find [?x ...] :in [?x ...] :where [(< 1 ?x 4)] :order-by ?x]", "[[1 2 3 4]]", "[2 3]"},
        {"[:find ?x . :in [?x ...] :where [(get {:a 1} ?x) ?y]]", "[[:a :b]]", ":a"},
        {"[:find ?n :where [(ground [:person/email \"bob@example.com\"]) ?e]"
         " [?e :person/name ?n]]",
         "[$]", "#{[\"Bob\"]}"},
        {"[:find (count ?tx) . :where [(tx-ids $ nil nil) [?tx ...]]]", "[$]", "2"},
        {"[:find ?v . :in $ ?n :where [(tx-ids $ nil nil) [?tx ...]]"
         " [(tx-data $ ?tx) [[_ ?a ?v _ ?op]]] [?a :db/ident :person/name] [(= ?v ?n)]]",
         "[$ \"Bob\"]", "\"Bob\""});
}

static void test_logic__takes_away_and_unites(void **state)
{
    (void)state;
    CHECK({"[:find [?n ...] :where [?e :person/name ?n] (not [?e :person/parent]) :order-by ?n]",
           "[$]", "[\"Alice\" \"Bob\"]"},
          {"[:find [?n ...] :where (not [?e :person/parent ?p] [?p :person/name \"Alice\"])"
           " [?e :person/name ?n] :order-by ?n]",
           "[$]", "[\"Alice\" \"Bob\" \"Dave\"]"},
          {"[:find [?n ...] :where [?e :person/name ?n] (not-join [?e] [?e :person/friend ?n]"
           " [?n :person/name]) :order-by ?n]",
           "[$]", "[\"Alice\" \"Dave\"]"},
          {"[:find [?n ...] :where [?e :person/name ?n] (not (not [?e :person/parent]))"
           " :order-by ?n]",
           "[$]", "[\"Carol\" \"Dave\"]"},
          {"[:find [?n ...] :where [?e :person/name ?n]"
           " (or [?e :person/age 42] [?e :person/age 12]) :order-by ?n]",
           "[$]", "[\"Bob\" \"Carol\"]"},
          {"[:find [?n ...] :where [?e :person/name ?n]"
           " (or-join [?e] [?e :person/nick :cc] (and [?e :person/address ?a]"
           " [?a :address/street])) :order-by ?n]",
           "[$]", "[\"Alice\" \"Carol\"]"},
          /* a variable that only nots have is theirs */
          {"[:find [?n ...] :where [?e :person/name ?n] (or (and [?e :person/age 42]"
           " (not [?e :person/nick ?x])) (and [?e :person/age 12] (not [?e :person/address ?x])))"
           " :order-by ?n]",
           "[$]", "[\"Bob\" \"Carol\"]"},
          /* unless it is bound outside: then it means that */
          {"[:find [?n ...] :where [?e :person/name ?n] [(ground :cc) ?x] (or (and"
           " [?e :person/age 34] (not [?e :person/nick ?x])) (and [?e :person/age 12]"
           " (not [?e :person/nick ?x]))) :order-by ?n]",
           "[$]", "[\"Alice\"]"},
          {"[:find [?n ...] :where (or (and [?e :person/age ?a] [(> ?a 40)]"
           " [?e :person/name ?n]) (and [?e :person/name ?n] [?e :person/age ?a] [(< ?a 10)]))"
           " :order-by ?n]",
           "[$]", "[\"Bob\" \"Dave\"]"},
          {"[:find [?n ...] :where [?e :person/age ?a] [?e :person/name ?n]"
           " (or [(< ?a 10)] [(> ?a 40)]) :order-by ?n]",
           "[$]", "[\"Bob\" \"Dave\"]"},
          {"[:find ?n ?k :where [?e :person/name ?n] (or-join [[?n] ?k]"
           " (and [(= ?n \"Bob\")] [(ground 1) ?k]) (and [(= ?n \"Dave\")] [(ground 2) ?k]))]",
           "[$]", "#{[\"Bob\" 1] [\"Dave\" 2]}"},
          {"[:find ?n :in $ $x :where [$ ?e :person/name ?n] ($x not [?n])]",
           "[$ [[\"Bob\"] [\"Carol\"] [\"Dave\"]]]", "#{[\"Alice\"]}"},
          {"[:find ?n :where [?e :person/name ?n] (not [_ :person/age 99])]", "[$]",
           "#{[\"Alice\"] [\"Bob\"] [\"Carol\"] [\"Dave\"]}"},
          {"[:find ?n :where [?e :person/name ?n] (not [_ :person/age 42])]", "[$]", "#{}"},
          {"[:find [?n ...] :in $ [?x ...] :where [?e :person/name ?n] [?e :person/age ?x]"
           " (not [?e :person/age 8])]",
           "[$ [8 12]]", "[\"Carol\"]"},
          {"[:find ?n :where [?e :person/name ?n] (not [?e :person/nick ?k] [(= ?k :cc)])"
           " [?e :person/nick]]",
           "[$]", "#{[\"Alice\"]}"});
}

static void test_aggregates__group_by_what_is_no_aggregate(void **state)
{
    (void)state;
    CHECK({"[:find (min ?a) (max ?a) (sum ?a) (count ?a) :where [_ :person/age ?a]]", "[$]",
           "#{[8 42 96 4]}"},
          {"[:find (avg ?a) . :where [_ :person/age ?a]]", "[$]", "24.0"},
          {"[:find (median ?a) . :where [_ :person/age ?a]]", "[$]", "23"},
          {"[:find ?n (count ?f) :where [?e :person/name ?n] [?e :person/friend ?f]]", "[$]",
           "#{[\"Bob\" 1] [\"Carol\" 2]}"},
          {"[:find (sum ?h) . :where [_ :person/height ?h]]", "[$]", "1.7"},
          {"[:find (sum ?h) . :with ?e :where [?e :person/height ?h]]", "[$]", "3.4"},
          {"[:find [?h ...] :with ?e :where [?e :person/height ?h]]", "[$]", "[1.7 1.7]"},
          {"[:find (distinct ?k) . :where [_ :person/nick ?k]]", "[$]", "#{:al :ally :cc}"},
          {"[:find (min 2 ?a) . :where [_ :person/age ?a]]", "[$]", "[8 12]"},
          {"[:find (max 2 ?a) . :where [_ :person/age ?a]]", "[$]", "[42 34]"},
          {"[:find (count-distinct ?h) (count ?h) :with ?e :where [?e :person/height ?h]]", "[$]",
           "#{[1 2]}"},
          {"[:find (variance ?a) (stddev ?a) :where [(ground [1 3 3]) [?a0 ...]]"
           " [(identity ?a0) ?a]]",
           "[$]", "#{[1.0 1.0]}"},
          {"[:find (count ?e) . :where [?e :person/name \"Nobody\"]]", "[$]", "nil"},
          {"[:find (count ?e) :where [?e :person/name \"Nobody\"]]", "[$]", "#{}"},
          {"[:find (rand 3 ?x) . :in [?x ...]]", "[[1]]", "[1 1 1]"},
          {"[:find (sample 3 ?x) . :in [?x ...]]", "[[1]]", "[1]"},
          {"[:find ?n (count ?f) :where [?e :person/name ?n] [?e :person/friend ?f]"
           " :order-by [(count ?f) :desc] :limit 1]",
           "[$]", "[[\"Carol\" 2]]"});
}

static void test_rules__find_all_and_end(void **state)
{
    (void)state;
    CHECK({"[:find [?n ...] :in $ % :where [?e :person/name \"Dave\"] (above ?e ?a)"
           " [?a :person/name ?n] :order-by ?n]",
           "[$ [[(above ?x ?y) [?x :person/parent ?y]]"
           " [(above ?x ?y) [?x :person/parent ?z] (above ?z ?y)]]]",
           "[\"Alice\" \"Carol\"]"},
          {"[:find ?n ?m :in $ % :where (above ?e ?a) [?e :person/name ?n] [?a :person/name ?m]]",
           "[$ [[(above ?x ?y) [?x :person/parent ?y]]"
           " [(above ?x ?y) (above ?x ?z) (above ?z ?y)]]]",
           "#{[\"Carol\" \"Alice\"] [\"Dave\" \"Carol\"] [\"Dave\" \"Alice\"]}"},
          {"[:find [?y ...] :in $ % :where (path 1 ?y) :order-by ?y]",
           "[[[1 2] [2 3] [3 1] [4 5]] [[(path ?x ?y) [?x ?y]]"
           " [(path ?x ?y) (path ?x ?z) [?z ?y]]]]",
           "[1 2 3]"},
          {"[:find [?y ...] :in $ % :where (path ?y 5) :order-by ?y]",
           "[[[1 2] [2 3] [3 1] [4 5]] [[(path ?x ?y) [?x ?y]]"
           " [(path ?x ?y) [?x ?z] (path ?z ?y)]]]",
           "[4]"},
          {"[:find ?x ?y :in $ % :where (path ?x ?y)]",
           "[[[1 2] [2 1]] [[(path ?x ?y) (or-join [?x ?y] [?x ?y] (and (path ?x ?z) (path ?z "
           "?y)))]]]",
           "#{[1 2] [2 1] [1 1] [2 2]}"},
          {"[:find [?x ...] :in $ % ?n :where (even ?x) :order-by ?x]",
           "[[[0 1] [1 2] [2 3] [3 4]] [[(even ?x) [(ground 0) ?x]] [(even ?x) [?p ?x] (odd ?p)]"
           " [(odd ?x) [?p ?x] (even ?p)]] 1]",
           "[0 2 4]"},
          {"[:find [?n ...] :in $ % :where [?e :person/name ?n] (grown ?e 18) :order-by ?n]",
           "[$ [[(grown [?e ?min]) [?e :person/age ?a] [(>= ?a ?min)]]]]", "[\"Alice\" \"Bob\"]"},
          {"[:find [?n ...] :in $ % :where [?e :person/name ?n] (not (child ?e)) :order-by ?n]",
           "[$ [[(child ?e) [?e :person/parent]]]]", "[\"Alice\" \"Bob\"]"},
          {"[:find [?x ...] :in $ % :where (lonely ?x) :order-by ?x]",
           "[[[1 2] [3 4]] [[(lonely ?x) (node ?x) (not (path ?x 2))] [(node ?x) [?x _]]"
           " [(node ?x) [_ ?x]] [(path ?x ?y) [?x ?y]] [(path ?x ?y) [?x ?z] (path ?z ?y)]]]",
           "[2 3 4]"},
          {"[:find ?n . :in $ % ?e :where (name ?e ?n)]",
           "[$ [[(name ?e ?n) [?e :person/name ?n]]] [:person/email \"bob@example.com\"]]",
           "\"Bob\""},
          {"[:find ?n . :in $ % :where (name [:person/email \"bob@example.com\"] ?n)]",
           "[$ [[(name ?e ?n) [?e :person/name ?n]]]]", "\"Bob\""},
          {"[:find [?x ...] :in $ $b % :where [?x _] ($b edge ?x ?y) :order-by ?x]",
           "[[[1 2] [2 3]] [[2 9]] [[(edge ?x ?y) [?x ?y]]]]", "[2]"},
          {"[:find ?x :in $ % :where (same ?x ?x)]", "[[[1 1] [1 2]] [[(same ?x ?y) [?x ?y]]]]",
           "#{[1]}"},
          {"[:find [?x ...] :in $ % :where (edge ?x _) :order-by ?x]",
           "[[[1 1] [1 2] [2 3]] [[(edge ?x ?y) [?x ?y]]]]", "[1 2]"});
}

static void test_pull_in_find__is_of_the_rows_that_stay(void **state)
{
    (void)state;
    CHECK({"[:find (pull ?e [:person/name]) :where [?e :person/age 42]]", "[$]",
           "[[{:person/name \"Bob\"}]]"},
          {"[:find (pull ?e [:person/name]) . :where [?e :person/age 42]]", "[$]",
           "{:person/name \"Bob\"}"},
          {"[:find ?a (pull $ ?e p) :in $ p :where [?e :person/age ?a] :order-by ?a :limit 2]",
           "[$ [:person/name]]", "[[8 {:person/name \"Dave\"}] [12 {:person/name \"Carol\"}]]"},
          {"[:find (pull ?e [:person/name]) . :in $ ?e]", "[$ [:person/email \"bob@example.com\"]]",
           "{:person/name \"Bob\"}"});
}

static void test_views__are_databases_like_any_other(void **state)
{
    (void)state;
    struct fixture changed;
    fixture_init(&changed, fixture_people, fixture_people_count);
    fixture_transact(&changed, "[{:person/email \"bob@example.com\" :person/age 43}]");
    static const struct row rows[] = {
        {"[:find [?a ...] :where [?e :person/email \"bob@example.com\"] [?e :person/age ?a]]",
         "[$]", "[43]"},
        {"[:find [?a ...] :where [?e :person/email \"bob@example.com\"] [?e :person/age ?a]]",
         "[$before]", "[42]"},
        {"[:find ?a ?op :where [?e :person/email \"bob@example.com\"] [?e :person/age ?a _ ?op]]",
         "[$history]", "#{[42 true] [42 false] [43 true]}"},
        {"[:find ?a :where [?e :person/email \"bob@example.com\"]"
         " [?e :person/age ?a _ false]]",
         "[$history]", "#{[42]}"},
        {"[:find ?n ?old ?new :in $ $old :where [?e :person/name ?n] [?e :person/age ?new]"
         " [$old ?e :person/age ?old] [(!= ?old ?new)]]",
         "[$ $before]", "#{[\"Bob\" 42 43]}"},
    };
    check_rows(&changed, rows, BS_ARRAY_COUNT(rows));
    fixture_fini(&changed);
}

static void test_explain__tells_the_steps_in_their_order(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct query *query = NULL;
    struct edn plan;
    struct edn inputs[] = {fixture_db(people.db)};
    struct edn form = fixture_read(&people, "[:find ?n :where [?f :person/name ?n]"
                                            " [?e :person/friend ?f] (not [?f :person/age 42])"
                                            " [?e :person/email \"carol@example.com\"]]");
    assert_int_equal(query_parse(form, &query, &error), BS_OK);
    assert_int_equal(query_explain(query, inputs, 1, NULL, people.arena, &plan, &error), BS_OK);
    query_free(query);
    struct edn steps;
    struct edn value;
    assert_true(edn_map_get_keyword(plan, BS_STR("rows"), &value));
    assert_int_equal(value.as.integer, 1);
    assert_true(edn_map_get_keyword(plan, BS_STR("steps"), &steps));
    assert_int_equal(steps.len, 5); /* four clauses, and the one inside not */
    assert_true(edn_map_get_keyword(steps.as.items[0], BS_STR("clause"), &value));
    assert_true(edn_equal(value, fixture_read(&people, "[?e :person/email"
                                                       " \"carol@example.com\"]")));
    assert_true(edn_map_get_keyword(steps.as.items[0], BS_STR("rows-out"), &value));
    assert_int_equal(value.as.integer, 1);
}

static void test_columns__name_what_find_gives(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct query *query = NULL;
    struct edn form = fixture_read(&people, "[:find ?n (count ?e) :in $ ?x :where [?e ?x ?n]]");
    assert_int_equal(query_parse(form, &query, &error), BS_OK);
    assert_int_equal(query_inputs_count(query), 2);
    assert_int_equal(query_columns_count(query), 2);
    assert_str_equals(query_column(query, 0), "?n");
    assert_str_equals(query_column(query, 1), "(count ?e)");
    assert_int_equal(query_find_shape(query), QUERY_RELATION);
    query_free(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__gives_the_shape_that_its_spec_asks_for),
        cmocka_unit_test(test_patterns__join_whatever_is_bound),
        cmocka_unit_test(test_inputs__bind_by_every_form),
        cmocka_unit_test(test_functions__filter_and_bind),
        cmocka_unit_test(test_logic__takes_away_and_unites),
        cmocka_unit_test(test_aggregates__group_by_what_is_no_aggregate),
        cmocka_unit_test(test_rules__find_all_and_end),
        cmocka_unit_test(test_views__are_databases_like_any_other),
        cmocka_unit_test(test_explain__tells_the_steps_in_their_order),
        cmocka_unit_test(test_columns__name_what_find_gives),
        cmocka_unit_test(test_pull_in_find__is_of_the_rows_that_stay),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
