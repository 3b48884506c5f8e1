/*
 * What a transaction may do to the model's schema: new attributes must be complete, a type is for
 * ever, and values that are there must be what their attribute becomes.
 */

#include "model_apply.h"

#include "datom/bootstrap.h"

static bool is_schema(datom_id a)
{
    return a == DATOM_DB_IDENT || a == DATOM_DB_VALUE_TYPE || a == DATOM_DB_CARDINALITY ||
           a == DATOM_DB_UNIQUE || a == DATOM_DB_IS_COMPONENT || a == DATOM_DB_INDEX ||
           a == DATOM_DB_NO_HISTORY || a == DATOM_DB_TUPLE_ATTRS || a == DATOM_DB_TUPLE_TYPES ||
           a == DATOM_DB_TUPLE_TYPE || a == DATOM_DB_ATTR_CHECK || a == DATOM_DB_ATTR_PREDS ||
           a == DATOM_DB_FULLTEXT || a == DATOM_DB_TUPLE_DISCONTINUED;
}

/* Only references are components, only texts have words, and bytes are not unique. */
static bool is_senseless(const struct model_attribute *attribute)
{
    return (attribute->is_component && attribute->type != DATOM_TYPE_REF) ||
           (attribute->is_fulltext && attribute->type != DATOM_TYPE_STRING) ||
           (attribute->unique != DATOM_UNIQUE_NONE && attribute->type == DATOM_TYPE_BYTES);
}

/* A composite and its members have one value each. */
static bool is_bad_many(const struct model *after, const struct model_attribute *attribute)
{
    bool is_member = attribute->members_count > 0;
    for (size_t i = 0; i < after->attributes_count; i++) {
        for (uint32_t j = 0;
             model_is_kept(&after->attributes[i]) && j < after->attributes[i].members_count; j++)
            is_member = is_member || after->attributes[i].members[j] == attribute->id;
    }
    return attribute->many && is_member;
}

/* A composite can be discontinued, for good. */
static bool is_bad_end(const struct datom *change, const struct model_attribute *was,
                       const struct model_attribute *is)
{
    return change->a == DATOM_DB_TUPLE_DISCONTINUED &&
           (was->members_count == 0 || (was->is_discontinued && !is->is_discontinued));
}

static void check_alteration(const struct model_wishes *wishes, const struct datom *change,
                             const struct model *after)
{
    const struct model_attribute *was = model_attribute(wishes->tx->before, change->e);
    const struct model_attribute *is = model_attribute(after, change->e);
    if (!is || is->type != was->type || is_senseless(is) || is_bad_many(after, is) ||
        is->is_fulltext != was->is_fulltext || is_bad_end(change, was, is) ||
        change->a == DATOM_DB_VALUE_TYPE || change->a == DATOM_DB_TUPLE_ATTRS ||
        change->a == DATOM_DB_TUPLE_TYPES || change->a == DATOM_DB_TUPLE_TYPE ||
        (change->a == DATOM_DB_CARDINALITY && !change->added &&
         !model_find_wish(wishes, change->e, DATOM_DB_CARDINALITY, true)))
        model_tx_refuse(wishes->tx, BS_REASON_DB_INVALID_ALTER_ATTRIBUTE);
    if (is)
        model_check_predicate_change(wishes->tx, change, is);
}

static void check_installation(const struct model_wishes *wishes, const struct datom *change,
                               struct model *after)
{
    struct model_tx *tx = wishes->tx;
    datom_id e = change->e;
    bool has_type = model_find_wish(wishes, e, DATOM_DB_VALUE_TYPE, true);
    /* an ident is every entity's right */
    if (change->a == DATOM_DB_IDENT && !has_type)
        return;
    const struct model_attribute *is = model_attribute(after, e);
    struct edn listed = edn_long((int64_t)e);
    if (!has_type || e < tx->before->next_element || datom_id_part(e) != DATOM_PART_DB ||
        !model_find_wish(wishes, e, DATOM_DB_IDENT, true) ||
        !model_find_wish(wishes, e, DATOM_DB_CARDINALITY, true) || !is || is_senseless(is))
        model_tx_refuse(tx, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE);
    else
        model_check_tuple(wishes, is, after);
    if (is)
        model_check_predicate_change(tx, change, is);
    if (tx->reasons_count == 0 &&
        !model_find(after, DATOM_DB_PART_DB, DATOM_DB_INSTALL_ATTRIBUTE, &listed))
        model_tx_begin_life(tx, after, DATOM_DB_PART_DB, DATOM_DB_INSTALL_ATTRIBUTE, listed);
}

