/*
 * Composite tuples are kept here: when the entries stand, each entity of which they say something
 * about a member gets the tuple that its members make up, nil for those that it lacks. A member
 * that is asserted again makes the tuple too where it is missing, as after the installation of the
 * composite; nothing is filled in by itself. An entity without any member has no tuple.
 *
 * This comes after tempids are bound: a map upserts by a composite only where the composite itself
 * is given.
 */

#include "datom/tx.h"

/* An entity's composite that has to be computed. */
struct duty {
    datom_id e;
    const struct datom_attribute *composite;
    uint32_t form_idx; /* of the first that asks for it: blamed for what is wrong */
};

struct duties {
    struct duty *items;
    size_t count, capacity;
    struct datom_table table;
};

static bool is_duty(const void *self, uint32_t idx, const void *key)
{
    const struct duty *a = &((const struct duties *)self)->items[idx];
    const struct duty *b = key;
    return a->e == b->e && a->composite == b->composite;
}

static void add_duty(struct duties *duties, const struct duty *duty)
{
    uint64_t ids[2] = {duty->e, duty->composite->id};
    uint64_t hash = tx_hash(ids, sizeof(ids), 2);
    if (datom_table_find(&duties->table, hash, is_duty, duties, duty) != DATOM_TABLE_NONE)
        return;
    bs_grow(&duties->items, duties->count, &duties->capacity, sizeof(*duties->items));
    duties->items[duties->count] = *duty;
    datom_table_add(&duties->table, hash, (uint32_t)duties->count++);
}

static void collect_duties(const struct tx *tx, struct duties *duties)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        const struct datom_attribute *member = entry->attribute;
        for (size_t j = 0; j < member->composites_count; j++)
            add_duty(duties, &(struct duty){.e = entry->e,
                                            .composite = member->composites[j],
                                            .form_idx = entry->form_idx});
    }
}

static enum bs_code check_length(const struct tx *tx, const struct duty *duty,
                                 const struct datom_attribute *member, struct edn value,
                                 struct bs_error *error)
{
    if (value.type != EDN_STRING ||
        bs_utf8_count(edn_text_of(value)) <= BS_LIMIT_TUPLE_STRING_CHARS)
        return BS_OK;
    bs_error_set(error, BS_REASON_DB_INVALID_TUPLE_VALUE,
                 ":%.*s has %zu characters, too long for the tuple :%.*s that it is a member of: "
                 "expected at most %d",
                 BS_STR_ARGS(member->ident), bs_utf8_count(edn_text_of(value)),
                 BS_STR_ARGS(duty->composite->ident), BS_LIMIT_TUPLE_STRING_CHARS);
    return tx_blame(tx, duty->form_idx, BS_INVALID_ARGUMENT, error);
}

/* The tuple that the members make up, in the transaction's memory; nil when there is no member. */
static enum bs_code compute(struct tx *tx, const struct duty *duty, struct edn *ret_value,
                            struct bs_error *error)
{
    const struct datom_tuple *tuple = duty->composite->tuple;
    struct edn items[BS_LIMIT_TUPLE_MAX];
    bool is_empty = true;
    for (uint32_t i = 0; i < tuple->count; i++) {
        const struct datom_attribute *member =
            datom_schema_attribute(tx->db->body->schema, tuple->attributes[i]);
        BS_ASSERT(member);
        BS_TRY(tx_value_after(tx, duty->e, member, &items[i], error));
        BS_TRY(check_length(tx, duty, member, items[i], error));
        is_empty &= edn_is_nil(items[i]);
    }
    *ret_value = is_empty ? edn_nil() : edn_vector_of(tx->arena, items, tuple->count);
    return BS_OK;
}

static enum bs_code perform(struct tx *tx, const struct duty *duty, struct bs_error *error)
{
    struct edn value;
    struct tx_op op = {.kind = TX_ADD,
                       .form_idx = duty->form_idx,
                       .e = {.id = duty->e},
                       .attribute = duty->composite};
    BS_TRY(compute(tx, duty, &op.v, error));
    if (!edn_is_nil(op.v))
        return tx_add_entry(tx, &op, error);
    BS_TRY(tx_value_after(tx, duty->e, duty->composite, &value, error));
    if (edn_is_nil(value))
        return BS_OK;
    op.kind = TX_RETRACT;
    op.v = value;
    return tx_retract_entry(tx, &op, error);
}

enum bs_code tx_keep_composites(struct tx *tx, struct bs_error *error)
{
    if (!datom_schema_has_composites(tx->db->body->schema))
        return BS_OK;
    struct duties duties = {0};
    enum bs_code code = BS_OK;
    collect_duties(tx, &duties);
    for (size_t i = 0; i < duties.count && code == BS_OK; i++)
        code = perform(tx, &duties.items[i], error);
    free(duties.items);
    datom_table_fini(&duties.table);
    return code;
}
