/* The peer by SQLite's C API, with a prepared statement for each thing that is asked of it. */

#include "sqlite_peer.h"

#include <sqlite3.h>

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ADD,
    STATEMENT_RETRACT,
    STATEMENT_GET,
    STATEMENT_SCAN,
    STATEMENT_COUNT,
};

struct sqlite_peer {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    size_t bytes; /* of the values that were looked at */
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
    "CREATE TABLE datoms (e INTEGER NOT NULL, a INTEGER NOT NULL, v NOT NULL,"
    "  tx INTEGER NOT NULL, PRIMARY KEY (e, a, v, tx)) WITHOUT ROWID;"
    "CREATE INDEX aevt ON datoms (a, e, v, tx);"
    "CREATE INDEX avet ON datoms (a, v, e, tx);"
    "CREATE INDEX vaet ON datoms (v, a, e, tx);";

static const char *const texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ADD] = "INSERT INTO datoms (e, a, v, tx) VALUES (?, ?, ?, ?)",
    [STATEMENT_RETRACT] = "DELETE FROM datoms WHERE e = ?",
    [STATEMENT_GET] = "SELECT v, e, tx FROM datoms WHERE e = ? AND a = ?",
    [STATEMENT_SCAN] = "SELECT v, e, tx FROM datoms INDEXED BY aevt WHERE a = ?",
};

static bool is_linked(void)
{
    return true;
}

const struct bench_peer sqlite_program = {
    .name = "sqlite",
    .is_installed = is_linked,
    .install = "tools/setup --bench",
};

static enum bs_code check(const struct sqlite_peer *peer, int code, int expected,
                          struct bs_error *error)
{
    if (code == expected)
        return BS_OK;
    return bs_error_set(error, BS_REASON_STORE_IO, "SQLite: %s",
                        peer->db ? sqlite3_errmsg(peer->db) : sqlite3_errstr(code));
}

static enum bs_code prepare(struct sqlite_peer *peer, const char *path, struct bs_error *error)
{
    BS_TRY(check(peer, sqlite3_open(path ? path : ":memory:", &peer->db), SQLITE_OK, error));
    BS_TRY(check(peer, sqlite3_exec(peer->db, schema, NULL, NULL, NULL), SQLITE_OK, error));
    for (int i = 0; i < STATEMENT_COUNT; i++)
        BS_TRY(check(peer,
                     sqlite3_prepare_v3(peer->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &peer->statements[i], NULL),
                     SQLITE_OK, error));
    return BS_OK;
}

enum bs_code sqlite_peer_open(const char *path, struct sqlite_peer **ret_peer,
                              struct bs_error *error)
{
    struct sqlite_peer *peer = bs_calloc(1, sizeof(*peer));
    enum bs_code code = prepare(peer, path, error);
    if (code == BS_OK)
        *ret_peer = peer;
    else
        sqlite_peer_close(peer);
    return code;
}

void sqlite_peer_close(struct sqlite_peer *peer)
{
    if (!peer)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(peer->statements[i]);
    sqlite3_close(peer->db);
    free(peer);
}

/* Runs a statement that gives no rows. */
static enum bs_code run(struct sqlite_peer *peer, enum statement which, struct bs_error *error)
{
    sqlite3_stmt *statement = peer->statements[which];
    enum bs_code code = check(peer, sqlite3_step(statement), SQLITE_DONE, error);
    sqlite3_reset(statement);
    return code;
}

enum bs_code sqlite_peer_begin(struct sqlite_peer *peer, struct bs_error *error)
{
    return run(peer, STATEMENT_BEGIN, error);
}

enum bs_code sqlite_peer_commit(struct sqlite_peer *peer, struct bs_error *error)
{
    return run(peer, STATEMENT_COMMIT, error);
}

/* The bytes stay with the caller until the statement has run. */
static int bind_value(sqlite3_stmt *statement, int at, struct edn v)
{
    switch ((enum edn_type)v.type) {
    case EDN_LONG:
    case EDN_INSTANT:
        return sqlite3_bind_int64(statement, at, v.as.integer);
    case EDN_BOOLEAN:
        return sqlite3_bind_int64(statement, at, v.as.boolean);
    case EDN_DOUBLE:
        return sqlite3_bind_double(statement, at, v.as.float64);
    case EDN_STRING:
    case EDN_KEYWORD:
    case EDN_SYMBOL:
    case EDN_URI:
        return sqlite3_bind_text(statement, at, v.as.text, (int)v.len, SQLITE_STATIC);
    case EDN_UUID:
    case EDN_BYTES:
        return sqlite3_bind_blob(statement, at, v.as.bytes, (int)v.len, SQLITE_STATIC);
    default:
        BS_UNREACHABLE();
    }
}

enum bs_code sqlite_peer_add(struct sqlite_peer *peer, const struct datom *datom,
                             struct bs_error *error)
{
    sqlite3_stmt *statement = peer->statements[STATEMENT_ADD];
    sqlite3_bind_int64(statement, 1, (int64_t)datom->e);
    sqlite3_bind_int64(statement, 2, (int64_t)datom->a);
    BS_TRY(check(peer, bind_value(statement, 3, datom->v), SQLITE_OK, error));
    sqlite3_bind_int64(statement, 4, (int64_t)datom->tx);
    return run(peer, STATEMENT_ADD, error);
}

enum bs_code sqlite_peer_retract(struct sqlite_peer *peer, datom_id e, struct bs_error *error)
{
    sqlite3_bind_int64(peer->statements[STATEMENT_RETRACT], 1, (int64_t)e);
    return run(peer, STATEMENT_RETRACT, error);
}

static enum bs_code read_rows(struct sqlite_peer *peer, enum statement which, size_t *ret_count,
                              struct bs_error *error)
{
    sqlite3_stmt *statement = peer->statements[which];
    int code;
    *ret_count = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
            peer->bytes += (size_t)sqlite3_column_int64(statement, 0) & 1;
        else
            peer->bytes += sqlite3_column_blob(statement, 0) != NULL;
        peer->bytes +=
            (size_t)(sqlite3_column_int64(statement, 1) + sqlite3_column_int64(statement, 2)) & 1;
        ++*ret_count;
    }
    enum bs_code result = check(peer, code, SQLITE_DONE, error);
    sqlite3_reset(statement);
    return result;
}

enum bs_code sqlite_peer_get(struct sqlite_peer *peer, datom_id e, datom_id a, size_t *ret_count,
                             struct bs_error *error)
{
    sqlite3_bind_int64(peer->statements[STATEMENT_GET], 1, (int64_t)e);
    sqlite3_bind_int64(peer->statements[STATEMENT_GET], 2, (int64_t)a);
    return read_rows(peer, STATEMENT_GET, ret_count, error);
}

enum bs_code sqlite_peer_scan(struct sqlite_peer *peer, datom_id a, size_t *ret_count,
                              struct bs_error *error)
{
    sqlite3_bind_int64(peer->statements[STATEMENT_SCAN], 1, (int64_t)a);
    return read_rows(peer, STATEMENT_SCAN, ret_count, error);
}
