/* bandstand import: EDN files into a store, with progress and a closing line. */

#include "commands.h"
#include "database.h"
#include "import.h"
#include "import_export.h"

struct run {
    struct import import;
    struct bs_buf first; /* the first file, which tells what kind they are of */
    struct datom_bulk *bulk;
    uint64_t bytes_done;  /* of the files before this one */
    uint64_t bytes_total; /* 0: unknown */
    int64_t started_ns;
    struct cli_progress progress;
};

/* ---- files ---- */

static void tell(void *self, size_t offset, uint64_t transactions, uint64_t datoms)
{
    struct run *run = self;
    char note[120];
    snprintf(note, sizeof(note), "%llu transactions, %llu datoms",
             (unsigned long long)(run->import.transactions + transactions),
             (unsigned long long)(run->import.datoms + datoms));
    cli_progress_tell(&run->progress, run->bytes_done + offset, run->bytes_total, note);
}

static void tell_bulk(void *self, size_t offset)
{
    struct run *run = self;
    struct datom_bulk_totals totals = datom_bulk_totals_of(run->bulk);
    run->import.transactions = totals.transactions;
    run->import.datoms = totals.datoms;
    tell(self, offset, 0, 0);
}

static enum bs_code import_one(struct run *run, const char *path, struct bs_str text, bool is_last,
                               struct bs_error *error)
{
    if (run->bytes_total == 0)
        run->bytes_total = run->bytes_done + text.len;
    run->import.position.is_last_text = is_last;
    if (!run->bulk)
        BS_TRY(import_text(&run->import, path, text, error));
    else
        BS_TRY(import_export_text(run->bulk, path, text, tell_bulk, run, error));
    run->bytes_done += text.len;
    return BS_OK;
}

static enum bs_code import_files(struct run *run, char **paths, int count, struct bs_error *error)
{
    BS_TRY(import_one(run, paths[0], bs_buf_str(&run->first), count == 1, error));
    bs_buf_fini(&run->first);
    for (int i = 1; i < count; i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        BS_TRY(cli_read_file(paths[i], &text, error));
        BS_TRY(import_one(run, paths[i], bs_buf_str(&text), i == count - 1, error));
    }
    return BS_OK;
}

/* Names the texts, and finds where an earlier import of them was cut off. What comes by standard
 * input among other files can't be read twice, so there no position is kept. */
static enum bs_code find_position(struct run *run, char **paths, int count, struct bs_error *error)
{
    struct import_position *position = &run->import.position;
    if (count > 1 && run->bytes_total == 0)
        return BS_OK;
    import_position_add_text(position, bs_buf_str(&run->first));
    for (int i = 1; i < count; i++) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        BS_TRY(cli_read_file(paths[i], &text, error));
        import_position_add_text(position, bs_buf_str(&text));
    }
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(run->import.conn);
    return import_position_find(position, db, error);
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
    if (import->position.begin > 0)
        printf("; an import that was cut off went on after byte %llu",
               (unsigned long long)import->position.begin);
    printf("\n");
}

static enum bs_code run_transactions(struct run *run, char **paths, int count,
                                     struct bs_error *error)
{
    if (!run->bulk)
        BS_TRY(find_position(run, paths, count, error));
    cli_progress_begin(&run->progress, "importing");
    enum bs_code code = import_files(run, paths, count, error);
    if (code == BS_OK && run->bulk)
        code = datom_bulk_finish(run->bulk, error);
    cli_progress_end(&run->progress);
    return code;
}

/* Opens what the first file asks for: a load for an export, else a connection. */
static bool open_target(const struct cli_command *command, const struct database_args *database,
                        struct run *run, int *ret_status)
{
    struct bs_error error = BS_ERROR_INIT;
    if (!import_export_is(bs_buf_str(&run->first)))
        return database_open(command, database, DATABASE_WRITE, &run->import.conn, ret_status);
    if (!database->dir || database->memory || database->url) {
        *ret_status = cli_wrong(command, "an export goes into a store on disk: expected --db DIR");
        return false;
    }
    if (datom_bulk_open(bs_str_from(database->dir), NULL, &run->bulk, &error) == BS_OK)
        return true;
    *ret_status = cli_failed(command, &error);
    return false;
}

static int import_paths(const struct cli_command *command, const struct database_args *database,
                        char **paths, int count)
{
    int status = CLI_OK;
    struct bs_error error = BS_ERROR_INIT;
    struct run run = {.bytes_total = total_size(paths, count),
                      .started_ns = bs_monotonic_ns(),
                      .first = BS_BUF_INIT(0)};
    run.import = (struct import){.tell = tell, .tell_self = &run};
    if (cli_read_file(paths[0], &run.first, &error) != BS_OK)
        status = cli_failed(command, &error);
    else if (open_target(command, database, &run, &status) &&
             run_transactions(&run, paths, count, &error) != BS_OK)
        status = cli_failed(command, &error);
    else if (status == CLI_OK)
        print_summary(&run);
    bs_buf_fini(&run.first);
    datom_bulk_free(run.bulk);
    datom_conn_unref(run.import.conn);
    return status;
}

static int run_import(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    const struct cli_option options[] = {DATABASE_OPTIONS(&database)};
    int count;
    char **paths;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &paths);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count == 0)
        return cli_wrong(command, "which files? expected FILE..., or - for standard input");
    return import_paths(command, &database, paths, count);
}

const struct cli_command import_command = {
    .name = "import",
    .arguments = "FILE...",
    .summary = "loads EDN transactions into a store",
    .description =
        "Each top-level form of a FILE (- is standard input) is one transaction: a vector of\n"
        "tx-data, or a map {:data [...] :batch-ident {...}}. The batch-ident map names the batch\n"
        "by a unique attribute on its transaction; a batch that is in already is skipped. An "
        "import\n"
        "that was cut off is simply run again, with the same files: the transaction of a form "
        "without\n"
        "a batch-ident notes by :db.import/position how far the files are in, and the import goes "
        "on\n"
        "from there. Files that came to their end are imported anew. What `bandstand export` "
        "printed goes into "
        "an\n"
        "empty store, with its ids, ts and instants: all of it or, when it is cut off, nothing.\n"
        "\n"
        "    bandstand import --db music schema.edn artists.edn",
    .run = run_import,
};
