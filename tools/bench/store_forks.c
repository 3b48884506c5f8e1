/*
 * store.fork.siblings: memory of 1,000 forks of one store of a million datoms, an entity made in
 * each, all there at once, as malloc counts it (heap and mapped blocks).
 */

#include <malloc.h>

#include "people.h"
#include "rows.h"

#define FORKS 1000
#define ROUNDS 10 /* of PEOPLE_COUNT people with five datoms each: a million */

struct state {
    char *dir;
    struct people people;
    struct datom_conn *conn;
    struct datom_db *db;
};

static enum bs_code open_forks(struct bench_context *context, const struct bench_row *row,
                               void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->dir = bench_path(context, "forks");
    struct datom_options options = {.create = true, .no_sync = true};
    BS_TRY(datom_conn_open(bs_str_from(state->dir), &options, &state->conn, error));
    people_init(&state->people, bench_count(context, PEOPLE_COUNT));
    BS_TRY(people_install(state->conn, error));
    for (int i = 0; i < ROUNDS; i++)
        BS_TRY(people_add_all(&state->people, state->conn, NULL, error));
    state->db = datom_conn_db(state->conn);
    return BS_OK;
}

static void close_forks(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    datom_db_unref(state->db);
    datom_conn_unref(state->conn);
    people_fini(&state->people);
    bench_remove(state->dir);
    free(state->dir);
    free(state);
}

static size_t allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static enum bs_code siblings(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct datom_conn *forks[FORKS] = {NULL};
    size_t before = allocated_bytes();
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < FORKS && code == BS_OK; i++) {
        code = datom_conn_fork(state->db, NULL, &forks[i], error);
        if (code == BS_OK)
            code = datom_transact_text(forks[i], BS_STR("[{:name \"Ivan\" :age 1}]"), NULL, NULL,
                                       error);
    }
    *ret_figure = (double)(allocated_bytes() - before);
    for (size_t i = 0; i < FORKS; i++)
        datom_conn_unref(forks[i]);
    return code;
}

const struct bench_row store_fork_siblings_row = {
    .name = "store.fork.siblings",
    .unit = "bytes",
    .bar = "ours<52428800",
    .method =
        "memory of 1,000 forks at once of a store of a million datoms, an entity made in each",
    .open = open_forks,
    .ours = siblings,
    .close = close_forks,
};
