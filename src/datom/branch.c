/*
 * The families of the past as sorted walks. Lives that share the beginning of their key (an entity
 * and attribute; a datom) are gathered from both families, kept when they were live at t, and shown
 * in the order of their keys. The parent's keys may be of a later schema: the lives that they give
 * are written by the schema of t.
 */

#include "datom/branch_iter.h"

/* Keys that are passed one by one before a seek. */
#define PASS_MAX 8

void datom_branch_fail(struct branch_iter *branch, enum bs_code code, const struct bs_error *error)
{
    branch->iter.valid = false;
    branch->iter.code = code;
    if (branch->iter.error)
        *branch->iter.error = *error;
}

enum bs_code datom_branch_check(const struct branch_iter *branch, struct bs_error *error)
{
    enum bs_code code = branch->now.iter->code;
    if (code == BS_OK && branch->past.iter)
        code = branch->past.iter->code;
    if (code != BS_OK && error)
        *error = branch->failure;
    return code;
}

/* ---- history families and the log: a filter ---- */

/* Whether the index by value has the attribute at t. */
static bool has_avet(const struct branch_iter *branch, uint32_t a)
{
    const struct datom_attribute *attribute = datom_schema_attribute(branch->schema, a);
    return attribute && attribute->has_avet;
}

enum bs_code datom_branch_look(struct branch_iter *branch, struct datom_life *ret_life,
                               bool *ret_shown, struct bs_error *error)
{
    const struct datom_kv_iter *from = branch->now.iter;
    bs_arena_reset(branch->arena);
    BS_TRY(
        datom_key_parse(branch->family, from->key, from->record, branch->arena, ret_life, error));
    *ret_shown = ret_life->t_retracted <= branch->t &&
                 (branch->family != DATOM_FAMILY_AVET_H || has_avet(branch, ret_life->a));
    return BS_OK;
}

/* To the next that may be shown: where ends order keys, what ended after t is passed over whole. */
static void pass_over(struct branch_iter *branch, const struct datom_life *life)
{
    struct datom_kv_iter *from = branch->now.iter;
    if (branch->family > DATOM_FAMILY_AEVT_H || life->t_retracted <= branch->t) {
        datom_kv_next(from);
        return;
    }
    uint8_t end[20];
    memcpy(end, from->key.ptr, 12);
    memset(end + 12, 0xff, 8);
    datom_kv_seek(from, bs_str_make((const char *)end, sizeof(end)));
}

static void show_filtered(struct branch_iter *branch)
{
    struct datom_kv_iter *from = branch->now.iter;
    bool shown = false;
    branch->iter.valid = false;
    if (branch->family == DATOM_FAMILY_LOG)
        shown = from->valid && from->key.len == 8 && bs_load_u64(from->key.ptr) <= branch->t;
    while (!shown && from->valid && branch->family != DATOM_FAMILY_LOG) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_life life;
        enum bs_code code = datom_branch_look(branch, &life, &shown, &error);
        if (code != BS_OK) {
            datom_branch_fail(branch, code, &error);
            return;
        }
        if (!shown)
            pass_over(branch, &life);
    }
    if (from->code != BS_OK) {
        datom_branch_fail(branch, from->code, &branch->failure);
        return;
    }
    branch->iter.valid = shown;
    branch->iter.key = from->key;
    branch->iter.record = from->record;
}

/* ---- current families: groups of lives ---- */

size_t datom_branch_group_len(const struct branch_iter *branch, struct bs_str key, bool is_past)
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

/* A life that was live at t, as the current family would hold it. */
static void add_life(struct branch_iter *branch, const struct datom_life *life,
                     const struct datom_attribute *attribute)
{
    struct datom_key_value value;
    struct datom_key key;
    BS_CLEANUP(bs_buf_fini) struct bs_buf record = BS_BUF_INIT(0);
    datom_key_value_encode(life->v, attribute->type, &value);
    datom_key_make(branch->family, life, attribute->many, &value, &key);
    datom_record_make(branch->family, life, attribute->many, attribute->type, &value, &record);
    group_add(branch, datom_key_str(&key), bs_buf_str(&record));
}

/* What the parent's iterator stands on, if it was live at t. */
static enum bs_code gather_one(struct branch_iter *branch, const struct datom_kv_iter *from,
                               bool is_past, struct bs_error *error)
{
    enum datom_family family = branch->family;
    if (is_past)
        family = (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT);
    struct datom_life life;
    BS_TRY(datom_key_parse(family, from->key, from->record, branch->arena, &life, error));
    if (life.t_added > branch->t || life.t_retracted <= branch->t)
        return BS_OK;
    const struct datom_attribute *attribute = datom_schema_attribute(branch->schema, life.a);
    if (!attribute)
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "entity %u is said to be an attribute at t %llu, and the schema of "
                            "that time does not have it",
                            life.a, (unsigned long long)branch->t);
    if (branch->family == DATOM_FAMILY_AVET && !attribute->has_avet)
        return BS_OK;
    bool is_same_key = branch->family > DATOM_FAMILY_AEVT || life.is_one == !attribute->many;
    if (!is_past && is_same_key)
        group_add(branch, from->key, from->record);
    else
        add_life(branch, &life, attribute);
    return BS_OK;
}

static bool was_many(const struct datom_schema *schema, uint32_t a)
{
    const struct datom_attribute *attribute = datom_schema_attribute(schema, a);
    return !attribute || attribute->was_many;
}

