/* Comparing a store's values with a model: see script_compare.h. */

#include "script_compare.h"

#include <stdarg.h>

#include "datom/bootstrap.h"

bool script_differs(struct script_difference *difference, enum script_difference_kind kind,
                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(difference->text, sizeof(difference->text), format, args);
    va_end(args);
    difference->kind = kind;
    return false;
}

bool script_compare_counts(struct datom_db *db, const struct model *model,
                           struct script_difference *difference)
{
    for (size_t i = 0; i < model->attributes_count; i++) {
        const struct model_attribute *attribute = &model->attributes[i];
        uint64_t should = 0;
        if (attribute->id < DATOM_BOOT_NEXT_ELEMENT)
            continue;
        for (size_t j = 0; j < model->count; j++)
            should += model_is_live(&model->lives[j]) && model->lives[j].a == attribute->id;
        uint64_t is = datom_db_attribute_count(db, attribute->id);
        if (is != should)
            return script_differs(
                difference, SCRIPT_LOOKUP, "the store counts %llu of :%.*s, not %llu",
                (unsigned long long)is, BS_STR_ARGS(attribute->ident), (unsigned long long)should);
    }
    return true;
}

/* ---- reports ---- */

static bool has_change(const struct model_tx *tx, const struct datom *datom)
{
    for (size_t i = 0; i < tx->changes_count; i++) {
        if (script_is_same(&tx->changes[i], datom))
            return true;
    }
    return false;
}

static bool compare_tempids(const struct datom_report *report, const struct model_tx *tx,
                            struct script_difference *difference)
{
    for (size_t i = 0; i < tx->temps_count; i++) {
        const struct model_temp *temp = &tx->temps[i];
        if (i == 0 || temp->name.len == 0)
            continue;
        datom_id is = datom_report_tempid(report, temp->name);
        datom_id should = tx->temps[temp->root].id;
        if (is != should)
            return script_differs(difference, SCRIPT_REPORT,
                                  "the tempid %.*s is %llu in the store, %llu in the model",
                                  BS_STR_ARGS(temp->name), (unsigned long long)is,
                                  (unsigned long long)should);
    }
    return true;
}

