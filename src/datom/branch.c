/*
 * The families of the past as sorted walks. Lives that share the beginning of their key (an entity
 * and attribute; a datom) are gathered from both families, kept when they were live at t, and shown
 * in the order of their keys.
 */

#include "datom/branch.h"

struct shown {
    struct bs_str key;
    struct bs_str record;
};

struct branch_iter {
    struct datom_kv_iter iter; /* must be first */
    struct datom_body *parent;
    enum datom_family family;
    uint64_t t;
    struct datom_source now;
    struct datom_source past; /* not open for history families and the log */
    struct bs_error failure;  /* of the sources */
    struct bs_arena *arena;   /* of the group */
    struct shown *group;
    size_t count, capacity, at;
};

static bool is_current(enum datom_family family)
{
    return family <= DATOM_FAMILY_VAET;
}

static void fail(struct branch_iter *branch, enum bs_code code, const struct bs_error *error)
{
    branch->iter.valid = false;
    branch->iter.code = code;
    if (branch->iter.error)
        *branch->iter.error = *error;
}

/* ---- history families and the log: a filter ---- */

static bool is_old_enough(struct branch_iter *branch, bool *ret_failed)
{
    const struct datom_kv_iter *from = branch->now.iter;
    *ret_failed = false;
    if (branch->family == DATOM_FAMILY_LOG)
        return from->key.len == 8 && bs_load_u64(from->key.ptr) <= branch->t;
    struct bs_error error = BS_ERROR_INIT;
    struct datom_life life;
    bs_arena_reset(branch->arena);
    enum bs_code code =
        datom_key_parse(branch->family, from->key, from->record, branch->arena, &life, &error);
    if (code != BS_OK) {
        fail(branch, code, &error);
        *ret_failed = true;
    }
    return code == BS_OK && life.t_retracted <= branch->t;
}

static void show_filtered(struct branch_iter *branch)
{
    struct datom_kv_iter *from = branch->now.iter;
    bool failed = false;
    while (from->valid && !is_old_enough(branch, &failed) && !failed) {
        if (branch->family == DATOM_FAMILY_LOG)
            break;
        datom_kv_next(from);
    }
    if (failed)
        return;
    if (from->code != BS_OK) {
        fail(branch, from->code, &branch->failure);
        return;
    }
    branch->iter.valid = from->valid && (branch->family != DATOM_FAMILY_LOG ||
                                         bs_load_u64(from->key.ptr) <= branch->t);
    branch->iter.key = from->key;
    branch->iter.record = from->record;
}

/* ---- current families: groups of lives ---- */

/* What the keys of a group share. */
static size_t group_len(const struct branch_iter *branch, struct bs_str key, bool is_past)
{
    switch (branch->family) {
    case DATOM_FAMILY_EAVT:
    case DATOM_FAMILY_AEVT:
        return 12;
    case DATOM_FAMILY_VAET:
        return 20;
    default:
        /* two ts stand behind a kv e in the past */
        return is_past && key.len >= 16 ? key.len - 16 : key.len;
    }
}

static void group_add(struct branch_iter *branch, struct bs_str key, struct bs_str record)
{
    bs_grow(&branch->group, branch->count, &branch->capacity, sizeof(*branch->group));
    branch->group[branch->count++] = (struct shown){
        .key = bs_arena_dup(branch->arena, key),
        .record = bs_arena_dup(branch->arena, record),
    };
}

/* A closed life that was live at t, as the current family would hold it. */
static void add_past_life(struct branch_iter *branch, const struct datom_life *life)
{
    const struct datom_attribute *attribute =
        datom_schema_attribute(branch->parent->schema, life->a);
    BS_ASSERT(attribute);
    struct datom_key_value value;
    struct datom_key key;
    BS_CLEANUP(bs_buf_fini) struct bs_buf record = BS_BUF_INIT(0);
    datom_key_value_encode(life->v, attribute->type, &value);
    datom_key_make(branch->family, life, attribute->many, &value, &key);
    datom_record_make(branch->family, life, attribute->many, attribute->type, &value, &record);
    group_add(branch, datom_key_str(&key), bs_buf_str(&record));
}

