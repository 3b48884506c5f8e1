#include "fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "rpc/v1/status.pb-c.h"
#include "rpc/v1/status.rpc.h"
#include "support.h"

static struct test_bridge *the_test;

/* ---- the service ---- */

/* What was asked for, once more; `status` shows the credentials. A code in the request fails. */
static enum bs_code echo(const void *server, void *context, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct rpc_stream *stream,
                         struct bs_error *error)
{
    const Rpc__V1__Status *asked = (const Rpc__V1__Status *)request;
    Rpc__V1__Status *answer = (Rpc__V1__Status *)response;
    struct rpc_call *call = context;
    (void)server;
    (void)stream;
    if (asked->code != 0 && strcmp(asked->status, "fail") == 0) {
        rpc_call_set_retry_after_ms(call, asked->code == BS_UNAVAILABLE ? 1500 : 0);
        return bs_error_set_code(error, bs_code_from_number(asked->code),
                                 BS_REASON_CAMPAIGN_NOT_FOUND, "%s", asked->message);
    }
    struct bs_str authorization =
        rpc_metadata_get(rpc_call_metadata(call), BS_STR("authorization"));
    answer->code = asked->code;
    answer->message = asked->message;
    answer->status = authorization.len > 0 ? bs_arena_dup_cstr(rpc_call_arena(call), authorization)
                                           : asked->status;
    answer->details = asked->details;
    answer->n_details = asked->n_details;
    if (the_test->basis_t >= 0)
        rpc_call_set_basis_t(call, the_test->basis_t);
    return BS_OK;
}

static enum bs_code block(const void *server, void *context, const ProtobufCMessage *request,
                          ProtobufCMessage *response, struct rpc_stream *stream,
                          struct bs_error *error)
{
    struct rpc_call *call = context;
    pthread_mutex_lock(&the_test->lock);
    the_test->entered++;
    pthread_cond_broadcast(&the_test->changed);
    while (!the_test->released && bs_interrupt_check(rpc_call_interrupt(call), error) == BS_OK) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 2000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&the_test->changed, &the_test->lock, &until);
    }
    bool released = the_test->released;
    the_test->interrupted += !released;
    pthread_cond_broadcast(&the_test->changed);
    pthread_mutex_unlock(&the_test->lock);
    return released ? echo(server, context, request, response, stream, error) : BS_CANCELLED;
}

/* Lets a browser keep the token, or forget it. */
static enum bs_code sign(const void *server, void *context, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct rpc_stream *stream,
                         struct bs_error *error)
{
    bool is_out = bs_str_ends_with(rpc_call_method_name(context), BS_STR("SignOut"));
    rpc_metadata_set(rpc_call_initial_metadata(context), BS_STR("set-session"),
                     is_out ? BS_STR("0") : BS_STR("3600 " TEST_TOKEN));
    return echo(server, context, request, response, stream, error);
}

static enum bs_code trailers(const void *server, void *context, const ProtobufCMessage *request,
                             ProtobufCMessage *response, struct rpc_stream *stream,
                             struct bs_error *error)
{
    struct rpc_call *call = context;
    BS_TRY(rpc_metadata_add(rpc_call_initial_metadata(call), BS_STR("first-word"), BS_STR("one"),
                            error));
    BS_TRY(rpc_metadata_add(rpc_call_trailing_metadata(call), BS_STR("some-bin"),
                            bs_str_make("\x00\xff", 2), error));
    struct rpc_violations *violations = rpc_call_violations(call);
    if (((const Rpc__V1__Status *)request)->code == 0)
        return echo(server, context, request, response, stream, error);
    rpc_violations_add(violations, BS_STR("concerts[2].startsAt"), BS_STR("min"), "too early");
    return rpc_violations_check(violations, error);
}

