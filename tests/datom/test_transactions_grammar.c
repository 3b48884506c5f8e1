/*
 * The rows of the reference's table of transactions (1.3) that one transaction shows: forms,
 * entities, upsert, conflicts, redundancy, cas, retractEntity.
 */

#include "support.h"

#include "datom/people.h"
#include "datom/rows.h"

static const struct row forms[] = {
    {"row 29: no form sees another's effect: cas beside an add", NULL,
     "[[:db/add " ANN " :p/age 31] [:db/cas " ANN " :p/age 30 31]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 29: the same the other way round", NULL,
     "[[:db/cas " ANN " :p/age 30 31] [:db/add " ANN " :p/age 31]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 29: a lookup ref goes by db-before, though its value moves", NULL,
     "[[:db/add " ANN " :p/email \"new@x\"] [:db/add " ANN " :p/age 5]]",
     "-1003:p/email:\"ann@x\" +1003:p/email:\"new@x\" -1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 29: tx-data may be a list", NULL, "([:db/add " ANN " :p/age 5])",
     "-1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 29: tx-data may be a set", NULL, "#{[:db/add " ANN " :p/age 5]}",
     "-1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 30: an operation by its entity id", NULL,
     "[[1 " ANN " :p/name \"A\"] [2 " ANN " :p/age 30]]",
     "-1003:p/name:\"Ann\" +1003:p/name:\"A\" -1003:p/age:30", 0, NULL},
    {"row 30: retract without a value takes all current ones", NULL,
     "[[:db/retract " ANN " :p/tags]]", "-1003:p/tags::a -1003:p/tags::b", 0, NULL},
    {"row 30: retract without a value, of one", NULL, "[[:db/retract " ANN " :p/age]]",
     "-1003:p/age:30", 0, NULL},
    {"row 30: retract without a value, of none", NULL, "[[:db/retract " BOB " :p/age]]", "", 0,
     NULL},
    {"row 30: an operation as a string", NULL, "[[\":db/add\" " ANN " \":p/age\" 5]]",
     "-1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 31: an attribute by its entity id", NULL, "[{:db/id " ANN " 75 \"A\"}]",
     "-1003:p/name:\"Ann\" +1003:p/name:\"A\"", 0, NULL},
    {"row 31: string keys, :db/id too", NULL, "[{\":db/id\" " ANN " \":p/name\" \"A\"}]",
     "-1003:p/name:\"Ann\" +1003:p/name:\"A\"", 0, NULL},
    {"row 31: many by a set", NULL, "[{:db/id " BOB " :p/tags #{:x}}]", "+1004:p/tags::x", 0, NULL},
    {"row 31: many by a list", NULL, "[{:db/id " BOB " :p/tags (:x :y)}]",
     "+1004:p/tags::x +1004:p/tags::y", 0, NULL},
    {"row 31: many by one value", NULL, "[{:db/id " BOB " :p/tags :x}]", "+1004:p/tags::x", 0,
     NULL},
    {"row 31: a lookup ref is no two values", NULL, "[{:db/id " ANN " :p/friends " BOB "}]",
     "+1003:p/friends:1004", 0, NULL},
    {"row 31: a vector of a lookup ref and an ident", NULL,
     "[{:db/id " ANN " :p/friends [" BOB " :color/red]}]",
     "+1003:p/friends:1004 +1003:p/friends:1001", 0, NULL},
    {"row 31: an empty map says nothing", NULL, "[{}]", "", 0, NULL},
    {"row 31: a map of :db/id alone says nothing", NULL, "[{:db/id \"x\"}]", "", 0, NULL},
    {"row 31: no values of many say nothing", NULL, "[{:db/id " ANN " :p/tags []}]", "", 0, NULL},
    {"row 31: nil in a map", NULL, "[{:db/id " ANN " :p/name nil}]", NULL, BS_REASON_DB_NIL_VALUE,
     ":p/name"},
    {"row 31: nil among many", NULL, "[{:db/id " ANN " :p/tags [:x nil]}]", NULL,
     BS_REASON_DB_NIL_VALUE, ":p/tags"},
    {"row 31: nil as a reference", NULL, "[{:db/id " ANN " :p/boss nil}]", NULL,
     BS_REASON_DB_NIL_VALUE, ":p/boss"},
    {"row 31: nil in a list form", NULL, "[[:db/add " ANN " :p/name nil]]", NULL,
     BS_REASON_DB_NIL_VALUE, ":p/name"},
    {"row 32: a nested map of a component is a new entity", NULL,
     "[{:db/id " ANN " :p/parts {:p/name \"arm\"}}]", "+1003:p/parts:1007 +new1:p/name:\"arm\"", 0,
     NULL},
    {"row 32: nested maps nest", NULL,
     "[{:db/id " ANN " :p/parts {:p/name \"arm\" :p/parts [{:p/name \"hand\"}]}}]",
     "+1003:p/parts:1007 +new1:p/name:\"arm\" +new1:p/parts:1008 +new2:p/name:\"hand\"", 0, NULL},
    {"row 32: a nested map with an identity upserts", NULL,
     "[{:db/id " ANN " :p/boss {:p/email \"bob@x\" :p/age 50}}]",
     "+1003:p/boss:1004 +1004:p/age:50", 0, NULL},
    {"row 32: a nested map with a unique value is allowed", NULL,
     "[{:db/id " ANN " :p/boss {:p/login \"eve\"}}]", "+1003:p/boss:1007 +new1:p/login:\"eve\"", 0,
     NULL},
    {"row 32: any other nested map is not", NULL, "[{:db/id " ANN " :p/boss {:p/name \"who\"}}]",
     NULL, BS_REASON_DB_INVALID_NESTED_ENTITY, "form 0"},
    {"row 33: a reverse attribute", NULL, "[{:db/id " ANN " :p/_boss " BOB "}]",
     "+1004:p/boss:1003", 0, NULL},
    {"row 33: several values under a reverse attribute", NULL,
     "[{:db/id " ANN " :p/_boss [" BOB " \"n\"]} {:db/id \"n\" :p/age 2}]",
     "+1004:p/boss:1003 +new1:p/boss:1003 +new1:p/age:2", 0, NULL},
    {"row 33: nested maps under a reverse attribute", NULL,
     "[{:db/id " ANN " :p/_boss [{:p/email \"x@x\"} {:p/email \"bob@x\" :p/age 9}]}]",
     "+new1:p/email:\"x@x\" +new1:p/boss:1003 +1004:p/age:9 +1004:p/boss:1003", 0, NULL},
    {"row 33: a reverse attribute in a list form is none", NULL,
     "[[:db/add " ANN " :p/_boss " BOB "]]", NULL, BS_REASON_DB_NOT_AN_ATTRIBUTE, ":p/_boss"},
    {"row 33: the reverse of what is no reference", NULL, "[{:db/id " ANN " :p/_age 1}]", NULL,
     BS_REASON_DB_WRONG_TYPE, ":p/age is not a reference"},
};

