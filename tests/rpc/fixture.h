#ifndef TESTS_RPC_FIXTURE_H
#define TESTS_RPC_FIXTURE_H

/*
 * A dispatcher with a small service whose handlers do as the request's text says, and calls whose
 * answers are kept. Requests are rpc.v1.HealthCheckRequest (a text), responses HealthCheckResponse
 * (a number). The text of a request, by words: "echo N"     response N            "fail N" status N
 * with reason and a field "block"      until released or interrupted       "deaf"  until released,
 * whatever happens "wait"       as block, having given up its run slot "inner T"    calls itself
 * directly with text T, passes on what comes "memory N"   takes N bytes of the arena
 */

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/rpc.h"
#include "rpc/v1/health.pb-c.h"

enum {
    TEST_RUN,     /* unary, public */
    TEST_SIGNED,  /* unary, signed_in, NO_SIDE_EFFECTS, deadline 50 ms, request at most 64 bytes */
    TEST_COUNT,   /* server stream: "N" gives 1..N */
    TEST_SUM,     /* client stream: sum of the requests' numbers */
    TEST_CHAT,    /* both: each number once more */
    TEST_CONTEXT, /* unary, public, in the service that takes a struct test_context */
};
extern const struct rpc_service test_service;
extern const struct rpc_service test_context_service;
const struct rpc_method *test_method(int which);

struct test_context {
    int number;
};

struct test_server {
    struct rpc_dispatcher *dispatcher;
    struct rpc_channel *direct;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool released;
    int entered;  /* handlers that have begun */
    int finished; /* handlers that have ended */
    int opened, closed;
    enum bs_code open_fails;
    char trace[2048]; /* what interceptors wrote */
    int observed[17];
};

/* `options` may be NULL. Interceptors may be added before test_server_start. */
void test_server_init(struct test_server *server, const struct rpc_dispatcher_options *options);
void test_server_start(struct test_server *server);
void test_server_fini(struct test_server *server);
void test_server_release(struct test_server *server);
/* Until `entered` handlers have begun. */
void test_server_wait_entered(struct test_server *server, int entered);
void test_server_trace(struct test_server *server, const char *format, ...) BS_PRINTF(2, 3);

/* One call through the workers, its answer kept. */
struct test_call {
    struct rpc_call *call;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct bs_buf request;
    int answers;
    int releases;
    enum bs_code code;
    struct bs_error error;
    int number;
    int64_t retry_after_ms;
    size_t violations;
    char basis_t[24];
    int64_t answered_ns;
};

void test_call_init(struct test_call *call, struct test_server *server, int method,
                    const char *text, const struct rpc_metadata *metadata, bs_deadline deadline);
/* By any name and bytes; `bytes` NULL: no request. */
void test_call_init_raw(struct test_call *call, struct test_server *server, const char *name,
                        const char *bytes, size_t size);
void test_call_start(struct test_call *call);
/* Waits for the answer and gives its code. */
enum bs_code test_call_finish(struct test_call *call);
void test_call_fini(struct test_call *call);
/* init, start, finish; the caller does fini. */
enum bs_code test_call_do(struct test_call *call, struct test_server *server, int method,
                          const char *text);

/* One direct call; -1 as number unless OK. */
enum bs_code test_direct(struct test_server *server, int method, const char *text,
                         const struct rpc_client_options *options, int *ret_number,
                         struct bs_error *error);

#endif
