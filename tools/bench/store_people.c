/*
 * DataScript's write rows, on 20,000 people of five attributes: all in one transaction (add-all),
 * a transaction for each person (add-5), for each datom (add-1), and to retract each person
 * (retract-5). In memory beside DataScript on Node, through its JavaScript interface; each of our
 * transactions also writes its instant and its log record, which DataScript has not. A run of
 * either begins with an empty database (retract-5: with all of them); the peer warms up twice in a
 * process of its own.
 *
 * The rows on disk do the same durably, one sync a transaction; the peer writes our very batches,
 * read back from the write-ahead log, with as many syncs.
 */

#include <unistd.h>

#include "child.h"
#include "people.h"
#include "rows.h"

#define SCRIPT "tools/bench/peer_datascript/people.js"
#define DISK_COUNT 3000 /* people: a sync each */

struct state {
    struct bench_context *context;
    const char *way; /* "add-5" */
    struct people people;
    datom_id *ids;
    char *json;
    struct datom_conn *full; /* in memory, with all of them: for retract-5 */
    char *dir;               /* of the store whose batches the peer writes */
    struct raw_batches batches;
    size_t batches_skipped; /* what was there before the row's transactions */
};

static bool is_way(const struct state *state, const char *way)
{
    return strcmp(state->way, way) == 0;
}

static struct state *state_new(struct bench_context *context, const struct bench_row *row,
                               size_t count)
{
    struct state *state = bs_calloc(1, sizeof(*state));
    state->context = context;
    state->way = row->name + strlen("store.");
    people_init(&state->people, bench_count(context, count));
    state->ids = bs_calloc(state->people.count, sizeof(*state->ids));
    return state;
}

static void close_people(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    raw_batches_free(&state->batches);
    datom_conn_unref(state->full);
    people_fini(&state->people);
    if (state->dir)
        bench_remove(state->dir);
    if (state->json)
        bench_remove(state->json);
    free(state->dir);
    free(state->json);
    free(state->ids);
    free(state);
}

/* The row's transactions; *ret_seconds is what they take. */
static enum bs_code run_way(struct state *state, struct datom_conn *conn, double *ret_seconds,
                            struct bs_error *error)
{
    int64_t started = bs_monotonic_ns();
    enum bs_code code;
    if (strncmp(state->way, "retract-5", strlen("retract-5")) == 0)
        code = people_retract_each(state->ids, state->people.count, conn, error);
    else if (is_way(state, "add-1"))
        code = people_add_datoms(&state->people, conn, error);
    else if (is_way(state, "add-all"))
        code = people_add_all(&state->people, conn, NULL, error);
    else
        code = people_add_each(&state->people, conn, error);
    *ret_seconds = (double)(bs_monotonic_ns() - started) / 1e9;
    return code;
}

static double rate(const struct state *state, double seconds)
{
    return (double)(state->people.count * PEOPLE_ATTRIBUTES) / seconds;
}

/* ---- in memory ---- */

static enum bs_code open_memory(struct bench_context *context, const struct bench_row *row,
                                void **ret_state, struct bs_error *error)
{
    struct state *state = state_new(context, row, PEOPLE_COUNT);
    *ret_state = state;
    state->json = bench_path(context, "people");
    BS_TRY(people_write_json(&state->people, state->json, error));
    state->full = datom_conn_new_memory(NULL);
    BS_TRY(people_install(state->full, error));
    return is_way(state, "retract-5")
               ? people_add_all(&state->people, state->full, state->ids, error)
               : BS_OK;
}

static enum bs_code ours_memory(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(state->full);
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    double seconds;
    BS_TRY(datom_conn_fork(db, NULL, &conn, error));
    BS_TRY(run_way(state, conn, &seconds, error));
    *ret_figure = rate(state, seconds);
    return BS_OK;
}

static enum bs_code theirs_memory(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    char node[4096];
    char script[] = SCRIPT;
    char way[32];
    double ms = 0;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    BS_ASSERT(child_find("node", node, sizeof(node)));
    snprintf(way, sizeof(way), "%s", state->way);
    char *argv[] = {node, script, way, state->json, NULL};
    BS_TRY(child_output(argv, &out, error));
    if (!bs_str_parse_double(bs_str_trim(bs_buf_str(&out)), &ms) || ms <= 0)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s: expected milliseconds, got \"%s\"",
                            SCRIPT, bs_buf_cstr(&out));
    *ret_figure = rate(state, ms / 1e3);
    return BS_OK;
}

