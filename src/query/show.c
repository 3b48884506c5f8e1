/* What the store gives, as data; and what users give, as the store wants it. */

#include "query/query.h"

struct edn query_datom_value(struct datom_db *db, const struct datom *datom, struct bs_arena *arena)
{
    struct bs_str ident = datom_db_ident(db, datom->a);
    struct edn items[] = {
        edn_long((int64_t)datom->e),
        ident.len > 0 ? edn_keyword(ident) : edn_long((int64_t)datom->a),
        datom->v,
        edn_long((int64_t)datom->tx),
        edn_boolean(datom->added),
    };
    return edn_vector_of(arena, items, BS_ARRAY_COUNT(items));
}

struct edn query_datoms_value(struct datom_db *db, const struct datom *datoms, size_t count,
                              struct bs_arena *arena)
{
    struct edn_list list;
    edn_list_init(&list, arena);
    for (size_t i = 0; i < count; i++)
        edn_list_add(&list, query_datom_value(db, &datoms[i], arena));
    return edn_list_finish(&list, EDN_VECTOR);
}

struct edn query_report_value(const struct datom_report *report, struct bs_arena *arena)
{
    struct edn_list tempids;
    edn_list_init(&tempids, arena);
    for (size_t i = 0; i < report->tempids_count; i++) {
        edn_list_add(&tempids, edn_string(report->tempids[i].name));
        edn_list_add(&tempids, edn_long((int64_t)report->tempids[i].id));
    }
    struct edn items[] = {
        EDN_KEYWORD_LIT("db-before"),
        edn_object_value(datom_db_object(report->db_before)),
        EDN_KEYWORD_LIT("db-after"),
        edn_object_value(datom_db_object(report->db_after)),
        EDN_KEYWORD_LIT("tx-data"),
        query_datoms_value(report->db_after, report->datoms, report->datoms_count, arena),
        EDN_KEYWORD_LIT("tempids"),
        edn_list_finish(&tempids, EDN_MAP),
    };
    return edn_map_of(arena, items, BS_ARRAY_COUNT(items) / 2);
}

struct edn query_log_entry_value(struct datom_db *db, const struct datom_log_entry *entry,
                                 struct bs_arena *arena)
{
    struct edn items[] = {
        EDN_KEYWORD_LIT("t"),
        edn_long((int64_t)entry->t),
        EDN_KEYWORD_LIT("data"),
        edn_dup(arena, query_datoms_value(db, entry->datoms, entry->count, arena)),
    };
    return edn_map_of(arena, items, BS_ARRAY_COUNT(items) / 2);
}

enum bs_code query_index_of(struct bs_str name, enum datom_index *ret_index, struct bs_error *error)
{
    static const char *const names[] = {"eavt", "aevt", "avet", "vaet"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        if (bs_str_equals(name, names[i])) {
            *ret_index = (enum datom_index)i;
            return BS_OK;
        }
    }
    return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                        "%.*s is no index: expected eavt, aevt, avet or vaet", BS_STR_ARGS(name));
}

static enum bs_code take_entity(struct datom_db *db, struct edn component, datom_id *ret_id,
                                struct bs_error *error)
{
    char text[120];
    BS_TRY(datom_db_resolve(db, component, ret_id, error));
    if (*ret_id == DATOM_NO_ID)
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ENTITY,
                            "%s names no entity of this database",
                            edn_print_cut(component, text, sizeof(text)));
    return BS_OK;
}

static enum bs_code take_tx(struct edn component, struct datom_range *range, struct bs_error *error)
{
    char text[120];
    if (component.type != EDN_LONG || component.as.integer < 0)
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "%s is no transaction: expected a t or a transaction's entity id",
                            edn_print_cut(component, text, sizeof(text)));
    datom_id id = (datom_id)component.as.integer;
    range->has_tx = true;
    range->tx = datom_id_part(id) == 0 ? datom_t_to_tx(id) : id;
    return BS_OK;
}

/* A value stands after its attribute, except in vaet, where it is an entity. */
static enum bs_code take_value(struct datom_db *db, struct edn component, struct bs_arena *arena,
                               struct datom_range *range, struct bs_error *error)
{
    range->has_v = true;
    if (range->index == DATOM_VAET) {
        datom_id id;
        BS_TRY(take_entity(db, component, &id, error));
        range->v = edn_long((int64_t)id);
        return BS_OK;
    }
    const struct datom_attribute *attribute = datom_db_attribute(db, range->a);
    return datom_db_coerce(db, attribute, component, arena, &range->v, error);
}

enum bs_code query_range_of(struct datom_db *db, enum datom_index index,
                            const struct edn *components, size_t count, struct bs_arena *arena,
                            struct datom_range *ret_range, struct bs_error *error)
{
    static const char orders[][5] = {"eavt", "aevt", "avet", "vaet"};
    struct datom_range range = {.index = index};
    if (count > 4)
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "%zu components: expected at most four", count);
    for (size_t i = 0; i < count; i++) {
        const struct datom_attribute *attribute;
        switch (orders[index][i]) {
        case 'e':
            range.has_e = true;
            BS_TRY(take_entity(db, components[i], &range.e, error));
            break;
        case 'a':
            BS_TRY(datom_db_find_attribute(db, components[i], &attribute, error));
            range.has_a = true;
            range.a = attribute->id;
            break;
        case 'v':
            BS_TRY(take_value(db, components[i], arena, &range, error));
            break;
        default:
            BS_TRY(take_tx(components[i], &range, error));
            break;
        }
    }
    *ret_range = range;
    return BS_OK;
}
