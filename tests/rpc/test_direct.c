/* The channel inside the process: blocking, with a callback, by bytes, streams; health. */

#include "support.h"

#include "rpc/fixture.h"
#include "rpc/v1/reflection.rpc.h"

static struct test_server server;
static struct bs_arena *arena;

static int setup(void **state)
{
    (void)state;
    test_server_init(&server, NULL);
    test_server_start(&server);
    arena = bs_arena_new(0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_server_fini(&server);
    bs_arena_free(arena);
    return 0;
}

static Rpc__V1__HealthCheckRequest request_of(const char *text)
{
    Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)(uintptr_t)text;
    return request;
}

static int number_of(const ProtobufCMessage *response)
{
    return (int)((const Rpc__V1__HealthCheckResponse *)response)->status;
}

static void test_direct__gives_metadata_and_makes_the_response_in_the_callers_arena(void **state)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_metadata trailing;
    Rpc__V1__HealthCheckRequest request = request_of("echo 9");
    ProtobufCMessage *response;
    (void)state;
    rpc_metadata_init(&trailing, arena);
    options.ret_trailing = &trailing;
    size_t before = bs_arena_used_bytes(arena);
    assert_int_equal(rpc_channel_call(server.direct, test_method(TEST_RUN), &options, &request.base,
                                      arena, &response, NULL),
                     BS_OK);
    assert_int_equal(number_of(response), 9);
    assert_true(bs_arena_used_bytes(arena) > before);
    assert_str_equals(rpc_metadata_get(&trailing, BS_STR("basis-t")), "1000");
}

static void test_direct__calls_by_name_and_bytes(void **state)
{
    struct bs_str response = BS_STR_EMPTY;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    assert_int_equal(rpc_channel_call_bytes(server.direct, BS_STR("test.Service/Run"), NULL,
                                            BS_STR("\x0a\x06"
                                                   "echo 3"),
                                            arena, &response, NULL),
                     BS_OK);
    assert_int_equal(response.len, 2);
    assert_memory_equal(response.ptr, "\x08\x03", 2);
    assert_int_equal(rpc_channel_call_bytes(server.direct, BS_STR("test.Service/No"), NULL,
                                            BS_STR_EMPTY, arena, &response, &error),
                     BS_UNIMPLEMENTED);
    assert_non_null(strstr(error.message, "test.Service/No"));
}

struct ended {
    _Atomic int count;
    enum bs_code code;
    int number;
};

static void note_end(void *self, enum bs_code code, const ProtobufCMessage *response,
                     const struct rpc_metadata *trailing, const struct bs_error *error)
{
    struct ended *ended = self;
    BS_ASSERT((error == NULL) == (code == BS_OK) && trailing);
    ended->code = code;
    ended->number = response ? number_of(response) : -1;
    atomic_fetch_add(&ended->count, 1);
}

static void wait_end(const struct ended *ended)
{
    while (atomic_load(&ended->count) == 0)
        (void)rpc_dispatcher_wait(server.dispatcher, 1);
}

static void test_direct__calls_with_a_callback_and_cancels(void **state)
{
    struct ended ended = {.count = 0}, cancelled = {.count = 0};
    Rpc__V1__HealthCheckRequest request = request_of("echo 6");
    (void)state;
    struct rpc_client_call *call = rpc_channel_start(server.direct, test_method(TEST_RUN), NULL,
                                                     &request.base, note_end, &ended);
    rpc_client_call_release(call);
    wait_end(&ended);
    assert_int_equal(ended.code, BS_OK);
    assert_int_equal(ended.number, 6);

    request = request_of("block");
    call = rpc_channel_start(server.direct, test_method(TEST_RUN), NULL, &request.base, note_end,
                             &cancelled);
    rpc_client_call_cancel(call);
    rpc_client_call_cancel(call);
    rpc_client_call_release(call);
    wait_end(&cancelled);
    assert_int_equal(cancelled.code, BS_CANCELLED);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
    assert_int_equal(cancelled.count, 1);
}

static struct rpc_client_stream *open_stream(int method)
{
    struct rpc_client_stream *stream;
    assert_int_equal(
        rpc_channel_open_stream(server.direct, test_method(method), NULL, &stream, NULL), BS_OK);
    return stream;
}

static void send(struct rpc_client_stream *stream, const char *text)
{
    Rpc__V1__HealthCheckRequest request = request_of(text);
    assert_int_equal(rpc_client_stream_send(stream, &request.base, NULL), BS_OK);
}

static void test_stream__of_the_server_comes_in_order_and_ends(void **state)
{
    static const int64_t counts[] = {0, 1, 1000};
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(counts); i++) {
        char text[16];
        ProtobufCMessage *message = NULL;
        struct rpc_client_stream *stream = open_stream(TEST_COUNT);
        snprintf(text, sizeof(text), "%d", (int)counts[i]);
        send(stream, text);
        assert_int_equal(rpc_client_stream_half_close(stream, NULL), BS_OK);
        for (int64_t n = 1; n <= counts[i]; n++) {
            assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
            assert_int_equal(number_of(message), n);
        }
        assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
        assert_null(message);
        rpc_client_stream_close(stream);
    }
}