static enum bs_code gather(struct branch_iter *branch, bool is_past, struct bs_str prefix,
                           struct bs_error *error)
{
    struct datom_kv_iter *from = is_past ? branch->past.iter : branch->now.iter;
    enum datom_family family = branch->family;
    if (is_past)
        family = (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
    for (; from->valid && bs_str_starts_with(from->key, prefix); datom_kv_next(from)) {
        struct datom_life life;
        BS_TRY(datom_key_parse(family, from->key, from->record, branch->arena, &life, error));
        if (life.t_added > branch->t || life.t_retracted <= branch->t)
            continue;
        if (is_past)
            add_past_life(branch, &life);
        else
            group_add(branch, from->key, from->record);
    }
    return BS_OK;
}

static int compare_shown(const void *a, const void *b)
{
    return bs_str_compare(((const struct shown *)a)->key, ((const struct shown *)b)->key);
}

/* The group that comes first; lives that ended by t need no look, their keys tell. */
static enum bs_code gather_next(struct branch_iter *branch, struct bs_error *error)
{
    struct datom_kv_iter *now = branch->now.iter;
    struct datom_kv_iter *past = branch->past.iter;
    struct datom_key group = {0};
    struct bs_str first = BS_STR_EMPTY;
    if (now->valid)
        first = bs_str_slice(now->key, 0, group_len(branch, now->key, false));
    if (past->valid) {
        struct bs_str other = bs_str_slice(past->key, 0, group_len(branch, past->key, true));
        if (!now->valid || bs_str_compare(other, first) < 0)
            first = other;
    }
    BS_ASSERT(first.len + 8 <= sizeof(group.bytes));
    memcpy(group.bytes, first.ptr, first.len);
    group.len = (uint16_t)first.len;
    BS_TRY(gather(branch, false, datom_key_str(&group), error));
    if (past->valid && bs_str_starts_with(past->key, datom_key_str(&group))) {
        struct datom_key after = group;
        bs_store_u64(after.bytes + after.len, branch->t + 1);
        after.len = (uint16_t)(after.len + 8);
        if (bs_str_compare(past->key, datom_key_str(&after)) < 0)
            datom_kv_seek(past, datom_key_str(&after));
        BS_TRY(gather(branch, true, datom_key_str(&group), error));
    }
    if (branch->count > 1)
        qsort(branch->group, branch->count, sizeof(*branch->group), compare_shown);
    return BS_OK;
}

/* Shows the next of the group, or of the next group that has any. */
static void show_gathered(struct branch_iter *branch)
{
    while (branch->at == branch->count) {
        struct bs_error error = BS_ERROR_INIT;
        bs_arena_reset(branch->arena);
        branch->count = branch->at = 0;
        if (!branch->now.iter->valid && !branch->past.iter->valid) {
            branch->iter.valid = false;
            if (branch->now.iter->code != BS_OK)
                fail(branch, branch->now.iter->code, &branch->failure);
            else if (branch->past.iter->code != BS_OK)
                fail(branch, branch->past.iter->code, &branch->failure);
            return;
        }
        enum bs_code code = gather_next(branch, &error);
        if (code != BS_OK) {
            fail(branch, code, &error);
            return;
        }
    }
    branch->iter.valid = true;
    branch->iter.key = branch->group[branch->at].key;
    branch->iter.record = branch->group[branch->at].record;
}

/* ---- the iterator ---- */

static void branch_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    if (!is_current(branch->family)) {
        datom_kv_seek(branch->now.iter, key);
        show_filtered(branch);
        return;
    }
    /* groups are gathered whole; the key may point into one */
    bool has_groups = branch->family == DATOM_FAMILY_EAVT || branch->family == DATOM_FAMILY_AEVT;
    struct datom_key begin = {0};
    struct bs_str start = has_groups ? bs_str_slice(key, 0, 12) : key;
    BS_ASSERT(start.len <= sizeof(begin.bytes));
    if (start.len > 0)
        memcpy(begin.bytes, start.ptr, start.len);
    begin.len = (uint16_t)start.len;
    branch->at = branch->count = 0;
    datom_kv_seek(branch->now.iter, datom_key_str(&begin));
    datom_kv_seek(branch->past.iter, datom_key_str(&begin));
    show_gathered(branch);
    while (branch->iter.valid && bs_str_compare(branch->iter.key, key) < 0) {
        branch->at++;
        show_gathered(branch);
    }
}

static void branch_next(struct datom_kv_iter *iter)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    if (is_current(branch->family)) {
        branch->at++;
        show_gathered(branch);
        return;
    }
    datom_kv_next(branch->now.iter);
    show_filtered(branch);
}

static void branch_free(struct datom_kv_iter *iter)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    datom_source_close(&branch->now);
    datom_source_close(&branch->past);
    bs_arena_free(branch->arena);
    free(branch->group);
    free(branch);
}

struct datom_kv_iter *datom_branch_iter(struct datom_body *parent, uint64_t t,
                                        enum datom_family family, struct bs_error *error)
{
    static const struct datom_kv_ops ops = {
        .seek = branch_seek,
        .next = branch_next,
        .free = branch_free,
    };
    struct branch_iter *branch = bs_calloc(1, sizeof(*branch));
    branch->iter = (struct datom_kv_iter){.ops = &ops, .code = BS_OK, .error = error};
    branch->parent = parent;
    branch->family = family;
    branch->t = t;
    branch->arena = bs_arena_new(0);
    datom_source_open(&branch->now, parent, family, &branch->failure);
    if (is_current(family))
        datom_source_open(&branch->past, parent,
                          (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT),
                          &branch->failure);
    return &branch->iter;
}
