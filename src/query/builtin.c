/* Finding functions by name. The functions themselves stand in builtin_*.c. */
#include "query/builtin.h"

#include "query/value.h"

static const struct builtin_list *const lists[] = {
    &builtins_tests, &builtins_numbers, &builtins_text, &builtins_collections, &builtins_database,
};

/* Datomic's and Clojure's that a user may well try, and that this version does not have. */
static const char *const unsupported[] = {
    "fulltext", "q", "re-seq", "eval", "apply", "map", "filter", "reduce", "format", "rand-int",
};

const struct builtin *builtin_at(size_t idx)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(lists); i++) {
        if (idx < lists[i]->count)
            return &lists[i]->items[idx];
        idx -= lists[i]->count;
    }
    return NULL;
}

enum bs_code builtin_find(struct bs_str name, const struct builtin **ret_builtin,
                          struct bs_error *error)
{
    struct bs_str local = value_function_name(name);
    const char *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;
    const struct builtin *builtin;
    for (size_t i = 0; (builtin = builtin_at(i)) != NULL; i++) {
        if (bs_str_equals(local, builtin->name)) {
            *ret_builtin = builtin;
            return BS_OK;
        }
        size_t distance = bs_str_distance(local, bs_str_from(builtin->name));
        if (nearest == NULL || distance < nearest_distance) {
            nearest = builtin->name;
            nearest_distance = distance;
        }
    }
    for (size_t i = 0; i < BS_ARRAY_COUNT(unsupported); i++)
        if (bs_str_equals(local, unsupported[i]))
            return bs_error_set(error, BS_REASON_Q_UNSUPPORTED,
                                "the function %s is not supported in queries", unsupported[i]);
    return bs_error_set(error, BS_REASON_Q_UNKNOWN_FUNCTION,
                        "no function is called %.*s; did you mean %s?", BS_STR_ARGS(name),
                        nearest ? nearest : "=");
}

enum bs_code builtin_check_arity(const struct builtin *builtin, struct edn form, size_t count,
                                 struct bs_error *error)
{
    if (count >= builtin->min_args && count <= builtin->max_args)
        return BS_OK;
    char text[200];
    edn_print_cut(form, text, sizeof(text));
    if (builtin->max_args == BUILTIN_ANY)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                            "%s: %s takes at least %zu arguments, not %zu", text, builtin->name,
                            builtin->min_args, count);
    if (builtin->min_args == builtin->max_args)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY, "%s: %s takes %zu arguments, not %zu",
                            text, builtin->name, builtin->min_args, count);
    return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                        "%s: %s takes %zu to %zu arguments, not %zu", text, builtin->name,
                        builtin->min_args, builtin->max_args, count);
}

bool builtin_takes_source(const struct builtin *builtin)
{
    return builtin->takes_source;
}

bool builtin_reads_log(const struct builtin *builtin)
{
    return builtin->takes_source && bs_str_starts_with(bs_str_from(builtin->name), BS_STR("tx-"));
}

enum bs_code builtin_refuse(struct builtin_env *env, struct edn arg, const char *what)
{
    char form[200];
    char text[200];
    return bs_error_set(env->error, BS_REASON_Q_INVALID_ARGUMENT, "%s: %s expected, not %s (%s)",
                        edn_print_cut(env->form, form, sizeof(form)), what,
                        edn_print_cut(arg, text, sizeof(text)),
                        edn_type_name((enum edn_type)arg.type));
}
