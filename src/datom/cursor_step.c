/*
 * From keys to datoms. Most steps are simple: one current key is one datom. Where keys alone don't
 * give the order of the index, lives are gathered in groups, sorted and emitted together:
 *  - with the past, lives of one entity and attribute (eavt, aevt) or of one datom (avet, vaet), as
 *    they stand in two families;
 *  - values that were cut in their keys, among those that begin alike.
 */

#include "datom/cursor.h"

/* Bytes of a value's key that are the same for all values cut alike. */
#define CUT_PREFIX DATOM_KEY_VALUE_MAX
/* What may gather in the scratch arena, so that it is not emptied at each step. */
#define SCRATCH_BYTES 65536
/* Keys that are passed one by one before a seek. */
#define PASS_MAX 8

/* ---- emitting ---- */

static void batch_add(struct datom_cursor *cursor, const struct datom_life *life, uint64_t t,
                      bool added)
{
    bs_grow(&cursor->batch, cursor->batch_count, &cursor->batch_capacity, sizeof(*cursor->batch));
    cursor->batch[cursor->batch_count++] = (struct datom){
        .e = life->e,
        .a = life->a,
        .v = edn_dup(cursor->arena, life->v),
        .tx = datom_t_to_tx(t),
        .added = added,
    };
}

/* The datoms of a life that the view shows. */
static void emit_life(struct datom_cursor *cursor, const struct datom_life *life)
{
    const struct datom_db *db = cursor->db;
    bool was_added = datom_db_is_in_view(db, life->t_added);
    bool is_closed = life->t_retracted != DATOM_LIVE;
    if (db->is_history) {
        if (is_closed && datom_db_is_in_view(db, life->t_retracted))
            batch_add(cursor, life, life->t_retracted, false);
        if (was_added)
            batch_add(cursor, life, life->t_added, true);
    } else if (was_added && (!is_closed || (db->has_as_of && life->t_retracted > db->as_of_t))) {
        batch_add(cursor, life, life->t_added, true);
    }
}

static int compare_for_index(const void *a, const void *b)
{
    const struct datom *x = a;
    const struct datom *y = b;
    int order = edn_compare(x->v, y->v);
    if (order == 0)
        order = (x->e > y->e) - (x->e < y->e);
    return order != 0 ? order : (y->tx > x->tx) - (y->tx < x->tx);
}

/* Drops what the range does not have, from `first` on. */
static void keep_range(struct datom_cursor *cursor, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < cursor->batch_count && !cursor->done; i++) {
        if (datom_cursor_range_has(cursor, &cursor->batch[i]))
            cursor->batch[kept++] = cursor->batch[i];
    }
    cursor->batch_count = kept;
}

/* ---- groups ---- */

/* Bytes of a value in a key of avet, or of a current card-many eavt or aevt key: e and a stand
 * around it in each, two ts in those of the past. */
static size_t value_len(struct bs_str key, bool is_past)
{
    size_t around = 8 + 4 + (is_past ? 16 : 0);
    return key.len > around ? key.len - around : 0;
}

/* How much of a key its group shares; 0 for a key that stands for itself. */
static size_t group_len(const struct datom_cursor *cursor, struct bs_str key, bool is_past)
{
    if (cursor->family == DATOM_FAMILY_VAET)
        return cursor->needs_past ? 20 : 0;
    size_t value = value_len(key, is_past);
    bool is_cut = value > CUT_PREFIX;
    if (cursor->family == DATOM_FAMILY_AVET) {
        if (is_cut)
            return 4 + CUT_PREFIX;
        return cursor->needs_past ? 4 + value + 8 : 0;
    }
    if (cursor->needs_past)
        return 12;
    return is_cut ? 12 + CUT_PREFIX : 0;
}

/* Nothing that was looked at before is needed any more. A view may pass over much. */
static void begin_step(struct datom_cursor *cursor)
{
    if (bs_arena_used_bytes(cursor->scratch) > SCRATCH_BYTES)
        bs_arena_reset(cursor->scratch);
}

