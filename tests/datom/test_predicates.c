/*
 * Predicates of attributes, as data and registered in C, and entity specs; each row on a fork of
 * one store (the reference's rows 17, 18 and 44).
 */

#include "support.h"

#include "datom/attr_check.h"
#include "datom/bulk.h"
#include "datom/datom.h"
#include "datom/fixture.h"
#include "datom/rows.h"

/* ---- predicates in C ---- */

/* Multiples of three pass; a negative number is told why not, 99 is an error of the predicate's. */
static enum bs_code is_threefold(void *self, struct edn value, struct bs_arena *arena,
                                 struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    (void)arena;
    if (value.as.integer == 99)
        return bs_error_set(error, BS_REASON_DB_CANCELLED, "99 is too much");
    *ret_return =
        value.as.integer < 0 ? EDN_KEYWORD_LIT("negative") : edn_boolean(value.as.integer % 3 == 0);
    return BS_OK;
}

/* Gives nothing, which is not true. */
static enum bs_code is_nothing(void *self, struct edn value, struct bs_arena *arena,
                               struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    (void)value;
    (void)arena;
    (void)error;
    *ret_return = edn_nil();
    return BS_OK;
}

/* Whether :s/low is below :s/high in the value after. */
static enum bs_code is_in_order(void *self, struct datom_db *db, datom_id e, struct bs_arena *arena,
                                struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    struct edn low, high;
    bool has_low, has_high;
    BS_TRY(datom_db_get(db, e, datom_db_attribute_named(db, BS_STR("s/low")), arena, &low, &has_low,
                        error));
    BS_TRY(datom_db_get(db, e, datom_db_attribute_named(db, BS_STR("s/high")), arena, &high,
                        &has_high, error));
    if (!has_low || !has_high)
        return bs_error_set(error, BS_REASON_DB_CANCELLED, "nothing to compare");
    *ret_return = low.as.integer < high.as.integer ? edn_boolean(true) : EDN_STRING_LIT("crossed");
    return BS_OK;
}

static struct datom_functions *registry(void)
{
    struct datom_functions *functions = datom_functions_new();
    datom_functions_add_value_predicate(functions, BS_STR("my/threefold"),
                                        (struct datom_value_predicate){.test = is_threefold});
    datom_functions_add_value_predicate(functions, BS_STR("my/nothing"),
                                        (struct datom_value_predicate){.test = is_nothing});
    datom_functions_add_entity_predicate(functions, BS_STR("my/in-order"),
                                         (struct datom_entity_predicate){.test = is_in_order});
    return functions;
}

/* ---- the store: attributes 73 to 91 at t 1000; then entities by t 1010 ---- */

#define ONE(name, type)                                                                            \
    "{:db/ident :v/" name " :db/valueType :db.type/" type " :db/cardinality :db.cardinality/one "
#define LONG(name)                                                                                 \
    "{:db/ident :" name " :db/valueType :db.type/long "                                            \
    ":db/cardinality :db.cardinality/one "

