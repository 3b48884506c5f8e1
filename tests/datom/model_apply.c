/*
 * What a transaction's operations do to the model. Stage by stage: what is wished as a set of
 * datoms, what of it contradicts, what is unique, the new lives, the schema, erasing. The first
 * stage that has reasons to refuse is the last; all of its reasons are good ones.
 */

#include "model_apply.h"

#include "datom/bootstrap.h"

static bool is_of(const struct model_life *life, const struct model_wish *wish)
{
    return life->e == wish->e && life->a == wish->attribute->id && edn_equal(life->v, wish->v);
}

const struct model_wish *model_find_wish(const struct model_wishes *wishes, datom_id e, datom_id a,
                                         bool added)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->e == e && wish->attribute->id == a && wish->added == added)
            return wish;
    }
    return NULL;
}

bool model_is_mentioned(const struct model_wishes *wishes, const struct model_life *life)
{
    for (size_t i = 0; i < wishes->count; i++) {
        if (is_of(life, &wishes->items[i]))
            return true;
    }
    return false;
}

void model_wish_for(struct model_wishes *wishes, datom_id e,
                    const struct model_attribute *attribute, struct edn v, bool added)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->e != e || wish->attribute->id != attribute->id)
            continue;
        bool is_same = edn_equal(wish->v, v);
        if (is_same && wish->added == added)
            return;
        if (is_same || (added && wish->added && !attribute->many))
            model_tx_refuse(wishes->tx, BS_REASON_DB_DATOMS_CONFLICT);
    }
    bs_grow(&wishes->items, wishes->count, &wishes->capacity, sizeof(*wishes->items));
    wishes->items[wishes->count++] =
        (struct model_wish){.e = e, .attribute = attribute, .v = v, .added = added};
}

/* ---- what each operation wishes ---- */

/* Entities met on the way down the components. */
struct family {
    datom_id *ids;
    size_t count, capacity;
};

/* Unless it is there. */
static void family_add(struct family *family, datom_id e)
{
    for (size_t i = 0; i < family->count; i++) {
        if (family->ids[i] == e)
            return;
    }
    bs_grow(&family->ids, family->count, &family->capacity, sizeof(*family->ids));
    family->ids[family->count++] = e;
}

bool model_refers_to(const struct model *model, const struct model_life *life, datom_id e)
{
    const struct model_attribute *attribute = model_attribute(model, life->a);
    return attribute && attribute->type == DATOM_TYPE_REF && (datom_id)life->v.as.integer == e;
}

static void wish_entity_away(struct model_wishes *wishes, datom_id e)
{
    const struct model *model = wishes->tx->before;
    struct family family = {0};
    family_add(&family, e);
    for (size_t next = 0; next < family.count; next++) {
        e = family.ids[next];
        /* its instant would go */
        if (datom_id_part(e) == DATOM_PART_TX && datom_tx_to_t(e) < wishes->tx->t)
            wishes->takes_instant = true;
        if (e < DATOM_BOOT_NEXT_ELEMENT)
            wishes->takes_built_in = true;
        for (size_t i = 0; i < model->count; i++) {
            const struct model_life *life = &model->lives[i];
            const struct model_attribute *attribute = model_attribute(model, life->a);
            if (!model_is_live(life) || model_is_kept(attribute) ||
                (life->e != e && !model_refers_to(model, life, e)))
                continue;
            model_wish_for(wishes, life->e, attribute, life->v, false);
            if (life->e == e && attribute->is_component &&
                model->mistake != MODEL_MISTAKE_COMPONENT)
                family_add(&family, (datom_id)life->v.as.integer);
        }
    }
    free(family.ids);
}

/* All that [e a] has; for a reset only what nobody speaks of. */
static void wish_values_away(struct model_wishes *wishes, datom_id e,
                             const struct model_attribute *attribute, bool is_reset)
{
    const struct model *model = wishes->tx->before;
    if (model_is_kept(attribute))
        return;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->e == e && life->a == attribute->id &&
            !(is_reset && model_is_mentioned(wishes, life)))
            model_wish_for(wishes, e, attribute, life->v, false);
    }
}

static void check_cas(struct model_tx *tx, const struct model_op *op, datom_id e)
{
    const struct model_life *life = model_find(tx->before, e, op->attribute->id, NULL);
    bool holds = life ? !edn_is_nil(op->old) && edn_equal(life->v, op->old) : edn_is_nil(op->old);
    if (!holds)
        model_tx_refuse(tx, BS_REASON_DB_CAS_FAILED);
}

