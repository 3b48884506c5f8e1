/* One run of a query, from inputs to result, and explain. */
#include "query/exec.h"
#include "query/value.h"

static void exec_init(struct exec *exec, const struct query *query,
                      const struct query_options *options, struct bs_error *error)
{
    *exec = (struct exec){
        .query = query,
        .arena = bs_arena_new(0),
        .error = error,
    };
    exec->meter = (struct meter){
        .interrupt = options != NULL ? options->interrupt : NULL,
        .budget_bytes = options != NULL && options->budget_bytes != 0 ? options->budget_bytes
                                                                      : BS_LIMIT_QUERY_BYTES,
        .arena = exec->arena,
        .error = error,
    };
    exec->env = (struct builtin_env){
        .arena = exec->arena,
        .regexes = regex_cache_new(REGEX_CACHE_SLOTS),
        .interrupt = exec->meter.interrupt,
        .error = error,
    };
    exec->patterns =
        bs_arena_new_array(exec->arena, query->inputs_count, const struct query_pattern *);
    for (size_t i = 0; i < query->inputs_count; i++)
        exec->patterns[i] = NULL;
}

static void exec_fini(struct exec *exec)
{
    for (size_t i = 0; i < exec->query->inputs_count; i++) {
        union {
            const struct query_pattern *in;
            struct query_pattern *out;
        } pattern = {.in = exec->patterns[i]};
        query_pattern_free(pattern.out);
    }
    regex_cache_free(exec->env.regexes);
    meter_fini(&exec->meter);
    bs_arena_free(exec->arena);
}

/* Whether everything that :find and :with name is bound by something. */
static enum bs_code check_find(struct exec *exec, const struct frame *frame, struct varset bound)
{
    struct varset missing = varset_difference(exec->query->find_vars, bound);
    uint16_t var = varset_first(&missing);
    if (var == QUERY_NO_VAR)
        return BS_OK;
    bs_error_set(exec->error, BS_REASON_Q_INSUFFICIENT_BINDING,
                 "%.*s stands in :find or :with, but no clause and no input binds it",
                 BS_STR_ARGS(frame->vars[var]));
    if (exec->error != NULL)
        bs_error_add_text(exec->error, "variable", frame->vars[var]);
    return bs_reason_code(BS_REASON_Q_INSUFFICIENT_BINDING);
}

/* Everything that can be wrong whatever the data, before anything is read. */
static enum bs_code check(struct exec *exec, struct frame *frame)
{
    const struct query *query = exec->query;
    struct varset inputs = {0};
    struct varset bound = {0};
    const struct clause *stuck = NULL;
    bool changed = true;
    for (size_t i = 0; i < query->inputs_count; i++)
        inputs = varset_union(inputs, query->inputs[i].binding.vars);
    while (changed) {
        changed = false;
        BS_TRY(exec_note_uses(exec, frame, &query->where, &changed));
        BS_TRY(rules_note_bodies(exec, &changed));
    }
    bool can_run = plan_can_run(exec, frame, &query->where, inputs, inputs, &bound, &stuck);
    BS_TRY(exec->plan_code);
    if (!can_run)
        return plan_fail(exec, frame, stuck, bound);
    for (size_t i = 0; i < query->find_count; i++) {
        const struct find_element *element = &query->find[i];
        if (element->kind == FIND_PULL && exec->sources[element->source].kind == SOURCE_DB)
            frame->uses[element->var].entity_db = exec->sources[element->source].db;
    }
    return check_find(exec, frame, bound);
}

static enum bs_code run(struct exec *exec, const struct edn *inputs, size_t inputs_count,
                        const struct query_options *options, struct edn *ret_result)
{
    const struct query *query = exec->query;
    struct frame frame = {
        .vars = query->vars,
        .vars_count = query->vars_count,
        .uses = (struct var_use *)bs_arena_zalloc(exec->arena,
                                                  query->vars_count * sizeof(struct var_use) + 1),
    };
    struct context context = {.count = 0};
    struct varset outer = {0};
    BS_TRY(meter_poll(&exec->meter));
    BS_TRY(input_sources(exec, inputs, inputs_count));
    BS_TRY(check(exec, &frame));
    BS_TRY(input_bind(exec, &frame, inputs, inputs_count, &context));
    outer = context_vars(&context);
    BS_TRY(exec_clauses(exec, &frame, &query->where, &context, outer, query->find_vars));
    return find_result(exec, &context, options, ret_result);
}

static enum bs_code copy_result(struct edn result, struct bs_arena *arena, struct edn *ret_result,
                                struct bs_error *error)
{
    BS_TRY(bs_arena_check(arena, edn_dup_bytes(result), "the result of the query", error));
    *ret_result = edn_dup(arena, result);
    return BS_OK;
}

enum bs_code query_run(const struct query *query, const struct edn *inputs, size_t inputs_count,
                       const struct query_options *options, struct bs_arena *arena,
                       struct edn *ret_result, struct bs_error *error)
{
    struct exec exec;
    struct edn result = edn_nil();
    exec_init(&exec, query, options, error);
    enum bs_code code = run(&exec, inputs, inputs_count, options, &result);
    if (code == BS_OK)
        code = copy_result(result, arena, ret_result, error);
    exec_fini(&exec);
    return code;
}

/* ---- explain ---- */

static struct edn step_value(struct exec *exec, const struct step *step)
{
    int64_t estimated = step->estimated > 9e18 ? INT64_MAX : (int64_t)step->estimated;
    struct edn pairs[] = {
        EDN_KEYWORD_LIT("clause"),
        step->form,
        EDN_KEYWORD_LIT("method"),
        edn_keyword(bs_str_from(step->method)),
        EDN_KEYWORD_LIT("depth"),
        edn_long(step->depth),
        EDN_KEYWORD_LIT("rows-in"),
        edn_long((int64_t)BS_MIN(step->rows_in, (uint64_t)INT64_MAX)),
        EDN_KEYWORD_LIT("rows-estimated"),
        edn_long(estimated),
        EDN_KEYWORD_LIT("rows-out"),
        edn_long((int64_t)BS_MIN(step->rows_out, (uint64_t)INT64_MAX)),
    };
    return edn_map_of(exec->arena, pairs, BS_ARRAY_COUNT(pairs) / 2);
}

static struct edn plan_value(struct exec *exec, struct edn result)
{
    struct edn_list steps;
    edn_list_init(&steps, exec->arena);
    for (size_t i = 0; i < exec->steps_count; i++)
        edn_list_add(&steps, step_value(exec, &exec->steps[i]));
    size_t rows = 1;
    if (exec->query->shape == QUERY_RELATION || exec->query->shape == QUERY_COLLECTION)
        rows = result.len;
    struct edn pairs[] = {
        EDN_KEYWORD_LIT("steps"),
        edn_list_finish(&steps, EDN_VECTOR),
        EDN_KEYWORD_LIT("rows"),
        edn_long((int64_t)rows),
    };
    return edn_map_of(exec->arena, pairs, BS_ARRAY_COUNT(pairs) / 2);
}

enum bs_code query_explain(const struct query *query, const struct edn *inputs, size_t inputs_count,
                           const struct query_options *options, struct bs_arena *arena,
                           struct edn *ret_plan, struct bs_error *error)
{
    struct exec exec;
    struct edn result = edn_nil();
    exec_init(&exec, query, options, error);
    exec.explains = true;
    enum bs_code code = run(&exec, inputs, inputs_count, options, &result);
    if (code == BS_OK)
        code = copy_result(plan_value(&exec, result), arena, ret_plan, error);
    exec_fini(&exec);
    return code;
}
