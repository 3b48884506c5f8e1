#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * Measuring beside the peers. A row is one comparison: ours and the peer's are measured in turn, in
 * one process or at least one run, several times; the medians stand. One thread runs all of it.
 *
 * How each row is measured, and what it leaves out, stands above it in its file and in `method`.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct bench_row;
struct bench_music;

/* What all rows of a run share. */
struct bench_context {
    const char *dir;  /* a folder of the run's own, gone at the end; on a disk that syncs */
    const char *data; /* MusicBrainz: a folder of its files, or one file; NULL: looked for */
    double scale;     /* of counts and durations; 1 is for figures, less for a smoke test */
    unsigned runs;
    struct bench_music *music; /* made by the first row that asks for it */
};

/* Another program's figure. NULL is the raw RocksDB or nng that is linked in. */
struct bench_peer {
    const char *name;
    bool (*is_installed)(void);
    const char *install; /* the command */
};

struct bench_row {
    const char *name; /* "store.transact.64": the first part is its group */
    const char *unit;
    const char *peer_name;         /* NULL: nothing to compare with */
    const struct bench_peer *peer; /* NULL: always there */
    const struct bench_peer *tool; /* without which neither side can be measured; NULL: none */
    const char *bar;               /* "ratio>=0.3", "ours<64", one "or" the other; NULL: none */
    const char *method;            /* what both sides do */
    bool is_once;                  /* one run, not warmed up: it takes long and hardly varies */
    bool is_long;                  /* minutes: it runs only when its whole name is given */
    unsigned threads;              /* writers, calls in flight: for `open` */
    /* *ret_state is the row's own; `close` takes it also when `open` has failed half-way, and NULL.
     */
    enum bs_code (*open)(struct bench_context *context, const struct bench_row *row,
                         void **ret_state, struct bs_error *error);
    enum bs_code (*ours)(void *state, double *ret_figure, struct bs_error *error);
    enum bs_code (*theirs)(void *state, double *ret_figure, struct bs_error *error);
    void (*close)(void *state);
};

/* All rows, in the order of the table. */
extern const struct bench_row *const bench_rows[];
extern const size_t bench_rows_count;

struct bench_result {
    const struct bench_row *row;
    double ours;
    bool has_theirs; /* false: no peer, or one that is not installed */
    double theirs;
    double ratio; /* ours / theirs */
    bool has_bar; /* and what it needs was measured */
    bool holds;
    unsigned runs;
};

/* Gives back what rows shared. */
void bench_context_fini(struct bench_context *context);
/* Runs one row. What a row's sides raise ends it. */
BS_MUST_CHECK enum bs_code bench_run_row(struct bench_context *context, const struct bench_row *row,
                                         struct bench_result *ret_result, struct bs_error *error);
/* Whether a row is meant by NAME: its own, or its group's unless it is a long one. */
bool bench_row_is_named(const struct bench_row *row, const char *name);

/* The table's head and a line of it, for people or as docs/performance.md has it (Markdown), or a
 * line of JSON; appended. */
void bench_print_head(struct bs_buf *out);
void bench_print_line(const struct bench_result *result, struct bs_buf *out);
void bench_print_markdown_head(struct bs_buf *out);
void bench_print_markdown(const struct bench_result *result, struct bs_buf *out);
void bench_print_json(const struct bench_result *result, struct bs_buf *out);

/* ---- for rows ---- */

/* Seconds of a timed sample, and counts, by the run's scale; at least 1. */
double bench_seconds(const struct bench_context *context, double seconds);
size_t bench_count(const struct bench_context *context, size_t count);

/* "DIR/NAME-N", a name that was not given before; the caller frees it. Nothing is made. */
char *bench_path(const struct bench_context *context, const char *name);
/* A folder with what is in it, however deep; quietly. */
void bench_remove(const char *path);

/*
 * Calls step(state, thread, i) with i from 0 on in `threads` threads until `seconds` are over or
 * one fails; *ret_rate is steps per second of all together.
 */
typedef enum bs_code (*bench_step)(void *state, unsigned thread, uint64_t i,
                                   struct bs_error *error);
BS_MUST_CHECK enum bs_code bench_rate(bench_step step, void *state, unsigned threads,
                                      double seconds, double *ret_rate, struct bs_error *error);

#endif
