/* The stirrer: a timer of the keeper, and a few operations of nng that do nothing. */

#include "rpc/stir.h"

#include <nng/nng.h>
#include <pthread.h>

#include "base/attributes.h"
#include "rpc/keeper.h"

#define PERIOD_NS 5000000
#define QUIET_ROUNDS 200
/* More than one, as an empty callback may be what is stuck. */
#define SPOONS 4

struct spoon {
    nng_aio *aio;
    _Atomic bool is_out; /* its callback has not come back */
};

_Atomic bool rpc_stir_is_fresh;

static struct {
    struct spoon spoons[SPOONS];
    pthread_mutex_t lock;
    bool is_running; /* the timer will fire, or fires */
    int quiet_rounds;
    struct rpc_timer timer;
} stirrer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void come_back(void *self)
{
    struct spoon *spoon = (struct spoon *)self;
    atomic_store(&spoon->is_out, false);
}

static void stir_once(void)
{
    for (size_t i = 0; i < SPOONS; i++) {
        struct spoon *spoon = &stirrer.spoons[i];
        if (atomic_load(&spoon->is_out))
            continue;
        if (!spoon->aio) /* only heap exhaustion fails */
            BS_ASSERT(nng_aio_alloc(&spoon->aio, come_back, spoon) == 0);
        atomic_store(&spoon->is_out, true);
        if (nng_aio_begin(spoon->aio))
            nng_aio_finish(spoon->aio, 0);
        return;
    }
}

static void stir(void *self)
{
    (void)self;
    bool was_fresh = atomic_exchange(&rpc_stir_is_fresh, false);
    stir_once();
    pthread_mutex_lock(&stirrer.lock);
    stirrer.quiet_rounds = was_fresh ? 0 : stirrer.quiet_rounds + 1;
    /* what is noted between the look above and here wakes it again */
    stirrer.is_running = stirrer.quiet_rounds < QUIET_ROUNDS || atomic_load(&rpc_stir_is_fresh);
    if (stirrer.is_running)
        rpc_timer_set(&stirrer.timer, bs_deadline_after_ns(PERIOD_NS));
    pthread_mutex_unlock(&stirrer.lock);
}

void rpc_stir_wake(void)
{
    if (atomic_exchange(&rpc_stir_is_fresh, true))
        return;
    pthread_mutex_lock(&stirrer.lock);
    if (!stirrer.is_running) {
        stirrer.is_running = true;
        stirrer.quiet_rounds = 0;
        stirrer.timer.fire = stir;
        rpc_timer_set(&stirrer.timer, bs_deadline_after_ns(PERIOD_NS));
    }
    pthread_mutex_unlock(&stirrer.lock);
}