/* Its value stands as long as the iterator does not move. */
static enum bs_code parse_life(struct datom_cursor *cursor, const struct datom_kv_iter *iter,
                               enum datom_family family, struct datom_life *ret_life,
                               struct bs_error *error)
{
    return datom_key_parse(family, iter->key, iter->record, cursor->scratch, ret_life, error);
}

/* What the engine said when the source ended; where a failure ended it nothing is there to be
 * shown. */
static enum bs_code check_source(const struct datom_cursor *cursor,
                                 const struct datom_source *source, struct bs_error *error)
{
    if (!source->iter || source->iter->code == BS_OK)
        return BS_OK;
    if (error)
        *error = cursor->failure;
    return source->iter->code;
}

/* The one that the iterator stands on, to those that were gathered. */
static enum bs_code add_life(struct datom_cursor *cursor, const struct datom_kv_iter *iter,
                             enum datom_family family, struct bs_error *error)
{
    struct datom_life life;
    BS_TRY(parse_life(cursor, iter, family, &life, error));
    life.v = edn_dup(cursor->scratch, life.v);
    bs_grow(&cursor->lives, cursor->lives_count, &cursor->lives_capacity, sizeof(*cursor->lives));
    cursor->lives[cursor->lives_count++] = life;
    return BS_OK;
}

static enum bs_code gather(struct datom_cursor *cursor, struct datom_source *source,
                           enum datom_family family, struct bs_str prefix, struct bs_error *error)
{
    struct datom_kv_iter *iter = source->iter;
    while (iter && iter->valid && bs_str_starts_with(iter->key, prefix)) {
        BS_TRY(add_life(cursor, iter, family, error));
        datom_kv_next(iter);
    }
    return check_source(cursor, source, error);
}

/*
 * With as-of, lives of one entity and attribute that ended at or before it need no look: their keys
 * are ordered by the end.
 */
static void skip_ended_lives(struct datom_cursor *cursor, const struct datom_key *group)
{
    if (cursor->db->is_history || !cursor->db->has_as_of || !cursor->past.iter->valid ||
        cursor->family > DATOM_FAMILY_AEVT)
        return;
    struct datom_key key = *group;
    datom_cursor_key_append_u64(&key, cursor->db->as_of_t + 1);
    if (bs_str_compare(cursor->past.iter->key, datom_key_str(&key)) < 0)
        datom_kv_seek(cursor->past.iter, datom_key_str(&key));
}

/* Whether as of a time there is one life at most in a group of one entity and attribute: those of
 * what was never many do not overlap. */
static bool has_one(const struct datom_cursor *cursor, const struct datom_key *group)
{
    const struct datom_db *db = cursor->db;
    if (db->is_history || !db->has_as_of || cursor->family > DATOM_FAMILY_AEVT)
        return false;
    uint32_t a = bs_load_u32(group->bytes + (cursor->family == DATOM_FAMILY_EAVT ? 8 : 0));
    const struct datom_attribute *attribute = datom_schema_attribute(db->body->schema, a);
    return attribute && !attribute->was_many;
}

/* To the keys behind the group, of which there may be many. */
static void pass_group(struct datom_kv_iter *iter, const struct datom_key *group)
{
    struct bs_str prefix = datom_key_str(group);
    for (int i = 0; i < PASS_MAX && iter->valid && bs_str_starts_with(iter->key, prefix); i++)
        datom_kv_next(iter);
    if (!iter->valid || !bs_str_starts_with(iter->key, prefix))
        return;
    struct datom_key behind = *group;
    datom_cursor_key_successor(&behind);
    datom_kv_seek(iter, datom_key_str(&behind));
}

