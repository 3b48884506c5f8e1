/*
 * Schemas as they change: each refusal with its reason and what it names, what is built in, names
 * across renames and reopening, and indexes by value that go and come back (the reference's rows
 * 10, 12 and 23 to 27, and its corner cases 13 and 15).
 */

#include "support.h"

#include <stdlib.h>

#include "datom/fixture.h"

static const char schema_text[] =
    "[{:db/ident :s/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :s/one :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :s/many :db/valueType :db.type/long :db/cardinality :db.cardinality/many}"
    " {:db/ident :s/ref :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :s/text :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/fulltext true}"
    " {:db/ident :s/bytes :db/valueType :db.type/bytes :db/cardinality :db.cardinality/one}"
    " {:db/ident :s/pair :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/long :db.type/long]}"
    " {:db/ident :s/list :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleType :db.type/long}"
    " {:db/ident :s/id+ref :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:s/id :s/ref]}]";

static const char data_text[] = "[{:s/id \"a\" :s/one 1 :s/many [1 2]} {:s/id \"b\" :s/one 1}]";

static void transact_ok(struct datom_conn *conn, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
}

static void transact_fails(struct datom_conn *conn, const char *text, enum bs_reason reason)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) == BS_OK)
        fail_msg("%s: went through", text);
    if (error.reason != reason)
        fail_msg("%s: %s", text, error.message);
}

static struct datom_conn *open_store(const char *name)
{
    return fixture_open(name, NULL);
}

static struct datom_conn *reopen(struct datom_conn *conn, const char *name)
{
    datom_conn_unref(conn);
    return open_store(name);
}

/* ---- what is refused ---- */

struct refusal {
    const char *name;
    const char *tx;
    enum bs_reason reason;
    const char *message; /* a part of it */
    const char *fields;  /* "entity attribute value", as the error has them */
};

#define ALTER BS_REASON_DB_INVALID_ALTER_ATTRIBUTE
#define BUILT_IN BS_REASON_DB_DATOM_CANNOT_BE_ALTERED

