/*
 * A request as a call of the dispatcher, and its answer as bytes. The decoder and the sink run on
 * the dispatcher's threads: they touch the exchange only, by the rules of internal.h.
 */

#include <xxhash.h>

#include "base/encoding.h"
#include "bridge/internal.h"
#include "rpc/json.h"

static bool fail_early(struct bridge_exchange *exchange, int status, const struct bs_error *error)
{
    struct bridge_reply reply = {.fields_count = 0};
    bridge_exchange_fail(exchange, &reply, status, error, NULL);
    return false;
}

/* ---- metadata ---- */

/* The metadata key that a field is for; empty: none. */
static struct bs_str metadata_key(const struct http_field *field)
{
    static const char prefix[] = "Bandstand-";
    const size_t prefix_len = sizeof(prefix) - 1;
    struct bs_str head = bs_str_slice(field->name, 0, prefix_len);
    if (bs_str_equal_ignoring_case(head, bs_str_make(prefix, prefix_len))) {
        struct bs_str key = bs_str_from_offset(field->name, prefix_len);
        /* ours to say */
        return bs_str_equal_ignoring_case(key, BS_STR("basis-t")) ? BS_STR_EMPTY : key;
    }
    if (bs_str_equal_ignoring_case(field->name, BS_STR("Authorization")))
        return BS_STR("authorization");
    if (bs_str_equal_ignoring_case(field->name, BS_STR("traceparent")))
        return BS_STR("traceparent");
    return BS_STR_EMPTY;
}

static enum bs_code add_fields(struct rpc_metadata *metadata, const struct http_request *request,
                               struct bs_error *error)
{
    for (size_t i = 0; i < request->fields_count; i++) {
        struct bs_str key = metadata_key(&request->fields[i]);
        if (key.len > 0)
            BS_TRY(rpc_metadata_add_text(metadata, key, request->fields[i].value, error));
    }
    return BS_OK;
}

static enum bs_code add_session(struct bridge_exchange *exchange,
                                const struct http_request *request, struct bs_error *error)
{
    struct bs_str token = BS_STR_EMPTY;
    enum bridge_cookie cookie = bridge_session_read(request, &token);
    if (cookie == BRIDGE_COOKIE_NONE ||
        rpc_metadata_has(&exchange->metadata, BS_STR("authorization")))
        return BS_OK;
    if (cookie == BRIDGE_COOKIE_UNPROVEN) {
        /* whom everybody may call can be called by a stranger too */
        if (exchange->match.route->method->access.kind == RPC_ACCESS_PUBLIC)
            return BS_OK;
        return bs_error_set(error, BS_REASON_RPC_FORBIDDEN,
                            "signed in by a cookie: expected the header X-XSRF-TOKEN with the text "
                            "of the cookie XSRF-TOKEN");
    }
    exchange->is_by_cookie = true;
    return rpc_metadata_add(&exchange->metadata, BS_STR("authorization"),
                            bs_arena_printf(exchange->arena, "Bearer %.*s", BS_STR_ARGS(token)),
                            error);
}

bool bridge_call_prepare(struct bridge_exchange *exchange, const struct http_request *request)
{
    struct bs_error error = BS_ERROR_INIT;
    rpc_metadata_init(&exchange->metadata, exchange->arena);
    enum bs_code code = add_fields(&exchange->metadata, request, &error);
    if (code == BS_OK)
        code = add_session(exchange, request, &error);
    if (code == BS_OK)
        return true;
    return fail_early(exchange, code == BS_RESOURCE_EXHAUSTED ? 431 : bs_code_http_status(code),
                      &error);
}

/* ---- the way in ---- */

static enum bs_code check_size(const struct bridge_exchange *exchange,
                               const ProtobufCMessage *message, struct bs_error *error)
{
    uint64_t max_bytes = exchange->match.route->method->max_request_bytes;
    if (max_bytes == 0)
        return BS_OK; /* the body's limit is the server's */
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size <= max_bytes)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                        "the request is %zu bytes as protobuf; expected at most %llu", size,
                        (unsigned long long)max_bytes);
}

static enum bs_code decode(void *self, struct rpc_call *call, ProtobufCMessage **ret_request,
                           struct bs_error *error)
{
    const struct bridge_exchange *exchange = self;
    ProtobufCMessage *message = NULL;
    struct bs_error own = BS_ERROR_INIT;
    enum bs_code code = bridge_bind(&exchange->match, exchange->query, bs_buf_str(&exchange->body),
                                    rpc_call_arena(call), &message, &own);
    if (code == BS_OK)
        code = check_size(exchange, message, &own);
    if (code == BS_OK) {
        *ret_request = message;
        return BS_OK;
    }
    const struct bs_error_field *path = bs_error_find(&own, "path");
    if (path && path->is_text && path->text[0])
        rpc_violations_add(rpc_call_violations(call), bs_str_from(path->text), BS_STR("type"), "%s",
                           own.message);
    if (error)
        *error = own;
    return code;
}

/* ---- the way out ---- */

/* "basis-t" as "Bandstand-Basis-T". */
static struct bs_str field_name(struct bs_str key, struct bs_arena *arena)
{
    struct bs_str name = bs_arena_printf(arena, "Bandstand-%.*s", BS_STR_ARGS(key));
    char *text = (char *)(uintptr_t)name.ptr;
    for (size_t i = 1; i < name.len; i++) {
        if (text[i - 1] == '-' && text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - 'a' + 'A');
    }
    return name;
}