/* What get and lookup find of a datom that was touched. */
static bool compare_touched(struct datom_db *db, const struct model *model,
                            const struct datom *datom, struct script_difference *difference)
{
    const struct model_attribute *attribute = model_attribute(model, datom->a);
    const struct datom_attribute *its = datom_db_attribute(db, datom->a);
    if (!attribute || !its)
        return script_differs(difference, SCRIPT_LOOKUP, "attribute %llu: only one side has it",
                              (unsigned long long)datom->a);
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn is;
    bool found;
    if (datom_db_get(db, datom->e, its, arena, &is, &found, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "get fails");
    const struct model_life *should = model_find(model, datom->e, datom->a, NULL);
    if (found != (should != NULL) || (found && !attribute->many && !edn_equal(is, should->v)))
        return script_differs(difference, SCRIPT_LOOKUP, "get of %llu :%.*s finds another value",
                              (unsigned long long)datom->e, BS_STR_ARGS(attribute->ident));
    datom_id holder;
    if (attribute->unique == DATOM_UNIQUE_NONE)
        return true;
    if (datom_db_lookup(db, its, datom->v, &holder, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "lookup fails");
    if (holder != model_holder(model, datom->a, datom->v))
        return script_differs(difference, SCRIPT_LOOKUP, "lookup by :%.*s finds %llu",
                              BS_STR_ARGS(attribute->ident), (unsigned long long)holder);
    return true;
}

/* The smallest of those that agree with a datom in attribute, and in entity or else in value. */
static const struct datom *find_smallest(const struct datom *datoms, size_t count,
                                         const struct datom *like, bool by_entity)
{
    const struct datom *found = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct datom *datom = &datoms[i];
        bool is_like =
            datom->a == like->a && (by_entity ? datom->e == like->e : edn_equal(datom->v, like->v));
        if (is_like &&
            (!found || (by_entity ? edn_compare(datom->v, found->v) < 0 : datom->e < found->e)))
            found = datom;
    }
    return found;
}

static bool compare_seen(struct datom_db *db, const struct datom *datoms, size_t count,
                         const struct datom *datom, struct script_difference *difference)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    const struct datom_attribute *attribute = datom_db_attribute(db, datom->a);
    struct edn v;
    bool found;
    datom_id holder;
    /* what the store says by itself has such ones too */
    if (datom->a < DATOM_BOOT_NEXT_ELEMENT)
        return true;
    if (datom_db_get(db, datom->e, attribute, arena, &v, &found, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "get fails in a view");
    if (!found || !edn_equal(v, find_smallest(datoms, count, datom, true)->v))
        return script_differs(difference, SCRIPT_VIEW, "get of %llu :%.*s finds another value",
                              (unsigned long long)datom->e, BS_STR_ARGS(attribute->ident));
    if (!attribute->has_avet)
        return true;
    if (datom_db_lookup(db, attribute, datom->v, &holder, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "lookup fails in a view");
    if (holder != find_smallest(datoms, count, datom, false)->e)
        return script_differs(difference, SCRIPT_VIEW, "lookup by :%.*s finds %llu",
                              BS_STR_ARGS(attribute->ident), (unsigned long long)holder);
    return true;
}

#define SEEN 3

bool script_compare_seen(struct datom_db *db, const struct model *model,
                         const struct model_view *view, struct script_difference *difference)
{
    size_t count;
    bool agrees = true;
    if (view->history)
        return true;
    struct datom *datoms = model_datoms(model, DATOM_EAVT, view, DATOM_NO_ID, &count);
    for (size_t i = 0; i < SEEN && count > 0 && agrees; i++)
        agrees =
            compare_seen(db, datoms, count, &datoms[(model->t * 7 + i * 31) % count], difference);
    free(datoms);
    return agrees;
}

bool script_compare_report(const struct datom_report *report, const struct model_tx *tx,
                           const struct model *after, const struct model_view *view,
                           struct script_difference *difference)
{
    char text[200];
    if (report->t != tx->t || datom_db_next_t(report->db_after) != after->next_t)
        return script_differs(
            difference, SCRIPT_REPORT, "t is %llu, next t %llu; the model's are %llu, %llu",
            (unsigned long long)report->t, (unsigned long long)datom_db_next_t(report->db_after),
            (unsigned long long)tx->t, (unsigned long long)after->next_t);
    for (size_t i = 1; i < report->datoms_count; i++) {
        if (!has_change(tx, &report->datoms[i]))
            return script_differs(difference, SCRIPT_REPORT, "only the store reports %s",
                                  script_datom_text(&report->datoms[i], text, sizeof(text)));
    }
    if (report->datoms_count - 1 != tx->changes_count)
        return script_differs(difference, SCRIPT_REPORT, "the store reports %zu datoms, not %zu",
                              report->datoms_count - 1, tx->changes_count);
    if (!compare_tempids(report, tx, difference))
        return false;
    for (size_t i = 0; i < tx->changes_count; i++) {
        const struct datom *datom = &tx->changes[i];
        if (script_is_plain(view) && !compare_touched(report->db_after, after, datom, difference))
            return false;
        if ((i == 0 || tx->changes[i - 1].e != datom->e) &&
            !script_compare_index(report->db_after, after, DATOM_EAVT, view, datom->e, difference))
            return false;
    }
    return true;
}

/* ---- the store's own check ---- */

static void keep_first_line(void *self, const char *line)
{
    struct script_difference *difference = self;
    if (difference->kind != SCRIPT_CHECK)
        script_differs(difference, SCRIPT_CHECK, "check: %s", line);
}

bool script_compare_check(struct datom_db *db, struct script_difference *difference)
{
    struct datom_check_report report;
    struct bs_error error = BS_ERROR_INIT;
    difference->kind = SCRIPT_AGREES;
    if (datom_db_check(db, keep_first_line, difference, &report, &error) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "check fails: %s", error.message);
    return report.differences == 0;
}
