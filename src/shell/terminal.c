/*
 * The shell for a person: libedit's line editing around the evaluator. Lines are gathered until a
 * form is whole; Ctrl-C throws away what was typed, or ends the query that runs; Ctrl-D leaves.
 */

#include <errno.h>
#include <histedit.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "shell/complete.h"
#include "shell/scan.h"
#include "shell/session.h"

#define HISTORY_SIZE 2000
#define RESULT_ITEMS_MAX 50
#define RESULT_LINES_MAX 200
#define DEFAULT_COLUMNS 80

struct terminal {
    struct shell *shell;
    EditLine *edit;
    History *history;
    char history_path[PATH_MAX]; /* "" when there is no place for it */
    struct bs_buf text;          /* lines of forms that are not run yet */
    struct shell_scan scan;      /* of `text`, to know how it may stand in the history */
    bool is_joinable;            /* line breaks in `text` may become blanks */
};

/* A handler gets no argument. The shell while forms run, NULL while a line is typed. */
static struct shell *volatile running_shell;
static volatile sig_atomic_t was_interrupted;
/* Readable once a Ctrl-C came: one that comes just before a wait for input must end it too. */
static int interrupt_event = -1;

static void on_sigint(int signal_number)
{
    int saved_errno = errno;
    (void)signal_number;
    was_interrupted = 1;
    (void)eventfd_write(interrupt_event, 1); /* full is readable too */
    if (running_shell)
        shell_interrupt(running_shell);
    errno = saved_errno;
}

static void forget_interrupt(void)
{
    eventfd_t count;
    was_interrupted = 0;
    while (eventfd_read(interrupt_event, &count) == 0) {
    }
}

/* ---- the line editor ---- */

static struct terminal *terminal_of(EditLine *edit)
{
    void *terminal = NULL;
    el_get(edit, EL_CLIENTDATA, &terminal);
    return (struct terminal *)terminal;
}

static char *prompt(EditLine *edit)
{
    static char first[] = "> ";
    static char next[] = "  ";
    return terminal_of(edit)->text.len == 0 ? first : next;
}

/* One byte; 1, 0 at the end, -1 after Ctrl-C (libedit's own reading would go on). */
static int read_byte(char *ret_byte)
{
    struct pollfd waited[] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = interrupt_event, .events = POLLIN},
    };
    for (;;) {
        int ready = poll(waited, BS_ARRAY_COUNT(waited), -1);
        if (was_interrupted)
            return -1;
        ssize_t size = ready > 0 ? read(STDIN_FILENO, ret_byte, 1) : -1;
        if (size >= 0)
            return (int)size;
        if (errno != EINTR)
            return -1;
    }
}

static int read_character(EditLine *edit, wchar_t *ret_character)
{
    char bytes[4];
    size_t size = 0;
    (void)edit;
    while (size < sizeof(bytes)) {
        uint32_t code_point;
        int count = read_byte(&bytes[size]);
        if (count <= 0)
            return count;
        size++;
        if (!bs_utf8_is_valid(bs_str_make(bytes, size)))
            continue;
        bs_utf8_decode(bs_str_make(bytes, size), &code_point);
        *ret_character = (wchar_t)code_point;
        return 1;
    }
    *ret_character = L'?'; /* no UTF-8 */
    return 1;
}

static size_t columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20)
        return DEFAULT_COLUMNS;
    return size.ws_col;
}

/* ---- completion ---- */

static void list_candidates(const struct shell_completion *completion)
{
    size_t width = 0;
    for (size_t i = 0; i < completion->count; i++)
        width = BS_MAX(width, completion->candidates[i].len + 2);
    size_t a_line = BS_MAX(columns() / width, (size_t)1);
    putchar('\n');
    for (size_t i = 0; i < completion->count; i++) {
        bool is_last = (i + 1) % a_line == 0 || i + 1 == completion->count;
        struct bs_str candidate = completion->candidates[i];
        printf("%-*.*s", is_last ? 0 : (int)width, BS_STR_ARGS(candidate));
        if (is_last)
            putchar('\n');
    }
    fflush(stdout);
}

