/*
 * Predicates of attributes, as data and registered in C: which values pass, what is tested when,
 * and which definitions are refused; each row on a fork of one store (the reference's rows 17, 18).
 */

#include "support.h"

#include "datom/predicates_store.h"
#include "datom/rows.h"

/* ---- values ---- */

struct value_row {
    const char *name;
    const char *form;  /* attribute and value, as in a map */
    const char *fails; /* the predicate that refuses it; NULL: it passes */
};

static const struct value_row value_rows[] = {
    {"range: the lower bound is in", ":v/long 0", NULL},
    {"range: the upper bound is in", ":v/long 100", NULL},
    {"range: below", ":v/long -1", "(range 0 100)"},
    {"range: above", ":v/long 101", "(range 0 100)"},
    {"range without an end", ":v/up 1000000000000000000000000N", NULL},
    {"range without an end: below", ":v/up 9", "(range 10 nil)"},
    {"range without a beginning: equal by value", ":v/exact 1.5000M", NULL},
    {"range without a beginning: above", ":v/exact 1.5001M", "(range nil 1.50M)"},
    {"range of doubles, one bound a long", ":v/double -1", NULL},
    {"range of doubles: above", ":v/double 0.5000001", "(range -1 0.5)"},
    {"range of floats: the bound as a float", ":v/float 0.1", NULL},
    {"one-of floats", ":v/float 0.2", "(one-of 0.1 0.3)"},
    {"the first check in the order of texts tells", ":v/float 0.8", "(one-of 0.1 0.3)"},
    {"range of instants", ":v/when #inst \"2020-06-01\"", NULL},
    {"range of instants: after", ":v/when #inst \"2021-01-01T00:00:00.001\"",
     "(range #inst \"2020-01-01T00:00:00.000-00:00\" #inst \"2021-01-01T00:00:00.000-00:00\")"},
    {"length counts characters", ":v/name \"\u00e9\u00e9\u00e9\"", NULL},
    {"length: too long", ":v/name \"abcd\"", "(length 1 3)"},
    {"length: too short", ":v/name \"\"", "(length 1 3)"},
    {"matches the whole text", ":v/name \"aB\"", "(matches \"[a-z\u00e9]*\")"},
    {"length of bytes", ":v/bytes #base64 \"AAE=\"", NULL},
    {"length of bytes: too long", ":v/bytes #base64 \"AAEC\"", "(length nil 2)"},
    {"matches a keyword without colon", ":v/word :x/y", NULL},
    {"matches a keyword: another", ":v/word :y/x", "(matches \"x/.*\")"},
    {"one-of references by ident", ":v/color :color/blue", NULL},
    {"one-of references: another ident", ":v/color :color/mud", "(one-of :color/red :color/blue)"},
    {"one-of references: a new entity", ":v/color {:db/id \"x\" :v/long 1}",
     "(one-of :color/red :color/blue)"},
    {"one-of booleans", ":v/flag true", NULL},
    {"one-of booleans: the other", ":v/flag false", "(one-of true)"},
    {"one-of symbols", ":v/unit inch", NULL},
    {"one-of symbols: another", ":v/unit mile", "(one-of cm inch)"},
    {"many: each value, the text of the check without blanks", ":v/tags [\"aa\" \"b\"]",
     "(length 2 4)"},
    {"many: good ones", ":v/tags [\"cc\" \"dd\"]", NULL},
    {"in C", ":v/three 9", NULL},
    {"in C: refused", ":v/three 10", "my/threefold"},
    {"in C: nil is not true", ":v/none 1", "my/nothing"},
    {"a composite is not tested", ":v/plain \"x\"", NULL},
};

static void test_values__pass_the_predicates_of_their_attribute(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(value_rows); i++) {
        const struct value_row *row = &value_rows[i];
        struct datom_conn *conn = rows_fork(predicates_conn());
        struct bs_error error = BS_ERROR_INIT;
        char text[200];
        snprintf(text, sizeof(text), "[{%s}]", row->form);
        enum bs_code code = datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error);
        if (!row->fails) {
            test_row(row->name, code == BS_OK, "%s", error.message);
        } else {
            const struct bs_error_field *pred = bs_error_find(&error, "pred");
            test_row(row->name, code != BS_OK && error.reason == BS_REASON_DB_ATTR_PRED, "%s",
                     error.message);
            test_row(row->name, pred && strcmp(pred->text, row->fails) == 0, "%s",
                     pred ? pred->text : "no pred");
        }
        datom_conn_unref(conn);
    }
    test_rows_end();
}

