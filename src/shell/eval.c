/*
 * The evaluator: a list is a call, a bare symbol a name, everything else data that stands for
 * itself, but for ~NAME in it. Recursion is bounded by the reader's depth.
 */

#include "shell/session.h"

#define SHOWN_BYTES 80

const char *shell_show(struct shell *shell, struct edn value)
{
    return edn_print_short(shell->arena, value, SHOWN_BYTES).ptr;
}

/* ---- names ---- */

static enum bs_code unknown_name(struct shell *shell, struct bs_str name, struct bs_error *error)
{
    if (shell_find_function(name))
        return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                            "%.*s is a function, not a value: call it, as in %s", BS_STR_ARGS(name),
                            shell_find_function(name)->usage);
    struct bs_str nearest = shell_nearest_name(shell, name);
    if (nearest.len > 0)
        return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                            "nothing is named %.*s; did you mean %.*s?", BS_STR_ARGS(name),
                            BS_STR_ARGS(nearest));
    return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                        "nothing is named %.*s: expected conn, db, *1, *2, *3 or a name given by "
                        "(def NAME FORM)",
                        BS_STR_ARGS(name));
}

static enum bs_code look_up(struct shell *shell, struct edn symbol, struct edn *ret_value,
                            struct bs_error *error)
{
    if (shell_find_name(shell, edn_text_of(symbol), ret_value))
        return BS_OK;
    return unknown_name(shell, edn_text_of(symbol), error);
}

/* ---- data ---- */

/* What the reader makes of ~NAME. */
static bool is_unquote(struct edn form)
{
    return form.type == EDN_LIST && form.len == 2 && edn_is_symbol(form.as.items[0], "edn/unquote");
}

static enum bs_code unquote(struct shell *shell, struct edn form, struct edn *ret_value,
                            struct bs_error *error)
{
    struct edn name = form.as.items[1];
    if (name.type != EDN_SYMBOL)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "~%s: expected a name after the ~", shell_show(shell, name));
    return look_up(shell, name, ret_value, error);
}

static size_t items_count(struct edn value)
{
    if (value.type == EDN_MAP)
        return (size_t)value.len * 2;
    if (value.type == EDN_TAGGED)
        return 2;
    return edn_is_collection(value) ? value.len : 0;
}

static bool has_unquote(struct edn form)
{
    if (is_unquote(form))
        return true;
    for (size_t i = 0; i < items_count(form); i++) {
        if (has_unquote(form.as.items[i]))
            return true;
    }
    return false;
}

/* Two names may have brought the same key, or member, twice. */
static enum bs_code check_keys(struct shell *shell, struct edn map, struct bs_error *error)
{
    struct edn *keys = bs_arena_new_array(shell->arena, map.len, struct edn);
    for (size_t i = 0; i < map.len; i++)
        keys[i] = map.as.items[i * 2];
    if (edn_set_of(shell->arena, keys, map.len).len == map.len)
        return BS_OK;
    return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                        "a key stands twice in %s: expected different ones",
                        shell_show(shell, map));
}

static enum bs_code fill_in(struct shell *shell, struct edn form, struct edn *ret_value,
                            struct bs_error *error);

static enum bs_code fill_in_items(struct shell *shell, struct edn form, struct edn *ret_value,
                                  struct bs_error *error)
{
    size_t count = items_count(form);
    struct edn *items = bs_arena_new_array(shell->arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        BS_TRY(fill_in(shell, form.as.items[i], &items[i], error));
    form.as.items = items;
    if (form.type == EDN_MAP)
        BS_TRY(check_keys(shell, form, error));
    *ret_value = form.type == EDN_SET ? edn_set_of(shell->arena, items, count) : form;
    return BS_OK;
}

/* Data with the values of names in the place of ~NAME. */
static enum bs_code fill_in(struct shell *shell, struct edn form, struct edn *ret_value,
                            struct bs_error *error)
{
    if (is_unquote(form))
        return unquote(shell, form, ret_value, error);
    if (items_count(form) > 0)
        return fill_in_items(shell, form, ret_value, error);
    *ret_value = form;
    return BS_OK;
}

/* ---- calls ---- */

static enum bs_code unknown_function(struct shell *shell, struct edn head, struct bs_error *error)
{
    struct bs_str name = edn_text_of(head);
    struct bs_str nearest = shell_nearest_function(name);
    if (nearest.len > 0)
        return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                            "there is no function %.*s; did you mean %.*s?", BS_STR_ARGS(name),
                            BS_STR_ARGS(nearest));
    struct edn value;
    if (shell_find_name(shell, name, &value))
        return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                            "%.*s is a value, not a function: a list is a call", BS_STR_ARGS(name));
    return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                        "there is no function %.*s: (help) lists them", BS_STR_ARGS(name));
}

