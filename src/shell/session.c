/* A shell: its names, its latest results, and one form run from beginning to end. */

#include <stdlib.h>

#include "shell/session.h"

struct shell *shell_new(const struct shell_options *options)
{
    struct shell *shell = bs_calloc(1, sizeof(*shell));
    shell->own = (struct shell_world){
        .conn = datom_conn_ref(options->conn),
    };
    shell->world = &shell->own;
    shell->procedures = options->procedures;
    shell->arena = bs_arena_new(0);
    shell->interrupt = (struct bs_interrupt){
        .cancelled = &shell->cancelled,
        .deadline = BS_DEADLINE_NONE,
    };
    return shell;
}

void shell_free(struct shell *shell)
{
    struct shell_binding *binding;
    struct shell_binding *next;
    if (!shell)
        return;
    bs_arena_free(shell->arena);
    HASH_ITER(hh, shell->names, binding, next)
    {
        HASH_DEL(shell->names, binding);
        shell_kept_fini(&binding->kept);
        free(binding->name);
        free(binding);
    }
    for (size_t i = 0; i < SHELL_RECENT; i++)
        shell_kept_fini(&shell->recent[i]);
    datom_conn_unref(shell->own.conn);
    free(shell);
}

void shell_freep(struct shell **shell)
{
    shell_free(*shell);
}

void shell_interrupt(struct shell *shell)
{
    atomic_store(&shell->cancelled, true);
}

/* ---- names ---- */

bool shell_is_own_name(struct bs_str name)
{
    static const char *const names[] = {"conn", "db", "*1", "*2", "*3"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        if (bs_str_equals(name, names[i]))
            return true;
    }
    return false;
}

bool shell_find_name(struct shell *shell, struct bs_str name, struct edn *ret_value)
{
    struct shell_binding *binding;
    if (bs_str_equals(name, "db")) {
        *ret_value = shell_hold_db(shell->arena, datom_conn_db(shell->world->conn));
        return true;
    }
    if (bs_str_equals(name, "conn")) {
        *ret_value = shell_hold_conn(shell->arena, shell->world->conn);
        return true;
    }
    if (shell_is_own_name(name)) {
        *ret_value = shell->recent[name.ptr[1] - '1'].value;
        return true;
    }
    HASH_FIND(hh, shell->names, name.ptr, name.len, binding);
    if (binding)
        *ret_value = binding->kept.value;
    return binding != NULL;
}

static void consider(struct bs_str candidate, struct bs_str name, size_t *least,
                     struct bs_str *nearest)
{
    size_t distance = bs_str_distance(candidate, name);
    if (distance < *least) {
        *least = distance;
        *nearest = candidate;
    }
}

/* More than this many edits is another word. */
static size_t distance_limit(struct bs_str name)
{
    return name.len <= 1 ? 1 : name.len <= 3 ? 2 : 3;
}

struct bs_str shell_nearest_function(struct bs_str name)
{
    struct bs_str nearest = BS_STR_EMPTY;
    size_t least = distance_limit(name);
    for (size_t i = 0; shell_function_at(i); i++)
        consider(bs_str_from(shell_function_at(i)->name), name, &least, &nearest);
    /* d/q, datomic.api/q: as people paste it */
    struct bs_str local = edn_name(edn_symbol(name));
    if (nearest.len == 0 && local.len < name.len && shell_find_function(local))
        return local;
    return nearest;
}

struct bs_str shell_nearest_name(struct shell *shell, struct bs_str name)
{
    struct bs_str nearest = BS_STR_EMPTY;
    struct shell_binding *binding;
    struct shell_binding *next;
    size_t least = distance_limit(name);
    HASH_ITER(hh, shell->names, binding, next)
    {
        consider(bs_str_from(binding->name), name, &least, &nearest);
    }
    consider(BS_STR("conn"), name, &least, &nearest);
    consider(BS_STR("db"), name, &least, &nearest);
    return nearest;
}

static void free_arena(void *data)
{
    bs_arena_free((struct bs_arena *)data);
}

