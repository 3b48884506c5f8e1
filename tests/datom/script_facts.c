/*
 * What a value says of itself without datoms: its times, its counts, its schema, names and
 * partitions; and ranges of its indexes.
 */

#include "script_compare.h"

#include "datom/bootstrap.h"

/* ---- counts and times ---- */

static bool compare_counters(struct datom_db *db, const struct model *model,
                             struct script_difference *difference)
{
    struct datom_stats stats;
    size_t should;
    datom_bootstrap_datoms(&should);
    /* each transaction has an instant, which the model leaves out */
    should += model->moments_count;
    for (size_t i = 0; i < model->count; i++)
        should += model_is_live(&model->lives[i]);
    if (datom_db_stats(db, &stats, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "stats fail");
    if (stats.datoms != should)
        return script_differs(difference, SCRIPT_LOOKUP, "the store counts %llu datoms, not %zu",
                              (unsigned long long)stats.datoms, should);
    if (datom_db_basis_t(db) != model->t || datom_db_next_t(db) != model->next_t)
        return script_differs(difference, SCRIPT_LOOKUP, "t is %llu, next t %llu: not %llu, %llu",
                              (unsigned long long)datom_db_basis_t(db),
                              (unsigned long long)datom_db_next_t(db), (unsigned long long)model->t,
                              (unsigned long long)model->next_t);
    return true;
}

/* By an instant the last transaction at or before it, or of a range the first at or after it. */
static bool compare_instant(struct datom_db *db, const struct model *model, int64_t ms,
                            struct script_difference *difference)
{
    uint64_t last = DATOM_BOOT_T, after = UINT64_MAX, first = UINT64_MAX, is_last, is_first;
    for (size_t i = 0; i < model->moments_count; i++) {
        const struct model_moment *moment = &model->moments[i];
        if (moment->instant_ms <= ms)
            last = moment->t;
        else
            after = BS_MIN(after, moment->t);
        if (moment->instant_ms >= ms && first == UINT64_MAX)
            first = moment->t;
    }
    if (datom_db_resolve_t(db, edn_instant(ms), &is_last, NULL) != BS_OK ||
        datom_log_resolve_bound(db, edn_instant(ms), &is_first, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "an instant is not resolved");
    /* any t up to the next transaction's means the same */
    if (is_last < last || is_last >= after || is_first != first)
        return script_differs(difference, SCRIPT_LOOKUP,
                              "at %lld the last t is %llu and the first %llu: not %llu, %llu",
                              (long long)ms, (unsigned long long)is_last,
                              (unsigned long long)is_first, (unsigned long long)last,
                              (unsigned long long)first);
    return true;
}

static bool compare_instants(struct datom_db *db, const struct model *model,
                             struct script_difference *difference)
{
    if (model->moments_count == 0)
        return true;
    const struct model_moment *moment = &model->moments[model->t * 7 % model->moments_count];
    uint64_t t;
    if (datom_db_resolve_t(db, edn_long((int64_t)datom_t_to_tx(moment->t)), &t, NULL) != BS_OK ||
        t != moment->t)
        return script_differs(difference, SCRIPT_LOOKUP, "a transaction's id is another t");
    for (int64_t more = -1; more <= 1; more++) {
        if (!compare_instant(db, model, moment->instant_ms + more, difference))
            return false;
    }
    return true;
}

/* ---- schema and names ---- */

static bool is_same_attribute(const struct datom_attribute *is,
                              const struct model_attribute *should)
{
    bool has_members = is->tuple && is->tuple->kind == DATOM_TUPLE_COMPOSITE;
    return bs_str_equal(is->ident, should->ident) && is->type == should->type &&
           is->many == should->many && is->unique == should->unique &&
           is->is_component == should->is_component && is->is_index == should->is_index &&
           is->no_history == should->no_history && is->has_avet == model_has_avet(should) &&
           has_members == (should->members_count > 0) &&
           (!has_members || is->tuple->count == should->members_count);
}

static bool compare_schema(struct datom_db *db, const struct model *model,
                           struct script_difference *difference)
{
    size_t count = 0, should = 0;
    const struct datom_attribute *any;
    for (size_t i = 0; (any = datom_db_attribute_at(db, i)) != NULL; i++)
        count += any->id >= DATOM_BOOT_NEXT_ELEMENT;
    for (size_t i = 0; i < model->attributes_count; i++) {
        const struct model_attribute *attribute = &model->attributes[i];
        const struct datom_attribute *is = datom_db_attribute(db, attribute->id);
        if (attribute->id < DATOM_BOOT_NEXT_ELEMENT)
            continue;
        should++;
        if (!is || !is_same_attribute(is, attribute))
            return script_differs(difference, SCRIPT_LOOKUP, "the attribute :%.*s is another",
                                  BS_STR_ARGS(attribute->ident));
    }
    return count == should || script_differs(difference, SCRIPT_LOOKUP,
                                             "there are %zu attributes, not %zu", count, should);
}

static bool compare_name(struct datom_db *db, const struct model *model,
                         const struct model_life *life, struct script_difference *difference)
{
    datom_id is = datom_db_entid(db, edn_text_of(life->v));
    datom_id should = model_entid(model, life->v);
    if (is != should)
        return script_differs(difference, SCRIPT_LOOKUP, ":%.*s names %llu, not %llu",
                              BS_STR_ARGS(edn_text_of(life->v)), (unsigned long long)is,
                              (unsigned long long)should);
    if (model_is_live(life) && !bs_str_equal(datom_db_ident(db, life->e), edn_text_of(life->v)))
        return script_differs(difference, SCRIPT_LOOKUP, "%llu is not called :%.*s",
                              (unsigned long long)life->e, BS_STR_ARGS(edn_text_of(life->v)));
    return true;
}

/* A partition by its number, and the ids in it from a t on. */
static bool compare_partition(struct datom_db *db, const struct model *model,
                              const struct model_life *life, struct script_difference *difference)
{
    uint64_t part;
    datom_id id;
    if (datom_db_partition(db, life->v, &part, NULL) != BS_OK ||
        part != (uint64_t)life->v.as.integer ||
        datom_db_entid_at(db, part, edn_long((int64_t)model->t), &id, NULL) != BS_OK ||
        id != datom_id_make(part, model->t))
        return script_differs(difference, SCRIPT_LOOKUP, "partition %llu is none",
                              (unsigned long long)life->v.as.integer);
    return true;
}

static bool compare_names(struct datom_db *db, const struct model *model,
                          struct script_difference *difference)
{
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        bool agrees = true;
        if (life->a == DATOM_DB_IDENT)
            agrees = compare_name(db, model, life, difference);
        else if (life->a == DATOM_DB_INSTALL_PARTITION && model_is_live(life))
            agrees = compare_partition(db, model, life, difference);
        if (!agrees)
            return false;
    }
    return true;
}

bool script_compare_facts(struct datom_db *db, const struct model *model,
                          struct script_difference *difference)
{
    return compare_counters(db, model, difference) && compare_instants(db, model, difference) &&
           compare_schema(db, model, difference) && compare_names(db, model, difference);
}
