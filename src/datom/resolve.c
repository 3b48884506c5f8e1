/*
 * From what users write to what the store holds: entity identifiers to ids, values to their
 * attribute's type, points in time to ts.
 */

#include "datom/bootstrap.h"
#include "datom/db.h"
#include "datom/decimal.h"

#include <math.h>

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

/* ---- values ---- */

static enum bs_code wrong_type(const struct datom_attribute *attribute, struct edn value,
                               struct bs_error *error)
{
    char text[120];
    return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                        "%s (a %s) can't be a value of :%.*s: expected :%s",
                        edn_print_cut(value, text, sizeof(text)), edn_type_name(value.type),
                        BS_STR_ARGS(attribute->ident), datom_type_ident(attribute->type));
}

static enum bs_code too_large(const struct datom_attribute *attribute, size_t size, size_t limit,
                              const char *unit, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_DB_VALUE_TOO_LARGE,
                        "a value of :%.*s has %zu %s: expected at most %zu",
                        BS_STR_ARGS(attribute->ident), size, unit, limit);
}

static enum bs_code coerce_ref(struct datom_db *db, struct edn value, struct edn *ret_value,
                               struct bs_error *error)
{
    datom_id id;
    BS_TRY(datom_db_resolve(db, value, &id, error));
    if (id == DATOM_NO_ID) {
        char text[120];
        return bs_error_set(error, BS_REASON_DB_NOT_AN_ENTITY,
                            "%s names no entity of this database",
                            edn_print_cut(value, text, sizeof(text)));
    }
    *ret_value = edn_long((int64_t)id);
    return BS_OK;
}

static bool is_exact_double(int64_t integer, int64_t limit)
{
    return integer >= -limit && integer <= limit;
}

static enum bs_code coerce_double(const struct datom_attribute *attribute, struct edn value,
                                  struct edn *ret_value, struct bs_error *error)
{
    double number;
    if (value.type == EDN_DOUBLE)
        number = value.as.float64;
    else if (value.type == EDN_FLOAT)
        number = (double)value.as.float32;
    else if (value.type == EDN_LONG && is_exact_double(value.as.integer, INT64_C(1) << 53))
        number = (double)value.as.integer;
    else
        return wrong_type(attribute, value, error);
    if (isnan(number))
        return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                            "NaN can't be a value of :%.*s: expected a number",
                            BS_STR_ARGS(attribute->ident));
    *ret_value = edn_double(number == 0 ? 0.0 : number);
    return BS_OK;
}

static enum bs_code coerce_float(const struct datom_attribute *attribute, struct edn value,
                                 struct edn *ret_value, struct bs_error *error)
{
    struct edn wide;
    if (value.type == EDN_LONG && !is_exact_double(value.as.integer, 1 << 24))
        return wrong_type(attribute, value, error);
    BS_TRY(coerce_double(attribute, value, &wide, error));
    float number = (float)wide.as.float64;
    if (isinf(number) && !isinf(wide.as.float64))
        return wrong_type(attribute, value, error);
    *ret_value = edn_float(number == 0 ? 0.0f : number);
    return BS_OK;
}

static enum bs_code check_number_size(const struct datom_attribute *attribute, struct edn value,
                                      struct bs_error *error)
{
    size_t bytes = value.as.number->magnitude_bytes;
    if (bytes > DATOM_MAGNITUDE_BYTES_MAX)
        return too_large(attribute, bytes, DATOM_MAGNITUDE_BYTES_MAX, "bytes", error);
    /* a byte is less than three digits: most numbers need no count */
    if (attribute->type == DATOM_TYPE_BIGDEC && bytes > BS_LIMIT_BIGDEC_DIGITS / 3) {
        struct datom_digits digits;
        datom_digits_of(value.as.number, &digits);
        if (digits.count > BS_LIMIT_BIGDEC_DIGITS)
            return too_large(attribute, digits.count, BS_LIMIT_BIGDEC_DIGITS, "digits", error);
    }
    if (value.as.number->scale > 100000 || value.as.number->scale < -100000)
        return bs_error_set(error, BS_REASON_DB_VALUE_TOO_LARGE,
                            "a value of :%.*s has the scale %d: expected -100000 to 100000",
                            BS_STR_ARGS(attribute->ident), value.as.number->scale);
    return BS_OK;
}

