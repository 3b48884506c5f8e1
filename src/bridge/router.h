#ifndef BRIDGE_ROUTER_H
#define BRIDGE_ROUTER_H

/*
 * From method and path to what answers, by the templates of google.api.http. The raw path is split
 * at its slashes first and decoded after, so that "%2F" never makes a segment. Literals go before
 * "*", "*" before "**", from the left; a verb (":publish") before none. Immutable once filled.
 */

#include "base/arena.h"
#include "base/error.h"
#include "http/http.h"
#include "rpc/http_template.h"
#include "rpc/table.h"

#define BRIDGE_SEGMENTS_MAX 64

enum bridge_route_kind {
    BRIDGE_ROUTE_METHOD,
    BRIDGE_ROUTE_PAGE,
    BRIDGE_ROUTE_REDIRECT, /* to a page */
    BRIDGE_ROUTE_HEALTH,
    BRIDGE_ROUTE_READY,
    BRIDGE_ROUTE_METRICS,
    BRIDGE_ROUTE_OPENAPI,
};

struct bridge_page;

struct bridge_route {
    enum bridge_route_kind kind;
    enum http_method http_method;
    struct rpc_http_template template;
    const char *path;                 /* the template's text */
    const struct rpc_method *method;  /* of METHOD */
    const struct rpc_http_rule *rule; /* of METHOD */
    const struct bridge_page *page;   /* of PAGE and REDIRECT */
};

/* A path taken apart. Views of the raw path and copies in the arena. */
struct bridge_match {
    const struct bridge_route *route;
    struct bs_str raw[BRIDGE_SEGMENTS_MAX]; /* without the verb */
    size_t raw_count;
    unsigned allowed; /* bits 1 << enum http_method, where the path is known and the method not */
};

struct bridge_router;

struct bridge_router *bridge_router_new(void);
void bridge_router_free(struct bridge_router *router);
/* Copies the route but not its texts; `template` is filled from `path`. INTERNAL naming both when
 * there is one of the same form. */
BS_MUST_CHECK enum bs_code bridge_router_add(struct bridge_router *router,
                                             const struct bridge_route *route,
                                             struct bs_error *error);
/*
 * HEAD goes to GET's routes. HTTP_BAD_REQUEST: a segment that can't be decoded, "." or "..";
 * HTTP_NO_ROUTE: no route has this path; HTTP_METHOD: some have, but not for this method: they are
 * in ret_match->allowed, which has HEAD and OPTIONS too (and OPTIONS always ends here).
 */
BS_MUST_CHECK enum bs_code
bridge_router_match(const struct bridge_router *router, enum http_method method, struct bs_str path,
                    struct bs_arena *arena, struct bridge_match *ret_match, struct bs_error *error);
/* The decoded value of the route's idx-th variable. One of several segments keeps "%2F" as it was
 * written. */
BS_MUST_CHECK enum bs_code bridge_match_value(const struct bridge_match *match, size_t variable_idx,
                                              struct bs_arena *arena, struct bs_str *ret_value,
                                              struct bs_error *error);
/* "GET, HEAD, OPTIONS" */
void bridge_allow_write(unsigned allowed, struct bs_buf *out);

#endif
