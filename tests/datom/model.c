/* The naive model: see model.h. Slow on purpose, clear above all. */

#include "model.h"

void model_fini(struct model *model)
{
    free(model->lives);
    *model = (struct model){0};
}

struct model model_dup(const struct model *model)
{
    struct model copy = {.count = model->count, .capacity = model->count};
    if (model->count > 0)
        copy.lives = bs_memdup(model->lives, model->count * sizeof(*model->lives));
    return copy;
}

static bool is_live(const struct model_life *life)
{
    return life->t_retracted == MODEL_LIVE;
}

static bool is_eav(const struct model_life *life, datom_id e, datom_id a, struct edn v)
{
    return life->e == e && life->a == a && edn_equal(life->v, v);
}

static struct model_life *find_live(const struct model *model, datom_id e, datom_id a,
                                    const struct edn *v)
{
    for (size_t i = 0; i < model->count; i++) {
        struct model_life *life = &model->lives[i];
        if (is_live(life) && life->e == e && life->a == a && (!v || edn_equal(life->v, *v)))
            return life;
    }
    return NULL;
}

void model_take_back(struct model *model, uint64_t t)
{
    for (size_t i = model->count; i-- > 0;) {
        struct model_life *life = &model->lives[i];
        if (life->t_added > t)
            *life = model->lives[--model->count];
        else if (life->t_retracted > t)
            life->t_retracted = MODEL_LIVE;
    }
}

bool model_find(const struct model *model, datom_id e, datom_id a, struct edn *ret_v)
{
    const struct model_life *life = find_live(model, e, a, NULL);
    if (life)
        *ret_v = life->v;
    return life != NULL;
}

datom_id model_holder(const struct model *model, datom_id a, struct edn v)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (is_live(life) && life->a == a && edn_equal(life->v, v))
            return life->e;
    }
    return DATOM_NO_ID;
}

/* ---- transactions ---- */

/* What a transaction asks for: each [e a v] once, added or retracted. */
struct wish {
    datom_id e;
    const struct datom_attribute *attribute;
    struct edn v;
    bool added;
    bool is_implied;
};

struct wishes {
    struct wish *items;
    size_t count, capacity;
    bool conflict;
};

static void wish_for(struct wishes *wishes, datom_id e, const struct datom_attribute *attribute,
                     struct edn v, bool added)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct wish *wish = &wishes->items[i];
        if (wish->e != e || wish->attribute->id != attribute->id)
            continue;
        bool is_same = edn_equal(wish->v, v);
        if (is_same && wish->added == added)
            return;
        if (is_same || (added && wish->added && !attribute->many))
            wishes->conflict = true;
    }
    bs_grow(&wishes->items, wishes->count, &wishes->capacity, sizeof(*wishes->items));
    wishes->items[wishes->count++] =
        (struct wish){.e = e, .attribute = attribute, .v = v, .added = added};
}

static void wish_entity_away(const struct model *model, struct datom_db *schema_db,
                             struct wishes *wishes, datom_id e, datom_id *seen, size_t *seen_count)
{
    for (size_t i = 0; i < *seen_count; i++) {
        if (seen[i] == e)
            return;
    }
    seen[(*seen_count)++] = e;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct datom_attribute *attribute = datom_db_attribute(schema_db, life->a);
        bool is_ref = attribute->type == DATOM_TYPE_REF;
        if (!is_live(life) || (life->e != e && !(is_ref && (datom_id)life->v.as.integer == e)))
            continue;
        wish_for(wishes, life->e, attribute, life->v, false);
        if (life->e == e && attribute->is_component)
            wish_entity_away(model, schema_db, wishes, (datom_id)life->v.as.integer, seen,
                             seen_count);
    }
}

static bool cas_holds(const struct model *model, const struct model_op *op)
{
    struct edn is;
    if (!model_find(model, op->e, op->attribute->id, &is))
        return edn_is_nil(op->old);
    return !edn_is_nil(op->old) && edn_equal(is, op->old);
}

static bool make_wishes(const struct model *model, struct datom_db *schema_db,
                        const struct model_op *ops, size_t count, struct wishes *wishes)
{
    for (size_t i = 0; i < count; i++) {
        const struct model_op *op = &ops[i];
        datom_id seen[256];
        size_t seen_count = 0;
        if (op->kind == MODEL_CAS && !cas_holds(model, op))
            return false;
        if (op->kind == MODEL_ADD || op->kind == MODEL_CAS)
            wish_for(wishes, op->e, op->attribute, op->v, true);
        else if (op->kind == MODEL_RETRACT)
            wish_for(wishes, op->e, op->attribute, op->v, false);
        else if (op->kind == MODEL_RETRACT_ENTITY)
            wish_entity_away(model, schema_db, wishes, op->e, seen, &seen_count);
        for (size_t j = 0; op->kind == MODEL_RETRACT_ATTRIBUTE && j < model->count; j++) {
            const struct model_life *life = &model->lives[j];
            if (is_live(life) && life->e == op->e && life->a == op->attribute->id)
                wish_for(wishes, op->e, op->attribute, life->v, false);
        }
    }
    return !wishes->conflict;
}

