/*
 * store.bulk: the transactions of the MusicBrainz sample, as the log of an imported store gives
 * them and ready in memory, loaded into an empty store (datom/bulk.h). The peer is our own import
 * of the sample, from EDN text to the last sync, as store.import measures it: the peer reads text
 * and resolves, which is what loading prepared datoms leaves out.
 */

#include "datom/bulk.h"
#include "rows.h"

struct state {
    struct bench_context *context;
    struct music_texts texts;
    struct bs_arena *arena; /* the entries */
    struct datom_log_entry *entries;
    size_t count, capacity;
    uint64_t datoms;
};

static void keep_entry(struct state *state, const struct datom_log_entry *entry)
{
    struct datom *datoms = bs_arena_new_array(state->arena, entry->count + 1, struct datom);
    for (size_t i = 0; i < entry->count; i++) {
        datoms[i] = entry->datoms[i];
        datoms[i].v = edn_dup(state->arena, datoms[i].v);
    }
    bs_grow(&state->entries, state->count, &state->capacity, sizeof(*state->entries));
    state->entries[state->count++] =
        (struct datom_log_entry){.t = entry->t, .datoms = datoms, .count = entry->count};
    state->datoms += entry->count;
}

static enum bs_code read_entries(struct state *state, const char *dir, struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    struct datom_options options = {.read_only = true};
    BS_TRY(datom_conn_open(bs_str_from(dir), &options, &conn, error));
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    struct datom_log_reader *reader;
    BS_TRY(datom_log_open(db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, error));
    enum bs_code code;
    for (;;) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        keep_entry(state, &entry);
    }
    datom_log_close(reader);
    return code;
}

static enum bs_code open_bulk(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    double seconds;
    uint64_t datoms;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->arena = bs_arena_new(0);
    BS_TRY(music_read(context, &state->texts, error));
    BS_CLEANUP(bs_freep) char *dir = bench_path(context, "bulk");
    enum bs_code code = music_import(&state->texts, dir, NULL, &datoms, &seconds, error);
    if (code == BS_OK)
        code = read_entries(state, dir, error);
    bench_remove(dir);
    return code;
}

static enum bs_code load(struct state *state, const char *dir, struct bs_error *error)
{
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = NULL;
    BS_TRY(datom_bulk_open(bs_str_from(dir), NULL, &bulk, error));
    for (size_t i = 0; i < state->count; i++)
        BS_TRY(datom_bulk_add(bulk, &state->entries[i], error));
    return datom_bulk_finish(bulk, error);
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "bulk");
    int64_t started = bs_monotonic_ns();
    enum bs_code code = load(state, dir, error);
    *ret_figure = (double)state->datoms * 1e9 / (double)(bs_monotonic_ns() - started);
    bench_remove(dir);
    return code;
}

static enum bs_code theirs(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    double seconds = 0;
    uint64_t datoms = 0;
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "import");
    enum bs_code code = music_import(&state->texts, dir, NULL, &datoms, &seconds, error);
    bench_remove(dir);
    *ret_figure = (double)datoms / seconds;
    return code;
}

static void close_bulk(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    music_texts_free(&state->texts);
    bs_arena_free(state->arena);
    free(state->entries);
    free(state);
}

const struct bench_row store_bulk_row = {
    .name = "store.bulk",
    .unit = "datoms/s",
    .peer_name = "our import",
    .bar = "ratio>=3",
    .method =
        "MusicBrainz' transactions, ready in memory, into an empty store by sorted files, opening "
        "and closing included; the peer is our import of the text",
    .open = open_bulk,
    .ours = ours,
    .theirs = theirs,
    .close = close_bulk,
};
