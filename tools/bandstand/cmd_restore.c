/* bandstand restore: a store of a backup. */

#include <inttypes.h>

#include "commands.h"
#include "datom/backup.h"

static void tell(void *self, uint64_t done, uint64_t total)
{
    char note[80];
    snprintf(note, sizeof(note), "%" PRIu64 " of %" PRIu64 " MiB", done >> 20, total >> 20);
    cli_progress_tell(self, done, total, note);
}

static int run_restore(const struct cli_command *command, int argc, char **argv)
{
    const char *db = NULL;
    struct cli_progress progress;
    struct datom_backup_options backup = {.tell = tell, .tell_self = &progress};
    const struct cli_option options[] = {
        {"db", CLI_TEXT, &db, "STORE", "the folder that becomes the store: empty or new"},
        {"generation", CLI_COUNT, &backup.generation, "N",
         "which backup (see 'bandstand backup --list'); default: the newest"},
    };
    int count;
    char **arguments;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count != 1)
        return cli_wrong(command,
                         count == 0 ? "of which folder? expected DIR" : "expected one folder");
    if (!db)
        return cli_wrong(command, "into which folder? expected --db STORE");
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report;
    cli_progress_begin(&progress, "restoring");
    enum bs_code code =
        datom_backup_restore(bs_str_from(arguments[0]), bs_str_from(db), &backup, &report, &error);
    cli_progress_end(&progress);
    if (code != BS_OK)
        return cli_failed(command, &error);
    printf("generation %" PRIu64 ", t %" PRIu64 ": %" PRIu64 " files, %" PRIu64 " bytes\n",
           report.generation, report.basis_t, report.files, report.bytes);
    return CLI_OK;
}

const struct cli_command restore_command = {
    .name = "restore",
    .arguments = "DIR",
    .summary = "makes a store of a backup",
    .description =
        "Makes a store of the backup in the folder DIR. Every byte is compared with its checksum\n"
        "on the way; a damaged backup is refused, naming the file, and nothing is left of the\n"
        "store. A folder that is not empty is refused.\n"
        "\n"
        "    bandstand restore --db music /mnt/backup/music",
    .run = run_restore,
};
