/* Finding, importing and opening the MusicBrainz sample. */

#include "music.h"

#include <errno.h>
#include <unistd.h>

#define PLACES_MAX 200000
#define ENTITY_ATTRIBUTE_BYTES 12 /* what a key of eavt begins with */

static const char *const files[] = {
    "schema.edn",  "enums.edn",     "super-enums.edn",
    "artists.edn", "areleases.edn", "areleases-artists.edn",
    "labels.edn",  "releases.edn",  "releases-artists.edn",
};

/* ---- texts ---- */

static enum bs_code read_file(const char *path, struct bs_buf *out, struct bs_error *error)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be read: %s", path,
                            strerror(errno));
    size_t size;
    do {
        size = fread(bs_buf_reserve(out, 1 << 16), 1, 1 << 16, file);
        out->len += size;
    } while (size > 0);
    enum bs_code code = BS_OK;
    if (ferror(file))
        code = bs_error_set(error, BS_REASON_CLI_FILE, "%s can't be read to its end", path);
    fclose(file);
    return code;
}

/* Where it may be: as told, as the environment tells, beside the sources, the part in the sources.
 */
static bool find_data(const struct bench_context *context, char *ret_path, size_t size)
{
    const char *shared = getenv("BANDSTAND_SHARED");
    const char *source = getenv("BANDSTAND_SOURCE");
    if (context->data) {
        snprintf(ret_path, size, "%s", context->data);
        return access(ret_path, R_OK) == 0;
    }
    snprintf(ret_path, size, "%s/data/mbrainz", shared ? shared : "../shared");
    if (access(ret_path, R_OK) == 0)
        return true;
    snprintf(ret_path, size, "%s/tests/data/mbrainz.edn", source ? source : ".");
    return access(ret_path, R_OK) == 0;
}

enum bs_code music_read(const struct bench_context *context, struct music_texts *ret_texts,
                        struct bs_error *error)
{
    char folder[4096], path[4200];
    if (!find_data(context, folder, sizeof(folder)))
        return bs_error_set(error, BS_REASON_CLI_FILE,
                            "no MusicBrainz sample at %s: expected --data DIR with its files, or "
                            "a start in the folder of the sources",
                            folder);
    struct music_texts *texts = ret_texts;
    *texts = (struct music_texts){0};
    snprintf(path, sizeof(path), "%s/%s", folder, files[0]);
    bool is_folder = access(path, R_OK) == 0;
    size_t count = is_folder ? BS_ARRAY_COUNT(files) : 1;
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        bs_buf_init(&texts->texts[i], 0);
        texts->names[i] = is_folder ? files[i] : "mbrainz.edn";
        texts->count = i + 1;
        enum bs_code code = read_file(is_folder ? path : folder, &texts->texts[i], error);
        if (code != BS_OK) {
            music_texts_free(texts);
            return code;
        }
    }
    return BS_OK;
}

void music_texts_free(struct music_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        bs_buf_fini(&texts->texts[i]);
    *texts = (struct music_texts){0};
}

enum bs_code music_import(const struct music_texts *texts, const char *dir,
                          struct datom_conn **ret_conn, uint64_t *ret_datoms, double *ret_seconds,
                          struct bs_error *error)
{
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    BS_TRY(datom_conn_open(bs_str_from(dir), NULL, &conn, error));
    struct import import = {.conn = conn};
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < texts->count; i++)
        BS_TRY(import_text(&import, texts->names[i], bs_buf_str(&texts->texts[i]), error));
    *ret_seconds = (double)(bs_monotonic_ns() - started) / 1e9;
    *ret_datoms = import.datoms;
    if (ret_conn) {
        *ret_conn = conn;
        conn = NULL;
    }
    return BS_OK;
}

/* ---- the store ---- */

static enum bs_code compact(const char *dir, struct bs_error *error)
{
    struct raw raw;
    BS_TRY(raw_open(dir, dir, RAW_WRITE, &raw, error));
    for (size_t i = 0; i < raw.columns_count; i++)
        rocksdb_compact_range_cf(raw.db, raw.columns[i], NULL, 0, NULL, 0);
    raw_close(&raw);
    return BS_OK;
}

static enum bs_code make_store(struct bench_context *context, struct bench_music *music,
                               struct bs_error *error)
{
    struct music_texts texts;
    uint64_t datoms;
    double seconds;
    music->dir = bench_path(context, "music");
    BS_TRY(music_read(context, &texts, error));
    enum bs_code code = music_import(&texts, music->dir, NULL, &datoms, &seconds, error);
    music_texts_free(&texts);
    BS_TRY(code);
    BS_TRY(compact(music->dir, error));
    BS_TRY(datom_conn_open(bs_str_from(music->dir), NULL, &music->conn, error));
    music->db = datom_conn_db(music->conn);
    return raw_open(music->dir, music->dir, RAW_READ, &music->raw, error);
}