static void wish_op(struct model_wishes *wishes, const struct model_op *op)
{
    struct model_tx *tx = wishes->tx;
    datom_id e = model_tx_place_id(tx, &op->e);
    struct edn v = edn_nil();
    bool known;
    /* what is said of a composite tuple only tells who is meant */
    if (op->attribute && model_is_kept(op->attribute))
        return;
    /* asked for at the end */
    if (op->attribute && op->attribute->id == DATOM_DB_ENSURE) {
        if (op->kind != MODEL_ADD)
            model_tx_refuse(tx, BS_REASON_DB_INVALID_ENSURE);
        return;
    }
    if (op->attribute)
        v = model_tx_value(tx, op, &known);
    switch (op->kind) {
    case MODEL_CAS:
        check_cas(tx, op, e);
        model_wish_for(wishes, e, op->attribute, v, true);
        return;
    case MODEL_ADD:
        if (tx->before->mistake == MODEL_MISTAKE_TUPLE && op->v_places && edn_is_nil(v.as.items[0]))
            return;
        model_wish_for(wishes, e, op->attribute, v, true);
        return;
    case MODEL_RETRACT:
        if (tx->before->mistake != MODEL_MISTAKE_RETRACT_MANY || !op->attribute->many)
            model_wish_for(wishes, e, op->attribute, v, false);
        return;
    case MODEL_RETRACT_ATTRIBUTE:
        wish_values_away(wishes, e, op->attribute, false);
        return;
    case MODEL_RETRACT_ENTITY:
        wish_entity_away(wishes, e);
        return;
    case MODEL_RESET:
    case MODEL_ADD_DEFAULT:
        return; /* once all the others are known */
    }
}

/* Where the entity had nothing before, and for cardinality one nobody gives it anything. */
static bool is_needed(const struct model_wishes *wishes, const struct model_op *op)
{
    const struct model_tx *tx = wishes->tx;
    datom_id e = model_tx_place_id(tx, &op->e);
    datom_id a = op->attribute->id;
    if (tx->before->mistake == MODEL_MISTAKE_DEFAULT)
        return true;
    return !model_find(tx->before, e, a, NULL) &&
           (op->attribute->many || !model_find_wish(wishes, e, a, true));
}

/* Each by what is wished without all of them. */
static void wish_defaults(struct model_wishes *wishes)
{
    const struct model_tx *tx = wishes->tx;
    bool *needed = bs_calloc(tx->ops_count + 1, sizeof(bool));
    bool known;
    for (size_t i = 0; i < tx->ops_count; i++) {
        const struct model_op *op = &tx->ops[i];
        needed[i] = op->kind == MODEL_ADD_DEFAULT && !model_is_kept(op->attribute) &&
                    op->attribute->id != DATOM_DB_ENSURE && is_needed(wishes, op);
    }
    for (size_t i = 0; i < tx->ops_count; i++) {
        const struct model_op *op = &tx->ops[i];
        if (needed[i])
            model_wish_for(wishes, model_tx_place_id(tx, &op->e), op->attribute,
                           model_tx_value(tx, op, &known), true);
    }
    free(needed);
}

static void make_wishes(struct model_wishes *wishes)
{
    const struct model_tx *tx = wishes->tx;
    for (size_t i = 0; i < tx->ops_count; i++)
        wish_op(wishes, &tx->ops[i]);
    wish_defaults(wishes);
    for (size_t i = 0; i < tx->ops_count; i++) {
        if (tx->ops[i].kind == MODEL_RESET)
            wish_values_away(wishes, model_tx_place_id(tx, &tx->ops[i].e), tx->ops[i].attribute,
                             true);
    }
    model_keep_composites(wishes);
}

/* ---- uniqueness ---- */

static bool is_wished_away(const struct model_wishes *wishes, const struct model_life *life)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->e != life->e || wish->attribute->id != life->a)
            continue;
        bool is_same = edn_equal(wish->v, life->v);
        /* another value for cardinality one takes this one away */
        if (wish->added ? !wish->attribute->many && !is_same : is_same)
            return true;
    }
    return false;
}

/* Whether somebody else has the value of an addition, or gets it as well. */
static bool is_taken(const struct model_wishes *wishes, const struct model_wish *wish)
{
    const struct model *model = wishes->tx->before;
    datom_id a = wish->attribute->id;
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *other = &wishes->items[i];
        if (other->added && other->e != wish->e && other->attribute->id == a &&
            edn_equal(other->v, wish->v))
            return true;
    }
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->e != wish->e && life->a == a &&
            edn_equal(life->v, wish->v) && !is_wished_away(wishes, life))
            return true;
    }
    return false;
}

