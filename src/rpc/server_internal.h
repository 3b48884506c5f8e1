#ifndef RPC_SERVER_INTERNAL_H
#define RPC_SERVER_INTERNAL_H

/* The stream transport's server, for its own files. Lock order: the server's, then a connection's.
 */

#include "rpc/conn.h"
#include "rpc/dispatcher_internal.h"
#include "rpc/nng.h"
#include "rpc/quick.h"
#include "rpc/stream_table.h"
#include "rpc/url.h"

/* Requests that are run inline are at most so long. */
#define RPC_INLINE_MAX_BYTES 4096u
/* Requests that are coming in by pieces, together on a connection. */
#define RPC_ASSEMBLING_MAX_BYTES (64u * 1024 * 1024)
#define RPC_SERVER_CALL_ROOM 512

struct server_conn;

/* A call that goes through the workers; found by its stream's id until it is answered. */
struct server_call {
    struct rpc_stream_entry entry; /* first; `next` links spare ones too */
    struct server_conn *conn;      /* a reference */
    struct rpc_call *call;         /* the table's reference, while it stands there */
    struct rpc_quick *quick;       /* of its method; NULL when there is none */
    const struct rpc_method *method;
    struct rpc_inbox inbox;
    size_t inbox_counted; /* bytes of it that count as assembling */
    int64_t came_ns;
    bool has_message;   /* whole */
    bool message_begun; /* a piece has come */
    bool is_started;
    char room[RPC_SERVER_CALL_ROOM]; /* the request, when it is small and came whole */
};

struct server_conn {
    struct rpc_conn base; /* first */
    struct rpc_server *server;
    struct server_conn *previous, *next; /* the server's list, under its lock */
    bool is_listed;
    char peer[128];           /* for logs: address, or uid and pid */
    char origin[64];          /* what max_connections_by_peer counts */
    const char *refusal;      /* why it is turned away; static text, NULL when it is not */
    uint16_t refusal_code;    /* of the goaway */
    struct bs_arena *scratch; /* the reader's, for metadata that comes */
    uint64_t last_stream;     /* the reader's: the highest that came */
    size_t assembling_bytes;  /* the reader's */
    /* under base.lock */
    struct rpc_stream_table calls;
    size_t calls_count; /* not yet released: handlers that still run count too */
    struct rpc_stream_entry *spare;
    size_t spare_count;
};

struct rpc_server {
    struct bs_ref ref; /* the owner's, and one for each connection */
    struct rpc_dispatcher *dispatcher;
    struct rpc_server_options options; /* defaults filled in */
    struct rpc_url url;
    struct rpc_quick *quick; /* by the place in dispatcher->served */
    struct rpc_hello hello;
    nng_stream_listener *listener;
    nng_aio *accept_aio;
    struct rpc_timer accept_timer;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* connections_count, accepting */
    struct server_conn *connections;
    size_t connections_count;
    bool is_draining, is_closing;
    bool is_accepting; /* accept_aio or accept_timer will come back */
    _Atomic uint64_t accepted, refused, inline_calls, faults;
    _Atomic uint64_t bytes_in, bytes_out; /* of connections that have ended */
};

/* server.c: a connection has been freed. */
void rpc_server_connection_gone(struct rpc_server *server);

/* server_conn.c: takes the stream. */
void rpc_server_take_stream(struct rpc_server *server, nng_stream *stream);

/* server_call.c: all by the reader, but for answers. */
enum bs_code rpc_server_take_frame(struct rpc_conn *conn, const struct rpc_frame *frame,
                                   struct bs_error *error);
/* The connection has gone: cancels what is under way. */
void rpc_server_cancel_calls(struct server_conn *conn);
void rpc_server_free_calls(struct server_conn *conn);

/* server_answer.c */
void rpc_server_answer(struct server_conn *conn, uint64_t stream, bool was_begun,
                       const struct rpc_answer *answer);
/* An answer that no call stands behind: nothing was begun. */
void rpc_server_answer_error(struct server_conn *conn, uint64_t stream,
                             const struct bs_error *error);

#endif
