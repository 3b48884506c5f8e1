/*
 * What the schema may say of tuples: one kind to an attribute, elements of types that can stand in
 * one, composites over attributes of cardinality one; and nothing of it changes but that a
 * composite is discontinued, once.
 */

#include "datom/bootstrap.h"
#include "datom/tx.h"

static bool may_be_element(enum datom_type type)
{
    return type < DATOM_TYPE_COUNT && type != DATOM_TYPE_TUPLE && type != DATOM_TYPE_BYTES;
}

/* How many of the three definitions of tuples are given for a new attribute. */
static unsigned count_kinds(const struct tx *tx, datom_id id)
{
    static const datom_id kinds[] = {DATOM_DB_TUPLE_ATTRS, DATOM_DB_TUPLE_TYPES,
                                     DATOM_DB_TUPLE_TYPE};
    unsigned count = 0;
    for (size_t i = 0; i < BS_ARRAY_COUNT(kinds); i++)
        count += tx_find_added_one(tx, id, kinds[i]) != NULL;
    return count;
}

/* Why an attribute can't be a member of a composite; NULL: it can. */
static const char *unfit_member(const struct datom_attribute *member)
{
    if (!member)
        return "no attribute";
    if (member->id < DATOM_BOOT_NEXT_ELEMENT)
        return "built in";
    if (member->many)
        return "of cardinality many";
    if (!may_be_element(member->type))
        return "of a type that can't stand in a tuple";
    return NULL;
}

static bool is_repeated(const struct datom_tuple *tuple, uint32_t idx)
{
    for (uint32_t i = 0; i < idx; i++) {
        if (tuple->attributes[i] == tuple->attributes[idx])
            return true;
    }
    return false;
}

static enum bs_code check_composite(const struct tx *tx, const struct tx_entry *entry,
                                    const struct datom_attribute *attribute, struct bs_error *error)
{
    const struct datom_tuple *tuple = attribute->tuple;
    if (attribute->many)
        return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_ATTRS,
                                 "is a composite tuple of cardinality many: expected "
                                 ":db.cardinality/one",
                                 error);
    const struct tx_entry *names = tx_find_added_one(tx, attribute->id, DATOM_DB_TUPLE_ATTRS);
    for (uint32_t i = 0; i < tuple->count; i++) {
        const struct datom_attribute *member =
            datom_schema_attribute(tx->schema_after, tuple->attributes[i]);
        const char *unfit = is_repeated(tuple, i) ? "given twice" : unfit_member(member);
        if (!unfit)
            continue;
        char name[120], what[240];
        snprintf(what, sizeof(what),
                 "has a member %s that is %s: expected attributes of cardinality one, each once",
                 edn_print_cut(names->v.as.items[i], name, sizeof(name)), unfit);
        return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_ATTRS, what, error);
    }
    return BS_OK;
}

static enum bs_code check_types(const struct tx *tx, const struct tx_entry *entry,
                                const struct datom_tuple *tuple, struct bs_error *error)
{
    uint32_t count = tuple->count > 0 ? tuple->count : 1;
    for (uint32_t i = 0; i < count; i++) {
        if (!may_be_element(tuple->types[i]))
            return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_KIND,
                                     "has elements of a type that can't stand in a tuple: "
                                     "expected one such as :db.type/string, not bytes, not tuple",
                                     error);
    }
    return BS_OK;
}

enum bs_code tx_check_tuple_install(const struct tx *tx, const struct tx_entry *entry,
                                    const struct datom_attribute *attribute, struct bs_error *error)
{
    unsigned kinds = count_kinds(tx, attribute->id);
    bool is_tuple = attribute->type == DATOM_TYPE_TUPLE;
    if (!is_tuple && !attribute->tuple)
        return BS_OK;
    if (!is_tuple)
        return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_KIND,
                                 "is defined as a tuple, but has another type: expected "
                                 ":db.type/tuple",
                                 error);
    if (kinds != 1)
        return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_KIND,
                                 "has :db.type/tuple: expected one of :db/tupleAttrs, "
                                 ":db/tupleTypes and :db/tupleType with it",
                                 error);
    if (attribute->tuple->kind == DATOM_TUPLE_COMPOSITE)
        return check_composite(tx, entry, attribute, error);
    if (tx_find_added_one(tx, attribute->id, DATOM_DB_TUPLE_DISCONTINUED))
        return tx_refuse_install(tx, entry, BS_REASON_DB_INVALID_TUPLE_KIND,
                                 "has :db.tuple/discontinued, which is for composite tuples",
                                 error);
    return check_types(tx, entry, attribute->tuple, error);
}

enum bs_code tx_check_tuple_alter(struct tx *tx, const struct tx_entry *entry,
                                  const struct datom_attribute *before,
                                  const struct datom_attribute *after, struct bs_error *error)
{
    bool is_composite = after->tuple && after->tuple->kind == DATOM_TUPLE_COMPOSITE;
    switch (entry->attribute->id) {
    case DATOM_DB_TUPLE_ATTRS:
    case DATOM_DB_TUPLE_TYPES:
    case DATOM_DB_TUPLE_TYPE:
        return tx_refuse_alter(tx, entry, before, "can't change what its tuples are made of",
                               error);
    case DATOM_DB_TUPLE_DISCONTINUED:
        if (!before->tuple || !is_composite)
            return tx_refuse_alter(tx, entry, before,
                                   "is no composite tuple: it can't be discontinued", error);
        if (before->tuple->is_discontinued && !after->tuple->is_discontinued)
            return tx_refuse_alter(tx, entry, before, "is discontinued, which can't be undone",
                                   error);
        return BS_OK;
    case DATOM_DB_CARDINALITY:
        if (after->many && is_composite)
            return tx_refuse_alter(tx, entry, before,
                                   "is a composite tuple: expected :db.cardinality/one", error);
        if (after->many && after->composites_count > 0)
            return tx_refuse_alter(tx, entry, before,
                                   "is a member of a composite tuple: expected "
                                   ":db.cardinality/one, or the composite discontinued before",
                                   error);
        return BS_OK;
    default:
        return BS_OK;
    }
}
