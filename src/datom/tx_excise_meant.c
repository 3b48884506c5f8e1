/*
 * Whom requests for excisions mean: their targets, and lives that are to be erased for them; and
 * the list of those that are.
 */

#include "datom/bootstrap.h"
#include "datom/tx_excise.h"

bool tx_excise_has_id(const datom_id *ids, size_t count, datom_id id)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] == id)
            return true;
    }
    return false;
}

/* Schema, what is built in, transactions' instants and the records of excisions stay. */
static bool is_exempt(datom_id e, datom_id a)
{
    return a == DATOM_DB_TX_INSTANT || a == DATOM_DB_EXCISE || a == DATOM_DB_EXCISE_ATTRS ||
           a == DATOM_DB_EXCISE_BEFORE || a == DATOM_DB_EXCISE_BEFORE_T ||
           (datom_id_part(e) == DATOM_PART_DB && a < DATOM_BOOT_NEXT_ELEMENT);
}

/* ---- targets ---- */

static bool is_target(const void *self, uint32_t idx, const void *key)
{
    const struct tx_excise_target *target = &((const struct tx_excise_target *)self)[idx];
    const struct tx_excise_target *wanted = key;
    return target->e == wanted->e && target->request == wanted->request;
}

bool tx_excise_has_target(const struct tx_excision *excision, datom_id e,
                          const struct tx_excise_request *request)
{
    struct tx_excise_target wanted = {.e = e, .request = request};
    return datom_table_find(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0), is_target,
                            excision->targets, &wanted) != DATOM_TABLE_NONE;
}

void tx_excise_add_target(struct tx_excision *excision, datom_id e,
                          const struct tx_excise_request *request)
{
    bs_grow(&excision->targets, excision->targets_count, &excision->targets_capacity,
            sizeof(*excision->targets));
    datom_table_add(&excision->targets_by_e, tx_hash(&e, sizeof(e), 0),
                    (uint32_t)excision->targets_count);
    excision->targets[excision->targets_count++] =
        (struct tx_excise_target){.e = e, .request = request};
}

/* ---- lives ---- */

bool tx_excise_is_meant(const struct tx_excise_request *request, const struct datom_life *life)
{
    return life->t_added < request->before_t && !is_exempt(life->e, life->a) &&
           (request->is_attribute || request->attrs_count == 0 ||
            tx_excise_has_id(request->attrs, request->attrs_count, life->a));
}

/* What a datom may be erased for: its attribute, its entity, or one that it refers to. */
struct meaning {
    datom_id target;
    bool is_attribute;
    bool is_reference;
    const struct datom_life *life;
};

static bool is_meaning(const void *self, uint32_t idx, const void *key)
{
    const struct tx_excise_target *target = &((const struct tx_excise_target *)self)[idx];
    const struct tx_excise_request *request = target->request;
    const struct meaning *meaning = key;
    return target->e == meaning->target && request->is_attribute == meaning->is_attribute &&
           !(meaning->is_reference && request->attrs_count > 0) &&
           tx_excise_is_meant(request, meaning->life);
}

static bool has_meaning(const struct tx_excision *excision, const struct meaning *meaning)
{
    uint64_t hash = tx_hash(&meaning->target, sizeof(meaning->target), 0);
    return datom_table_find(&excision->targets_by_e, hash, is_meaning, excision->targets,
                            meaning) != DATOM_TABLE_NONE;
}

/* A reference, or one that a composite tuple has a copy of. */
static bool refers_to_target(const struct tx_excision *excision,
                             const struct datom_attribute *attribute, const struct datom_life *life)
{
    struct meaning meaning = {.is_reference = true, .life = life};
    const struct datom_tuple *tuple = attribute->tuple;
    if (attribute->type == DATOM_TYPE_REF) {
        meaning.target = (datom_id)life->v.as.integer;
        return has_meaning(excision, &meaning);
    }
    if (!tuple || tuple->kind != DATOM_TUPLE_COMPOSITE)
        return false;
    for (uint32_t i = 0; i < tuple->count; i++) {
        const struct edn *item = &life->v.as.items[i];
        meaning.target = (datom_id)item->as.integer;
        if (tuple->types[i] == DATOM_TYPE_REF && item->type == EDN_LONG &&
            has_meaning(excision, &meaning))
            return true;
    }
    return false;
}

bool tx_excise_is_asked_for(const struct tx_excision *excision, const struct datom_life *life,
                            bool by_reference)
{
    const struct datom_attribute *attribute = tx_excise_attribute(excision, life->a);
    return has_meaning(excision, &(struct meaning){life->a, true, false, life}) ||
           has_meaning(excision, &(struct meaning){life->e, false, false, life}) ||
           (by_reference && attribute && refers_to_target(excision, attribute, life));
}

/* ---- what is erased ---- */

void tx_excise_add(struct tx_excision *excision, const struct tx_erased *erased)
{
    bs_grow(&excision->erased, excision->erased_count, &excision->erased_capacity,
            sizeof(*excision->erased));
    excision->erased[excision->erased_count] = *erased;
    struct datom_life *life = &excision->erased[excision->erased_count++].life;
    life->v = edn_dup(excision->tx->arena, erased->life.v);
}

static int compare_erased(const void *a, const void *b)
{
    const struct tx_erased *x = a;
    const struct tx_erased *y = b;
    const uint64_t left[] = {x->life.e, x->life.a, x->life.t_added, x->life.t_retracted};
    const uint64_t right[] = {y->life.e, y->life.a, y->life.t_added, y->life.t_retracted};
    for (size_t i = 0; i < BS_ARRAY_COUNT(left); i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    int order = edn_compare(x->life.v, y->life.v);
    return order != 0 ? order : (int)x->is_forgotten - (int)y->is_forgotten;
}

/* What an index has is not forgotten. */
void tx_excise_unite(struct tx_excision *excision)
{
    size_t kept = 0;
    if (excision->erased_count > 1)
        qsort(excision->erased, excision->erased_count, sizeof(*excision->erased), compare_erased);
    for (size_t i = 0; i < excision->erased_count; i++) {
        struct tx_erased last = kept > 0 ? excision->erased[kept - 1] : (struct tx_erased){0};
        last.is_forgotten = excision->erased[i].is_forgotten;
        if (kept == 0 || compare_erased(&last, &excision->erased[i]) != 0)
            excision->erased[kept++] = excision->erased[i];
    }
    excision->erased_count = kept;
}

static bool is_before(const struct datom_life *life, datom_id e, datom_id a, uint64_t t_added)
{
    if (life->e != e)
        return life->e < e;
    return life->a != a ? life->a < a : life->t_added < t_added;
}

size_t tx_excise_seek(const struct tx_excision *excision, size_t count, datom_id e, datom_id a,
                      uint64_t t_added)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(&excision->erased[middle].life, e, a, t_added))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool tx_excise_has_life_of(const struct tx_excision *excision, size_t count, datom_id e, datom_id a)
{
    size_t at = tx_excise_seek(excision, count, e, a, 0);
    return at < count && excision->erased[at].life.e == e && excision->erased[at].life.a == a;
}
