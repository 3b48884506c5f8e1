/* What happens to one call: names, statuses, interceptors, metadata, memory. */

#include "support.h"

#include "base/limits.h"
#include "rpc/fixture.h"

static struct test_server server;

static int setup(void **state)
{
    (void)state;
    test_server_init(&server, &(struct rpc_dispatcher_options){.workers = 2});
    return 0;
}

static int setup_started(void **state)
{
    setup(state);
    test_server_start(&server);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_server_fini(&server);
    return 0;
}

static void test_call__answers_with_response_and_basis(void **state)
{
    struct test_call call;
    (void)state;
    assert_int_equal(test_call_do(&call, &server, TEST_RUN, "echo 42"), BS_OK);
    assert_int_equal(call.number, 42);
    assert_string_equal(call.basis_t, "1000");
    test_call_fini(&call);
    assert_int_equal(test_call_do(&call, &server, TEST_RUN, ""), BS_OK);
    assert_int_equal(call.number, 0);
    test_call_fini(&call);
    assert_int_equal(server.observed[BS_OK], 2);
}

static void test_call__carries_each_status_on_both_paths(void **state)
{
    (void)state;
    for (int code = 1; code <= 16; code++) {
        char text[16];
        struct test_call call;
        struct bs_error error = BS_ERROR_INIT;
        int number;
        snprintf(text, sizeof(text), "fail %d", code);
        assert_int_equal(test_call_do(&call, &server, TEST_RUN, text), code);
        assert_int_equal(call.error.reason, BS_REASON_DB_CAS_FAILED);
        assert_int_equal(bs_error_find(&call.error, "line")->integer, 7);
        assert_int_equal(call.number, -1);
        assert_int_equal(test_direct(&server, TEST_RUN, text, NULL, &number, &error), code);
        assert_string_equal(error.message, call.error.message);
        test_call_fini(&call);
        assert_int_equal(server.observed[code], 2);
    }
}

static void test_call__of_no_known_method_is_unimplemented(void **state)
{
    static char long_name[10240];
    static const char *const names[] = {"test.Service/Nope", "nope.Service/Run", "Run",    "", "/",
                                        "test.Service/",     "test.Service/run", long_name};
    (void)state;
    memset(long_name, 'x', sizeof(long_name) - 1);
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        struct test_call call;
        test_call_init_raw(&call, &server, names[i], "", 0);
        test_call_start(&call);
        test_row(names[i], test_call_finish(&call) == BS_UNIMPLEMENTED, "%d", call.code);
        test_row(names[i], call.error.reason == BS_REASON_RPC_UNKNOWN_METHOD, "%s",
                 call.error.message);
        test_call_fini(&call);
    }
    test_rows_end();
}

static void test_call__takes_a_leading_slash(void **state)
{
    struct test_call call;
    (void)state;
    test_call_init_raw(&call, &server, "/test.Service/Run", "", 0);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_OK);
    test_call_fini(&call);
    assert_ptr_equal(rpc_dispatcher_find(server.dispatcher, BS_STR("/test.Service/Run")),
                     test_method(TEST_RUN));
    assert_null(rpc_dispatcher_find(server.dispatcher, BS_STR("test.Service/Walk")));
}

static void test_call__refuses_bad_requests(void **state)
{
    static char large[100];
    struct test_call call;
    (void)state;
    test_call_init_raw(&call, &server, "test.Service/Run", "\x0a\xff", 2);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_INVALID_ARGUMENT);
    assert_int_equal(call.error.reason, BS_REASON_RPC_UNDECODABLE);
    test_call_fini(&call);

    test_call_init_raw(&call, &server, "test.Service/Run", NULL, 0);
    test_call_start(&call);
    assert_int_equal(test_call_finish(&call), BS_UNIMPLEMENTED);
    test_call_fini(&call);

    memset(large, 'x', sizeof(large));
    large[62] = '\0'; /* with tag and length 64 bytes */
    assert_int_equal(test_call_do(&call, &server, TEST_SIGNED, large), BS_OK);
    test_call_fini(&call);
    large[62] = 'x';
    large[63] = '\0';
    assert_int_equal(test_call_do(&call, &server, TEST_SIGNED, large), BS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(call.error.message, "at most 64 bytes, got 65"));
    test_call_fini(&call);
    assert_int_equal(server.entered, 1);
}

