/*
 * What a store's size does: the disk that it takes (store.disk), and the rate of an import that
 * goes on and on (store.growth).
 *
 * store.disk is the sum of the lengths of all files in the store's folder, the write-ahead log
 * included, after the import of the MusicBrainz sample and an ordinary close; beside the length of
 * the texts. Nothing is compacted for it.
 *
 * store.growth imports texts of transactions of 100 items with five attributes each: a unique key,
 * a name, a kind, a number, and a reference to an item of an earlier transaction by its key. The
 * keys are numbers in scattered order, so that lookups and new keys fall all over the store. Texts
 * are made beforehand and not timed; each import of one ends with a sync. The rate of the last
 * twentieth stands beside that of the first one, in one and the same store.
 */

#include <inttypes.h>

#include <ftw.h>
#include <sys/stat.h>

#include "rows.h"

struct state {
    struct bench_context *context;
    struct music_texts texts;
    double first_rate; /* store.growth: measured by our side, the other one's figure */
};

static enum bs_code open_size(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    (void)error;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    return BS_OK;
}

static void close_size(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    music_texts_free(&state->texts);
    free(state);
}

/* ---- disk ---- */

static enum bs_code open_disk(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    BS_TRY(open_size(context, row, ret_state, error));
    struct state *state = *ret_state;
    return music_read(context, &state->texts, error);
}

static uint64_t folder_bytes; /* nftw takes no argument; one thread runs all rows */

static int add_bytes(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)path;
    (void)where;
    if (kind == FTW_F)
        folder_bytes += (uint64_t)info->st_size;
    return 0;
}

static enum bs_code disk(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    uint64_t datoms;
    double seconds;
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "disk");
    enum bs_code code = music_import(&state->texts, dir, NULL, &datoms, &seconds, error);
    folder_bytes = 0;
    if (code == BS_OK && nftw(dir, add_bytes, 16, FTW_PHYS) != 0)
        code = bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be walked", dir);
    bench_remove(dir);
    *ret_figure = (double)folder_bytes;
    return code;
}

static enum bs_code text_bytes(void *self, double *ret_figure, struct bs_error *error)
{
    (void)error;
    struct state *state = self;
    *ret_figure = 0;
    for (size_t i = 0; i < state->texts.count; i++)
        *ret_figure += (double)state->texts.texts[i].len;
    return BS_OK;
}

const struct bench_row store_disk_row = {
    .name = "store.disk",
    .unit = "bytes",
    .peer_name = "edn text",
    .bar = "ratio<=2.5",
    .method = "all files of a store with MusicBrainz in it, history and log included, after a "
              "close; beside the text that was imported",
    .is_once = true,
    .open = open_disk,
    .ours = disk,
    .theirs = text_bytes,
    .close = close_size,
};

/* ---- growth ---- */

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
static enum bs_code grow(struct growth *growth, size_t transactions, double *ret_rate,
                         struct bs_error *error)
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
    }
    *ret_rate = (double)(growth->import.datoms - before) * 1e9 / (double)ns;
    return BS_OK;
}

static enum bs_code grow_all(struct state *state, const char *dir, double *ret_figure,
                             struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_TRY(datom_conn_open(bs_str_from(dir), NULL, &conn, error));
    struct growth growth = {.import = {.conn = conn}};
    bs_random_seed(&growth.random, 20);
    BS_TRY(import_text(&growth.import, "schema", bs_str_from(growth_schema), error));
    size_t transactions =
        bench_count(state->context, GROWTH_DATOMS / GROWTH_STEPS / (ITEMS_PER_TX * ATTRIBUTES));
    for (unsigned i = 0; i < GROWTH_STEPS; i++) {
        BS_TRY(grow(&growth, transactions, ret_figure, error));
        if (i == 0)
            state->first_rate = *ret_figure;
    }
    return BS_OK;
}

static enum bs_code last_rate(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(bs_freep) char *dir = bench_path(state->context, "growth");
    enum bs_code code = grow_all(state, dir, ret_figure, error);
    bench_remove(dir);
    return code;
}

/* Of the run that our side has just made: with is_once it is the first one. */
static enum bs_code first_rate(void *self, double *ret_figure, struct bs_error *error)
{
    (void)error;
    const struct state *state = self;
    *ret_figure = state->first_rate;
    return BS_OK;
}

const struct bench_row store_growth_row = {
    .name = "store.growth",
    .unit = "datoms/s",
    .peer_name = "first million",
    .bar = "ratio>=0.7",
    .method = "only when named, as it takes long: import of transactions of 100 items of five "
              "attributes, the twentieth million of datoms; beside the first million",
    .is_once = true,
    .is_long = true,
    .open = open_size,
    .ours = last_rate,
    .theirs = first_rate,
    .close = close_size,
};
