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

/* Puts the calls that stand inside a not, or those that don't, into `into` (NULL: only counts). */
static size_t gather_calls(const struct clauses *clauses, bool is_inside_not, bool wants_negated,
                           const struct clause **into)
{
    size_t count = 0;
    for (size_t i = 0; i < clauses->count; i++) {
        const struct clause *clause = &clauses->items[i];
        bool is_inside = is_inside_not || clause->kind == CLAUSE_NOT;
        if (clause->kind == CLAUSE_RULE && is_inside == wants_negated) {
            if (into != NULL)
                into[count] = clause;
            count++;
        }
        for (size_t j = 0; j < clause->branches_count; j++)
            count += gather_calls(&clause->branches[j], is_inside, wants_negated,
                                  into != NULL ? into + count : NULL);
    }
    return count;
}

static void list_calls(struct bs_arena *arena, struct rule_def *def)
{
    def->calls_count = gather_calls(&def->body, false, false, NULL);
    def->calls = bs_arena_new_array(arena, def->calls_count, const struct clause *);
    gather_calls(&def->body, false, false, def->calls);
    def->negated_count = gather_calls(&def->body, false, true, NULL);
    def->negated = bs_arena_new_array(arena, def->negated_count, const struct clause *);
    gather_calls(&def->body, false, true, def->negated);
}

/* ---- rules ---- */

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
    struct bs_str vars[QUERY_VARS_MAX];
    struct bs_str sources[QUERY_SOURCES_MAX];
    size_t sources_count = exec->query->sources_count;
    memcpy(sources, exec->query->sources, sizeof(sources));
    struct parser p = {
        .arena = exec->arena,
        .error = exec->error,
        .vars = vars,
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
    struct bs_str *names = bs_arena_new_array(exec->arena, p.vars_count, struct bs_str);
    memcpy(names, vars, p.vars_count * sizeof(*names));
    def.vars = names;
    def.vars_count = p.vars_count;
    list_calls(exec->arena, &def);
    struct bs_str name = edn_text_of(form.as.items[0].as.items[0]);
    struct rule *rule = rule_find(exec, name);
    if (rule == NULL)
        rule = rule_add(exec, name, arity, required);
    if (rule->arity != arity || rule->required != required)
        return parse_fail(&p, form, "another rule of this name has another head");
    add_def(exec, rule, &def);
    return BS_OK;
}

/* ---- negation ---- */

/* What one walk along the calls has seen, and what it still has to look into. */
struct walk {
    struct exec *exec;
    bool *seen; /* by rule */
    const struct rule **waiting;
    size_t waiting_count;
};

static void walk_to(struct walk *walk, const struct clause *const *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = rule_find(walk->exec, calls[i]->name);
        if (rule == NULL || walk->seen[rule->idx])
            continue;
        walk->seen[rule->idx] = true;
        walk->waiting[walk->waiting_count++] = rule;
    }
}

/* Whether what a body calls inside a not calls the rule in any way. */
static bool depends_on_negation(struct walk *walk, const struct rule_def *def,
                                const struct rule *rule)
{
    memset(walk->seen, 0, walk->exec->rules->count * sizeof(*walk->seen));
    walk->waiting_count = 0;
    walk_to(walk, def->negated, def->negated_count);
    while (walk->waiting_count > 0 && !walk->seen[rule->idx]) {
        const struct rule *next = walk->waiting[--walk->waiting_count];
        for (size_t i = 0; i < next->defs_count; i++) {
            walk_to(walk, next->defs[i].calls, next->defs[i].calls_count);
            walk_to(walk, next->defs[i].negated, next->defs[i].negated_count);
        }
    }
    return walk->seen[rule->idx];
}

static enum bs_code check_negation(struct walk *walk, const struct rule *rule)
{
    char text[200];
    for (size_t i = 0; i < rule->defs_count; i++) {
        const struct rule_def *def = &rule->defs[i];
        BS_TRY(meter_poll(&walk->exec->meter));
        if (def->negated_count > 0 && depends_on_negation(walk, def, rule))
            return bs_error_set(walk->exec->error, BS_REASON_Q_UNSUPPORTED,
                                "%s: a rule can't depend on what it is itself inside a not",
                                exec_text(def->form, text, sizeof(text)));
    }
    return BS_OK;
}

static void start_rules(struct exec *exec, size_t max)
{
    struct rule_set *set = bs_arena_new_item(exec->arena, struct rule_set);
    set->rules = bs_arena_new_array(exec->arena, max, struct rule);
    set->slots_count = 8;
    while (set->slots_count < 2 * max)
        set->slots_count *= 2;
    set->slots =
        (struct rule **)bs_arena_zalloc(exec->arena, set->slots_count * sizeof(struct rule *));
    exec->rules = set;
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
    start_rules(exec, rules.len);
    for (size_t i = 0; i < rules.len; i++) {
        BS_TRY(meter_poll(&exec->meter));
        BS_TRY(parse_rule(exec, rules.as.items[i]));
    }
    struct walk walk = {
        .exec = exec,
        .seen = bs_arena_new_array(exec->arena, exec->rules->count, bool),
        .waiting = bs_arena_new_array(exec->arena, exec->rules->count, const struct rule *),
    };
    for (size_t i = 0; i < exec->rules->count; i++)
        BS_TRY(check_negation(&walk, &exec->rules->rules[i]));
    return BS_OK;
}
