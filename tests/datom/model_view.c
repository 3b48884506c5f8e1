/* What the model shows through views, in the order of the indexes. */

#include "model.h"

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
    /* values of different attributes are compared where they are references only: vaet */
    int v = at == 0 || sort_index == DATOM_VAET ? edn_compare(x->v, y->v) : 0;
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

bool model_filter_passes(size_t filter, const struct datom *datom)
{
    switch (filter) {
    case 0:
        return datom->e % 3 != 0;
    case 1:
        return datom_tx_to_t(datom->tx) % 2 == 0;
    default:
        return datom->added;
    }
}

static bool passes(const struct model_view *view, const struct datom *datom)
{
    for (size_t i = 0; i < MODEL_FILTERS; i++) {
        if (view->filters[i] && !model_filter_passes(i, datom))
            return false;
    }
    return true;
}

static bool is_in(const struct model_view *view, uint64_t t)
{
    return t > view->since && t <= view->as_of;
}

/* Adds what is seen of a life: the assertion, the retraction, both, nothing. */
static void see(const struct model_life *life, const struct model_view *view, struct datom *datoms,
                size_t *count)
{
    struct datom datom = {.e = life->e,
                          .a = life->a,
                          .v = life->v,
                          .tx = datom_t_to_tx(life->t_added),
                          .added = true};
    if (life->is_forgotten)
        return;
    bool was_closed = !model_is_live(life) && life->t_retracted <= view->as_of;
    if (is_in(view, life->t_added) && (view->history || !was_closed) && passes(view, &datom))
        datoms[(*count)++] = datom;
    if (!view->history || model_is_live(life) || !is_in(view, life->t_retracted))
        return;
    datom.tx = datom_t_to_tx(life->t_retracted);
    datom.added = false;
    if (passes(view, &datom))
        datoms[(*count)++] = datom;
}

struct datom *model_datoms(const struct model *model, enum datom_index index,
                           const struct model_view *view, datom_id e, size_t *ret_count)
{
    struct datom *datoms = bs_malloc((2 * model->count + 1) * sizeof(*datoms));
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct model_attribute *attribute = model_attribute(model, life->a);
        if ((e != DATOM_NO_ID && life->e != e) || !attribute ||
            (index == DATOM_AVET && !model_has_avet(attribute)) ||
            (index == DATOM_VAET && attribute->type != DATOM_TYPE_REF))
            continue;
        see(life, view, datoms, &count);
    }
    sort_index = index;
    qsort(datoms, count, sizeof(*datoms), compare_datoms);
    *ret_count = count;
    return datoms;
}
