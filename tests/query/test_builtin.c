/* Every function of queries, by its name, with what it gives. */
#include "support.h"

#include "query/builtin.h"
#include "query/fixture.h"

struct row {
    const char *call;
    const char *expected; /* "-": the row is dropped; "!": an error */
};

static const struct row rows[] = {
    {"(= 1 1 1)", "true"},
    {"(= 1 1.0)", "false"},
    {"(= 1.0M 1.00M)", "true"},
    {"(== 1 1.0)", "true"},
    {"(not= 1 2)", "true"},
    {"(!= 1 1)", "false"},
    {"(< 1 2 3)", "true"},
    {"(< 1 3 2)", "false"},
    {"(<= 1 1 2)", "true"},
    {"(> \"b\" \"a\")", "true"},
    {"(>= #inst \"2000\" #inst \"1999\")", "true"},
    {"(< 1 \"a\")", "!"},
    {"(< 1 1.5 2N 2.5M)", "true"},
    {"(compare 3 1)", "1"},
    {"(compare nil 1)", "-1"},
    {"(and 1 nil 2)", "-"},
    {"(or nil 2)", "2"},
    {"(not nil)", "true"},
    {"(nil? nil)", "true"},
    {"(some? 1)", "true"},
    {"(true? true)", "true"},
    {"(false? false)", "true"},
    {"(boolean? 1)", "false"},
    {"(string? \"a\")", "true"},
    {"(keyword? :a)", "true"},
    {"(symbol? \"a\")", "false"},
    {"(char? \\a)", "true"},
    {"(number? 1M)", "true"},
    {"(integer? 1N)", "true"},
    {"(int? 1N)", "false"},
    {"(float? 1.5)", "true"},
    {"(double? 1)", "false"},
    {"(decimal? 1M)", "true"},
    {"(inst? #inst \"2000\")", "true"},
    {"(uuid? 1)", "false"},
    {"(uri? #uri \"a:b\")", "true"},
    {"(bytes? 1)", "false"},
    {"(vector? [1])", "true"},
    {"(list? [1])", "false"},
    {"(sequential? [1])", "true"},
    {"(set? #{1})", "true"},
    {"(map? {})", "true"},
    {"(coll? {})", "true"},
    {"(+)", "0"},
    {"(+ 1 2 3)", "6"},
    {"(+ 1 1.5)", "2.5"},
    {"(- 5)", "-5"},
    {"(- 5 1 1)", "3"},
    {"(* 2 3)", "6"},
    {"(* 9223372036854775807 2)", "18446744073709551614N"},
    {"(/ 7 2)", "3"},
    {"(/ -7 2)", "-3"},
    {"(/ 7.0 2)", "3.5"},
    {"(/ 1 0)", "!"},
    {"(+ 1 \"a\")", "!"},
    {"(inc 1)", "2"},
    {"(dec 1)", "0"},
    {"(abs -3)", "3"},
    {"(max 1 3 2)", "3"},
    {"(min 1.5 2)", "1.5"},
    {"(quot -7 2)", "-3"},
    {"(rem -7 2)", "-1"},
    {"(mod -7 2)", "1"},
    {"(mod 7 -2)", "-1"},
    {"(quot 1 0)", "!"},
    {"(double 1)", "1.0"},
    {"(even? 4)", "true"},
    {"(odd? 3N)", "true"},
    {"(even? 1.5)", "!"},
    {"(zero? 0.0)", "true"},
    {"(pos? 1)", "true"},
    {"(neg? -1M)", "true"},
    {"(str \"a\" 1 :b nil \\c 1.5M)", "\"a1:bc1.5\""},
    {"(subs \"hüllo\" 1 3)", "\"ül\""},
    {"(subs \"abc\" 2)", "\"c\""},
    {"(subs \"abc\" 4)", "!"},
    {"(subs \"abc\" 2 1)", "!"},
    {"(count \"hüllo\")", "5"},
    {"(count [1 2])", "2"},
    {"(starts-with? \"abc\" \"ab\")", "true"},
    {"(clojure.string/ends-with? \"abc\" \"bc\")", "true"},
    {"(includes? \"abc\" \"x\")", "false"},
    {"(blank? \" \")", "true"},
    {"(trim \" a \")", "\"a\""},
    {"(lower-case \"ABc\")", "\"abc\""},
    {"(upper-case \"abc\")", "\"ABC\""},
    {"(re-find \"b+\" \"abbc\")", "\"bb\""},
    {"(re-find \"x\" \"abc\")", "-"},
    {"(re-find \"(a)(x)?(?:b)(c)\" \"abc\")", "[\"abc\" \"a\" nil \"c\"]"},
    {"(re-find \"(?i)B\" \"abc\")", "\"b\""},
    {"(re-find \"\\\\d{2}[\\\\d.]\" \"a12.\")", "\"12.\""},
    {"(re-find \"^.$\" \"ü\")", "\"ü\""},
    {"(re-matches \"b\" \"abc\")", "-"},
    {"(re-matches (re-pattern \"a|abc\") \"abc\")", "\"abc\""},
    {"(re-pattern \"[\")", "!"},
    {"(re-find \"\\\\p{L}\" \"a\")", "!"},
    {"(keyword \"a\" \"b\")", ":a/b"},
    {"(keyword \"a\")", ":a"},
    {"(symbol \"a\")", "a"},
    {"(name :a/b)", "\"b\""},
    {"(namespace :a/b)", "\"a\""},
    {"(namespace :b)", "-"},
    {"(get {:a 1} :a)", "1"},
    {"(get {:a 1} :b 2)", "2"},
    {"(get [5 6] 1)", "6"},
    {"(nth [5 6] 1)", "6"},
    {"(nth [5 6] 2)", "!"},
    {"(nth [5 6] 2 7)", "7"},
    {"(first [5 6])", "5"},
    {"(second [5 6])", "6"},
    {"(last [5 6])", "6"},
    {"(first [])", "-"},
    {"(contains? #{1} 1)", "true"},
    {"(contains? [7] 1)", "false"},
    {"(empty? [])", "true"},
    {"(not-empty [])", "-"},
    {"(not-empty \"a\")", "\"a\""},
    {"(keys {:a 1})", "(:a)"},
    {"(vals {:a 1})", "(1)"},
    {"(vector 1 2)", "[1 2]"},
    {"(list 1 2)", "(1 2)"},
    {"(hash-map 1 2 1 3)", "{1 3}"},
    {"(hash-map 1)", "!"},
    {"(hash-set 1 1)", "#{1}"},
    {"(tuple 1 2)", "[1 2]"},
    {"(untuple [1 2])", "[1 2]"},
    {"(untuple 1)", "!"},
    {"(range 1 4)", "(1 2 3)"},
    {"(range 99999999)", "!"},
    {"(identity 1)", "1"},
    {"(ground 1)", "1"},
    {"(get-else $ [:person/email \"bob@example.com\"] :person/age 0)", "42"},
    {"(get-else $ [:person/email \"bob@example.com\"] :person/parent 0)", "0"},
    {"(get-else $ [:person/email \"bob@example.com\"] :person/parent nil)", "!"},
    {"(get-some $ [:person/email \"bob@example.com\"] :person/parent :person/born)", "-"},
    {"(missing? $ [:person/email \"bob@example.com\"] :person/parent)", "true"},
    {"(missing? $ [:person/email \"bob@example.com\"] :person/nope)", "!"},
    {"(tx-ids $ 1001 1000)", "[]"},
    {"(tx-data $ 999999)", "[]"},
};

