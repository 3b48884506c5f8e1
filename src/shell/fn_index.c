/* Functions that walk the indexes and the log. */

#include "shell/session.h"

/* The datoms of a range, copied. A walk can be long: Ctrl-C ends it. */
static enum bs_code collect(struct shell *shell, struct datom_db *db,
                            const struct datom_range *range, struct edn *ret_value,
                            struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    struct edn_list list;
    edn_list_init(&list, shell->arena);
    BS_TRY(datom_cursor_open(db, range, &cursor, error));
    for (;;) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(bs_interrupt_check(&shell->interrupt, error));
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        if (count == 0)
            break;
        for (size_t i = 0; i < count; i++) {
            struct datom datom = datoms[i];
            datom.v = edn_dup(shell->arena, datom.v);
            edn_list_add(&list, shell_datom_value(db, &datom, shell->arena));
        }
    }
    *ret_value = edn_list_finish(&list, EDN_VECTOR);
    return BS_OK;
}

static enum bs_code take_range(struct shell *shell, const char *what, const struct edn *arguments,
                               size_t count, struct datom_db **ret_db,
                               struct datom_range *ret_range, struct bs_error *error)
{
    enum datom_index index;
    struct edn components[4];
    BS_TRY(shell_take_db(shell, what, arguments[0], ret_db, error));
    if (arguments[1].type != EDN_KEYWORD && arguments[1].type != EDN_STRING)
        return bs_error_set(error, BS_REASON_DB_INVALID_INDEX,
                            "%s: %s is no index: expected :eavt, :aevt, :avet or :vaet", what,
                            shell_show(shell, arguments[1]));
    BS_TRY(shell_index_of(edn_text_of(arguments[1]), &index, error));
    for (size_t i = 2; i < count; i++)
        components[i - 2] = shell_identifier(arguments[i]);
    return shell_range_of(*ret_db, index, components, count - 2, shell->arena, ret_range, error);
}

SHELL_FUNCTION(datoms)
{
    struct datom_db *db;
    struct datom_range range;
    BS_TRY(take_range(shell, "datoms", arguments, count, &db, &range, error));
    return collect(shell, db, &range, ret_value, error);
}

SHELL_FUNCTION(seek_datoms)
{
    struct datom_db *db;
    struct datom_range range;
    BS_TRY(take_range(shell, "seek-datoms", arguments, count, &db, &range, error));
    range.seek = true;
    return collect(shell, db, &range, ret_value, error);
}

SHELL_FUNCTION(rseek_datoms)
{
    struct datom_db *db;
    struct datom_range range;
    BS_TRY(take_range(shell, "rseek-datoms", arguments, count, &db, &range, error));
    range.seek = true;
    range.reverse = true;
    return collect(shell, db, &range, ret_value, error);
}

/* An end of a range: nil leaves it open. */
static enum bs_code take_end(struct shell *shell, struct datom_db *db,
                             const struct datom_attribute *attribute, struct edn end,
                             struct edn *ret_value, bool *ret_given, struct bs_error *error)
{
    *ret_given = !edn_is_nil(end);
    if (!*ret_given)
        return BS_OK;
    return datom_db_coerce(db, attribute, shell_identifier(end), shell->arena, ret_value, error);
}

SHELL_FUNCTION(index_range)
{
    (void)count;
    struct datom_db *db;
    const struct datom_attribute *attribute;
    BS_TRY(shell_take_db(shell, "index-range", arguments[0], &db, error));
    BS_TRY(datom_db_find_attribute(db, arguments[1], &attribute, error));
    struct datom_range range = {.index = DATOM_AVET, .has_a = true, .a = attribute->id};
    BS_TRY(take_end(shell, db, attribute, arguments[2], &range.v_start, &range.has_start, error));
    BS_TRY(take_end(shell, db, attribute, arguments[3], &range.v_end, &range.has_end, error));
    return collect(shell, db, &range, ret_value, error);
}

/* ---- the log ---- */

static enum bs_code collect_log(struct shell *shell, struct datom_db *db,
                                struct datom_log_reader *reader, struct edn *ret_value,
                                struct bs_error *error)
{
    struct edn_list list;
    edn_list_init(&list, shell->arena);
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        BS_TRY(bs_interrupt_check(&shell->interrupt, error));
        BS_TRY(datom_log_next(reader, &entry, &found, error));
        if (!found)
            break;
        edn_list_add(&list, shell_log_entry_value(db, &entry, shell->arena));
    }
    *ret_value = edn_list_finish(&list, EDN_VECTOR);
    return BS_OK;
}

SHELL_FUNCTION(tx_range)
{
    (void)count;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(shell->world->conn);
    /* an open start leaves the store's own first transactions out */
    uint64_t start = DATOM_FIRST_USER_T;
    uint64_t end = UINT64_MAX;
    struct datom_log_reader *reader;
    if (!edn_is_nil(arguments[0]))
        BS_TRY(datom_log_resolve_bound(db, arguments[0], &start, error));
    if (!edn_is_nil(arguments[1]))
        BS_TRY(datom_log_resolve_bound(db, arguments[1], &end, error));
    BS_TRY(datom_log_open(db, start, end, &reader, error));
    enum bs_code code = collect_log(shell, db, reader, ret_value, error);
    datom_log_close(reader);
    return code;
}
