/*
 * Map forms: an operation for each value of each attribute, nested maps their own, keys in reverse.
 */

#include "datom/attr_check.h"
#include "datom/bootstrap.h"
#include "datom/tx_expand.h"

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
    return tx_expand_map(tx, map, form_idx, depth + 1, ret_place, error);
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
    /* (range 0 100) is one check */
    if (attribute->id == DATOM_DB_ATTR_CHECK)
        return !datom_attr_check_is_form(form);
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
    tx_op_set_v(tx, &tx->ops[idx], nested);
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
    tx_op_set_v(tx, op, walk->e);
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
            return tx_expand_e(tx, map.as.items[2 * i + 1], form_idx, ret_place, error);
    }
    *ret_place = tx_place_of_temp(tx_temp_new(tx, BS_STR_EMPTY, form_idx));
    return BS_OK;
}

enum bs_code tx_expand_map(struct tx *tx, struct edn map, uint32_t form_idx, uint32_t depth,
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
        bool is_match;
        if (is_db_id(key))
            continue;
        if (tx_is_partition_directive(key, &is_match)) {
            BS_TRY(tx_expand_partitions(tx, is_match, value, form_idx, error));
            continue;
        }
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
