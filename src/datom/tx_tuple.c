/*
 * Tuples in transactions: a place of type ref takes whatever names an entity, tempids too, which
 * get their ids when all is said. Until then the operation has them beside its value.
 */

#include "datom/coerce.h"
#include "datom/tx_expand.h"

/* A place of type ref; its temp, or its id in *ret_element. */
static enum bs_code expand_ref(struct tx *tx, struct edn form, uint32_t form_idx,
                               struct edn *ret_element, uint32_t *ret_temp, struct bs_error *error)
{
    struct tx_place place;
    BS_TRY(tx_expand_place(tx, form, form_idx, &place, error));
    if (place.is_temp) {
        tx->temps[place.temp].is_value = true;
        *ret_temp = place.temp;
    } else {
        *ret_element = edn_long((int64_t)place.id);
    }
    return BS_OK;
}

static enum bs_code check_writable(const struct tx_op *op, struct bs_error *error)
{
    const struct datom_tuple *tuple = op->attribute->tuple;
    if (tuple->kind != DATOM_TUPLE_COMPOSITE || !tuple->is_discontinued ||
        (op->kind != TX_ADD && op->kind != TX_CAS && op->kind != TX_ADD_DEFAULT))
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_TUPLE_VALUE,
                        ":%.*s is a composite tuple that is discontinued: its values can only be "
                        "retracted",
                        BS_STR_ARGS(op->attribute->ident));
}

enum bs_code tx_expand_tuple(struct tx *tx, struct tx_op *op, struct edn form,
                             struct bs_error *error)
{
    const struct datom_attribute *attribute = op->attribute;
    BS_TRY(check_writable(op, error));
    BS_TRY(datom_tuple_check_shape(attribute, form, error));
    struct edn items[BS_LIMIT_TUPLE_MAX];
    uint32_t temps[BS_LIMIT_TUPLE_MAX];
    bool has_temps = false;
    for (uint32_t i = 0; i < form.len; i++) {
        struct edn element = form.as.items[i];
        items[i] = edn_nil();
        temps[i] = TX_NO_TEMP;
        if (attribute->tuple->types[i] == DATOM_TYPE_REF && !edn_is_nil(element))
            BS_TRY(expand_ref(tx, element, op->form_idx, &items[i], &temps[i], error));
        else
            BS_TRY(datom_tuple_coerce_element(tx->db, attribute, i, element, tx->scratch, &items[i],
                                              error));
        has_temps |= temps[i] != TX_NO_TEMP;
    }
    op->v = edn_dup(tx->arena, edn_collection(EDN_VECTOR, items, form.len));
    if (has_temps) {
        uint32_t *kept = bs_arena_new_array(tx->scratch, form.len, uint32_t);
        memcpy(kept, temps, form.len * sizeof(*kept));
        op->v_temps = kept;
    }
    return BS_OK;
}

bool tx_tuple_resolve(struct tx *tx, const struct tx_op *op, struct edn *ret_value)
{
    struct edn items[BS_LIMIT_TUPLE_MAX];
    bool is_known = true;
    for (uint32_t i = 0; i < op->v.len; i++) {
        items[i] = op->v.as.items[i];
        if (op->v_temps[i] == TX_NO_TEMP)
            continue;
        uint32_t root = tx_temp_root(tx, op->v_temps[i]);
        datom_id id = tx->temps[root].id;
        items[i] = edn_long(id == DATOM_NO_ID ? -1 - (int64_t)root : (int64_t)id);
        is_known &= id != DATOM_NO_ID;
    }
    *ret_value = edn_vector_of(tx->arena, items, op->v.len);
    return is_known;
}
