/* The stream transport, client and server, over ipc and tcp: what a call can end in. */

#include "support.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "rpc/fixture.h"
#include "rpc/nng.h"

struct both {
    struct test_server server;
    struct rpc_server *listener;
    struct rpc_channel *channel;
    struct bs_arena *arena;
    char url[128];
};

static struct both it;
static const char *scheme = "ipc";

static void free_url(char url[128], const char *of_scheme)
{
    static int count;
    if (strcmp(of_scheme, "tcp") == 0)
        snprintf(url, 128, "tcp://127.0.0.1:0");
    else
        snprintf(url, 128, "ipc:///tmp/bandstand-test-%d-%d", (int)getpid(), ++count);
}

static void open_listener(const struct rpc_server_options *options)
{
    struct bs_error error = BS_ERROR_INIT;
    if (rpc_server_open(it.server.dispatcher, it.url, options, &it.listener, &error) != BS_OK)
        fail_msg("%s", error.message);
    snprintf(it.url, sizeof(it.url), "%s", rpc_server_url(it.listener));
}

static void open_all(const struct rpc_dispatcher_options *dispatcher_options,
                     const struct rpc_server_options *options)
{
    test_server_init(&it.server, dispatcher_options);
    test_server_start(&it.server);
    free_url(it.url, scheme);
    open_listener(options);
    assert_int_equal(rpc_stream_channel_open(it.url, NULL, &it.channel, NULL), BS_OK);
    it.arena = bs_arena_new(0);
}

static void close_all(void)
{
    rpc_channel_close(it.channel);
    test_server_release(&it.server);
    rpc_server_close(it.listener);
    test_server_fini(&it.server);
    bs_arena_free(it.arena);
    it = (struct both){.channel = NULL};
}

static int setup_ipc(void **state)
{
    (void)state;
    scheme = "ipc";
    open_all(NULL, NULL);
    return 0;
}

static int setup_tcp(void **state)
{
    (void)state;
    scheme = "tcp";
    open_all(NULL, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close_all();
    return 0;
}

static Rpc__V1__HealthCheckRequest request_of(const char *text)
{
    Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)(uintptr_t)text;
    return request;
}

static enum bs_code call_in(struct bs_arena *arena, int method, const char *text,
                            const struct rpc_client_options *options, int *ret_number,
                            struct bs_error *error)
{
    Rpc__V1__HealthCheckRequest request = request_of(text);
    ProtobufCMessage *response = NULL;
    enum bs_code code = rpc_channel_call(it.channel, test_method(method), options, &request.base,
                                         arena, &response, error);
    if (code == BS_OK && ret_number)
        *ret_number = (int)((Rpc__V1__HealthCheckResponse *)response)->status;
    return code;
}

static enum bs_code call(int method, const char *text, const struct rpc_client_options *options,
                         int *ret_number, struct bs_error *error)
{
    return call_in(it.arena, method, text, options, ret_number, error);
}

static void test_call__is_answered_and_brings_metadata(void **state)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_metadata trailing;
    int number = 0;
    (void)state;
    rpc_metadata_init(&trailing, it.arena);
    options.ret_trailing = &trailing;
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof(text), "echo %d", i);
        trailing.count = trailing.bytes = 0;
        assert_int_equal(call(TEST_RUN, text, &options, &number, NULL), BS_OK);
        assert_int_equal(number, i);
        assert_str_equals(rpc_metadata_get(&trailing, BS_STR("basis-t")), "1000");
    }
}

static void test_call__of_an_empty_message_is_answered(void **state)
{
    struct bs_str response = BS_STR("x");
    (void)state;
    assert_int_equal(rpc_channel_call_bytes(it.channel, BS_STR("/test.Service/Run"), NULL,
                                            BS_STR_EMPTY, it.arena, &response, NULL),
                     BS_OK);
    assert_int_equal(response.len, 0);
}

