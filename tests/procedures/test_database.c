/* The database service: operators only; what the shell does, as texts. */

#include "procedures/fixture.h"

#define SERVICE "datom.v1.DatabaseService/"

static void test_database__is_for_operators(void **state)
{
    struct test_world *world = *state;
    static const char query[] =
        "{\"query\": \"[:find ?n . :where [?o :org/id \\\"" PROCEDURES_DEMO_ORG
        "\\\"] [?o :org/name ?n]]\"}";
    BRANCH(fork, world->universe)
    {
        test_fails(fork, NOBODY, SERVICE "Query", query, BS_REASON_AUTH_NOT_SIGNED_IN);
        test_fails(fork, EDITOR, SERVICE "Query", query, BS_REASON_ACCESS_DENIED);
        test_json_has(test_ok(fork, OWNER, SERVICE "Query", query),
                      "{\"result\": \"\\\"Bandstand Records\\\"\"}");
        test_fails(fork, OWNER, SERVICE "Query",
                   "{\"database\": \"other\", \"query\": \"[:find ?e :where [?e :org/id]]\"}",
                   BS_REASON_DATABASE_NOT_FOUND);
    }
}

static void test_database__transacts_and_looks_back(void **state)
{
    struct test_world *world = *state;
    static const char name[] = "[:find ?n . :where [_ :org/name ?n] [(= ?n \\\"New\\\")]]";
    BRANCH(fork, world->universe)
    {
        struct bs_str made =
            test_ok(fork, OWNER, SERVICE "Transact",
                    "{\"txData\": \"[{:db/id \\\"o\\\" :org/id \\\"cccccccccccccccccccccccc\\\""
                    " :org/name \\\"New\\\"}]\"}");
        struct bs_str t = test_json_text(made, "t");
        uint64_t number;
        assert_true(bs_str_parse_u64(t, &number));
        assert_true(bs_str_find(test_json_text(made, "report"), BS_STR(":tempids {\"o\" ")) > 0);
        const char *request =
            bs_arena_printf(world->arena, "{\"query\": \"%s\", \"view\": {\"asOf\": \"%llu\"}}",
                            name, (unsigned long long)number)
                .ptr;
        test_json_has(test_ok(fork, OWNER, SERVICE "Query", request),
                      "{\"result\": \"\\\"New\\\"\"}");
        request =
            bs_arena_printf(world->arena, "{\"query\": \"%s\", \"view\": {\"asOf\": \"%llu\"}}",
                            name, (unsigned long long)number - 1)
                .ptr;
        test_json_has(test_ok(fork, OWNER, SERVICE "Query", request), "{\"result\": \"nil\"}");
        request =
            bs_arena_printf(world->arena, "{\"start\": \"%llu\"}", (unsigned long long)number).ptr;
        struct bs_str range = test_ok(fork, OWNER, SERVICE "TxRange", request);
        assert_int_equal(test_json_count(range, "transactions"), 1);
        assert_true(bs_str_find(test_json_text(range, "transactions.0"), BS_STR(":tx/by")) > 0);
    }
}

/* The value fits into the call's memory, its text beside it does not. */
static void test_database__refuses_an_answer_that_is_too_large(void **state)
{
    struct test_world *world = *state;
    static const char head[] =
        "{\"query\": \"[:find ?x ?s :in $ ?s :where [(range 16) [?x ...]]]\","
        " \"inputs\": [\"\\\"";
    BS_CLEANUP(bs_buf_fini) struct bs_buf request = BS_BUF_INIT(0);
    bs_buf_append_cstr(&request, head);
    for (int i = 0; i < 30000; i++)
        bs_buf_append_cstr(&request, "0123456789");
    bs_buf_append_cstr(&request, "\\\"\"]}");
    BRANCH(fork, world->universe)
    {
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new((size_t)8 * 1024 * 1024);
        struct test_result result =
            test_call_within(fork, arena, OWNER, SERVICE "Query", bs_buf_cstr(&request));
        assert_int_equal(result.code, BS_RESOURCE_EXHAUSTED);
        assert_int_equal(result.error.reason, BS_REASON_LIMIT);
    }
}

static void test_database__pulls_walks_and_supposes(void **state)
{
    struct test_world *world = *state;
    BRANCH(fork, world->universe)
    {
        test_json_has(
            test_ok(fork, OWNER, SERVICE "Pull",
                    "{\"pattern\": \"[:org/name]\", \"ids\": [\"[:org/id \\\"" PROCEDURES_DEMO_ORG
                    "\\\"]\", \"[:org/id \\\"nope\\\"]\"]}"),
            "{\"results\": [\"{:org/name \\\"Bandstand Records\\\"}\", \"nil\"]}");
        struct bs_str datoms = test_ok(fork, OWNER, SERVICE "Datoms",
                                       "{\"index\": \"avet\", \"components\": [\":org/id\"],"
                                       " \"limit\": 1}");
        assert_int_equal(test_json_count(datoms, "datoms"), 1);
        test_json_has(datoms, "{\"more\": true}");
        test_fails(fork, OWNER, SERVICE "Datoms", "{\"index\": \"eavtt\"}",
                   BS_REASON_RPC_VALIDATION);
        static const char tx[] = "{\"txData\": \"[[:db/add [:org/id \\\"" PROCEDURES_DEMO_ORG
                                 "\\\"] :org/name \\\"Supposed\\\"]]\"}";
        struct bs_str report = test_json_text(test_ok(fork, OWNER, SERVICE "With", tx), "report");
        assert_true(bs_str_find(report, BS_STR(":org/name \"Supposed\"")) > 0);
        test_json_has(test_ok(fork, OWNER, SERVICE "Query",
                              "{\"query\": \"[:find ?e . :where [?e :org/name ?n]"
                              " [(= ?n \\\"Supposed\\\")]]\"}"),
                      "{\"result\": \"nil\"}");
        assert_int_equal(
            test_call(fork, OWNER, SERVICE "Transact", "{\"txData\": \"[[:db/add\"}").error.reason,
            BS_REASON_EDN_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_database__is_for_operators),
        cmocka_unit_test(test_database__transacts_and_looks_back),
        cmocka_unit_test(test_database__refuses_an_answer_that_is_too_large),
        cmocka_unit_test(test_database__pulls_walks_and_supposes),
    };
    return cmocka_run_group_tests(tests, test_world_setup, test_world_teardown);
}
