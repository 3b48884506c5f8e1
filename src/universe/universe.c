/* Universes: made, forked, copied for a call. */

#include "universe/internal.h"

#include <string.h>

static struct universe *new_universe(struct datom_conn *conn)
{
    struct universe *universe = bs_calloc(1, sizeof(*universe));
    universe->conn = conn;
    universe->shared = bs_calloc(1, sizeof(*universe->shared));
    pthread_mutex_init(&universe->shared->delivery, NULL);
    return universe;
}

static void use_mail_double(struct universe *universe)
{
    universe->shared->mail_double = services_mail_double_new();
    universe->mail = services_mail_double_service(universe->shared->mail_double);
}

enum bs_code universe_install_schema(struct datom_conn *conn, struct bs_error *error)
{
    return universe_install(conn, bs_str_from(universe_schema_text), error);
}

enum bs_code universe_new(const struct universe_options *options, struct universe **ret_universe,
                          struct bs_error *error)
{
    if (!options->as_it_stands)
        BS_TRY(universe_install_schema(options->conn, error));
    struct universe *universe = new_universe(datom_conn_ref(options->conn));
    universe->clock = options->clock.now_ms ? options->clock : bs_clock_system();
    universe->public_url = options->public_url;
    universe->mail = options->mail;
    if (!universe->mail)
        use_mail_double(universe);
    if (options->has_seed)
        bs_store_u64(universe->shared->key, options->seed);
    else
        bs_random_system(universe->shared->key, sizeof(universe->shared->key));
    *ret_universe = universe;
    return BS_OK;
}

enum bs_code universe_fork_of(const struct universe *parent, struct datom_db *db,
                              struct universe **ret_fork, struct bs_error *error)
{
    struct universe *fork = new_universe(NULL);
    struct universe_shared *shared = fork->shared;
    /* inside a call the time is the call's */
    shared->fixed.now_ms = parent->arena ? parent->now_ms : universe_now_ms(parent);
    shared->owns_clock = true;
    shared->floor_t = datom_db_basis_t(db);
    fork->public_url = parent->public_url;
    fork->clock = bs_clock_of_fixed(&shared->fixed);
    universe_derive(parent->shared->key, "fork", atomic_fetch_add(&parent->shared->ordinal, 1), 0,
                    shared->key);
    use_mail_double(fork);
    const struct datom_options options = {.clock = fork->clock};
    enum bs_code code = datom_conn_fork(db, &options, &fork->conn, error);
    if (code != BS_OK) {
        universe_free(fork);
        return code;
    }
    *ret_fork = fork;
    return BS_OK;
}

enum bs_code universe_fork(const struct universe *parent, struct universe **ret_fork,
                           struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(parent->conn);
    return universe_fork_of(parent, db, ret_fork, error);
}

void universe_free(struct universe *universe)
{
    if (!universe)
        return;
    BS_ASSERT(!universe->arena);
    datom_conn_unref(universe->conn);
    services_mail_double_free(universe->shared->mail_double);
    while (universe->shared->gates) {
        struct universe_gate *gate = universe->shared->gates;
        universe->shared->gates = gate->next;
        free(gate);
    }
    pthread_mutex_destroy(&universe->shared->delivery);
    explicit_bzero(universe->shared->key, sizeof(universe->shared->key));
    free(universe->shared);
    free(universe);
}

void universe_freep(struct universe **universe)
{
    universe_free(*universe);
}

struct services_mail_double *universe_mail_double(const struct universe *universe)
{
    return universe->shared->mail_double;
}

int64_t universe_now_ms(const struct universe *universe)
{
    return universe->clock.now_ms(universe->clock.self);
}

void universe_set_now_ms(struct universe *fork, int64_t now_ms)
{
    BS_ASSERT(fork->shared->owns_clock);
    fork->shared->fixed.now_ms = now_ms;
}

void universe_begin(const struct universe *universe, struct bs_arena *arena,
                    struct universe *ret_call)
{
    *ret_call = (struct universe){
        .conn = universe->conn,
        .clock = universe->clock,
        .mail = universe->mail,
        .public_url = universe->public_url,
        .shared = universe->shared,
        .db = datom_conn_db(universe->conn),
        .now_ms = universe_now_ms(universe),
        .arena = arena,
        .caller = {.session = DATOM_NO_ID},
        .ordinal = atomic_fetch_add(&universe->shared->ordinal, 1),
    };
    ret_call->basis_t = datom_db_basis_t(ret_call->db);
}

void universe_end(struct universe *call)
{
    datom_db_unref(call->db);
    call->db = NULL;
}
