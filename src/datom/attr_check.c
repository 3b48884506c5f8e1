/*
 * A check is its list, kept in an arena of its own, and a table row of functions: what the
 * arguments must be, which types it is for, and the test. Nothing here reads a database but the
 * idents of references.
 */

#include "datom/attr_check.h"

#include "base/regexp.h"

struct kind {
    const char *name;
    const char *shape; /* for errors */
    enum bs_code (*compile)(struct datom_attr_check *check, struct bs_error *error);
    bool (*fits)(const struct datom_attr_check *check, enum datom_type type);
    const char *types; /* "goes with ...": what `fits` lets through */
    bool (*passes)(const struct datom_attr_check *check, struct datom_db *db, struct edn value);
};

struct datom_attr_check {
    struct bs_ref ref;
    const struct kind *kind;
    const struct edn *args; /* the elements after the name, in the arena */
    size_t args_count;
    struct bs_regexp *regexp; /* of `matches` */
    struct bs_arena *arena;
};

static enum bs_code refuse_shape(const struct datom_attr_check *check, struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK, "expected %s", check->kind->shape);
}

/* ---- range ---- */

static bool is_ordered(struct edn value)
{
    return edn_is_number(value) || value.type == EDN_INSTANT;
}

static int compare_ordered(struct edn a, struct edn b)
{
    if (a.type == EDN_INSTANT)
        return (a.as.integer > b.as.integer) - (a.as.integer < b.as.integer);
    return edn_compare_numbers(a, b);
}

/* Both bounds are numbers or both are instants; nil goes with either. */
static enum bs_code compile_range(struct datom_attr_check *check, struct bs_error *error)
{
    if (check->args_count != 2)
        return refuse_shape(check, error);
    struct edn min = check->args[0], max = check->args[1];
    if ((!edn_is_nil(min) && !is_ordered(min)) || (!edn_is_nil(max) && !is_ordered(max)) ||
        (edn_is_nil(min) && edn_is_nil(max)))
        return refuse_shape(check, error);
    if (edn_is_nil(min) || edn_is_nil(max))
        return BS_OK;
    if ((min.type == EDN_INSTANT) != (max.type == EDN_INSTANT))
        return refuse_shape(check, error);
    if (compare_ordered(min, max) > 0)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK,
                            "nothing lies in it: expected the smaller bound first");
    return BS_OK;
}

static bool range_fits(const struct datom_attr_check *check, enum datom_type type)
{
    bool is_instant = check->args[0].type == EDN_INSTANT || check->args[1].type == EDN_INSTANT;
    switch (type) {
    case DATOM_TYPE_LONG:
    case DATOM_TYPE_BIGINT:
    case DATOM_TYPE_BIGDEC:
    case DATOM_TYPE_FLOAT:
    case DATOM_TYPE_DOUBLE:
        return !is_instant;
    case DATOM_TYPE_INSTANT:
        return is_instant;
    default:
        return false;
    }
}

/* A literal as the value's type has it: 0.1 of a float attribute is the float that is stored. */
static struct edn literal_for(struct edn value, struct edn literal)
{
    if (value.type == EDN_FLOAT && edn_is_number(literal))
        return edn_float((float)edn_number_to_double(literal));
    return literal;
}

static bool range_passes(const struct datom_attr_check *check, struct datom_db *db,
                         struct edn value)
{
    (void)db;
    if (!is_ordered(value))
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct edn bound = literal_for(value, check->args[i]);
        if (edn_is_nil(bound))
            continue;
        if ((bound.type == EDN_INSTANT) != (value.type == EDN_INSTANT))
            return false;
        int order = compare_ordered(value, bound);
        if (i == 0 ? order < 0 : order > 0)
            return false;
    }
    return true;
}

/* ---- length ---- */

static bool is_text(struct edn value)
{
    return value.type == EDN_STRING || value.type == EDN_URI || value.type == EDN_KEYWORD ||
           value.type == EDN_SYMBOL;
}

static bool is_text_type(enum datom_type type)
{
    return type == DATOM_TYPE_STRING || type == DATOM_TYPE_URI || type == DATOM_TYPE_KEYWORD ||
           type == DATOM_TYPE_SYMBOL;
}