static const char *const base_texts[] = {
    "[" ONE(
        "long",
        "long") ":db.attr/check (range 0 100)}" ONE("up",
                                                    "bigint") ":db.attr/check (range 10 nil)}" ONE("exact",
                                                                                                   "bigdec") ":db.attr/check (range nil 1.50M)}" ONE("double",
                                                                                                                                                     "double") ":db.attr/check (range -1 0.5)}" ONE("float",
                                                                                                                                                                                                    "float") ":db.attr/check [(range 0.1 0.7) (one-of 0.1 0.3)]}" ONE("when", "instant") ":db.attr/check (range #inst \"2020\" #inst \"2021\")}" ONE("name", "string") ":db.attr/check [(length 1 3) (matches \"[a-z\u00e9]*\")]}" ONE("bytes", "bytes") ":db.attr/check (length nil 2)}" ONE("word", "keyword") ":db.attr/check (matches \"x/.*\")}" ONE("color", "ref") ":db.attr/check (one-of :color/red :color/blue)}" ONE("flag", "boolean") ":db.attr/check (one-of true)}" ONE("unit", "symbol") ":db.attr/check (one-of cm inch)}" ONE("three",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "long") ":db.attr/preds my/threefold}" ONE("none",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                           "long") ":db.attr/preds [:my/nothing]}" ONE("absent",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                       "long") ":db.attr/preds my/absent}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "{:db/ident :v/tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               " :db.attr/check \"(length  2   4)\"}" ONE("pair", "tuple") ":db/tupleAttrs [:v/long :v/plain] :db.attr/preds my/absent}" ONE("plain", "string") "}" LONG("s/low") "} " LONG("s/high") "} " ONE(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   "seen",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                   "boolean") "}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "{:db/ident :color/red} {:db/ident :color/blue} {:db/ident :color/mud}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "{:db/ident :s/all :db.entity/attrs [:s/low :s/high :v/seen]}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "{:db/ident :s/order :db.entity/preds my/in-order}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "{:db/ident :s/absent :db.entity/preds [my/in-order my/gone]}"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "{:db/ident :s/unknown :db.entity/attrs [:no/such]}]",
    "[{:db/id \"a\" :s/low 1 :s/high 2 :v/seen false :v/tags [\"aa\" \"bbb\"]}]",
};

static struct datom_conn *base_conn;
static datom_id a_id;

static int setup(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_functions *functions = registry();
    struct datom_options options = {.functions = functions};
    base_conn = datom_conn_new_memory(&options);
    datom_functions_unref(functions);
    for (size_t i = 0; i < BS_ARRAY_COUNT(base_texts); i++) {
        struct datom_report *report = NULL;
        if (datom_transact_text(base_conn, bs_str_from(base_texts[i]), NULL, &report, &error) !=
            BS_OK) {
            fprintf(stderr, "%s\n", error.message);
            return -1;
        }
        a_id = datom_report_tempid(report, BS_STR("a"));
        datom_report_free(report);
    }
    return fixture_setup(state);
}

static int teardown(void **state)
{
    datom_conn_unref(base_conn);
    return fixture_teardown(state);
}

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
        struct datom_conn *conn = rows_fork(base_conn);
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
     "[[:db/retract 17592186045425 :v/tags \"aa\"]]", "-1009:v/tags:\"aa\"", 0, NULL},
    {"what is there stays when a check comes", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id 17592186045425 :s/high 3}]", "-1009:s/high:2 +1009:s/high:3", 0, NULL},
    {"what is there already is not asserted again", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id 17592186045425 :s/low 1}]", "", 0, NULL},
    {"a check that was added holds", "[{:db/id :s/low :db.attr/check (range 5 9)}]",
     "[{:db/id 17592186045425 :s/low 3}]", NULL, BS_REASON_DB_ATTR_PRED, "(range 5 9)"},
    {"a check holds from the next transaction on", NULL,
     "[{:db/id :s/low :db.attr/check (range 5 9)} {:db/id 17592186045425 :s/low 3}]",
     "+91:db.attr/check:\"(range 5 9)\" -1009:s/low:1 +1009:s/low:3", 0, NULL},
    {"a check that was retracted is gone, its text however written",
     "[[:db/retract :v/long :db.attr/check \"(range 0    100)\"]]", "[{:v/long 101}]",
     "+new1:v/long:101 +new1:v/pair:[101 nil]", 0, NULL},
    {"one of two checks goes, the other stays",
     "[[:db/retract :v/name :db.attr/check (length 1 3)]]", "[{:v/name \"ABCD\"}]", NULL,
     BS_REASON_DB_ATTR_PRED, "matches"},
    {"a predicate in C goes", "[[:db/retract :v/absent :db.attr/preds :my/absent]]",
     "[{:v/absent 1}]", "+new1:v/absent:1", 0, NULL},
    {"by cas", NULL, "[[:db/cas 17592186045425 :v/long nil 200]]", NULL, BS_REASON_DB_ATTR_PRED,
     ":v/long 200"},
    {"by a default", NULL, "[[:db.fn/add-default 17592186045425 :v/long 200]]", NULL,
     BS_REASON_DB_ATTR_PRED, ":v/long 200"},
    {"a renamed attribute keeps them", "[{:db/id :v/long :db/ident :v/number}]",
     "[{:v/number 200}]", NULL, BS_REASON_DB_ATTR_PRED, ":v/number 200"},
    {"an ident of one-of that was renamed resolves still",
     "[{:db/id :color/red :db/ident :color/crimson}]", "[{:v/color :color/crimson}]",
     "+new1:v/color:1001", 0, NULL},
};

