/*
 * Datoms to the next body: keys of the current families put and deleted, closed lives put into the
 * history families, the log record, the counters. The same changes are kept for the disk where the
 * connection has one.
 */

#include "datom/tx_apply.h"

#include "datom/bootstrap.h"

static void change(struct tx *tx, const struct datom_change *change)
{
    datom_body_change(tx->body_after, change);
    if (!tx->keep_changes)
        return;
    bs_grow(&tx->changes, tx->changes_count, &tx->changes_capacity, sizeof(*tx->changes));
    struct datom_change *kept = &tx->changes[tx->changes_count++];
    *kept = *change;
    kept->key = bs_arena_dup(tx->arena, change->key);
    kept->record = bs_arena_dup(tx->arena, change->record);
}

/* Puts or deletes the key of a life, with the record that was made last. */
static void change_key(struct tx *tx, enum datom_family family, const struct datom_life *life,
                       bool many, const struct datom_key_value *value, bool is_delete)
{
    struct datom_key key;
    datom_key_make(family, life, many, value, &key);
    change(tx, &(struct datom_change){
                   .family = family,
                   .is_delete = is_delete,
                   .key = datom_key_str(&key),
                   .record = bs_buf_str(&tx->record),
               });
}

static void make_record(struct tx *tx, enum datom_family family, const struct datom_life *life,
                        const struct datom_attribute *attribute,
                        const struct datom_key_value *value, bool is_delete)
{
    bs_buf_reset(&tx->record);
    if (!is_delete)
        datom_record_make(family, life, attribute->many, attribute->type, value, &tx->record);
}

void tx_change_life(struct tx *tx, enum datom_family family, const struct datom_life *life,
                    const struct datom_attribute *attribute, const struct datom_key_value *value,
                    bool is_delete)
{
    make_record(tx, family, life, attribute, value, is_delete);
    change_key(tx, family, life, attribute->many, value, is_delete);
}

/* All current families of a life, or all history ones. */
static void change_families(struct tx *tx, const struct tx_entry *entry,
                            const struct datom_life *life, enum datom_family first, bool is_delete)
{
    const struct datom_attribute *attribute = entry->attribute;
    int offset = (int)first - DATOM_FAMILY_EAVT;
    for (int i = DATOM_FAMILY_EAVT; i <= DATOM_FAMILY_VAET; i++) {
        if ((i == DATOM_FAMILY_AVET && !attribute->has_avet) ||
            (i == DATOM_FAMILY_VAET && attribute->type != DATOM_TYPE_REF))
            continue;
        /* the addition that replaces it overwrites these two */
        if (is_delete && entry->is_replaced && i <= DATOM_FAMILY_AEVT)
            continue;
        enum datom_family family = (enum datom_family)(i + offset);
        if (i != DATOM_FAMILY_AEVT) /* whose records are those of eavt */
            make_record(tx, family, life, attribute, entry->key_value, is_delete);
        change_key(tx, family, life, attribute->many, entry->key_value, is_delete);
    }
}

static void apply_entry(struct tx *tx, const struct tx_entry *entry)
{
    struct datom_life life = {
        .e = entry->e,
        .a = (uint32_t)entry->attribute->id,
        .v = entry->v,
        .t_added = entry->added ? tx->t : entry->t_added,
        .t_retracted = DATOM_LIVE,
    };
    if (entry->added) {
        change_families(tx, entry, &life, DATOM_FAMILY_EAVT, false);
        return;
    }
    change_families(tx, entry, &life, DATOM_FAMILY_EAVT, true);
    if (entry->attribute->no_history || entry->is_erased)
        return;
    life.t_retracted = tx->t;
    change_families(tx, entry, &life, DATOM_FAMILY_EAVT_H, false);
}

void tx_change_log(struct tx *tx, uint64_t t, const struct datom *datoms, size_t count)
{
    enum datom_type *types = bs_arena_new_array(tx->scratch, count + 1, enum datom_type);
    for (size_t i = 0; i < count; i++)
        types[i] = datom_schema_attribute(tx->db->body->schema, datoms[i].a)->type;
    bs_buf_reset(&tx->record);
    datom_log_encode(datoms, types, count, t, &tx->record);
    uint8_t key[8];
    bs_store_u64(key, t);
    change(tx, &(struct datom_change){
                   .family = DATOM_FAMILY_LOG,
                   .key = bs_str_make((const char *)key, sizeof(key)),
                   .record = bs_buf_str(&tx->record),
               });
}

static bool is_instant(const struct tx *tx, const struct tx_entry *entry)
{
    return entry->e == tx->tx_id && entry->attribute->id == DATOM_DB_TX_INSTANT;
}

/* What was said, the transaction's instant first. */
static void list_datoms(struct tx *tx)
{
    tx->datoms = bs_arena_new_array(tx->arena, tx->entries_count + 1, struct datom);
    for (int first = 1; first >= 0; first--) {
        for (size_t i = 0; i < tx->entries_count; i++) {
            const struct tx_entry *entry = &tx->entries[i];
            if (entry->is_redundant || entry->is_erased || is_instant(tx, entry) != (bool)first)
                continue;
            tx->datoms[tx->datoms_count++] = (struct datom){
                .e = entry->e,
                .a = entry->attribute->id,
                .v = entry->v,
                .tx = tx->tx_id,
                .added = entry->added,
            };
        }
    }
}

static void swap_schema(struct datom_body *body, struct datom_schema *schema)
{
    datom_schema_unref(body->schema);
    body->schema = datom_schema_ref(schema);
}

enum bs_code tx_apply(struct tx *tx, struct bs_error *error)
{
    list_datoms(tx);
    tx->body_after = datom_body_copy(tx->db->body);
    struct datom_body *body = tx->body_after;
    body->basis_t = tx->t;
    body->next_t = tx->next_t;
    body->next_element = tx->next_element;
    body->last_instant_ms = tx->instant_ms;
    for (size_t i = 0; i < tx->entries_count; i++) {
        if (!tx->entries[i].is_redundant)
            apply_entry(tx, &tx->entries[i]);
    }
    tx_change_log(tx, tx->t, tx->datoms, tx->datoms_count);
    datom_body_add_counts(body, tx->datoms, tx->datoms_count);
    swap_schema(body, tx->schema_after);
    BS_TRY(tx_alter_attributes(tx, error));
    return tx_excise(tx, error);
}
