/*
 * Iterators over families of snapshots. While its snapshot is live, an iterator is the engine's.
 * When the snapshot is taken back, the engine's iterator is closed and its key kept; the next wake
 * goes on behind that key in a walk of the newest state as of the snapshot's t. Such a walk holds
 * an iterator on the newest snapshot, which may be taken back in its turn: then it is made anew.
 */

#include "datom/branch.h"
#include "datom/rocks_store.h"

struct rocks_iter {
    struct datom_kv_iter iter; /* must be first */
    struct datom_snapshot *snapshot;
    enum datom_family family;
    unsigned kind;              /* of the snapshot's idle ones */
    rocksdb_iterator_t *native; /* exactly when it is in its lane's list */
    unsigned lane;
    struct rocks_iter *prev, *next;

    /* once the snapshot was taken back */
    struct datom_body *newest;
    struct datom_source past;
    uint64_t epoch; /* at which `past` was opened */
    char *kept;     /* the key that it stands on, while nothing is open */
};

static const struct datom_kv_ops native_ops;
static const struct datom_kv_ops past_ops;

/* ---- the lists ---- */

static void link_native(struct rocks_iter *rocks)
{
    struct datom_store *store = rocks->snapshot->store;
    rocks->lane = datom_gate_lane();
    pthread_mutex_lock(&store->lanes[rocks->lane].lock);
    rocks->prev = NULL;
    rocks->next = store->lanes[rocks->lane].first;
    if (rocks->next)
        rocks->next->prev = rocks;
    store->lanes[rocks->lane].first = rocks;
    pthread_mutex_unlock(&store->lanes[rocks->lane].lock);
}

static void unlink_native(struct rocks_iter *rocks)
{
    struct datom_store *store = rocks->snapshot->store;
    pthread_mutex_lock(&store->lanes[rocks->lane].lock);
    if (rocks->prev)
        rocks->prev->next = rocks->next;
    else
        store->lanes[rocks->lane].first = rocks->next;
    if (rocks->next)
        rocks->next->prev = rocks->prev;
    pthread_mutex_unlock(&store->lanes[rocks->lane].lock);
}

static void close_native(struct rocks_iter *rocks)
{
    if (!rocks->native)
        return;
    unlink_native(rocks);
    rocksdb_iter_destroy(rocks->native);
    rocks->native = NULL;
}

static void keep_key(struct rocks_iter *rocks)
{
    struct datom_kv_iter *iter = &rocks->iter;
    if (!iter->valid)
        return;
    char *key = bs_memdup(iter->key.ptr, iter->key.len);
    free(rocks->kept);
    rocks->kept = key;
    iter->key.ptr = key;
    iter->record = BS_STR_EMPTY;
}

void rocks_iter_take_back(struct datom_store *store)
{
    for (unsigned lane = 0; lane < DATOM_GATE_LANES; lane++) {
        struct rocks_iter *next;
        for (struct rocks_iter *rocks = store->lanes[lane].first; rocks; rocks = next) {
            next = rocks->next;
            if (rocks->snapshot->is_live)
                continue;
            keep_key(rocks);
            close_native(rocks);
            rocks->iter.ops = &past_ops;
        }
    }
}

/* ---- the engine's ---- */

static void show_native(struct rocks_iter *rocks)
{
    struct datom_kv_iter *iter = &rocks->iter;
    iter->valid = rocksdb_iter_valid(rocks->native);
    if (iter->valid) {
        iter->key.ptr = rocksdb_iter_key(rocks->native, &iter->key.len);
        iter->record.ptr = rocksdb_iter_value(rocks->native, &iter->record.len);
        iter->code = BS_OK;
        return;
    }
    char *text = NULL;
    rocksdb_iter_get_error(rocks->native, &text);
    iter->code = rocks_take_error(text, "read", rocks->snapshot->store->dir, iter->error);
}

static void native_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    rocksdb_iter_seek(rocks->native, key.ptr, key.len);
    show_native(rocks);
}

static void native_next(struct datom_kv_iter *iter)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    BS_ASSERT(iter->valid);
    rocksdb_iter_next(rocks->native);
    show_native(rocks);
}

static void native_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    bool stands_on_it = iter->valid && bs_str_equal(iter->key, key);
    if (!stands_on_it) {
        rocksdb_iter_seek_for_prev(rocks->native, key.ptr, key.len);
        show_native(rocks);
        stands_on_it = iter->valid && bs_str_equal(iter->key, key);
    }
    if (stands_on_it) {
        rocksdb_iter_prev(rocks->native);
        show_native(rocks);
    }
}

/* ---- the past ---- */

static void close_past(struct rocks_iter *rocks)
{
    datom_source_fini(&rocks->past);
    datom_body_unref(rocks->newest);
    rocks->newest = NULL;
}

static void open_past(struct rocks_iter *rocks)
{
    struct datom_snapshot *snapshot = rocks->snapshot;
    uint64_t newest_t;
    rocks->epoch = snapshot->store->epoch;
    rocks->newest = rocks_newest_body(snapshot->store, &newest_t);
    if (newest_t == snapshot->t)
        datom_source_init(&rocks->past, rocks->newest, rocks->family, rocks->iter.error);
    else
        rocks->past.iter = datom_branch_iter(rocks->newest, snapshot->t, snapshot->schema,
                                             rocks->family, rocks->iter.error);
}

static void show_past(struct rocks_iter *rocks)
{
    const struct datom_kv_iter *past = rocks->past.iter;
    rocks->iter.valid = past->valid;
    rocks->iter.key = past->key;
    rocks->iter.record = past->record;
    rocks->iter.code = past->code;
}