static const struct row when_rows[] = {
    {"a retraction is not tested", "[{:db/id :v/tags :db.attr/check (length 9 9)}]",
     "[[:db/retract " A " :v/tags \"aa\"]]", "-1009:v/tags:\"aa\"", 0, NULL},
    {"what is there stays when a check comes", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id " A " :s/high 3}]", "-1009:s/high:2 +1009:s/high:3", 0, NULL},
    {"what is there already is not asserted again", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id " A " :s/low 1}]", "", 0, NULL},
    {"a check that was added holds", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id " A " :s/low 3}]", NULL, BS_REASON_DB_ATTR_PRED, "(range 5 9)"},
    {"a check holds from the next transaction on", NULL,
     "[{:db/id :s/low :db.attr/check (range 5 9)} {:db/id " A " :s/low 3}]",
     "+91:db.attr/check:\"(range 5 9)\" -1009:s/low:1 +1009:s/low:3", 0, NULL},
    {"a check that was retracted is gone, its text however written",
     "[[:db/retract :v/long :db.attr/check \"(range 0    100)\"]]", "[{:v/long 101}]",
     "+new1:v/long:101 +new1:v/pair:[101 nil]", 0, NULL},
    {"one of two checks goes, the other stays",
     "[[:db/retract :v/name :db.attr/check (length 1 3)]]", "[{:v/name \"ABCD\"}]", NULL,
     BS_REASON_DB_ATTR_PRED, "matches"},
    {"a predicate in C goes", "[[:db/retract :v/absent :db.attr/preds :my/absent]]",
     "[{:v/absent 1}]", "+new1:v/absent:1", 0, NULL},
    {"by cas", NULL, "[[:db/cas " A " :v/long nil 200]]", NULL, BS_REASON_DB_ATTR_PRED,
     ":v/long 200"},
    {"by a default", NULL, "[[:db.fn/add-default " A " :v/long 200]]", NULL, BS_REASON_DB_ATTR_PRED,
     ":v/long 200"},
    {"a renamed attribute keeps them", "[{:db/id :v/long :db/ident :v/number}]",
     "[{:v/number 200}]", NULL, BS_REASON_DB_ATTR_PRED, ":v/number 200"},
    {"an ident of one-of that was renamed resolves still",
     "[{:db/id :color/red :db/ident :color/crimson}]", "[{:v/color :color/crimson}]",
     "+new1:v/color:1001", 0, NULL},
};

static void test_predicates__hold_for_what_is_asserted(void **state)
{
    (void)state;
    rows_run(predicates_conn(), when_rows, BS_ARRAY_COUNT(when_rows));
}

/* ---- definitions ---- */

/* Checks that make no sense, or not with their attribute. */
static const struct {
    const char *name;
    const char *attribute;
    const char *check;
    const char *message; /* a part of it */
} bad_checks[] = {
    {"no list", ":v/plain", "\"5\"", "5 is no check: expected (range"},
    {"no EDN", ":v/plain", "\"(range 1\"", "(range 1 is no check: "},
    {"nothing", ":v/plain", "\"\"", " is no check"},
    {"an empty list", ":v/plain", "\"()\"", "() is no check"},
    {"a list without a name", ":v/plain", "\"(1 2)\"", "(1 2) is no check"},
    {"two lists", ":v/plain", "\"(length 1 2) (length 1 2)\"", "is no check"},
    {"an unknown name", ":v/plain", "(prime)",
     ":db.attr/check of the attribute :v/plain: (prime) is no check: expected (range MIN MAX)"},
    {"range: one bound", ":s/low", "(range 1)", "expected (range MIN MAX) of two numbers"},
    {"range: three", ":s/low", "(range 1 2 3)", "expected (range MIN MAX)"},
    {"range: no bound at all", ":s/low", "(range nil nil)", "one of which may be nil"},
    {"range: texts", ":v/plain", "(range \"a\" \"b\")", "of two numbers or two instants"},
    {"range: a number and an instant", ":s/low", "(range 1 #inst \"2020\")",
     "two numbers or two instants"},
    {"range: the wrong way round", ":s/low", "(range 2 1)", "expected the smaller bound first"},
    {"range of a text", ":v/plain", "(range 1 2)",
     "range does not go with :db.type/string: expected numbers"},
    {"range of instants for numbers", ":s/low", "(range #inst \"2020\" nil)",
     "range does not go with :db.type/long"},
    {"range of numbers for instants", ":v/when", "(range 1 nil)",
     "range does not go with :db.type/instant"},
    {"length: negative", ":v/plain", "(length -1 2)", "two whole numbers from 0 on"},
    {"length: no whole number", ":v/plain", "(length 1.5 2)", "two whole numbers"},
    {"length: one bound", ":v/plain", "(length 2)", "(length MIN MAX)"},
    {"length of a number", ":s/low", "(length 1 2)",
     "length does not go with :db.type/long: expected texts"},
    {"matches: nothing", ":v/plain", "(matches)", "expected (matches \"regular expression\")"},
    {"matches: a symbol", ":v/plain", "(matches a)", "expected (matches"},
    {"matches: no regular expression", ":v/plain", "(matches \"(a\")",
     "regular expression \"(a\": Unmatched"},
    {"matches: one that is not supported", ":v/plain", "(matches \"a*?\")", "reluctant"},
    {"matches of a number", ":s/low", "(matches \"a\")", "matches does not go with :db.type/long"},
    {"one-of: nothing", ":v/plain", "(one-of)", "at least one value"},
    {"one-of: nil", ":v/plain", "(one-of \"a\" nil)", "without nil"},
    {"one-of: values of another type", ":v/plain", "(one-of \"a\" :b)",
     "one-of does not go with :db.type/string: expected values of the attribute's own type"},
    {"one-of of a tuple", ":v/pair", "(one-of [1 \"a\"])", "but not with tuples"},
};