static void test_predicates__hold_for_what_is_asserted(void **state)
{
    (void)state;
    rows_run(base_conn, when_rows, BS_ARRAY_COUNT(when_rows));
}

/* ---- definitions ---- */

#define CHECK(attribute, text) "[{:db/id " attribute " :db.attr/check " text "}]"
#define BAD BS_REASON_DB_INVALID_ATTR_CHECK

static const struct row definition_rows[] = {
    {"no list", NULL, CHECK(":v/plain", "\"5\""), NULL, BAD, "5 is no check: expected (range"},
    {"no EDN", NULL, CHECK(":v/plain", "\"(range 1\""), NULL, BAD, "(range 1 is no check: "},
    {"nothing", NULL, CHECK(":v/plain", "\"\""), NULL, BAD, " is no check"},
    {"an empty list", NULL, CHECK(":v/plain", "\"()\""), NULL, BAD, "() is no check"},
    {"a list without a name", NULL, CHECK(":v/plain", "\"(1 2)\""), NULL, BAD, "(1 2) is no check"},
    {"two lists", NULL, CHECK(":v/plain", "\"(length 1 2) (length 1 2)\""), NULL, BAD,
     "is no check"},
    {"an unknown name", NULL, CHECK(":v/plain", "(prime)"), NULL, BAD,
     ":db.attr/check of the attribute :v/plain: (prime) is no check: expected (range MIN MAX)"},
    {"range: one bound", NULL, CHECK(":s/low", "(range 1)"), NULL, BAD,
     "expected (range MIN MAX) of two numbers"},
    {"range: three", NULL, CHECK(":s/low", "(range 1 2 3)"), NULL, BAD, "expected (range MIN MAX)"},
    {"range: no bound at all", NULL, CHECK(":s/low", "(range nil nil)"), NULL, BAD,
     "one of which may be nil"},
    {"range: texts", NULL, CHECK(":v/plain", "(range \"a\" \"b\")"), NULL, BAD,
     "of two numbers or two instants"},
    {"range: a number and an instant", NULL, CHECK(":s/low", "(range 1 #inst \"2020\")"), NULL, BAD,
     "two numbers or two instants"},
    {"range: the wrong way round", NULL, CHECK(":s/low", "(range 2 1)"), NULL, BAD,
     "expected the smaller bound first"},
    {"range of a text", NULL, CHECK(":v/plain", "(range 1 2)"), NULL, BAD,
     "range does not go with :db.type/string: expected numbers"},
    {"range of instants for numbers", NULL, CHECK(":s/low", "(range #inst \"2020\" nil)"), NULL,
     BAD, "range does not go with :db.type/long"},
    {"range of numbers for instants", NULL, CHECK(":v/when", "(range 1 nil)"), NULL, BAD,
     "range does not go with :db.type/instant"},
    {"length: negative", NULL, CHECK(":v/plain", "(length -1 2)"), NULL, BAD,
     "two whole numbers from 0 on"},
    {"length: no whole number", NULL, CHECK(":v/plain", "(length 1.5 2)"), NULL, BAD,
     "two whole numbers"},
    {"length: one bound", NULL, CHECK(":v/plain", "(length 2)"), NULL, BAD, "(length MIN MAX)"},
    {"length of a number", NULL, CHECK(":s/low", "(length 1 2)"), NULL, BAD,
     "length does not go with :db.type/long: expected texts"},
    {"matches: nothing", NULL, CHECK(":v/plain", "(matches)"), NULL, BAD,
     "expected (matches \"regular expression\")"},
    {"matches: a symbol", NULL, CHECK(":v/plain", "(matches a)"), NULL, BAD, "expected (matches"},
    {"matches: no regular expression", NULL, CHECK(":v/plain", "(matches \"(a\")"), NULL, BAD,
     "regular expression \"(a\": Unmatched"},
    {"matches: one that is not supported", NULL, CHECK(":v/plain", "(matches \"a*?\")"), NULL, BAD,
     "reluctant"},
    {"matches of a number", NULL, CHECK(":s/low", "(matches \"a\")"), NULL, BAD,
     "matches does not go with :db.type/long"},
    {"one-of: nothing", NULL, CHECK(":v/plain", "(one-of)"), NULL, BAD, "at least one value"},
    {"one-of: nil", NULL, CHECK(":v/plain", "(one-of \"a\" nil)"), NULL, BAD, "without nil"},
    {"one-of: values of another type", NULL, CHECK(":v/plain", "(one-of \"a\" :b)"), NULL, BAD,
     "one-of does not go with :db.type/string: expected values of the attribute's own type"},
    {"one-of of a tuple", NULL, CHECK(":v/pair", "(one-of [1 \"a\"])"), NULL, BAD,
     "but not with tuples"},
    {"of a new attribute", NULL, "[" ONE("new", "string") ":db.attr/check (range 1 2)}]", NULL, BAD,
     ":db.attr/check of the attribute :v/new: range does not go with"},
    {"of no attribute", NULL, "[{:db/id :color/red :db.attr/check (range 1 2)}]", NULL,
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "has no :db/valueType"},
    {"of a built-in attribute", NULL, "[{:db/id :db/doc :db.attr/check (length 1 2)}]", NULL,
     BS_REASON_DB_DATOM_CANNOT_BE_ALTERED, "built in"},
    {"a vector is many checks, and no symbol is one", NULL, CHECK(":v/plain", "[matches \"a\"]"),
     NULL, BS_REASON_DB_WRONG_TYPE, "matches"},
    {"a predicate that is no name", NULL, "[{:db/id :v/plain :db.attr/preds \"my/pred\"}]", NULL,
     BS_REASON_DB_WRONG_TYPE, ":db.attr/preds"},
    {"a predicate that nobody has registered may be named", NULL,
     "[{:db/id :v/plain :db.attr/preds my/later}]", "+90:db.attr/preds:my/later", 0, NULL},
    {"the same check twice is one", NULL, CHECK(":v/plain", "[(length 1 2) \"(length 1  2)\"]"),
     "+90:db.attr/check:\"(length 1 2)\"", 0, NULL},
};

