/*
 * Two parts with lives of their own: the table of attributes (copied whole when an attribute
 * changes, which is rare) and two persistent trees for idents (shared between versions, so that a
 * store with many enum idents pays for what it adds). Attributes are complete here as soon as they
 * have type, cardinality and ident; whether a change is allowed is the transaction's business.
 */

#include "datom/schema.h"

#include <xxhash.h>

#include "datom/bootstrap.h"
#include "datom/schema_pred.h"
#include "datom/schema_tuple.h"
#include "datom/table.h"
#include "datom/tree.h"

struct attribute_table {
    struct bs_ref ref;
    size_t limit; /* of by_id */
    size_t count; /* complete attributes */
    bool has_composites;
    struct datom_attribute **by_id;
    const struct datom_attribute **in_order; /* the complete ones by id */
    struct datom_table names;                /* ident -> index in in_order */
    struct bs_arena *arena;                  /* everything above */
};

struct datom_schema {
    struct bs_ref ref;
    struct attribute_table *table;
    struct datom_tree ident_to_id; /* ident -> id, 8 bytes */
    struct datom_tree id_to_ident; /* id, 8 bytes -> ident */
};

static struct attribute_table *table_new(size_t limit)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct attribute_table *table = bs_malloc(sizeof(*table));
    *table = (struct attribute_table){.limit = limit, .arena = arena};
    bs_ref_init(&table->ref);
    table->by_id = bs_arena_zalloc(arena, (limit + 1) * sizeof(*table->by_id));
    return table;
}

static void table_unref(struct attribute_table *table)
{
    if (table && bs_ref_put(&table->ref)) {
        datom_table_fini(&table->names);
        bs_arena_free(table->arena);
        free(table);
    }
}

struct datom_schema *datom_schema_new_empty(void)
{
    struct datom_schema *schema = bs_calloc(1, sizeof(*schema));
    bs_ref_init(&schema->ref);
    schema->table = table_new(0);
    return schema;
}

struct datom_schema *datom_schema_ref(struct datom_schema *schema)
{
    bs_ref_get(&schema->ref);
    return schema;
}

void datom_schema_unref(struct datom_schema *schema)
{
    if (!schema || !bs_ref_put(&schema->ref))
        return;
    table_unref(schema->table);
    datom_tree_fini(&schema->ident_to_id);
    datom_tree_fini(&schema->id_to_ident);
    free(schema);
}

bool datom_schema_is_affected_by(datom_id attribute)
{
    switch (attribute) {
    case DATOM_DB_IDENT:
    case DATOM_DB_VALUE_TYPE:
    case DATOM_DB_CARDINALITY:
    case DATOM_DB_UNIQUE:
    case DATOM_DB_IS_COMPONENT:
    case DATOM_DB_INDEX:
    case DATOM_DB_NO_HISTORY:
    case DATOM_DB_FULLTEXT:
    case DATOM_DB_ATTR_PREDS:
    case DATOM_DB_ATTR_CHECK:
    case DATOM_DB_TUPLE_TYPE:
    case DATOM_DB_TUPLE_TYPES:
    case DATOM_DB_TUPLE_ATTRS:
    case DATOM_DB_TUPLE_DISCONTINUED:
        return true;
    default:
        return false;
    }
}

/* ---- idents ---- */

static struct bs_str id_key(datom_id id, uint8_t ret_bytes[8])
{
    bs_store_u64(ret_bytes, id);
    return bs_str_make((const char *)ret_bytes, 8);
}

datom_id datom_schema_entid(const struct datom_schema *schema, struct bs_str ident)
{
    struct bs_str record;
    if (datom_tree_get(&schema->ident_to_id, ident, &record) != DATOM_TREE_PRESENT)
        return DATOM_NO_ID;
    return bs_load_u64(record.ptr);
}

struct bs_str datom_schema_ident(const struct datom_schema *schema, datom_id id)
{
    uint8_t bytes[8];
    struct bs_str record;
    if (datom_tree_get(&schema->id_to_ident, id_key(id, bytes), &record) != DATOM_TREE_PRESENT)
        return BS_STR_EMPTY;
    return record;
}

static void apply_ident(struct datom_schema *schema, const struct datom *datom)
{
    uint8_t bytes[8];
    struct bs_str key = id_key(datom->e, bytes);
    struct bs_str ident = edn_text_of(datom->v);
    if (datom->added) {
        datom_tree_put(&schema->ident_to_id, ident, key);
        datom_tree_put(&schema->id_to_ident, key, ident);
    } else if (bs_str_equal(datom_schema_ident(schema, datom->e), ident)) {
        /* the old name keeps resolving */
        datom_tree_remove(&schema->id_to_ident, key);
    }
}

