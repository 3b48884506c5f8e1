/*
 * Operations to datoms, as a set. Each [e a v] has one entry, whichever operations speak of it; two
 * entries that can't both be true are a conflict, in whatever order they came. Redundant entries
 * stay until the end, because they conflict like others.
 */

#include "datom/bootstrap.h"
#include "datom/tx.h"

/* ---- the set ---- */

struct entry_key {
    datom_id e;
    datom_id a;
    struct bs_str value;
};

static struct bs_str key_value_str(const struct datom_key_value *value)
{
    return bs_str_make((const char *)value->bytes, value->len);
}

static uint64_t hash_ids(uint64_t x, uint64_t y)
{
    uint64_t ids[2] = {x, y};
    return tx_hash(ids, sizeof(ids), 1);
}

static uint64_t hash_eav(datom_id e, datom_id a, struct bs_str value)
{
    return tx_hash(value.ptr, value.len, hash_ids(e, a));
}

static bool entry_has_eav(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct entry_key *k = key;
    return entry->e == k->e && entry->attribute->id == k->a &&
           bs_str_equal(key_value_str(entry->key_value), k->value);
}

static bool entry_has_ea(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct entry_key *k = key;
    return entry->e == k->e && entry->attribute->id == k->a;
}

static bool entry_has_av(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct entry_key *k = key;
    return entry->attribute->id == k->a && bs_str_equal(key_value_str(entry->key_value), k->value);
}

static uint32_t find_eav(const struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                         const struct datom_key_value *value)
{
    struct entry_key key = {e, attribute->id, key_value_str(value)};
    return datom_table_find(&tx->entries_by_eav, hash_eav(e, attribute->id, key.value),
                            entry_has_eav, tx, &key);
}

/* Only the bytes in use are copied. */
static const struct datom_key_value *keep_key_value(struct tx *tx,
                                                    const struct datom_key_value *value)
{
    size_t size = offsetof(struct datom_key_value, bytes) + value->len;
    struct datom_key_value *kept = bs_arena_alloc(tx->scratch, size);
    memcpy(kept, value, size);
    return kept;
}

static struct tx_entry *entry_new(struct tx *tx, const struct tx_entry *entry,
                                  const struct datom_key_value *value)
{
    bs_grow(&tx->entries, tx->entries_count, &tx->entries_capacity, sizeof(*tx->entries));
    uint32_t idx = (uint32_t)tx->entries_count++;
    tx->entries[idx] = *entry;
    tx->entries[idx].key_value = keep_key_value(tx, value);
    datom_table_add(&tx->entries_by_eav,
                    hash_eav(entry->e, entry->attribute->id, key_value_str(value)), idx);
    return &tx->entries[idx];
}

/* ---- what is true now ---- */

/* The life of [e a v], or for cardinality one of whatever value [e a] has now. */
static enum bs_code find_current(struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                                 const struct datom_key_value *value, struct datom_life *ret_life,
                                 bool *ret_found, struct bs_error *error)
{
    *ret_found = false;
    if (tx_is_new_id(tx, e))
        return BS_OK;
    struct datom_key key;
    datom_key_make_prefix(DATOM_FAMILY_EAVT, e, (uint32_t)attribute->id, value,
                          attribute->many ? 3 : 2, &key);
    struct datom_pin pin;
    struct bs_str record;
    BS_TRY(datom_body_get(tx->db->body, DATOM_FAMILY_EAVT, datom_key_str(&key), &pin, &record,
                          ret_found, error));
    enum bs_code code = BS_OK;
    if (*ret_found) {
        code = datom_key_parse(DATOM_FAMILY_EAVT, datom_key_str(&key), record, tx->scratch,
                               ret_life, error);
        if (code == BS_OK)
            ret_life->v = edn_dup(tx->arena, ret_life->v);
    }
    datom_pin_release(&pin);
    return code;
}

/* ---- conflicts ---- */

static const char *datom_text(const struct tx_entry *entry, char *ret_text, size_t size)
{
    char value[80];
    snprintf(ret_text, size, "[%s %llu :%.*s %s]", entry->added ? ":db/add" : ":db/retract",
             (unsigned long long)entry->e, BS_STR_ARGS(entry->attribute->ident),
             edn_print_cut(entry->v, value, sizeof(value)));
    return ret_text;
}

