/*
 * As many contexts on a REP socket as calls are in flight, each receiving and sending back by an
 * aio; as many on a REQ socket, each sending and receiving. One call in flight is made by blocking
 * calls on the socket, as that is nng's fastest way for one.
 */

#include "nng_peer.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <unistd.h>

enum step {
    RECEIVES,
    SENDS,
};

/* One context at either end. */
struct end {
    struct nng_peer *peer;
    nng_ctx context;
    nng_aio *aio;
    enum step step;
};

struct nng_peer {
    unsigned in_flight;
    size_t bytes;
    nng_socket request, reply;
    struct end *servers; /* in_flight of them */
    struct end *clients;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int64_t until_ns;
    uint64_t done;
    unsigned under_way;
    int failure; /* the first; 0: none */
};

static enum bs_code fail(int code, const char *verb, struct bs_error *error)
{
    if (code == 0)
        return BS_OK;
    return bs_error_set(error, BS_REASON_RPC_CONNECTION, "raw nng can't %s: %s", verb,
                        nng_strerror(code));
}

/* ---- the server ---- */

static void server_goes_on(void *self)
{
    struct end *end = self;
    if (nng_aio_result(end->aio) != 0)
        return; /* closed */
    if (end->step == RECEIVES) {
        end->step = SENDS;
        nng_aio_set_msg(end->aio, nng_aio_get_msg(end->aio));
        nng_ctx_send(end->context, end->aio);
        return;
    }
    end->step = RECEIVES;
    nng_ctx_recv(end->context, end->aio);
}

/* ---- the client ---- */

static void client_ends(struct end *end, int failure)
{
    struct nng_peer *peer = end->peer;
    pthread_mutex_lock(&peer->lock);
    if (peer->failure == 0)
        peer->failure = failure;
    if (--peer->under_way == 0)
        pthread_cond_signal(&peer->ended);
    pthread_mutex_unlock(&peer->lock);
}

static void client_sends(struct end *end)
{
    nng_msg *message;
    int failure = nng_msg_alloc(&message, end->peer->bytes);
    if (failure != 0) {
        client_ends(end, failure);
        return;
    }
    memset(nng_msg_body(message), 'x', end->peer->bytes);
    end->step = SENDS;
    nng_aio_set_msg(end->aio, message);
    nng_ctx_send(end->context, end->aio);
}

static void client_goes_on(void *self)
{
    struct end *end = self;
    struct nng_peer *peer = end->peer;
    int failure = nng_aio_result(end->aio);
    if (failure != 0) {
        client_ends(end, failure);
        return;
    }
    if (end->step == SENDS) {
        end->step = RECEIVES;
        nng_ctx_recv(end->context, end->aio);
        return;
    }
    nng_msg_free(nng_aio_get_msg(end->aio));
    pthread_mutex_lock(&peer->lock);
    peer->done++;
    pthread_mutex_unlock(&peer->lock);
    if (bs_monotonic_ns() < peer->until_ns)
        client_sends(end);
    else
        client_ends(end, 0);
}

/* ---- both ---- */

static int open_ends(struct nng_peer *peer, struct end *ends, nng_socket socket,
                     void (*goes_on)(void *))
{
    for (unsigned i = 0; i < peer->in_flight; i++) {
        struct end *end = &ends[i];
        end->peer = peer;
        int failure = nng_ctx_open(&end->context, socket);
        if (failure == 0)
            failure = nng_aio_alloc(&end->aio, goes_on, end);
        if (failure != 0)
            return failure;
    }
    return 0;
}

enum bs_code nng_peer_open(unsigned in_flight, size_t message_bytes, struct nng_peer **ret_peer,
                           struct bs_error *error)
{
    char url[128];
    snprintf(url, sizeof(url), "ipc:///tmp/bandstand-bench-nng-%d", (int)getpid());
    struct nng_peer *peer = bs_calloc(1, sizeof(*peer));
    *ret_peer = peer;
    peer->in_flight = in_flight;
    peer->bytes = message_bytes;
    peer->servers = bs_calloc(in_flight, sizeof(*peer->servers));
    peer->clients = bs_calloc(in_flight, sizeof(*peer->clients));
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->ended, NULL);
    BS_TRY(fail(nng_rep0_open(&peer->reply), "open a socket", error));
    BS_TRY(fail(nng_req0_open(&peer->request), "open a socket", error));
    BS_TRY(fail(nng_listen(peer->reply, url, NULL, 0), "listen", error));
    BS_TRY(fail(nng_dial(peer->request, url, NULL, 0), "dial", error));
    BS_TRY(fail(open_ends(peer, peer->servers, peer->reply, server_goes_on), "serve", error));
    BS_TRY(fail(open_ends(peer, peer->clients, peer->request, client_goes_on), "call", error));
    for (unsigned i = 0; i < in_flight; i++)
        nng_ctx_recv(peer->servers[i].context, peer->servers[i].aio);
    return BS_OK;
}

static int call_once(struct nng_peer *peer)
{
    nng_msg *message;
    int failure = nng_msg_alloc(&message, peer->bytes);
    if (failure != 0)
        return failure;
    memset(nng_msg_body(message), 'x', peer->bytes);
    failure = nng_sendmsg(peer->request, message, 0);
    if (failure != 0) {
        nng_msg_free(message);
        return failure;
    }
    failure = nng_recvmsg(peer->request, &message, 0);
    if (failure == 0)
        nng_msg_free(message);
    return failure;
}

static void run_one(struct nng_peer *peer)
{
    do {
        peer->failure = call_once(peer);
        peer->done++;
    } while (peer->failure == 0 && bs_monotonic_ns() < peer->until_ns);
}

static void run_many(struct nng_peer *peer)
{
    peer->under_way = peer->in_flight;
    for (unsigned i = 0; i < peer->in_flight; i++)
        client_sends(&peer->clients[i]);
    pthread_mutex_lock(&peer->lock);
    while (peer->under_way > 0)
        pthread_cond_wait(&peer->ended, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}

enum bs_code nng_peer_run(struct nng_peer *peer, double seconds, double *ret_rate,
                          struct bs_error *error)
{
    int64_t started = bs_monotonic_ns();
    peer->until_ns = started + (int64_t)(seconds * 1e9);
    peer->done = 0;
    peer->failure = 0;
    if (peer->in_flight == 1)
        run_one(peer);
    else
        run_many(peer);
    *ret_rate = (double)peer->done * 1e9 / (double)(bs_monotonic_ns() - started);
    return fail(peer->failure, "call", error);
}

static void close_ends(struct end *ends, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!ends[i].aio)
            continue;
        nng_aio_stop(ends[i].aio);
        nng_aio_free(ends[i].aio);
    }
    free(ends);
}

void nng_peer_close(struct nng_peer *peer)
{
    if (!peer)
        return;
    nng_close(peer->request);
    nng_close(peer->reply);
    close_ends(peer->clients, peer->in_flight);
    close_ends(peer->servers, peer->in_flight);
    pthread_cond_destroy(&peer->ended);
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}
