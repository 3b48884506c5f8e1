/*
 * A trie of segments. A path is tried against it depth first in the order of precedence; the first
 * leaf that has the verb and the method wins, and when none has, all leaves that have the path say
 * which methods they know.
 */

#include "bridge/router.h"

#define METHODS 7 /* of enum http_method */

/* What ends at a node, for one verb ("" for none). */
struct leaf {
    struct bs_str verb;
    const struct bridge_route *routes[METHODS];
};

struct node {
    struct bs_str literal; /* that leads here; of literal children only */
    struct node *children; /* literals */
    size_t children_count;
    struct node *one;  /* "*" */
    struct node *rest; /* "**"; has leaves only */
    struct leaf *leaves;
    size_t leaves_count;
};

struct bridge_router {
    struct bs_arena *arena;
    struct node root;
};

struct bridge_router *bridge_router_new(void)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bridge_router *router = bs_arena_new_item(arena, struct bridge_router);
    router->arena = arena;
    return router;
}

void bridge_router_free(struct bridge_router *router)
{
    if (router)
        bs_arena_free(router->arena);
}

static struct node *add_literal(struct bridge_router *router, struct node *node, struct bs_str text)
{
    for (size_t i = 0; i < node->children_count; i++) {
        if (bs_str_equal(node->children[i].literal, text))
            return &node->children[i];
    }
    /* routers are filled once: the old array is left to the arena */
    struct node *grown = bs_arena_new_array(router->arena, node->children_count + 1, struct node);
    if (node->children_count > 0)
        memcpy(grown, node->children, node->children_count * sizeof(*grown));
    node->children = grown;
    struct node *child = &grown[node->children_count++];
    *child = (struct node){.literal = text};
    return child;
}

static struct node *add_segment(struct bridge_router *router, struct node *node,
                                const struct rpc_segment *segment)
{
    if (segment->kind == RPC_SEGMENT_LITERAL)
        return add_literal(router, node, segment->literal);
    struct node **place = segment->kind == RPC_SEGMENT_ONE ? &node->one : &node->rest;
    if (!*place)
        *place = bs_arena_new_item(router->arena, struct node);
    return *place;
}

static struct leaf *find_leaf(const struct node *node, struct bs_str verb)
{
    for (size_t i = 0; i < node->leaves_count; i++) {
        if (bs_str_equal(node->leaves[i].verb, verb))
            return &node->leaves[i];
    }
    return NULL;
}

static struct leaf *add_leaf(struct bridge_router *router, struct node *node, struct bs_str verb)
{
    struct leaf *leaf = find_leaf(node, verb);
    if (leaf)
        return leaf;
    struct leaf *grown = bs_arena_new_array(router->arena, node->leaves_count + 1, struct leaf);
    if (node->leaves_count > 0)
        memcpy(grown, node->leaves, node->leaves_count * sizeof(*grown));
    node->leaves = grown;
    leaf = &grown[node->leaves_count++];
    *leaf = (struct leaf){.verb = verb};
    return leaf;
}

static const char *route_owner(const struct bridge_route *route)
{
    return route->method ? route->method->full_name : route->path;
}

enum bs_code bridge_router_add(struct bridge_router *router, const struct bridge_route *route,
                               struct bs_error *error)
{
    struct bridge_route *added = bs_arena_new_item(router->arena, struct bridge_route);
    *added = *route;
    enum bs_code code =
        rpc_http_template_parse(bs_str_from(route->path), router->arena, &added->template, error);
    if (code != BS_OK) {
        bs_error_prefix(error, "%s: ", route_owner(route));
        return code;
    }
    struct node *node = &router->root;
    for (size_t i = 0; i < added->template.segments_count; i++)
        node = add_segment(router, node, &added->template.segments[i]);
    struct leaf *leaf = add_leaf(router, node, added->template.verb);
    const struct bridge_route *other = leaf->routes[route->http_method];
    if (other)
        return bs_error_set(error, BS_REASON_INTERNAL,
                            "%s %s of %s matches the same paths as %s of %s",
                            http_method_name(route->http_method), route->path, route_owner(route),
                            other->path, route_owner(other));
    leaf->routes[route->http_method] = added;
    return BS_OK;
}

