/*
 * Running a conjunction: again and again the cheapest clause that can run. Which clauses can run
 * depends only on what is bound, so whether all of them will is known before the first (plan.c).
 * Once the context has no rows the rest is skipped.
 */
#include "query/exec.h"

#include "query/value.h"

const char *exec_text(struct edn form, char *ret_text, size_t size)
{
    return edn_print_cut(form, ret_text, size);
}

const struct source *exec_source(const struct exec *exec, const struct frame *frame,
                                 uint16_t source)
{
    return &exec->sources[source == 0 ? frame->default_source : source];
}

void exec_note_step(struct exec *exec, struct step step)
{
    if (!exec->explains)
        return;
    if (exec->steps_count == exec->steps_capacity) {
        size_t capacity = exec->steps_capacity == 0 ? 16 : exec->steps_capacity * 2;
        struct step *steps = bs_arena_new_array(exec->arena, capacity, struct step);
        if (exec->steps_count > 0)
            memcpy(steps, exec->steps, exec->steps_count * sizeof(*steps));
        exec->steps = steps;
        exec->steps_capacity = capacity;
    }
    exec->steps[exec->steps_count++] = step;
}

/* ---- uses of variables ---- */

static bool set_db(struct datom_db **slot, struct datom_db *db)
{
    if (*slot != NULL)
        return false;
    *slot = db;
    return true;
}

static bool note_term(struct frame *frame, const struct clause *clause, size_t position,
                      struct datom_db *db, const struct datom_attribute *attribute)
{
    if (position >= clause->terms_count || clause->terms[position].kind != TERM_VAR)
        return false;
    struct var_use *use = &frame->uses[clause->terms[position].var];
    if (position == PATTERN_E || position == PATTERN_TX)
        return set_db(&use->entity_db, db);
    if (position == PATTERN_A)
        return set_db(&use->attribute_db, db);
    if (position != PATTERN_V || attribute == NULL)
        return false;
    if (attribute->type == DATOM_TYPE_REF)
        return set_db(&use->entity_db, db);
    if (!set_db(&use->value_db, db))
        return false;
    use->value_attribute = attribute;
    return true;
}

static enum bs_code note_pattern(struct exec *exec, struct frame *frame,
                                 const struct clause *clause, bool *ret_changed)
{
    const struct source *source = exec_source(exec, frame, clause->source);
    char text[200];
    if (source->kind == SOURCE_NONE)
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_DATA_SOURCE,
                            "%s: the data source %.*s is not given",
                            exec_text(clause->form, text, sizeof(text)),
                            BS_STR_ARGS(exec->query->sources[clause->source]));
    if (source->kind == SOURCE_TUPLES)
        return BS_OK;
    if (clause->terms_count > 5)
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_QUERY,
                            "%s: a pattern over a database has at most [e a v tx op]",
                            exec_text(clause->form, text, sizeof(text)));
    const struct datom_attribute *attribute = NULL;
    if (clause->terms_count > PATTERN_A && clause->terms[PATTERN_A].kind == TERM_CONST)
        BS_TRY(datom_db_find_attribute(source->db, clause->terms[PATTERN_A].value, &attribute,
                                       exec->error));
    for (size_t i = 0; i < 4; i++)
        if (note_term(frame, clause, i, source->db, attribute))
            *ret_changed = true;
    return BS_OK;
}

static enum bs_code note_call(struct exec *exec, struct frame *frame, const struct call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->args[i].kind == TERM_CALL)
            BS_TRY(note_call(exec, frame, call->args[i].call));
        if (call->args[i].kind != TERM_SOURCE ||
            exec_source(exec, frame, call->args[i].source)->kind == SOURCE_DB)
            continue;
        char text[200];
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_DATA_SOURCE,
                            "%s: the data source is not a database",
                            exec_text(call->form, text, sizeof(text)));
    }
    return BS_OK;
}

static enum bs_code note_clause(struct exec *exec, struct frame *frame, const struct clause *clause,
                                bool *ret_changed)
{
    switch (clause->kind) {
    case CLAUSE_PATTERN:
        return note_pattern(exec, frame, clause, ret_changed);
    case CLAUSE_RULE:
        return rules_note_call(exec, frame, clause, ret_changed);
    case CLAUSE_PREDICATE:
    case CLAUSE_FUNCTION:
        return note_call(exec, frame, clause->call);
    case CLAUSE_NOT:
    case CLAUSE_OR:
        for (size_t i = 0; i < clause->branches_count; i++)
            BS_TRY(exec_note_uses(exec, frame, &clause->branches[i], ret_changed));
        return BS_OK;
    }
    BS_UNREACHABLE();
}

enum bs_code exec_note_uses(struct exec *exec, struct frame *frame, const struct clauses *clauses,
                            bool *ret_changed)
{
    for (size_t i = 0; i < clauses->count; i++)
        BS_TRY(note_clause(exec, frame, &clauses->items[i], ret_changed));
    return BS_OK;
}

static bool is_identifier(struct edn value)
{
    return value.type == EDN_KEYWORD || (edn_is_sequential(value) && value.len == 2);
}