static enum bs_code wrong_arity(const char *usage, size_t least, size_t most, size_t count,
                                struct bs_error *error)
{
    if (least == most)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY, "%s takes %zu argument%s: got %zu",
                            usage, least, least == 1 ? "" : "s", count);
    if (most == SHELL_ANY_COUNT)
        return bs_error_set(error, BS_REASON_Q_WRONG_ARITY,
                            "%s takes at least %zu argument%s: got %zu", usage, least,
                            least == 1 ? "" : "s", count);
    return bs_error_set(error, BS_REASON_Q_WRONG_ARITY, "%s takes %zu to %zu arguments: got %zu",
                        usage, least, most, count);
}

static enum bs_code eval_arguments(struct shell *shell, struct edn list, struct edn **ret_arguments,
                                   struct bs_error *error)
{
    struct edn *arguments = bs_arena_new_array(shell->arena, list.len, struct edn);
    for (size_t i = 1; i < list.len; i++)
        BS_TRY(shell_eval_form(shell, list.as.items[i], &arguments[i - 1], error));
    *ret_arguments = arguments;
    return BS_OK;
}

/* (:key HOLDER) and (:key HOLDER DEFAULT) */
static enum bs_code call_keyword(struct shell *shell, struct edn list, struct edn *ret_value,
                                 struct bs_error *error)
{
    struct edn *arguments;
    bool found;
    size_t count = list.len - 1;
    if (count < 1 || count > 2)
        return wrong_arity("(:key MAP) or (:key MAP DEFAULT)", 1, 2, count, error);
    BS_TRY(eval_arguments(shell, list, &arguments, error));
    BS_TRY(shell_look_up(shell, arguments[0], list.as.items[0], ret_value, &found, error));
    if (!found)
        *ret_value = count == 2 ? arguments[1] : edn_nil();
    return BS_OK;
}

static enum bs_code call_function(struct shell *shell, struct edn list, struct edn *ret_value,
                                  struct bs_error *error)
{
    const struct shell_function *function = shell_find_function(edn_text_of(list.as.items[0]));
    size_t count = list.len - 1;
    if (!function)
        return unknown_function(shell, list.as.items[0], error);
    if (count < function->least || count > function->most)
        return wrong_arity(function->usage, function->least, function->most, count, error);
    if (function->is_special)
        return function->run(shell, list.as.items + 1, count, ret_value, error);
    struct edn *arguments;
    BS_TRY(eval_arguments(shell, list, &arguments, error));
    return function->run(shell, arguments, count, ret_value, error);
}

static enum bs_code call(struct shell *shell, struct edn list, struct edn *ret_value,
                         struct bs_error *error)
{
    if (list.len == 0)
        return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                            "() calls nothing: expected (FUNCTION ARGUMENT...); (help) lists "
                            "the functions");
    struct edn head = list.as.items[0];
    if (head.type == EDN_KEYWORD)
        return call_keyword(shell, list, ret_value, error);
    if (head.type == EDN_SYMBOL)
        return call_function(shell, list, ret_value, error);
    return bs_error_set(error, BS_REASON_SHELL_UNKNOWN_NAME,
                        "%s is no function: a list is a call, (FUNCTION ARGUMENT...) or (:key MAP)",
                        shell_show(shell, head));
}

enum bs_code shell_eval_form(struct shell *shell, struct edn form, struct edn *ret_value,
                             struct bs_error *error)
{
    if (is_unquote(form))
        return unquote(shell, form, ret_value, error);
    if (form.type == EDN_LIST)
        return call(shell, form, ret_value, error);
    if (form.type == EDN_SYMBOL)
        return look_up(shell, form, ret_value, error);
    if (has_unquote(form))
        return fill_in(shell, form, ret_value, error);
    *ret_value = form;
    return BS_OK;
}
