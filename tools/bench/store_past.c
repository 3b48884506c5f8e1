/*
 * Reading beside the past: one attribute as of an earlier t, a counter that was updated often,
 * through a fork. The yardstick is our own current read of one attribute, in the same run and
 * store, so that nothing else differs. And what forks take of memory. One thread.
 *
 * The store: 1,000 entities that were never changed, 1,000 that were changed once, 20 that were
 * changed 1,000 times, and a counter with 100,000 updates. as-of is the t before all changes.
 */

#include <malloc.h>

#include "rows.h"

#define ENTITIES 1000
#define HOT 20
#define CHANGES 1000
#define COUNTS 100000
#define READS 200000
#define FORKS 1000

enum kind {
    KIND_SAME,
    KIND_ONCE,
    KIND_HOT,
    KIND_COUNTER,
    KIND_COUNT,
};

struct state {
    struct bench_context *context;
    char *dir;
    struct datom_conn *conn;
    struct datom_conn *fork;
    struct datom_db *now;
    struct datom_db *past;
    struct datom_db *forked;
    const struct datom_attribute *attribute;
    enum kind kind;
    datom_id *ids[KIND_COUNT];
    size_t counts[KIND_COUNT];
    struct bs_arena *arena;
};

static enum bs_code transact(struct datom_conn *conn, const struct bs_buf *text,
                             struct datom_report **ret_report, struct bs_error *error)
{
    return datom_transact_text(conn, bs_buf_str(text), NULL, ret_report, error);
}

/* The entities, each with the value 0. */
static enum bs_code make_entities(struct state *state, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    bs_buf_append_cstr(&text, "[{:db/ident :c/n :db/valueType :db.type/long"
                              "  :db/cardinality :db.cardinality/one}]");
    BS_TRY(transact(state->conn, &text, NULL, error));
    text.len = 0;
    bs_buf_append_cstr(&text, "[");
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        for (size_t i = 0; i < state->counts[kind]; i++)
            bs_buf_printf(&text, "{:db/id \"%d-%zu\" :c/n 0}", kind, i);
    }
    bs_buf_append_cstr(&text, "]");
    BS_TRY(transact(state->conn, &text, &report, error));
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        state->ids[kind] = bs_calloc(state->counts[kind], sizeof(datom_id));
        for (size_t i = 0; i < state->counts[kind]; i++) {
            char name[40];
            snprintf(name, sizeof(name), "%d-%zu", kind, i);
            state->ids[kind][i] = datom_report_tempid(report, bs_str_from(name));
        }
    }
    state->past = datom_db_as_of(report->db_after, report->t);
    return BS_OK;
}

/* Rounds of changes to all entities of a kind. */
static enum bs_code change(struct state *state, enum kind kind, size_t rounds,
                           struct bs_error *error)
{
    for (size_t round = 1; round <= rounds; round++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        bs_buf_append_cstr(&text, "[");
        for (size_t i = 0; i < state->counts[kind]; i++)
            bs_buf_printf(&text, "[:db/add %llu :c/n %zu]", (unsigned long long)state->ids[kind][i],
                          round);
        bs_buf_append_cstr(&text, "]");
        BS_TRY(transact(state->conn, &text, NULL, error));
    }
    return BS_OK;
}

/* A fork with a change of its own, so that reads pass an overlay. */
static enum bs_code make_fork(struct state *state, struct bs_error *error)
{
    BS_TRY(datom_conn_fork(state->now, NULL, &state->fork, error));
    BS_TRY(datom_transact_text(state->fork, BS_STR("[{:c/n 1}]"), NULL, NULL, error));
    state->forked = datom_conn_db(state->fork);
    return BS_OK;
}

static enum kind kind_of(const char *name)
{
    return bs_str_ends_with(bs_str_from(name), BS_STR(".same"))       ? KIND_SAME
           : bs_str_ends_with(bs_str_from(name), BS_STR(".thousand")) ? KIND_HOT
           : bs_str_ends_with(bs_str_from(name), BS_STR(".counter"))  ? KIND_COUNTER
                                                                      : KIND_ONCE;
}

static enum bs_code open_past(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    static const size_t counts[KIND_COUNT] = {ENTITIES, ENTITIES, HOT, 1};
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->arena = bs_arena_new(0);
    state->kind = kind_of(row->name);
    memcpy(state->counts, counts, sizeof(counts));
    state->dir = bench_path(context, "past");
    struct datom_options options = {.create = true, .no_sync = true};
    BS_TRY(datom_conn_open(bs_str_from(state->dir), &options, &state->conn, error));
    BS_TRY(make_entities(state, error));
    BS_TRY(change(state, KIND_ONCE, 1, error));
    if (state->kind == KIND_HOT)
        BS_TRY(change(state, KIND_HOT, bench_count(context, CHANGES), error));
    if (state->kind == KIND_COUNTER)
        BS_TRY(change(state, KIND_COUNTER, bench_count(context, COUNTS), error));
    state->now = datom_conn_db(state->conn);
    /* the past of the newest value, not of the one that was there then */
    uint64_t t = datom_db_basis_t(state->past);
    datom_db_unref(state->past);
    state->past = datom_db_as_of(state->now, t);
    state->attribute = datom_db_attribute_named(state->now, BS_STR("c/n"));
    return make_fork(state, error);
}

