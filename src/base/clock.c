/* Clocks, deadlines and the flag that stops long work. */

#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    BS_ASSERT(failed == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t system_now_ms(void *self)
{
    (void)self;
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

struct bs_clock bs_clock_system(void)
{
    return (struct bs_clock){.now_ms = system_now_ms, .self = NULL};
}

static int64_t fixed_now_ms(void *self)
{
    struct bs_clock_fixed *fixed = self;
    return atomic_load_explicit(&fixed->now_ms, memory_order_acquire);
}

struct bs_clock bs_clock_of_fixed(struct bs_clock_fixed *fixed)
{
    return (struct bs_clock){.now_ms = fixed_now_ms, .self = fixed};
}

int64_t bs_monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

bs_deadline bs_deadline_after_ns(int64_t ns)
{
    int64_t deadline;
    if (__builtin_add_overflow(bs_monotonic_ns(), ns, &deadline))
        return ns > 0 ? BS_DEADLINE_NONE : INT64_MIN;
    return deadline;
}

bool bs_deadline_passed(bs_deadline deadline)
{
    return deadline != BS_DEADLINE_NONE && bs_monotonic_ns() >= deadline;
}

int64_t bs_deadline_left_ns(bs_deadline deadline)
{
    if (deadline == BS_DEADLINE_NONE)
        return INT64_MAX;
    int64_t now = bs_monotonic_ns();
    return now >= deadline ? 0 : deadline - now;
}

enum bs_code bs_interrupt_check(const struct bs_interrupt *interrupt, struct bs_error *error)
{
    if (!interrupt)
        return BS_OK;
    if (interrupt->cancelled && atomic_load_explicit(interrupt->cancelled, memory_order_relaxed))
        return bs_error_set(error, BS_REASON_RPC_CANCELLED, "the work was cancelled");
    if (bs_deadline_passed(interrupt->deadline))
        return bs_error_set(error, BS_REASON_RPC_DEADLINE, "the deadline has passed");
    return BS_OK;
}
