/* bandstand pull: one pull. */

#include "commands.h"
#include "database.h"
#include "format.h"

static void free_pattern(struct query_pattern **pattern)
{
    query_pattern_free(*pattern);
}

static enum bs_code pull(struct datom_conn *conn, const struct view_args *view, char **arguments,
                         bool as_json, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(free_pattern) struct query_pattern *pattern = NULL;
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct edn form;
    struct edn id;
    struct edn result;
    BS_TRY(database_read_edn("pattern", arguments[0], arena, &form, error));
    BS_TRY(database_read_edn("entity", arguments[1], arena, &id, error));
    BS_TRY(query_pattern_parse(form, &pattern, error));
    BS_TRY(database_view(conn, view, &db, error));
    BS_TRY(query_pull(db, pattern, id, NULL, arena, &result, error));
    if (!as_json) {
        cli_print_edn(result);
        return BS_OK;
    }
    format_json(result, &out);
    cli_print(bs_buf_str(&out));
    return BS_OK;
}

static int run_pull(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    struct view_args view = {0};
    const char *format_name = NULL;
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&database),
        VIEW_OPTIONS(&view),
        {"format", CLI_TEXT, &format_name, "FORMAT", "edn (the default) or json"},
    };
    int count;
    char **arguments;
    int status;
    enum format format = FORMAT_EDN;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count != 2)
        return cli_wrong(command, "%d arguments: expected PATTERN and EID", count);
    if (format_name && (!format_parse(format_name, &format) || format > FORMAT_JSON))
        return cli_wrong(command, "--format %s: expected edn or json", format_name);

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_READ, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    if (pull(conn, &view, arguments, format == FORMAT_JSON, &error) != BS_OK)
        return cli_failed(command, &error);
    return CLI_OK;
}

const struct cli_command pull_command = {
    .name = "pull",
    .arguments = "PATTERN EID",
    .summary = "pulls one entity, as a pattern says",
    .description =
        "EID is an id, an ident or a lookup ref. What finds nothing prints nil.\n"
        "\n"
        "    bandstand pull --db music '[*]' ':country/FR'\n"
        "    bandstand pull --db music '[:artist/name {:release/_artists [:release/name]}]' \\\n"
        "        '[:artist/gid #uuid \"678d88b2-87b0-403b-b63d-5da7465aecc3\"]'",
    .run = run_pull,
};
