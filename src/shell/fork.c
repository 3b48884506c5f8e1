/* Forks: a branch of the database, and of the universe where there is one, as data. */

#include <stdlib.h>

#include "base/ref.h"
#include "shell/session.h"
#include "universe/universe.h"

struct shell_fork {
    struct edn_object object; /* first */
    struct bs_ref ref;        /* held by the arenas of values that show it */
    struct shell_world world; /* owned */
};

static struct shell_fork *fork_of(const struct edn_object *object)
{
    return (struct shell_fork *)(uintptr_t)object;
}

static void print_fork(const struct edn_object *object, struct bs_buf *out)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(fork_of(object)->world.conn);
    bs_buf_printf(out, "#fork {:basis-t %llu}", (unsigned long long)datom_db_basis_t(db));
}

static const struct edn_object_class fork_class = {.name = "fork", .print = print_fork};

struct shell_fork *shell_fork_from_edn(struct edn value)
{
    if (value.type != EDN_OBJECT || value.as.object->class != &fork_class)
        return NULL;
    return fork_of(value.as.object);
}

static void drop_fork(void *data)
{
    struct shell_fork *fork = (struct shell_fork *)data;
    if (!bs_ref_put(&fork->ref))
        return;
    universe_free(fork->world.universe);
    datom_conn_unref(fork->world.conn);
    free(fork);
}

struct edn shell_hold_fork(struct bs_arena *arena, struct shell_fork *fork)
{
    bs_ref_get(&fork->ref);
    bs_arena_add_cleanup(arena, drop_fork, fork);
    return edn_object_value(&fork->object);
}

static enum bs_code fork_world(const struct shell_world *parent, struct datom_db *db,
                               struct shell_world *ret_world, struct bs_error *error)
{
    struct shell_world world = {.is_installed = parent->is_installed};
    if (parent->universe) {
        BS_TRY(universe_fork_of(parent->universe, db, &world.universe, error));
        world.conn = datom_conn_ref(world.universe->conn);
    } else {
        BS_TRY(datom_conn_fork(db, NULL, &world.conn, error));
    }
    *ret_world = world;
    return BS_OK;
}

SHELL_FUNCTION(fork)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(shell->world->conn);
    struct shell_world world;
    BS_TRY(shell_open_procedures(shell, error));
    if (count == 1) {
        uint64_t t;
        BS_TRY(datom_db_resolve_t(db, arguments[0], &t, error));
        struct datom_db *past = datom_db_as_of(db, t);
        datom_db_unref(db);
        db = past;
    }
    BS_TRY(fork_world(shell->world, db, &world, error));
    struct shell_fork *fork = bs_calloc(1, sizeof(*fork));
    fork->object.class = &fork_class;
    bs_ref_init(&fork->ref);
    fork->world = world;
    *ret_value = shell_hold_fork(shell->arena, fork);
    drop_fork(fork); /* the arena's reference is left */
    return BS_OK;
}

SHELL_FUNCTION(in_fork)
{
    (void)count;
    struct edn value;
    BS_TRY(shell_eval_form(shell, arguments[0], &value, error));
    struct shell_fork *fork = shell_fork_from_edn(value);
    if (!fork)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "in-fork: %s is no fork: expected what (fork) gives",
                            shell_show(shell, value));
    struct shell_world *outside = shell->world;
    shell->world = &fork->world;
    enum bs_code code = shell_eval_form(shell, arguments[1], ret_value, error);
    shell->world = outside;
    return code;
}
