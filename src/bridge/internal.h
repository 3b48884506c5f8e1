#ifndef BRIDGE_INTERNAL_H
#define BRIDGE_INTERNAL_H

/*
 * The room's inner structs. Who owns what:
 *   bridge      the listener, routes, files; loops
 *   loop        one thread, one event_base, its connections
 *   connection  one socket; loop thread only
 *   exchange    one request and its answer; counted: the loop holds one reference until the answer
 *               is sent or the client gone, a started call another until it is released
 * Other threads touch of a loop only its inbox (under its lock) and the eventfd that wakes it.
 */

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/ref.h"
#include "bridge/bridge.h"
#include "bridge/router.h"
#include "http/http.h"
#include "rpc/transport.h"

#define BRIDGE_PEER_TEXT_SIZE 64
/* A refused request's body up to here is read and dropped, so that the connection can stay. */
#define BRIDGE_DISCARD_BYTES (64u * 1024)
/* Connections beyond the limit that are told so; more are closed without a word. */
#define BRIDGE_REFUSED_CONNECTIONS 256
/* Beyond that much unsent, the next request of the connection waits. */
#define BRIDGE_OUTPUT_HIGH_BYTES (1024u * 1024)
#define BRIDGE_LINGER_MS 2000

struct bridge_files;

struct bridge_loop {
    struct bridge *bridge;
    pthread_t thread;
    struct event_base *base;
    struct event *wake_event; /* reads wake_fd */
    struct event *tick_event; /* looks at the time-outs while there are connections */
    bool is_ticking;
    int wake_fd;
    LIST_HEAD(, bridge_connection) connections;
    size_t connections_count;
    size_t calls_count; /* started and not yet taken from `done` */
    int64_t stop_ns;    /* when a loop that stops gives up flushing */
    bool is_draining;
    bool is_stopping;

    pthread_mutex_t lock;              /* guards what follows */
    struct bridge_exchange *done;      /* answered calls, the last one first */
    struct bridge_handover *handovers; /* accepted sockets, the last one first */
    bool drain_asked;
    bool stop_asked;
};

/* A socket on its way from the acceptor to its loop. */
struct bridge_handover {
    struct bridge_handover *next;
    evutil_socket_t fd;
    bool is_refused;
    char peer[BRIDGE_PEER_TEXT_SIZE];
};

struct bridge_stats {
    _Atomic uint64_t accepted, connections, refused_connections, requests, by_class[6], malformed,
        timed_out, cancelled;
};

struct bridge {
    struct bridge_options options;
    struct bridge_timeouts timeouts; /* without zeros */
    struct bs_buf url;
    struct bridge_router *router;
    struct bridge_files *files; /* NULL: none */
    struct bridge_loop *loops;
    unsigned loops_count;
    bool is_started;
    unsigned next_loop;              /* of the acceptor */
    struct evconnlistener *listener; /* on the first loop */
    struct event *listen_again;      /* after the process ran out of descriptors */
    _Atomic bool draining;
    struct bridge_stats stats;
    pthread_mutex_t lock;
    pthread_cond_t released;
    size_t calls_count; /* started and not yet released; under lock */
};

/* What stands in a head beside what the codec writes itself. */
#define BRIDGE_REPLY_FIELDS_MAX 96
struct bridge_reply {
    int status;
    const char *content_type; /* NULL: no content */
    size_t fields_count;
    struct http_field fields[BRIDGE_REPLY_FIELDS_MAX];
};

struct bridge_exchange {
    struct bs_ref ref;
    struct bridge *bridge;
    struct bridge_loop *loop;
    struct bridge_connection *connection; /* loop thread only; NULL: the client is gone */
    struct bridge_exchange *next;         /* in loop->done */
    /* The request. Written by the loop thread before the call starts, then only read. */
    enum http_method method;
    bool is_keep_alive_wanted; /* HTTP/1.0, where it is said */
    bool has_html_taste;       /* would rather see a page than JSON */
    struct bs_str path;
    struct bs_str query;
    struct bridge_match match;
    struct http_field if_none_match; /* value.ptr NULL: none */
    struct bs_str if_modified_since;
    struct bs_buf body;
    struct rpc_metadata metadata; /* of the call to be started, in `arena` */
    bool is_by_cookie;            /* signed in by the cookie */
    struct rpc_call *call;        /* loop thread: from its start until its answer has come */
    /* The answer. Written once, by whoever answers, then handed to the loop. `arena` is the loop
     * thread's until the call starts and the answerer's after. */
    struct bs_arena *arena;
    bool close; /* after the answer */
    bool is_page_found;
    int status;
    struct bs_buf head;
    struct bs_buf content;
    int file_fd; /* sent after content; -1: none */
    uint64_t file_bytes;
};

enum bridge_state {
    BRIDGE_HEAD,   /* a request is awaited or being read */
    BRIDGE_BODY,   /* its body is */
    BRIDGE_WAIT,   /* its call runs */
    BRIDGE_LINGER, /* the last answer is on its way out; what comes is dropped */
};

struct bridge_connection {
    LIST_ENTRY(bridge_connection) link;
    struct bridge_loop *loop;
    struct bufferevent *bev;
    enum bridge_state state;
    int64_t since_ns; /* of the state; of a head: since its first byte */
    bool is_head_begun;
    bool is_eof;           /* the client has said all that it will */
    bool is_shut;          /* and so have we */
    bool is_closing;       /* after the answer that is awaited */
    bool is_refused;       /* beyond the limit of connections */
    bool is_dead;          /* freed when the callback returns */
    uint64_t queued_bytes; /* given to the output since the beginning */
    uint64_t sent_bytes;   /* at the last look */
    int64_t sent_ns;       /* when that last grew */
    struct http_parser parser;
    struct http_body body;
    struct bridge_exchange *exchange; /* of BODY and WAIT */
    char peer[BRIDGE_PEER_TEXT_SIZE];
};

