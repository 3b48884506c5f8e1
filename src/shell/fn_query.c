/* Functions that transact, query, pull and look at entities. */

#include "query/query.h"
#include "shell/session.h"

static void free_report(void *data)
{
    datom_report_free((struct datom_report *)data);
}

/* The form's arena takes the report. */
static struct edn hold_report(struct shell *shell, struct datom_report *report)
{
    bs_arena_add_cleanup(shell->arena, free_report, report);
    return shell_report_value(report, shell->arena);
}

/* ---- transactions ---- */

static bool holds_entity(struct edn value)
{
    if (query_entity_from_edn(value))
        return true;
    bool is_list = edn_is_collection(value) || value.type == EDN_MAP;
    size_t count = value.type == EDN_MAP ? (size_t)value.len * 2 : value.len;
    for (size_t i = 0; is_list && i < count; i++) {
        if (holds_entity(value.as.items[i]))
            return true;
    }
    return false;
}

/* Ids in the place of entities that ~NAME brought in. */
static struct edn without_entities(struct shell *shell, struct edn value)
{
    if (!holds_entity(value))
        return value;
    if (value.type == EDN_OBJECT)
        return shell_identifier(value);
    size_t count = value.type == EDN_MAP ? (size_t)value.len * 2 : value.len;
    struct edn *items = bs_arena_new_array(shell->arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = without_entities(shell, value.as.items[i]);
    value.as.items = items;
    return value;
}

SHELL_FUNCTION(transact)
{
    (void)count;
    struct datom_tx_options options = {.interrupt = &shell->interrupt};
    struct datom_report *report;
    BS_TRY(datom_transact(shell->world->conn, without_entities(shell, arguments[0]), &options,
                          &report, error));
    *ret_value = hold_report(shell, report);
    return BS_OK;
}

SHELL_FUNCTION(with)
{
    (void)count;
    struct datom_db *db;
    struct datom_report *report;
    BS_TRY(shell_take_db(shell, "with", arguments[0], &db, error));
    BS_TRY(datom_with(db, without_entities(shell, arguments[1]), NULL, &report, error));
    *ret_value = hold_report(shell, report);
    return BS_OK;
}

/* ---- queries ---- */

static struct query_options options_of(const struct shell *shell)
{
    return (struct query_options){.interrupt = &shell->interrupt};
}

static struct edn *inputs_of(struct shell *shell, const struct edn *arguments, size_t count)
{
    struct edn *inputs = bs_arena_new_array(shell->arena, count, struct edn);
    for (size_t i = 1; i < count; i++)
        inputs[i - 1] = shell_identifier(arguments[i]);
    return inputs;
}

SHELL_FUNCTION(q)
{
    BS_CLEANUP(query_freep) struct query *query = NULL;
    struct query_options options = options_of(shell);
    BS_TRY(query_parse(arguments[0], &query, error));
    return query_run(query, inputs_of(shell, arguments, count), count - 1, &options, shell->arena,
                     ret_value, error);
}

SHELL_FUNCTION(explain)
{
    BS_CLEANUP(query_freep) struct query *query = NULL;
    struct query_options options = options_of(shell);
    BS_TRY(query_parse(arguments[0], &query, error));
    return query_explain(query, inputs_of(shell, arguments, count), count - 1, &options,
                         shell->arena, ret_value, error);
}

/* ---- pull ---- */

static void free_pattern(struct query_pattern **pattern)
{
    query_pattern_free(*pattern);
}

SHELL_FUNCTION(pull)
{
    (void)count;
    BS_CLEANUP(free_pattern) struct query_pattern *pattern = NULL;
    struct query_options options = options_of(shell);
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "pull", arguments[0], &db, error));
    BS_TRY(query_pattern_parse(arguments[1], &pattern, error));
    return query_pull(db, pattern, shell_identifier(arguments[2]), &options, shell->arena,
                      ret_value, error);
}

static enum bs_code identifiers_of(struct shell *shell, struct edn argument, struct edn *ret_ids,
                                   struct bs_error *error)
{
    if (!edn_is_collection(argument))
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "pull-many: %s is no list of entities: expected [EID...]",
                            shell_show(shell, argument));
    struct edn_list ids;
    edn_list_init(&ids, shell->arena);
    for (size_t i = 0; i < argument.len; i++)
        edn_list_add(&ids, shell_identifier(argument.as.items[i]));
    *ret_ids = edn_list_finish(&ids, EDN_VECTOR);
    return BS_OK;
}

SHELL_FUNCTION(pull_many)
{
    (void)count;
    BS_CLEANUP(free_pattern) struct query_pattern *pattern = NULL;
    struct query_options options = options_of(shell);
    struct datom_db *db;
    struct edn ids;
    BS_TRY(shell_take_db(shell, "pull-many", arguments[0], &db, error));
    BS_TRY(query_pattern_parse(arguments[1], &pattern, error));
    BS_TRY(identifiers_of(shell, arguments[2], &ids, error));
    return query_pull_many(db, pattern, ids, &options, shell->arena, ret_value, error);
}

SHELL_FUNCTION(index_pull)
{
    (void)count;
    struct query_options options = options_of(shell);
    struct datom_db *db;
    BS_TRY(shell_take_db(shell, "index-pull", arguments[0], &db, error));
    return query_index_pull(db, without_entities(shell, arguments[1]), &options, shell->arena,
                            ret_value, error);
}

/* ---- filters ---- */

SHELL_FUNCTION(filter)
{
    (void)count;
    struct datom_db *db;
    struct datom_db *filtered;
    BS_TRY(shell_take_db(shell, "filter", arguments[0], &db, error));
    BS_TRY(query_filter(db, without_entities(shell, arguments[1]), &filtered, error));
    *ret_value = shell_hold_db(shell->arena, filtered);
    return BS_OK;
}

/* ---- entities ---- */

SHELL_FUNCTION(entity)
{
    (void)count;
    struct datom_db *db;
    const struct query_entity *entity;
    BS_TRY(shell_take_db(shell, "entity", arguments[0], &db, error));
    BS_TRY(query_entity_of(db, shell_identifier(arguments[1]), shell->arena, &entity, error));
    *ret_value = entity ? query_entity_value(entity) : edn_nil();
    return BS_OK;
}

SHELL_FUNCTION(touch)
{
    (void)count;
    const struct query_entity *entity = query_entity_from_edn(arguments[0]);
    if (edn_is_nil(arguments[0]) || arguments[0].type == EDN_MAP) {
        *ret_value = arguments[0]; /* nothing was found, or it is touched already */
        return BS_OK;
    }
    if (!entity)
        return bs_error_set(error, BS_REASON_SHELL_INVALID_ARGUMENT,
                            "touch: %s is no entity: expected what (entity DB EID) gives",
                            shell_show(shell, arguments[0]));
    return query_entity_touch(entity, shell->arena, ret_value, error);
}
