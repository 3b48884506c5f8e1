/*
 * SQLite beside us, with one table in our four orders (sqlite_peer.h): writing people as
 * store_people.c does, in memory and durably with a sync a transaction, and reading the MusicBrainz
 * sample warm. Ours keeps history, a log and each transaction's instant beside; SQLite does not.
 */

#include "people.h"
#include "rows.h"
#include "sqlite_peer.h"

#define DISK_COUNT 1000 /* people: a sync each */
#define READS 200000
#define SCANS 20

struct state {
    struct bench_context *context;
    const char *way; /* "add-5" and what follows */
    bool is_durable;
    struct people people;
    datom_id *ids;
    struct bench_music *music;
    struct sqlite_peer *peer; /* with the sample in it */
    struct bs_arena *arena;
};

static bool is_way(const struct state *state, const char *way)
{
    return bs_str_starts_with(bs_str_from(state->way), bs_str_from(way));
}

static void close_row(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    people_fini(&state->people);
    sqlite_peer_close(state->peer);
    bs_arena_free(state->arena);
    free(state->ids);
    free(state);
}

/* ---- writing ---- */

static enum bs_code open_write(struct bench_context *context, const struct bench_row *row,
                               void **ret_state, struct bs_error *error)
{
    (void)error;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->way = row->name + strlen("store.sqlite.");
    state->is_durable = bs_str_ends_with(bs_str_from(row->name), BS_STR(".disk"));
    people_init(&state->people,
                bench_count(context, state->is_durable ? DISK_COUNT : PEOPLE_COUNT));
    state->ids = bs_calloc(state->people.count, sizeof(*state->ids));
    return BS_OK;
}

static double rate(const struct state *state, int64_t started_ns)
{
    return (double)(state->people.count * PEOPLE_ATTRIBUTES) * 1e9 /
           (double)(bs_monotonic_ns() - started_ns);
}

static enum bs_code run_ours(struct state *state, struct datom_conn *conn, double *ret_figure,
                             struct bs_error *error)
{
    BS_TRY(people_install(conn, error));
    if (is_way(state, "retract-5"))
        BS_TRY(people_add_all(&state->people, conn, state->ids, error));
    int64_t started = bs_monotonic_ns();
    if (is_way(state, "retract-5"))
        BS_TRY(people_retract_each(state->ids, state->people.count, conn, error));
    else if (is_way(state, "add-all"))
        BS_TRY(people_add_all(&state->people, conn, NULL, error));
    else if (is_way(state, "add-5"))
        BS_TRY(people_add_each(&state->people, conn, error));
    else
        BS_TRY(people_add_datoms(&state->people, conn, error));
    *ret_figure = rate(state, started);
    return BS_OK;
}

static enum bs_code ours_write(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "ours");
    struct datom_conn *conn = NULL;
    enum bs_code code = BS_OK;
    if (state->is_durable)
        code = datom_conn_open(bs_str_from(dir), NULL, &conn, error);
    else
        conn = datom_conn_new_memory(NULL);
    if (code == BS_OK)
        code = run_ours(state, conn, ret_figure, error);
    datom_conn_unref(conn);
    bench_remove(dir);
    return code;
}

/* All people; a commit after each `per_commit` datoms. */
static enum bs_code add_people(const struct state *state, struct sqlite_peer *peer,
                               size_t per_commit, struct bs_error *error)
{
    size_t total = state->people.count * PEOPLE_ATTRIBUTES;
    for (size_t i = 0; i < total; i++) {
        struct datom datom = {.e = i / PEOPLE_ATTRIBUTES + 1,
                              .a = i % PEOPLE_ATTRIBUTES + 1,
                              .v = state->people.values[i],
                              .tx = i / per_commit + 1};
        if (i % per_commit == 0)
            BS_TRY(sqlite_peer_begin(peer, error));
        BS_TRY(sqlite_peer_add(peer, &datom, error));
        if ((i + 1) % per_commit == 0 || i + 1 == total)
            BS_TRY(sqlite_peer_commit(peer, error));
    }
    return BS_OK;
}

static enum bs_code retract_people(const struct state *state, struct sqlite_peer *peer,
                                   struct bs_error *error)
{
    for (size_t i = 0; i < state->people.count; i++)
        BS_TRY(sqlite_peer_retract(peer, i + 1, error));
    return BS_OK;
}

static enum bs_code run_theirs(const struct state *state, struct sqlite_peer *peer,
                               double *ret_figure, struct bs_error *error)
{
    size_t all = state->people.count * PEOPLE_ATTRIBUTES;
    bool is_retracted = is_way(state, "retract-5");
    if (is_retracted)
        BS_TRY(add_people(state, peer, all, error));
    int64_t started = bs_monotonic_ns();
    if (is_retracted)
        BS_TRY(retract_people(state, peer, error));
    else
        BS_TRY(add_people(state, peer,
                          is_way(state, "add-all") ? all
                          : is_way(state, "add-5") ? (size_t)PEOPLE_ATTRIBUTES
                                                   : 1,
                          error));
    *ret_figure = rate(state, started);
    return BS_OK;
}

