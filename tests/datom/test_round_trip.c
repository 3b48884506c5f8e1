/*
 * A store with everything that a format keeps (everything.h) goes out and comes back: by an export,
 * by a backup, by indexes made anew. What it says stays the same to the byte, and each copy is
 * whole.
 */

#include "support.h"

#include "datom/backup.h"
#include "datom/bulk.h"
#include "datom/everything.h"
#include "datom/export.h"
#include "datom/fixture.h"
#include "datom/rebuild.h"

static struct datom_conn *open_store(const char *name)
{
    const struct datom_options options = {.create = true, .clock = everything_clock()};
    return fixture_open(name, &options);
}

static int setup(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    struct datom_conn *conn = open_store("given");
    everything_transact(conn);
    datom_conn_unref(conn);
    return 0;
}

static void tell(void *self, const char *line)
{
    (void)self;
    print_message("# %s\n", line);
}

static enum bs_code append_line(void *self, struct bs_str line, struct bs_error *error)
{
    (void)error;
    bs_buf_append_str(self, line);
    return BS_OK;
}

/* What a store says, which must be whole. */
static void export_store(const char *name, struct bs_buf *out)
{
    struct datom_check_report report;
    struct datom_conn *conn = open_store(name);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_db_check(db, tell, NULL, &report, NULL), BS_OK);
    assert_int_equal(report.differences, 0);
    bs_buf_reset(out);
    assert_int_equal(datom_export(db, append_line, out, NULL), BS_OK);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

static enum bs_code load(const char *name, struct bs_str text, struct bs_error *error)
{
    char dir[FIXTURE_PATH_MAX];
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = NULL;
    struct edn_reader reader;
    struct edn form;
    bool found;
    BS_TRY(datom_bulk_open(fixture_path(name, dir), NULL, &bulk, error));
    edn_reader_init(&reader, text);
    for (;;) {
        BS_TRY(edn_read_next(&reader, arena, &form, &found, error));
        if (!found)
            return datom_bulk_finish(bulk, error);
        BS_TRY(datom_bulk_add_form(bulk, form, error));
    }
}

static void test_round_trip__by_an_export(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf given = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf taken = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    export_store("given", &given);
    if (load("taken", bs_buf_str(&given), &error) != BS_OK)
        fail_msg("load: %s", error.message);
    export_store("taken", &taken);
    assert_string_equal(bs_buf_cstr(&taken), bs_buf_cstr(&given));
    /* a copy goes on as what it is of: composites are kept, ids are not given twice */
    static const char next[] =
        "[{:p/id \"ann\" :p/name \"Ann once more\"} {:p/id \"new\" :p/name \"New\"}]";
    static const char *const names[] = {"given", "taken"};
    struct bs_buf *texts[] = {&given, &taken};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        struct datom_conn *conn = open_store(names[i]);
        if (datom_transact_text(conn, bs_str_from(next), NULL, NULL, &error) != BS_OK)
            fail_msg("%s: %s", names[i], error.message);
        datom_conn_unref(conn);
        export_store(names[i], texts[i]);
    }
    assert_non_null(strstr(bs_buf_cstr(&given), "[\"Ann once more\""));
    assert_string_equal(bs_buf_cstr(&taken), bs_buf_cstr(&given));
}

/* What a value refers to was issued, also when nothing was said of it. */
static void test_round_trip__by_an_export_gives_no_id_twice(void **state)
{
    (void)state;
    static const char schema[] =
        "[{:db/ident :r/n :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
        " {:db/ident :r/to :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}"
        " {:db/ident :r/pair :db/valueType :db.type/tuple :db/tupleType :db.type/ref"
        "  :db/cardinality :db.cardinality/one}]";
    static const char *const rows[] = {
        "[[:db/add \"a\" :r/n 5] [:db/retract \"none\" :r/n 1]"
        " [:db/add \"a\" :r/to \"b\"] [:db/retract \"b\" :r/n 1]]",
        "[[:db/add \"a\" :r/n 5] [:db/retract \"none\" :r/n 1]"
        " [:db/add \"a\" :r/pair [\"b\" nil]] [:db/retract \"b\" :r/n 1]]",
        "[[:db/add \"a\" :r/to \"b\"] [:db/retract \"b\" :r/n 1]"
        " {:db/force-partition {\"b\" :db.part/db}}]",
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        char given[20], taken[20];
        struct datom_report *report;
        snprintf(given, sizeof(given), "refers-%zu", i);
        snprintf(taken, sizeof(taken), "referred-%zu", i);
        struct datom_conn *conn = open_store(given);
        fixture_transact(conn, schema);
        assert_int_equal(datom_transact_text(conn, bs_str_from(rows[i]), NULL, &report, NULL),
                         BS_OK);
        datom_id referred = datom_report_tempid(report, BS_STR("b"));
        datom_report_free(report);
        datom_conn_unref(conn);
        export_store(given, &text);
        assert_int_equal(load(taken, bs_buf_str(&text), NULL), BS_OK);
        conn = open_store(taken);
        assert_int_equal(datom_transact_text(conn,
                                             BS_STR("[{:db/id \"x\" :r/n 1} {:db/id \"y\" :r/n 2"
                                                    " :db/force-partition {\"y\" :db.part/db}}]"),
                                             NULL, &report, NULL),
                         BS_OK);
        test_row(rows[i],
                 datom_report_tempid(report, BS_STR("x")) != referred &&
                     datom_report_tempid(report, BS_STR("y")) != referred,
                 "%llu is given again", (unsigned long long)referred);
        datom_report_free(report);
        datom_conn_unref(conn);
    }
    test_rows_end();
}

