#ifndef RPC_CLIENT_INTERNAL_H
#define RPC_CLIENT_INTERNAL_H

/*
 * The stream transport's channel, for its own files. Lock order: the channel's, a connection's, a
 * call's.
 *
 * A call stands in one place: among the waiting, or in a connection's table. Whoever takes it out
 * of there (the answer, a deadline, a cancel, the connection's end), and nobody else, completes it.
 */

#include "rpc/channel.h"
#include "rpc/conn.h"
#include "rpc/nng.h"
#include "rpc/stream_table.h"
#include "rpc/url.h"

struct stream_channel;
struct client_call;

enum call_place {
    PLACE_NOWHERE = 0,
    PLACE_WAITING,
    PLACE_ON_CONN,
};

/* The answer as it came: kept for a blocking caller, who decodes it in its own thread. */
struct client_answer {
    struct rpc_frame status; /* its head and body point to room, kept or the receive buffer */
    char *kept;              /* owned */
    char room[512];
};

struct client_conn {
    struct rpc_conn base; /* first */
    struct stream_channel *channel;
    struct client_conn *previous, *next; /* the channel's list, under its lock */
    bool was_ready;                      /* channel's lock */
    /* under base.lock */
    struct rpc_stream_table calls;
    uint64_t next_stream;
    bool is_going; /* a goaway came: no more calls */
};

struct client_call {
    struct rpc_stream_entry entry; /* first */
    struct client_call *next_waiting;
    struct stream_channel *channel;
    struct client_conn *conn; /* a reference, once on a connection */
    enum call_place place;    /* channel's lock */
    bool wait_for_ready;

    /* What is sent. */
    const struct rpc_method *method; /* NULL: called by name */
    struct bs_str name;
    bs_deadline deadline;
    struct bs_buf metadata;          /* as on the wire */
    const ProtobufCMessage *message; /* while it can be packed; else `body` */
    struct bs_buf body;
    size_t size;

    /* What comes; under the connection's lock until the call is taken out. */
    struct rpc_inbox inbox;
    bool has_message; /* in the inbox, whole */
    struct bs_buf initial;
    struct client_answer answer;

    /* How it is completed: once, by who took it out. `error` when `frame` is NULL. */
    void (*complete)(struct client_call *call, const struct rpc_frame *frame,
                     const struct bs_error *error);
};

enum channel_state {
    CHANNEL_IDLE,
    CHANNEL_CONNECTING, /* dialling, or waiting for the hello */
    CHANNEL_READY,
    CHANNEL_BACKOFF, /* the last attempt failed; calls fail until the next */
};

struct stream_channel {
    struct rpc_channel base; /* first */
    struct bs_ref ref;       /* the owner's, each connection's, a dial's and the timer's */
    struct rpc_url url;
    int64_t connect_timeout_ns;
    nng_stream_dialer *dialer;
    nng_aio *dial_aio;
    struct rpc_job free_job;
    _Atomic uint64_t active; /* calls not yet completed */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    enum channel_state state;
    struct client_conn *current; /* a reference; READY only */
    struct client_conn *connections;
    size_t connections_count;
    struct client_call *waiting, **waiting_end;
    unsigned failures; /* attempts in a row */
    int64_t attempt_ns;
    struct rpc_timer retry_timer;
    struct bs_error last_error; /* BACKOFF: why */
    bool is_closed;
};

/* stream_channel.c */
/* Hands the call over: OK when somebody will complete it (perhaps has). */
BS_MUST_CHECK enum bs_code rpc_channel_submit(struct stream_channel *channel,
                                              struct client_call *call, struct bs_error *error);
/* Takes the call out of its place; true for who then completes it. Tells the server. */
bool rpc_channel_take_out(struct stream_channel *channel, struct client_call *call);
/* The call has ended: it stands nowhere any more. For calls that others may still try to take out.
 */
void rpc_channel_forget(struct stream_channel *channel, struct client_call *call);
void rpc_stream_channel_unref(struct stream_channel *channel);
/* The connection takes no more calls: the next goes to a new one. */
void rpc_channel_detach(struct stream_channel *channel, struct client_conn *conn);
void rpc_channel_connection_ready(struct client_conn *conn);
void rpc_channel_connection_closed(struct client_conn *conn, const struct bs_error *error);
void rpc_channel_connection_gone(struct stream_channel *channel);
void rpc_channel_attempt_failed(struct stream_channel *channel, const struct bs_error *error);

/* client_conn.c */
void rpc_client_take_stream(struct stream_channel *channel, nng_stream *stream,
                            bs_deadline deadline);
/* Writes the call's request and enters it. False when the connection takes none any more: nothing
 * was done. RPC_TOO_LARGE goes to the call. */
bool rpc_client_conn_send(struct client_conn *conn, struct client_call *call,
                          enum bs_code *ret_code, struct bs_error *error);
/* Out of the table, with a CANCEL to the server; false when it is not there any more. */
bool rpc_client_conn_take_out(struct client_conn *conn, struct client_call *call);

/* client_call.c */
void rpc_client_call_init(struct client_call *call, struct stream_channel *channel,
                          struct bs_str name, const struct rpc_client_options *options);
void rpc_client_call_fini(struct client_call *call);
enum bs_code rpc_channel_call_on_stream(struct rpc_channel *channel,
                                        const struct rpc_method *method,
                                        const struct rpc_client_options *options,
                                        const ProtobufCMessage *request, struct bs_arena *arena,
                                        ProtobufCMessage **ret_response, struct bs_error *error);
enum bs_code rpc_channel_call_bytes_on_stream(struct rpc_channel *channel, struct bs_str method,
                                              const struct rpc_client_options *options,
                                              struct bs_str request, struct bs_arena *arena,
                                              struct bs_str *ret_response, struct bs_error *error);
/* client_start.c */
struct rpc_client_call *rpc_channel_start_on_stream(struct rpc_channel *channel,
                                                    const struct rpc_method *method,
                                                    const struct rpc_client_options *options,
                                                    const ProtobufCMessage *request,
                                                    rpc_client_callback callback, void *self);
/* client_answer.c: what the peer's STATUS says. *ret_message is within the frame or the inbox. */
enum bs_code rpc_client_read_answer(const struct client_call *call, const struct rpc_frame *frame,
                                    const struct rpc_client_options *options,
                                    struct bs_str *ret_message, struct bs_error *error);

#endif
