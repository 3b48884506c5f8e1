/*
 * A transaction's forms as the model reads them: maps and lists to operations, names to entities of
 * the model before, tempids to places (who they are: model_identity.c). Every form is read to its
 * end, so that all reasons to refuse are known.
 */

#include "model.h"

#include "datom/bootstrap.h"

void model_tx_refuse(struct model_tx *tx, enum bs_reason reason)
{
    for (size_t i = 0; i < tx->reasons_count; i++) {
        if (tx->reasons[i] == reason)
            return;
    }
    BS_ASSERT(tx->reasons_count < MODEL_REASONS_MAX);
    tx->reasons[tx->reasons_count++] = reason;
}

void model_tx_fini(struct model_tx *tx)
{
    free(tx->ops);
    free(tx->temps);
    free(tx->changes);
    *tx = (struct model_tx){0};
}

/* ---- places ---- */

static struct model_place temp_place(struct model_tx *tx, struct bs_str name)
{
    size_t i = 0;
    while (i < tx->temps_count && (name.len == 0 || !bs_str_equal(tx->temps[i].name, name)))
        i++;
    if (i == tx->temps_count) {
        bs_grow(&tx->temps, tx->temps_count, &tx->temps_capacity, sizeof(*tx->temps));
        tx->temps[tx->temps_count++] =
            (struct model_temp){.name = name, .root = i, .id = DATOM_NO_ID};
    }
    return (struct model_place){.is_temp = true, .temp = i};
}

/* A value as its attribute has it; false when it is of another type. */
static bool coerce(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v)
{
    static const enum edn_type types[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_KEYWORD] = EDN_KEYWORD, [DATOM_TYPE_LONG] = EDN_LONG,
        [DATOM_TYPE_STRING] = EDN_STRING,   [DATOM_TYPE_BOOLEAN] = EDN_BOOLEAN,
        [DATOM_TYPE_INSTANT] = EDN_INSTANT, [DATOM_TYPE_DOUBLE] = EDN_DOUBLE,
        [DATOM_TYPE_BIGDEC] = EDN_BIGDEC,   [DATOM_TYPE_SYMBOL] = EDN_SYMBOL,
    };
    *v = model_predicate_value(tx, attribute, *v);
    if (attribute->type == DATOM_TYPE_DOUBLE && v->type == EDN_LONG)
        *v = edn_double((double)v->as.integer);
    if (attribute->type == DATOM_TYPE_BIGDEC && v->type == EDN_LONG) {
        *v = edn_bigint_from_long(tx->arena, v->as.integer);
        v->type = EDN_BIGDEC;
    }
    return v->type == types[attribute->type];
}

static bool read_place(struct model_tx *tx, struct edn form, struct model_place *ret_place);

/* A tuple is given whole: a vector with a value or nil for each member. */
static bool coerce_tuple(struct model_tx *tx, const struct model_attribute *attribute,
                         struct edn *v)
{
    bool is_definition = attribute->id == DATOM_DB_TUPLE_ATTRS;
    bool fits = edn_is_sequential(*v) && v->len >= 2 && v->len <= BS_LIMIT_TUPLE_MAX &&
                (is_definition || v->len == attribute->members_count);
    struct edn *items = bs_arena_new_array(tx->arena, BS_LIMIT_TUPLE_MAX, struct edn);
    for (uint32_t i = 0; fits && i < v->len; i++) {
        items[i] = v->as.items[i];
        if (is_definition || edn_is_nil(items[i]))
            continue;
        const struct model_attribute *member = model_attribute(tx->before, attribute->members[i]);
        struct model_place place;
        if (member->type == DATOM_TYPE_REF) {
            if (!read_place(tx, items[i], &place))
                return false;
            items[i] = edn_long((int64_t)place.id);
            continue;
        }
        fits = coerce(tx, member, &items[i]) && !model_is_too_long(items[i]);
    }
    *v = edn_collection(EDN_VECTOR, items, v->len);
    if (!fits)
        model_tx_refuse(tx, is_definition ? BS_REASON_DB_INVALID_TUPLE_ATTRS
                                          : BS_REASON_DB_INVALID_TUPLE_VALUE);
    return fits;
}

