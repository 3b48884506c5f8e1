/* What to do with a request once its head is there, and once its body is. */

#include <unistd.h>

#include "bridge/internal.h"

struct bridge_exchange *bridge_exchange_new(struct bridge_loop *loop)
{
    struct bs_arena *arena = bs_arena_new(0); /* all that goes in is bounded by heads */
    struct bridge_exchange *exchange = bs_arena_new_item(arena, struct bridge_exchange);
    bs_ref_init(&exchange->ref);
    exchange->bridge = loop->bridge;
    exchange->loop = loop;
    exchange->arena = arena;
    exchange->file_fd = -1;
    bs_buf_init(&exchange->body, BS_LIMIT_HTTP_BODY_BYTES);
    bs_buf_init(&exchange->head, 0);
    bs_buf_init(&exchange->content, 0);
    return exchange;
}

void bridge_exchange_unref(struct bridge_exchange *exchange)
{
    if (!exchange || !bs_ref_put(&exchange->ref))
        return;
    if (exchange->file_fd >= 0)
        close(exchange->file_fd);
    bs_buf_fini(&exchange->body);
    bs_buf_fini(&exchange->head);
    bs_buf_fini(&exchange->content);
    bs_arena_free(exchange->arena);
}

/* ---- the head ---- */

static void copy_conditions(struct bridge_exchange *exchange, const struct http_request *request)
{
    struct bs_str value = BS_STR_EMPTY;
    BS_CLEANUP(bs_buf_fini) struct bs_buf joined = BS_BUF_INIT(BS_LIMIT_HTTP_HEAD_BYTES);
    for (size_t i = 0; i < request->fields_count; i++) {
        if (!bs_str_equal_ignoring_case(request->fields[i].name, BS_STR("If-None-Match")))
            continue;
        if (joined.len > 0)
            bs_buf_append(&joined, ", ", 2);
        bs_buf_append_str(&joined, request->fields[i].value);
    }
    if (joined.len > 0)
        exchange->if_none_match = (struct http_field){
            .name = BS_STR("If-None-Match"),
            .value = bs_arena_dup(exchange->arena, bs_buf_str(&joined)),
        };
    if (http_field_find(request->fields, request->fields_count, "If-Modified-Since", &value) == 1)
        exchange->if_modified_since = bs_arena_dup(exchange->arena, value);
}

static void copy_request(struct bridge_exchange *exchange, const struct http_request *request)
{
    const struct http_field *fields = request->fields;
    exchange->method = request->method;
    exchange->is_keep_alive_wanted = request->keep_alive && request->version_minor == 0;
    exchange->has_html_taste =
        http_accept_quality(fields, request->fields_count, "text/html") >
        http_accept_quality(fields, request->fields_count, "application/json");
    /* the path stays escaped: the match keeps views of it */
    exchange->path = bs_arena_dup(exchange->arena, request->path);
    exchange->query = bs_arena_dup(exchange->arena, request->query);
    copy_conditions(exchange, request);
}

static bool takes_html(const struct bridge_exchange *exchange)
{
    enum bridge_route_kind kind = exchange->match.route->kind;
    return kind == BRIDGE_ROUTE_PAGE || kind == BRIDGE_ROUTE_REDIRECT;
}

static bool has_body(const struct http_request *request)
{
    return request->body == HTTP_BODY_CHUNKED ||
           (request->body == HTTP_BODY_LENGTH && request->content_length > 0);
}

/* 406 and 415. False: refused. */
static bool check_content(struct bridge_exchange *exchange, const struct http_request *request)
{
    struct bs_str type = BS_STR_EMPTY;
    if (!http_accept_quality(request->fields, request->fields_count, "application/json")) {
        bridge_exchange_refuse(exchange, 406, BS_REASON_HTTP_BAD_REQUEST,
                               "answers are application/json, which Accept does not take");
        return false;
    }
    if (!has_body(request))
        return true;
    size_t count = http_field_find(request->fields, request->fields_count, "Content-Type", &type);
    if (count == 0 || (count == 1 && http_media_type_is(type, "application/json")))
        return true;
    bridge_exchange_refuse(exchange, 415, BS_REASON_HTTP_BAD_REQUEST,
                           "a body of type \"%.*s\"; expected application/json in UTF-8",
                           BS_STR_ARGS(type));
    return false;
}