/* ---- attributes ---- */

static void apply_to_attribute(struct datom_attribute *attribute, const struct datom *datom)
{
    bool is_true = datom->added && datom->v.type == EDN_BOOLEAN && datom->v.as.boolean;
    datom_id ref = datom->added && datom->v.type == EDN_LONG ? (datom_id)datom->v.as.integer : 0;
    switch (datom->a) {
    case DATOM_DB_VALUE_TYPE:
        if (datom->added && !datom_bootstrap_type(ref, &attribute->type))
            attribute->type = DATOM_TYPE_COUNT;
        break;
    case DATOM_DB_CARDINALITY:
        attribute->many = ref == DATOM_DB_CARDINALITY_MANY;
        attribute->was_many |= attribute->many;
        break;
    case DATOM_DB_UNIQUE:
        attribute->unique = ref == DATOM_DB_UNIQUE_IDENTITY ? DATOM_UNIQUE_IDENTITY
                            : ref == DATOM_DB_UNIQUE_VALUE  ? DATOM_UNIQUE_VALUE
                                                            : DATOM_UNIQUE_NONE;
        break;
    case DATOM_DB_IS_COMPONENT:
        attribute->is_component = is_true;
        break;
    case DATOM_DB_INDEX:
        attribute->is_index = is_true;
        break;
    case DATOM_DB_NO_HISTORY:
        attribute->no_history = is_true;
        break;
    case DATOM_DB_FULLTEXT:
        attribute->is_fulltext = is_true;
        break;
    default:
        break;
    }
    attribute->has_avet = attribute->is_index || attribute->unique != DATOM_UNIQUE_NONE;
}

static bool is_attribute_id(datom_id id)
{
    return datom_id_part(id) == DATOM_PART_DB && id < (1u << 20);
}

/* Whether the datom changes the table: what is said of an attribute, or of what becomes one. */
static bool concerns_table(const struct datom_schema *schema, const struct datom *datom)
{
    if (!datom_schema_is_affected_by(datom->a) || !is_attribute_id(datom->e))
        return false;
    return datom->a != DATOM_DB_IDENT || datom->e >= schema->table->limit ||
           schema->table->by_id[datom->e] != NULL;
}

/* `old` with every attribute copied, room for ids below `limit`. */
static struct attribute_table *table_copy(const struct attribute_table *old, size_t limit)
{
    struct attribute_table *table = table_new(limit);
    for (size_t id = 0; id < old->limit; id++) {
        if (!old->by_id[id])
            continue;
        table->by_id[id] = bs_arena_new_item(table->arena, struct datom_attribute);
        *table->by_id[id] = *old->by_id[id];
        datom_schema_tuple_copy(table->arena, table->by_id[id]);
        datom_schema_pred_copy(table->arena, table->by_id[id]);
    }
    return table;
}

static uint64_t hash_ident(struct bs_str ident)
{
    return XXH3_64bits(ident.ptr, ident.len);
}

/* Takes the idents in and lists the complete attributes. */
static void table_finish(struct attribute_table *table, const struct datom_schema *schema)
{
    table->in_order = bs_arena_zalloc(table->arena, (table->limit + 1) * sizeof(*table->in_order));
    for (size_t id = 0; id < table->limit; id++) {
        struct datom_attribute *attribute = table->by_id[id];
        if (!attribute)
            continue;
        attribute->ident = bs_arena_dup(table->arena, datom_schema_ident(schema, id));
        if (attribute->type != DATOM_TYPE_COUNT && attribute->ident.len > 0)
            table->in_order[table->count++] = attribute;
    }
    for (uint32_t idx = 0; idx < table->count; idx++)
        datom_table_add(&table->names, hash_ident(table->in_order[idx]->ident), idx);
    table->has_composites = datom_schema_tuple_finish(table->arena, table->by_id, table->limit);
}

/* The next table before anything is applied; NULL when no datom concerns it. */
static struct attribute_table *table_next(const struct datom_schema *schema,
                                          const struct datom *datoms, size_t count)
{
    size_t limit = schema->table->limit;
    bool touched = false;
    for (size_t i = 0; i < count; i++) {
        if (!concerns_table(schema, &datoms[i]))
            continue;
        touched = true;
        limit = BS_MAX(limit, (size_t)datoms[i].e + 1);
    }
    return touched ? table_copy(schema->table, limit) : NULL;
}

