#ifndef TESTS_BRIDGE_FIXTURE_H
#define TESTS_BRIDGE_FIXTURE_H

/*
 * A bridge on a free port before a dispatcher with a small service, and a client that writes bytes
 * as they are given and reads answers. Requests and responses are rpc.v1.Status; most methods
 * answer with what they got. The routes are in fixture.c.
 */

#include <pthread.h>

#include "bridge/bridge.h"
#include "http/http.h"
#include "rpc/rpc.h"

#define TEST_TOKEN "tok-123"

struct test_bridge {
    struct rpc_dispatcher *dispatcher;
    struct bridge *bridge;
    int port;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool released;
    int entered;             /* handlers of Block that have begun */
    int interrupted;         /* ... that were told to stop */
    _Atomic int64_t basis_t; /* of all answers; negative: none */
};

/* `options` may be NULL; dispatcher and address are filled in. */
void test_bridge_init(struct test_bridge *test, const struct bridge_options *options);
void test_bridge_fini(struct test_bridge *test);
void test_bridge_release(struct test_bridge *test);
void test_bridge_wait_entered(struct test_bridge *test, int entered);
int test_bridge_interrupted(struct test_bridge *test);
void test_bridge_wait_interrupted(struct test_bridge *test, int interrupted);

struct test_client {
    int fd;
    struct bs_buf in; /* read and not yet taken */
};
struct test_answer {
    struct bs_buf bytes;
    struct http_response response; /* views of bytes */
    struct bs_str body;
};

void test_client_open(struct test_client *client, const struct test_bridge *test);
void test_client_close(struct test_client *client);
void test_client_send(struct test_client *client, struct bs_str bytes);
/* One answer; fails when none comes. `to_head`: it has no body whatever its length says. */
void test_client_receive(struct test_client *client, bool to_head, struct test_answer *ret_answer);
void test_answer_fini(struct test_answer *answer);
/* Whether the server has closed and nothing is left to read; waits for it. */
bool test_client_is_closed(struct test_client *client);
/* A field's value, "" when there is none. */
const char *test_answer_field(struct test_answer *answer, const char *name);

/* A request on a connection of its own: writes `text`, reads one answer. */
void test_do(const struct test_bridge *test, const char *text, struct test_answer *ret_answer);
/* The same, for the status alone. */
int test_status(const struct test_bridge *test, const char *text);
/* "GET /x HTTP/1.1", Host, further lines (each ended by CRLF), an empty line. */
#define TEST_HEAD(line, fields) line " HTTP/1.1\r\nHost: test\r\n" fields "\r\n"

#endif
