/*
 * Forms to operations. List forms (tx_list.c) give one each, calls what their functions give, maps
 * one for each value of each attribute, nested maps their own. Everything that names an existing
 * entity is resolved here, by db-before; tempids are collected in the order in which they are met,
 * which is the order in which they get ids.
 */

#include "datom/tx_expand.h"
#include "datom/bootstrap.h"

static enum bs_code expand_map(struct tx *tx, struct edn map, uint32_t form_idx, uint32_t depth,
                               struct tx_place *ret_place, struct bs_error *error);

/* ---- tempids ---- */

static bool temp_has_name(const void *self, uint32_t idx, const void *key)
{
    const struct tx *tx = self;
    const struct bs_str *name = key;
    return bs_str_equal(tx->temps[idx].name, *name);
}

static uint32_t temp_new(struct tx *tx, struct bs_str name, uint32_t form_idx)
{
    bs_grow(&tx->temps, tx->temps_count, &tx->temps_capacity, sizeof(*tx->temps));
    uint32_t temp = (uint32_t)tx->temps_count++;
    tx->temps[temp] = (struct tx_temp){
        .name = name,
        .parent = temp,
        .form_idx = form_idx,
        .id = DATOM_NO_ID,
    };
    return temp;
}

static uint32_t temp_named(struct tx *tx, struct bs_str name, uint32_t form_idx)
{
    uint64_t hash = tx_hash(name.ptr, name.len, 0);
    uint32_t temp = datom_table_find(&tx->temps_by_name, hash, temp_has_name, tx, &name);
    if (temp == DATOM_TABLE_NONE) {
        temp = temp_new(tx, bs_arena_dup(tx->arena, name), form_idx);
        datom_table_add(&tx->temps_by_name, hash, temp);
    }
    return temp;
}

static struct tx_place place_of_temp(uint32_t temp)
{
    return (struct tx_place){.is_temp = true, .temp = temp};
}

/* #db/id[:db.part/user -1], as older schemas have it. */
static bool place_of_tagged_id(struct tx *tx, struct edn form, uint32_t form_idx,
                               struct tx_place *ret_place)
{
    if (form.type != EDN_TAGGED || !edn_is_symbol(form.as.items[0], "db/id") ||
        !edn_is_sequential(form.as.items[1]))
        return false;
    struct edn parts = form.as.items[1];
    if (parts.len == 0 || parts.len > 2 || parts.as.items[0].type != EDN_KEYWORD)
        return false;
    if (edn_is_keyword(parts.as.items[0], "db.part/tx")) {
        *ret_place = place_of_temp(TX_TEMP_TX);
        return true;
    }
    if (parts.len == 1) {
        *ret_place = place_of_temp(temp_new(tx, BS_STR_EMPTY, form_idx));
        return true;
    }
    if (parts.as.items[1].type != EDN_LONG || parts.as.items[1].as.integer >= 0)
        return false;
    struct bs_str name =
        bs_arena_printf(tx->scratch, "%lld", (long long)parts.as.items[1].as.integer);
    *ret_place = place_of_temp(temp_named(tx, name, form_idx));
    return true;
}

static enum bs_code place_of_string(struct tx *tx, struct bs_str name, uint32_t form_idx,
                                    struct tx_place *ret_place, struct bs_error *error)
{
    if (bs_str_equals(name, "datomic.tx")) {
        *ret_place = place_of_temp(TX_TEMP_TX);
        return BS_OK;
    }
    if (name.len == 0 || bs_str_starts_with(name, BS_STR("datomic")))
        return bs_error_set(error, BS_REASON_DB_INVALID_TEMPID,
                            "\"%.*s\" can't be a tempid: names that begin with \"datomic\" are "
                            "reserved, and an empty one is none",
                            BS_STR_ARGS(name));
    *ret_place = place_of_temp(temp_named(tx, name, form_idx));
    return BS_OK;
}

/* ---- places ---- */

static bool id_was_issued(const struct tx *tx, datom_id id)
{
    if (datom_id_part(id) == DATOM_PART_DB)
        return id < tx->db->body->next_element;
    return datom_id_counter(id) < tx->db->body->next_t;
}

