/*
 * What can run, and what is cheapest. Readiness depends on bound variables only, so that a
 * conjunction can be checked before it runs, and the answer is the same however it was written.
 * Costs are rough counts of datoms read and rows made.
 */
#include "query/exec.h"

struct varset plan_bindable(struct exec *exec, const struct frame *frame,
                            const struct clauses *clauses, struct varset outer)
{
    (void)exec;
    (void)frame;
    for (size_t i = 0; i < clauses->count; i++)
        outer = varset_union(outer, clause_binds(&clauses->items[i]));
    return outer;
}

struct varset plan_join(const struct clause *clause, struct varset bindable)
{
    return clause->is_join ? clause->vars : varset_intersection(clause->vars, bindable);
}

static bool branch_is_ready(struct exec *exec, const struct frame *frame,
                            const struct clauses *branch, struct varset join, struct varset bound)
{
    struct varset after = {0};
    struct varset seed = varset_intersection(bound, join);
    return plan_can_run(exec, frame, branch, seed, join, &after, NULL) &&
           varset_within(join, after);
}

bool plan_is_ready(struct exec *exec, const struct frame *frame, const struct clause *clause,
                   struct varset bound, struct varset bindable)
{
    struct varset after;
    struct varset join;
    switch (clause->kind) {
    case CLAUSE_PATTERN:
        return true;
    case CLAUSE_PREDICATE:
    case CLAUSE_FUNCTION:
        return varset_within(clause->call->vars, bound);
    case CLAUSE_NOT:
        join = plan_join(clause, bindable);
        return varset_within(join, bound) &&
               plan_can_run(exec, frame, &clause->branches[0], join, join, &after, NULL);
    case CLAUSE_OR:
        join = plan_join(clause, bindable);
        if (!varset_within(clause->required, bound))
            return false;
        for (size_t i = 0; i < clause->branches_count; i++)
            if (!branch_is_ready(exec, frame, &clause->branches[i], join, bound))
                return false;
        return true;
    case CLAUSE_RULE:
        return rules_is_ready(exec, clause, bound);
    }
    BS_UNREACHABLE();
}

/* How far a conjunction has come. */
struct progress {
    bool done;
    bool tried;
    struct varset seen; /* of the clause's variables, what was bound when it was tried */
};

/* Whether asking is no more than comparing variables. */
static bool is_plain(const struct clause *clause)
{
    return clause->kind == CLAUSE_PATTERN || clause->kind == CLAUSE_PREDICATE ||
           clause->kind == CLAUSE_FUNCTION;
}

/* Whether a clause that is not done can run, and could not before. */
static bool advances(struct exec *exec, const struct frame *frame, const struct clause *clause,
                     struct progress *progress, struct varset bound, struct varset bindable)
{
    struct varset seen = varset_intersection(bound, clause->vars);
    if (progress->done || (progress->tried && varset_equal(seen, progress->seen)))
        return false;
    progress->tried = true;
    progress->seen = seen;
    progress->done = plan_is_ready(exec, frame, clause, bound, bindable);
    return progress->done;
}

/*
 * Runs everything that can, on paper; how many could not. The plain clauses first, and the others
 * again only when something was bound for them: each looks into all that stands inside it.
 */
static size_t run_on_paper(struct exec *exec, const struct frame *frame,
                           const struct clauses *clauses, struct progress *progress,
                           struct varset bindable, struct varset *bound)
{
    size_t left = clauses->count;
    bool plain = true;
    bool any = true;
    while (left > 0 && (any || plain)) {
        plain = any; /* after something ran the plain ones; when none of them could, the others */
        any = false;
        for (size_t i = 0; i < clauses->count; i++) {
            const struct clause *clause = &clauses->items[i];
            if (is_plain(clause) != plain ||
                !advances(exec, frame, clause, &progress[i], *bound, bindable))
                continue;
            *bound = varset_union(*bound, clause_binds(clause));
            left--;
            any = true;
        }
    }
    return left;
}

bool plan_goes_on(struct exec *exec)
{
    if (exec->plan_code == BS_OK)
        exec->plan_code = meter_tick(&exec->meter);
    return exec->plan_code == BS_OK;
}