static bool has_datascript(void)
{
    char node[4096];
    return child_find("node", node, sizeof(node)) &&
           access("tools/bench/peer_datascript/node_modules/datascript", R_OK) == 0;
}

static const struct bench_peer datascript = {
    .name = "datascript",
    .is_installed = has_datascript,
    .install = "tools/setup --bench",
};

/* ---- on disk ---- */

/* A new store in `dir` with the row's transactions in it; *ret_conn is the caller's, also when it
 * fails. */
static enum bs_code run_on_disk(struct state *state, const char *dir, struct datom_conn **ret_conn,
                                double *ret_seconds, struct bs_error *error)
{
    BS_TRY(datom_conn_open(bs_str_from(dir), NULL, ret_conn, error));
    BS_TRY(people_install(*ret_conn, error));
    if (is_way(state, "retract-5.disk"))
        BS_TRY(people_add_all(&state->people, *ret_conn, state->ids, error));
    return run_way(state, *ret_conn, ret_seconds, error);
}

static enum bs_code open_disk(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    double seconds;
    struct state *state = state_new(context, row, DISK_COUNT);
    *ret_state = state;
    state->dir = bench_path(context, "people");
    /* open until its log was read: a close may leave none */
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_TRY(run_on_disk(state, state->dir, &conn, &seconds, error));
    BS_TRY(raw_read_batches(state->dir, &state->batches, error));
    BS_ASSERT(state->batches.count > state->people.count);
    state->batches_skipped = state->batches.count - state->people.count;
    return BS_OK;
}

static enum bs_code ours_disk(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    double seconds = 0;
    char *dir = bench_path(state->context, "people");
    struct datom_conn *conn = NULL;
    enum bs_code code = run_on_disk(state, dir, &conn, &seconds, error);
    datom_conn_unref(conn);
    bench_remove(dir);
    free(dir);
    *ret_figure = rate(state, seconds);
    return code;
}

static enum bs_code write_batches(const struct state *state, struct raw *raw, double *ret_seconds,
                                  struct bs_error *error)
{
    char *text = NULL;
    int64_t started = 0;
    for (size_t i = 0; i < state->batches.count && !text; i++) {
        if (i == state->batches_skipped)
            started = bs_monotonic_ns();
        rocksdb_write(raw->db, raw->synced, state->batches.items[i], &text);
    }
    *ret_seconds = (double)(bs_monotonic_ns() - started) / 1e9;
    return raw_check(text, "write", error);
}

static enum bs_code theirs_disk(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct raw raw = {0};
    double seconds = 0;
    char *dir = bench_path(state->context, "raw");
    enum bs_code code = raw_open(state->dir, dir, RAW_NEW, &raw, error);
    if (code == BS_OK) {
        code = write_batches(state, &raw, &seconds, error);
        raw_close(&raw);
    }
    bench_remove(dir);
    free(dir);
    *ret_figure = rate(state, seconds);
    return code;
}

#define MEMORY_ROW(way, what)                                                                      \
    {                                                                                              \
        .name = "store." way, .unit = "datoms/s", .peer_name = "datascript", .peer = &datascript,  \
        .bar = "ratio>=6", .method = what ", in memory; DataScript on Node does the same",         \
        .open = open_memory, .ours = ours_memory, .theirs = theirs_memory, .close = close_people,  \
    }

#define DISK_ROW(way, what)                                                                        \
    {                                                                                              \
        .name = "store." way ".disk", .unit = "datoms/s", .peer_name = "rocksdb",                  \
        .bar = "ratio>=0.7", .method = what ", durable; the peer writes the same batches",         \
        .open = open_disk, .ours = ours_disk, .theirs = theirs_disk, .close = close_people,        \
    }

const struct bench_row store_add_all_row =
    MEMORY_ROW("add-all", "20,000 people of five attributes in one transaction");
const struct bench_row store_add_5_row = MEMORY_ROW("add-5", "a transaction for each person");
const struct bench_row store_add_1_row = MEMORY_ROW("add-1", "a transaction for each datom");
const struct bench_row store_retract_5_row =
    MEMORY_ROW("retract-5", "retractEntity of each person, a transaction each");
const struct bench_row store_add_5_disk_row =
    DISK_ROW("add-5", "3,000 people of five attributes, a transaction each");
const struct bench_row store_retract_5_disk_row =
    DISK_ROW("retract-5", "retractEntity of each of 3,000 people, a transaction each");
