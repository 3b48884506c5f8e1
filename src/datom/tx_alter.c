/*
 * Alterations of attributes that have datoms: where keys depend on the schema (cardinality in eavt
 * and aevt; whether avet holds the attribute), every life of the attribute is written anew. The
 * cost is that of the attribute's datoms, in the transaction that alters it.
 */

#include "datom/tx_apply.h"
#include "datom/tx_lives.h"

/* The field "datoms": [e a v] of the first two that stand in the way; texts of values are cut. */
static void note_datoms(const struct datom_life *first, const struct datom_attribute *attribute,
                        struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn datoms[2];
    for (size_t i = 0; i < BS_ARRAY_COUNT(datoms); i++) {
        const struct edn parts[] = {edn_long((int64_t)first[i].e), edn_keyword(attribute->ident),
                                    first[i].v};
        datoms[i] = edn_vector_of(arena, parts, BS_ARRAY_COUNT(parts));
    }
    tx_note_value(error, "datoms", edn_vector_of(arena, datoms, BS_ARRAY_COUNT(datoms)));
}

/* aevt gives the lives of one entity together. */
static enum bs_code check_one_value(const struct tx_lives *lives,
                                    const struct datom_attribute *attribute, struct bs_error *error)
{
    for (size_t i = 1; i < lives->count; i++) {
        if (lives->items[i].e != lives->items[i - 1].e)
            continue;
        bs_error_set(error, BS_REASON_DB_CARDINALITY_VIOLATION,
                     ":%.*s can't become cardinality one: entity %llu has several values",
                     BS_STR_ARGS(attribute->ident), (unsigned long long)lives->items[i].e);
        note_datoms(&lives->items[i - 1], attribute, error);
        return BS_INVALID_ARGUMENT;
    }
    return BS_OK;
}

static int compare_by_value(const void *a, const void *b)
{
    const struct datom_life *x = a;
    const struct datom_life *y = b;
    int order = edn_compare(x->v, y->v);
    return order != 0 ? order : (x->e > y->e) - (x->e < y->e);
}

static enum bs_code check_unique_values(struct tx_lives *lives,
                                        const struct datom_attribute *attribute,
                                        struct bs_error *error)
{
    if (lives->count > 1)
        qsort(lives->items, lives->count, sizeof(*lives->items), compare_by_value);
    for (size_t i = 1; i < lives->count; i++) {
        if (edn_compare(lives->items[i].v, lives->items[i - 1].v) != 0)
            continue;
        char value[120];
        bs_error_set(error, BS_REASON_DB_UNIQUE_VIOLATION,
                     ":%.*s can't become unique: entities %llu and %llu both have %s",
                     BS_STR_ARGS(attribute->ident), (unsigned long long)lives->items[i - 1].e,
                     (unsigned long long)lives->items[i].e,
                     edn_print_cut(lives->items[i].v, value, sizeof(value)));
        note_datoms(&lives->items[i - 1], attribute, error);
        return BS_INVALID_ARGUMENT;
    }
    return BS_OK;
}

static enum bs_code check_lives(struct tx_lives *now, const struct datom_attribute *before,
                                const struct datom_attribute *after, struct bs_error *error)
{
    if (before->many && !after->many)
        BS_TRY(check_one_value(now, after, error));
    if (before->unique == DATOM_UNIQUE_NONE && after->unique != DATOM_UNIQUE_NONE)
        BS_TRY(check_unique_values(now, after, error));
    return BS_OK;
}

static void rewrite(struct tx *tx, const struct tx_lives *lives, bool is_past,
                    const struct datom_attribute *before, const struct datom_attribute *after)
{
    for (size_t i = 0; i < lives->count; i++) {
        const struct datom_life *life = &lives->items[i];
        struct datom_key_value value;
        datom_key_value_encode(life->v, after->type, &value);
        if (!is_past && before->many != after->many) {
            tx_change_life(tx, DATOM_FAMILY_EAVT, life, before, &value, true);
            tx_change_life(tx, DATOM_FAMILY_AEVT, life, before, &value, true);
            tx_change_life(tx, DATOM_FAMILY_EAVT, life, after, &value, false);
            tx_change_life(tx, DATOM_FAMILY_AEVT, life, after, &value, false);
        }
        if (before->has_avet != after->has_avet)
            tx_change_life(tx, is_past ? DATOM_FAMILY_AVET_H : DATOM_FAMILY_AVET, life, after,
                           &value, !after->has_avet);
    }
}

static enum bs_code alter(struct tx *tx, const struct datom_attribute *before,
                          const struct datom_attribute *after, struct bs_error *error)
{
    struct tx_lives now = {0}, past = {0};
    uint8_t bytes[4];
    bs_store_u32(bytes, (uint32_t)before->id);
    struct bs_str prefix = bs_str_make((const char *)bytes, sizeof(bytes));
    enum bs_code code =
        tx_lives_collect(tx->body_after, DATOM_FAMILY_AEVT, prefix, tx->scratch, &now, error);
    if (code == BS_OK && before->has_avet != after->has_avet)
        code = tx_lives_collect(tx->body_after, DATOM_FAMILY_AEVT_H, prefix, tx->scratch, &past,
                                error);
    if (code == BS_OK)
        code = check_lives(&now, before, after, error);
    if (code == BS_OK) {
        rewrite(tx, &now, false, before, after);
        rewrite(tx, &past, true, before, after);
    }
    free(now.items);
    free(past.items);
    return code;
}

/* The form that altered the attribute is to blame. */
static enum bs_code blame(const struct tx *tx, datom_id attribute, enum bs_code code,
                          struct bs_error *error)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (entry->e == attribute && entry->added && !entry->is_redundant)
            return tx_blame_entry(tx, entry, code, error);
    }
    return code;
}

enum bs_code tx_alter_attributes(struct tx *tx, struct bs_error *error)
{
    const struct datom_schema *schema = tx->db->body->schema;
    if (schema == tx->schema_after)
        return BS_OK;
    const struct datom_attribute *before;
    for (size_t i = 0; (before = datom_schema_attribute_at(schema, i)) != NULL; i++) {
        const struct datom_attribute *after = datom_schema_attribute(tx->schema_after, before->id);
        if (after == before || !after)
            continue;
        if (before->many != after->many || before->has_avet != after->has_avet ||
            before->unique != after->unique) {
            enum bs_code code = alter(tx, before, after, error);
            if (code != BS_OK)
                return blame(tx, before->id, code, error);
        }
    }
    return BS_OK;
}
