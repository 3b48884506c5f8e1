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

/* ---- the past ---- */

static void count_id(struct model *model, datom_id id)
{
    if (datom_id_part(id) == DATOM_PART_DB)
        model->next_element = BS_MAX(model->next_element, id + 1);
    else
        model->next_t = BS_MAX(model->next_t, datom_id_counter(id) + 1);
}

/* Moves the counters above all ids that a life speaks of. */
static void count_ids(struct model *model, const struct model_life *life)
{
    const struct model_attribute *attribute = model_attribute(model, life->a);
    enum datom_type type;
    count_id(model, life->e);
    if (attribute && attribute->type == DATOM_TYPE_REF)
        count_id(model, (datom_id)life->v.as.integer);
    if (!attribute || attribute->type != DATOM_TYPE_TUPLE || life->v.type != EDN_VECTOR)
        return;
    for (uint32_t i = 0; i < life->v.len; i++) {
        if (life->v.as.items[i].type == EDN_LONG && attribute->id >= DATOM_BOOT_NEXT_ELEMENT &&
            model_element_type(model, attribute, i, &type) && type == DATOM_TYPE_REF)
            count_id(model, (datom_id)life->v.as.items[i].as.integer);
    }
}

void model_take_back(struct model *model, size_t moment)
{
    uint64_t t = model->moments[moment].t;
    if (t == model->t)
        return;
    for (size_t i = model->count; i-- > 0;) {
        struct model_life *life = &model->lives[i];
        if (life->t_added > t)
            *life = model->lives[--model->count];
        else if (life->is_forgotten)
            life->is_unsaid = life->is_unsaid || life->t_retracted > t;
        else if (!model_is_live(life) && life->t_retracted > t)
            life->t_retracted = MODEL_LIVE;
    }
    model->moments_count = moment + 1;
    model_read_schema(model);
    model->next_element = DATOM_BOOT_NEXT_ELEMENT;
    for (size_t i = 0; i < model->count; i++) {
        if (!model->lives[i].is_forgotten)
            count_ids(model, &model->lives[i]);
    }
    model->t = t;
    model->next_t = model->moments[moment].next_t;
}

void model_read_log(struct model *model, size_t moment)
{
    model_take_back(model, moment);
    for (size_t i = 0; i < model->count; i++) {
        struct model_life *life = &model->lives[i];
        if (!life->is_unsaid)
            continue;
        life->is_unsaid = life->is_forgotten = false;
        life->t_retracted = MODEL_LIVE;
    }
    model_read_schema(model);
    model->next_element = DATOM_BOOT_NEXT_ELEMENT;
    model->next_t = model->t + 1;
    for (size_t i = 0; i < model->count; i++)
        count_ids(model, &model->lives[i]);
    model->moments[moment].next_t = model->next_t;
}

/* ---- finding ---- */

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