static void test_definitions__are_refused_when_they_make_no_sense(void **state)
{
    (void)state;
    rows_run(base_conn, definition_rows, BS_ARRAY_COUNT(definition_rows));
}

/* ---- entity specs ---- */

#define A "17592186045425"
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
    assert_int_equal(a_id, 17592186045425);
    rows_run(base_conn, ensure_rows, BS_ARRAY_COUNT(ensure_rows));
}

/* ---- the data of errors ---- */

struct error_row {
    const char *name;
    const char *tx;
    enum bs_code code;
    const char *fields;
};

static const struct error_row error_rows[] = {
    {"a check", "[{} [:db/add " A " :v/long 200]]", BS_INVALID_ARGUMENT,
     "pred=(range 0 100) pred-return=false entity=" A " attribute=v/long value=200 form=1"},
    {"a predicate in C", "[[:db/add " A " :v/three -5]]", BS_INVALID_ARGUMENT,
     "pred=my/threefold pred-return=:negative entity=" A " attribute=v/three value=-5 form=0"},
    {"a predicate in C that fails", "[[:db/add " A " :v/three 99]]", BS_ABORTED,
     "entity=" A " attribute=v/three value=99 form=0"},
    {"one that is not registered", "[[:db/add " A " :v/absent 1]]", BS_FAILED_PRECONDITION,
     "pred=my/absent entity=" A " attribute=v/absent value=1 form=0"},
    {"a spec's attribute", "[[:db/retract " A " :s/low] {:db/id " A " :db/ensure :s/all}]",
     BS_INVALID_ARGUMENT, "attribute=s/low spec=:s/all entity=" A " form=1"},
    {"a spec's predicate", "[{:db/id " A " :s/low 9 :db/ensure :s/order}]", BS_INVALID_ARGUMENT,
     "pred=my/in-order pred-return=\"crossed\" spec=:s/order entity=" A " form=0"},
    {"a bad check", "[{:db/id :v/plain :db.attr/check (prime)}]", BS_INVALID_ARGUMENT,
     "entity=90 attribute=db.attr/check value=\"(prime)\" form=0"},
};