static void keep_place(struct bench_music *music, const struct datom *datom,
                       const struct datom_attribute *attribute, struct bs_str key)
{
    size_t *count = attribute->many ? &music->many_count : &music->count;
    struct music_place *places = attribute->many ? music->many : music->places;
    struct music_place *last = *count > 0 ? &places[*count - 1] : NULL;
    if (attribute->many && last && last->e == datom->e && last->attribute == attribute) {
        last->values++;
        return;
    }
    if (*count == PLACES_MAX)
        return;
    if (attribute->many)
        key.len = BS_MIN(key.len, (size_t)ENTITY_ATTRIBUTE_BYTES);
    places[(*count)++] = (struct music_place){
        .e = datom->e,
        .attribute = attribute,
        .key = bs_arena_dup(music->arena, key),
        .values = 1,
    };
}

/* eavt has one key for each live datom: ours and the raw walk go side by side. */
static enum bs_code list_places(struct bench_music *music, struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    struct datom_range range = {.index = DATOM_EAVT};
    const struct datom *datoms;
    size_t count;
    BS_TRY(datom_cursor_open(music->db, &range, &cursor, error));
    music->places = bs_calloc(PLACES_MAX, sizeof(*music->places));
    music->many = bs_calloc(PLACES_MAX, sizeof(*music->many));
    rocksdb_iterator_t *raw =
        rocksdb_create_iterator_cf(music->raw.db, music->raw.read, raw_column(&music->raw, "eavt"));
    rocksdb_iter_seek_to_first(raw);
    enum bs_code code;
    while ((code = datom_cursor_next(cursor, &datoms, &count, error)) == BS_OK && count > 0) {
        for (size_t i = 0; i < count && rocksdb_iter_valid(raw); i++, rocksdb_iter_next(raw)) {
            const struct datom_attribute *attribute = datom_db_attribute(music->db, datoms[i].a);
            struct bs_str key;
            key.ptr = rocksdb_iter_key(raw, &key.len);
            keep_place(music, &datoms[i], attribute, key);
        }
    }
    rocksdb_iter_destroy(raw);
    return code;
}

static void shuffle(struct music_place *places, size_t count)
{
    struct bs_random random;
    bs_random_seed(&random, 1);
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)bs_random_below(&random, i);
        struct music_place place = places[i - 1];
        places[i - 1] = places[j];
        places[j] = place;
    }
}

enum bs_code bench_music_get(struct bench_context *context, struct bench_music **ret_music,
                             struct bs_error *error)
{
    if (!context->music) {
        struct bench_music *music = bs_calloc(1, sizeof(*music));
        music->arena = bs_arena_new(0);
        enum bs_code code = make_store(context, music, error);
        if (code == BS_OK)
            code = list_places(music, error);
        if (code != BS_OK) {
            bench_music_free(music);
            return code;
        }
        shuffle(music->places, music->count);
        shuffle(music->many, music->many_count);
        context->music = music;
    }
    *ret_music = context->music;
    return BS_OK;
}

void bench_music_free(struct bench_music *music)
{
    if (!music)
        return;
    raw_close(&music->raw);
    datom_db_unref(music->db);
    datom_conn_unref(music->conn);
    bs_arena_free(music->arena);
    free(music->places);
    free(music->many);
    if (music->dir)
        bench_remove(music->dir);
    free(music->dir);
    free(music);
}

enum bs_code music_raw_seek_us(struct bench_music *music, size_t count, double *ret_us,
                               struct bs_error *error)
{
    rocksdb_iterator_t *iter =
        rocksdb_create_iterator_cf(music->raw.db, music->raw.read, raw_column(&music->raw, "eavt"));
    uint64_t bytes = 0;
    int64_t started = bs_monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        struct bs_str key = music->places[i % music->count].key;
        size_t size = 0;
        rocksdb_iter_seek(iter, key.ptr, key.len);
        (void)rocksdb_iter_key(iter, &size);
        bytes += size;
        (void)rocksdb_iter_value(iter, &size);
        bytes += size;
    }
    *ret_us = (double)(bs_monotonic_ns() - started) / 1e3 / (double)count;
    char *text = NULL;
    rocksdb_iter_get_error(iter, &text);
    rocksdb_iter_destroy(iter);
    if (!text && bytes == 0)
        return bs_error_set(error, BS_REASON_STORE_IO, "raw RocksDB found nothing");
    return raw_check(text, "seek", error);
}

datom_id music_largest_attribute(const struct bench_music *music)
{
    datom_id largest = 0;
    const struct datom_attribute *attribute;
    for (size_t i = 0; (attribute = datom_db_attribute_at(music->db, i)) != NULL; i++) {
        if (datom_db_attribute_count(music->db, attribute->id) >
            datom_db_attribute_count(music->db, largest))
            largest = attribute->id;
    }
    return largest;
}
