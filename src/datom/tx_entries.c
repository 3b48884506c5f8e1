/*
 * Operations to datoms: what each of them adds to the set (tx_set.c) and takes away, and what
 * depends on what the others say.
 */

#include "datom/tx_entries.h"
#include "datom/bootstrap.h"

/* ---- retracting ---- */

static void retraction_of(const struct tx *tx, const struct datom *datom, uint32_t form_idx,
                          struct tx_entry *ret_entry)
{
    *ret_entry = (struct tx_entry){
        .e = datom->e,
        .attribute = datom_schema_attribute(tx->db->body->schema, datom->a),
        .v = edn_dup(tx->arena, datom->v),
        .t_added = datom_id_counter(datom->tx),
        .form_idx = form_idx,
    };
    BS_ASSERT(ret_entry->attribute);
}

/* Datoms collected before anything is done about them, as the cursor is used for other walks too.
 */
struct found_datoms {
    struct datom *items;
    size_t count, capacity;
};

static enum bs_code collect(struct tx *tx, const struct datom_range *range,
                            struct found_datoms *found, struct bs_error *error)
{
    BS_TRY(tx_walk(tx, range, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count; i++) {
            bs_grow(&found->items, found->count, &found->capacity, sizeof(*found->items));
            found->items[found->count] = datoms[i];
            found->items[found->count++].v = edn_dup(tx->scratch, datoms[i].v);
        }
    }
}

static enum bs_code retract_found(struct tx *tx, const struct found_datoms *found, size_t from,
                                  uint32_t form_idx, struct bs_error *error)
{
    for (size_t i = from; i < found->count; i++) {
        struct tx_entry entry;
        retraction_of(tx, &found->items[i], form_idx, &entry);
        if (datom_attribute_is_kept(entry.attribute))
            continue;
        BS_TRY(tx_entry_retract_shown(tx, &entry, error));
    }
    return BS_OK;
}

static enum bs_code retract_attribute(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct found_datoms found = {0};
    struct datom_range range = {.index = DATOM_EAVT,
                                .has_e = true,
                                .e = tx_place_id(tx, &op->e),
                                .has_a = true,
                                .a = op->attribute->id};
    enum bs_code code = collect(tx, &range, &found, error);
    if (code == BS_OK)
        code = retract_found(tx, &found, 0, op->form_idx, error);
    free(found.items);
    return code;
}

/* An entity, what refers to it, and its components; `found` doubles as the list of work. */
static enum bs_code collect_entity(struct tx *tx, datom_id e, struct found_datoms *found,
                                   struct bs_error *error)
{
    struct datom_range of = {.index = DATOM_EAVT, .has_e = true, .e = e};
    struct datom_range to = {.index = DATOM_VAET, .has_v = true, .v = edn_long((int64_t)e)};
    BS_TRY(collect(tx, &of, found, error));
    return collect(tx, &to, found, error);
}

static bool id_equals(const void *self, uint32_t idx, const void *key)
{
    return ((const datom_id *)self)[idx] == *(const datom_id *)key;
}

struct entity_walk {
    datom_id *ids; /* to visit and visited, each once */
    size_t count, capacity;
    struct datom_table table;
};

static void walk_add(struct entity_walk *walk, datom_id id)
{
    uint64_t hash = tx_hash(&id, sizeof(id), 0);
    if (datom_table_find(&walk->table, hash, id_equals, walk->ids, &id) != DATOM_TABLE_NONE)
        return;
    bs_grow(&walk->ids, walk->count, &walk->capacity, sizeof(*walk->ids));
    walk->ids[walk->count] = id;
    datom_table_add(&walk->table, hash, (uint32_t)walk->count++);
}

static enum bs_code retract_entity(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct found_datoms found = {0};
    struct entity_walk walk = {0};
    enum bs_code code = BS_OK;
    walk_add(&walk, tx_place_id(tx, &op->e));
    for (size_t i = 0; i < walk.count && code == BS_OK; i++) {
        size_t from = found.count;
        datom_id e = walk.ids[i];
        code = collect_entity(tx, e, &found, error);
        for (size_t j = from; j < found.count && code == BS_OK; j++) {
            const struct datom_attribute *attribute =
                datom_schema_attribute(tx->db->body->schema, found.items[j].a);
            if (found.items[j].e == e && attribute->is_component)
                walk_add(&walk, (datom_id)found.items[j].v.as.integer);
        }
    }
    if (code == BS_OK)
        code = retract_found(tx, &found, 0, op->form_idx, error);
    free(found.items);
    free(walk.ids);
    datom_table_fini(&walk.table);
    return code;
}

/* ---- operations ---- */

static struct edn value_of_op(struct tx *tx, const struct tx_op *op)
{
    if (op->v_is_temp)
        return edn_long(
            (int64_t)tx_place_id(tx, &(struct tx_place){.is_temp = true, .temp = op->v_temp}));
    struct edn value = op->v;
    if (op->v_temps) {
        bool is_known = tx_tuple_resolve(tx, op, &value);
        BS_ASSERT(is_known);
    }
    return value;
}

static struct tx_entry entry_of_op(struct tx *tx, const struct tx_op *op)
{
    return (struct tx_entry){
        .e = tx_place_id(tx, &op->e),
        .attribute = op->attribute,
        .v = value_of_op(tx, op),
        .form_idx = op->form_idx,
        .added = op->kind != TX_RETRACT,
        .has_holder = op->has_holder,
        .holder = op->holder,
    };
}

