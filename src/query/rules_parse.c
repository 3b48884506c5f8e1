/*
 * Rules as an input: parsed and checked before anything runs. A rule may call itself and others in
 * any way, except through a not: then what it means would depend on when it is asked.
 */
#include "query/parse.h"
#include "query/rules.h"

/* ---- heads ---- */

static enum bs_code add_head_var(struct parser *p, struct edn form, struct rule_def *def,
                                 size_t *count)
{
    uint16_t var = 0;
    if (!parse_is_var(form))
        return parse_fail(p, form, "the head of a rule is (name ?a ?b) or (name [?a] ?b)");
    if (*count == RULE_ARITY_MAX)
        return parse_fail(p, form, "a rule with more than %d variables", RULE_ARITY_MAX);
    BS_TRY(parse_var(p, form, &var));
    if (varset_has(&def->head_vars, var))
        return parse_fail(p, form, "a variable stands twice in the head of a rule");
    varset_add(&def->head_vars, var);
    def->head[(*count)++] = var;
    return BS_OK;
}

static enum bs_code parse_head(struct parser *p, struct edn head, struct rule_def *def,
                               size_t *ret_arity, uint64_t *ret_required)
{
    size_t first = 1;
    *ret_arity = 0;
    *ret_required = 0;
    if (!edn_is_sequential(head) || head.len < 2 || head.as.items[0].type != EDN_SYMBOL)
        return parse_fail(p, head, "the head of a rule is (name ?a ?b) or (name [?a] ?b)");
    if (head.as.items[1].type == EDN_VECTOR) {
        struct edn required = head.as.items[1];
        for (size_t i = 0; i < required.len; i++)
            BS_TRY(add_head_var(p, required.as.items[i], def, ret_arity));
        *ret_required = *ret_arity == 64 ? UINT64_MAX : (UINT64_C(1) << *ret_arity) - 1;
        first = 2;
    }
    for (size_t i = first; i < head.len; i++)
        BS_TRY(add_head_var(p, head.as.items[i], def, ret_arity));
    if (*ret_arity == 0)
        return parse_fail(p, head, "a rule has at least one variable");
    return BS_OK;
}

/* ---- calls in bodies ---- */

static size_t count_calls(const struct clauses *clauses)
{
    size_t count = 0;
    for (size_t i = 0; i < clauses->count; i++) {
        const struct clause *clause = &clauses->items[i];
        count += clause->kind == CLAUSE_RULE;
        for (size_t j = 0; j < clause->branches_count && clause->kind == CLAUSE_OR; j++)
            count += count_calls(&clause->branches[j]);
    }
    return count;
}

static void list_calls(const struct clauses *clauses, struct rule_def *def)
{
    for (size_t i = 0; i < clauses->count; i++) {
        const struct clause *clause = &clauses->items[i];
        if (clause->kind == CLAUSE_RULE)
            def->calls[def->calls_count++] = clause;
        for (size_t j = 0; j < clause->branches_count && clause->kind == CLAUSE_OR; j++)
            list_calls(&clause->branches[j], def);
    }
}

/* ---- rules ---- */

static struct rule *add_rule(struct exec *exec, struct bs_str name, size_t arity, uint64_t required)
{
    struct rule_set *set = exec->rules;
    struct rule *rule = &set->rules[set->count++];
    *rule = (struct rule){.name = name, .arity = arity, .required = required};
    return rule;
}

static void add_def(struct exec *exec, struct rule *rule, const struct rule_def *def)
{
    if (rule->defs_count == rule->defs_capacity) {
        rule->defs_capacity = rule->defs_capacity == 0 ? 4 : rule->defs_capacity * 2;
        struct rule_def *defs =
            bs_arena_new_array(exec->arena, rule->defs_capacity, struct rule_def);
        if (rule->defs_count > 0)
            memcpy(defs, rule->defs, rule->defs_count * sizeof(*defs));
        rule->defs = defs;
    }
    rule->defs[rule->defs_count++] = *def;
}

