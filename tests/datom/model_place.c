/*
 * Entities and values as forms name them: names to entities of the model before, tempids to places
 * (who they are: model_identity.c), values to what their attributes take.
 */

#include "model_read.h"

#include "datom/bootstrap.h"

/* ---- places ---- */

struct model_place model_temp_place(struct model_tx *tx, struct bs_str name)
{
    size_t i = 0;
    while (i < tx->temps_count && (name.len == 0 || !bs_str_equal(tx->temps[i].name, name)))
        i++;
    if (i == tx->temps_count) {
        bs_grow(&tx->temps, tx->temps_count, &tx->temps_capacity, sizeof(*tx->temps));
        tx->temps[tx->temps_count++] = (struct model_temp){.name = name,
                                                           .root = i,
                                                           .id = DATOM_NO_ID,
                                                           .forced = DATOM_NO_ID,
                                                           .tagged = DATOM_NO_ID};
    }
    return (struct model_place){.is_temp = true, .temp = i};
}

/* A value as its attribute has it; false when it is of another type. */
bool model_coerce(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v)
{
    static const enum edn_type types[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_KEYWORD] = EDN_KEYWORD, [DATOM_TYPE_LONG] = EDN_LONG,
        [DATOM_TYPE_STRING] = EDN_STRING,   [DATOM_TYPE_BOOLEAN] = EDN_BOOLEAN,
        [DATOM_TYPE_INSTANT] = EDN_INSTANT, [DATOM_TYPE_DOUBLE] = EDN_DOUBLE,
        [DATOM_TYPE_BIGDEC] = EDN_BIGDEC,   [DATOM_TYPE_SYMBOL] = EDN_SYMBOL,
        [DATOM_TYPE_BIGINT] = EDN_BIGINT,   [DATOM_TYPE_FLOAT] = EDN_FLOAT,
        [DATOM_TYPE_UUID] = EDN_UUID,       [DATOM_TYPE_URI] = EDN_URI,
        [DATOM_TYPE_BYTES] = EDN_BYTES,
    };
    *v = model_predicate_value(tx, attribute, *v);
    /* where nothing is lost */
    struct edn near = *v;
    if (attribute->type == DATOM_TYPE_DOUBLE && v->type == EDN_LONG)
        near = edn_double((double)v->as.integer);
    if (attribute->type == DATOM_TYPE_FLOAT && v->type == EDN_LONG)
        near = edn_float((float)v->as.integer);
    if (v->type == EDN_LONG && edn_compare_numbers(near, *v) == 0)
        *v = near;
    if (attribute->type == DATOM_TYPE_FLOAT && v->type == EDN_DOUBLE)
        *v = edn_float((float)v->as.float64);
    bool is_exact = attribute->type == DATOM_TYPE_BIGINT || attribute->type == DATOM_TYPE_BIGDEC;
    if (is_exact && v->type == EDN_LONG)
        *v = edn_bigint_from_long(tx->arena, v->as.integer);
    if (attribute->type == DATOM_TYPE_BIGDEC && v->type == EDN_BIGINT)
        v->type = EDN_BIGDEC;
    return v->type == types[attribute->type];
}

/* Composites and heterogeneous tuples have a length, homogeneous ones may have any. */
static bool has_length(const struct model_attribute *attribute, struct edn v)
{
    uint32_t length = attribute->members_count + attribute->elements_count;
    return edn_is_sequential(v) && v.len >= 2 && v.len <= BS_LIMIT_TUPLE_MAX &&
           (length == 0 || v.len == length);
}

