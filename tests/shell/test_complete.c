/* What Tab offers. */

#include "support.h"

#include "shell/complete.h"

static void test_complete__by_where_the_word_stands(void **state)
{
    static const struct {
        const char *name;
        const char *before;
        const char *common;
        size_t count;
    } rows[] = {
        {"attributes", "(pull db [:db/val", ":db/valueType", 1},
        {"several attributes", "[:db/i", ":db/i", 4},
        {"a reverse attribute", "(:db.install/_p", ":db.install/_partition", 1},
        {"no reverse one without underscore", "(:db.install/p", ":db.install/partition", 1},
        {"an index", "(datoms db :ea", ":eavt", 1},
        {"a function", "(tran", "transact", 1},
        {"functions with the same beginning", "(pul", "pull", 2},
        {"help on a function", "(help tran", "transact", 1},
        {"a name given by def", "(count ar", "artists", 1},
        {"names in data", "[~ar", "artists", 1},
        {"a function's name is no name", "[tran", "tran", 0},
        {"nothing", ":no/such", ":no/such", 0},
        {"the shell's own", "(basis-t d", "db", 1},
    };
    struct datom_conn *conn = datom_conn_new_memory(NULL);
    BS_CLEANUP(shell_freep) struct shell *shell = shell_new(&(struct shell_options){.conn = conn});
    struct edn value;
    (void)state;
    datom_conn_unref(conn);
    assert_int_equal(shell_eval_text(shell, BS_STR("(def artists [])"), &value, NULL), BS_OK);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        struct shell_completion completion =
            shell_complete(shell, bs_str_from(rows[i].before), arena);
        test_row(rows[i].name, bs_str_equals(completion.common, rows[i].common), "is %.*s",
                 BS_STR_ARGS(completion.common));
        test_row(rows[i].name, completion.count == rows[i].count, "%zu of them", completion.count);
    }
    test_rows_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete__by_where_the_word_stands),
    };
    return cmocka_run_group_tests_name("complete", tests, NULL, NULL);
}