/* ":ns/name" where a keyword may stand; everything else as it is. */
struct edn tx_keyword_of_string(struct edn form)
{
    if (form.type == EDN_STRING && form.len > 0 && form.as.text[0] == ':')
        return edn_keyword(bs_str_from_offset(edn_text_of(form), 1));
    return form;
}

/* An entity as it may stand in E or in V of a reference (maps aside). */
enum bs_code tx_expand_place(struct tx *tx, struct edn form, uint32_t form_idx,
                             struct tx_place *ret_place, struct bs_error *error)
{
    char text[120];
    form = tx_keyword_of_string(form);
    if (form.type == EDN_STRING)
        return place_of_string(tx, edn_text_of(form), form_idx, ret_place, error);
    if (form.type == EDN_LONG && form.as.integer < 0) {
        struct bs_str name = bs_arena_printf(tx->scratch, "%lld", (long long)form.as.integer);
        *ret_place = place_of_temp(temp_named(tx, name, form_idx));
        return BS_OK;
    }
    if (place_of_tagged_id(tx, form, form_idx, ret_place))
        return BS_OK;
    datom_id id;
    BS_TRY(datom_db_resolve(tx->db, form, &id, error));
    if (id == DATOM_NO_ID)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ENTITY,
                            "%s names no entity of the database before this transaction",
                            edn_print_cut(form, text, sizeof(text)));
    if (form.type == EDN_LONG && !id_was_issued(tx, id))
        return bs_error_set(error, BS_REASON_DB_INVALID_ENTITY_ID,
                            "%s is an entity id that was never issued: use a tempid for a new "
                            "entity",
                            edn_print_cut(form, text, sizeof(text)));
    *ret_place = (struct tx_place){.id = id};
    return BS_OK;
}

/* ---- attributes and values ---- */

/* What is declared but not built: refused, never ignored. */
static enum bs_code check_supported(const struct datom_attribute *attribute, struct bs_error *error)
{
    switch (attribute->id) {
    case DATOM_DB_ENSURE:
    case DATOM_DB_ATTR_PREDS:
    case DATOM_DB_ENTITY_PREDS:
    case DATOM_DB_ENTITY_ATTRS:
    case DATOM_DB_FN:
    case DATOM_DB_INSTALL_PARTITION:
    case DATOM_DB_INSTALL_FUNCTION:
    case DATOM_DB_INSTALL_VALUE_TYPE:
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED, ":%.*s is not built yet",
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
        temp->is_attribute = true;
}

static void op_set_v_place(struct tx *tx, struct tx_op *op, struct tx_place v)
{
    op->v_is_temp = v.is_temp;
    if (!v.is_temp) {
        op->v = edn_long((int64_t)v.id);
        return;
    }
    op->v_temp = v.temp;
    tx->temps[v.temp].is_value = true;
    if (op->attribute->id == DATOM_DB_INSTALL_ATTRIBUTE)
        tx->temps[v.temp].is_attribute = true;
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
        op_set_v_place(tx, op, place);
        return BS_OK;
    }
    if (op->attribute->type == DATOM_TYPE_TUPLE && !edn_is_nil(form))
        return tx_expand_tuple(tx, op, form, error);
    struct edn value;
    BS_TRY(datom_db_coerce(tx->db, op->attribute, form, tx->scratch, &value, error));
    BS_TRY(count_bytes(tx, value, error));
    op->v = edn_dup(tx->arena, value);
    return BS_OK;
}

/* Makes the operation; it is added only when its parts are good. */
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

/* ---- maps ---- */

/* :ns/_name or ":ns/_name", unless an attribute has this very name. */
static bool is_reverse(const struct tx *tx, struct edn key, struct edn *ret_forward)
{
    key = tx_keyword_of_string(key);
    if (key.type != EDN_KEYWORD)
        return false;
    struct bs_str namespace = edn_namespace(key);
    struct bs_str name = edn_name(key);
    if (name.len < 2 || name.ptr[0] != '_' ||
        datom_db_attribute_named(tx->db, edn_text_of(key)) != NULL)
        return false;
    struct bs_str forward = namespace.len > 0
                                ? bs_arena_printf(tx->scratch, "%.*s/%.*s", BS_STR_ARGS(namespace),
                                                  BS_STR_ARGS(bs_str_from_offset(name, 1)))
                                : bs_str_from_offset(name, 1);
    *ret_forward = edn_keyword(forward);
    return true;
}

