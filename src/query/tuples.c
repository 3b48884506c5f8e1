/*
 * A data pattern over a collection: its places are the tuples' places, as many as it likes. A tuple
 * with fewer places than the pattern does not match; a map is read as pairs.
 */
#include "query/pattern.h"
#include "query/value.h"

struct tuples_run {
    struct exec *exec;
    const struct clause *clause;
    struct joiner joiner;
    uint16_t vars[QUERY_VARS_MAX];
};

static bool tuple_matches(const struct clause *clause, const struct edn *values)
{
    for (size_t i = 0; i < clause->terms_count; i++) {
        const struct term *term = &clause->terms[i];
        if (term->kind == TERM_CONST && !value_equal(term->value, values[i]))
            return false;
        for (size_t j = 0; j < i && term->kind == TERM_VAR; j++)
            if (clause->terms[j].kind == TERM_VAR && clause->terms[j].var == term->var &&
                !value_equal(values[i], values[j]))
                return false;
    }
    return true;
}

static enum bs_code take_tuple(struct tuples_run *run, const struct edn *values, size_t count)
{
    BS_TRY(meter_tick(&run->exec->meter));
    if (count < run->clause->terms_count || !tuple_matches(run->clause, values))
        return BS_OK;
    uint32_t head = ROW_NONE;
    if (run->joiner.driver != NULL) {
        head = joiner_probe(&run->joiner, values);
        if (head == ROW_NONE)
            return BS_OK;
    }
    return joiner_add(&run->joiner, head, values);
}

static enum bs_code take_all(struct tuples_run *run, struct edn source)
{
    for (size_t i = 0; i < source.len; i++) {
        if (source.type == EDN_MAP) {
            BS_TRY(take_tuple(run, source.as.items + 2 * i, 2));
            continue;
        }
        struct edn tuple = source.as.items[i];
        if (edn_is_sequential(tuple)) {
            BS_TRY(take_tuple(run, tuple.as.items, tuple.len));
            continue;
        }
        char text[200];
        return bs_error_set(run->exec->error, BS_REASON_Q_INVALID_DATA_SOURCE,
                            "a data source holds tuples, not %s",
                            exec_text(tuple, text, sizeof(text)));
    }
    return BS_OK;
}

static enum bs_code run_tuples(struct tuples_run *run, struct context *context, struct edn source,
                               struct varset needed)
{
    const struct clause *clause = run->clause;
    struct varset seen = {0};
    for (size_t i = 0; i < clause->terms_count; i++) {
        bool is_new = clause->terms[i].kind == TERM_VAR && !varset_has(&seen, clause->terms[i].var);
        run->vars[i] = is_new ? clause->terms[i].var : QUERY_NO_VAR;
        if (is_new)
            varset_add(&seen, clause->terms[i].var);
    }
    struct relation *driver = NULL;
    for (size_t i = 0; i < context->count && driver == NULL; i++) {
        struct varset shared = varset_intersection(clause->vars, relation_vars(context->items[i]));
        if (varset_is_empty(&shared))
            continue;
        driver = context->items[i];
        context->items[i] = context->items[--context->count];
    }
    struct varset later = varset_intersection(context_vars(context), clause->vars);
    BS_TRY(joiner_init(&run->joiner, run->exec, driver, run->vars, clause->terms_count,
                       varset_union(needed, later), true));
    BS_TRY(take_all(run, source));
    struct relation *out = run->joiner.sink.relation;
    joiner_fini(&run->joiner);
    relation_free(driver);
    return context_put(run->exec, context, out, needed);
}

enum bs_code tuples_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                        struct context *context, struct varset needed)
{
    if (clause->terms_count > QUERY_VARS_MAX)
        return bs_error_set(exec->error, BS_REASON_Q_UNSUPPORTED,
                            "a pattern of more than %d places", QUERY_VARS_MAX);
    struct tuples_run run = {.exec = exec, .clause = clause};
    enum bs_code code =
        run_tuples(&run, context, exec_source(exec, frame, clause->source)->value, needed);
    joiner_fini(&run.joiner);
    return code;
}
