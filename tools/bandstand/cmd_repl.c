/* bandstand repl: the shell, for people and for scripts. */

#include <unistd.h>

#include "application.h"
#include "commands.h"
#include "database.h"
#include "shell/shell.h"

static int run_batch(const struct cli_command *command, struct shell *shell)
{
    struct bs_error error = BS_ERROR_INIT;
    bool any_failed = false;
    if (shell_run_batch(shell, STDIN_FILENO, STDOUT_FILENO, &any_failed, &error) != BS_OK)
        return cli_failed(command, &error);
    return any_failed ? CLI_FAILED : CLI_OK;
}

static int run_repl(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    bool batch = false;
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&database),
        {"batch", CLI_FLAG, &batch, NULL,
         "no prompt: forms from standard input, a line of EDN for each"},
    };
    int count;
    char **arguments;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count > 0)
        return cli_wrong(command, "unexpected argument %s: forms come from standard input",
                         arguments[0]);

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_WRITE_OR_READ, &conn, &status))
        return status;
    BS_CLEANUP(application_close) struct application application = {0};
    const struct shell_procedures procedures = application_procedures(&application);
    const struct shell_options shell_options = {.conn = conn, .procedures = &procedures};
    BS_CLEANUP(shell_freep) struct shell *shell = shell_new(&shell_options);
    if (batch || !isatty(STDIN_FILENO))
        return run_batch(command, shell);
    printf("(help) tells what there is; Ctrl-D leaves.\n");
    shell_run_terminal(shell);
    return CLI_OK;
}

const struct cli_command repl_command = {
    .name = "repl",
    .arguments = "",
    .summary = "the interactive shell; forms from standard input when that is no terminal",
    .description =
        "A list is a call, a bare symbol a name, everything else data; conn is the open database,\n"
        "db its newest value, *1 *2 *3 the latest results; (help) tells the rest.\n"
        "\n"
        "    bandstand repl --db music\n"
        "    > (q [:find ?n :where [_ :artist/name ?n]] db)\n"
        "\n"
        "Without a terminal, or with --batch, each form prints one line of EDN as soon as it is\n"
        "done, an error as #error {:code ... :category ... :message ...}; the next form runs, and\n"
        "the exit status is 1 if any failed.\n"
        "\n"
        "    echo '(transact [{:db/doc \"hello\"}])' | bandstand repl --memory",
    .run = run_repl,
};