static void test_round_trip__by_indexes_made_anew(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
    char dir[FIXTURE_PATH_MAX];
    export_store("given", &before);
    assert_int_equal(datom_rebuild(fixture_path("given", dir), NULL, NULL), BS_OK);
    export_store("given", &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
}

static void test_round_trip__by_a_backup(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
    char given[FIXTURE_PATH_MAX], backup[FIXTURE_PATH_MAX], restored[FIXTURE_PATH_MAX];
    struct datom_backup_report report;
    struct bs_error error = BS_ERROR_INIT;
    export_store("given", &before);
    if (datom_backup(fixture_path("given", given), fixture_path("backup", backup), NULL, &report,
                     &error) != BS_OK ||
        datom_backup_restore(bs_str_from(backup), fixture_path("restored", restored), NULL, &report,
                             &error) != BS_OK)
        fail_msg("%s", error.message);
    export_store("restored", &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
    assert_int_equal(datom_rebuild(bs_str_from(restored), NULL, NULL), BS_OK);
    export_store("restored", &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
}

/* ---- a log after excisions ---- */

/* Looks for the datoms of an entry that retract what `seen` has not; adds those that add. */
static void check_entry(const char *name, const struct datom_log_entry *entry, struct bs_buf *seen)
{
    char line[400], text[200];
    for (size_t i = 0; i < entry->count; i++) {
        const struct datom *datom = &entry->datoms[i];
        snprintf(line, sizeof(line), "|%llu %llu %s|", (unsigned long long)datom->e,
                 (unsigned long long)datom->a, edn_print_cut(datom->v, text, sizeof(text)));
        if (datom->added)
            bs_buf_append_cstr(seen, line);
        else if (!strstr(bs_buf_cstr(seen), line))
            fail_msg("%s: the log retracts %s, which it never added", name, line);
    }
}

/* What is built in was added by the transaction before the users' first. */
static void check_log(const char *name, struct datom_db *db)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf seen = BS_BUF_INIT(0);
    struct datom_log_reader *reader;
    struct datom_log_entry entry;
    bool found;
    assert_int_equal(datom_log_open(db, 0, UINT64_MAX, &reader, NULL), BS_OK);
    assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
    while (found) {
        check_entry(name, &entry, &seen);
        assert_int_equal(datom_log_next(reader, &entry, &found, NULL), BS_OK);
    }
    datom_log_close(reader);
}

/* Its log, its indexes made anew, and a copy of what it says. */
static void check_excised(const char *title, const char *name, const char *copy)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    char dir[FIXTURE_PATH_MAX];
    export_store(name, &before);
    assert_int_equal(datom_rebuild(fixture_path(name, dir), NULL, NULL), BS_OK);
    export_store(name, &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
    if (load(copy, bs_buf_str(&before), &error) != BS_OK)
        fail_msg("%s: load: %s", title, error.message);
    export_store(copy, &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
}

static const struct {
    const char *name;
    const char *excise;
} excisions[] = {
    {"an entity with parts and tuples", "[{:db/excise [:p/id \"ann\"]}]"},
    {"an attribute that was altered", "[{:db/excise :p/remark}]"},
    {"a composite's member", "[{:db/excise :p/name}]"},
    {"a composite's member of one entity",
     "[{:db/excise [:p/id \"ann\"] :db.excise/attrs [:p/name]}]"},
    {"what was asserted before a retraction",
     "[{:db/excise [:p/id \"bob\"] :db.excise/beforeT 1060}]"},
    {"values of every type", "[{:db/excise :v/it}]"},
    {"some attributes of tuples",
     "[{:db/excise [:p/id \"ann\"] :db.excise/attrs [:p/mixed :p/points]}]"},
};

static void test_excised_log__has_no_retraction_without_its_assertion(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(excisions); i++) {
        struct bs_error error = BS_ERROR_INIT;
        char name[20], copy[20];
        snprintf(name, sizeof(name), "excised-%zu", i);
        snprintf(copy, sizeof(copy), "copied-%zu", i);
        struct datom_conn *conn = open_store(name);
        everything_transact(conn);
        if (datom_transact_text(conn, bs_str_from(excisions[i].excise), NULL, NULL, &error) !=
            BS_OK)
            fail_msg("%s: %s", excisions[i].name, error.message);
        struct datom_db *db = datom_conn_db(conn);
        check_log(excisions[i].name, db);
        datom_db_unref(db);
        datom_conn_unref(conn);
        check_excised(excisions[i].name, name, copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip__by_an_export),
        cmocka_unit_test(test_round_trip__by_an_export_gives_no_id_twice),
        cmocka_unit_test(test_round_trip__by_indexes_made_anew),
        cmocka_unit_test(test_round_trip__by_a_backup),
        cmocka_unit_test(test_excised_log__has_no_retraction_without_its_assertion),
    };
    return cmocka_run_group_tests_name("datom/round_trip", tests, setup, fixture_teardown);
}
