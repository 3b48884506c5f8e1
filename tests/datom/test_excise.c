/*
 * Excision: what is erased and what is left, in current values, history, log and files; on disk, in
 * memory, in forks, through another log; what was noHistory; killed on the way (the reference's row
 * 45).
 */

#include "support.h"

#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datom/datom.h"
#include "datom/fixture.h"
#include "shared_log.h"

/* Everything that is secret says so, so that it is found wherever it is left. */
static const char *const script[] = {
    "[{:db/ident :p/id :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/tags :db/valueType :db.type/string :db/cardinality :db.cardinality/many"
    "  :db/index true}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/parts :db/valueType :db.type/ref :db/cardinality :db.cardinality/many"
    "  :db/isComponent true}"
    " {:db/ident :p/last-seen :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}]",
    "[{:p/id \"secret-eve\" :p/name \"secret-name-1\" :p/tags [\"secret-tag-1\" \"secret-tag-2\"]"
    "  :p/last-seen \"secret-seen-1\" :db/ident :person/secret-eve"
    "  :p/parts [{:p/name \"secret-part-1\" :p/parts [{:p/name \"secret-part-2\"}]}]}"
    " {:p/id \"adam\" :p/name \"kept-name-1\" :p/last-seen \"kept-seen-1\"}]",
    "[{:p/id \"adam\" :p/friend [:p/id \"secret-eve\"] :p/name \"kept-name-2\"}"
    " [:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-2\"]"
    " [:db/retract [:p/id \"secret-eve\"] :p/tags \"secret-tag-1\"]]",
    "[{:p/id \"secret-eve\" :p/last-seen \"secret-seen-2\"}"
    " {:p/id \"adam\" :p/last-seen \"kept-seen-2\"}]",
    "[[:db/retract [:p/id \"secret-eve\"] :p/last-seen]]",
    "[{:p/id \"secret-eve\" :p/last-seen \"secret-seen-3\"}]",
};

static void run_script(struct datom_conn *conn)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(script); i++)
        fixture_transact(conn, script[i]);
}

static struct datom_conn *open_store(const char *name, const struct datom_log_store *log)
{
    return fixture_open(
        name, &(struct datom_options){.create = true, .no_compression = true, .log = log});
}

/* ---- looking for what is left ---- */

/* Datoms that say `needle` in an index, with history, and in the log. */
static size_t count_in(struct datom_db *db, enum datom_index index, const char *needle)
{
    struct datom_range range = {.index = index};
    struct datom_cursor *cursor;
    size_t found = 0;
    char text[200];
    assert_int_equal(datom_cursor_open(db, &range, &cursor, NULL), BS_OK);
    for (;;) {
        const struct datom *datoms;
        size_t count;
        assert_int_equal(datom_cursor_next(cursor, &datoms, &count, NULL), BS_OK);
        for (size_t i = 0; i < count; i++)
            found += strstr(edn_print_cut(datoms[i].v, text, sizeof(text)), needle) != NULL;
        if (count == 0)
            break;
    }
    datom_cursor_free(cursor);
    return found;
}

static size_t count_in_log(struct datom_db *db, const char *needle)
{
    struct datom_log_reader *reader;
    size_t count = 0;
    char text[200];
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
        if (!found)
            break;
        for (size_t i = 0; i < entry.count; i++)
            count += strstr(edn_print_cut(entry.datoms[i].v, text, sizeof(text)), needle) != NULL;
    }
    datom_log_close(reader);
    return count;
}

static size_t count_left(struct datom_conn *conn, const char *needle)
{
    struct datom_db *db = datom_conn_db(conn);
    struct datom_db *history = datom_db_history(db);
    size_t count = count_in_log(db, needle);
    for (int index = DATOM_EAVT; index <= DATOM_AVET; index++)
        count += count_in(history, (enum datom_index)index, needle);
    datom_db_unref(history);
    datom_db_unref(db);
    return count;
}

/* Files of a store in which bytes stand; names them. */
static size_t count_files(const char *name, const char *needle)
{
    char command[300];
    char line[200];
    size_t count = 0;
    snprintf(command, sizeof(command), "grep -rla -e '%s' %s/%s", needle, fixture_folder(), name);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe)) {
        print_message("%s stands in %s", needle, line);
        count++;
    }
    pclose(pipe);
    return count;
}

