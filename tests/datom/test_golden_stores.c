/*
 * Stores of each version of the format that was ever released, kept in tests/golden/stores: a copy
 * of one opens, is whole, says what it said, and takes further transactions. That a newer format is
 * refused is test_rebuild.c's.
 *
 * `BS_GOLDEN=store` in the environment makes the store of the current version anew, with the text
 * of what it says; BS_GOLDEN=update only the text.
 */

#include "support.h"

#include "support/golden.h"

#include "datom/everything.h"
#include "datom/export.h"
#include "datom/fixture.h"
#include "datom/rebuild.h"

#define CURRENT "v1"

static const char *const versions[] = {CURRENT};

static void copy_folder(const char *from, const char *to)
{
    char command[1200];
    snprintf(command, sizeof(command), "cp -r '%s' '%s'", from, to);
    if (system(command) != 0)
        fail_msg("%s: failed", command);
}

/* Where the golden store of a version is. */
static void golden_dir(const char *version, char ret_dir[500])
{
    const char *source = getenv("BANDSTAND_SOURCE");
    snprintf(ret_dir, 500, "%s/tests/golden/stores/%s", source ? source : ".", version);
}

/* Without what the engine tells of itself: its log, its options and its locks. */
static void make_current(void)
{
    char from[FIXTURE_PATH_MAX], to[500];
    struct datom_conn *conn;
    struct datom_options options = {
        .create = true, .no_compression = true, .clock = everything_clock()};
    fixture_path("made", from);
    golden_dir(CURRENT, to);
    assert_int_equal(datom_conn_open(bs_str_from(from), &options, &conn, NULL), BS_OK);
    everything_transact(conn);
    datom_conn_unref(conn);
    /* opened once more, so that files are sorted and a log is short */
    assert_int_equal(datom_conn_open(bs_str_from(from), &options, &conn, NULL), BS_OK);
    datom_conn_unref(conn);
    char command[1200];
    snprintf(command, sizeof(command), "cd '%s' && rm -rf LOG* LOCK* OPTIONS-* '%s'", from, to);
    assert_int_equal(system(command), 0);
    copy_folder(from, to);
}

static enum bs_code append_line(void *self, struct bs_str line, struct bs_error *error)
{
    (void)error;
    bs_buf_append_str(self, line);
    return BS_OK;
}

static void tell(void *self, const char *line)
{
    (void)self;
    print_message("# %s\n", line);
}

/* That it is whole; what it says goes to the end of `out`. */
static void check_copy(const char *dir, const char *version, struct bs_buf *out)
{
    struct datom_options options = {.clock = everything_clock()};
    struct datom_check_report report;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn;
    if (datom_conn_open(bs_str_from(dir), &options, &conn, &error) != BS_OK)
        fail_msg("%s: %s", version, error.message);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_db_check(db, tell, NULL, &report, &error), BS_OK);
    assert_int_equal(report.differences, 0);
    assert_int_equal(datom_export(db, append_line, out, &error), BS_OK);
    datom_db_unref(db);
    datom_conn_unref(conn);
}

static void transact(const char *dir, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.clock = everything_clock()};
    struct datom_conn *conn;
    assert_int_equal(datom_conn_open(bs_str_from(dir), &options, &conn, NULL), BS_OK);
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    datom_conn_unref(conn);
}

static void test_golden_store__opens_and_says_what_it_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(versions); i++) {
        char from[500], dir[FIXTURE_PATH_MAX], name[80];
        struct bs_buf said = BS_BUF_INIT(0);
        struct bs_buf rebuilt = BS_BUF_INIT(0);
        golden_dir(versions[i], from);
        snprintf(name, sizeof(name), "stores/%s.edn", versions[i]);
        copy_folder(from, fixture_path(versions[i], dir).ptr);
        check_copy(dir, versions[i], &said);
        golden_check(name, bs_buf_str(&said));
        assert_int_equal(datom_rebuild(bs_str_from(dir), NULL, NULL), BS_OK);
        check_copy(dir, versions[i], &rebuilt);
        assert_string_equal(bs_buf_cstr(&rebuilt), bs_buf_cstr(&said));
        transact(dir, "[{:p/id \"ann\" :p/name \"Ann once more\" :p/note \"by an old name\"}]");
        check_copy(dir, versions[i], &rebuilt);
        bs_buf_fini(&rebuilt);
        bs_buf_fini(&said);
    }
}

/* The program writes the same history today: what the golden store says is no accident. */
static void test_golden_store__is_what_its_transactions_make(void **state)
{
    (void)state;
    struct bs_buf made = BS_BUF_INIT(0);
    struct datom_options options = {.clock = everything_clock()};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    everything_transact(conn);
    struct datom_db *db = datom_conn_db(conn);
    assert_int_equal(datom_export(db, append_line, &made, NULL), BS_OK);
    assert_null(strstr(bs_buf_cstr(&made), "secret"));
    golden_check("stores/" CURRENT ".edn", bs_buf_str(&made));
    datom_db_unref(db);
    datom_conn_unref(conn);
    bs_buf_fini(&made);
}

static int make_if_asked(void **state)
{
    const char *mode = getenv("BS_GOLDEN");
    int code = fixture_setup(state);
    if (code == 0 && mode && strcmp(mode, "store") == 0) {
        make_current();
        setenv("BS_GOLDEN", "update", 1);
    }
    return code;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_store__opens_and_says_what_it_said),
        cmocka_unit_test(test_golden_store__is_what_its_transactions_make),
    };
    return cmocka_run_group_tests_name("datom/golden_stores", tests, make_if_asked,
                                       fixture_teardown);
}
