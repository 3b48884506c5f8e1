/*
 * store.transact.N: durable transactions of one datom by N writers at once. Each adds one entity
 * with one attribute; with the transaction's own :db/txInstant, the log and the counters that is
 * nine keys in five families. The peer writes a batch of as many keys, as long and into the same
 * families, with as long values, and waits for the sync, in as many threads; RocksDB gathers
 * waiting writers as we do. store.transact.gain is the rate with 64 writers over the rate with one,
 * of each side.
 */

#include "rows.h"

struct state {
    struct bench_context *context;
    unsigned threads;
    char *dir;
    struct datom_conn *conn;
    char *raw_dir;
    struct raw raw;
    struct raw_put puts[RAW_PUTS_MAX]; /* of one transaction of ours */
    size_t puts_count;
};

static enum bs_code transact(void *self, unsigned thread, uint64_t i, struct bs_error *error);

/* What one transaction writes, from our own log. */
static enum bs_code learn_puts(struct state *state, struct bs_error *error)
{
    struct raw_batches batches;
    BS_TRY(transact(state, 0, 0, error));
    BS_TRY(raw_read_batches(state->dir, &batches, error));
    raw_batch_puts(&batches, batches.count - 1, state->puts, &state->puts_count);
    raw_batches_free(&batches);
    return BS_OK;
}

static enum bs_code open_transact(struct bench_context *context, const struct bench_row *row,
                                  void **ret_state, struct bs_error *error)
{
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->threads = row->threads;
    state->dir = bench_path(context, "transact");
    state->raw_dir = bench_path(context, "raw");
    BS_TRY(datom_conn_open(bs_str_from(state->dir), NULL, &state->conn, error));
    BS_TRY(datom_transact_text(state->conn,
                               BS_STR("[{:db/ident :bench/n, :db/valueType :db.type/long, "
                                      ":db/cardinality :db.cardinality/one}]"),
                               NULL, NULL, error));
    BS_TRY(learn_puts(state, error));
    return raw_open(state->dir, state->raw_dir, RAW_NEW, &state->raw, error);
}

static enum bs_code transact(void *self, unsigned thread, uint64_t i, struct bs_error *error)
{
    struct state *state = self;
    struct edn form[] = {EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("new"),
                         EDN_KEYWORD_LIT("bench/n"), edn_long((int64_t)(i << 8 | thread))};
    struct edn vector = edn_collection(EDN_VECTOR, form, BS_ARRAY_COUNT(form));
    return datom_transact(state->conn, edn_collection(EDN_VECTOR, &vector, 1), NULL, NULL, error);
}

#define RAW_BYTES_MAX 512

/* The number of the transaction ends each key, as ts and entities grow in ours; short keys are
 * those of the counters. */
static enum bs_code put(void *self, unsigned thread, uint64_t i, struct bs_error *error)
{
    struct state *state = self;
    char key[RAW_BYTES_MAX] = {0}, value[RAW_BYTES_MAX] = {0};
    char *text = NULL;
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    for (size_t j = 0; j < state->puts_count; j++) {
        const struct raw_put *raw = &state->puts[j];
        BS_ASSERT(raw->key_size <= sizeof(key) && raw->value_size <= sizeof(value));
        memset(key, (int)j, raw->key_size);
        if (raw->key_size >= sizeof(uint64_t))
            bs_store_u64(key + raw->key_size - sizeof(uint64_t), i * state->threads + thread);
        rocksdb_writebatch_put_cf(batch, state->raw.columns[raw->column], key, raw->key_size, value,
                                  raw->value_size);
    }
    rocksdb_write(state->raw.db, state->raw.synced, batch, &text);
    rocksdb_writebatch_destroy(batch);
    return raw_check(text, "write", error);
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return bench_rate(transact, state, state->threads, bench_seconds(state->context, 1), ret_figure,
                      error);
}

static enum bs_code theirs(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return bench_rate(put, state, state->threads, bench_seconds(state->context, 1), ret_figure,
                      error);
}

static enum bs_code gain(struct state *state, bench_step step, double *ret_gain,
                         struct bs_error *error)
{
    double one = 0, many = 0;
    double seconds = bench_seconds(state->context, 1);
    BS_TRY(bench_rate(step, state, 1, seconds, &one, error));
    BS_TRY(bench_rate(step, state, state->threads, seconds, &many, error));
    *ret_gain = many / one;
    return BS_OK;
}

static enum bs_code our_gain(void *self, double *ret_figure, struct bs_error *error)
{
    return gain(self, transact, ret_figure, error);
}

static enum bs_code their_gain(void *self, double *ret_figure, struct bs_error *error)
{
    return gain(self, put, ret_figure, error);
}

static void close_transact(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    raw_close(&state->raw);
    datom_conn_unref(state->conn);
    bench_remove(state->dir);
    bench_remove(state->raw_dir);
    free(state->dir);
    free(state->raw_dir);
    free(state);
}

#define TRANSACT_ROW(count, who, holds)                                                            \
    {                                                                                              \
        .name = "store.transact." #count, .unit = "tx/s", .peer_name = "rocksdb", .bar = (holds),  \
        .method = "durable transactions of one datom, " who                                        \
                  "; the peer writes synced batches of keys and values as long, in as many "       \
                  "threads",                                                                       \
        .threads = (count), .open = open_transact, .ours = ours, .theirs = theirs,                 \
        .close = close_transact,                                                                   \
    }

const struct bench_row store_transact_1_row = TRANSACT_ROW(1, "one writer", NULL);
const struct bench_row store_transact_64_row = TRANSACT_ROW(64, "64 writers", "ratio>=0.7");
const struct bench_row store_transact_gain_row = {
    .name = "store.transact.gain",
    .unit = "times",
    .peer_name = "rocksdb",
    .bar = "ratio>=0.8",
    .method = "the rate of durable transactions with 64 writers over that with one, of each side",
    .threads = 64,
    .open = open_transact,
    .ours = our_gain,
    .theirs = their_gain,
    .close = close_transact,
};
