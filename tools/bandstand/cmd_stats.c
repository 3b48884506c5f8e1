/* bandstand stats: what is in a store, in figures. */

#include "commands.h"
#include "database.h"
#include "datom/health.h"

static void print_attributes(struct datom_db *db)
{
    static const char *const uniques[] = {"", " unique/value", " unique/identity"};
    printf("\n%-44s %12s  %s\n", "attribute", "datoms", "schema");
    const struct datom_attribute *attribute;
    for (size_t i = 0; (attribute = datom_db_attribute_at(db, i)) != NULL; i++) {
        uint64_t count = datom_db_attribute_count(db, attribute->id);
        if (count == 0 && attribute->id < 100)
            continue;
        printf(":%-43.*s %12llu  %s %s%s%s%s%s\n", BS_STR_ARGS(attribute->ident),
               (unsigned long long)count, strchr(datom_type_ident(attribute->type), '/') + 1,
               attribute->many ? "many" : "one", uniques[attribute->unique],
               attribute->is_index ? " index" : "", attribute->is_component ? " component" : "",
               attribute->no_history ? " noHistory" : "");
    }
}

static void print_families(const struct datom_stats *stats)
{
    printf("\n%-10s %14s %14s\n", "index", "keys", "bytes");
    for (size_t i = 0; i < stats->families_count; i++)
        printf("%-10s %14llu %14llu\n", stats->families[i].name,
               (unsigned long long)stats->families[i].keys,
               (unsigned long long)stats->families[i].bytes);
}

static void print_figure(const char *name, uint64_t value, const char *unit)
{
    printf("%-22s %llu%s\n", name, (unsigned long long)value, unit);
}

/* What the server's process alone knows (failures, stalls of its writers) is in its /metrics. */
static void print_health(struct datom_conn *conn)
{
    struct datom_health health;
    datom_conn_health(conn, &health);
    printf("\n%-22s %s\n", "health", health.code == BS_OK ? "ok" : health.error.message);
    printf("%-22s %s\n", "readable", health.is_readable ? "yes" : "no");
    print_figure("epoch", health.epoch, " openings for writing");
    printf("%-22s %s\n", "last writer", health.was_left ? "gone without a close" : "ok");
    if (health.free_bytes > 0)
        print_figure("free disk", health.free_bytes >> 20, " MiB");
    else
        printf("%-22s unknown\n", "free disk");
    print_figure("kept free", health.min_free_bytes >> 20, " MiB");
    printf("%-22s %s\n", "write stall",
           health.is_stopped            ? "stopped"
           : health.delayed_bytes_s > 0 ? "delayed"
                                        : "none");
    print_figure("background errors", health.background_errors, "");
    print_figure("values held", health.values_held, " (by this process)");
    print_figure("oldest held", health.oldest_held_ms, " ms since it was superseded");
}

static int run_stats(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    const struct cli_option options[] = {DATABASE_OPTIONS(&database)};
    int count;
    char **arguments;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count > 0)
        return cli_wrong(command, "unexpected argument %s", arguments[0]);
    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_READ, &conn, &status))
        return status;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    struct bs_error error = BS_ERROR_INIT;
    struct datom_stats stats;
    if (datom_db_stats(db, &stats, &error) != BS_OK)
        return cli_failed(command, &error);
    printf("%-14s %llu\n%-14s %llu\n%-14s %llu\n", "basis-t",
           (unsigned long long)datom_db_basis_t(db), "next-t",
           (unsigned long long)datom_db_next_t(db), "datoms", (unsigned long long)stats.datoms);
    printf("%-14s %llu (estimated)\n%-14s %s\n", "bytes on disk",
           (unsigned long long)stats.bytes_on_disk, "store",
           database.dir ? database.dir : "in memory");
    if (database.dir)
        print_health(conn);
    print_families(&stats);
    print_attributes(db);
    return CLI_OK;
}

const struct cli_command stats_command = {
    .name = "stats",
    .arguments = "",
    .summary = "attributes with counts, sizes of the indexes",
    .description =
        "Counts are of live datoms. Keys and bytes of a store on disk are the engine's\n"
        "estimates; what was written last stands in its log and is not in them. Failures and\n"
        "stalls of a server are in its /metrics.",
    .run = run_stats,
};
