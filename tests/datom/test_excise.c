/*
 * Excision: what is erased and what is left, in current values, history, log and files; on disk, in
 * memory, in forks; what was noHistory (the reference's row 45).
 */

#include "support.h"

#include "datom/fixture.h"
#include "datom/secrets.h"

struct row {
    const char *name;
    const char *excise;
    const char *gone[8];
    const char *left[8];
};

#define EVERYTHING_KEPT "kept-name-1", "kept-name-2", "kept-seen-1", "kept-seen-2"

static const struct row rows[] = {
    {"an entity: all of it, its components and what refers to it",
     "[{:db/excise [:p/id \"secret-eve\"]}]",
     {"secret"},
     {EVERYTHING_KEPT}},
    {"an entity that was retracted before", "retracted", {"secret"}, {EVERYTHING_KEPT}},
    {"some attributes of an entity, of cardinality one and many",
     "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name :p/tags]}]",
     {"secret-name", "secret-tag"},
     {"secret-eve", "secret-part-1", "secret-seen-1", EVERYTHING_KEPT}},
    {"an attribute that forgets, of an entity",
     "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/last-seen]}]",
     {"secret-seen"},
     {"secret-eve", "secret-name-1", "kept-seen-1", "kept-seen-2"}},
    {"a component attribute takes the components along",
     "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/parts]}]",
     {"secret-part"},
     {"secret-eve", "secret-name-1", EVERYTHING_KEPT}},
    {"what was said before a t",
     "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name] :db.excise/beforeT 1006}]",
     {"secret-name-1"},
     {"secret-name-2", "secret-eve", EVERYTHING_KEPT}},
    {"an attribute: its datoms of all entities",
     "[{:db/excise :p/name}]",
     {"name-1", "name-2", "secret-part"},
     {"secret-eve", "secret-tag-1", "kept-seen-1", "kept-seen-2"}},
    {"an attribute that forgets",
     "[{:db/excise :p/last-seen}]",
     {"seen-"},
     {"secret-eve", "secret-name-1", "kept-name-1"}},
    {"two at once",
     "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/tags]} {:db/excise :p/name}]",
     {"secret-tag", "name-1", "name-2"},
     {"secret-eve", "kept-seen-1"}},
    {"row 45: what is built in stays, the request is recorded",
     "[{:db/excise :db/ident} {:db/excise :db/txInstant} {:db/excise :db.part/db}"
     " {:db/excise :db/excise} {:db/excise [:p/id \"adam\"] :db.excise/attrs :db/txInstant}]",
     {NULL},
     {"secret-eve", "secret-name-1", "secret-tag-1", "secret-part-2", EVERYTHING_KEPT}},
};

static void excise(struct datom_conn *conn, const struct row *row)
{
    if (strcmp(row->excise, "retracted") != 0) {
        fixture_transact(conn, row->excise);
        return;
    }
    char text[80];
    struct datom_db *db = datom_conn_db(conn);
    datom_id eve = datom_db_entid(db, BS_STR("person/secret-eve"));
    datom_db_unref(db);
    fixture_transact(conn, "[[:db/retractEntity [:p/id \"secret-eve\"]]]");
    snprintf(text, sizeof(text), "[{:db/excise %llu}]", (unsigned long long)eve);
    fixture_transact(conn, text);
}

static void expect(struct datom_conn *conn, const struct row *row)
{
    for (size_t i = 0; i < 8 && row->gone[i]; i++) {
        if (secrets_left(conn, row->gone[i]) != 0)
            fail_msg("%s: %s is left", row->name, row->gone[i]);
    }
    for (size_t i = 0; i < 8 && row->left[i]; i++) {
        if (secrets_left(conn, row->left[i]) == 0)
            fail_msg("%s: %s is gone", row->name, row->left[i]);
    }
    fixture_check(conn);
}

