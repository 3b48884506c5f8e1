/*
 * Reading the MusicBrainz sample, warm: both sides have read the same places before, in the same
 * random order (a fixed seed), from the same compacted files, each through a block cache of its own
 * of 64 MiB. One thread.
 */

#include "rows.h"

#define READS 200000
#define FORKS 20000
#define WITHS 2000
#define SCANS 50 /* one is a matter of milliseconds */

struct state {
    struct bench_context *context;
    struct bench_music *music;
    struct bs_arena *arena;
    struct edn tx_data;
};

static enum bs_code open_read(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
    state->arena = bs_arena_new(0);
    return bench_music_get(context, &state->music, error);
}

static void close_read(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    bs_arena_free(state->arena);
    free(state);
}

static double rate(size_t count, int64_t started_ns)
{
    return (double)count * 1e9 / (double)(bs_monotonic_ns() - started_ns);
}

/* ---- one attribute of one entity ---- */

static enum bs_code get(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        const struct music_place *place = &state->music->places[i % state->music->count];
        struct edn value;
        bool found;
        bs_arena_reset(state->arena);
        BS_TRY(datom_db_get(state->music->db, place->e, place->attribute, state->arena, &value,
                            &found, error));
        BS_ASSERT(found);
    }
    *ret_figure = rate(count, started);
    return BS_OK;
}

static enum bs_code raw_get(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct raw *raw = &state->music->raw;
    rocksdb_column_family_handle_t *eavt = raw_column(raw, "eavt");
    size_t count = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct bs_str key = state->music->places[i % state->music->count].key;
        char *text = NULL;
        rocksdb_pinnableslice_t *slice =
            rocksdb_get_pinned_cf(raw->db, raw->read, eavt, key.ptr, key.len, &text);
        BS_TRY(raw_check(text, "get", error));
        BS_ASSERT(slice);
        rocksdb_pinnableslice_destroy(slice);
    }
    *ret_figure = rate(count, started);
    return BS_OK;
}

static enum bs_code raw_seek(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    double us;
    BS_TRY(music_raw_seek_us(state->music, bench_count(state->context, READS), &us, error));
    *ret_figure = 1e6 / us;
    return BS_OK;
}

const struct bench_row store_get_one_row = {
    .name = "store.get.one",
    .unit = "reads/s",
    .peer_name = "rocksdb get",
    .bar = "ratio>=0.77",
    .method =
        "one attribute of one entity, decoded and copied, warm; the peer gets the same key and "
        "looks at nothing",
    .open = open_read,
    .ours = get,
    .theirs = raw_get,
    .close = close_read,
};

const struct bench_row store_get_seek_row = {
    .name = "store.get.seek",
    .unit = "reads/s",
    .peer_name = "rocksdb seek",
    .method = "the same reads; the peer seeks to the same key with one iterator that stays open",
    .open = open_read,
    .ours = get,
    .theirs = raw_seek,
    .close = close_read,
};

/* ---- many values ---- */

/* All values of one attribute of one entity, by a cursor that stays open. */
static enum bs_code get_many(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    const struct bench_music *music = state->music;
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < total; i++) {
        const struct music_place *place = &music->many[i % music->many_count];
        struct datom_range range = {.index = DATOM_EAVT,
                                    .has_e = true,
                                    .e = place->e,
                                    .has_a = true,
                                    .a = place->attribute->id};
        const struct datom *datoms;
        size_t values = 0;
        if (cursor)
            BS_TRY(datom_cursor_reset(cursor, &range, error));
        else
            BS_TRY(datom_cursor_open(music->db, &range, &cursor, error));
        for (size_t count = 1; count > 0; values += count)
            BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        BS_ASSERT(values == place->values);
    }
    *ret_figure = rate(total, started);
    return BS_OK;
}

/* The same keys, to the first one that is none of them. */
static enum bs_code raw_many(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    const struct bench_music *music = state->music;
    size_t bytes = 0, total = bench_count(state->context, READS);
    rocksdb_iterator_t *iter =
        rocksdb_create_iterator_cf(music->raw.db, music->raw.read, raw_column(&music->raw, "eavt"));
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < total; i++) {
        const struct music_place *place = &music->many[i % music->many_count];
        size_t values = 0;
        rocksdb_iter_seek(iter, place->key.ptr, place->key.len);
        for (; rocksdb_iter_valid(iter); rocksdb_iter_next(iter), values++) {
            size_t size;
            const char *key = rocksdb_iter_key(iter, &size);
            if (size < place->key.len || memcmp(key, place->key.ptr, place->key.len) != 0)
                break;
            bytes += size;
            (void)rocksdb_iter_value(iter, &size);
            bytes += size;
        }
        BS_ASSERT(values == place->values);
    }
    *ret_figure = rate(total, started);
    char *text = NULL;
    rocksdb_iter_get_error(iter, &text);
    rocksdb_iter_destroy(iter);
    BS_ASSERT(bytes > 0);
    return raw_check(text, "seek", error);
}

const struct bench_row store_get_many_row = {
    .name = "store.get.many",
    .unit = "reads/s",
    .peer_name = "rocksdb seek",
    .bar = "ratio>=0.77",
    .method = "all values of one cardinality-many attribute of one entity, decoded, by a cursor "
              "that stays open; the peer seeks with one iterator and walks the same keys",
    .open = open_read,
    .ours = get_many,
    .theirs = raw_many,
    .close = close_read,
};

/* ---- the cursor ---- */

