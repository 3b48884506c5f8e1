/* Connections over time: order, bodies that wait, clients that leave, time-outs, the end. */

#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "support.h"

#define REQUEST(target) "GET " target " HTTP/1.1\r\nHost: t\r\n\r\n"

static void expect(struct test_client *client, int status, const char *in_body)
{
    struct test_answer answer;
    test_client_receive(client, false, &answer);
    if (answer.response.status != status || bs_str_find(answer.body, bs_str_from(in_body)) < 0)
        fail_msg("%d %.*s, not %d %s", answer.response.status, BS_STR_ARGS(answer.body), status,
                 in_body);
    test_answer_fini(&answer);
}

static void test_pipeline__is_answered_in_order_with_a_slow_first(void **state)
{
    struct test_bridge test;
    struct test_client client;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client, BS_STR(REQUEST("/api/block/one") REQUEST("/api/things/two")
                                         REQUEST("/healthz") REQUEST("/api/nothing")));
    test_bridge_wait_entered(&test, 1);
    test_bridge_release(&test);
    expect(&client, 200, "\"one\"");
    expect(&client, 200, "\"two\"");
    expect(&client, 200, "ok");
    expect(&client, 404, "no-route");
    test_client_send(&client, BS_STR(REQUEST("/api/things/again")));
    expect(&client, 200, "\"again\"");
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_requests__may_come_byte_by_byte_and_many_at_once(void **state)
{
    static const char text[] =
        "POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked"
        "\r\n\r\n5;x=y\r\n{\"mes\r\n0c\r\nsage\":\"abc\"}\r\n0\r\nT: x\r\n\r\n";
    struct test_bridge test;
    struct test_client client;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    int on = 1;
    setsockopt(client.fd, 6 /* TCP */, 1 /* NODELAY */, &on, sizeof(on));
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        test_client_send(&client, bs_str_make(text + i, 1));
    expect(&client, 200, "\"abc\"");
    BS_CLEANUP(bs_buf_fini) struct bs_buf many = BS_BUF_INIT(0);
    for (int i = 0; i < 500; i++)
        bs_buf_append_cstr(&many, text);
    test_client_send(&client, bs_buf_str(&many));
    for (int i = 0; i < 500; i++)
        expect(&client, 200, "\"abc\"");
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_body__of_four_megabytes_goes_in_and_out(void **state)
{
    struct test_bridge test;
    struct test_client client;
    struct test_answer answer;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    bs_buf_printf(&text, "POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: %u\r\n\r\n",
                  BS_LIMIT_HTTP_BODY_BYTES);
    bs_buf_append_cstr(&text, "{\"message\":\"");
    char *letters = bs_buf_reserve(&text, BS_LIMIT_HTTP_BODY_BYTES - 14);
    memset(letters, 'x', BS_LIMIT_HTTP_BODY_BYTES - 14);
    text.len += BS_LIMIT_HTTP_BODY_BYTES - 14;
    bs_buf_append_cstr(&text, "\"}");
    test_client_send(&client, bs_buf_str(&text));
    test_client_receive(&client, false, &answer);
    assert_int_equal(answer.response.status, 200);
    assert_true(answer.body.len > BS_LIMIT_HTTP_BODY_BYTES);
    test_answer_fini(&answer);
    test_client_send(&client, BS_STR(REQUEST("/api/things/x")));
    expect(&client, 200, "\"x\"");
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_expect__is_answered_by_100_or_the_refusal(void **state)
{
    static const struct {
        const char *request;
        int status; /* of the first answer */
    } rows[] = {
        {"POST /api/echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
         100},
        {"POST /api/none HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
         404},
        {"PUT /api/echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
         405},
        {"POST /api/echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
         "Content-Type: text/css\r\n\r\n",
         415},
    };
    struct test_bridge test;
    (void)state;
    test_bridge_init(&test, NULL);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct test_client client;
        struct test_answer answer;
        test_client_open(&client, &test);
        test_client_send(&client, bs_str_from(rows[i].request));
        test_client_receive(&client, false, &answer);
        test_row(rows[i].request, answer.response.status == rows[i].status, "%d",
                 answer.response.status);
        test_answer_fini(&answer);
        if (rows[i].status == 100) {
            test_client_send(&client, BS_STR("{}"));
            expect(&client, 200, "{");
        } else {
            test_row(rows[i].request, test_client_is_closed(&client), "stays");
        }
        test_client_close(&client);
    }
    test_rows_end();
    test_bridge_fini(&test);
}

static void test_refused_bodies__are_skipped_when_they_are_short(void **state)
{
    struct test_bridge test;
    struct test_client client;
    struct test_answer answer;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client, BS_STR("POST /api/none HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n"
                                     "\r\nGET /" REQUEST("/healthz")));
    expect(&client, 404, "no-route");
    expect(&client, 200, "ok");
    test_client_send(&client, BS_STR("POST /api/none HTTP/1.1\r\nHost: t\r\n"
                                     "Content-Length: 100000\r\n\r\n"));
    test_client_receive(&client, false, &answer);
    assert_int_equal(answer.response.status, 404);
    assert_string_equal(test_answer_field(&answer, "Connection"), "close");
    test_answer_fini(&answer);
    assert_true(test_client_is_closed(&client));
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_old_clients__are_answered_and_closed_unless_they_ask(void **state)
{
    struct test_bridge test;
    struct test_client client;
    struct test_answer answer;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client, BS_STR("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    test_client_receive(&client, false, &answer);
    assert_string_equal(test_answer_field(&answer, "Connection"), "keep-alive");
    test_answer_fini(&answer);
    test_client_send(&client, BS_STR("GET /healthz HTTP/1.0\r\n\r\n"));
    expect(&client, 200, "ok");
    assert_true(test_client_is_closed(&client));
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_client_that_leaves__cancels_what_reads_not_what_writes(void **state)
{
    struct test_bridge test;
    struct test_client client;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client, BS_STR(REQUEST("/api/block/x")));
    test_bridge_wait_entered(&test, 1);
    test_client_close(&client);
    test_bridge_wait_interrupted(&test, 1);
    /* what writes goes on while the client may still read */
    test_client_open(&client, &test);
    test_client_send(&client,
                     BS_STR("POST /api/block/x HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"));
    test_bridge_wait_entered(&test, 2);
    shutdown(client.fd, SHUT_WR);
    usleep(20000); /* the server sees the end, and must not act on it */
    assert_int_equal(test_bridge_interrupted(&test), 1);
    test_bridge_release(&test);
    expect(&client, 200, "\"x\"");
    assert_true(test_client_is_closed(&client));
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_reset__cancels_what_writes_too(void **state)
{
    struct test_bridge test;
    struct test_client client;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client,
                     BS_STR("POST /api/block/x HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"));
    test_bridge_wait_entered(&test, 1);
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    test_client_close(&client);
    test_bridge_wait_interrupted(&test, 1);
    test_bridge_fini(&test);
}

static void test_timeouts__end_what_is_too_slow(void **state)
{
    static const struct {
        const char *name;
        const char *sent;
        const char *what; /* of a 408; NULL: closed without a word */
    } rows[] = {
        {"idle", "", NULL},
        {"head", "GET /healthz HTTP/1.1\r\nHo", "head"},
        {"leading lines", "\r\n", "head"},
        {"body", "POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{", "body"},
    };
    const struct bridge_options options = {
        .loops = 1,
        .timeouts = {.head_ms = 40, .body_grace_ms = 40, .idle_ms = 40, .write_stall_ms = 10000},
    };
    struct test_bridge test;
    (void)state;
    test_bridge_init(&test, &options);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct test_client client;
        test_client_open(&client, &test);
        test_client_send(&client, bs_str_from(rows[i].sent));
        if (rows[i].what)
            expect(&client, 408, rows[i].what);
        test_row(rows[i].name, test_client_is_closed(&client), "%s", bs_buf_cstr(&client.in));
        test_client_close(&client);
    }
    test_rows_end();
    struct bridge_counters counters;
    bridge_counters(test.bridge, &counters);
    assert_int_equal(counters.timed_out, 3);
    test_bridge_fini(&test);
}

static void test_client_that_never_reads__is_let_go(void **state)
{
    const struct bridge_options options = {.loops = 1, .timeouts = {.write_stall_ms = 60}};
    struct test_bridge test;
    struct test_client client;
    int small = 4096;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    struct bridge_counters counters;
    (void)state;
    test_bridge_init(&test, &options);
    test_client_open(&client, &test);
    setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    bs_buf_printf(&text, "POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4000014\r\n\r\n");
    bs_buf_append_cstr(&text, "{\"message\":\"");
    char *letters = bs_buf_reserve(&text, 4000000);
    memset(letters, 'x', 4000000);
    text.len += 4000000;
    bs_buf_append_cstr(&text, "\"}");
    test_client_send(&client, bs_buf_str(&text));
    test_client_send(&client, bs_buf_str(&text));
    do {
        usleep(5000);
        bridge_counters(test.bridge, &counters);
    } while (counters.timed_out == 0);
    test_client_close(&client);
    test_bridge_fini(&test);
}

static void test_connections__beyond_the_limit_are_told(void **state)
{
    const struct bridge_options options = {.loops = 2, .max_connections = 2};
    struct test_bridge test;
    struct test_client clients[3];
    (void)state;
    test_bridge_init(&test, &options);
    for (size_t i = 0; i < 3; i++) {
        test_client_open(&clients[i], &test);
        if (i < 2) {
            test_client_send(&clients[i], BS_STR(REQUEST("/healthz")));
            expect(&clients[i], 200, "ok");
        }
    }
    expect(&clients[2], 429, "too many connections");
    assert_true(test_client_is_closed(&clients[2]));
    test_client_send(&clients[0], BS_STR(REQUEST("/healthz")));
    expect(&clients[0], 200, "ok");
    for (size_t i = 0; i < 3; i++)
        test_client_close(&clients[i]);
    test_bridge_fini(&test);
}

static void test_drain__answers_what_came_and_closes(void **state)
{
    struct test_bridge test;
    struct test_client idle, busy;
    struct test_answer answer;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&idle, &test);
    test_client_send(&idle, BS_STR(REQUEST("/healthz")));
    expect(&idle, 200, "ok");
    test_client_open(&busy, &test);
    test_client_send(&busy, BS_STR(REQUEST("/api/block/x") REQUEST("/api/things/y")));
    test_bridge_wait_entered(&test, 1);
    rpc_dispatcher_drain(test.dispatcher);
    bridge_drain(test.bridge);
    assert_true(test_client_is_closed(&idle));
    test_bridge_release(&test);
    test_client_receive(&busy, false, &answer);
    assert_int_equal(answer.response.status, 200);
    assert_string_equal(test_answer_field(&answer, "Connection"), "close");
    test_answer_fini(&answer);
    assert_true(test_client_is_closed(&busy));
    test_client_close(&idle);
    test_client_close(&busy);
    test_bridge_fini(&test);
}