static void print_fields(const struct bs_error *error, struct bs_buf *out)
{
    for (size_t i = 0; i < error->fields_count; i++) {
        const struct bs_error_field *field = &error->fields[i];
        bs_buf_printf(out, "%s%s=", i > 0 ? " " : "", field->key);
        if (field->is_text)
            bs_buf_append_cstr(out, field->text);
        else
            bs_buf_printf(out, "%lld", (long long)field->integer);
    }
}

static void test_errors__have_the_predicate_and_what_it_gave(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(error_rows); i++) {
        const struct error_row *row = &error_rows[i];
        struct bs_error error = BS_ERROR_INIT;
        BS_CLEANUP(bs_buf_fini) struct bs_buf fields = BS_BUF_INIT(0);
        enum bs_code code =
            datom_transact_text(base_conn, bs_str_from(row->tx), NULL, NULL, &error);
        print_fields(&error, &fields);
        test_row(row->name, code == row->code, "%s: %s", bs_code_name(code), error.message);
        test_row(row->name, strcmp(bs_buf_cstr(&fields), row->fields) == 0, "%s",
                 bs_buf_cstr(&fields));
        assert_int_equal(datom_transact_text(base_conn, bs_str_from(row->tx), NULL, NULL, NULL),
                         code);
    }
    test_rows_end();
}

/* ---- where they come from ---- */

static bool takes(struct datom_conn *conn, const char *text)
{
    enum bs_reason reason = fixture_refused(conn, text);
    if (reason != BS_REASON_NONE)
        assert_int_equal(reason, BS_REASON_DB_ATTR_PRED);
    return reason == BS_REASON_NONE;
}

static void test_predicates__are_those_of_the_value(void **state)
{
    (void)state;
    struct datom_conn *past = NULL;
    struct datom_conn *conn = fixture_open("predicates", NULL);
    struct bs_error error = BS_ERROR_INIT;
    fixture_transact(conn, "[" LONG("x/n") ":db.attr/check (range 0 9)}]");
    struct datom_db *before = datom_conn_db(conn);
    uint64_t t = datom_db_basis_t(before);
    datom_db_unref(before);
    fixture_transact(conn, "[[:db/retract :x/n :db.attr/check (range 0 9)]"
                           " {:db/id :x/n :db.attr/check [(range 5 99) (one-of 5 50)]}]");
    assert_true(takes(conn, "[{:x/n 50}]"));
    assert_false(takes(conn, "[{:x/n 6}]"));
    datom_conn_unref(conn);

    conn = fixture_open("predicates", NULL);
    assert_true(takes(conn, "[{:x/n 50}]"));
    assert_false(takes(conn, "[{:x/n 6}]"));
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("x/n"));
    assert_true(bs_str_equals(datom_attribute_check_at(attribute, 0), "(one-of 5 50)"));
    assert_true(bs_str_equals(datom_attribute_check_at(attribute, 1), "(range 5 99)"));
    assert_int_equal(datom_attribute_check_at(attribute, 2).len, 0);
    assert_int_equal(datom_attribute_pred_at(attribute, 0).len, 0);

    /* a branch has the checks of its time, and its own changes don't concern the store */
    struct datom_db *as_of = datom_db_as_of(db, t);
    assert_int_equal(datom_conn_fork(as_of, NULL, &past, &error), BS_OK);
    assert_true(takes(past, "[{:x/n 6}]"));
    assert_false(takes(past, "[{:x/n 50}]"));
    fixture_transact(past, "[[:db/retract :x/n :db.attr/check (range 0 9)]]");
    assert_true(takes(past, "[{:x/n 7000}]"));
    assert_false(takes(conn, "[{:x/n 7000}]"));
    datom_db_unref(as_of);
    datom_db_unref(db);
    datom_conn_unref(past);
    datom_conn_unref(conn);
}

