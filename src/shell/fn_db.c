/* Functions of database values: views, points in time, identifiers, statistics. */

#include "shell/session.h"

/* How long (sync T) waits. */
#define SYNC_NS INT64_C(10000000000)

/* ---- views ---- */

static enum bs_code take_point(struct shell *shell, const char *what, const struct edn *arguments,
                               struct datom_db **ret_db, uint64_t *ret_t, struct bs_error *error)
{
    BS_TRY(shell_take_db(shell, what, arguments[0], ret_db, error));
    return datom_db_resolve_t(*ret_db, arguments[1], ret_t, error);
}

SHELL_FUNCTION(as_of)
{
    (void)count;
    struct datom_db *db;
    uint64_t t;
    BS_TRY(take_point(shell, "as-of", arguments, &db, &t, error));
    *ret_value = shell_hold_db(shell->arena, datom_db_as_of(db, t));
    return BS_OK;
}

SHELL_FUNCTION(since)
{
    (void)count;
    struct datom_db *db;
    uint64_t t;
    BS_TRY(take_point(shell, "since", arguments, &db, &t, error));
    *ret_value = shell_hold_db(shell->arena, datom_db_since(db, t));
    return BS_OK;
}

SHELL_FUNCTION(history)
{
    (void)count;
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "history", arguments[0], &db, error));
    *ret_value = shell_hold_db(shell->arena, datom_db_history(db));
    return BS_OK;
}

SHELL_FUNCTION(is_history)
{
    (void)count;
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "is-history", arguments[0], &db, error));
    *ret_value = edn_boolean(datom_db_is_history(db));
    return BS_OK;
}

SHELL_FUNCTION(is_filtered)
{
    (void)count;
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "is-filtered", arguments[0], &db, error));
    *ret_value = edn_boolean(datom_db_is_filtered(db));
    return BS_OK;
}

/* ---- points in time ---- */

SHELL_FUNCTION(basis_t)
{
    (void)count;
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "basis-t", arguments[0], &db, error));
    *ret_value = edn_long((int64_t)datom_db_basis_t(db));
    return BS_OK;
}

SHELL_FUNCTION(next_t)
{
    (void)count;
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "next-t", arguments[0], &db, error));
    *ret_value = edn_long((int64_t)datom_db_next_t(db));
    return BS_OK;
}

SHELL_FUNCTION(as_of_t)
{
    (void)count;
    struct datom_db *db;
    uint64_t t;
    BS_TRY(shell_take_db(shell, "as-of-t", arguments[0], &db, error));
    *ret_value = datom_db_as_of_t(db, &t) ? edn_long((int64_t)t) : edn_nil();
    return BS_OK;
}

SHELL_FUNCTION(since_t)
{
    (void)count;
    struct datom_db *db;
    uint64_t t;
    BS_TRY(shell_take_db(shell, "since-t", arguments[0], &db, error));
    *ret_value = datom_db_since_t(db, &t) ? edn_long((int64_t)t) : edn_nil();
    return BS_OK;
}

static enum bs_code take_t(struct shell *shell, const char *what, struct edn argument,
                           uint64_t *ret_t, struct bs_error *error)
{
    BS_TRY(shell_take_count(shell, what, argument, ret_t, error));
    if (datom_id_part(*ret_t) != 0 && datom_id_part(*ret_t) != DATOM_PART_TX)
        return bs_error_set(error, BS_REASON_DB_INVALID_TIME_POINT,
                            "%s: %lld is neither a t nor a transaction's entity id", what,
                            (long long)argument.as.integer);
    *ret_t = datom_id_counter(*ret_t);
    return BS_OK;
}

SHELL_FUNCTION(t_to_tx)
{
    (void)count;
    uint64_t t;
    BS_TRY(take_t(shell, "t->tx", arguments[0], &t, error));
    *ret_value = edn_long((int64_t)datom_t_to_tx(t));
    return BS_OK;
}

SHELL_FUNCTION(tx_to_t)
{
    (void)count;
    uint64_t t;
    BS_TRY(take_t(shell, "tx->t", arguments[0], &t, error));
    *ret_value = edn_long((int64_t)t);
    return BS_OK;
}

typedef enum bs_code (*sync_function)(struct datom_conn *conn, uint64_t t,
                                      const struct bs_interrupt *interrupt,
                                      struct datom_db **ret_db, struct bs_error *error);

static enum bs_code sync_by(struct shell *shell, const char *what, sync_function function,
                            const struct edn *t_argument, struct edn *ret_value,
                            struct bs_error *error)
{
    struct datom_conn *conn = shell->world->conn;
    struct bs_interrupt interrupt = shell->interrupt;
    struct datom_db *db;
    uint64_t t = 0;
    if (t_argument)
        BS_TRY(take_t(shell, what, *t_argument, &t, error));
    BS_TRY(datom_conn_catch_up(conn, error));
    interrupt.deadline = bs_deadline_after_ns(SYNC_NS);
    BS_TRY(function(conn, t, &interrupt, &db, error));
    *ret_value = shell_hold_db(shell->arena, db);
    return BS_OK;
}

