/* The evaluator inside one process: how long values live, what forms leave behind. */

#include "support.h"

#include "shell/session.h"

static int64_t fixed_now(void *self)
{
    (void)self;
    return INT64_C(1700000000000);
}

static int set_up(void **state)
{
    struct datom_options options = {.clock = {.now_ms = fixed_now}};
    struct datom_conn *conn = datom_conn_new_memory(&options);
    *state = shell_new(&(struct shell_options){.conn = conn});
    datom_conn_unref(conn);
    return 0;
}

static int tear_down(void **state)
{
    shell_free((struct shell *)*state);
    return 0;
}

/* What a form prints, or its error's reason. */
static const char *answer(struct shell *shell, const char *text)
{
    static struct bs_buf out = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    struct edn value;
    bs_buf_reset(&out);
    if (shell_eval_text(shell, bs_str_from(text), &value, &error) != BS_OK)
        bs_buf_append_cstr(&out, bs_error_reason_name(&error));
    else
        edn_print(value, &out);
    return bs_buf_cstr(&out);
}

static void test_shell__keeps_results_apart_from_the_text_they_were_read_from(void **state)
{
    struct shell *shell = (struct shell *)*state;
    char text[] = "(def s \"a text in the form\")";
    assert_string_equal(answer(shell, text), "\"a text in the form\"");
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(answer(shell, "s"), "\"a text in the form\"");
    assert_string_equal(answer(shell, "*2"), "\"a text in the form\"");
}

static void test_shell__remembers_three_results_and_no_errors(void **state)
{
    struct shell *shell = (struct shell *)*state;
    answer(shell, "1");
    answer(shell, "2");
    answer(shell, "3");
    assert_string_equal(answer(shell, "(nope)"), "shell.error/unknown-name");
    assert_string_equal(answer(shell, "[~*1 ~*2 ~*3]"), "[3 2 1]");
    assert_string_equal(answer(shell, "*3"), "2");
}

static void test_shell__a_name_given_anew_in_a_form_that_looks_at_it(void **state)
{
    struct shell *shell = (struct shell *)*state;
    answer(shell, "(def m {:k [\"old\"]})");
    assert_string_equal(answer(shell, "(get m (def m :k))"), "[\"old\"]");
    assert_string_equal(answer(shell, "m"), ":k");
}

static void test_shell__values_of_databases_outlive_what_made_them(void **state)
{
    struct shell *shell = (struct shell *)*state;
    answer(shell, "(def before db)");
    answer(shell, "(def r (transact [{:db/id \"x\" :db/doc \"hello\"}]))");
    answer(shell, "(def e (entity (:db-after r) (get (:tempids r) \"x\")))");
    answer(shell, "(def r nil)");
    for (int i = 0; i < 4; i++)
        answer(shell, "(transact [])");
    assert_string_equal(answer(shell, "(:db/doc e)"), "\"hello\"");
    assert_string_equal(answer(shell, "(:db/doc (touch e))"), "\"hello\"");
    assert_string_equal(answer(shell, "before"), "#db {:basis-t 72}");
}

static void test_shell__values_of_a_fork_outlive_it(void **state)
{
    struct shell *shell = (struct shell *)*state;
    answer(shell, "(def f (fork))");
    answer(shell, "(def d (:db-after (in-fork f (transact [{:db/doc \"in the fork\"}]))))");
    answer(shell, "(def f nil)");
    for (int i = 0; i < 4; i++)
        answer(shell, "nil");
    assert_string_equal(answer(shell, "(q [:find ?d . :where [_ :db/doc ?d ?tx] "
                                      "[?tx :db/txInstant ?i] [(< #inst \"2000\" ?i)]] d)"),
                        "\"in the fork\"");
}

static void test_shell__a_failure_in_a_fork_leaves_the_fork(void **state)
{
    struct shell *shell = (struct shell *)*state;
    answer(shell, "(def f (fork))");
    answer(shell, "(in-fork f (transact []))");
    assert_string_equal(answer(shell, "(in-fork f (nope))"), "shell.error/unknown-name");
    assert_string_equal(answer(shell, "(basis-t db)"), "72");
}

static void test_shell__forms_leave_no_memory_behind(void **state)
{
    struct shell *shell = (struct shell *)*state;
    for (int i = 0; i < 1000; i++) {
        answer(shell, "(datoms db :eavt)");
        answer(shell, "(def x (first *1))");
    }
    /* an emptied arena counts nothing; what is kept is one copy each */
    assert_int_equal(bs_arena_used_bytes(shell->arena), 0);
    assert_true(bs_arena_used_bytes(shell->recent[0].arena) < 1000);
    assert_int_equal(HASH_COUNT(shell->names), 1);
}

static void test_shell__an_interrupt_ends_one_form(void **state)
{
    static const char *const forms[] = {
        "(count (datoms db :eavt))",
        "(count (tx-range 0 nil))",
        "(q [:find (count ?a) . :with ?x ?y :where [?a _ ?x] [_ _ ?y]] db)",
        "(sync 5000)",
    };
    struct shell *shell = (struct shell *)*state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(forms); i++) {
        shell_interrupt(shell);
        const char *interrupted = answer(shell, forms[i]);
        test_row(forms[i], strcmp(interrupted, "rpc.error/cancelled") == 0, "is %s", interrupted);
        assert_string_equal(answer(shell, "(count (datoms db :eavt :db/ident :db/ident))"), "1");
    }
    test_rows_end();
}

static void test_shell__errors_print_with_their_data(void **state)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    bs_error_set(&error, BS_REASON_DB_CAS_FAILED, "a \"quoted\" text");
    bs_error_add_integer(&error, "form", 3);
    bs_error_add_text(&error, "attribute", BS_STR("a/b"));
    bs_error_add_text(&error, "path", BS_STR_EMPTY);
    shell_print_error(&error, &out);
    assert_string_equal(bs_buf_cstr(&out),
                        "#error {:code :db.error/cas-failed, :category :conflict, :message "
                        "\"a \\\"quoted\\\" text\", :form 3, :attribute :a/b}");
    bs_buf_reset(&out);
    error = (struct bs_error){.code = BS_DATA_LOSS, .message = "lost"};
    shell_print_error(&error, &out);
    assert_string_equal(bs_buf_cstr(&out), "#error {:code :rpc.status/data-loss, :category "
                                           ":fault, :message \"lost\"}");
}

int main(void)
{
#define SHELL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SHELL_TEST(test_shell__keeps_results_apart_from_the_text_they_were_read_from),
        SHELL_TEST(test_shell__remembers_three_results_and_no_errors),
        SHELL_TEST(test_shell__a_name_given_anew_in_a_form_that_looks_at_it),
        SHELL_TEST(test_shell__values_of_databases_outlive_what_made_them),
        SHELL_TEST(test_shell__values_of_a_fork_outlive_it),
        SHELL_TEST(test_shell__a_failure_in_a_fork_leaves_the_fork),
        SHELL_TEST(test_shell__forms_leave_no_memory_behind),
        SHELL_TEST(test_shell__an_interrupt_ends_one_form),
        SHELL_TEST(test_shell__errors_print_with_their_data),
    };
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
