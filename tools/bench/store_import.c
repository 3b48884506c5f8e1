/*
 * store.import: the MusicBrainz sample, from EDN text in memory to the last sync, as `bandstand
 * import` does it. The peer writes the very batches that our import wrote (read back from the
 * write-ahead log of our store, so the same keys, values, families, order and number of syncs) into
 * a new folder with the same settings. It has them ready in memory: it neither reads text nor
 * resolves nor even builds batches, so the ratio is the share of an import that RocksDB takes.
 */

#include "rows.h"

struct state {
    struct bench_context *context;
    struct music_texts texts;
    uint64_t datoms;
    struct raw_batches batches;
    char *dir; /* of the store that the batches came from */
};

static enum bs_code open_import(struct bench_context *context, const struct bench_row *row,
                                void **ret_state, struct bs_error *error)
{
    (void)row;
    double seconds;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->dir = bench_path(context, "import");
    BS_TRY(music_read(context, &state->texts, error));
    /* open until its log was read: a close may leave none */
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_TRY(music_import(&state->texts, state->dir, &conn, &state->datoms, &seconds, error));
    return raw_read_batches(state->dir, &state->batches, error);
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    double seconds = 0;
    uint64_t datoms = 0;
    char *dir = bench_path(state->context, "import");
    enum bs_code code = music_import(&state->texts, dir, NULL, &datoms, &seconds, error);
    bench_remove(dir);
    free(dir);
    *ret_figure = (double)datoms / seconds;
    return code;
}

static enum bs_code write_batches(struct state *state, struct raw *raw, struct bs_error *error)
{
    char *text = NULL;
    for (size_t i = 0; i < state->batches.count && !text; i++)
        rocksdb_write(raw->db, raw->synced, state->batches.items[i], &text);
    return raw_check(text, "write", error);
}

static enum bs_code theirs(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct raw raw = {0};
    char *dir = bench_path(state->context, "raw");
    int64_t started = 0, ended = 0;
    enum bs_code code = raw_open(state->dir, dir, RAW_NEW, &raw, error);
    if (code == BS_OK) {
        started = bs_monotonic_ns();
        code = write_batches(state, &raw, error);
        ended = bs_monotonic_ns();
        raw_close(&raw);
    }
    bench_remove(dir);
    free(dir);
    *ret_figure = (double)state->datoms * 1e9 / (double)(ended - started);
    return code;
}

static void close_import(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    raw_batches_free(&state->batches);
    music_texts_free(&state->texts);
    bench_remove(state->dir);
    free(state->dir);
    free(state);
}

const struct bench_row store_import_row = {
    .name = "store.import",
    .unit = "datoms/s",
    .peer_name = "rocksdb",
    .bar = "ratio>=0.6",
    .method =
        "MusicBrainz from EDN text to the last sync; the peer writes the same batches of keys "
        "and values, made beforehand, with the same syncs",
    .open = open_import,
    .ours = ours,
    .theirs = theirs,
    .close = close_import,
};
