#ifndef RPC_KEEPER_H
#define RPC_KEEPER_H

/*
 * One thread of the process for what connections need beside their callbacks: timers, and work that
 * may not be done inside a callback of nng (freeing what the callback stands on). Started at first
 * use, then there for the process's life, as nng's own threads. Any thread; what it runs must not
 * block for long.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Embedded by its owner; zero-initialized but for `fire` and `self`. */
struct rpc_timer {
    void (*fire)(void *self); /* on the keeper's thread, no lock held */
    void *self;
    bs_deadline due;
    size_t heap_idx; /* 0: not set */
};

/* Sets or moves it. */
void rpc_timer_set(struct rpc_timer *timer, bs_deadline due);
/* True when it was set and will not fire; false when it was not, or is firing just now. */
bool rpc_timer_unset(struct rpc_timer *timer);

struct rpc_job {
    void (*run)(void *self);
    void *self;
    struct rpc_job *next;
};
/* Runs it once; the job's storage is free again when `run` begins. */
void rpc_keeper_run(struct rpc_job *job);

#endif
