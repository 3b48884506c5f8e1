/*
 * The table of cases that procedures/cases runs directly, by three ways: directly in the process,
 * over the stream transport (ipc), over HTTP. Each way has a fork of the same universe with a
 * dispatcher of its own; the same calls in the same order must give the same answers and the same
 * errors, to the byte.
 */

#include "procedures/cases.h"

#include <curl/curl.h>
#include <jansson.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "bridge/bridge.h"
#include "rpc/v1/health.rpc.h"

/* What a call came to. */
struct outcome {
    enum bs_code code;
    struct bs_str message; /* of an error */
    struct bs_str body;    /* JSON with every field; empty on an error */
    size_t violations;
    bool has_basis;
};

/* A way to call: a fork, a dispatcher over it, and what stands before that. */
struct way {
    const char *name;
    struct universe *universe;
    struct rpc_dispatcher *dispatcher;
    struct rpc_channel *channel; /* direct and stream; beside HTTP for what has no HTTP form */
    struct rpc_server *server;
    struct bridge *bridge; /* HTTP */
    CURL *curl;
    const char *user; /* who is signed in by `token`; NULL: nobody */
    struct bs_str token;
};

static struct bs_arena *arena; /* of everything that is compared */
static struct way ways[3];
static char ipc_dir[] = "/tmp/bandstand-ways-XXXXXX";

static void must(enum bs_code code, const struct bs_error *error)
{
    if (code != BS_OK)
        fail_msg("%s: %s", bs_code_name(code), error->message);
}

/* ---- making the ways ---- */

static void way_init(struct way *way, const char *name)
{
    struct bs_error error = BS_ERROR_INIT;
    const struct rpc_dispatcher_options small = {.workers = 2};
    way->name = name;
    must(universe_fork(test_world()->universe, &way->universe, &error), &error);
    way->dispatcher = rpc_dispatcher_new(&small);
    must(procedures_register(way->dispatcher, way->universe, &error), &error);
    must(rpc_dispatcher_start(way->dispatcher, &error), &error);
}

static int setup(void **state)
{
    struct bs_error error = BS_ERROR_INIT;
    if (test_world_setup(state) != 0)
        return -1;
    arena = bs_arena_new(0);
    way_init(&ways[0], "direct");
    ways[0].channel = rpc_direct_channel_new(ways[0].dispatcher);

    way_init(&ways[1], "stream");
    char url[80];
    assert_non_null(mkdtemp(ipc_dir));
    snprintf(url, sizeof(url), "ipc://%s/rpc", ipc_dir);
    must(rpc_server_open(ways[1].dispatcher, url, NULL, &ways[1].server, &error), &error);
    must(rpc_stream_channel_open(rpc_server_url(ways[1].server), NULL, &ways[1].channel, &error),
         &error);

    way_init(&ways[2], "http");
    const struct bridge_options bridge = {
        .dispatcher = ways[2].dispatcher, .address = "127.0.0.1:0", .loops = 1};
    must(bridge_open(&bridge, &ways[2].bridge, &error), &error);
    bridge_start(ways[2].bridge);
    ways[2].curl = curl_easy_init();
    /* for what has no HTTP form */
    ways[2].channel = rpc_direct_channel_new(ways[2].dispatcher);
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(ways); i++) {
        if (ways[i].curl)
            curl_easy_cleanup(ways[i].curl);
        if (ways[i].channel)
            rpc_channel_close(ways[i].channel);
        rpc_server_close(ways[i].server);
        bridge_close(ways[i].bridge);
        rpc_dispatcher_free(ways[i].dispatcher);
        universe_free(ways[i].universe);
    }
    bs_arena_free(arena);
    char path[80];
    snprintf(path, sizeof(path), "%s/rpc", ipc_dir);
    unlink(path);
    rmdir(ipc_dir);
    curl_global_cleanup();
    return test_world_teardown(state);
}

/* ---- calling by a channel ---- */

