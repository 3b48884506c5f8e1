/*
 * Predicates and functions: a call for each row, and the binding of what it gives. A predicate
 * keeps the rows for which it is truthy; a function that gives nil drops the row.
 */
#include "query/exec.h"

#define ARGS_ON_STACK 8

/* ---- binding ---- */

/* Bindings and the values that go to them, and what comes after. */
struct bind_list {
    const struct binding *bindings;
    const struct edn *values;
    size_t count;
    const struct bind_list *next;
};

static enum bs_code bind_next(struct binder *binder, const struct bind_list *list);

static enum bs_code add_bound_row(struct binder *binder)
{
    const struct relation *out = binder->sink->relation;
    struct edn cells[QUERY_VARS_MAX];
    for (size_t i = 0; i < out->width; i++)
        cells[i] = binder->by_var[out->vars[i]];
    return sink_add(binder->sink, cells);
}

static enum bs_code bind_scalar(struct binder *binder, uint16_t var, struct edn value,
                                const struct bind_list *rest)
{
    bool found = false;
    BS_TRY(exec_normalise(binder->exec, binder->frame, var, binder->is_constant, &value, &found));
    if (!found)
        return BS_OK;
    if (varset_has(&binder->assigned, var))
        return edn_equal(binder->by_var[var], value) ? bind_next(binder, rest) : BS_OK;
    struct varset before = binder->assigned;
    varset_add(&binder->assigned, var);
    binder->by_var[var] = value;
    BS_TRY(bind_next(binder, rest));
    binder->assigned = before;
    return BS_OK;
}

static enum bs_code refuse_value(struct binder *binder, struct edn value, const char *what)
{
    char form[200];
    char text[200];
    return bs_error_set(binder->exec->error, BS_REASON_Q_INVALID_ARGUMENT,
                        "%s: %s expected, not %s", exec_text(binder->form, form, sizeof(form)),
                        what, exec_text(value, text, sizeof(text)));
}

static enum bs_code bind_tuple(struct binder *binder, const struct binding *binding,
                               struct edn value, const struct bind_list *rest)
{
    if (!edn_is_sequential(value))
        return refuse_value(binder, value, "a tuple");
    if (value.len < binding->count) {
        char what[60];
        snprintf(what, sizeof(what), "a tuple of at least %zu values", binding->count);
        return refuse_value(binder, value, what);
    }
    struct bind_list items = {binding->items, value.as.items, binding->count, rest};
    return bind_next(binder, &items);
}

static enum bs_code bind_collection(struct binder *binder, const struct binding *binding,
                                    struct edn value, const struct bind_list *rest)
{
    if (!edn_is_collection(value) && value.type != EDN_MAP && !edn_is_nil(value))
        return refuse_value(binder, value, "a collection");
    for (size_t i = 0; i < value.len; i++) {
        struct edn item;
        if (value.type == EDN_MAP)
            item = edn_collection(EDN_VECTOR, value.as.items + 2 * i, 2);
        else
            item = value.as.items[i];
        struct bind_list one = {binding->items, &item, 1, rest};
        BS_TRY(bind_next(binder, &one));
    }
    return BS_OK;
}

static enum bs_code bind_next(struct binder *binder, const struct bind_list *list)
{
    while (list != NULL && list->count == 0)
        list = list->next;
    if (list == NULL)
        return add_bound_row(binder);
    struct bind_list rest = {list->bindings + 1, list->values + 1, list->count - 1, list->next};
    const struct binding *binding = &list->bindings[0];
    switch (binding->kind) {
    case BINDING_IGNORE:
        return bind_next(binder, &rest);
    case BINDING_SCALAR:
        return bind_scalar(binder, binding->var, list->values[0], &rest);
    case BINDING_TUPLE:
        return bind_tuple(binder, binding, list->values[0], &rest);
    case BINDING_COLLECTION:
        return bind_collection(binder, binding, list->values[0], &rest);
    }
    BS_UNREACHABLE();
}

enum bs_code binder_add(struct binder *binder, const struct binding *binding, struct edn value)
{
    struct bind_list one = {binding, &value, 1, NULL};
    return bind_next(binder, &one);
}

/* ---- calling ---- */

struct caller {
    struct exec *exec;
    const struct frame *frame;
    const struct relation *relation;
    size_t row;
};