enum bs_code exec_normalise(struct exec *exec, const struct frame *frame, uint16_t var,
                            bool is_constant, struct edn *value, bool *ret_found)
{
    const struct var_use *use = &frame->uses[var];
    *ret_found = true;
    if (use->attribute_db != NULL && value->type == EDN_KEYWORD) {
        const struct datom_attribute *attribute = NULL;
        BS_TRY(datom_db_find_attribute(use->attribute_db, *value, &attribute, exec->error));
        *value = edn_long((int64_t)attribute->id);
    } else if (use->entity_db != NULL && is_identifier(*value)) {
        datom_id id = DATOM_NO_ID;
        BS_TRY(datom_db_resolve(use->entity_db, *value, &id, exec->error));
        *ret_found = id != DATOM_NO_ID;
        *value = edn_long((int64_t)id);
    } else if (is_constant && use->value_attribute != NULL &&
               (use->value_attribute->type == DATOM_TYPE_TUPLE || /* its elements may not fit */
                !value_has_type(*value, use->value_attribute->type))) {
        struct edn coerced;
        if (datom_db_coerce(use->value_db, use->value_attribute, *value, exec->arena, &coerced,
                            NULL) == BS_OK)
            *value = coerced;
    }
    return BS_OK;
}

/* ---- conjunctions ---- */

struct pending {
    const struct clause *clause;
    bool done;
};

static struct varset pending_vars(const struct pending *pending, size_t count)
{
    struct varset vars = {0};
    for (size_t i = 0; i < count; i++)
        if (!pending[i].done)
            vars = varset_union(vars, pending[i].clause->vars);
    return vars;
}

/* The cheapest clause that can run; count when none is left. */
static size_t choose(struct exec *exec, const struct frame *frame, const struct pending *pending,
                     size_t count, const struct context *context, struct varset bindable,
                     double *ret_rows)
{
    struct varset bound = context_vars(context);
    size_t best = count;
    double best_cost = 0;
    for (size_t i = 0; i < count; i++) {
        double rows = 0;
        if (pending[i].done || !plan_is_ready(exec, frame, pending[i].clause, bound, bindable))
            continue;
        double cost = plan_cost(exec, frame, pending[i].clause, context, &rows);
        if (best != count && cost >= best_cost)
            continue;
        best = i;
        best_cost = cost;
        *ret_rows = rows;
    }
    return best;
}

static enum bs_code run_clause(struct exec *exec, struct frame *frame, const struct clause *clause,
                               struct context *context, struct varset bindable,
                               struct varset needed)
{
    switch (clause->kind) {
    case CLAUSE_PATTERN:
        return pattern_run(exec, frame, clause, context, needed);
    case CLAUSE_PREDICATE:
    case CLAUSE_FUNCTION:
        return call_run(exec, frame, clause, context, needed);
    case CLAUSE_NOT:
        return not_run(exec, frame, clause, context, plan_join(clause, bindable), needed);
    case CLAUSE_OR:
        return or_run(exec, frame, clause, context, plan_join(clause, bindable), needed);
    case CLAUSE_RULE:
        return rules_run(exec, frame, clause, context, needed);
    }
    BS_UNREACHABLE();
}

static const char *const method_names[] = {
    [CLAUSE_PATTERN] = "pattern",
    [CLAUSE_PREDICATE] = "filter",
    [CLAUSE_FUNCTION] = "function",
    [CLAUSE_NOT] = "not",
    [CLAUSE_OR] = "or",
    [CLAUSE_RULE] = "rule",
};

static enum bs_code run_and_note(struct exec *exec, struct frame *frame,
                                 const struct clause *clause, struct context *context,
                                 struct varset bindable, struct varset needed, double estimated)
{
    struct step step = {
        .form = clause->form,
        .method = method_names[clause->kind],
        .depth = exec->depth,
        .estimated = estimated,
        .rows_in = context_rows(context),
    };
    size_t at = exec->steps_count;
    char text[200];
    exec_note_step(exec, step);
    if (++exec->depth > EXEC_DEPTH_MAX)
        return bs_error_set(exec->error, BS_REASON_LIMIT,
                            "%s: clauses inside each other, through rules too, more than %d deep",
                            exec_text(clause->form, text, sizeof(text)), EXEC_DEPTH_MAX);
    BS_TRY(run_clause(exec, frame, clause, context, bindable, needed));
    exec->depth--;
    if (exec->explains)
        exec->steps[at].rows_out = context_rows(context);
    return BS_OK;
}

/* plan_can_run has said that all can run; rules that call each other in a ring it takes on trust.
 */
static enum bs_code fail_stuck(struct exec *exec, const struct frame *frame,
                               const struct pending *pending, size_t count,
                               const struct context *context)
{
    for (size_t i = 0; i < count; i++)
        if (!pending[i].done)
            return plan_fail(exec, frame, pending[i].clause, context_vars(context));
    BS_UNREACHABLE();
}

enum bs_code exec_clauses(struct exec *exec, struct frame *frame, const struct clauses *clauses,
                          struct context *context, struct varset outer, struct varset needed)
{
    struct varset bindable = plan_bindable(exec, frame, clauses, outer);
    struct pending *pending = bs_arena_new_array(exec->arena, clauses->count, struct pending);
    for (size_t i = 0; i < clauses->count; i++)
        pending[i] = (struct pending){.clause = &clauses->items[i]};
    for (size_t left = clauses->count; left > 0 && !context->failed; left--) {
        BS_TRY(meter_poll(&exec->meter));
        double rows = 0;
        size_t best = choose(exec, frame, pending, clauses->count, context, bindable, &rows);
        BS_TRY(exec->plan_code);
        if (best == clauses->count)
            return fail_stuck(exec, frame, pending, clauses->count, context);
        pending[best].done = true;
        struct varset later = varset_union(needed, pending_vars(pending, clauses->count));
        BS_TRY(run_and_note(exec, frame, pending[best].clause, context, bindable, later, rows));
    }
    return BS_OK;
}