static enum bs_code seek(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = bench_count(state->context, READS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < total; i++) {
        const struct music_place *place = &state->music->places[i % state->music->count];
        struct datom_range range = {.index = DATOM_EAVT,
                                    .has_e = true,
                                    .e = place->e,
                                    .has_a = true,
                                    .a = place->attribute->id};
        const struct datom *datoms;
        size_t count;
        if (cursor)
            BS_TRY(datom_cursor_reset(cursor, &range, error));
        else
            BS_TRY(datom_cursor_open(state->music->db, &range, &cursor, error));
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        BS_ASSERT(count == 1);
    }
    *ret_figure = rate(total, started);
    return BS_OK;
}

const struct bench_row store_seek_row = {
    .name = "store.seek",
    .unit = "seeks/s",
    .peer_name = "rocksdb seek",
    .method = "a cursor moved to one entity and attribute, its datom decoded; the peer as in "
              "store.get.seek",
    .open = open_read,
    .ours = seek,
    .theirs = raw_seek,
    .close = close_read,
};

/* ---- a scan ---- */

static enum bs_code scan(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct datom_range range = {
        .index = DATOM_AEVT, .has_a = true, .a = music_largest_attribute(state->music)};
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    size_t total = 0, scans = bench_count(state->context, SCANS);
    int64_t started = bs_monotonic_ns();
    BS_TRY(datom_cursor_open(state->music->db, &range, &cursor, error));
    for (size_t i = 0; i < scans; i++) {
        const struct datom *datoms;
        BS_TRY(datom_cursor_reset(cursor, &range, error));
        for (size_t count = 1; count > 0; total += count)
            BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
    }
    *ret_figure = rate(total, started);
    return BS_OK;
}

static enum bs_code raw_scan(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct raw *raw = &state->music->raw;
    uint8_t prefix[4];
    bs_store_u32(prefix, (uint32_t)music_largest_attribute(state->music));
    size_t total = 0, bytes = 0, scans = bench_count(state->context, SCANS);
    int64_t started = bs_monotonic_ns();
    rocksdb_iterator_t *iter =
        rocksdb_create_iterator_cf(raw->db, raw->read, raw_column(raw, "aevt"));
    for (size_t i = 0; i < scans; i++) {
        rocksdb_iter_seek(iter, (const char *)prefix, sizeof(prefix));
        for (; rocksdb_iter_valid(iter); rocksdb_iter_next(iter)) {
            size_t size;
            const char *key = rocksdb_iter_key(iter, &size);
            if (size < sizeof(prefix) || memcmp(key, prefix, sizeof(prefix)) != 0)
                break;
            (void)rocksdb_iter_value(iter, &size);
            bytes += size;
            total++;
        }
    }
    char *text = NULL;
    rocksdb_iter_get_error(iter, &text);
    rocksdb_iter_destroy(iter);
    *ret_figure = rate(total, started);
    BS_ASSERT(bytes > 0);
    return raw_check(text, "scan", error);
}

const struct bench_row store_scan_row = {
    .name = "store.scan",
    .unit = "datoms/s",
    .peer_name = "rocksdb iterator",
    .bar = "ratio>=0.77",
    .method = "all datoms of the attribute with the most of them, decoded; the peer walks the same "
              "keys and looks at their values",
    .open = open_read,
    .ours = scan,
    .theirs = raw_scan,
    .close = close_read,
};

/* ---- values from values ---- */

static enum bs_code raw_seek_us(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    return music_raw_seek_us(state->music, bench_count(state->context, READS), ret_figure, error);
}

static enum bs_code fork_conn(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, FORKS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct datom_conn *fork = NULL;
        BS_TRY(datom_conn_fork(state->music->db, NULL, &fork, error));
        datom_conn_unref(fork);
    }
    *ret_figure = 1e6 / rate(count, started);
    return BS_OK;
}

const struct bench_row store_fork_row = {
    .name = "store.fork",
    .unit = "us",
    .peer_name = "rocksdb seek",
    .bar = "ratio<=3",
    .method = "a connection forked from the MusicBrainz store and let go; beside one raw seek",
    .open = open_read,
    .ours = fork_conn,
    .theirs = raw_seek_us,
    .close = close_read,
};

static enum bs_code open_with(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    BS_TRY(open_read(context, row, ret_state, error));
    struct state *state = *ret_state;
    struct bs_buf text = BS_BUF_INIT(0);
    bs_buf_append_cstr(&text, "[");
    for (int i = 0; i < 5; i++)
        bs_buf_printf(&text, "{:artist/name \"Band %d\" :artist/sortName \"Band, %d\"}", i, i);
    bs_buf_append_cstr(&text, "]");
    /* the text must outlive the values that are read from it */
    struct bs_str kept = bs_arena_dup(state->arena, bs_buf_str(&text));
    bs_buf_fini(&text);
    return edn_read(kept, state->arena, &state->tx_data, error);
}

static enum bs_code with(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    size_t count = bench_count(state->context, WITHS);
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct datom_report *report = NULL;
        BS_TRY(datom_with(state->music->db, state->tx_data, NULL, &report, error));
        BS_ASSERT(report->datoms_count == 11); /* and :db/txInstant */
        datom_report_free(report);
    }
    *ret_figure = 1e6 / rate(count, started);
    return BS_OK;
}

const struct bench_row store_with_row = {
    .name = "store.with",
    .unit = "us",
    .peer_name = "rocksdb seek",
    .bar = "ratio<=30", /* one and a half of twenty seeks */
    .method =
        "`with` of ten datoms of five new entities on the MusicBrainz store, report and value "
        "freed; beside one raw seek",
    .open = open_with,
    .ours = with,
    .theirs = raw_seek_us,
    .close = close_read,
};