static struct outcome outcome_of_error(const struct bs_error *error, size_t violations)
{
    return (struct outcome){
        .code = error->code,
        .message = bs_arena_dup(arena, bs_str_from(error->message)),
        .violations = violations,
    };
}

static const struct rpc_method *method_of(const struct way *way, const char *name)
{
    const struct rpc_method *method = rpc_dispatcher_find(way->dispatcher, bs_str_from(name));
    if (!method)
        fail_msg("no method %s", name);
    return method;
}

static struct outcome call_channel(struct way *way, const char *name, const char *request_json,
                                   struct bs_str token)
{
    struct bs_error error = BS_ERROR_INIT;
    struct bs_buf json = BS_BUF_INIT(0);
    struct rpc_metadata metadata, trailing;
    struct rpc_violations violations = {0};
    ProtobufCMessage *request, *response = NULL;
    const struct rpc_method *method = method_of(way, name);
    rpc_metadata_init(&metadata, arena);
    rpc_metadata_init(&trailing, arena);
    rpc_violations_init(&violations, arena);
    if (token.len > 0)
        rpc_metadata_set(&metadata, BS_STR("authorization"),
                         bs_arena_printf(arena, "Bearer %.*s", BS_STR_ARGS(token)));
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    options.metadata = &metadata;
    options.ret_trailing = &trailing;
    options.ret_violations = &violations;
    if (rpc_json_parse(method->request, bs_str_from(request_json), 0, arena, &request, &error) !=
        BS_OK)
        return outcome_of_error(&error, 0);
    if (rpc_channel_call(way->channel, method, &options, request, arena, &response, &error) !=
        BS_OK)
        return outcome_of_error(&error, violations.count);
    must(rpc_json_print(method->response, response, RPC_JSON_ZEROS, &json, &error), &error);
    struct outcome outcome = {
        .body = bs_arena_dup(arena, bs_buf_str(&json)),
        .has_basis = rpc_metadata_has(&trailing, BS_STR("basis-t")),
    };
    bs_buf_fini(&json);
    return outcome;
}

/* ---- calling over HTTP ---- */

static size_t take_bytes(char *bytes, size_t size, size_t count, void *self)
{
    bs_buf_append(self, bytes, size * count);
    return size * count;
}

/* A member of a flat JSON object that stands first of its name; text unescaped only for the plain
 * escapes that messages have. */
static struct bs_str json_text(struct bs_str json, const char *name)
{
    struct bs_str begin = bs_arena_printf(arena, "\"%s\":\"", name);
    ptrdiff_t at = bs_str_find(json, begin);
    struct bs_buf text = BS_BUF_INIT(0);
    for (size_t i = at < 0 ? json.len : (size_t)at + begin.len; i < json.len && json.ptr[i] != '"';
         i++) {
        if (json.ptr[i] == '\\' && i + 1 < json.len)
            i++;
        bs_buf_append_byte(&text, json.ptr[i]);
    }
    struct bs_str copy = bs_arena_dup(arena, bs_buf_str(&text));
    bs_buf_fini(&text);
    return copy;
}

static size_t count_of(struct bs_str text, const char *needle)
{
    size_t count = 0;
    ptrdiff_t at;
    while ((at = bs_str_find(text, bs_str_from(needle))) >= 0) {
        count++;
        text = bs_str_from_offset(text, (size_t)at + 1);
    }
    return count;
}

/* artist_id is artistId in JSON. */
static struct bs_str camel(struct bs_str name)
{
    struct bs_buf out = BS_BUF_INIT(0);
    for (size_t i = 0; i < name.len; i++) {
        bool is_upper = i > 0 && name.ptr[i - 1] == '_';
        if (name.ptr[i] != '_')
            bs_buf_append_byte(&out, is_upper ? (char)(name.ptr[i] - 32) : name.ptr[i]);
    }
    struct bs_str copy = bs_arena_dup(arena, bs_buf_str(&out));
    bs_buf_fini(&out);
    return copy;
}