static void add_metadata(const struct bridge_exchange *exchange,
                         const struct rpc_metadata *metadata, struct bridge_reply *reply)
{
    struct bs_arena *arena = exchange->arena;
    for (size_t i = 0; i < metadata->count; i++) {
        struct bs_str key = metadata->entries[i].key, value = metadata->entries[i].value;
        if (bs_str_equals(key, BRIDGE_SET_SESSION)) {
            bridge_session_set(value, exchange->bridge->options.secure_cookies, arena, reply);
            continue;
        }
        if (rpc_metadata_key_is_binary(key)) {
            BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
            bs_base64_encode(&text, value.ptr, value.len);
            value = bs_arena_dup(arena, bs_buf_str(&text));
        }
        bridge_reply_add(reply, field_name(key, arena).ptr, value);
    }
}

static enum bs_code print_response(struct bridge_exchange *exchange,
                                   const struct rpc_answer *answer, struct bs_error *error)
{
    const struct rpc_http_rule *rule = exchange->match.route->rule;
    uint64_t max_bytes = answer->max_response_bytes;
    if (rule->response_body)
        BS_TRY(rpc_json_print_field(answer->table, answer->response,
                                    bs_str_from(rule->response_body), RPC_JSON_ZEROS,
                                    &exchange->content, error));
    else
        BS_TRY(rpc_json_print(answer->table, answer->response, RPC_JSON_ZEROS, &exchange->content,
                              error));
    /* JSON is hardly ever less than a quarter of the message: most need not be measured */
    if (max_bytes == 0 || exchange->content.len <= max_bytes / 4)
        return BS_OK;
    size_t size = protobuf_c_message_get_packed_size(answer->response);
    if (size <= max_bytes)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_TOO_LARGE,
                        "the response is %zu bytes as protobuf; expected at most %llu", size,
                        (unsigned long long)max_bytes);
}

/*
 * What a cached answer is known by: the database value that it was made from, and its own bytes,
 * since some answers change with the time of day too.
 */
static void add_etag(struct bridge_exchange *exchange, struct bs_str basis_t,
                     struct bridge_reply *reply)
{
    uint64_t hash = XXH3_64bits(exchange->content.ptr, exchange->content.len);
    bridge_reply_add(reply, "Cache-Control", BS_STR("private, no-cache"));
    bridge_reply_add(reply, "Vary", BS_STR("Accept, Authorization, Cookie"));
    (void)bridge_reply_not_modified(exchange, reply,
                                    bs_arena_printf(exchange->arena, "\"%.*s-%016llx\"",
                                                    BS_STR_ARGS(basis_t),
                                                    (unsigned long long)hash));
}

static void answer_ok(struct bridge_exchange *exchange, const struct rpc_answer *answer)
{
    const struct rpc_method *method = exchange->match.route->method;
    struct bridge_reply reply = {.status = 200, .content_type = "application/json"};
    struct bs_error error = BS_ERROR_INIT;
    add_metadata(exchange, answer->initial, &reply);
    add_metadata(exchange, answer->trailing, &reply);
    if (print_response(exchange, answer, &error) != BS_OK) {
        bridge_exchange_fail(exchange, &reply, bs_code_http_status(error.code), &error,
                             answer->extra);
        return;
    }
    struct bs_str basis_t = rpc_metadata_get(answer->trailing, BS_STR("basis-t"));
    bool is_get = exchange->method == HTTP_GET || exchange->method == HTTP_HEAD;
    if (is_get && method->idempotency == RPC_NO_SIDE_EFFECTS && basis_t.ptr)
        add_etag(exchange, basis_t, &reply);
    else
        bridge_reply_add(&reply, "Cache-Control", BS_STR("no-store"));
    bridge_exchange_reply(exchange, &reply);
}

static void answer_failed(struct bridge_exchange *exchange, const struct rpc_answer *answer)
{
    struct bridge_reply reply = {.fields_count = 0};
    add_metadata(exchange, answer->initial, &reply);
    add_metadata(exchange, answer->trailing, &reply);
    /* a session that has ended is not worth keeping */
    if (answer->code == BS_UNAUTHENTICATED && exchange->is_by_cookie)
        bridge_session_clear(exchange->bridge->options.secure_cookies, exchange->arena, &reply);
    bridge_exchange_fail(exchange, &reply, bs_code_http_status(answer->code), answer->error,
                         answer->extra);
}

static void take_answer(void *self, struct rpc_call *call, const struct rpc_answer *answer)
{
    struct bridge_exchange *exchange = self;
    (void)call;
    if (answer->code != BS_OK)
        answer_failed(exchange, answer);
    else if (exchange->match.route->kind == BRIDGE_ROUTE_PAGE)
        exchange->is_page_found = true;
    else
        answer_ok(exchange, answer);
    bridge_loop_post_done(exchange->loop, exchange);
}

static void release(void *self)
{
    struct bridge_exchange *exchange = self;
    struct bridge *bridge = exchange->bridge;
    bridge_exchange_unref(exchange);
    pthread_mutex_lock(&bridge->lock);
    bridge->calls_count--;
    pthread_cond_broadcast(&bridge->released);
    pthread_mutex_unlock(&bridge->lock);
}

void bridge_call_start(struct bridge_exchange *exchange)
{
    struct bridge *bridge = exchange->bridge;
    const struct rpc_call_options options = {
        .method = bs_str_from(exchange->match.route->method->full_name),
        .metadata = &exchange->metadata,
        .deadline = BS_DEADLINE_NONE,
        .transport = "http",
        .peer = bs_str_from(exchange->connection->peer),
        .sink = {.answer = take_answer, .release = release, .self = exchange},
    };
    pthread_mutex_lock(&bridge->lock);
    bridge->calls_count++;
    pthread_mutex_unlock(&bridge->lock);
    exchange->loop->calls_count++;
    bs_ref_get(&exchange->ref);
    exchange->call = rpc_call_new(bridge->options.dispatcher, &options);
    rpc_call_set_decoder(exchange->call, decode, exchange);
    rpc_call_start(exchange->call);
}