/* ---- matching ---- */

struct search {
    const struct bs_str *segments; /* decoded, the last one without its verb */
    size_t count;
    struct bs_str verb;
    enum http_method method;
    const struct bridge_route *found;
    unsigned allowed;
};

static bool try_leaf(struct search *search, const struct node *node)
{
    const struct leaf *leaf = find_leaf(node, search->verb);
    if (!leaf)
        return false;
    search->found = leaf->routes[search->method];
    for (unsigned i = 0; i < METHODS; i++) {
        if (leaf->routes[i])
            search->allowed |= 1u << i;
    }
    return search->found != NULL;
}

/* Whether the segments from `at` on lead to a route; the depth is that of the templates. */
static bool try_node(struct search *search, const struct node *node, size_t at)
{
    if (at == search->count) {
        if (try_leaf(search, node))
            return true;
        return node->rest && try_leaf(search, node->rest);
    }
    for (size_t i = 0; i < node->children_count; i++) {
        if (bs_str_equal(node->children[i].literal, search->segments[at])) {
            if (try_node(search, &node->children[i], at + 1))
                return true;
            break;
        }
    }
    if (node->one && try_node(search, node->one, at + 1))
        return true;
    return node->rest && try_leaf(search, node->rest);
}

/* Where the verb begins in the last raw segment: behind its last colon; -1 when it has none. */
static ptrdiff_t find_verb(struct bs_str last)
{
    for (size_t i = last.len; i > 0; i--) {
        if (last.ptr[i - 1] == ':')
            return (ptrdiff_t)i;
    }
    return -1;
}

static enum bs_code split(struct bs_str path, struct bs_arena *arena, struct bridge_match *match,
                          struct bs_str *ret_decoded, struct bs_error *error)
{
    struct bs_str rest = bs_str_from_offset(path, 1), raw;
    size_t count = 0;
    while (path.len > 1 && bs_str_split(&rest, '/', &raw)) {
        if (count == BRIDGE_SEGMENTS_MAX)
            return bs_error_set(error, BS_REASON_HTTP_NO_ROUTE,
                                "no such path: it has more than %d segments", BRIDGE_SEGMENTS_MAX);
        BS_TRY(http_segment_decode(raw, "the path", arena, &ret_decoded[count], error));
        if (bs_str_equals(ret_decoded[count], ".") || bs_str_equals(ret_decoded[count], ".."))
            return bs_error_set(error, BS_REASON_HTTP_BAD_REQUEST,
                                "the path has a segment \"%.*s\"; expected it resolved",
                                BS_STR_ARGS(ret_decoded[count]));
        match->raw[count++] = raw;
    }
    match->raw_count = count;
    return BS_OK;
}

static bool has_empty_segment(const struct bridge_match *match, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (match->raw[i].len == 0)
            return true;
    }
    return false;
}

/* Tries the path with its last segment's verb taken off. */
static enum bs_code try_verb(const struct bridge_router *router, struct search *search,
                             struct bs_str *decoded, struct bridge_match *match,
                             struct bs_arena *arena, struct bs_error *error)
{
    struct bs_str *raw = &match->raw[match->raw_count - 1];
    ptrdiff_t verb_at = find_verb(*raw);
    if (verb_at < 0)
        return BS_OK;
    struct bs_str whole_raw = *raw, whole = decoded[match->raw_count - 1];
    BS_TRY(http_segment_decode(bs_str_from_offset(*raw, (size_t)verb_at), "the path", arena,
                               &search->verb, error));
    raw->len = (size_t)verb_at - 1;
    BS_TRY(http_segment_decode(*raw, "the path", arena, &decoded[match->raw_count - 1], error));
    if (raw->len > 0 && try_node(search, &router->root, 0))
        return BS_OK;
    *raw = whole_raw;
    decoded[match->raw_count - 1] = whole;
    search->verb = BS_STR_EMPTY;
    return BS_OK;
}