/* A load of prepared datoms takes checks as they are. */
static void test_predicates__a_check_that_can_not_be_read_lets_nothing_pass(void **state)
{
    (void)state;
    char path[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_bulk *bulk = NULL;
    struct bs_arena *arena = bs_arena_new(0);
    struct edn form;
    assert_int_equal(
        edn_read(BS_STR("{:t 1000 :data"
                        " [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
                        "  [73 :db/ident :x/n 13194139534312 true]"
                        "  [73 :db/valueType 22 13194139534312 true]"
                        "  [73 :db/cardinality 35 13194139534312 true]"
                        "  [73 :db.attr/check \"(prime)\" 13194139534312 true]"
                        "  [0 :db.install/attribute 73 13194139534312 true]]}"),
                 arena, &form, &error),
        BS_OK);
    assert_int_equal(datom_bulk_open(fixture_path("bulk", path), NULL, &bulk, &error), BS_OK);
    if (datom_bulk_add_form(bulk, form, &error) != BS_OK ||
        datom_bulk_finish(bulk, &error) != BS_OK)
        fail_msg("%s", error.message);
    datom_bulk_free(bulk);
    bs_arena_free(arena);
    struct datom_conn *conn = fixture_open("bulk", NULL);
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:x/n 7}]"), NULL, NULL, &error),
                     BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_ATTR_CHECK);
    assert_non_null(strstr(error.message, "the check (prime), which this version can't read"));
    fixture_transact(conn, "[[:db/retract :x/n :db.attr/check \"(prime)\"]]");
    fixture_transact(conn, "[{:x/n 7}]");
    datom_conn_unref(conn);
}

/* ---- limits ---- */

static void test_predicates__have_limits(void **state)
{
    (void)state;
    struct datom_conn *conn = rows_fork(base_conn);
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[{:db/id :s/low :db.attr/check [");
    for (int i = 0; i < BS_LIMIT_ATTR_PREDICATES; i++)
        bs_buf_printf(&text, "(range %d nil)", i);
    bs_buf_append_cstr(&text, "]}]");
    fixture_transact(conn, bs_buf_cstr(&text));
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/id :s/low :db.attr/preds a/b}]"), NULL,
                                         NULL, &error),
                     BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "more than 64 predicates and checks"));

    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "(one-of \"");
    while (text.len < BS_LIMIT_ATTR_CHECK_BYTES - 2)
        bs_buf_append_byte(&text, 'x');
    bs_buf_append_cstr(&text, "\")");
    struct datom_attr_check *check = NULL;
    assert_int_equal(datom_attr_check_new(bs_buf_str(&text), &check, &error), BS_OK);
    datom_attr_check_unref(check);
    bs_buf_append_byte(&text, ' ');
    assert_int_equal(datom_attr_check_new(bs_buf_str(&text), &check, &error), BS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "more than 65536 bytes"));
    bs_buf_fini(&text);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values__pass_the_predicates_of_their_attribute),
        cmocka_unit_test(test_predicates__hold_for_what_is_asserted),
        cmocka_unit_test(test_definitions__are_refused_when_they_make_no_sense),
        cmocka_unit_test(test_ensure__asks_for_what_a_spec_says),
        cmocka_unit_test(test_errors__have_the_predicate_and_what_it_gave),
        cmocka_unit_test(test_predicates__are_those_of_the_value),
        cmocka_unit_test(test_predicates__a_check_that_can_not_be_read_lets_nothing_pass),
        cmocka_unit_test(test_predicates__have_limits),
    };
    return cmocka_run_group_tests_name("datom/predicates", tests, setup, teardown);
}
