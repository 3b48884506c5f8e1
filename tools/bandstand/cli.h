#ifndef BANDSTAND_CLI_H
#define BANDSTAND_CLI_H

/*
 * What every subcommand shares: options in tables that parse and explain themselves, errors in one
 * line, exit statuses (0 done, 1 the work failed, 2 wrong usage), files, progress.
 */

#include "base/base.h"
#include "edn/edn.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
};

enum cli_kind {
    CLI_FLAG,  /* target: bool */
    CLI_TEXT,  /* target: const char * */
    CLI_COUNT, /* target: uint64_t; decimal */
    CLI_TEXTS, /* target: struct cli_texts; may be repeated */
};

#define CLI_TEXTS_MAX 64

struct cli_texts {
    const char *items[CLI_TEXTS_MAX];
    size_t count;
};

struct cli_option {
    const char *name; /* without dashes */
    enum cli_kind kind;
    void *target;
    const char *placeholder; /* "DIR"; NULL for flags */
    const char *help;
};

struct cli_command {
    const char *name;
    const char *arguments;   /* "FILE...": what stands after the options */
    const char *summary;     /* one line for the list of commands */
    const char *description; /* paragraphs, examples; ends without a line break */
    int (*run)(const struct cli_command *command, int argc, char **argv);
};

/* NULL-terminated, in the order of the help. */
extern const struct cli_command *const cli_commands[];
const struct cli_command *cli_find_command(const char *name);

enum cli_parsed {
    CLI_GO,   /* do the work */
    CLI_DONE, /* --help was printed: return CLI_OK */
    CLI_WRONG /* an error was printed: return CLI_USAGE */
};

/*
 * Parses argv[1..]; "--name value", "--name=value", "--" ends. Options may stand between arguments.
 * *ret_arguments are those that are no options (in argv's own storage), in order.
 */
enum cli_parsed cli_parse(const struct cli_command *command, const struct cli_option *options,
                          size_t options_count, int argc, char **argv, int *ret_count,
                          char ***ret_arguments);

/* What to return from run() when parsing said CLI_DONE or CLI_WRONG. */
static inline int cli_parsed_exit(enum cli_parsed parsed)
{
    return parsed == CLI_DONE ? CLI_OK : CLI_USAGE;
}

/* Whether the command line is to blame: an address, a URL or a value that can't be. */
bool cli_is_usage(const struct bs_error *error);
/* "bandstand CMD: ..." on stderr; returns CLI_USAGE, with a pointer to the help. */
int cli_wrong(const struct cli_command *command, const char *format, ...) BS_PRINTF(2, 3);
/* The same for an error; returns CLI_FAILED, or CLI_USAGE where cli_is_usage. */
int cli_failed(const struct cli_command *command, const struct bs_error *error);

/* The whole of a file, or of standard input for "-", appended. */
BS_MUST_CHECK enum bs_code cli_read_file(const char *path, struct bs_buf *out,
                                         struct bs_error *error);
/* Writes to stdout, then a line break. A closed pipe ends the program quietly. */
void cli_print(struct bs_str text);
/* On one line; on a terminal with line breaks. */
void cli_print_edn(struct edn value);
bool cli_stdout_is_terminal(void);

/* A progress bar when stderr is a terminal, else a line every few seconds. */
struct cli_progress {
    const char *what;
    bool is_terminal;
    int64_t started_ns;
    int64_t told_ns;
    bool is_shown;
};

void cli_progress_begin(struct cli_progress *progress, const char *what);
/* `done` of `total` (0: unknown); `note` stands after the bar. Cheap to call often. */
void cli_progress_tell(struct cli_progress *progress, uint64_t done, uint64_t total,
                       const char *note);
void cli_progress_end(struct cli_progress *progress);

#endif
