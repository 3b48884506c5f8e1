/*
 * The set of datoms that a transaction makes. Each [e a v] has one entry, whichever operations
 * speak of it; two entries that can't both be true are a conflict, in whatever order they came.
 * Redundant entries stay until the end, because they conflict like others.
 */

#include "datom/tx_entries.h"

/* ---- the set ---- */

/* So many entries are looked through one by one; when there are more, all are in the tables. */
#define SMALL 16u

struct entry_key {
    datom_id e;
    datom_id a;
    struct bs_str value;
};

static uint64_t hash_ids(uint64_t x, uint64_t y)
{
    uint64_t ids[2] = {x, y};
    return tx_hash(ids, sizeof(ids), 1);
}

static uint64_t hash_eav(datom_id e, datom_id a, struct bs_str value)
{
    return tx_hash(value.ptr, value.len, hash_ids(e, a));
}

static bool is_added_one(const struct tx_entry *entry)
{
    return entry->added && !entry->attribute->many;
}

static bool entry_has_eav(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct entry_key *k = key;
    return entry->e == k->e && entry->attribute->id == k->a &&
           bs_str_equal(tx_key_value_str(entry->key_value), k->value);
}

static bool entry_adds_ea(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct entry_key *k = key;
    return entry->e == k->e && entry->attribute->id == k->a && is_added_one(entry);
}

static uint32_t find_in_small(const struct tx *tx, datom_table_equal equal,
                              const struct entry_key *key)
{
    for (uint32_t i = 0; i < tx->entries_count; i++)
        if (tx->entries[i].e == key->e && equal(tx, i, key))
            return i;
    return DATOM_TABLE_NONE;
}

static void put_in_tables(struct tx *tx, uint32_t idx)
{
    const struct tx_entry *entry = &tx->entries[idx];
    datom_table_add(&tx->entries_by_eav,
                    hash_eav(entry->e, entry->attribute->id, tx_key_value_str(entry->key_value)),
                    idx);
    if (is_added_one(entry))
        datom_table_add(&tx->adds_by_ea, hash_ids(entry->e, entry->attribute->id), idx);
}

uint32_t tx_find_eav(const struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                     const struct datom_key_value *value)
{
    struct entry_key key = {e, attribute->id, tx_key_value_str(value)};
    if (tx->entries_count <= SMALL)
        return find_in_small(tx, entry_has_eav, &key);
    return datom_table_find(&tx->entries_by_eav, hash_eav(e, attribute->id, key.value),
                            entry_has_eav, tx, &key);
}

