/*
 * The clauses of :where, of rules, and inside not and or. The clauses of a conjunction are put in
 * one order that does not depend on how they were written, so that nothing downstream can.
 */
#include "query/builtin.h"
#include "query/parse.h"

static enum bs_code parse_clause(struct parser *p, struct edn form, struct clause *ret_clause);

/* ---- terms ---- */

static bool holds_var(struct edn form)
{
    if (form.type == EDN_SYMBOL)
        return parse_is_var(form);
    size_t count = form.type == EDN_MAP      ? 2 * (size_t)form.len
                   : edn_is_collection(form) ? form.len
                                             : 0;
    for (size_t i = 0; i < count; i++)
        if (holds_var(form.as.items[i]))
            return true;
    return false;
}

static enum bs_code parse_term(struct parser *p, struct edn form, struct term *ret_term)
{
    *ret_term = (struct term){.kind = TERM_CONST, .value = form};
    if (parse_is_blank(form)) {
        ret_term->kind = TERM_BLANK;
        return BS_OK;
    }
    if (parse_is_var(form)) {
        ret_term->kind = TERM_VAR;
        return parse_var(p, form, &ret_term->var);
    }
    if (holds_var(form))
        return parse_fail(p, form,
                          "a variable inside a constant: bind the whole with a clause of "
                          "its own, such as [(tuple ?a ?b) ?t]");
    if (form.type == EDN_LIST)
        return parse_fail(p, form, "a call has a clause of its own: [(f ?x) ?y]");
    return BS_OK;
}

static enum bs_code parse_terms(struct parser *p, const struct edn *forms, size_t count,
                                struct clause *clause)
{
    struct term *terms = bs_arena_new_array(p->arena, count, struct term);
    for (size_t i = 0; i < count; i++) {
        BS_TRY(parse_term(p, forms[i], &terms[i]));
        if (terms[i].kind == TERM_VAR)
            varset_add(&clause->vars, terms[i].var);
    }
    clause->terms = terms;
    clause->terms_count = count;
    return BS_OK;
}

/* ---- patterns ---- */

static enum bs_code parse_pattern(struct parser *p, struct edn form, struct clause *clause)
{
    clause->kind = CLAUSE_PATTERN;
    clause->source = p->default_source;
    const struct edn *items = form.as.items;
    size_t count = form.len;
    if (count > 0 && parse_is_source(items[0])) {
        BS_TRY(parse_source(p, items[0], &clause->source));
        items++;
        count--;
    }
    if (count == 0)
        return parse_fail(p, form, "a data pattern is [e a v tx op], with at least the first");
    return parse_terms(p, items, count, clause);
}

/* ---- calls ---- */

static enum bs_code parse_call(struct parser *p, struct edn form, const struct call **ret_call);

static enum bs_code parse_argument(struct parser *p, struct edn form, struct term *ret_term,
                                   struct varset *vars)
{
    *ret_term = (struct term){.kind = TERM_CONST, .value = form};
    if (parse_is_var(form)) {
        ret_term->kind = TERM_VAR;
        BS_TRY(parse_var(p, form, &ret_term->var));
        varset_add(vars, ret_term->var);
        return BS_OK;
    }
    if (parse_is_source(form)) {
        ret_term->kind = TERM_SOURCE;
        return parse_source(p, form, &ret_term->source);
    }
    if (form.type == EDN_LIST && form.len > 0 && form.as.items[0].type == EDN_SYMBOL) {
        ret_term->kind = TERM_CALL;
        BS_TRY(parse_call(p, form, &ret_term->call));
        *vars = varset_union(*vars, ret_term->call->vars);
        return BS_OK;
    }
    if (form.type == EDN_SYMBOL)
        return parse_fail(p, form,
                          "an argument is a constant, a variable, a data source or a call");
    if (holds_var(form))
        return parse_fail(p, form,
                          "a variable inside a constant: bind the whole with a clause of "
                          "its own, such as [(vector ?a ?b) ?t]");
    return BS_OK;
}

static enum bs_code parse_call(struct parser *p, struct edn form, const struct call **ret_call)
{
    if (form.len == 0 || form.as.items[0].type != EDN_SYMBOL)
        return parse_fail(p, form, "a call starts with the name of a function");
    if (++p->depth > QUERY_NESTING_MAX)
        return parse_fail(p, form, "nested deeper than %d", QUERY_NESTING_MAX);
    struct call *call = bs_arena_new_item(p->arena, struct call);
    call->form = form;
    BS_TRY(builtin_find(edn_text_of(form.as.items[0]), &call->function, p->error));
    call->count = form.len - 1;
    BS_TRY(builtin_check_arity(call->function, form, call->count, p->error));
    struct term *args = bs_arena_new_array(p->arena, call->count, struct term);
    for (size_t i = 0; i < call->count; i++) {
        BS_TRY(parse_argument(p, form.as.items[i + 1], &args[i], &call->vars));
        bool source_first = i == 0 && builtin_takes_source(call->function);
        /* (tx-ids ?log ...), as Datomic's manual writes it: the value is looked at in the call */
        if (source_first && args[i].kind == TERM_VAR && builtin_reads_log(call->function))
            continue;
        if (source_first != (args[i].kind == TERM_SOURCE))
            return parse_fail(p, form,
                              source_first ? "the first argument is a data source, such as $"
                                           : "a data source is no argument of this function");
    }
    call->args = args;
    p->depth--;
    *ret_call = call;
    return BS_OK;
}