static void apply_to_table(struct datom_schema *schema, struct attribute_table *table,
                           const struct datom *datom)
{
    struct datom_attribute **slot = &table->by_id[datom->e];
    /* an ident alone (a partition, a function) makes no attribute */
    if (!*slot && datom->a == DATOM_DB_IDENT)
        return;
    if (!*slot) {
        *slot = bs_arena_new_item(table->arena, struct datom_attribute);
        (*slot)->id = datom->e;
        (*slot)->type = DATOM_TYPE_COUNT;
    }
    apply_to_attribute(*slot, datom);
    datom_schema_tuple_apply(schema, table->arena, *slot, datom);
    datom_schema_pred_apply(table->arena, *slot, datom);
}

/* The datoms of one transaction: names first, as definitions may use them. */
static void apply_transaction(struct datom_schema *schema, struct attribute_table *table,
                              const struct datom *datoms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (datoms[i].a == DATOM_DB_IDENT)
            apply_ident(schema, &datoms[i]);
    }
    for (size_t i = 0; table && i < count; i++) {
        if (concerns_table(schema, &datoms[i]))
            apply_to_table(schema, table, &datoms[i]);
    }
}

struct datom_schema *datom_schema_apply(struct datom_schema *schema, const struct datom *datoms,
                                        size_t count)
{
    bool matters = false;
    for (size_t i = 0; i < count && !matters; i++)
        matters = datom_schema_is_affected_by(datoms[i].a);
    if (!matters)
        return datom_schema_ref(schema);

    struct datom_schema *next = bs_calloc(1, sizeof(*next));
    bs_ref_init(&next->ref);
    next->ident_to_id = datom_tree_dup(&schema->ident_to_id);
    next->id_to_ident = datom_tree_dup(&schema->id_to_ident);
    next->table = schema->table;
    bs_ref_get(&next->table->ref);
    struct attribute_table *table = table_next(schema, datoms, count);
    for (size_t from = 0, end; from < count; from = end) {
        for (end = from + 1; end < count && datoms[end].tx == datoms[from].tx; end++)
            ;
        apply_transaction(next, table, datoms + from, end - from);
    }
    if (table) {
        table_finish(table, next);
        table_unref(next->table);
        next->table = table;
    }
    return next;
}

const struct datom_attribute *datom_schema_attribute(const struct datom_schema *schema, datom_id id)
{
    if (id >= schema->table->limit)
        return NULL;
    const struct datom_attribute *attribute = schema->table->by_id[id];
    return attribute && attribute->type != DATOM_TYPE_COUNT && attribute->ident.len > 0 ? attribute
                                                                                        : NULL;
}

static bool attribute_is_named(const void *self, uint32_t idx, const void *key)
{
    const struct attribute_table *table = self;
    const struct bs_str *ident = key;
    return bs_str_equal(table->in_order[idx]->ident, *ident);
}

const struct datom_attribute *datom_schema_attribute_named(const struct datom_schema *schema,
                                                           struct bs_str ident)
{
    const struct attribute_table *table = schema->table;
    uint32_t idx =
        datom_table_find(&table->names, hash_ident(ident), attribute_is_named, table, &ident);
    if (idx != DATOM_TABLE_NONE)
        return table->in_order[idx];
    /* maybe by an old name */
    datom_id id = datom_schema_entid(schema, ident);
    return id == DATOM_NO_ID ? NULL : datom_schema_attribute(schema, id);
}

const struct datom_attribute *datom_schema_attribute_at(const struct datom_schema *schema,
                                                        size_t idx)
{
    return idx < schema->table->count ? schema->table->in_order[idx] : NULL;
}

bool datom_schema_has_composites(const struct datom_schema *schema)
{
    return schema->table->has_composites;
}

size_t datom_schema_limit(const struct datom_schema *schema)
{
    return schema->table->limit;
}

struct bs_str datom_schema_nearest(const struct datom_schema *schema, struct bs_str ident)
{
    struct bs_str nearest = BS_STR_EMPTY;
    size_t nearest_distance = 3;
    for (size_t i = 0; i < schema->table->count; i++) {
        size_t distance = bs_str_distance(schema->table->in_order[i]->ident, ident);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = schema->table->in_order[i]->ident;
        }
    }
    return nearest;
}
