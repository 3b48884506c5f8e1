/*
 * Operations to datoms: what each of them adds to the set (tx_set.c) and takes away, and what
 * depends on what the others say.
 */

#include "datom/tx_entries.h"
#include "datom/bootstrap.h"

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
        return tx_retract_attribute(tx, op, error);
    case TX_RETRACT_ENTITY:
        return tx_retract_entity(tx, op, error);
    case TX_CAS:
        return cas(tx, op, error);
    case TX_RESET:
    case TX_ADD_DEFAULT:
        return BS_OK; /* once everything else is known */
    }
    BS_UNREACHABLE();
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

/* What depends on what the others say, whatever their order: :db.fn/reset-to-many and
 * :db.fn/add-default. */
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
            BS_TRY(tx_reset_attribute(tx, &tx->ops[i], error));
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
