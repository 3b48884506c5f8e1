/* Request heads: the must-refuse list, every form that is accepted, limits at their edges, cuts. */

#include "support.h"

#include "base/memory.h"
#include "http/http.h"

/* Everything that a parse tells. */
struct outcome {
    enum http_progress progress;
    int status;
    size_t used_bytes;
    size_t fed_bytes; /* how many bytes were there when it ended */
    struct http_request request;
    struct bs_error error;
};

/* Feeds `step` more bytes at a time, each time from another place in memory. */
static void parse(struct bs_str bytes, size_t step, struct outcome *ret)
{
    struct http_parser parser;
    http_request_parser_init(&parser, 0);
    memset(ret, 0, sizeof(*ret));
    for (size_t len = BS_MIN(step, bytes.len);; len = BS_MIN(len + step, bytes.len)) {
        BS_CLEANUP(bs_freep) char *copy = bs_memdup(bytes.ptr, len);
        /* the last piece is parsed where the caller's bytes are, so that views stay good */
        struct bs_str part = bs_str_make(len == bytes.len ? bytes.ptr : copy, len);
        ret->progress =
            http_request_parse(&parser, part, &ret->request, &ret->used_bytes, &ret->error);
        ret->status = parser.status;
        ret->fed_bytes = len;
        if (ret->progress != HTTP_MORE || len == bytes.len)
            return;
    }
}

/* For whole rows: also byte by byte and by sevens, with the same end. */
static void check_cuts(const char *name, struct bs_str bytes, const struct outcome *whole)
{
    static const size_t steps[] = {1, 7};
    for (size_t i = 0; i < BS_ARRAY_COUNT(steps); i++) {
        static struct outcome cut;
        parse(bytes, steps[i], &cut);
        test_row(name, cut.progress == whole->progress && cut.status == whole->status,
                 "in steps of %zu: progress %d status %d", steps[i], cut.progress, cut.status);
        test_row(name, bs_str_equals(bs_str_from(cut.error.message), whole->error.message),
                 "in steps of %zu: %s", steps[i], cut.error.message);
        if (whole->progress == HTTP_DONE)
            test_row(name, cut.used_bytes == whole->used_bytes, "used %zu", cut.used_bytes);
    }
}

