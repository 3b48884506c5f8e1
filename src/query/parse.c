/*
 * From EDN to a query: splits the form into its sections, declares inputs, and checks what can be
 * checked without a database. Clauses are parse_clause.c's, the find spec parse_find.c's. What it
 * lets through is well formed; whether every variable can be bound is decided when the query runs,
 * because rules come as an input.
 */
#include "query/parse.h"

enum section {
    SECTION_FIND,
    SECTION_WITH,
    SECTION_IN,
    SECTION_WHERE,
    SECTION_KEYS,
    SECTION_STRS,
    SECTION_SYMS,
    SECTION_ORDER_BY,
    SECTION_LIMIT,
    SECTION_OFFSET,
    SECTION_COUNT,
};

static const char *const section_names[SECTION_COUNT] = {
    "find", "with", "in", "where", "keys", "strs", "syms", "order-by", "limit", "offset",
};

struct sections {
    bool given[SECTION_COUNT];
    struct edn forms[SECTION_COUNT]; /* always a vector */
};

/* ---- sections ---- */

static enum bs_code find_section(struct parser *p, struct edn key, enum section *ret_section)
{
    if (key.type != EDN_KEYWORD)
        return parse_fail(p, key, "a section of a query starts with a keyword such as :find");
    size_t nearest = 0;
    size_t nearest_distance = SIZE_MAX;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        struct bs_str name = bs_str_from(section_names[i]);
        if (bs_str_equal(edn_text_of(key), name)) {
            *ret_section = (enum section)i;
            return BS_OK;
        }
        size_t distance = bs_str_distance(edn_text_of(key), name);
        if (distance < nearest_distance) {
            nearest = i;
            nearest_distance = distance;
        }
    }
    return parse_fail(p, key, "no such section of a query; did you mean :%s?",
                      section_names[nearest]);
}

static enum bs_code take_section(struct parser *p, struct sections *sections, enum section section,
                                 struct edn form)
{
    if (sections->given[section])
        return parse_fail(p, form, ":%s is given twice", section_names[section]);
    sections->given[section] = true;
    sections->forms[section] = form;
    return BS_OK;
}

static bool starts_section(struct edn item, bool in_order)
{
    if (item.type != EDN_KEYWORD)
        return false;
    return !in_order || (!edn_is_keyword(item, "asc") && !edn_is_keyword(item, "desc"));
}

static enum bs_code split_vector(struct parser *p, struct edn form, struct sections *sections)
{
    size_t i = 0;
    while (i < form.len) {
        enum section section = SECTION_FIND;
        BS_TRY(find_section(p, form.as.items[i], &section));
        size_t end = ++i;
        while (end < form.len && !starts_section(form.as.items[end], section == SECTION_ORDER_BY))
            end++;
        BS_TRY(take_section(p, sections, section,
                            edn_collection(EDN_VECTOR, form.as.items + i, end - i)));
        i = end;
    }
    return BS_OK;
}

static enum bs_code split_map(struct parser *p, struct edn form, struct sections *sections)
{
    for (size_t i = 0; i < form.len; i++) {
        enum section section = SECTION_FIND;
        BS_TRY(find_section(p, form.as.items[2 * i], &section));
        struct edn value = form.as.items[2 * i + 1];
        if (section == SECTION_LIMIT || section == SECTION_OFFSET) {
            struct edn *item = bs_arena_new_array(p->arena, 1, struct edn);
            *item = value;
            if (value.type != EDN_VECTOR)
                value = edn_collection(EDN_VECTOR, item, 1);
        }
        if (!edn_is_sequential(value))
            return parse_fail(p, value, "the value of :%s in a query map is a vector",
                              section_names[section]);
        BS_TRY(take_section(p, sections, section, value));
    }
    return BS_OK;
}

/* ---- inputs ---- */

static enum bs_code add_source(struct parser *p, struct edn form, uint16_t *ret_source)
{
    struct bs_str name = edn_text_of(form);
    if (bs_str_equals(name, "$")) {
        *ret_source = 0;
        return BS_OK;
    }
    if (*p->sources_count == QUERY_SOURCES_MAX)
        return parse_fail(p, form, "more than %d data sources", QUERY_SOURCES_MAX);
    *ret_source = (uint16_t)*p->sources_count;
    p->sources[(*p->sources_count)++] = name;
    return BS_OK;
}

static enum bs_code parse_input(struct parser *p, struct edn form, struct input *ret_input)
{
    *ret_input = (struct input){.kind = INPUT_BINDING, .form = form};
    if (parse_is_source(form)) {
        ret_input->kind = INPUT_SOURCE;
        return add_source(p, form, &ret_input->source);
    }
    if (edn_is_symbol(form, "%")) {
        ret_input->kind = INPUT_RULES;
        return BS_OK;
    }
    if (form.type == EDN_SYMBOL && !parse_is_var(form) && !parse_is_blank(form)) {
        ret_input->kind = INPUT_PATTERN;
        return BS_OK;
    }
    return parse_binding(p, form, &ret_input->binding);
}

static enum bs_code parse_inputs(struct parser *p, struct query *query, struct edn in)
{
    struct input *inputs = bs_arena_new_array(p->arena, in.len, struct input);
    struct varset seen = {0};
    for (size_t i = 0; i < in.len; i++) {
        struct edn form = in.as.items[i];
        if (form.type == EDN_SYMBOL && !parse_is_blank(form) &&
            edn_contains(edn_collection(EDN_VECTOR, in.as.items, i), form))
            return parse_fail(p, form, "stands twice in :in");
        BS_TRY(parse_input(p, form, &inputs[i]));
        struct varset twice = varset_intersection(seen, inputs[i].binding.vars);
        if (!varset_is_empty(&twice))
            return parse_fail(p, form, "binds a variable that an input before it binds");
        seen = varset_union(seen, inputs[i].binding.vars);
    }
    query->inputs = inputs;
    query->inputs_count = in.len;
    return BS_OK;
}