static enum bs_code coerce_exact(const struct datom_attribute *attribute, struct edn value,
                                 struct bs_arena *arena, struct edn *ret_value,
                                 struct bs_error *error)
{
    if (value.type == EDN_LONG)
        value = edn_bigint_from_long(arena, value.as.integer);
    bool is_decimal = attribute->type == DATOM_TYPE_BIGDEC;
    if (value.type != EDN_BIGINT && !(is_decimal && value.type == EDN_BIGDEC))
        return wrong_type(attribute, value, error);
    BS_TRY(check_number_size(attribute, value, error));
    *ret_value = value;
    ret_value->type = is_decimal ? EDN_BIGDEC : EDN_BIGINT;
    return BS_OK;
}

/* Types whose value is taken as it is, with a limit on its bytes. */
static enum bs_code coerce_plain(const struct datom_attribute *attribute, struct edn value,
                                 struct edn *ret_value, struct bs_error *error)
{
    static const struct {
        uint8_t type;
        size_t limit_bytes; /* 0: fixed size */
    } expected[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_KEYWORD] = {EDN_KEYWORD, BS_LIMIT_KEYWORD_BYTES},
        [DATOM_TYPE_SYMBOL] = {EDN_SYMBOL, BS_LIMIT_KEYWORD_BYTES},
        [DATOM_TYPE_LONG] = {EDN_LONG, 0},
        [DATOM_TYPE_STRING] = {EDN_STRING, BS_LIMIT_STRING_BYTES},
        [DATOM_TYPE_BOOLEAN] = {EDN_BOOLEAN, 0},
        [DATOM_TYPE_INSTANT] = {EDN_INSTANT, 0},
        [DATOM_TYPE_BYTES] = {EDN_BYTES, BS_LIMIT_BYTES_BYTES},
        [DATOM_TYPE_UUID] = {EDN_UUID, 0},
        [DATOM_TYPE_URI] = {EDN_URI, BS_LIMIT_STRING_BYTES},
    };
    int64_t integer;
    if (attribute->type == DATOM_TYPE_LONG && value.type == EDN_BIGINT &&
        edn_bigint_to_long(value, &integer))
        value = edn_long(integer);
    if (value.type != expected[attribute->type].type)
        return wrong_type(attribute, value, error);
    size_t limit = expected[attribute->type].limit_bytes;
    if (limit > 0 && value.len > limit)
        return too_large(attribute, value.len, limit, "bytes", error);
    *ret_value = value;
    return BS_OK;
}

enum bs_code datom_db_coerce(struct datom_db *db, const struct datom_attribute *attribute,
                             struct edn value, struct bs_arena *arena, struct edn *ret_value,
                             struct bs_error *error)
{
    if (edn_is_nil(value))
        return bs_error_set(error, BS_REASON_DB_NIL_VALUE,
                            "nil can't be a value of :%.*s: expected :%s",
                            BS_STR_ARGS(attribute->ident), datom_type_ident(attribute->type));
    switch (attribute->type) {
    case DATOM_TYPE_REF:
        return coerce_ref(db, value, ret_value, error);
    case DATOM_TYPE_DOUBLE:
        return coerce_double(attribute, value, ret_value, error);
    case DATOM_TYPE_FLOAT:
        return coerce_float(attribute, value, ret_value, error);
    case DATOM_TYPE_BIGINT:
    case DATOM_TYPE_BIGDEC:
        return coerce_exact(attribute, value, arena, ret_value, error);
    case DATOM_TYPE_TUPLE:
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            "tuples are not built yet: :%.*s can't be given a value",
                            BS_STR_ARGS(attribute->ident));
    default:
        return coerce_plain(attribute, value, ret_value, error);
    }
}

const char *datom_type_ident(enum datom_type type)
{
    static const char *const idents[DATOM_TYPE_COUNT] = {
        [DATOM_TYPE_REF] = "db.type/ref",         [DATOM_TYPE_KEYWORD] = "db.type/keyword",
        [DATOM_TYPE_LONG] = "db.type/long",       [DATOM_TYPE_STRING] = "db.type/string",
        [DATOM_TYPE_BOOLEAN] = "db.type/boolean", [DATOM_TYPE_INSTANT] = "db.type/instant",
        [DATOM_TYPE_BYTES] = "db.type/bytes",     [DATOM_TYPE_UUID] = "db.type/uuid",
        [DATOM_TYPE_DOUBLE] = "db.type/double",   [DATOM_TYPE_FLOAT] = "db.type/float",
        [DATOM_TYPE_URI] = "db.type/uri",         [DATOM_TYPE_BIGINT] = "db.type/bigint",
        [DATOM_TYPE_BIGDEC] = "db.type/bigdec",   [DATOM_TYPE_TUPLE] = "db.type/tuple",
        [DATOM_TYPE_SYMBOL] = "db.type/symbol",
    };
    BS_ASSERT(type < DATOM_TYPE_COUNT);
    return idents[type];
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
