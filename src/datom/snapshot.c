/*
 * Snapshots, their registry, and taking them back. What a snapshot needs to be read natively goes
 * only while the gate is closed; so a reader that is inside may look at `is_live` without a lock,
 * and what it found stays so until it is out.
 */

#include "datom/snapshot.h"

#include "datom/branch.h"
#include "datom/rocks_store.h"

#define HOLD_MS_DEFAULT 60000u

void rocks_snapshots_init(struct datom_store *store, uint64_t hold_ms)
{
    uint64_t ms = BS_MIN(hold_ms > 0 ? hold_ms : HOLD_MS_DEFAULT, (uint64_t)INT64_MAX / 1000000);
    store->hold_ns = (int64_t)ms * 1000000;
    datom_gate_init(&store->gate);
    pthread_mutex_init(&store->held_lock, NULL);
    rocks_timer_init(store);
    for (unsigned i = 0; i < DATOM_GATE_LANES; i++)
        pthread_mutex_init(&store->lanes[i].lock, NULL);
}

void rocks_snapshots_fini(struct datom_store *store)
{
    rocks_timer_fini(store);
    BS_ASSERT(!store->held_first);
    datom_schema_unref(store->newest_schema);
    for (unsigned i = 0; i < DATOM_GATE_LANES; i++) {
        BS_ASSERT(!store->lanes[i].first);
        pthread_mutex_destroy(&store->lanes[i].lock);
    }
    pthread_mutex_destroy(&store->held_lock);
    datom_gate_fini(&store->gate);
}

/* ---- the registry ---- */

static void hold_locked(struct datom_snapshot *snapshot)
{
    struct datom_store *store = snapshot->store;
    snapshot->held_prev = store->held_last;
    if (store->held_last)
        store->held_last->held_next = snapshot;
    else
        store->held_first = snapshot;
    store->held_last = snapshot;
}

static void let_go_locked(struct datom_snapshot *snapshot)
{
    struct datom_store *store = snapshot->store;
    if (snapshot->held_prev)
        snapshot->held_prev->held_next = snapshot->held_next;
    else
        store->held_first = snapshot->held_next;
    if (snapshot->held_next)
        snapshot->held_next->held_prev = snapshot->held_prev;
    else
        store->held_last = snapshot->held_prev;
    snapshot->held_prev = snapshot->held_next = NULL;
    if (store->newest == snapshot)
        store->newest = NULL;
}

/* Gives the engine's part back. Iterators on it are gone, or go before the gate opens. */
static void give_back_locked(struct datom_snapshot *snapshot)
{
    let_go_locked(snapshot);
    snapshot->is_live = false;
    if (snapshot->native)
        rocksdb_release_snapshot(snapshot->store->db, snapshot->native);
    snapshot->native = NULL;
}

static struct datom_snapshot *take_locked(struct datom_store *store)
{
    struct datom_snapshot *snapshot = bs_calloc(1, sizeof(*snapshot));
    bs_ref_init(&snapshot->ref);
    snapshot->store = datom_store_ref(store);
    snapshot->is_live = store->db != NULL;
    snapshot->read = rocksdb_readoptions_create();
    /* Files that only this reader kept alive are not deleted on its thread. */
    rocksdb_readoptions_set_background_purge_on_iterator_cleanup(snapshot->read, 1);
    rocksdb_readoptions_set_total_order_seek(snapshot->read, 1);
    if (!store->read_only && store->mode == ROCKS_WRITES) {
        snapshot->native = rocksdb_create_snapshot(store->db);
        rocksdb_readoptions_set_snapshot(snapshot->read, snapshot->native);
    }
    if (snapshot->is_live)
        hold_locked(snapshot);
    return snapshot;
}

struct datom_snapshot *datom_snapshot_take(struct datom_store *store)
{
    pthread_mutex_lock(&store->held_lock);
    struct datom_snapshot *snapshot = take_locked(store);
    pthread_mutex_unlock(&store->held_lock);
    return snapshot;
}

