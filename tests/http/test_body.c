/* Bodies, cut everywhere. */

#include "support.h"

#include "base/buf.h"
#include "http/http.h"

#define MAX_BYTES 1000u

struct outcome {
    enum http_progress progress;
    int status;
    size_t used_bytes;
    bool complete_at_end;
};

static struct outcome decode(enum http_body_kind kind, uint64_t length, struct bs_str bytes,
                             size_t step, struct bs_buf *out)
{
    struct http_body body;
    http_body_init(&body, kind, length, MAX_BYTES);
    struct outcome outcome = {.progress = HTTP_MORE};
    size_t there = BS_MIN(step, bytes.len);
    bs_buf_reset(out);
    for (;;) {
        struct bs_str data = BS_STR_EMPTY;
        size_t used = 0;
        struct bs_str part =
            bs_str_make(bytes.ptr + outcome.used_bytes, there - outcome.used_bytes);
        outcome.progress = http_body_decode(&body, part, &data, &used, NULL);
        if (outcome.progress == HTTP_REFUSED)
            break;
        assert_true(part.len == 0 || used > 0 || outcome.progress == HTTP_DONE);
        bs_buf_append_str(out, data);
        outcome.used_bytes += used;
        if (outcome.progress == HTTP_DONE || (outcome.used_bytes == there && there == bytes.len))
            break;
        if (outcome.used_bytes == there)
            there = BS_MIN(there + step, bytes.len);
    }
    outcome.status = body.status;
    outcome.complete_at_end = http_body_is_complete_at_end(&body);
    return outcome;
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X255 X64 X64 X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1000 X255 X255 X255 X64 X64 X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *name;
    struct bs_str bytes;
    const char *data; /* NULL: refused */
    int status;
    size_t rest_len; /* what follows the body */
} chunked[] = {
    {"empty", BS_STR("0\r\n\r\n"), "", 0, 0},
    {"one", BS_STR("3\r\nabc\r\n0\r\n\r\n"), "abc", 0, 0},
    {"two and the next message", BS_STR("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET"), "abcde", 0, 3},
    {"hex in both cases", BS_STR("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
     "01234567890123456789", 0, 0},
    {"data with CRLF", BS_STR("4\r\n\r\n\r\n\r\n0\r\n\r\n"), "\r\n\r\n", 0, 0},
    {"16 digits", BS_STR("0000000000000003\r\nabc\r\n0\r\n\r\n"), "abc", 0, 0},
    {"17 digits", BS_STR("00000000000000003\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"2^64-1", BS_STR("ffffffffffffffff\r\nabc"), NULL, 413, 0},
    {"2^64-1 after data", BS_STR("3\r\nabc\r\nffffffffffffffff\r\nabc"), NULL, 413, 0},
    {"above the maximum", BS_STR("3e9\r\n"), NULL, 413, 0},
    {"above the maximum in two", BS_STR("3\r\nabc\r\n3e6\r\n"), NULL, 413, 0},
    {"at the maximum", BS_STR("3e8\r\n" X1000 "\r\n0\r\n\r\n"), X1000, 0, 0},
    {"0x", BS_STR("0x3\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"minus", BS_STR("-3\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"plus", BS_STR("+3\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"letters after the size", BS_STR("3xyz\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"no size", BS_STR("\r\nabc\r\n"), NULL, 400, 0},
    {"extension without size", BS_STR(";a\r\nabc\r\n"), NULL, 400, 0},
    {"blank before the size", BS_STR(" 3\r\nabc\r\n"), NULL, 400, 0},
    {"blank after the size", BS_STR("3 \r\nabc\r\n"), NULL, 400, 0},
    {"bare LF after the size", BS_STR("3\nabc\r\n"), NULL, 400, 0},
    {"bare CR after the size", BS_STR("3\rabc\r\n"), NULL, 400, 0},
    {"no CRLF after data", BS_STR("3\r\nabc0\r\n\r\n"), NULL, 400, 0},
    {"LF after data", BS_STR("3\r\nabc\n0\r\n\r\n"), NULL, 400, 0},
    {"data longer than its size", BS_STR("3\r\nabcd\r\n0\r\n\r\n"), NULL, 400, 0},
    {"extension", BS_STR("3;a=b;c=\"d;e\"\r\nabc\r\n0;f\r\n\r\n"), "abc", 0, 0},
    {"extension at the limit", BS_STR("3;" X255 "\r\nabc\r\n0\r\n\r\n"), "abc", 0, 0},
    {"extension above the limit", BS_STR("3;" X255 "x\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"extension with bare LF", BS_STR("3;a\nb\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"extension with NUL", BS_STR("3;a\0\r\nabc\r\n0\r\n\r\n"), NULL, 400, 0},
    {"trailers", BS_STR("0\r\nA: b\r\nC:\r\n\r\nrest"), "", 0, 4},
    {"trailer without colon", BS_STR("0\r\nabc\r\n\r\n"), NULL, 400, 0},
    {"trailer with blank before colon", BS_STR("0\r\nA : b\r\n\r\n"), NULL, 400, 0},
    {"trailer without name", BS_STR("0\r\n: b\r\n\r\n"), NULL, 400, 0},
    {"folded trailer", BS_STR("0\r\nA: b\r\n c\r\n\r\n"), NULL, 400, 0},
    {"trailer with bare LF", BS_STR("0\r\nA: b\n\r\n"), NULL, 400, 0},
    {"trailer with NUL", BS_STR("0\r\nA: \0\r\n\r\n"), NULL, 400, 0},
    {"bare LF at the end", BS_STR("0\r\n\n"), NULL, 400, 0},
    {"bare CR at the end", BS_STR("0\r\n\rx"), NULL, 400, 0},
};

static void test_chunked__is_decoded_or_refused_the_same_for_every_cut(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (size_t i = 0; i < BS_ARRAY_COUNT(chunked); i++) {
        static const size_t steps[] = {1, 2, 3, 7, SIZE_MAX / 2};
        for (size_t j = 0; j < BS_ARRAY_COUNT(steps); j++) {
            struct outcome got = decode(HTTP_BODY_CHUNKED, 0, chunked[i].bytes, steps[j], &out);
            const char *name = chunked[i].name;
            enum http_progress expected = chunked[i].data ? HTTP_DONE : HTTP_REFUSED;
            test_row(name, got.progress == expected, "step %zu: progress %d", steps[j],
                     got.progress);
            test_row(name, got.status == chunked[i].status, "step %zu: status %d", steps[j],
                     got.status);
            test_row(name, got.complete_at_end == (expected == HTTP_DONE), "step %zu", steps[j]);
            if (!chunked[i].data || got.progress != HTTP_DONE)
                continue;
            test_row(name, bs_str_equals(bs_buf_str(&out), chunked[i].data), "step %zu: %s",
                     steps[j], bs_buf_cstr(&out));
            test_row(name, got.used_bytes == chunked[i].bytes.len - chunked[i].rest_len,
                     "step %zu: used %zu", steps[j], got.used_bytes);
        }
    }
    test_rows_end();
}

static void test_chunked__is_not_complete_before_its_last_byte(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct bs_str bytes = BS_STR("3;x\r\nabc\r\n0\r\nA: b\r\n\r\n");
    for (size_t len = 0; len < bytes.len; len++) {
        struct outcome got =
            decode(HTTP_BODY_CHUNKED, 0, bs_str_make(bytes.ptr, len), SIZE_MAX / 2, &out);
        assert_int_equal(got.progress, HTTP_MORE);
        assert_false(got.complete_at_end);
    }
}

static void test_chunked__limits_trailers_at_the_edge(void **state)
{
    (void)state;
    for (size_t len = BS_LIMIT_HTTP_TRAILER_BYTES - 1; len <= BS_LIMIT_HTTP_TRAILER_BYTES + 1;
         len++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf in = BS_BUF_INIT(0);
        BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
        bs_buf_append_cstr(&in, "0\r\na:");
        while (in.len < 3 + len - 1) /* the CR counts, the LF does not */
            bs_buf_append_byte(&in, 'x');
        bs_buf_append_cstr(&in, "\r\n\r\n");
        struct outcome got = decode(HTTP_BODY_CHUNKED, 0, bs_buf_str(&in), SIZE_MAX / 2, &out);
        assert_int_equal(got.progress,
                         len <= BS_LIMIT_HTTP_TRAILER_BYTES ? HTTP_DONE : HTTP_REFUSED);
    }
}

static void test_chunked__refuses_much_framing_around_little_data(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf in = BS_BUF_INIT(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (int i = 0; i < 500; i++)
        bs_buf_append_cstr(&in, "1\r\nx\r\n");
    bs_buf_append_cstr(&in, "0\r\n\r\n");
    struct outcome got = decode(HTTP_BODY_CHUNKED, 0, bs_buf_str(&in), 100, &out);
    assert_int_equal(got.progress, HTTP_DONE);
    bs_buf_reset(&in);
    for (int i = 0; i < 500; i++)
        bs_buf_append_cstr(&in, "1;" X64 X64 "\r\nx\r\n");
    got = decode(HTTP_BODY_CHUNKED, 0, bs_buf_str(&in), 100, &out);
    assert_int_equal(got.progress, HTTP_REFUSED);
    assert_int_equal(got.status, 400);
}

static void test_counted__takes_its_length_and_no_more(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    for (size_t step = 1; step < 8; step++) {
        struct outcome got = decode(HTTP_BODY_LENGTH, 5, BS_STR("hello GET"), step, &out);
        assert_int_equal(got.progress, HTTP_DONE);
        assert_int_equal(got.used_bytes, 5);
        assert_str_equals(bs_buf_str(&out), "hello");
    }
    struct outcome got = decode(HTTP_BODY_LENGTH, 5, BS_STR("hell"), 1, &out);
    assert_int_equal(got.progress, HTTP_MORE);
    assert_false(got.complete_at_end);
    got = decode(HTTP_BODY_LENGTH, 0, BS_STR(""), 1, &out);
    assert_int_equal(got.progress, HTTP_DONE);
    got = decode(HTTP_BODY_NONE, 0, BS_STR("GET"), 1, &out);
    assert_int_equal(got.progress, HTTP_DONE);
    assert_int_equal(got.used_bytes, 0);
    got = decode(HTTP_BODY_LENGTH, MAX_BYTES + 1, BS_STR("x"), 1, &out);
    assert_int_equal(got.progress, HTTP_REFUSED);
    assert_int_equal(got.status, 413);
}

static void test_until_close__takes_all_up_to_the_maximum(void **state)
{
    (void)state;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct outcome got = decode(HTTP_BODY_UNTIL_CLOSE, 0, BS_STR(X1000), 3, &out);
    assert_int_equal(got.progress, HTTP_MORE);
    assert_true(got.complete_at_end);
    assert_str_equals(bs_buf_str(&out), X1000);
    got = decode(HTTP_BODY_UNTIL_CLOSE, 0, BS_STR(X1000 "x"), 3, &out);
    assert_int_equal(got.progress, HTTP_REFUSED);
    assert_false(got.complete_at_end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked__is_decoded_or_refused_the_same_for_every_cut),
        cmocka_unit_test(test_chunked__is_not_complete_before_its_last_byte),
        cmocka_unit_test(test_chunked__limits_trailers_at_the_edge),
        cmocka_unit_test(test_chunked__refuses_much_framing_around_little_data),
        cmocka_unit_test(test_counted__takes_its_length_and_no_more),
        cmocka_unit_test(test_until_close__takes_all_up_to_the_maximum),
    };
    return cmocka_run_group_tests_name("http/body", tests, NULL, NULL);
}
