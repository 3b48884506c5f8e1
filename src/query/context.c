/* Contexts: relations over disjoint variables that together mean their product. */
#include "query/exec.h"

struct varset context_vars(const struct context *context)
{
    struct varset vars = {0};
    for (size_t i = 0; i < context->count; i++)
        vars = varset_union(vars, relation_vars(context->items[i]));
    return vars;
}

static struct relation *take_one(struct context *context, struct varset vars)
{
    for (size_t i = 0; i < context->count; i++) {
        struct varset shared = varset_intersection(vars, relation_vars(context->items[i]));
        if (varset_is_empty(&shared))
            continue;
        struct relation *relation = context->items[i];
        context->items[i] = context->items[--context->count];
        return relation;
    }
    return NULL;
}

/* Joins two and frees them. */
static enum bs_code join_both(struct relation *a, struct relation *b,
                              struct relation **ret_relation)
{
    BS_TRY(relation_join(a, b, ret_relation));
    relation_free(a);
    relation_free(b);
    return BS_OK;
}

enum bs_code context_take(struct exec *exec, struct context *context, struct varset vars,
                          struct relation **ret_relation)
{
    struct relation *all = take_one(context, vars);
    if (all == NULL) {
        struct edn none = edn_nil();
        all = relation_new(&exec->meter, (struct varset){0});
        BS_TRY(relation_add(all, &none));
    }
    struct relation *next;
    while ((next = take_one(context, vars)) != NULL)
        BS_TRY(join_both(all, next, &all));
    *ret_relation = all;
    return BS_OK;
}

enum bs_code context_put(struct exec *exec, struct context *context, struct relation *relation,
                         struct varset needed)
{
    (void)exec;
    struct relation *next;
    while ((next = take_one(context, relation_vars(relation))) != NULL)
        BS_TRY(join_both(relation, next, &relation));
    if (!varset_within(relation_vars(relation), needed)) {
        struct relation *whole = relation;
        BS_TRY(relation_project(whole, needed, &relation));
        relation_free(whole);
    }
    if (relation->rows == 0)
        context->failed = true;
    if (relation->width == 0)
        relation_free(relation);
    else
        context->items[context->count++] = relation;
    return BS_OK;
}

enum bs_code context_seed(struct exec *exec, const struct context *context, struct varset vars,
                          struct context *ret_seed)
{
    (void)exec;
    ret_seed->count = 0;
    ret_seed->failed = context->failed;
    for (size_t i = 0; i < context->count; i++) {
        struct varset shared = varset_intersection(vars, relation_vars(context->items[i]));
        if (varset_is_empty(&shared))
            continue;
        struct relation *copy = NULL;
        BS_TRY(relation_project(context->items[i], shared, &copy));
        ret_seed->items[ret_seed->count++] = copy;
    }
    return BS_OK;
}

uint64_t context_rows(const struct context *context)
{
    uint64_t rows = context->failed ? 0 : 1;
    for (size_t i = 0; i < context->count; i++)
        if (__builtin_mul_overflow(rows, context->items[i]->rows, &rows))
            return UINT64_MAX;
    return rows;
}
