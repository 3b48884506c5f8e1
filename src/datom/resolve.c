/*
 * From what users write to what the store holds: entity identifiers to ids, points in time to ts.
 * Values are coerce.c's.
 */

#include "datom/bootstrap.h"
#include "datom/db.h"

/* ---- entity identifiers ---- */

static enum bs_code resolve_lookup_ref(struct datom_db *db, struct edn ref, datom_id *ret_id,
                                       struct bs_error *error)
{
    char text[120];
    if (ref.len != 2)
        return bs_error_set(error, BS_REASON_DB_INVALID_LOOKUP_REF,
                            "%s is not a lookup ref: expected [attribute value]",
                            edn_print_cut(ref, text, sizeof(text)));
    const struct datom_attribute *attribute;
    BS_TRY(datom_db_find_attribute(db, ref.as.items[0], &attribute, error));
    if (attribute->unique == DATOM_UNIQUE_NONE)
        return bs_error_set(error, BS_REASON_DB_LOOKUP_REF_ATTR_NOT_UNIQUE,
                            "the lookup ref %s goes by :%.*s, which is not unique: expected an "
                            "attribute with :db/unique",
                            edn_print_cut(ref, text, sizeof(text)), BS_STR_ARGS(attribute->ident));
    if (edn_is_nil(ref.as.items[1])) {
        *ret_id = DATOM_NO_ID;
        return BS_OK;
    }
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn value;
    BS_TRY(datom_db_coerce(db, attribute, ref.as.items[1], arena, &value, error));
    return datom_db_lookup(db, attribute, value, ret_id, error);
}

enum bs_code datom_db_resolve(struct datom_db *db, struct edn identifier, datom_id *ret_id,
                              struct bs_error *error)
{
    char text[120];
    switch ((enum edn_type)identifier.type) {
    case EDN_LONG:
        if (identifier.as.integer < 0)
            break;
        *ret_id = (datom_id)identifier.as.integer;
        return BS_OK;
    case EDN_KEYWORD:
        *ret_id = datom_schema_entid(db->body->schema, edn_text_of(identifier));
        return BS_OK;
    case EDN_STRING: /* ":ns/name" is an ident, as Datomic has it for callers without keywords */
        if (identifier.len == 0 || identifier.as.text[0] != ':')
            break;
        *ret_id =
            datom_schema_entid(db->body->schema, bs_str_from_offset(edn_text_of(identifier), 1));
        return BS_OK;
    case EDN_VECTOR:
    case EDN_LIST:
        return resolve_lookup_ref(db, identifier, ret_id, error);
    default:
        break;
    }
    return bs_error_set(error, BS_REASON_DB_NOT_AN_ENTITY,
                        "%s names no entity: expected an entity id, an ident keyword or a lookup "
                        "ref [attribute value]",
                        edn_print_cut(identifier, text, sizeof(text)));
}

/* ---- points in time ---- */

/* The t of a long: a t as it is, a transaction's id. */
static bool t_of_long(int64_t integer, uint64_t *ret_t)
{
    if (integer < 0)
        return false;
    uint64_t part = datom_id_part((datom_id)integer);
    if (part != 0 && part != DATOM_PART_TX)
        return false;
    *ret_t = datom_id_counter((datom_id)integer);
    return true;
}

/*
 * The first transaction whose instant is at or after `ms`, by the index of :db/txInstant of the
 * whole value (views do not count); UINT64_MAX when there is none.
 */
static enum bs_code first_t_at_or_after(struct datom_db *db, int64_t ms, uint64_t *ret_t,
                                        struct bs_error *error)
{
    struct datom_db *whole = datom_db_new(db->body);
    struct datom_cursor *cursor = NULL;
    struct datom_range range = {
        .index = DATOM_AVET,
        .has_a = true,
        .a = DATOM_DB_TX_INSTANT,
        .has_start = true,
        .v_start = edn_instant(ms),
    };
    const struct datom *datoms = NULL;
    size_t count = 0;
    enum bs_code code = datom_cursor_open(whole, &range, &cursor, error);
    if (code == BS_OK)
        code = datom_cursor_next(cursor, &datoms, &count, error);
    /* instants never decrease with t and equal ones are ordered by id, so the first is the least t
     */
    if (code == BS_OK)
        *ret_t = count > 0 ? datom_tx_to_t(datoms[0].e) : UINT64_MAX;
    datom_cursor_free(cursor);
    datom_db_unref(whole);
    return code;
}

static enum bs_code not_a_point(struct edn point, struct bs_error *error)
{
    char text[120];
    return bs_error_set(error, BS_REASON_DB_INVALID_TIME_POINT,
                        "%s is no point in time: expected a t, a transaction's entity id or an "
                        "instant",
                        edn_print_cut(point, text, sizeof(text)));
}

enum bs_code datom_db_resolve_t(struct datom_db *db, struct edn point, uint64_t *ret_t,
                                struct bs_error *error)
{
    if (point.type == EDN_LONG && t_of_long(point.as.integer, ret_t))
        return BS_OK;
    if (point.type != EDN_INSTANT)
        return not_a_point(point, error);
    if (point.as.integer == INT64_MAX) {
        *ret_t = db->body->basis_t;
        return BS_OK;
    }
    /* the last at or before: the one before the first that is later */
    uint64_t later;
    BS_TRY(first_t_at_or_after(db, point.as.integer + 1, &later, error));
    *ret_t = later == UINT64_MAX ? db->body->basis_t : later - 1;
    return BS_OK;
}

enum bs_code datom_log_resolve_bound(struct datom_db *db, struct edn bound, uint64_t *ret_t,
                                     struct bs_error *error)
{
    if (bound.type == EDN_LONG && t_of_long(bound.as.integer, ret_t))
        return BS_OK;
    if (bound.type != EDN_INSTANT)
        return not_a_point(bound, error);
    return first_t_at_or_after(db, bound.as.integer, ret_t, error);
}
