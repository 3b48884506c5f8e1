/* The naive model's lives: see model.h. Slow on purpose, clear above all. */

#include "model.h"

#include "datom/bootstrap.h"

void model_init(struct model *model, enum model_mistake mistake)
{
    *model = (struct model){
        .t = DATOM_BOOT_T,
        .next_t = DATOM_FIRST_USER_T,
        .next_element = DATOM_BOOT_NEXT_ELEMENT,
        .mistake = mistake,
    };
    model_read_schema(model);
}

void model_fini(struct model *model)
{
    free(model->lives);
    free(model->moments);
    free(model->attributes);
    *model = (struct model){0};
}

struct model model_dup(const struct model *model)
{
    struct model copy = *model;
    copy.capacity = model->count;
    copy.moments_capacity = model->moments_count;
    copy.attributes_capacity = model->attributes_count;
    copy.lives = NULL;
    copy.moments = NULL;
    copy.attributes = NULL;
    if (model->count > 0)
        copy.lives = bs_memdup(model->lives, model->count * sizeof(*model->lives));
    if (model->moments_count > 0)
        copy.moments = bs_memdup(model->moments, model->moments_count * sizeof(*model->moments));
    if (model->attributes_count > 0)
        copy.attributes =
            bs_memdup(model->attributes, model->attributes_count * sizeof(*model->attributes));
    return copy;
}

void model_add_life(struct model *model, const struct model_life *life)
{
    bs_grow(&model->lives, model->count, &model->capacity, sizeof(*model->lives));
    model->lives[model->count++] = *life;
}

void model_take_back(struct model *model, size_t moment)
{
    uint64_t t = model->moments[moment].t;
    for (size_t i = model->count; i-- > 0;) {
        struct model_life *life = &model->lives[i];
        if (life->t_added > t)
            *life = model->lives[--model->count];
        else if (!model_is_live(life) && !life->is_forgotten && life->t_retracted > t)
            life->t_retracted = MODEL_LIVE;
    }
    model->t = t;
    model->next_t = model->moments[moment].next_t;
    model->next_element = model->moments[moment].next_element;
    model->moments_count = moment + 1;
    model_read_schema(model);
}

const struct model_life *model_find(const struct model *model, datom_id e, datom_id a,
                                    const struct edn *v)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->e == e && life->a == a && (!v || edn_equal(life->v, *v)))
            return life;
    }
    return NULL;
}

datom_id model_holder(const struct model *model, datom_id a, struct edn v)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (model_is_live(life) && life->a == a && edn_equal(life->v, v))
            return life->e;
    }
    return DATOM_NO_ID;
}

datom_id model_last_holder(const struct model *model, datom_id a, struct edn v)
{
    const struct model_life *last = NULL;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (life->a == a && (!last || life->t_added > last->t_added) && edn_equal(life->v, v))
            last = life;
    }
    return last ? last->e : DATOM_NO_ID;
}