static void test_status__of_every_code_comes_with_message_reason_and_fields(void **state)
{
    (void)state;
    for (int code = 1; code <= 16; code++) {
        struct bs_error error = BS_ERROR_INIT;
        char text[16];
        snprintf(text, sizeof(text), "fail %d", code);
        enum bs_code got = call(TEST_RUN, text, NULL, NULL, &error);
        test_row(text, (int)got == code && error.code == got, "got %d", got);
        test_row(text,
                 strcmp(error.message, "failed as told: \xf0\x9f\x8e\xb8 100%\nsecond line") == 0,
                 "%s", error.message);
        const struct bs_error_field *line = bs_error_find(&error, "line");
        test_row(text, error.reason == BS_REASON_DB_CAS_FAILED && line && line->integer == 7,
                 "reason %s", bs_error_reason_name(&error));
    }
    test_rows_end();
}

static void test_call__of_what_is_not_there_is_unimplemented(void **state)
{
    char *long_name = bs_malloc(10 * 1024);
    struct bs_str response;
    (void)state;
    memset(long_name, 'n', 10 * 1024);
    const struct bs_str names[] = {
        BS_STR("test.Service/No"),    BS_STR("no.Service/Run"),          BS_STR("Run"), BS_STR(""),
        BS_STR("test.Service/Count"), bs_str_make(long_name, 10 * 1024),
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = rpc_channel_call_bytes(it.channel, names[i], NULL, BS_STR_EMPTY,
                                                   it.arena, &response, &error);
        test_row("name", code == BS_UNIMPLEMENTED, "%.20s: %d %s", names[i].ptr, code,
                 error.message);
    }
    free(long_name);
    test_rows_end();
}

static void test_call__with_bad_bytes_is_refused_and_the_connection_lives(void **state)
{
    struct bs_str response;
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rpc_channel_call_bytes(it.channel, BS_STR("test.Service/Run"), NULL,
                                                BS_STR("\x0a\xff\xff"), it.arena, &response, NULL),
                         BS_INVALID_ARGUMENT);
        assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, NULL), BS_OK);
    }
}

/* A request of the method Run whose packed size is `size`. */
static enum bs_code call_of_size(size_t size, struct bs_error *error)
{
    char *text = bs_malloc(size + 1);
    size_t overhead = size < 130 ? 2 : size < 16387 ? 3 : size < 2097156 ? 4 : 5;
    memset(text, ' ', size);
    memcpy(text, "echo 1", 6);
    text[6] = '\0';
    memset(text + 6, '1', size - 6);
    text[size - overhead] = '\0';
    Rpc__V1__HealthCheckRequest request = request_of(text);
    assert_int_equal(protobuf_c_message_get_packed_size(&request.base), size);
    enum bs_code code = call(TEST_RUN, text, NULL, NULL, error);
    free(text);
    return code;
}

static void test_message__passes_at_any_size_up_to_the_limit_and_not_beyond(void **state)
{
    static const struct {
        size_t size;
        enum bs_code code;
    } rows[] = {
        {100, BS_OK},
        {4096, BS_OK},
        {4097, BS_OK},
        {32 * 1024, BS_OK},
        {65535, BS_OK},
        {65536, BS_OK},
        {65537, BS_OK},
        {256 * 1024 - 1, BS_OK},
        {256 * 1024 + 1, BS_OK},
        {3 * 1024 * 1024, BS_OK},
        {4 * 1024 * 1024, BS_OK},
        {4 * 1024 * 1024 + 1, BS_RESOURCE_EXHAUSTED},
        {100, BS_OK},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = call_of_size(rows[i].size, &error);
        test_row("size", code == rows[i].code, "%zu bytes: %d %s", rows[i].size, code,
                 error.message);
    }
    test_rows_end();
}

static void test_message__over_a_methods_own_limit_fails_alone(void **state)
{
    char text[80];
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    memset(text, '1', sizeof(text) - 1);
    memcpy(text, "echo ", 5);
    text[62] = '\0';
    assert_int_equal(call(TEST_SIGNED, text, NULL, NULL, NULL), BS_OK);
    text[62] = '1';
    text[63] = '\0';
    assert_int_equal(call(TEST_SIGNED, text, NULL, NULL, &error), BS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(error.message, "at most 64 bytes"));
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, NULL), BS_OK);
}

