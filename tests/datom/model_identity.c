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
    tx->temps[to].is_attribute |= tx->temps[from].is_attribute;
    for (size_t i = 0; i < tx->temps_count; i++) {
        if (tx->temps[i].root == from)
            tx->temps[i].root = to;
    }
}

static bool is_claim(const struct model_op *op)
{
    return op->kind == MODEL_ADD && op->e.is_temp && op->attribute->type != DATOM_TYPE_REF &&
           op->attribute->unique == DATOM_UNIQUE_IDENTITY;
}

void model_tx_bind_identities(struct model_tx *tx)
{
    for (size_t i = 0; i < tx->ops_count; i++) {
        const struct model_op *op = &tx->ops[i];
        if (!is_claim(op))
            continue;
        datom_id holder = model_holder(tx->before, op->attribute->id, op->v);
        if (holder != DATOM_NO_ID)
            bind(tx, op->e.temp, holder);
        for (size_t j = 0; j < i; j++) {
            if (is_claim(&tx->ops[j]) && tx->ops[j].attribute == op->attribute &&
                edn_equal(tx->ops[j].v, op->v))
                unite(tx, tx->ops[j].e.temp, op->e.temp);
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
        if (!temp->is_entity && tx->temps[i].is_value)
            model_tx_refuse(tx, BS_REASON_DB_TEMPID_NOT_AN_ENTITY);
        if (temp->is_entity)
            temp->id =
                temp->is_attribute ? next_element++ : datom_id_make(DATOM_PART_USER, next_t++);
    }
}

datom_id model_tx_place_id(const struct model_tx *tx, const struct model_place *place)
{
    return place->is_temp ? tx->temps[tx->temps[place->temp].root].id : place->id;
}