static const struct refusal refusals[] = {
    /* the alteration matrix (shared reference 1.2, row 25) */
    {"another type", "[{:db/id :s/one :db/valueType :db.type/string}]", ALTER,
     ":s/one can't change its :db/valueType", "74 db/valueType 23"},
    {"no type", "[[:db/retract :s/one :db/valueType]]", ALTER, ":s/one would lose its",
     "74 db/valueType 22"},
    {"no cardinality", "[[:db/retract :s/one :db/cardinality]]", ALTER,
     ":s/one would lose its :db/cardinality", "74 db/cardinality 35"},
    {"no name", "[[:db/retract :s/one :db/ident]]", ALTER, ":s/one would lose its name",
     "74 db/ident :s/one"},
    {"indexed by words from now on", "[{:db/id :s/one :db/fulltext true}]", ALTER,
     ":s/one can't change its :db/fulltext", "74 db/fulltext true"},
    {"no longer indexed by words", "[{:db/id :s/text :db/fulltext false}]", ALTER,
     ":s/text can't change its :db/fulltext", "77 db/fulltext false"},
    {"other types of a tuple", "[{:db/id :s/pair :db/tupleTypes [:db.type/long :db.type/string]}]",
     ALTER, ":s/pair can't change what its tuples are made of",
     "79 db/tupleTypes [:db.type/long :db.type/string]"},
    {"another type of a tuple", "[{:db/id :s/list :db/tupleType :db.type/string}]", ALTER,
     ":s/list can't change what its tuples are made of", "80 db/tupleType :db.type/string"},
    {"other members of a tuple", "[{:db/id :s/id+ref :db/tupleAttrs [:s/ref :s/id]}]", ALTER,
     ":s/id+ref can't change what its tuples are made of", "81 db/tupleAttrs [:s/ref :s/id]"},
    {"one value where there are two", "[{:db/id :s/many :db/cardinality :db.cardinality/one}]",
     BS_REASON_DB_CARDINALITY_VIOLATION, ":s/many can't become cardinality one",
     "75 db/cardinality 35"},
    {"unique where values are equal", "[{:db/id :s/one :db/unique :db.unique/value}]",
     BS_REASON_DB_UNIQUE_VIOLATION, ":s/one can't become unique", "74 db/unique 37"},
    {"an identity where values are equal", "[{:db/id :s/one :db/unique :db.unique/identity}]",
     BS_REASON_DB_UNIQUE_VIOLATION, "both have 1", "74 db/unique 38"},
    {"an unknown uniqueness", "[{:db/id :s/one :db/unique :db.type/long}]",
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "unknown :db/unique", "74 db/unique 22"},
    {"an unknown cardinality", "[{:db/id :s/one :db/cardinality :db.type/long}]",
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "unknown :db/cardinality", "74 db/cardinality 22"},
    {"a component that is no reference", "[{:db/id :s/one :db/isComponent true}]", ALTER,
     "without being a reference", "74 db/isComponent true"},
    {"unique bytes", "[{:db/id :s/bytes :db/unique :db.unique/value}]", ALTER,
     "bytes, which can't be unique", "78 db/unique 37"},
    {"a reserved name", "[{:db/id :s/one :db/ident :db.x/one}]", ALTER, "reserved",
     "74 db/ident :db.x/one"},
    {"what is no attribute made one",
     "[{:db/ident :x/e} {:db/id 10 :db/doc \"d\"}"
     " [:db/add [:s/id \"a\"] :db/valueType :db.type/long]]",
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "expected a new entity",
     "17592186045420 db/valueType 22"},
    /* what is built in (row 25): everything but the doc */
    {"its type", "[{:db/id :db/doc :db/valueType :db.type/long}]", BUILT_IN, ":db/doc, is built in",
     "62 db/valueType 22"},
    {"its cardinality", "[{:db/id :db/doc :db/cardinality :db.cardinality/many}]", BUILT_IN,
     ":db/doc, is built in", "62 db/cardinality 36"},
    {"its index", "[{:db/id :db/doc :db/index true}]", BUILT_IN, "its :db/index can't be changed",
     "62 db/index true"},
    {"its history", "[{:db/id :db/doc :db/noHistory true}]", BUILT_IN, "only its :db/doc",
     "62 db/noHistory true"},
    {"its name", "[{:db/id :db/doc :db/ident :my/doc}]", BUILT_IN, ":db/doc, is built in",
     "62 db/ident :my/doc"},
    {"its name, taken away", "[[:db/retract :db/doc :db/ident :db/doc]]", BUILT_IN,
     ":db/doc, is built in", "62 db/ident :db/doc"},
    {"its name, given to another", "[{:db/id [:s/id \"a\"] :db/ident :db/doc}]",
     BS_REASON_DB_UNIQUE_CONFLICT, "held by entity 62", "17592186045420 db/ident :db/doc"},
    {"a deprecation", "[{:db/id :db/doc :db/deprecated \"why\"}]", BUILT_IN,
     "its :db/deprecated can't be changed", "62 db/deprecated \"why\""},
    {"an attribute of one's own", "[{:db/id :db.part/user :s/one 5}]", BUILT_IN,
     ":db.part/user, is built in", "4 s/one 5"},
    {"all of it", "[[:db/retractEntity :db.unique/identity]]", BUILT_IN, "is built in", NULL},
    {"its uniqueness, by the id", "[[:db/add 10 :db/unique :db.unique/value]]", BUILT_IN,
     ":db/ident, is built in", "10 db/unique 37"},
    {"a listing", "[[:db/retract :db.part/db :db.install/attribute :db/doc]]", BUILT_IN,
     "attribute 62 is installed", "0 db.install/attribute 62"},
    {"what was not installed, listed",
     "[[:db/add :db.part/db :db.install/attribute [:s/id \"a\"]]]",
     BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE, "expected a new attribute",
     "0 db.install/attribute 17592186045420"},
};

static const char *field_text(const struct bs_error *error, const char *key, char ret_text[160])
{
    const struct bs_error_field *field = bs_error_find(error, key);
    if (!field)
        snprintf(ret_text, 160, "none");
    else if (field->is_text)
        snprintf(ret_text, 160, "%s", field->text);
    else
        snprintf(ret_text, 160, "%lld", (long long)field->integer);
    return ret_text;
}