static void test_call__of_a_streaming_method_needs_a_transport_with_streams(void **state)
{
    struct test_call call;
    (void)state;
    assert_int_equal(test_call_do(&call, &server, TEST_COUNT, "3"), BS_UNIMPLEMENTED);
    assert_non_null(strstr(call.error.message, "which test does not carry"));
    test_call_fini(&call);
}

/* Interceptors that write their names, and refuse when told. */
struct tracer {
    const char *name;
    enum bs_code refuses;
    bool answers;
};

static enum bs_code trace_before(void *self, struct rpc_call *call, struct bs_error *error)
{
    const struct tracer *tracer = self;
    test_server_trace(&server, "%s%s;", tracer->name, rpc_call_request(call) ? "+" : "-");
    if (tracer->refuses != BS_OK)
        return bs_error_set_code(error, tracer->refuses, BS_REASON_RPC_FORBIDDEN, "refused");
    if (tracer->answers) {
        ((Rpc__V1__HealthCheckResponse *)rpc_call_response(call))->status =
            (Rpc__V1__HealthCheckResponse__ServingStatus)99;
        rpc_call_set_answered(call);
    }
    return BS_OK;
}

static void trace_after(void *self, struct rpc_call *call, enum bs_code code,
                        struct bs_error *error)
{
    const struct tracer *tracer = self;
    (void)call;
    BS_ASSERT(error->code == code);
    test_server_trace(&server, "/%s%d;", tracer->name, code);
}

static struct tracer tracers[] = {
    {.name = "trace"}, {.name = "auth"}, {.name = "access"}, {.name = "time"}, {.name = "idem"}};

static int setup_traced(void **state)
{
    static const enum rpc_stage stages[] = {RPC_STAGE_TRACE, RPC_STAGE_AUTH, RPC_STAGE_ACCESS,
                                            RPC_STAGE_TIME, RPC_STAGE_IDEMPOTENCY};
    setup(state);
    for (size_t i = BS_ARRAY_COUNT(tracers); i-- > 0;) { /* the order of adding does not count */
        tracers[i].refuses = BS_OK;
        tracers[i].answers = false;
        rpc_dispatcher_add_interceptor(server.dispatcher, &(struct rpc_interceptor){
                                                              .name = tracers[i].name,
                                                              .stage = stages[i],
                                                              .before = trace_before,
                                                              .after = trace_after,
                                                              .self = &tracers[i],
                                                          });
    }
    test_server_start(&server);
    return 0;
}

/* Runs the same call over workers and directly: both must leave this trace and this code. */
static void expect_trace(int method, enum bs_code code, const char *trace)
{
    struct test_call call;
    int number;
    server.trace[0] = '\0';
    assert_int_equal(test_call_do(&call, &server, method, "fail 0"), code);
    test_call_fini(&call);
    assert_string_equal(server.trace, trace);
    server.trace[0] = '\0';
    assert_int_equal(test_direct(&server, method, "fail 0", NULL, &number, NULL), code);
    /* a direct call's request needs no decoding: it is there from the start */
    for (char *sign = server.trace; (sign = strchr(sign, '+'));)
        memmove(sign, sign + 1, strlen(sign));
    char plain[512], *to = plain;
    for (const char *from = trace; *from; from++) {
        if (*from != '+' && *from != '-')
            *to++ = *from;
    }
    *to = '\0';
    assert_string_equal(server.trace, plain);
}

static void test_interceptors__stand_in_one_order_on_every_path(void **state)
{
    (void)state;
    expect_trace(TEST_CONTEXT, BS_OK,
                 "trace-;auth-;access+;time+;idem+;open;handler;close;"
                 "/idem0;/time0;/access0;/auth0;/trace0;");
    tracers[1].refuses = BS_UNAUTHENTICATED;
    expect_trace(TEST_CONTEXT, BS_UNAUTHENTICATED, "trace-;auth-;/trace16;");
    tracers[1].refuses = BS_OK;
    tracers[2].refuses = BS_PERMISSION_DENIED;
    expect_trace(TEST_CONTEXT, BS_PERMISSION_DENIED, "trace-;auth-;access+;/auth7;/trace7;");
    tracers[2].refuses = BS_OK;
    server.open_fails = BS_INVALID_ARGUMENT;
    expect_trace(TEST_CONTEXT, BS_INVALID_ARGUMENT,
                 "trace-;auth-;access+;time+;idem+;open;"
                 "/idem3;/time3;/access3;/auth3;/trace3;");
}