/* Of lookup refs: by a reference everything that names an entity of the model before. */
static bool coerce_key(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v)
{
    struct model_place place;
    if (attribute->type == DATOM_TYPE_TUPLE)
        return coerce_tuple(tx, attribute, v);
    if (attribute->type == DATOM_TYPE_REF && v->type != EDN_STRING) {
        if (!read_place(tx, *v, &place))
            return false;
        *v = edn_long((int64_t)place.id);
        return true;
    }
    if (attribute->type != DATOM_TYPE_REF && coerce(tx, attribute, v))
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

static bool read_place(struct model_tx *tx, struct edn form, struct model_place *ret_place)
{
    *ret_place = (struct model_place){.id = DATOM_NO_ID};
    if (form.type == EDN_STRING) {
        *ret_place = temp_place(tx, edn_text_of(form));
        return true;
    }
    if (form.type == EDN_LONG && form.as.integer < 0) {
        *ret_place = temp_place(tx, bs_arena_printf(tx->arena, "%lld", (long long)form.as.integer));
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

/* ---- operations ---- */

static struct model_op *op_new(struct model_tx *tx, enum model_op_kind kind, struct model_place e,
                               const struct model_attribute *attribute)
{
    bs_grow(&tx->ops, tx->ops_count, &tx->ops_capacity, sizeof(*tx->ops));
    struct model_op *op = &tx->ops[tx->ops_count++];
    *op = (struct model_op){.kind = kind, .e = e, .attribute = attribute};
    if (e.is_temp) {
        tx->temps[e.temp].is_entity = true;
        if (kind == MODEL_ADD && attribute->id == DATOM_DB_VALUE_TYPE)
            tx->temps[e.temp].is_attribute = true;
    }
    return op;
}

static void set_v_place(struct model_tx *tx, size_t op, struct model_place place)
{
    tx->ops[op].v_place = place;
    if (place.is_temp)
        tx->temps[place.temp].is_value = true;
}

static void read_value(struct model_tx *tx, enum model_op_kind kind, struct model_place e,
                       const struct model_attribute *attribute, struct edn v)
{
    struct model_place place;
    if (attribute->type == DATOM_TYPE_REF) {
        if (!read_place(tx, v, &place))
            return;
        op_new(tx, kind, e, attribute);
        set_v_place(tx, tx->ops_count - 1, place);
        return;
    }
    if (attribute->type == DATOM_TYPE_TUPLE) {
        if (coerce_tuple(tx, attribute, &v))
            op_new(tx, kind, e, attribute)->v = v;
    } else if (coerce(tx, attribute, &v))
        op_new(tx, kind, e, attribute)->v = v;
    else
        model_tx_refuse(tx, BS_REASON_DB_WRONG_TYPE);
}

/* ---- maps ---- */

static bool read_map(struct model_tx *tx, struct edn map, struct model_place *ret_place);

static bool may_nest(const struct model *model, const struct model_attribute *attribute,
                     struct edn map)
{
    bool may = attribute->is_component;
    for (uint32_t i = 0; i < map.len && !may; i++) {
        const struct model_attribute *key = model_attribute_named(model, map.as.items[2 * i]);
        may = edn_is_keyword(map.as.items[2 * i], "db/id") ||
              (key && key->unique != DATOM_UNIQUE_NONE);
    }
    return may;
}

static void read_pair(struct model_tx *tx, struct model_place e,
                      const struct model_attribute *attribute, struct edn v)
{
    if (attribute->type != DATOM_TYPE_REF || v.type != EDN_MAP) {
        read_value(tx, MODEL_ADD, e, attribute, v);
        return;
    }
    size_t op = tx->ops_count;
    struct model_place nested;
    op_new(tx, MODEL_ADD, e, attribute);
    if (!may_nest(tx->before, attribute, v))
        model_tx_refuse(tx, BS_REASON_DB_INVALID_NESTED_ENTITY);
    else if (read_map(tx, v, &nested))
        set_v_place(tx, op, nested);
}

/* In a place for references a vector of a unique attribute and a value is one lookup ref. */
static bool is_several(const struct model *model, const struct model_attribute *attribute,
                       struct edn v)
{
    if (!edn_is_collection(v) || model_is_one_check(attribute, v))
        return false;
    const struct model_attribute *first =
        v.type == EDN_VECTOR && v.len == 2 ? model_attribute_named(model, v.as.items[0]) : NULL;
    return attribute->type != DATOM_TYPE_REF || !first || first->unique == DATOM_UNIQUE_NONE;
}

static void read_values(struct model_tx *tx, struct model_place e,
                        const struct model_attribute *attribute, struct edn v)
{
    if (!attribute->many || !is_several(tx->before, attribute, v)) {
        read_pair(tx, e, attribute, v);
        return;
    }
    for (uint32_t i = 0; i < v.len; i++)
        read_pair(tx, e, attribute, v.as.items[i]);
}

static void read_reverse_value(struct model_tx *tx, struct model_place e,
                               const struct model_attribute *attribute, struct edn v)
{
    struct model_place from;
    if (!read_place(tx, v, &from))
        return;
    op_new(tx, MODEL_ADD, from, attribute);
    set_v_place(tx, tx->ops_count - 1, e);
}

/* :ns/_name V says [V :ns/name E]. */
static void read_reverse(struct model_tx *tx, struct model_place e, struct edn key, struct edn v)
{
    struct bs_str name = bs_str_from_offset(edn_name(key), 1);
    struct edn forward = edn_keyword(bs_arena_printf(
        tx->arena, "%.*s/%.*s", BS_STR_ARGS(edn_namespace(key)), BS_STR_ARGS(name)));
    const struct model_attribute *attribute = model_attribute_named(tx->before, forward);
    if (!attribute)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    else if (attribute->type != DATOM_TYPE_REF)
        model_tx_refuse(tx, BS_REASON_DB_WRONG_TYPE);
    else if (!is_several(tx->before, attribute, v))
        read_reverse_value(tx, e, attribute, v);
    else
        for (uint32_t i = 0; i < v.len; i++)
            read_reverse_value(tx, e, attribute, v.as.items[i]);
}

static bool read_map(struct model_tx *tx, struct edn map, struct model_place *ret_place)
{
    struct edn id;
    if (!edn_map_get_keyword(map, BS_STR("db/id"), &id))
        *ret_place = temp_place(tx, BS_STR_EMPTY);
    else if (!read_place(tx, id, ret_place))
        return false;
    for (uint32_t i = 0; i < map.len; i++) {
        struct edn key = map.as.items[2 * i];
        struct edn v = map.as.items[2 * i + 1];
        if (edn_is_keyword(key, "db/id"))
            continue;
        if (bs_str_starts_with(edn_name(key), BS_STR("_"))) {
            read_reverse(tx, *ret_place, key, v);
            continue;
        }
        const struct model_attribute *attribute = model_attribute_named(tx->before, key);
        if (attribute)
            read_values(tx, *ret_place, attribute, v);
        else
            model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    }
    return true;
}

/* ---- lists ---- */

static void read_cas(struct model_tx *tx, struct edn form, struct model_place e,
                     const struct model_attribute *attribute)
{
    struct edn old = form.as.items[3];
    struct model_place place;
    if (attribute->many || attribute->members_count > 0) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_CAS);
        return;
    }
    if (attribute->type == DATOM_TYPE_REF && !edn_is_nil(old)) {
        if (!read_place(tx, old, &place))
            return;
        old = edn_long((int64_t)place.id);
    } else if (!edn_is_nil(old) && !coerce(tx, attribute, &old)) {
        model_tx_refuse(tx, BS_REASON_DB_WRONG_TYPE);
        return;
    }
    size_t op = tx->ops_count;
    read_value(tx, MODEL_CAS, e, attribute, form.as.items[4]);
    if (tx->ops_count > op)
        tx->ops[op].old = old;
}

static void read_reset(struct model_tx *tx, struct edn form, struct model_place e,
                       const struct model_attribute *attribute)
{
    if (!attribute->many) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TX_FORM);
        return;
    }
    for (uint32_t i = 0; i < form.as.items[3].len; i++)
        read_pair(tx, e, attribute, form.as.items[3].as.items[i]);
    op_new(tx, MODEL_RESET, e, attribute);
}

