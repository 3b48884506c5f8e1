/* Options, errors and files for all subcommands. */

#include "cli.h"

#include <errno.h>
#include <unistd.h>

const struct cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i]; i++) {
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    }
    return NULL;
}

/* ---- help ---- */

static void print_option(const struct cli_option *option)
{
    char head[80];
    if (option->placeholder)
        snprintf(head, sizeof(head), "--%s %s", option->name, option->placeholder);
    else
        snprintf(head, sizeof(head), "--%s", option->name);
    printf("  %-22s ", head);
    if (strlen(head) > 22)
        printf("\n  %-22s ", "");
    /* further lines of the help stand under its first */
    for (const char *at = option->help; *at; at++) {
        putchar(*at);
        if (*at == '\n')
            printf("  %-22s ", "");
    }
    putchar('\n');
}

static void print_help(const struct cli_command *command, const struct cli_option *options,
                       size_t options_count)
{
    printf("bandstand %s: %s\n\nusage: bandstand %s%s%s%s\n", command->name, command->summary,
           command->name, options_count > 0 ? " [OPTION...]" : "", command->arguments[0] ? " " : "",
           command->arguments);
    if (command->description)
        printf("\n%s\n", command->description);
    printf("\noptions:\n");
    for (size_t i = 0; i < options_count; i++)
        print_option(&options[i]);
    print_option(&(struct cli_option){.name = "help", .help = "print this and exit"});
}

/* ---- parsing ---- */

static const struct cli_option *find_option(const struct cli_option *options, size_t count,
                                            struct bs_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (bs_str_equals(name, options[i].name))
            return &options[i];
    }
    return NULL;
}

static const char *nearest_option(const struct cli_option *options, size_t count,
                                  struct bs_str name)
{
    const char *nearest = NULL;
    size_t least = 3;
    for (size_t i = 0; i < count; i++) {
        size_t distance = bs_str_distance(bs_str_from(options[i].name), name);
        if (distance < least) {
            least = distance;
            nearest = options[i].name;
        }
    }
    return nearest;
}

static bool set_option(const struct cli_command *command, const struct cli_option *option,
                       const char *value)
{
    struct cli_texts *texts = option->target;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->target = true;
        return true;
    case CLI_TEXT:
        *(const char **)option->target = value;
        return true;
    case CLI_COUNT:
        if (bs_str_parse_u64(bs_str_from(value), option->target))
            return true;
        cli_wrong(command, "--%s %s: expected a number", option->name, value);
        return false;
    case CLI_TEXTS:
        if (texts->count == CLI_TEXTS_MAX) {
            cli_wrong(command, "--%s is given more than %d times", option->name, CLI_TEXTS_MAX);
            return false;
        }
        texts->items[texts->count++] = value;
        return true;
    }
    BS_UNREACHABLE();
}

/* One option at argv[*at]; moves *at over its value. */
static bool parse_option(const struct cli_command *command, const struct cli_option *options,
                         size_t options_count, int argc, char **argv, int *at)
{
    struct bs_str text = bs_str_from(argv[*at] + 2);
    ptrdiff_t equals = bs_str_find_byte(text, '=');
    struct bs_str name = equals < 0 ? text : bs_str_slice(text, 0, (size_t)equals);
    const struct cli_option *option = find_option(options, options_count, name);
    if (!option) {
        const char *nearest = nearest_option(options, options_count, name);
        cli_wrong(command, "unknown option --%.*s%s%s%s", BS_STR_ARGS(name),
                  nearest ? "; did you mean --" : "", nearest ? nearest : "", nearest ? "?" : "");
        return false;
    }
    if (option->kind == CLI_FLAG) {
        if (equals >= 0) {
            cli_wrong(command, "--%s takes no value", option->name);
            return false;
        }
        return set_option(command, option, NULL);
    }
    if (equals >= 0)
        return set_option(command, option, text.ptr + equals + 1);
    if (*at + 1 >= argc) {
        cli_wrong(command, "--%s needs a value: %s", option->name, option->placeholder);
        return false;
    }
    return set_option(command, option, argv[++*at]);
}