const struct tx_entry *tx_find_added_one(const struct tx *tx, datom_id e, datom_id a)
{
    struct entry_key key = {e, a, BS_STR_EMPTY};
    uint32_t found = tx->entries_count <= SMALL ? find_in_small(tx, entry_adds_ea, &key)
                                                : datom_table_find(&tx->adds_by_ea, hash_ids(e, a),
                                                                   entry_adds_ea, tx, &key);
    return found == DATOM_TABLE_NONE ? NULL : &tx->entries[found];
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

struct tx_entry *tx_entry_new(struct tx *tx, const struct tx_entry *entry,
                              const struct datom_key_value *value)
{
    bs_grow(&tx->entries, tx->entries_count, &tx->entries_capacity, sizeof(*tx->entries));
    uint32_t idx = (uint32_t)tx->entries_count++;
    tx->entries[idx] = *entry;
    tx->entries[idx].key_value = keep_key_value(tx, value);
    if (tx->entries_count == SMALL + 1)
        for (uint32_t i = 0; i < idx; i++)
            put_in_tables(tx, i);
    if (tx->entries_count > SMALL)
        put_in_tables(tx, idx);
    return &tx->entries[idx];
}

/* ---- what is true now ---- */

/* The life of [e a v], or for cardinality one of whatever value [e a] has now. */
enum bs_code tx_find_current(struct tx *tx, datom_id e, const struct datom_attribute *attribute,
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

enum bs_code tx_entry_retract(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    struct datom_key_value value;
    datom_key_value_encode(entry->v, entry->attribute->type, &value);
    uint32_t found = tx_find_eav(tx, entry->e, entry->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return tx->entries[found].added ? conflict(tx, &tx->entries[found], entry, error) : BS_OK;

    struct datom_life life;
    bool is_current;
    BS_TRY(tx_find_current(tx, entry->e, entry->attribute, &value, &life, &is_current, error));
    if (is_current && !entry->attribute->many) {
        struct datom_key_value current;
        datom_key_value_encode(life.v, entry->attribute->type, &current);
        is_current = bs_str_equal(tx_key_value_str(&current), tx_key_value_str(&value));
    }
    struct tx_entry *made = tx_entry_new(tx, entry, &value);
    made->is_redundant = !is_current;
    if (is_current) {
        made->v = life.v;
        made->t_added = life.t_added;
    }
    return BS_OK;
}

enum bs_code tx_entry_retract_shown(struct tx *tx, const struct tx_entry *entry,
                                    struct bs_error *error)
{
    struct datom_key_value value;
    datom_key_value_encode(entry->v, entry->attribute->type, &value);
    uint32_t found = tx_find_eav(tx, entry->e, entry->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return tx->entries[found].added ? conflict(tx, &tx->entries[found], entry, error) : BS_OK;
    tx_entry_new(tx, entry, &value);
    return BS_OK;
}

/* ---- adding ---- */

/* The old value of cardinality one goes, unless a form says so already. */
static void retract_implied(struct tx *tx, const struct tx_entry *add,
                            const struct datom_life *life)
{
    struct datom_key_value value;
    datom_key_value_encode(life->v, add->attribute->type, &value);
    uint32_t found = tx_find_eav(tx, add->e, add->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return;
    struct tx_entry entry = *add;
    entry.added = false;
    entry.v = life->v;
    entry.t_added = life->t_added;
    entry.has_holder = false;
    tx_entry_new(tx, &entry, &value);
}

static enum bs_code check_one(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    if (entry->attribute->many)
        return BS_OK;
    const struct tx_entry *other = tx_find_added_one(tx, entry->e, entry->attribute->id);
    return other ? conflict(tx, other, entry, error) : BS_OK;
}

/* Whether db-before says the same; retracts the other value that it has of cardinality one. */
static enum bs_code replace_current(struct tx *tx, const struct tx_entry *entry,
                                    const struct datom_key_value *value, bool *ret_is_same,
                                    struct bs_error *error)
{
    /* the holder of a unique value has it: that is how most entities are named */
    *ret_is_same = entry->has_holder && entry->holder == entry->e;
    if (*ret_is_same)
        return BS_OK;
    struct datom_life life;
    BS_TRY(tx_find_current(tx, entry->e, entry->attribute, value, &life, ret_is_same, error));
    if (!*ret_is_same || entry->attribute->many)
        return BS_OK;
    struct datom_key_value current;
    datom_key_value_encode(life.v, entry->attribute->type, &current);
    *ret_is_same = bs_str_equal(tx_key_value_str(&current), tx_key_value_str(value));
    if (!*ret_is_same)
        retract_implied(tx, entry, &life);
    return BS_OK;
}

enum bs_code tx_entry_add(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    struct datom_key_value value;
    datom_key_value_encode(entry->v, entry->attribute->type, &value);
    uint32_t found = tx_find_eav(tx, entry->e, entry->attribute, &value);
    if (found != DATOM_TABLE_NONE)
        return tx->entries[found].added ? BS_OK : conflict(tx, &tx->entries[found], entry, error);
    BS_TRY(check_one(tx, entry, error));

    bool is_same;
    BS_TRY(replace_current(tx, entry, &value, &is_same, error));
    struct tx_entry *made = tx_entry_new(tx, entry, &value);
    made->is_redundant = is_same;
    return BS_OK;
}

/* Retractions whose current key of cardinality one is written anew by an addition. */
void tx_mark_replaced(struct tx *tx)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        struct tx_entry *entry = &tx->entries[i];
        if (entry->added || entry->is_redundant || entry->attribute->many)
            continue;
        entry->is_replaced = tx_find_added_one(tx, entry->e, entry->attribute->id) != NULL;
    }
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
    BS_TRY(tx_find_current(tx, e, attribute, NULL, &life, &is_current, error));
    if (!is_current)
        return BS_OK;
    struct datom_key_value value;
    datom_key_value_encode(life.v, attribute->type, &value);
    if (tx_find_eav(tx, e, attribute, &value) == DATOM_TABLE_NONE) /* nobody retracts it */
        *ret_value = life.v;
    return BS_OK;
}
