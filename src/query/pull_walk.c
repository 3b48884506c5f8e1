/*
 * The walk of a pull: down from an entity by the pattern; components without a pattern of their own
 * are pulled whole. An entity met again on a way down that the pattern does not spell out
 * (recursion, components) is {:db/id N}. The depth is bounded, so that a long chain is an error and
 * not the end of the stack.
 */
#include "query/pull.h"

#include "query/attributes.h"
#include "query/value.h"

/* The entities above this one. */
struct path {
    datom_id id;
    const struct path *up;
    size_t depth;
};

/* How many levels a recursive spec still has. */
struct level {
    const struct pull_spec *spec;
    int64_t left;
    const struct level *up;
};

struct visit {
    struct pull *pull;
    const struct query_pattern *pattern; /* NULL: everything, of a component */
    struct path path;
    const struct level *levels;
    struct edn_list pairs;
};

static enum bs_code visit_entity(struct pull *pull, const struct query_pattern *pattern,
                                 datom_id id, const struct path *up, const struct level *levels,
                                 struct edn *ret_value);

static enum bs_code poll(struct pull *pull)
{
    if ((++pull->ticks & 255) != 0)
        return BS_OK;
    BS_TRY(bs_interrupt_check(pull->interrupt, pull->error));
    if (bs_arena_used_bytes(pull->arena) > pull->budget_bytes)
        return bs_error_set(pull->error, BS_REASON_Q_BUDGET,
                            "the pull needs more than its budget of %llu bytes",
                            (unsigned long long)pull->budget_bytes);
    return bs_arena_check(pull->arena, (size_t)64 * 1024, "the result of a pull", pull->error);
}

/* ---- reading ---- */

/* The values (or, by vaet, the entities) of a range, at most `limit`. */
static enum bs_code read_values(struct pull *pull, const struct datom_range *range, int64_t limit,
                                struct edn_list *values)
{
    struct datom_cursor *cursor = NULL;
    enum bs_code code = datom_cursor_open(pull->db, range, &cursor, pull->error);
    while (code == BS_OK && (int64_t)values->count < limit) {
        const struct datom *datoms = NULL;
        size_t count = 0;
        code = datom_cursor_next(cursor, &datoms, &count, pull->error);
        if (code != BS_OK || count == 0)
            break;
        for (size_t i = 0; i < count && (int64_t)values->count < limit && code == BS_OK; i++) {
            struct edn value = edn_long((int64_t)datoms[i].e);
            if (range->index == DATOM_EAVT)
                value = datoms[i].v;
            code = bs_arena_check(pull->arena, edn_dup_bytes(value) + 64, "the result of a pull",
                                  pull->error);
            if (code == BS_OK)
                edn_list_add(values, edn_dup(pull->arena, value));
            if (code == BS_OK)
                code = poll(pull);
        }
    }
    datom_cursor_free(cursor);
    return code;
}

static enum bs_code read_spec(struct pull *pull, const struct pull_spec *spec, datom_id id,
                              struct edn_list *values)
{
    const struct pull_attribute *wanted = &pull->attributes[spec->ordinal];
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = id};
    if (wanted->reverse)
        range =
            (struct datom_range){.index = DATOM_VAET, .has_v = true, .v = edn_long((int64_t)id)};
    range.has_a = true;
    range.a = wanted->attribute->id;
    bool one = !wanted->reverse && !wanted->attribute->many;
    return read_values(pull, &range, one ? 1 : spec->limit, values);
}

/* ---- what stands below ---- */

static struct edn id_map(struct pull *pull, datom_id id, bool with_ident)
{
    struct bs_str ident = with_ident ? datom_db_ident(pull->db, id) : BS_STR_EMPTY;
    struct edn pairs[4] = {EDN_KEYWORD_LIT("db/id"), edn_long((int64_t)id)};
    if (ident.len == 0)
        return edn_map_of(pull->arena, pairs, 1);
    pairs[2] = EDN_KEYWORD_LIT("db/ident");
    pairs[3] = edn_keyword(bs_arena_dup(pull->arena, ident));
    return edn_map_of(pull->arena, pairs, 2);
}

static bool is_above(const struct path *path, datom_id id)
{
    for (; path != NULL; path = path->up)
        if (path->id == id)
            return true;
    return false;
}

/* A component, whole. */
static enum bs_code expand(struct visit *visit, datom_id id, struct edn *ret_value)
{
    if (is_above(&visit->path, id)) {
        *ret_value = id_map(visit->pull, id, false);
        return BS_OK;
    }
    BS_TRY(visit_entity(visit->pull, NULL, id, &visit->path, NULL, ret_value));
    if (edn_is_nil(*ret_value))
        *ret_value = id_map(visit->pull, id, false);
    return BS_OK;
}

static enum bs_code recurse(struct visit *visit, const struct pull_spec *spec, int64_t left,
                            datom_id id, struct edn *ret_value)
{
    if (is_above(&visit->path, id)) {
        *ret_value = id_map(visit->pull, id, false);
        return BS_OK;
    }
    struct level level = {
        .spec = spec,
        .left = left == PULL_UNLIMITED ? left : left - 1,
        .up = visit->levels,
    };
    return visit_entity(visit->pull, visit->pattern, id, &visit->path, &level, ret_value);
}

