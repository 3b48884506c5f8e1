/* Response heads. */

#include "support.h"

#include "http/http.h"

static enum http_progress parse(struct bs_str bytes, size_t step, bool to_head,
                                struct http_response *ret_response, struct bs_error *error)
{
    struct http_parser parser;
    http_response_parser_init(&parser, to_head, 1000);
    enum http_progress progress = HTTP_MORE;
    for (size_t len = BS_MIN(step, bytes.len); progress == HTTP_MORE;) {
        size_t used;
        progress =
            http_response_parse(&parser, bs_str_make(bytes.ptr, len), ret_response, &used, error);
        if (len == bytes.len)
            break;
        len = BS_MIN(len + step, bytes.len);
    }
    return progress;
}

static void test_parse__knows_where_the_body_ends(void **state)
{
    static const struct {
        struct bs_str head;
        bool to_head;
        bool refused;
        int status;
        enum http_body_kind body;
        bool keep_alive;
    } rows[] = {
        {BS_STR("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), false, false, 200,
         HTTP_BODY_LENGTH, true},
        {BS_STR("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"), true, false, 200,
         HTTP_BODY_NONE, true},
        {BS_STR("HTTP/1.1 304 Not Modified\r\nContent-Length: 3000\r\n\r\n"), false, false, 304,
         HTTP_BODY_NONE, true},
        {BS_STR("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"), false, false, 204,
         HTTP_BODY_NONE, false},
        {BS_STR("HTTP/1.1 100 Continue\r\n\r\n"), false, false, 100, HTTP_BODY_NONE, true},
        {BS_STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false, false, 200,
         HTTP_BODY_CHUNKED, true},
        {BS_STR("HTTP/1.1 200 OK\r\n\r\n"), false, false, 200, HTTP_BODY_UNTIL_CLOSE, false},
        {BS_STR("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n"), false, false, 200,
         HTTP_BODY_LENGTH, false},
        {BS_STR("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n"), false,
         false, 200, HTTP_BODY_LENGTH, true},
        {BS_STR("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"), false, false, 404, HTTP_BODY_LENGTH,
         true},
        {BS_STR("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"), false, false, 404, HTTP_BODY_LENGTH,
         true},
        {BS_STR("HTTP/1.1 404Not\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 600 Odd\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 099 Odd\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 20 OK\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.2 200 OK\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/2 200\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("\r\nHTTP/1.1 200 OK\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 200 OK\n\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 200 O\001K\r\n\r\n"), false, true, 0, 0, false},
        {BS_STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
         false, true, 0, 0, false},
        {BS_STR("SSH-2.0-OpenSSH\r\n\r\n"), false, true, 0, 0, false},
    };
    (void)state;
    static struct http_response response;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        for (size_t step = 1; step <= rows[i].head.len; step += rows[i].head.len - 1) {
            struct bs_error error = BS_ERROR_INIT;
            const char *name = rows[i].head.ptr;
            enum http_progress progress =
                parse(rows[i].head, step, rows[i].to_head, &response, &error);
            test_row(name, progress == (rows[i].refused ? HTTP_REFUSED : HTTP_DONE), "step %zu: %s",
                     step, error.message);
            if (progress != HTTP_DONE)
                continue;
            test_row(name, response.status == rows[i].status, "status %d", response.status);
            test_row(name, response.body == rows[i].body, "body %d", response.body);
            test_row(name, response.keep_alive == rows[i].keep_alive, "keep_alive %d",
                     response.keep_alive);
        }
    }
    test_rows_end();
}

static void test_parse__gives_every_part(void **state)
{
    (void)state;
    static struct http_response response;
    assert_int_equal(parse(BS_STR("HTTP/1.1 404 Not Found\r\nA: b\r\nContent-Length: 7\r\n\r\n"), 5,
                           false, &response, NULL),
                     HTTP_DONE);
    assert_str_equals(response.reason, "Not Found");
    assert_int_equal(response.fields_count, 2);
    assert_str_equals(response.fields[0].name, "A");
    assert_str_equals(response.fields[0].value, "b");
    assert_int_equal(response.content_length, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__knows_where_the_body_ends),
        cmocka_unit_test(test_parse__gives_every_part),
    };
    return cmocka_run_group_tests_name("http/response", tests, NULL, NULL);
}
