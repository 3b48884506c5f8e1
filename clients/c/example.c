/* libdatom in one page: open, schema, transact, query, as-of, with. Needs nothing but datom.pc. */

#include <stdio.h>

#include <datom/datom.h>
#include <query/query.h>

static const char schema[] = "[{:db/ident :artist/name :db/valueType :db.type/string"
                             "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                             " {:db/ident :artist/country :db/valueType :db.type/string "
                             ":db/cardinality :db.cardinality/one}]";

static enum bs_code show(const char *what, struct datom_db *db, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct edn rows, input = edn_object_value(datom_db_object(db));
    BS_TRY(query_run_text(BS_STR("[:find ?c . :where [_ :artist/country ?c]]"), &input, 1, NULL,
                          arena, &rows, error));
    edn_print(rows, &out);
    printf("%s: %s\n", what, bs_buf_cstr(&out));
    return BS_OK;
}

static enum bs_code run(const char *dir, struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_CLEANUP(datom_report_freep) struct datom_report *added = NULL, *moved = NULL, *tried = NULL;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn forms;
    BS_TRY(datom_conn_open(bs_str_from(dir), NULL, &conn, error));
    BS_TRY(datom_transact_text(conn, bs_str_from(schema), NULL, NULL, error));
    BS_TRY(datom_transact_text(conn, BS_STR("[{:artist/name \"Nico\" :artist/country \"DE\"}]"),
                               NULL, &added, error));
    BS_TRY(datom_transact_text(conn, BS_STR("[{:artist/name \"Nico\" :artist/country \"US\"}]"),
                               NULL, &moved, error));
    BS_TRY(show("now", moved->db_after, error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *then = datom_db_as_of(moved->db_after, added->t);
    BS_TRY(show("as of the first", then, error));
    BS_TRY(
        edn_read(BS_STR("[{:artist/name \"Nico\" :artist/country \"FR\"}]"), arena, &forms, error));
    BS_TRY(datom_with(moved->db_after, forms, NULL, &tried, error));
    return show("with", tried->db_after, error);
}

int main(int argc, char **argv)
{
    struct bs_error error = BS_ERROR_INIT;
    if (run(argc > 1 ? argv[1] : "example-store", &error) == BS_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}