static void test_stream__of_the_client_is_answered_once(void **state)
{
    ProtobufCMessage *message;
    struct rpc_client_stream *stream = open_stream(TEST_SUM);
    (void)state;
    for (int i = 0; i < 100; i++)
        send(stream, "5");
    assert_int_equal(rpc_client_stream_half_close(stream, NULL), BS_OK);
    assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
    assert_int_equal(number_of(message), 500);
    assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
    assert_null(message);
    rpc_client_stream_close(stream);
}

static void test_stream__both_ways_plays_ping_pong(void **state)
{
    ProtobufCMessage *message;
    struct rpc_client_stream *stream = open_stream(TEST_CHAT);
    (void)state;
    for (int i = 1; i <= 50; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", i);
        send(stream, text);
        assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
        assert_int_equal(number_of(message), i);
    }
    rpc_client_stream_close(stream);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
}

static void test_stream__that_nobody_reads_ends_with_its_client(void **state)
{
    struct rpc_client_stream *stream = open_stream(TEST_COUNT);
    (void)state;
    send(stream, "1000000000");
    rpc_client_stream_close(stream);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
}

static void test_stream__without_its_request_is_unimplemented(void **state)
{
    ProtobufCMessage *message;
    struct rpc_client_stream *stream = open_stream(TEST_COUNT);
    (void)state;
    assert_int_equal(rpc_client_stream_half_close(stream, NULL), BS_OK);
    assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_UNIMPLEMENTED);
    rpc_client_stream_close(stream);
}

static enum bs_code check_health(const char *service, int *ret_status)
{
    const struct rpc_method *method =
        rpc_dispatcher_find(server.dispatcher, BS_STR("rpc.v1.HealthService/Check"));
    Rpc__V1__HealthCheckRequest request = request_of(service);
    ProtobufCMessage *response = NULL;
    enum bs_code code =
        rpc_channel_call(server.direct, method, NULL, &request.base, arena, &response, NULL);
    *ret_status = code == BS_OK ? number_of(response) : -1;
    return code;
}

static void test_health__knows_server_and_services(void **state)
{
    int status;
    (void)state;
    assert_int_equal(check_health("", &status), BS_OK);
    assert_int_equal(status, 1);
    rpc_dispatcher_set_serving(server.dispatcher, &test_service, false);
    assert_int_equal(check_health("test.Service", &status), BS_OK);
    assert_int_equal(status, 2);
    assert_int_equal(check_health("test.ContextService", &status), BS_OK);
    assert_int_equal(status, 1);
    assert_int_equal(check_health("nobody", &status), BS_NOT_FOUND);
    assert_int_equal(check_health("", &status), BS_OK);
    assert_int_equal(status, 1); /* one service of it is not the server */
    rpc_dispatcher_set_serving(server.dispatcher, NULL, false);
    assert_int_equal(check_health("", &status), BS_OK);
    assert_int_equal(status, 2);
    assert_int_equal(check_health("test.ContextService", &status), BS_OK);
    assert_int_equal(status, 2);
    rpc_dispatcher_set_serving(server.dispatcher, NULL, true);
    assert_int_equal(check_health("test.ContextService", &status), BS_OK);
    assert_int_equal(status, 1);
    assert_int_equal(check_health("test.Service", &status), BS_OK);
    assert_int_equal(status, 2);
}

static int next_status(struct rpc_client_stream *stream)
{
    ProtobufCMessage *message;
    assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_OK);
    assert_non_null(message);
    return number_of(message);
}

static void test_health__is_watched_through_changes_and_drain(void **state)
{
    struct rpc_client_stream *stream;
    ProtobufCMessage *message;
    (void)state;
    const struct rpc_method *method =
        rpc_dispatcher_find(server.dispatcher, BS_STR("rpc.v1.HealthService/Watch"));
    assert_int_equal(rpc_channel_open_stream(server.direct, method, NULL, &stream, NULL), BS_OK);
    send(stream, "test.Service");
    assert_int_equal(next_status(stream), 1);
    rpc_dispatcher_set_serving(server.dispatcher, &test_service, false);
    assert_int_equal(next_status(stream), 2);
    rpc_dispatcher_set_serving(server.dispatcher, &test_service, true);
    assert_int_equal(next_status(stream), 1);
    rpc_dispatcher_drain(server.dispatcher);
    assert_int_equal(next_status(stream), 2);
    assert_int_equal(rpc_client_stream_receive(stream, arena, &message, NULL), BS_UNAVAILABLE);
    rpc_client_stream_close(stream);
    assert_true(rpc_dispatcher_wait(server.dispatcher, 10000));
}

