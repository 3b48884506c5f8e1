/*
 * What outlives a form: a copy in an arena of its own. Databases, forks and connections inside data
 * are counted references of that arena; entities are made anew over a database that it holds.
 */

#include "query/query.h"
#include "shell/session.h"

static void drop_db(void *data)
{
    datom_db_unref((struct datom_db *)data);
}

struct edn shell_hold_db(struct bs_arena *arena, struct datom_db *db)
{
    bs_arena_add_cleanup(arena, drop_db, db);
    return edn_object_value(datom_db_object(db));
}

static struct edn copy_entity(struct bs_arena *arena, const struct query_entity *entity)
{
    const struct query_entity *copy = NULL;
    enum bs_code code = query_entity_of(
        query_entity_db(entity), edn_long((int64_t)query_entity_id(entity)), arena, &copy, NULL);
    BS_ASSERT(code == BS_OK && copy); /* an id always gives an entity, and it was one before */
    return query_entity_value(copy);
}

static struct edn copy_object(struct bs_arena *arena, struct edn value)
{
    struct datom_db *db = datom_db_from_edn(value);
    if (db)
        return shell_hold_db(arena, datom_db_ref(db));
    const struct query_entity *entity = query_entity_from_edn(value);
    if (entity)
        return copy_entity(arena, entity);
    struct shell_fork *fork = shell_fork_from_edn(value);
    if (fork)
        return shell_hold_fork(arena, fork);
    struct datom_conn *conn = shell_conn_from_edn(value);
    BS_ASSERT(conn); /* nothing else is put into results */
    return shell_hold_conn(arena, conn);
}

struct edn shell_copy(struct bs_arena *arena, struct edn value)
{
    if (value.type == EDN_OBJECT)
        return copy_object(arena, value);
    if (!edn_is_collection(value) && value.type != EDN_MAP && value.type != EDN_TAGGED)
        return edn_dup(arena, value);
    size_t count = value.type == EDN_MAP      ? (size_t)value.len * 2
                   : value.type == EDN_TAGGED ? 2
                                              : value.len;
    struct edn *items = bs_arena_new_array(arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = shell_copy(arena, value.as.items[i]);
    value.as.items = items;
    return value;
}

void shell_keep(struct shell_kept *kept, struct edn value)
{
    struct shell_kept copy = {.arena = bs_arena_new(0)};
    copy.value = shell_copy(copy.arena, value);
    shell_kept_fini(kept);
    *kept = copy;
}

void shell_kept_fini(struct shell_kept *kept)
{
    bs_arena_free(kept->arena);
    *kept = (struct shell_kept){0};
}
