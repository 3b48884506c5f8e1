#ifndef BANDSTAND_COMMANDS_H
#define BANDSTAND_COMMANDS_H

/* One file for each subcommand. */

#include "cli.h"

extern const struct cli_command backup_command;
extern const struct cli_command bench_command;
extern const struct cli_command call_command;
extern const struct cli_command check_command;
extern const struct cli_command datoms_command;
extern const struct cli_command export_command;
extern const struct cli_command import_command;
extern const struct cli_command pull_command;
extern const struct cli_command q_command;
extern const struct cli_command repl_command;
extern const struct cli_command restore_command;
extern const struct cli_command serve_command;
extern const struct cli_command stats_command;
extern const struct cli_command transact_command;

#endif
