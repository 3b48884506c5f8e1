#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Time as something that is handed over. Any thread. */

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

/* A clock: wall time in ms since 1970 UTC. Whoever makes one keeps it alive while it is used. */
struct bs_clock {
    int64_t (*now_ms)(void *self);
    void *self;
};

/* The machine's clock. */
BS_API struct bs_clock bs_clock_system(void);

/* A clock that stands where it is put; its storage is the caller's. */
struct bs_clock_fixed {
    _Atomic int64_t now_ms;
};
BS_API struct bs_clock bs_clock_of_fixed(struct bs_clock_fixed *fixed);

/* CLOCK_MONOTONIC in nanoseconds: for deadlines and measuring, never for facts. */
BS_API int64_t bs_monotonic_ns(void);

/*
 * A deadline in monotonic nanoseconds; INT64_MAX is none. `bs_deadline_after_ns` saturates.
 */
typedef int64_t bs_deadline;
#define BS_DEADLINE_NONE INT64_MAX
BS_API bs_deadline bs_deadline_after_ns(int64_t ns);
BS_API bool bs_deadline_passed(bs_deadline deadline);
/* Nanoseconds left, 0 when passed, INT64_MAX for none. */
BS_API int64_t bs_deadline_left_ns(bs_deadline deadline);

/*
 * What long work polls: a flag set by whoever cancels, and a deadline. Zero-initialized is "never":
 * so a struct bs_interrupt {0} with deadline 0 must not be used; use BS_INTERRUPT_INIT.
 */
struct bs_interrupt {
    _Atomic bool *cancelled; /* may be NULL; borrowed */
    bs_deadline deadline;
};
#define BS_INTERRUPT_INIT                                                                          \
    {                                                                                              \
        .cancelled = NULL, .deadline = BS_DEADLINE_NONE                                            \
    }

/* RPC_CANCELLED or RPC_DEADLINE when the work is to stop. `interrupt` may be NULL: never stops. */
BS_API enum bs_code bs_interrupt_check(const struct bs_interrupt *interrupt,
                                       struct bs_error *error);

#endif