/* What a page asks for: everything is there but "missing". */
static enum bs_code page(const void *server, void *context, const ProtobufCMessage *request,
                         ProtobufCMessage *response, struct rpc_stream *stream,
                         struct bs_error *error)
{
    (void)server;
    (void)context;
    (void)response;
    (void)stream;
    if (strcmp(((const Rpc__V1__Status *)request)->message, "missing") == 0)
        return bs_error_set(error, BS_REASON_CAMPAIGN_NOT_FOUND, "no campaign \"missing\"");
    return BS_OK;
}

#define RULE(its_verb, its_path, its_body)                                                         \
    {                                                                                              \
        .verb = its_verb, .path = its_path, .body = its_body                                       \
    }

static const struct rpc_http_rule echo_rules[] = {
    RULE("POST", "/api/echo", "*"),
    RULE("POST", "/api/echo/{message}", "*"),
    RULE("PUT", "/api/echo/{message}", "details"),
    {.verb = "GET", .path = "/api/code/{code}", .response_body = "code"},
};
static const struct rpc_http_rule read_rules[] = {
    RULE("GET", "/api/things/{message}", NULL),
    RULE("GET", "/api/things", NULL),
    RULE("GET", "/api/files/{message=**}", NULL),
};
static const struct rpc_http_rule publish_rules[] = {
    RULE("POST", "/api/files/{message=**}:publish", "*"),
};
static const struct rpc_http_rule block_rules[] = {RULE("GET", "/api/block/{message}", NULL)};
static const struct rpc_http_rule write_rules[] = {RULE("POST", "/api/block/{message}", "*")};
static const struct rpc_http_rule private_rules[] = {
    RULE("GET", "/api/private", NULL),
    RULE("DELETE", "/api/private", NULL),
    RULE("POST", "/api/private", "*"),
};
static const struct rpc_http_rule sign_in_rules[] = {RULE("POST", "/api/login", "*")};
static const struct rpc_http_rule sign_out_rules[] = {RULE("POST", "/api/logout", "*")};
static const struct rpc_http_rule trailers_rules[] = {RULE("GET", "/api/trailers/{code}", NULL)};
static const struct rpc_http_rule small_rules[] = {RULE("POST", "/api/small", "*")};

extern const struct rpc_service test_bridge_service;

#define METHOD(short_name, function, rules, its_access, level)                                     \
    .name = short_name, .full_name = "test.Bridge/" short_name, .service = &test_bridge_service,   \
    .request = &rpc__v1__status__table, .response = &rpc__v1__status__table, .invoke = function,   \
    .http = rules, .http_count = BS_ARRAY_COUNT(rules), .access = {.kind = its_access},            \
    .idempotency = level

static const struct rpc_method methods[] = {
    {METHOD("Echo", echo, echo_rules, RPC_ACCESS_PUBLIC, RPC_IDEMPOTENCY_UNKNOWN)},
    {METHOD("Read", echo, read_rules, RPC_ACCESS_PUBLIC, RPC_NO_SIDE_EFFECTS)},
    {METHOD("Publish", echo, publish_rules, RPC_ACCESS_PUBLIC, RPC_IDEMPOTENCY_UNKNOWN)},
    {METHOD("Block", block, block_rules, RPC_ACCESS_PUBLIC, RPC_NO_SIDE_EFFECTS)},
    {METHOD("Write", block, write_rules, RPC_ACCESS_PUBLIC, RPC_IDEMPOTENCY_UNKNOWN)},
    {METHOD("Private", echo, private_rules, RPC_ACCESS_SIGNED_IN, RPC_NO_SIDE_EFFECTS)},
    {METHOD("SignIn", sign, sign_in_rules, RPC_ACCESS_PUBLIC, RPC_IDEMPOTENCY_UNKNOWN)},
    {METHOD("SignOut", sign, sign_out_rules, RPC_ACCESS_SIGNED_IN, RPC_IDEMPOTENT)},
    {METHOD("Trailers", trailers, trailers_rules, RPC_ACCESS_PUBLIC, RPC_NO_SIDE_EFFECTS)},
    {METHOD("Small", echo, small_rules, RPC_ACCESS_PUBLIC, RPC_NO_SIDE_EFFECTS),
     .max_request_bytes = 16},
    {.name = "Page",
     .full_name = "test.Bridge/Page",
     .service = &test_bridge_service,
     .request = &rpc__v1__status__table,
     .response = &rpc__v1__status__table,
     .invoke = page,
     .access = {.kind = RPC_ACCESS_PUBLIC},
     .idempotency = RPC_NO_SIDE_EFFECTS},
};
const struct rpc_service test_bridge_service = {
    .full_name = "test.Bridge",
    .methods = methods,
    .methods_count = BS_ARRAY_COUNT(methods),
};

