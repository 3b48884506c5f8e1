/*
 * Forms to operations. List forms (tx_list.c) give one each, calls (tx_call.c) what their functions
 * give, maps (tx_map.c) one for each value. Everything that names an existing entity is resolved
 * here, by db-before (tx_place.c).
 */

#include "datom/tx_expand.h"
#include "datom/bootstrap.h"

/* ---- attributes and values ---- */

/* Datomic's code for the Java machine. */
static enum bs_code refuse_function(struct bs_str ident, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                        ":%.*s is not supported: expected :db/lang and :db/code on the entity that "
                        "is to be a function",
                        BS_STR_ARGS(ident));
}

/* What is declared for Datomic's sake alone: refused, never ignored. */
static enum bs_code check_supported(const struct datom_attribute *attribute, struct bs_error *error)
{
    switch (attribute->id) {
    case DATOM_DB_INSTALL_FUNCTION:
        return refuse_function(attribute->ident, error);
    case DATOM_DB_INSTALL_VALUE_TYPE:
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            ":%.*s is not supported: the types are those that are built in",
                            BS_STR_ARGS(attribute->ident));
    default:
        return BS_OK;
    }
}

enum bs_code tx_expand_attribute(struct tx *tx, struct edn form,
                                 const struct datom_attribute **ret_attribute,
                                 struct bs_error *error)
{
    form = tx_keyword_of_string(form);
    enum bs_code code = datom_db_find_attribute(tx->db, form, ret_attribute, error);
    if (code == BS_OK)
        code = check_supported(*ret_attribute, error);
    else if (edn_is_keyword(form, "db/fn")) /* an ident here, and no attribute */
        code = refuse_function(edn_text_of(form), error);
    if (code != BS_OK && form.type == EDN_KEYWORD)
        tx_note_text(error, "attribute", edn_text_of(form));
    return code;
}

struct tx_op *tx_op_new(struct tx *tx, enum tx_op_kind kind, uint32_t form_idx)
{
    bs_grow(&tx->ops, tx->ops_count, &tx->ops_capacity, sizeof(*tx->ops));
    struct tx_op *op = &tx->ops[tx->ops_count++];
    *op = (struct tx_op){.kind = kind, .form_idx = form_idx};
    return op;
}

void tx_op_set_e(struct tx *tx, struct tx_op *op, struct tx_place e)
{
    op->e = e;
    if (!e.is_temp)
        return;
    struct tx_temp *temp = &tx->temps[e.temp];
    temp->is_entity = true;
    if (op->kind == TX_ADD && op->attribute && op->attribute->id == DATOM_DB_VALUE_TYPE)
        temp->is_element = true;
}

void tx_op_set_v(struct tx *tx, struct tx_op *op, struct tx_place v)
{
    op->v_is_temp = v.is_temp;
    if (!v.is_temp) {
        op->v = edn_long((int64_t)v.id);
        return;
    }
    op->v_temp = v.temp;
    tx->temps[v.temp].is_value = true;
    if (op->attribute->id == DATOM_DB_INSTALL_ATTRIBUTE ||
        op->attribute->id == DATOM_DB_INSTALL_PARTITION)
        tx->temps[v.temp].is_element = true;
}

/* Texts and bytes; what else a value has is bounded by the number of datoms. */
static enum bs_code count_bytes(struct tx *tx, struct edn value, struct bs_error *error)
{
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_URI:
    case EDN_BYTES:
    case EDN_KEYWORD:
    case EDN_SYMBOL:
        tx->value_bytes += value.len;
        break;
    default:
        break;
    }
    if (tx->value_bytes <= BS_LIMIT_TX_BYTES)
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_TRANSACTION_TOO_LARGE,
                        "the transaction's values have more than %u bytes: split it",
                        BS_LIMIT_TX_BYTES);
}

static enum bs_code expand_value(struct tx *tx, struct tx_op *op, struct edn form,
                                 struct bs_error *error)
{
    if (op->attribute->type == DATOM_TYPE_REF && !edn_is_nil(form)) {
        struct tx_place place;
        BS_TRY(tx_expand_place(tx, form, op->form_idx, &place, error));
        tx_op_set_v(tx, op, place);
        return BS_OK;
    }
    if (op->attribute->type == DATOM_TYPE_TUPLE && !edn_is_nil(form))
        return tx_expand_tuple(tx, op, form, error);
    struct edn value;
    form = tx_predicate_form(tx, op->attribute, form);
    BS_TRY(datom_db_coerce(tx->db, op->attribute, form, tx->scratch, &value, error));
    BS_TRY(count_bytes(tx, value, error));
    op->v = edn_dup(tx->arena, value);
    return BS_OK;
}

enum bs_code tx_note_place(const struct tx *tx, const struct tx_place *e,
                           const struct datom_attribute *attribute, const struct edn *value,
                           enum bs_code code, struct bs_error *error)
{
    if (e && !e->is_temp)
        tx_note_integer(error, "entity", (int64_t)e->id);
    else if (e && tx->temps[e->temp].name.len > 0)
        tx_note_text(error, "entity", tx->temps[e->temp].name);
    if (attribute)
        tx_note_text(error, "attribute", attribute->ident);
    if (value)
        tx_note_value(error, "value", *value);
    return code;
}

/* Makes the operation; it is added only when its parts are good. */
enum bs_code tx_add_op(struct tx *tx, enum tx_op_kind kind, uint32_t form_idx, struct tx_place e,
                       const struct datom_attribute *attribute, struct edn value,
                       struct bs_error *error)
{
    struct tx_op op = {.kind = kind, .form_idx = form_idx, .attribute = attribute};
    tx_op_set_e(tx, &op, e);
    enum bs_code code = expand_value(tx, &op, value, error);
    if (code != BS_OK)
        return tx_note_place(tx, &e, attribute, &value, code, error);
    *tx_op_new(tx, kind, form_idx) = op;
    return BS_OK;
}

/* ---- the whole ---- */

enum bs_code tx_expand_form(struct tx *tx, struct edn form, uint32_t form_idx,
                            struct bs_error *error)
{
    char text[120];
    if (tx->ops_count > BS_LIMIT_TX_DATOMS)
        return bs_error_set(error, BS_REASON_DB_TRANSACTION_TOO_LARGE,
                            "the transaction says more than %u things: split it",
                            BS_LIMIT_TX_DATOMS);
    if (edn_is_sequential(form))
        return tx_expand_list(tx, form, form_idx, error);
    if (form.type != EDN_MAP)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s is no transaction form: expected a list such as [:db/add e a v] "
                            "or a map",
                            edn_print_cut(form, text, sizeof(text)));
    struct tx_place ignored;
    return tx_expand_map(tx, form, form_idx, 0, &ignored, error);
}

enum bs_code tx_expand(struct tx *tx, struct bs_error *error)
{
    char text[120];
    if (!edn_is_collection(tx->forms))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s is no transaction: expected a vector of forms",
                            edn_print_cut(tx->forms, text, sizeof(text)));
    uint32_t self = tx_temp_new(tx, BS_STR("datomic.tx"), 0);
    BS_ASSERT(self == TX_TEMP_TX);
    tx->temps[self].id = tx->tx_id;
    tx->temps[self].is_entity = true;
    for (uint32_t i = 0; i < tx->forms.len; i++) {
        enum bs_code code = tx_expand_form(tx, tx->forms.as.items[i], i, error);
        if (code != BS_OK)
            return tx_blame(tx, i, code, error);
    }
    return tx_sequences_finish(tx, error);
}
