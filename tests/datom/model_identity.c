/*
 * Who is who: a tempid that is given the value of a unique identity is its holder before, two that
 * are given the same one are one entity, and what remains is new and gets the ts after the
 * transaction's, in the order in which the tempids were met.
 */

#include "model.h"

static void bind(struct model_tx *tx, size_t temp, datom_id id)
{
    datom_id *known = &tx->temps[tx->temps[temp].root].id;
    if (*known != DATOM_NO_ID && *known != id)
        model_tx_refuse(tx, BS_REASON_DB_UNIQUE_CONFLICT);
    *known = id;
}

static void unite(struct model_tx *tx, size_t a, size_t b)
{
    size_t to = BS_MIN(tx->temps[a].root, tx->temps[b].root);
    size_t from = BS_MAX(tx->temps[a].root, tx->temps[b].root);
    if (to == from)
        return;
    if (tx->temps[from].id != DATOM_NO_ID)
        bind(tx, to, tx->temps[from].id);
    tx->temps[to].is_entity |= tx->temps[from].is_entity;
    tx->temps[to].is_element |= tx->temps[from].is_element;
    for (size_t i = 0; i < tx->temps_count; i++) {
        if (tx->temps[i].root == from)
            tx->temps[i].root = to;
    }
}

struct edn model_tx_value(const struct model_tx *tx, const struct model_op *op, bool *ret_known)
{
    *ret_known = true;
    if (op->attribute->type == DATOM_TYPE_REF) {
        datom_id id = model_tx_place_id(tx, &op->v_place);
        *ret_known = id != DATOM_NO_ID;
        return edn_long(*ret_known ? (int64_t)id : -1 - (int64_t)tx->temps[op->v_place.temp].root);
    }
    if (!op->v_places)
        return op->v;
    struct edn *items = bs_arena_new_array(tx->arena, op->v.len, struct edn);
    for (uint32_t i = 0; i < op->v.len; i++) {
        const struct model_place *place = &op->v_places[i];
        items[i] = op->v.as.items[i];
        if (!place->is_temp)
            continue;
        datom_id id = model_tx_place_id(tx, place);
        *ret_known = *ret_known && id != DATOM_NO_ID;
        items[i] =
            edn_long(id == DATOM_NO_ID ? -1 - (int64_t)tx->temps[place->temp].root : (int64_t)id);
    }
    return edn_collection(EDN_VECTOR, items, op->v.len);
}

static bool is_claim(const struct model_op *op)
{
    return op->kind == MODEL_ADD && op->e.is_temp && op->attribute->unique == DATOM_UNIQUE_IDENTITY;
}

static void take_claim(struct model_tx *tx, size_t i)
{
    const struct model_op *op = &tx->ops[i];
    bool known, other_known;
    struct edn v = model_tx_value(tx, op, &known);
    datom_id holder = known ? model_holder(tx->before, op->attribute->id, v) : DATOM_NO_ID;
    if (holder != DATOM_NO_ID)
        bind(tx, op->e.temp, holder);
    for (size_t j = 0; j < i; j++) {
        const struct model_op *other = &tx->ops[j];
        if (is_claim(other) && other->attribute == op->attribute &&
            edn_equal(model_tx_value(tx, other, &other_known), v))
            unite(tx, other->e.temp, op->e.temp);
    }
}

/* What one claim says of a tempid in the value of another is known the next time. */
void model_tx_bind_identities(struct model_tx *tx)
{
    size_t claims = 0;
    for (size_t i = 0; i < tx->ops_count; i++)
        claims += is_claim(&tx->ops[i]);
    for (size_t time = 0; time < claims; time++) {
        for (size_t i = 0; i < tx->ops_count; i++) {
            if (is_claim(&tx->ops[i]))
                take_claim(tx, i);
        }
    }
}

/* The transaction's own t is the first of what it takes. */
void model_tx_issue_ids(struct model_tx *tx)
{
    uint64_t next_t = tx->t + 1;
    datom_id next_element = tx->before->next_element;
    for (size_t i = 0; i < tx->temps_count; i++) {
        struct model_temp *temp = &tx->temps[tx->temps[i].root];
        if (temp->id != DATOM_NO_ID)
            continue;
        datom_id part = model_tx_partition(tx, tx->temps[i].root);
        if (!temp->is_entity && tx->temps[i].is_value)
            model_tx_refuse(tx, BS_REASON_DB_TEMPID_NOT_AN_ENTITY);
        if (temp->is_entity)
            temp->id = part == DATOM_PART_DB ? next_element++ : datom_id_make(part, next_t++);
    }
}

datom_id model_tx_place_id(const struct model_tx *tx, const struct model_place *place)
{
    return place->is_temp ? tx->temps[tx->temps[place->temp].root].id : place->id;
}
