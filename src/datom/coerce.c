/*
 * Values as users write them to values as attributes store them: the type of the attribute, within
 * its limits, converted where nothing is lost. Tuples go element by element.
 */

#include "datom/coerce.h"

#include <math.h>

#include "datom/bootstrap.h"
#include "datom/codec.h"
#include "datom/decimal.h"

static const char *const type_idents[DATOM_TYPE_COUNT] = {
    [DATOM_TYPE_REF] = "db.type/ref",         [DATOM_TYPE_KEYWORD] = "db.type/keyword",
    [DATOM_TYPE_LONG] = "db.type/long",       [DATOM_TYPE_STRING] = "db.type/string",
    [DATOM_TYPE_BOOLEAN] = "db.type/boolean", [DATOM_TYPE_INSTANT] = "db.type/instant",
    [DATOM_TYPE_BYTES] = "db.type/bytes",     [DATOM_TYPE_UUID] = "db.type/uuid",
    [DATOM_TYPE_DOUBLE] = "db.type/double",   [DATOM_TYPE_FLOAT] = "db.type/float",
    [DATOM_TYPE_URI] = "db.type/uri",         [DATOM_TYPE_BIGINT] = "db.type/bigint",
    [DATOM_TYPE_BIGDEC] = "db.type/bigdec",   [DATOM_TYPE_TUPLE] = "db.type/tuple",
    [DATOM_TYPE_SYMBOL] = "db.type/symbol",
};

const char *datom_type_ident(enum datom_type type)
{
    BS_ASSERT(type < DATOM_TYPE_COUNT);
    return type_idents[type];
}

bool datom_type_from_ident(struct bs_str ident, enum datom_type *ret_type)
{
    for (int type = 0; type < DATOM_TYPE_COUNT; type++) {
        if (bs_str_equals(ident, type_idents[type])) {
            *ret_type = (enum datom_type)type;
            return true;
        }
    }
    return false;
}

/* ---- scalars ---- */

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

/* What could not be printed and read again: programs make values that no reader has seen. */
static enum bs_code check_text(const struct datom_attribute *attribute, struct edn value,
                               struct bs_error *error)
{
    char shown[120];
    switch ((enum edn_type)value.type) {
    case EDN_STRING:
    case EDN_URI:
        if (bs_utf8_is_valid(edn_text_of(value)))
            return BS_OK;
        return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                            "a value of :%.*s is no UTF-8 at its byte %zu: expected text "
                            "(:db.type/bytes takes any)",
                            BS_STR_ARGS(attribute->ident),
                            bs_utf8_valid_prefix(edn_text_of(value)));
    case EDN_KEYWORD:
    case EDN_SYMBOL:
        if (edn_is_readable_name(value))
            return BS_OK;
        return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                            "the %s \"%s\" can't be a value of :%.*s: expected a name that can be "
                            "read as one",
                            edn_type_name(value.type),
                            edn_print_cut(edn_symbol(edn_text_of(value)), shown, sizeof(shown)),
                            BS_STR_ARGS(attribute->ident));
    default:
        return BS_OK;
    }
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
    return check_text(attribute, value, error);
}

static enum bs_code coerce_scalar(struct datom_db *db, const struct datom_attribute *attribute,
                                  struct edn value, struct bs_arena *arena, struct edn *ret_value,
                                  struct bs_error *error)
{
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
    default:
        return coerce_plain(attribute, value, ret_value, error);
    }
}

enum bs_code datom_check_stored(const struct datom_attribute *attribute, struct edn value,
                                struct bs_error *error)
{
    char text[120];
    if (datom_is_stored(attribute->type, value))
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_WRONG_TYPE,
                        "%s (a %s) is not as :%.*s stores values: expected :%s, as "
                        "datom_db_coerce gives it",
                        edn_print_cut(value, text, sizeof(text)), edn_type_name(value.type),
                        BS_STR_ARGS(attribute->ident), datom_type_ident(attribute->type));
}

/* ---- tuples ---- */

/* What is wrong with a tuple is one reason for all attributes but the one that defines composites.
 */
