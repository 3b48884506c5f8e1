#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

/*
 * HTTP/1.1 before a dispatcher: procedures by the http options of their methods, bodies in proto3
 * JSON, the clients' files, health and metrics. Prefix bridge_. docs/bridge.md says what goes over
 * the wire.
 *
 * Inside: loops (libevent, one thread each) read requests and write answers; a method's call runs
 * on the dispatcher's workers, which decode the request and encode the answer too. Nothing of a
 * loop waits for a handler. Requests of one connection are answered one after another, in order.
 *
 * Any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "rpc/dispatcher.h"

/* A file that stands at many paths, one for each thing that a public method finds. */
struct bridge_page {
    const char *path;   /* a template with one variable: "/campaign/{slug}/landing" */
    const char *file;   /* below web_dir: "landing/index.html" */
    const char *method; /* a unary one; the page is there when it answers OK */
    const char *field;  /* of its request, that gets the variable's value */
    /* Other paths that lead there by 302: a template with the same variable, or NULL. */
    const char *short_path;
};

/* Zeros stand for the defaults. */
struct bridge_timeouts {
    int64_t head_ms;           /* for a whole head, from its first byte; 10,000 */
    int64_t body_grace_ms;     /* after that long a body must have come at ... ; 10,000 */
    int64_t idle_ms;           /* without a request; 60,000 */
    int64_t write_stall_ms;    /* a client that takes nothing of its answer; 30,000 */
    uint64_t body_bytes_per_s; /* ... this rate since its beginning; 1,024 */
};

struct bridge_options {
    struct rpc_dispatcher *dispatcher; /* outlives the bridge */
    const char *address;               /* "127.0.0.1:7480", "[::1]:0", ":80" */
    unsigned loops;                    /* threads; 0: the machine's processors, at most 8 */
    size_t max_connections;            /* 0: BS_LIMIT_CONNECTIONS */
    const char *web_dir;               /* where the clients' files are; NULL: none are served */
    struct bs_str openapi;             /* what stands at /openapi.json; empty: nothing; borrowed */
    const struct bridge_page *pages;   /* borrowed, with their texts */
    size_t pages_count;
    bool secure_cookies; /* of sessions: browsers send them over https only */
    struct bridge_timeouts timeouts;
    /* Whether what is behind the dispatcher takes calls; else appends why not, a line without its
     * end, for /readyz. Not to wait: a loop asks. May be NULL. */
    bool (*is_ready)(void *self, struct bs_buf *ret_why);
    void *ready_self;
    /* Appends further Prometheus text to /metrics; may be NULL. */
    void (*write_metrics)(void *self, struct bs_buf *out);
    void *metrics_self;
};

struct bridge;

/*
 * Listens, so that the address is taken and its clients wait; requests are read from bridge_start
 * on. CLI_USAGE for an address that can't be, RPC_CONNECTION when it can't be had, INTERNAL for two
 * routes of the same form, CLI_FILE when web_dir is no folder. The dispatcher has been started.
 */
BS_API BS_MUST_CHECK enum bs_code bridge_open(const struct bridge_options *options,
                                              struct bridge **ret_bridge, struct bs_error *error);
/* CLI_USAGE for an address that can't be, before anything is opened. */
BS_API BS_MUST_CHECK enum bs_code bridge_check_address(const char *address, struct bs_error *error);
/* Once. */
BS_API void bridge_start(struct bridge *bridge);
/* "http://127.0.0.1:7480", with the port that was given for 0; borrowed. */
BS_API const char *bridge_url(const struct bridge *bridge);
/* Stops accepting, closes idle connections; others close after their answer. After
 * rpc_dispatcher_drain. */
BS_API void bridge_drain(struct bridge *bridge);
/* Cancels the calls that are left, sends what is answered (at most a second), waits for handlers,
 * frees. Takes NULL. */
BS_API void bridge_close(struct bridge *bridge);

struct bridge_counters {
    uint64_t accepted, connections; /* since the start; now */
    uint64_t refused_connections;   /* beyond max_connections */
    uint64_t requests;
    uint64_t by_class[6]; /* of status: [4] is 4xx; [0] unused */
    uint64_t malformed;   /* refused before there was a request */
    uint64_t timed_out;   /* head, body or writing took too long */
    uint64_t cancelled;   /* calls whose client went away */
};
BS_API void bridge_counters(const struct bridge *bridge, struct bridge_counters *ret_counters);
/* Appends Prometheus text. */
BS_API void bridge_write_metrics(const struct bridge *bridge, struct bs_buf *out);

#endif
