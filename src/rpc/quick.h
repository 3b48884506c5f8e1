#ifndef RPC_QUICK_H
#define RPC_QUICK_H

/*
 * Which methods are quick enough to be run by the reader itself, without a turn through the
 * workers: learned from how long they take. A method starts with the workers; after
 * RPC_QUICK_TRIALS calls in a row that were answered at once it is run inline; a single inline run
 * that is slow sends it back to the workers for a while that doubles each time. Counters are
 * relaxed: a lost update costs nothing.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

#define RPC_QUICK_TRIALS 16
#define RPC_QUICK_QUEUED_NS 2000000 /* from arrival to answer, by a worker */
#define RPC_QUICK_INLINE_NS 200000  /* of an inline run */
#define RPC_QUICK_FORGIVEN 10000    /* quick runs in a row, after which slow ones are forgotten */

struct rpc_quick {
    _Atomic int32_t level;    /* negative: so many trials are to come; else quick runs in a row */
    _Atomic uint32_t strikes; /* slow inline runs that are not forgiven */
    _Atomic bool is_known;
};

static inline bool rpc_quick_is_quick(const struct rpc_quick *quick)
{
    return atomic_load_explicit(&quick->is_known, memory_order_relaxed) &&
           atomic_load_explicit(&quick->level, memory_order_relaxed) >= 0;
}

/* A worker's run took so long. */
static inline void rpc_quick_note_queued(struct rpc_quick *quick, int64_t ns)
{
    int32_t level = atomic_load_explicit(&quick->level, memory_order_relaxed);
    if (!atomic_load_explicit(&quick->is_known, memory_order_relaxed)) {
        level = -RPC_QUICK_TRIALS;
        atomic_store_explicit(&quick->is_known, true, memory_order_relaxed);
    }
    if (ns > RPC_QUICK_QUEUED_NS)
        level = BS_MIN(level, -RPC_QUICK_TRIALS);
    else if (level < 0)
        level++;
    atomic_store_explicit(&quick->level, level, memory_order_relaxed);
}

static inline void rpc_quick_note_inline(struct rpc_quick *quick, int64_t ns)
{
    int32_t level = atomic_load_explicit(&quick->level, memory_order_relaxed);
    uint32_t strikes = atomic_load_explicit(&quick->strikes, memory_order_relaxed);
    if (ns > RPC_QUICK_INLINE_NS) {
        level = -(int32_t)(64u << BS_MIN(strikes, 10u));
        strikes++;
    } else if (++level > RPC_QUICK_FORGIVEN) {
        level = 0;
        strikes = 0;
    }
    atomic_store_explicit(&quick->level, level, memory_order_relaxed);
    atomic_store_explicit(&quick->strikes, strikes, memory_order_relaxed);
}

#endif