static enum bs_code conflict(const struct tx *tx, const struct tx_entry *a,
                             const struct tx_entry *b, struct bs_error *error)
{
    char x[200], y[200];
    bs_error_set(error, BS_REASON_DB_DATOMS_CONFLICT,
                 "%s contradicts %s in the same transaction: expected one of them",
                 datom_text(b, x, sizeof(x)), datom_text(a, y, sizeof(y)));
    bs_error_add_text(error, "d1", bs_str_from(y));
    bs_error_add_text(error, "d2", bs_str_from(x));
    return tx_blame_entry(tx, b, BS_ABORTED, error);
}

/* ---- retracting ---- */

static enum bs_code retract(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    struct datom_key_value value;
    datom_key_value_encode(entry->v, entry->attribute->type, &value);
    uint32_t found = find_eav(tx, entry->e, entry->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return tx->entries[found].added ? conflict(tx, &tx->entries[found], entry, error) : BS_OK;

    struct datom_life life;
    bool is_current;
    BS_TRY(find_current(tx, entry->e, entry->attribute, &value, &life, &is_current, error));
    if (is_current && !entry->attribute->many) {
        struct datom_key_value current;
        datom_key_value_encode(life.v, entry->attribute->type, &current);
        is_current = bs_str_equal(key_value_str(&current), key_value_str(&value));
    }
    struct tx_entry *made = entry_new(tx, entry, &value);
    made->is_redundant = !is_current;
    if (is_current) {
        made->v = life.v;
        made->t_added = life.t_added;
    }
    return BS_OK;
}

static void retraction_of(const struct tx *tx, const struct datom *datom, uint32_t form_idx,
                          struct tx_entry *ret_entry)
{
    *ret_entry = (struct tx_entry){
        .e = datom->e,
        .attribute = datom_schema_attribute(tx->db->body->schema, datom->a),
        .v = edn_dup(tx->arena, datom->v),
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
        BS_TRY(retract(tx, &entry, error));
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
    uint64_t hash = hash_ids(id, 0);
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

/* ---- adding ---- */

/* The old value of cardinality one goes, unless a form says so already. */
static void retract_implied(struct tx *tx, const struct tx_entry *add,
                            const struct datom_life *life)
{
    struct datom_key_value value;
    datom_key_value_encode(life->v, add->attribute->type, &value);
    uint32_t found = find_eav(tx, add->e, add->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return;
    struct tx_entry entry = *add;
    entry.added = false;
    entry.v = life->v;
    entry.t_added = life->t_added;
    entry.has_holder = false;
    entry_new(tx, &entry, &value);
}

const struct tx_entry *tx_find_added_one(const struct tx *tx, datom_id e, datom_id a)
{
    struct entry_key key = {e, a, BS_STR_EMPTY};
    uint32_t found = datom_table_find(&tx->adds_by_ea, hash_ids(e, a), entry_has_ea, tx, &key);
    return found == DATOM_TABLE_NONE ? NULL : &tx->entries[found];
}

static enum bs_code check_one(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    if (entry->attribute->many)
        return BS_OK;
    const struct tx_entry *other = tx_find_added_one(tx, entry->e, entry->attribute->id);
    return other ? conflict(tx, other, entry, error) : BS_OK;
}

static enum bs_code add(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    struct datom_key_value value;
    datom_key_value_encode(entry->v, entry->attribute->type, &value);
    uint32_t found = find_eav(tx, entry->e, entry->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return tx->entries[found].added ? BS_OK : conflict(tx, &tx->entries[found], entry, error);
    BS_TRY(check_one(tx, entry, error));

    struct datom_life life;
    bool is_current;
    BS_TRY(find_current(tx, entry->e, entry->attribute, &value, &life, &is_current, error));
    bool is_same = is_current;
    if (is_current && !entry->attribute->many) {
        struct datom_key_value current;
        datom_key_value_encode(life.v, entry->attribute->type, &current);
        is_same = bs_str_equal(key_value_str(&current), key_value_str(&value));
        if (!is_same)
            retract_implied(tx, entry, &life);
    }
    struct tx_entry *made = entry_new(tx, entry, &value);
    made->is_redundant = is_same;
    uint32_t idx = (uint32_t)(made - tx->entries);
    if (!entry->attribute->many)
        datom_table_add(&tx->adds_by_ea, hash_ids(entry->e, entry->attribute->id), idx);
    return BS_OK;
}

/* Retractions whose current key of cardinality one is written anew by an addition. */
static void mark_replaced(struct tx *tx)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        struct tx_entry *entry = &tx->entries[i];
        if (entry->added || entry->is_redundant || entry->attribute->many)
            continue;
        entry->is_replaced = tx_find_added_one(tx, entry->e, entry->attribute->id) != NULL;
    }
}

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
    return add(tx, &entry, error);
}

/*
 * An index that takes in a log from which something was erased may still have a value that the log
 * does not retract any more where it gives way to this addition: it goes without a trace.
 */
static enum bs_code retract_erased(struct tx *tx, const struct tx_entry *add,
                                   const struct datom_key_value *value, struct bs_error *error)
{
    struct datom_life life;
    bool is_current;
    struct datom_key_value current;
    BS_TRY(find_current(tx, add->e, add->attribute, value, &life, &is_current, error));
    if (!is_current)
        return BS_OK;
    datom_key_value_encode(life.v, add->attribute->type, &current);
    if (bs_str_equal(key_value_str(&current), key_value_str(value)) ||
        find_eav(tx, add->e, add->attribute, &current) != DATOM_TABLE_NONE)
        return BS_OK;
    struct tx_entry entry = *add;
    entry.added = false;
    entry.is_erased = true;
    entry.v = life.v;
    entry.t_added = life.t_added;
    entry_new(tx, &entry, &current);
    return BS_OK;
}

enum bs_code tx_retract_entry(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_entry entry = entry_of_op(tx, op);
    return retract(tx, &entry, error);
}

enum bs_code tx_value_after(struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                            struct edn *ret_value, struct bs_error *error)
{
    *ret_value = edn_nil();
    const struct tx_entry *added = tx_find_added_one(tx, e, attribute->id);
    if (added) {
        *ret_value = added->v;
        return BS_OK;
    }
    struct datom_life life;
    bool is_current;
    BS_TRY(find_current(tx, e, attribute, NULL, &life, &is_current, error));
    if (!is_current)
        return BS_OK;
    struct datom_key_value value;
    datom_key_value_encode(life.v, attribute->type, &value);
    if (find_eav(tx, e, attribute, &value) == DATOM_TABLE_NONE) /* nobody retracts it */
        *ret_value = life.v;
    return BS_OK;
}

enum bs_code tx_replay_entry(struct tx *tx, const struct datom *datom, struct bs_error *error)
{
    const struct datom_attribute *attribute =
        datom_schema_attribute(tx->db->body->schema, datom->a);
    if (!attribute)
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "the log's transaction %llu speaks of attribute %llu, which is not "
                            "installed before it",
                            (unsigned long long)tx->t, (unsigned long long)datom->a);
    struct tx_entry entry = {.e = datom->e,
                             .attribute = attribute,
                             .v = edn_dup(tx->arena, datom->v),
                             .form_idx = UINT32_MAX,
                             .added = datom->added};
    struct datom_key_value value;
    datom_key_value_encode(entry.v, attribute->type, &value);
    if (!datom->added) {
        struct datom_life life;
        bool is_current;
        BS_TRY(find_current(tx, datom->e, attribute, &value, &life, &is_current, error));
        if (!is_current)
            return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                                "the log's transaction %llu retracts a datom of entity %llu that "
                                "was not there",
                                (unsigned long long)tx->t, (unsigned long long)datom->e);
        entry.t_added = life.t_added;
    }
    if (datom->added && !attribute->many && tx->keep_changes)
        BS_TRY(retract_erased(tx, &entry, &value, error));
    struct tx_entry *made = entry_new(tx, &entry, &value);
    if (datom->added && !attribute->many)
        datom_table_add(&tx->adds_by_ea, hash_ids(entry.e, attribute->id),
                        (uint32_t)(made - tx->entries));
    return BS_OK;
}