static void test_function__gives_what_clojure_gives(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct edn result = edn_nil();
        struct bs_buf query = BS_BUF_INIT(0);
        bs_buf_printf(&query, "[:find ?x . :where [%s ?x]]", rows[i].call);
        enum bs_code code = fixture_query(&people, bs_buf_cstr(&query), "[$]", &result, &error);
        bs_buf_fini(&query);
        bool fails = strcmp(rows[i].expected, "!") == 0;
        const char *expected = strcmp(rows[i].expected, "-") == 0 ? "nil" : rows[i].expected;
        test_row(rows[i].call,
                 fails ? code != BS_OK : fixture_is(&people, expected, code, result, &error), "%s",
                 fixture_was(&people));
    }
    test_rows_end();
}

static void test_function__has_a_row_here(void **state)
{
    (void)state;
    const struct builtin *builtin;
    for (size_t i = 0; (builtin = builtin_at(i)) != NULL; i++) {
        bool found = false;
        for (size_t j = 0; j < BS_ARRAY_COUNT(rows) && !found; j++) {
            struct bs_str call = bs_str_from(rows[j].call + 1);
            struct bs_str name = bs_str_from(builtin->name);
            if (bs_str_starts_with(call, BS_STR("clojure.string/")))
                call = bs_str_from_offset(call, sizeof("clojure.string/") - 1);
            found = bs_str_starts_with(call, name) &&
                    (call.ptr[name.len] == ' ' || call.ptr[name.len] == ')');
        }
        test_row(builtin->name, found, "no test calls it");
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_function__gives_what_clojure_gives),
        cmocka_unit_test(test_function__has_a_row_here),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}