static void test_interceptors__may_answer_in_the_handlers_place(void **state)
{
    struct test_call call;
    (void)state;
    tracers[4].answers = true;
    assert_int_equal(test_call_do(&call, &server, TEST_CONTEXT, ""), BS_OK);
    assert_int_equal(call.number, 99);
    test_call_fini(&call);
    assert_int_equal(server.opened, 0);
    assert_string_equal(server.trace, "trace-;auth-;access+;time+;idem+;"
                                      "/idem0;/time0;/access0;/auth0;/trace0;");
}

static void test_context__may_be_brought_by_the_caller(void **state)
{
    struct test_context own = {.number = 8};
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    int number;
    (void)state;
    assert_int_equal(test_direct(&server, TEST_CONTEXT, "", NULL, &number, NULL), BS_OK);
    assert_int_equal(number, 5);
    options.context = &own;
    assert_int_equal(test_direct(&server, TEST_CONTEXT, "", &options, &number, NULL), BS_OK);
    assert_int_equal(number, 8);
    assert_int_equal(server.opened, 1);
    assert_int_equal(server.closed, 1);
}

static void test_metadata__that_nobody_claims_is_unimplemented(void **state)
{
    static const struct {
        const char *name;
        const char *keys[2], *values[2];
        enum bs_code code;
    } rows[] = {
        {"none", {NULL, NULL}, {NULL, NULL}, BS_OK},
        {"unknown key", {"x-other", NULL}, {"1", NULL}, BS_OK},
        {"claimed", {"as-of", NULL}, {"1000", NULL}, BS_OK},
        {"dry-run", {"dry-run", NULL}, {"true", NULL}, BS_UNIMPLEMENTED},
        {"idempotency-key", {"Idempotency-Key", NULL}, {"a", NULL}, BS_UNIMPLEMENTED},
        {"min-basis-t", {"min-basis-t", NULL}, {"7", NULL}, BS_UNIMPLEMENTED},
        {"twice", {"as-of", "as-of"}, {"1", "2"}, BS_INVALID_ARGUMENT},
        {"two tokens", {"authorization", "authorization"}, {"a", "b"}, BS_INVALID_ARGUMENT},
        {"deadline", {"deadline", NULL}, {"5s", NULL}, BS_OK},
        {"deadline passed", {"deadline", NULL}, {"0ms", NULL}, BS_DEADLINE_EXCEEDED},
        {"deadline malformed", {"deadline", NULL}, {"soon", NULL}, BS_INVALID_ARGUMENT},
        {"deadline twice", {"deadline", "deadline"}, {"5s", "5s"}, BS_INVALID_ARGUMENT},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_arena *arena = bs_arena_new(0);
        struct rpc_metadata metadata;
        struct test_call call;
        struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
        int number;
        rpc_metadata_init(&metadata, arena);
        for (size_t k = 0; k < 2 && rows[i].keys[k]; k++)
            assert_int_equal(rpc_metadata_add(&metadata, bs_str_from(rows[i].keys[k]),
                                              bs_str_from(rows[i].values[k]), NULL),
                             BS_OK);
        test_call_init(&call, &server, TEST_RUN, "", &metadata, BS_DEADLINE_NONE);
        test_call_start(&call);
        test_row(rows[i].name, test_call_finish(&call) == rows[i].code, "%d %s", call.code,
                 call.error.message);
        test_call_fini(&call);
        options.metadata = &metadata;
        enum bs_code code = test_direct(&server, TEST_RUN, "", &options, &number, NULL);
        test_row(rows[i].name, code == rows[i].code, "directly %d", code);
        bs_arena_free(arena);
    }
    test_rows_end();
}

