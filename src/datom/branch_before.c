/*
 * Families of the past walked backwards. A group of lives has no order among the keys of the
 * parent, so the last group before a key is gathered whole, forward, and its last key taken.
 */

#include "datom/branch_iter.h"

/* Gathers the group that begins with `prefix`; false after a failure. */
static bool gather_at(struct branch_iter *branch, struct bs_str prefix)
{
    struct bs_error error = BS_ERROR_INIT;
    bs_arena_reset(branch->arena);
    branch->count = branch->at = 0;
    datom_kv_seek(branch->now.iter, prefix);
    datom_kv_seek(branch->past.iter, prefix);
    enum bs_code code = datom_branch_check(branch, &error);
    if (code == BS_OK && (branch->now.iter->valid || branch->past.iter->valid))
        code = datom_branch_gather_next(branch, &error);
    if (code != BS_OK)
        datom_branch_fail(branch, code, &error);
    return code == BS_OK;
}

/* Shows the last of the gathered group that is < key. */
static bool show_last(struct branch_iter *branch, struct bs_str key)
{
    size_t at = branch->count;
    while (at > 0 && bs_str_compare(branch->group[at - 1].key, key) >= 0)
        at--;
    if (at == 0)
        return false;
    branch->at = at - 1;
    branch->iter.valid = true;
    branch->iter.key = branch->group[at - 1].key;
    branch->iter.record = branch->group[at - 1].record;
    return true;
}

static bool source_failed(struct branch_iter *branch, const struct datom_source *source)
{
    if (source->iter->code == BS_OK)
        return false;
    datom_branch_fail(branch, source->iter->code, &branch->failure);
    return true;
}

/* The last group that has a key before `end`, to which it moves end; false when there is none. */
static bool last_group(struct branch_iter *branch, struct datom_key *end)
{
    struct datom_kv_iter *now = branch->now.iter;
    struct datom_kv_iter *past = branch->past.iter;
    struct bs_str last = BS_STR_EMPTY;
    datom_kv_before(now, datom_key_str(end));
    datom_kv_before(past, datom_key_str(end));
    if (source_failed(branch, &branch->now) || source_failed(branch, &branch->past))
        return false;
    if (now->valid)
        last = bs_str_slice(now->key, 0, datom_branch_group_len(branch, now->key, false));
    if (past->valid) {
        struct bs_str other =
            bs_str_slice(past->key, 0, datom_branch_group_len(branch, past->key, true));
        if (!now->valid || bs_str_compare(other, last) > 0)
            last = other;
    }
    datom_key_set(end, last);
    return now->valid || past->valid;
}

static void before_gathered(struct branch_iter *branch, struct bs_str key)
{
    bool has_groups = branch->family == DATOM_FAMILY_EAVT || branch->family == DATOM_FAMILY_AEVT;
    struct datom_key end;
    datom_key_set(&end, key);
    if (has_groups && key.len > 12) {
        /* a key in the middle of a group, part of which may stand before it */
        end.len = 12;
        if (!gather_at(branch, datom_key_str(&end)) || show_last(branch, key))
            return;
    }
    while (last_group(branch, &end)) {
        if (!gather_at(branch, datom_key_str(&end)) || show_last(branch, key))
            return;
    }
}

static void before_filtered(struct branch_iter *branch, struct bs_str key)
{
    struct datom_kv_iter *from = branch->now.iter;
    bool is_log = branch->family == DATOM_FAMILY_LOG;
    struct datom_key end;
    struct datom_key after;
    datom_key_set(&end, key);
    bs_store_u64(after.bytes, branch->t + 1);
    after.len = 8;
    if (is_log && bs_str_compare(key, datom_key_str(&after)) > 0)
        end = after;
    for (;;) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_life life;
        bool shown = is_log;
        datom_kv_before(from, datom_key_str(&end));
        if (source_failed(branch, &branch->now) || !from->valid)
            return;
        enum bs_code code = is_log ? BS_OK : datom_branch_look(branch, &life, &shown, &error);
        if (code != BS_OK) {
            datom_branch_fail(branch, code, &error);
            return;
        }
        if (shown)
            break;
        /* where ends order keys, what ended after t is passed over whole */
        datom_key_set(&end, from->key);
        if (branch->family <= DATOM_FAMILY_AEVT_H && life.t_retracted > branch->t) {
            bs_store_u64(end.bytes + 12, branch->t + 1);
            end.len = 20;
        }
    }
    branch->iter.valid = true;
    branch->iter.key = from->key;
    branch->iter.record = from->record;
}

void datom_branch_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    iter->valid = false;
    iter->code = BS_OK;
    if (datom_branch_is_current(branch->family))
        before_gathered(branch, key);
    else
        before_filtered(branch, key);
}
