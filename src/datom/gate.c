/*
 * Who is inside is said twice: by counters, for the one that closes, and in the thread, so that it
 * may enter again without looking at the gate. The order that matters: a thread counts itself in
 * before it looks whether the gate is closed, and the closer closes before it reads the counters;
 * both sequentially consistent, so that one of the two sees the other.
 */

#include "datom/gate.h"

/* Gates that one thread is inside of at once: a reader of two stores, at most. */
#define INSIDE_MAX 4

struct inside {
    const struct datom_gate *gate;
    uint32_t depth;
};

static _Thread_local struct inside inside[INSIDE_MAX];
static _Thread_local unsigned inside_count;
static _Thread_local unsigned lane_of_thread; /* one more than it, 0 until known */
static _Atomic unsigned next_lane;

void datom_gate_init(struct datom_gate *gate)
{
    memset(gate, 0, sizeof(*gate));
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->changed, NULL);
    pthread_mutex_init(&gate->closing, NULL);
}

void datom_gate_fini(struct datom_gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
    pthread_cond_destroy(&gate->changed);
    pthread_mutex_destroy(&gate->closing);
}

unsigned datom_gate_lane(void)
{
    if (lane_of_thread == 0)
        lane_of_thread = 1 + atomic_fetch_add(&next_lane, 1) % DATOM_GATE_LANES;
    return lane_of_thread - 1;
}

static struct inside *find_inside(const struct datom_gate *gate)
{
    for (unsigned i = 0; i < inside_count; i++) {
        if (inside[i].gate == gate)
            return &inside[i];
    }
    return NULL;
}

static void add_inside(const struct datom_gate *gate)
{
    BS_ASSERT(inside_count < INSIDE_MAX);
    inside[inside_count++] = (struct inside){.gate = gate, .depth = 1};
}

static void count_out(struct datom_gate *gate)
{
    atomic_fetch_sub(&gate->lanes[datom_gate_lane()].inside, 1);
    if (!atomic_load(&gate->is_closed))
        return;
    pthread_mutex_lock(&gate->lock);
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
}

void datom_gate_enter(struct datom_gate *gate)
{
    struct inside *known = find_inside(gate);
    if (known) {
        known->depth++;
        return;
    }
    for (;;) {
        atomic_fetch_add(&gate->lanes[datom_gate_lane()].inside, 1);
        if (!atomic_load(&gate->is_closed))
            break;
        count_out(gate);
        pthread_mutex_lock(&gate->lock);
        while (atomic_load(&gate->is_closed))
            pthread_cond_wait(&gate->changed, &gate->lock);
        pthread_mutex_unlock(&gate->lock);
    }
    add_inside(gate);
}

/* Whether that was the last of the thread's entries. */
static bool forget_inside(const struct datom_gate *gate)
{
    struct inside *known = find_inside(gate);
    BS_ASSERT(known);
    if (--known->depth > 0)
        return false;
    *known = inside[--inside_count];
    return true;
}

void datom_gate_leave(struct datom_gate *gate)
{
    if (forget_inside(gate))
        count_out(gate);
}

static bool is_anybody_inside(struct datom_gate *gate)
{
    for (unsigned i = 0; i < DATOM_GATE_LANES; i++) {
        if (atomic_load(&gate->lanes[i].inside) != 0)
            return true;
    }
    return false;
}

void datom_gate_close(struct datom_gate *gate)
{
    BS_ASSERT(!find_inside(gate));
    pthread_mutex_lock(&gate->closing);
    atomic_store(&gate->is_closed, true);
    pthread_mutex_lock(&gate->lock);
    while (is_anybody_inside(gate))
        pthread_cond_wait(&gate->changed, &gate->lock);
    pthread_mutex_unlock(&gate->lock);
    add_inside(gate);
}

void datom_gate_open(struct datom_gate *gate)
{
    bool is_last = forget_inside(gate);
    BS_ASSERT(is_last);
    pthread_mutex_lock(&gate->lock);
    atomic_store(&gate->is_closed, false);
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->lock);
    pthread_mutex_unlock(&gate->closing);
}