static Rpc__V1__DescribeResponse *describe(const char *name)
{
    Rpc__V1__DescribeRequest request = RPC__V1__DESCRIBE_REQUEST__INIT;
    Rpc__V1__DescribeResponse *response = NULL;
    request.name = (char *)(uintptr_t)name;
    assert_int_equal(rpc__v1__reflection_service__call_describe(server.direct, NULL, &request,
                                                                arena, &response, NULL),
                     BS_OK);
    return response;
}

static void test_reflection__describes_services_methods_messages_and_enums(void **state)
{
    (void)state;
    const Rpc__V1__MethodDescription *method =
        describe("/rpc.v1.ReflectionService/Describe")->method;
    assert_string_equal(method->access, "public");
    assert_true(method->reading);
    assert_string_equal(method->request->fields[0]->rules, "required, at most 512 characters");
    const Rpc__V1__ServiceDescription *service = describe("rpc.v1.HealthService")->service;
    assert_int_equal(service->n_methods, 2);
    assert_true(service->methods[1]->server_streaming);
    const Rpc__V1__MessageDescription *message = describe(".rpc.v1.HealthCheckResponse")->message;
    assert_string_equal(message->fields[0]->type, "rpc.v1.HealthCheckResponse.ServingStatus");
    assert_string_equal(message->fields[0]->values[1], "SERVING");
    const Rpc__V1__MessageDescription *files = describe("rpc.v1.GetFilesResponse")->message;
    assert_string_equal(files->fields[0]->type, "bytes");
    assert_string_equal(files->fields[0]->label, "repeated");
    const Rpc__V1__EnumDescription *enumeration =
        describe("rpc.v1.HealthCheckResponse.ServingStatus")->enumeration;
    assert_int_equal(enumeration->n_values, 4);
    assert_int_equal(enumeration->values[2]->number, 2);
}

static void test_reflection__names_the_nearest_to_an_unknown_name(void **state)
{
    Rpc__V1__DescribeRequest request = RPC__V1__DESCRIBE_REQUEST__INIT;
    Rpc__V1__DescribeResponse *response;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    request.name = (char *)(uintptr_t) "rpc.v1.HealthServise";
    assert_int_equal(rpc__v1__reflection_service__call_describe(server.direct, NULL, &request,
                                                                arena, &response, &error),
                     BS_NOT_FOUND);
    assert_non_null(strstr(error.message, "did you mean \"rpc.v1.HealthService\"?"));
    request.name = (char *)(uintptr_t) "";
    assert_int_equal(rpc__v1__reflection_service__call_describe(server.direct, NULL, &request,
                                                                arena, &response, &error),
                     BS_INVALID_ARGUMENT);
    assert_int_equal(error.reason, BS_REASON_RPC_VALIDATION);
}

static void test_reflection__lists_services_and_gives_files_after_their_imports(void **state)
{
    Rpc__V1__ListServicesRequest list = RPC__V1__LIST_SERVICES_REQUEST__INIT;
    Rpc__V1__ListServicesResponse *services = NULL;
    Rpc__V1__GetFilesRequest get = RPC__V1__GET_FILES_REQUEST__INIT;
    Rpc__V1__GetFilesResponse *files = NULL;
    (void)state;
    assert_int_equal(rpc__v1__reflection_service__call_list_services(server.direct, NULL, &list,
                                                                     arena, &services, NULL),
                     BS_OK);
    assert_int_equal(services->n_services, 4);
    assert_string_equal(services->services[0]->name, "rpc.v1.HealthService");
    assert_string_equal(services->services[3]->name, "test.Service");
    get.symbol = (char *)(uintptr_t) "rpc.v1.HealthService/Check";
    assert_int_equal(
        rpc__v1__reflection_service__call_get_files(server.direct, NULL, &get, arena, &files, NULL),
        BS_OK);
    assert_int_equal(files->n_files, 3); /* descriptor.proto, options.proto, health.proto */
    assert_memory_equal(files->files[2].data + 2, "rpc/v1/health.proto", 19);
    get.symbol = (char *)(uintptr_t) "";
    assert_int_equal(
        rpc__v1__reflection_service__call_get_files(server.direct, NULL, &get, arena, &files, NULL),
        BS_OK);
    assert_int_equal(files->n_files, 4);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_direct__gives_metadata_and_makes_the_response_in_the_callers_arena),
        TEST(test_direct__calls_by_name_and_bytes),
        TEST(test_direct__calls_with_a_callback_and_cancels),
        TEST(test_stream__of_the_server_comes_in_order_and_ends),
        TEST(test_stream__of_the_client_is_answered_once),
        TEST(test_stream__both_ways_plays_ping_pong),
        TEST(test_stream__that_nobody_reads_ends_with_its_client),
        TEST(test_stream__without_its_request_is_unimplemented),
        TEST(test_health__knows_server_and_services),
        TEST(test_health__is_watched_through_changes_and_drain),
        TEST(test_reflection__describes_services_methods_messages_and_enums),
        TEST(test_reflection__names_the_nearest_to_an_unknown_name),
        TEST(test_reflection__lists_services_and_gives_files_after_their_imports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
