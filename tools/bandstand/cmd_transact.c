/* bandstand transact: one transaction from a file or standard input. */

#include "commands.h"
#include "database.h"
#include "shell/value.h"

static enum bs_code transact_file(struct datom_conn *conn, const char *path, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    BS_TRY(cli_read_file(path, &text, error));
    enum bs_code code = datom_transact_text(conn, bs_buf_str(&text), NULL, &report, error);
    if (code != BS_OK) {
        bs_error_prefix(error, "%s: ", path);
        return code;
    }
    edn_print(shell_report_value(report, report->arena), &out);
    cli_print(bs_buf_str(&out));
    return BS_OK;
}

static int run_transact(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    const struct cli_option options[] = {DATABASE_OPTIONS(&database)};
    int count;
    char **paths;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &paths);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count > 1)
        return cli_wrong(command, "%d files: expected one, or none for standard input", count);

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_WRITE, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    if (transact_file(conn, count == 1 ? paths[0] : "-", &error) != BS_OK)
        return cli_failed(command, &error);
    return CLI_OK;
}

const struct cli_command transact_command = {
    .name = "transact",
    .arguments = "[FILE]",
    .summary = "runs one transaction and prints the report",
    .description =
        "Reads a vector of tx-data from FILE or standard input. The report is printed when the\n"
        "transaction is durable.\n"
        "\n"
        "    echo '[{:artist/name \"Beatles\"}]' | bandstand transact --db music",
    .run = run_transact,
};