/* ---- what goes and what stays ---- */

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
        if (count_left(conn, row->gone[i]) != 0)
            fail_msg("%s: %s is left", row->name, row->gone[i]);
    }
    for (size_t i = 0; i < 8 && row->left[i]; i++) {
        if (count_left(conn, row->left[i]) == 0)
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
        struct datom_conn *conns[] = {open_store(name, NULL), datom_conn_new_memory(NULL), NULL};
        run_script(conns[0]);
        run_script(conns[1]);
        struct datom_db *db = datom_conn_db(conns[0]);
        assert_int_equal(datom_conn_fork(db, NULL, &conns[2], NULL), BS_OK);
        datom_db_unref(db);
        excise(conns[2], &rows[i]); /* the fork first: its parent must not notice */
        expect(conns[2], &rows[i]);
        assert_true(count_left(conns[0], "secret-name-1") > 0);
        datom_conn_unref(conns[2]);
        for (size_t j = 0; j < 2; j++) {
            excise(conns[j], &rows[i]);
            expect(conns[j], &rows[i]);
        }
        datom_conn_unref(conns[0]);
        datom_conn_unref(conns[1]);
        for (size_t j = 0; j < 8 && rows[i].gone[j]; j++) {
            /* opened once more, so that the engine's manifest is a new one */
            conns[0] = open_store(name, NULL);
            expect(conns[0], &rows[i]);
            datom_conn_unref(conns[0]);
            if (count_files(name, rows[i].gone[j]) != 0)
                fail_msg("%s: %s is left in files", rows[i].name, rows[i].gone[j]);
        }
    }
}

static void test_what_is_erased_can_be_said_anew_and_the_request_stays(void **state)
{
    (void)state;
    struct datom_conn *conn = open_store("anew", NULL);
    run_script(conn);
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
    run_script(conn);
    fixture_transact(conn, "[[:db/retractEntity [:p/id \"secret-eve\"]]"
                           " {:db/excise [:p/id \"secret-eve\"]}]");
    assert_int_equal(count_left(conn, "secret"), 0);
    fixture_check(conn);
    datom_conn_unref(conn);
}

static void test_a_time_that_can_not_be_is_refused_and_names_the_form(void **state)
{
    (void)state;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    run_script(conn);
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(
        datom_transact_text(conn,
                            BS_STR("[{:db/excise [:p/id \"secret-eve\"] :db.excise/beforeT -5}]"),
                            NULL, NULL, &error),
        BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_DB_INVALID_TIME_POINT);
    assert_true(count_left(conn, "secret-name-1") > 0);
    datom_conn_unref(conn);
}

static void test_attributes_that_are_none_are_refused(void **state)
{
    (void)state;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    run_script(conn);
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
    struct datom_conn *conn = open_store("held", NULL);
    run_script(conn);
    struct datom_db *held = datom_conn_db(conn);
    struct datom_conn *fork;
    struct datom_report *report;
    assert_int_equal(datom_conn_fork(held, NULL, &fork, NULL), BS_OK);
    fixture_transact(fork, "[{:p/id \"forked\"}]");
    assert_true(count_in(held, DATOM_EAVT, "secret") > 0);
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/excise [:p/id \"secret-eve\"]}]"),
                                         NULL, &report, NULL),
                     BS_OK);
    assert_int_equal(count_in(held, DATOM_EAVT, "secret"), 0);
    assert_int_equal(count_in(held, DATOM_AVET, "secret"), 0);
    assert_int_equal(count_in_log(held, "secret"), 0);
    assert_int_equal(count_in(report->db_before, DATOM_EAVT, "secret"), 0);
    assert_true(count_in(held, DATOM_EAVT, "kept-name-2") > 0);
    assert_int_equal(count_left(fork, "secret"), 0);
    assert_true(count_left(fork, "forked") > 0);
    /* the files are clean while all of them are held; the manifest is new at the next open */
    assert_int_equal(count_files("held/*.sst", "secret"), 0);
    assert_int_equal(count_files("held/*.log", "secret"), 0);
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
    struct datom_conn *conns[] = {open_store("composites", NULL), datom_conn_new_memory(NULL)};
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
        assert_true(count_left(conns[i], gone) > 0);
        /* the same transaction moves b: what is copied into its new tuple goes too */
        fixture_transact(conns[i],
                         "[{:db/excise [:s/id \"eve\"]} [:db/add [:s/id \"b\"] :s/seat 4]]");
        fixture_check(conns[i]);
        /* what somebody said in a tuple of his own stays, as it does for retractEntity */
        db = datom_conn_db(conns[i]);
        struct datom_db *history = datom_db_history(db);
        assert_int_equal(count_in(history, DATOM_EAVT, gone), count_in(history, DATOM_EAVT, pair));
        assert_int_equal(count_in_log(db, gone), count_in_log(db, pair));
        assert_int_equal(count_in(history, DATOM_EAVT, "2 1"), 0); /* :s/old */
        datom_db_unref(history);
        datom_db_unref(db);
        /* bob's stays; b's comes with the next that is said of a member */
        fixture_transact(conns[i], "[{:s/id \"b\" :s/who [:s/id \"bob\"]}]");
        assert_true(count_left(conns[i], " 2]") > 0);
        assert_true(count_left(conns[i], " 4]") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
}

