/*
 * rpc.direct: a unary call in the process, through the dispatcher and everything that stands around
 * a handler in the server: metadata, credentials, access rule, validation of the request, the
 * call's universe on the newest database value. The handler gives back the 98 characters it was
 * sent. In rpc.direct.auth the caller brings a session's token, which is hashed and looked up in
 * the database. Beside the yardstick of one raw RocksDB seek on MusicBrainz, warm.
 */

#include "house.h"
#include "rows.h"

#define CALLS 100000

struct state {
    struct bench_context *context;
    struct bench_music *music;
    struct house house;
    struct bs_arena *arena;
};

static enum bs_code open_direct(struct bench_context *context, const struct bench_row *row,
                                void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->arena = bs_arena_new(0);
    BS_TRY(bench_music_get(context, &state->music, error));
    return house_open(&state->house, error);
}

static void close_direct(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    house_close(&state->house);
    bs_arena_free(state->arena);
    free(state);
}

static double us_each(int64_t started_ns, size_t count)
{
    return (double)(bs_monotonic_ns() - started_ns) / 1e3 / (double)count;
}

static enum bs_code direct(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, CALLS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++)
        BS_TRY(house_echo(&state->house, state->house.direct, state->arena, error));
    *ret_figure = us_each(started, count);
    return BS_OK;
}

static enum bs_code direct_auth(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *kept = bs_arena_new(0);
    Bench__EchoSignedInRequest request = BENCH__ECHO_SIGNED_IN_REQUEST__INIT;
    struct rpc_client_options options = RPC_CLIENT_OPTIONS_INIT;
    struct rpc_metadata metadata;
    rpc_metadata_init(&metadata, kept);
    BS_TRY(rpc_metadata_add(&metadata, BS_STR("authorization"), bs_str_from(state->house.bearer),
                            error));
    options.metadata = &metadata;
    request.text = state->house.text;
    size_t count = bench_count(state->context, CALLS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        Bench__EchoSignedInResponse *response = NULL;
        bs_arena_reset(state->arena);
        BS_TRY(bench__echo_service__call_echo_signed_in(state->house.direct, &options, &request,
                                                        state->arena, &response, error));
    }
    *ret_figure = us_each(started, count);
    return BS_OK;
}

static enum bs_code raw_seek(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return music_raw_seek_us(state->music, bench_count(state->context, CALLS), ret_figure, error);
}

const struct bench_row rpc_direct_row = {
    .name = "rpc.direct",
    .unit = "us",
    .peer_name = "rocksdb seek",
    .bar = "ratio<1",
    .method = "a unary call of 100 bytes in the process, through all interceptors, without "
              "credentials; beside one raw seek",
    .open = open_direct,
    .ours = direct,
    .theirs = raw_seek,
    .close = close_direct,
};

const struct bench_row rpc_direct_auth_row = {
    .name = "rpc.direct.auth",
    .unit = "us",
    .peer_name = "rocksdb seek",
    .bar = "ratio<1",
    .method = "the same with a session's token, which is looked up in the database",
    .open = open_direct,
    .ours = direct_auth,
    .theirs = raw_seek,
    .close = close_direct,
};
