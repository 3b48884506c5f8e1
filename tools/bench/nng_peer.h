#ifndef BENCH_NNG_PEER_H
#define BENCH_NNG_PEER_H

/* Raw nng as a peer: an echo on REQ/REP over ipc, both ends in this process. */

#include "bench.h"

struct nng_peer;

BS_MUST_CHECK enum bs_code nng_peer_open(unsigned in_flight, size_t message_bytes,
                                         struct nng_peer **ret_peer, struct bs_error *error);
/* Calls for `seconds`; *ret_rate is calls per second. */
BS_MUST_CHECK enum bs_code nng_peer_run(struct nng_peer *peer, double seconds, double *ret_rate,
                                        struct bs_error *error);
void nng_peer_close(struct nng_peer *peer); /* takes NULL */

#endif
