/* bandstand import: EDN files into a store, with progress and a closing line. */

#include "commands.h"
#include "database.h"
#include "import.h"

struct run {
    struct import import;
    uint64_t bytes_done;  /* of the files before this one */
    uint64_t bytes_total; /* 0: unknown */
    int64_t started_ns;
    struct cli_progress progress;
};

/* ---- files ---- */

static void tell(void *self, size_t offset)
{
    struct run *run = self;
    char note[120];
    snprintf(note, sizeof(note), "%llu transactions, %llu datoms",
             (unsigned long long)run->import.transactions, (unsigned long long)run->import.datoms);
    cli_progress_tell(&run->progress, run->bytes_done + offset, run->bytes_total, note);
}

static enum bs_code import_file(struct run *run, const char *path, struct bs_error *error)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
    BS_TRY(cli_read_file(path, &text, error));
    if (run->bytes_total == 0)
        run->bytes_total = run->bytes_done + text.len;
    BS_TRY(import_text(&run->import, path, bs_buf_str(&text), error));
    run->bytes_done += text.len;
    return BS_OK;
}

static uint64_t total_size(char **paths, int count)
{
    uint64_t total = 0;
    for (int i = 0; i < count; i++) {
        FILE *file = fopen(paths[i], "rb");
        long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
        if (file)
            fclose(file);
        if (size < 0)
            return 0;
        total += (uint64_t)size;
    }
    return total;
}

static void print_summary(const struct run *run)
{
    const struct import *import = &run->import;
    double seconds = (double)(bs_monotonic_ns() - run->started_ns) / 1e9;
    printf("%llu transactions, %llu datoms in %.2f s, %.0f datoms/s",
           (unsigned long long)import->transactions, (unsigned long long)import->datoms, seconds,
           seconds > 0 ? (double)import->datoms / seconds : 0.0);
    if (import->skipped > 0)
        printf("; %llu batches were in already", (unsigned long long)import->skipped);
    printf("\n");
}

static int run_import(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    const struct cli_option options[] = {DATABASE_OPTIONS(&database)};
    int count;
    char **paths;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &paths);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count == 0)
        return cli_wrong(command, "which files? expected FILE..., or - for standard input");

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_WRITE, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    struct run run = {.bytes_total = total_size(paths, count), .started_ns = bs_monotonic_ns()};
    run.import = (struct import){.conn = conn, .tell = tell, .tell_self = &run};
    cli_progress_begin(&run.progress, "importing");
    enum bs_code code = BS_OK;
    for (int i = 0; i < count && code == BS_OK; i++)
        code = import_file(&run, paths[i], &error);
    cli_progress_end(&run.progress);
    if (code != BS_OK)
        return cli_failed(command, &error);
    print_summary(&run);
    return CLI_OK;
}

const struct cli_command import_command = {
    .name = "import",
    .arguments = "FILE...",
    .summary = "loads EDN transactions into a store",
    .description =
        "Each top-level form of a FILE (- is standard input) is one transaction: a vector of\n"
        "tx-data, or a map {:data [...] :batch-ident {...}}. The batch-ident map names the batch\n"
        "by a unique attribute on its transaction; a batch that is in already is skipped, so an\n"
        "import that was cut off is simply run again.\n"
        "\n"
        "    bandstand import --db music schema.edn artists.edn",
    .run = run_import,
};