static enum bs_code check_access(void *self, struct rpc_call *call, struct bs_error *error)
{
    struct bs_str authorization =
        rpc_metadata_get(rpc_call_metadata(call), BS_STR("authorization"));
    (void)self;
    if (rpc_call_method(call)->access.kind == RPC_ACCESS_PUBLIC ||
        bs_str_equals(authorization, "Bearer " TEST_TOKEN))
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_UNAUTHENTICATED, "sign in first");
}

/* ---- the server ---- */

static const struct bridge_page pages[] = {{
    .path = "/campaign/{slug}/landing",
    .file = "landing/index.html",
    .method = "test.Bridge/Page",
    .field = "message",
    .short_path = "/c/{slug}",
}};

void test_bridge_init(struct test_bridge *test, const struct bridge_options *given)
{
    static const struct rpc_interceptor access = {
        .name = "access", .stage = RPC_STAGE_AUTH, .before = check_access};
    struct bridge_options options = given ? *given : (struct bridge_options){.loops = 2};
    struct bs_error error = BS_ERROR_INIT;
    *test = (struct test_bridge){.basis_t = 7};
    the_test = test;
    pthread_mutex_init(&test->lock, NULL);
    pthread_cond_init(&test->changed, NULL);
    test->dispatcher = rpc_dispatcher_new(NULL);
    rpc_dispatcher_add_interceptor(test->dispatcher, &access);
    assert_int_equal(rpc_dispatcher_register(test->dispatcher, &test_bridge_service, test, &error),
                     BS_OK);
    assert_int_equal(rpc_dispatcher_start(test->dispatcher, &error), BS_OK);
    options.dispatcher = test->dispatcher;
    options.address = "127.0.0.1:0";
    options.pages = pages;
    options.pages_count = BS_ARRAY_COUNT(pages);
    options.openapi = BS_STR("{\"openapi\":\"3.0.3\"}");
    if (bridge_open(&options, &test->bridge, &error) != BS_OK)
        fail_msg("%s", error.message);
    bridge_start(test->bridge);
    uint64_t port = 0;
    assert_true(bs_str_parse_u64(bs_str_from(strrchr(bridge_url(test->bridge), ':') + 1), &port));
    test->port = (int)port;
}

void test_bridge_fini(struct test_bridge *test)
{
    test_bridge_release(test);
    bridge_close(test->bridge);
    rpc_dispatcher_free(test->dispatcher);
    pthread_mutex_destroy(&test->lock);
    pthread_cond_destroy(&test->changed);
}

void test_bridge_release(struct test_bridge *test)
{
    pthread_mutex_lock(&test->lock);
    test->released = true;
    pthread_cond_broadcast(&test->changed);
    pthread_mutex_unlock(&test->lock);
}

void test_bridge_wait_entered(struct test_bridge *test, int entered)
{
    pthread_mutex_lock(&test->lock);
    while (test->entered < entered)
        pthread_cond_wait(&test->changed, &test->lock);
    pthread_mutex_unlock(&test->lock);
}

void test_bridge_wait_interrupted(struct test_bridge *test, int interrupted)
{
    pthread_mutex_lock(&test->lock);
    while (test->interrupted < interrupted)
        pthread_cond_wait(&test->changed, &test->lock);
    pthread_mutex_unlock(&test->lock);
}