static void test_an_excision_takes_what_it_names_from_indexes_history_and_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char name[20];
        snprintf(name, sizeof(name), "row-%zu", i);
        struct datom_conn *conns[] = {secrets_open(name, NULL), datom_conn_new_memory(NULL), NULL};
        secrets_add(conns[0]);
        secrets_add(conns[1]);
        struct datom_db *db = datom_conn_db(conns[0]);
        assert_int_equal(datom_conn_fork(db, NULL, &conns[2], NULL), BS_OK);
        datom_db_unref(db);
        excise(conns[2], &rows[i]); /* the fork first: its parent must not notice */
        expect(conns[2], &rows[i]);
        assert_true(secrets_left(conns[0], "secret-name-1") > 0);
        datom_conn_unref(conns[2]);
        for (size_t j = 0; j < 2; j++) {
            excise(conns[j], &rows[i]);
            expect(conns[j], &rows[i]);
        }
        datom_conn_unref(conns[0]);
        datom_conn_unref(conns[1]);
        for (size_t j = 0; j < 8 && rows[i].gone[j]; j++) {
            /* opened once more, so that the engine's manifest is a new one */
            conns[0] = secrets_open(name, NULL);
            expect(conns[0], &rows[i]);
            datom_conn_unref(conns[0]);
            if (secrets_in_files(name, rows[i].gone[j]) != 0)
                fail_msg("%s: %s is left in files", rows[i].name, rows[i].gone[j]);
        }
    }
}

static void test_what_is_erased_can_be_said_anew_and_the_request_stays(void **state)
{
    (void)state;
    struct datom_conn *conn = secrets_open("anew", NULL);
    secrets_add(conn);
    struct datom_db *before = datom_conn_db(conn);
    datom_id eve = datom_db_entid(before, BS_STR("person/secret-eve"));
    struct datom_report *report;
    struct bs_error error = BS_ERROR_INIT;
    datom_db_unref(before);
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/excise [:p/id \"secret-eve\"]}]"),
                                         NULL, &report, &error),
                     BS_OK);
    /* the report: its instant and the request */
    assert_int_equal(report->datoms_count, 2);
    assert_int_equal(report->datoms[1].v.as.integer, eve);
    const struct datom_attribute *id = datom_db_attribute_named(report->db_after, BS_STR("p/id"));
    assert_int_equal(datom_db_attribute_count(report->db_after, id->id), 1);
    assert_int_equal(datom_db_entid(report->db_after, BS_STR("person/secret-eve")), DATOM_NO_ID);
    datom_id holder;
    assert_int_equal(
        datom_db_lookup(report->db_after, id, edn_string(BS_STR("secret-eve")), &holder, NULL),
        BS_OK);
    assert_int_equal(holder, DATOM_NO_ID);
    datom_report_free(report);
    fixture_transact(conn, "[{:p/id \"secret-eve\" :p/name \"again\"}]");
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_db_lookup(db, datom_db_attribute_named(db, BS_STR("p/id")),
                                     edn_string(BS_STR("secret-eve")), &holder, NULL),
                     BS_OK);
    assert_int_not_equal(holder, eve);
    datom_db_unref(db);
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_retracting_and_excising_at_once_leaves_no_retraction(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    secrets_add(conn);
    fixture_transact(conn, "[[:db/retractEntity [:p/id \"secret-eve\"]]"
                           " {:db/excise [:p/id \"secret-eve\"]}]");
    assert_int_equal(secrets_left(conn, "secret"), 0);
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_a_time_that_can_not_be_is_refused_and_names_the_form(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    secrets_add(conn);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_transact_text(conn,
                            BS_STR("[{:db/excise [:p/id \"secret-eve\"] :db.excise/beforeT -5}]"),
                            NULL, NULL, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_TIME_POINT);
    assert_true(secrets_left(conn, "secret-name-1") > 0);
    datom_conn_unref(conn);
}

static void test_attributes_that_are_none_are_refused(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    secrets_add(conn);
    assert_int_equal(datom_transact_text(
                         conn,
                         BS_STR("[{:db/excise [:p/id \"adam\"] :db.excise/attrs :db.part/user}]"),
                         NULL, NULL, &error),
                     BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_EXCISE);
    assert_non_null(strstr(error.message, "form 0, "));
    assert_non_null(strstr(error.message, "entity 4, :db.part/user, which is no attribute"));
    datom_conn_unref(conn);
}

static void test_values_that_were_held_do_not_show_it_and_pin_nothing(void **state)
{
    (void)state;
    struct datom_conn *conn = secrets_open("held", NULL);
    secrets_add(conn);
    struct datom_db *held = datom_conn_db(conn);
    struct datom_conn *fork;
    struct datom_report *report;
    assert_int_equal(datom_conn_fork(held, NULL, &fork, NULL), BS_OK);
    fixture_transact(fork, "[{:p/id \"forked\"}]");
    assert_true(secrets_in_index(held, DATOM_EAVT, "secret") > 0);
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/excise [:p/id \"secret-eve\"]}]"),
                                         NULL, &report, NULL),
                     BS_OK);
    assert_int_equal(secrets_in_index(held, DATOM_EAVT, "secret"), 0);
    assert_int_equal(secrets_in_index(held, DATOM_AVET, "secret"), 0);
    assert_int_equal(secrets_in_log(held, "secret"), 0);
    assert_int_equal(secrets_in_index(report->db_before, DATOM_EAVT, "secret"), 0);
    assert_true(secrets_in_index(held, DATOM_EAVT, "kept-name-2") > 0);
    assert_int_equal(secrets_left(fork, "secret"), 0);
    assert_true(secrets_left(fork, "forked") > 0);
    /* the files are clean while all of them are held; the manifest is new at the next open */
    assert_int_equal(secrets_in_files("held/*.sst", "secret"), 0);
    assert_int_equal(secrets_in_files("held/*.log", "secret"), 0);
    datom_report_free(report);
    datom_conn_unref(fork);
    datom_db_unref(held);
    fixture_check(conn);
    datom_conn_unref(conn);
}