void datom_snapshot_name(struct datom_snapshot *snapshot, uint64_t t, struct datom_schema *schema)
{
    struct datom_store *store = snapshot->store;
    BS_ASSERT(!snapshot->schema);
    snapshot->t = t;
    snapshot->schema = datom_schema_ref(schema);
    pthread_mutex_lock(&store->held_lock);
    struct datom_schema *old = store->newest_schema;
    if (store->newest) {
        store->newest->superseded_ns = bs_monotonic_ns();
        rocks_timer_wake_locked(store);
    }
    store->newest = snapshot;
    store->newest_t = t;
    store->newest_schema = datom_schema_ref(schema);
    pthread_mutex_unlock(&store->held_lock);
    datom_schema_unref(old);
}

struct datom_snapshot *datom_snapshot_ref(struct datom_snapshot *snapshot)
{
    bs_ref_get(&snapshot->ref);
    return snapshot;
}

void datom_snapshot_unref(struct datom_snapshot *snapshot)
{
    if (!snapshot || !bs_ref_put(&snapshot->ref))
        return;
    struct datom_store *store = snapshot->store;
    /* under the lock, as somebody who stops the store may be taking it back */
    pthread_mutex_lock(&store->held_lock);
    rocks_iter_free_idle(snapshot);
    if (snapshot->is_live)
        give_back_locked(snapshot);
    pthread_mutex_unlock(&store->held_lock);
    rocksdb_readoptions_destroy(snapshot->read);
    datom_schema_unref(snapshot->schema);
    free(snapshot);
    datom_store_unref(store);
}

struct datom_store *datom_snapshot_store(const struct datom_snapshot *snapshot)
{
    return snapshot->store;
}

struct datom_schema *datom_snapshot_schema(const struct datom_snapshot *snapshot)
{
    return snapshot->schema;
}

bool datom_snapshot_is_live(const struct datom_snapshot *snapshot)
{
    return snapshot->is_live;
}

/* Another reference, unless the last one has gone. */
static bool try_ref(struct datom_snapshot *snapshot)
{
    uint32_t count = atomic_load(&snapshot->ref.count);
    while (count > 0 && !atomic_compare_exchange_weak(&snapshot->ref.count, &count, count + 1)) {
    }
    return count > 0;
}

struct datom_body *rocks_newest_body(struct datom_store *store, uint64_t *ret_t)
{
    pthread_mutex_lock(&store->held_lock);
    struct datom_snapshot *snapshot = store->newest;
    if (!snapshot || !try_ref(snapshot)) {
        snapshot = take_locked(store);
        snapshot->t = store->newest_t;
        snapshot->schema = datom_schema_ref(store->newest_schema);
        store->newest = snapshot;
    }
    pthread_mutex_unlock(&store->held_lock);
    *ret_t = snapshot->t;
    return datom_body_new_over(snapshot);
}

/* ---- being inside ---- */

void datom_store_enter(struct datom_store *store)
{
    if (store)
        datom_gate_enter(&store->gate);
}

void datom_store_leave(struct datom_store *store)
{
    if (store)
        datom_gate_leave(&store->gate);
}

uint64_t datom_store_epoch(const struct datom_store *store)
{
    return store->epoch;
}

/* ---- records ---- */

/* Of a snapshot that was given back: out of the newest state. */
static enum bs_code get_past(struct datom_snapshot *snapshot, enum datom_family family,
                             struct bs_str key, struct datom_pin *ret_pin,
                             struct bs_str *ret_record, bool *ret_found, struct bs_error *error)
{
    uint64_t newest_t;
    if (!datom_store_is_open(snapshot->store))
        return rocks_closed_error(snapshot->store, error);
    struct datom_body *newest = rocks_newest_body(snapshot->store, &newest_t);
    enum bs_code code =
        newest_t == snapshot->t
            ? datom_body_get(newest, family, key, ret_pin, ret_record, ret_found, error)
            : datom_branch_get(newest, snapshot->t, snapshot->schema, family, key, ret_pin,
                               ret_record, ret_found, error);
    datom_body_unref(newest);
    return code;
}

