/* Requests that come whole: where they go, what they carry, how they are answered. */

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

#define GET(target) TEST_HEAD("GET " target, "Connection: close\r\n")
#define POST(target, type, length, body)                                                           \
    TEST_HEAD("POST " target, "Connection: close\r\n" type "Content-Length: " length "\r\n") body
#define JSON "Content-Type: application/json\r\n"
#define ANSWER(code, status, message)                                                              \
    "{\"code\":" code ",\"status\":\"" status "\",\"message\":\"" message "\",\"details\":[]}"

struct row {
    const char *request;
    int status;
    const char *body; /* contained in the answer's; a whole one when it begins with '{' and ends
                         with '}' */
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct test_answer answer;
        struct bs_str wanted = bs_str_from(rows[i].body);
        test_do(&test, rows[i].request, &answer);
        test_row(rows[i].request, answer.response.status == rows[i].status, "%d %.*s",
                 answer.response.status, BS_STR_ARGS(answer.body));
        bool is_whole = bs_str_starts_with(wanted, BS_STR("{\"code\"")) &&
                        bs_str_ends_with(wanted, BS_STR("}"));
        bool fits = is_whole ? bs_str_equal(bs_str_trim(answer.body), wanted)
                             : bs_str_find(answer.body, wanted) >= 0;
        test_row(rows[i].request, fits, "is %.*s, not %s", BS_STR_ARGS(answer.body), rows[i].body);
        test_answer_fini(&answer);
    }
    test_rows_end();
}

