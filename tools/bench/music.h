#ifndef BENCH_MUSIC_H
#define BENCH_MUSIC_H

/* The MusicBrainz sample: its texts, and a store that holds it. */

#include "bench.h"
#include "datom/datom.h"
#include "import.h"
#include "raw.h"

#define MUSIC_FILES_MAX 16

struct music_texts {
    struct bs_buf texts[MUSIC_FILES_MAX];
    const char *names[MUSIC_FILES_MAX]; /* static */
    size_t count;
};

/* The whole sample, or the part of it that is in tests/data. CLI_FILE telling --data when neither
 * is found. */
BS_MUST_CHECK enum bs_code music_read(const struct bench_context *context,
                                      struct music_texts *ret_texts, struct bs_error *error);
void music_texts_free(struct music_texts *texts);
/* Into the store at `dir`, which is made. Times reading of EDN to the last sync, not the opening.
 * The store stays open when *ret_conn is asked for: the caller's then; NULL closes it. */
BS_MUST_CHECK enum bs_code music_import(const struct music_texts *texts, const char *dir,
                                        struct datom_conn **ret_conn, uint64_t *ret_datoms,
                                        double *ret_seconds, struct bs_error *error);

/*
 * The run's one store with the sample in it, compacted, so that both sides read the same files in
 * the same shape; open through us, and raw for reading beside that.
 */
struct bench_music {
    char *dir;
    struct datom_conn *conn;
    struct datom_db *db;
    struct raw raw;
    /* Live datoms of cardinality-one attributes in the order of eavt, and their keys there. */
    size_t count;
    struct music_place {
        datom_id e;
        const struct datom_attribute *attribute;
        struct bs_str key;
        size_t values; /* of a many one */
    } * places;        /* in random order */
    /* The same of cardinality-many ones, one place for all values; `key` is what theirs begin with.
     */
    struct music_place *many;
    size_t many_count;
    struct bs_arena *arena;
};

/* Makes it at the first call; the context's. */
BS_MUST_CHECK enum bs_code bench_music_get(struct bench_context *context,
                                           struct bench_music **ret_music, struct bs_error *error);
void bench_music_free(struct bench_music *music);

/* The attribute with the most datoms. */
datom_id music_largest_attribute(const struct bench_music *music);

/* Microseconds of a raw seek to a place of eavt with its key and value looked at: a yardstick. */
BS_MUST_CHECK enum bs_code music_raw_seek_us(struct bench_music *music, size_t count,
                                             double *ret_us, struct bs_error *error);

#endif