enum bs_code bridge_router_match(const struct bridge_router *router, enum http_method method,
                                 struct bs_str path, struct bs_arena *arena,
                                 struct bridge_match *ret_match, struct bs_error *error)
{
    struct bs_str decoded[BRIDGE_SEGMENTS_MAX];
    struct search search = {
        .segments = decoded,
        .method = method == HTTP_HEAD ? HTTP_GET : method,
        .verb = BS_STR_EMPTY,
    };
    ret_match->route = NULL;
    ret_match->allowed = 0;
    if (!bs_str_equals(path, "*")) {
        BS_TRY(split(path, arena, ret_match, decoded, error));
        search.count = ret_match->raw_count;
        bool is_whole = search.count > 0 && !has_empty_segment(ret_match, search.count);
        if (is_whole)
            BS_TRY(try_verb(router, &search, decoded, ret_match, arena, error));
        if (!search.found && (is_whole || search.count == 0))
            (void)try_node(&search, &router->root, 0);
    }
    ret_match->route = search.found;
    if (search.found)
        return BS_OK;
    if (search.allowed == 0)
        return bs_error_set(error, BS_REASON_HTTP_NO_ROUTE, "no such path: %.*s",
                            BS_STR_ARGS(path));
    if (search.allowed & 1u << HTTP_GET)
        search.allowed |= 1u << HTTP_HEAD;
    ret_match->allowed = search.allowed | 1u << HTTP_OPTIONS;
    return bs_error_set_code(error, http_status_to_code(405), BS_REASON_HTTP_METHOD,
                             "%s is not for this path", http_method_name(method));
}

/* Decodes all but "%2F". */
static enum bs_code decode_rest(struct bs_str raw, struct bs_arena *arena, struct bs_buf *out,
                                struct bs_error *error)
{
    size_t start = 0;
    for (size_t i = 0; i <= raw.len; i++) {
        bool is_slash = i + 2 < raw.len && raw.ptr[i] == '%' && raw.ptr[i + 1] == '2' &&
                        (raw.ptr[i + 2] == 'F' || raw.ptr[i + 2] == 'f');
        if (i < raw.len && !is_slash)
            continue;
        struct bs_str piece;
        BS_TRY(http_segment_decode(bs_str_slice(raw, start, i - start), "the path", arena, &piece,
                                   error));
        bs_buf_append_str(out, piece);
        if (is_slash) {
            bs_buf_append(out, raw.ptr + i, 3);
            start = i + 3;
            i += 2;
        }
    }
    return BS_OK;
}

enum bs_code bridge_match_value(const struct bridge_match *match, size_t variable_idx,
                                struct bs_arena *arena, struct bs_str *ret_value,
                                struct bs_error *error)
{
    const struct rpc_http_template *template = &match->route->template;
    const struct rpc_variable *variable = &template->variables[variable_idx];
    size_t last = variable->first + variable->count - 1;
    bool is_rest = template->segments[last].kind == RPC_SEGMENT_REST;
    if (variable->count == 1 && !is_rest)
        return http_segment_decode(match->raw[variable->first], "the path", arena, ret_value,
                                   error);
    size_t end = is_rest ? match->raw_count : last + 1;
    BS_CLEANUP(bs_buf_fini) struct bs_buf value = BS_BUF_INIT(BS_LIMIT_HTTP_TARGET_BYTES);
    for (size_t i = variable->first; i < end; i++) {
        if (i > variable->first)
            bs_buf_append_byte(&value, '/');
        BS_TRY(decode_rest(match->raw[i], arena, &value, error));
    }
    *ret_value = bs_arena_dup(arena, bs_buf_str(&value));
    return BS_OK;
}

void bridge_allow_write(unsigned allowed, struct bs_buf *out)
{
    size_t before = out->len;
    for (unsigned i = 0; i < METHODS; i++) {
        if (!(allowed & 1u << i))
            continue;
        if (out->len > before)
            bs_buf_append(out, ", ", 2);
        bs_buf_append_cstr(out, http_method_name((enum http_method)i));
    }
}
