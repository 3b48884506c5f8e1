/* What a store that scripts run on has registered: the model's predicates and functions. */

#include "script_run.h"

#include "datom/bootstrap.h"

/* ---- predicates ---- */

static enum bs_code test_value(void *self, struct edn value, struct bs_arena *arena,
                               struct edn *ret_return, struct bs_error *error)
{
    (void)self;
    (void)arena;
    (void)error;
    *ret_return = edn_boolean(model_value_passes(value));
    return BS_OK;
}

static enum bs_code test_entity(void *self, struct datom_db *db_after, datom_id e,
                                struct bs_arena *arena, struct edn *ret_return,
                                struct bs_error *error)
{
    (void)self;
    (void)arena;
    struct datom_range range = {.index = DATOM_EAVT, .has_e = true, .e = e};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = 0, count = 1;
    BS_TRY(datom_cursor_open(db_after, &range, &cursor, error));
    while (count > 0) {
        const struct datom *datoms;
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        for (size_t i = 0; i < count; i++)
            total += datoms[i].a >= DATOM_BOOT_NEXT_ELEMENT;
    }
    *ret_return = total <= MODEL_FEW ? edn_boolean(true) : edn_long((int64_t)total);
    return BS_OK;
}

/* ---- transaction functions ---- */

static enum bs_code call_both(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                              struct bs_error *error)
{
    (void)self;
    (void)error;
    *ret_tx_data = model_call_both(call->arena, call->args);
    return BS_OK;
}

static enum bs_code call_next(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                              struct bs_error *error)
{
    (void)self;
    struct edn v = edn_nil();
    bool found;
    const struct datom_attribute *attribute = NULL;
    if (call->args[0].type == EDN_LONG && call->args[0].as.integer >= 0)
        attribute = datom_db_attribute_named(call->db, edn_text_of(call->args[1]));
    if (attribute)
        BS_TRY(datom_db_get(call->db, (datom_id)call->args[0].as.integer, attribute, call->arena,
                            &v, &found, error));
    *ret_tx_data = model_call_next(call->arena, call->args, v);
    return BS_OK;
}

static enum bs_code check_code(void *self, struct bs_str code, size_t *ret_args_count,
                               struct bs_error *error)
{
    (void)self;
    if (!bs_str_equals(code, MODEL_BOTH) && !bs_str_equals(code, MODEL_NEXT))
        return bs_error_set(error, BS_REASON_DB_INVALID_FUNCTION, "%.*s", BS_STR_ARGS(code));
    *ret_args_count = bs_str_equals(code, MODEL_BOTH) ? 4 : 2;
    return BS_OK;
}

static enum bs_code run_code(void *self, struct bs_str code, const struct datom_tx_call *call,
                             struct edn *ret_tx_data, struct bs_error *error)
{
    if (bs_str_equals(code, MODEL_BOTH))
        return call_both(self, call, ret_tx_data, error);
    return call_next(self, call, ret_tx_data, error);
}

struct datom_functions *script_functions(void)
{
    struct datom_functions *functions = datom_functions_new();
    datom_functions_add_value_predicate(functions, BS_STR(MODEL_VALUE_PREDICATE),
                                        (struct datom_value_predicate){.test = test_value});
    datom_functions_add_entity_predicate(functions, BS_STR(MODEL_ENTITY_PREDICATE),
                                         (struct datom_entity_predicate){.test = test_entity});
    datom_functions_add_tx(
        functions, BS_STR(MODEL_BOTH),
        (struct datom_tx_function){.call = call_both, .args_min = 4, .args_max = 4});
    datom_functions_add_tx(
        functions, BS_STR(MODEL_NEXT),
        (struct datom_tx_function){.call = call_next, .args_min = 2, .args_max = 2});
    datom_functions_set_evaluator(functions,
                                  (struct datom_evaluator){.check = check_code, .run = run_code});
    return functions;
}
