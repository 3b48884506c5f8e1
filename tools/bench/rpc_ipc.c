/*
 * rpc.ipc.N: unary calls of 100 bytes over the stream transport on a unix socket, N in flight on
 * one connection, client and server in this process. The server is the whole house: all
 * interceptors, validation, a universe for each call, protobuf unpacked and checked. One in flight
 * is a blocking call in a loop; more are calls with a callback that starts the next.
 *
 * gRPC C++ (in a process of its own, client and server again in one) moves the same 100 bytes over
 * a unix socket with its asynchronous generic API, so without protobuf and without interceptors:
 * the least that it can do.
 *
 * rpc.nng.reqrep[.N] puts the same calls of ours beside raw nng, REQ/REP over ipc, which moves 100
 * bytes to an echo that does nothing; N in flight are N contexts on one socket.
 */

#include <pthread.h>
#include <unistd.h>

#include "child.h"
#include "house.h"
#include "nng_peer.h"
#include "rows.h"
#include "rpc/nng.h"

struct state {
    struct bench_context *context;
    unsigned in_flight;
    char url[128];
    struct house house;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct bs_arena *arena;
    struct nng_peer *peer;
    /* of one sample with callbacks */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int64_t until_ns;
    uint64_t done;
    unsigned under_way;
    enum bs_code code;
    struct bs_error error;
};

static enum bs_code open_ipc(struct bench_context *context, const struct bench_row *row,
                             void **ret_state, struct bs_error *error)
{
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->in_flight = row->threads;
    state->arena = bs_arena_new(0);
    pthread_mutex_init(&state->lock, NULL);
    pthread_cond_init(&state->ended, NULL);
    /* a socket's path is short: not in the run's folder */
    snprintf(state->url, sizeof(state->url), "ipc:///tmp/bandstand-bench-%d", (int)getpid());
    BS_TRY(house_open(&state->house, error));
    BS_TRY(rpc_server_open(state->house.dispatcher, state->url, NULL, &state->server, error));
    return rpc_stream_channel_open(state->url, NULL, &state->channel, error);
}

static enum bs_code open_nng(struct bench_context *context, const struct bench_row *row,
                             void **ret_state, struct bs_error *error)
{
    BS_TRY(open_ipc(context, row, ret_state, error));
    struct state *state = *ret_state;
    return nng_peer_open(state->in_flight, HOUSE_TEXT_LEN + 2, &state->peer, error);
}

static void close_ipc(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    nng_peer_close(state->peer);
    if (state->channel)
        rpc_channel_close(state->channel);
    rpc_server_close(state->server);
    house_close(&state->house);
    bs_arena_free(state->arena);
    pthread_cond_destroy(&state->ended);
    pthread_mutex_destroy(&state->lock);
    free(state);
}

static enum bs_code one_call(void *self, unsigned thread, uint64_t i, struct bs_error *error)
{
    (void)thread;
    (void)i;
    struct state *state = self;
    return house_echo(&state->house, state->channel, state->arena, error);
}

/* ---- many in flight ---- */

static void start_call(struct state *state);

static void call_ended(void *self, enum bs_code code, const ProtobufCMessage *response,
                       const struct rpc_metadata *trailing, const struct bs_error *error)
{
    (void)response;
    (void)trailing;
    struct state *state = self;
    pthread_mutex_lock(&state->lock);
    if (code != BS_OK && state->code == BS_OK) {
        state->code = code;
        state->error = *error;
    }
    state->done++;
    bool goes_on = state->code == BS_OK && bs_monotonic_ns() < state->until_ns;
    if (!goes_on && --state->under_way == 0)
        pthread_cond_signal(&state->ended);
    pthread_mutex_unlock(&state->lock);
    if (goes_on)
        start_call(state);
}

static void start_call(struct state *state)
{
    char text[HOUSE_TEXT_LEN + 1];
    memcpy(text, state->house.text, sizeof(text));
    Bench__EchoRequest request = BENCH__ECHO_REQUEST__INIT;
    request.text = text;
    rpc_client_call_release(
        bench__echo_service__start_echo(state->channel, NULL, &request, call_ended, state));
}

