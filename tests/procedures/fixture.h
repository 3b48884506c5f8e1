#ifndef TESTS_PROCEDURES_FIXTURE_H
#define TESTS_PROCEDURES_FIXTURE_H

/*
 * The starting universe of scenarios: a store in memory with the demo's data at a time that stands
 * still, and a dispatcher over it. Tests fork it, try things, and drop the fork; nothing is set up
 * or cleaned up, and what fails in one branch is not seen by another.
 *
 *     BRANCH(fork, world->universe) {
 *         test_ok(fork, OWNER, "bandstand.v1.ConcertService/AddConcertToCampaign", "{...}");
 *         BRANCH(later, fork) { ... }
 *     }
 */

#include "procedures/procedures.h"
#include "rpc/rpc.h"
#include "support.h"

#define TEST_NOW_MS INT64_C(1777636800000) /* 2026-05-01T12:00:00Z */
#define TEST_DAY_MS (INT64_C(24) * 3600 * 1000)

#define NOBODY NULL
#define OWNER PROCEDURES_DEMO_OWNER
#define EDITOR PROCEDURES_DEMO_EDITOR
#define STRANGER PROCEDURES_DEMO_STRANGER

struct test_world {
    struct datom_conn *conn;
    struct bs_clock_fixed clock;
    struct universe *universe;
    struct rpc_dispatcher *dispatcher;
    struct rpc_channel *channel; /* direct */
    struct bs_arena *arena;      /* of what tests read; goes with the world */
};

/* Made once in a process, for all tests of an executable; for cmocka's group setup and teardown. */
struct test_world *test_world(void);
int test_world_setup(void **state);
int test_world_teardown(void **state);

/* A fork that is dropped where the block is left, by whatever way but longjmp. */
#define BRANCH(fork, parent)                                                                       \
    for (BS_CLEANUP(universe_freep) struct universe *fork = test_fork(parent),                     \
                                                    *fork##_once = fork;                           \
         fork##_once; fork##_once = NULL)
struct universe *test_fork(const struct universe *parent);

struct test_result {
    enum bs_code code;
    struct bs_error error;
    struct bs_str json; /* the response, zeros printed; empty on failure */
    int64_t basis_t;    /* negative: none came */
};

/*
 * A call through everything that stands before a procedure, in a universe; `user` is an account's
 * address or NOBODY, signed in without a token. Results live as long as the world.
 */
struct test_result test_call(const struct universe *universe, const char *user, const char *method,
                             const char *request_json);
/* The same with an arena of the test's for what the procedure makes: one with a cap. */
struct test_result test_call_within(const struct universe *universe, struct bs_arena *arena,
                                    const char *user, const char *method, const char *request_json);
/* The same with metadata, "key: value" lines, and no user but by these. */
struct test_result test_call_with(const struct universe *universe, const char *metadata,
                                  const char *method, const char *request_json);
/* Fails the test unless it is OK; the response's JSON. */
struct bs_str test_ok(const struct universe *universe, const char *user, const char *method,
                      const char *request_json);
/* Fails the test unless it fails for the reason. */
void test_fails(const struct universe *universe, const char *user, const char *method,
                const char *request_json, enum bs_reason reason);

/* Fails the test unless `json` has everything that `expected` has: members of objects by name,
 * arrays whole, values equal. */
void test_json_has(struct bs_str json, const char *expected);
/* Why `json` does not have what `expected` has; NULL when it has. In the arena. */
const char *test_json_misses(struct bs_str json, const char *expected, struct bs_arena *arena);
/* A string inside, by a path of member names ("concert.id"); empty when there is none. */
struct bs_str test_json_text(struct bs_str json, const char *path);
/* How many members the array has that `path` names. */
size_t test_json_count(struct bs_str json, const char *path);

/* The mails that left a universe. */
size_t test_mails(const struct universe *universe);

#endif
