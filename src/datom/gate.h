#ifndef DATOM_GATE_H
#define DATOM_GATE_H

/*
 * A gate before something that many use at once and that one must now and then have alone: the
 * engine, when snapshots and iterators are taken back under their holders. Those who pass count
 * themselves in and out, two atomic operations on a counter that few threads share; whoever closes
 * the gate waits until all are out.
 *
 * A thread that is inside may enter again (which costs no atomic operation), even while the gate
 * closes. Inside, nobody waits for a thread that might be outside: a pass is as short as a batch
 * of a cursor. Any thread.
 */

#include <pthread.h>

#include "base/base.h"

/* Threads share counters modulo this. */
#define DATOM_GATE_LANES 16u

struct datom_gate {
    _Atomic bool is_closed;
    pthread_mutex_t lock;    /* of `changed` */
    pthread_cond_t changed;  /* somebody went out while it was closed, or it opened */
    pthread_mutex_t closing; /* held from close to open */
    struct {
        _Alignas(64) _Atomic uint32_t inside;
    } lanes[DATOM_GATE_LANES];
};

void datom_gate_init(struct datom_gate *gate);
void datom_gate_fini(struct datom_gate *gate);

/* Waits while the gate is closed. */
void datom_gate_enter(struct datom_gate *gate);
void datom_gate_leave(struct datom_gate *gate);
/* The calling thread's lane: the same for all gates and all its life. */
unsigned datom_gate_lane(void);

/*
 * Closes, and returns when everybody else is out; the caller then counts as inside. Two threads
 * that close take turns. The caller must not be inside.
 */
void datom_gate_close(struct datom_gate *gate);
/* By the thread that closed it. */
void datom_gate_open(struct datom_gate *gate);

#endif
