/*
 * Tuples in a schema. Whether a definition is a good one is the transaction's business
 * (tx_schema_tuple.c): here whatever is said is taken, and what makes no sense has DATOM_TYPE_COUNT
 * for a type or DATOM_NO_ID for a member.
 */

#include "datom/schema_tuple.h"

#include "datom/bootstrap.h"

static struct datom_tuple *tuple_of(struct bs_arena *arena, struct datom_attribute *attribute)
{
    struct datom_tuple *tuple = bs_arena_new_item(arena, struct datom_tuple);
    if (attribute->tuple)
        *tuple = *attribute->tuple;
    attribute->tuple = tuple;
    return tuple;
}

void datom_schema_tuple_copy(struct bs_arena *arena, struct datom_attribute *attribute)
{
    if (attribute->tuple)
        (void)tuple_of(arena, attribute);
}

static enum datom_type type_of(struct edn keyword)
{
    enum datom_type type = DATOM_TYPE_COUNT;
    if (keyword.type == EDN_KEYWORD)
        (void)datom_type_from_ident(edn_text_of(keyword), &type);
    return type;
}

static void set_kind(struct datom_tuple *tuple, enum datom_tuple_kind kind, uint32_t count)
{
    tuple->kind = kind;
    tuple->count = BS_MIN(count, (uint32_t)BS_LIMIT_TUPLE_MAX);
}

void datom_schema_tuple_apply(const struct datom_schema *schema, struct bs_arena *arena,
                              struct datom_attribute *attribute, const struct datom *datom)
{
    /* retractions of the first three are refused, so that they never come */
    struct edn v = datom->v;
    struct datom_tuple *tuple;
    switch (datom->a) {
    case DATOM_DB_TUPLE_ATTRS:
        tuple = tuple_of(arena, attribute);
        set_kind(tuple, DATOM_TUPLE_COMPOSITE, v.len);
        for (uint32_t i = 0; i < tuple->count; i++)
            tuple->attributes[i] = v.as.items[i].type == EDN_KEYWORD
                                       ? datom_schema_entid(schema, edn_text_of(v.as.items[i]))
                                       : DATOM_NO_ID;
        break;
    case DATOM_DB_TUPLE_TYPES:
        tuple = tuple_of(arena, attribute);
        set_kind(tuple, DATOM_TUPLE_HETEROGENEOUS, v.len);
        for (uint32_t i = 0; i < tuple->count; i++)
            tuple->types[i] = type_of(v.as.items[i]);
        break;
    case DATOM_DB_TUPLE_TYPE:
        tuple = tuple_of(arena, attribute);
        set_kind(tuple, DATOM_TUPLE_HOMOGENEOUS, 0);
        for (uint32_t i = 0; i < BS_LIMIT_TUPLE_MAX; i++)
            tuple->types[i] = type_of(v);
        break;
    case DATOM_DB_TUPLE_DISCONTINUED:
        tuple = tuple_of(arena, attribute);
        tuple->is_discontinued = datom->added && v.as.boolean;
        break;
    default:
        break;
    }
}

/* ---- composites and members ---- */

static struct datom_attribute *member_at(struct datom_attribute **by_id, size_t limit,
                                         const struct datom_tuple *tuple, uint32_t idx)
{
    return tuple->attributes[idx] < limit ? by_id[tuple->attributes[idx]] : NULL;
}

/* Lists a composite with a member. Lists are short: each is made anew when it grows. */
static void enlist(struct bs_arena *arena, struct datom_attribute *member,
                   const struct datom_attribute *composite)
{
    size_t count = member->composites_count;
    const struct datom_attribute **list =
        bs_arena_new_array(arena, count + 1, const struct datom_attribute *);
    if (count > 0)
        memcpy(list, member->composites, count * sizeof(*list));
    list[count] = composite;
    member->composites = list;
    member->composites_count = count + 1;
}

bool datom_schema_tuple_finish(struct bs_arena *arena, struct datom_attribute **by_id, size_t limit)
{
    bool has_composites = false;
    for (size_t id = 0; id < limit; id++) {
        if (by_id[id]) {
            by_id[id]->composites = NULL;
            by_id[id]->composites_count = 0;
        }
    }
    for (size_t id = 0; id < limit; id++) {
        struct datom_attribute *attribute = by_id[id];
        if (!attribute || !attribute->tuple || attribute->tuple->kind != DATOM_TUPLE_COMPOSITE)
            continue;
        struct datom_tuple *tuple = tuple_of(arena, attribute);
        for (uint32_t i = 0; i < tuple->count; i++) {
            struct datom_attribute *member = member_at(by_id, limit, tuple, i);
            tuple->types[i] = member ? member->type : DATOM_TYPE_COUNT;
            if (!member || tuple->is_discontinued)
                continue;
            enlist(arena, member, attribute);
            has_composites = true;
        }
    }
    return has_composites;
}
