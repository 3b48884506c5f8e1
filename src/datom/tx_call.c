/*
 * Calls in transactions: functions that the application registered, by name, and functions that are
 * stored as data, by their entity. All of them see db-before; what they give is expanded like the
 * transaction's own forms, so it may call functions again, down to a depth.
 */

#include "datom/bootstrap.h"
#include "datom/tx_expand.h"

/* ---- what a call gives ---- */

enum bs_code tx_expand_results(struct tx *tx, struct edn call, struct edn forms, uint32_t form_idx,
                               struct bs_error *error)
{
    char name[80];
    char text[120];
    edn_print_cut(call.as.items[0], name, sizeof(name));
    if (edn_is_nil(forms))
        return BS_OK;
    if (!edn_is_collection(forms))
        return bs_error_set(error, BS_REASON_DB_INVALID_FUNCTION,
                            "%s gives %s: expected a vector of forms", name,
                            edn_print_cut(forms, text, sizeof(text)));
    if (tx->call_depth == BS_LIMIT_TX_FUNCTION_DEPTH)
        return bs_error_set(error, BS_REASON_DB_FUNCTION_DEPTH,
                            "%s is called more than %d calls deep", name,
                            BS_LIMIT_TX_FUNCTION_DEPTH);
    tx->call_depth++;
    enum bs_code code = BS_OK;
    for (uint32_t i = 0; i < forms.len && code == BS_OK; i++) {
        code = tx_expand_form(tx, forms.as.items[i], form_idx, error);
        /* the innermost call tells which of its forms it is */
        if (code != BS_OK && error && bs_error_find(error, "function") == NULL) {
            bs_error_prefix(error, "%s gives %s: ", name,
                            edn_print_cut(forms.as.items[i], text, sizeof(text)));
            bs_error_add_text(error, "function", bs_str_from(name));
        }
    }
    tx->call_depth--;
    return code;
}

static enum bs_code check_arity(const struct datom_tx_call *call, size_t least, size_t most,
                                struct bs_error *error)
{
    if (call->args_count >= least && call->args_count <= most)
        return BS_OK;
    if (most == DATOM_ARGS_ANY)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                            "%.*s is called with %zu arguments: expected %zu or more",
                            BS_STR_ARGS(call->name), call->args_count, least);
    if (least < most)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                            "%.*s is called with %zu arguments: expected %zu to %zu",
                            BS_STR_ARGS(call->name), call->args_count, least, most);
    return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                        "%.*s is called with %zu arguments: expected %zu", BS_STR_ARGS(call->name),
                        call->args_count, least);
}

/* ---- functions stored as data ---- */

/* The code of the function that an operation names; empty when it names none. */
static enum bs_code find_code(struct tx *tx, struct edn op, struct bs_str *ret_code,
                              struct bs_error *error)
{
    const struct datom_schema *schema = tx->db->body->schema;
    struct edn lang, code;
    bool found = false;
    datom_id e = DATOM_NO_ID;
    *ret_code = BS_STR_EMPTY;
    if (op.type == EDN_KEYWORD)
        e = datom_schema_entid(schema, edn_text_of(op));
    else if (op.type == EDN_LONG && op.as.integer >= 0)
        e = (datom_id)op.as.integer;
    if (e == DATOM_NO_ID)
        return BS_OK;
    BS_TRY(datom_db_get(tx->db, e, datom_schema_attribute(schema, DATOM_DB_LANG), tx->scratch,
                        &lang, &found, error));
    if (!found || lang.as.integer != DATOM_DB_LANG_DATALOG)
        return BS_OK;
    BS_TRY(datom_db_get(tx->db, e, datom_schema_attribute(schema, DATOM_DB_CODE), tx->scratch,
                        &code, &found, error));
    if (found)
        *ret_code = edn_text_of(code);
    return BS_OK;
}

static enum bs_code run_code(struct tx *tx, struct bs_str code, const struct datom_tx_call *call,
                             struct edn *ret_forms, struct bs_error *error)
{
    const struct datom_evaluator *evaluator = datom_functions_evaluator(tx->db->body->functions);
    if (!evaluator)
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            "%.*s is a function in Datalog, and this connection has nothing to "
                            "run it: expected datom_options with functions that have an evaluator",
                            BS_STR_ARGS(call->name));
    size_t args_count;
    enum bs_code result = evaluator->check(evaluator->self, code, &args_count, error);
    if (result == BS_OK) {
        BS_TRY(check_arity(call, args_count, args_count, error));
        result = evaluator->run(evaluator->self, code, call, ret_forms, error);
    }
    if (result != BS_OK)
        bs_error_prefix(error, "in the function %.*s: ", BS_STR_ARGS(call->name));
    return result;
}

/* ---- unknown names ---- */

struct nearest {
    struct bs_str wanted;
    size_t distance;
    char name[80];
    const char *sign; /* ":" before a keyword */
};

static void consider(struct nearest *nearest, const char *sign, struct bs_str name)
{
    size_t distance = bs_str_distance(name, nearest->wanted);
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->sign = sign;
    snprintf(nearest->name, sizeof(nearest->name), "%.*s", BS_STR_ARGS(name));
}

static void consider_built_in(struct nearest *nearest)
{
    for (size_t i = 0; i < tx_operations_count; i++)
        consider(nearest, ":", bs_str_from(tx_operations[i].name));
    for (size_t i = 0; i < tx_forms_count; i++)
        consider(nearest, ":", bs_str_from(tx_forms[i].name));
}

