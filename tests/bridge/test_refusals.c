/* What is no HTTP/1.1 as we accept it, sent to a socket: answered once, in JSON, and closed. */

#include "fixture.h"
#include "support.h"

static struct test_bridge test;

static int set_up(void **state)
{
    (void)state;
    test_bridge_init(&test, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_bridge_fini(&test);
    return 0;
}

#define NEXT "GET /healthz HTTP/1.1\r\nHost: smuggled\r\n\r\n"
#define BYTES(literal)                                                                             \
    {                                                                                              \
        .ptr = "" literal, .len = sizeof(literal) - 1                                              \
    }

static const struct {
    const char *name;
    struct bs_str bytes;
    int status;
    const char *code;
} rows[] = {
    {"length and chunks",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nTransfer-Encoding: chunked"
           "\r\n\r\n0\r\n\r\n" NEXT),
     400, "\"code\":3"},
    {"two lengths",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nContent-Length: "
           "3\r\n\r\n{}" NEXT),
     400, "\"code\":3"},
    {"two equal lengths",
     BYTES(
         "POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
     400, "\"code\":3"},
    {"length with a sign",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: +2\r\n\r\n{}"), 400,
     "\"code\":3"},
    {"length in hex", BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 0x2\r\n\r\n{}"),
     400, "\"code\":3"},
    {"length list", BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2, 2\r\n\r\n{}"),
     400, "\"code\":3"},
    {"length above 2^63",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9223372036854775808\r\n\r\n"),
     400, "\"code\":3"},
    {"length above the limit",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4194305\r\n\r\n"), 413,
     "\"code\":8"},
    {"coding xchunked",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n" NEXT), 400,
     "\"code\":3"},
    {"coding gzip, chunked",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 400,
     "\"code\":3"},
    {"coding on 1.0",
     BYTES("POST /api/echo HTTP/1.0\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400, "\"code\":3"},
    {"blank before the colon", BYTES("GET /healthz HTTP/1.1\r\nHost : t\r\n\r\n"), 400,
     "\"code\":3"},
    {"empty name", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\n: x\r\n\r\n"), 400, "\"code\":3"},
    {"name with a blank", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nX Y: x\r\n\r\n"), 400,
     "\"code\":3"},
    {"NUL in a value", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nX: a\0b\r\n\r\n"), 400,
     "\"code\":3"},
    {"CR in a value", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nX: a\rb\r\n\r\n"), 400,
     "\"code\":3"},
    {"control character in a value", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nX: \x01\r\n\r\n"),
     400, "\"code\":3"},
    {"folded line", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nX: a\r\n b\r\n\r\n"), 400,
     "\"code\":3"},
    {"bare LF", BYTES("GET /healthz HTTP/1.1\nHost: t\n\n"), 400, "\"code\":3"},
    {"no Host", BYTES("GET /healthz HTTP/1.1\r\n\r\n"), 400, "\"code\":3"},
    {"two Hosts", BYTES("GET /healthz HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"), 400, "\"code\":3"},
    {"Host with a path", BYTES("GET /healthz HTTP/1.1\r\nHost: t/x\r\n\r\n"), 400, "\"code\":3"},
    {"target of another host", BYTES("GET http://u/healthz HTTP/1.1\r\nHost: t\r\n\r\n"), 421,
     "\"code\":3"},
    {"version 1.2", BYTES("GET /healthz HTTP/1.2\r\nHost: t\r\n\r\n"), 505, "\"code\":12"},
    {"version 2.0", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "\"code\":12"},
    {"target with a control character", BYTES("GET /a\x7f HTTP/1.1\r\nHost: t\r\n\r\n"), 400,
     "\"code\":3"},
    {"target with UTF-8", BYTES("GET /\xc3\xa9 HTTP/1.1\r\nHost: t\r\n\r\n"), 400, "\"code\":3"},
    {"target with a fragment", BYTES("GET /a#b HTTP/1.1\r\nHost: t\r\n\r\n"), 400, "\"code\":3"},
    {"target with a bad escape", BYTES("GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n"), 400, "\"code\":3"},
    {"chunk size with 0x",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n"
           "0\r\n\r\n"),
     400, "\"code\":3"},
    {"chunk size negative",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n"), 400,
     "\"code\":3"},
    {"chunk above the limit",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n400001\r\n"),
     413, "\"code\":8"},
    {"chunk without its end",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n"),
     400, "\"code\":3"},
    {"another Expect",
     BYTES("POST /api/echo HTTP/1.1\r\nHost: t\r\nExpect: much\r\nContent-Length: 2\r\n\r\n{}"),
     417, "\"code\":3"},
    {"unknown method", BYTES("BREW /healthz HTTP/1.1\r\nHost: t\r\n\r\n"), 501, "\"code\":12"},
};