/* What stands for a value in the result; nil: nothing. */
static enum bs_code shape_value(struct visit *visit, const struct pull_spec *spec, int64_t left,
                                struct edn value, struct edn *ret_value)
{
    const struct pull_attribute *wanted = &visit->pull->attributes[spec->ordinal];
    *ret_value = value;
    if (wanted->attribute->type != DATOM_TYPE_REF)
        return BS_OK;
    datom_id id = (datom_id)value.as.integer;
    switch (spec->sub) {
    case PULL_SUB_PATTERN:
        return visit_entity(visit->pull, spec->pattern, id, &visit->path, visit->levels, ret_value);
    case PULL_SUB_RECURSION:
        return recurse(visit, spec, left, id, ret_value);
    case PULL_SUB_NONE:
        break;
    }
    if (wanted->attribute->is_component && !wanted->reverse)
        return expand(visit, id, ret_value);
    *ret_value = id_map(visit->pull, id, false);
    return BS_OK;
}

/* ---- options ---- */

static enum bs_code apply_xform(struct pull *pull, enum pull_xform xform, struct edn value,
                                struct edn *ret_value)
{
    bool named = value.type == EDN_KEYWORD || value.type == EDN_SYMBOL || value.type == EDN_STRING;
    *ret_value = value;
    if (xform == XFORM_NONE || xform == XFORM_IDENTITY)
        return BS_OK;
    if (xform == XFORM_STR) {
        if (edn_is_nil(value))
            *ret_value = EDN_STRING_LIT("");
        else if (value.type == EDN_SYMBOL || value.type == EDN_URI || value.type == EDN_STRING)
            *ret_value = edn_string(edn_text_of(value));
        else
            *ret_value = edn_string(edn_print_short(pull->arena, value, 0));
        return BS_OK;
    }
    if (edn_is_nil(value))
        return BS_OK;
    char text[200];
    if (!named)
        return bs_error_set(pull->error, BS_REASON_Q_INVALID_ARGUMENT,
                            ":xform takes a keyword, symbol or string here, not %s",
                            edn_print_cut(value, text, sizeof(text)));
    if (xform == XFORM_KEYWORD || xform == XFORM_SYMBOL)
        *ret_value =
            edn_text(xform == XFORM_KEYWORD ? EDN_KEYWORD : EDN_SYMBOL, edn_text_of(value));
    else if (xform == XFORM_NAME)
        *ret_value = value.type == EDN_STRING ? value : edn_string(edn_name(value));
    else
        *ret_value = edn_namespace(value).len == 0 ? edn_nil() : edn_string(edn_namespace(value));
    return BS_OK;
}

/* The last one counts when two specs have one key. */
static void add_pair(struct visit *visit, struct edn key, struct edn value)
{
    for (size_t i = 0; i < visit->pairs.count; i += 2) {
        if (edn_equal(visit->pairs.items[i], key)) {
            visit->pairs.items[i + 1] = value;
            return;
        }
    }
    edn_list_add(&visit->pairs, key);
    edn_list_add(&visit->pairs, value);
}

static enum bs_code add_missing(struct visit *visit, const struct pull_spec *spec)
{
    if (!spec->has_default)
        return BS_OK;
    struct edn value = edn_nil();
    BS_TRY(apply_xform(visit->pull, spec->xform, edn_nil(), &value));
    if (edn_is_nil(value))
        value = spec->default_value;
    add_pair(visit, edn_dup(visit->pull->arena, spec->key), edn_dup(visit->pull->arena, value));
    return BS_OK;
}

/* ---- a spec ---- */

/* The levels that a recursive spec has from here. */
static int64_t levels_left(const struct visit *visit, const struct pull_spec *spec)
{
    for (const struct level *level = visit->levels; level != NULL; level = level->up)
        if (level->spec == spec)
            return level->left;
    return spec->recursion;
}

static enum bs_code visit_spec(struct visit *visit, const struct pull_spec *spec)
{
    struct pull *pull = visit->pull;
    const struct pull_attribute *wanted = &pull->attributes[spec->ordinal];
    int64_t left = spec->sub == PULL_SUB_RECURSION ? levels_left(visit, spec) : 0;
    if (spec->sub == PULL_SUB_RECURSION && left == 0)
        return BS_OK;
    struct edn_list values;
    edn_list_init(&values, pull->arena);
    BS_TRY(read_spec(pull, spec, visit->path.id, &values));
    if (values.count == 0)
        return add_missing(visit, spec);
    size_t count = 0;
    for (size_t i = 0; i < values.count; i++) {
        struct edn shaped = edn_nil();
        BS_TRY(shape_value(visit, spec, left, values.items[i], &shaped));
        if (!edn_is_nil(shaped))
            values.items[count++] = shaped;
    }
    bool single = wanted->reverse ? wanted->attribute->is_component : !wanted->attribute->many;
    if (single && count == 0)
        return add_missing(visit, spec);
    struct edn value = single ? values.items[0] : edn_collection(EDN_VECTOR, values.items, count);
    BS_TRY(apply_xform(pull, spec->xform, value, &value));
    add_pair(visit, edn_dup(pull->arena, spec->key), value);
    return BS_OK;
}