static void test_deadline__ends_a_call_in_the_handler_and_at_the_client(void **state)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    assert_int_equal(call(TEST_SIGNED, "block", NULL, NULL, &error), BS_DEADLINE_EXCEEDED);
    assert_int_equal(error.reason, BS_REASON_RPC_DEADLINE);
    int64_t before = bs_monotonic_ns();
    options.deadline = bs_deadline_after_ns(30000000);
    assert_int_equal(call(TEST_RUN, "deaf", &options, NULL, &error), BS_DEADLINE_EXCEEDED);
    int64_t took = bs_monotonic_ns() - before;
    assert_true(took >= 30000000 && took < 2000000000);
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, NULL), BS_OK);
}

static void test_cancel__by_the_flag_reaches_the_handler(void **state)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    _Atomic bool cancelled = false;
    (void)state;
    options.cancelled = &cancelled;
    options.deadline = bs_deadline_after_ns(20000000);
    /* a flag that is set by the time that the deadline would pass: whichever is seen first */
    atomic_store(&cancelled, true);
    assert_int_equal(call(TEST_RUN, "block", &options, NULL, NULL), BS_CANCELLED);
    assert_true(rpc_dispatcher_wait(it.server.dispatcher, 5000));
}

struct ended {
    _Atomic int count;
    _Atomic int by_code[17];
    _Atomic int sum;
};

static void note_end(void *self, enum bs_code code, const ProtobufCMessage *response,
                     const struct rpc_metadata *trailing, const struct bs_error *error)
{
    struct ended *ended = self;
    BS_ASSERT((error == NULL) == (code == BS_OK) && trailing);
    atomic_fetch_add(&ended->by_code[code], 1);
    if (response)
        atomic_fetch_add(&ended->sum,
                         (int)((const Rpc__V1__HealthCheckResponse *)response)->status);
    atomic_fetch_add(&ended->count, 1);
}

static bool wait_ended(const struct ended *ended, int count)
{
    bs_deadline deadline = bs_deadline_after_ns(30000000000);
    while (atomic_load(&ended->count) < count && !bs_deadline_passed(deadline))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return atomic_load(&ended->count) == count;
}

static struct rpc_client_call *start(const char *text, bs_deadline deadline, struct ended *ended)
{
    struct rpc_client_options options = {.deadline = deadline};
    Rpc__V1__HealthCheckRequest request = request_of(text);
    return rpc_channel_start(it.channel, test_method(TEST_RUN), &options, &request.base, note_end,
                             ended);
}

static void test_calls__with_callbacks_end_once_each_in_every_way(void **state)
{
    static struct ended ended;
    (void)state;
    ended = (struct ended){.count = 0};
    struct rpc_client_call *blocked = start("block", BS_DEADLINE_NONE, &ended);
    for (int i = 0; i < 300; i++)
        rpc_client_call_release(start("echo 2", BS_DEADLINE_NONE, &ended));
    for (int i = 0; i < 20; i++)
        rpc_client_call_release(start("block", bs_deadline_after_ns(20000000), &ended));
    assert_true(wait_ended(&ended, 320));
    test_server_wait_entered(&it.server, 1);
    rpc_client_call_cancel(blocked);
    rpc_client_call_cancel(blocked);
    rpc_client_call_release(blocked);
    assert_true(wait_ended(&ended, 321));
    assert_int_equal(ended.by_code[BS_OK], 300);
    assert_int_equal(ended.sum, 600);
    assert_int_equal(ended.by_code[BS_DEADLINE_EXCEEDED], 20);
    assert_int_equal(ended.by_code[BS_CANCELLED], 1);
    assert_true(rpc_dispatcher_wait(it.server.dispatcher, 5000));
}

static void test_calls__are_bounded_on_a_connection(void **state)
{
    static struct ended ended;
    const struct rpc_server_options options = {.max_calls = 3};
    (void)state;
    scheme = "ipc";
    open_all(NULL, &options);
    ended = (struct ended){.count = 0};
    for (int i = 0; i < 5; i++)
        rpc_client_call_release(start("block", BS_DEADLINE_NONE, &ended));
    assert_true(wait_ended(&ended, 2));
    assert_int_equal(ended.by_code[BS_RESOURCE_EXHAUSTED], 2);
    test_server_release(&it.server);
    assert_true(wait_ended(&ended, 5));
    assert_int_equal(ended.by_code[BS_OK], 3);
    close_all();
}

