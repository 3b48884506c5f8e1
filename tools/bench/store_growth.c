/*
 * store.growth: what its size does to the rate of an import that goes on and on.
 *
 * Texts of transactions of 100 items with five attributes each are imported: a unique key, a name,
 * a kind, a number, and a reference to an item of an earlier transaction by its key. The keys are
 * numbers in scattered order, so that lookups and new keys fall all over the store. Texts are made
 * beforehand and not timed; each import of one ends with a sync. Our figure is the rate of the last
 * twentieth over that of the first one, in one and the same store.
 *
 * The peer writes the very batches that our import wrote (their log is kept, as the store drops it
 * on the way) into a new folder with the same settings, with a sync for each as in store.import.
 * Its figure is its own decline: keys per second of the last twentieth over those of the first.
 * RocksDB has to read nothing for that, where we look up two keys for each item.
 */

#include <inttypes.h>

#include "raw_log.h"
#include "rows.h"

#define GROWTH_DATOMS 20000000
#define GROWTH_STEPS 20
#define ITEMS_PER_TX 100
#define ATTRIBUTES 5
#define TX_PER_TEXT 200

static const char growth_schema[] =
    "[{:db/ident :item/key :db/valueType :db.type/string :db/unique :db.unique/identity"
    "  :db/cardinality :db.cardinality/one}"
    " {:db/ident :item/name :db/valueType :db.type/string :db/cardinality :db.cardinality/one}"
    " {:db/ident :item/kind :db/valueType :db.type/keyword :db/cardinality :db.cardinality/one}"
    " {:db/ident :item/number :db/valueType :db.type/long :db/cardinality :db.cardinality/one}"
    " {:db/ident :item/of :db/valueType :db.type/ref :db/cardinality :db.cardinality/one}]"
    "[{:item/key \"root\"}]";

struct growth {
    struct import import;
    struct bs_random random;
    uint64_t items; /* so far */
};

/* How a rate went, of ours or of RocksDB's. */
struct decline {
    double first, last; /* of the first and the last step */
};

struct state {
    struct bench_context *context;
    char *dir;  /* of the store */
    char *kept; /* its log's files */
};

/* Distinct for distinct numbers (the factor is odd), in scattered order. */
static uint64_t key_of(uint64_t number)
{
    return number * UINT64_C(0x9e3779b97f4a7c15);
}

static void append_item(struct growth *growth, uint64_t known, struct bs_buf *text)
{
    static const char *const kinds[] = {"book", "film", "song", "play"};
    uint64_t number = growth->items++;
    bs_buf_printf(text,
                  "{:item/key \"%016" PRIx64 "\" :item/name \"Item %" PRIu64
                  "\" :item/kind :kind/%s :item/number %" PRIu64 " :item/of [:item/key ",
                  key_of(number), number,
                  kinds[bs_random_below(&growth->random, BS_ARRAY_COUNT(kinds))],
                  bs_random_below(&growth->random, 1000000));
    if (known == 0)
        bs_buf_append_cstr(text, "\"root\"]}");
    else
        bs_buf_printf(text, "\"%016" PRIx64 "\"]}",
                      key_of(bs_random_below(&growth->random, known)));
}

static void append_transaction(struct growth *growth, struct bs_buf *text)
{
    uint64_t known = growth->items; /* lookups see what is before the transaction */
    bs_buf_append_cstr(text, "[");
    for (size_t i = 0; i < ITEMS_PER_TX; i++)
        append_item(growth, known, text);
    bs_buf_append_cstr(text, "]\n");
}

/* So many transactions; *ret_rate is datoms per second, without the making of texts. */
static enum bs_code grow(const struct state *state, struct growth *growth, size_t transactions,
                         double *ret_rate, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    uint64_t before = growth->import.datoms;
    int64_t ns = 0;
    for (size_t done = 0; done < transactions;) {
        bs_buf_reset(&text);
        for (size_t i = 0; i < TX_PER_TEXT && done < transactions; i++, done++)
            append_transaction(growth, &text);
        int64_t started = bs_monotonic_ns();
        BS_TRY(import_text(&growth->import, "items", bs_buf_str(&text), error));
        ns += bs_monotonic_ns() - started;
        BS_TRY(raw_log_keep(state->dir, state->kept, error));
    }
    *ret_rate = (double)(growth->import.datoms - before) * 1e9 / (double)ns;
    return BS_OK;
}