static enum bs_code compile_length(struct datom_attr_check *check, struct bs_error *error)
{
    if (check->args_count != 2)
        return refuse_shape(check, error);
    for (size_t i = 0; i < 2; i++) {
        struct edn bound = check->args[i];
        if (!edn_is_nil(bound) && (bound.type != EDN_LONG || bound.as.integer < 0))
            return refuse_shape(check, error);
    }
    return compile_range(check, error);
}

static bool length_fits(const struct datom_attr_check *check, enum datom_type type)
{
    (void)check;
    return is_text_type(type) || type == DATOM_TYPE_BYTES;
}

static bool length_passes(const struct datom_attr_check *check, struct datom_db *db,
                          struct edn value)
{
    if (!is_text(value) && value.type != EDN_BYTES)
        return false;
    size_t length = value.type == EDN_BYTES ? value.len : bs_utf8_count(edn_text_of(value));
    return range_passes(check, db, edn_long((int64_t)length));
}

/* ---- matches ---- */

static enum bs_code compile_matches(struct datom_attr_check *check, struct bs_error *error)
{
    if (check->args_count != 1 || check->args[0].type != EDN_STRING)
        return refuse_shape(check, error);
    struct bs_error why = BS_ERROR_INIT;
    if (bs_regexp_new(edn_text_of(check->args[0]), true, &check->regexp, &why) == BS_OK)
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK, "%s", why.message);
}

static bool matches_fits(const struct datom_attr_check *check, enum datom_type type)
{
    (void)check;
    return is_text_type(type);
}

static bool matches_passes(const struct datom_attr_check *check, struct datom_db *db,
                           struct edn value)
{
    (void)db;
    bool found = false;
    return is_text(value) &&
           bs_regexp_search(check->regexp, edn_text_of(value), NULL, &found, NULL, NULL) == BS_OK &&
           found;
}

/* ---- one-of ---- */

static enum bs_code compile_one_of(struct datom_attr_check *check, struct bs_error *error)
{
    if (check->args_count == 0)
        return refuse_shape(check, error);
    for (size_t i = 0; i < check->args_count; i++) {
        if (edn_is_nil(check->args[i]))
            return refuse_shape(check, error);
    }
    return BS_OK;
}

static bool is_literal_of(struct edn literal, enum datom_type type)
{
    switch (type) {
    case DATOM_TYPE_REF:
        return literal.type == EDN_KEYWORD || literal.type == EDN_LONG;
    case DATOM_TYPE_LONG:
        return literal.type == EDN_LONG;
    case DATOM_TYPE_BIGINT:
        return literal.type == EDN_LONG || literal.type == EDN_BIGINT;
    case DATOM_TYPE_BIGDEC:
    case DATOM_TYPE_FLOAT:
    case DATOM_TYPE_DOUBLE:
        return edn_is_number(literal);
    case DATOM_TYPE_KEYWORD:
        return literal.type == EDN_KEYWORD;
    case DATOM_TYPE_STRING:
        return literal.type == EDN_STRING;
    case DATOM_TYPE_BOOLEAN:
        return literal.type == EDN_BOOLEAN;
    case DATOM_TYPE_INSTANT:
        return literal.type == EDN_INSTANT;
    case DATOM_TYPE_UUID:
        return literal.type == EDN_UUID;
    case DATOM_TYPE_URI:
        return literal.type == EDN_URI;
    case DATOM_TYPE_SYMBOL:
        return literal.type == EDN_SYMBOL;
    case DATOM_TYPE_BYTES:
        return literal.type == EDN_BYTES;
    default:
        return false;
    }
}

static bool one_of_fits(const struct datom_attr_check *check, enum datom_type type)
{
    for (size_t i = 0; i < check->args_count; i++) {
        if (!is_literal_of(check->args[i], type))
            return false;
    }
    return true;
}

static bool is_same(struct datom_db *db, struct edn value, struct edn literal)
{
    if (edn_is_number(value) && edn_is_number(literal))
        return edn_compare_numbers(value, literal_for(value, literal)) == 0;
    if (value.type == EDN_LONG && literal.type == EDN_KEYWORD)
        return datom_db_entid(db, edn_text_of(literal)) == (datom_id)value.as.integer;
    return edn_equal(value, literal);
}