static void test_call__has_its_memory_capped_and_used_again(void **state)
{
    struct test_call call;
    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_int_equal(test_call_do(&call, &server, TEST_RUN, "memory 900000"), BS_OK);
        test_call_fini(&call);
    }
    assert_int_equal(test_call_do(&call, &server, TEST_RUN, "memory 1100000"),
                     BS_RESOURCE_EXHAUSTED);
    test_call_fini(&call);
}

static int setup_small(void **state)
{
    (void)state;
    test_server_init(&server,
                     &(struct rpc_dispatcher_options){.workers = 1, .arena_bytes = 1000000});
    test_server_start(&server);
    return 0;
}

static void test_register__refuses_what_cannot_be_served(void **state)
{
    static const struct rpc_method lawless[] = {{.full_name = "l.S/M", .name = "M"}};
    static const struct rpc_service rows[] = {
        {.full_name = "test.Service"},
        {.full_name = "l.S", .methods = lawless, .methods_count = 1},
        {.full_name = "c.S", .context_type = "struct other"},
    };
    static const char *const texts[] = {"registered twice", "expected an access rule",
                                        "its handlers take struct other"};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        assert_int_equal(rpc_dispatcher_register(server.dispatcher, &rows[i], NULL, &error),
                         BS_INTERNAL);
        test_row(rows[i].full_name, strstr(error.message, texts[i]), "%s", error.message);
    }
    test_rows_end();
}

static void test_metrics__count_calls_by_method_and_code(void **state)
{
    struct bs_buf text = BS_BUF_INIT(0);
    struct rpc_counters counters;
    int number;
    (void)state;
    (void)!test_direct(&server, TEST_RUN, "echo 1", NULL, &number, NULL);
    (void)!test_direct(&server, TEST_RUN, "fail 5", NULL, &number, NULL);
    struct test_call call;
    test_call_init_raw(&call, &server, "none", "", 0);
    test_call_start(&call);
    test_call_fini(&call);
    rpc_dispatcher_counters(server.dispatcher, &counters);
    assert_int_equal(counters.started, 3);
    assert_int_equal(counters.finished, 3);
    assert_int_equal(counters.by_code[BS_NOT_FOUND], 1);
    assert_int_equal(counters.by_code[BS_UNIMPLEMENTED], 1);
    assert_int_equal(counters.in_flight, 0);
    rpc_dispatcher_write_metrics(server.dispatcher, &text);
    const char *all = bs_buf_cstr(&text);
    assert_non_null(strstr(all, "rpc_calls_total{method=\"test.Service/Run\",code=\"OK\"} 1\n"));
    assert_non_null(
        strstr(all, "rpc_call_seconds_bucket{method=\"test.Service/Run\",le=\"+Inf\"} 2\n"));
    assert_non_null(strstr(all, "method=\"unknown\",code=\"UNIMPLEMENTED\"} 1\n"));
    assert_non_null(strstr(all, "\nrpc_calls_started_total 3\n"));
    bs_buf_fini(&text);
}

int main(void)
{
#define STARTED(test) cmocka_unit_test_setup_teardown(test, setup_started, teardown)
    const struct CMUnitTest tests[] = {
        STARTED(test_call__answers_with_response_and_basis),
        STARTED(test_call__carries_each_status_on_both_paths),
        STARTED(test_call__of_no_known_method_is_unimplemented),
        STARTED(test_call__takes_a_leading_slash),
        STARTED(test_call__refuses_bad_requests),
        STARTED(test_call__of_a_streaming_method_needs_a_transport_with_streams),
        cmocka_unit_test_setup_teardown(test_interceptors__stand_in_one_order_on_every_path,
                                        setup_traced, teardown),
        cmocka_unit_test_setup_teardown(test_interceptors__may_answer_in_the_handlers_place,
                                        setup_traced, teardown),
        STARTED(test_context__may_be_brought_by_the_caller),
        STARTED(test_metadata__that_nobody_claims_is_unimplemented),
        cmocka_unit_test_setup_teardown(test_call__has_its_memory_capped_and_used_again,
                                        setup_small, teardown),
        cmocka_unit_test_setup_teardown(test_register__refuses_what_cannot_be_served, setup,
                                        teardown),
        STARTED(test_metrics__count_calls_by_method_and_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
