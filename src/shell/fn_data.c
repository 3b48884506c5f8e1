/* Functions that look into results: maps, vectors, sets, entities. */

#include "query/query.h"
#include "shell/session.h"

static enum bs_code wrong_kind(struct shell *shell, const char *what, struct edn value,
                               const char *expected, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT, "%s: expected %s, got %s", what,
                        expected, shell_show(shell, value));
}

static enum bs_code look_up_attribute(struct shell *shell, const struct query_entity *entity,
                                      struct edn key, struct edn *ret_value, bool *ret_found,
                                      struct bs_error *error)
{
    if (key.type != EDN_KEYWORD)
        return wrong_kind(shell, "an entity's attribute", key, "a keyword", error);
    BS_TRY(query_entity_get(entity, edn_text_of(key), shell->arena, ret_value, error));
    *ret_found = !edn_is_nil(*ret_value);
    return BS_OK;
}

/* A datom is a vector [E ATTR V TX ADDED]; its parts have names too. */
static bool is_datom(struct edn value)
{
    const struct edn *items = value.as.items;
    return value.len == 5 && items[0].type == EDN_LONG &&
           (items[1].type == EDN_KEYWORD || items[1].type == EDN_LONG) &&
           items[3].type == EDN_LONG &&
           datom_id_part((datom_id)items[3].as.integer) == DATOM_PART_TX &&
           items[4].type == EDN_BOOLEAN;
}

static bool datom_part(struct edn value, struct edn key, struct edn *ret_value)
{
    static const char *const names[] = {"e", "a", "v", "tx", "added"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names) && is_datom(value); i++) {
        if (!edn_is_text(key, EDN_KEYWORD, bs_str_from(names[i])))
            continue;
        *ret_value = value.as.items[i];
        return true;
    }
    return false;
}

enum bs_code shell_look_up(struct shell *shell, struct edn holder, struct edn key,
                           struct edn *ret_value, bool *ret_found, struct bs_error *error)
{
    const struct query_entity *entity = query_entity_from_edn(holder);
    *ret_found = false;
    if (entity)
        return look_up_attribute(shell, entity, key, ret_value, ret_found, error);
    switch ((enum edn_type)holder.type) {
    case EDN_NIL:
        return BS_OK;
    case EDN_MAP:
        *ret_found = edn_map_get(holder, key, ret_value);
        return BS_OK;
    case EDN_SET:
        *ret_found = edn_contains(holder, key);
        *ret_value = key;
        return BS_OK;
    case EDN_VECTOR:
        *ret_found = datom_part(holder, key, ret_value);
        if (*ret_found)
            return BS_OK;
        if (key.type != EDN_LONG)
            return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                                "%s can't be looked up in a vector: expected a place, from 0",
                                shell_show(shell, key));
        *ret_found = key.as.integer >= 0 && (uint64_t)key.as.integer < holder.len;
        if (*ret_found)
            *ret_value = holder.as.items[key.as.integer];
        return BS_OK;
    default:
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "%s can't be looked up in %s: expected a map or an entity",
                            shell_show(shell, key), shell_show(shell, holder));
    }
}

SHELL_FUNCTION(get)
{
    bool found;
    BS_TRY(shell_look_up(shell, arguments[0], arguments[1], ret_value, &found, error));
    if (!found)
        *ret_value = count == 3 ? arguments[2] : edn_nil();
    return BS_OK;
}

/* A map for an entity, other values as they are. */
static enum bs_code touched(struct shell *shell, struct edn value, struct edn *ret_value,
                            struct bs_error *error)
{
    const struct query_entity *entity = query_entity_from_edn(value);
    *ret_value = value;
    return entity ? query_entity_touch(entity, shell->arena, ret_value, error) : BS_OK;
}

SHELL_FUNCTION(count)
{
    (void)count;
    struct edn value;
    BS_TRY(touched(shell, arguments[0], &value, error));
    bool is_entity = arguments[0].type == EDN_OBJECT;
    if (edn_is_nil(value))
        *ret_value = edn_long(0);
    else if (value.type == EDN_STRING)
        *ret_value = edn_long((int64_t)bs_utf8_count(edn_text_of(value)));
    else if (edn_is_collection(value) || value.type == EDN_MAP)
        *ret_value = edn_long(is_entity ? value.len - 1 : value.len); /* :db/id is no attribute */
    else
        return wrong_kind(shell, "count", value, "a collection or text", error);
    return BS_OK;
}

static enum bs_code item_at(struct shell *shell, const char *what, struct edn value, uint64_t idx,
                            struct edn *ret_item, bool *ret_found, struct bs_error *error)
{
    *ret_found = idx < value.len && !edn_is_nil(value);
    if (edn_is_nil(value))
        return BS_OK;
    if (value.type == EDN_STRING) {
        struct bs_str text = edn_text_of(value);
        uint32_t code_point = 0;
        for (uint64_t i = 0; i < idx && text.len > 0; i++)
            text = bs_str_from_offset(text, bs_utf8_decode(text, &code_point));
        *ret_found = bs_utf8_decode(text, &code_point) > 0;
        *ret_item = edn_char(code_point);
        return BS_OK;
    }
    if (value.type == EDN_MAP) {
        if (*ret_found)
            *ret_item = edn_vector_of(shell->arena, &value.as.items[idx * 2], 2);
        return BS_OK;
    }
    if (!edn_is_collection(value))
        return wrong_kind(shell, what, value, "a collection or text", error);
    if (*ret_found)
        *ret_item = value.as.items[idx];
    return BS_OK;
}

SHELL_FUNCTION(first)
{
    (void)count;
    bool found;
    *ret_value = edn_nil();
    return item_at(shell, "first", arguments[0], 0, ret_value, &found, error);
}

SHELL_FUNCTION(nth)
{
    uint64_t idx;
    bool found;
    if (arguments[0].type == EDN_SET || arguments[0].type == EDN_MAP)
        return wrong_kind(shell, "nth", arguments[0], "a vector, list or text", error);
    BS_TRY(shell_take_count(shell, "nth", arguments[1], &idx, error));
    BS_TRY(item_at(shell, "nth", arguments[0], idx, ret_value, &found, error));
    if (found)
        return BS_OK;
    if (count == 3 || edn_is_nil(arguments[0])) {
        *ret_value = count == 3 ? arguments[2] : edn_nil();
        return BS_OK;
    }
    return bs_error_set_code(error, BS_OUT_OF_RANGE, BS_REASON_SHELL_INVALID_ARGUMENT,
                             "nth: there is nothing at %llu: %s has %u items",
                             (unsigned long long)idx, shell_show(shell, arguments[0]),
                             arguments[0].len);
}

SHELL_FUNCTION(keys)
{
    (void)count;
    struct edn map;
    struct edn_list keys;
    BS_TRY(touched(shell, arguments[0], &map, error));
    if (edn_is_nil(map)) {
        *ret_value = edn_nil();
        return BS_OK;
    }
    if (map.type != EDN_MAP)
        return wrong_kind(shell, "keys", map, "a map or an entity", error);
    edn_list_init(&keys, shell->arena);
    /* of an entity, :db/id comes first and is no attribute */
    for (size_t i = arguments[0].type == EDN_OBJECT ? 1 : 0; i < map.len; i++)
        edn_list_add(&keys, map.as.items[i * 2]);
    *ret_value = edn_list_finish(&keys, EDN_VECTOR);
    return BS_OK;
}