static void test_peer__that_vanishes_cancels_its_calls(void **state)
{
    static struct ended ended;
    (void)state;
    ended = (struct ended){.count = 0};
    for (int i = 0; i < 4; i++)
        rpc_client_call_release(start("block", BS_DEADLINE_NONE, &ended));
    test_server_wait_entered(&it.server, 4);
    rpc_channel_close(it.channel);
    assert_true(wait_ended(&ended, 4));
    assert_int_equal(ended.by_code[BS_CANCELLED], 4);
    assert_true(rpc_dispatcher_wait(it.server.dispatcher, 5000));
    assert_int_equal(rpc_stream_channel_open(it.url, NULL, &it.channel, NULL), BS_OK);
}

static void test_drain__loses_no_call_under_way(void **state)
{
    static struct ended ended;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    ended = (struct ended){.count = 0};
    for (int i = 0; i < 4; i++)
        rpc_client_call_release(start("block", BS_DEADLINE_NONE, &ended));
    test_server_wait_entered(&it.server, 4);
    rpc_dispatcher_drain(it.server.dispatcher);
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, &error), BS_UNAVAILABLE);
    assert_int_equal(error.reason, BS_REASON_RPC_DRAINING);
    rpc_server_drain(it.listener);
    assert_int_equal(atomic_load(&ended.count), 0);
    test_server_release(&it.server);
    assert_true(wait_ended(&ended, 4));
    assert_int_equal(ended.by_code[BS_OK], 4);
    assert_true(rpc_dispatcher_wait(it.server.dispatcher, 5000));
}

static void test_channel__says_unavailable_and_comes_back_with_the_server(void **state)
{
    static struct ended ended;
    struct bs_error error = BS_ERROR_INIT;
    struct rpc_client_options patient = {.deadline = BS_DEADLINE_NONE, .wait_for_ready = true};
    (void)state;
    ended = (struct ended){.count = 0};
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, NULL), BS_OK);
    rpc_client_call_release(start("block", BS_DEADLINE_NONE, &ended));
    test_server_wait_entered(&it.server, 2);
    rpc_server_close(it.listener);
    assert_true(wait_ended(&ended, 1));
    assert_int_equal(ended.by_code[BS_UNAVAILABLE], 1);
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, &error), BS_UNAVAILABLE);
    assert_int_equal(error.reason, BS_REASON_RPC_CONNECTION);
    assert_non_null(strstr(error.message, it.url));
    open_listener(NULL);
    patient.deadline = bs_deadline_after_ns(5000000000);
    assert_int_equal(call(TEST_RUN, "echo 1", &patient, NULL, NULL), BS_OK);
    assert_int_equal(call(TEST_RUN, "echo 1", NULL, NULL, NULL), BS_OK);
}

static void test_channel__that_waits_gives_up_at_the_deadline(void **state)
{
    struct rpc_client_options options = {.wait_for_ready = true};
    struct rpc_channel *channel;
    struct bs_str response;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    const struct rpc_stream_channel_options eager = {.eager = true};
    assert_int_equal(
        rpc_stream_channel_open("ipc:///tmp/bandstand-test-nobody", &eager, &channel, &error),
        BS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "ipc:///tmp/bandstand-test-nobody"));
    assert_int_equal(
        rpc_stream_channel_open("ipc:///tmp/bandstand-test-nobody", NULL, &channel, NULL), BS_OK);
    struct bs_arena *arena = bs_arena_new(0);
    options.deadline = bs_deadline_after_ns(150000000);
    assert_int_equal(rpc_channel_call_bytes(channel, BS_STR("a/B"), &options, BS_STR_EMPTY, arena,
                                            &response, NULL),
                     BS_DEADLINE_EXCEEDED);
    rpc_channel_close(channel);
    bs_arena_free(arena);
}

