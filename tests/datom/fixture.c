#include "support.h"

#include <stdlib.h>
#include <unistd.h>

#include "datom/fixture.h"

static char folder[FIXTURE_PATH_MAX / 2];

int fixture_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/bandstand-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int fixture_teardown(void **state)
{
    (void)state;
    char command[FIXTURE_PATH_MAX];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

const char *fixture_folder(void)
{
    return folder;
}

void fixture_use(const char *other)
{
    snprintf(folder, sizeof(folder), "%s", other);
}

struct bs_str fixture_path(const char *name, char ret_path[FIXTURE_PATH_MAX])
{
    int len = snprintf(ret_path, FIXTURE_PATH_MAX, "%s/%s", folder, name);
    assert_in_range(len, 1, FIXTURE_PATH_MAX - 1);
    return bs_str_from(ret_path);
}

struct datom_conn *fixture_open(const char *name, const struct datom_options *options)
{
    char path[FIXTURE_PATH_MAX];
    struct bs_error error = BS_ERROR_INIT;
    struct datom_conn *conn = NULL;
    if (datom_conn_open(fixture_path(name, path), options, &conn, &error) != BS_OK)
        fail_msg("%s: %s", name, error.message);
    return conn;
}

void fixture_transact(struct datom_conn *conn, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
}

datom_id fixture_transact_id(struct datom_conn *conn, const char *text, const char *tempid)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_report *report;
    if (datom_transact_text(conn, bs_str_from(text), NULL, &report, &error) != BS_OK)
        fail_msg("%s: %s", text, error.message);
    datom_id id = datom_report_tempid(report, bs_str_from(tempid));
    datom_report_free(report);
    return id;
}

enum bs_reason fixture_refused(struct datom_conn *conn, const char *text)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_transact_text(conn, bs_str_from(text), NULL, NULL, &error) == BS_OK)
        return BS_REASON_NONE;
    return error.reason;
}

static void tell(void *self, const char *line)
{
    (void)self;
    print_message("%s\n", line);
}

void fixture_check(struct datom_conn *conn)
{
    struct datom_check_report report = {0};
    struct bs_error error = BS_ERROR_INIT;
    struct datom_db *db = datom_conn_db(conn);
    if (datom_db_check(db, tell, NULL, &report, &error) != BS_OK)
        fail_msg("check: %s", error.message);
    assert_int_equal(report.differences, 0);
    datom_db_unref(db);
}