static unsigned char complete(EditLine *edit, int character)
{
    struct terminal *terminal = terminal_of(edit);
    const LineInfo *line = el_line(edit);
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_str before = bs_str_make(line->buffer, (size_t)(line->cursor - line->buffer));
    struct shell_completion completion = shell_complete(terminal->shell, before, arena);
    (void)character;
    if (completion.count == 0)
        return CC_REFRESH_BEEP;
    struct bs_str rest = bs_str_from_offset(completion.common, completion.word.len);
    if (completion.count > 1 && rest.len == 0) {
        list_candidates(&completion);
        return CC_REDISPLAY;
    }
    struct bs_str insert = bs_arena_printf(arena, "%.*s%s", BS_STR_ARGS(rest),
                                           completion.count == 1 ? completion.after : "");
    return el_insertstr(edit, insert.ptr) == 0 ? CC_REFRESH : CC_ERROR;
}

/* ---- history ---- */

/* The folder with its parents; false when it can't be had. */
static bool make_folders(char *path)
{
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        bool failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        *at = '/';
        if (failed)
            return false;
    }
    return true;
}

static void find_history(struct terminal *terminal)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int size = -1;
    if (state && state[0] == '/')
        size = snprintf(terminal->history_path, PATH_MAX, "%s/bandstand/history", state);
    else if (home && home[0] == '/')
        size =
            snprintf(terminal->history_path, PATH_MAX, "%s/.local/state/bandstand/history", home);
    if (size < 0 || size >= PATH_MAX || !make_folders(terminal->history_path))
        terminal->history_path[0] = '\0';
}

static void enter_history(struct terminal *terminal, const char *text)
{
    HistEvent event;
    history(terminal->history, &event, H_ENTER, text);
    if (terminal->history_path[0] != '\0')
        history(terminal->history, &event, H_SAVE, terminal->history_path);
}

/* A form of many lines is one entry, where its line breaks may be blanks. */
static void remember_forms(struct terminal *terminal)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf entry = BS_BUF_INIT(0);
    struct bs_str rest = bs_str_trim(bs_buf_str(&terminal->text));
    struct bs_str line;
    while (rest.len > 0 && bs_str_split(&rest, '\n', &line)) {
        if (entry.len > 0 && terminal->is_joinable)
            bs_buf_append_byte(&entry, ' ');
        bs_buf_append_str(&entry, terminal->is_joinable ? bs_str_trim(line) : line);
        if (!terminal->is_joinable || rest.len == 0) {
            enter_history(terminal, bs_buf_cstr(&entry));
            bs_buf_reset(&entry);
        }
    }
}

/* ---- results ---- */

static bool is_cut(struct edn value)
{
    bool is_compound = value.type >= EDN_LIST && value.type <= EDN_TAGGED;
    if (!is_compound)
        return false;
    if (value.type != EDN_TAGGED && value.len > RESULT_ITEMS_MAX)
        return true;
    size_t count = value.type == EDN_MAP      ? (size_t)value.len * 2
                   : value.type == EDN_TAGGED ? 2
                                              : value.len;
    for (size_t i = 0; i < count; i++) {
        if (is_cut(value.as.items[i]))
            return true;
    }
    return false;
}

/* The first lines of a text, without the break behind them. */
static struct bs_str first_lines(struct bs_str text, size_t lines)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n' && --lines == 0)
            return bs_str_slice(text, 0, i);
    }
    return text;
}

static void print_result(struct edn value)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct edn_print_options options = {
        .max_width = (uint32_t)columns(),
        .max_items = RESULT_ITEMS_MAX,
    };
    edn_print_pretty(value, &options, &out);
    struct bs_str shown = first_lines(bs_buf_str(&out), RESULT_LINES_MAX);
    printf("%.*s\n", (int)shown.len, shown.ptr);
    bool is_counted = edn_is_collection(value) || value.type == EDN_MAP;
    if (shown.len == out.len && !is_cut(value))
        return;
    if (is_counted && value.len > RESULT_ITEMS_MAX)
        printf("; cut: the first %d of %u; *1 holds them all\n", RESULT_ITEMS_MAX, value.len);
    else
        printf("; cut; *1 holds it all\n");
}

static void print_failure(const struct bs_error *failure)
{
    const char *reason = bs_error_reason_name(failure);
    printf("error: %s%s%s%s\n", failure->message, reason[0] ? " (:" : "", reason,
           reason[0] ? ")" : "");
}