static bool one_of_passes(const struct datom_attr_check *check, struct datom_db *db,
                          struct edn value)
{
    for (size_t i = 0; i < check->args_count; i++) {
        if (is_same(db, value, check->args[i]))
            return true;
    }
    return false;
}

/* ---- all of them ---- */

static const struct kind kinds[] = {
    {"range", "(range MIN MAX) of two numbers or two instants, one of which may be nil",
     compile_range, range_fits, "numbers with bounds that are numbers, instants with instants",
     range_passes},
    {"length", "(length MIN MAX) of two whole numbers from 0 on, one of which may be nil",
     compile_length, length_fits, "texts, uris, keywords, symbols and bytes", length_passes},
    {"matches", "(matches \"regular expression\")", compile_matches, matches_fits,
     "texts, uris, keywords and symbols", matches_passes},
    {"one-of", "(one-of VALUE ...) with at least one value and without nil", compile_one_of,
     one_of_fits, "values of the attribute's own type, but not with tuples", one_of_passes},
};

static const struct kind *find_kind(struct edn form)
{
    for (size_t i = 0; datom_attr_check_is_form(form) && i < BS_ARRAY_COUNT(kinds); i++) {
        if (edn_is_text(form.as.items[0], EDN_SYMBOL, bs_str_from(kinds[i].name)))
            return &kinds[i];
    }
    return NULL;
}

static enum bs_code compile(struct datom_attr_check *check, struct bs_str text,
                            struct bs_error *error)
{
    struct edn form;
    struct bs_error why = BS_ERROR_INIT;
    if (text.len > BS_LIMIT_ATTR_CHECK_BYTES)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK, "it has more than %d bytes",
                            BS_LIMIT_ATTR_CHECK_BYTES);
    /* the text is read where it stays, as values point into it */
    if (edn_read(bs_arena_dup(check->arena, text), check->arena, &form, &why) != BS_OK)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK, "%s", why.message);
    check->kind = find_kind(form);
    if (!check->kind)
        return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK,
                            "expected (range MIN MAX), (length MIN MAX), (matches \"regex\") or "
                            "(one-of VALUE ...)");
    check->args = form.as.items + 1;
    check->args_count = form.len - 1;
    return check->kind->compile(check, error);
}

enum bs_code datom_attr_check_new(struct bs_str text, struct datom_attr_check **ret_check,
                                  struct bs_error *error)
{
    struct datom_attr_check *check = bs_calloc(1, sizeof(*check));
    bs_ref_init(&check->ref);
    check->arena = bs_arena_new(0);
    enum bs_code code = compile(check, text, error);
    if (code == BS_OK) {
        *ret_check = check;
        return BS_OK;
    }
    datom_attr_check_unref(check);
    char shown[120];
    /* as a symbol, which prints without quotes and escapes */
    bs_error_prefix(error,
                    "%s is no check: ", edn_print_cut(edn_symbol(text), shown, sizeof(shown)));
    return code;
}

struct datom_attr_check *datom_attr_check_ref(struct datom_attr_check *check)
{
    bs_ref_get(&check->ref);
    return check;
}

void datom_attr_check_unref(struct datom_attr_check *check)
{
    if (!check || !bs_ref_put(&check->ref))
        return;
    bs_regexp_free(check->regexp);
    bs_arena_free(check->arena);
    free(check);
}

enum bs_code datom_attr_check_fits(const struct datom_attr_check *check, enum datom_type type,
                                   struct bs_error *error)
{
    if (check->kind->fits(check, type))
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_ATTR_CHECK,
                        "%s does not go with :%s: expected %s", check->kind->name,
                        datom_type_ident(type), check->kind->types);
}

bool datom_attr_check_passes(const struct datom_attr_check *check, struct datom_db *db,
                             struct edn value)
{
    return check->kind->passes(check, db, value);
}

bool datom_attr_check_is_form(struct edn form)
{
    return form.type == EDN_LIST && form.len > 0 && form.as.items[0].type == EDN_SYMBOL;
}

bool datom_attr_check_normalize(struct edn form, struct bs_arena *arena, struct edn *ret_text)
{
    if (form.type == EDN_STRING && edn_read(edn_text_of(form), arena, &form, NULL) != BS_OK)
        return false;
    if (!datom_attr_check_is_form(form))
        return false;
    *ret_text = edn_string(edn_print_short(arena, form, 0));
    return true;
}