static void test_fields__come_from_path_query_and_body(void **state)
{
    static const struct row rows[] = {
        {GET("/api/things/abc"), 200, ANSWER("0", "", "abc")},
        {GET("/api/things/a%2Fb%20c+d"), 200, ANSWER("0", "", "a/b c+d")},
        {GET("/api/things/%C3%A9"), 200, ANSWER("0", "", "\xc3\xa9")},
        {GET("/api/th%69ngs/abc"), 200, ANSWER("0", "", "abc")},
        {GET("/api/things?message=x&code=5"), 200, ANSWER("5", "", "x")},
        {GET("/api/things?mess%61ge=a+b%26"), 200, ANSWER("0", "", "a b&")},
        {GET("/api/things?message="), 200, ANSWER("0", "", "")},
        {GET("/api/things"), 200, ANSWER("0", "", "")},
        {GET("/api/things?"), 200, ANSWER("0", "", "")},
        {GET("/api/things?_=17&utm_source=mail"), 200, ANSWER("0", "", "")},
        {GET("/api/files/a/b%2Fc/%64"), 200, ANSWER("0", "", "a/b%2Fc/d")},
        {GET("/api/files"), 200, ANSWER("0", "", "")},
        {GET("/api/files/a:publish"), 200, ANSWER("0", "", "a:publish")},
        {POST("/api/files/a/b:publish", JSON, "2", "{}"), 200, ANSWER("0", "", "a/b")},
        {POST("/api/echo", JSON, "23", "{\"code\":3,\"status\":\"s\"}"), 200, ANSWER("3", "s", "")},
        {POST("/api/echo", "", "15", "{\"status\":\"s\"} "), 200, ANSWER("0", "s", "")},
        {POST("/api/echo", "", "0", ""), 200, ANSWER("0", "", "")},
        {POST("/api/echo/m", "Content-Type: application/json;charset=utf-8\r\n", "14",
              "{\"status\":\"s\"}"),
         200, ANSWER("0", "s", "m")},
        {POST("/api/echo/m", JSON, "15", "{\"message\":\"m\"}"), 200, ANSWER("0", "", "m")},
        {TEST_HEAD("PUT /api/echo/m?code=4",
                   "Connection: close\r\nContent-Length: 37\r\n") "[{\"retryInfo\":{\"delayMs\":"
                                                                  "\"5\"}},{},{}] ",
         200, "\"delayMs\":\"5\""},
        {GET("/api/code/12"), 200, "12"},
        {TEST_HEAD("GET http://test/api/things/abc", "Connection: close\r\n"), 200,
         ANSWER("0", "", "abc")},
    };
    (void)state;
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static void test_fields__that_do_not_fit_are_named(void **state)
{
    static const struct row rows[] = {
        {GET("/api/things?messag=x"), 400, "messag"},
        {GET("/api/things?message=x&message=x"), 400, "message: given twice"},
        {GET("/api/things/abc?message=abc"), 400, "message: comes from the path"},
        {GET("/api/things?code=x"), 400, "code"},
        {GET("/api/things?code="), 400, "code"},
        {GET("/api/things?code"), 400, "code"},
        {GET("/api/things?details=x"), 400, "details"},
        {GET("/api/things?message=%zz"), 400, "http.error/bad-request"},
        {GET("/api/things?message=%00"), 400, "http.error/bad-request"},
        {GET("/api/code/x"), 400, "code"},
        {POST("/api/echo?code=1", JSON, "2", "{}"), 400, "code: unexpected query parameter"},
        {POST("/api/echo?_=1", JSON, "2", "{}"), 200, ANSWER("0", "", "")},
        {POST("/api/echo/m", JSON, "15", "{\"message\":\"n\"}"), 400, "message"},
        {POST("/api/echo", JSON, "9", "{\"x\":1.5}"), 400, "json.error/field"},
        {POST("/api/echo", JSON, "11", "{\"code\":1.5"), 400, "code"},
        {POST("/api/echo", JSON, "2", "[]"), 400, "json.error"},
        {POST("/api/echo", JSON, "1", "{"), 400, "json.error/syntax"},
        {POST("/api/echo", JSON, "13", "{\"code\":\"abc\""), 400,
         "\"fieldViolations\":[{\"field\":\"code\""},
        {TEST_HEAD("PUT /api/echo/m?details=x", "Connection: close\r\nContent-Length: 2\r\n") "[]",
         400, "details: comes from the body"},
        {TEST_HEAD("GET /api/things", "Connection: close\r\nContent-Length: 2\r\n") "{}", 400,
         "takes no body"},
        {TEST_HEAD("GET /api/things",
                   "Connection: close\r\nTransfer-Encoding: chunked\r\n") "2\r\n{}\r\n0\r\n\r\n",
         400, "takes no body"},
        {POST("/api/small", JSON, "34", "{\"message\":\"12345678901234567890\"}"), 429,
         "expected at most 16"},
    };
    (void)state;
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static void test_paths__match_as_the_templates_say(void **state)
{
    static const struct row rows[] = {
        {GET("/api/nothing"), 404, "\"status\":\"NOT_FOUND\""},
        {GET("/api/things/"), 404, "http.error/no-route"},
        {GET("/api/things//"), 404, "http.error/no-route"},
        {GET("/api//things"), 404, "http.error/no-route"},
        {GET("/API/things"), 404, "http.error/no-route"},
        {GET("/api/things/a/b"), 404, "http.error/no-route"},
        {GET("/api/files/"), 404, "http.error/no-route"},
        {GET("/api/files/a//b"), 404, "http.error/no-route"},
        {GET("//evil.com/api/things"), 404, "http.error/no-route"},
        {GET("/"), 404, "http.error/no-route"},
        {GET("/api/things/%zz"), 400, "http.error/bad-request"},
        {GET("/api/things/%4"), 400, "http.error/bad-request"},
        {GET("/api/things/%00"), 400, "http.error/bad-request"},
        {GET("/api/things/%ff"), 400, "http.error/bad-request"},
        {GET("/api/things/.."), 400, "http.error/bad-request"},
        {GET("/api/things/%2e%2E"), 400, "http.error/bad-request"},
        {GET("/api/./things"), 400, "http.error/bad-request"},
    };
    (void)state;
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static void test_errors__have_code_status_message_and_details(void **state)
{
    (void)state;
    for (int code = 1; code <= 16; code++) {
        struct test_answer answer;
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        BS_CLEANUP(bs_buf_fini) struct bs_buf wanted = BS_BUF_INIT(0);
        enum bs_code as_code = bs_code_from_number(code);
        bs_buf_printf(&text,
                      TEST_HEAD("GET /api/things?code=%d&status=fail&message=%%F0%%9F%%8E%%B8%%25",
                                "Connection: close\r\n"),
                      code);
        bs_buf_printf(
            &wanted,
            "{\"code\":%d,\"status\":\"%s\",\"message\":\"\xf0\x9f\x8e\xb8%%\",\"details\":"
            "[{\"errorInfo\":{\"reason\":\"campaign.error/not-found\"",
            code, bs_code_name(as_code));
        test_do(&test, bs_buf_cstr(&text), &answer);
        assert_int_equal(answer.response.status, bs_code_http_status(as_code));
        if (!bs_str_starts_with(answer.body, bs_buf_str(&wanted)))
            fail_msg("is %.*s, not %s", BS_STR_ARGS(answer.body), bs_buf_cstr(&wanted));
        assert_string_equal(test_answer_field(&answer, "Content-Type"), "application/json");
        assert_string_equal(test_answer_field(&answer, "Cache-Control"), "no-store");
        assert_string_equal(test_answer_field(&answer, "WWW-Authenticate"),
                            code == BS_UNAUTHENTICATED ? "Bearer" : "");
        assert_string_equal(test_answer_field(&answer, "Retry-After"),
                            code == BS_UNAVAILABLE ? "2" : "");
        test_answer_fini(&answer);
    }
}

static void test_metadata__goes_in_and_out_as_fields(void **state)
{
    struct test_answer answer;
    (void)state;
    test_do(&test, GET("/api/trailers/0"), &answer);
    assert_int_equal(answer.response.status, 200);
    assert_string_equal(test_answer_field(&answer, "Bandstand-First-Word"), "one");
    assert_string_equal(test_answer_field(&answer, "Bandstand-Some-Bin"), "AP8=");
    assert_string_equal(test_answer_field(&answer, "Bandstand-Basis-T"), "7");
    test_answer_fini(&answer);
    test_do(&test, GET("/api/trailers/1"), &answer);
    assert_int_equal(answer.response.status, 400);
    assert_string_equal(test_answer_field(&answer, "Bandstand-First-Word"), "one");
    assert_true(bs_str_find(answer.body, BS_STR("\"fieldViolations\":[{\"field\":\"concerts[2]."
                                                "startsAt\"")) >= 0);
    test_answer_fini(&answer);
    static const struct row rows[] = {
        {TEST_HEAD("GET /api/things", "Authorization: Bearer abc\r\nConnection: close\r\n"), 200,
         ANSWER("0", "Bearer abc", "")},
        {TEST_HEAD("GET /api/things", "bandstand-authorization: x\r\nConnection: close\r\n"), 200,
         ANSWER("0", "x", "")},
        {TEST_HEAD("GET /api/things",
                   "Authorization: a\r\nBandstand-Authorization: b\r\nConnection: close\r\n"),
         400, "authorization"},
        {TEST_HEAD("GET /api/things", "Bandstand-Basis-T: 1\r\nConnection: close\r\n"), 200,
         ANSWER("0", "", "")},
        {TEST_HEAD("GET /api/things", "Bandstand-Dry-Run: true\r\nConnection: close\r\n"), 501,
         "dry-run"},
        {TEST_HEAD("GET /api/things", "Bandstand-Deadline: 5x\r\nConnection: close\r\n"), 400,
         "rpc.error/metadata"},
        {TEST_HEAD("GET /api/things", "Bandstand-Deadline: 0s\r\nConnection: close\r\n"), 504,
         "rpc.error/deadline"},
        {TEST_HEAD("GET /api/block/x", "Bandstand-Deadline: 30ms\r\nConnection: close\r\n"), 504,
         "rpc.error/deadline"},
        {TEST_HEAD("GET /api/things", "Bandstand-X-Bin: *\r\nConnection: close\r\n"), 400,
         "rpc.error/metadata"},
        {TEST_HEAD("GET /api/things", "Bandstand-X: \xc3\xa9\r\nConnection: close\r\n"), 400,
         "rpc.error/metadata"},
    };
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static void test_methods__head_options_and_others(void **state)
{
    struct test_answer answer;
    (void)state;
    test_do(&test, TEST_HEAD("HEAD /api/things/abc", "Connection: close\r\n"), &answer);
    assert_int_equal(answer.response.status, 200);
    assert_string_equal(test_answer_field(&answer, "Content-Length"), "51");
    assert_int_equal(answer.body.len, 0);
    assert_string_not_equal(test_answer_field(&answer, "ETag"), "");
    test_answer_fini(&answer);
    test_do(&test, TEST_HEAD("HEAD /api/nothing", "Connection: close\r\n"), &answer);
    assert_int_equal(answer.response.status, 404);
    assert_int_equal(answer.body.len, 0);
    test_answer_fini(&answer);
    static const struct {
        const char *request;
        int status;
        const char *allow;
    } rows[] = {
        {TEST_HEAD("OPTIONS /api/things/abc", ""), 204, "GET, HEAD, OPTIONS"},
        {TEST_HEAD("OPTIONS /api/echo/abc", ""), 204, "POST, PUT, OPTIONS"},
        {TEST_HEAD("OPTIONS /api/private", ""), 204, "GET, HEAD, POST, DELETE, OPTIONS"},
        {TEST_HEAD("OPTIONS *", ""), 204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
        {TEST_HEAD("OPTIONS /api/nothing", ""), 404, ""},
        {TEST_HEAD("DELETE /api/things/abc", ""), 405, "GET, HEAD, OPTIONS"},
        {TEST_HEAD("GET /api/echo", ""), 405, "POST, OPTIONS"},
        {TEST_HEAD("POST /api/files/a", "Content-Length: 2\r\n") "{}", 405, "GET, HEAD, OPTIONS"},
        {TEST_HEAD("GET /api/files/a:x", ""), 200, ""},
        {TEST_HEAD("POST /healthz", ""), 405, "GET, HEAD, OPTIONS"},
        {TEST_HEAD("TRACE /api/things", ""), 501, ""},
        {TEST_HEAD("get /api/things", ""), 501, ""},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        test_do(&test, rows[i].request, &answer);
        const char *allow = test_answer_field(&answer, "Allow");
        test_row(rows[i].request, answer.response.status == rows[i].status, "%d",
                 answer.response.status);
        test_row(rows[i].request, strcmp(allow, rows[i].allow) == 0, "%s", allow);
        test_answer_fini(&answer);
    }
    test_rows_end();
}

static void test_content__types_are_looked_at(void **state)
{
    static const struct row rows[] = {
        {POST("/api/echo", "Content-Type: text/plain\r\n", "2", "{}"), 415, "\"code\":3"},
        {POST("/api/echo", "Content-Type: application/json; charset=latin1\r\n", "2", "{}"), 415,
         "application/json"},
        {POST("/api/echo", "Content-Type: application/x-www-form-urlencoded\r\n", "3", "a=b"), 415,
         "application/json"},
        {POST("/api/echo", "Content-Type: text/plain\r\n", "0", ""), 200, ANSWER("0", "", "")},
        {TEST_HEAD("GET /api/things", "Accept: text/html\r\nConnection: close\r\n"), 406,
         "\"code\":3"},
        {TEST_HEAD("GET /api/things", "Accept: */*\r\nConnection: close\r\n"), 200,
         ANSWER("0", "", "")},
        {TEST_HEAD("GET /api/things",
                   "Accept: application/json, text/plain, */*\r\nConnection: close\r\n"),
         200, ANSWER("0", "", "")},
        {TEST_HEAD("GET /api/things", "Accept: application/json;q=0, */*\r\nConnection: close\r\n"),
         406, "Accept"},
    };
    (void)state;
    check_rows(rows, BS_ARRAY_COUNT(rows));
}

static void test_etag__is_of_the_basis_and_the_answer(void **state)
{
    struct test_answer answer;
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    char first[100];
    (void)state;
    test_do(&test, GET("/api/things/abc"), &answer);
    snprintf(first, sizeof(first), "%s", test_answer_field(&answer, "ETag"));
    assert_true(strncmp(first, "\"7-", 3) == 0);
    assert_string_equal(test_answer_field(&answer, "Cache-Control"), "private, no-cache");
    test_answer_fini(&answer);
    static const char *const heads[] = {"GET", "HEAD"};
    for (size_t i = 0; i < 2; i++) {
        bs_buf_reset(&text);
        bs_buf_printf(&text,
                      "%s /api/things/abc HTTP/1.1\r\nHost: t\r\nIf-None-Match: \"x\"\r\n"
                      "If-None-Match: W/%s\r\nConnection: close\r\n\r\n",
                      heads[i], first);
        test_do(&test, bs_buf_cstr(&text), &answer);
        assert_int_equal(answer.response.status, 304);
        assert_string_equal(test_answer_field(&answer, "ETag"), first);
        assert_string_equal(test_answer_field(&answer, "Bandstand-Basis-T"), "7");
        assert_string_equal(test_answer_field(&answer, "Content-Type"), "");
        assert_int_equal(answer.body.len, 0);
        test_answer_fini(&answer);
    }
    test.basis_t = 8;
    assert_int_equal(test_status(&test, bs_buf_cstr(&text)), 200);
    test.basis_t = -1;
    test_do(&test, GET("/api/things/abc"), &answer);
    assert_string_equal(test_answer_field(&answer, "ETag"), "");
    test_answer_fini(&answer);
    test.basis_t = 7;
    test_do(&test, POST("/api/echo", JSON, "2", "{}"), &answer);
    assert_string_equal(test_answer_field(&answer, "ETag"), "");
    assert_string_equal(test_answer_field(&answer, "Cache-Control"), "no-store");
    test_answer_fini(&answer);
}

static void test_own_pages__tell_health_and_figures(void **state)
{
    static const struct row rows[] = {
        {GET("/healthz"), 200, "ok"},
        {GET("/readyz"), 200, "ready"},
        {GET("/metrics"), 200, "\nhttp_requests_total "},
        {GET("/metrics"), 200, "rpc_calls_total"},
        {GET("/openapi.json"), 200, "{\"openapi\":\"3.0.3\"}"},
    };
    (void)state;
    check_rows(rows, BS_ARRAY_COUNT(rows));
    rpc_dispatcher_drain(test.dispatcher);
    assert_int_equal(test_status(&test, GET("/readyz")), 503);
    assert_int_equal(test_status(&test, GET("/healthz")), 200);
    assert_int_equal(test_status(&test, GET("/api/things")), 503);
}

struct store_state {
    _Atomic bool is_failed;
};

static bool is_store_ready(void *self, struct bs_buf *ret_why)
{
    struct store_state *store = self;
    if (!store->is_failed)
        return true;
    bs_buf_append_cstr(ret_why, "store.error/failed: the disk is gone");
    return false;
}

static void test_ready__says_why_not_until_it_is_again(void **state)
{
    struct store_state store = {.is_failed = true};
    const struct bridge_options options = {
        .loops = 1, .is_ready = is_store_ready, .ready_self = &store};
    static const struct row failed[] = {
        {GET("/readyz"), 503, "store.error/failed: the disk is gone\n"},
        {GET("/healthz"), 200, "ok"},
    };
    static const struct row ready[] = {{GET("/readyz"), 200, "ready"}};
    static const struct row draining[] = {{GET("/readyz"), 503, "draining"}};
    (void)state;
    test_bridge_fini(&test);
    test_bridge_init(&test, &options);
    check_rows(failed, BS_ARRAY_COUNT(failed));
    store.is_failed = false;
    check_rows(ready, BS_ARRAY_COUNT(ready));
    store.is_failed = true;
    rpc_dispatcher_drain(test.dispatcher);
    check_rows(draining, BS_ARRAY_COUNT(draining));
    test_bridge_fini(&test);
    test_bridge_init(&test, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields__come_from_path_query_and_body),
        cmocka_unit_test(test_fields__that_do_not_fit_are_named),
        cmocka_unit_test(test_paths__match_as_the_templates_say),
        cmocka_unit_test(test_errors__have_code_status_message_and_details),
        cmocka_unit_test(test_metadata__goes_in_and_out_as_fields),
        cmocka_unit_test(test_methods__head_options_and_others),
        cmocka_unit_test(test_content__types_are_looked_at),
        cmocka_unit_test(test_etag__is_of_the_basis_and_the_answer),
        cmocka_unit_test(test_ready__says_why_not_until_it_is_again),
        cmocka_unit_test(test_own_pages__tell_health_and_figures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
