/*
 * Erasing: an attribute's datoms, or an entity's with what refers to it and with the components
 * that nobody else has; what was asserted before a moment, when one is given; and what composites
 * have copied of all that. What is schema, and what says that something was erased, stays.
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

/* ---- who is meant ---- */

struct request {
    datom_id e; /* which says it; DATOM_NO_ID: everything of a component */
    uint64_t before_t;
};

/* An attribute, or an entity: one that a request names, or a component of one. */
struct target {
    datom_id id;
    struct request request;
};

/* An erasure under way. */
struct erasure {
    const struct model_wishes *wishes;
    struct model *model;
    struct target *targets;
    size_t targets_count, targets_capacity;
    bool *is_erased; /* of each life */
};

/* What a request says of a member it says of the composites, too. True: no attribute is named. */
static bool is_asked_for(const struct model_wishes *wishes, datom_id request, datom_id a)
{
    bool any = false;
    for (size_t i = 0; i < wishes->count && request != DATOM_NO_ID; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->e != request || wish->attribute->id != DATOM_DB_EXCISE_ATTRS || !wish->added)
            continue;
        any = true;
        if (is_or_holds(wishes->tx->before, a, (datom_id)wish->v.as.integer))
            return true;
    }
    return !any;
}

/* As its attribute's, or as its entity's. */
static bool is_meant_by(const struct erasure *erasure, const struct target *target,
                        const struct model_life *life)
{
    if (life->t_added >= target->request.before_t || is_exempt(life))
        return false;
    if (model_attribute(erasure->model, target->id))
        return is_or_holds(erasure->model, life->a, target->id);
    return life->e == target->id && is_asked_for(erasure->wishes, target->request.e, life->a);
}

static bool is_meant(const struct erasure *erasure, const struct model_life *life)
{
    for (size_t i = 0; i < erasure->targets_count; i++) {
        if (is_meant_by(erasure, &erasure->targets[i], life))
            return true;
    }
    return false;
}

/* What refers to an entity of which nothing is left. */
static bool refers_to_whole(const struct erasure *erasure, const struct target *target,
                            const struct model_life *life)
{
    return !model_attribute(erasure->model, target->id) &&
           is_asked_for(erasure->wishes, target->request.e, DATOM_NO_ID) &&
           model_refers_to(erasure->model, life, target->id) &&
           life->t_added < target->request.before_t && !is_exempt(life);
}

/* ---- what that is ---- */

static bool is_component(const struct erasure *erasure, const struct model_life *life)
{
    const struct model_attribute *attribute = model_attribute(erasure->model, life->a);
    return attribute && attribute->is_component && !life->is_forgotten;
}

/* Who still has a child when all is done that is known so far. */
static bool has_parent(const struct erasure *erasure, datom_id child)
{
    for (size_t i = 0; i < erasure->model->count; i++) {
        const struct model_life *life = &erasure->model->lives[i];
        if (model_is_live(life) && is_component(erasure, life) &&
            (datom_id)life->v.as.integer == child && !is_meant(erasure, life))
            return true;
    }
    return false;
}

/* False when it is one already. */
static bool add_target(struct erasure *erasure, datom_id id, struct request request)
{
    for (size_t i = 0; i < erasure->targets_count; i++) {
        const struct target *target = &erasure->targets[i];
        if (target->id == id && target->request.e == request.e &&
            target->request.before_t == request.before_t)
            return false;
    }
    bs_grow(&erasure->targets, erasure->targets_count, &erasure->targets_capacity,
            sizeof(*erasure->targets));
    erasure->targets[erasure->targets_count++] = (struct target){.id = id, .request = request};
    return true;
}

/* Components that a target leaves behind are targets too. */
static bool add_children(struct erasure *erasure, struct target parent)
{
    bool changed = false;
    for (size_t i = 0; i < erasure->model->count; i++) {
        const struct model_life *life = &erasure->model->lives[i];
        struct request whole = {.e = DATOM_NO_ID, .before_t = parent.request.before_t};
        if (life->e == parent.id && is_component(erasure, life) &&
            is_meant_by(erasure, &parent, life) &&
            !has_parent(erasure, (datom_id)life->v.as.integer))
            changed = add_target(erasure, (datom_id)life->v.as.integer, whole) || changed;
    }
    return changed;
}

static void find_targets(struct erasure *erasure)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < erasure->targets_count; i++) {
            if (!model_attribute(erasure->model, erasure->targets[i].id))
                changed = add_children(erasure, erasure->targets[i]) || changed;
        }
    }
}

/* What a composite has copied of a value goes with it. */
static void erase_copies(struct erasure *erasure, const struct model_life *member)
{
    const struct model *model = erasure->model;
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        const struct model_attribute *attribute = model_attribute(model, life->a);
        bool is_later = !member->is_unsaid && life->t_added >= member->t_retracted;
        if (life->e != member->e || life->t_added < member->t_added || is_later || !attribute)
            continue;
        for (uint32_t j = 0; j < attribute->members_count; j++)
            erasure->is_erased[i] =
                erasure->is_erased[i] || (attribute->members[j] == member->a &&
                                          edn_compare(life->v.as.items[j], member->v) == 0);
    }
}

static void erase_all(struct erasure *erasure)
{
    for (size_t i = 0; i < erasure->model->count; i++) {
        const struct model_life *life = &erasure->model->lives[i];
        bool refers = false;
        for (size_t j = 0; j < erasure->targets_count; j++)
            refers = refers || refers_to_whole(erasure, &erasure->targets[j], life);
        if (!refers && !is_meant(erasure, life))
            continue;
        erasure->is_erased[i] = true;
        erase_copies(erasure, life);
    }
}

/* The transaction does not report what it erases. */
static void drop_change(struct model_tx *tx, const struct model_life *life)
{
    size_t kept = 0;
    for (size_t i = 0; i < tx->changes_count; i++) {
        const struct datom *change = &tx->changes[i];
        bool is_its = change->e == life->e && change->a == life->a &&
                      edn_equal(change->v, life->v) &&
                      (change->added ? life->t_added : life->t_retracted) == tx->t;
        if (!is_its)
            tx->changes[kept++] = *change;
    }
    tx->changes_count = kept;
}

static void forget(struct erasure *erasure)
{
    struct model *model = erasure->model;
    size_t kept = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (erasure->is_erased[i])
            drop_change(erasure->wishes->tx, &model->lives[i]);
        else
            model->lives[kept++] = model->lives[i];
    }
    model->count = kept;
}

void model_check_excisions(const struct model_wishes *wishes, const struct model *after)
{
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        if (wish->added && wish->attribute->id == DATOM_DB_EXCISE_ATTRS &&
            !model_attribute(after, (datom_id)wish->v.as.integer))
            model_tx_refuse(wishes->tx, BS_REASON_DB_INVALID_EXCISE);
    }
}

void model_erase(const struct model_wishes *wishes, struct model *model)
{
    struct erasure erasure = {
        .wishes = wishes, .model = model, .is_erased = bs_calloc(model->count + 1, sizeof(bool))};
    for (size_t i = 0; i < wishes->count; i++) {
        const struct model_wish *wish = &wishes->items[i];
        struct request request = {.e = wish->e};
        if (!wish->added || wish->attribute->id != DATOM_DB_EXCISE)
            continue;
        request.before_t = read_before(wishes, wish->e);
        add_target(&erasure, (datom_id)wish->v.as.integer, request);
    }
    find_targets(&erasure);
    erase_all(&erasure);
    forget(&erasure);
    free(erasure.targets);
    free(erasure.is_erased);
}
