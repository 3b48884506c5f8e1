/* The list of subcommands. */

#include "commands.h"

const struct cli_command *const cli_commands[] = {
    &serve_command,  &call_command,    &repl_command,   &import_command, &transact_command,
    &q_command,      &pull_command,    &datoms_command, &check_command,  &backup_command,
    &export_command, &restore_command, &stats_command,  &bench_command,  NULL,
};
