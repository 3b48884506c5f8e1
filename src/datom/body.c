/*
 * Bodies: references, counters, and reading one family through overlay and base. The trees say what
 * the overlay changed; over a snapshot a deletion is a tombstone, in memory it is nothing at all.
 */

#include "datom/body.h"

#include "datom/branch.h"

static struct datom_counts *counts_new(size_t limit)
{
    struct datom_counts *counts = bs_calloc(1, sizeof(*counts) + limit * sizeof(counts->live[0]));
    bs_ref_init(&counts->ref);
    counts->limit = limit;
    return counts;
}

void datom_counts_unref(struct datom_counts *counts)
{
    if (counts && bs_ref_put(&counts->ref))
        free(counts);
}

struct datom_counts *datom_counts_dup(const struct datom_counts *counts)
{
    struct datom_counts *copy = counts_new(counts->limit);
    if (counts->limit > 0)
        memcpy(copy->live, counts->live, counts->limit * sizeof(counts->live[0]));
    return copy;
}

struct datom_body *datom_body_ref(struct datom_body *body)
{
    bs_ref_get(&body->ref);
    return body;
}

void datom_body_unref(struct datom_body *body)
{
    if (!body || !bs_ref_put(&body->ref))
        return;
    for (int family = 0; family < DATOM_FAMILY_COUNT; family++)
        if (!datom_tree_is_blank(&body->trees[family]))
            datom_tree_fini(&body->trees[family]);
    datom_snapshot_unref(body->snapshot);
    datom_body_unref(body->parent);
    datom_schema_unref(body->parent_schema);
    datom_schema_unref(body->schema);
    datom_counts_unref(body->counts);
    datom_functions_unref(body->functions);
    free(body);
}

struct datom_body *datom_body_new_empty(void)
{
    struct datom_body *body = bs_calloc(1, sizeof(*body));
    bs_ref_init(&body->ref);
    body->schema = datom_schema_new_empty();
    body->counts = counts_new(0);
    return body;
}

struct datom_body *datom_body_new_over(struct datom_snapshot *snapshot)
{
    struct datom_body *body = bs_calloc(1, sizeof(*body));
    bs_ref_init(&body->ref);
    body->snapshot = snapshot;
    body->store = datom_snapshot_store(snapshot);
    body->schema = datom_schema_ref(datom_snapshot_schema(snapshot));
    return body;
}

struct datom_body *datom_body_copy(const struct datom_body *body)
{
    struct datom_body *copy = bs_malloc(sizeof(*copy));
    bs_ref_init(&copy->ref);
    /* all but the count, which others change meanwhile */
    size_t content = offsetof(struct datom_body, snapshot);
    memcpy((char *)copy + content, (const char *)body + content, sizeof(*copy) - content);
    if (copy->snapshot)
        datom_snapshot_ref(copy->snapshot);
    if (copy->parent)
        datom_body_ref(copy->parent);
    if (copy->parent_schema)
        datom_schema_ref(copy->parent_schema);
    if (copy->has_overlay) {
        for (int family = 0; family < DATOM_FAMILY_COUNT; family++)
            if (!datom_tree_is_blank(&body->trees[family]))
                copy->trees[family] = datom_tree_dup(&body->trees[family]);
    }
    datom_schema_ref(copy->schema);
    bs_ref_get(&copy->counts->ref);
    if (copy->functions)
        datom_functions_ref(copy->functions);
    return copy;
}

void datom_body_set_functions(struct datom_body *body, struct datom_functions *functions)
{
    if (functions)
        datom_functions_ref(functions);
    datom_functions_unref(body->functions);
    body->functions = functions;
}

uint64_t datom_body_count(const struct datom_body *body, datom_id attribute)
{
    return attribute < body->counts->limit ? body->counts->live[attribute] : 0;
}

/* Makes the counters the body's own, with room for ids below `limit`. */
static void own_counts(struct datom_body *body, size_t limit)
{
    struct datom_counts *old = body->counts;
    if (limit <= old->limit && bs_ref_is_sole(&old->ref))
        return;
    struct datom_counts *counts = counts_new(BS_MAX(limit, old->limit));
    if (old->limit > 0)
        memcpy(counts->live, old->live, old->limit * sizeof(old->live[0]));
    datom_counts_unref(old);
    body->counts = counts;
}

void datom_body_add_counts(struct datom_body *body, const struct datom *datoms, size_t count)
{
    size_t limit = 0;
    for (size_t i = 0; i < count; i++)
        limit = BS_MAX(limit, (size_t)datoms[i].a + 1);
    own_counts(body, limit);
    for (size_t i = 0; i < count; i++) {
        uint64_t *live = &body->counts->live[datoms[i].a];
        *live = datoms[i].added ? *live + 1 : *live - 1;
        body->datoms = datoms[i].added ? body->datoms + 1 : body->datoms - 1;
    }
}

static void pass_id(datom_id id, uint64_t *next_t, uint64_t *next_element)
{
    if (datom_id_part(id) == DATOM_PART_DB)
        *next_element = BS_MAX(*next_element, id + 1);
    else
        *next_t = BS_MAX(*next_t, datom_id_counter(id) + 1);
}