static enum bs_code parse_rule(struct exec *exec, struct edn form)
{
    struct scope scope = {0};
    struct bs_str sources[QUERY_SOURCES_MAX];
    size_t sources_count = exec->query->sources_count;
    memcpy(sources, exec->query->sources, sizeof(sources));
    struct parser p = {
        .arena = exec->arena,
        .error = exec->error,
        .vars = bs_arena_new_array(exec->arena, QUERY_VARS_MAX, struct bs_str),
        .sources = sources,
        .sources_count = &sources_count,
        .scope = &scope,
    };
    if (!edn_is_sequential(form) || form.len < 2)
        return parse_fail(&p, form, "a rule is [(name ?a ?b) clause ...]");
    struct rule_def def = {.form = form};
    size_t arity = 0;
    uint64_t required = 0;
    BS_TRY(parse_head(&p, form.as.items[0], &def, &arity, &required));
    BS_TRY(parse_clauses(&p, form.as.items + 1, form.len - 1, &def.body));
    def.vars = p.vars;
    def.vars_count = p.vars_count;
    def.calls = bs_arena_new_array(exec->arena, count_calls(&def.body), const struct clause *);
    list_calls(&def.body, &def);
    struct bs_str name = edn_text_of(form.as.items[0].as.items[0]);
    struct rule *rule = rule_find(exec, name);
    if (rule == NULL)
        rule = add_rule(exec, name, arity, required);
    if (rule->arity != arity || rule->required != required)
        return parse_fail(&p, form, "another rule of this name has another head");
    add_def(exec, rule, &def);
    return BS_OK;
}

/* ---- negation ---- */

struct search {
    const struct exec *exec;
    const struct rule *goal;
    bool *seen; /* by rule */
};

static bool reaches(struct search *search, const struct rule *rule);

/* Whether a call in the clauses leads to the goal; `negated_only`: a call inside a not. */
static bool clauses_reach(struct search *search, const struct clauses *clauses, bool negated_only)
{
    for (size_t i = 0; i < clauses->count; i++) {
        const struct clause *clause = &clauses->items[i];
        if (clause->kind == CLAUSE_RULE && !negated_only) {
            const struct rule *rule = rule_find(search->exec, clause->name);
            if (rule != NULL && (rule == search->goal || reaches(search, rule)))
                return true;
        }
        bool below = negated_only && clause->kind != CLAUSE_NOT;
        for (size_t j = 0; j < clause->branches_count; j++)
            if (clauses_reach(search, &clause->branches[j], below))
                return true;
    }
    return false;
}

static bool reaches(struct search *search, const struct rule *rule)
{
    size_t idx = (size_t)(rule - search->exec->rules->rules);
    if (search->seen[idx])
        return false;
    search->seen[idx] = true;
    for (size_t i = 0; i < rule->defs_count; i++)
        if (clauses_reach(search, &rule->defs[i].body, false))
            return true;
    return false;
}

static enum bs_code check_negation(struct exec *exec, const struct rule *rule)
{
    struct search search = {
        .exec = exec,
        .goal = rule,
        .seen = (bool *)bs_arena_zalloc(exec->arena, exec->rules->count),
    };
    for (size_t i = 0; i < rule->defs_count; i++) {
        char text[200];
        if (clauses_reach(&search, &rule->defs[i].body, true))
            return bs_error_set(exec->error, BS_REASON_Q_UNSUPPORTED,
                                "%s: a rule can't depend on what it is itself inside a not",
                                exec_text(rule->defs[i].form, text, sizeof(text)));
    }
    return BS_OK;
}

enum bs_code rules_parse(struct exec *exec, struct edn rules)
{
    char text[200];
    if (rules.type == EDN_STRING)
        BS_TRY(edn_read(edn_text_of(rules), exec->arena, &rules, exec->error));
    if (!edn_is_collection(rules))
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_QUERY,
                            "%s: rules are a vector of [(name ?a) clause ...]",
                            exec_text(rules, text, sizeof(text)));
    exec->rules = bs_arena_new_item(exec->arena, struct rule_set);
    exec->rules->rules = bs_arena_new_array(exec->arena, rules.len, struct rule);
    for (size_t i = 0; i < rules.len; i++)
        BS_TRY(parse_rule(exec, rules.as.items[i]));
    for (size_t i = 0; i < exec->rules->count; i++)
        BS_TRY(check_negation(exec, &exec->rules->rules[i]));
    return BS_OK;
}