/* Entities of a composite that has a reference and of one that is not kept any more; those of
 * someone with a history of them. */
static const char *const composites_script[] = {
    "[{:db/ident :s/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :s/who :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
    " {:db/ident :s/last :db/valueType :db.type/ref :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :s/seat :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :s/who+seat :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:s/who :s/seat] :db/unique :db.unique/value}"
    " {:db/ident :s/old :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:s/seat :s/who]}"
    " {:db/ident :s/last+seat :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:s/last :s/seat]}"
    " {:db/ident :s/pair :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleTypes [:db.type/ref :db.type/long]}]",
    "[{:s/id \"eve\"} {:s/id \"bob\"}]",
    "[{:s/id \"a\" :s/who [:s/id \"eve\"] :s/last [:s/id \"eve\"] :s/seat 1"
    "  :s/pair [[:s/id \"eve\"] 5]}]",
    "[{:s/id \"a\" :s/seat 2}]",
    "[{:db/id :s/old :db.tuple/discontinued true}]",
    "[{:s/id \"a\" :s/who [:s/id \"bob\"] :s/last [:s/id \"bob\"]}]",
    "[{:s/id \"b\" :s/who [:s/id \"eve\"] :s/seat 3}]",
};

static void test_composites_of_others_do_not_keep_who_was_erased(void **state)
{
    (void)state;
    struct datom_conn *conns[] = {secrets_open("composites", NULL), datom_conn_new_memory(NULL)};
    for (size_t i = 0; i < BS_ARRAY_COUNT(conns); i++) {
        for (size_t j = 0; j < BS_ARRAY_COUNT(composites_script); j++)
            fixture_transact(conns[i], composites_script[j]);
        char eve[24], gone[40], pair[40];
        struct datom_db *db = datom_conn_db(conns[i]);
        datom_id id;
        assert_int_equal(datom_db_lookup(db, datom_db_attribute_named(db, BS_STR("s/id")),
                                         edn_string(BS_STR("eve")), &id, NULL),
                         BS_OK);
        datom_db_unref(db);
        snprintf(eve, sizeof(eve), "%llu", (unsigned long long)id);
        snprintf(gone, sizeof(gone), "[%s ", eve);
        snprintf(pair, sizeof(pair), "[%s 5]", eve);
        assert_true(secrets_left(conns[i], gone) > 0);
        /* the same transaction moves b: what is copied into its new tuple goes too */
        fixture_transact(conns[i],
                         "[{:db/excise [:s/id \"eve\"]} [:db/add [:s/id \"b\"] :s/seat 4]]");
        fixture_check(conns[i]);
        /* what somebody said in a tuple of his own stays, as it does for retractEntity */
        db = datom_conn_db(conns[i]);
        struct datom_db *history = datom_db_history(db);
        assert_int_equal(secrets_in_index(history, DATOM_EAVT, gone),
                         secrets_in_index(history, DATOM_EAVT, pair));
        assert_int_equal(secrets_in_log(db, gone), secrets_in_log(db, pair));
        assert_int_equal(secrets_in_index(history, DATOM_EAVT, "2 1"), 0); /* :s/old */
        datom_db_unref(history);
        datom_db_unref(db);
        /* bob's stays; b's comes with the next that is said of a member */
        fixture_transact(conns[i], "[{:s/id \"b\" :s/who [:s/id \"bob\"]}]");
        assert_true(secrets_left(conns[i], " 2]") > 0);
        assert_true(secrets_left(conns[i], " 4]") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
}

/* Boxes with components, and a composite; what else a transaction says counts with its excisions.
 */
static const char *const boxes_script[] = {
    "[{:db/ident :b/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :b/x :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :b/y :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :b/in :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :b/on :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}]",
    "[{:db/ident :b/x+y :db/valueType :db.type/tuple :db/cardinality :db.cardinality/one"
    "  :db/tupleAttrs [:b/x :b/y]}]",
    "[{:b/id \"one\" :b/x \"x-one\" :b/y \"y-one\" :b/in {:b/id \"small\" :b/x \"x-small\"}}"
    " {:b/id \"two\" :b/x \"x-two\"}]",
    "[{:b/id \"one\" :b/y \"y-later\"}]",
};
static const struct row among_others[] = {
    {"a component that moves stays",
     "[{:db/excise [:b/id \"one\"]} [:db/retract [:b/id \"one\"] :b/in [:b/id \"small\"]]"
     " [:db/add [:b/id \"two\"] :b/in [:b/id \"small\"]]]",
     {"x-one", "y-one"},
     {"x-small", "x-two"}},
    {"one that has two parents stays with the one that is left, and goes with both",
     "[{:db/excise [:b/id \"one\"]} [:db/add [:b/id \"two\"] :b/in [:b/id \"small\"]]]",
     {"x-one"},
     {"x-small", "x-two"}},
    {"one that is there by another attribute stays",
     "[{:db/excise [:b/id \"one\"] :db.excise/attrs :b/in}"
     " [:db/add [:b/id \"one\"] :b/on [:b/id \"small\"]]]",
     {NULL},
     {"x-one", "x-small"}},
    {"a parent that keeps it does so whatever the order of the requests",
     "[{:db/excise [:b/id \"two\"] :db.excise/attrs :b/x} {:db/excise [:b/id \"one\"]}"
     " [:db/add [:b/id \"two\"] :b/in [:b/id \"small\"]]]",
     {"x-one", "x-two"},
     {"x-small"}},
    {"and in the other one",
     "[{:db/excise [:b/id \"one\"]} {:db/excise [:b/id \"two\"] :db.excise/attrs :b/x}"
     " [:db/add [:b/id \"two\"] :b/in [:b/id \"small\"]]]",
     {"x-one", "x-two"},
     {"x-small"}},
    {"a composite that is made with it has nothing of what goes",
     "[{:db/excise [:b/id \"one\"]} [:db/add [:b/id \"one\"] :b/y \"y-new\"]]",
     {"x-one", "y-one", "y-later", "x-small"},
     {"y-new", "x-two"}},
    {"nor one that was made later than what goes",
     "[{:db/excise [:b/id \"one\"] :db.excise/attrs :b/x :db.excise/beforeT 1003}]",
     {"x-one"},
     {"y-one", "y-later", "x-small"}},
};

static void test_an_excision_goes_with_what_else_its_transaction_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(among_others); i++) {
        char name[20];
        snprintf(name, sizeof(name), "among-%zu", i);
        struct datom_conn *conns[] = {secrets_open(name, NULL), datom_conn_new_memory(NULL)};
        for (size_t j = 0; j < BS_ARRAY_COUNT(conns); j++) {
            for (size_t k = 0; k < BS_ARRAY_COUNT(boxes_script); k++)
                fixture_transact(conns[j], boxes_script[k]);
            fixture_transact(conns[j], among_others[i].excise);
            expect(conns[j], &among_others[i]);
            datom_conn_unref(conns[j]);
        }
    }
    /* what goes with both */
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    for (size_t k = 0; k < BS_ARRAY_COUNT(boxes_script); k++)
        fixture_transact(conn, boxes_script[k]);
    fixture_transact(conn, "[{:db/excise [:b/id \"one\"]} {:db/excise :b/in}"
                           " [:db/add [:b/id \"two\"] :b/in [:b/id \"small\"]]]");
    assert_true(secrets_left(conn, "x-small") > 0); /* :b/in is said after what is erased of it */
    fixture_transact(conn, "[{:db/excise [:b/id \"two\"]}]");
    assert_int_equal(secrets_left(conn, "x-small"), 0);
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_what_was_asserted_before_an_instant_goes(void **state)
{
    (void)state;
    struct bs_clock_fixed clock = {.now_ms = 1000};
    const struct datom_options options = {.clock = bs_clock_of_fixed(&clock)};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    for (size_t i = 0; i < SECRETS_COUNT; i++, clock.now_ms += 1000)
        fixture_transact(conn, secrets[i]);
    /* the instant of the third transaction, which gave secret-name-2: it is not before itself */
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.000Z\"}]");
    assert_int_equal(secrets_left(conn, "secret-name-1"), 0);
    assert_true(secrets_left(conn, "secret-name-2") > 0);
    /* a moment later it is; of two bounds the earlier one counts */
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/beforeT 1000"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.001Z\"}]");
    assert_true(secrets_left(conn, "secret-name-2") > 0);
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.001Z\"}]");
    assert_int_equal(secrets_left(conn, "secret-name"), 0);
    assert_true(secrets_left(conn, "secret-tag-1") > 0);
    fixture_check(conn);
    datom_conn_unref(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_excision_takes_what_it_names_from_indexes_history_and_log),
        cmocka_unit_test(test_what_is_erased_can_be_said_anew_and_the_request_stays),
        cmocka_unit_test(test_retracting_and_excising_at_once_leaves_no_retraction),
        cmocka_unit_test(test_a_time_that_can_not_be_is_refused_and_names_the_form),
        cmocka_unit_test(test_attributes_that_are_none_are_refused),
        cmocka_unit_test(test_values_that_were_held_do_not_show_it_and_pin_nothing),
        cmocka_unit_test(test_composites_of_others_do_not_keep_who_was_erased),
        cmocka_unit_test(test_an_excision_goes_with_what_else_its_transaction_says),
        cmocka_unit_test(test_what_was_asserted_before_an_instant_goes),
    };
    return cmocka_run_group_tests_name("datom/excise", tests, fixture_setup, fixture_teardown);
}
