/* bandstand export: the whole history as EDN. */

#include <errno.h>

#include "commands.h"
#include "database.h"
#include "datom/export.h"

static enum bs_code write_line(void *self, struct bs_str line, struct bs_error *error)
{
    (void)self;
    if (fwrite(line.ptr, 1, line.len, stdout) == line.len)
        return BS_OK;
    return bs_error_set(error, BS_REASON_CLI_FILE, "standard output can't be written: %s",
                        strerror(errno));
}

static int run_export(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    const char *as_of = NULL;
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&database),
        {"as-of", CLI_TEXT, &as_of, "T", "up to T: a t, a transaction's id, or #inst \"...\""},
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
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    if (!database_open(command, &database, DATABASE_READ, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    struct view_args view = {.as_of = as_of};
    enum bs_code code = database_view(conn, &view, &db, &error);
    if (code == BS_OK)
        code = datom_export(db, write_line, NULL, &error);
    if (code == BS_OK && fflush(stdout) != 0)
        code = bs_error_set(&error, BS_REASON_CLI_FILE, "standard output can't be written: %s",
                            strerror(errno));
    return code == BS_OK ? CLI_OK : cli_failed(command, &error);
}

const struct cli_command export_command = {
    .name = "export",
    .arguments = "",
    .summary = "prints the whole history as EDN that import takes",
    .description =
        "A line for each transaction, oldest first, as tx-range gives it:\n"
        "{:t 1000, :data [[e :attribute v tx added] ...]}. Imported into an empty store it makes\n"
        "the same one: ids, ts and instants. Works beside a running server.\n"
        "\n"
        "    bandstand export --db music > music.edn\n"
        "    bandstand import --db music2 music.edn",
    .run = run_export,
};