static void test_what_was_asserted_before_an_instant_goes(void **state)
{
    (void)state;
    struct bs_clock_fixed clock = {.now_ms = 1000};
    const struct datom_options options = {.clock = bs_clock_of_fixed(&clock)};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    for (size_t i = 0; i < BS_ARRAY_COUNT(script); i++, clock.now_ms += 1000)
        fixture_transact(conn, script[i]);
    /* the instant of the third transaction, which gave secret-name-2: it is not before itself */
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.000Z\"}]");
    assert_int_equal(count_left(conn, "secret-name-1"), 0);
    assert_true(count_left(conn, "secret-name-2") > 0);
    /* a moment later it is; of two bounds the earlier one counts */
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/beforeT 1000"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.001Z\"}]");
    assert_true(count_left(conn, "secret-name-2") > 0);
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                           "  :db.excise/before #inst \"1970-01-01T00:00:03.001Z\"}]");
    assert_int_equal(count_left(conn, "secret-name"), 0);
    assert_true(count_left(conn, "secret-tag-1") > 0);
    fixture_check(conn);
    datom_conn_unref(conn);
}

/* ---- another log ---- */

static void open_log(struct shared_log *log, const char *name)
{
    char path[FIXTURE_PATH_MAX];
    char file[40];
    snprintf(file, sizeof(file), "%s.log", name);
    (void)fixture_path(file, path);
    shared_log_open(log, path);
}

static void test_another_log_is_erased_too_and_its_other_readers_follow(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "shared");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = open_store("log-a", &store);
    struct datom_conn *b = open_store("log-b", &store);
    run_script(a);
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    /* b is left behind, with values that the log will not speak of any more */
    fixture_transact(a, "[[:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-3\"]]");
    fixture_transact(a, "[{:db/excise [:p/id \"secret-eve\"]}]");
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    struct datom_conn *conns[] = {a, b, open_store("log-c", &store)};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(count_left(conns[i], "secret"), 0);
        assert_true(count_left(conns[i], "kept-name-1") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
    assert_int_equal(count_files("shared.log", "secret"), 0);
    shared_log_close(&log);
}

static void test_who_was_behind_an_erased_update_has_no_trace_of_it(void **state)
{
    (void)state;
    struct shared_log log;
    open_log(&log, "behind");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *a = open_store("behind-a", &store);
    struct datom_conn *b = open_store("behind-b", &store);
    run_script(a);
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    fixture_transact(a, "[[:db/add [:p/id \"secret-eve\"] :p/name \"open-name\"]]");
    /* the name that b has goes, with its retraction; the update stays */
    fixture_transact(a, "[{:db/excise [:p/id \"secret-eve\"] :db.excise/attrs [:p/name]"
                        "  :db.excise/beforeT 1010}]");
    struct datom_conn *conns[] = {a, b};
    assert_int_equal(datom_conn_catch_up(b, NULL), BS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(count_left(conns[i], "secret-name"), 0);
        assert_true(count_left(conns[i], "open-name") > 0);
        fixture_check(conns[i]);
        datom_conn_unref(conns[i]);
    }
    shared_log_close(&log);
}

static void test_an_erasure_that_the_log_refuses_is_told_as_not_known_and_done_later(void **state)
{
    (void)state;
    struct shared_log log;
    struct bs_error error = BS_ERROR_INIT;
    open_log(&log, "refused");
    struct datom_log_store store = shared_log_store(&log);
    struct datom_conn *conn = open_store("refused-a", &store);
    run_script(conn);
    fixture_transact(conn, "[[:db/add [:p/id \"secret-eve\"] :p/name \"secret-name-3\"]]");
    size_t count = log.count;
    log.fail_next_replace = true;
    assert_int_equal(datom_transact_text(conn, BS_STR("[{:db/excise [:p/id \"secret-eve\"]}]"),
                                         NULL, NULL, &error),
                     BS_UNKNOWN);
    assert_int_equal(error.reason, BS_REASON_STORE_OUTCOME_UNKNOWN);
    assert_non_null(strstr(error.message, "the log is away"));
    /* its transaction is there, for all to see */
    assert_int_equal(log.count, count + 1);
    assert_true(count_left(conn, "secret") > 0);
    assert_int_equal(datom_conn_catch_up(conn, NULL), BS_OK);
    assert_int_equal(count_left(conn, "secret"), 0);
    assert_int_equal(count_files("refused.log", "secret"), 0);
    fixture_transact(conn, "[{:p/id \"kept-after\"}]");
    fixture_check(conn);
    datom_conn_unref(conn);
    shared_log_close(&log);
}

