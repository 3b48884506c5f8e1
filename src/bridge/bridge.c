/* The bridge as a whole: routes, listener, loops; its end; its figures. */

#include "bridge/bridge.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "bridge/internal.h"

#define LOOPS_MAX 8
#define BACKLOG 1024
#define ACCEPT_PAUSE_MS 100

/* ---- routes ---- */

static bool http_method_of(const char *verb, enum http_method *ret_method)
{
    for (int i = HTTP_GET; i <= HTTP_OPTIONS; i++) {
        if (strcmp(http_method_name((enum http_method)i), verb) == 0) {
            *ret_method = (enum http_method)i;
            return true;
        }
    }
    return false;
}

static enum bs_code add_service(struct bridge_router *router, const struct rpc_service *service,
                                struct bs_error *error)
{
    for (size_t m = 0; m < service->methods_count; m++) {
        const struct rpc_method *method = &service->methods[m];
        for (size_t i = 0; i < method->http_count; i++) {
            struct bridge_route route = {
                .kind = BRIDGE_ROUTE_METHOD,
                .path = method->http[i].path,
                .method = method,
                .rule = &method->http[i],
            };
            if (!http_method_of(method->http[i].verb, &route.http_method))
                return bs_error_set(error, BS_REASON_INTERNAL, "%s: unknown HTTP method %s",
                                    method->full_name, method->http[i].verb);
            BS_TRY(bridge_router_add(router, &route, error));
        }
    }
    return BS_OK;
}

static enum bs_code add_page(struct bridge *bridge, const struct bridge_page *page,
                             struct bs_error *error)
{
    const struct rpc_method *method =
        rpc_dispatcher_find(bridge->options.dispatcher, bs_str_from(page->method));
    if (!method)
        return bs_error_set(error, BS_REASON_INTERNAL, "the page %s asks for %s, which is missing",
                            page->path, page->method);
    struct bridge_route route = {
        .kind = BRIDGE_ROUTE_PAGE,
        .http_method = HTTP_GET,
        .path = page->path,
        .method = method,
        .page = page,
    };
    BS_TRY(bridge_router_add(bridge->router, &route, error));
    if (!page->short_path)
        return BS_OK;
    route.kind = BRIDGE_ROUTE_REDIRECT;
    route.path = page->short_path;
    route.method = NULL;
    return bridge_router_add(bridge->router, &route, error);
}

static enum bs_code add_routes(struct bridge *bridge, struct bs_error *error)
{
    static const struct bridge_route own[] = {
        {.kind = BRIDGE_ROUTE_HEALTH, .http_method = HTTP_GET, .path = "/healthz"},
        {.kind = BRIDGE_ROUTE_READY, .http_method = HTTP_GET, .path = "/readyz"},
        {.kind = BRIDGE_ROUTE_METRICS, .http_method = HTTP_GET, .path = "/metrics"},
        {.kind = BRIDGE_ROUTE_OPENAPI, .http_method = HTTP_GET, .path = "/openapi.json"},
    };
    struct rpc_dispatcher *dispatcher = bridge->options.dispatcher;
    for (size_t i = 0; i < BS_ARRAY_COUNT(own); i++) {
        if (own[i].kind != BRIDGE_ROUTE_OPENAPI || bridge->options.openapi.len > 0)
            BS_TRY(bridge_router_add(bridge->router, &own[i], error));
    }
    for (size_t i = 0; i < rpc_dispatcher_services_count(dispatcher); i++)
        BS_TRY(add_service(bridge->router, rpc_dispatcher_service_at(dispatcher, i), error));
    for (size_t i = 0; i < bridge->options.pages_count; i++)
        BS_TRY(add_page(bridge, &bridge->options.pages[i], error));
    return BS_OK;
}

/* ---- listening ---- */

static void peer_text(const struct sockaddr *address, socklen_t len, char *ret_text)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    ret_text[0] = '\0';
    if (getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(ret_text, BRIDGE_PEER_TEXT_SIZE,
                 address->sa_family == AF_INET6 ? "[%.45s]:%.5s" : "%.45s:%.5s", host, port);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *self)
{
    struct bridge *bridge = self;
    size_t max = bridge->options.max_connections;
    uint64_t before =
        atomic_fetch_add_explicit(&bridge->stats.connections, 1, memory_order_relaxed);
    (void)listener;
    bridge_count(&bridge->stats.accepted);
    if (before >= max)
        bridge_count(&bridge->stats.refused_connections);
    if (before >= max + BRIDGE_REFUSED_CONNECTIONS) {
        atomic_fetch_sub_explicit(&bridge->stats.connections, 1, memory_order_relaxed);
        evutil_closesocket(fd);
        return;
    }
    struct bridge_handover *handover = bs_calloc(1, sizeof(*handover));
    handover->fd = fd;
    handover->is_refused = before >= max;
    peer_text(address, (socklen_t)len, handover->peer);
    struct bridge_loop *loop = &bridge->loops[bridge->next_loop++ % bridge->loops_count];
    if (loop == &bridge->loops[0]) {
        bridge_connection_open(loop, handover);
        free(handover);
    } else {
        bridge_loop_post_socket(loop, handover);
    }
}

