/*
 * What names mean while a query is parsed: variables in their scope, data sources, the forms that
 * bind; and how the parser says what is wrong.
 */
#include "query/parse.h"

enum bs_code parse_fail_at(struct parser *p, const char *file, int line, struct edn form,
                           const char *format, ...)
{
    char message[600];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    char text[200];
    return bs_error_set_at(p->error, BS_REASON_Q_INVALID_QUERY, file, line, "%s: %s",
                           edn_print_cut(form, text, sizeof(text)), message);
}

bool parse_is_var(struct edn form)
{
    return form.type == EDN_SYMBOL && form.len > 1 && form.as.text[0] == '?';
}

bool parse_is_blank(struct edn form)
{
    return edn_is_symbol(form, "_");
}

bool parse_is_source(struct edn form)
{
    return form.type == EDN_SYMBOL && form.len > 0 && form.as.text[0] == '$';
}

static void scope_add(struct parser *p, struct bs_str name, uint16_t var)
{
    struct scope *scope = p->scope;
    if (scope->count == scope->capacity) {
        size_t capacity = scope->capacity == 0 ? 8 : scope->capacity * 2;
        struct scope_entry *entries = bs_arena_new_array(p->arena, capacity, struct scope_entry);
        if (scope->count > 0)
            memcpy(entries, scope->entries, scope->count * sizeof(*entries));
        scope->entries = entries;
        scope->capacity = capacity;
    }
    scope->entries[scope->count++] = (struct scope_entry){.name = name, .var = var};
}

enum bs_code parse_var(struct parser *p, struct edn form, uint16_t *ret_var)
{
    struct bs_str name = edn_text_of(form);
    for (size_t i = 0; i < p->scope->count; i++) {
        if (bs_str_equal(p->scope->entries[i].name, name)) {
            *ret_var = p->scope->entries[i].var;
            return BS_OK;
        }
    }
    if (p->vars_count == QUERY_VARS_MAX)
        return parse_fail(p, form, "more than %d variables", QUERY_VARS_MAX);
    uint16_t var = (uint16_t)p->vars_count++;
    p->vars[var] = name;
    scope_add(p, name, var);
    *ret_var = var;
    return BS_OK;
}

enum bs_code parse_source(struct parser *p, struct edn form, uint16_t *ret_source)
{
    struct bs_str name = edn_text_of(form);
    if (bs_str_equals(name, "$")) {
        *ret_source = p->default_source;
        return BS_OK;
    }
    for (size_t i = 0; i < *p->sources_count; i++) {
        if (bs_str_equal(p->sources[i], name)) {
            *ret_source = (uint16_t)i;
            return BS_OK;
        }
    }
    return parse_fail(p, form, "no such data source in :in");
}

/* ---- bindings ---- */

static enum bs_code parse_binding_items(struct parser *p, const struct edn *forms, size_t count,
                                        struct binding *ret_binding)
{
    struct binding *items = bs_arena_new_array(p->arena, count, struct binding);
    struct varset vars = {0};
    for (size_t i = 0; i < count; i++) {
        BS_TRY(parse_binding(p, forms[i], &items[i]));
        vars = varset_union(vars, items[i].vars);
    }
    ret_binding->items = items;
    ret_binding->count = count;
    ret_binding->vars = vars;
    return BS_OK;
}

static enum bs_code parse_binding_vector(struct parser *p, struct edn form,
                                         struct binding *ret_binding)
{
    size_t count = form.len;
    if (count == 0)
        return parse_fail(p, form, "a binding form names at least one variable");
    if (count == 2 && edn_is_symbol(form.as.items[1], "...")) {
        ret_binding->kind = BINDING_COLLECTION;
        return parse_binding_items(p, form.as.items, 1, ret_binding);
    }
    if (count == 1 && form.as.items[0].type == EDN_VECTOR) {
        ret_binding->kind = BINDING_COLLECTION;
        return parse_binding_items(p, form.as.items, 1, ret_binding);
    }
    ret_binding->kind = BINDING_TUPLE;
    return parse_binding_items(p, form.as.items, count, ret_binding);
}

enum bs_code parse_binding(struct parser *p, struct edn form, struct binding *ret_binding)
{
    *ret_binding = (struct binding){.kind = BINDING_IGNORE};
    if (parse_is_blank(form))
        return BS_OK;
    if (parse_is_var(form)) {
        ret_binding->kind = BINDING_SCALAR;
        BS_TRY(parse_var(p, form, &ret_binding->var));
        varset_add(&ret_binding->vars, ret_binding->var);
        return BS_OK;
    }
    if (form.type != EDN_VECTOR)
        return parse_fail(p, form,
                          "a binding form is ?x, [?x ?y], [?x ...], [[?x ?y]] or _, not a %s",
                          edn_type_name((enum edn_type)form.type));
    if (++p->depth > QUERY_NESTING_MAX)
        return parse_fail(p, form, "nested deeper than %d", QUERY_NESTING_MAX);
    BS_TRY(parse_binding_vector(p, form, ret_binding));
    p->depth--;
    return BS_OK;
}