static void check_unique(const struct model_wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (!wish->added || wish->attribute->unique == DATOM_UNIQUE_NONE ||
            (wishes->tx->before->mistake == MODEL_MISTAKE_UNIQUE &&
             wish->attribute->unique == DATOM_UNIQUE_VALUE))
            continue;
        if (is_taken(wishes, wish))
            model_tx_refuse(wishes->tx, BS_REASON_DB_UNIQUE_CONFLICT);
    }
}

/* ---- lives ---- */

static void note_change(struct model_tx *tx, const struct model_life *life, bool added)
{
    bs_grow(&tx->changes, tx->changes_count, &tx->changes_capacity, sizeof(*tx->changes));
    tx->changes[tx->changes_count++] = (struct datom){
        .e = life->e, .a = life->a, .v = life->v, .tx = datom_t_to_tx(tx->t), .added = added};
}

void model_tx_begin_life(struct model_tx *tx, struct model *model, datom_id e, datom_id a,
                         struct edn v)
{
    struct model_life life = {.e = e, .a = a, .v = v, .t_added = tx->t, .t_retracted = MODEL_LIVE};
    model_add_life(model, &life);
    note_change(tx, &life, true);
}

static void grant(const struct model_wishes *wishes, struct model *model)
{
    struct model_tx *tx = wishes->tx;
    for (size_t i = 0; i < model->count; i++) {
        struct model_life *life = &model->lives[i];
        if (!model_is_live(life) || !is_wished_away(wishes, life))
            continue;
        note_change(tx, life, false);
        life->t_retracted = tx->t;
        life->is_forgotten = model_attribute(tx->before, life->a)->no_history;
    }
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->added && !model_find(model, wish->e, wish->attribute->id, &wish->v))
            model_tx_begin_life(tx, model, wish->e, wish->attribute->id, wish->v);
    }
}

/* ---- the whole ---- */

static void take_ids(const struct model_tx *tx, struct model *model)
{
    model->t = tx->t;
    model->next_t = tx->t + 1;
    for (size_t i = 0; i < tx->temps_count; i++) {
        datom_id id = tx->temps[tx->temps[i].root].id;
        if (id == DATOM_NO_ID)
            continue;
        if (datom_id_part(id) == DATOM_PART_DB)
            model->next_element = BS_MAX(model->next_element, id + 1);
        else
            model->next_t = BS_MAX(model->next_t, datom_id_counter(id) + 1);
    }
    bs_grow(&model->moments, model->moments_count, &model->moments_capacity,
            sizeof(*model->moments));
    model->moments[model->moments_count++] = (struct model_moment){
        .t = tx->t,
        .instant_ms = tx->instant_ms,
        .next_t = model->next_t,
    };
}

static void apply(struct model_wishes *wishes, struct model *after)
{
    struct model_tx *tx = wishes->tx;
    make_wishes(wishes);
    model_take_instant(wishes);
    if (tx->reasons_count == 0)
        check_unique(wishes);
    bool is_good = tx->reasons_count == 0;
    if (is_good && wishes->takes_instant)
        model_tx_refuse(tx, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED);
    if (is_good && wishes->is_untimely)
        model_tx_refuse(tx, BS_REASON_DB_PAST_TX_INSTANT);
    if (tx->reasons_count == 0)
        model_check_code(wishes);
    if (tx->reasons_count == 0)
        model_test_values(wishes);
    if (tx->reasons_count > 0)
        return;
    grant(wishes, after);
    take_ids(tx, after);
    model_read_schema(after);
    model_check_schema(wishes, after);
    if (tx->reasons_count == 0)
        model_check_excisions(wishes, after);
    if (tx->reasons_count == 0)
        model_check_altered_values(tx, after);
    if (tx->reasons_count == 0)
        model_erase(wishes, after);
    model_read_schema(after);
    if (tx->reasons_count == 0)
        model_test_ensures(tx, after);
}

void model_tx_apply(struct model_tx *tx, struct model *ret_after)
{
    struct model after = model_dup(tx->before);
    struct model_wishes wishes = {.tx = tx};
    apply(&wishes, &after);
    free(wishes.items);
    if (tx->reasons_count == 0)
        *ret_after = after;
    else
        model_fini(&after);
}
