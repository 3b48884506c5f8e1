/*
 * Predicates in a schema. A change makes a new set, in which the compiled checks are shared with
 * the old one, so that opening a store compiles each once. Whether a check is a good one is the
 * transaction's business (tx_pred.c).
 */

#include "datom/schema_pred.h"

#include "datom/bootstrap.h"

static void list_free(struct datom_predicate *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        datom_attr_check_unref(list[i].check);
        union {
            const char *in;
            char *out;
        } text = {.in = list[i].text.ptr};
        free(text.out);
    }
    free(list);
}

static void predicates_unref(void *self)
{
    struct datom_predicates *predicates = self;
    if (!bs_ref_put(&predicates->ref))
        return;
    list_free(predicates->names, predicates->names_count);
    list_free(predicates->checks, predicates->checks_count);
    free(predicates);
}

/* Takes the reference to the check. */
static void append(struct datom_predicate *list, size_t *count, struct bs_str text,
                   struct datom_attr_check *check)
{
    char *copy = bs_malloc(text.len + 1);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    list[(*count)++] =
        (struct datom_predicate){.text = bs_str_make(copy, text.len), .check = check};
}

static void append_copy(struct datom_predicate *list, size_t *count,
                        const struct datom_predicate *item)
{
    append(list, count, item->text, item->check ? datom_attr_check_ref(item->check) : NULL);
}

static void append_new(struct datom_predicate *list, size_t *count, const struct datom *datom)
{
    struct datom_attr_check *check = NULL;
    struct bs_str text = edn_text_of(datom->v);
    if (datom->a == DATOM_DB_ATTR_CHECK && datom_attr_check_new(text, &check, NULL) != BS_OK)
        check = NULL;
    append(list, count, text, check);
}

/* A copy of a list with what a datom says of it; NULL: nothing. */
static struct datom_predicate *list_copy(const struct datom_predicate *list, size_t count,
                                         const struct datom *datom, size_t *ret_count)
{
    struct datom_predicate *next = bs_calloc(count + 1, sizeof(*next));
    bool is_missing = datom && datom->added;
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        int order = datom ? bs_str_compare(list[i].text, edn_text_of(datom->v)) : -1;
        if (is_missing && order > 0)
            append_new(next, ret_count, datom);
        if (order >= 0)
            is_missing = false;
        if (order != 0 || datom->added)
            append_copy(next, ret_count, &list[i]);
    }
    if (is_missing)
        append_new(next, ret_count, datom);
    return next;
}

void datom_schema_pred_copy(struct bs_arena *arena, struct datom_attribute *attribute)
{
    if (!attribute->predicates)
        return;
    union {
        const struct datom_predicates *in;
        struct datom_predicates *out;
    } predicates = {.in = attribute->predicates};
    bs_ref_get(&predicates.out->ref);
    bs_arena_add_cleanup(arena, predicates_unref, predicates.out);
}

void datom_schema_pred_apply(struct bs_arena *arena, struct datom_attribute *attribute,
                             const struct datom *datom)
{
    static const struct datom_predicates none;
    bool is_check = datom->a == DATOM_DB_ATTR_CHECK;
    if (!is_check && datom->a != DATOM_DB_ATTR_PREDS)
        return;
    const struct datom_predicates *old = attribute->predicates ? attribute->predicates : &none;
    struct datom_predicates *next = bs_calloc(1, sizeof(*next));
    bs_ref_init(&next->ref);
    next->names =
        list_copy(old->names, old->names_count, is_check ? NULL : datom, &next->names_count);
    next->checks =
        list_copy(old->checks, old->checks_count, is_check ? datom : NULL, &next->checks_count);
    bs_arena_add_cleanup(arena, predicates_unref, next);
    attribute->predicates = next->names_count + next->checks_count > 0 ? next : NULL;
}

struct bs_str datom_attribute_pred_at(const struct datom_attribute *attribute, size_t idx)
{
    const struct datom_predicates *predicates = attribute->predicates;
    return predicates && idx < predicates->names_count ? predicates->names[idx].text : BS_STR_EMPTY;
}

struct bs_str datom_attribute_check_at(const struct datom_attribute *attribute, size_t idx)
{
    const struct datom_predicates *predicates = attribute->predicates;
    return predicates && idx < predicates->checks_count ? predicates->checks[idx].text
                                                        : BS_STR_EMPTY;
}