static enum bs_code many_calls(struct state *state, double seconds, double *ret_figure,
                               struct bs_error *error)
{
    int64_t started = bs_monotonic_ns();
    state->until_ns = started + (int64_t)(seconds * 1e9);
    state->done = 0;
    state->under_way = state->in_flight;
    state->code = BS_OK;
    for (unsigned i = 0; i < state->in_flight; i++)
        start_call(state);
    pthread_mutex_lock(&state->lock);
    while (state->under_way > 0)
        pthread_cond_wait(&state->ended, &state->lock);
    pthread_mutex_unlock(&state->lock);
    *ret_figure = (double)state->done * 1e9 / (double)(bs_monotonic_ns() - started);
    if (state->code != BS_OK && error)
        *error = state->error;
    return state->code;
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    double seconds = bench_seconds(state->context, 1);
    if (state->in_flight > 1)
        return many_calls(state, seconds, ret_figure, error);
    return bench_rate(one_call, state, 1, seconds, ret_figure, error);
}

/* ---- the peers ---- */

static enum bs_code theirs_nng(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return nng_peer_run(state->peer, bench_seconds(state->context, 1), ret_figure, error);
}

#define PEER_PROGRAM "bandstand-bench-grpc"

/* Beside the program (also in a build's folders), or on the path. */
static bool find_grpc(char *ret_path, size_t size)
{
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len > 0) {
        self[len] = '\0';
        char *slash = strrchr(self, '/');
        BS_ASSERT(slash);
        *slash = '\0';
        for (int i = 0; i < 2; i++) {
            snprintf(ret_path, size, "%s%s/" PEER_PROGRAM, self, i == 0 ? "" : "/../bench");
            if (access(ret_path, X_OK) == 0)
                return true;
        }
    }
    return child_find(PEER_PROGRAM, ret_path, size);
}

static bool grpc_is_installed(void)
{
    char path[4300];
    return find_grpc(path, sizeof(path));
}

static const struct bench_peer grpc_peer = {
    .name = "grpc-c++",
    .is_installed = grpc_is_installed,
    .install = "sudo apt-get install libgrpc++-dev g++ pkg-config, then meson setup --reconfigure "
               "build && ninja -C build",
};

static enum bs_code theirs_grpc(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    char path[4300], address[128], in_flight[16], seconds[32], bytes[16];
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    (void)find_grpc(path, sizeof(path));
    snprintf(address, sizeof(address), "unix:/tmp/bandstand-bench-grpc-%d", (int)getpid());
    snprintf(in_flight, sizeof(in_flight), "%u", state->in_flight);
    snprintf(seconds, sizeof(seconds), "%.3f", bench_seconds(state->context, 1));
    snprintf(bytes, sizeof(bytes), "%d", HOUSE_TEXT_LEN + 2);
    char *argv[] = {path, address, in_flight, seconds, bytes, NULL};
    BS_TRY(child_output(argv, &out, error));
    struct bs_str text = bs_str_trim(bs_buf_str(&out));
    if (bs_str_parse_double(text, ret_figure))
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_CONNECTION,
                        "%s said \"%.*s\": expected calls per second", path, BS_STR_ARGS(text));
}

#define IPC_ROW(row_name, count, how, peer_program, peer_text, opener, their_side)                 \
    {                                                                                              \
        .name = row_name, .unit = "calls/s", .peer_name = peer_text, .peer = (peer_program),       \
        .method = "unary calls of 100 bytes over ipc, " how, .threads = (count), .open = (opener), \
        .ours = ours, .theirs = (their_side), .close = close_ipc,                                  \
    }

const struct bench_row rpc_ipc_1_row =
    IPC_ROW("rpc.ipc.1", 1,
            "one after another, through all interceptors; the peer its asynchronous generic API",
            &grpc_peer, "grpc-c++", open_ipc, theirs_grpc);
const struct bench_row rpc_ipc_64_row = IPC_ROW("rpc.ipc.64", 64, "64 in flight on one connection",
                                                &grpc_peer, "grpc-c++", open_ipc, theirs_grpc);
const struct bench_row rpc_nng_reqrep_row =
    IPC_ROW("rpc.nng.reqrep", 1, "one after another; the peer is an echo on raw REQ/REP", NULL,
            "nng req/rep", open_nng, theirs_nng);
const struct bench_row rpc_nng_reqrep_64_row =
    IPC_ROW("rpc.nng.reqrep.64", 64, "64 in flight; the peer has 64 contexts on one REQ socket",
            NULL, "nng req/rep", open_nng, theirs_nng);