void tx_replay_end(struct tx *tx)
{
    mark_replaced(tx);
}

/* Compares with db-before; then it is an addition like others. */
static enum bs_code cas(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    struct tx_entry entry = entry_of_op(tx, op);
    struct datom_life life;
    bool is_current;
    BS_TRY(find_current(tx, entry.e, op->attribute, NULL, &life, &is_current, error));
    bool holds =
        is_current ? !edn_is_nil(op->old) && edn_equal(life.v, op->old) : edn_is_nil(op->old);
    if (holds)
        return add(tx, &entry, error);
    char is[120], was[120];
    bs_error_set(error, BS_REASON_DB_CAS_FAILED, ":%.*s of entity %llu is %s: expected %s",
                 BS_STR_ARGS(op->attribute->ident), (unsigned long long)entry.e,
                 edn_print_cut(is_current ? life.v : edn_nil(), is, sizeof(is)),
                 edn_print_cut(op->old, was, sizeof(was)));
    bs_error_add_text(error, "v", bs_str_from(is));
    bs_error_add_text(error, "v-old", bs_str_from(was));
    return tx_blame_entry(tx, &entry, BS_ABORTED, error);
}

/* ---- uniqueness ---- */

static enum bs_code unique_conflict(const struct tx *tx, const struct tx_entry *entry,
                                    datom_id holder, struct bs_error *error)
{
    char value[120];
    bs_error_set(error, BS_REASON_DB_UNIQUE_CONFLICT,
                 ":%.*s %s is held by entity %llu: entity %llu can't have it too",
                 BS_STR_ARGS(entry->attribute->ident),
                 edn_print_cut(entry->v, value, sizeof(value)), (unsigned long long)holder,
                 (unsigned long long)entry->e);
    bs_error_add_integer(error, "holder", (int64_t)holder);
    return tx_blame_entry(tx, entry, BS_ALREADY_EXISTS, error);
}