int test_bridge_interrupted(struct test_bridge *test)
{
    pthread_mutex_lock(&test->lock);
    int interrupted = test->interrupted;
    pthread_mutex_unlock(&test->lock);
    return interrupted;
}

/* ---- the client ---- */

void test_client_open(struct test_client *client, const struct test_bridge *test)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)test->port),
        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
    };
    const struct timeval patience = {.tv_sec = 20};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client->fd >= 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    bs_buf_init(&client->in, 0);
}

void test_client_close(struct test_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    bs_buf_fini(&client->in);
}

void test_client_send(struct test_client *client, struct bs_str bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has closed: what it said is still to be read */
        bytes = bs_str_from_offset(bytes, (size_t)sent);
    }
}

static bool receive_more(struct test_client *client)
{
    char *end = bs_buf_reserve(&client->in, 65536);
    ssize_t got = recv(client->fd, end, 65536, 0);
    if (got <= 0)
        return false;
    client->in.len += (size_t)got;
    return true;
}

static size_t receive_head(struct test_client *client, bool to_head, struct http_response *response)
{
    struct http_parser parser;
    struct bs_error error = BS_ERROR_INIT;
    size_t used = 0;
    http_response_parser_init(&parser, to_head, UINT64_MAX / 2);
    for (;;) {
        enum http_progress progress =
            http_response_parse(&parser, bs_buf_str(&client->in), response, &used, &error);
        if (progress == HTTP_REFUSED)
            fail_msg("%s in: %s", error.message, bs_buf_cstr(&client->in));
        if (progress == HTTP_DONE)
            return used;
        if (!receive_more(client))
            fail_msg("no answer, got: %s", bs_buf_cstr(&client->in));
    }
}

void test_client_receive(struct test_client *client, bool to_head, struct test_answer *ret_answer)
{
    struct test_answer *answer = ret_answer;
    struct http_parser parser;
    size_t used = receive_head(client, to_head, &answer->response);
    size_t whole =
        used +
        (answer->response.body == HTTP_BODY_LENGTH ? (size_t)answer->response.content_length : 0);
    while (client->in.len < whole) {
        if (!receive_more(client))
            fail_msg("half an answer: %s", bs_buf_cstr(&client->in));
    }
    bs_buf_init(&answer->bytes, 0);
    bs_buf_append(&answer->bytes, client->in.ptr, whole);
    bs_buf_consume(&client->in, whole);
    http_response_parser_init(&parser, to_head, UINT64_MAX / 2);
    assert_int_equal(
        http_response_parse(&parser, bs_buf_str(&answer->bytes), &answer->response, &used, NULL),
        HTTP_DONE);
    answer->body = bs_str_from_offset(bs_buf_str(&answer->bytes), used);
}

void test_answer_fini(struct test_answer *answer)
{
    bs_buf_fini(&answer->bytes);
}

bool test_client_is_closed(struct test_client *client)
{
    while (receive_more(client)) {
    }
    return client->in.len == 0;
}

const char *test_answer_field(struct test_answer *answer, const char *name)
{
    static char text[4096];
    struct bs_str value = BS_STR_EMPTY;
    http_field_find(answer->response.fields, answer->response.fields_count, name, &value);
    snprintf(text, sizeof(text), "%.*s", BS_STR_ARGS(value));
    return text;
}

void test_do(const struct test_bridge *test, const char *text, struct test_answer *ret_answer)
{
    struct test_client client;
    test_client_open(&client, test);
    test_client_send(&client, bs_str_from(text));
    test_client_receive(&client, strncmp(text, "HEAD ", 5) == 0, ret_answer);
    test_client_close(&client);
}

int test_status(const struct test_bridge *test, const char *text)
{
    struct test_answer answer;
    test_do(test, text, &answer);
    int status = answer.response.status;
    test_answer_fini(&answer);
    return status;
}