static void read_list(struct model_tx *tx, struct edn form)
{
    struct edn op = form.as.items[0];
    struct model_place e;
    if (!read_place(tx, form.as.items[1], &e))
        return;
    if (edn_is_keyword(op, "db/retractEntity")) {
        op_new(tx, MODEL_RETRACT_ENTITY, e, NULL);
        return;
    }
    const struct model_attribute *attribute = model_attribute_named(tx->before, form.as.items[2]);
    if (!attribute)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    else if (edn_is_keyword(op, "db/add"))
        read_value(tx, MODEL_ADD, e, attribute, form.as.items[3]);
    else if (edn_is_keyword(op, "db/cas"))
        read_cas(tx, form, e, attribute);
    else if (edn_is_keyword(op, "db.fn/reset-to-many"))
        read_reset(tx, form, e, attribute);
    else if (form.len == 4)
        read_value(tx, MODEL_RETRACT, e, attribute, form.as.items[3]);
    else
        op_new(tx, MODEL_RETRACT_ATTRIBUTE, e, attribute);
}

/* ---- the whole ---- */

void model_tx_read(struct model_tx *tx, struct edn forms)
{
    tx->t = tx->before->next_t;
    struct model_place self = temp_place(tx, BS_STR("datomic.tx"));
    tx->temps[self.temp].id = datom_t_to_tx(tx->t);
    tx->temps[self.temp].is_entity = true;
    for (uint32_t i = 0; i < forms.len; i++) {
        struct model_place ignored;
        if (forms.as.items[i].type == EDN_MAP)
            read_map(tx, forms.as.items[i], &ignored);
        else
            read_list(tx, forms.as.items[i]);
    }
    if (tx->reasons_count == 0)
        model_tx_bind_identities(tx);
    if (tx->reasons_count == 0)
        model_tx_issue_ids(tx);
}

bool model_transact(struct model_tx *tx, struct edn forms, struct model *ret_after)
{
    model_tx_read(tx, forms);
    if (tx->reasons_count == 0)
        model_tx_apply(tx, ret_after);
    return tx->reasons_count == 0;
}
