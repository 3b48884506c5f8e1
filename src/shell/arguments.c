/* Arguments of the shell's functions, and the host objects that results may hold. */

#include <stdlib.h>

#include "query/query.h"
#include "shell/session.h"

enum bs_code shell_take_db(struct shell *shell, const char *what, struct edn argument,
                           struct datom_db **ret_db, struct bs_error *error)
{
    struct datom_db *db = datom_db_from_edn(argument);
    if (!db)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "%s: %s is no database: expected db, or what gives one, as (as-of db "
                            "T)",
                            what, shell_show(shell, argument));
    *ret_db = db;
    return BS_OK;
}

enum bs_code shell_take_count(struct shell *shell, const char *what, struct edn argument,
                              uint64_t *ret_count, struct bs_error *error)
{
    if (argument.type != EDN_LONG || argument.as.integer < 0)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "%s: expected a number from 0, got %s", what,
                            shell_show(shell, argument));
    *ret_count = (uint64_t)argument.as.integer;
    return BS_OK;
}

struct edn shell_identifier(struct edn argument)
{
    const struct query_entity *entity = query_entity_from_edn(argument);
    return entity ? edn_long((int64_t)query_entity_id(entity)) : argument;
}

/* ---- connections as data ---- */

struct conn_object {
    struct edn_object object; /* first */
    struct datom_conn *conn;  /* held */
};

static struct conn_object *conn_object_of(const struct edn_object *object)
{
    return (struct conn_object *)(uintptr_t)object;
}

static void print_conn(const struct edn_object *object, struct bs_buf *out)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn_object_of(object)->conn);
    bs_buf_printf(out, "#conn {:basis-t %llu}", (unsigned long long)datom_db_basis_t(db));
}

static const struct edn_object_class conn_class = {.name = "conn", .print = print_conn};

static void drop_conn(void *data)
{
    datom_conn_unref((struct datom_conn *)data);
}

struct edn shell_hold_conn(struct bs_arena *arena, struct datom_conn *conn)
{
    struct conn_object *object = bs_arena_new_item(arena, struct conn_object);
    *object = (struct conn_object){.object = {.class = &conn_class}, .conn = conn};
    bs_arena_add_cleanup(arena, drop_conn, datom_conn_ref(conn));
    return edn_object_value(&object->object);
}

struct datom_conn *shell_conn_from_edn(struct edn value)
{
    if (value.type != EDN_OBJECT || value.as.object->class != &conn_class)
        return NULL;
    return conn_object_of(value.as.object)->conn;
}
