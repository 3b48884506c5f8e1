/*
 * The index by value of attributes that lost it after t: their lives are taken from the branch's
 * aevt (aevt_h), written as avet has them, and sorted; an attribute at a time, when the walk comes
 * to it. The base has no key of such an attribute, so that there is nothing to merge: a walk shows
 * the base's keys of attributes before it, then the restored ones, then goes on.
 */

#include "datom/branch.h"

struct restored {
    struct bs_str key;
    struct bs_str record;
};

struct restore_iter {
    struct datom_kv_iter iter; /* must be first */
    struct datom_kv_iter *base;
    struct datom_body *parent; /* held */
    struct datom_schema *schema;
    uint64_t t;
    enum datom_family family;
    uint32_t *dropped; /* attributes, ascending */
    size_t dropped_count, dropped_capacity;
    size_t next;    /* of dropped: the first that is not passed */
    bool is_loaded; /* that one */
    bool is_shown;  /* of that one, not of the base */
    struct bs_arena *arena;
    struct restored *items;
    size_t count, capacity, at;
};

static uint32_t attribute_of(struct bs_str key)
{
    uint8_t bytes[4] = {0};
    memcpy(bytes, key.ptr, BS_MIN(key.len, sizeof(bytes)));
    return bs_load_u32(bytes);
}

static void add(struct restore_iter *restore, const struct datom_life *life,
                const struct datom_attribute *attribute)
{
    struct datom_key_value value;
    struct datom_key key;
    BS_CLEANUP(bs_buf_fini) struct bs_buf record = BS_BUF_INIT(0);
    datom_key_value_encode(life->v, attribute->type, &value);
    datom_key_make(restore->family, life, attribute->many, &value, &key);
    datom_record_make(restore->family, life, attribute->many, attribute->type, &value, &record);
    bs_grow(&restore->items, restore->count, &restore->capacity, sizeof(*restore->items));
    restore->items[restore->count++] = (struct restored){
        .key = bs_arena_dup(restore->arena, datom_key_str(&key)),
        .record = bs_arena_dup(restore->arena, bs_buf_str(&record)),
    };
}

static int compare_restored(const void *a, const void *b)
{
    return bs_str_compare(((const struct restored *)a)->key, ((const struct restored *)b)->key);
}

static enum bs_code load(struct restore_iter *restore, uint32_t a, struct bs_error *error)
{
    enum datom_family family =
        restore->family == DATOM_FAMILY_AVET ? DATOM_FAMILY_AEVT : DATOM_FAMILY_AEVT_H;
    const struct datom_attribute *attribute = datom_schema_attribute(restore->schema, a);
    uint8_t bytes[4];
    bs_store_u32(bytes, a);
    struct bs_str prefix = bs_str_make((const char *)bytes, sizeof(bytes));
    bs_arena_reset(restore->arena);
    restore->count = restore->at = 0;
    restore->is_loaded = true;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *scratch = bs_arena_new(0);
    struct datom_kv_iter *iter =
        datom_branch_iter(restore->parent, restore->t, restore->schema, family, error);
    enum bs_code code = BS_OK;
    datom_kv_seek(iter, prefix);
    for (; iter->valid && bs_str_starts_with(iter->key, prefix); datom_kv_next(iter)) {
        struct datom_life life;
        bs_arena_reset(scratch);
        code = datom_key_parse(family, iter->key, iter->record, scratch, &life, error);
        if (code != BS_OK)
            break;
        add(restore, &life, attribute);
    }
    code = code != BS_OK ? code : iter->code;
    datom_kv_free(iter);
    if (restore->count > 1)
        qsort(restore->items, restore->count, sizeof(*restore->items), compare_restored);
    return code;
}

static void show(struct restore_iter *restore, struct bs_str key, struct bs_str record)
{
    restore->iter.valid = true;
    restore->iter.key = key;
    restore->iter.record = record;
}

static void fail(struct restore_iter *restore, enum bs_code code)
{
    restore->iter.valid = false;
    restore->iter.code = code;
}

/* Shows what comes first: of the base, or of the next dropped attribute that has anything. */
static void settle(struct restore_iter *restore)
{
    const struct datom_kv_iter *base = restore->base;
    restore->is_shown = false;
    for (; restore->next < restore->dropped_count; restore->next++, restore->is_loaded = false) {
        uint32_t a = restore->dropped[restore->next];
        if (base->code != BS_OK || (base->valid && attribute_of(base->key) < a))
            break;
        if (!restore->is_loaded) {
            enum bs_code code = load(restore, a, restore->iter.error);
            if (code != BS_OK) {
                fail(restore, code);
                return;
            }
        }
        if (restore->at < restore->count) {
            restore->is_shown = true;
            show(restore, restore->items[restore->at].key, restore->items[restore->at].record);
            return;
        }
    }
    if (base->valid)
        show(restore, base->key, base->record);
    else
        fail(restore, base->code);
}

