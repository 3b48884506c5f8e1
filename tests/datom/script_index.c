/* What indexes show, walked in all ways, against the model's datoms. */

#include "script_compare.h"

#include "datom/bootstrap.h"

static struct datom_db *view_of(struct datom_db *db, const struct model_view *view)
{
    struct datom_db *steps[4] = {datom_db_ref(db)};
    size_t count = 1;
    if (view->as_of != UINT64_MAX) {
        steps[count] = datom_db_as_of(steps[count - 1], view->as_of);
        count++;
    }
    if (view->since > 0) {
        steps[count] = datom_db_since(steps[count - 1], view->since);
        count++;
    }
    if (view->history) {
        steps[count] = datom_db_history(steps[count - 1]);
        count++;
    }
    for (size_t i = 0; i + 1 < count; i++)
        datom_db_unref(steps[i]);
    return steps[count - 1];
}

bool script_is_same(const struct datom *a, const struct datom *b)
{
    return a->e == b->e && a->a == b->a && edn_equal(a->v, b->v) && a->tx == b->tx &&
           a->added == b->added;
}

/* What the store says by itself is not the model's: the first datoms and transactions' instants. */
static bool is_own(const struct datom *datom)
{
    return datom->a != DATOM_DB_TX_INSTANT && datom_tx_to_t(datom->tx) >= DATOM_FIRST_USER_T;
}

const char *script_datom_text(const struct datom *datom, char *ret_text, size_t size)
{
    char v[80];
    if (!datom)
        return "nothing";
    snprintf(ret_text, size, "[%llu %llu %s t %llu %s]", (unsigned long long)datom->e,
             (unsigned long long)datom->a, edn_print_cut(datom->v, v, sizeof(v)),
             (unsigned long long)datom_tx_to_t(datom->tx), datom->added ? "added" : "retracted");
    return ret_text;
}

bool script_is_plain(const struct model_view *view)
{
    bool is_plain = view->as_of == UINT64_MAX && view->since == 0 && !view->history;
    for (size_t i = 0; i < MODEL_FILTERS; i++)
        is_plain = is_plain && !view->filters[i];
    return is_plain;
}

static bool differs_in(struct script_difference *difference, const struct datom_range *range,
                       const struct model_view *view, const struct datom *is,
                       const struct datom *should)
{
    static const char *const names[] = {"eavt", "aevt", "avet", "vaet"};
    char x[200], y[200], at[80] = "";
    bool is_now = script_is_plain(view);
    if (!is_now)
        snprintf(at, sizeof(at), " as of %lld, since %llu%s", (long long)view->as_of,
                 (unsigned long long)view->since, view->history ? ", history" : "");
    return script_differs(difference, is_now ? SCRIPT_NOW : SCRIPT_VIEW,
                          "%s%s%s%s: the store has %s, the model %s", names[range->index],
                          range->seek ? " from a datom on" : "", range->reverse ? " backwards" : "",
                          at, script_datom_text(is, x, sizeof(x)),
                          script_datom_text(should, y, sizeof(y)));
}

/* What a walk shows against what it should: `should` from its first, or backwards from its last. */
static bool compare_walk(struct datom_db *seen, const struct datom_range *range,
                         const struct model_view *view, const struct datom *should, size_t count,
                         struct script_difference *difference)
{
    size_t at = 0, batch = 0;
    const struct datom *is = NULL;
    bool agrees = true;
    struct datom_cursor *cursor = NULL;
    enum bs_code code = datom_cursor_open(seen, range, &cursor, NULL);
    do {
        const struct datom *datoms;
        if (code == BS_OK)
            code = datom_cursor_next(cursor, &datoms, &batch, NULL);
        for (size_t i = 0; code == BS_OK && i < batch && agrees; i++) {
            is = &datoms[i];
            if (!is_own(is))
                continue;
            agrees =
                at < count && script_is_same(is, &should[range->reverse ? count - 1 - at : at]);
            at += agrees;
        }
    } while (code == BS_OK && batch > 0 && agrees);
    if (code != BS_OK)
        agrees = script_differs(difference, SCRIPT_IMPOSSIBLE, "a cursor fails");
    else if (!agrees || at < count)
        agrees = differs_in(difference, range, view, agrees ? NULL : is,
                            at < count ? &should[range->reverse ? count - 1 - at : at] : NULL);
    datom_cursor_free(cursor);
    return agrees;
}

