/* bandstand check: the log replayed against every index. */

#include "commands.h"
#include "database.h"
#include "datom/rebuild.h"

static void tell_difference(void *self, const char *line)
{
    (void)self;
    cli_print(bs_str_from(line));
}

static int run_check(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    bool rebuild = false;
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&database),
        {"rebuild", CLI_FLAG, &rebuild, NULL, "make the indexes anew from the log first"},
    };
    int count;
    char **arguments;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count > 0)
        return cli_wrong(command, "unexpected argument %s", arguments[0]);
    struct bs_error error = BS_ERROR_INIT;
    if (rebuild) {
        if (!database.dir || database.memory || database.url)
            return cli_wrong(command, "--rebuild is for a store on disk: expected --db DIR");
        if (datom_rebuild(bs_str_from(database.dir), NULL, &error) != BS_OK)
            return cli_failed(command, &error);
    }
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_READ, &conn, &status))
        return status;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    struct datom_check_report report;
    if (datom_db_check(db, tell_difference, NULL, &report, &error) != BS_OK)
        return cli_failed(command, &error);
    if (report.differences > 0) {
        bs_error_set(&error, BS_REASON_STORE_CHECK,
                     "%llu differences between the indexes and the log of %llu transactions",
                     (unsigned long long)report.differences,
                     (unsigned long long)report.transactions);
        return cli_failed(command, &error);
    }
    printf("%llu transactions, %llu datoms: every index agrees with the log\n",
           (unsigned long long)report.transactions, (unsigned long long)report.datoms);
    return CLI_OK;
}

const struct cli_command check_command = {
    .name = "check",
    .arguments = "",
    .summary = "verifies a store from end to end",
    .description = "Replays the log and compares every index with it, both ways; prints the first\n"
                   "differences and exits with 1 when there are any. Works beside a running "
                   "server. Memory is\n"
                   "bounded: a large store takes temporary files in $TMPDIR.\n"
                   "\n"
                   "--rebuild makes every index anew from the log before that, whatever happened "
                   "to them; the\n"
                   "store must not be open elsewhere. Cut off, it is run again.\n"
                   "\n"
                   "    bandstand check --db music\n"
                   "    bandstand check --rebuild --db music",
    .run = run_check,
};
