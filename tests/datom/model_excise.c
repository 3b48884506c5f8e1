/*
 * Erasing: an attribute's datoms, or an entity's with what refers to it and with the components
 * that nobody else has; what was asserted before a moment, when one is given. What is schema, and
 * what says that something was erased, stays.
 */

#include "model_apply.h"

#include "datom/bootstrap.h"

static bool is_exempt(const struct model_life *life)
{
    return life->a == DATOM_DB_EXCISE || life->a == DATOM_DB_EXCISE_ATTRS ||
           life->a == DATOM_DB_EXCISE_BEFORE || life->a == DATOM_DB_EXCISE_BEFORE_T ||
           (datom_id_part(life->e) == DATOM_PART_DB && life->a < DATOM_BOOT_NEXT_ELEMENT);
}

/* Composites hold copies of their members' values, and go with each of them. */
static bool is_or_holds(const struct model *model, datom_id a, datom_id member)
{
    const struct model_attribute *attribute = model_attribute(model, a);
    bool is = a == member;
    for (uint32_t i = 0; attribute && i < attribute->members_count; i++)
        is = is || attribute->members[i] == member;
    return is;
}

static bool is_asked_for(const struct model_wishes *wishes, datom_id request, datom_id a)
{
    bool any = false;
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->e != request || wish->attribute->id != DATOM_DB_EXCISE_ATTRS)
            continue;
        any = true;
        if (is_or_holds(wishes->tx->before, a, (datom_id)wish->v.as.integer))
            return true;
    }
    return !any;
}

static bool has_other_parent(const struct model *model, const struct model_family *family,
                             datom_id child)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct model_attribute *attribute = model_attribute(model, life->a);
        bool is_inside = false;
        for (size_t j = 0; j < family->count; j++)
            is_inside = is_inside || family->ids[j] == life->e;
        if (model_is_live(life) && attribute && attribute->is_component && !is_inside &&
            (datom_id)life->v.as.integer == child)
            return true;
    }
    return false;
}

/* An erasure under way: of an attribute's datoms, or of an entity and a growing family. */
struct erasure {
    const struct model_wishes *wishes;
    struct model *model;
    datom_id request;
    uint64_t before_t;           /* what was asserted before it */
    bool *is_erased;             /* of each life */
    struct model_family parents; /* everybody of whom something is erased */
    struct model_family wholes;  /* those of whom nothing is left */
};

/* What a composite has copied of a reference goes with it. */
static void erase_copies(struct erasure *erasure, const struct model_life *ref)
{
    const struct model *model = erasure->model;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct model_attribute *attribute = model_attribute(model, life->a);
        bool is_later = !ref->is_unsaid && life->t_added >= ref->t_retracted;
        if (life->e != ref->e || life->t_added < ref->t_added || is_later || !attribute)
            continue;
        for (uint32_t j = 0; j < attribute->members_count; j++)
            erasure->is_erased[i] =
                erasure->is_erased[i] ||
                (attribute->members[j] == ref->a && edn_compare(life->v.as.items[j], ref->v) == 0);
    }
}

/* Erases an entity's lives; a component that nobody else has becomes one of the wholes. */
static void erase_entity(struct erasure *erasure, datom_id e, bool is_whole)
{
    const struct model *model = erasure->model;
    model_family_add(&erasure->parents, e);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        bool refers = is_whole && model_refers_to(model, life, e);
        bool is_own =
            life->e == e && (is_whole || is_asked_for(erasure->wishes, erasure->request, life->a));
        if ((!is_own && !refers) || life->t_added >= erasure->before_t || is_exempt(life))
            continue;
        erasure->is_erased[i] = true;
        if (refers)
            erase_copies(erasure, life);
        datom_id child = (datom_id)life->v.as.integer;
        if (is_own && !life->is_forgotten && model_attribute(model, life->a)->is_component &&
            !has_other_parent(model, &erasure->parents, child)) {
            model_family_add(&erasure->parents, child);
            model_family_add(&erasure->wholes, child);
        }
    }
}

static void erase_attribute(struct erasure *erasure, datom_id a)
{
    for (size_t i = 0; i < erasure->model->count; i++) {
        const struct model_life *life = &erasure->model->lives[i];
        if (is_or_holds(erasure->model, life->a, a) && life->t_added < erasure->before_t &&
            !is_exempt(life))
            erasure->is_erased[i] = true;
    }
}

/* An instant stands for the first transaction at or after it. */
static uint64_t t_of_instant(const struct model *model, int64_t ms)
{
    for (size_t i = 0; i < model->moments_count; i++) {
        if (model->moments[i].instant_ms >= ms)
            return model->moments[i].t;
    }
    return UINT64_MAX;
}

/* The earliest of what the request and the time itself say. */
static uint64_t read_before(const struct model_wishes *wishes, datom_id request)
{
    struct model_tx *tx = wishes->tx;
    uint64_t before_t = tx->t;
    for (size_t i = 0; i < wishes->count && tx->before->mistake != MODEL_MISTAKE_BEFORE; i++) {
        const struct model_wish *wish = &wishes->items[i];
        int64_t v = wish->v.as.integer;
        if (wish->e != request || !wish->added)
            continue;
        if (wish->attribute->id == DATOM_DB_EXCISE_BEFORE) {
            before_t = BS_MIN(before_t, t_of_instant(tx->before, v));
        } else if (wish->attribute->id == DATOM_DB_EXCISE_BEFORE_T) {
            if (v < 0 ||
                (datom_id_part((datom_id)v) != 0 && datom_id_part((datom_id)v) != DATOM_PART_TX))
                model_tx_refuse(tx, BS_REASON_DB_INVALID_TIME_POINT);
            before_t = BS_MIN(before_t, datom_id_counter((datom_id)v));
        }
    }
    return before_t;
}

/* One request, alone in its transaction. */
void model_erase(const struct model_wishes *wishes, const struct model_wish *request,
                 struct model *model)
{
    datom_id target = (datom_id)request->v.as.integer;
    struct erasure erasure = {.wishes = wishes,
                              .model = model,
                              .request = request->e,
                              .before_t = read_before(wishes, request->e),
                              .is_erased = bs_calloc(model->count + 1, sizeof(bool))};
    if (model_attribute(model, target))
        erase_attribute(&erasure, target);
    else if (is_asked_for(wishes, request->e, DATOM_NO_ID))
        model_family_add(&erasure.wholes, target);
    else
        erase_entity(&erasure, target, false);
    for (size_t i = 0; i < erasure.wholes.count; i++)
        erase_entity(&erasure, erasure.wholes.ids[i], true);
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (!erasure.is_erased[i])
            model->lives[kept++] = model->lives[i];
    }
    model->count = kept;
    free(erasure.is_erased);
    free(erasure.parents.ids);
    free(erasure.wholes.ids);
}
