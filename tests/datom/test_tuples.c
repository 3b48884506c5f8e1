/*
 * Tuples as a user sees them: composites that the store keeps, heterogeneous and homogeneous ones
 * that the user gives; each row on a fork of one store. The reference's rows 19 to 22, and its
 * corner cases 11 and 12 by number.
 */

#include "support.h"

#include "datom/datom.h"
#include "datom/rows.h"

static struct datom_conn *base_conn;

/* Attributes 73 to 86; t 1000. Then a (1003) with both members and b (1004) with one, by t 1002. */
static const char *const base_texts[] = {
    "[{:db/ident :x/a :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/b :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/r :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/many :db/valueType :db.type/long :db/cardinality :db.cardinality/many}"
    " {:db/ident :x/bytes :db/valueType :db.type/bytes :db/cardinality :db.cardinality/one}"
    " {:db/ident :x/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :x/a+b :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:x/a :x/b] :db/unique :db.unique/identity}"
    " {:db/ident :x/b+r :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:x/b :x/r] :db/index true}"
    " {:db/ident :x/mixed :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/long :db.type/string :db.type/ref] :db/index true}"
    " {:db/ident :x/points :db/valueType :db.type/tuple :db/cardinality :db.cardinality/many"
    "  :db/tupleType :db.type/double}"
    " {:db/ident :x/refs :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleType :db.type/ref :db/unique :db.unique/identity}"
    " {:db/ident :color/red}]",
    "[{:db/id \"a\" :x/name \"a\" :x/a 1 :x/b \"one\"} {:db/id \"b\" :x/name \"b\" :x/a 2}]",
};

