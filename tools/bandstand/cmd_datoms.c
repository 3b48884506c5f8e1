/* bandstand datoms: walks an index or the log, a datom a line. */

#include "commands.h"
#include "database.h"
#include "shell/value.h"

#define COMPONENTS_MAX 4

struct walk {
    struct datom_db *db;
    uint64_t left; /* datoms still to print */
    struct bs_arena *arena;
    struct bs_buf line;
};

static void print_datom(struct walk *walk, const struct datom *datom)
{
    bs_arena_reset(walk->arena);
    bs_buf_reset(&walk->line);
    edn_print(shell_datom_value(walk->db, datom, walk->arena), &walk->line);
    cli_print(bs_buf_str(&walk->line));
    walk->left--;
}

static enum bs_code walk_index(struct walk *walk, const struct datom_range *range,
                               struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    BS_TRY(datom_cursor_open(walk->db, range, &cursor, error));
    while (walk->left > 0) {
        const struct datom *datoms;
        size_t count;
        BS_TRY(datom_cursor_next(cursor, &datoms, &count, error));
        if (count == 0)
            return BS_OK;
        for (size_t i = 0; i < count && walk->left > 0; i++)
            print_datom(walk, &datoms[i]);
    }
    return BS_OK;
}

static enum bs_code walk_log(struct walk *walk, struct bs_error *error)
{
    struct datom_log_reader *reader;
    BS_TRY(datom_log_open(walk->db, DATOM_FIRST_USER_T, UINT64_MAX, &reader, error));
    enum bs_code code = BS_OK;
    while (walk->left > 0) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        for (size_t i = 0; i < entry.count && walk->left > 0; i++)
            print_datom(walk, &entry.datoms[i]);
    }
    datom_log_close(reader);
    return code;
}

static enum bs_code walk_named(struct walk *walk, int count, char **arguments,
                               struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct edn components[COMPONENTS_MAX];
    struct datom_range range;
    enum datom_index index;
    BS_TRY(shell_index_of(bs_str_from(arguments[0]), &index, error));
    for (int i = 1; i < count; i++)
        BS_TRY(database_read_edn("component", arguments[i], arena, &components[i - 1], error));
    BS_TRY(shell_range_of(walk->db, index, components, (size_t)(count - 1), arena, &range, error));
    return walk_index(walk, &range, error);
}

static int run_datoms(const struct cli_command *command, int argc, char **argv)
{
    struct database_args database = {0};
    struct view_args view = {0};
    uint64_t limit = UINT64_MAX;
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&database),
        VIEW_OPTIONS(&view),
        {"limit", CLI_COUNT, &limit, "N", "at most N datoms"},
    };
    int count;
    char **arguments;
    int status;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count == 0)
        return cli_wrong(command, "which index? expected eavt, aevt, avet, vaet or log");
    if (count > 1 + COMPONENTS_MAX)
        return cli_wrong(command, "%d components: expected at most four", count - 1);
    bool is_log = strcmp(arguments[0], "log") == 0;
    if (is_log && count > 1)
        return cli_wrong(command, "log takes no components");
    enum datom_index index;
    if (!is_log && shell_index_of(bs_str_from(arguments[0]), &index, NULL) != BS_OK)
        return cli_wrong(command, "%s is no index: expected eavt, aevt, avet, vaet or log",
                         arguments[0]);

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &database, DATABASE_READ, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    if (database_view(conn, &view, &db, &error) != BS_OK)
        return cli_failed(command, &error);
    struct walk walk = {.db = db, .left = limit, .arena = bs_arena_new(0), .line = BS_BUF_INIT(0)};
    enum bs_code code =
        is_log ? walk_log(&walk, &error) : walk_named(&walk, count, arguments, &error);
    bs_arena_free(walk.arena);
    bs_buf_fini(&walk.line);
    return code == BS_OK ? CLI_OK : cli_failed(command, &error);
}

const struct cli_command datoms_command = {
    .name = "datoms",
    .arguments = "INDEX [COMPONENT...]",
    .summary = "walks an index, a datom a line",
    .description =
        "INDEX is eavt, aevt, avet, vaet or log. COMPONENTs are EDN and narrow the walk from the\n"
        "left: an entity may be an id, an ident or a lookup ref. A line is [E ATTR V TX ADDED].\n"
        "\n"
        "    bandstand datoms --db music avet :country/name '\"France\"'\n"
        "    bandstand datoms --db music --limit 10 log",
    .run = run_datoms,
};
