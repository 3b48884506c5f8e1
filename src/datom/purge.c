/*
 * Purging. The keys of an erasure are gathered to ranges: neighbours share one, so that the files
 * of an entity or attribute are merged once; beyond a number of ranges a family has one of all.
 */

#include "datom/purge.h"

#include "datom/snapshot.h"

#define MARK_PREFIX "purge"
#define MARK_BYTES (sizeof(MARK_PREFIX) - 1 + 8)
#define RANGES_MAX 32
/* Ids that differ by less are neighbours. */
#define NEAR 4096

struct purge_range {
    struct bs_str first, last;
};

struct datom_purge {
    uint64_t t;
    struct bs_arena *arena;
    size_t counts[DATOM_FAMILY_COUNT];
    struct purge_range ranges[DATOM_FAMILY_COUNT][RANGES_MAX];
};

static struct bs_str mark_key(uint64_t t, char ret_bytes[MARK_BYTES])
{
    memcpy(ret_bytes, MARK_PREFIX, sizeof(MARK_PREFIX) - 1);
    bs_store_u64(ret_bytes + sizeof(MARK_PREFIX) - 1, t);
    return bs_str_make(ret_bytes, MARK_BYTES);
}

const struct datom_change *datom_purge_mark(uint64_t t, struct bs_arena *arena)
{
    char bytes[MARK_BYTES];
    struct datom_change *change = bs_arena_new_item(arena, struct datom_change);
    *change = (struct datom_change){
        .family = DATOM_FAMILY_META,
        .key = bs_arena_dup(arena, mark_key(t, bytes)),
        .record = BS_STR_EMPTY,
    };
    return change;
}

/* ---- ranges ---- */

/* Keys begin with an id of 8 bytes, or an attribute's of 4 and then something of the datom. */
static bool is_near(enum datom_family family, struct bs_str a, struct bs_str b)
{
    bool by_attribute = family == DATOM_FAMILY_AEVT || family == DATOM_FAMILY_AVET ||
                        family == DATOM_FAMILY_AEVT_H || family == DATOM_FAMILY_AVET_H;
    size_t at = by_attribute ? 4 : 0;
    if (a.len < at + 8 || b.len < at + 8 || memcmp(a.ptr, b.ptr, at) != 0)
        return false;
    return bs_load_u64(b.ptr + at) - bs_load_u64(a.ptr + at) < NEAR;
}

static void add_key(struct datom_purge *purge, const struct datom_change *change)
{
    struct purge_range *ranges = purge->ranges[change->family];
    size_t *count = &purge->counts[change->family];
    struct bs_str key = bs_arena_dup(purge->arena, change->key);
    if (*count > 0 &&
        (*count == RANGES_MAX || is_near(change->family, ranges[*count - 1].last, key)))
        ranges[*count - 1].last = key;
    else
        ranges[(*count)++] = (struct purge_range){key, key};
}

static int compare_touched(const void *a, const void *b)
{
    const struct datom_change *x = a;
    const struct datom_change *y = b;
    if (x->family != y->family)
        return x->family < y->family ? -1 : 1;
    return bs_str_compare(x->key, y->key);
}

struct datom_purge *datom_purge_new(uint64_t t, const struct datom_change *touched, size_t count)
{
    struct datom_purge *purge = bs_calloc(1, sizeof(*purge));
    purge->t = t;
    purge->arena = bs_arena_new(0);
    struct datom_change *sorted = bs_memdup(touched, count * sizeof(*touched));
    qsort(sorted, count, sizeof(*sorted), compare_touched);
    for (size_t i = 0; i < count; i++)
        add_key(purge, &sorted[i]);
    free(sorted);
    return purge;
}

void datom_purge_free(struct datom_purge *purge)
{
    if (!purge)
        return;
    bs_arena_free(purge->arena);
    free(purge);
}

/* ---- doing it ---- */

static enum bs_code remove_mark(struct datom_store *store, struct bs_str key,
                                struct bs_error *error)
{
    struct datom_write *write = datom_write_new();
    datom_write_add(
        store, write,
        &(struct datom_change){.family = DATOM_FAMILY_META, .is_delete = true, .key = key});
    /* no group's write, so that the engine could be closed under it */
    datom_store_enter(store);
    enum bs_code code = datom_store_write(store, write, false, error);
    datom_store_leave(store);
    datom_write_free(write);
    return code;
}

enum bs_code datom_store_purge(struct datom_store *store, const struct datom_purge *purge,
                               struct bs_error *error)
{
    datom_store_expire_older(store, 0);
    BS_TRY(datom_store_flush(store, error));
    for (int i = 0; i < DATOM_FAMILY_COUNT; i++) {
        for (size_t j = 0; j < purge->counts[i]; j++) {
            const struct purge_range *range = &purge->ranges[i][j];
            datom_store_compact(store, (enum datom_family)i, range->first, range->last);
        }
    }
    char bytes[MARK_BYTES];
    return remove_mark(store, mark_key(purge->t, bytes), error);
}

static enum bs_code list_marks(struct datom_store *store, struct bs_arena *arena,
                               struct bs_str *ret_keys, size_t max, size_t *ret_count,
                               struct bs_error *error)
{
    datom_store_enter(store);
    struct datom_snapshot *snapshot = datom_snapshot_take(store);
    struct datom_kv_iter *iter = datom_snapshot_iter(snapshot, DATOM_FAMILY_META, error);
    *ret_count = 0;
    for (datom_kv_seek(iter, BS_STR(MARK_PREFIX));
         *ret_count < max && iter->valid && bs_str_starts_with(iter->key, BS_STR(MARK_PREFIX));
         datom_kv_next(iter))
        ret_keys[(*ret_count)++] = bs_arena_dup(arena, iter->key);
    enum bs_code code = iter->code;
    datom_kv_free(iter);
    datom_snapshot_unref(snapshot);
    datom_store_leave(store);
    return code;
}

enum bs_code datom_store_purge_pending(struct datom_store *store, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct bs_str keys[64];
    size_t count;
    BS_TRY(list_marks(store, arena, keys, BS_ARRAY_COUNT(keys), &count, error));
    if (count == 0)
        return BS_OK;
    datom_store_expire_older(store, 0);
    BS_TRY(datom_store_flush(store, error));
    for (int i = 0; i < DATOM_FAMILY_COUNT; i++)
        datom_store_compact(store, (enum datom_family)i, BS_STR_EMPTY, BS_STR_EMPTY);
    for (size_t i = 0; i < count; i++)
        BS_TRY(remove_mark(store, keys[i], error));
    return BS_OK;
}