static bool has_unique_attribute(struct tx *tx, struct edn map)
{
    for (uint32_t i = 0; i < map.len; i++) {
        struct edn key = tx_keyword_of_string(map.as.items[2 * i]);
        if (key.type != EDN_KEYWORD)
            continue;
        const struct datom_attribute *attribute =
            datom_db_attribute_named(tx->db, edn_text_of(key));
        if (attribute && attribute->unique != DATOM_UNIQUE_NONE)
            return true;
    }
    return false;
}

/* The entity of a nested map, once it is clear that it may be nested. */
static enum bs_code expand_nested(struct tx *tx, const struct datom_attribute *attribute,
                                  struct edn map, uint32_t form_idx, uint32_t depth,
                                  struct tx_place *ret_place, struct bs_error *error)
{
    struct edn id;
    bool has_id = edn_map_get_keyword(map, BS_STR("db/id"), &id);
    if (!attribute->is_component && !has_id && !has_unique_attribute(tx, map)) {
        char text[120];
        return bs_error_set(error, BS_REASON_DB_INVALID_NESTED_ENTITY,
                            "the map %s under :%.*s would be an entity that nothing finds again: "
                            "expected a component attribute or a unique attribute in the map",
                            edn_print_cut(map, text, sizeof(text)), BS_STR_ARGS(attribute->ident));
    }
    return expand_map(tx, map, form_idx, depth + 1, ret_place, error);
}

/* A vector of a unique attribute and a value, where a reference is expected, is one lookup ref. */
static bool is_lookup_ref(const struct tx *tx, struct edn form)
{
    if (form.type != EDN_VECTOR || form.len != 2 || form.as.items[0].type != EDN_KEYWORD)
        return false;
    const struct datom_attribute *attribute =
        datom_db_attribute_named(tx->db, edn_text_of(form.as.items[0]));
    return attribute && attribute->unique != DATOM_UNIQUE_NONE;
}

static bool is_many_values(const struct tx *tx, const struct datom_attribute *attribute,
                           struct edn form)
{
    if (!edn_is_collection(form))
        return false;
    /* a vector of anything but vectors is one tuple */
    if (attribute->type == DATOM_TYPE_TUPLE && edn_is_sequential(form) && form.len > 0)
        return edn_is_sequential(form.as.items[0]);
    return attribute->type != DATOM_TYPE_REF || !is_lookup_ref(tx, form);
}

struct map_walk {
    uint32_t form_idx;
    uint32_t depth;
    struct tx_place e;
};

static enum bs_code expand_pair(struct tx *tx, const struct map_walk *walk,
                                const struct datom_attribute *attribute, struct edn value,
                                struct bs_error *error)
{
    if (attribute->type != DATOM_TYPE_REF || value.type != EDN_MAP)
        return tx_add_op(tx, TX_ADD, walk->form_idx, walk->e, attribute, value, error);
    /* the reference stands before what the nested map says */
    size_t idx = tx->ops_count;
    struct tx_op *op = tx_op_new(tx, TX_ADD, walk->form_idx);
    op->attribute = attribute;
    tx_op_set_e(tx, op, walk->e);
    struct tx_place nested;
    enum bs_code code =
        expand_nested(tx, attribute, value, walk->form_idx, walk->depth, &nested, error);
    if (code != BS_OK)
        return tx_note_place(tx, &walk->e, attribute, &value, code, error);
    op_set_v_place(tx, &tx->ops[idx], nested);
    return BS_OK;
}

static enum bs_code expand_values(struct tx *tx, const struct map_walk *walk,
                                  const struct datom_attribute *attribute, struct edn values,
                                  struct bs_error *error)
{
    for (uint32_t i = 0; i < values.len; i++)
        BS_TRY(expand_pair(tx, walk, attribute, values.as.items[i], error));
    return BS_OK;
}

enum bs_code tx_expand_values(struct tx *tx, struct tx_place e,
                              const struct datom_attribute *attribute, struct edn values,
                              uint32_t form_idx, struct bs_error *error)
{
    struct map_walk walk = {.form_idx = form_idx, .e = e};
    return expand_values(tx, &walk, attribute, values, error);
}

