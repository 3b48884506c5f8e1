/*
 * What is known of rules before any runs: which one a call means, for which source, in which sets
 * of bound positions its bodies can run, and how they use their variables. Rules call each other in
 * any way and number, so all of it goes by lists that grow while they are walked, never by
 * recursion from rule to rule.
 */
#include "query/rules.h"

/* ---- names and instances ---- */

static size_t name_slot(const struct rule_set *set, struct bs_str name)
{
    size_t slot = (size_t)edn_hash(edn_string(name)) & (set->slots_count - 1);
    while (set->slots[slot] != NULL && !bs_str_equal(set->slots[slot]->name, name))
        slot = (slot + 1) & (set->slots_count - 1);
    return slot;
}

struct rule *rule_find(const struct exec *exec, struct bs_str name)
{
    return exec->rules == NULL ? NULL : exec->rules->slots[name_slot(exec->rules, name)];
}

struct rule *rule_add(struct exec *exec, struct bs_str name, size_t arity, uint64_t required)
{
    struct rule_set *set = exec->rules;
    struct rule *rule = &set->rules[set->count];
    *rule = (struct rule){.name = name, .idx = set->count, .arity = arity, .required = required};
    set->count++;
    set->slots[name_slot(set, name)] = rule;
    return rule;
}

static struct rule_instance *new_instance(struct exec *exec, struct rule *rule, uint16_t source)
{
    struct rule_instance *instance = bs_arena_new_item(exec->arena, struct rule_instance);
    instance->rule = rule;
    instance->uses =
        (struct var_use *)bs_arena_zalloc(exec->arena, rule->arity * sizeof(struct var_use));
    instance->frames = bs_arena_new_array(exec->arena, rule->defs_count, struct frame);
    for (size_t i = 0; i < rule->defs_count; i++) {
        const struct rule_def *def = &rule->defs[i];
        instance->frames[i] = (struct frame){
            .vars = def->vars,
            .vars_count = def->vars_count,
            .uses = (struct var_use *)bs_arena_zalloc(exec->arena,
                                                      def->vars_count * sizeof(struct var_use)),
            .default_source = source,
        };
    }
    return instance;
}

static void list_instance(struct exec *exec, struct rule_instance *instance)
{
    struct rule_set *set = exec->rules;
    if (set->instances_count == set->instances_capacity) {
        set->instances_capacity = set->instances_capacity == 0 ? 8 : set->instances_capacity * 2;
        struct rule_instance **instances =
            bs_arena_new_array(exec->arena, set->instances_capacity, struct rule_instance *);
        if (set->instances_count > 0)
            memcpy(instances, set->instances, set->instances_count * sizeof(*instances));
        set->instances = instances;
    }
    instance->idx = set->instances_count++;
    set->instances[instance->idx] = instance;
}

struct rule_instance *rule_called(struct exec *exec, const struct frame *frame,
                                  const struct clause *clause)
{
    uint16_t source = clause->source == 0 ? frame->default_source : clause->source;
    struct rule *rule = rule_find(exec, clause->name);
    BS_ASSERT(rule != NULL);
    if (rule->instances[source] == NULL) {
        rule->instances[source] = new_instance(exec, rule, source);
        list_instance(exec, rule->instances[source]);
    }
    return rule->instances[source];
}

uint64_t rule_mask(const struct clause *clause, struct varset bound)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < clause->terms_count; i++) {
        const struct term *term = &clause->terms[i];
        if (term->kind == TERM_CONST || (term->kind == TERM_VAR && varset_has(&bound, term->var)))
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

static enum bs_code check_call(struct exec *exec, const struct clause *clause)
{
    char text[200];
    exec_text(clause->form, text, sizeof(text));
    const struct rule *rule = rule_find(exec, clause->name);
    if (rule != NULL && rule->arity == clause->terms_count)
        return BS_OK;
    if (rule != NULL)
        return bs_error_set(exec->error, BS_REASON_Q_WRONG_ARITY,
                            "%s: the rule takes %zu arguments, not %zu", text, rule->arity,
                            clause->terms_count);
    if (exec->rules == NULL)
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_QUERY,
                            "%s: no rules are given; :in needs a %% and the call its rules", text);
    return bs_error_set(exec->error, BS_REASON_Q_UNKNOWN_FUNCTION, "%s: no such rule", text);
}

/* ---- modes ---- */

struct varset rule_head_bound(const struct rule_def *def, size_t arity, uint64_t mask)
{
    struct varset bound = {0};
    for (size_t i = 0; i < arity; i++)
        if ((mask >> i & 1) != 0)
            varset_add(&bound, def->head[i]);
    return bound;
}

static bool bodies_can_run(struct exec *exec, struct rule *rule, uint64_t mask)
{
    for (size_t i = 0; i < rule->defs_count; i++) {
        const struct rule_def *def = &rule->defs[i];
        struct frame frame = {.vars = def->vars};
        struct varset after = {0};
        if (!plan_can_run(exec, &frame, &def->body, rule_head_bound(def, rule->arity, mask),
                          def->head_vars, &after, NULL) ||
            !varset_within(def->head_vars, after))
            return false;
    }
    return true;
}