/* The one that was there at as-of: the live one, or the first that ended later. */
static enum bs_code gather_one(struct datom_cursor *cursor, const struct datom_key *group,
                               struct bs_error *error)
{
    struct datom_kv_iter *past = cursor->past.iter;
    if (cursor->lives_count == 0 || cursor->lives[0].t_added > cursor->db->as_of_t) {
        skip_ended_lives(cursor, group);
        if (past->valid && bs_str_starts_with(past->key, datom_key_str(group)))
            BS_TRY(add_life(cursor, past, datom_cursor_past_family(cursor->family), error));
    }
    if (!cursor->range.reverse)
        pass_group(past, group);
    return check_source(cursor, &cursor->past, error);
}

static enum bs_code gather_past(struct datom_cursor *cursor, const struct datom_key *group,
                                struct bs_error *error)
{
    if (has_one(cursor, group))
        return gather_one(cursor, group, error);
    skip_ended_lives(cursor, group);
    return gather(cursor, &cursor->past, datom_cursor_past_family(cursor->family),
                  datom_key_str(group), error);
}

static void turn_round(struct datom_cursor *cursor, size_t first)
{
    for (size_t last = cursor->batch_count; first + 1 < last; first++) {
        struct datom datom = cursor->batch[--last];
        cursor->batch[last] = cursor->batch[first];
        cursor->batch[first] = datom;
    }
}

static enum bs_code step_group(struct datom_cursor *cursor, const struct datom_key *group,
                               struct bs_error *error)
{
    begin_step(cursor);
    cursor->lives_count = 0;
    BS_TRY(gather(cursor, &cursor->now, cursor->family, datom_key_str(group), error));
    if (cursor->needs_past)
        BS_TRY(gather_past(cursor, group, error));
    size_t first = cursor->batch_count;
    for (size_t i = 0; i < cursor->lives_count; i++)
        emit_life(cursor, &cursor->lives[i]);
    if (cursor->batch_count - first > 1)
        qsort(cursor->batch + first, cursor->batch_count - first, sizeof(*cursor->batch),
              compare_for_index);
    if (cursor->range.reverse)
        turn_round(cursor, first);
    keep_range(cursor, first);
    return BS_OK;
}

/* One current key that stands for itself. */
static enum bs_code step_single(struct datom_cursor *cursor, struct bs_error *error)
{
    struct datom_life life;
    begin_step(cursor);
    BS_TRY(parse_life(cursor, cursor->now.iter, cursor->family, &life, error));
    size_t first = cursor->batch_count;
    if (datom_db_shows_live(cursor->db, life.t_added))
        batch_add(cursor, &life, life.t_added, true);
    if (!cursor->range.reverse)
        datom_kv_next(cursor->now.iter);
    if (!cursor->is_exact)
        keep_range(cursor, first);
    return BS_OK;
}

static bool source_is_in_prefix(const struct datom_cursor *cursor,
                                const struct datom_source *source)
{
    return source->iter && source->iter->valid &&
           bs_str_starts_with(source->iter->key, datom_key_str(&cursor->prefix));
}

/* One that failed is not one that has no more: what the other has would be shown without it. */
static enum bs_code check_sources(struct datom_cursor *cursor, struct bs_error *error)
{
    enum bs_code code = check_source(cursor, &cursor->now, error);
    if (code == BS_OK)
        code = check_source(cursor, &cursor->past, error);
    cursor->done = code != BS_OK;
    return code;
}

/*
 * What most walks are made of, without what others need: keys of now, each a datom of the range by
 * its beginning. As many as the batch takes; *ret_any false when the next key is another matter.
 */