/* Whether there is something to move in. */
static bool make_past(struct rocks_iter *rocks)
{
    struct datom_kv_iter *iter = &rocks->iter;
    if (rocks->past.iter && rocks->epoch != rocks->snapshot->store->epoch)
        close_past(rocks);
    if (!datom_store_is_open(rocks->snapshot->store)) {
        iter->valid = false;
        iter->code = rocks_closed_error(rocks->snapshot->store, iter->error);
        return false;
    }
    if (!rocks->past.iter)
        open_past(rocks);
    return true;
}

static void past_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    if (!make_past(rocks))
        return;
    datom_kv_seek(rocks->past.iter, key);
    show_past(rocks);
}

static void past_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    if (!make_past(rocks))
        return;
    datom_kv_before(rocks->past.iter, key);
    show_past(rocks);
}

static void past_next(struct datom_kv_iter *iter)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    datom_kv_next(rocks->past.iter);
    show_past(rocks);
}

/* To where it stood: the same key, or the next when that one was forgotten. */
static void past_wake(struct datom_kv_iter *iter)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    if (rocks->past.iter && rocks->epoch == rocks->snapshot->store->epoch)
        return;
    if (rocks->past.iter) {
        datom_kv_wake(rocks->past.iter);
        show_past(rocks);
        keep_key(rocks);
        close_past(rocks);
    }
    if (!iter->valid)
        return;
    struct bs_str key = iter->key;
    past_seek(iter, key);
    free(rocks->kept);
    rocks->kept = NULL;
}

/* ---- both ---- */

/* Keeps it for the next who wants one, if there is none yet; gives its hold on the snapshot back.
 */
static bool put_idle(struct rocks_iter *rocks)
{
    struct datom_snapshot *snapshot = rocks->snapshot;
    struct rocks_iter *none = NULL;
    if (!rocks->native || rocks->iter.code != BS_OK)
        return false;
    rocks->iter.valid = false;
    rocks->iter.error = NULL;
    if (!atomic_compare_exchange_strong(&snapshot->idle[rocks->kind], &none, rocks))
        return false;
    datom_snapshot_unref(snapshot);
    return true;
}

static struct rocks_iter *take_idle(struct datom_snapshot *snapshot, unsigned kind)
{
    if (!atomic_load_explicit(&snapshot->idle[kind], memory_order_relaxed))
        return NULL;
    return atomic_exchange(&snapshot->idle[kind], NULL);
}

void rocks_iter_free_idle(struct datom_snapshot *snapshot)
{
    for (unsigned kind = 0; kind < ROCKS_IDLE_COUNT; kind++) {
        struct rocks_iter *rocks = take_idle(snapshot, kind);
        if (!rocks)
            continue;
        close_native(rocks);
        free(rocks->kept);
        free(rocks);
    }
}

static void iter_free(struct datom_kv_iter *iter)
{
    struct rocks_iter *rocks = (struct rocks_iter *)iter;
    if (put_idle(rocks))
        return;
    close_native(rocks);
    if (rocks->past.iter)
        close_past(rocks);
    datom_snapshot_unref(rocks->snapshot);
    free(rocks->kept);
    free(rocks);
}

static const struct datom_kv_ops native_ops = {
    .seek = native_seek,
    .next = native_next,
    .before = native_before,
    .free = iter_free,
};

static const struct datom_kv_ops past_ops = {
    .seek = past_seek,
    .next = past_next,
    .before = past_before,
    .wake = past_wake,
    .free = iter_free,
};

/* Another order of seeks than the snapshot's options have. */
static rocksdb_iterator_t *open_of_value(const struct datom_snapshot *snapshot)
{
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_readoptions_set_background_purge_on_iterator_cleanup(read, 1);
    if (snapshot->native)
        rocksdb_readoptions_set_snapshot(read, snapshot->native);
    rocksdb_iterator_t *native = rocksdb_create_iterator_cf(
        snapshot->store->db, read, rocks_column(snapshot->store, DATOM_FAMILY_AVET));
    rocksdb_readoptions_destroy(read); /* the iterator has a copy */
    return native;
}

static struct datom_kv_iter *open_iter(struct datom_snapshot *snapshot, enum datom_family family,
                                       unsigned kind, struct bs_error *error)
{
    struct rocks_iter *rocks = snapshot->is_live ? take_idle(snapshot, kind) : NULL;
    if (rocks) {
        rocks->iter.error = error;
        datom_snapshot_ref(snapshot);
        return &rocks->iter;
    }
    rocks = bs_calloc(1, sizeof(*rocks));
    rocks->iter.ops = snapshot->is_live ? &native_ops : &past_ops;
    rocks->iter.error = error;
    rocks->snapshot = datom_snapshot_ref(snapshot);
    rocks->family = family;
    rocks->kind = kind;
    if (!snapshot->is_live)
        return &rocks->iter;
    rocks->native = kind == ROCKS_IDLE_OF_VALUE
                        ? open_of_value(snapshot)
                        : rocksdb_create_iterator_cf(snapshot->store->db, snapshot->read,
                                                     rocks_column(snapshot->store, family));
    link_native(rocks);
    return &rocks->iter;
}

struct datom_kv_iter *datom_snapshot_iter(struct datom_snapshot *snapshot, enum datom_family family,
                                          struct bs_error *error)
{
    return open_iter(snapshot, family, family, error);
}

struct datom_kv_iter *datom_snapshot_iter_of_value(struct datom_snapshot *snapshot,
                                                   struct bs_error *error)
{
    return open_iter(snapshot, DATOM_FAMILY_AVET, ROCKS_IDLE_OF_VALUE, error);
}
