/* bandstand bench: the rows of tools/bench that are meant, as a table or as JSON. */

#include <errno.h>
#include <unistd.h>

#include "bench.h"
#include "commands.h"

#define RUNS_DEFAULT 5
#define SCALE_ENV "BANDSTAND_BENCH_SCALE"

struct options {
    bool json;
    bool markdown;
    bool list;
    uint64_t runs;
    const char *scale;
    const char *dir;
    const char *data;
};

static bool is_meant(const struct bench_row *row, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (bench_row_is_named(row, names[i]))
            return true;
    }
    return count == 0 && !row->is_long;
}

static bool names_any(char *name)
{
    for (size_t i = 0; i < bench_rows_count; i++) {
        if (is_meant(bench_rows[i], &name, 1))
            return true;
    }
    return false;
}

static int list_rows(char **names, int count)
{
    for (size_t i = 0; i < bench_rows_count; i++) {
        const struct bench_row *row = bench_rows[i];
        if (count == 0 || is_meant(row, names, count))
            printf("%-20s %s\n", row->name, row->method);
    }
    return CLI_OK;
}

/* What this or an earlier row that is meant needs, said once. */
static bool was_told(const struct bench_peer *peer, size_t before, char **names, int count)
{
    for (size_t i = 0; i < before; i++) {
        const struct bench_row *row = bench_rows[i];
        if ((row->peer == peer || row->tool == peer) && is_meant(row, names, count))
            return true;
    }
    return false;
}

/* On stderr: the figures go to stdout. */
static void tell_missing(char **names, int count)
{
    for (size_t i = 0; i < bench_rows_count; i++) {
        const struct bench_row *row = bench_rows[i];
        const struct bench_peer *needed[] = {row->tool, row->peer};
        for (size_t j = 0; j < BS_ARRAY_COUNT(needed); j++) {
            const struct bench_peer *peer = needed[j];
            if (peer && is_meant(row, names, count) && !was_told(peer, i, names, count) &&
                !peer->is_installed())
                fprintf(stderr, "bandstand bench: %s is not installed%s: %s\n", peer->name,
                        peer == row->tool ? ", so this is not measured" : "", peer->install);
        }
    }
}

static void print(const struct bs_buf *out)
{
    if (out->len > 0)
        fwrite(out->ptr, 1, out->len, stdout);
    fflush(stdout);
}

/* Every row that is meant, also when one before it failed. */
static int run_rows(const struct cli_command *command, struct bench_context *context,
                    const struct options *given, char **names, int count)
{
    int status = CLI_OK;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    if (given->markdown)
        bench_print_markdown_head(&out);
    else if (!given->json)
        bench_print_head(&out);
    print(&out);
    for (size_t i = 0; i < bench_rows_count; i++) {
        struct bench_result result;
        struct bs_error error = BS_ERROR_INIT;
        const struct bench_peer *tool = bench_rows[i]->tool;
        if (!is_meant(bench_rows[i], names, count) || (tool && !tool->is_installed()))
            continue;
        bs_buf_reset(&out);
        if (bench_run_row(context, bench_rows[i], &result, &error) != BS_OK)
            status = cli_failed(command, &error);
        else if (given->json)
            bench_print_json(&result, &out);
        else if (given->markdown)
            bench_print_markdown(&result, &out);
        else
            bench_print_line(&result, &out);
        print(&out);
    }
    return status;
}

static const char *default_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && dir[0] ? dir : "/var/tmp"; /* on a disk, where /tmp may be in memory */
}

static bool parse_scale(const char *text, double *ret_scale)
{
    if (!text || !text[0])
        return true;
    return bs_str_parse_double(bs_str_from(text), ret_scale) && *ret_scale > 0;
}

static int run_bench(const struct cli_command *command, int argc, char **argv)
{
    struct options given = {.runs = RUNS_DEFAULT, .scale = getenv(SCALE_ENV), .dir = default_dir()};
    const struct cli_option options[] = {
        {"json", CLI_FLAG, &given.json, NULL, "one line of JSON a row"},
        {"markdown", CLI_FLAG, &given.markdown, NULL, "the table as docs/performance.md has it"},
        {"list", CLI_FLAG, &given.list, NULL, "names the rows and what they measure"},
        {"runs", CLI_COUNT, &given.runs, "N", "runs of each side; the medians stand (5)"},
        {"scale", CLI_TEXT, &given.scale, "F",
         "of counts and durations (1; else $" SCALE_ENV "): figures need 1"},
        {"dir", CLI_TEXT, &given.dir, "DIR",
         "where stores are made and removed ($TMPDIR, /var/tmp)"},
        {"data", CLI_TEXT, &given.data, "DIR", "the folder of the MusicBrainz files"},
    };
    int count;
    char **names;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &names);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    struct bench_context context = {.data = given.data, .scale = 1, .runs = (unsigned)given.runs};
    if (given.json && given.markdown)
        return cli_wrong(command, "--json and --markdown: expected one of them");
    if (given.runs == 0 || given.runs > 100)
        return cli_wrong(command, "--runs %llu: expected 1 to 100", (unsigned long long)given.runs);
    if (!parse_scale(given.scale, &context.scale))
        return cli_wrong(command, "--scale %s: expected a number above 0", given.scale);
    for (int i = 0; i < count; i++) {
        if (!names_any(names[i]))
            return cli_wrong(command, "no row or group %s: 'bandstand bench --list' names them",
                             names[i]);
    }
    if (given.list)
        return list_rows(names, count);

    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/bandstand-bench-XXXXXX", given.dir);
    if (!mkdtemp(dir))
        return cli_wrong(command, "can't make a folder in %s: %s", given.dir, strerror(errno));
    context.dir = dir;
    tell_missing(names, count);
    int status = run_rows(command, &context, &given, names, count);
    bench_context_fini(&context);
    bench_remove(dir);
    return status;
}

const struct cli_command bench_command = {
    .name = "bench",
    .arguments = "[NAME...]",
    .summary = "measures against the peers",
    .description =
        "NAME is a row (rpc.ipc.64) or a group (store query rpc http universe); none is all.\n"
        "Ours and the peer are measured in turn, in one run, several times; the medians stand.\n"
        "ratio is ours / theirs; bar is what is expected of it (or of ours), holds whether it is\n"
        "so. A row that takes minutes (store.growth) runs only when its whole name is given.\n"
        "Nothing else should run on the machine. Peers that are not installed are named,\n"
        "with the command that installs them.\n"
        "\n"
        "    bandstand bench store.import store.transact\n"
        "    bandstand bench --json > figures.jsonl",
    .run = run_bench,
};