/* A tuple is given whole: a vector with a value or nil for each element. */
bool model_coerce_tuple(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v,
                        struct model_place **ret_places)
{
    bool is_definition = attribute->id == DATOM_DB_TUPLE_ATTRS;
    bool fits = has_length(attribute, *v);
    struct edn *items = bs_arena_new_array(tx->arena, BS_LIMIT_TUPLE_MAX, struct edn);
    *ret_places = bs_arena_new_array(tx->arena, BS_LIMIT_TUPLE_MAX, struct model_place);
    for (uint32_t i = 0; fits && i < v->len; i++) {
        struct model_place *place = &(*ret_places)[i];
        struct model_attribute element = {.id = DATOM_NO_ID};
        *place = (struct model_place){.id = DATOM_NO_ID};
        items[i] = v->as.items[i];
        if (is_definition || edn_is_nil(items[i]))
            continue;
        fits = model_element_type(tx->before, attribute, i, &element.type);
        if (fits && element.type == DATOM_TYPE_REF) {
            if (!model_read_place(tx, items[i], place))
                return false;
            if (place->is_temp)
                tx->temps[place->temp].is_value = true;
            items[i] = edn_long((int64_t)place->id);
            continue;
        }
        fits = fits && model_coerce(tx, &element, &items[i]) && !model_is_too_long(items[i]);
    }
    if (!fits)
        model_tx_refuse(tx, is_definition ? BS_REASON_DB_INVALID_TUPLE_ATTRS
                                          : BS_REASON_DB_INVALID_TUPLE_VALUE);
    else
        *v = edn_collection(EDN_VECTOR, items, v->len);
    return fits;
}

/* Of lookup refs: by a reference everything that names an entity of the model before. */
static bool coerce_key(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v)
{
    struct model_place place;
    struct model_place *places;
    if (attribute->type == DATOM_TYPE_TUPLE)
        return model_coerce_tuple(tx, attribute, v, &places);
    if (attribute->type == DATOM_TYPE_REF && v->type != EDN_STRING) {
        if (!model_read_place(tx, *v, &place))
            return false;
        *v = edn_long((int64_t)place.id);
        return true;
    }
    if (attribute->type != DATOM_TYPE_REF && model_coerce(tx, attribute, v))
        return true;
    model_tx_refuse(tx, attribute->type == DATOM_TYPE_REF ? BS_REASON_DB_NOT_AN_ENTITY
                                                          : BS_REASON_DB_WRONG_TYPE);
    return false;
}

static bool lookup_ref_id(struct model_tx *tx, struct edn ref, datom_id *ret_id)
{
    const struct model_attribute *attribute = model_attribute_named(tx->before, ref.as.items[0]);
    struct edn v = ref.as.items[1];
    *ret_id = DATOM_NO_ID;
    if (!attribute)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    else if (attribute->unique == DATOM_UNIQUE_NONE)
        model_tx_refuse(tx, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE);
    else if (coerce_key(tx, attribute, &v))
        *ret_id = model_holder(tx->before, attribute->id, v);
    return tx->reasons_count == 0;
}

static bool was_issued(const struct model *model, datom_id id)
{
    return datom_id_part(id) == DATOM_PART_DB ? id < model->next_element
                                              : datom_id_counter(id) < model->next_t;
}

bool model_read_place(struct model_tx *tx, struct edn form, struct model_place *ret_place)
{
    *ret_place = (struct model_place){.id = DATOM_NO_ID};
    form = model_keyword(form);
    if (form.type == EDN_STRING) {
        *ret_place = model_temp_place(tx, edn_text_of(form));
        return true;
    }
    if (form.type == EDN_TAGGED)
        return model_read_old_tempid(tx, form, ret_place);
    if (form.type == EDN_LONG && form.as.integer < 0) {
        *ret_place =
            model_temp_place(tx, bs_arena_printf(tx->arena, "%lld", (long long)form.as.integer));
        return true;
    }
    if (form.type == EDN_LONG) {
        ret_place->id = (datom_id)form.as.integer;
        if (!was_issued(tx->before, ret_place->id))
            model_tx_refuse(tx, BS_REASON_DB_INVALID_ENTITY_ID);
    } else if (form.type == EDN_KEYWORD) {
        ret_place->id = model_entid(tx->before, form);
    } else if (edn_is_sequential(form) && form.len == 2) {
        if (!lookup_ref_id(tx, form, &ret_place->id))
            return false;
    } else if (edn_is_sequential(form)) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_LOOKUP_REF);
    }
    if (ret_place->id == DATOM_NO_ID)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ENTITY);
    return ret_place->id != DATOM_NO_ID;
}