void bridge_exchange_allow(struct bridge_exchange *exchange, unsigned allowed)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf list = BS_BUF_INIT(0);
    struct bridge_reply reply = {.status = 204};
    struct bs_error error = BS_ERROR_INIT;
    bridge_allow_write(allowed, &list);
    struct bs_str text = bs_arena_dup(exchange->arena, bs_buf_str(&list));
    bridge_reply_add(&reply, "Allow", text);
    if (exchange->method == HTTP_OPTIONS) {
        bridge_exchange_reply(exchange, &reply);
        return;
    }
    bs_error_set_code(&error, http_status_to_code(405), BS_REASON_HTTP_METHOD,
                      "%s %.*s: expected one of %.*s", http_method_name(exchange->method),
                      BS_STR_ARGS(exchange->path), BS_STR_ARGS(text));
    bridge_exchange_fail(exchange, &reply, 405, &error, NULL);
}

/* No route of ours: a file of the clients, or nothing. */
static void answer_unrouted(struct bridge_exchange *exchange, enum bs_code code,
                            const struct bs_error *error)
{
    struct bridge_reply reply = {.fields_count = 0};
    if (exchange->match.allowed != 0) {
        bridge_exchange_allow(exchange, exchange->match.allowed);
    } else if (exchange->method == HTTP_OPTIONS && bs_str_equals(exchange->path, "*")) {
        bridge_exchange_allow(exchange, (1u << (HTTP_OPTIONS + 1)) - 1);
    } else if (code == BS_NOT_FOUND && exchange->bridge->files &&
               !bs_str_starts_with(exchange->path, BS_STR("/api/"))) {
        bridge_files_answer(exchange);
    } else {
        bridge_exchange_fail(exchange, &reply, bs_code_http_status(code), error, NULL);
    }
}

/* True: answered. */
static bool route(struct bridge_exchange *exchange, const struct http_request *request)
{
    struct bs_error error = BS_ERROR_INIT;
    enum bs_code code =
        bridge_router_match(exchange->bridge->router, exchange->method, exchange->path,
                            exchange->arena, &exchange->match, &error);
    if (code != BS_OK) {
        answer_unrouted(exchange, code, &error);
        return true;
    }
    if (!exchange->match.route->method)
        return false;
    if (!takes_html(exchange) && !check_content(exchange, request))
        return true;
    if (exchange->match.route->kind == BRIDGE_ROUTE_METHOD && !exchange->match.route->rule->body &&
        has_body(request) && request->body == HTTP_BODY_LENGTH) {
        bridge_exchange_refuse(
            exchange, 400, BS_REASON_HTTP_BAD_REQUEST, "%s takes no body, got one of %llu bytes",
            exchange->match.route->method->full_name, (unsigned long long)request->content_length);
        return true;
    }
    return !bridge_call_prepare(exchange, request);
}

bool bridge_body_is_droppable(const struct http_request *request)
{
    return !has_body(request) || (request->body == HTTP_BODY_LENGTH && !request->expect_continue &&
                                  request->content_length <= BRIDGE_DISCARD_BYTES);
}

bool bridge_exchange_begin(struct bridge_exchange *exchange, const struct http_request *request)
{
    copy_request(exchange, request);
    /* an answer that comes before a long body ends the connection, and says so */
    exchange->close = !request->keep_alive || !bridge_body_is_droppable(request);
    if (route(exchange, request))
        return true;
    exchange->close = !request->keep_alive;
    return false;
}

/* ---- what is answered without a call ---- */