static enum bs_code consider_stored(struct tx *tx, struct nearest *nearest, struct bs_error *error)
{
    struct datom_range range = {.index = DATOM_AEVT, .has_a = true, .a = DATOM_DB_CODE};
    BS_TRY(tx_walk(tx, &range, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(tx->cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count; i++) {
            struct bs_str ident = datom_schema_ident(tx->db->body->schema, datoms[i].e);
            if (ident.len > 0)
                consider(nearest, ":", ident);
        }
    }
}

static enum bs_code unknown_function(struct tx *tx, struct edn op, struct bs_error *error)
{
    char text[120];
    edn_print_cut(op, text, sizeof(text));
    if (op.type != EDN_KEYWORD && op.type != EDN_SYMBOL)
        return bs_error_set(error, BS_REASON_DB_NOT_A_DATA_FUNCTION,
                            "%s is not an operation: expected :db/add, :db/retract, :db/cas, "
                            ":db/retractEntity or the name of a function",
                            text);
    struct nearest nearest = {.wanted = edn_text_of(op), .distance = 4};
    consider_built_in(&nearest);
    struct bs_str name;
    for (size_t i = 0;
         (name = datom_functions_name_at(tx->db->body->functions, DATOM_FUNCTION_TX, i)).len > 0;
         i++)
        consider(&nearest, "", name);
    BS_TRY(consider_stored(tx, &nearest, error));
    if (nearest.distance == 4)
        return bs_error_set(error, BS_REASON_DB_NOT_A_DATA_FUNCTION,
                            "%s is not an operation: expected :db/add, :db/retract, :db/cas, "
                            ":db/retractEntity, a function of :db.fn, one that is registered or "
                            "the ident of one that is stored",
                            text);
    return bs_error_set(error, BS_REASON_DB_NOT_A_DATA_FUNCTION,
                        "%s is not an operation: is %s%s meant?", text, nearest.sign, nearest.name);
}

/* ---- calling ---- */

static enum bs_code call_function(struct tx *tx, const struct datom_tx_call *call, struct edn op,
                                  struct edn *ret_forms, struct bs_error *error)
{
    const struct datom_tx_function *function = NULL;
    if (op.type == EDN_KEYWORD || op.type == EDN_SYMBOL)
        function = datom_functions_find_tx(tx->db->body->functions, edn_text_of(op));
    if (function) {
        BS_TRY(check_arity(call, function->args_min, function->args_max, error));
        return function->call(function->self, call, ret_forms, error);
    }
    struct bs_str code;
    BS_TRY(find_code(tx, op, &code, error));
    if (code.len > 0)
        return run_code(tx, code, call, ret_forms, error);
    return unknown_function(tx, op, error);
}

enum bs_code tx_expand_call(struct tx *tx, struct edn form, uint32_t form_idx,
                            struct bs_error *error)
{
    struct edn op = tx_keyword_of_string(form.as.items[0]);
    struct datom_tx_call call = {
        .db = tx->db,
        .name = edn_print_short(tx->scratch, op, 80),
        .args = form.as.items + 1,
        .args_count = form.len - 1,
        .arena = tx->scratch,
        .interrupt = tx->interrupt,
    };
    if (++tx->calls_count > BS_LIMIT_TX_DATOMS)
        return bs_error_set(error, BS_REASON_DB_TRANSACTION_TOO_LARGE,
                            "the transaction calls more than %u functions", BS_LIMIT_TX_DATOMS);
    BS_TRY(bs_interrupt_check(tx->interrupt, error));
    struct edn forms = edn_nil();
    BS_TRY(call_function(tx, &call, op, &forms, error));
    return tx_expand_results(tx, form, forms, form_idx, error);
}

/* ---- code that is said ---- */

static enum bs_code check_code(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    const struct datom_evaluator *evaluator = datom_functions_evaluator(tx->db->body->functions);
    if (!evaluator)
        return bs_error_set(error, BS_REASON_DB_UNSUPPORTED,
                            ":db/code of entity %llu can't be checked: expected a connection "
                            "whose functions have an evaluator",
                            (unsigned long long)entry->e);
    size_t args_count;
    enum bs_code code =
        evaluator->check(evaluator->self, edn_text_of(entry->v), &args_count, error);
    if (code != BS_OK)
        bs_error_prefix(error,
                        ":db/code of entity %llu can't be run: ", (unsigned long long)entry->e);
    return code;
}

static enum bs_code check_lang(struct tx *tx, const struct tx_entry *entry, struct bs_error *error)
{
    const struct datom_schema *schema = tx->db->body->schema;
    struct edn lang = edn_nil();
    bool found = false;
    const struct tx_entry *added = tx_find_added_one(tx, entry->e, DATOM_DB_LANG);
    if (added)
        lang = added->v;
    else if (!tx_is_new_id(tx, entry->e))
        BS_TRY(datom_db_get(tx->db, entry->e, datom_schema_attribute(schema, DATOM_DB_LANG),
                            tx->scratch, &lang, &found, error));
    if (lang.type == EDN_LONG && lang.as.integer == DATOM_DB_LANG_DATALOG)
        return BS_OK;
    return bs_error_set(error, BS_REASON_DB_INVALID_FUNCTION,
                        "entity %llu has :db/code but not the :db/lang that it is in: expected "
                        ":db.lang/datalog",
                        (unsigned long long)entry->e);
}

enum bs_code tx_check_functions(struct tx *tx, struct bs_error *error)
{
    for (size_t i = 0; i < tx->entries_count; i++) {
        const struct tx_entry *entry = &tx->entries[i];
        if (!entry->added || entry->is_redundant || entry->attribute->id != DATOM_DB_CODE)
            continue;
        enum bs_code code = check_lang(tx, entry, error);
        if (code == BS_OK)
            code = check_code(tx, entry, error);
        if (code != BS_OK)
            return tx_blame_entry(tx, entry, code, error);
    }
    return BS_OK;
}
