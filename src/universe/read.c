/* Facts of entities, forgiving about attributes that a store does not have. */

#include "universe/universe.h"

enum bs_code universe_get(struct datom_db *db, struct bs_arena *arena, datom_id e,
                          const char *attribute, struct edn *ret_value, struct bs_error *error)
{
    const struct datom_attribute *found = datom_db_attribute_named(db, bs_str_from(attribute));
    bool exists = false;
    *ret_value = edn_nil();
    if (!found)
        return BS_OK;
    BS_TRY(datom_db_get(db, e, found, arena, ret_value, &exists, error));
    if (!exists)
        *ret_value = edn_nil();
    return BS_OK;
}

enum bs_code universe_get_text(struct datom_db *db, struct bs_arena *arena, datom_id e,
                               const char *attribute, struct bs_str *ret_text,
                               struct bs_error *error)
{
    struct edn value;
    *ret_text = BS_STR_EMPTY;
    BS_TRY(universe_get(db, arena, e, attribute, &value, error));
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_KEYWORD:
    case EDN_SYMBOL:
    case EDN_URI:
        *ret_text = bs_arena_dup(arena, edn_text_of(value));
        return BS_OK;
    default:
        return BS_OK;
    }
}

enum bs_code universe_get_long(struct datom_db *db, datom_id e, const char *attribute,
                               int64_t *ret_long, bool *ret_found, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn value;
    *ret_long = 0;
    BS_TRY(universe_get(db, arena, e, attribute, &value, error));
    *ret_found = value.type == EDN_LONG || value.type == EDN_INSTANT;
    if (*ret_found)
        *ret_long = value.as.integer;
    return BS_OK;
}

enum bs_code universe_get_ref(struct datom_db *db, datom_id e, const char *attribute,
                              datom_id *ret_id, struct bs_error *error)
{
    int64_t id;
    bool found;
    BS_TRY(universe_get_long(db, e, attribute, &id, &found, error));
    *ret_id = found ? (datom_id)id : DATOM_NO_ID;
    return BS_OK;
}

enum bs_code universe_get_all(struct datom_db *db, datom_id e, const char *attribute,
                              struct edn_list *list, struct bs_error *error)
{
    const struct datom_attribute *found = datom_db_attribute_named(db, bs_str_from(attribute));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    const struct datom *datoms;
    size_t count;
    if (!found)
        return BS_OK;
    const struct datom_range range = {
        .index = DATOM_EAVT, .has_e = true, .e = e, .has_a = true, .a = found->id};
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    do {
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        for (size_t i = 0; i < count; i++) {
            BS_TRY(edn_list_check(list, edn_dup_bytes(datoms[i].v), "an entity's values", error));
            edn_list_add(list, edn_dup(list->arena, datoms[i].v));
        }
    } while (count > 0);
    return BS_OK;
}

enum bs_code universe_find(struct datom_db *db, const char *attribute, struct edn value,
                           datom_id *ret_id, struct bs_error *error)
{
    const struct datom_attribute *found = datom_db_attribute_named(db, bs_str_from(attribute));
    *ret_id = DATOM_NO_ID;
    return found ? datom_db_lookup(db, found, value, ret_id, error) : BS_OK;
}

void universe_ids_add(struct universe_ids *ids, datom_id id)
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity ? 2 * ids->capacity : 16;
        datom_id *grown = bs_arena_new_array(ids->arena, capacity, datom_id);
        for (size_t i = 0; i < ids->count; i++)
            grown[i] = ids->ids[i];
        ids->ids = grown;
        ids->capacity = capacity;
    }
    ids->ids[ids->count++] = id;
}

enum bs_code universe_find_referring(struct datom_db *db, const char *attribute, datom_id target,
                                     struct universe_ids *ids, struct bs_error *error)
{
    const struct datom_attribute *found = datom_db_attribute_named(db, bs_str_from(attribute));
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    const struct datom *datoms;
    size_t count;
    if (!found)
        return BS_OK;
    const struct datom_range range = {
        .index = DATOM_VAET,
        .has_v = true,
        .v = edn_long((int64_t)target),
        .has_a = true,
        .a = found->id,
    };
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    do {
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        /* room for them, with what growing leaves behind */
        BS_TRY(bs_arena_check(ids->arena, 2 * (ids->count + count + 16) * sizeof(datom_id),
                              "what refers to an entity", error));
        for (size_t i = 0; i < count; i++)
            universe_ids_add(ids, datoms[i].e);
    } while (count > 0);
    return BS_OK;
}
