/* Opening the database that the options name. */

#include "database.h"

#include "query/query.h"

static bool fail(const struct cli_command *command, const struct bs_error *error, int *ret_exit)
{
    *ret_exit = cli_failed(command, error);
    return false;
}

static enum bs_code open_dir(const char *dir, enum database_mode mode,
                             struct datom_functions *functions, struct datom_conn **ret_conn,
                             struct bs_error *error)
{
    struct datom_options options = {
        .create = mode != DATABASE_READ,
        .read_only = mode == DATABASE_READ,
        .functions = functions,
    };
    struct bs_error locked = BS_ERROR_INIT;
    enum bs_code code = datom_conn_open(bs_str_from(dir), &options, ret_conn, &locked);
    if (code != BS_OK && mode == DATABASE_WRITE_OR_READ &&
        locked.reason == BS_REASON_STORE_LOCKED) {
        fprintf(stderr, "%s; opened read-only\n", locked.message);
        options = (struct datom_options){.read_only = true, .functions = functions};
        return datom_conn_open(bs_str_from(dir), &options, ret_conn, error);
    }
    if (code != BS_OK && error)
        *error = locked;
    return code;
}

bool database_open(const struct cli_command *command, const struct database_args *args,
                   enum database_mode mode, struct datom_conn **ret_conn, int *ret_exit)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(datom_functions_unrefp) struct datom_functions *functions = NULL;
    int given = (args->dir != NULL) + args->memory + (args->url != NULL);
    if (given != 1) {
        *ret_exit = cli_wrong(command, given == 0 ? "which database? expected --db DIR or --memory"
                                                  : "expected one of --db, --memory, --connect");
        return false;
    }
    if (args->url) {
        bs_error_set(&error, BS_REASON_DB_UNSUPPORTED,
                     "--connect is not built yet: expected --db DIR or --memory");
        return fail(command, &error, ret_exit);
    }
    functions = datom_functions_new();
    query_functions_install(functions);
    if (args->memory) {
        const struct datom_options options = {.functions = functions};
        *ret_conn = datom_conn_new_memory(&options);
        return true;
    }
    if (open_dir(args->dir, mode, functions, ret_conn, &error) != BS_OK)
        return fail(command, &error, ret_exit);
    return true;
}

enum bs_code database_read_edn(const char *what, const char *text, struct bs_arena *arena,
                               struct edn *ret_value, struct bs_error *error)
{
    enum bs_code code = edn_read(bs_str_from(text), arena, ret_value, error);
    if (code != BS_OK)
        bs_error_prefix(error, "%s %s: ", what, text);
    return code;
}

static enum bs_code read_t(struct datom_db *db, const char *what, const char *text, uint64_t *ret_t,
                           struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn point;
    BS_TRY(database_read_edn(what, text, arena, &point, error));
    return datom_db_resolve_t(db, point, ret_t, error);
}

/* Puts a view in the place of *db. */
static void replace(struct datom_db **db, struct datom_db *view)
{
    datom_db_unref(*db);
    *db = view;
}

enum bs_code database_view_of(struct datom_db *newest, const struct view_args *args,
                              struct datom_db **ret_db, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_db_ref(newest);
    uint64_t t;
    if (args->as_of) {
        BS_TRY(read_t(db, "--as-of", args->as_of, &t, error));
        replace(&db, datom_db_as_of(db, t));
    }
    if (args->since) {
        BS_TRY(read_t(db, "--since", args->since, &t, error));
        replace(&db, datom_db_since(db, t));
    }
    if (args->history)
        replace(&db, datom_db_history(db));
    *ret_db = db;
    db = NULL;
    return BS_OK;
}

enum bs_code database_view(struct datom_conn *conn, const struct view_args *args,
                           struct datom_db **ret_db, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *newest = datom_conn_db(conn);
    return database_view_of(newest, args, ret_db, error);
}