static enum bs_code evaluate(struct caller *caller, const struct call *call, struct edn *ret_value);

static enum bs_code evaluate_argument(struct caller *caller, const struct term *term,
                                      struct edn *ret_value)
{
    size_t column;
    switch (term->kind) {
    case TERM_VAR:
        column = relation_column(caller->relation, term->var);
        *ret_value = caller->relation->columns[column][caller->row];
        return BS_OK;
    case TERM_SOURCE:
        *ret_value = edn_object_value(
            datom_db_object(exec_source(caller->exec, caller->frame, term->source)->db));
        return BS_OK;
    case TERM_CALL:
        return evaluate(caller, term->call, ret_value);
    case TERM_CONST:
    case TERM_BLANK:
        break;
    }
    *ret_value = term->value;
    return BS_OK;
}

static enum bs_code evaluate(struct caller *caller, const struct call *call, struct edn *ret_value)
{
    struct exec *exec = caller->exec;
    struct edn few[ARGS_ON_STACK];
    struct edn *args = call->count <= ARGS_ON_STACK
                           ? few
                           : bs_arena_new_array(exec->arena, call->count, struct edn);
    for (size_t i = 0; i < call->count; i++)
        BS_TRY(evaluate_argument(caller, &call->args[i], &args[i]));
    exec->env.form = call->form;
    BS_TRY(call->function->function(&exec->env, args, call->count, ret_value));
    return meter_take(&exec->meter, 0); /* what one call makes can be much already */
}

static enum bs_code filter_rows(struct caller *caller, const struct clause *clause,
                                struct relation *out)
{
    const struct relation *relation = caller->relation;
    struct edn cells[QUERY_VARS_MAX];
    for (caller->row = 0; caller->row < relation->rows; caller->row++) {
        struct edn value = edn_nil();
        BS_TRY(meter_tick(&caller->exec->meter));
        BS_TRY(evaluate(caller, clause->call, &value));
        if (!edn_is_truthy(value))
            continue;
        relation_row(relation, caller->row, cells);
        BS_TRY(relation_add(out, cells));
    }
    return BS_OK;
}

static enum bs_code bind_rows(struct caller *caller, const struct clause *clause,
                              struct binder *binder)
{
    const struct relation *relation = caller->relation;
    struct varset given = relation_vars(relation);
    for (caller->row = 0; caller->row < relation->rows; caller->row++) {
        struct edn value = edn_nil();
        BS_TRY(meter_tick(&caller->exec->meter));
        BS_TRY(evaluate(caller, clause->call, &value));
        if (edn_is_nil(value))
            continue;
        binder->assigned = given;
        for (size_t i = 0; i < relation->width; i++)
            binder->by_var[relation->vars[i]] = relation->columns[i][caller->row];
        BS_TRY(binder_add(binder, &clause->binding, value));
    }
    return BS_OK;
}

static enum bs_code run_function(struct caller *caller, const struct clause *clause,
                                 struct varset wanted, struct relation **ret_relation)
{
    struct exec *exec = caller->exec;
    struct varset all = varset_union(relation_vars(caller->relation), clause->binding.vars);
    struct sink sink;
    struct edn by_var[QUERY_VARS_MAX];
    BS_TRY(sink_init(&sink, &exec->meter, varset_intersection(all, wanted), true));
    struct binder binder = {
        .exec = exec,
        .frame = caller->frame,
        .sink = &sink,
        .by_var = by_var,
        .is_constant = varset_is_empty(&clause->call->vars),
        .form = clause->form,
    };
    enum bs_code code = bind_rows(caller, clause, &binder);
    sink_fini(&sink);
    *ret_relation = sink.relation;
    return code;
}

enum bs_code call_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                      struct context *context, struct varset needed)
{
    struct relation *relation = NULL;
    BS_TRY(context_take(exec, context, clause->call->vars, &relation));
    struct caller caller = {.exec = exec, .frame = frame, .relation = relation};
    struct relation *out = NULL;
    if (clause->kind == CLAUSE_PREDICATE) {
        out = relation_new(&exec->meter, relation_vars(relation));
        BS_TRY(filter_rows(&caller, clause, out));
    } else {
        struct varset wanted = varset_union(needed, context_vars(context));
        BS_TRY(run_function(&caller, clause, wanted, &out));
    }
    relation_free(relation);
    return context_put(exec, context, out, needed);
}