/* Forwards and backwards from a datom in the middle, which is in both. */
static bool compare_seeks(struct datom_db *seen, enum datom_index index,
                          const struct model_view *view, const struct datom *should, size_t count,
                          struct script_difference *difference)
{
    if (count == 0)
        return true;
    size_t middle = count * 7 / 11;
    const struct datom *datom = &should[middle];
    struct datom_range range = {
        .index = index,
        .has_e = true,
        .e = datom->e,
        .has_a = true,
        .a = datom->a,
        .has_v = true,
        .v = datom->v,
        .has_tx = true,
        .tx = datom->tx,
        .seek = true,
    };
    if (!compare_walk(seen, &range, view, datom, count - middle, difference))
        return false;
    range.reverse = true;
    return compare_walk(seen, &range, view, should, middle + 1, difference);
}

/* How many components a range has; those that it has stand in the index's order. */
static bool is_in_range(const struct datom_range *range, const struct datom *datom)
{
    return (!range->has_e || datom->e == range->e) && (!range->has_a || datom->a == range->a) &&
           (!range->has_v || edn_compare(datom->v, range->v) == 0) &&
           (!range->has_start || edn_compare(datom->v, range->v_start) >= 0) &&
           (!range->has_end || edn_compare(datom->v, range->v_end) < 0);
}

/* What begins as a datom in the middle does: its first component, two of them, three. */
static bool compare_prefixes(struct datom_db *seen, enum datom_index index,
                             const struct model_view *view, const struct datom *should,
                             size_t count, struct script_difference *difference)
{
    static const char *const orders[] = {"eav", "aev", "ave", "vae"};
    struct datom *part = bs_malloc((count + 1) * sizeof(*part));
    bool agrees = true;
    for (size_t length = 1; length <= 4 && agrees && count > 0; length++) {
        const struct datom *datom = &should[count * 5 / 13];
        struct datom_range range = {.index = index, .reverse = length % 2 == 0};
        size_t part_count = 0;
        /* in the last round values of an attribute from one to another */
        bool is_between = length == 4 && index == DATOM_AVET;
        if (length == 4 && !is_between)
            break;
        for (size_t i = 0; i < (is_between ? 1 : length); i++) {
            range.has_e = range.has_e || orders[index][i] == 'e';
            range.has_a = range.has_a || orders[index][i] == 'a';
            range.has_v = range.has_v || orders[index][i] == 'v';
        }
        range.e = datom->e;
        range.a = datom->a;
        range.v = datom->v;
        range.has_start = range.has_end = is_between;
        range.v_start = datom->v;
        range.v_end = should[count - 1].a == datom->a ? should[count - 1].v : datom->v;
        for (size_t i = 0; i < count; i++) {
            if (is_in_range(&range, &should[i]))
                part[part_count++] = should[i];
        }
        agrees = compare_walk(seen, &range, view, part, part_count, difference);
    }
    free(part);
    return agrees;
}

bool script_compare_index(struct datom_db *db, const struct model *model, enum datom_index index,
                          const struct model_view *view, datom_id e,
                          struct script_difference *difference)
{
    size_t count;
    struct datom *should = model_datoms(model, index, view, e, &count);
    struct datom_db *seen = view_of(db, view);
    struct datom_range range = {.index = index, .has_e = e != DATOM_NO_ID, .e = e};
    bool agrees = compare_walk(seen, &range, view, should, count, difference);
    /* the other ways to walk take longer: one time in four */
    range.reverse = true;
    if (e == DATOM_NO_ID && count % 4 == 0)
        agrees = agrees && compare_walk(seen, &range, view, should, count, difference) &&
                 compare_seeks(seen, index, view, should, count, difference) &&
                 compare_prefixes(seen, index, view, should, count, difference);
    datom_db_unref(seen);
    free(should);
    return agrees;
}

bool script_compare_view(struct datom_db *db, const struct model *model,
                         const struct model_view *view, struct script_difference *difference)
{
    for (int index = DATOM_EAVT; index <= DATOM_VAET; index++) {
        if (!script_compare_index(db, model, (enum datom_index)index, view, DATOM_NO_ID,
                                  difference))
            return false;
    }
    return true;
}
