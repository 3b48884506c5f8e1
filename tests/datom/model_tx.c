/*
 * A transaction's forms as the model reads them: maps and lists to operations. Every form is read
 * to its end, so that all reasons to refuse are known.
 */

#include "model_read.h"

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
    free(tx->matches);
    free(tx->changes);
    *tx = (struct model_tx){0};
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
            tx->temps[e.temp].is_element = true;
    }
    return op;
}

static void set_v_place(struct model_tx *tx, size_t op, struct model_place place)
{
    tx->ops[op].v_place = place;
    if (!place.is_temp)
        return;
    tx->temps[place.temp].is_value = true;
    if (tx->ops[op].attribute->id == DATOM_DB_INSTALL_PARTITION ||
        tx->ops[op].attribute->id == DATOM_DB_INSTALL_ATTRIBUTE)
        tx->temps[place.temp].is_element = true;
}

void model_read_value(struct model_tx *tx, enum model_op_kind kind, struct model_place e,
                      const struct model_attribute *attribute, struct edn v)
{
    struct model_place place;
    if (edn_is_nil(v)) {
        model_tx_refuse(tx, BS_REASON_DB_NIL_VALUE);
        return;
    }
    if (attribute->type == DATOM_TYPE_REF) {
        if (!model_read_place(tx, v, &place))
            return;
        op_new(tx, kind, e, attribute);
        set_v_place(tx, tx->ops_count - 1, place);
        return;
    }
    if (attribute->is_discontinued && attribute->members_count > 0 &&
        (kind == MODEL_ADD || kind == MODEL_CAS || kind == MODEL_ADD_DEFAULT)) {
        model_tx_refuse(tx, BS_REASON_DB_INVALID_TUPLE_VALUE);
        return;
    }
    if (attribute->type == DATOM_TYPE_TUPLE) {
        struct model_place *places;
        if (!model_coerce_tuple(tx, attribute, &v, &places))
            return;
        struct model_op *op = op_new(tx, kind, e, attribute);
        op->v = v;
        op->v_places = places;
    } else if (model_coerce(tx, attribute, &v))
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
        model_read_value(tx, MODEL_ADD, e, attribute, v);
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
    /* a vector of anything but vectors is one tuple */
    if (attribute->type == DATOM_TYPE_TUPLE && edn_is_sequential(v) && v.len > 0)
        return edn_is_sequential(v.as.items[0]);
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
    if (!model_read_place(tx, v, &from))
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
    struct edn id = edn_nil();
    for (uint32_t i = 0; i < map.len; i++) {
        if (edn_is_keyword(model_keyword(map.as.items[2 * i]), "db/id"))
            id = map.as.items[2 * i + 1];
    }
    if (edn_is_nil(id))
        *ret_place = model_temp_place(tx, BS_STR_EMPTY);
    else if (!model_read_place(tx, id, ret_place))
        return false;
    for (uint32_t i = 0; i < map.len; i++) {
        struct edn key = model_keyword(map.as.items[2 * i]);
        struct edn v = map.as.items[2 * i + 1];
        if (edn_is_keyword(key, "db/id") || model_read_directive(tx, key, v))
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
        if (attribute->is_discontinued)
            model_tx_refuse(tx, BS_REASON_DB_INVALID_TUPLE_VALUE);
        return;
    }
    if (attribute->type == DATOM_TYPE_REF && !edn_is_nil(old)) {
        if (!model_read_place(tx, old, &place))
            return;
        old = edn_long((int64_t)place.id);
    } else if (attribute->type == DATOM_TYPE_TUPLE && !edn_is_nil(old)) {
        struct model_place *ignored;
        if (!model_coerce_tuple(tx, attribute, &old, &ignored))
            return;
    } else if (!edn_is_nil(old) && !model_coerce(tx, attribute, &old)) {
        model_tx_refuse(tx, BS_REASON_DB_WRONG_TYPE);
        return;
    }
    size_t op = tx->ops_count;
    model_read_value(tx, MODEL_CAS, e, attribute, form.as.items[4]);
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

static const struct {
    datom_id id;
    const char *name;
} operations[] = {{DATOM_DB_ADD, "db/add"},
                  {DATOM_DB_RETRACT, "db/retract"},
                  {DATOM_DB_RETRACT_ENTITY, "db/retractEntity"},
                  {DATOM_DB_CAS, "db/cas"}};

datom_id model_operation_id(struct edn name)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(operations); i++) {
        if (bs_str_equals(edn_text_of(name), operations[i].name))
            return operations[i].id;
    }
    return DATOM_NO_ID;
}

/* An operation may stand by its text or by its id. */
static struct edn operation(struct edn form)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(operations); i++) {
        if (form.type == EDN_LONG && (datom_id)form.as.integer == operations[i].id)
            return edn_keyword(bs_str_from(operations[i].name));
    }
    return model_keyword(form);
}

static void read_list(struct model_tx *tx, struct edn form)
{
    struct edn op = operation(form.as.items[0]);
    struct model_place e;
    if (model_read_function(tx, op, form))
        return;
    if (!model_read_place(tx, form.as.items[1], &e))
        return;
    if (edn_is_keyword(op, "db/retractEntity") || edn_is_keyword(op, "db.fn/retractEntity")) {
        op_new(tx, MODEL_RETRACT_ENTITY, e, NULL);
        return;
    }
    const struct model_attribute *attribute = model_attribute_named(tx->before, form.as.items[2]);
    if (!attribute)
        model_tx_refuse(tx, BS_REASON_DB_NOT_AN_ATTRIBUTE);
    else if (edn_is_keyword(op, "db/add"))
        model_read_value(tx, MODEL_ADD, e, attribute, form.as.items[3]);
    else if (edn_is_keyword(op, "db/cas") || edn_is_keyword(op, "db.fn/cas"))
        read_cas(tx, form, e, attribute);
    else if (edn_is_keyword(op, "db.fn/reset-to-many"))
        read_reset(tx, form, e, attribute);
    else if (form.len == 4)
        model_read_value(tx, MODEL_RETRACT, e, attribute, form.as.items[3]);
    else
        op_new(tx, MODEL_RETRACT_ATTRIBUTE, e, attribute);
}

/* ---- the whole ---- */

void model_read_form(struct model_tx *tx, struct edn form)
{
    struct model_place ignored;
    if (form.type == EDN_MAP)
        read_map(tx, form, &ignored);
    else
        read_list(tx, form);
}

void model_tx_read(struct model_tx *tx, struct edn forms)
{
    tx->t = tx->before->next_t;
    struct model_place self = model_temp_place(tx, BS_STR("datomic.tx"));
    tx->temps[self.temp].id = datom_t_to_tx(tx->t);
    tx->temps[self.temp].is_entity = true;
    for (uint32_t i = 0; i < forms.len; i++)
        model_read_form(tx, forms.as.items[i]);
    model_finish_sequences(tx);
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
