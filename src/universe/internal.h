#ifndef UNIVERSE_INTERNAL_H
#define UNIVERSE_INTERNAL_H

/* What the files of this room share. */

#include <pthread.h>
#include <stdatomic.h>

#include "rpc/rpc.h"
#include "universe/universe.h"

#define UNIVERSE_DIGEST_BYTES 32
/* Chance is a digest of a key, and keys come from chance. */
#define UNIVERSE_KEY_BYTES UNIVERSE_DIGEST_BYTES

struct universe_gate;

/* What a universe owns beside the struct that calls copy. Freed with it. */
struct universe_shared {
    uint8_t key[UNIVERSE_KEY_BYTES]; /* all chance comes from it; kept nowhere else */
    _Atomic uint64_t ordinal;        /* numbers calls and forks */
    struct bs_clock_fixed fixed;     /* a fork's clock */
    bool owns_clock;
    struct services_mail_double *mail_double; /* NULL: the service is somebody else's */
    /* Mails of transactions up to here are not ours to send: they were the parent's. */
    uint64_t floor_t;
    pthread_mutex_t delivery;    /* one delivers at a time */
    struct universe_gate *gates; /* one for each dispatcher */
};

extern const char universe_schema_text[];

/* Any thread. */
void universe_sha256(const void *bytes, size_t size, uint8_t ret_digest[UNIVERSE_DIGEST_BYTES]);

/* SHA-256 of key, label and numbers: how everything is drawn. */
void universe_derive(const uint8_t key[UNIVERSE_KEY_BYTES], const char *label, uint64_t a,
                     uint64_t b, uint8_t ret_block[UNIVERSE_KEY_BYTES]);

/* The universe that a call is about: the one it brings, or the dispatcher's. */
const struct universe *universe_of_call(const struct universe *universe,
                                        const struct rpc_call *call);
/* Who calls, as the auth interceptor found out; nobody when it has not run. Borrowed. */
const struct universe_caller *universe_caller_of(const struct rpc_call *call);

/* AUTH_NOT_SIGNED_IN or AUTH_BAD_TOKEN when it is nobody. */
enum bs_code universe_require_caller(const struct rpc_call *call, struct bs_error *error);

/* What interceptors and hooks get as self; owned by the universe that they serve. */
struct universe_gate {
    struct universe_gate *next;
    const struct universe *universe;
    const struct universe_resource *resources;
    size_t resources_count;
    _Atomic unsigned basis_waiters; /* calls that wait for a min-basis-t */
};

/* universe_deliver_due that can be stopped between two mails. */
enum bs_code universe_deliver(const struct universe *universe, const struct bs_interrupt *interrupt,
                              size_t *ret_sent, struct bs_error *error);

enum bs_code universe_auth_before(void *self, struct rpc_call *call, struct bs_error *error);
enum bs_code universe_access_before(void *self, struct rpc_call *call, struct bs_error *error);

#endif