enum cli_parsed cli_parse(const struct cli_command *command, const struct cli_option *options,
                          size_t options_count, int argc, char **argv, int *ret_count,
                          char ***ret_arguments)
{
    int count = 0;
    bool is_over = false;
    for (int at = 1; at < argc; at++) {
        bool is_option = !is_over && argv[at][0] == '-' && argv[at][1] != '\0';
        if (!is_option) {
            argv[1 + count++] = argv[at];
            continue;
        }
        if (strcmp(argv[at], "--") == 0) {
            is_over = true;
            continue;
        }
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            print_help(command, options, options_count);
            return CLI_DONE;
        }
        if (argv[at][1] != '-') {
            /* a negative number is an argument */
            if (argv[at][1] >= '0' && argv[at][1] <= '9') {
                argv[1 + count++] = argv[at];
                continue;
            }
            cli_wrong(command, "unknown option %s", argv[at]);
            return CLI_WRONG;
        }
        if (!parse_option(command, options, options_count, argc, argv, &at))
            return CLI_WRONG;
    }
    *ret_count = count;
    *ret_arguments = argv + 1;
    return CLI_GO;
}

/* ---- errors ---- */

int cli_wrong(const struct cli_command *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "bandstand %s: ", command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (see 'bandstand help %s')\n", command->name);
    return CLI_USAGE;
}

bool cli_is_usage(const struct bs_error *error)
{
    /* what is not built yet is no mistake of the caller's */
    return error->reason == BS_REASON_CLI_USAGE && error->code != BS_UNIMPLEMENTED;
}

int cli_failed(const struct cli_command *command, const struct bs_error *error)
{
    const char *reason = bs_error_reason_name(error);
    if (cli_is_usage(error))
        return cli_wrong(command, "%s", error->message);
    fprintf(stderr, "bandstand %s: %s%s%s%s\n", command->name, error->message,
            reason[0] ? " (:" : "", reason, reason[0] ? ")" : "");
    return CLI_FAILED;
}

/* ---- files ---- */

static enum bs_code cant_read(const char *path, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be read: %s", path, strerror(errno));
}

enum bs_code cli_read_file(const char *path, struct bs_buf *out, struct bs_error *error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");
    if (!file)
        return cant_read(path, error);
    for (;;) {
        char *at = bs_buf_reserve(out, 1 << 16);
        if (!at)
            break;
        size_t size = fread(at, 1, 1 << 16, file);
        out->len += size;
        if (size == 0)
            break;
    }
    enum bs_code code = ferror(file) ? cant_read(path, error) : BS_OK;
    if (!is_stdin)
        fclose(file);
    if (code == BS_OK && out->overflowed)
        return bs_error_set(error, BS_REASON_LIMIT, "%s is too large to be read", path);
    return code;
}

void cli_print(struct bs_str text)
{
    if (fwrite(text.ptr, 1, text.len, stdout) != text.len || putchar('\n') == EOF)
        _exit(errno == EPIPE ? CLI_OK : CLI_FAILED);
}

void cli_print_edn(struct edn value)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    if (cli_stdout_is_terminal())
        edn_print_pretty(value, &(struct edn_print_options){.max_width = 100}, &out);
    else
        edn_print(value, &out);
    cli_print(bs_buf_str(&out));
}

bool cli_stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

/* ---- progress ---- */

#define TELL_TERMINAL_NS INT64_C(100000000)
#define TELL_LINE_NS INT64_C(3000000000)
#define BAR_WIDTH 30

void cli_progress_begin(struct cli_progress *progress, const char *what)
{
    *progress = (struct cli_progress){
        .what = what,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .started_ns = bs_monotonic_ns(),
        .told_ns = bs_monotonic_ns(),
    };
}

void cli_progress_tell(struct cli_progress *progress, uint64_t done, uint64_t total,
                       const char *note)
{
    int64_t now = bs_monotonic_ns();
    if (now - progress->told_ns < (progress->is_terminal ? TELL_TERMINAL_NS : TELL_LINE_NS))
        return;
    progress->told_ns = now;
    unsigned percent = total > 0 ? (unsigned)(done * 100 / total) : 0;
    if (!progress->is_terminal) {
        fprintf(stderr, "%s: %u%% %s\n", progress->what, percent, note);
        return;
    }
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)percent * BAR_WIDTH / 100;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', BS_MIN(filled, (size_t)BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3u%% %s\033[K", progress->what, bar, percent, note);
    progress->is_shown = true;
}

void cli_progress_end(struct cli_progress *progress)
{
    if (progress->is_shown)
        fprintf(stderr, "\r\033[K");
    progress->is_shown = false;
}
