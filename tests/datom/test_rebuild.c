/*
 * What follows from a log: indexes that were damaged in every family are found by check and made
 * anew; an export loads into the same store again; loads and rebuilds that were cut off.
 */

#include "support.h"

#include "datom/bulk.h"
#include "datom/export.h"
#include "datom/fixture.h"
#include "datom/load.h"
#include "datom/rebuild.h"
#include "datom/rocks.h"
#include "datom/snapshot.h"

/* Both cardinalities, values by index, refs, forgotten values, an alteration of the keys, ended
 * lives, a long value, decimals. */
static const char *const transactions[] = {
    "[{:db/ident :p/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one"
    "  :db/unique :db.unique/identity}"
    " {:db/ident :p/tag :db/valueType :db.type/keyword :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/friend :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}"
    " {:db/ident :p/visits :db/valueType :db.type/long :db/cardinality :db.cardinality/one"
    "  :db/noHistory true}"
    " {:db/ident :p/worth :db/valueType :db.type/bigdec :db/cardinality :db.cardinality/one"
    "  :db/index true}"
    " {:db/ident :p/ratio :db/valueType :db.type/float :db/cardinality :db.cardinality/one}"
    " {:db/ident :p/alias :db/valueType :db.type/string :db/cardinality :db.cardinality/one}]",
    "[{:db/id \"a\" :p/name \"Ann\" :p/tag [:x :y] :p/visits 1 :p/worth 1.50M :p/alias \"A\"}"
    " {:db/id \"b\" :p/name \"Bob\" :p/tag :x :p/friend \"a\" :p/visits 7 :p/worth 100M"
    "  :p/ratio 0.1}]",
    "[[:db/add [:p/name \"Ann\"] :p/visits 2] [:db/retract [:p/name \"Ann\"] :p/tag :x]"
    " [:db/add [:p/name \"Ann\"] :p/friend [:p/name \"Bob\"]]"
    " [:db/add [:p/name \"Bob\"] :p/worth 2.5M]]",
    "[{:db/id :p/alias :db/cardinality :db.cardinality/many :db/index true}]",
    "[[:db/add [:p/name \"Ann\"] :p/alias \"Annie\"] [:db/retract [:p/name \"Bob\"] :p/friend"
    " [:p/name \"Ann\"]]]",
    "[{:db/id :p/tag :db/ident :p/label} [:db/add [:p/name \"Bob\"] :p/tag :z]]",
    "[[:db/retractEntity [:p/name \"Bob\"]]]",
};

static void make_store(const char *name)
{
    char dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    assert_int_equal(datom_conn_open(fixture_path(name, dir), NULL, &conn, NULL), BS_OK);
    for (size_t i = 0; i < BS_ARRAY_COUNT(transactions); i++) {
        if (datom_transact_text(conn, bs_str_from(transactions[i]), NULL, NULL, &error) != BS_OK)
            fail_msg("%s: %s", transactions[i], error.message);
    }
    datom_conn_unref(conn);
}

static void tell(void *self, const char *line)
{
    (void)self;
    print_message("# %s\n", line);
}

/* Differences; UINT64_MAX when the store can't even be opened. */
static uint64_t differences_of(const char *name, bool tells)
{
    char dir[FIXTURE_PATH_MAX];
    struct datom_conn *conn;
    struct datom_options options = {0};
    if (datom_conn_open(fixture_path(name, dir), &options, &conn, NULL) != BS_OK)
        return UINT64_MAX;
    struct datom_db *db = datom_conn_db(conn);
    struct datom_check_report report;
    assert_int_equal(datom_db_check(db, tells ? tell : NULL, NULL, &report, NULL), BS_OK);
    datom_db_unref(db);
    datom_conn_unref(conn);
    return report.differences;
}

static enum bs_code append_line(void *self, struct bs_str line, struct bs_error *error)
{
    (void)error;
    bs_buf_append_str(self, line);
    return BS_OK;
}

static void export_store(const char *name, struct bs_buf *out)
{
    char dir[FIXTURE_PATH_MAX];
    struct datom_conn *conn;
    struct datom_options options = {0};
    assert_int_equal(datom_conn_open(fixture_path(name, dir), &options, &conn, NULL), BS_OK);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_export(db, append_line, out, NULL), BS_OK);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

