#ifndef RPC_CONN_H
#define RPC_CONN_H

/*
 * A connection, either end: frames over one nng byte stream. Server and client embed it first in
 * their own.
 *
 * Threads: frames come from one callback of nng at a time (the reader), which never waits for the
 * writer. Anybody writes: with `lock` held, into `pending`; one send is under way at a time, and
 * what is written meanwhile goes with the next. A receive is never cancelled: a connection ends by
 * closing its stream, and `closed` comes once, from the reader, after the last frame.
 */

#include <nng/nng.h>
#include <pthread.h>

#include "base/ref.h"
#include "rpc/frame.h"
#include "rpc/keeper.h"

#define RPC_WINDOW_BYTES (256u * 1024) /* initial credit that we give */

struct rpc_conn;

struct rpc_conn_events {
    /* The peer's hello has come and stands in conn->peer. */
    void (*hello)(struct rpc_conn *conn);
    /* Not OK: the peer broke the format; the connection ends with a goaway that says so. */
    enum bs_code (*frame)(struct rpc_conn *conn, const struct rpc_frame *frame,
                          struct bs_error *error);
    /* Something else than a hello came: may write an answer to `out`. NULL: none. */
    void (*stranger)(struct rpc_conn *conn, struct bs_str first_bytes, struct bs_buf *out);
    /* Nothing comes any more and nothing goes. */
    void (*closed)(struct rpc_conn *conn, const struct bs_error *error);
    /* The last reference has gone; on the keeper's thread. Frees the object that `conn` is in. */
    void (*free)(struct rpc_conn *conn);
};

/* A message that did not go at once: it goes by pieces, in turns with others, as credit allows. */
struct rpc_outgoing {
    struct rpc_outgoing *next;
    uint64_t stream;
    uint64_t credit;
    struct bs_buf body;
    size_t offset;
    uint8_t last_flags;  /* of the last piece, beside MESSAGE */
    struct bs_buf after; /* whole frames that follow the last piece */
};

struct rpc_conn {
    struct bs_ref ref;
    const struct rpc_conn_events *events;
    nng_stream *stream;
    nng_aio *recv_aio, *send_aio;
    struct rpc_decoder decoder; /* the reader's */
    struct rpc_hello peer;      /* set by the reader before events->hello, then fixed */
    struct rpc_timer hello_timer, finish_timer;
    struct rpc_job free_job;

    /* Read-locked around posting an operation, write-locked to end that: nng 1.5.2 forgets what is
     * posted on a stream that was closed, and its callback never comes. */
    pthread_rwlock_t posting;
    bool takes_posts;

    pthread_mutex_t lock; /* of all below, and of what the owner says */
    struct bs_buf pending, sending;
    size_t sent;                         /* of `sending` */
    struct rpc_outgoing *ready, *parked; /* parked: without credit */
    size_t outgoing_count;
    bool is_sending;
    bool is_corked;       /* the reader works on a batch and will flush at its end */
    bool is_finishing;    /* closes when all is sent; nothing more is taken */
    bool lingers;         /* and when the peer has had time to read it and close */
    bool is_closed;       /* its stream is */
    struct bs_error *why; /* the first reason for closing; owned */
    uint64_t bytes_in, bytes_out;
};

/* Takes the stream; one reference, the caller's. */
void rpc_conn_init(struct rpc_conn *conn, nng_stream *stream, const struct rpc_conn_events *events);
/* Starts reading. The peer's hello must come before `deadline`. */
void rpc_conn_start(struct rpc_conn *conn, bs_deadline deadline);
void rpc_conn_ref(struct rpc_conn *conn);
void rpc_conn_unref(struct rpc_conn *conn);

static inline void rpc_conn_lock(struct rpc_conn *conn)
{
    pthread_mutex_lock(&conn->lock);
}
/* Whether frames may still be written to conn->pending. */
static inline bool rpc_conn_is_open_locked(const struct rpc_conn *conn)
{
    return !conn->is_finishing && !conn->is_closed;
}
/* Sends what is pending, unless a send is under way or the reader will do it; unlocks. */
void rpc_conn_flush_and_unlock(struct rpc_conn *conn);

/* Queues the rest of a message from `offset` on; takes both buffers. */
void rpc_conn_queue_locked(struct rpc_conn *conn, uint64_t stream, struct bs_buf *body,
                           size_t offset, uint64_t credit, uint8_t last_flags,
                           struct bs_buf *after);
/* More credit for a queued message; nothing when there is none. RPC_PROTOCOL when it overflows. */
BS_MUST_CHECK enum bs_code rpc_conn_add_credit(struct rpc_conn *conn, uint64_t stream,
                                               uint32_t credit, struct bs_error *error);
/* Forgets a queued message. */
void rpc_conn_drop_outgoing_locked(struct rpc_conn *conn, uint64_t stream);

/* Closes now. The first reason stays. */
void rpc_conn_close(struct rpc_conn *conn, const struct bs_error *error);
/* Sends what is there and a goaway (not NULL), takes nothing more, closes when that is out, or
 * after `timeout_ms`. With `lingers`, waits a moment for the peer to close first: closing while
 * bytes from the peer are unread would reset the connection under what it has not read yet. */
void rpc_conn_finish(struct rpc_conn *conn, const struct rpc_goaway *goaway, int64_t timeout_ms,
                     bool lingers);

/* How much of a message a stream may still send us, and when to give more. */
struct rpc_inbox {
    struct bs_buf message;
    uint32_t credit;
};
void rpc_inbox_init(struct rpc_inbox *inbox, size_t max_bytes);
void rpc_inbox_fini(struct rpc_inbox *inbox);
/* Takes a piece. RPC_PROTOCOL when it is more than the credit; *ret_grant is what to give back now
 * (0: nothing), *ret_fits whether the message is still within its maximum. */
BS_MUST_CHECK enum bs_code rpc_inbox_take(struct rpc_inbox *inbox, const struct rpc_frame *frame,
                                          uint32_t *ret_grant, bool *ret_fits,
                                          struct bs_error *error);

#endif