SHELL_FUNCTION(sync)
{
    return sync_by(shell, "sync", datom_conn_sync, count == 1 ? &arguments[0] : NULL, ret_value,
                   error);
}

SHELL_FUNCTION(sync_index)
{
    (void)count;
    return sync_by(shell, "sync-index", datom_conn_sync_index, &arguments[0], ret_value, error);
}

SHELL_FUNCTION(sync_schema)
{
    (void)count;
    return sync_by(shell, "sync-schema", datom_conn_sync_schema, &arguments[0], ret_value, error);
}

SHELL_FUNCTION(sync_excise)
{
    (void)count;
    return sync_by(shell, "sync-excise", datom_conn_sync_excise, &arguments[0], ret_value, error);
}

/* ---- identifiers ---- */

SHELL_FUNCTION(entid)
{
    (void)count;
    struct datom_db *db;
    datom_id id;
    BS_TRY(shell_take_db(shell, "entid", arguments[0], &db, error));
    BS_TRY(datom_db_resolve(db, shell_identifier(arguments[1]), &id, error));
    *ret_value = id == DATOM_NO_ID ? edn_nil() : edn_long((int64_t)id);
    return BS_OK;
}

SHELL_FUNCTION(ident)
{
    (void)count;
    struct datom_db *db;
    datom_id id;
    BS_TRY(shell_take_db(shell, "ident", arguments[0], &db, error));
    BS_TRY(datom_db_resolve(db, shell_identifier(arguments[1]), &id, error));
    struct bs_str ident = id == DATOM_NO_ID ? BS_STR_EMPTY : datom_db_ident(db, id);
    *ret_value = ident.len > 0 ? edn_keyword(ident) : edn_nil();
    return BS_OK;
}

/* ---- statistics ---- */

SHELL_FUNCTION(db_stats)
{
    (void)count;
    struct datom_db *db;
    struct datom_stats stats;
    struct edn_list attributes;
    BS_TRY(shell_take_db(shell, "db-stats", arguments[0], &db, error));
    BS_TRY(datom_db_stats(db, &stats, error));
    edn_list_init(&attributes, shell->arena);
    for (size_t i = 0; datom_db_attribute_at(db, i); i++) {
        const struct datom_attribute *attribute = datom_db_attribute_at(db, i);
        uint64_t datoms = datom_db_attribute_count(db, attribute->id);
        struct edn entry[] = {EDN_KEYWORD_LIT("count"), edn_long((int64_t)datoms)};
        if (datoms == 0)
            continue;
        edn_list_add(&attributes, edn_keyword(attribute->ident));
        edn_list_add(&attributes, edn_map_of(shell->arena, entry, 1));
    }
    struct edn items[] = {
        EDN_KEYWORD_LIT("datoms"),
        edn_long((int64_t)stats.datoms),
        EDN_KEYWORD_LIT("attrs"),
        edn_list_finish(&attributes, EDN_MAP),
    };
    *ret_value = edn_map_of(shell->arena, items, 2);
    return BS_OK;
}

static void keep_first(void *self, const char *line)
{
    char *first = (char *)self;
    if (first[0] == '\0')
        snprintf(first, BS_ERROR_MESSAGE_MAX / 2, "%s", line);
}

SHELL_FUNCTION(check)
{
    (void)arguments;
    (void)count;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(shell->world->conn);
    struct datom_check_report report;
    char first[BS_ERROR_MESSAGE_MAX / 2] = "";
    BS_TRY(datom_db_check(db, keep_first, first, &report, error));
    if (report.differences > 0)
        return bs_error_set(error, BS_REASON_STORE_CHECK,
                            "%llu differences between the indexes and the log; the first: %s",
                            (unsigned long long)report.differences, first);
    struct edn items[] = {
        EDN_KEYWORD_LIT("transactions"), edn_long((int64_t)report.transactions),
        EDN_KEYWORD_LIT("datoms"),       edn_long((int64_t)report.datoms),
        EDN_KEYWORD_LIT("differences"),  edn_long(0),
    };
    *ret_value = edn_map_of(shell->arena, items, BS_ARRAY_COUNT(items) / 2);
    return BS_OK;
}

/* ---- new names ---- */

SHELL_FUNCTION(squuid)
{
    (void)arguments;
    (void)count;
    (void)error;
    uint8_t *bytes = bs_arena_alloc(shell->arena, 16);
    struct bs_clock clock = bs_clock_system();
    int64_t now_ms = clock.now_ms(clock.self);
    bs_random_system(bytes, 16);
    bs_store_u32(bytes, (uint32_t)(now_ms / 1000));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant 1 */
    *ret_value = edn_uuid(bytes);
    return BS_OK;
}

SHELL_FUNCTION(squuid_time_millis)
{
    (void)count;
    struct edn uuid = arguments[0];
    if (uuid.type != EDN_UUID)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "squuid-time-millis: expected a uuid of (squuid), got %s",
                            shell_show(shell, uuid));
    *ret_value = edn_long((int64_t)bs_load_u32(uuid.as.bytes) * 1000);
    return BS_OK;
}
