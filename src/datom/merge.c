/*
 * Base and overlay as one sorted source. After each move `settle` brings both sides to the next
 * pair that shows something: tombstones of the overlay are passed over together with the key of the
 * base that they hide. A failure of either side ends the walk and stands in the merged iterator.
 */

#include "datom/key.h"
#include "datom/tree.h"

enum {
    AT_BASE = -1,
    AT_BOTH = 0,
    AT_OVER = 1,
};

static void show(struct datom_merge_iter *merge, const struct datom_kv_iter *source, int8_t at)
{
    merge->at = at;
    merge->iter.valid = true;
    merge->iter.key = source->key;
    merge->iter.record = source->record;
}

static bool failed(struct datom_merge_iter *merge, const struct datom_kv_iter *source)
{
    if (!source || source->code == BS_OK)
        return false;
    merge->iter.code = source->code;
    return true;
}

/* Which side is to be shown, of two where at least one is valid. */
static int8_t which(const struct datom_kv_iter *base, const struct datom_kv_iter *over)
{
    if (!over || !over->valid)
        return AT_BASE;
    if (!base || !base->valid)
        return AT_OVER;
    int order = bs_str_compare(base->key, over->key);
    return order < 0 ? AT_BASE : order > 0 ? AT_OVER : AT_BOTH;
}

static void settle(struct datom_merge_iter *merge)
{
    struct datom_kv_iter *base = merge->base;
    struct datom_kv_iter *over = merge->over;
    merge->iter.valid = false;
    for (;;) {
        if (failed(merge, base) || failed(merge, over))
            return;
        if (!(base && base->valid) && !(over && over->valid))
            return;
        int8_t at = which(base, over);
        if (at == AT_BASE) {
            show(merge, base, at);
            return;
        }
        if (!over->is_tombstone) {
            show(merge, over, at);
            return;
        }
        if (at == AT_BOTH)
            datom_kv_next(base);
        datom_kv_next(over);
    }
}

static void merge_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct datom_merge_iter *merge = (struct datom_merge_iter *)iter;
    merge->iter.code = BS_OK;
    if (merge->base)
        datom_kv_seek(merge->base, key);
    if (merge->over)
        datom_kv_seek(merge->over, key);
    settle(merge);
}

static void merge_next(struct datom_kv_iter *iter)
{
    struct datom_merge_iter *merge = (struct datom_merge_iter *)iter;
    BS_ASSERT(iter->valid);
    if (merge->at != AT_OVER)
        datom_kv_next(merge->base);
    if (merge->at != AT_BASE)
        datom_kv_next(merge->over);
    settle(merge);
}

/* Which of two sides that stand before a key is nearer to it; one is valid. */
static int8_t which_last(const struct datom_kv_iter *base, const struct datom_kv_iter *over)
{
    if (!over || !over->valid)
        return AT_BASE;
    if (!base || !base->valid)
        return AT_OVER;
    int order = bs_str_compare(base->key, over->key);
    if (order == 0)
        return AT_BOTH;
    return order > 0 ? AT_BASE : AT_OVER;
}

static void merge_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct datom_merge_iter *merge = (struct datom_merge_iter *)iter;
    struct datom_kv_iter *base = merge->base;
    struct datom_kv_iter *over = merge->over;
    struct datom_key end;
    int8_t at;
    datom_key_set(&end, key);
    merge->iter.code = BS_OK;
    merge->iter.valid = false;
    for (;;) {
        if (base)
            datom_kv_before(base, datom_key_str(&end));
        if (over)
            datom_kv_before(over, datom_key_str(&end));
        if (failed(merge, base) || failed(merge, over))
            return;
        if (!(base && base->valid) && !(over && over->valid))
            return;
        at = which_last(base, over);
        if (at == AT_BASE || !over->is_tombstone)
            break;
        datom_key_set(&end, over->key);
    }
    /* the other side behind it, where next wants it */
    if (at == AT_BASE && over)
        datom_kv_seek(over, base->key);
    if (at == AT_OVER && base)
        datom_kv_seek(base, over->key);
    if (!failed(merge, base) && !failed(merge, over))
        show(merge, at == AT_BASE ? base : over, at);
}

static void merge_wake(struct datom_kv_iter *iter)
{
    struct datom_merge_iter *merge = (struct datom_merge_iter *)iter;
    datom_kv_wake(merge->base);
    if (iter->valid)
        settle(merge);
}

static void merge_free(struct datom_kv_iter *iter)
{
    struct datom_merge_iter *merge = (struct datom_merge_iter *)iter;
    datom_kv_free(merge->base);
    datom_kv_free(merge->over);
    *merge = (struct datom_merge_iter){.iter = {.ops = iter->ops}};
}

static const struct datom_kv_ops merge_ops = {
    .seek = merge_seek,
    .next = merge_next,
    .before = merge_before,
    .wake = merge_wake,
    .free = merge_free,
};

void datom_merge_iter_init(struct datom_merge_iter *iter, struct datom_kv_iter *base,
                           struct datom_kv_iter *over)
{
    *iter = (struct datom_merge_iter){
        .iter = {.ops = &merge_ops},
        .base = base,
        .over = over,
    };
}
