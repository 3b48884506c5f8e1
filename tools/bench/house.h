#ifndef BENCH_HOUSE_H
#define BENCH_HOUSE_H

/*
 * The server's inside, as `bandstand serve --memory --demo` has it: universe, interceptors, all
 * services, and the echo that the rows call.
 */

#include "bench.h"
#include "echo_gen.h"
#include "procedures/procedures.h"
#include "rpc/rpc.h"

/* A message of one string of this length is 100 bytes on the wire. */
#define HOUSE_TEXT_LEN 98

struct house {
    struct datom_conn *conn;
    struct universe *universe;
    struct rpc_dispatcher *dispatcher;
    struct rpc_channel *direct;
    char text[HOUSE_TEXT_LEN + 1];
    char bearer[128]; /* "Bearer TOKEN" of the demo's owner */
};

BS_MUST_CHECK enum bs_code house_open(struct house *house, struct bs_error *error);
void house_close(struct house *house); /* a zeroed one too */

/* One blocking echo over a channel; the arena is reset before. */
BS_MUST_CHECK enum bs_code house_echo(const struct house *house, struct rpc_channel *channel,
                                      struct bs_arena *arena, struct bs_error *error);

#endif