static void check(const char *name, struct bs_str bytes, int status, const char *code)
{
    struct test_client client;
    struct test_answer answer;
    test_client_open(&client, &test);
    test_client_send(&client, bytes);
    test_client_receive(&client, false, &answer);
    test_row(name, answer.response.status == status, "%d %.*s", answer.response.status,
             BS_STR_ARGS(answer.body));
    test_row(name, bs_str_find(answer.body, bs_str_from(code)) == 1, "%.*s",
             BS_STR_ARGS(answer.body));
    test_row(name, strcmp(test_answer_field(&answer, "Connection"), "close") == 0, "stays open");
    test_row(name, strcmp(test_answer_field(&answer, "Content-Type"), "application/json") == 0,
             "%s", test_answer_field(&answer, "Content-Type"));
    test_row(name, test_client_is_closed(&client), "goes on: %s", bs_buf_cstr(&client.in));
    test_answer_fini(&answer);
    test_client_close(&client);
}

static void test_malformed_messages__are_refused_and_nothing_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++)
        check(rows[i].name, rows[i].bytes, rows[i].status, rows[i].code);
    test_rows_end();
    struct bridge_counters counters;
    bridge_counters(test.bridge, &counters);
    assert_int_equal(counters.malformed, BS_ARRAY_COUNT(rows));
    assert_int_equal(test_status(&test, NEXT), 200);
}

static void append_times(struct bs_buf *buf, const char *text, size_t count)
{
    while (count-- > 0)
        bs_buf_append_cstr(buf, text);
}

static void test_limits__of_heads(void **state)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    (void)state;
    bs_buf_append_cstr(&text, "GET /");
    append_times(&text, "a", BS_LIMIT_HTTP_TARGET_BYTES);
    bs_buf_append_cstr(&text, " HTTP/1.1\r\nHost: t\r\n\r\n");
    check("target", bs_buf_str(&text), 414, "\"code\":8");
    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "GET /healthz HTTP/1.1\r\nHost: t\r\nX: ");
    append_times(&text, "a", BS_LIMIT_HTTP_HEAD_BYTES);
    bs_buf_append_cstr(&text, "\r\n\r\n");
    check("head", bs_buf_str(&text), 431, "\"code\":8");
    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "GET /healthz HTTP/1.1\r\nHost: t\r\n");
    append_times(&text, "X: a\r\n", BS_LIMIT_HTTP_FIELDS);
    bs_buf_append_cstr(&text, "\r\n");
    check("fields", bs_buf_str(&text), 431, "\"code\":8");
    test_rows_end();
    bs_buf_reset(&text);
    bs_buf_append_cstr(&text, "GET /api/things HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                              "Bandstand-X: ");
    append_times(&text, "a", BS_LIMIT_METADATA_VALUE_BYTES + 1);
    bs_buf_append_cstr(&text, "\r\n\r\n");
    assert_int_equal(test_status(&test, bs_buf_cstr(&text)), 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_messages__are_refused_and_nothing_follows),
        cmocka_unit_test(test_limits__of_heads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