/* The first of the loaded items whose key is >= key. */
static size_t find_item(const struct restore_iter *restore, struct bs_str key)
{
    size_t low = 0, high = restore->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bs_str_compare(restore->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void restore_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct restore_iter *restore = (struct restore_iter *)iter;
    uint32_t a = attribute_of(key);
    size_t next = 0;
    while (next < restore->dropped_count && restore->dropped[next] < a)
        next++;
    restore->is_loaded = restore->is_loaded && restore->next == next;
    restore->next = next;
    restore->at = 0;
    iter->code = BS_OK;
    datom_kv_seek(restore->base, key);
    settle(restore);
    if (!iter->valid || !restore->is_shown)
        return;
    restore->at = find_item(restore, key);
    settle(restore);
}

/* The last key < key of the dropped attributes from the one of `key` down to that of `down_to`. */
static bool find_item_before(struct restore_iter *restore, struct bs_str key, uint32_t down_to,
                             struct datom_key *ret_key)
{
    for (size_t i = restore->dropped_count; i-- > 0;) {
        uint32_t a = restore->dropped[i];
        if (a > attribute_of(key))
            continue;
        if (a < down_to)
            break;
        restore->is_loaded = restore->is_loaded && restore->next == i;
        restore->next = i;
        if (!restore->is_loaded) {
            enum bs_code code = load(restore, a, restore->iter.error);
            if (code != BS_OK) {
                fail(restore, code);
                return false;
            }
        }
        size_t at = find_item(restore, key);
        if (at > 0) {
            datom_key_set(ret_key, restore->items[at - 1].key);
            return true;
        }
    }
    return false;
}

static void restore_before(struct datom_kv_iter *iter, struct bs_str key)
{
    struct restore_iter *restore = (struct restore_iter *)iter;
    struct datom_kv_iter *base = restore->base;
    struct datom_key last;
    datom_kv_before(base, key);
    fail(restore, base->code);
    if (iter->code != BS_OK)
        return;
    bool found = find_item_before(restore, key, base->valid ? attribute_of(base->key) : 0, &last);
    if (iter->code != BS_OK)
        return;
    if (!found && base->valid)
        datom_key_set(&last, base->key);
    if (found || base->valid)
        restore_seek(iter, datom_key_str(&last));
}

static void restore_next(struct datom_kv_iter *iter)
{
    struct restore_iter *restore = (struct restore_iter *)iter;
    if (restore->is_shown)
        restore->at++;
    else
        datom_kv_next(restore->base);
    settle(restore);
}

static void restore_wake(struct datom_kv_iter *iter)
{
    struct restore_iter *restore = (struct restore_iter *)iter;
    datom_kv_wake(restore->base);
    if (iter->valid)
        settle(restore);
}

static void restore_free(struct datom_kv_iter *iter)
{
    struct restore_iter *restore = (struct restore_iter *)iter;
    datom_kv_free(restore->base);
    datom_body_unref(restore->parent);
    bs_arena_free(restore->arena);
    free(restore->dropped);
    free(restore->items);
    free(restore);
}

struct datom_kv_iter *datom_branch_restore_index(struct datom_kv_iter *base,
                                                 struct datom_body *parent, uint64_t t,
                                                 struct datom_schema *schema,
                                                 enum datom_family family, struct bs_error *error)
{
    static const struct datom_kv_ops ops = {
        .seek = restore_seek,
        .next = restore_next,
        .before = restore_before,
        .wake = restore_wake,
        .free = restore_free,
    };
    uint32_t *dropped = NULL;
    size_t count = 0, capacity = 0;
    const struct datom_attribute *then;
    for (size_t i = 0; (then = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        const struct datom_attribute *now = datom_schema_attribute(parent->schema, then->id);
        if (!then->has_avet || (now && now->has_avet))
            continue;
        bs_grow(&dropped, count, &capacity, sizeof(*dropped));
        dropped[count++] = (uint32_t)then->id;
    }
    if (count == 0)
        return base;
    struct restore_iter *restore = bs_calloc(1, sizeof(*restore));
    restore->iter = (struct datom_kv_iter){.ops = &ops, .code = BS_OK, .error = error};
    restore->base = base;
    restore->parent = datom_body_ref(parent);
    restore->schema = schema;
    restore->t = t;
    restore->family = family;
    restore->dropped = dropped;
    restore->dropped_count = count;
    restore->arena = bs_arena_new(0);
    return &restore->iter;
}
