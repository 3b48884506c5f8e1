/*
 * Runs rows: ours and theirs in turn, so that what else the machine does falls on both alike, the
 * order changing with every run. The first run of each side is one too many and does not count: it
 * warms caches and pools.
 */

#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>

#include "bench.h"

#define RUNS_MAX 101

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *figures, size_t count)
{
    qsort(figures, count, sizeof(*figures), compare_doubles);
    return count % 2 ? figures[count / 2] : (figures[count / 2 - 1] + figures[count / 2]) / 2;
}

/* One condition: "ratio>=0.3", "ratio<10", "ours<64". What is not measured does not hold. */
static bool condition_holds(struct bs_str condition, const struct bench_result *result)
{
    bool of_ratio = bs_str_starts_with(condition, BS_STR("ratio"));
    BS_ASSERT(of_ratio || bs_str_starts_with(condition, BS_STR("ours")));
    double figure = of_ratio ? result->ratio : result->ours;
    struct bs_str sign = bs_str_from_offset(condition, of_ratio ? 5 : 4);
    bool or_equal = sign.len > 1 && sign.ptr[1] == '=';
    double bound = 0;
    BS_ASSERT(bs_str_parse_double(bs_str_from_offset(sign, or_equal ? 2 : 1), &bound));
    if (of_ratio && !result->has_theirs)
        return false;
    if (sign.ptr[0] == '<')
        return or_equal ? figure <= bound : figure < bound;
    return or_equal ? figure >= bound : figure > bound;
}

/* Conditions with " or " between them. */
static bool bar_holds(const char *bar, const struct bench_result *result)
{
    static const char between[] = " or ";
    for (const char *at = bar;;) {
        const char *end = strstr(at, between);
        struct bs_str condition = end ? bs_str_make(at, (size_t)(end - at)) : bs_str_from(at);
        if (condition_holds(condition, result))
            return true;
        if (!end)
            return false;
        at = end + strlen(between);
    }
}

static enum bs_code measure(const struct bench_context *context, const struct bench_row *row,
                            void *state, bool has_theirs, struct bench_result *result,
                            struct bs_error *error)
{
    double ours[RUNS_MAX], theirs[RUNS_MAX], ignored;
    size_t count = row->is_once ? 1 : BS_MIN(context->runs, (unsigned)RUNS_MAX);
    if (!row->is_once)
        BS_TRY(row->ours(state, &ignored, error));
    if (has_theirs && !row->is_once)
        BS_TRY(row->theirs(state, &ignored, error));
    for (size_t i = 0; i < count; i++) {
        if (has_theirs && i % 2 == 1)
            BS_TRY(row->theirs(state, &theirs[i], error));
        BS_TRY(row->ours(state, &ours[i], error));
        if (has_theirs && i % 2 == 0)
            BS_TRY(row->theirs(state, &theirs[i], error));
    }
    *result =
        (struct bench_result){.row = row, .ours = median(ours, count), .runs = (unsigned)count};
    if (has_theirs) {
        result->has_theirs = true;
        result->theirs = median(theirs, count);
        result->ratio = result->theirs > 0 ? result->ours / result->theirs : 0;
    }
    return BS_OK;
}

enum bs_code bench_run_row(struct bench_context *context, const struct bench_row *row,
                           struct bench_result *ret_result, struct bs_error *error)
{
    bool has_theirs = row->theirs && (!row->peer || row->peer->is_installed());
    struct bench_result result;
    void *state = NULL;
    enum bs_code code = row->open(context, row, &state, error);
    if (code == BS_OK)
        code = measure(context, row, state, has_theirs, &result, error);
    row->close(state);
    if (code != BS_OK) {
        bs_error_prefix(error, "%s: ", row->name);
        return code;
    }
    result.has_bar = row->bar && (has_theirs || strncmp(row->bar, "ours", 4) == 0);
    result.holds = result.has_bar && bar_holds(row->bar, &result);
    *ret_result = result;
    return BS_OK;
}

bool bench_row_is_named(const struct bench_row *row, const char *name)
{
    size_t len = strlen(name);
    if (strncmp(row->name, name, len) != 0)
        return false;
    return row->name[len] == '\0' || (row->name[len] == '.' && !row->is_long);
}

/* ---- for rows ---- */

double bench_seconds(const struct bench_context *context, double seconds)
{
    return seconds * context->scale;
}

size_t bench_count(const struct bench_context *context, size_t count)
{
    double scaled = (double)count * context->scale;
    return scaled < 1 ? 1 : (size_t)scaled;
}

char *bench_path(const struct bench_context *context, const char *name)
{
    static unsigned number; /* one thread runs all of it */
    struct bs_buf path = BS_BUF_INIT(0);
    bs_buf_printf(&path, "%s/%s-%u", context->dir, name, number++);
    size_t len;
    return bs_buf_take(&path, &len);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

void bench_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

struct worker {
    struct rate *rate;
    unsigned number;
    uint64_t done;
    int64_t ended_ns;
    enum bs_code code;
    struct bs_error error;
};

struct rate {
    bench_step step;
    void *state;
    pthread_barrier_t start;
    int64_t length_ns;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct rate *rate = worker->rate;
    pthread_barrier_wait(&rate->start);
    int64_t until = bs_monotonic_ns() + rate->length_ns;
    do {
        worker->code = rate->step(rate->state, worker->number, worker->done, &worker->error);
        if (worker->code != BS_OK)
            break;
        worker->done++;
        worker->ended_ns = bs_monotonic_ns();
    } while (worker->ended_ns < until);
    return NULL;
}

enum bs_code bench_rate(bench_step step, void *state, unsigned threads, double seconds,
                        double *ret_rate, struct bs_error *error)
{
    struct rate rate = {.step = step, .state = state, .length_ns = (int64_t)(seconds * 1e9)};
    struct worker *workers = bs_calloc(threads, sizeof(*workers));
    pthread_t *ids = bs_calloc(threads, sizeof(*ids));
    pthread_barrier_init(&rate.start, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.rate = &rate, .number = i};
        BS_ASSERT(pthread_create(&ids[i], NULL, work, &workers[i]) == 0);
    }
    pthread_barrier_wait(&rate.start);
    int64_t started = bs_monotonic_ns();
    int64_t ended = started;
    uint64_t done = 0;
    enum bs_code code = BS_OK;
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        done += workers[i].done;
        ended = BS_MAX(ended, workers[i].ended_ns);
        if (workers[i].code != BS_OK && code == BS_OK) {
            code = workers[i].code;
            if (error)
                *error = workers[i].error;
        }
    }
    pthread_barrier_destroy(&rate.start);
    free(ids);
    free(workers);
    BS_TRY(code);
    *ret_rate = ended > started ? (double)done * 1e9 / (double)(ended - started) : 0;
    return BS_OK;
}
