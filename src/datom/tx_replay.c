/*
 * Entries from a record of the log instead of from operations: what it says was decided once, so
 * nothing is checked but that it fits the state before it.
 */

#include "datom/tx_entries.h"

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
    BS_TRY(tx_find_current(tx, add->e, add->attribute, value, &life, &is_current, error));
    if (!is_current)
        return BS_OK;
    datom_key_value_encode(life.v, add->attribute->type, &current);
    if (bs_str_equal(tx_key_value_str(&current), tx_key_value_str(value)) ||
        tx_find_eav(tx, add->e, add->attribute, &current) != DATOM_TABLE_NONE)
        return BS_OK;
    struct tx_entry entry = *add;
    entry.added = false;
    entry.is_erased = true;
    entry.v = life.v;
    entry.t_added = life.t_added;
    tx_entry_new(tx, &entry, &current);
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
        BS_TRY(tx_find_current(tx, datom->e, attribute, &value, &life, &is_current, error));
        if (!is_current)
            return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                                "the log's transaction %llu retracts a datom of entity %llu that "
                                "was not there",
                                (unsigned long long)tx->t, (unsigned long long)datom->e);
        entry.t_added = life.t_added;
    }
    if (datom->added && !attribute->many && tx->keep_changes)
        BS_TRY(retract_erased(tx, &entry, &value, error));
    tx_entry_new(tx, &entry, &value);
    return BS_OK;
}

void tx_replay_end(struct tx *tx)
{
    tx_mark_replaced(tx);
}