/* ---- everything ---- */

static bool is_spelled_out(const struct visit *visit, const struct datom_attribute *attribute)
{
    if (visit->pattern == NULL)
        return false;
    for (size_t i = 0; i < visit->pattern->count; i++) {
        const struct pull_spec *spec = &visit->pattern->specs[i];
        const struct pull_attribute *wanted = &visit->pull->attributes[spec->ordinal];
        if (spec->kind == PULL_ATTRIBUTE && !wanted->reverse &&
            wanted->attribute->id == attribute->id)
            return true;
    }
    return false;
}

static enum bs_code shape_wild(struct visit *visit, const struct datom_attribute *attribute,
                               struct edn value, struct edn *ret_value)
{
    *ret_value = value;
    if (attribute->type != DATOM_TYPE_REF)
        return BS_OK;
    datom_id id = (datom_id)value.as.integer;
    if (attribute->is_component)
        return expand(visit, id, ret_value);
    *ret_value = id_map(visit->pull, id, true);
    return BS_OK;
}

static enum bs_code visit_wild(struct visit *visit, const struct datom_attribute *attribute)
{
    struct edn_list values;
    edn_list_init(&values, visit->pull->arena);
    struct datom_range range = {
        .index = DATOM_EAVT,
        .has_e = true,
        .has_a = true,
        .e = visit->path.id,
        .a = attribute->id,
    };
    BS_TRY(read_values(visit->pull, &range, attribute->many ? BS_LIMIT_PULL_MANY : 1, &values));
    for (size_t i = 0; i < values.count; i++)
        BS_TRY(shape_wild(visit, attribute, values.items[i], &values.items[i]));
    struct edn key = edn_keyword(bs_arena_dup(visit->pull->arena, attribute->ident));
    if (values.count > 0)
        add_pair(visit, key,
                 attribute->many ? edn_list_finish(&values, EDN_VECTOR) : values.items[0]);
    return BS_OK;
}

static enum bs_code visit_everything(struct visit *visit)
{
    struct edn_list ids;
    edn_list_init(&ids, visit->pull->arena);
    BS_TRY(attributes_list(visit->pull->db, visit->path.id, visit->pull->interrupt, &ids,
                           visit->pull->error));
    if (ids.count > 0)
        add_pair(visit, EDN_KEYWORD_LIT("db/id"), edn_long((int64_t)visit->path.id));
    for (size_t i = 0; i < ids.count; i++) {
        const struct datom_attribute *attribute =
            datom_db_attribute(visit->pull->db, (datom_id)ids.items[i].as.integer);
        if (attribute != NULL && !is_spelled_out(visit, attribute))
            BS_TRY(visit_wild(visit, attribute));
    }
    return BS_OK;
}

static enum bs_code visit_specs(struct visit *visit)
{
    const struct query_pattern *pattern = visit->pattern;
    bool has_id = visit->pairs.count > 0;
    for (size_t i = 0; i < pattern->count; i++) {
        const struct pull_spec *spec = &pattern->specs[i];
        bool plain_id = spec->kind == PULL_DB_ID && edn_is_keyword(spec->key, "db/id");
        if (spec->kind == PULL_ATTRIBUTE)
            BS_TRY(visit_spec(visit, spec));
        else if (!plain_id || !has_id)
            add_pair(visit, edn_dup(visit->pull->arena, spec->key),
                     edn_long((int64_t)visit->path.id));
        has_id = has_id || plain_id;
    }
    return BS_OK;
}

static enum bs_code visit_entity(struct pull *pull, const struct query_pattern *pattern,
                                 datom_id id, const struct path *up, const struct level *levels,
                                 struct edn *ret_value)
{
    struct visit visit = {
        .pull = pull,
        .pattern = pattern,
        .path = {.id = id, .up = up, .depth = up != NULL ? up->depth + 1 : 1},
        .levels = levels,
    };
    if (visit.path.depth > PULL_DEPTH_MAX)
        return bs_error_set(pull->error, BS_REASON_LIMIT,
                            "a pull goes at most %d entities deep; give the recursion a number",
                            PULL_DEPTH_MAX);
    BS_TRY(poll(pull));
    edn_list_init(&visit.pairs, pull->arena);
    if (pattern == NULL || pattern->has_wildcard)
        BS_TRY(visit_everything(&visit));
    if (pattern != NULL)
        BS_TRY(visit_specs(&visit));
    *ret_value = edn_nil();
    if (visit.pairs.count > 0)
        *ret_value = edn_list_finish(&visit.pairs, EDN_MAP);
    return BS_OK;
}

enum bs_code pull_entity(struct pull *pull, datom_id id, struct edn *ret_value)
{
    return visit_entity(pull, pull->pattern, id, NULL, NULL, ret_value);
}