static const char *text_of(json_t *value)
{
    if (json_is_string(value))
        return json_string_value(value);
    char *dump = json_dumps(value, JSON_ENCODE_ANY);
    const char *text = bs_arena_dup(arena, bs_str_from(dump)).ptr;
    free(dump);
    return text;
}

static void append_escaped(struct bs_buf *out, CURL *curl, const char *text)
{
    char *escaped = curl_easy_escape(curl, text, 0);
    bs_buf_append_cstr(out, escaped);
    curl_free(escaped);
}

/* The path of a template like /api/campaigns/{campaign_id}/concerts; takes what stands in it out of
 * the request. False when the request lacks a variable: it has no HTTP form then. */
static bool append_path(struct bs_buf *url, CURL *curl, const char *template, json_t *request)
{
    struct bs_str rest = bs_str_from(template);
    struct bs_str part;
    while (bs_str_split(&rest, '{', &part)) {
        ptrdiff_t end = bs_str_find_byte(part, '}');
        if (end >= 0) {
            const char *name = camel(bs_str_slice(part, 0, (size_t)end)).ptr;
            json_t *value = json_object_get(request, name);
            if (!value || text_of(value)[0] == '\0')
                return false;
            append_escaped(url, curl, text_of(value));
            json_object_del(request, name);
            part = bs_str_from_offset(part, (size_t)end + 1);
        }
        bs_buf_append_str(url, part);
    }
    return true;
}

static void append_query(struct bs_buf *url, CURL *curl, json_t *request)
{
    const char *name;
    json_t *value;
    char separator = '?';
    json_object_foreach(request, name, value)
    {
        bs_buf_printf(url, "%c%s=", separator, name);
        append_escaped(url, curl, text_of(value));
        separator = '&';
    }
}

/* The call as an HTTP request by the method's first rule; false when it has no such form. */
static bool make_request(struct way *way, const struct rpc_method *method, const char *request_json,
                         struct bs_buf *url, char **ret_body)
{
    if (method->http_count == 0)
        return false;
    const struct rpc_http_rule *rule = &method->http[0];
    json_t *request = json_loads(request_json, 0, NULL);
    bs_buf_append_cstr(url, bridge_url(way->bridge));
    bool ok = request && append_path(url, way->curl, rule->path, request);
    *ret_body = NULL;
    if (ok && strcmp(rule->verb, "GET") == 0)
        append_query(url, way->curl, request);
    else if (ok)
        *ret_body = json_dumps(request, 0);
    json_decref(request);
    return ok;
}

static struct outcome call_http(struct way *way, const char *name, const char *request_json,
                                struct bs_str token)
{
    struct bs_buf body = BS_BUF_INIT(0), head = BS_BUF_INIT(0), url = BS_BUF_INIT(0);
    char *sent = NULL;
    if (!make_request(way, method_of(way, name), request_json, &url, &sent)) {
        bs_buf_fini(&url);
        return call_channel(way, name, request_json, token);
    }
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
    if (token.len > 0)
        fields = curl_slist_append(
            fields, bs_arena_printf(arena, "Authorization: Bearer %.*s", BS_STR_ARGS(token)).ptr);
    CURL *curl = way->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, bs_buf_cstr(&url));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &head);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    if (sent)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sent);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(fields);
    free(sent);
    bs_buf_fini(&url);

    struct bs_str text = bs_arena_dup(arena, bs_buf_str(&body));
    struct outcome outcome = {.has_basis = count_of(bs_buf_str(&head), "Bandstand-Basis-T:") == 1};
    if (status == 200) {
        outcome.body = text;
    } else {
        /* the body's code must be the one that the status stands for */
        struct bs_str status_name = json_text(text, "status");
        for (int number = 1; number <= BS_UNAUTHENTICATED; number++) {
            if (bs_str_equals(status_name, bs_code_name(bs_code_from_number(number))))
                outcome.code = bs_code_from_number(number);
        }
        assert_int_equal(status, bs_code_http_status(outcome.code));
        outcome.message = json_text(text, "message");
        outcome.violations = count_of(text, "\"field\":");
    }
    bs_buf_fini(&body);
    bs_buf_fini(&head);
    return outcome;
}