static enum bs_code expand_reverse_value(struct tx *tx, const struct map_walk *walk,
                                         const struct datom_attribute *attribute, struct edn value,
                                         struct bs_error *error)
{
    struct tx_place place;
    enum bs_code code =
        value.type == EDN_MAP
            ? expand_nested(tx, attribute, value, walk->form_idx, walk->depth, &place, error)
            : tx_expand_place(tx, value, walk->form_idx, &place, error);
    if (code != BS_OK)
        return tx_note_place(tx, NULL, attribute, &value, code, error);
    struct tx_op *op = tx_op_new(tx, TX_ADD, walk->form_idx);
    op->attribute = attribute;
    tx_op_set_e(tx, op, place);
    op_set_v_place(tx, op, walk->e);
    return BS_OK;
}

static enum bs_code expand_reverse(struct tx *tx, const struct map_walk *walk, struct edn forward,
                                   struct edn value, struct bs_error *error)
{
    const struct datom_attribute *attribute;
    BS_TRY(tx_expand_attribute(tx, forward, &attribute, error));
    if (attribute->type != DATOM_TYPE_REF)
        return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                            ":%.*s is not a reference: it can't be given in reverse",
                            BS_STR_ARGS(attribute->ident));
    if (!is_many_values(tx, attribute, value))
        return expand_reverse_value(tx, walk, attribute, value, error);
    for (uint32_t i = 0; i < value.len; i++)
        BS_TRY(expand_reverse_value(tx, walk, attribute, value.as.items[i], error));
    return BS_OK;
}

static bool is_db_id(struct edn key)
{
    return edn_is_keyword(key, "db/id") || edn_is_text(key, EDN_STRING, BS_STR(":db/id"));
}

static enum bs_code expand_map_place(struct tx *tx, struct edn map, uint32_t form_idx,
                                     struct tx_place *ret_place, struct bs_error *error)
{
    for (uint32_t i = 0; i < map.len; i++) {
        if (is_db_id(map.as.items[2 * i]))
            return tx_expand_place(tx, map.as.items[2 * i + 1], form_idx, ret_place, error);
    }
    *ret_place = place_of_temp(temp_new(tx, BS_STR_EMPTY, form_idx));
    return BS_OK;
}

static enum bs_code expand_map(struct tx *tx, struct edn map, uint32_t form_idx, uint32_t depth,
                               struct tx_place *ret_place, struct bs_error *error)
{
    if (depth > BS_LIMIT_NESTED_MAPS)
        return bs_error_set(error, BS_REASON_DB_TRANSACTION_TOO_LARGE,
                            "maps nested more than %d deep", BS_LIMIT_NESTED_MAPS);
    BS_TRY(expand_map_place(tx, map, form_idx, ret_place, error));
    struct map_walk walk = {.form_idx = form_idx, .depth = depth, .e = *ret_place};
    for (uint32_t i = 0; i < map.len; i++) {
        struct edn key = map.as.items[2 * i];
        struct edn value = map.as.items[2 * i + 1];
        struct edn forward;
        if (is_db_id(key))
            continue;
        if (is_reverse(tx, key, &forward)) {
            BS_TRY(expand_reverse(tx, &walk, forward, value, error));
            continue;
        }
        const struct datom_attribute *attribute;
        enum bs_code code = tx_expand_attribute(tx, key, &attribute, error);
        if (code != BS_OK)
            return tx_note_place(tx, ret_place, NULL, &value, code, error);
        if (attribute->many && is_many_values(tx, attribute, value))
            BS_TRY(expand_values(tx, &walk, attribute, value, error));
        else
            BS_TRY(expand_pair(tx, &walk, attribute, value, error));
    }
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
    return expand_map(tx, form, form_idx, 0, &ignored, error);
}

enum bs_code tx_expand(struct tx *tx, struct bs_error *error)
{
    char text[120];
    if (!edn_is_collection(tx->forms))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s is no transaction: expected a vector of forms",
                            edn_print_cut(tx->forms, text, sizeof(text)));
    uint32_t self = temp_new(tx, BS_STR("datomic.tx"), 0);
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
