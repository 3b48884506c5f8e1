#ifndef TESTS_PROCEDURES_CASES_H
#define TESTS_PROCEDURES_CASES_H

/*
 * Calls and what must come of them, the same over every transport: directly, by stream, over HTTP.
 * A transport gives one function; the table is run in order over one world (test_world_setup),
 * later rows seeing what earlier ones did.
 */

#include "procedures/fixture.h"

struct test_case {
    const char *name;
    const char *method; /* "bandstand.v1.ConcertService/AddConcertToCampaign" */
    const char *user;   /* an account of the demo, or NOBODY */
    const char *request;
    enum bs_code code;
    /* OK: what the response must have (see test_json_has). */
    const char *expected;
    /* Else the error's reason and, where they are given, its whole message and the first field that
     * is at fault, by JSON name. */
    enum bs_reason reason;
    const char *message;
    const char *field;
};

extern const struct test_case test_cases[];
extern const size_t test_cases_count;

/* How a call ended; texts live as long as the world. */
struct test_answer {
    enum bs_code code;
    struct bs_str json;    /* the response with zeros; empty on failure */
    struct bs_str reason;  /* "concert.error/id-taken"; empty where OK */
    struct bs_str message; /* empty where OK */
    struct bs_str field;   /* of the first violation; empty when there is none */
};

/* Makes one call. `token` is NULL for nobody, else goes as Bearer token. */
typedef void (*test_transport)(void *self, const char *method, const char *token,
                               const char *request_json, struct test_answer *ret_answer);

/* Runs the whole table, signing users in over the transport itself; reports each row that is off by
 * its name, then fails. */
void test_cases_run(test_transport transport, void *self);

/* The transport that is none: through the world's dispatcher on this thread. */
void test_transport_direct(void *self, const char *method, const char *token,
                           const char *request_json, struct test_answer *ret_answer);
/* The same over any channel (self is a struct rpc_channel). */
void test_transport_channel(void *channel, const char *method, const char *token,
                            const char *request_json, struct test_answer *ret_answer);

#endif