/* ---- the table ---- */

static struct outcome call(struct way *way, const char *name, const char *request_json,
                           struct bs_str token)
{
    return way->bridge ? call_http(way, name, request_json, token)
                       : call_channel(way, name, request_json, token);
}

/* A token by the way itself; kept for the next calls, as a password costs its time. */
static struct bs_str sign_in(struct way *way, const char *user)
{
    if (!user)
        return BS_STR_EMPTY;
    if (way->user && strcmp(way->user, user) == 0)
        return way->token;
    struct bs_str request = bs_arena_printf(arena, "{\"email\":\"%s\",\"password\":\"%s\"}", user,
                                            PROCEDURES_DEMO_PASSWORD);
    struct outcome outcome =
        call(way, "bandstand.v1.AuthService/SignIn", request.ptr, BS_STR_EMPTY);
    assert_int_equal(outcome.code, BS_OK);
    struct bs_str token = json_text(outcome.body, "token");
    assert_true(token.len > 20);
    way->user = user;
    way->token = token;
    return token;
}

static void compare(const struct test_case *row, const struct way *way, const struct outcome *is,
                    const struct outcome *should)
{
    test_row(row->name, is->code == row->code, "%s gives %s: %.*s", way->name,
             bs_code_name(is->code), BS_STR_ARGS(is->message));
    test_row(row->name, bs_str_equal(is->message, should->message),
             "%s says \"%.*s\", not \"%.*s\"", way->name, BS_STR_ARGS(is->message),
             BS_STR_ARGS(should->message));
    test_row(row->name, is->violations == should->violations, "%s has %zu violations, not %zu",
             way->name, is->violations, should->violations);
    /* a token that is given is another one each time */
    if (bs_str_find(should->body, BS_STR("\"token\":")) < 0)
        test_row(row->name, bs_str_equal(is->body, should->body), "%s gives %.*s, not %.*s",
                 way->name, BS_STR_ARGS(is->body), BS_STR_ARGS(should->body));
    test_row(row->name, is->code != BS_OK || is->has_basis, "%s tells no basis-t", way->name);
}

static void test_transports__give_the_same_answers_and_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < test_cases_count; i++) {
        const struct test_case *row = &test_cases[i];
        struct outcome outcomes[BS_ARRAY_COUNT(ways)];
        for (size_t j = 0; j < BS_ARRAY_COUNT(ways); j++) {
            outcomes[j] = call(&ways[j], row->method, row->request, sign_in(&ways[j], row->user));
            compare(row, &ways[j], &outcomes[j], &outcomes[0]);
            if (bs_str_ends_with(bs_str_from(row->method), BS_STR("SignOut")))
                ways[j].user = NULL;
        }
    }
    test_rows_end();
}

/* ---- calls that wait ---- */

#define CHECK "rpc.v1.HealthService/Check"

/* How the calls with a callback ended. */
struct ends {
    _Atomic unsigned all, ok;
};

static void on_end(void *self, enum bs_code code, const ProtobufCMessage *response,
                   const struct rpc_metadata *trailing, const struct bs_error *error)
{
    struct ends *ends = self;
    (void)response;
    (void)trailing;
    (void)error;
    ends->ok += code == BS_OK;
    ends->all++;
}

static uint64_t basis_of(const struct way *way)
{
    struct datom_db *db = datom_conn_db(way->universe->conn);
    uint64_t t = datom_db_basis_t(db);
    datom_db_unref(db);
    return t;
}

/* A health check that waits for a t, or does not (0). */
static struct rpc_client_options options_of(uint64_t min_basis_t, int64_t deadline_ms)
{
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_metadata *metadata = bs_arena_new_item(arena, struct rpc_metadata);
    struct bs_error error = BS_ERROR_INIT;
    rpc_metadata_init(metadata, arena);
    if (min_basis_t > 0)
        must(rpc_metadata_add(metadata, BS_STR("min-basis-t"),
                              bs_arena_printf(arena, "%llu", (unsigned long long)min_basis_t),
                              &error),
             &error);
    options.metadata = metadata;
    options.deadline = bs_deadline_after_ns(deadline_ms * 1000000);
    return options;
}

