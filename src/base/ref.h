#ifndef BASE_REF_H
#define BASE_REF_H

/* An atomic reference count, to stand first in a shared object. Any thread. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"

struct bs_ref {
    _Atomic uint32_t count;
};

static inline void bs_ref_init(struct bs_ref *ref)
{
    atomic_init(&ref->count, 1);
}

static inline void bs_ref_get(struct bs_ref *ref)
{
    uint32_t before = atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
    BS_ASSERT(before > 0 && before < UINT32_MAX);
}

/* True for the last holder, who must free the object. */
static inline bool bs_ref_put(struct bs_ref *ref)
{
    uint32_t before = atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel);
    BS_ASSERT(before > 0);
    return before == 1;
}

/* Whether the caller, who holds one, is the only holder and so may change the object in place. */
static inline bool bs_ref_is_sole(const struct bs_ref *ref)
{
    return atomic_load_explicit(&ref->count, memory_order_acquire) == 1;
}

#endif