static enum bs_code parse_call_clause(struct parser *p, struct edn form, struct clause *clause)
{
    if (form.len > 2)
        return parse_fail(p, form, "a call is [(f ?x)] or [(f ?x) binding]");
    BS_TRY(parse_call(p, form.as.items[0], &clause->call));
    clause->vars = clause->call->vars;
    clause->kind = CLAUSE_PREDICATE;
    if (form.len == 1)
        return BS_OK;
    clause->kind = CLAUSE_FUNCTION;
    BS_TRY(parse_binding(p, form.as.items[1], &clause->binding));
    clause->vars = varset_union(clause->vars, clause->binding.vars);
    return BS_OK;
}

/* ---- not, or ---- */

static struct varset clauses_vars(const struct clauses *clauses)
{
    struct varset vars = {0};
    for (size_t i = 0; i < clauses->count; i++)
        vars = varset_union(vars, clauses->items[i].vars);
    return vars;
}

/* What the branches of an or can bind; of an or-join, the variables that it lists. */
static struct varset branches_bind(const struct clause *clause)
{
    struct varset vars = {0};
    for (size_t i = 0; i < clause->branches_count; i++)
        for (size_t j = 0; j < clause->branches[i].count; j++)
            vars = varset_union(vars, clause_binds(&clause->branches[i].items[j]));
    return clause->is_join ? clause->vars : vars;
}

static enum bs_code parse_join_var(struct parser *p, struct edn form, struct scope *outer,
                                   struct clause *clause, bool required)
{
    if (!parse_is_var(form))
        return parse_fail(p, form, "the variables of a join are ?x, or [[?x] ?y] in an or-join");
    struct scope *inner = p->scope;
    p->scope = outer;
    uint16_t var = 0;
    enum bs_code code = parse_var(p, form, &var);
    p->scope = inner;
    if (code != BS_OK)
        return code;
    varset_add(&clause->vars, var);
    if (required)
        varset_add(&clause->required, var);
    if (inner->count == inner->capacity)
        return parse_fail(p, form, "a variable stands twice");
    inner->entries[inner->count++] = (struct scope_entry){.name = edn_text_of(form), .var = var};
    return BS_OK;
}

/* The [?a ?b] or [[?a] ?b] of a join: opens `scope`, which the caller closes. */
static enum bs_code open_join(struct parser *p, struct edn form, struct scope *scope,
                              struct clause *clause)
{
    if (form.type != EDN_VECTOR || form.len == 0)
        return parse_fail(p, form, "a join lists its variables in a vector: (or-join [?x] ...)");
    size_t max = form.len;
    bool has_required = form.as.items[0].type == EDN_VECTOR;
    if (has_required)
        max += form.as.items[0].len;
    struct scope *outer = p->scope;
    *scope = (struct scope){
        .entries = bs_arena_new_array(p->arena, max, struct scope_entry),
        .capacity = max,
    };
    p->scope = scope;
    size_t first = 0;
    if (has_required) {
        if (clause->kind != CLAUSE_OR)
            return parse_fail(p, form, "not-join has no required variables: all of them are");
        struct edn required = form.as.items[0];
        for (size_t i = 0; i < required.len; i++)
            BS_TRY(parse_join_var(p, required.as.items[i], outer, clause, true));
        first = 1;
    }
    for (size_t i = first; i < form.len; i++)
        BS_TRY(parse_join_var(p, form.as.items[i], outer, clause, false));
    clause->is_join = true;
    return BS_OK;
}

static enum bs_code parse_not(struct parser *p, struct edn form, const struct edn *items,
                              size_t count, struct clause *clause)
{
    clause->kind = CLAUSE_NOT;
    struct scope *outer = p->scope;
    struct scope scope;
    bool is_join = edn_is_symbol(items[0], "not-join");
    size_t first = is_join ? 2 : 1;
    if (count <= first)
        return parse_fail(p, form, "%s",
                          is_join ? "a not-join is (not-join [?x] clause ...)"
                                  : "a not is (not clause ...)");
    if (is_join)
        BS_TRY(open_join(p, items[1], &scope, clause));
    struct clauses *body = bs_arena_new_array(p->arena, 1, struct clauses);
    BS_TRY(parse_clauses(p, items + first, count - first, body));
    p->scope = outer;
    clause->branches = body;
    clause->branches_count = 1;
    if (!is_join)
        clause->vars = clauses_vars(body);
    return BS_OK;
}

