/* Cookies in place of the authorization header, and their proof. */

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

/* The idx-th Set-Cookie. */
static struct bs_str cookie_at(const struct test_answer *answer, size_t idx)
{
    for (size_t i = 0; i < answer->response.fields_count; i++) {
        if (bs_str_equals(answer->response.fields[i].name, "Set-Cookie") && idx-- == 0)
            return answer->response.fields[i].value;
    }
    return BS_STR_EMPTY;
}

static void read_proof(char *ret_proof, size_t size)
{
    struct test_answer answer;
    struct bs_str rest, name, proof;
    test_do(&test, TEST_HEAD("POST /api/login", "Connection: close\r\nContent-Length: 0\r\n"),
            &answer);
    assert_int_equal(answer.response.status, 200);
    assert_str_equals(cookie_at(&answer, 0), "bandstand_session=" TEST_TOKEN
                                             "; Path=/; Max-Age=3600; SameSite=Strict; HttpOnly");
    rest = cookie_at(&answer, 1);
    assert_true(bs_str_ends_with(rest, BS_STR("; Path=/; Max-Age=3600; SameSite=Strict")));
    assert_true(bs_str_split(&rest, '=', &name));
    assert_str_equals(name, "XSRF-TOKEN");
    assert_true(bs_str_split(&rest, ';', &proof));
    assert_int_equal(proof.len, 32);
    assert_string_equal(test_answer_field(&answer, "Bandstand-Set-Session"), "");
    snprintf(ret_proof, size, "%.*s", BS_STR_ARGS(proof));
    test_answer_fini(&answer);
}

static void test_cookie__stands_for_the_header(void **state)
{
    static const struct {
        const char *name;
        const char *head; /* %s: the proof, twice */
        int status;
    } rows[] = {
        {"no credentials", "GET /api/private HTTP/1.1\r\n", 401},
        {"header", "GET /api/private HTTP/1.1\r\nAuthorization: Bearer " TEST_TOKEN "\r\n", 200},
        {"cookie", "GET /api/private HTTP/1.1\r\nCookie: a=b; bandstand_session=" TEST_TOKEN "\r\n",
         200},
        {"HEAD by cookie",
         "HEAD /api/private HTTP/1.1\r\nCookie: bandstand_session=" TEST_TOKEN "\r\n", 200},
        {"wrong cookie", "GET /api/private HTTP/1.1\r\nCookie: bandstand_session=x\r\n", 401},
        {"the header goes before",
         "GET /api/private HTTP/1.1\r\nAuthorization: Bearer x\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "\r\n",
         401},
        {"write without proof",
         "POST /api/private HTTP/1.1\r\nContent-Length: 0\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "\r\n",
         403},
        {"write with a wrong proof",
         "POST /api/private HTTP/1.1\r\nContent-Length: 0\r\nX-XSRF-TOKEN: abc\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "; XSRF-TOKEN=abc\r\n",
         403},
        {"write with proof",
         "POST /api/private HTTP/1.1\r\nContent-Length: 0\r\nX-XSRF-TOKEN: %s\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "; XSRF-TOKEN=%s\r\n",
         200},
        {"delete without proof",
         "DELETE /api/private HTTP/1.1\r\nCookie: bandstand_session=" TEST_TOKEN "\r\n", 403},
        {"delete with proof",
         "DELETE /api/private HTTP/1.1\r\nX-Xsrf-Token: %s\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "\r\n",
         200},
        {"write by the header needs none",
         "POST /api/private HTTP/1.1\r\nContent-Length: 0\r\n"
         "Authorization: Bearer " TEST_TOKEN "\r\nCookie: bandstand_session=" TEST_TOKEN "\r\n",
         200},
        {"what is public needs none",
         "POST /api/echo HTTP/1.1\r\nContent-Length: 0\r\n"
         "Cookie: bandstand_session=" TEST_TOKEN "\r\n",
         200},
    };
    (void)state;
    char proof[64];
    read_proof(proof, sizeof(proof));
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        struct bs_str rest = bs_str_from(rows[i].head);
        ptrdiff_t at;
        while ((at = bs_str_find(rest, BS_STR("%s"))) >= 0) {
            bs_buf_append_str(&text, bs_str_slice(rest, 0, (size_t)at));
            bs_buf_append_cstr(&text, proof);
            rest = bs_str_from_offset(rest, (size_t)at + 2);
        }
        bs_buf_append_str(&text, rest);
        bs_buf_append_cstr(&text, "Host: test\r\nConnection: close\r\n\r\n");
        int status = test_status(&test, bs_buf_cstr(&text));
        test_row(rows[i].name, status == rows[i].status, "%d", status);
    }
    test_rows_end();
}

static void check_cleared(const char *request, int status)
{
    struct test_answer answer;
    test_do(&test, request, &answer);
    assert_int_equal(answer.response.status, status);
    assert_str_equals(cookie_at(&answer, 0),
                      "bandstand_session=; Path=/; Max-Age=0; SameSite=Strict; HttpOnly");
    assert_str_equals(cookie_at(&answer, 1), "XSRF-TOKEN=; Path=/; Max-Age=0; SameSite=Strict");
    test_answer_fini(&answer);
}

static void test_cookie__goes_when_the_session_is_over(void **state)
{
    (void)state;
    check_cleared(TEST_HEAD("POST /api/logout", "Connection: close\r\nContent-Length: 0\r\n"
                                                "Authorization: Bearer " TEST_TOKEN "\r\n"),
                  200);
    check_cleared(
        TEST_HEAD("GET /api/private", "Connection: close\r\nCookie: bandstand_session=old\r\n"),
        401);
    struct test_answer answer;
    test_do(&test, TEST_HEAD("GET /api/private", "Connection: close\r\n"), &answer);
    assert_str_equals(cookie_at(&answer, 0), "");
    test_answer_fini(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cookie__stands_for_the_header),
        cmocka_unit_test(test_cookie__goes_when_the_session_is_over),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
