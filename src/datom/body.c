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
        datom_tree_fini(&body->trees[family]);
    datom_snapshot_unref(body->snapshot);
    datom_body_unref(body->parent);
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

struct datom_body *datom_body_copy(const struct datom_body *body)
{
    struct datom_body *copy = bs_calloc(1, sizeof(*copy));
    bs_ref_init(&copy->ref);
    /* all but the count, which others change meanwhile */
    size_t content = offsetof(struct datom_body, snapshot);
    memcpy((char *)copy + content, (const char *)body + content, sizeof(*copy) - content);
    if (copy->snapshot)
        datom_snapshot_ref(copy->snapshot);
    if (copy->parent)
        datom_body_ref(copy->parent);
    if (copy->has_overlay) {
        for (int family = 0; family < DATOM_FAMILY_COUNT; family++)
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

/* Through a walk: the past has no keys of its own to get. */
static enum bs_code get_from_parent(struct datom_body *body, enum datom_family family,
                                    struct bs_str key, struct datom_pin *ret_pin,
                                    struct bs_str *ret_record, bool *ret_found,
                                    struct bs_error *error)
{
    struct datom_kv_iter *iter = datom_branch_iter(body->parent, body->parent_t, family, error);
    datom_kv_seek(iter, key);
    enum bs_code code = iter->code;
    *ret_found = iter->valid && bs_str_equal(iter->key, key);
    if (*ret_found) {
        ret_pin->owned = bs_memdup(iter->record.ptr, iter->record.len);
        *ret_record = bs_str_make(ret_pin->owned, iter->record.len);
    }
    datom_kv_free(iter);
    return code;
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
        return get_from_parent(body, family, key, ret_pin, ret_record, ret_found, error);
    *ret_found = false;
    return BS_OK;
}

static struct datom_kv_iter *open_base(struct datom_body *body, enum datom_family family,
                                       struct bs_error *error)
{
    if (body->snapshot)
        return datom_snapshot_iter(body->snapshot, family, error);
    if (body->parent)
        return datom_branch_iter(body->parent, body->parent_t, family, error);
    return NULL;
}

void datom_source_open(struct datom_source *source, struct datom_body *body,
                       enum datom_family family, struct bs_error *error)
{
    struct datom_kv_iter *base = open_base(body, family, error);
    if (base && body->trees[family].count == 0) {
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

void datom_source_close(struct datom_source *source)
{
    datom_kv_free(source->iter);
    source->iter = NULL;
}