static void on_listen_again(evutil_socket_t fd, short what, void *self)
{
    struct bridge *bridge = self;
    (void)fd;
    (void)what;
    if (!bridge->loops[0].is_draining)
        evconnlistener_enable(bridge->listener);
}

/* Most likely no descriptor is left: the socket would be reported as readable again at once. */
static void on_accept_error(struct evconnlistener *listener, void *self)
{
    struct bridge *bridge = self;
    const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MS * 1000};
    evconnlistener_disable(listener);
    event_add(bridge->listen_again, &pause);
}

/* HOST:PORT, the host perhaps in brackets or empty. */
static enum bs_code resolve(const char *address, struct addrinfo **ret_info, struct bs_error *error)
{
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    char host[NI_MAXHOST];
    const char *colon = strrchr(address, ':');
    uint64_t port;
    if (!colon || !bs_str_parse_u64(bs_str_from(colon + 1), &port) || port > 65535)
        return bs_error_set(error, BS_REASON_CLI_USAGE,
                            "HTTP address \"%s\": expected HOST:PORT, such as 127.0.0.1:7480",
                            address);
    struct bs_str text = bs_str_make(address, (size_t)(colon - address));
    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
        text = bs_str_slice(text, 1, text.len - 2);
    snprintf(host, sizeof(host), "%.*s", BS_STR_ARGS(text));
    int failed = getaddrinfo(text.len > 0 ? host : NULL, colon + 1, &hints, ret_info);
    if (failed)
        return bs_error_set(error, BS_REASON_CLI_USAGE, "HTTP address \"%s\": %s", address,
                            gai_strerror(failed));
    return BS_OK;
}

enum bs_code bridge_check_address(const char *address, struct bs_error *error)
{
    struct addrinfo *info = NULL;
    BS_TRY(resolve(address, &info, error));
    freeaddrinfo(info);
    return BS_OK;
}

static void write_url(struct bridge *bridge, int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char text[BRIDGE_PEER_TEXT_SIZE] = "";
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        peer_text((struct sockaddr *)&address, len, text);
    bs_buf_printf(&bridge->url, "http://%s", text);
}

static enum bs_code listen_at(struct bridge *bridge, struct bs_error *error)
{
    const char *address = bridge->options.address;
    struct addrinfo *info = NULL;
    int on = 1;
    BS_TRY(resolve(address, &info, error));
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ready = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
                 bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int reason = errno;
    freeaddrinfo(info);
    if (!ready) {
        if (fd >= 0)
            close(fd);
        errno = reason;
        return bs_error_set(error, BS_REASON_RPC_CONNECTION, "can't listen at http://%s: %m",
                            address);
    }
    write_url(bridge, fd);
    bridge->listener = evconnlistener_new(bridge->loops[0].base, on_accept, bridge,
                                          LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    BS_ASSERT(bridge->listener);
    evconnlistener_set_error_cb(bridge->listener, on_accept_error);
    bridge->listen_again = event_new(bridge->loops[0].base, -1, 0, on_listen_again, bridge);
    BS_ASSERT(bridge->listen_again);
    return BS_OK;
}

/* ---- the whole ---- */

static void set_defaults(struct bridge *bridge)
{
    struct bridge_timeouts *timeouts = &bridge->timeouts;
    *timeouts = bridge->options.timeouts;
    timeouts->head_ms = timeouts->head_ms ? timeouts->head_ms : 10000;
    timeouts->body_grace_ms = timeouts->body_grace_ms ? timeouts->body_grace_ms : 10000;
    timeouts->idle_ms = timeouts->idle_ms ? timeouts->idle_ms : 60000;
    timeouts->write_stall_ms = timeouts->write_stall_ms ? timeouts->write_stall_ms : 30000;
    timeouts->body_bytes_per_s = timeouts->body_bytes_per_s ? timeouts->body_bytes_per_s : 1024;
    if (bridge->options.max_connections == 0)
        bridge->options.max_connections = BS_LIMIT_CONNECTIONS;
    bridge->loops_count = bridge->options.loops;
    if (bridge->loops_count == 0) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);
        bridge->loops_count = (unsigned)BS_MAX(BS_MIN(processors, LOOPS_MAX), 1);
    }
}

static enum bs_code open_parts(struct bridge *bridge, struct bs_error *error)
{
    BS_TRY(add_routes(bridge, error));
    if (bridge->options.web_dir)
        BS_TRY(bridge_files_open(bridge->options.web_dir, &bridge->files, error));
    bridge->loops = bs_calloc(bridge->loops_count, sizeof(*bridge->loops));
    for (unsigned i = 0; i < bridge->loops_count; i++) {
        enum bs_code code = bridge_loop_init(&bridge->loops[i], bridge, error);
        if (code != BS_OK) {
            bridge->loops_count = i + 1;
            return code;
        }
    }
    return listen_at(bridge, error);
}