static enum bs_code check(struct way *way, uint64_t min_basis_t, int64_t deadline_ms)
{
    const struct rpc_client_options options = options_of(min_basis_t, deadline_ms);
    const Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    ProtobufCMessage *response;
    return rpc_channel_call(way->channel, method_of(way, CHECK), &options, &request.base, arena,
                            &response, NULL);
}

static void start_check(struct way *way, uint64_t min_basis_t, struct ends *ends)
{
    const struct rpc_client_options options = options_of(min_basis_t, 30000);
    const Rpc__V1__HealthCheckRequest request = RPC__V1__HEALTH_CHECK_REQUEST__INIT;
    rpc_client_call_release(rpc_channel_start(way->channel, method_of(way, CHECK), &options,
                                              &request.base, on_end, ends));
}

static void transact_nothing(struct way *way)
{
    struct bs_error error = BS_ERROR_INIT;
    must(datom_transact_text(way->universe->conn, BS_STR("[]"), NULL, NULL, &error), &error);
}

/* Until all have ended, or 30 s have passed, when their deadlines end them. */
static void await(const struct ends *ends, unsigned count)
{
    const struct timespec step = {.tv_nsec = 1000000};
    while (ends->all < count)
        nanosleep(&step, NULL);
}

static bool has_run_inline(const struct way *way)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    rpc_server_write_metrics(way->server, &text);
    return bs_str_find(bs_buf_str(&text), BS_STR("\nrpc_calls_inline_total 0\n")) < 0;
}

/* Methods that are quick are run by the connection's reader: not when the call is to wait. */
static void test_call_that_waits__holds_up_no_other_on_its_connection(void **state)
{
    struct way *way = &ways[1];
    struct ends ends = {0};
    uint64_t next = basis_of(way) + 1;
    (void)state;
    for (unsigned i = 0; i < 5000 && !has_run_inline(way); i++)
        assert_int_equal(check(way, 0, 20000), BS_OK);
    assert_true(has_run_inline(way));
    for (unsigned i = 0; i < 64; i++) /* so that it is quick now, whatever the last run was */
        assert_int_equal(check(way, 0, 20000), BS_OK);
    start_check(way, next, &ends);
    assert_int_equal(check(way, 0, 20000), BS_OK);
    assert_int_equal(ends.all, 0);
    transact_nothing(way);
    await(&ends, 1);
    assert_int_equal(ends.ok, 1);
}

static void test_calls_that_wait__are_limited(void **state)
{
    struct way *way = &ways[1];
    struct ends ends = {0};
    uint64_t next = basis_of(way) + 1;
    enum bs_code code;
    (void)state;
    for (unsigned i = 0; i < BS_LIMIT_BASIS_WAITERS; i++)
        start_check(way, next, &ends);
    do { /* until all those wait */
        code = check(way, next, 5);
        assert_true(code == BS_DEADLINE_EXCEEDED || code == BS_RESOURCE_EXHAUSTED);
    } while (code != BS_RESOURCE_EXHAUSTED);
    assert_int_equal(check(way, next - 1, 20000), BS_OK); /* has come already */
    transact_nothing(way);
    await(&ends, BS_LIMIT_BASIS_WAITERS);
    /* one of ours may have been refused for one with a short deadline */
    assert_true(ends.ok >= BS_LIMIT_BASIS_WAITERS - 1);
    assert_int_equal(check(way, next, 20000), BS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transports__give_the_same_answers_and_errors),
        cmocka_unit_test(test_call_that_waits__holds_up_no_other_on_its_connection),
        cmocka_unit_test(test_calls_that_wait__are_limited),
    };
    return cmocka_run_group_tests_name("transports/transports", tests, setup, teardown);
}