/* Against the other additions of this transaction. */
static enum bs_code check_unique_inside(struct tx *tx, uint32_t idx, struct bs_error *error)
{
    const struct tx_entry *entry = &tx->entries[idx];
    struct entry_key key = {0, entry->attribute->id, key_value_str(entry->key_value)};
    uint64_t hash = hash_eav(0, key.a, key.value);
    uint32_t other = datom_table_find(&tx->adds_by_av, hash, entry_has_av, tx, &key);
    if (other != DATOM_TABLE_NONE)
        return unique_conflict(tx, entry, tx->entries[other].e, error);
    datom_table_add(&tx->adds_by_av, hash, idx);
    return BS_OK;
}

/* Against who holds the value now and does not give it up. */
static enum bs_code check_unique_before(struct tx *tx, uint32_t idx, struct bs_error *error)
{
    struct tx_entry *entry = &tx->entries[idx];
    if (!entry->has_holder)
        BS_TRY(tx_lookup(tx, entry->attribute, entry->v, &entry->holder, error));
    entry->has_holder = true;
    if (entry->holder == DATOM_NO_ID || entry->holder == entry->e)
        return BS_OK;
    uint32_t given_up = find_eav(tx, entry->holder, entry->attribute, entry->key_value);
    if (given_up != DATOM_TABLE_NONE && !tx->entries[given_up].added)
        return BS_OK;
    return unique_conflict(tx, entry, entry->holder, error);
}

static enum bs_code check_unique(struct tx *tx, struct bs_error *error)
{
    for (uint32_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (!entry->added || entry->attribute->unique == DATOM_UNIQUE_NONE)
            continue;
        BS_TRY(check_unique_inside(tx, i, error));
        if (!entry->is_redundant)
            BS_TRY(check_unique_before(tx, i, error));
    }
    return BS_OK;
}

/* ---- the whole ---- */

static enum bs_code make_entry(struct tx *tx, const struct tx_op *op, struct bs_error *error)
{
    /* what is said of a composite tuple has helped to find the entity, and is computed anew */
    if (op->attribute && datom_attribute_is_kept(op->attribute))
        return BS_OK;
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
        if (find_eav(tx, range.e, op->attribute, &value) != DATOM_TABLE_NONE)
            continue;
        struct tx_entry entry;
        retraction_of(tx, &found.items[i], op->form_idx, &entry);
        code = retract(tx, &entry, error);
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
    BS_TRY(check_unique(tx, error));
    mark_replaced(tx);
    return BS_OK;
}