enum bs_code tx_add_entry(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_entry entry = entry_of_op(tx, op);
    return tx_entry_add(tx, &entry, error);
}

enum bs_code tx_retract_entry(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_entry entry = entry_of_op(tx, op);
    return tx_entry_retract(tx, &entry, error);
}

/* Compares with db-before; then it is an addition like others. */
static enum bs_code cas(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_entry entry = entry_of_op(tx, op);
    struct datom_life life;
    bool is_current;
    BS_TRY(tx_find_current(tx, entry.e, op->attribute, NULL, &life, &is_current, error));
    bool holds =
        is_current ? !edn_is_nil(op->old) && edn_equal(life.v, op->old) : edn_is_nil(op->old);
    if (holds)
        return tx_entry_add(tx, &entry, error);
    char is[120], was[120];
    bs_error_set(error, BS_REASON_DB_CAS_FAILED, ":%.*s of entity %llu is %s: expected %s",
                 BS_STR_ARGS(op->attribute->ident), (unsigned long long)entry.e,
                 edn_print_cut(is_current ? life.v : edn_nil(), is, sizeof(is)),
                 edn_print_cut(op->old, was, sizeof(was)));
    bs_error_add_text(error, "v", bs_str_from(is));
    bs_error_add_text(error, "v-old", bs_str_from(was));
    return tx_blame_entry(tx, &entry, BS_ABORTED, error);
}

static enum bs_code make_entry(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    /* what is said of a composite tuple has helped to find the entity, and is computed anew */
    if (op->attribute && datom_attribute_is_kept(op->attribute))
        return BS_OK;
    if (op->attribute && op->attribute->id == DATOM_DB_ENSURE)
        return tx_take_ensure(tx, op, error);
    switch (op->kind) {
    case TX_ADD:
        return tx_add_entry(tx, op, error);
    case TX_RETRACT:
        return tx_retract_entry(tx, op, error);
    case TX_RETRACT_ATTRIBUTE:
        return retract_attribute(tx, op, error);
    case TX_RETRACT_ENTITY:
        return retract_entity(tx, op, error);
    case TX_CAS:
        return cas(tx, op, error);
    case TX_RESET:
    case TX_ADD_DEFAULT:
        return BS_OK; /* once everything else is known */
    }
    BS_UNREACHABLE();
}

/* What depends on what the others say, whatever their order: :db.fn/reset-to-many and
 * :db.fn/add-default. */
static enum bs_code reset(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct found_datoms found = {0};
    struct datom_range range = {.index = DATOM_EAVT,
                                .has_e = true,
                                .e = tx_place_id(tx, &op->e),
                                .has_a = true,
                                .a = op->attribute->id};
    enum bs_code code = collect(tx, &range, &found, error);
    for (size_t i = 0; i < found.count && code == BS_OK; i++) {
        struct datom_key_value value;
        datom_key_value_encode(found.items[i].v, op->attribute->type, &value);
        /* added or retracted by somebody already */
        if (tx_find_eav(tx, range.e, op->attribute, &value) != DATOM_TABLE_NONE)
            continue;
        struct tx_entry entry;
        retraction_of(tx, &found.items[i], op->form_idx, &entry);
        code = tx_entry_retract_shown(tx, &entry, error);
    }
    free(found.items);
    return code;
}

/* Whether an entity lacks an attribute, in db-before and by what the other forms say. */
static enum bs_code lacks(struct tx *tx, const struct tx_op *op, bool *ret_lacks,
                          struct bs_error *error)
{
    datom_id e = tx_place_id(tx, &op->e);
    *ret_lacks = op->attribute->many || tx_find_added_one(tx, e, op->attribute->id) == NULL;
    if (!*ret_lacks || tx_is_new_id(tx, e))
        return BS_OK;
    struct edn value;
    bool found;
    BS_TRY(datom_db_get(tx->db, e, op->attribute, tx->scratch, &value, &found, error));
    *ret_lacks = !found;
    return BS_OK;
}

static enum bs_code make_late_entries(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->ops_count; i++) {
        struct tx_op *op = &tx->ops[i];
        if (op->kind == TX_ADD_DEFAULT && !datom_attribute_is_kept(op->attribute))
            BS_TRY(lacks(tx, op, &op->is_needed, error));
    }
    for (size_t i = 0; i < tx->ops_count; i++) {
        if (tx->ops[i].kind == TX_ADD_DEFAULT && tx->ops[i].is_needed)
            BS_TRY(tx_add_entry(tx, &tx->ops[i], error));
    }
    for (size_t i = 0; i < tx->ops_count; i++) {
        if (tx->ops[i].kind == TX_RESET)
            BS_TRY(reset(tx, &tx->ops[i], error));
    }
    return BS_OK;
}

enum bs_code tx_make_entries(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->ops_count; i++)
        BS_TRY(make_entry(tx, &tx->ops[i], error));
    BS_TRY(make_late_entries(tx, error));
    BS_TRY(tx_keep_composites(tx, error));
    if (tx->entries_count > BS_LIMIT_TX_DATOMS)
        return bs_error_set(error, BS_REASON_DB_TRANSACTION_TOO_LARGE,
                            "the transaction has more than %u datoms: split it",
                            BS_LIMIT_TX_DATOMS);
    BS_TRY(tx_check_unique(tx, error));
    tx_mark_replaced(tx);
    return BS_OK;
}