#define GET "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static const struct {
    const char *name;
    struct bs_str head;
    int status; /* 0: accepted */
} refusals[] = {
    {"CL with TE", BS_STR(GET HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"two different CL", BS_STR(GET HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"), 400},
    {"two equal CL", BS_STR(GET HOST "Content-Length: 3\r\ncontent-length: 3\r\n\r\n"), 400},
    {"CL list", BS_STR(GET HOST "Content-Length: 3, 3\r\n\r\n"), 400},
    {"CL plus", BS_STR(GET HOST "Content-Length: +3\r\n\r\n"), 400},
    {"CL minus", BS_STR(GET HOST "Content-Length: -1\r\n\r\n"), 400},
    {"CL hex", BS_STR(GET HOST "Content-Length: 0x3\r\n\r\n"), 400},
    {"CL trailing letters", BS_STR(GET HOST "Content-Length: 4abc\r\n\r\n"), 400},
    {"CL inner blank", BS_STR(GET HOST "Content-Length: 3 4\r\n\r\n"), 400},
    {"CL empty", BS_STR(GET HOST "Content-Length:\r\n\r\n"), 400},
    {"CL 2^63", BS_STR(GET HOST "Content-Length: 9223372036854775808\r\n\r\n"), 400},
    {"CL 2^64", BS_STR(GET HOST "Content-Length: 18446744073709551616\r\n\r\n"), 400},
    {"CL 2^63-1", BS_STR(GET HOST "Content-Length: 9223372036854775807\r\n\r\n"), 413},
    {"CL above the limit", BS_STR(GET HOST "Content-Length: 4194305\r\n\r\n"), 413},
    {"CL at the limit", BS_STR(GET HOST "Content-Length: 4194304\r\n\r\n"), 0},
    {"CL leading zeros", BS_STR(GET HOST "Content-Length: 003\r\n\r\n"), 0},
    {"TE xchunked", BS_STR(GET HOST "Transfer-Encoding: xchunked\r\n\r\n"), 400},
    {"TE gzip, chunked", BS_STR(GET HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400},
    {"TE chunked, chunked", BS_STR(GET HOST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400},
    {"TE twice",
     BS_STR(GET HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"TE quoted", BS_STR(GET HOST "Transfer-Encoding: \"chunked\"\r\n\r\n"), 400},
    {"TE empty", BS_STR(GET HOST "Transfer-Encoding: \r\n\r\n"), 400},
    {"TE identity", BS_STR(GET HOST "Transfer-Encoding: identity\r\n\r\n"), 400},
    {"TE vertical tab", BS_STR(GET HOST "Transfer-Encoding: \vchunked\r\n\r\n"), 400},
    {"TE on 1.0", BS_STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"TE Chunked", BS_STR(GET HOST "transfer-encoding:\tChunked \r\n\r\n"), 0},
    {"blank before colon", BS_STR(GET HOST "X : 1\r\n\r\n"), 400},
    {"tab before colon", BS_STR(GET HOST "X\t: 1\r\n\r\n"), 400},
    {"TE blank before colon", BS_STR(GET HOST "Transfer-Encoding : chunked\r\n\r\n"), 400},
    {"empty name", BS_STR(GET HOST ": 1\r\n\r\n"), 400},
    {"no colon", BS_STR(GET HOST "abc\r\n\r\n"), 400},
    {"name with parenthesis", BS_STR(GET HOST "a(b): 1\r\n\r\n"), 400},
    {"name with raw UTF-8", BS_STR(GET HOST "\xc3\xa9: 1\r\n\r\n"), 400},
    {"name with NUL", BS_STR(GET HOST "a\0b: 1\r\n\r\n"), 400},
    {"value with NUL", BS_STR(GET HOST "a: 1\0002\r\n\r\n"), 400},
    {"value with CR", BS_STR(GET HOST "a: 1\r2\r\n\r\n"), 400},
    {"value ends in CR CR LF", BS_STR(GET HOST "a: 1\r\r\n\r\n"), 400},
    {"value with 0x01", BS_STR(GET HOST "a: \001\r\n\r\n"), 400},
    {"value with 0x1f", BS_STR(GET HOST "a: x\037y\r\n\r\n"), 400},
    {"value with DEL", BS_STR(GET HOST "a: \177\r\n\r\n"), 400},
    {"value with tab inside", BS_STR(GET HOST "a: x\ty\r\n\r\n"), 0},
    {"value with raw UTF-8", BS_STR(GET HOST "a: \xc3\xa9\r\n\r\n"), 0},
    {"empty value", BS_STR(GET HOST "a:\r\n\r\n"), 0},
    {"obs-fold", BS_STR(GET HOST "a: 1\r\n b\r\n\r\n"), 400},
    {"obs-fold by tab", BS_STR(GET HOST "a: 1\r\n\tb\r\n\r\n"), 400},
    {"blank before the first field", BS_STR(GET " " HOST "\r\n"), 400},
    {"bare LF after a field", BS_STR(GET "Host: a\n\r\n"), 400},
    {"bare LF after the request line", BS_STR("GET / HTTP/1.1\n" HOST "\r\n"), 400},
    {"bare LF at the end", BS_STR(GET HOST "\n"), 400},
    {"only LFs", BS_STR("GET / HTTP/1.1\nHost: a\n\n"), 400},
    {"no Host", BS_STR(GET "\r\n"), 400},
    {"two Hosts", BS_STR(GET HOST "host: a\r\n\r\n"), 400},
    {"empty Host", BS_STR(GET "Host:\r\n\r\n"), 400},
    {"Host with blank", BS_STR(GET "Host: a b\r\n\r\n"), 400},
    {"Host with path", BS_STR(GET "Host: a/b\r\n\r\n"), 400},
    {"Host with user", BS_STR(GET "Host: u@a\r\n\r\n"), 400},
    {"Host with port letters", BS_STR(GET "Host: a:b\r\n\r\n"), 400},
    {"Host with port 65536", BS_STR(GET "Host: a:65536\r\n\r\n"), 400},
    {"Host with empty port", BS_STR(GET "Host: a:\r\n\r\n"), 400},
    {"Host with two ports", BS_STR(GET "Host: a:1:2\r\n\r\n"), 400},
    {"Host bad IPv6", BS_STR(GET "Host: [::g]\r\n\r\n"), 400},
    {"Host open bracket", BS_STR(GET "Host: [::1\r\n\r\n"), 400},
    {"Host empty bracket", BS_STR(GET "Host: []\r\n\r\n"), 400},
    {"Host IPv6", BS_STR(GET "Host: [::1]:7480\r\n\r\n"), 0},
    {"Host with port", BS_STR(GET "Host: www.example.com:65535\r\n\r\n"), 0},
    {"two Hosts on 1.0", BS_STR("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400},
    {"no Host on 1.0", BS_STR("GET / HTTP/1.0\r\n\r\n"), 0},
    {"absolute-form, other authority", BS_STR("GET http://b/ HTTP/1.1\r\n" HOST "\r\n"), 421},
    {"absolute-form, other port", BS_STR("GET http://a:81/ HTTP/1.1\r\n" HOST "\r\n"), 421},
    {"absolute-form, no Host", BS_STR("GET http://a/ HTTP/1.1\r\n\r\n"), 400},
    {"absolute-form, empty authority", BS_STR("GET http:///x HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute-form, user", BS_STR("GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute-form, ftp", BS_STR("GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"absolute-form", BS_STR("GET http://A:80/x?y HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"authority-form", BS_STR("GET a:80 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"version 1.2", BS_STR("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {"version 2.0", BS_STR("GET / HTTP/2.0\r\n" HOST "\r\n"), 505},
    {"version 0.9", BS_STR("GET / HTTP/0.9\r\n" HOST "\r\n"), 505},
    {"HTTP/2 preface", BS_STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"version lower case", BS_STR("GET / http/1.1\r\n" HOST "\r\n"), 400},
    {"version 1.10", BS_STR("GET / HTTP/1.10\r\n" HOST "\r\n"), 400},
    {"version 1", BS_STR("GET / HTTP/1\r\n" HOST "\r\n"), 400},
    {"no version", BS_STR("GET /\r\n" HOST "\r\n"), 400},
    {"blank after version", BS_STR("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400},
    {"two blanks before target", BS_STR("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"two blanks after target", BS_STR("GET /  HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"tab for blank", BS_STR("GET\t/\tHTTP/1.1\r\n" HOST "\r\n"), 400},
    {"blank at front", BS_STR(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"method with NUL", BS_STR("G\0T / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"lower case method", BS_STR("get / HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"unknown method", BS_STR("BREW / HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"CONNECT", BS_STR("CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"TRACE", BS_STR("TRACE / HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"target with blank", BS_STR("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with NUL", BS_STR("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with 0x1f", BS_STR("GET /\037 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with DEL", BS_STR("GET /\177 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with raw UTF-8", BS_STR("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with #", BS_STR("GET /#a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with bad escape", BS_STR("GET /%zz HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with cut escape", BS_STR("GET /a%2 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target with bad escape in query", BS_STR("GET /?a=%g0 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target empty", BS_STR("GET  HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target relative", BS_STR("GET a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target * with GET", BS_STR("GET * HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"target * with OPTIONS", BS_STR("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"target //h/x is a path", BS_STR("GET //h/x HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"Expect other", BS_STR(GET HOST "Expect: 200-ok\r\n\r\n"), 417},
    {"Expect 100-Continue", BS_STR(GET HOST "Expect: 100-Continue\r\n\r\n"), 0},
    {"TLS hello", BS_STR("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"), 400},
    {"leading CRLF", BS_STR("\r\n" GET HOST "\r\n"), 0},
    {"four leading CRLF", BS_STR("\r\n\r\n\r\n\r\n" GET HOST "\r\n"), 0},
    {"five leading CRLF", BS_STR("\r\n\r\n\r\n\r\n\r\n" GET HOST "\r\n"), 400},
    {"leading LF", BS_STR("\n" GET HOST "\r\n"), 400},
};

static void test_parse__refuses_what_has_two_readings(void **state)
{
    (void)state;
    static struct outcome whole;
    for (size_t i = 0; i < BS_ARRAY_COUNT(refusals); i++) {
        const char *name = refusals[i].name;
        parse(refusals[i].head, SIZE_MAX / 2, &whole);
        enum http_progress expected = refusals[i].status == 0 ? HTTP_DONE : HTTP_REFUSED;
        test_row(name, whole.progress == expected, "progress %d, %s", whole.progress,
                 whole.error.message);
        test_row(name, whole.status == refusals[i].status, "status %d, %s", whole.status,
                 whole.error.message);
        if (expected == HTTP_REFUSED) {
            test_row(name, whole.error.reason == BS_REASON_HTTP_BAD_REQUEST, "reason %d",
                     whole.error.reason);
            test_row(name, whole.error.code == http_status_to_code(whole.status), "code %d",
                     whole.error.code);
            test_row(name, whole.error.message[0] != '\0', "no message");
        }
        check_cuts(name, refusals[i].head, &whole);
    }
    test_rows_end();
}

static void test_parse__gives_every_part_of_a_request(void **state)
{
    (void)state;
    struct bs_str bytes = BS_STR("\r\nPOST /api/campaigns/a%2Fb/concerts?x=1&y HTTP/1.1\r\n"
                                 "Host: Bands.example:7480\r\n"
                                 "Content-Type:application/json\r\n"
                                 "X-Empty:   \r\n"
                                 "Content-Length: 2 \r\n"
                                 "expect: 100-continue\r\n"
                                 "\r\n{}GET / HT");
    static struct outcome got;
    for (size_t step = 1; step <= bytes.len; step += 13) {
        parse(bytes, step, &got);
        const struct http_request *r = &got.request;
        assert_int_equal(got.progress, HTTP_DONE);
        assert_int_equal(got.used_bytes, bytes.len - strlen("{}GET / HT"));
        if (got.fed_bytes != bytes.len)
            continue; /* the views went with their copy */
        assert_int_equal(r->method, HTTP_POST);
        assert_str_equals(r->method_text, "POST");
        assert_str_equals(r->target, "/api/campaigns/a%2Fb/concerts?x=1&y");
        assert_str_equals(r->path, "/api/campaigns/a%2Fb/concerts");
        assert_str_equals(r->query, "x=1&y");
        assert_true(r->has_query);
        assert_str_equals(r->host, "Bands.example:7480");
        assert_int_equal(r->version_minor, 1);
        assert_true(r->keep_alive && r->expect_continue);
        assert_int_equal(r->body, HTTP_BODY_LENGTH);
        assert_int_equal(r->content_length, 2);
        assert_int_equal(r->fields_count, 5);
        assert_str_equals(r->fields[1].name, "Content-Type");
        assert_str_equals(r->fields[1].value, "application/json");
        assert_str_equals(r->fields[2].value, "");
        assert_str_equals(r->fields[3].value, "2");
    }
}

static void test_parse__knows_the_forms_of_a_target(void **state)
{
    static const struct {
        struct bs_str head;
        const char *path;
        const char *query; /* NULL: none */
        const char *host;
    } rows[] = {
        {BS_STR(GET HOST "\r\n"), "/", NULL, "a"},
        {BS_STR("GET /? HTTP/1.1\r\n" HOST "\r\n"), "/", "", "a"},
        {BS_STR("GET /a?b?c=/ HTTP/1.1\r\n" HOST "\r\n"), "/a", "b?c=/", "a"},
        {BS_STR("GET //h/x HTTP/1.1\r\n" HOST "\r\n"), "//h/x", NULL, "a"},
        {BS_STR("GET /../a HTTP/1.1\r\n" HOST "\r\n"), "/../a", NULL, "a"},
        {BS_STR("GET http://a/b?c HTTP/1.1\r\n" HOST "\r\n"), "/b", "c", "a"},
        {BS_STR("GET HTTP://A HTTP/1.1\r\n" HOST "\r\n"), "/", NULL, "a"},
        {BS_STR("GET https://a:443?q HTTP/1.1\r\n" HOST "\r\n"), "/", "q", "a"},
        {BS_STR("GET http://b:81/ HTTP/1.0\r\n\r\n"), "/", NULL, "b:81"},
        {BS_STR("GET / HTTP/1.0\r\n\r\n"), "/", NULL, ""},
        {BS_STR("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), "*", NULL, "a"},
    };
    (void)state;
    static struct outcome got;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        parse(rows[i].head, SIZE_MAX / 2, &got);
        const char *name = rows[i].head.ptr;
        const struct http_request *r = &got.request;
        test_row(name, got.progress == HTTP_DONE, "%s", got.error.message);
        test_row(name, bs_str_equals(r->path, rows[i].path), "%.*s", BS_STR_ARGS(r->path));
        test_row(name, bs_str_equals(r->query, rows[i].query), "%.*s", BS_STR_ARGS(r->query));
        test_row(name, r->has_query == (rows[i].query != NULL), "has_query %d", r->has_query);
        test_row(name, bs_str_equals(r->host, rows[i].host), "%.*s", BS_STR_ARGS(r->host));
    }
    test_rows_end();
}

static void test_parse__says_whether_the_connection_stays(void **state)
{
    static const struct {
        struct bs_str head;
        bool keep_alive;
        bool expect_continue;
    } rows[] = {
        {BS_STR(GET HOST "\r\n"), true, false},
        {BS_STR(GET HOST "Connection: close\r\n\r\n"), false, false},
        {BS_STR(GET HOST "Connection: x, CLOSE\r\n\r\n"), false, false},
        {BS_STR(GET HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n"), false, false},
        {BS_STR(GET HOST "Connection: closed\r\n\r\n"), true, false},
        {BS_STR("GET / HTTP/1.0\r\n\r\n"), false, false},
        {BS_STR("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), true, false},
        {BS_STR("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"), false, false},
        {BS_STR(GET HOST "Expect: 100-continue\r\n\r\n"), true, false},
        {BS_STR(GET HOST "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"), true, true},
        {BS_STR("GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"), false,
         false},
    };
    (void)state;
    static struct outcome got;
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        parse(rows[i].head, SIZE_MAX / 2, &got);
        const char *name = rows[i].head.ptr;
        test_row(name, got.progress == HTTP_DONE, "%s", got.error.message);
        test_row(name, got.request.keep_alive == rows[i].keep_alive, "keep_alive %d",
                 got.request.keep_alive);
        test_row(name, got.request.expect_continue == rows[i].expect_continue, "expect %d",
                 got.request.expect_continue);
    }
    test_rows_end();
}

/* A request whose target has `target_len` bytes, with `fields_count` fields besides Host, padded by
 * one more field to a head of `head_len` bytes (0: not padded). */
static void build(struct bs_buf *out, size_t target_len, size_t fields_count, size_t head_len)
{
    bs_buf_reset(out);
    bs_buf_append_cstr(out, "GET /");
    for (size_t i = 1; i < target_len; i++)
        bs_buf_append_byte(out, 'x');
    bs_buf_append_cstr(out, " HTTP/1.1\r\n" HOST);
    for (size_t i = 0; i < fields_count; i++)
        bs_buf_printf(out, "x%zu: y\r\n", i);
    if (head_len > 0) {
        bs_buf_append_cstr(out, "padding: ");
        while (out->len < head_len - 4)
            bs_buf_append_byte(out, 'p');
        bs_buf_append_cstr(out, "\r\n");
    }
    bs_buf_append_cstr(out, "\r\n");
}

static void test_parse__keeps_its_limits_at_their_edges(void **state)
{
    static const struct {
        const char *name;
        size_t target_len;
        size_t fields_count;
        size_t head_len;
        int status;
    } rows[] = {
        {"target at the limit", BS_LIMIT_HTTP_TARGET_BYTES, 0, 0, 0},
        {"target above the limit", BS_LIMIT_HTTP_TARGET_BYTES + 1, 0, 0, 414},
        {"target far above", BS_LIMIT_HTTP_TARGET_BYTES * 20, 0, 0, 414},
        {"fields at the limit", 1, BS_LIMIT_HTTP_FIELDS - 1, 0, 0},
        {"fields above the limit", 1, BS_LIMIT_HTTP_FIELDS, 0, 431},
        {"head at the limit", 1, 0, BS_LIMIT_HTTP_HEAD_BYTES, 0},
        {"head above the limit", 1, 0, BS_LIMIT_HTTP_HEAD_BYTES + 1, 431},
        {"head far above", 1, 0, BS_LIMIT_HTTP_HEAD_BYTES * 20, 431},
    };
    (void)state;
    static struct outcome whole;
    BS_CLEANUP(bs_buf_fini) struct bs_buf head = BS_BUF_INIT(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(rows); i++) {
        build(&head, rows[i].target_len, rows[i].fields_count, rows[i].head_len);
        struct bs_str bytes = bs_buf_str(&head);
        parse(bytes, SIZE_MAX / 2, &whole);
        test_row(rows[i].name, whole.status == rows[i].status, "status %d, %s", whole.status,
                 whole.error.message);
        /* no more is kept than the limits say */
        parse(bytes, 64, &whole);
        test_row(rows[i].name, whole.status == rows[i].status, "in steps: status %d", whole.status);
        test_row(rows[i].name, whole.fed_bytes <= BS_LIMIT_HTTP_HEAD_BYTES + 64, "%zu bytes fed",
                 whole.fed_bytes);
    }
    test_rows_end();
}

static void test_parse__asks_for_more_until_the_last_byte(void **state)
{
    (void)state;
    struct bs_str bytes = BS_STR(GET HOST "a: b\r\n\r\n");
    static struct outcome got;
    for (size_t len = 0; len < bytes.len; len++) {
        parse(bs_str_make(bytes.ptr, len), SIZE_MAX / 2, &got);
        assert_int_equal(got.progress, HTTP_MORE);
    }
    parse(bytes, 1, &got);
    assert_int_equal(got.progress, HTTP_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__refuses_what_has_two_readings),
        cmocka_unit_test(test_parse__gives_every_part_of_a_request),
        cmocka_unit_test(test_parse__knows_the_forms_of_a_target),
        cmocka_unit_test(test_parse__says_whether_the_connection_stays),
        cmocka_unit_test(test_parse__keeps_its_limits_at_their_edges),
        cmocka_unit_test(test_parse__asks_for_more_until_the_last_byte),
    };
    return cmocka_run_group_tests_name("http/request", tests, NULL, NULL);
}