static enum bs_code get_native(struct datom_snapshot *snapshot, enum datom_family family,
                               struct bs_str key, struct datom_pin *ret_pin,
                               struct bs_str *ret_record, bool *ret_found, struct bs_error *error)
{
    struct datom_store *store = snapshot->store;
    char *text = NULL;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(
        store->db, snapshot->read, rocks_column(store, family), key.ptr, key.len, &text);
    BS_TRY(rocks_take_error(text, "read", store->dir, error));
    *ret_found = slice != NULL;
    *ret_record = BS_STR_EMPTY;
    if (!slice)
        return BS_OK;
    datom_store_enter(store);
    *ret_pin = (struct datom_pin){.slice = slice, .store = store};
    ret_record->ptr = rocksdb_pinnableslice_value(slice, &ret_record->len);
    return BS_OK;
}

enum bs_code datom_snapshot_get(struct datom_snapshot *snapshot, enum datom_family family,
                                struct bs_str key, struct datom_pin *ret_pin,
                                struct bs_str *ret_record, bool *ret_found, struct bs_error *error)
{
    struct datom_store *store = snapshot->store;
    *ret_pin = (struct datom_pin){0};
    datom_store_enter(store);
    enum bs_code code =
        snapshot->is_live ? get_native(snapshot, family, key, ret_pin, ret_record, ret_found, error)
                          : get_past(snapshot, family, key, ret_pin, ret_record, ret_found, error);
    datom_store_leave(store);
    return code;
}

void datom_pin_release(struct datom_pin *pin)
{
    if (pin->slice)
        rocksdb_pinnableslice_destroy(pin->slice);
    free(pin->owned);
    datom_store_leave(pin->store);
    *pin = (struct datom_pin){0};
}

/* ---- taking back ---- */

static bool is_older_locked(const struct datom_snapshot *snapshot, int64_t now_ns, int64_t age_ns)
{
    return snapshot->superseded_ns > 0 && now_ns - snapshot->superseded_ns >= age_ns;
}

/* Those that were superseded so long ago; all with a negative age. The gate is closed. */
static void give_back_older(struct datom_store *store, int64_t age_ns)
{
    int64_t now_ns = bs_monotonic_ns();
    pthread_mutex_lock(&store->held_lock);
    struct datom_snapshot *next;
    for (struct datom_snapshot *at = store->held_first; at; at = next) {
        next = at->held_next;
        if (age_ns < 0 || is_older_locked(at, now_ns, age_ns))
            give_back_locked(at);
    }
    rocks_iter_take_back(store);
    pthread_mutex_unlock(&store->held_lock);
    store->epoch++;
}

static bool has_older(struct datom_store *store, int64_t age_ns)
{
    pthread_mutex_lock(&store->held_lock);
    bool found = store->held_first && store->held_first != store->newest &&
                 is_older_locked(store->held_first, bs_monotonic_ns(), age_ns);
    pthread_mutex_unlock(&store->held_lock);
    return found;
}

void datom_store_expire(struct datom_store *store)
{
    if (!has_older(store, store->hold_ns))
        return;
    /* half of the age for all, so that the gate closes once in that time and not for each */
    datom_gate_close(&store->gate);
    give_back_older(store, store->hold_ns / 2);
    datom_gate_open(&store->gate);
}

void datom_store_expire_older(struct datom_store *store, uint64_t age_ms)
{
    datom_gate_close(&store->gate);
    give_back_older(store, (int64_t)BS_MIN(age_ms, (uint64_t)INT64_MAX / 1000000) * 1000000);
    datom_gate_open(&store->gate);
}

void datom_store_stop(struct datom_store *store)
{
    datom_gate_close(&store->gate);
    give_back_older(store, -1);
}

void datom_store_resume(struct datom_store *store)
{
    datom_gate_open(&store->gate);
}

struct datom_held datom_store_held(struct datom_store *store)
{
    struct datom_held held = {0};
    int64_t now_ns = bs_monotonic_ns();
    pthread_mutex_lock(&store->held_lock);
    for (struct datom_snapshot *at = store->held_first; at; at = at->held_next) {
        held.count++;
        if (at->superseded_ns > 0)
            held.oldest_ms =
                BS_MAX(held.oldest_ms, (uint64_t)(now_ns - at->superseded_ns) / 1000000);
    }
    pthread_mutex_unlock(&store->held_lock);
    return held;
}