/* How many lives of a group of one entity and attribute may have to be looked at. */
enum need {
    NEED_ALL,
    NEED_ONE,   /* one at most was live at t: those of what was never many until t do not overlap */
    NEED_FIRST, /* only the first that ended after t can be it: it has not become many since either,
                 * so that those that ended later began later too */
};

static enum need need_of(const struct branch_iter *branch, struct bs_str prefix)
{
    if (branch->family > DATOM_FAMILY_AEVT)
        return NEED_ALL;
    uint32_t a = bs_load_u32(prefix.ptr + (branch->family == DATOM_FAMILY_EAVT ? 8 : 0));
    if (was_many(branch->schema, a))
        return NEED_ALL;
    return was_many(branch->parent->schema, a) ? NEED_ONE : NEED_FIRST;
}

/* What of the group's is the rest, which may be long. */
static void pass_rest(struct datom_kv_iter *from, struct bs_str prefix)
{
    uint8_t behind[20];
    for (int i = 0; i < PASS_MAX && from->valid && bs_str_starts_with(from->key, prefix); i++)
        datom_kv_next(from);
    if (!from->valid || !bs_str_starts_with(from->key, prefix))
        return;
    BS_ASSERT(prefix.len == 12);
    memcpy(behind, prefix.ptr, prefix.len);
    memset(behind + prefix.len, 0xff, 8);
    datom_kv_seek(from, bs_str_make((const char *)behind, sizeof(behind)));
}

static enum bs_code gather(struct branch_iter *branch, bool is_past, struct bs_str prefix,
                           struct bs_error *error)
{
    struct datom_kv_iter *from = is_past ? branch->past.iter : branch->now.iter;
    enum need need = is_past ? need_of(branch, prefix) : NEED_ALL;
    bool has_all = need != NEED_ALL && branch->count > 0;
    while (!has_all && from->valid && bs_str_starts_with(from->key, prefix)) {
        BS_TRY(gather_one(branch, from, is_past, error));
        datom_kv_next(from);
        has_all = need == NEED_FIRST || (need == NEED_ONE && branch->count > 0);
    }
    if (has_all)
        pass_rest(from, prefix);
    return BS_OK;
}

static int compare_shown(const void *a, const void *b)
{
    return bs_str_compare(((const struct shown *)a)->key, ((const struct shown *)b)->key);
}

enum bs_code datom_branch_gather_next(struct branch_iter *branch, struct bs_error *error)
{
    struct datom_kv_iter *now = branch->now.iter;
    struct datom_kv_iter *past = branch->past.iter;
    struct datom_key group = {0};
    struct bs_str first = BS_STR_EMPTY;
    /* one that failed is not one that has no more */
    BS_TRY(datom_branch_check(branch, error));
    if (now->valid)
        first = bs_str_slice(now->key, 0, datom_branch_group_len(branch, now->key, false));
    if (past->valid) {
        struct bs_str other =
            bs_str_slice(past->key, 0, datom_branch_group_len(branch, past->key, true));
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
    BS_TRY(datom_branch_check(branch, error));
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
            enum bs_code ended = datom_branch_check(branch, &error);
            if (ended != BS_OK)
                datom_branch_fail(branch, ended, &error);
            return;
        }
        enum bs_code code = datom_branch_gather_next(branch, &error);
        if (code != BS_OK) {
            datom_branch_fail(branch, code, &error);
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
    iter->code = BS_OK;
    if (!datom_branch_is_current(branch->family)) {
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
    if (datom_branch_is_current(branch->family)) {
        branch->at++;
        show_gathered(branch);
        return;
    }
    datom_kv_next(branch->now.iter);
    show_filtered(branch);
}

static void branch_wake(struct datom_kv_iter *iter)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    datom_source_refresh(&branch->now);
    datom_source_refresh(&branch->past);
    if (!datom_branch_is_current(branch->family) && iter->valid)
        show_filtered(branch);
}

static void branch_free(struct datom_kv_iter *iter)
{
    struct branch_iter *branch = (struct branch_iter *)iter;
    datom_source_fini(&branch->now);
    datom_source_fini(&branch->past);
    datom_body_unref(branch->parent);
    bs_arena_free(branch->arena);
    free(branch->group);
    free(branch);
}

static const struct datom_kv_ops branch_ops = {
    .seek = branch_seek,
    .next = branch_next,
    .before = datom_branch_before,
    .wake = branch_wake,
    .free = branch_free,
};

struct datom_kv_iter *datom_branch_iter(struct datom_body *parent, uint64_t t,
                                        struct datom_schema *schema, enum datom_family family,
                                        struct bs_error *error)
{
    BS_ASSERT(family != DATOM_FAMILY_META);
    struct branch_iter *branch = bs_calloc(1, sizeof(*branch));
    branch->iter = (struct datom_kv_iter){.ops = &branch_ops, .code = BS_OK, .error = error};
    branch->parent = datom_body_ref(parent);
    branch->schema = schema;
    branch->family = family;
    branch->t = t;
    branch->arena = bs_arena_new(0);
    datom_source_init(&branch->now, parent, family, &branch->failure);
    if (datom_branch_is_current(family))
        datom_source_init(&branch->past, parent,
                          (enum datom_family)(family + DATOM_FAMILY_EAVT_H - DATOM_FAMILY_EAVT),
                          &branch->failure);
    bool is_by_value = family == DATOM_FAMILY_AVET || family == DATOM_FAMILY_AVET_H;
    if (!is_by_value || parent->schema == schema)
        return &branch->iter;
    return datom_branch_restore_index(&branch->iter, parent, t, schema, family, error);
}