static struct rule_mode *add_mode(struct exec *exec, struct rule *rule, uint64_t mask)
{
    struct rule_set *set = exec->rules;
    struct rule_mode *mode = bs_arena_new_item(exec->arena, struct rule_mode);
    *mode = (struct rule_mode){
        .rule = rule, .mask = mask, .can_run = true, .next = rule->modes, .older = set->modes};
    rule->modes = mode;
    set->modes = mode;
    return mode;
}

/* Looks again whether a mode can run when the others can; true when it turns out that it can't. */
static bool falls(struct exec *exec, struct rule_mode *mode)
{
    if (!mode->can_run || bodies_can_run(exec, mode->rule, mode->mask))
        return false;
    mode->can_run = false;
    return true;
}

/*
 * Finds out which of the modes that are not settled can run: all, but for those with a body that
 * can't when the others can. A body that is looked at may ask for modes that are new, which are
 * looked at once; then all again, what is called before what calls it, until none falls.
 */
static void settle_modes(struct exec *exec)
{
    struct rule_set *set = exec->rules;
    struct rule_mode *seen = set->settled;
    const struct clause *delta_call = exec->delta_call;
    bool changed = true;
    exec->delta_call = NULL; /* what a mode can do depends on no round */
    while (changed && plan_goes_on(exec)) {
        changed = false;
        while (set->modes != seen) {
            struct rule_mode *newest = set->modes;
            for (struct rule_mode *mode = newest; mode != seen; mode = mode->older)
                changed = falls(exec, mode) || changed;
            seen = newest;
        }
        for (struct rule_mode *mode = set->modes; mode != set->settled; mode = mode->older)
            changed = falls(exec, mode) || changed;
        changed = changed || set->modes != seen;
    }
    set->settled = set->modes;
    exec->delta_call = delta_call;
}

bool rules_is_ready(struct exec *exec, const struct clause *clause, struct varset bound)
{
    struct rule *rule = rule_find(exec, clause->name);
    uint64_t mask = rule_mask(clause, bound);
    BS_ASSERT(rule != NULL);
    if (clause == exec->delta_call)
        return true;
    if ((rule->required & ~mask) != 0)
        return false;
    struct rule_mode *mode = rule->modes;
    while (mode != NULL && mode->mask != mask)
        mode = mode->next;
    if (mode != NULL)
        return mode->can_run;
    bool is_outermost = exec->rules->modes == exec->rules->settled;
    mode = add_mode(exec, rule, mask);
    if (is_outermost)
        settle_modes(exec);
    return mode->can_run;
}

/* ---- uses ---- */

static bool merge_use(struct var_use *into, const struct var_use *from)
{
    bool changed = false;
    if (into->entity_db == NULL && from->entity_db != NULL) {
        into->entity_db = from->entity_db;
        changed = true;
    }
    if (into->attribute_db == NULL && from->attribute_db != NULL) {
        into->attribute_db = from->attribute_db;
        changed = true;
    }
    if (into->value_db == NULL && from->value_db != NULL) {
        into->value_db = from->value_db;
        into->value_attribute = from->value_attribute;
        changed = true;
    }
    return changed;
}

static enum bs_code note_bodies(struct exec *exec, struct rule_instance *instance,
                                bool *ret_changed)
{
    const struct rule *rule = instance->rule;
    for (size_t i = 0; i < rule->defs_count; i++) {
        BS_TRY(exec_note_uses(exec, &instance->frames[i], &rule->defs[i].body, ret_changed));
        for (size_t j = 0; j < rule->arity; j++)
            if (merge_use(&instance->uses[j], &instance->frames[i].uses[rule->defs[i].head[j]]))
                *ret_changed = true;
    }
    return BS_OK;
}

enum bs_code rules_note_call(struct exec *exec, struct frame *frame, const struct clause *clause,
                             bool *ret_changed)
{
    BS_TRY(check_call(exec, clause));
    const struct rule_instance *instance = rule_called(exec, frame, clause);
    for (size_t i = 0; i < clause->terms_count; i++)
        if (clause->terms[i].kind == TERM_VAR &&
            merge_use(&frame->uses[clause->terms[i].var], &instance->uses[i]))
            *ret_changed = true;
    return BS_OK;
}

enum bs_code rules_note_bodies(struct exec *exec, bool *ret_changed)
{
    struct rule_set *set = exec->rules;
    if (set == NULL)
        return BS_OK;
    for (; set->noted < set->instances_count; set->noted++)
        BS_TRY(note_bodies(exec, set->instances[set->noted], ret_changed));
    BS_TRY(meter_poll(&exec->meter));
    /* what is called has been found after its caller: backwards, a chain takes one pass */
    for (size_t i = set->instances_count; i > 0; i--)
        BS_TRY(note_bodies(exec, set->instances[i - 1], ret_changed));
    return BS_OK;
}
