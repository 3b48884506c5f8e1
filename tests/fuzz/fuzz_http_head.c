/*
 * Bytes as a request head and as a response head. The first byte is the step by which they are fed:
 * whatever it is, the end is the same as in one piece. What is accepted is in bounds, has no byte
 * that could be read in two ways, and a request written anew from its parts reads back the same.
 */

#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct http_request request;
static struct http_request request_again;
static struct http_response response;

static void check_view(struct bs_str bytes, struct bs_str view)
{
    BS_ASSERT(view.len == 0 ||
              (view.ptr >= bytes.ptr && view.ptr + view.len <= bytes.ptr + bytes.len));
    BS_ASSERT(http_is_field_value(view));
}

/* The statuses of both ends, 0 for done, -1 for more. */
static int parse_request(struct bs_str bytes, size_t step, struct http_request *ret_request,
                         size_t *ret_used)
{
    struct http_parser parser;
    http_request_parser_init(&parser, 0);
    for (size_t len = BS_MIN(step, bytes.len);; len = BS_MIN(len + step, bytes.len)) {
        struct bs_error error;
        enum http_progress progress =
            http_request_parse(&parser, bs_str_make(bytes.ptr, len), ret_request, ret_used, &error);
        if (progress == HTTP_REFUSED)
            return parser.status;
        if (progress == HTTP_DONE || len == bytes.len)
            return progress == HTTP_DONE ? 0 : -1;
    }
}

static int parse_response(struct bs_str bytes, size_t step, size_t *ret_used)
{
    struct http_parser parser;
    http_response_parser_init(&parser, false, 0);
    for (size_t len = BS_MIN(step, bytes.len);; len = BS_MIN(len + step, bytes.len)) {
        struct bs_error error;
        enum http_progress progress =
            http_response_parse(&parser, bs_str_make(bytes.ptr, len), &response, ret_used, &error);
        if (progress == HTTP_REFUSED)
            return parser.status;
        if (progress == HTTP_DONE || len == bytes.len)
            return progress == HTTP_DONE ? 0 : -1;
    }
}

static bool is_own(struct bs_str name)
{
    static const char *const own[] = {"Connection", "Content-Length", "Date", "Host",
                                      "Transfer-Encoding"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(own); i++) {
        if (bs_str_equal_ignoring_case(name, bs_str_from(own[i])))
            return true;
    }
    return false;
}

static void check_written_anew(void)
{
    static struct http_field fields[BS_LIMIT_HTTP_FIELDS];
    size_t count = 0;
    for (size_t i = 0; i < request.fields_count; i++) {
        if (!is_own(request.fields[i].name))
            fields[count++] = request.fields[i];
    }
    struct http_request_head head = {
        .method = request.method_text,
        .target = request.target,
        .host = request.host.len > 0 ? request.host : BS_STR("a"),
        .body = request.body,
        .content_length = request.content_length,
        .close = !request.keep_alive,
        .fields = fields,
        .fields_count = count,
    };
    struct bs_buf out = BS_BUF_INIT(0);
    BS_ASSERT(http_request_write(&out, &head, NULL) == BS_OK);
    size_t used = 0;
    /* blanks around values are gone, the writer's own fields may be new: 60 bytes at most */
    if (out.len <= BS_LIMIT_HTTP_HEAD_BYTES && request.fields_count <= BS_LIMIT_HTTP_FIELDS - 3) {
        BS_ASSERT(parse_request(bs_buf_str(&out), SIZE_MAX / 2, &request_again, &used) == 0);
        BS_ASSERT(used == out.len);
        BS_ASSERT(bs_str_equal(request_again.path, request.path));
        BS_ASSERT(bs_str_equal(request_again.query, request.query));
        BS_ASSERT(request_again.body == request.body);
        BS_ASSERT(request_again.keep_alive == request.keep_alive);
    }
    bs_buf_fini(&out);
}

static void try_fields(const struct http_field *fields, size_t count, struct bs_str query)
{
    struct bs_arena *arena = bs_arena_new(64 * 1024);
    struct http_query_item item;
    while (http_query_next(&query, arena, &item, NULL) == BS_OK && item.name.ptr)
        BS_ASSERT(bs_utf8_is_valid(item.name) && bs_utf8_is_valid(item.value));
    bs_arena_free(arena);
    struct bs_str value;
    BS_ASSERT(http_accept_quality(fields, count, "application/json") <= 1000);
    (void)http_cookie_find(fields, count, "session", &value);
    (void)http_etag_is_known(fields, count, BS_STR("\"12\""));
    if (http_field_find(fields, count, "Content-Type", &value) > 0)
        (void)http_media_type_is(value, "application/json");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = 1 + data[0] % 64;
    struct bs_str bytes = bs_str_make((const char *)data + 1, size - 1);
    size_t used = 0;
    size_t used_again = 0;
    int whole = parse_request(bytes, SIZE_MAX / 2, &request, &used);
    BS_ASSERT(parse_request(bytes, step, &request_again, &used_again) == whole);
    BS_ASSERT(used == used_again && used <= bytes.len);
    if (whole == 0) {
        BS_ASSERT(request.path.len > 0 && request.fields_count <= BS_LIMIT_HTTP_FIELDS);
        for (size_t i = 0; i < request.fields_count; i++) {
            check_view(bytes, request.fields[i].name);
            check_view(bytes, request.fields[i].value);
        }
        check_view(bytes, request.target);
        check_view(bytes, request.host);
        try_fields(request.fields, request.fields_count, request.query);
        check_written_anew();
    }
    used = 0;
    used_again = 0;
    whole = parse_response(bytes, SIZE_MAX / 2, &used);
    BS_ASSERT(parse_response(bytes, step, &used_again) == whole && used == used_again);
    if (whole == 0)
        check_view(bytes, response.reason);
    return 0;
}