/* ---- killed on the way ---- */

/* This program again, as test_excise --excise DIR NAME USEC: excises, and is killed meanwhile. */
static int excise_main(char **argv)
{
    uint64_t usec = 0;
    fixture_use(argv[2]);
    if (!bs_str_parse_u64(bs_str_from(argv[4]), &usec))
        return 2;
    struct datom_conn *conn = open_store(argv[3], NULL);
    run_script(conn);
    struct itimerval timer = {.it_value = {.tv_usec = (suseconds_t)usec}};
    setitimer(ITIMER_REAL, &timer, NULL);
    fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"]}]");
    kill(getpid(), SIGKILL);
    return 3;
}

static void test_killed_during_an_excision_it_is_done_or_not_at_all(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        char name[20], usec[20];
        snprintf(name, sizeof(name), "kill-%d", round);
        snprintf(usec, sizeof(usec), "%d", 500 + round * 3000);
        pid_t pid = fork();
        if (pid == 0) {
            execl("/proc/self/exe", "test_excise", "--excise", fixture_folder(), name, usec, NULL);
            _exit(4);
        }
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        struct datom_conn *conn = open_store(name, NULL);
        struct datom_health health;
        datom_conn_health(conn, &health);
        assert_true(health.was_left);
        bool is_done = count_left(conn, "secret") == 0;
        if (!is_done)
            assert_true(count_left(conn, "secret-name-1") > 0);
        fixture_check(conn);
        datom_conn_unref(conn);
        /* the manifest of the open that purged is a new one after the next */
        conn = open_store(name, NULL);
        datom_conn_health(conn, &health);
        assert_false(health.was_left);
        datom_conn_unref(conn);
        if (is_done)
            assert_int_equal(count_files(name, "secret"), 0);
    }
}

/* What it has read of the writer's log before is not what the files have now. */
static void test_a_reader_beside_the_writer_is_rid_of_it_too(void **state)
{
    (void)state;
    struct datom_conn *conn = open_store("beside", NULL);
    run_script(conn);
    struct datom_conn *reader = fixture_open("beside", &(struct datom_options){.read_only = true});
    for (size_t round = 0; round < 2; round++) {
        if (round == 0)
            fixture_transact(conn, "[{:db/excise [:p/id \"secret-eve\"]}]");
        else
            fixture_transact(conn, "[[:db/retract [:p/id \"adam\"] :p/name \"kept-name-2\"]]");
        /* closing writes the log out, and it is gone */
        if (round == 1)
            datom_conn_unref(conn);
        assert_int_equal(datom_conn_catch_up(reader, NULL), BS_OK);
        struct datom_db *db = datom_conn_db(reader);
        struct datom_db *past = datom_db_history(db);
        for (int index = DATOM_EAVT; index <= DATOM_AVET; index++) {
            assert_int_equal(count_in(past, (enum datom_index)index, "secret"), 0);
            assert_int_equal(count_in(db, (enum datom_index)index, "kept-name-2"), 1 - round);
        }
        datom_db_unref(past);
        datom_db_unref(db);
    }
    fixture_check(reader);
    datom_conn_unref(reader);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--excise") == 0)
        return excise_main(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reader_beside_the_writer_is_rid_of_it_too),
        cmocka_unit_test(test_an_excision_takes_what_it_names_from_indexes_history_and_log),
        cmocka_unit_test(test_what_is_erased_can_be_said_anew_and_the_request_stays),
        cmocka_unit_test(test_retracting_and_excising_at_once_leaves_no_retraction),
        cmocka_unit_test(test_attributes_that_are_none_are_refused),
        cmocka_unit_test(test_a_time_that_can_not_be_is_refused_and_names_the_form),
        cmocka_unit_test(test_values_that_were_held_do_not_show_it_and_pin_nothing),
        cmocka_unit_test(test_composites_of_others_do_not_keep_who_was_erased),
        cmocka_unit_test(test_what_was_asserted_before_an_instant_goes),
        cmocka_unit_test(test_another_log_is_erased_too_and_its_other_readers_follow),
        cmocka_unit_test(test_who_was_behind_an_erased_update_has_no_trace_of_it),
        cmocka_unit_test(test_an_erasure_that_the_log_refuses_is_told_as_not_known_and_done_later),
        cmocka_unit_test(test_killed_during_an_excision_it_is_done_or_not_at_all),
    };
    return cmocka_run_group_tests_name("datom/excise", tests, fixture_setup, fixture_teardown);
}