static void test_close__ends_calls_that_run(void **state)
{
    struct test_bridge test;
    struct test_client client;
    (void)state;
    test_bridge_init(&test, NULL);
    test_client_open(&client, &test);
    test_client_send(&client, BS_STR(REQUEST("/api/block/x")));
    test_bridge_wait_entered(&test, 1);
    bridge_close(test.bridge);
    test.bridge = NULL;
    assert_int_equal(test_bridge_interrupted(&test), 1);
    expect(&client, 499, "rpc.error/cancelled");
    test_client_close(&client);
    test_bridge_fini(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipeline__is_answered_in_order_with_a_slow_first),
        cmocka_unit_test(test_requests__may_come_byte_by_byte_and_many_at_once),
        cmocka_unit_test(test_body__of_four_megabytes_goes_in_and_out),
        cmocka_unit_test(test_expect__is_answered_by_100_or_the_refusal),
        cmocka_unit_test(test_refused_bodies__are_skipped_when_they_are_short),
        cmocka_unit_test(test_old_clients__are_answered_and_closed_unless_they_ask),
        cmocka_unit_test(test_client_that_leaves__cancels_what_reads_not_what_writes),
        cmocka_unit_test(test_reset__cancels_what_writes_too),
        cmocka_unit_test(test_timeouts__end_what_is_too_slow),
        cmocka_unit_test(test_client_that_never_reads__is_let_go),
        cmocka_unit_test(test_connections__beyond_the_limit_are_told),
        cmocka_unit_test(test_drain__answers_what_came_and_closes),
        cmocka_unit_test(test_close__ends_calls_that_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