static void close_past(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    datom_db_unref(state->forked);
    datom_db_unref(state->past);
    datom_db_unref(state->now);
    datom_conn_unref(state->fork);
    datom_conn_unref(state->conn);
    for (int kind = 0; kind < KIND_COUNT; kind++)
        free(state->ids[kind]);
    bs_arena_free(state->arena);
    bench_remove(state->dir);
    free(state->dir);
    free(state);
}

/* Microseconds of one read. */
static enum bs_code read_all(struct state *state, struct datom_db *db, enum kind kind,
                             double *ret_figure, struct bs_error *error)
{
    size_t count = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct edn value;
        bool found;
        bs_arena_reset(state->arena);
        BS_TRY(datom_db_get(db, state->ids[kind][i * 7 % state->counts[kind]], state->attribute,
                            state->arena, &value, &found, error));
        BS_ASSERT(found);
    }
    *ret_figure = (double)(bs_monotonic_ns() - started) / 1e3 / (double)count;
    return BS_OK;
}

static enum bs_code read_past(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return read_all(state, state->past, state->kind, ret_figure, error);
}

static enum bs_code read_now(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return read_all(state, state->now, state->kind, ret_figure, error);
}

static enum bs_code read_once(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return read_all(state, state->now, KIND_ONCE, ret_figure, error);
}

static enum bs_code read_fork(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return read_all(state, state->forked, KIND_ONCE, ret_figure, error);
}

const struct bench_row store_asof_same_row = {
    .name = "store.asof.same",
    .unit = "us",
    .peer_name = "current read",
    .bar = "ratio<=1.3",
    .method = "one attribute as of a t since when it was never changed; beside the current read",
    .open = open_past,
    .ours = read_past,
    .theirs = read_now,
    .close = close_past,
};

const struct bench_row store_asof_once_row = {
    .name = "store.asof.once",
    .unit = "us",
    .peer_name = "current read",
    .bar = "ratio<=2.5",
    .method = "one attribute as of a t since when it was changed once; beside the current read",
    .open = open_past,
    .ours = read_past,
    .theirs = read_now,
    .close = close_past,
};

const struct bench_row store_asof_thousand_row = {
    .name = "store.asof.thousand",
    .unit = "us",
    .peer_name = "current read",
    .bar = "ratio<=2.5",
    .method = "one attribute as of a t since when it was changed 1,000 times; beside the current "
              "read",
    .open = open_past,
    .ours = read_past,
    .theirs = read_now,
    .close = close_past,
};

const struct bench_row store_get_counter_row = {
    .name = "store.get.counter",
    .unit = "us",
    .peer_name = "updated once",
    .bar = "ratio<=1.3",
    .method = "a counter that was updated 100,000 times; beside attributes that were once",
    .open = open_past,
    .ours = read_now,
    .theirs = read_once,
    .close = close_past,
};

const struct bench_row store_get_fork_row = {
    .name = "store.get.fork",
    .unit = "us",
    .peer_name = "base",
    .bar = "ratio<=1.3",
    .method = "one attribute through a fork that has changes of its own; beside the base",
    .open = open_past,
    .ours = read_fork,
    .theirs = read_once,
    .close = close_past,
};

/* ---- memory ---- */

/* Bytes that a fork takes, of many siblings. */
static enum bs_code fork_bytes(struct state *state, bool with_change, double *ret_figure,
                               struct bs_error *error)
{
    struct datom_conn *forks[FORKS] = {NULL};
    size_t before = mallinfo2().uordblks;
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < FORKS && code == BS_OK; i++) {
        code = datom_conn_fork(state->now, NULL, &forks[i], error);
        if (code == BS_OK && with_change)
            code = datom_transact_text(forks[i], BS_STR("[{:c/n 1}]"), NULL, NULL, error);
    }
    *ret_figure = (double)(mallinfo2().uordblks - before) / FORKS;
    for (size_t i = 0; i < FORKS; i++)
        datom_conn_unref(forks[i]);
    return code;
}

static enum bs_code empty_fork(void *self, double *ret_figure, struct bs_error *error)
{
    return fork_bytes(self, false, ret_figure, error);
}

static enum bs_code changed_fork(void *self, double *ret_figure, struct bs_error *error)
{
    return fork_bytes(self, true, ret_figure, error);
}

const struct bench_row store_fork_empty_row = {
    .name = "store.fork.empty",
    .unit = "bytes",
    .bar = "ours<4096",
    .method = "memory of a fork in which nothing was said, as malloc counts it, of 1,000",
    .open = open_past,
    .ours = empty_fork,
    .close = close_past,
};

const struct bench_row store_fork_changed_row = {
    .name = "store.fork.changed",
    .unit = "bytes",
    .bar = "ours<52428",
    .method = "memory of a fork in which one entity was made, of 1,000 siblings (all of them under "
              "50 MiB); the base's size does not matter",
    .open = open_past,
    .ours = changed_fork,
    .close = close_past,
};
