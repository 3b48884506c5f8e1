#ifndef RPC_NNG_H
#define RPC_NNG_H

/*
 * The stream transport: frames (docs/wire.md) over nng byte streams: many calls at once on one
 * connection. Schemes tcp, ipc, tls+tcp, ws. Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/channel.h"
#include "rpc/dispatcher.h"

struct rpc_tls_options {
    const char *certificate_file; /* PEM; servers must, clients may */
    const char *key_file;
    const char *ca_file; /* servers: asks clients for certificates; clients: NULL is the system's */
    const char *server_name; /* clients: NULL is the URL's host */
};

struct rpc_server_options {
    size_t max_connections;            /* 0: BS_LIMIT_CONNECTIONS */
    size_t max_connections_by_peer;    /* 0: none */
    size_t max_calls;                  /* under way on a connection; 0: BS_LIMIT_CALLS_CONNECTION */
    const struct rpc_tls_options *tls; /* tls+tcp only; borrowed during open */
};

/* One listener on one URL for one dispatcher, which outlives it. */
struct rpc_server;

/* Listens; calls are accepted when it returns. `options` may be NULL. CLI_USAGE for a URL that
 * can't be, RPC_CONNECTION when the address can't be had (an ipc path that is no socket is left
 * alone). */
BS_API BS_MUST_CHECK enum bs_code rpc_server_open(struct rpc_dispatcher *dispatcher,
                                                  const char *url,
                                                  const struct rpc_server_options *options,
                                                  struct rpc_server **ret_server,
                                                  struct bs_error *error);
/* CLI_USAGE for a URL that can't be, before anything is opened. */
BS_API BS_MUST_CHECK enum bs_code rpc_server_check_url(const char *url, struct bs_error *error);
/* The URL with the port that was given for 0; borrowed. */
BS_API const char *rpc_server_url(const struct rpc_server *server);
/* Stops accepting, sends goaway to all; calls under way go on. Call after rpc_dispatcher_drain. */
BS_API void rpc_server_drain(struct rpc_server *server);
/* Ends all connections once what is queued to send is sent (at most a second), frees. Takes NULL.
 */
BS_API void rpc_server_close(struct rpc_server *server);
BS_API void rpc_server_write_metrics(const struct rpc_server *server, struct bs_buf *out);

struct rpc_stream_channel_options {
    int64_t connect_timeout_ms;        /* 0: 20,000 */
    const struct rpc_tls_options *tls; /* copied */
    bool eager; /* connect now and fail if that fails; else at the first call */
};

/* A channel with one connection, made anew when it is lost (back-off 50 ms to 5 s). CLI_USAGE for a
 * URL that can't be. */
BS_API BS_MUST_CHECK enum bs_code
rpc_stream_channel_open(const char *url, const struct rpc_stream_channel_options *options,
                        struct rpc_channel **ret_channel, struct bs_error *error);

#endif
