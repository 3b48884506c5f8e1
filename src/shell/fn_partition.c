/* Functions of partitions. */

#include "shell/session.h"

SHELL_FUNCTION(part)
{
    (void)count;
    struct edn entity = shell_identifier(arguments[0]);
    if (entity.type != EDN_LONG || entity.as.integer < 0)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "part: %s is no entity id: expected a number, or an entity",
                            shell_show(shell, arguments[0]));
    *ret_value = edn_long((int64_t)datom_id_part((datom_id)entity.as.integer));
    return BS_OK;
}

SHELL_FUNCTION(implicit_part)
{
    (void)count;
    uint64_t n;
    BS_TRY(shell_take_count(shell, "implicit-part", arguments[0], &n, error));
    if (n >= DATOM_PART_IMPLICIT_COUNT)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "implicit-part: %llu is too high: expected a number below %llu",
                            (unsigned long long)n, (unsigned long long)DATOM_PART_IMPLICIT_COUNT);
    *ret_value = edn_long((int64_t)datom_part_implicit(n));
    return BS_OK;
}

SHELL_FUNCTION(entid_at)
{
    (void)count;
    struct datom_db *db;
    uint64_t part;
    datom_id id;
    BS_TRY(shell_take_db(shell, "entid-at", arguments[0], &db, error));
    BS_TRY(datom_db_partition(db, shell_identifier(arguments[1]), &part, error));
    BS_TRY(datom_db_entid_at(db, part, arguments[2], &id, error));
    *ret_value = edn_long((int64_t)id);
    return BS_OK;
}

/* Any partition but that of users makes a tagged tempid, which carries it. */
SHELL_FUNCTION(tempid)
{
    unsigned long long number = ++shell->tempids;
    if (count == 0 || edn_is_keyword(arguments[0], "db.part/user")) {
        *ret_value = edn_string(bs_arena_printf(shell->arena, "tempid-%llu", number));
        return BS_OK;
    }
    if (edn_is_keyword(arguments[0], "db.part/tx")) {
        *ret_value = EDN_STRING_LIT("datomic.tx");
        return BS_OK;
    }
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(shell->world->conn);
    uint64_t part;
    if (datom_db_partition(db, arguments[0], &part, NULL) != BS_OK)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "tempid: %s is no partition: expected nothing, or :db.part/user or "
                            "another that is installed, or the number of an implicit one",
                            shell_show(shell, arguments[0]));
    struct edn parts[] = {arguments[0], edn_long(-1000000 - (int64_t)number)};
    struct edn *tagged = bs_arena_new_array(shell->arena, 2, struct edn);
    tagged[0] = edn_symbol(BS_STR("db/id"));
    tagged[1] = edn_vector_of(shell->arena, parts, 2);
    *ret_value = (struct edn){.type = EDN_TAGGED, .len = 2, .as.items = tagged};
    return BS_OK;
}