static enum bs_reason tuple_reason(const struct datom_attribute *attribute)
{
    return attribute->id == DATOM_DB_TUPLE_ATTRS ? BS_REASON_DB_INVALID_TUPLE_ATTRS
                                                 : BS_REASON_DB_INVALID_TUPLE_VALUE;
}

enum bs_code datom_tuple_check_shape(const struct datom_attribute *attribute, struct edn form,
                                     struct bs_error *error)
{
    char text[120];
    const struct datom_tuple *tuple = attribute->tuple;
    bool fits = edn_is_sequential(form) &&
                (tuple->count > 0 ? form.len == tuple->count
                                  : form.len >= 2 && form.len <= BS_LIMIT_TUPLE_MAX);
    if (fits)
        return BS_OK;
    char length[40] = "2 to " BS_STRINGIFY(BS_LIMIT_TUPLE_MAX);
    if (tuple->count > 0)
        snprintf(length, sizeof(length), "%u", tuple->count);
    return bs_error_set(error, tuple_reason(attribute),
                        "%s can't be a value of :%.*s: expected a vector of %s elements",
                        edn_print_cut(form, text, sizeof(text)), BS_STR_ARGS(attribute->ident),
                        length);
}

/* The wrong type, size or shape of an element is the tuple's fault; what it names may be missing
 * for other reasons. */
static enum bs_code blame_element(const struct datom_attribute *attribute, uint32_t idx,
                                  enum bs_code code, struct bs_error *error)
{
    if (!error)
        return code;
    bs_error_prefix(error, "element %u of a tuple: ", idx);
    if (error->reason == BS_REASON_DB_WRONG_TYPE || error->reason == BS_REASON_DB_VALUE_TOO_LARGE)
        error->reason = tuple_reason(attribute);
    return code;
}

enum bs_code datom_tuple_coerce_element(struct datom_db *db,
                                        const struct datom_attribute *attribute, uint32_t idx,
                                        struct edn form, struct bs_arena *arena,
                                        struct edn *ret_value, struct bs_error *error)
{
    *ret_value = edn_nil();
    if (edn_is_nil(form))
        return BS_OK;
    struct datom_attribute element = *attribute;
    element.type = attribute->tuple->types[idx];
    enum bs_code code = coerce_scalar(db, &element, form, arena, ret_value, error);
    if (code == BS_OK && ret_value->type == EDN_STRING &&
        bs_utf8_count(edn_text_of(*ret_value)) > BS_LIMIT_TUPLE_STRING_CHARS)
        code = too_large(attribute, bs_utf8_count(edn_text_of(*ret_value)),
                         BS_LIMIT_TUPLE_STRING_CHARS, "characters", error);
    return code == BS_OK ? BS_OK : blame_element(attribute, idx, code, error);
}

static enum bs_code coerce_tuple(struct datom_db *db, const struct datom_attribute *attribute,
                                 struct edn form, struct bs_arena *arena, struct edn *ret_value,
                                 struct bs_error *error)
{
    BS_TRY(datom_tuple_check_shape(attribute, form, error));
    struct edn items[BS_LIMIT_TUPLE_MAX];
    for (uint32_t i = 0; i < form.len; i++)
        BS_TRY(datom_tuple_coerce_element(db, attribute, i, form.as.items[i], arena, &items[i],
                                          error));
    *ret_value = edn_vector_of(arena, items, form.len);
    return BS_OK;
}

/* ---- the whole ---- */

enum bs_code datom_db_coerce(struct datom_db *db, const struct datom_attribute *attribute,
                             struct edn value, struct bs_arena *arena, struct edn *ret_value,
                             struct bs_error *error)
{
    if (edn_is_nil(value))
        return bs_error_set(error, BS_REASON_DB_NIL_VALUE,
                            "nil can't be a value of :%.*s: expected :%s",
                            BS_STR_ARGS(attribute->ident), datom_type_ident(attribute->type));
    if (attribute->type == DATOM_TYPE_TUPLE)
        return coerce_tuple(db, attribute, value, arena, ret_value, error);
    return coerce_scalar(db, attribute, value, arena, ret_value, error);
}
