/*
 * Composite tuples in the model: whoever says something of a member, new or not, makes the tuple
 * follow; without any member there is none.
 */

#include "model_apply.h"

#include "datom/bootstrap.h"

bool model_is_kept(const struct model_attribute *attribute)
{
    return attribute->members_count > 0 && !attribute->is_discontinued;
}

bool model_is_too_long(struct edn v)
{
    return v.type == EDN_STRING && bs_utf8_count(edn_text_of(v)) > BS_LIMIT_TUPLE_STRING_CHARS;
}

static bool has_member(const struct model_attribute *composite, datom_id a)
{
    for (uint32_t i = 0; i < composite->members_count; i++) {
        if (composite->members[i] == a)
            return true;
    }
    return false;
}

/* The value of cardinality one when all wishes have come true; nil. */
static struct edn value_after(const struct model_wishes *wishes, datom_id e, datom_id a)
{
    const struct model_wish *wish = model_find_wish(wishes, e, a, true);
    if (wish)
        return wish->v;
    const struct model_life *life = model_find(wishes->tx->before, e, a, NULL);
    if (life && wishes->tx->before->mistake == MODEL_MISTAKE_COMPOSITE)
        return life->v;
    return life && !model_is_mentioned(wishes, life) ? life->v : edn_nil();
}

static void keep(struct model_wishes *wishes, datom_id e, const struct model_attribute *composite)
{
    struct model_tx *tx = wishes->tx;
    struct edn *items = bs_arena_new_array(tx->arena, composite->members_count, struct edn);
    bool is_empty = true;
    for (uint32_t i = 0; i < composite->members_count; i++) {
        items[i] = value_after(wishes, e, composite->members[i]);
        if (model_is_too_long(items[i]))
            model_tx_refuse(tx, BS_REASON_DB_INVALID_TUPLE_VALUE);
        is_empty = is_empty && edn_is_nil(items[i]);
    }
    struct edn now = value_after(wishes, e, composite->id);
    if (!is_empty)
        model_wish_for(wishes, e, composite,
                       edn_collection(EDN_VECTOR, items, composite->members_count), true);
    else if (!edn_is_nil(now))
        model_wish_for(wishes, e, composite, now, false);
}

void model_keep_composites(struct model_wishes *wishes)
{
    const struct model *model = wishes->tx->before;
    /* composites are no members of others */
    size_t count = wishes->count;
    for (size_t i = 0; i < model->attributes_count; i++) {
        const struct model_attribute *composite = &model->attributes[i];
        for (size_t j = 0; j < count; j++) {
            datom_id e = wishes->items[j].e;
            if (model_is_kept(composite) && has_member(composite, wishes->items[j].attribute->id) &&
                !model_find_wish(wishes, e, composite->id, true) &&
                !model_find_wish(wishes, e, composite->id, false))
                keep(wishes, e, composite);
        }
    }
}

static bool may_be_element(enum datom_type type)
{
    return type < DATOM_TYPE_COUNT && type != DATOM_TYPE_TUPLE && type != DATOM_TYPE_BYTES;
}

static bool may_be_member(const struct model *model, const struct model_attribute *composite,
                          uint32_t idx)
{
    datom_id a = composite->members[idx];
    const struct model_attribute *member = model_attribute(model, a);
    for (uint32_t i = 0; i < idx; i++) {
        if (composite->members[i] == a)
            return false;
    }
    return member && a >= DATOM_BOOT_NEXT_ELEMENT && !member->many && may_be_element(member->type);
}

static void check_composite(struct model_tx *tx, const struct model_attribute *attribute,
                            const struct model *after)
{
    bool is_good = !attribute->many;
    for (uint32_t i = 0; i < attribute->members_count; i++)
        is_good = is_good && may_be_member(after, attribute, i);
    if (!is_good)
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TUPLE_ATTRS);
}

void model_check_tuple(const struct model_wishes *wishes, const struct model_attribute *attribute,
                       const struct model *after)
{
    static const datom_id kinds[] = {DATOM_DB_TUPLE_ATTRS, DATOM_DB_TUPLE_TYPES,
                                     DATOM_DB_TUPLE_TYPE};
    bool is_tuple = attribute->type == DATOM_TYPE_TUPLE;
    size_t count = 0;
    for (size_t i = 0; i < BS_ARRAY_COUNT(kinds); i++)
        count += model_find_wish(wishes, attribute->id, kinds[i], true) != NULL;
    if (count != (is_tuple ? 1 : 0)) {
        model_tx_refuse(wishes->tx, BS_REASON_DB_INVALID_TUPLE_KIND);
        return;
    }
    if (is_tuple && attribute->members_count > 0)
        check_composite(wishes->tx, attribute, after);
    bool is_other = is_tuple && attribute->members_count == 0;
    for (uint32_t i = 0; is_other && i < BS_MAX(attribute->elements_count, 1); i++) {
        if (!may_be_element(attribute->elements[i]))
            model_tx_refuse(wishes->tx, BS_REASON_DB_INVALID_TUPLE_KIND);
    }
}
