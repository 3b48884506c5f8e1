/* The program: finds the subcommand and runs it. */

#include <signal.h>

#include "cli.h"

static void print_usage(FILE *file)
{
    fprintf(file, "usage: bandstand COMMAND [OPTION...] [ARGUMENT...]\n\n"
                  "An immutable database of datoms, procedures on it, and the server that offers "
                  "both.\n\ncommands:\n");
    for (size_t i = 0; cli_commands[i]; i++)
        fprintf(file, "  %-10s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
    fprintf(file, "\n'bandstand help COMMAND' tells more about one; 'bandstand --version' prints "
                  "the version.\n");
}

static int help(int argc, char **argv)
{
    if (argc < 3) {
        print_usage(stdout);
        return CLI_OK;
    }
    const struct cli_command *command = cli_find_command(argv[2]);
    if (!command) {
        fprintf(stderr, "bandstand help: unknown command %s\n", argv[2]);
        return CLI_USAGE;
    }
    char option[] = "--help";
    char *arguments[] = {argv[2], option, NULL};
    return command->run(command, 2, arguments);
}

static int unknown(const char *name)
{
    const char *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; cli_commands[i]; i++) {
        size_t distance = bs_str_distance(bs_str_from(cli_commands[i]->name), bs_str_from(name));
        if (distance < least) {
            least = distance;
            nearest = cli_commands[i]->name;
        }
    }
    fprintf(stderr, "bandstand: unknown command %s%s%s%s (see 'bandstand help')\n", name,
            nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    /* a reader that goes away is an ordinary end (cli_print), for sockets an error like others */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("bandstand %s\n", BANDSTAND_VERSION);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "help") == 0)
        return help(argc, argv);
    const struct cli_command *command = cli_find_command(argv[1]);
    if (!command)
        return unknown(argv[1]);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--version") == 0) {
            printf("bandstand %s\n", BANDSTAND_VERSION);
            return CLI_OK;
        }
        if (strcmp(argv[i], "--") == 0)
            break;
    }
    int status = command->run(command, argc - 1, argv + 1);
    if (fflush(stdout) != 0 && status == CLI_OK)
        return CLI_FAILED;
    return status;
}
