#ifndef RPC_URL_H
#define RPC_URL_H

/* The URLs of the stream transport: tcp://HOST:PORT, ipc://PATH, ws://HOST:PORT/PATH. */

#include "base/error.h"

enum rpc_scheme {
    RPC_SCHEME_TCP,
    RPC_SCHEME_IPC,
    RPC_SCHEME_WS,
    RPC_SCHEME_TLS,
};

struct rpc_url {
    enum rpc_scheme scheme;
    const char *name; /* "tcp", static */
    char text[256];   /* the URL itself */
};

/* CLI_USAGE, naming the URL and what was expected; UNIMPLEMENTED for tls+tcp. */
BS_MUST_CHECK enum bs_code rpc_url_parse(const char *text, struct rpc_url *ret_url,
                                         struct bs_error *error);
/* RPC_CONNECTION when something stands at an ipc path that is no socket: nng would delete it. */
BS_MUST_CHECK enum bs_code rpc_url_check_listen(const struct rpc_url *url, struct bs_error *error);

#endif