/* loop.c: any thread. */
BS_MUST_CHECK enum bs_code bridge_loop_init(struct bridge_loop *loop, struct bridge *bridge,
                                            struct bs_error *error);
void bridge_loop_start(struct bridge_loop *loop);
void bridge_loop_fini(struct bridge_loop *loop);
void bridge_loop_post_done(struct bridge_loop *loop, struct bridge_exchange *exchange);
void bridge_loop_post_socket(struct bridge_loop *loop, struct bridge_handover *handover);
void bridge_loop_ask(struct bridge_loop *loop, bool drain, bool stop);
/* Its own thread. */
void bridge_loop_watch(struct bridge_loop *loop);

/* connection.c: the loop's thread. */
void bridge_connection_open(struct bridge_loop *loop, const struct bridge_handover *handover);
void bridge_connection_done(struct bridge_connection *connection);
void bridge_connection_tick(struct bridge_connection *connection, int64_t now_ns);
/* Closes what is idle; else after the answer that is awaited. */
void bridge_connection_drain(struct bridge_connection *connection);
/* Cancels what runs, closes when all is sent. */
void bridge_connection_stop(struct bridge_connection *connection);
void bridge_connection_free(struct bridge_connection *connection);

/* request.c: the loop's thread. */
struct bridge_exchange *bridge_exchange_new(struct bridge_loop *loop);
void bridge_exchange_unref(struct bridge_exchange *exchange);
/* Looks at a whole head: finds the route, answers at once what can be, else leaves the call to be
 * started. True: answered. */
bool bridge_exchange_begin(struct bridge_exchange *exchange, const struct http_request *request);
/* Whether a refused request's body is so short that it may be read and dropped; else the connection
 * ends with the answer. */
bool bridge_body_is_droppable(const struct http_request *request);
/* When the body is whole. True: answered; else it comes by bridge_loop_post_done. */
bool bridge_exchange_run(struct bridge_exchange *exchange);
/* For a page whose call has said that it is there. */
void bridge_exchange_finish(struct bridge_exchange *exchange);

/* call.c: the loop's thread. */
/* Takes the metadata out of the request's fields. False: refused, and answered. */
bool bridge_call_prepare(struct bridge_exchange *exchange, const struct http_request *request);
/* It comes back by bridge_loop_post_done, perhaps before this returns. */
void bridge_call_start(struct bridge_exchange *exchange);

/* bind.c: any thread. Path, query and body into the request message. */
BS_MUST_CHECK enum bs_code bridge_bind(const struct bridge_match *match, struct bs_str query,
                                       struct bs_str body, struct bs_arena *arena,
                                       ProtobufCMessage **ret_message, struct bs_error *error);

/* reply.c: whoever answers. */
void bridge_reply_add(struct bridge_reply *reply, const char *name, struct bs_str value);
/* Writes the head for exchange->content (or its file). */
void bridge_exchange_reply(struct bridge_exchange *exchange, struct bridge_reply *reply);
/* An error as the answer; `extra` may be NULL. */
void bridge_exchange_fail(struct bridge_exchange *exchange, struct bridge_reply *reply, int status,
                          const struct bs_error *error, const struct rpc_status_extra *extra);
/* What HTTP refuses, with a message. */
void bridge_exchange_refuse(struct bridge_exchange *exchange, int status, enum bs_reason reason,
                            const char *format, ...) BS_PRINTF(4, 5);
/* OPTIONS answered, or 405, by bits 1 << enum http_method. request.c */
void bridge_exchange_allow(struct bridge_exchange *exchange, unsigned allowed);
/* Whether the client has the entity already: then the reply is a 304 now. */
bool bridge_reply_not_modified(const struct bridge_exchange *exchange, struct bridge_reply *reply,
                               struct bs_str etag);

/* session.c */
/* The cross-site token that belongs to a session's token. */
#define BRIDGE_XSRF_TEXT_SIZE 33
void bridge_xsrf_token(struct bs_str token, char ret_text[BRIDGE_XSRF_TEXT_SIZE]);
enum bridge_cookie {
    BRIDGE_COOKIE_NONE,
    BRIDGE_COOKIE_GOOD,
    BRIDGE_COOKIE_UNPROVEN, /* an unsafe method without the cross-site token */
};
/* The session's token that a request's cookie has. */
enum bridge_cookie bridge_session_read(const struct http_request *request,
                                       struct bs_str *ret_token);
/* The response metadata by which a procedure says that a browser is to keep a token: the seconds,
 * a blank, the token; or "0" to forget it. Becomes cookies. */
#define BRIDGE_SET_SESSION "set-session"
void bridge_session_set(struct bs_str value, bool secure, struct bs_arena *arena,
                        struct bridge_reply *reply);
/* Takes the cookies away. */
void bridge_session_clear(bool secure, struct bs_arena *arena, struct bridge_reply *reply);

/* files.c: immutable after it is made. */
BS_MUST_CHECK enum bs_code bridge_files_open(const char *dir, struct bridge_files **ret_files,
                                             struct bs_error *error);
void bridge_files_free(struct bridge_files *files);
/* Answers by the file at exchange->path, or by 404. */
void bridge_files_answer(struct bridge_exchange *exchange);
/* The file at a path below the folder, with the status 200. False: there is none. */
bool bridge_files_send(struct bridge_exchange *exchange, struct bs_str file);

static inline void bridge_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

#endif
