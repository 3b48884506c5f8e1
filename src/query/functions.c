/*
 * Transaction functions that are stored as data: a query over db-before whose results are forms.
 * The store knows them only as code that an evaluator checks and runs (datom/functions.h); this is
 * that evaluator. A function runs while its connection resolves a transaction, so it has a deadline
 * whatever the caller says.
 */
#include "query/ast.h"
#include "query/cache.h"

static bool begins_with_database(const struct query *query)
{
    return query->inputs_count > 0 && query->inputs[0].kind == INPUT_SOURCE &&
           query->inputs[0].source == 0;
}

static enum bs_code check_inputs(const struct query *query, size_t *ret_args_count,
                                 struct bs_error *error)
{
    if (!query->has_in) {
        *ret_args_count = 0;
        return BS_OK;
    }
    if (!begins_with_database(query))
        return bs_error_set(error, BS_REASON_Q_INVALID_QUERY,
                            "the :in of a transaction function must begin with $, the database "
                            "before the transaction, and go on with the arguments");
    *ret_args_count = query->inputs_count - 1;
    return BS_OK;
}

static enum bs_code check(void *self, struct bs_str code, size_t *ret_args_count,
                          struct bs_error *error)
{
    (void)self;
    struct cached_query *cached = NULL;
    BS_TRY(query_cache_take(code, &cached, error));
    enum bs_code result = check_inputs(query_cache_query(cached), ret_args_count, error);
    query_cache_give(cached);
    return result;
}

/* The results as tx-data: rows and values of collections are forms, a tuple or scalar is one. */
static struct edn forms_of(const struct query *query, struct edn result, struct bs_arena *arena)
{
    enum query_shape shape = query_find_shape(query);
    if (shape == QUERY_RELATION || shape == QUERY_COLLECTION || edn_is_nil(result))
        return result;
    return edn_vector_of(arena, &result, 1);
}

static enum bs_code run_query(const struct query *query, const struct datom_tx_call *call,
                              struct edn *ret_tx_data, struct bs_error *error)
{
    struct bs_interrupt interrupt = BS_INTERRUPT_INIT;
    if (call->interrupt)
        interrupt = *call->interrupt;
    bs_deadline latest = bs_monotonic_ns() + BS_LIMIT_TX_FUNCTION_MS * INT64_C(1000000);
    interrupt.deadline = BS_MIN(interrupt.deadline, latest);
    struct query_options options = {.interrupt = &interrupt};
    struct edn *inputs = bs_arena_new_array(call->arena, call->args_count + 1, struct edn);
    inputs[0] = edn_object_value(datom_db_object(call->db));
    for (size_t i = 0; i < call->args_count; i++)
        inputs[i + 1] = call->args[i];
    struct edn result;
    size_t count = query->has_in ? call->args_count + 1 : 1;
    BS_TRY(query_run(query, inputs, count, &options, call->arena, &result, error));
    *ret_tx_data = forms_of(query, result, call->arena);
    return BS_OK;
}

static enum bs_code run(void *self, struct bs_str code, const struct datom_tx_call *call,
                        struct edn *ret_tx_data, struct bs_error *error)
{
    (void)self;
    struct cached_query *cached = NULL;
    BS_TRY(query_cache_take(code, &cached, error));
    enum bs_code result = run_query(query_cache_query(cached), call, ret_tx_data, error);
    query_cache_give(cached);
    return result;
}

void query_functions_install(struct datom_functions *functions)
{
    datom_functions_set_evaluator(functions, (struct datom_evaluator){.check = check, .run = run});
}
