/*
 * Uniqueness: a value of a unique attribute is held by one entity after the transaction, by those
 * of its entries that add it and by db-before.
 */

#include "datom/tx_entries.h"

struct av_key {
    datom_id a;
    struct bs_str value;
};

static bool entry_has_av(const void *self, uint32_t idx, const void *key)
{
    const struct tx_entry *entry = &((const struct tx *)self)->entries[idx];
    const struct av_key *k = key;
    return entry->attribute->id == k->a &&
           bs_str_equal(tx_key_value_str(entry->key_value), k->value);
}

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
    struct av_key key = {entry->attribute->id, tx_key_value_str(entry->key_value)};
    uint64_t hash = tx_hash(key.value.ptr, key.value.len, key.a);
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
    uint32_t given_up = tx_find_eav(tx, entry->holder, entry->attribute, entry->key_value);
    if (given_up != DATOM_TABLE_NONE && !tx->entries[given_up].added)
        return BS_OK;
    return unique_conflict(tx, entry, entry->holder, error);
}

enum bs_code tx_check_unique(struct tx *tx, struct bs_error *error)
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
