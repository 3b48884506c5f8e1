/*
 * Each field of a request comes from the path, the body or the query, and from one of them only.
 * The body goes first, as it makes the message; then the path, which may say again what the body
 * says; then the query.
 */

#include "bridge/internal.h"
#include "rpc/build.h"
#include "rpc/json.h"
#include "rpc/wire.h"

/* A singular field that the query has set. */
struct seen {
    const struct seen *next;
    struct bs_str path; /* in original names */
};

struct binder {
    const struct bridge_match *match;
    const struct rpc_message *table;
    const struct rpc_http_rule *rule; /* NULL: only a path (pages) */
    struct bs_arena *arena;
    ProtobufCMessage *message;
    const struct seen *seen;
    struct bs_error *error;
};

static bool is_whole_body(const struct binder *binder)
{
    return binder->rule->body && strcmp(binder->rule->body, "*") == 0;
}

static enum bs_code arena_full(const struct binder *binder)
{
    return bs_error_set(binder->error, BS_REASON_RPC_TOO_LARGE,
                        "the request does not fit into %zu bytes",
                        bs_arena_max_bytes(binder->arena));
}

static enum bs_code bind_body(struct binder *binder, struct bs_str body)
{
    const char *field = binder->rule->body;
    if (field && is_whole_body(binder) && body.len > 0)
        return rpc_json_parse(binder->table, body, RPC_JSON_DEFAULT, binder->arena,
                              &binder->message, binder->error);
    binder->message = rpc_message_new(binder->table, binder->arena);
    if (!binder->message)
        return arena_full(binder);
    if (!field && body.len > 0)
        return bs_error_set(binder->error, BS_REASON_HTTP_BAD_REQUEST,
                            "%s takes no body, got %zu bytes",
                            binder->match->route->method->full_name, body.len);
    if (!field || body.len == 0)
        return BS_OK;
    return rpc_json_parse_field(binder->table, binder->message, bs_str_from(field), body,
                                RPC_JSON_DEFAULT, binder->arena, binder->error);
}

static enum bs_code bind_path(struct binder *binder)
{
    const struct rpc_http_template *template = &binder->match->route->template;
    for (size_t i = 0; i < template->variables_count; i++) {
        struct bs_str value;
        BS_TRY(bridge_match_value(binder->match, i, binder->arena, &value, binder->error));
        BS_TRY(rpc_message_set_text(binder->table, binder->message, template->variables[i].path,
                                    value, binder->arena, binder->error));
    }
    return BS_OK;
}

/* What browsers and mailers hang on every link, and what defeats caches. */
static bool is_ignored(struct bs_str name)
{
    return bs_str_equals(name, "_") || bs_str_starts_with(name, BS_STR("utm_"));
}

/* Whether `path` is `field` or below it. */
static bool is_within(struct bs_str path, struct bs_str field)
{
    return bs_str_starts_with(path, field) && (path.len == field.len || path.ptr[field.len] == '.');
}

static enum bs_code check_source(struct binder *binder, struct bs_str name, struct bs_str path)
{
    const struct rpc_http_template *template = &binder->match->route->template;
    for (size_t i = 0; i < template->variables_count; i++) {
        if (bs_str_equal(path, template->variables[i].path))
            return bs_error_set(binder->error, BS_REASON_JSON_FIELD,
                                "%.*s: comes from the path; expected it there only",
                                BS_STR_ARGS(name));
    }
    if (binder->rule->body && is_within(path, bs_str_from(binder->rule->body)))
        return bs_error_set(binder->error, BS_REASON_JSON_FIELD,
                            "%.*s: comes from the body; expected it there only", BS_STR_ARGS(name));
    for (const struct seen *seen = binder->seen; seen; seen = seen->next) {
        if (bs_str_equal(seen->path, path))
            return bs_error_set(binder->error, BS_REASON_JSON_FIELD,
                                "%.*s: given twice; expected it once", BS_STR_ARGS(name));
    }
    return BS_OK;
}

static enum bs_code bind_item(struct binder *binder, const struct http_query_item *item)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf path = BS_BUF_INIT(BS_LIMIT_HTTP_TARGET_BYTES);
    bool is_list = false;
    if (is_whole_body(binder))
        return bs_error_set(binder->error, BS_REASON_JSON_FIELD,
                            "%.*s: unexpected query parameter; everything but what is in the path "
                            "comes from the body",
                            BS_STR_ARGS(item->name));
    if (rpc_message_resolve_path(binder->table, item->name, &path, &is_list)) {
        BS_TRY(check_source(binder, item->name, bs_buf_str(&path)));
        if (!is_list) {
            struct seen *seen = bs_arena_try_alloc(binder->arena, sizeof(*seen));
            char *copy = bs_arena_try_alloc(binder->arena, path.len + 1);
            if (!seen || !copy)
                return arena_full(binder);
            memcpy(copy, bs_buf_cstr(&path), path.len + 1);
            *seen = (struct seen){.next = binder->seen, .path = bs_str_make(copy, path.len)};
            binder->seen = seen;
        }
    }
    return rpc_message_set_text(binder->table, binder->message, item->name, item->value,
                                binder->arena, binder->error);
}

static void add_path(struct bs_error *error, struct bs_str name)
{
    if (error && error->reason == BS_REASON_JSON_FIELD && !bs_error_find(error, "path"))
        bs_error_add_text(error, "path", name);
}

static enum bs_code bind_query(struct binder *binder, struct bs_str query)
{
    for (;;) {
        struct http_query_item item;
        BS_TRY(http_query_next(&query, binder->arena, &item, binder->error));
        if (!item.name.ptr)
            return BS_OK;
        if (is_ignored(item.name))
            continue;
        enum bs_code code = bind_item(binder, &item);
        if (code != BS_OK) {
            add_path(binder->error, item.name);
            return code;
        }
    }
}

/* A page's variable goes to a field of another name; its query is the page's own. */
static enum bs_code bind_page(struct binder *binder)
{
    struct bs_str value;
    binder->message = rpc_message_new(binder->table, binder->arena);
    if (!binder->message)
        return arena_full(binder);
    BS_TRY(bridge_match_value(binder->match, 0, binder->arena, &value, binder->error));
    return rpc_message_set_text(binder->table, binder->message,
                                bs_str_from(binder->match->route->page->field), value,
                                binder->arena, binder->error);
}

enum bs_code bridge_bind(const struct bridge_match *match, struct bs_str query, struct bs_str body,
                         struct bs_arena *arena, ProtobufCMessage **ret_message,
                         struct bs_error *error)
{
    const struct bridge_route *route = match->route;
    struct binder binder = {
        .match = match,
        .table = route->method->request,
        .rule = route->rule,
        .arena = arena,
        .error = error,
    };
    if (route->kind == BRIDGE_ROUTE_PAGE) {
        BS_TRY(bind_page(&binder));
    } else {
        BS_TRY(bind_body(&binder, body));
        BS_TRY(bind_path(&binder));
        BS_TRY(bind_query(&binder, query));
    }
    *ret_message = binder.message;
    return BS_OK;
}