static void define(struct shell *shell, struct bs_str name, struct edn value, struct edn *ret_value)
{
    struct shell_binding *binding;
    struct shell_kept kept = {0};
    shell_keep(&kept, value);
    HASH_FIND(hh, shell->names, name.ptr, name.len, binding);
    if (!binding) {
        binding = bs_calloc(1, sizeof(*binding));
        binding->name = bs_calloc(1, name.len + 1);
        memcpy(binding->name, name.ptr, name.len);
        HASH_ADD_KEYPTR(hh, shell->names, binding->name, name.len, binding);
    }
    if (binding->kept.arena) /* the form under way may have looked at it */
        bs_arena_add_cleanup(shell->arena, free_arena, binding->kept.arena);
    binding->kept = kept;
    *ret_value = kept.value;
}

SHELL_FUNCTION(def)
{
    (void)count;
    struct edn name = arguments[0];
    struct edn value;
    if (name.type != EDN_SYMBOL)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "(def NAME FORM): %s is no name: expected a symbol",
                            shell_show(shell, name));
    if (shell_is_own_name(edn_text_of(name)))
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "(def NAME FORM): %s is the shell's own: expected another name",
                            shell_show(shell, name));
    BS_TRY(shell_eval_form(shell, arguments[1], &value, error));
    define(shell, edn_text_of(name), value, ret_value);
    return BS_OK;
}

/* ---- forms ---- */

static void remember(struct shell *shell, struct edn value)
{
    struct shell_kept kept = {0};
    shell_keep(&kept, value);
    shell_kept_fini(&shell->recent[SHELL_RECENT - 1]);
    for (size_t i = SHELL_RECENT - 1; i > 0; i--)
        shell->recent[i] = shell->recent[i - 1];
    shell->recent[0] = kept;
}

enum bs_code shell_eval(struct shell *shell, struct edn form, struct edn *ret_value,
                        struct bs_error *error)
{
    struct edn value = edn_nil();
    enum bs_code code = datom_conn_catch_up(shell->own.conn, error); /* of other processes */
    if (code == BS_OK)
        code = shell_eval_form(shell, form, &value, error);
    if (code == BS_OK) {
        remember(shell, value);
        *ret_value = shell->recent[0].value;
    }
    bs_arena_reset(shell->arena);
    atomic_store(&shell->cancelled, false); /* it was meant for this form */
    return code;
}

enum bs_code shell_eval_text(struct shell *shell, struct bs_str text, struct edn *ret_value,
                             struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn_reader reader;
    struct edn form;
    bool found;
    edn_reader_init(&reader, text);
    reader.allow_unquote = true;
    BS_TRY(edn_read_next(&reader, arena, &form, &found, error));
    if (!found)
        return bs_error_set(error, BS_REASON_EDN_SYNTAX, "nothing stands here: expected a form");
    return shell_eval(shell, form, ret_value, error);
}

/* ---- errors ---- */

static void print_code(const struct bs_error *error, struct bs_buf *out)
{
    const char *reason = bs_error_reason_name(error);
    if (reason[0] != '\0') {
        bs_buf_printf(out, ":%s", reason);
        return;
    }
    bs_buf_append_cstr(out, ":rpc.status/");
    for (const char *at = bs_code_name(error->code); *at; at++)
        bs_buf_append_byte(out, *at == '_' ? '-' : (char)(*at | 0x20));
}

void shell_print_error(const struct bs_error *error, struct bs_buf *out)
{
    bs_buf_append_cstr(out, "#error {:code ");
    print_code(error, out);
    bs_buf_printf(out, ", :category :%s, :message ", bs_code_category(error->code));
    edn_print(edn_string(bs_str_from(error->message)), out);
    for (size_t i = 0; i < error->fields_count; i++) {
        const struct bs_error_field *field = &error->fields[i];
        if (field->is_text && field->text[0] == '\0')
            continue;
        bs_buf_printf(out, ", :%s ", field->key);
        if (strcmp(field->key, "attribute") == 0)
            bs_buf_printf(out, ":%s", field->text);
        else if (field->is_text)
            edn_print(edn_string(bs_str_from(field->text)), out);
        else
            edn_print(edn_long(field->integer), out);
    }
    bs_buf_append_byte(out, '}');
}