static enum bs_code parse_count(struct parser *p, struct edn form, const char *what,
                                bool *ret_given, uint64_t *ret_count)
{
    if (form.len != 1)
        return parse_fail(p, form, "%s takes one number", what);
    struct edn value = form.as.items[0];
    if (edn_is_nil(value))
        return BS_OK;
    if (value.type != EDN_LONG || value.as.integer < 0)
        return parse_fail(p, value, "%s takes a number from 0, or nil", what);
    *ret_given = true;
    *ret_count = (uint64_t)value.as.integer;
    return BS_OK;
}

static enum bs_code parse_options(struct parser *p, struct query *query,
                                  const struct sections *sections)
{
    static const enum section maps[] = {SECTION_KEYS, SECTION_STRS, SECTION_SYMS};
    for (size_t i = 0; i < BS_ARRAY_COUNT(maps); i++) {
        if (!sections->given[maps[i]])
            continue;
        if (query->return_map != RETURN_VECTORS)
            return parse_fail(p, sections->forms[maps[i]],
                              "only one of :keys, :strs and :syms may be given");
        BS_TRY(parse_return_map(p, query, (enum return_map)(RETURN_KEYS + i),
                                sections->forms[maps[i]]));
    }
    if (sections->given[SECTION_ORDER_BY])
        BS_TRY(parse_order(p, query, sections->forms[SECTION_ORDER_BY]));
    bool has_offset = false;
    if (sections->given[SECTION_LIMIT])
        BS_TRY(parse_count(p, sections->forms[SECTION_LIMIT], ":limit", &query->has_limit,
                           &query->limit));
    if (sections->given[SECTION_OFFSET])
        BS_TRY(parse_count(p, sections->forms[SECTION_OFFSET], ":offset", &has_offset,
                           &query->offset));
    return BS_OK;
}

static enum bs_code parse_sections(struct parser *p, struct query *query,
                                   const struct sections *sections)
{
    static const struct edn default_in = {.type = EDN_SYMBOL, .len = 1, .as.text = "$"};
    struct edn in = edn_collection(EDN_VECTOR, &default_in, 1);
    query->has_in = sections->given[SECTION_IN];
    if (query->has_in)
        in = sections->forms[SECTION_IN];
    BS_TRY(parse_inputs(p, query, in));
    struct edn where = sections->forms[SECTION_WHERE];
    if (sections->given[SECTION_WHERE])
        BS_TRY(parse_clauses(p, where.as.items, where.len, &query->where));
    struct edn with = edn_collection(EDN_VECTOR, NULL, 0);
    if (sections->given[SECTION_WITH])
        with = sections->forms[SECTION_WITH];
    query->has_with = with.len > 0;
    BS_TRY(parse_find(p, query, sections->forms[SECTION_FIND], with));
    return parse_options(p, query, sections);
}

static enum bs_code parse_into(struct query *query, struct edn form, struct bs_error *error)
{
    struct scope scope = {0};
    struct parser p = {
        .arena = query->arena,
        .error = error,
        .vars = bs_arena_new_array(query->arena, QUERY_VARS_MAX, struct bs_str),
        .sources = query->sources,
        .sources_count = &query->sources_count,
        .scope = &scope,
    };
    query->sources[0] = BS_STR("$");
    query->sources_count = 1;
    if (form.type == EDN_STRING)
        BS_TRY(edn_read(edn_text_of(form), query->arena, &form, error));
    struct sections sections = {0};
    if (form.type == EDN_VECTOR || form.type == EDN_LIST)
        BS_TRY(split_vector(&p, form, &sections));
    else if (form.type == EDN_MAP)
        BS_TRY(split_map(&p, form, &sections));
    else
        return parse_fail(&p, form, "a query is a vector, a map or a string, not a %s",
                          edn_type_name((enum edn_type)form.type));
    if (!sections.given[SECTION_FIND])
        return parse_fail(&p, form, "a query has a :find");
    if (!sections.given[SECTION_IN] && !sections.given[SECTION_WHERE])
        return parse_fail(&p, form, "a query has an :in or a :where");
    BS_TRY(parse_sections(&p, query, &sections));
    query->vars = p.vars;
    query->vars_count = p.vars_count;
    return BS_OK;
}

enum bs_code query_parse(struct edn form, struct query **ret_query, struct bs_error *error)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct query *query = bs_arena_new_item(arena, struct query);
    query->arena = arena;
    enum bs_code code = parse_into(query, edn_dup(arena, form), error);
    if (code != BS_OK) {
        query_free(query);
        return code;
    }
    *ret_query = query;
    return BS_OK;
}

void query_free(struct query *query)
{
    if (query == NULL)
        return;
    for (size_t i = 0; i < query->find_count; i++) {
        /* the patterns stand in arenas of their own */
        union {
            const struct query_pattern *in;
            struct query_pattern *out;
        } pattern = {.in = query->find[i].pattern};
        query_pattern_free(pattern.out);
    }
    bs_arena_free(query->arena);
}

void query_freep(struct query **query)
{
    query_free(*query);
}

size_t query_inputs_count(const struct query *query)
{
    return query->inputs_count;
}

struct bs_str query_column(const struct query *query, size_t idx)
{
    BS_ASSERT(idx < query->find_count);
    return query->columns[idx];
}

size_t query_columns_count(const struct query *query)
{
    return query->find_count;
}

enum query_shape query_find_shape(const struct query *query)
{
    return query->shape;
}
