/* Pull patterns: from EDN to specs. Attributes are looked up when a database is at hand (pull.c).
 */
#include "query/pull.h"
#include "query/value.h"

struct pull_parser {
    struct bs_arena *arena;
    struct bs_error *error;
    size_t ordinals;
    unsigned depth;
};

static enum bs_code fail(struct pull_parser *p, struct edn form, const char *what)
{
    char text[200];
    return bs_error_set(p->error, BS_REASON_Q_INVALID_PULL, "%s: %s",
                        edn_print_cut(form, text, sizeof(text)), what);
}

static enum bs_code parse_pattern(struct pull_parser *p, struct edn form,
                                  struct query_pattern *pattern);

static bool is_wildcard(struct edn form)
{
    return edn_is_symbol(form, "*") || edn_is_keyword(form, "*") ||
           edn_is_text(form, EDN_STRING, BS_STR("*"));
}

static enum bs_code parse_name(struct pull_parser *p, struct edn form, struct pull_spec *spec)
{
    if (form.type != EDN_KEYWORD)
        return fail(p, form, "an attribute is a keyword");
    *spec = (struct pull_spec){
        .kind = PULL_ATTRIBUTE,
        .attribute = edn_text_of(form),
        .name = edn_text_of(form),
        .key = form,
        .limit = BS_LIMIT_PULL_MANY,
    };
    if (edn_is_keyword(form, "db/id")) {
        spec->kind = PULL_DB_ID;
        return BS_OK;
    }
    struct bs_str name = edn_name(form);
    struct bs_str namespace = edn_namespace(form);
    if (name.len > 1 && name.ptr[0] == '_') {
        spec->reverse = true;
        spec->attribute = bs_str_from_offset(name, 1);
        if (namespace.len > 0)
            spec->attribute = bs_arena_printf(p->arena, "%.*s/%.*s", BS_STR_ARGS(namespace),
                                              BS_STR_ARGS(spec->attribute));
    }
    spec->ordinal = p->ordinals++;
    return BS_OK;
}

static enum bs_code parse_limit(struct pull_parser *p, struct edn value, struct pull_spec *spec)
{
    if (edn_is_nil(value)) {
        spec->limit = PULL_UNLIMITED;
        return BS_OK;
    }
    if (value.type != EDN_LONG || value.as.integer <= 0)
        return fail(p, value, ":limit is a positive number, or nil for all");
    spec->limit = value.as.integer;
    return BS_OK;
}

static enum bs_code parse_xform(struct pull_parser *p, struct edn value, struct pull_spec *spec)
{
    static const struct {
        const char *name;
        enum pull_xform xform;
    } xforms[] = {
        {"str", XFORM_STR},   {"keyword", XFORM_KEYWORD},     {"symbol", XFORM_SYMBOL},
        {"name", XFORM_NAME}, {"namespace", XFORM_NAMESPACE}, {"identity", XFORM_IDENTITY},
    };
    if (value.type != EDN_SYMBOL)
        return fail(p, value, ":xform is the name of a function");
    struct bs_str name = value_function_name(edn_text_of(value));
    for (size_t i = 0; i < BS_ARRAY_COUNT(xforms); i++) {
        if (bs_str_equals(name, xforms[i].name)) {
            spec->xform = xforms[i].xform;
            return BS_OK;
        }
    }
    return bs_error_set(p->error, BS_REASON_Q_UNKNOWN_FUNCTION,
                        ":xform %.*s: there are str, keyword, symbol, name, namespace, identity",
                        BS_STR_ARGS(edn_text_of(value)));
}

static enum bs_code parse_option(struct pull_parser *p, struct edn key, struct edn value,
                                 struct pull_spec *spec)
{
    if (edn_is_keyword(key, "as")) {
        spec->key = value;
        return BS_OK;
    }
    if (edn_is_keyword(key, "limit"))
        return parse_limit(p, value, spec);
    if (edn_is_keyword(key, "default")) {
        spec->has_default = true;
        spec->default_value = value;
        return BS_OK;
    }
    if (edn_is_keyword(key, "xform"))
        return parse_xform(p, value, spec);
    return fail(p, key, "an option is :as, :limit, :default or :xform");
}

static enum bs_code parse_attribute(struct pull_parser *p, struct edn form, struct pull_spec *spec);

/* (limit :a 10), (default :a "x") */
static enum bs_code parse_legacy(struct pull_parser *p, struct edn form, struct pull_spec *spec)
{
    const struct edn *items = form.as.items;
    if (form.len != 3)
        return fail(p, form, "expected (limit attribute number) or (default attribute value)");
    BS_TRY(parse_attribute(p, items[1], spec));
    bool is_limit = edn_is_text(items[0], (enum edn_type)items[0].type, BS_STR("limit"));
    return parse_option(p, is_limit ? EDN_KEYWORD_LIT("limit") : EDN_KEYWORD_LIT("default"),
                        items[2], spec);
}

