/*
 * memory.idle: what `bandstand serve --memory --demo` holds resident 10 s after it takes calls,
 * nothing having called it: VmRSS, so with the pages of libraries that others may share.
 */

#include <time.h>

#include "child.h"
#include "rows.h"

#define IDLE_SECONDS 10

struct state {
    struct bench_context *context;
};

static enum bs_code open_idle(struct bench_context *context, const struct bench_row *row,
                              void **ret_state, struct bs_error *error)
{
    (void)row;
    (void)error;
    struct state *state = bs_calloc(1, sizeof(*state));
    state->context = context;
    *ret_state = state;
    return BS_OK;
}

static enum bs_code read_resident(pid_t pid, double *ret_mib, struct bs_error *error)
{
    char path[64], line[256];
    static const char name[] = "VmRSS:";
    uint64_t kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof(line), file)) {
        struct bs_str rest = bs_str_from(line);
        struct bs_str number;
        if (!bs_str_starts_with(rest, bs_str_from(name)))
            continue;
        rest = bs_str_trim(bs_str_from_offset(rest, strlen(name)));
        found = bs_str_split(&rest, ' ', &number) && bs_str_parse_u64(number, &kib);
    }
    if (file)
        fclose(file);
    *ret_mib = (double)kib / 1024;
    if (found)
        return BS_OK;
    return bs_error_set(error, BS_REASON_CLI_FILE, "%s does not tell VmRSS", path);
}

static enum bs_code ours(void *self, double *ret_figure, struct bs_error *error)
{
    struct state *state = self;
    struct child server = {0};
    char url[256];
    BS_TRY(child_serve(&server, url, sizeof(url), error));
    double seconds = bench_seconds(state->context, IDLE_SECONDS);
    nanosleep(&(struct timespec){.tv_sec = (time_t)seconds,
                                 .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)},
              NULL);
    enum bs_code code = read_resident(server.pid, ret_figure, error);
    (void)child_stop(&server);
    return code;
}

const struct bench_row memory_idle_row = {
    .name = "memory.idle",
    .unit = "MiB",
    .bar = "ours<64",
    .method = "resident memory of `serve --memory --demo`, 10 s after it is ready, once",
    .is_once = true,
    .open = open_idle,
    .ours = ours,
    .close = free,
};