static void test_url__is_refused_with_what_was_expected(void **state)
{
    static const struct {
        const char *url;
        enum bs_code code;
        const char *message;
    } rows[] = {
        {"", BS_INVALID_ARGUMENT, "expected tcp://HOST:PORT"},
        {"http://x", BS_INVALID_ARGUMENT, "expected tcp://HOST:PORT"},
        {"tcp://127.0.0.1", BS_INVALID_ARGUMENT, "expected tcp://HOST:PORT"},
        {"tcp://127.0.0.1:65536", BS_INVALID_ARGUMENT, "expected tcp://HOST:PORT"},
        {"ipc://", BS_INVALID_ARGUMENT, "expected a path of 1 to 107 bytes"},
        {"tls+tcp://127.0.0.1:1", BS_UNIMPLEMENTED, "TLS is not built into this version"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct bs_error error = BS_ERROR_INIT;
        struct rpc_server *listener;
        struct rpc_channel *channel;
        enum bs_code code =
            rpc_server_open(it.server.dispatcher, rows[i].url, NULL, &listener, &error);
        test_row(rows[i].url, code == rows[i].code && strstr(error.message, rows[i].message),
                 "%d %s", code, error.message);
        code = rpc_stream_channel_open(rows[i].url, NULL, &channel, &error);
        test_row(rows[i].url, code == rows[i].code, "%d %s", code, error.message);
    }
    test_rows_end();
}

static void test_listener__leaves_a_file_at_its_path_alone(void **state)
{
    char path[64], url[80];
    struct stat status;
    struct rpc_server *listener;
    struct bs_error error = BS_ERROR_INIT;
    (void)state;
    snprintf(path, sizeof(path), "/tmp/bandstand-test-file-%d", (int)getpid());
    snprintf(url, sizeof(url), "ipc://%s", path);
    FILE *file = fopen(path, "w");
    fputs("precious", file);
    fclose(file);
    assert_int_equal(rpc_server_open(it.server.dispatcher, url, NULL, &listener, &error),
                     BS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "expected a socket or nothing"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 8);
    unlink(path);
    /* a live one is in use, and stays ours */
    assert_int_equal(rpc_server_open(it.server.dispatcher, it.url, NULL, &listener, &error),
                     BS_UNAVAILABLE);
    assert_int_equal(stat(it.url + 6, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

#define ON(setup, test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(setup_ipc, test_call__is_answered_and_brings_metadata),
        ON(setup_tcp, test_call__is_answered_and_brings_metadata),
        ON(setup_ipc, test_call__of_an_empty_message_is_answered),
        ON(setup_ipc, test_status__of_every_code_comes_with_message_reason_and_fields),
        ON(setup_ipc, test_call__of_what_is_not_there_is_unimplemented),
        ON(setup_ipc, test_call__with_bad_bytes_is_refused_and_the_connection_lives),
        ON(setup_ipc, test_message__passes_at_any_size_up_to_the_limit_and_not_beyond),
        ON(setup_tcp, test_message__passes_at_any_size_up_to_the_limit_and_not_beyond),
        ON(setup_ipc, test_message__over_a_methods_own_limit_fails_alone),
        ON(setup_ipc, test_deadline__ends_a_call_in_the_handler_and_at_the_client),
        ON(setup_ipc, test_cancel__by_the_flag_reaches_the_handler),
        ON(setup_ipc, test_calls__with_callbacks_end_once_each_in_every_way),
        ON(setup_tcp, test_calls__with_callbacks_end_once_each_in_every_way),
        cmocka_unit_test(test_calls__are_bounded_on_a_connection),
        ON(setup_ipc, test_peer__that_vanishes_cancels_its_calls),
        ON(setup_tcp, test_peer__that_vanishes_cancels_its_calls),
        ON(setup_ipc, test_drain__loses_no_call_under_way),
        ON(setup_ipc, test_channel__says_unavailable_and_comes_back_with_the_server),
        ON(setup_tcp, test_channel__says_unavailable_and_comes_back_with_the_server),
        ON(setup_ipc, test_channel__that_waits_gives_up_at_the_deadline),
        ON(setup_ipc, test_url__is_refused_with_what_was_expected),
        ON(setup_ipc, test_listener__leaves_a_file_at_its_path_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
