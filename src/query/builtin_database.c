/* Functions that read a database: attributes of an entity, and the log. */
#include "datom/datom.h"
#include "query/builtin.h"

static enum bs_code source_db(struct builtin_env *env, struct edn source, struct datom_db **ret_db)
{
    *ret_db = datom_db_from_edn(source);
    return *ret_db != NULL ? BS_OK : builtin_refuse(env, source, "a database");
}

/* The value of e's attribute; not found too when the entity identifier finds nothing. */
static enum bs_code read_attribute(struct builtin_env *env, struct datom_db *db, struct edn e,
                                   const struct datom_attribute *attribute, struct edn *ret_value,
                                   bool *ret_found)
{
    datom_id id = DATOM_NO_ID;
    BS_TRY(datom_db_resolve(db, e, &id, env->error));
    *ret_found = false;
    if (id == DATOM_NO_ID)
        return BS_OK;
    return datom_db_get(db, id, attribute, env->arena, ret_value, ret_found, env->error);
}

static enum bs_code database_get_else(struct builtin_env *env, const struct edn *args, size_t count,
                                      struct edn *ret_value)
{
    (void)count;
    struct datom_db *db = NULL;
    const struct datom_attribute *attribute = NULL;
    bool found = false;
    BS_TRY(source_db(env, args[0], &db));
    BS_TRY(datom_db_find_attribute(db, args[2], &attribute, env->error));
    if (attribute->many)
        return builtin_refuse(env, args[2], "an attribute of cardinality one");
    if (edn_is_nil(args[3]))
        return builtin_refuse(env, args[3], "a default other than nil");
    BS_TRY(read_attribute(env, db, args[1], attribute, ret_value, &found));
    if (!found)
        *ret_value = args[3];
    return BS_OK;
}

static enum bs_code database_get_some(struct builtin_env *env, const struct edn *args, size_t count,
                                      struct edn *ret_value)
{
    struct datom_db *db = NULL;
    BS_TRY(source_db(env, args[0], &db));
    *ret_value = edn_nil();
    for (size_t i = 2; i < count; i++) {
        const struct datom_attribute *attribute = NULL;
        struct edn value = edn_nil();
        bool found = false;
        BS_TRY(datom_db_find_attribute(db, args[i], &attribute, env->error));
        BS_TRY(read_attribute(env, db, args[1], attribute, &value, &found));
        if (found && edn_is_nil(*ret_value)) {
            struct edn pair[] = {edn_long((int64_t)attribute->id), value};
            *ret_value = edn_vector_of(env->arena, pair, 2);
        }
    }
    return BS_OK;
}

static enum bs_code database_is_missing(struct builtin_env *env, const struct edn *args,
                                        size_t count, struct edn *ret_value)
{
    (void)count;
    struct datom_db *db = NULL;
    const struct datom_attribute *attribute = NULL;
    struct edn value;
    bool found = false;
    BS_TRY(source_db(env, args[0], &db));
    BS_TRY(datom_db_find_attribute(db, args[2], &attribute, env->error));
    BS_TRY(read_attribute(env, db, args[1], attribute, &value, &found));
    *ret_value = edn_boolean(!found);
    return BS_OK;
}

/* ---- the log ---- */

static enum bs_code log_bound(struct builtin_env *env, struct datom_db *db, struct edn bound,
                              uint64_t open_end, uint64_t *ret_t)
{
    if (edn_is_nil(bound)) {
        *ret_t = open_end;
        return BS_OK;
    }
    return datom_log_resolve_bound(db, bound, ret_t, env->error);
}

static enum bs_code read_tx_ids(struct datom_log_reader *reader, struct edn_list *list,
                                struct bs_error *error)
{
    for (;;) {
        struct datom_log_entry entry;
        bool found = false;
        BS_TRY(datom_log_next(reader, &entry, &found, error));
        if (!found)
            return BS_OK;
        edn_list_add(list, edn_long((int64_t)datom_t_to_tx(entry.t)));
    }
}

static enum bs_code database_tx_ids(struct builtin_env *env, const struct edn *args, size_t count,
                                    struct edn *ret_value)
{
    (void)count;
    struct datom_db *db = NULL;
    uint64_t start = 0;
    uint64_t end = 0;
    BS_TRY(source_db(env, args[0], &db));
    BS_TRY(log_bound(env, db, args[1], DATOM_FIRST_USER_T, &start));
    BS_TRY(log_bound(env, db, args[2], UINT64_MAX, &end));
    struct datom_log_reader *reader = NULL;
    BS_TRY(datom_log_open(db, start, end, &reader, env->error));
    struct edn_list list;
    edn_list_init(&list, env->arena);
    enum bs_code code = read_tx_ids(reader, &list, env->error);
    datom_log_close(reader);
    if (code == BS_OK)
        *ret_value = edn_list_finish(&list, EDN_VECTOR);
    return code;
}

static enum bs_code read_tx_data(struct builtin_env *env, struct datom_log_reader *reader,
                                 struct edn *ret_value)
{
    struct datom_log_entry entry = {0};
    bool found = false;
    BS_TRY(datom_log_next(reader, &entry, &found, env->error));
    size_t count = found ? entry.count : 0;
    struct edn *rows = bs_arena_new_array(env->arena, count, struct edn);
    for (size_t i = 0; i < count; i++) {
        const struct datom *datom = &entry.datoms[i];
        struct edn row[] = {
            edn_long((int64_t)datom->e),   edn_long((int64_t)datom->a),
            edn_dup(env->arena, datom->v), edn_long((int64_t)datom->tx),
            edn_boolean(datom->added),
        };
        rows[i] = edn_vector_of(env->arena, row, BS_ARRAY_COUNT(row));
    }
    *ret_value = edn_collection(EDN_VECTOR, rows, count);
    return BS_OK;
}

static enum bs_code database_tx_data(struct builtin_env *env, const struct edn *args, size_t count,
                                     struct edn *ret_value)
{
    (void)count;
    struct datom_db *db = NULL;
    uint64_t t = 0;
    BS_TRY(source_db(env, args[0], &db));
    if (args[1].type != EDN_LONG)
        return builtin_refuse(env, args[1], "a transaction id or t");
    BS_TRY(datom_log_resolve_bound(db, args[1], &t, env->error));
    struct datom_log_reader *reader = NULL;
    BS_TRY(datom_log_open(db, t, t + 1, &reader, env->error));
    enum bs_code code = read_tx_data(env, reader, ret_value);
    datom_log_close(reader);
    return code;
}

static const struct builtin items[] = {
    {"get-else", 4, 4, database_get_else, true},
    {"get-some", 3, BUILTIN_ANY, database_get_some, true},
    {"missing?", 3, 3, database_is_missing, true},
    {"tx-data", 2, 2, database_tx_data, true},
    {"tx-ids", 3, 3, database_tx_ids, true},
};

const struct builtin_list builtins_database = {items, BS_ARRAY_COUNT(items)};