static bool is_legacy(struct edn form)
{
    if (form.len == 0 ||
        (form.as.items[0].type != EDN_SYMBOL && form.as.items[0].type != EDN_STRING))
        return false;
    struct bs_str name = edn_text_of(form.as.items[0]);
    return bs_str_equals(name, "limit") || bs_str_equals(name, "default");
}

/* An attribute, alone or with options. */
static enum bs_code parse_attribute(struct pull_parser *p, struct edn form, struct pull_spec *spec)
{
    if (!edn_is_sequential(form))
        return parse_name(p, form, spec);
    if (++p->depth > PULL_PATTERN_DEPTH_MAX)
        return fail(p, form, "nested too deep");
    if (is_legacy(form)) {
        BS_TRY(parse_legacy(p, form, spec));
        p->depth--;
        return BS_OK;
    }
    if (form.len < 3 || form.len % 2 == 0)
        return fail(p, form, "an attribute with options is [:attribute :option value ...]");
    BS_TRY(parse_name(p, form.as.items[0], spec));
    for (size_t i = 1; i < form.len; i += 2)
        BS_TRY(parse_option(p, form.as.items[i], form.as.items[i + 1], spec));
    p->depth--;
    return BS_OK;
}

static enum bs_code parse_sub(struct pull_parser *p, struct edn form, struct pull_spec *spec)
{
    if (edn_is_symbol(form, "...") || edn_is_text(form, EDN_STRING, BS_STR("..."))) {
        spec->sub = PULL_SUB_RECURSION;
        spec->recursion = PULL_UNLIMITED;
        return BS_OK;
    }
    if (form.type == EDN_LONG) {
        if (form.as.integer <= 0)
            return fail(p, form, "a recursion goes at least one level down");
        spec->sub = PULL_SUB_RECURSION;
        spec->recursion = form.as.integer;
        return BS_OK;
    }
    if (form.type != EDN_VECTOR)
        return fail(p, form, "after an attribute in a map stands a pattern, a number or ...");
    struct query_pattern *pattern = bs_arena_new_item(p->arena, struct query_pattern);
    BS_TRY(parse_pattern(p, form, pattern));
    spec->sub = PULL_SUB_PATTERN;
    spec->pattern = pattern;
    return BS_OK;
}

static enum bs_code parse_map(struct pull_parser *p, struct edn form, struct pull_spec *specs,
                              size_t *count)
{
    for (size_t i = 0; i < form.len; i++) {
        struct pull_spec *spec = &specs[*count];
        BS_TRY(parse_attribute(p, form.as.items[2 * i], spec));
        if (spec->kind == PULL_DB_ID)
            return fail(p, form, ":db/id has nothing below it");
        BS_TRY(parse_sub(p, form.as.items[2 * i + 1], spec));
        (*count)++;
    }
    return BS_OK;
}

static enum bs_code parse_spec(struct pull_parser *p, struct edn form,
                               struct query_pattern *pattern, struct pull_spec *specs,
                               size_t *count)
{
    if (is_wildcard(form)) {
        pattern->has_wildcard = true;
        return BS_OK;
    }
    if (form.type == EDN_MAP)
        return parse_map(p, form, specs, count);
    BS_TRY(parse_attribute(p, form, &specs[*count]));
    (*count)++;
    return BS_OK;
}

static enum bs_code parse_pattern(struct pull_parser *p, struct edn form,
                                  struct query_pattern *pattern)
{
    if (form.type != EDN_VECTOR)
        return fail(p, form, "a pull pattern is a vector");
    if (form.len == 0)
        return fail(p, form, "a pull pattern names at least one attribute");
    if (++p->depth > PULL_PATTERN_DEPTH_MAX)
        return fail(p, form, "nested too deep");
    size_t max = 0;
    for (size_t i = 0; i < form.len; i++)
        max += form.as.items[i].type == EDN_MAP ? form.as.items[i].len : 1;
    struct pull_spec *specs = bs_arena_new_array(p->arena, max, struct pull_spec);
    size_t count = 0;
    for (size_t i = 0; i < form.len; i++)
        BS_TRY(parse_spec(p, form.as.items[i], pattern, specs, &count));
    pattern->specs = specs;
    pattern->count = count;
    p->depth--;
    return BS_OK;
}

enum bs_code query_pattern_parse(struct edn form, struct query_pattern **ret_pattern,
                                 struct bs_error *error)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct pull_parser p = {.arena = arena, .error = error};
    struct query_pattern *pattern = bs_arena_new_item(arena, struct query_pattern);
    pattern->arena = arena;
    enum bs_code code = BS_OK;
    if (form.type == EDN_STRING && !is_wildcard(form))
        code = edn_read(edn_text_of(form), arena, &form, error);
    if (code == BS_OK)
        code = parse_pattern(&p, edn_dup(arena, form), pattern);
    if (code != BS_OK) {
        bs_arena_free(arena);
        return code;
    }
    pattern->attributes_count = p.ordinals;
    *ret_pattern = pattern;
    return BS_OK;
}

void query_pattern_free(struct query_pattern *pattern)
{
    if (pattern != NULL)
        bs_arena_free(pattern->arena);
}