static void answer_text(struct bridge_exchange *exchange, int status, const char *type)
{
    struct bridge_reply reply = {.status = status, .content_type = type};
    bridge_reply_add(&reply, "Cache-Control", BS_STR("no-store"));
    bridge_exchange_reply(exchange, &reply);
}

static void answer_ready(struct bridge_exchange *exchange)
{
    const struct bridge_options *options = &exchange->bridge->options;
    bool is_ready = false;
    if (rpc_dispatcher_is_draining(options->dispatcher)) {
        bs_buf_append_cstr(&exchange->content, "draining");
    } else if (!options->is_ready || options->is_ready(options->ready_self, &exchange->content)) {
        bs_buf_append_cstr(&exchange->content, "ready");
        is_ready = true;
    }
    bs_buf_append_cstr(&exchange->content, "\n");
    answer_text(exchange, is_ready ? 200 : 503, "text/plain; charset=utf-8");
}

static void answer_metrics(struct bridge_exchange *exchange)
{
    struct bridge *bridge = exchange->bridge;
    rpc_dispatcher_write_metrics(bridge->options.dispatcher, &exchange->content);
    bridge_write_metrics(bridge, &exchange->content);
    if (bridge->options.write_metrics)
        bridge->options.write_metrics(bridge->options.metrics_self, &exchange->content);
    answer_text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8");
}

/* "/campaign/{slug}/landing" with the slug as it was sent, and the query. */
static void answer_redirect(struct bridge_exchange *exchange)
{
    const struct bridge_match *match = &exchange->match;
    struct bridge_reply reply = {.status = 302};
    BS_CLEANUP(bs_buf_fini) struct bs_buf location = BS_BUF_INIT(0);
    struct bs_str path = bs_str_from(match->route->page->path);
    size_t open = (size_t)bs_str_find_byte(path, '{');
    size_t close = (size_t)bs_str_find_byte(path, '}');
    bs_buf_append_str(&location, bs_str_slice(path, 0, open));
    bs_buf_append_str(&location, match->raw[match->route->template.variables[0].first]);
    bs_buf_append_str(&location, bs_str_from_offset(path, close + 1));
    if (exchange->query.len > 0)
        bs_buf_printf(&location, "?%.*s", BS_STR_ARGS(exchange->query));
    bridge_reply_add(&reply, "Location", bs_arena_dup(exchange->arena, bs_buf_str(&location)));
    bridge_exchange_reply(exchange, &reply);
}

static void answer_own(struct bridge_exchange *exchange)
{
    struct bridge_reply reply = {.status = 200, .content_type = "application/json"};
    switch (exchange->match.route->kind) {
    case BRIDGE_ROUTE_HEALTH:
        bs_buf_append_cstr(&exchange->content, "ok\n");
        answer_text(exchange, 200, "text/plain; charset=utf-8");
        break;
    case BRIDGE_ROUTE_READY:
        answer_ready(exchange);
        break;
    case BRIDGE_ROUTE_METRICS:
        answer_metrics(exchange);
        break;
    case BRIDGE_ROUTE_OPENAPI:
        bs_buf_append_str(&exchange->content, exchange->bridge->options.openapi);
        bridge_reply_add(&reply, "Cache-Control", BS_STR("no-cache"));
        bridge_exchange_reply(exchange, &reply);
        break;
    case BRIDGE_ROUTE_REDIRECT:
        answer_redirect(exchange);
        break;
    case BRIDGE_ROUTE_METHOD:
    case BRIDGE_ROUTE_PAGE:
        BS_UNREACHABLE();
    }
}

bool bridge_exchange_run(struct bridge_exchange *exchange)
{
    if (!exchange->match.route->method) {
        answer_own(exchange);
        return true;
    }
    bridge_call_start(exchange);
    return false;
}

void bridge_exchange_finish(struct bridge_exchange *exchange)
{
    const char *file = exchange->match.route->page->file;
    if (!bridge_files_send(exchange, bs_str_from(file)))
        bridge_exchange_refuse(exchange, 404, BS_REASON_HTTP_NO_ROUTE,
                               "the page is there, its file %s is not", file);
}
