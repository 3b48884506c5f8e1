/*
 * not and or. Both run their clauses in a context of their own that starts with what is bound of
 * the variables they share, so that they look only where it matters; not takes away the rows that
 * are left there, or joins with the union of its branches.
 */
#include "query/exec.h"

enum bs_code not_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                     struct context *context, struct varset join, struct varset needed)
{
    struct relation *rows = NULL;
    BS_TRY(context_take(exec, context, join, &rows));
    struct context inner = {.count = 0};
    struct relation *seed = NULL;
    BS_TRY(relation_project(rows, join, &seed));
    BS_TRY(context_put(exec, &inner, seed, join));
    struct frame outside = *frame; /* rules inside a not are asked to the end, by themselves */
    outside.eval = NULL;
    BS_TRY(exec_clauses(exec, &outside, &clause->branches[0], &inner, join, join));
    struct relation *matched = NULL;
    BS_TRY(context_take(exec, &inner, join, &matched));
    if (!inner.failed) {
        struct relation *rest = NULL;
        BS_TRY(relation_subtract(rows, matched, &rest));
        relation_free(rows);
        rows = rest;
    }
    relation_free(matched);
    return context_put(exec, context, rows, needed);
}

static enum bs_code add_branch(struct exec *exec, struct frame *frame, const struct clauses *branch,
                               struct context *inner, struct varset outer, struct sink *sink)
{
    struct varset wanted = relation_vars(sink->relation);
    BS_TRY(exec_clauses(exec, frame, branch, inner, outer, wanted));
    if (inner->failed) {
        while (inner->count > 0)
            relation_free(inner->items[--inner->count]);
        return BS_OK;
    }
    struct relation *rows = NULL;
    BS_TRY(context_take(exec, inner, wanted, &rows));
    struct edn cells[QUERY_VARS_MAX];
    for (size_t row = 0; row < rows->rows; row++) {
        relation_row(rows, row, cells);
        BS_TRY(sink_add(sink, cells));
    }
    relation_free(rows);
    return BS_OK;
}

static enum bs_code add_branches(struct exec *exec, struct frame *frame,
                                 const struct clause *clause, const struct context *context,
                                 struct varset join, struct sink *sink)
{
    for (size_t i = 0; i < clause->branches_count; i++) {
        struct context inner = {.count = 0};
        BS_TRY(context_seed(exec, context, join, &inner));
        BS_TRY(add_branch(exec, frame, &clause->branches[i], &inner, join, sink));
    }
    return BS_OK;
}

enum bs_code or_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                    struct context *context, struct varset join, struct varset needed)
{
    struct sink sink;
    struct varset wanted = varset_intersection(join, varset_union(needed, context_vars(context)));
    BS_TRY(sink_init(&sink, &exec->meter, wanted, true));
    enum bs_code code = add_branches(exec, frame, clause, context, join, &sink);
    sink_fini(&sink);
    if (code != BS_OK)
        return code;
    return context_put(exec, context, sink.relation, needed);
}