static enum bs_code step_run(struct datom_cursor *cursor, bool *ret_any, struct bs_error *error)
{
    struct datom_kv_iter *iter = cursor->now.iter;
    struct bs_str prefix = datom_key_str(&cursor->prefix);
    size_t room = BS_MIN(cursor->batch_target - cursor->batch_count, cursor->steps_left + 1);
    size_t left = room;
    begin_step(cursor);
    while (left > 0 && iter->valid && bs_str_starts_with(iter->key, prefix) &&
           group_len(cursor, iter->key, false) == 0) {
        struct datom_life life;
        BS_TRY(parse_life(cursor, iter, cursor->family, &life, error));
        if (datom_db_shows_live(cursor->db, life.t_added))
            batch_add(cursor, &life, life.t_added, true);
        datom_kv_next(iter);
        left--;
    }
    *ret_any = left < room;
    if (*ret_any)
        cursor->steps_left -= room - left - 1; /* one was counted by the caller */
    return BS_OK;
}

enum bs_code datom_cursor_step(struct datom_cursor *cursor, struct bs_error *error)
{
    if (!cursor->needs_past && cursor->is_exact) {
        bool any;
        BS_TRY(step_run(cursor, &any, error));
        if (any)
            return BS_OK;
    }
    bool has_now = source_is_in_prefix(cursor, &cursor->now);
    bool has_past = cursor->needs_past && source_is_in_prefix(cursor, &cursor->past);
    if (!has_now || (cursor->needs_past && !has_past))
        BS_TRY(check_sources(cursor, error));
    if (!has_now && !has_past) {
        cursor->done = true;
        return BS_OK;
    }
    size_t len = has_now ? group_len(cursor, cursor->now.iter->key, false) : 0;
    if (has_now && len == 0)
        return step_single(cursor, error);
    /* the group that comes first; of two that share a beginning the shorter holds the other */
    struct datom_key group;
    group.len = 0;
    if (has_now)
        datom_cursor_key_append(&group, cursor->now.iter->key.ptr, len);
    if (has_past) {
        struct bs_str key = cursor->past.iter->key;
        struct bs_str past = bs_str_slice(key, 0, group_len(cursor, key, true));
        if (!has_now || bs_str_compare(past, datom_key_str(&group)) < 0) {
            group.len = 0;
            datom_cursor_key_append(&group, past.ptr, past.len);
        }
    }
    return step_group(cursor, &group, error);
}

/* ---- backwards ---- */

/*
 * Groups are walked forward, as they have no order of their own among keys, and turned round. So a
 * step looks for the last key before what was walked already, and seeks to where its group begins.
 */
enum bs_code datom_cursor_step_back(struct datom_cursor *cursor, struct bs_error *error)
{
    struct datom_kv_iter *now = cursor->now.iter;
    datom_kv_before(now, datom_key_str(&cursor->end));
    if (cursor->needs_past)
        datom_kv_before(cursor->past.iter, datom_key_str(&cursor->end));
    bool has_now = source_is_in_prefix(cursor, &cursor->now);
    bool has_past = cursor->needs_past && source_is_in_prefix(cursor, &cursor->past);
    if (!has_now || (cursor->needs_past && !has_past))
        BS_TRY(check_sources(cursor, error));
    if (!has_now && !has_past) {
        cursor->done = true;
        return BS_OK;
    }
    struct bs_str group = BS_STR_EMPTY;
    if (has_now)
        group = bs_str_slice(now->key, 0, group_len(cursor, now->key, false));
    if (has_now && group.len == 0) {
        datom_key_set(&cursor->end, now->key);
        return step_single(cursor, error);
    }
    if (has_past) {
        struct bs_str key = cursor->past.iter->key;
        struct bs_str past = bs_str_slice(key, 0, group_len(cursor, key, true));
        /* of two that share a beginning the shorter holds the other */
        bool is_nested = has_now && bs_str_starts_with(past, group);
        if (!is_nested &&
            (!has_now || bs_str_starts_with(group, past) || bs_str_compare(past, group) > 0))
            group = past;
    }
    datom_key_set(&cursor->end, group);
    datom_kv_seek(now, datom_key_str(&cursor->end));
    if (cursor->needs_past)
        datom_kv_seek(cursor->past.iter, datom_key_str(&cursor->end));
    return step_group(cursor, &cursor->end, error);
}