static int setup(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    base_conn = datom_conn_new_memory(NULL);
    for (size_t i = 0; i < BS_ARRAY_COUNT(base_texts); i++) {
        if (datom_transact_text(base_conn, bs_str_from(base_texts[i]), NULL, NULL, &error) !=
            BS_OK) {
            fprintf(stderr, "%s\n", error.message);
            return -1;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    datom_conn_unref(base_conn);
    return 0;
}

#define TUPLE_IDENT "{:db/ident :y/t :db/valueType :db.type/tuple "
#define TUPLE_ONE TUPLE_IDENT ":db/cardinality :db.cardinality/one "
#define A_TEXT_OF_257                                                                              \
    "1234567890123456789012345678901234567890123456789012345678901234"                             \
    "1234567890123456789012345678901234567890123456789012345678901234"                             \
    "1234567890123456789012345678901234567890123456789012345678901234"                             \
    "1234567890123456789012345678901234567890123456789012345678901234x"

static const struct row composite_rows[] = {
    {"members make a tuple", NULL, "[{:x/name \"n\" :x/a 5 :x/b \"five\"}]",
     "+new1:x/name:\"n\" +new1:x/a:5 +new1:x/b:\"five\" +new1:x/a+b:[5 \"five\"] "
     "+new1:x/b+r:[\"five\" nil]",
     0, NULL},
    {"a member changes", NULL, "[{:x/name \"a\" :x/a 3}]",
     "-1003:x/a:1 +1003:x/a:3 -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[3 \"one\"]", 0, NULL},
    {"case 11: a member goes", NULL, "[[:db/retract [:x/name \"a\"] :x/a 1]]",
     "-1003:x/a:1 -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[nil \"one\"]", 0, NULL},
    {"case 11: all members go, the tuple too", NULL,
     "[[:db/retract [:x/name \"a\"] :x/a] [:db/retract [:x/name \"a\"] :x/b]]",
     "-1003:x/a:1 -1003:x/b:\"one\" -1003:x/a+b:[1 \"one\"] -1003:x/b+r:[\"one\" nil]", 0, NULL},
    {"retractEntity", NULL, "[[:db/retractEntity [:x/name \"b\"]]]",
     "-1004:x/a:2 -1004:x/name:\"b\" -1004:x/a+b:[2 nil]", 0, NULL},
    {"retractEntity and a new member", NULL,
     "[[:db/retractEntity 17592186045419] [:db/add 17592186045419 :x/b \"two\"]]",
     "-1003:x/a:1 -1003:x/b:\"one\" -1003:x/name:\"a\" +1003:x/b:\"two\" -1003:x/a+b:[1 \"one\"] "
     "+1003:x/a+b:[nil \"two\"] -1003:x/b+r:[\"one\" nil] +1003:x/b+r:[\"two\" nil]",
     0, NULL},
    {"what the user says of it is not heard", NULL, "[{:x/name \"a\" :x/a 3 :x/b+r [\"x\" nil]}]",
     "-1003:x/a:1 +1003:x/a:3 -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[3 \"one\"]", 0, NULL},
    {"its retraction is not heard either", NULL,
     "[[:db/retract [:x/name \"a\"] :x/a+b [1 \"one\"]] [:db/retract [:x/name \"a\"] :x/b+r]]", "",
     0, NULL},
    {"a redundant member says nothing", NULL, "[{:x/name \"a\" :x/a 1}]", "", 0, NULL},
    {"case 11: nothing is filled in when a composite comes", NULL,
     "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/b]}]",
     "+84:db/ident::y/t +84:db/valueType:63 +84:db/cardinality:35 "
     "+84:db/tupleAttrs:[:x/a :x/b] +0:db.install/attribute:84",
     0, NULL},
    {"case 11: a redundant member makes what is missing",
     "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/b]}]", "[{:x/name \"a\" :x/a 1}]",
     "+1003:y/t:[1 \"one\"]", 0, NULL},
    {"case 11: a retraction makes what is missing", "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/b]}]",
     "[[:db/retract [:x/name \"a\"] :x/b \"one\"]]",
     "-1003:x/b:\"one\" -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[1 nil] -1003:x/b+r:[\"one\" nil] "
     "+1003:y/t:[1 nil]",
     0, NULL},
    {"members by cas", NULL, "[[:db/cas [:x/name \"a\"] :x/a 1 7]]",
     "-1003:x/a:1 +1003:x/a:7 -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[7 \"one\"]", 0, NULL},
    {"cas on the tuple", NULL, "[[:db/cas [:x/name \"a\"] :x/a+b [1 \"one\"] [2 \"two\"]]]", NULL,
     BS_REASON_DB_INVALID_CAS, ":x/a+b"},
    {"a reference that is retracted with its entity", "[{:x/name \"a\" :x/r [:x/name \"b\"]}]",
     "[[:db/retractEntity [:x/name \"b\"]]]",
     "-1004:x/a:2 -1004:x/name:\"b\" -1003:x/r:1004 -1004:x/a+b:[2 nil] "
     "-1003:x/b+r:[\"one\" 17592186045420] +1003:x/b+r:[\"one\" nil]",
     0, NULL},
    {"a tempid as a member", NULL, "[{:x/name \"a\" :x/r \"n\"} {:db/id \"n\" :x/a 9}]",
     "+1003:x/r:1006 +new1:x/a:9 -1003:x/b+r:[\"one\" nil] +1003:x/b+r:[\"one\" 17592186045422] "
     "+new1:x/a+b:[9 nil]",
     0, NULL},
    {"unique: the members of another", NULL, "[{:x/name \"n\" :x/a 1 :x/b \"one\"}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":x/a+b [1 \"one\"] is held by entity 17592186045419"},
    {"case 12: unique: nil is nil", NULL, "[{:x/name \"n\" :x/a 2}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":x/a+b [2 nil] is held by entity 17592186045420"},
    {"unique: twice in one transaction", NULL, "[{:x/a 8} {:x/a 8}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":x/a+b [8 nil]"},
    {"unique: moved in one transaction", NULL, "[{:x/name \"b\" :x/a 4} {:x/name \"n\" :x/a 2}]",
     "-1004:x/a:2 +1004:x/a:4 +new1:x/name:\"n\" +new1:x/a:2 -1004:x/a+b:[2 nil] "
     "+1004:x/a+b:[4 nil] +new1:x/a+b:[2 nil]",
     0, NULL},
    {"upsert by the tuple itself", NULL, "[{:x/a+b [1 \"one\"] :x/many 6}]", "+1003:x/many:6", 0,
     NULL},
    {"upsert by the tuple, whose members change", NULL, "[{:x/a+b [1 \"one\"] :x/a 2}]",
     "-1003:x/a:1 +1003:x/a:2 -1003:x/a+b:[1 \"one\"] +1003:x/a+b:[2 \"one\"]", 0, NULL},
    {"a tuple that nobody has makes an entity of its members", NULL,
     "[{:x/a+b [3 \"c\"] :x/a 3 :x/b \"c\"}]",
     "+new1:x/a:3 +new1:x/b:\"c\" +new1:x/a+b:[3 \"c\"] +new1:x/b+r:[\"c\" nil]", 0, NULL},
    {"two maps with one tuple are one entity", NULL,
     "[{:x/a+b [3 \"c\"] :x/a 3} {:x/a+b [3 \"c\"] :x/b \"c\"}]",
     "+new1:x/a:3 +new1:x/b:\"c\" +new1:x/a+b:[3 \"c\"] +new1:x/b+r:[\"c\" nil]", 0, NULL},
    {"a lookup ref by a tuple", NULL, "[[:db/add [:x/a+b [2 nil]] :x/many 1]]", "+1004:x/many:1", 0,
     NULL},
    {"a lookup ref by a tuple that nobody has", NULL, "[[:db/add [:x/a+b [2 \"no\"]] :x/many 1]]",
     NULL, BS_REASON_DB_NOT_AN_ENTITY, "[:x/a+b [2 \"no\"]]"},
    {"a lookup ref by a tuple of the wrong length", NULL, "[[:db/add [:x/a+b [2]] :x/many 1]]",
     NULL, BS_REASON_DB_INVALID_TUPLE_VALUE, "expected a vector of 2 elements"},
    {"a member too long for its tuple", NULL, "[{:x/name \"a\" :x/b \"" A_TEXT_OF_257 "\"}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, ":x/b has 257 characters"},
    {"a discontinued tuple stays as it is", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[{:x/name \"a\" :x/a 3}]", "-1003:x/a:1 +1003:x/a:3", 0, NULL},
    {"a discontinued tuple can be retracted", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[[:db/retract [:x/name \"a\"] :x/a+b [1 \"one\"]]]", "-1003:x/a+b:[1 \"one\"]", 0, NULL},
    {"a discontinued tuple goes with its entity", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[[:db/retractEntity [:x/name \"b\"]]]", "-1004:x/a:2 -1004:x/name:\"b\" -1004:x/a+b:[2 nil]",
     0, NULL},
    {"a discontinued tuple takes no value", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[{:x/name \"a\" :x/a+b [1 \"two\"]}]", NULL, BS_REASON_DB_INVALID_TUPLE_VALUE,
     ":x/a+b is a composite tuple that is discontinued"},
    {"a discontinued tuple takes no default", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[{:db/id \"c\" :x/name \"c\"} [:db.fn/add-default \"c\" :x/a+b [1 \"two\"]]]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, ":x/a+b is a composite tuple that is discontinued"},
};

static const struct row given_rows[] = {
    {"a heterogeneous tuple", NULL, "[{:x/name \"a\" :x/mixed [1 \"x\" :color/red]}]",
     "+1003:x/mixed:[1 \"x\" 17592186045417]", 0, NULL},
    {"references by lookup ref", NULL, "[{:x/name \"a\" :x/mixed [1 nil [:x/name \"b\"]]}]",
     "+1003:x/mixed:[1 nil 17592186045420]", 0, NULL},
    {"references by tempid", NULL,
     "[{:x/name \"a\" :x/mixed [1 \"x\" \"n\"]} {:db/id \"n\" :x/many 1}]",
     "+1003:x/mixed:[1 \"x\" 17592186045422] +new1:x/many:1", 0, NULL},
    {"a tempid that is only in a tuple", NULL, "[{:x/name \"a\" :x/mixed [1 \"x\" \"n\"]}]", NULL,
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "\"n\""},
    {"a lookup ref to nobody", NULL, "[{:x/name \"a\" :x/mixed [1 nil [:x/name \"z\"]]}]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "[:x/name \"z\"]"},
    {"a value is replaced", "[{:x/name \"a\" :x/mixed [1 \"x\" nil]}]",
     "[{:x/name \"a\" :x/mixed [1 \"y\" nil]}]",
     "-1003:x/mixed:[1 \"x\" nil] +1003:x/mixed:[1 \"y\" nil]", 0, NULL},
    {"the same again", "[{:x/name \"a\" :x/mixed [1 \"x\" nil]}]",
     "[{:x/name \"a\" :x/mixed [1 \"x\" nil]}]", "", 0, NULL},
    {"cas", "[{:x/name \"a\" :x/mixed [1 \"x\" nil]}]",
     "[[:db/cas [:x/name \"a\"] :x/mixed [1 \"x\" nil] [2 nil nil]]]",
     "-1003:x/mixed:[1 \"x\" nil] +1003:x/mixed:[2 nil nil]", 0, NULL},
    {"too short", NULL, "[{:x/name \"a\" :x/mixed [1 \"x\"]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, "[1 \"x\"] can't be a value of :x/mixed: expected a vector"},
    {"not a vector", NULL, "[{:x/name \"a\" :x/mixed 1}]", NULL, BS_REASON_DB_INVALID_TUPLE_VALUE,
     ":x/mixed"},
    {"an element of another type", NULL, "[{:x/name \"a\" :x/mixed [\"1\" \"x\" nil]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, "element 0 of a tuple: \"1\""},
    {"a text of 257 characters", NULL, "[{:x/name \"a\" :x/mixed [1 \"" A_TEXT_OF_257 "\" nil]}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_VALUE, "257 characters: expected at most 256"},
    {"homogeneous, of several lengths, by value", NULL,
     "[{:x/name \"a\" :x/points [[1 2] [1.5 2.5 3.5]]}]",
     "+1003:x/points:[1.0 2.0] +1003:x/points:[1.5 2.5 3.5]", 0, NULL},
    {"one tuple of an attribute of cardinality many", NULL, "[{:x/name \"a\" :x/points [1 -0.0]}]",
     "+1003:x/points:[1.0 0.0]", 0, NULL},
    {"homogeneous, too long", NULL, "[[:db/add [:x/name \"a\"] :x/points [1 2 3 4 5 6 7 8 9]]]",
     NULL, BS_REASON_DB_INVALID_TUPLE_VALUE, "2 to 8 elements"},
    {"homogeneous, too short", NULL, "[[:db/add [:x/name \"a\"] :x/points [1]]]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, "2 to 8 elements"},
    {"NaN has no place in one", NULL, "[[:db/add [:x/name \"a\"] :x/points [1.0 ##NaN]]]", NULL,
     BS_REASON_DB_INVALID_TUPLE_VALUE, "NaN"},
    {"identity by a tuple of references", "[{:x/name \"a\" :x/refs [:color/red [:x/name \"b\"]]}]",
     "[{:x/refs [:color/red [:x/name \"b\"]] :x/many 3}]", "+1003:x/many:3", 0, NULL},
    {"identity by a tuple with a tempid that is known by its own identity",
     "[{:x/name \"a\" :x/refs [:color/red [:x/name \"b\"]]}]",
     "[{:x/refs [:color/red \"who\"] :x/many 3} {:db/id \"who\" :x/name \"b\"}]", "+1003:x/many:3",
     0, NULL},
    {"two maps with one tuple of new entities are one", NULL,
     "[{:db/id \"n\" :x/many 1} {:x/refs [\"n\" \"n\"] :x/many 2} {:x/refs [\"n\" \"n\"] :x/many "
     "3}]",
     "+new1:x/many:1 +new2:x/refs:[17592186045422 17592186045422] +new2:x/many:2 +new2:x/many:3", 0,
     NULL},
    {"references in tuples are not retracted with their entity",
     "[{:x/name \"a\" :x/mixed [1 nil [:x/name \"b\"]]}]", "[[:db/retractEntity [:x/name \"b\"]]]",
     "-1004:x/a:2 -1004:x/name:\"b\" -1004:x/a+b:[2 nil]", 0, NULL},
};

static const struct row definition_rows[] = {
    {"a tuple of no kind", NULL, "[" TUPLE_ONE "}]", NULL, BS_REASON_DB_INVALID_TUPLE_KIND, ":y/t"},
    {"a tuple of two kinds", NULL,
     "[" TUPLE_ONE ":db/tupleType :db.type/long :db/tupleTypes [:db.type/long :db.type/long]}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_KIND, "expected one of :db/tupleAttrs"},
    {"a kind of tuple on another type", NULL,
     "[{:db/ident :y/t :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
     "  :db/tupleType :db.type/long}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_KIND, "expected :db.type/tuple"},
    {"elements of type bytes", NULL, "[" TUPLE_ONE ":db/tupleType :db.type/bytes}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_KIND, "not bytes"},
    {"elements that are tuples", NULL,
     "[" TUPLE_ONE ":db/tupleTypes [:db.type/long :db.type/tuple]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_KIND, "not tuple"},
    {"elements of no type", NULL, "[" TUPLE_ONE ":db/tupleType :db.type/nope}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_KIND, "can't stand in a tuple"},
    {"one type for a heterogeneous tuple", NULL, "[" TUPLE_ONE ":db/tupleTypes [:db.type/long]}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_VALUE, ":db/tupleTypes"},
    {"one member", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, "2 to 8 elements"},
    {"nine members", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/b :x/r :a :b :c :d :e :f]}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_ATTRS, "2 to 8 elements"},
    {"members that are no keywords", NULL, "[" TUPLE_ONE ":db/tupleAttrs [73 74]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, "expected :db.type/keyword"},
    {"a member of cardinality many", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/many]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":x/many that is of cardinality many"},
    {"a member of type bytes", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/bytes]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":x/bytes"},
    {"a member that is a tuple", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/mixed]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":x/mixed"},
    {"a member that is no attribute", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :color/red]}]",
     NULL, BS_REASON_DB_INVALID_TUPLE_ATTRS, ":color/red that is no attribute"},
    {"a member that is built in", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :db/doc]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":db/doc that is built in"},
    {"a member twice", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :x/a]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":x/a that is given twice"},
    {"itself as a member", NULL, "[" TUPLE_ONE ":db/tupleAttrs [:x/a :y/t]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, ":y/t"},
    {"a composite of cardinality many", NULL,
     "[" TUPLE_IDENT ":db/cardinality :db.cardinality/many :db/tupleAttrs [:x/a :x/b]}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_ATTRS, "cardinality many"},
    {"members that come with the composite", NULL,
     "[" TUPLE_ONE ":db/tupleAttrs [:x/a :y/m]}"
     " {:db/ident :y/m :db/valueType :db.type/long :db/cardinality :db.cardinality/one}]",
     "+84:db/ident::y/t +84:db/valueType:63 +84:db/cardinality:35 "
     "+84:db/tupleAttrs:[:x/a :y/m] +85:db/ident::y/m +85:db/valueType:22 +85:db/cardinality:35 "
     "+0:db.install/attribute:84 +0:db.install/attribute:85",
     0, NULL},
    {"discontinued, but no composite", NULL,
     "[" TUPLE_ONE ":db/tupleType :db.type/long :db.tuple/discontinued true}]", NULL,
     BS_REASON_DB_INVALID_TUPLE_KIND, "composite"},
    {"what it is made of is for ever", NULL, "[{:db/id :x/a+b :db/tupleAttrs [:x/b :x/a]}]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/a+b can't change what its tuples are made of"},
    {"element types are for ever", NULL, "[{:db/id :x/points :db/tupleType :db.type/long}]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/points"},
    {"what it is made of is not retracted", NULL,
     "[[:db/retract :x/a+b :db/tupleAttrs [:x/a :x/b]]]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/a+b"},
    {"an attribute does not become a tuple", NULL, "[{:db/id :x/a :db/tupleType :db.type/long}]",
     NULL, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/a"},
    {"discontinued is for ever", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[{:db/id :x/a+b :db.tuple/discontinued false}]", NULL, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE,
     ":x/a+b is discontinued"},
    {"discontinued is not retracted", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[[:db/retract :x/a+b :db.tuple/discontinued]]", NULL, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE,
     ":x/a+b is discontinued"},
    {"what is no composite is not discontinued", NULL,
     "[{:db/id :x/mixed :db.tuple/discontinued true}]", NULL, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE,
     ":x/mixed"},
    {"a member stays of cardinality one", NULL,
     "[{:db/id :x/a :db/cardinality :db.cardinality/many}]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/a is a member of a composite tuple"},
    {"but not of a discontinued one", "[{:db/id :x/a+b :db.tuple/discontinued true}]",
     "[{:db/id :x/a :db/cardinality :db.cardinality/many}]",
     "-73:db/cardinality:35 +73:db/cardinality:36", 0, NULL},
    {"a composite stays of cardinality one", NULL,
     "[{:db/id :x/a+b :db/cardinality :db.cardinality/many}]", NULL,
     BS_REASON_DB_INVALID_ALTER_ATTRIBUTE, ":x/a+b is a composite tuple"},
    {"a composite may lose its uniqueness", NULL,
     "[[:db/retract :x/a+b :db/unique :db.unique/identity]]", "-79:db/unique:38", 0, NULL},
    {"a composite may become unique", NULL, "[{:db/id :x/b+r :db/unique :db.unique/value}]",
     "+80:db/unique:37", 0, NULL},
    {"but not when its values are not",
     "[{:x/name \"p\" :x/a 11 :x/b \"same\"} {:x/name \"q\" :x/a 12 :x/b \"same\"}]",
     "[{:db/id :x/b+r :db/unique :db.unique/value}]", NULL, BS_REASON_DB_UNIQUE_VIOLATION,
     "[\"same\" nil]"},
};

static void test_tuples__composites_follow_their_members(void **state)
{
    (void)state;
    rows_run(base_conn, composite_rows, BS_ARRAY_COUNT(composite_rows));
}

static void test_tuples__values_fit_their_types(void **state)
{
    (void)state;
    rows_run(base_conn, given_rows, BS_ARRAY_COUNT(given_rows));
}

static void test_tuples__definitions_are_checked(void **state)
{
    (void)state;
    rows_run(base_conn, definition_rows, BS_ARRAY_COUNT(definition_rows));
}

/* ---- ranges and order ---- */

static void expect_range(struct datom_conn *conn, const char *attribute, const char *from,
                         const char *to, const char *expected)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct datom_db *db = datom_conn_db(conn);
    const struct datom_attribute *found = datom_db_attribute_named(db, bs_str_from(attribute));
    struct datom_range range = {.index = DATOM_AVET, .has_a = true, .a = found->id};
    struct edn form;
    range.has_start = from != NULL;
    if (from) {
        assert_int_equal(edn_read(bs_str_from(from), arena, &form, NULL), BS_OK);
        assert_int_equal(datom_db_coerce(db, found, form, arena, &range.v_start, NULL), BS_OK);
    }
    range.has_end = to != NULL;
    if (to) {
        assert_int_equal(edn_read(bs_str_from(to), arena, &form, NULL), BS_OK);
        assert_int_equal(datom_db_coerce(db, found, form, arena, &range.v_end, NULL), BS_OK);
    }
    struct datom_cursor *cursor = NULL;
    struct bs_buf out = BS_BUF_INIT(0);
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    const struct datom *datoms;
    size_t count;
    while (datom_cursor_next(cursor, &datoms, &count, NULL) == BS_OK && count > 0) {
        for (size_t i = 0; i < count; i++) {
            bs_buf_append_cstr(&out, out.len > 0 ? " " : "");
            edn_print(datoms[i].v, &out);
        }
    }
    assert_string_equal(bs_buf_cstr(&out), expected);
    bs_buf_fini(&out);
    datom_cursor_free(cursor);
    datom_db_unref(db);
    bs_arena_free(arena);
}

static void test_tuples__are_ranges_with_nil_lowest(void **state)
{
    (void)state;
    struct datom_conn *conn = rows_fork(base_conn);
    assert_int_equal(
        datom_transact_text(conn,
                            BS_STR("[{:x/name \"c\" :x/a 2 :x/b \"\"} {:x/name \"d\" :x/b \"z\"}"
                                   " {:x/name \"e\" :x/a -3 :x/b \"z\"} {:x/name \"f\" :x/a 10}]"),
                            NULL, NULL, NULL),
        BS_OK);
    expect_range(conn, "x/a+b", NULL, NULL,
                 "[nil \"z\"] [-3 \"z\"] [1 \"one\"] [2 nil] [2 \"\"] [10 nil]");
    expect_range(conn, "x/a+b", "[2 nil]", "[3 nil]", "[2 nil] [2 \"\"]");
    expect_range(conn, "x/a+b", "[nil \"a\"]", "[1 nil]", "[nil \"z\"] [-3 \"z\"]");
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tuples__composites_follow_their_members),
        cmocka_unit_test(test_tuples__values_fit_their_types),
        cmocka_unit_test(test_tuples__definitions_are_checked),
        cmocka_unit_test(test_tuples__are_ranges_with_nil_lowest),
    };
    return cmocka_run_group_tests_name("datom/tuples", tests, setup, teardown);
}