void datom_ids_pass(const struct datom *datom, const struct datom_attribute *attribute,
                    uint64_t *next_t, uint64_t *next_element)
{
    pass_id(datom->e, next_t, next_element);
    if (!attribute)
        return;
    if (attribute->type == DATOM_TYPE_REF)
        pass_id((datom_id)datom->v.as.integer, next_t, next_element);
    for (uint32_t i = 0; attribute->tuple && i < datom->v.len; i++) {
        uint32_t at = attribute->tuple->kind == DATOM_TUPLE_HOMOGENEOUS ? 0 : i;
        if (attribute->tuple->types[at] == DATOM_TYPE_REF && datom->v.as.items[i].type == EDN_LONG)
            pass_id((datom_id)datom->v.as.items[i].as.integer, next_t, next_element);
    }
}

void datom_body_change(struct datom_body *body, const struct datom_change *change)
{
    struct datom_tree *tree = &body->trees[change->family];
    body->has_overlay = true;
    if (!change->is_delete)
        datom_tree_put(tree, change->key, change->record);
    else if (body->snapshot || body->parent)
        datom_tree_put_tombstone(tree, change->key);
    else
        datom_tree_remove(tree, change->key);
}

enum bs_code datom_body_get(struct datom_body *body, enum datom_family family, struct bs_str key,
                            struct datom_pin *ret_pin, struct bs_str *ret_record, bool *ret_found,
                            struct bs_error *error)
{
    *ret_pin = (struct datom_pin){0};
    if (body->has_overlay) {
        enum datom_tree_found found = datom_tree_get(&body->trees[family], key, ret_record);
        if (found != DATOM_TREE_ABSENT) {
            *ret_found = found == DATOM_TREE_PRESENT;
            return BS_OK;
        }
    }
    if (body->snapshot)
        return datom_snapshot_get(body->snapshot, family, key, ret_pin, ret_record, ret_found,
                                  error);
    if (body->parent)
        return datom_branch_get(body->parent, body->parent_t, body->parent_schema, family, key,
                                ret_pin, ret_record, ret_found, error);
    *ret_found = false;
    return BS_OK;
}

static struct datom_kv_iter *open_base(struct datom_body *body, enum datom_family family,
                                       struct bs_error *error)
{
    if (body->snapshot)
        return datom_snapshot_iter(body->snapshot, family, error);
    if (body->parent)
        return datom_branch_iter(body->parent, body->parent_t, body->parent_schema, family, error);
    return NULL;
}

/* `base`: NULL for none. */
static void init_over(struct datom_source *source, struct datom_body *body,
                      enum datom_family family, struct datom_kv_iter *base)
{
    source->store = body->store;
    source->epoch = source->store ? datom_store_epoch(source->store) : 0;
    if (base && datom_tree_is_blank(&body->trees[family])) {
        source->iter = base;
        return;
    }
    datom_tree_iter_init(&source->tree, &body->trees[family]);
    source->iter = &source->tree.iter;
    if (base) {
        datom_merge_iter_init(&source->merge, base, &source->tree.iter);
        source->iter = &source->merge.iter;
    }
}

void datom_source_init(struct datom_source *source, struct datom_body *body,
                       enum datom_family family, struct bs_error *error)
{
    init_over(source, body, family, open_base(body, family, error));
}

void datom_source_init_of_value(struct datom_source *source, struct datom_body *body,
                                struct bs_error *error)
{
    struct datom_kv_iter *base = body->snapshot
                                     ? datom_snapshot_iter_of_value(body->snapshot, error)
                                     : open_base(body, DATOM_FAMILY_AVET, error);
    init_over(source, body, DATOM_FAMILY_AVET, base);
}

void datom_source_fini(struct datom_source *source)
{
    datom_kv_free(source->iter);
    source->iter = NULL;
}

void datom_source_refresh(struct datom_source *source)
{
    if (!source->iter || !source->store || source->epoch == datom_store_epoch(source->store))
        return;
    source->epoch = datom_store_epoch(source->store);
    datom_kv_wake(source->iter);
}

void datom_source_open(struct datom_source *source, struct datom_body *body,
                       enum datom_family family, struct bs_error *error)
{
    datom_store_enter(body->store);
    datom_source_init(source, body, family, error);
}

void datom_source_open_of_value(struct datom_source *source, struct datom_body *body,
                                struct bs_error *error)
{
    datom_store_enter(body->store);
    datom_source_init_of_value(source, body, error);
}

void datom_source_close(struct datom_source *source)
{
    if (!source->iter)
        return;
    datom_source_fini(source);
    datom_store_leave(source->store);
}

void datom_source_rest(struct datom_source *source)
{
    datom_store_leave(source->store);
}

void datom_source_wake(struct datom_source *source)
{
    datom_store_enter(source->store);
    datom_source_refresh(source);
}

bool datom_source_breathe(struct datom_source *source, uint32_t *count)
{
    if (++*count % 1024 != 0)
        return false;
    datom_source_rest(source);
    datom_source_wake(source);
    return true;
}
