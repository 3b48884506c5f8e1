/*
 * The one way to read ranges of datoms. A cursor walks the current family of its index and, when
 * the view asks for the past, the history family beside it, as one sequence of lives; the view then
 * says which datoms of a life it shows.
 *
 * Most steps are simple: one current key is one datom. Where keys alone don't give the order of the
 * index, lives are gathered in groups, sorted and emitted together:
 *  - with the past, lives of one entity and attribute (eavt, aevt) or of one datom (avet, vaet), as
 *    they stand in two families;
 *  - values that were cut in their keys, among those that begin alike.
 */

#include "datom/db.h"

#define CURSOR_BATCH_FIRST 16
#define CURSOR_BATCH_MAX 1024
/* Steps that are taken before a cursor looks whether the store is wanted by others. */
#define CURSOR_STEPS_MAX 4096

struct datom_cursor {
    struct datom_db *db;
    struct datom_db *unfiltered; /* for the value's predicates; NULL without */
    struct datom_range range;    /* its values stand in range_arena */
    struct bs_arena *range_arena;
    const struct datom_attribute *attribute; /* of the range, NULL without */
    enum datom_family family;
    bool needs_past;
    bool done;
    bool before_start;       /* seek: nothing at or after the components was met yet */
    bool is_exact;           /* what begins with the prefix is in the range */
    struct datom_key prefix; /* keys of the range begin with it; empty for seeks */
    struct datom_source now;
    struct datom_source past;
    enum datom_family now_family; /* of the open source, to reuse it after a reset */

    struct bs_arena *arena; /* values of the batch */
    struct datom *batch;
    size_t batch_count;
    size_t batch_capacity;
    size_t batch_target;
    struct datom_life *lives; /* of the group being gathered */
    size_t lives_count;
    size_t lives_capacity;
    struct bs_error failure; /* where sources put the engine's errors */
};

static enum datom_family past_family(enum datom_family family)
{
    return family + (DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
}

/* Bytes of a value's key that are the same for all values cut alike. */
#define CUT_PREFIX DATOM_KEY_VALUE_MAX

/* ---- where a range begins and ends ---- */

static bool range_is_narrowed_from_left(const struct datom_range *range)
{
    const bool eav[] = {range->has_e, range->has_a, range->has_v, range->has_tx};
    const bool aev[] = {range->has_a, range->has_e, range->has_v, range->has_tx};
    const bool ave[] = {range->has_a, range->has_v, range->has_e, range->has_tx};
    const bool vae[] = {range->has_v, range->has_a, range->has_e, range->has_tx};
    const bool *order = range->index == DATOM_EAVT   ? eav
                        : range->index == DATOM_AEVT ? aev
                        : range->index == DATOM_AVET ? ave
                                                     : vae;
    for (int i = 1; i < 4; i++) {
        if (order[i] && !order[i - 1])
            return false;
    }
    return true;
}

static enum bs_code check_range(struct datom_cursor *cursor, const struct datom_range *range,
                                struct bs_error *error)
{
    if (!range_is_narrowed_from_left(range))
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "components must be given from the left of the index: e a v tx in "
                            "eavt, a e v tx in aevt, a v e tx in avet, v a e tx in vaet");
    cursor->attribute =
        range->has_a ? datom_schema_attribute(cursor->db->body->schema, range->a) : NULL;
    const struct datom_attribute *attribute = cursor->attribute;
    if (range->has_a && !attribute)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ATTRIBUTE,
                            "entity %llu is not an attribute of this database",
                            (unsigned long long)range->a);
    if (range->index == DATOM_AVET && attribute && !attribute->has_avet)
        return bs_error_set(error, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED,
                            ":%.*s has no index by value: expected an attribute with :db/index or "
                            ":db/unique",
                            BS_STR_ARGS(attribute->ident));
    if (range->index == DATOM_VAET && attribute && attribute->type != DATOM_TYPE_REF)
        return bs_error_set(error, BS_REASON_DB_ATTRIBUTE_NOT_INDEXED,
                            ":%.*s is not a reference: vaet holds attributes of :db.type/ref only",
                            BS_STR_ARGS(attribute->ident));
    return BS_OK;
}

static void key_append(struct datom_key *key, const void *bytes, size_t size)
{
    BS_ASSERT(key->len + size <= sizeof(key->bytes));
    memcpy(key->bytes + key->len, bytes, size);
    key->len = (uint16_t)(key->len + size);
}

static void key_append_u64(struct datom_key *key, uint64_t value)
{
    uint8_t bytes[8];
    bs_store_u64(bytes, value);
    key_append(key, bytes, sizeof(bytes));
}

