/* Forms that come in pieces: each line is written before more is read. */

#include "support.h"

#include <signal.h>
#include <unistd.h>

#include "shell/scan.h"
#include "shell/session.h"

struct pipes {
    int in[2];
    int out[2];
};

static struct shell *new_shell(void)
{
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    struct shell *shell = shell_new(&(struct shell_options){.conn = conn});
    datom_conn_unref(conn);
    return shell;
}

/* What a batch prints for a text; the text and the answer fit into pipes. */
static bool run(const char *text, struct bs_buf *ret_out)
{
    BS_CLEANUP(shell_freep) struct shell *shell = new_shell();
    struct bs_error error = BS_ERROR_INIT;
    struct pipes pipes;
    bool any_failed = false;
    char bytes[4096];
    assert_int_equal(pipe(pipes.in), 0);
    assert_int_equal(pipe(pipes.out), 0);
    assert_int_equal(write(pipes.in[1], text, strlen(text)), (ssize_t)strlen(text));
    close(pipes.in[1]);
    assert_int_equal(shell_run_batch(shell, pipes.in[0], pipes.out[1], &any_failed, &error), BS_OK);
    close(pipes.out[1]);
    for (ssize_t size; (size = read(pipes.out[0], bytes, sizeof(bytes))) > 0;)
        bs_buf_append(ret_out, bytes, (size_t)size);
    close(pipes.in[0]);
    close(pipes.out[0]);
    return any_failed;
}

static void test_batch__prints_a_line_for_each_form(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *printed; /* errors by their beginning, up to the first "..." */
        bool fails;
    } rows[] = {
        {"nothing", "", "", false},
        {"blanks and comments", " ; 1\n #_ 2 \n", "", false},
        {"without a last line break", "1", "1\n", false},
        {"many on a line", "1 2 [3]", "1\n2\n[3]\n", false},
        {"one on many lines", "[1\n;]\n\"]\n\" \\]\n2]\n3", "[1 \"]\\n\" \\] 2]\n3\n", false},
        {"CRLF", "1\r\n[2\r\n]\r\n", "1\n[2]\n", false},
        {"strings on many lines", "\"a\nb\"\n:c", "\"a\\nb\"\n:c\n", false},
        {"an error, then more", "(nope)\n1\n", "#error {:code :shell.error/unknown-name, ...",
         true},
        {"a form that never ends", "(count [1]\n", "#error {:code :edn.error/syntax, ...", true},
        {"a tag before its form", "#inst\n\n\"2020\"\n",
         "#inst \"2020-01-01T00:00:00.000-00:00\"\n", false},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
        bool failed = run(rows[i].text, &out);
        struct bs_str expected = bs_str_from(rows[i].printed);
        ptrdiff_t dots = bs_str_find(expected, BS_STR("..."));
        bool is_same = dots < 0 ? bs_str_equal(bs_buf_str(&out), expected)
                                : bs_str_starts_with(bs_buf_str(&out),
                                                     bs_str_slice(expected, 0, (size_t)dots));
        test_row(rows[i].name, is_same, "printed %s", bs_buf_cstr(&out));
        test_row(rows[i].name, failed == rows[i].fails, "failed: %d", failed);
    }
    test_rows_end();
}

static void test_batch__goes_on_with_the_line_after_a_syntax_error(void **state)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    (void)state;
    assert_true(run("1\n  ] 2\n3\n", &out));
    struct bs_str printed = bs_buf_str(&out);
    assert_true(bs_str_starts_with(printed, BS_STR("1\n#error {:code :edn.error/syntax")));
    assert_true(bs_str_find(printed, BS_STR(":line 2, :column 3}")) > 0);
    assert_true(bs_str_ends_with(printed, BS_STR("}\n3\n")));
}

static void test_batch__ends_quietly_when_nobody_reads(void **state)
{
    BS_CLEANUP(shell_freep) struct shell *shell = new_shell();
    struct bs_error error = BS_ERROR_INIT;
    struct pipes pipes;
    bool any_failed = false;
    (void)state;
    assert_int_equal(pipe(pipes.in), 0);
    assert_int_equal(pipe(pipes.out), 0);
    assert_int_equal(write(pipes.in[1], "1\n2\n", 4), 4);
    close(pipes.in[1]);
    close(pipes.out[0]);
    assert_int_equal(shell_run_batch(shell, pipes.in[0], pipes.out[1], &any_failed, &error), BS_OK);
    assert_false(any_failed);
    close(pipes.in[0]);
    close(pipes.out[1]);
}

static void test_scan__knows_where_brackets_close(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        bool closes;
    } rows[] = {
        {"nothing", "", true},
        {"open", "(a [b", false},
        {"closed", "(a [b])", true},
        {"a bracket in a string", "(\"]\"", false},
        {"a string that is open", "\"(", false},
        {"an escaped quote", "[\"\\\"]\"]", true},
        {"a bracket in a comment", "(; )\n", false},
        {"a bracket as character", "(\\)", false},
        {"more closed than open", "])", true},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct shell_scan scan = {0};
        struct bs_str text = bs_str_from(rows[i].text);
        bool closes = false;
        for (size_t end = 0; end <= text.len; end++) /* byte by byte is the same */
            closes = shell_scan_closes(&scan, text, end);
        test_row(rows[i].name, closes == rows[i].closes, "closes: %d", closes);
    }
    test_rows_end();
}

static int ignore_sigpipe(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch__prints_a_line_for_each_form),
        cmocka_unit_test(test_batch__goes_on_with_the_line_after_a_syntax_error),
        cmocka_unit_test(test_batch__ends_quietly_when_nobody_reads),
        cmocka_unit_test(test_scan__knows_where_brackets_close),
    };
    return cmocka_run_group_tests_name("batch", tests, ignore_sigpipe, NULL);
}
