/* The peer where SQLite's headers were not there when this program was built: it is said not to be
 * installed, so that its rows measure our side alone. */

#include "sqlite_peer.h"

static bool is_linked(void)
{
    return false;
}

const struct bench_peer sqlite_program = {
    .name = "sqlite",
    .is_installed = is_linked,
    .install = "tools/setup --bench, and build again",
};

static enum bs_code missing(struct bs_error *error)
{
    return bs_error_set(error, BS_REASON_CLI_FILE, "this program was built without SQLite");
}

enum bs_code sqlite_peer_open(const char *path, struct sqlite_peer **ret_peer,
                              struct bs_error *error)
{
    (void)path;
    (void)ret_peer;
    return missing(error);
}

void sqlite_peer_close(struct sqlite_peer *peer)
{
    BS_ASSERT(!peer);
}

enum bs_code sqlite_peer_begin(struct sqlite_peer *peer, struct bs_error *error)
{
    (void)peer;
    return missing(error);
}

enum bs_code sqlite_peer_commit(struct sqlite_peer *peer, struct bs_error *error)
{
    (void)peer;
    return missing(error);
}

enum bs_code sqlite_peer_add(struct sqlite_peer *peer, const struct datom *datom,
                             struct bs_error *error)
{
    (void)peer;
    (void)datom;
    return missing(error);
}

enum bs_code sqlite_peer_retract(struct sqlite_peer *peer, datom_id e, struct bs_error *error)
{
    (void)peer;
    (void)e;
    return missing(error);
}

enum bs_code sqlite_peer_get(struct sqlite_peer *peer, datom_id e, datom_id a, size_t *ret_count,
                             struct bs_error *error)
{
    (void)peer;
    (void)e;
    (void)a;
    (void)ret_count;
    return missing(error);
}

enum bs_code sqlite_peer_scan(struct sqlite_peer *peer, datom_id a, size_t *ret_count,
                              struct bs_error *error)
{
    (void)peer;
    (void)a;
    (void)ret_count;
    return missing(error);
}