static const struct row entities[] = {
    {"row 34: one tempid is one entity", NULL,
     "[[:db/add \"x\" :p/age 1] {:db/id \"x\" :p/name \"X\"}]", "+new1:p/age:1 +new1:p/name:\"X\"",
     0, NULL},
    {"row 34: a string that begins with a colon is a keyword", NULL,
     "[[:db/add \":color/red\" :p/age 1]]", "+1001:p/age:1", 0, NULL},
    {"row 34: negative numbers are tempids", NULL,
     "[[:db/add -1 :p/age 1] [:db/add -2 :p/age 2] [:db/add -1 :p/boss -2]]",
     "+new1:p/age:1 +new2:p/age:2 +new1:p/boss:1008", 0, NULL},
    {"row 34: the old records of tempids", NULL,
     "[{:db/id #db/id[:db.part/user -7] :p/age 1} [:db/add #db/id[:db.part/user -7] :p/name \"X\"]"
     " {:db/id #db/id[:db.part/user] :p/age 2}]",
     "+new1:p/age:1 +new1:p/name:\"X\" +new2:p/age:2", 0, NULL},
    {"row 34: names that begin with datomic are reserved", NULL,
     "[[:db/add \"datomic.foo\" :p/age 1]]", NULL, BS_REASON_DB_INVALID_TEMPID, "datomic.foo"},
    {"row 34: an empty name is none", NULL, "[[:db/add \"\" :p/age 1]]", NULL,
     BS_REASON_DB_INVALID_TEMPID, "form 0"},
    {"row 34: a tempid that is only a value", NULL, "[[:db/add " ANN " :p/boss \"who\"]]", NULL,
     BS_REASON_DB_TEMPID_NOT_AN_ENTITY, "\"who\""},
    {"row 34: two that only refer to each other's", NULL,
     "[[:db/add \"a\" :p/boss \"b\"] [:db/add \"b\" :p/boss \"a\"]]",
     "+new1:p/boss:1008 +new2:p/boss:1007", 0, NULL},
    {"row 34: to retract from a tempid is to say something of it", NULL,
     "[[:db/retract \"x\" :p/age 1]]", "", 0, NULL},
    {"row 35: an ident is an entity", NULL, "[[:db/add :color/red :p/age 1]]", "+1001:p/age:1", 0,
     NULL},
    {"row 35: an ident as the value of a reference", NULL, "[[:db/add " ANN " :p/boss :color/red]]",
     "+1003:p/boss:1001", 0, NULL},
    {"row 35: a lookup ref to an entity of the same transaction", NULL,
     "[{:p/email \"new@x\"} [:db/add [:p/email \"new@x\"] :p/age 1]]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "form 1"},
    {"row 35: the same as the value of a reference", NULL,
     "[{:p/email \"new@x\"} [:db/add " ANN " :p/boss [:p/email \"new@x\"]]]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "form 1"},
    {"row 35: a lookup ref by an attribute that is not unique", NULL,
     "[[:db/add [:p/age 30] :p/name \"A\"]]", NULL, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
     ":p/age"},
    {"row 35: a lookup ref by a unique value is one", NULL,
     "[[:db/add [:p/login \"ann\"] :p/age 1]]", "-1003:p/age:30 +1003:p/age:1", 0, NULL},
    {"row 35: an id that was never issued", NULL, "[[:db/add 17592186055555 :p/age 1]]", NULL,
     BS_REASON_DB_INVALID_ENTITY_ID, "17592186055555"},
    {"row 35: a reference to an id that was never issued", NULL,
     "[[:db/add " ANN " :p/boss 17592186055555]]", NULL, BS_REASON_DB_INVALID_ENTITY_ID,
     "17592186055555"},
    {"row 35: an id that was issued but has nothing any more", "[[:db/retractEntity " LEG "]]",
     "[[:db/add " LEG " :p/name \"peg\"]]", "+1005:p/name:\"peg\"", 0, NULL},
    {"row 35: another transaction is an entity", NULL,
     "[[:db/add 13194139534312 :db/doc \"the schema\"]]", "+1000:db/doc:\"the schema\"", 0, NULL},
    {"row 36: a tempid with an identity of db-before is that entity", NULL,
     "[{:db/id \"x\" :p/email \"ann@x\" :p/age 5}]", "-1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 36: list forms upsert too", NULL,
     "[[:db/add \"x\" :p/age 5] [:db/add \"x\" :p/email \"ann@x\"]]",
     "-1003:p/age:30 +1003:p/age:5", 0, NULL},
    {"row 36: two tempids with one new identity unify", NULL,
     "[[:db/add \"a\" :p/email \"n@x\"] [:db/add \"b\" :p/email \"n@x\"] [:db/add \"b\" :p/age 1]]",
     "+new1:p/email:\"n@x\" +new1:p/age:1", 0, NULL},
    {"row 36: identities that are tempids, to a fixpoint", NULL,
     "[{:db/id \"a\" :p/email \"ann@x\"} {:db/id \"b\" :p/twin \"a\" :p/age 1}"
     " {:db/id \"c\" :p/twin \"b\" :p/age 2} {:db/id \"d\" :p/twin " ANN " :p/name \"B\"}"
     " {:db/id \"e\" :p/twin \"d\" :p/name \"C\"}]",
     "+new1:p/twin:1003 +new1:p/age:1 +new2:p/twin:1007 +new2:p/age:2 +new1:p/name:\"B\" "
     "+new2:p/name:\"C\"",
     0, NULL},
    {"row 36: one tempid by two identities that two entities hold",
     "[{:db/id " BOB " :p/slug \"bob\"}]", "[{:p/email \"ann@x\" :p/slug \"bob\"}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, "two entities at once"},
    {"row 36: an identity with another explicit id", NULL, "[{:db/id " BOB " :p/email \"ann@x\"}]",
     NULL, BS_REASON_DB_UNIQUE_CONFLICT, "held by entity"},
    {"row 36: a unique value does not upsert", NULL, "[{:p/login \"ann\" :p/age 1}]", NULL,
     BS_REASON_DB_UNIQUE_CONFLICT, ":p/login \"ann\" is held by entity"},
};

static const struct row conflicts[] = {
    {"row 37: two values of one", NULL, "[[:db/add " ANN " :p/age 1] [:db/add " ANN " :p/age 2]]",
     NULL, BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 37: two values of one, of which one is there already", NULL,
     "[[:db/add " ANN " :p/age 30] [:db/add " ANN " :p/age 2]]", NULL, BS_REASON_DB_DATOMS_CONFLICT,
     "form 1"},
    {"row 37: add and retract of one datom in any order conflict", NULL,
     "[[:db/add " ANN " :p/tags :z] [:db/retract " ANN " :p/tags :z]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 37: retract and add, as well", NULL,
     "[[:db/retract " ANN " :p/age 30] [:db/add " ANN " :p/age 30]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 37: add, and retract of all values", NULL,
     "[[:db/add " ANN " :p/tags :a] [:db/retract " ANN " :p/tags]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 37: retract of all values, and a new one", NULL,
     "[[:db/retract " ANN " :p/tags] [:db/add " ANN " :p/tags :z]]",
     "-1003:p/tags::a -1003:p/tags::b +1003:p/tags::z", 0, NULL},
    {"row 37: equal forms are one", NULL,
     "[[:db/add " ANN " :p/tags :z] [:db/add " ANN " :p/tags :z] {:db/id " ANN " :p/tags [:z]}]",
     "+1003:p/tags::z", 0, NULL},
    {"row 37: to retract the old value beside the new one is the same as the new one", NULL,
     "[[:db/retract " ANN " :p/age 30] [:db/add " ANN " :p/age 31]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 37: in the other order too", NULL,
     "[[:db/add " ANN " :p/age 31] [:db/retract " ANN " :p/age 30]]",
     "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 37: tempids that unify and disagree", NULL,
     "[{:db/id \"a\" :p/email \"n@x\" :p/age 1} {:db/id \"b\" :p/email \"n@x\" :p/age 2}]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 38: a new value of one retracts the old, then adds", NULL,
     "[[:db/add " ANN " :p/age 31]]", "-1003:p/age:30 +1003:p/age:31", 0, NULL},
    {"row 38: false gives way like any value", NULL, "[[:db/add " ANN " :p/ok true]]",
     "-1003:p/ok:false +1003:p/ok:true", 0, NULL},
    {"row 39: what is there is not added", NULL, "[[:db/add " ANN " :p/age 30]]", "", 0, NULL},
    {"row 39: what is not there is not retracted", NULL, "[[:db/retract " ANN " :p/age 99]]", "", 0,
     NULL},
    {"row 39: a known value of many is not added", NULL, "[{:db/id " ANN " :p/tags [:a :c]}]",
     "+1003:p/tags::c", 0, NULL},
    {"row 39: the same schema again installs nothing", NULL,
     "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
     "  :db.install/_attribute :db.part/db}]",
     "", 0, NULL},
};

static const struct row cas_rows[] = {
    {"row 40: cas", NULL, "[[:db/cas " ANN " :p/age 30 31]]", "-1003:p/age:30 +1003:p/age:31", 0,
     NULL},
    {"row 40: cas to the same value", NULL, "[[:db/cas " ANN " :p/age 30 30]]", "", 0, NULL},
    {"row 40: cas of another value", NULL, "[[:db/cas " ANN " :p/age 29 31]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is 30: expected 29"},
    {"row 40: cas from nothing", NULL, "[[:db/cas " BOB " :p/age nil 1]]", "+1004:p/age:1", 0,
     NULL},
    {"row 40: cas from nothing where something is", NULL, "[[:db/cas " ANN " :p/age nil 1]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is 30: expected nil"},
    {"row 40: cas from something where nothing is", NULL, "[[:db/cas " BOB " :p/age 1 2]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is nil: expected 1"},
    {"row 40: cas to nil", NULL, "[[:db/cas " ANN " :p/age 30 nil]]", NULL, BS_REASON_DB_NIL_VALUE,
     ":p/age"},
    {"row 40: cas on a new entity", NULL, "[[:db/cas \"x\" :p/age nil 1]]", "+new1:p/age:1", 0,
     NULL},
    {"row 40: cas from false", NULL, "[[:db/cas " ANN " :p/ok false true]]",
     "-1003:p/ok:false +1003:p/ok:true", 0, NULL},
    {"row 40: false is a value, not nothing", NULL, "[[:db/cas " ANN " :p/ok nil true]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is false: expected nil"},
    {"row 40: nothing is not false", NULL, "[[:db/cas " BOB " :p/ok false true]]", NULL,
     BS_REASON_DB_CAS_FAILED, "is nil: expected false"},
    {"row 40: two cas, 30 to 1 and 30 to 1", NULL,
     "[[:db/cas " ANN " :p/age 30 1] [:db/cas " ANN " :p/age 30 1]]",
     "-1003:p/age:30 +1003:p/age:1", 0, NULL},
    {"row 40: two cas, 30 to 1 and 30 to 2", NULL,
     "[[:db/cas " ANN " :p/age 30 1] [:db/cas " ANN " :p/age 30 2]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 40: two cas, 30 to 1 and 1 to 2", NULL,
     "[[:db/cas " ANN " :p/age 30 1] [:db/cas " ANN " :p/age 1 2]]", NULL, BS_REASON_DB_CAS_FAILED,
     "form 1"},
    {"row 40: cas on many", NULL, "[[:db/cas " ANN " :p/tags :a :b]]", NULL,
     BS_REASON_DB_INVALID_CAS, ":p/tags"},
    {"row 40: cas of a reference by lookup refs", "[[:db/add " ANN " :p/boss " BOB "]]",
     "[[:db/cas " ANN " :p/boss " BOB " " ANN "]]", "-1003:p/boss:1004 +1003:p/boss:1003", 0, NULL},
    {"row 40: cas of a reference by idents and ids", "[[:db/add " ANN " :p/boss :color/red]]",
     "[[:db/cas " ANN " :p/boss :color/red " LEG "]]", "-1003:p/boss:1001 +1003:p/boss:1005", 0,
     NULL},
    {"row 40: cas of a reference to a tempid", NULL,
     "[[:db/cas " ANN " :p/boss nil \"new\"] {:db/id \"new\" :p/name \"New\"}]",
     "+1003:p/boss:1007 +new1:p/name:\"New\"", 0, NULL},
    {"row 40: cas of a reference to a tempid that upserts", NULL,
     "[[:db/cas " ANN " :p/boss nil \"b\"] {:db/id \"b\" :p/email \"bob@x\"}]", "+1003:p/boss:1004",
     0, NULL},
    {"row 40: cas of a reference that fails", "[[:db/add " ANN " :p/boss " BOB "]]",
     "[[:db/cas " ANN " :p/boss :color/red " BOB "]]", NULL, BS_REASON_DB_CAS_FAILED, "form 0"},
    {"row 40: cas that moves a unique value", NULL, "[[:db/cas " BOB " :p/login nil \"ann\"]]",
     NULL, BS_REASON_DB_UNIQUE_CONFLICT, ":p/login"},
};

static const struct row retractions[] = {
    {"row 41: an entity, its components and what refers to it", NULL,
     "[[:db/retractEntity " BOB "]]",
     "-1004:p/email:\"bob@x\" -1004:p/name:\"Bob\" -1004:p/friends:1003 -1004:p/parts:1005 "
     "-1005:p/name:\"leg\"",
     0, NULL},
    {"row 41: references to it go, what it refers to stays", NULL,
     "[[:db/retractEntity [:p/login \"ann\"]]]",
     "-1003:p/email:\"ann@x\" -1003:p/login:\"ann\" -1003:p/name:\"Ann\" -1003:p/age:30 "
     "-1003:p/ok:false -1003:p/tags::a -1003:p/tags::b -1004:p/friends:1003",
     0, NULL},
    {"row 41: an entity that has nothing", NULL, "[[:db/retractEntity \"x\"]]", "", 0, NULL},
    {"row 41: an entity that is gone", "[[:db/retractEntity " LEG "]]",
     "[[:db/retractEntity " LEG "]]", "", 0, NULL},
    {"row 41: by what names nobody", NULL, "[[:db/retractEntity [:p/login \"no\"]]]", NULL,
     BS_REASON_DB_NOT_AN_ENTITY, "[:p/login \"no\"] names no entity"},
    {"row 41: by an ident", NULL, "[[:db/retractEntity :color/red]]", "-1001:db/ident::color/red",
     0, NULL},
    {"row 41: by its old name", NULL, "[[:db.fn/retractEntity " LEG "]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005", 0, NULL},
    {"row 41: with an add of something else", NULL,
     "[[:db/retractEntity " LEG "] [:db/add " LEG " :p/name \"foot\"]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005 +1005:p/name:\"foot\"", 0, NULL},
    {"row 41: with an add of the same", NULL,
     "[[:db/add " LEG " :p/name \"leg\"] [:db/retractEntity " LEG "]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 41: with an add of the same before it", NULL,
     "[[:db/retractEntity " LEG "] [:db/add " LEG " :p/name \"leg\"]]", NULL,
     BS_REASON_DB_DATOMS_CONFLICT, "form 1"},
    {"row 41: with a new reference to it", NULL,
     "[[:db/retractEntity " LEG "] [:db/add " ANN " :p/boss " LEG "]]",
     "-1005:p/name:\"leg\" -1004:p/parts:1005 +1003:p/boss:1005", 0, NULL},
    {"row 41: a component of two parents goes with either", "[[:db/add " ANN " :p/parts " LEG "]]",
     "[[:db/retractEntity " ANN "]]",
     "-1003:p/email:\"ann@x\" -1003:p/login:\"ann\" -1003:p/name:\"Ann\" -1003:p/age:30 "
     "-1003:p/ok:false -1003:p/tags::a -1003:p/tags::b -1003:p/parts:1005 -1004:p/friends:1003 "
     "-1005:p/name:\"leg\" -1004:p/parts:1005",
     0, NULL},
    {"row 43: the transaction is an entity", NULL,
     "[[:db/add \"datomic.tx\" :db/doc \"why\"] {:db/id \"datomic.tx\" :p/age 1}]",
     "+tx:db/doc:\"why\" +tx:p/age:1", 0, NULL},
    {"row 43: by its old tempid", NULL, "[[:db/add #db/id[:db.part/tx] :db/doc \"why\"]]",
     "+tx:db/doc:\"why\"", 0, NULL},
    {"row 43: by its old tempid with a number", NULL,
     "[{:db/id #db/id[:db.part/tx -1] :db/doc \"why\"}]", "+tx:db/doc:\"why\"", 0, NULL},
    {"row 43: components of the transaction are entities of their own", NULL,
     "[{:db/id \"datomic.tx\" :p/parts [{:p/name \"note\"}]}]",
     "+tx:p/parts:1007 +new1:p/name:\"note\"", 0, NULL},
    {"row 43: a reference to the transaction", NULL, "[[:db/add " ANN " :p/boss \"datomic.tx\"]]",
     "+1003:p/boss:1006", 0, NULL},
    {"row 43: an older transaction is annotated", NULL,
     "[{:db/id 13194139534314 :db/doc \"the people\"}]", "+1002:db/doc:\"the people\"", 0, NULL},
};

static struct datom_conn *people;

static int setup(void **state)
{
    (void)state;
    people = people_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    datom_conn_unref(people);
    return 0;
}

static void test_transactions__forms(void **state)
{
    (void)state;
    rows_run(people, forms, BS_ARRAY_COUNT(forms));
}

static void test_transactions__entities(void **state)
{
    (void)state;
    rows_run(people, entities, BS_ARRAY_COUNT(entities));
}

static void test_transactions__conflicts_and_redundancy(void **state)
{
    (void)state;
    rows_run(people, conflicts, BS_ARRAY_COUNT(conflicts));
}

static void test_transactions__compare_and_swap(void **state)
{
    (void)state;
    rows_run(people, cas_rows, BS_ARRAY_COUNT(cas_rows));
}

static void test_transactions__retracted_entities_and_the_transaction_itself(void **state)
{
    (void)state;
    rows_run(people, retractions, BS_ARRAY_COUNT(retractions));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transactions__forms),
        cmocka_unit_test(test_transactions__entities),
        cmocka_unit_test(test_transactions__conflicts_and_redundancy),
        cmocka_unit_test(test_transactions__compare_and_swap),
        cmocka_unit_test(test_transactions__retracted_entities_and_the_transaction_itself),
    };
    return cmocka_run_group_tests_name("datom/transactions_grammar", tests, setup, teardown);
}