static enum bs_code parse_branch(struct parser *p, struct edn form, struct clauses *branch)
{
    if (form.type == EDN_LIST && form.len > 0 && edn_is_symbol(form.as.items[0], "and")) {
        if (form.len == 1)
            return parse_fail(p, form, "an and is (and clause ...)");
        return parse_clauses(p, form.as.items + 1, form.len - 1, branch);
    }
    return parse_clauses(p, &form, 1, branch);
}

static enum bs_code parse_or(struct parser *p, struct edn form, const struct edn *items,
                             size_t count, struct clause *clause)
{
    clause->kind = CLAUSE_OR;
    struct scope *outer = p->scope;
    struct scope scope;
    bool is_join = edn_is_symbol(items[0], "or-join");
    size_t first = is_join ? 2 : 1;
    if (count <= first)
        return parse_fail(p, form, "%s",
                          is_join ? "an or-join is (or-join [?x] clause ...)"
                                  : "an or is (or clause ...)");
    if (is_join)
        BS_TRY(open_join(p, items[1], &scope, clause));
    size_t join_count = is_join ? p->scope->count : 0;
    struct clauses *branches = bs_arena_new_array(p->arena, count - first, struct clauses);
    for (size_t i = first; i < count; i++) {
        if (is_join) /* what is no join variable is each branch's own */
            scope.count = join_count;
        BS_TRY(parse_branch(p, items[i], &branches[i - first]));
        struct varset vars = clauses_vars(&branches[i - first]);
        if (is_join)
            continue;
        if (i > first && !varset_equal(vars, clause->vars))
            return parse_fail(p, items[i],
                              "every branch of an or uses the same variables; use "
                              "or-join to say which of them count");
        clause->vars = vars;
    }
    p->scope = outer;
    clause->branches = branches;
    clause->branches_count = count - first;
    clause->binds = branches_bind(clause);
    return BS_OK;
}

/* ---- rules ---- */

static enum bs_code parse_rule_call(struct parser *p, struct edn form, const struct edn *items,
                                    size_t count, struct clause *clause)
{
    clause->kind = CLAUSE_RULE;
    clause->source = p->default_source;
    clause->name = edn_text_of(items[0]);
    if (parse_is_var(items[0]) || parse_is_blank(items[0]))
        return parse_fail(p, form, "a rule is called by its name");
    if (count == 1)
        return parse_fail(p, form, "a rule is called with at least one argument");
    return parse_terms(p, items + 1, count - 1, clause);
}

static enum bs_code parse_list_clause(struct parser *p, struct edn form, struct clause *clause)
{
    const struct edn *items = form.as.items;
    size_t count = form.len;
    uint16_t outer_source = p->default_source;
    if (count > 0 && parse_is_source(items[0])) {
        BS_TRY(parse_source(p, items[0], &p->default_source));
        items++;
        count--;
    }
    if (count == 0 || items[0].type != EDN_SYMBOL)
        return parse_fail(p, form,
                          "a clause in parentheses is not, not-join, or, or-join, and, or "
                          "the call of a rule");
    if (edn_is_symbol(items[0], "not") || edn_is_symbol(items[0], "not-join"))
        BS_TRY(parse_not(p, form, items, count, clause));
    else if (edn_is_symbol(items[0], "or") || edn_is_symbol(items[0], "or-join"))
        BS_TRY(parse_or(p, form, items, count, clause));
    else if (edn_is_symbol(items[0], "and"))
        return parse_fail(p, form, "and stands only inside or and or-join");
    else
        BS_TRY(parse_rule_call(p, form, items, count, clause));
    p->default_source = outer_source;
    return BS_OK;
}

static enum bs_code parse_clause(struct parser *p, struct edn form, struct clause *clause)
{
    *clause = (struct clause){.form = form, .source = p->default_source};
    if (++p->depth > QUERY_NESTING_MAX)
        return parse_fail(p, form, "nested deeper than %d", QUERY_NESTING_MAX);
    if (form.type == EDN_LIST)
        BS_TRY(parse_list_clause(p, form, clause));
    else if (form.type != EDN_VECTOR)
        return parse_fail(p, form, "a clause is a vector or a list, not a %s",
                          edn_type_name((enum edn_type)form.type));
    else if (form.len > 0 && form.as.items[0].type == EDN_LIST)
        BS_TRY(parse_call_clause(p, form, clause));
    else
        BS_TRY(parse_pattern(p, form, clause));
    p->depth--;
    return BS_OK;
}

static int compare_clauses(const void *a, const void *b)
{
    const struct clause *x = (const struct clause *)a;
    const struct clause *y = (const struct clause *)b;
    return edn_compare(x->form, y->form);
}

enum bs_code parse_clauses(struct parser *p, const struct edn *forms, size_t count,
                           struct clauses *ret_clauses)
{
    struct clause *items = bs_arena_new_array(p->arena, count, struct clause);
    for (size_t i = 0; i < count; i++)
        BS_TRY(parse_clause(p, forms[i], &items[i]));
    qsort(items, count, sizeof(*items), compare_clauses);
    *ret_clauses = (struct clauses){.items = items, .count = count};
    return BS_OK;
}
