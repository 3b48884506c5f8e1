/* A server's connections: taken in or turned away, named for the logs, and their end. */

#include "base/limits.h"
#include "base/memory.h"
#include "rpc/server_internal.h"

#include <arpa/inet.h>

#define HELLO_TIMEOUT_NS 5000000000

static struct server_conn *of(struct rpc_conn *conn)
{
    return (struct server_conn *)conn;
}

/* The client's hello is answered by ours, and whoever is turned away is told so then. */
static void on_hello(struct rpc_conn *base)
{
    const struct server_conn *conn = of(base);
    rpc_conn_lock(base);
    if (rpc_conn_is_open_locked(base))
        rpc_hello_write(&conn->server->hello, &base->pending);
    rpc_conn_flush_and_unlock(base);
    if (conn->refusal) {
        const struct rpc_goaway goaway = {
            .code = conn->refusal_code,
            .text = bs_str_from(conn->refusal),
        };
        rpc_conn_finish(base, &goaway, 1000, true);
    }
}

static void on_stranger(struct rpc_conn *base, struct bs_str first_bytes, struct bs_buf *out)
{
    static const char text[] = "This port speaks Bandstand's RPC frames, not HTTP: docs/wire.md\n";
    atomic_fetch_add_explicit(&of(base)->server->faults, 1, memory_order_relaxed);
    if (rpc_stranger_of(first_bytes) == RPC_STRANGER_HTTP)
        bs_buf_printf(out,
                      "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
                      "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                      sizeof(text) - 1, text);
}

static void on_closed(struct rpc_conn *base, const struct bs_error *error)
{
    struct server_conn *conn = of(base);
    struct rpc_server *server = conn->server;
    if (error->reason == BS_REASON_RPC_PROTOCOL)
        atomic_fetch_add_explicit(&server->faults, 1, memory_order_relaxed);
    rpc_server_cancel_calls(conn);
    pthread_mutex_lock(&server->lock);
    bool was_listed = conn->is_listed;
    if (was_listed) {
        if (conn->previous)
            conn->previous->next = conn->next;
        else
            server->connections = conn->next;
        if (conn->next)
            conn->next->previous = conn->previous;
        conn->is_listed = false;
    }
    pthread_mutex_unlock(&server->lock);
    if (was_listed)
        rpc_conn_unref(base); /* the list's */
}

static void on_free(struct rpc_conn *base)
{
    struct server_conn *conn = of(base);
    struct rpc_server *server = conn->server;
    atomic_fetch_add_explicit(&server->bytes_in, base->bytes_in, memory_order_relaxed);
    atomic_fetch_add_explicit(&server->bytes_out, base->bytes_out, memory_order_relaxed);
    rpc_server_free_calls(conn);
    bs_arena_free(conn->scratch);
    free(conn);
    rpc_server_connection_gone(server);
}

static const struct rpc_conn_events events = {
    .hello = on_hello,
    .frame = rpc_server_take_frame,
    .stranger = on_stranger,
    .closed = on_closed,
    .free = on_free,
};

static void name_socket_peer(struct server_conn *conn, const nng_sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    unsigned port = 0;
    if (address->s_family == NNG_AF_INET) {
        inet_ntop(AF_INET, &address->s_in.sa_addr, text, sizeof(text));
        port = ntohs(address->s_in.sa_port);
    } else if (address->s_family == NNG_AF_INET6) {
        inet_ntop(AF_INET6, address->s_in6.sa_addr, text, sizeof(text));
        port = ntohs(address->s_in6.sa_port);
    }
    snprintf(conn->origin, sizeof(conn->origin), "%s", text);
    if (address->s_family == NNG_AF_INET6)
        snprintf(conn->peer, sizeof(conn->peer), "[%s]:%u", text, port);
    else
        snprintf(conn->peer, sizeof(conn->peer), "%s:%u", text, port);
}

/* ipc clients have no address: who they are says the kernel. */
static void name_peer(struct server_conn *conn, nng_stream *stream)
{
    nng_sockaddr address;
    uint64_t uid = 0, pid = 0;
    if (conn->server->url.scheme == RPC_SCHEME_IPC) {
        if (nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &uid) == 0 &&
            nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_PID, &pid) == 0)
            snprintf(conn->peer, sizeof(conn->peer), "uid:%llu pid:%llu", (unsigned long long)uid,
                     (unsigned long long)pid);
        snprintf(conn->origin, sizeof(conn->origin), "uid:%llu", (unsigned long long)uid);
    } else if (nng_stream_get_addr(stream, NNG_OPT_REMADDR, &address) == 0) {
        name_socket_peer(conn, &address);
    }
}

static size_t count_of_origin_locked(const struct rpc_server *server, const char *origin)
{
    size_t count = 0;
    for (const struct server_conn *conn = server->connections; conn; conn = conn->next)
        count += strcmp(conn->origin, origin) == 0;
    return count;
}

/* Why the server does not take one more; NULL when it does. */
static const char *refusal_locked(const struct rpc_server *server, const struct server_conn *conn,
                                  uint16_t *ret_code)
{
    *ret_code = RPC_GOAWAY_LIMIT;
    if (server->connections_count >= server->options.max_connections)
        return "too many connections";
    size_t by_peer = server->options.max_connections_by_peer;
    if (by_peer > 0 && count_of_origin_locked(server, conn->origin) >= by_peer)
        return "too many connections from this address";
    *ret_code = RPC_GOAWAY_DRAINING;
    return server->is_draining || server->is_closing ? "the server is shutting down" : NULL;
}

void rpc_server_take_stream(struct rpc_server *server, nng_stream *stream)
{
    struct server_conn *conn = bs_calloc(1, sizeof(*conn));
    conn->server = server;
    conn->scratch = bs_arena_new(0);
    (void)nng_stream_set_bool(stream, NNG_OPT_TCP_NODELAY, true); /* ipc has none */
    rpc_conn_init(&conn->base, stream, &events);
    name_peer(conn, stream);
    pthread_mutex_lock(&server->lock);
    conn->refusal = refusal_locked(server, conn, &conn->refusal_code);
    server->connections_count++;
    bs_ref_get(&server->ref);
    if (!conn->refusal) {
        rpc_conn_ref(&conn->base); /* the list's */
        conn->is_listed = true;
        conn->next = server->connections;
        if (conn->next)
            conn->next->previous = conn;
        server->connections = conn;
    }
    pthread_mutex_unlock(&server->lock);
    atomic_fetch_add_explicit(conn->refusal ? &server->refused : &server->accepted, 1,
                              memory_order_relaxed);
    rpc_conn_start(&conn->base, bs_deadline_after_ns(HELLO_TIMEOUT_NS));
    rpc_conn_unref(&conn->base);
}
