/* bandstand backup: a store into a folder of backups, beside whoever writes it. */

#include <inttypes.h>

#include "commands.h"
#include "datom/backup.h"

struct args {
    const char *db;
    uint64_t keep;
    bool verify;
    bool list;
};

static void tell(void *self, uint64_t done, uint64_t total)
{
    char note[80];
    snprintf(note, sizeof(note), "%" PRIu64 " of %" PRIu64 " MiB", done >> 20, total >> 20);
    cli_progress_tell(self, done, total, note);
}

static void print_generation(void *self, const struct datom_backup_report *report)
{
    char instant[EDN_INSTANT_TEXT_SIZE];
    (void)self;
    edn_instant_format(report->instant_ms, instant);
    printf("generation %" PRIu64 ", %s, t %" PRIu64 ", %" PRIu64 " files, %" PRIu64 " bytes\n",
           report->generation, instant, report->basis_t, report->files, report->bytes);
}

static int list(const struct cli_command *command, const char *folder)
{
    struct bs_error error = BS_ERROR_INIT;
    if (datom_backup_list(bs_str_from(folder), print_generation, NULL, &error) != BS_OK)
        return cli_failed(command, &error);
    return CLI_OK;
}

static int run(const struct cli_command *command, const struct args *args, const char *folder)
{
    struct bs_error error = BS_ERROR_INIT;
    struct cli_progress progress;
    struct datom_backup_report report;
    struct datom_backup_options options = {
        .keep = args->keep, .tell = tell, .tell_self = &progress};
    cli_progress_begin(&progress, args->verify ? "verifying" : "backing up");
    enum bs_code code =
        args->verify
            ? datom_backup_verify(bs_str_from(folder), &options, &report, &error)
            : datom_backup(bs_str_from(args->db), bs_str_from(folder), &options, &report, &error);
    cli_progress_end(&progress);
    if (code != BS_OK)
        return cli_failed(command, &error);
    if (report.damaged > 0 && !args->verify)
        fprintf(stderr,
                "bandstand backup: %" PRIu64 " damaged manifest(s) in %s (see --list): nothing is "
                "removed from files/ while they are there\n",
                report.damaged, folder);
    if (args->verify) {
        printf("every byte is as it was written: ");
        print_generation(NULL, &report);
        return CLI_OK;
    }
    printf("generation %" PRIu64 ", t %" PRIu64 ": %" PRIu64 " of %" PRIu64
           " files copied, %" PRIu64 " of %" PRIu64 " bytes\n",
           report.generation, report.basis_t, report.files_copied, report.files,
           report.bytes_copied, report.bytes);
    return CLI_OK;
}

static int run_backup(const struct cli_command *command, int argc, char **argv)
{
    struct args args = {.keep = 1};
    const struct cli_option options[] = {
        {"db", CLI_TEXT, &args.db, "STORE", "the store"},
        {"keep", CLI_COUNT, &args.keep, "N", "how many backups to keep, the newest ones (1)"},
        {"verify", CLI_FLAG, &args.verify, NULL,
         "makes no backup: reads every byte of those in DIR"},
        {"list", CLI_FLAG, &args.list, NULL, "makes no backup: prints those in DIR"},
    };
    int count;
    char **arguments;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count != 1)
        return cli_wrong(command,
                         count == 0 ? "into which folder? expected DIR" : "expected one folder");
    bool looks = args.verify || args.list;
    if (args.verify && args.list)
        return cli_wrong(command, "expected one of --verify, --list");
    if (looks == (args.db != NULL))
        return cli_wrong(command, looks ? "--verify and --list look at DIR alone: expected no --db"
                                        : "which store? expected --db STORE");
    if (args.keep == 0)
        return cli_wrong(command, "--keep 0: expected at least 1");
    return args.list ? list(command, arguments[0]) : run(command, &args, arguments[0]);
}

const struct cli_command backup_command = {
    .name = "backup",
    .arguments = "DIR",
    .summary = "backs a store up, beside whoever writes it",
    .description =
        "Copies one moment of the store into the folder DIR, with everything that was "
        "acknowledged\n"
        "before. Files that DIR has from the last backup are not copied again. The last backup\n"
        "stays good until the new one is whole.\n"
        "\n"
        "    bandstand backup --db music /mnt/backup/music\n"
        "    bandstand backup --verify /mnt/backup/music\n"
        "    bandstand restore --db music2 /mnt/backup/music",
    .run = run_backup,
};