/* ---- damage ---- */

enum damage { LOSE_FIRST, LOSE_ALL, CHANGE_RECORD, ADD_KEY };

/* Writes to a family behind the back of everybody. */
static void damage_family(const char *name, enum datom_family family, enum damage damage)
{
    char dir[FIXTURE_PATH_MAX];
    struct datom_store *store;
    struct datom_options options = {0};
    assert_int_equal(datom_store_open(fixture_path(name, dir), &options, &store, NULL), BS_OK);
    struct datom_snapshot *snapshot = datom_snapshot_take(store);
    datom_store_enter(store);
    struct datom_kv_iter *iter = datom_snapshot_iter(snapshot, family, NULL);
    struct datom_write *write = datom_write_new();
    datom_kv_seek(iter, BS_STR_EMPTY);
    assert_true(iter->valid);
    struct datom_change change = {.family = family, .key = iter->key, .record = iter->record};
    switch (damage) {
    case LOSE_FIRST:
    case LOSE_ALL:
        change.is_delete = true;
        break;
    case CHANGE_RECORD:
        change.record = BS_STR("\x01\x02\x03");
        break;
    case ADD_KEY:
        change.key = BS_STR("a key that is none of any datom");
        break;
    }
    do {
        datom_write_add(store, write, &change);
        datom_kv_next(iter);
        change.key = iter->key;
    } while (damage == LOSE_ALL && iter->valid);
    datom_kv_free(iter);
    datom_store_leave(store);
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_snapshot_unref(snapshot);
    datom_store_unref(store);
}

static void rebuild_ok(const char *name)
{
    char dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_check_report report;
    if (datom_rebuild(fixture_path(name, dir), &report, &error) != BS_OK)
        fail_msg("rebuild: %s", error.message);
    assert_int_equal(report.transactions, BS_ARRAY_COUNT(transactions));
}

static void test_rebuild__repairs_every_family_from_every_damage(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(0);
    make_store("damaged");
    assert_int_equal(differences_of("damaged", true), 0);
    export_store("damaged", &before);
    for (int family = 0; family < DATOM_FAMILY_LOG; family++) {
        for (int damage = LOSE_FIRST; damage <= ADD_KEY; damage++) {
            BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
            damage_family("damaged", (enum datom_family)family, (enum damage)damage);
            if (differences_of("damaged", false) == 0)
                fail_msg("damage %d of %s is not seen", damage,
                         datom_family_name((enum datom_family)family));
            rebuild_ok("damaged");
            if (differences_of("damaged", true) != 0)
                fail_msg("damage %d of %s is not repaired", damage,
                         datom_family_name((enum datom_family)family));
            export_store("damaged", &after);
            assert_true(bs_str_equal(bs_buf_str(&before), bs_buf_str(&after)));
        }
    }
}

static void test_rebuild__repairs_the_counters(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct datom_store *store;
    struct datom_options options = {0};
    make_store("counters");
    assert_int_equal(datom_store_open(fixture_path("counters", dir), &options, &store, NULL),
                     BS_OK);
    struct datom_write *write = datom_write_new();
    datom_write_add(store, write,
                    &(struct datom_change){.family = DATOM_FAMILY_META,
                                           .key = bs_str_make("n\0\0\0\x49", 5),
                                           .record = bs_str_make("\0\0\0\0\0\0\0\x63", 8)});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);
    assert_int_equal(differences_of("counters", false), 1);
    rebuild_ok("counters");
    assert_int_equal(differences_of("counters", true), 0);
}

static void test_rebuild__cut_off_is_refused_until_it_is_made_again(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_store *store;
    struct datom_conn *conn;
    struct datom_options options = {0};
    make_store("cut");
    assert_int_equal(datom_store_open(fixture_path("cut", dir), &options, &store, NULL), BS_OK);
    struct datom_write *write = datom_write_new();
    datom_write_add(store, write,
                    &(struct datom_change){.family = DATOM_FAMILY_META,
                                           .key = BS_STR(DATOM_LOAD_REBUILD_KEY),
                                           .record = BS_STR("1")});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);
    assert_int_not_equal(datom_conn_open(bs_str_from(dir), NULL, &conn, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_UNFINISHED);
    rebuild_ok("cut");
    assert_int_equal(differences_of("cut", true), 0);
}

