/*
 * store.disk: the disk that a store takes. It is the sum of the lengths of all files in the store's
 * folder, the write-ahead log included, after the import of the MusicBrainz sample and an ordinary
 * close; beside the length of the texts. Nothing is compacted for it.
 */

#include <ftw.h>
#include <sys/stat.h>

#include "rows.h"

struct state {
    struct bench_context *context;
    struct music_texts texts;
};

static void close_disk(void *self)
{
    struct state *state = self;
    if (!state)
        return;
    music_texts_free(&state->texts);
    free(state);
}

static enum bs_code open_disk(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    struct state *state = bs_calloc(1, sizeof(*state));
    *ret_state = state;
    state->context = context;
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
    .close = close_disk,
};