static void test_checks__are_refused_when_they_make_no_sense(void **state)
{
    (void)state;
    char texts[BS_ARRAY_COUNT(bad_checks)][160];
    struct row rows[BS_ARRAY_COUNT(bad_checks)];
    for (size_t i = 0; i < BS_ARRAY_COUNT(bad_checks); i++) {
        snprintf(texts[i], sizeof(texts[i]), "[{:db/id %s :db.attr/check %s}]",
                 bad_checks[i].attribute, bad_checks[i].check);
        rows[i] = (struct row){.name = bad_checks[i].name,
                               .tx = texts[i],
                               .reason = BS_REASON_DB_INVALID_ATTR_CHECK,
                               .message = bad_checks[i].message};
    }
    rows_run(predicates_conn(), rows, BS_ARRAY_COUNT(rows));
}

static const struct row definition_rows[] = {
    {"a check of a new attribute", NULL,
     "[{:db/ident :v/new :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
     "  :db.attr/check (range 1 2)}]",
     NULL, BS_REASON_DB_INVALID_ATTR_CHECK,
     ":db.attr/check of the attribute :v/new: range does not go with"},
    {"of no attribute", NULL, "[{:db/id :color/red :db.attr/check (range 1 2)}]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "has no :db/valueType"},
    {"of a built-in attribute", NULL, "[{:db/id :db/doc :db.attr/check (length 1 2)}]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "built in"},
    {"a vector is many checks, and no symbol is one", NULL,
     "[{:db/id :v/plain :db.attr/check [matches \"a\"]}]", NULL, BS_REASON_DB_WRONG_TYPE,
     "matches"},
    {"a predicate that is no name", NULL, "[{:db/id :v/plain :db.attr/preds \"my/pred\"}]", NULL,
     BS_REASON_DB_WRONG_TYPE, ":db.attr/preds"},
    {"a predicate that nobody has registered may be named", NULL,
     "[{:db/id :v/plain :db.attr/preds my/later}]", "+90:db.attr/preds:my/later", 0, NULL},
    {"the same check twice is one", NULL,
     "[{:db/id :v/plain :db.attr/check [(length 1 2) \"(length 1  2)\"]}]",
     "+90:db.attr/check:\"(length 1 2)\"", 0, NULL},
};

static void test_definitions__are_refused_on_what_can_not_have_them(void **state)
{
    (void)state;
    rows_run(predicates_conn(), definition_rows, BS_ARRAY_COUNT(definition_rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values__pass_the_predicates_of_their_attribute),
        cmocka_unit_test(test_predicates__hold_for_what_is_asserted),
        cmocka_unit_test(test_checks__are_refused_when_they_make_no_sense),
        cmocka_unit_test(test_definitions__are_refused_on_what_can_not_have_them),
    };
    return cmocka_run_group_tests_name("datom/predicates", tests, predicates_setup,
                                       predicates_teardown);
}