static bool is_wished_away(const struct wishes *wishes, const struct model_life *life)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct wish *wish = &wishes->items[i];
        if (!wish->added && is_eav(life, wish->e, wish->attribute->id, wish->v))
            return true;
        /* another value for cardinality one takes this one away */
        if (wish->added && !wish->attribute->many && life->e == wish->e &&
            life->a == wish->attribute->id && !edn_equal(life->v, wish->v))
            return true;
    }
    return false;
}

static bool is_unique_after(const struct model *model, const struct wishes *wishes)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct wish *wish = &wishes->items[i];
        if (!wish->added || wish->attribute->unique == DATOM_UNIQUE_NONE)
            continue;
        for (size_t j = 0; j < wishes->count; j++) {
            const struct wish *other = &wishes->items[j];
            if (other->added && other->e != wish->e &&
                other->attribute->id == wish->attribute->id && edn_equal(other->v, wish->v))
                return false;
        }
        for (size_t j = 0; j < model->count; j++) {
            const struct model_life *life = &model->lives[j];
            if (is_live(life) && life->e != wish->e && life->a == wish->attribute->id &&
                edn_equal(life->v, wish->v) && !is_wished_away(wishes, life))
                return false;
        }
    }
    return true;
}

static void drop_life(struct model *model, size_t i)
{
    model->lives[i] = model->lives[--model->count];
}

static void grant(struct model *model, struct datom_db *schema_db, const struct wishes *wishes,
                  uint64_t t)
{
    for (size_t i = model->count; i-- > 0;) {
        struct model_life *life = &model->lives[i];
        if (!is_live(life) || !is_wished_away(wishes, life))
            continue;
        life->t_retracted = t;
        if (datom_db_attribute(schema_db, life->a)->no_history)
            drop_life(model, i);
    }
    for (size_t i = 0; i < wishes->count; i++) {
        const struct wish *wish = &wishes->items[i];
        if (!wish->added || find_live(model, wish->e, wish->attribute->id, &wish->v))
            continue;
        bs_grow(&model->lives, model->count, &model->capacity, sizeof(*model->lives));
        model->lives[model->count++] = (struct model_life){.e = wish->e,
                                                           .a = wish->attribute->id,
                                                           .v = wish->v,
                                                           .t_added = t,
                                                           .t_retracted = MODEL_LIVE};
    }
}

bool model_transact(struct model *model, struct datom_db *schema_db, const struct model_op *ops,
                    size_t count, uint64_t t)
{
    struct wishes wishes = {0};
    bool ok = make_wishes(model, schema_db, ops, count, &wishes) && is_unique_after(model, &wishes);
    if (ok)
        grant(model, schema_db, &wishes, t);
    free(wishes.items);
    return ok;
}

/* ---- views ---- */

static enum datom_index sort_index;

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_datoms(const void *a, const void *b)
{
    const struct datom *x = a;
    const struct datom *y = b;
    int e = compare_u64(x->e, y->e);
    int at = compare_u64(x->a, y->a);
    int v = edn_compare(x->v, y->v);
    const int orders[4][3] = {
        [DATOM_EAVT] = {e, at, v},
        [DATOM_AEVT] = {at, e, v},
        [DATOM_AVET] = {at, v, e},
        [DATOM_VAET] = {v, at, e},
    };
    for (int i = 0; i < 3; i++) {
        if (orders[sort_index][i] != 0)
            return orders[sort_index][i];
    }
    int tx = compare_u64(y->tx, x->tx);
    return tx != 0 ? tx : (int)y->added - (int)x->added;
}

static bool is_in(const struct model_view *view, uint64_t t)
{
    return t > view->since && t <= view->as_of;
}

struct datom *model_datoms(const struct model *model, struct datom_db *schema_db,
                           enum datom_index index, const struct model_view *view, size_t *ret_count)
{
    struct datom *datoms = bs_malloc((2 * model->count + 1) * sizeof(*datoms));
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct datom_attribute *attribute = datom_db_attribute(schema_db, life->a);
        if ((index == DATOM_AVET && !attribute->has_avet) ||
            (index == DATOM_VAET && attribute->type != DATOM_TYPE_REF))
            continue;
        struct datom datom = {.e = life->e,
                              .a = life->a,
                              .v = life->v,
                              .tx = datom_t_to_tx(life->t_added),
                              .added = true};
        bool was_closed = !is_live(life) && life->t_retracted <= view->as_of;
        if (is_in(view, life->t_added) && (view->history || !was_closed))
            datoms[count++] = datom;
        datom.tx = datom_t_to_tx(life->t_retracted);
        datom.added = false;
        if (view->history && !is_live(life) && is_in(view, life->t_retracted))
            datoms[count++] = datom;
    }
    sort_index = index;
    qsort(datoms, count, sizeof(*datoms), compare_datoms);
    *ret_count = count;
    return datoms;
}