static void free_parts(struct bridge *bridge)
{
    if (bridge->listener)
        evconnlistener_free(bridge->listener);
    if (bridge->listen_again)
        event_free(bridge->listen_again);
    for (unsigned i = 0; bridge->loops && i < bridge->loops_count; i++)
        bridge_loop_fini(&bridge->loops[i]);
    free(bridge->loops);
    bridge_files_free(bridge->files);
    bridge_router_free(bridge->router);
    bs_buf_fini(&bridge->url);
    pthread_mutex_destroy(&bridge->lock);
    pthread_cond_destroy(&bridge->released);
    free(bridge);
}

enum bs_code bridge_open(const struct bridge_options *options, struct bridge **ret_bridge,
                         struct bs_error *error)
{
    struct bridge *bridge = bs_calloc(1, sizeof(*bridge));
    bridge->options = *options;
    bridge->router = bridge_router_new();
    bs_buf_init(&bridge->url, 0);
    pthread_mutex_init(&bridge->lock, NULL);
    pthread_cond_init(&bridge->released, NULL);
    set_defaults(bridge);
    enum bs_code code = open_parts(bridge, error);
    if (code != BS_OK) {
        free_parts(bridge);
        return code;
    }
    *ret_bridge = bridge;
    return BS_OK;
}

void bridge_start(struct bridge *bridge)
{
    BS_ASSERT(!bridge->is_started);
    bridge->is_started = true;
    for (unsigned i = 0; i < bridge->loops_count; i++)
        bridge_loop_start(&bridge->loops[i]);
}

const char *bridge_url(const struct bridge *bridge)
{
    return bs_buf_str(&bridge->url).ptr;
}

static void ask_all(struct bridge *bridge, bool drain, bool stop)
{
    for (unsigned i = 0; i < bridge->loops_count; i++)
        bridge_loop_ask(&bridge->loops[i], drain, stop);
}

void bridge_drain(struct bridge *bridge)
{
    atomic_store(&bridge->draining, true);
    ask_all(bridge, true, false);
}

void bridge_close(struct bridge *bridge)
{
    if (!bridge)
        return;
    atomic_store(&bridge->draining, true);
    ask_all(bridge, true, true);
    for (unsigned i = 0; bridge->is_started && i < bridge->loops_count; i++)
        pthread_join(bridge->loops[i].thread, NULL);
    /* a handler that was told to stop may still hold the request */
    pthread_mutex_lock(&bridge->lock);
    while (bridge->calls_count > 0)
        pthread_cond_wait(&bridge->released, &bridge->lock);
    pthread_mutex_unlock(&bridge->lock);
    free_parts(bridge);
}

/* ---- figures ---- */

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void bridge_counters(const struct bridge *bridge, struct bridge_counters *ret_counters)
{
    const struct bridge_stats *stats = &bridge->stats;
    *ret_counters = (struct bridge_counters){
        .accepted = load(&stats->accepted),
        .connections = load(&stats->connections),
        .refused_connections = load(&stats->refused_connections),
        .requests = load(&stats->requests),
        .malformed = load(&stats->malformed),
        .timed_out = load(&stats->timed_out),
        .cancelled = load(&stats->cancelled),
    };
    for (size_t i = 0; i < BS_ARRAY_COUNT(stats->by_class); i++)
        ret_counters->by_class[i] = load(&stats->by_class[i]);
}

static void write_metric(struct bs_buf *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    bs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                  (unsigned long long)value);
}

void bridge_write_metrics(const struct bridge *bridge, struct bs_buf *out)
{
    struct bridge_counters counters;
    bridge_counters(bridge, &counters);
    write_metric(out, "http_connections", "gauge", "Open connections.", counters.connections);
    write_metric(out, "http_connections_accepted_total", "counter", "Connections accepted.",
                 counters.accepted);
    write_metric(out, "http_connections_refused_total", "counter", "Connections beyond the limit.",
                 counters.refused_connections);
    write_metric(out, "http_requests_total", "counter", "Requests with a well-formed head.",
                 counters.requests);
    write_metric(out, "http_malformed_total", "counter", "Messages that were no HTTP/1.1.",
                 counters.malformed);
    write_metric(out, "http_timeouts_total", "counter",
                 "Connections whose head, body or reading was too slow.", counters.timed_out);
    write_metric(out, "http_cancelled_total", "counter", "Calls whose client went away.",
                 counters.cancelled);
    bs_buf_append_cstr(out, "# HELP http_responses_total Answers by class of status.\n"
                            "# TYPE http_responses_total counter\n");
    for (int i = 2; i <= 5; i++)
        bs_buf_printf(out, "http_responses_total{class=\"%dxx\"} %llu\n", i,
                      (unsigned long long)counters.by_class[i]);
}
