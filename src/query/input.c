/* Inputs: data sources, rules, patterns, and what binds variables. */
#include "query/exec.h"

static struct bs_str inputs_text(const struct query *query, struct bs_arena *arena)
{
    struct edn *forms = bs_arena_new_array(arena, query->inputs_count, struct edn);
    for (size_t i = 0; i < query->inputs_count; i++)
        forms[i] = query->inputs[i].form;
    return edn_print_short(arena, edn_collection(EDN_VECTOR, forms, query->inputs_count), 200);
}

static enum bs_code take_source(struct exec *exec, const struct input *input, struct edn value)
{
    struct source *source = &exec->sources[input->source];
    struct datom_db *db = datom_db_from_edn(value);
    if (db != NULL) {
        *source = (struct source){.kind = SOURCE_DB, .db = db, .value = value};
        return BS_OK;
    }
    if (edn_is_collection(value) || value.type == EDN_MAP) {
        *source = (struct source){.kind = SOURCE_TUPLES, .value = value};
        return BS_OK;
    }
    char text[200];
    return bs_error_set(exec->error, BS_REASON_Q_INVALID_DATA_SOURCE,
                        "the data source %.*s is a database or a collection of tuples, not %s",
                        BS_STR_ARGS(edn_text_of(input->form)),
                        exec_text(value, text, sizeof(text)));
}

static enum bs_code take_pattern(struct exec *exec, size_t idx, struct edn value)
{
    struct query_pattern *pattern = NULL;
    BS_TRY(query_pattern_parse(value, &pattern, exec->error));
    exec->patterns[idx] = pattern;
    return BS_OK;
}

enum bs_code input_sources(struct exec *exec, const struct edn *inputs, size_t count)
{
    const struct query *query = exec->query;
    if (count != query->inputs_count && (query->has_in || count > 0)) {
        struct bs_str text = inputs_text(query, exec->arena);
        return bs_error_set(exec->error, BS_REASON_Q_WRONG_ARITY,
                            "the query takes %zu inputs, %.*s, but %zu are given",
                            query->inputs_count, BS_STR_ARGS(text), count);
    }
    for (size_t i = 0; i < count; i++) {
        if (query->inputs[i].kind == INPUT_SOURCE)
            BS_TRY(take_source(exec, &query->inputs[i], inputs[i]));
        else if (query->inputs[i].kind == INPUT_PATTERN)
            BS_TRY(take_pattern(exec, i, inputs[i]));
        else if (query->inputs[i].kind == INPUT_RULES)
            BS_TRY(rules_parse(exec, inputs[i]));
    }
    return BS_OK;
}

static enum bs_code bind_input(struct exec *exec, struct frame *frame, const struct input *input,
                               struct edn value, struct context *context)
{
    struct sink sink;
    struct edn by_var[QUERY_VARS_MAX];
    BS_TRY(sink_init(&sink, &exec->meter, input->binding.vars, true));
    struct binder binder = {
        .exec = exec,
        .frame = frame,
        .sink = &sink,
        .by_var = by_var,
        .is_constant = true,
        .form = input->form,
    };
    enum bs_code code = binder_add(&binder, &input->binding, value);
    sink_fini(&sink);
    if (code != BS_OK)
        return code;
    return context_put(exec, context, sink.relation, input->binding.vars);
}

enum bs_code input_bind(struct exec *exec, struct frame *frame, const struct edn *inputs,
                        size_t count, struct context *context)
{
    for (size_t i = 0; i < count; i++)
        if (exec->query->inputs[i].kind == INPUT_BINDING)
            BS_TRY(bind_input(exec, frame, &exec->query->inputs[i], inputs[i], context));
    return BS_OK;
}
