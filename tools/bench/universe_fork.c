/*
 * universe.fork: a whole universe (connection, clock, doubles of its services, chance) forked from
 * one on the MusicBrainz store on disk, and freed. Beside one raw RocksDB seek on the same store.
 */

#include "rows.h"
#include "universe/universe.h"

#define FORKS 20000

struct state {
    struct bench_context *context;
    struct bench_music *music;
    struct universe *universe;
};

static enum bs_code open_fork(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    BS_TRY(bench_music_get(context, &state->music, error));
    const struct universe_options options = {.conn = state->music->conn, .as_it_stands = true};
    return universe_new(&options, &state->universe, error);
}

static enum bs_code fork_universe(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, FORKS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct universe *fork = NULL;
        BS_TRY(universe_fork(state->universe, &fork, error));
        universe_free(fork);
    }
    *ret_figure = (double)(bs_monotonic_ns() - started) / 1e3 / (double)count;
    return BS_OK;
}

static enum bs_code raw_seek(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return music_raw_seek_us(state->music, bench_count(state->context, 5 * FORKS), ret_figure,
                             error);
}

static void close_fork(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    universe_free(state->universe);
    free(state);
}

const struct bench_row universe_fork_row = {
    .name = "universe.fork",
    .unit = "us",
    .peer_name = "rocksdb seek",
    .bar = "ratio<10",
    .method = "a universe forked from one on the MusicBrainz store and freed; beside one raw seek",
    .open = open_fork,
    .ours = fork_universe,
    .theirs = raw_seek,
    .close = close_fork,
};
