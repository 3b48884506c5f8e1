/*
 * The built-in log. A record and the index entries made from it are one atomic write with one sync:
 * that is the whole of its appending. Whether t is free needs no look, as the store's lock keeps
 * every other writer out.
 */

#include "datom/log_builtin.h"

#include <time.h>

#include "datom/rocks.h"
#include "datom/snapshot.h"

/* How often a read-only store looks for what its writer has written. */
#define FOLLOW_PAUSE_NS (10 * INT64_C(1000000))

static enum bs_code builtin_append(void *self, uint64_t expected_t,
                                   const struct datom_log_record *records, size_t count,
                                   bool *ret_is_durable, struct bs_error *error)
{
    (void)self;
    (void)expected_t;
    (void)records;
    (void)count;
    (void)error;
    *ret_is_durable = false;
    return BS_OK;
}

static enum bs_code builtin_replace(void *self, const struct datom_log_record *records,
                                    size_t count, bool *ret_is_durable, struct bs_error *error)
{
    return builtin_append(self, 0, records, count, ret_is_durable, error);
}

struct builtin_read {
    struct datom_store *store; /* inside from open to close */
    struct datom_snapshot *snapshot;
    struct datom_kv_iter *iter;
};

static void builtin_open(struct datom_store *store, uint64_t from_t, struct builtin_read *ret_read,
                         struct bs_error *error)
{
    uint8_t key[8];
    bs_store_u64(key, from_t);
    datom_store_enter(store);
    ret_read->store = store;
    ret_read->snapshot = datom_snapshot_take(store);
    ret_read->iter = datom_snapshot_iter(ret_read->snapshot, DATOM_FAMILY_LOG, error);
    datom_kv_seek(ret_read->iter, bs_str_make((const char *)key, sizeof(key)));
}

static void builtin_close(struct builtin_read *read)
{
    datom_kv_free(read->iter);
    datom_snapshot_unref(read->snapshot);
    datom_store_leave(read->store);
}

static enum bs_code builtin_read(void *self, uint64_t from_t, size_t max, struct bs_arena *arena,
                                 struct datom_log_record *ret_records, size_t *ret_count,
                                 struct bs_error *error)
{
    struct builtin_read read;
    size_t count = 0;
    builtin_open(self, from_t, &read, error);
    for (; read.iter->valid && count < max; datom_kv_next(read.iter))
        ret_records[count++] = (struct datom_log_record){
            .t = bs_load_u64(read.iter->key.ptr),
            .bytes = bs_arena_dup(arena, read.iter->record),
        };
    enum bs_code code = read.iter->code;
    builtin_close(&read);
    if (code == BS_OK)
        *ret_count = count;
    return code;
}

/* The counters say it: they are written with every record. */
static enum bs_code builtin_last_t(void *self, uint64_t *ret_t, struct bs_error *error)
{
    datom_store_enter(self);
    struct datom_snapshot *snapshot = datom_snapshot_take(self);
    struct datom_pin pin;
    struct bs_str record;
    bool found = false;
    enum bs_code code = datom_snapshot_get(snapshot, DATOM_FAMILY_META, BS_STR("counters"), &pin,
                                           &record, &found, error);
    if (code == BS_OK) {
        *ret_t = found && record.len >= 40 ? bs_load_u64(record.ptr + 32) : 0;
        datom_pin_release(&pin);
    }
    datom_snapshot_unref(snapshot);
    datom_store_leave(self);
    return code;
}

/* Values that stand on the store's state answer as of their t afterwards. */
static enum bs_code builtin_catch_up(struct datom_store *store, struct bs_error *error)
{
    if (!datom_store_is_read_only(store))
        return BS_OK;
    datom_store_stop(store);
    enum bs_code code = datom_store_catch_up(store, error);
    datom_store_resume(store);
    return code;
}

static enum bs_code builtin_follow(void *self, uint64_t t, const struct bs_interrupt *interrupt,
                                   struct bs_error *error)
{
    for (;;) {
        uint64_t last;
        BS_TRY(builtin_catch_up(self, error));
        BS_TRY(builtin_last_t(self, &last, error));
        if (last > t)
            return BS_OK;
        BS_TRY(bs_interrupt_check(interrupt, error));
        int64_t pause_ns = FOLLOW_PAUSE_NS;
        if (interrupt && interrupt->deadline != BS_DEADLINE_NONE)
            pause_ns = BS_MIN(pause_ns, bs_deadline_left_ns(interrupt->deadline));
        nanosleep(&(struct timespec){.tv_nsec = pause_ns}, NULL);
    }
}

struct datom_log_store datom_log_builtin(struct datom_store *store)
{
    return (struct datom_log_store){
        .self = store,
        .append = builtin_append,
        .read = builtin_read,
        .last_t = builtin_last_t,
        .follow = builtin_follow,
        .replace = builtin_replace,
    };
}