static enum bs_code theirs_write(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct sqlite_peer *peer = NULL;
    BS_CLEANUP(bs_freep) char *path = bench_path(state->context, "sqlite");
    enum bs_code code = sqlite_peer_open(state->is_durable ? path : NULL, &peer, error);
    if (code == BS_OK)
        code = run_theirs(state, peer, ret_figure, error);
    sqlite_peer_close(peer); /* which removes its log */
    bench_remove(path);
    return code;
}

/* ---- reading ---- */

static enum bs_code copy_sample(struct state *state, struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = DATOM_EAVT};
    const struct datom *datoms;
    BS_TRY(datom_cursor_open(state->music->db, &range, &cursor, error));
    BS_TRY(sqlite_peer_begin(state->peer, error));
    for (size_t count = 1; count > 0;) {
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        for (size_t i = 0; i < count; i++)
            BS_TRY(sqlite_peer_add(state->peer, &datoms[i], error));
    }
    return sqlite_peer_commit(state->peer, error);
}

static enum bs_code open_read(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->arena = bs_arena_new(0);
    BS_TRY(bench_music_get(context, &state->music, error));
    if (!sqlite_program.is_installed())
        return BS_OK;
    BS_TRY(sqlite_peer_open(NULL, &state->peer, error));
    return copy_sample(state, error);
}

static enum bs_code ours_get(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        const struct music_place *place = &state->music->places[i % state->music->count];
        struct edn value;
        bool found;
        bs_arena_reset(state->arena);
        BS_TRY(datom_db_get(state->music->db, place->e, place->attribute, state->arena, &value,
                            &found, error));
        BS_ASSERT(found);
    }
    *ret_figure = (double)count * 1e9 / (double)(bs_monotonic_ns() - started);
    return BS_OK;
}

static enum bs_code theirs_get(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        const struct music_place *place = &state->music->places[i % state->music->count];
        size_t found;
        BS_TRY(sqlite_peer_get(state->peer, place->e, place->attribute->id, &found, error));
        BS_ASSERT(found == 1);
    }
    *ret_figure = (double)count * 1e9 / (double)(bs_monotonic_ns() - started);
    return BS_OK;
}

static enum bs_code ours_scan(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct datom_range range = {
        .index = DATOM_AEVT, .has_a = true, .a = music_largest_attribute(state->music)};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = 0, scans = bench_count(state->context, SCANS);
    int64_t started = bs_monotonic_ns();
    BS_TRY(datom_cursor_open(state->music->db, &range, &cursor, error));
    for (size_t i = 0; i < scans; i++) {
        const struct datom *datoms;
        BS_TRY(datom_cursor_reset(cursor, &range, error));
        for (size_t count = 1; count > 0; total += count)
            BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
    }
    *ret_figure = (double)total * 1e9 / (double)(bs_monotonic_ns() - started);
    return BS_OK;
}

static enum bs_code theirs_scan(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t total = 0, scans = bench_count(state->context, SCANS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < scans; i++) {
        size_t count;
        BS_TRY(sqlite_peer_scan(state->peer, music_largest_attribute(state->music), &count, error));
        total += count;
    }
    *ret_figure = (double)total * 1e9 / (double)(bs_monotonic_ns() - started);
    return BS_OK;
}

#define WRITE_ROW(way, what)                                                                       \
    {                                                                                              \
        .name = "store.sqlite." way, .unit = "datoms/s", .peer_name = "sqlite",                    \
        .peer = &sqlite_program,                                                                   \
        .method = what "; SQLite inserts into a table in our four orders", .open = open_write,     \
        .ours = ours_write, .theirs = theirs_write, .close = close_row,                            \
    }

const struct bench_row store_sqlite_add_all_row =
    WRITE_ROW("add-all", "20,000 people of five attributes in one transaction, in memory");
const struct bench_row store_sqlite_add_5_row =
    WRITE_ROW("add-5", "a transaction for each person, in memory");
const struct bench_row store_sqlite_add_1_row =
    WRITE_ROW("add-1", "a transaction for each datom, in memory");
const struct bench_row store_sqlite_retract_5_row =
    WRITE_ROW("retract-5", "retractEntity of each person, a transaction each, in memory");
const struct bench_row store_sqlite_add_5_disk_row =
    WRITE_ROW("add-5.disk", "1,000 people, a durable transaction each");
const struct bench_row store_sqlite_retract_5_disk_row = WRITE_ROW(
    "retract-5.disk", "retractEntity of each of 1,000 people, a durable transaction each");

const struct bench_row store_sqlite_get_row = {
    .name = "store.sqlite.get",
    .unit = "reads/s",
    .peer_name = "sqlite",
    .peer = &sqlite_program,
    .method = "one attribute of one entity, warm, ours on disk; SQLite's table is in memory",
    .open = open_read,
    .ours = ours_get,
    .theirs = theirs_get,
    .close = close_row,
};

const struct bench_row store_sqlite_scan_row = {
    .name = "store.sqlite.scan",
    .unit = "datoms/s",
    .peer_name = "sqlite",
    .peer = &sqlite_program,
    .method =
        "all datoms of the attribute with the most of them, warm; SQLite's table is in memory",
    .open = open_read,
    .ours = ours_scan,
    .theirs = theirs_scan,
    .close = close_row,
};
