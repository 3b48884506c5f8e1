#ifndef RPC_STIR_H
#define RPC_STIR_H

/*
 * Keeps nng's callbacks coming. Its task threads wait on one condition variable, and glibc before
 * 2.41 can lose a signal when several threads wait on one (sourceware.org, bug 25847): a callback
 * then stands in nng's queue until the next one is queued, which on a quiet connection is never
 * (seen: once in a few million callbacks). So while there is traffic, and for a second after it, an
 * empty callback is queued every few milliseconds, and takes with it whatever stands there. Any
 * thread.
 */

#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool rpc_stir_is_fresh; /* something was noted since the last look */
void rpc_stir_wake(void);

/* An operation was posted or a callback came. */
static inline void rpc_stir_note(void)
{
    if (!atomic_load_explicit(&rpc_stir_is_fresh, memory_order_relaxed))
        rpc_stir_wake();
}

#endif
