/*
 * List forms: the operation is looked up by its name or entity id among those built in; everything
 * else is a call of a function.
 */

#include "datom/bootstrap.h"
#include "datom/tx_expand.h"

enum bs_code tx_expand_e_a(struct tx *tx, struct edn form, uint32_t form_idx,
                           struct tx_place *ret_e, const struct datom_attribute **ret_attribute,
                           struct bs_error *error)
{
    BS_TRY(tx_expand_e(tx, form.as.items[1], form_idx, ret_e, error));
    enum bs_code code = tx_expand_attribute(tx, form.as.items[2], ret_attribute, error);
    return code == BS_OK ? BS_OK : tx_note_place(tx, ret_e, NULL, NULL, code, error);
}

static enum bs_code expand_add(struct tx *tx, struct edn form, uint32_t form_idx,
                               struct bs_error *error)
{
    struct tx_place e;
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e_a(tx, form, form_idx, &e, &attribute, error));
    return tx_add_op(tx, TX_ADD, form_idx, e, attribute, form.as.items[3], error);
}

static enum bs_code expand_retract(struct tx *tx, struct edn form, uint32_t form_idx,
                                   struct bs_error *error)
{
    struct tx_place e;
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e_a(tx, form, form_idx, &e, &attribute, error));
    if (form.len == 4)
        return tx_add_op(tx, TX_RETRACT, form_idx, e, attribute, form.as.items[3], error);
    struct tx_op *op = tx_op_new(tx, TX_RETRACT_ATTRIBUTE, form_idx);
    op->attribute = attribute;
    tx_op_set_e(tx, op, e);
    return BS_OK;
}

static enum bs_code expand_cas(struct tx *tx, struct edn form, uint32_t form_idx,
                               struct bs_error *error)
{
    struct tx_place e;
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_e_a(tx, form, form_idx, &e, &attribute, error));
    if (attribute->many) {
        enum bs_code code = bs_error_set(error, BS_REASON_DB_INVALID_CAS,
                                         ":db/cas on :%.*s, which has cardinality many: expected "
                                         "cardinality one",
                                         BS_STR_ARGS(attribute->ident));
        return tx_note_place(tx, &e, attribute, &form.as.items[4], code, error);
    }
    if (datom_attribute_is_kept(attribute)) {
        enum bs_code code = bs_error_set(error, BS_REASON_DB_INVALID_CAS,
                                         ":db/cas on :%.*s, a composite tuple, which the store "
                                         "keeps: expected one of its members",
                                         BS_STR_ARGS(attribute->ident));
        return tx_note_place(tx, &e, attribute, &form.as.items[4], code, error);
    }
    struct edn old = form.as.items[3];
    if (attribute->type == DATOM_TYPE_REF)
        old = tx_keyword_of_string(old);
    if (!edn_is_nil(old)) {
        enum bs_code code = datom_db_coerce(tx->db, attribute, old, tx->scratch, &old, error);
        if (code != BS_OK)
            return tx_note_place(tx, &e, attribute, &form.as.items[3], code, error);
        old = edn_dup(tx->arena, old);
    }
    BS_TRY(tx_add_op(tx, TX_CAS, form_idx, e, attribute, form.as.items[4], error));
    tx->ops[tx->ops_count - 1].old = old;
    return BS_OK;
}

static enum bs_code expand_retract_entity(struct tx *tx, struct edn form, uint32_t form_idx,
                                          struct bs_error *error)
{
    struct tx_place e;
    BS_TRY(tx_expand_e(tx, form.as.items[1], form_idx, &e, error));
    struct tx_op *op = tx_op_new(tx, TX_RETRACT_ENTITY, form_idx);
    tx_op_set_e(tx, op, e);
    return BS_OK;
}

const struct tx_form tx_operations[] = {
    {"db/add", "[:db/add entity attribute value]", DATOM_DB_ADD, 3, 3, expand_add},
    {"db/retract", "[:db/retract entity attribute] or with a value", DATOM_DB_RETRACT, 2, 3,
     expand_retract},
    {"db/cas", "[:db/cas entity attribute old-value new-value]", DATOM_DB_CAS, 4, 4, expand_cas},
    {"db.fn/cas", "[:db.fn/cas entity attribute old-value new-value]", DATOM_DB_CAS, 4, 4,
     expand_cas},
    {"db/retractEntity", "[:db/retractEntity entity]", DATOM_DB_RETRACT_ENTITY, 1, 1,
     expand_retract_entity},
    {"db.fn/retractEntity", "[:db.fn/retractEntity entity]", DATOM_DB_RETRACT_ENTITY, 1, 1,
     expand_retract_entity},
};
const size_t tx_operations_count = BS_ARRAY_COUNT(tx_operations);

static const struct tx_form *find(const struct tx_form *forms, size_t count, struct edn op)
{
    for (size_t i = 0; i < count; i++) {
        if ((op.type == EDN_KEYWORD && bs_str_equals(edn_text_of(op), forms[i].name)) ||
            (op.type == EDN_LONG && (datom_id)op.as.integer == forms[i].id))
            return &forms[i];
    }
    return NULL;
}

enum bs_code tx_expand_list(struct tx *tx, struct edn form, uint32_t form_idx,
                            struct bs_error *error)
{
    if (form.len == 0)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "an empty list: expected an operation such as :db/add and its "
                            "arguments");
    struct edn op = tx_keyword_of_string(form.as.items[0]);
    const struct tx_form *found = find(tx_operations, tx_operations_count, op);
    if (!found)
        found = find(tx_forms, tx_forms_count, op);
    if (!found)
        return tx_expand_call(tx, form, form_idx, error);
    if (form.len < found->args_min + 1 || form.len > found->args_max + 1)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "the form has %u elements: expected %s", form.len, found->shape);
    return found->expand(tx, form, form_idx, error);
}