static void run_form(struct terminal *terminal, struct edn form)
{
    struct bs_error failure = BS_ERROR_INIT;
    struct edn value;
    bool is_help = form.type == EDN_LIST && form.len > 0 && edn_is_symbol(form.as.items[0], "help");
    if (shell_eval(terminal->shell, form, &value, &failure) != BS_OK)
        print_failure(&failure);
    else if (is_help)
        printf("%.*s\n", (int)value.len, value.as.text);
    else
        print_result(value);
    fflush(stdout);
}

/* ---- lines ---- */

static void forget_text(struct terminal *terminal)
{
    bs_buf_reset(&terminal->text);
    terminal->scan = (struct shell_scan){0};
    terminal->is_joinable = true;
}

/* Runs the forms in the text when the last of them is whole. */
static void run_text(struct terminal *terminal)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn_reader reader;
    struct edn_list forms;
    struct bs_error failure = BS_ERROR_INIT;
    bool found = true;
    edn_list_init(&forms, arena);
    edn_reader_init(&reader, bs_buf_str(&terminal->text));
    reader.allow_unquote = true;
    while (found) {
        struct edn form;
        if (edn_read_next(&reader, arena, &form, &found, &failure) != BS_OK) {
            if (reader.incomplete)
                return; /* the next line may end it */
            break;
        }
        if (found)
            edn_list_add(&forms, form);
    }
    remember_forms(terminal);
    size_t run_count = 0;
    while (run_count < forms.count && !was_interrupted)
        run_form(terminal, forms.items[run_count++]);
    if (run_count < forms.count)
        printf("error: interrupted: not run from %s on (:rpc.error/cancelled)\n",
               edn_print_short(arena, forms.items[run_count], 60).ptr);
    if (failure.code != BS_OK)
        print_failure(&failure);
    fflush(stdout);
    forget_text(terminal);
}

static void take_line(struct terminal *terminal, struct bs_str line)
{
    bs_buf_append_str(&terminal->text, line);
    shell_scan_closes(&terminal->scan, bs_buf_str(&terminal->text),
                      terminal->text.len - (bs_str_ends_with(line, BS_STR("\n")) ? 1 : 0));
    if (terminal->scan.in_string || terminal->scan.in_comment)
        terminal->is_joinable = false;
    run_text(terminal);
}

static void run(struct terminal *terminal)
{
    for (;;) {
        int size = 0;
        forget_interrupt();
        const char *line = el_gets(terminal->edit, &size);
        if (line && size > 0) {
            running_shell = terminal->shell;
            take_line(terminal, bs_str_make(line, (size_t)size));
            running_shell = NULL;
            atomic_store(&terminal->shell->cancelled, false);
            continue;
        }
        putchar('\n');
        fflush(stdout);
        if (!was_interrupted)
            return;
        forget_text(terminal);
    }
}

static void prepare(struct terminal *terminal)
{
    HistEvent event;
    setlocale(LC_CTYPE, ""); /* libedit shows characters by it */
    terminal->edit = el_init("bandstand", stdin, stdout, stderr);
    terminal->history = history_init();
    history(terminal->history, &event, H_SETSIZE, HISTORY_SIZE);
    history(terminal->history, &event, H_SETUNIQUE, 1);
    find_history(terminal);
    if (terminal->history_path[0] != '\0')
        history(terminal->history, &event, H_LOAD, terminal->history_path);
    el_set(terminal->edit, EL_CLIENTDATA, terminal);
    el_set(terminal->edit, EL_PROMPT, prompt);
    el_set(terminal->edit, EL_EDITOR, "emacs");
    el_set(terminal->edit, EL_HIST, history, terminal->history);
    el_set(terminal->edit, EL_GETCFN, read_character);
    el_set(terminal->edit, EL_ADDFN, "shell-complete", "attributes, functions, names", complete);
    el_set(terminal->edit, EL_BIND, "^I", "shell-complete", NULL);
    el_set(terminal->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(terminal->edit, NULL);
}

void shell_run_terminal(struct shell *shell)
{
    struct terminal terminal = {.shell = shell, .text = BS_BUF_INIT(0), .is_joinable = true};
    struct sigaction action = {.sa_handler = on_sigint};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    interrupt_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    prepare(&terminal);
    sigaction(SIGINT, &action, &before);
    run(&terminal);
    sigaction(SIGINT, &before, NULL);
    close(interrupt_event);
    interrupt_event = -1;
    history_end(terminal.history);
    el_end(terminal.edit);
    bs_buf_fini(&terminal.text);
}