/* Of what is built in only the docs may change; :db.part/db takes in what is installed. */
static bool is_built_in(const struct datom *change)
{
    bool is_list = change->a == DATOM_DB_INSTALL_ATTRIBUTE ||
                   change->a == DATOM_DB_INSTALL_PARTITION || change->a == DATOM_DB_ALTER_ATTRIBUTE;
    return change->e < DATOM_BOOT_NEXT_ELEMENT && change->a != DATOM_DB_DOC &&
           !(change->e == DATOM_DB_PART_DB && is_list);
}

void model_check_schema(const struct model_wishes *wishes, struct model *after)
{
    struct model_tx *tx = wishes->tx;
    if (wishes->takes_built_in)
        model_tx_refuse(tx, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED);
    /* listings of new attributes are added while this goes on, and need no look */
    size_t count = tx->changes_count;
    for (size_t i = 0; i < count; i++) {
        struct datom change = tx->changes[i];
        bool is_partition = change.a == DATOM_DB_INSTALL_PARTITION;
        if ((is_partition || change.a == DATOM_DB_INSTALL_ATTRIBUTE) && !change.added)
            model_tx_refuse(tx, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED);
        else if (is_partition)
            model_check_partition(tx, &change, after);
        else if (change.a == DATOM_DB_INSTALL_ATTRIBUTE &&
                 (change.e != DATOM_DB_PART_DB ||
                  !model_find_wish(wishes, (datom_id)change.v.as.integer, DATOM_DB_VALUE_TYPE,
                                   true)))
            model_tx_refuse(tx, BS_REASON_DB_INVALID_INSTALL_ATTRIBUTE);
        if (is_built_in(&change)) {
            model_tx_refuse(tx, BS_REASON_DB_DATOM_CANNOT_BE_ALTERED);
            continue;
        }
        if (!is_schema(change.a))
            continue;
        if (model_attribute(tx->before, change.e))
            check_alteration(wishes, &change, after);
        else
            check_installation(wishes, &change, after);
    }
}

/* Whether the values that are there are what the attribute has become. */
static void check_values(struct model_tx *tx, const struct model *after,
                         const struct model_attribute *was, const struct model_attribute *is)
{
    bool is_one_now = was->many && !is->many;
    bool is_unique_now = was->unique == DATOM_UNIQUE_NONE && is->unique != DATOM_UNIQUE_NONE;
    for (size_t i = 0; i < after->count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct model_life *x = &after->lives[i];
            const struct model_life *y = &after->lives[j];
            if (!model_is_live(x) || !model_is_live(y) || x->a != is->id || y->a != is->id)
                continue;
            if (is_one_now && x->e == y->e)
                model_tx_refuse(tx, BS_REASON_DB_CARDINALITY_VIOLATION);
            if (is_unique_now && edn_equal(x->v, y->v))
                model_tx_refuse(tx, BS_REASON_DB_UNIQUE_VIOLATION);
        }
    }
}

void model_check_altered_values(struct model_tx *tx, const struct model *after)
{
    for (size_t i = 0; i < tx->before->attributes_count; i++) {
        const struct model_attribute *was = &tx->before->attributes[i];
        const struct model_attribute *is = model_attribute(after, was->id);
        if (is && (was->many != is->many || was->unique != is->unique))
            check_values(tx, after, was, is);
    }
}