static void key_append_attribute(struct datom_key *key, datom_id a)
{
    uint8_t bytes[4];
    bs_store_u32(bytes, (uint32_t)a);
    key_append(key, bytes, sizeof(bytes));
}

/*
 * Where the walk of the current family begins; *ret_exact when every datom of the range has a key
 * that begins so. Values stand in the key only where it has them: not in card-one eavt and aevt,
 * and cut ones without their hash.
 */
static void make_start(const struct datom_cursor *cursor, struct datom_key *ret_key)
{
    const struct datom_range *range = &cursor->range;
    const struct datom_attribute *attribute = cursor->attribute;
    struct datom_key_value value = {0};
    const struct edn *v = range->has_v ? &range->v : range->has_start ? &range->v_start : NULL;
    if (v && attribute)
        datom_key_value_encode_start(*v, attribute->type, &value);
    ret_key->len = 0;
    switch (range->index) {
    case DATOM_EAVT:
    case DATOM_AEVT:
        if (range->index == DATOM_EAVT && range->has_e)
            key_append_u64(ret_key, range->e);
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (range->index == DATOM_AEVT && range->has_e)
            key_append_u64(ret_key, range->e);
        if (range->has_v && attribute->many && !cursor->needs_past)
            key_append(ret_key, value.bytes, value.len);
        break;
    case DATOM_AVET:
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (v)
            key_append(ret_key, value.bytes, value.len);
        if (range->has_v && range->has_e && !value.is_cut)
            key_append_u64(ret_key, range->e);
        break;
    case DATOM_VAET:
        if (range->has_v)
            key_append_u64(ret_key, (uint64_t)range->v.as.integer);
        if (range->has_a)
            key_append_attribute(ret_key, range->a);
        if (range->has_e)
            key_append_u64(ret_key, range->e);
        break;
    }
}

/* What all keys of the range begin with. */
static void make_prefix(struct datom_cursor *cursor, const struct datom_key *start)
{
    cursor->prefix = *start;
    if (cursor->range.seek)
        cursor->prefix.len = 0;
    else if (cursor->range.has_start)
        cursor->prefix.len = 4;
    const struct datom_range *range = &cursor->range;
    bool is_value_bound = range->has_v && range->index != DATOM_VAET;
    cursor->is_exact =
        !range->seek && !is_value_bound && !range->has_tx && !range->has_start && !range->has_end;
}

/* ---- comparing with components ---- */