bool plan_can_run(struct exec *exec, const struct frame *frame, const struct clauses *clauses,
                  struct varset bound, struct varset outer, struct varset *ret_bound,
                  const struct clause **ret_stuck)
{
    struct progress few[16] = {{.done = false}};
    struct progress *progress = few;
    size_t left = clauses->count;
    if (clauses->count > BS_ARRAY_COUNT(few))
        progress = (struct progress *)bs_calloc(clauses->count, sizeof(*progress));
    if (plan_goes_on(exec))
        left = run_on_paper(exec, frame, clauses, progress,
                            plan_bindable(exec, frame, clauses, outer), &bound);
    *ret_bound = bound;
    for (size_t i = 0; i < clauses->count && ret_stuck != NULL; i++)
        if (!progress[i].done) {
            *ret_stuck = &clauses->items[i];
            break;
        }
    if (progress != few)
        free(progress);
    return left == 0;
}

enum bs_code plan_fail(struct exec *exec, const struct frame *frame, const struct clause *stuck,
                       struct varset bound)
{
    char text[200];
    exec_text(stuck->form, text, sizeof(text));
    struct varset wanted = stuck->vars;
    if (stuck->kind == CLAUSE_FUNCTION || stuck->kind == CLAUSE_PREDICATE)
        wanted = stuck->call->vars;
    else if (!varset_is_empty(&stuck->required))
        wanted = stuck->required;
    struct varset missing = varset_difference(wanted, bound);
    uint16_t var = varset_first(&missing);
    if (var == QUERY_NO_VAR)
        return bs_error_set(exec->error, BS_REASON_Q_INSUFFICIENT_BINDING,
                            "%s: a clause inside needs a variable that nothing binds", text);
    bs_error_set(exec->error, BS_REASON_Q_INSUFFICIENT_BINDING, "%s: no clause can bind %.*s", text,
                 BS_STR_ARGS(frame->vars[var]));
    if (exec->error != NULL)
        bs_error_add_text(exec->error, "variable", frame->vars[var]);
    return bs_reason_code(BS_REASON_Q_INSUFFICIENT_BINDING);
}

/* ---- costs ---- */

/* Rows of the relations that have some of the variables, multiplied. */
static double touched_rows(const struct context *context, struct varset vars)
{
    double rows = 1;
    for (size_t i = 0; i < context->count; i++) {
        struct varset shared = varset_intersection(vars, relation_vars(context->items[i]));
        if (!varset_is_empty(&shared))
            rows *= (double)context->items[i]->rows;
    }
    return rows;
}

static double cheapest_clause(struct exec *exec, const struct frame *frame,
                              const struct clauses *clauses, const struct context *context)
{
    double best = 0;
    for (size_t i = 0; i < clauses->count; i++) {
        const struct clause *clause = &clauses->items[i];
        double rows = 0;
        if (clause->kind != CLAUSE_PATTERN)
            continue;
        double cost = plan_cost(exec, frame, clause, context, &rows);
        if (best == 0 || cost < best)
            best = cost;
    }
    return best;
}

static double pattern_cost(struct exec *exec, const struct frame *frame,
                           const struct clause *clause, const struct context *context,
                           double *ret_rows)
{
    struct pattern_choice choice;
    /* an estimate that can't be made fails again, with its error, when the clause runs */
    if (pattern_choose(exec, frame, clause, context, &choice) != BS_OK)
        return 0;
    *ret_rows = choice.rows;
    double cost = choice.cost + choice.rows;
    /* beside what is there, and not joined with it: whatever needs both has their product */
    if (choice.driver == SIZE_MAX && context->count > 0)
        cost += choice.rows * (double)BS_MIN(context_rows(context), 1000);
    return cost;
}

double plan_cost(struct exec *exec, const struct frame *frame, const struct clause *clause,
                 const struct context *context, double *ret_rows)
{
    double rows = touched_rows(context, clause->vars);
    *ret_rows = rows;
    switch (clause->kind) {
    case CLAUSE_PATTERN:
        return pattern_cost(exec, frame, clause, context, ret_rows);
    case CLAUSE_PREDICATE: /* first, unless it would multiply relations */
        *ret_rows = rows / 2;
        return rows;
    case CLAUSE_FUNCTION:
        return 2 * rows;
    case CLAUSE_NOT:
        *ret_rows = rows / 2;
        return 2 * rows + cheapest_clause(exec, frame, &clause->branches[0], context);
    case CLAUSE_OR: {
        double total = 0;
        for (size_t i = 0; i < clause->branches_count; i++)
            total += cheapest_clause(exec, frame, &clause->branches[i], context);
        *ret_rows = total;
        return 4 * total;
    }
    case CLAUSE_RULE: {
        struct varset open = varset_difference(clause->vars, context_vars(context));
        if (clause == exec->delta_call) {
            *ret_rows = (double)exec->delta_rows;
            return *ret_rows;
        }
        *ret_rows = rows * 10;
        return varset_equal(open, clause->vars) ? 1e9 : 100 * rows;
    }
    }
    BS_UNREACHABLE();
}