static void test_rebuild__of_a_log_that_lacks_its_beginning_changes_nothing(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    make_store("headless");
    damage_family("headless", DATOM_FAMILY_LOG, LOSE_FIRST);
    assert_int_not_equal(datom_rebuild(fixture_path("headless", dir), NULL, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_CORRUPT);
    assert_int_equal(differences_of("headless", true), 0);
}

static void test_open__refuses_a_newer_format_and_changes_nothing(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct datom_store *store;
    struct datom_conn *conn;
    struct datom_options options = {0};
    make_store("newer");
    assert_int_equal(datom_store_open(fixture_path("newer", dir), &options, &store, NULL), BS_OK);
    struct datom_write *write = datom_write_new();
    datom_write_add(store, write,
                    &(struct datom_change){.family = DATOM_FAMILY_META,
                                           .key = BS_STR("format"),
                                           .record = BS_STR("2")});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);
    for (int read_only = 0; read_only < 2; read_only++) {
        struct bs_error error = BS_ERROR_INIT;
        options.read_only = read_only;
        assert_int_not_equal(datom_conn_open(bs_str_from(dir), &options, &conn, &error), BS_OK);
        assert_int_equal(error.reason, BS_REASON_STORE_FORMAT);
        assert_non_null(strstr(error.message, "has format 2, and this program knows format 1"));
    }
    struct bs_error error = BS_ERROR_INIT;
    assert_int_not_equal(datom_rebuild(bs_str_from(dir), NULL, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_FORMAT);
}

/* ---- exports ---- */

static enum bs_code load(const char *name, struct bs_str text, bool finishes,
                         struct bs_error *error)
{
    char dir[FIXTURE_PATH_MAX];
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = NULL;
    struct edn_reader reader;
    struct edn form;
    bool found = true;
    BS_TRY(datom_bulk_open(fixture_path(name, dir), NULL, &bulk, error));
    edn_reader_init(&reader, text);
    for (;;) {
        BS_TRY(edn_read_next(&reader, arena, &form, &found, error));
        if (!found)
            break;
        BS_TRY(datom_bulk_add_form(bulk, form, error));
    }
    return finishes ? datom_bulk_finish(bulk, error) : BS_OK;
}

static void test_export__loads_into_the_same_store(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf before = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf after = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    make_store("given");
    export_store("given", &before);
    /* cut off before its end, and once more: there is no store until it is whole */
    assert_int_equal(load("taken", bs_buf_str(&before), false, &error), BS_OK);
    assert_int_equal(differences_of("taken", false), UINT64_MAX);
    if (load("taken", bs_buf_str(&before), true, &error) != BS_OK)
        fail_msg("load: %s", error.message);
    assert_int_equal(differences_of("taken", true), 0);
    export_store("taken", &after);
    assert_string_equal(bs_buf_cstr(&after), bs_buf_cstr(&before));
    assert_int_not_equal(load("taken", bs_buf_str(&before), true, &error), BS_OK);
    assert_int_equal(error.reason, BS_REASON_STORE_NOT_EMPTY);
}

/* What a load that was cut off leaves: families with something in them, and no meta. */
static void test_bulk__what_was_cut_off_makes_way_for_a_new_store(void **state)
{
    (void)state;
    char dir[FIXTURE_PATH_MAX];
    struct datom_store *store;
    struct bs_error error = BS_ERROR_INIT;
    const struct datom_options options = {.create = true};
    assert_int_equal(datom_store_open(fixture_path("left-over", dir), &options, &store, NULL),
                     BS_OK);
    struct datom_write *write = datom_write_new();
    for (int family = 0; family < DATOM_FAMILY_META; family++)
        datom_write_add(store, write,
                        &(struct datom_change){.family = (enum datom_family)family,
                                               .key = BS_STR("left over"),
                                               .record = BS_STR("of a load")});
    assert_int_equal(datom_store_write(store, write, true, NULL), BS_OK);
    datom_write_free(write);
    datom_store_unref(store);
    struct datom_conn *conn;
    if (datom_conn_open(fixture_path("left-over", dir), &options, &conn, &error) != BS_OK)
        fail_msg("%s", error.message);
    for (size_t i = 0; i < BS_ARRAY_COUNT(transactions); i++) {
        if (datom_transact_text(conn, bs_str_from(transactions[i]), NULL, NULL, &error) != BS_OK)
            fail_msg("%s: %s", transactions[i], error.message);
    }
    datom_conn_unref(conn);
    assert_int_equal(differences_of("left-over", true), 0);
}

static void test_bulk__refuses_what_is_no_history(void **state)
{
    (void)state;
    /* transaction 1000 is 13194139534312 */
    static const struct {
        const char *text;
        enum bs_reason reason;
        const char *message;
    } cases[] = {
        {"{:t 1000 :data []}", BS_REASON_DB_INVALID_TX_FORM, "no :db/txInstant"},
        {"{:t 72 :data []}", BS_REASON_DB_INVALID_TX_FORM, "1000 or more"},
        {"{:t -1 :data []}", BS_REASON_DB_INVALID_TX_FORM, "expected a transaction"},
        {"{:t 1000 :data [[1 2 3]]}", BS_REASON_DB_INVALID_TX_FORM, "expected a datom"},
        {"{:t 1000 :data [[1 :db/doc \"x\" 5 true]]}", BS_REASON_DB_INVALID_TX_FORM, "own id"},
        {"{:t 1000 :data [[1 :db/dock \"x\" 13194139534312 true]]}", BS_REASON_DB_NOT_AN_ATTRIBUTE,
         "db/dock"},
        {"{:t 1000 :data [[1 :db/doc 7 13194139534312 true]]}", BS_REASON_DB_WRONG_TYPE, "db/doc"},
        {"{:t 1000 :data [[13194139534312 :db/txInstant #inst \"1969\" 13194139534312 true]]}",
         BS_REASON_DB_PAST_TX_INSTANT, "before"},
        {"{:t 1000 :data [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
         " [62 :db/doc \"never said\" 13194139534312 false]]}",
         BS_REASON_DB_INVALID_TX_FORM, "retracting a value that is not there"},
        {"{:t 1000 :data [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
         " [62 :db/doc \"a second doc\" 13194139534312 true]]}",
         BS_REASON_DB_INVALID_TX_FORM, "two values of an attribute of cardinality one"},
        {"{:t 1000 :data [[13194139534312 :db/txInstant #inst \"2020\" 13194139534312 true]"
         " [17592186045500 :db/ident :db/doc 13194139534312 true]]}",
         BS_REASON_DB_INVALID_TX_FORM, "which is unique"},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(cases); i++) {
        struct bs_error error = BS_ERROR_INIT;
        char name[20];
        snprintf(name, sizeof(name), "refused-%zu", i);
        if (load(name, bs_str_from(cases[i].text), true, &error) == BS_OK ||
            error.reason != cases[i].reason || !strstr(error.message, cases[i].message))
            fail_msg("%s: %s, \"%s\": expected \"%s\"", cases[i].text, bs_error_reason_name(&error),
                     error.message, cases[i].message);
        assert_int_equal(differences_of(name, false), UINT64_MAX);
    }
}

static void test_bulk__of_nothing_makes_an_empty_store(void **state)
{
    (void)state;
    assert_int_equal(load("empty", BS_STR_EMPTY, true, NULL), BS_OK);
    assert_int_equal(differences_of("empty", true), 0);
    make_store("empty");
    assert_int_equal(differences_of("empty", true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rebuild__repairs_every_family_from_every_damage),
        cmocka_unit_test(test_rebuild__repairs_the_counters),
        cmocka_unit_test(test_rebuild__cut_off_is_refused_until_it_is_made_again),
        cmocka_unit_test(test_rebuild__of_a_log_that_lacks_its_beginning_changes_nothing),
        cmocka_unit_test(test_open__refuses_a_newer_format_and_changes_nothing),
        cmocka_unit_test(test_export__loads_into_the_same_store),
        cmocka_unit_test(test_bulk__what_was_cut_off_makes_way_for_a_new_store),
        cmocka_unit_test(test_bulk__refuses_what_is_no_history),
        cmocka_unit_test(test_bulk__of_nothing_makes_an_empty_store),
    };
    return cmocka_run_group_tests_name("datom/rebuild", tests, fixture_setup, fixture_teardown);
}
