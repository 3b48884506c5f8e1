/* When a transaction was, in the model: its instant, which lives do not have. */

#include "model_apply.h"

#include "datom/bootstrap.h"

static bool was_at(const struct model *model, datom_id e, struct edn instant)
{
    for (size_t i = 0; i < model->moments_count; i++) {
        if (datom_t_to_tx(model->moments[i].t) == e)
            return model->moments[i].instant_ms == instant.as.integer;
    }
    return false;
}

void model_take_instant(struct model_wishes *wishes)
{
    struct model_tx *tx = wishes->tx;
    const struct model *model = tx->before;
    int64_t last = 0;
    size_t kept = 0;
    if (model->moments_count > 0)
        last = model->moments[model->moments_count - 1].instant_ms;
    int64_t now = BS_MAX(tx->instant_ms, last);
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish wish = wishes->items[i];
        if (wish.attribute->id != DATOM_DB_TX_INSTANT) {
            wishes->items[kept++] = wish;
            continue;
        }
        if (wish.e != datom_t_to_tx(tx->t)) {
            wishes->takes_instant |= wish.added != was_at(model, wish.e, wish.v);
        } else if (wish.added) {
            tx->instant_ms = wish.v.as.integer;
            wishes->is_untimely = tx->instant_ms < last || tx->instant_ms > now;
        }
    }
    wishes->count = kept;
}