static int compare_ids(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* Where a datom stands to the range's components, in the index's order; what is not given is equal.
 */
static int compare_to_components(const struct datom_range *range, const struct datom *datom)
{
    int e = range->has_e ? compare_ids(datom->e, range->e) : 0;
    int a = range->has_a ? compare_ids(datom->a, range->a) : 0;
    int v = range->has_v ? edn_compare(datom->v, range->v) : 0;
    int tx = range->has_tx ? compare_ids(range->tx, datom->tx) : 0;
    const int orders[4][4] = {
        [DATOM_EAVT] = {e, a, v, tx},
        [DATOM_AEVT] = {a, e, v, tx},
        [DATOM_AVET] = {a, v, e, tx},
        [DATOM_VAET] = {v, a, e, tx},
    };
    const int *order = orders[range->index];
    for (int i = 0; i < 3; i++) {
        if (order[i] != 0)
            return order[i];
    }
    return order[3];
}

/* Whether a datom that the view shows is in the range; sets done once it is past the end. */
static bool range_has(struct datom_cursor *cursor, const struct datom *datom)
{
    const struct datom_range *range = &cursor->range;
    if (range->seek) {
        if (cursor->before_start && compare_to_components(range, datom) < 0)
            return false;
        cursor->before_start = false;
        return true;
    }
    if (range->has_start && edn_compare(datom->v, range->v_start) < 0)
        return false;
    if (range->has_end && edn_compare(datom->v, range->v_end) >= 0) {
        cursor->done = true;
        return false;
    }
    return compare_to_components(range, datom) == 0;
}

/* ---- emitting ---- */

static void batch_add(struct datom_cursor *cursor, const struct datom_life *life, uint64_t t,
                      bool added)
{
    bs_grow(&cursor->batch, cursor->batch_count, &cursor->batch_capacity, sizeof(*cursor->batch));
    cursor->batch[cursor->batch_count++] = (struct datom){
        .e = life->e,
        .a = life->a,
        .v = life->v,
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
        order = compare_ids(x->e, y->e);
    return order != 0 ? order : compare_ids(y->tx, x->tx);
}

/* Drops what the range does not have, from `first` on. */
static void keep_range(struct datom_cursor *cursor, size_t first)
{
    size_t kept = first;
    for (size_t i = first; i < cursor->batch_count && !cursor->done; i++) {
        if (range_has(cursor, &cursor->batch[i]))
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

static enum bs_code parse_life(struct datom_cursor *cursor, const struct datom_kv_iter *iter,
                               enum datom_family family, struct datom_life *ret_life,
                               struct bs_error *error)
{
    BS_TRY(datom_key_parse(family, iter->key, iter->record, cursor->arena, ret_life, error));
    /* key and record go with the next step */
    ret_life->v = edn_dup(cursor->arena, ret_life->v);
    return BS_OK;
}

static enum bs_code gather(struct datom_cursor *cursor, struct datom_source *source,
                           enum datom_family family, struct bs_str prefix, struct bs_error *error)
{
    struct datom_kv_iter *iter = source->iter;
    while (iter && iter->valid && bs_str_starts_with(iter->key, prefix)) {
        struct datom_life life;
        BS_TRY(parse_life(cursor, iter, family, &life, error));
        bs_grow(&cursor->lives, cursor->lives_count, &cursor->lives_capacity,
                sizeof(*cursor->lives));
        cursor->lives[cursor->lives_count++] = life;
        datom_kv_next(iter);
    }
    return BS_OK;
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
    key_append_u64(&key, cursor->db->as_of_t + 1);
    if (bs_str_compare(cursor->past.iter->key, datom_key_str(&key)) < 0)
        datom_kv_seek(cursor->past.iter, datom_key_str(&key));
}

static enum bs_code step_group(struct datom_cursor *cursor, const struct datom_key *group,
                               struct bs_error *error)
{
    struct bs_str prefix = datom_key_str(group);
    cursor->lives_count = 0;
    BS_TRY(gather(cursor, &cursor->now, cursor->family, prefix, error));
    if (cursor->needs_past) {
        skip_ended_lives(cursor, group);
        BS_TRY(gather(cursor, &cursor->past, past_family(cursor->family), prefix, error));
    }
    size_t first = cursor->batch_count;
    for (size_t i = 0; i < cursor->lives_count; i++)
        emit_life(cursor, &cursor->lives[i]);
    if (cursor->batch_count - first > 1)
        qsort(cursor->batch + first, cursor->batch_count - first, sizeof(*cursor->batch),
              compare_for_index);
    keep_range(cursor, first);
    return BS_OK;
}

/* One current key that stands for itself. */
static enum bs_code step_single(struct datom_cursor *cursor, struct bs_error *error)
{
    struct datom_life life;
    BS_TRY(parse_life(cursor, cursor->now.iter, cursor->family, &life, error));
    datom_kv_next(cursor->now.iter);
    if (!datom_db_shows_live(cursor->db, life.t_added))
        return BS_OK;
    size_t first = cursor->batch_count;
    batch_add(cursor, &life, life.t_added, true);
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

static enum bs_code check_source(const struct datom_cursor *cursor,
                                 const struct datom_source *source, struct bs_error *error)
{
    if (!source->iter || source->iter->code == BS_OK)
        return BS_OK;
    if (error)
        *error = cursor->failure;
    return source->iter->code;
}

static enum bs_code step(struct datom_cursor *cursor, struct bs_error *error)
{
    bool has_now = source_is_in_prefix(cursor, &cursor->now);
    bool has_past = cursor->needs_past && source_is_in_prefix(cursor, &cursor->past);
    if (!has_now && !has_past) {
        cursor->done = true;
        BS_TRY(check_source(cursor, &cursor->now, error));
        return check_source(cursor, &cursor->past, error);
    }
    size_t len = has_now ? group_len(cursor, cursor->now.iter->key, false) : 0;
    if (has_now && len == 0)
        return step_single(cursor, error);
    /* the group that comes first; of two that share a beginning the shorter holds the other */
    struct datom_key group;
    group.len = 0;
    if (has_now)
        key_append(&group, cursor->now.iter->key.ptr, len);
    if (has_past) {
        struct bs_str key = cursor->past.iter->key;
        struct bs_str past = bs_str_slice(key, 0, group_len(cursor, key, true));
        if (!has_now || bs_str_compare(past, datom_key_str(&group)) < 0) {
            group.len = 0;
            key_append(&group, past.ptr, past.len);
        }
    }
    return step_group(cursor, &group, error);
}

/* ---- the public side ---- */

static void open_sources(struct datom_cursor *cursor)
{
    if (!cursor->now.iter || cursor->now_family != cursor->family) {
        datom_source_fini(&cursor->now);
        datom_source_fini(&cursor->past);
        datom_source_init(&cursor->now, cursor->db->body, cursor->family, &cursor->failure);
        cursor->now_family = cursor->family;
    }
    if (cursor->needs_past && !cursor->past.iter)
        datom_source_init(&cursor->past, cursor->db->body, past_family(cursor->family),
                          &cursor->failure);
}

enum bs_code datom_cursor_reset(struct datom_cursor *cursor, const struct datom_range *range,
                                struct bs_error *error)
{
    BS_TRY(check_range(cursor, range, error));
    bs_arena_reset(cursor->range_arena);
    cursor->range = *range;
    if (range->has_v)
        cursor->range.v = edn_dup(cursor->range_arena, range->v);
    if (range->has_start)
        cursor->range.v_start = edn_dup(cursor->range_arena, range->v_start);
    if (range->has_end)
        cursor->range.v_end = edn_dup(cursor->range_arena, range->v_end);
    cursor->family = (enum datom_family)(DATOM_FAMILY_EAVT + (int)range->index);
    cursor->done = false;
    cursor->before_start = true;
    cursor->batch_target = CURSOR_BATCH_FIRST;
    struct datom_key start;
    make_start(cursor, &start);
    make_prefix(cursor, &start);
    datom_store_enter(cursor->db->body->store);
    open_sources(cursor);
    datom_kv_seek(cursor->now.iter, datom_key_str(&start));
    if (cursor->needs_past)
        datom_kv_seek(cursor->past.iter, datom_key_str(&start));
    datom_store_leave(cursor->db->body->store);
    return BS_OK;
}

enum bs_code datom_cursor_open(struct datom_db *db, const struct datom_range *range,
                               struct datom_cursor **ret_cursor, struct bs_error *error)
{
    struct datom_cursor *cursor = bs_calloc(1, sizeof(*cursor));
    cursor->db = datom_db_ref(db);
    cursor->unfiltered = db->filter ? datom_db_unfiltered(db) : NULL;
    cursor->needs_past = datom_db_needs_past(db);
    cursor->arena = bs_arena_new(0);
    cursor->range_arena = bs_arena_new(0);
    enum bs_code code = datom_cursor_reset(cursor, range, error);
    if (code != BS_OK) {
        datom_cursor_free(cursor);
        return code;
    }
    *ret_cursor = cursor;
    return BS_OK;
}

/* So many steps at most, that whoever waits for the store to be alone need not wait for a view that
 * shows little of much. */
static enum bs_code fill_batch(struct datom_cursor *cursor, struct bs_error *error)
{
    datom_source_refresh(&cursor->now);
    datom_source_refresh(&cursor->past);
    for (int i = 0; i < CURSOR_STEPS_MAX; i++) {
        if (cursor->done || cursor->batch_count >= cursor->batch_target)
            break;
        BS_TRY(step(cursor, error));
    }
    return BS_OK;
}

/* Outside of the store: a predicate may take its time, and read. */
static void filter_batch(struct datom_cursor *cursor)
{
    size_t kept = 0;
    for (size_t i = 0; i < cursor->batch_count; i++) {
        if (datom_filter_passes(cursor->db->filter, cursor->unfiltered, &cursor->batch[i]))
            cursor->batch[kept++] = cursor->batch[i];
    }
    cursor->batch_count = kept;
}

static enum bs_code next_batch(struct datom_cursor *cursor, struct bs_error *error)
{
    enum bs_code code = BS_OK;
    bs_arena_reset(cursor->arena);
    cursor->batch_count = 0;
    while (code == BS_OK && !cursor->done && cursor->batch_count < cursor->batch_target) {
        datom_store_enter(cursor->db->body->store);
        code = fill_batch(cursor, error);
        datom_store_leave(cursor->db->body->store);
    }
    cursor->batch_target = BS_MIN(cursor->batch_target * 2, (size_t)CURSOR_BATCH_MAX);
    if (code == BS_OK && cursor->unfiltered)
        filter_batch(cursor);
    return code;
}

enum bs_code datom_cursor_next(struct datom_cursor *cursor, const struct datom **ret_datoms,
                               size_t *ret_count, struct bs_error *error)
{
    do
        BS_TRY(next_batch(cursor, error));
    while (cursor->batch_count == 0 && !cursor->done);
    *ret_datoms = cursor->batch;
    *ret_count = cursor->batch_count;
    return BS_OK;
}

void datom_cursor_free(struct datom_cursor *cursor)
{
    if (!cursor)
        return;
    datom_store_enter(cursor->db->body->store);
    datom_source_fini(&cursor->now);
    datom_source_fini(&cursor->past);
    datom_store_leave(cursor->db->body->store);
    bs_arena_free(cursor->arena);
    bs_arena_free(cursor->range_arena);
    free(cursor->batch);
    free(cursor->lives);
    datom_db_unref(cursor->unfiltered);
    datom_db_unref(cursor->db);
    free(cursor);
}

void datom_cursor_freep(struct datom_cursor **cursor)
{
    datom_cursor_free(*cursor);
}
