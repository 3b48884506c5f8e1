/* Heads, chunks, dates, written and read back. */

#include "support.h"

#include "http/http.h"

static const struct http_field one_field[] = {{{"A", 1}, {"b", 1}}};

static void test_response_write__frames_as_the_body_wants(void **state)
{
    static const struct {
        const char *name;
        struct http_response_head head;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"length",
         {.status = 200, .body = HTTP_BODY_LENGTH, .content_length = 12},
         "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"},
        {"date and fields",
         {.status = 404,
          .date = {"Thu, 01 Jan 1970 00:00:00 GMT", 29},
          .body = HTTP_BODY_LENGTH,
          .fields = one_field,
          .fields_count = 1},
         "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: "
         "0\r\nA: b\r\n\r\n"},
        {"none", {.status = 200}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"chunked",
         {.status = 200, .body = HTTP_BODY_CHUNKED},
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"close",
         {.status = 400, .close = true},
         "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
        {"keep-alive",
         {.status = 200, .keep_alive = true},
         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
        {"until close",
         {.status = 200, .body = HTTP_BODY_UNTIL_CLOSE, .close = true},
         "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
        {"204", {.status = 204}, "HTTP/1.1 204 No Content\r\n\r\n"},
        {"304", {.status = 304}, "HTTP/1.1 304 Not Modified\r\n\r\n"},
        {"304 with length",
         {.status = 304, .body = HTTP_BODY_LENGTH, .content_length = 5},
         "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
        {"100", {.status = 100}, "HTTP/1.1 100 Continue\r\n\r\n"},
        {"unknown status", {.status = 299}, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
        {"status 99", {.status = 99}, NULL},
        {"status 600", {.status = 600}, NULL},
        {"204 with body", {.status = 204, .body = HTTP_BODY_LENGTH}, NULL},
        {"100 chunked", {.status = 100, .body = HTTP_BODY_CHUNKED}, NULL},
        {"until close without close", {.status = 200, .body = HTTP_BODY_UNTIL_CLOSE}, NULL},
        {"date with LF", {.status = 200, .date = {"a\nb", 3}}, NULL},
    };
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        bs_buf_reset(&out);
        struct bs_error error = BS_ERROR_INIT;
        enum bs_code code = http_response_write(&out, &rows[i].head, &error);
        test_row(rows[i].name, (code == BS_OK) == (rows[i].text != NULL), "%s", error.message);
        test_row(rows[i].name, bs_str_equals(bs_buf_str(&out), rows[i].text), "%s",
                 bs_buf_cstr(&out));
    }
    test_rows_end();
}

static void test_writers__refuse_fields_that_would_break_the_message(void **state)
{
    static const struct {
        struct http_field field;
        bool only_in_requests;
    } rows[] = {
        {{{"A", 1}, {"b\r\nC: d", 7}}, false},
        {{{"A", 1}, {"b\nC", 3}}, false},
        {{{"A", 1}, {"b\rC", 3}}, false},
        {{{"A", 1}, {"b\0C", 3}}, false},
        {{{"A", 1}, {"b\177", 2}}, false},
        {{{"A B", 3}, {"b", 1}}, false},
        {{{"A:", 2}, {"b", 1}}, false},
        {{{"", 0}, {"b", 1}}, false},
        {{{"A\r\nB", 4}, {"b", 1}}, false},
        {{{"content-length", 14}, {"3", 1}}, false},
        {{{"Transfer-Encoding", 17}, {"chunked", 7}}, false},
        {{{"Connection", 10}, {"close", 5}}, false},
        {{{"Date", 4}, {"x", 1}}, false},
        {{{"Host", 4}, {"x", 1}}, true},
    };
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    bs_buf_append_cstr(&out, "before");
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        struct http_response_head response = {
            .status = 200, .fields = &rows[i].field, .fields_count = 1};
        struct http_request_head request = {.method = BS_STR("GET"),
                                            .target = BS_STR("/"),
                                            .host = BS_STR("a"),
                                            .fields = &rows[i].field,
                                            .fields_count = 1};
        struct bs_error error = BS_ERROR_INIT;
        const char *name = rows[i].field.name.ptr;
        test_row(name, http_request_write(&out, &request, &error) == BS_INTERNAL, "request");
        if (!rows[i].only_in_requests)
            test_row(name, http_response_write(&out, &response, &error) == BS_INTERNAL, "response");
        test_row(name, bs_str_equals(bs_buf_str(&out), "before"), "%s", bs_buf_cstr(&out));
    }
    test_rows_end();
}

static void test_request_write__reads_back(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct http_request_head head = {
        .method = BS_STR("POST"),
        .target = BS_STR("/a?b"),
        .host = BS_STR("c:1"),
        .body = HTTP_BODY_LENGTH,
        .content_length = 7,
        .close = true,
        .fields = one_field,
        .fields_count = 1,
    };
    assert_int_equal(http_request_write(&out, &head, NULL), BS_OK);
    struct http_parser parser;
    http_request_parser_init(&parser, 0);
    static struct http_request request;
    size_t used;
    assert_int_equal(http_request_parse(&parser, bs_buf_str(&out), &request, &used, NULL),
                     HTTP_DONE);
    assert_int_equal(used, out.len);
    assert_int_equal(request.method, HTTP_POST);
    assert_int_equal(request.content_length, 7);
    assert_false(request.keep_alive);
    assert_str_equals(request.host, "c:1");

    static const struct http_request_head bad[] = {
        {.method = {"G T", 3}, .target = {"/", 1}, .host = {"a", 1}},
        {.method = {"GET", 3}, .target = {"/ b", 3}, .host = {"a", 1}},
        {.method = {"GET", 3}, .target = {"/%2", 3}, .host = {"a", 1}},
        {.method = {"GET", 3}, .target = {"", 0}, .host = {"a", 1}},
        {.method = {"GET", 3}, .target = {"/", 1}, .host = {"a\r\n", 3}},
        {.method = {"GET", 3}, .target = {"/", 1}, .host = {"a", 1}, .body = HTTP_BODY_UNTIL_CLOSE},
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(bad); i++)
        assert_int_equal(http_request_write(&out, &bad[i], NULL), BS_INTERNAL);
    assert_int_equal(used, out.len);
}

static void test_writers__take_back_a_head_that_does_not_fit(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(40);
    bs_buf_append_cstr(&out, "before");
    struct http_response_head head = {.status = 200, .fields = one_field, .fields_count = 1};
    struct bs_error error = BS_ERROR_INIT;
    assert_int_equal(http_response_write(&out, &head, &error), BS_RESOURCE_EXHAUSTED);
    assert_int_equal(error.reason, BS_REASON_LIMIT);
    assert_string_equal(bs_buf_cstr(&out), "before");
}

static void test_chunks__read_back(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    http_chunk_write(&out, BS_STR("hello, chunked world"));
    http_chunk_write(&out, BS_STR(""));
    http_chunks_end(&out);
    assert_str_equals(bs_buf_str(&out), "14\r\nhello, chunked world\r\n0\r\n\r\n");
    char line[HTTP_CHUNK_LINE_SIZE];
    assert_int_equal(http_chunk_line(UINT64_MAX, line), 18);
    assert_string_equal(line, "ffffffffffffffff\r\n");

    BS_CLEANUP(bs_buf_fini) struct bs_buf small = BS_BUF_INIT(8);
    http_chunk_write(&small, BS_STR("abcd"));
    assert_true(small.overflowed);
    assert_int_equal(small.len, 0);
}

static void test_date_format__is_imf_fixdate(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    (void)state;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        char text[HTTP_DATE_SIZE];
        http_date_format(rows[i].seconds, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response_write__frames_as_the_body_wants),
        cmocka_unit_test(test_writers__refuse_fields_that_would_break_the_message),
        cmocka_unit_test(test_request_write__reads_back),
        cmocka_unit_test(test_writers__take_back_a_head_that_does_not_fit),
        cmocka_unit_test(test_chunks__read_back),
        cmocka_unit_test(test_date_format__is_imf_fixdate),
    };
    return cmocka_run_group_tests_name("http/write", tests, NULL, NULL);
}
