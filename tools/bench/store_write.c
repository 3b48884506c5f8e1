/*
 * store.transact.N: durable transactions of one datom by N writers at once. Each adds one entity
 * with one attribute; with the transaction's own :db/txInstant, the log and the counters that is
 * nine keys in five families. The peer puts one key of 16 bytes with a value of 16 bytes and waits
 * for the sync, in as many threads; RocksDB gathers waiting writers as we do.
 */

#include "rows.h"

struct state {
    struct bench_context *context;
    unsigned threads;
    char *dir;
    struct datom_conn *conn;
    char *raw_dir;
    struct raw raw;
};

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

static enum bs_code put(void *self, unsigned thread, uint64_t i, struct bs_error *error)
{
    struct state *state = self;
    char key[16], value[16] = "a value, 16 byte";
    char *text = NULL;
    bs_store_u64(key, i);
    bs_store_u64(key + 8, thread);
    rocksdb_put_cf(state->raw.db, state->raw.synced, raw_column(&state->raw, "eavt"), key,
                   sizeof(key), value, sizeof(value), &text);
    return raw_check(text, "put", error);
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

#define TRANSACT_ROW(count, who)                                                                   \
    {                                                                                              \
        .name = "store.transact." #count, .unit = "tx/s", .peer_name = "rocksdb",                  \
        .method = "durable transactions of one datom, " who                                        \
                  "; the peer puts one synced key of 16 + 16 bytes in as many threads",            \
        .threads = (count), .open = open_transact, .ours = ours, .theirs = theirs,                 \
        .close = close_transact,                                                                   \
    }

const struct bench_row store_transact_1_row = TRANSACT_ROW(1, "one writer");
const struct bench_row store_transact_64_row = TRANSACT_ROW(64, "64 writers");