static void test_schema__refusals_say_what_and_why(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    transact_ok(conn, schema_text);
    transact_ok(conn, "[{:db/doc \"so that ids are one further\"}]");
    transact_ok(conn, "[{:s/id \"a\" :s/one 1 :s/many [1 2]}]");
    transact_ok(conn, "[{:s/id \"b\" :s/one 1}]");
    for (size_t i = 0; i < BS_ARRAY_COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        struct bs_error error = BS_ERROR_INIT;
        char e[160], a[160], v[160], fields[500], form[160];
        enum bs_code code = datom_transact_text(conn, bs_str_from(row->tx), NULL, NULL, &error);
        test_row(row->name, code != BS_OK, "went through");
        test_row(row->name, error.reason == row->reason && strstr(error.message, row->message),
                 "%s: %s", bs_error_reason_name(&error), error.message);
        snprintf(fields, sizeof(fields), "%s %s %s", field_text(&error, "entity", e),
                 field_text(&error, "attribute", a), field_text(&error, "value", v));
        test_row(row->name, !row->fields || strcmp(fields, row->fields) == 0, "%s", fields);
        test_row(row->name, strcmp(field_text(&error, "form", form), "none") != 0, "no form");
    }
    test_rows_end();
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_schema__what_may_change_does(void **state)
{
    (void)state;
    static const char *const allowed[] = {
        "[{:db/id :s/one :db/cardinality :db.cardinality/many}]",
        "[{:db/id :s/one :db/index true}]",
        "[{:db/id :s/one :db/index false}]",
        "[[:db/retract :s/one :db/index]]",
        "[{:db/id :s/one :db/noHistory true}]",
        "[{:db/id :s/one :db/noHistory false}]",
        "[{:db/id :s/ref :db/isComponent true}]",
        "[[:db/retract :s/ref :db/isComponent true]]",
        "[{:db/id :s/one :db/doc \"d\" :db/deprecated \"use :s/many\"}]",
        "[[:db/retract :s/id :db/unique :db.unique/identity]]",
        "[{:db/id :s/id :db/unique :db.unique/value}]",
        "[{:db/id :s/id :db/unique :db.unique/identity}]",
        "[{:db/id :s/one :db/ident :s/uno}]",
        "[{:db/id :db/doc :db/doc \"another text about it\"}]",
        "[[:db/retract :db/doc :db/doc]]",
        "[[:db/add :db.part/db :db.alter/attribute :s/uno]]",
    };
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    transact_ok(conn, schema_text);
    transact_ok(conn, data_text);
    for (size_t i = 0; i < BS_ARRAY_COUNT(allowed); i++) {
        transact_ok(conn, allowed[i]);
        fixture_check(conn);
    }
    datom_conn_unref(conn);
}

/* ---- an index by value that goes and comes back (corner case 15) ---- */

static size_t count_range(struct datom_db *db, const struct datom_range *range)
{
    struct datom_cursor *cursor;
    const struct datom *datoms;
    size_t count, total = 0;
    assert_int_equal(datom_cursor_open(db, range, &cursor, NULL), BS_OK);
    do {
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        total += count;
    } while (count > 0);
    datom_cursor_free(cursor);
    return total;
}

/* Datoms of :s/one with a value, by avet, now and in history. */
static void assert_by_value(struct datom_conn *conn, int64_t value, size_t now, size_t ever)
{
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *history = datom_db_history(db);
    const struct datom_attribute *attribute = datom_db_attribute_named(db, BS_STR("s/one"));
    struct datom_range range = {.index = DATOM_AVET,
                                .has_a = true,
                                .a = attribute->id,
                                .has_v = true,
                                .v = edn_long(value)};
    assert_int_equal(count_range(db, &range), now);
    assert_int_equal(count_range(history, &range), ever);
    datom_db_unref(history);
    datom_db_unref(db);
}

static void test_schema__what_was_retracted_without_an_index_stays_away(void **state)
{
    (void)state;
    struct datom_conn *conn = open_store("avet");
    transact_ok(conn, schema_text);
    transact_ok(conn, "[{:db/id :s/one :db/index true}]");
    transact_ok(conn, "[{:s/id \"a\" :s/one 1} {:s/id \"b\" :s/one 2} {:s/id \"c\" :s/one 1}]");
    assert_by_value(conn, 1, 2, 2);
    transact_ok(conn, "[{:db/id :s/one :db/index false}]");
    transact_ok(conn, "[[:db/retract [:s/id \"a\"] :s/one 1] {:s/id \"b\" :s/one 3}]");
    struct datom_db *db = datom_conn_db(conn);
    struct datom_cursor *cursor;
    struct datom_range range = {.index = DATOM_AVET, .has_a = true, .a = 74};
    struct bs_error error = BS_ERROR_INIT;
    assert_int_not_equal(datom_cursor_open(db, &range, &cursor, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED);
    datom_db_unref(db);
    conn = reopen(conn, "avet");
    transact_ok(conn, "[{:db/id :s/one :db/index true}]");
    for (int i = 0; i < 2; i++) {
        assert_by_value(conn, 1, 1, 3); /* c; a came and went, c came */
        assert_by_value(conn, 2, 0, 2);
        assert_by_value(conn, 3, 1, 1);
        fixture_check(conn);
        conn = reopen(conn, "avet");
    }
    /* unique builds it too, and leaves none behind */
    transact_ok(conn, "[[:db/retract :s/one :db/index true]]");
    transact_ok(conn, "[{:s/id \"a\" :s/one 1} [:db/retract [:s/id \"c\"] :s/one]]");
    transact_ok(conn, "[{:db/id :s/one :db/unique :db.unique/value}]");
    assert_by_value(conn, 1, 1, 5);
    transact_fails(conn, "[{:s/id \"d\" :s/one 1}]", BS_REASON_DB_UNIQUE_CONFLICT);
    transact_ok(conn, "[[:db/retract :s/one :db/unique]]");
    transact_ok(conn, "[{:s/id \"d\" :s/one 1}]");
    fixture_check(conn);
    datom_conn_unref(conn);
}

/* ---- names ---- */

static void assert_names(struct datom_db *db, const char *const *names, size_t count, datom_id id,
                         const char *newest)
{
    for (size_t i = 0; i < count; i++) {
        if (datom_db_entid(db, bs_str_from(names[i])) != id)
            fail_msg("%s is %llu, not %llu", names[i],
                     (unsigned long long)datom_db_entid(db, bs_str_from(names[i])),
                     (unsigned long long)id);
    }
    assert_str_equals(datom_db_ident(db, id), newest);
}

static void test_schema__old_names_find_their_entity_until_another_takes_them(void **state)
{
    (void)state;
    static const char *const all[] = {"s/one", "s/uno", "s/eins"};
    struct datom_conn *conn = open_store("names");
    transact_ok(conn, schema_text);
    transact_ok(conn, "[{:db/ident :color/red}]");
    struct datom_db *first = datom_conn_db(conn);
    datom_id red = datom_db_entid(first, BS_STR("color/red"));
    transact_ok(conn,
                "[{:db/id :s/one :db/ident :s/uno} {:db/id :color/red :db/ident :color/rot}]");
    transact_ok(conn, "[{:db/id :s/one :db/ident :s/eins}]");
    for (int i = 0; i < 2; i++) {
        struct datom_db *db = datom_conn_db(conn);
        assert_names(db, all, 3, 74, "s/eins");
        assert_int_equal(datom_db_entid(db, BS_STR("color/red")), red);
        assert_str_equals(datom_db_ident(db, red), "color/rot");
        /* the schema is not time-travelled: an as-of value has the newest names */
        struct datom_db *past = datom_db_as_of(db, datom_db_basis_t(first));
        assert_names(past, all, 3, 74, "s/eins");
        datom_db_unref(past);
        datom_db_unref(db);
        /* by any of them */
        transact_ok(conn, i == 0 ? "[{:s/id \"a\" :s/one 1}]" : "[{:s/id \"a\" :s/uno 2}]");
        if (i == 0) {
            datom_db_unref(first);
            conn = reopen(conn, "names");
            first = datom_conn_db(conn);
        }
    }
    datom_db_unref(first);
    /* an old name is given to another entity, and goes back */
    transact_ok(conn, "[{:db/id \"n\" :db/ident :s/one :db/doc \"who has it now\"}]");
    conn = reopen(conn, "names");
    struct datom_db *db = datom_conn_db(conn);
    datom_id taken = datom_db_entid(db, BS_STR("s/one"));
    assert_int_not_equal(taken, 74);
    assert_names(db, all + 1, 2, 74, "s/eins");
    datom_db_unref(db);
    transact_fails(conn, "[{:s/id \"a\" :s/one 3}]", BS_REASON_DB_NOT_AN_ATTRIBUTE);
    transact_ok(conn, "[[:db/retract :s/one :db/ident :s/one]]");
    transact_ok(conn, "[{:db/id 74 :db/ident :s/one}]");
    for (int i = 0; i < 2; i++) {
        db = datom_conn_db(conn);
        assert_names(db, all, 3, 74, "s/one");
        assert_int_equal(datom_db_ident(db, taken).len, 0);
        datom_db_unref(db);
        fixture_check(conn);
        conn = reopen(conn, "names");
    }
    datom_conn_unref(conn);
}

static void test_schema__a_deprecation_is_data(void **state)
{
    (void)state;
    struct datom_conn *conn = open_store("deprecated");
    transact_ok(conn, schema_text);
    transact_ok(conn, "[{:db/id :s/one :db/deprecated \"use :s/many\"}]");
    transact_ok(conn, data_text); /* nothing is refused for it */
    conn = reopen(conn, "deprecated");
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_db *db = datom_conn_db(conn);
    struct edn value;
    bool found;
    assert_int_equal(datom_db_get(db, 74, datom_db_attribute_named(db, BS_STR("db/deprecated")),
                                  arena, &value, &found, NULL),
                     BS_OK);
    assert_true(found);
    assert_str_equals(edn_text_of(value), "use :s/many");
    assert_int_equal(datom_db_attribute_named(db, BS_STR("db/deprecated"))->id, 33);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema__refusals_say_what_and_why),
        cmocka_unit_test(test_schema__what_may_change_does),
        cmocka_unit_test(test_schema__what_was_retracted_without_an_index_stays_away),
        cmocka_unit_test(test_schema__old_names_find_their_entity_until_another_takes_them),
        cmocka_unit_test(test_schema__a_deprecation_is_data),
    };
    return cmocka_run_group_tests_name("datom/schema", tests, fixture_setup, fixture_teardown);
}
