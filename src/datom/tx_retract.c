/*
 * Retractions of what db-before has, whatever it is: all values of an attribute, a whole entity
 * with its components and what refers to them; and :db.fn/reset-to-many, which retracts what nobody
 * adds.
 */

#include "datom/tx_entries.h"
#include "datom/tx_lives.h"

/* ---- what is there ---- */

/* The datoms of an entity, or those of one attribute (NULL: all). */
static enum bs_code collect_of(struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                               struct tx_lives *lives, struct bs_error *error)
{
    struct datom_key prefix;
    datom_key_make_prefix(DATOM_FAMILY_EAVT, e, attribute ? (uint32_t)attribute->id : 0, NULL,
                          attribute ? 2 : 1, &prefix);
    return tx_lives_collect(tx->db->body, DATOM_FAMILY_EAVT, datom_key_str(&prefix), tx->arena,
                            lives, error);
}

/* The datoms that refer to an entity. */
static enum bs_code collect_to(struct tx *tx, datom_id e, struct tx_lives *lives,
                               struct bs_error *error)
{
    uint8_t prefix[8];
    bs_store_u64(prefix, e);
    return tx_lives_collect(tx->db->body, DATOM_FAMILY_VAET,
                            bs_str_make((const char *)prefix, sizeof(prefix)), tx->arena, lives,
                            error);
}

static const struct datom_attribute *attribute_of(const struct tx *tx,
                                                  const struct datom_life *life)
{
    const struct datom_attribute *attribute = datom_schema_attribute(tx->db->body->schema, life->a);
    BS_ASSERT(attribute);
    return attribute;
}

static struct tx_entry retraction_of(const struct tx *tx, const struct datom_life *life,
                                     uint32_t form_idx)
{
    return (struct tx_entry){
        .e = life->e,
        .attribute = attribute_of(tx, life),
        .v = life->v,
        .t_added = life->t_added,
        .form_idx = form_idx,
    };
}

static enum bs_code retract(struct tx *tx, const struct tx_lives *lives, uint32_t form_idx,
                            struct bs_error *error)
{
    for (size_t i = 0; i < lives->count; i++) {
        struct tx_entry entry = retraction_of(tx, &lives->items[i], form_idx);
        if (!datom_attribute_is_kept(entry.attribute))
            BS_TRY(tx_entry_retract_shown(tx, &entry, error));
    }
    return BS_OK;
}

/* ---- an attribute ---- */

enum bs_code tx_retract_attribute(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_lives lives = {0};
    enum bs_code code = collect_of(tx, tx_place_id(tx, &op->e), op->attribute, &lives, error);
    if (code == BS_OK)
        code = retract(tx, &lives, op->form_idx, error);
    free(lives.items);
    return code;
}

enum bs_code tx_reset_attribute(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_lives lives = {0};
    datom_id e = tx_place_id(tx, &op->e);
    enum bs_code code = collect_of(tx, e, op->attribute, &lives, error);
    for (size_t i = 0; i < lives.count && code == BS_OK; i++) {
        struct datom_key_value value;
        datom_key_value_encode(lives.items[i].v, op->attribute->type, &value);
        /* added or retracted by somebody already */
        if (tx_find_eav(tx, e, op->attribute, &value) != DATOM_TABLE_NONE)
            continue;
        struct tx_entry entry = retraction_of(tx, &lives.items[i], op->form_idx);
        code = tx_entry_retract_shown(tx, &entry, error);
    }
    free(lives.items);
    return code;
}

/* ---- an entity ---- */

struct entity_walk {
    datom_id *ids; /* to visit and visited, each once */
    size_t count, capacity;
    struct datom_table table;
};

static bool id_equals(const void *self, uint32_t idx, const void *key)
{
    return ((const datom_id *)self)[idx] == *(const datom_id *)key;
}

static void walk_add(struct entity_walk *walk, datom_id id)
{
    uint64_t hash = tx_hash(&id, sizeof(id), 0);
    if (datom_table_find(&walk->table, hash, id_equals, walk->ids, &id) != DATOM_TABLE_NONE)
        return;
    bs_grow(&walk->ids, walk->count, &walk->capacity, sizeof(*walk->ids));
    walk->ids[walk->count] = id;
    datom_table_add(&walk->table, hash, (uint32_t)walk->count++);
}

/* An entity's datoms, those that refer to it, and its components to those that are visited. */
static enum bs_code visit(struct tx *tx, datom_id e, struct entity_walk *walk,
                          struct tx_lives *lives, struct bs_error *error)
{
    size_t from = lives->count;
    BS_TRY(collect_of(tx, e, NULL, lives, error));
    size_t to = lives->count;
    BS_TRY(collect_to(tx, e, lives, error));
    for (size_t i = from; i < to; i++)
        if (attribute_of(tx, &lives->items[i])->is_component)
            walk_add(walk, (datom_id)lives->items[i].v.as.integer);
    return BS_OK;
}

enum bs_code tx_retract_entity(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_lives lives = {0};
    struct entity_walk walk = {0};
    enum bs_code code = BS_OK;
    walk_add(&walk, tx_place_id(tx, &op->e));
    for (size_t i = 0; i < walk.count && code == BS_OK; i++)
        code = visit(tx, walk.ids[i], &walk, &lives, error);
    if (code == BS_OK)
        code = retract(tx, &lives, op->form_idx, error);
    free(lives.items);
    free(walk.ids);
    datom_table_fini(&walk.table);
    return code;
}