static enum bs_code grow_all(const struct state *state, struct decline *ret_decline,
                             struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_TRY(datom_conn_open(bs_str_from(state->dir), NULL, &conn, error));
    struct growth growth = {.import = {.conn = conn}};
    bs_random_seed(&growth.random, 20);
    BS_TRY(import_text(&growth.import, "schema", bs_str_from(growth_schema), error));
    size_t transactions =
        bench_count(state->context, GROWTH_DATOMS / GROWTH_STEPS / (ITEMS_PER_TX * ATTRIBUTES));
    for (unsigned i = 0; i < GROWTH_STEPS; i++) {
        BS_TRY(grow(state, &growth, transactions, &ret_decline->last, error));
        if (i == 0)
            ret_decline->first = ret_decline->last;
    }
    return BS_OK;
}

/* The figure of a side; on stderr its rates, which the table has no place for. */
static double figure_of(const char *side, const char *unit, const struct decline *decline)
{
    fprintf(stderr, "store.growth: %s: %.0f %s in the first twentieth, %.0f in the last\n", side,
            decline->first, unit, decline->last);
    return decline->first > 0 ? decline->last / decline->first : 0;
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct decline decline = {0};
    BS_TRY(grow_all(state, &decline, error));
    *ret_figure = figure_of("ours", "datoms/s", &decline);
    return BS_OK;
}

/* ---- the peer ---- */

static enum bs_code count_keys(const struct state *state, uint64_t *ret_count,
                               struct bs_error *error)
{
    struct raw_log *log;
    BS_TRY(raw_log_open(state->kept, &log, error));
    struct bs_str batch;
    uint32_t keys;
    bool found;
    enum bs_code code;
    *ret_count = 0;
    while ((code = raw_log_next(log, &batch, &keys, &found, error)) == BS_OK && found)
        *ret_count += keys;
    raw_log_close(log);
    return code;
}

/* Batches up to `end`, of keys that were written; *ret_rate is keys per second of writing. */
static enum bs_code write_until(struct raw *raw, struct raw_log *log, uint64_t end,
                                uint64_t *written, double *ret_rate, struct bs_error *error)
{
    uint64_t before = *written;
    int64_t ns = 0;
    char *text = NULL;
    while (*written < end && !text) {
        struct bs_str bytes;
        uint32_t keys;
        bool found;
        BS_TRY(raw_log_next(log, &bytes, &keys, &found, error));
        BS_ASSERT(found); /* so many were counted */
        rocksdb_writebatch_t *batch = rocksdb_writebatch_create_from(bytes.ptr, bytes.len);
        int64_t started = bs_monotonic_ns();
        rocksdb_write(raw->db, raw->synced, batch, &text);
        ns += bs_monotonic_ns() - started;
        rocksdb_writebatch_destroy(batch);
        *written += keys;
    }
    *ret_rate = (double)(*written - before) * 1e9 / (double)ns;
    return raw_check(text, "write", error);
}

static enum bs_code write_all(struct raw *raw, struct raw_log *log, uint64_t total,
                              struct decline *ret_decline, struct bs_error *error)
{
    uint64_t written = 0;
    for (unsigned i = 1; i <= GROWTH_STEPS; i++) {
        BS_TRY(
            write_until(raw, log, total * i / GROWTH_STEPS, &written, &ret_decline->last, error));
        if (i == 1)
            ret_decline->first = ret_decline->last;
    }
    return BS_OK;
}

static enum bs_code theirs(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct raw raw = {0};
    struct raw_log *log = NULL;
    struct decline decline = {0};
    uint64_t total;
    BS_TRY(count_keys(state, &total, error));
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "raw");
    enum bs_code code = raw_open(state->dir, dir, RAW_NEW, &raw, error);
    if (code == BS_OK)
        code = raw_log_open(state->kept, &log, error);
    if (code == BS_OK)
        code = write_all(&raw, log, total, &decline, error);
    raw_log_close(log);
    raw_close(&raw);
    bench_remove(dir);
    *ret_figure = figure_of("rocksdb", "keys/s", &decline);
    return code;
}

static enum bs_code open_growth(struct bench_context *context, const struct bench_row *row,
                                void **ret_state, struct bs_error *error)
{
    (void)row;
    (void)error;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->dir = bench_path(context, "growth");
    state->kept = bench_path(context, "log");
    return BS_OK;
}

static void close_growth(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    bench_remove(state->dir);
    bench_remove(state->kept);
    free(state->dir);
    free(state->kept);
    free(state);
}

const struct bench_row store_growth_row = {
    .name = "store.growth",
    .unit = "of first",
    .peer_name = "rocksdb",
    .bar = "ours>=0.7 or ratio>=0.9",
    .method = "only when named, as it takes long: import of transactions of 100 items of five "
              "attributes, the rate of the twentieth million of datoms over that of the first; the "
              "peer's own decline with the same batches",
    .is_once = true,
    .is_long = true,
    .open = open_growth,
    .ours = ours,
    .theirs = theirs,
    .close = close_growth,
};
