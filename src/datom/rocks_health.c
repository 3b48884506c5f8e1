/*
 * The engine under failure: closing it and opening it again behind the store's handle, and the
 * figures that it has of itself. Debian's C API can't resume an engine after a failed write; to
 * open it again is as good, and says besides what the disk really has.
 *
 * When the disk does not let the engine open for writing, it is opened for reading only, which
 * writes nothing: reads go on, and the log shows what is in it.
 */

#include <sys/statvfs.h>

#include "datom/rocks_store.h"

#define MIN_FREE_BYTES_DEFAULT (UINT64_C(64) * 1024 * 1024)
/* How often the disk is looked at. */
#define SPACE_LOOK_NS (INT64_C(100) * 1000 * 1000)

enum bs_code datom_store_reopen(struct datom_store *store, struct bs_error *error)
{
    pthread_mutex_lock(&store->held_lock);
    BS_ASSERT(!store->held_first);
    store->newest_t = ROCKS_T_UNKNOWN;
    pthread_mutex_unlock(&store->held_lock);
    pthread_rwlock_wrlock(&store->engine_lock);
    rocks_close_engine(store);
    store->mode = ROCKS_WRITES;
    enum bs_code code = rocks_open_engine(store, error);
    if (code != BS_OK) {
        store->mode = ROCKS_READS;
        if (rocks_open_engine(store, NULL) != BS_OK)
            store->mode = ROCKS_CLOSED;
    }
    pthread_rwlock_unlock(&store->engine_lock);
    return code;
}

bool datom_store_is_open(const struct datom_store *store)
{
    return store->mode != ROCKS_CLOSED && store->mode != ROCKS_UNKNOWN;
}

void datom_store_set_loaded(struct datom_store *store, bool is_loaded)
{
    store->mode = is_loaded ? ROCKS_WRITES : ROCKS_UNKNOWN;
}

enum bs_code rocks_closed_error(const struct datom_store *store, struct bs_error *error)
{
    if (store->mode == ROCKS_UNKNOWN)
        return bs_error_set(error, BS_REASON_STORE_IO,
                            "can't read the store \"%s\": it followed its writer to a state that "
                            "could not be loaded; the next catching up tries again",
                            store->dir);
    return bs_error_set(error, BS_REASON_STORE_IO,
                        "can't read the store \"%s\": it could not be opened again after a write "
                        "failed; the next write or look at its health tries",
                        store->dir);
}

static void look_at_space(struct datom_store *store)
{
    int64_t now_ns = bs_monotonic_ns();
    if (store->space_looked_ns != 0 && now_ns - store->space_looked_ns < SPACE_LOOK_NS)
        return;
    struct statvfs disk;
    store->space_looked_ns = now_ns;
    /* a disk that does not say how full it is has to show it by itself */
    store->free_bytes =
        statvfs(store->dir, &disk) == 0 ? (uint64_t)disk.f_bavail * disk.f_frsize : UINT64_MAX;
}

enum bs_code datom_store_check_space(struct datom_store *store, struct bs_error *error)
{
    uint64_t min =
        store->given.min_free_bytes > 0 ? store->given.min_free_bytes : MIN_FREE_BYTES_DEFAULT;
    if (min == UINT64_MAX || store->read_only)
        return BS_OK;
    look_at_space(store);
    if (store->free_bytes >= min)
        return BS_OK;
    enum bs_code code = bs_error_set(
        error, BS_REASON_STORE_FULL,
        "the disk of the store \"%s\" has %llu MiB free, and %llu MiB are to stay free: nothing is "
        "written until there is more",
        store->dir, (unsigned long long)(store->free_bytes >> 20), (unsigned long long)(min >> 20));
    bs_error_add_integer(error, "free-bytes", (int64_t)store->free_bytes);
    return code;
}

void datom_store_health(struct datom_store *store, struct datom_health *ret_health)
{
    uint64_t stopped = 0;
    struct datom_held held = datom_store_held(store);
    ret_health->is_readable = datom_store_is_open(store);
    struct datom_folder_lock lock = store->lock;
    if (store->read_only)
        datom_folder_last_lock(store->dir, &lock);
    look_at_space(store);
    ret_health->epoch = lock.epoch;
    ret_health->was_left = lock.was_left;
    ret_health->free_bytes = store->free_bytes == UINT64_MAX ? 0 : store->free_bytes;
    ret_health->min_free_bytes =
        store->given.min_free_bytes > 0 ? store->given.min_free_bytes : MIN_FREE_BYTES_DEFAULT;
    ret_health->values_held = held.count;
    ret_health->oldest_held_ms = held.oldest_ms;
    if (!store->db)
        return;
    rocksdb_property_int(store->db, "rocksdb.background-errors", &ret_health->background_errors);
    rocksdb_property_int(store->db, "rocksdb.actual-delayed-write-rate",
                         &ret_health->delayed_bytes_s);
    rocksdb_property_int(store->db, "rocksdb.is-write-stopped", &stopped);
    ret_health->is_stopped = stopped != 0;
}
