/* bandstand q: one query. */

#include "commands.h"
#include "database.h"
#include "format.h"

struct q_args {
    struct database_args database;
    struct view_args view;
    const char *with;
    const char *format;
    bool explain;
    const char *query;
    char **inputs;
    size_t inputs_count;
};

/* The newest value, with the transaction of --with in it, through the view. */
static enum bs_code open_value(const struct q_args *args, struct datom_conn *conn,
                               struct datom_db **ret_db, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(conn);
    if (args->with) {
        BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(0);
        BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
        BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
        struct edn tx_data;
        BS_TRY(cli_read_file(args->with, &text, error));
        enum bs_code code = edn_read(bs_buf_str(&text), arena, &tx_data, error);
        if (code == BS_OK)
            code = datom_with(db, tx_data, NULL, &report, error);
        if (code != BS_OK) {
            bs_error_prefix(error, "%s: ", args->with);
            return code;
        }
        datom_db_unref(db);
        db = datom_db_ref(report->db_after);
    }
    return database_view_of(db, &args->view, ret_db, error);
}

static struct edn items_after_in(struct edn form, struct bs_arena *arena)
{
    struct edn in = edn_nil();
    if (edn_map_get_keyword(form, BS_STR("in"), &in) || form.type != EDN_VECTOR)
        return in;
    struct edn_list items;
    edn_list_init(&items, arena);
    bool is_in = false;
    for (size_t i = 0; i < form.len; i++) {
        if (form.as.items[i].type == EDN_KEYWORD)
            is_in = edn_is_keyword(form.as.items[i], "in");
        else if (is_in)
            edn_list_add(&items, form.as.items[i]);
    }
    return edn_list_finish(&items, EDN_VECTOR);
}

/* Whether the database is the first input; a query may ask for none. */
static bool takes_database(struct edn form, struct bs_arena *arena)
{
    struct edn in = items_after_in(form, arena);
    if (in.type != EDN_VECTOR || in.len == 0)
        return true;
    struct edn first = in.as.items[0];
    return first.type == EDN_SYMBOL && edn_text_of(first).ptr[0] == '$';
}

static enum bs_code read_inputs(const struct q_args *args, struct datom_db *db, struct edn form,
                                struct bs_arena *arena, struct edn_list *inputs,
                                struct bs_error *error)
{
    edn_list_init(inputs, arena);
    if (takes_database(form, arena))
        edn_list_add(inputs, edn_object_value(datom_db_object(db)));
    for (size_t i = 0; i < args->inputs_count; i++) {
        struct edn input;
        BS_TRY(database_read_edn("input", args->inputs[i], arena, &input, error));
        edn_list_add(inputs, input);
    }
    return BS_OK;
}

static void print_result(const struct query *query, enum format format, struct edn result,
                         struct bs_arena *arena)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf out = BS_BUF_INIT(0);
    struct format_rows rows;
    switch (format) {
    case FORMAT_EDN:
        edn_print(result, &out);
        break;
    case FORMAT_JSON:
        format_json(result, &out);
        break;
    case FORMAT_CSV:
        rows = format_rows_of(query, result, arena);
        format_csv(&rows, arena, &out);
        break;
    case FORMAT_TABLE:
        rows = format_rows_of(query, result, arena);
        format_table(&rows, arena, &out);
        break;
    }
    cli_print(bs_buf_str(&out));
}

static enum bs_code run_query(const struct q_args *args, enum format format,
                              struct datom_conn *conn, struct bs_error *error)
{
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    BS_CLEANUP(query_freep) struct query *query = NULL;
    struct edn form;
    struct edn result;
    struct edn_list inputs;
    BS_TRY(database_read_edn("query", args->query, arena, &form, error));
    BS_TRY(query_parse(form, &query, error));
    BS_TRY(open_value(args, conn, &db, error));
    BS_TRY(read_inputs(args, db, form, arena, &inputs, error));
    if (!args->explain) {
        BS_TRY(query_run(query, inputs.items, inputs.count, NULL, arena, &result, error));
        print_result(query, format, result, arena);
        return BS_OK;
    }
    BS_TRY(query_explain(query, inputs.items, inputs.count, NULL, arena, &result, error));
    cli_print_edn(result);
    return BS_OK;
}

static int run_q(const struct cli_command *command, int argc, char **argv)
{
    struct q_args args = {0};
    const struct cli_option options[] = {
        DATABASE_OPTIONS(&args.database),
        VIEW_OPTIONS(&args.view),
        {"with", CLI_TEXT, &args.with, "FILE", "as if the tx-data in FILE had been transacted"},
        {"format", CLI_TEXT, &args.format, "FORMAT",
         "edn, json, csv or table; table when stdout is a terminal, else edn"},
        {"explain", CLI_FLAG, &args.explain, NULL, "the plan, with estimated and actual rows"},
    };
    int count;
    char **arguments;
    int status;
    enum format format = cli_stdout_is_terminal() ? FORMAT_TABLE : FORMAT_EDN;
    enum cli_parsed parsed =
        cli_parse(command, options, BS_ARRAY_COUNT(options), argc, argv, &count, &arguments);
    if (parsed != CLI_GO)
        return cli_parsed_exit(parsed);
    if (count == 0)
        return cli_wrong(command, "which query? expected '[:find ... :where ...]'");
    if (args.format && !format_parse(args.format, &format))
        return cli_wrong(command, "--format %s: expected edn, json, csv or table", args.format);
    args.query = arguments[0];
    args.inputs = arguments + 1;
    args.inputs_count = (size_t)count - 1;

    BS_CLEANUP(datom_conn_unrefp) struct datom_conn *conn = NULL;
    if (!database_open(command, &args.database, DATABASE_READ, &conn, &status))
        return status;
    struct bs_error error = BS_ERROR_INIT;
    return run_query(&args, format, conn, &error) == BS_OK ? CLI_OK : cli_failed(command, &error);
}

const struct cli_command q_command = {
    .name = "q",
    .arguments = "QUERY [ARG...]",
    .summary = "runs one query",
    .description =
        "QUERY is Datalog, as a vector or a map; ARGs are EDN, for the inputs after $.\n"
        "\n"
        "    bandstand q --db music '[:find ?name (count ?r)\n"
        "                             :where [?c :country/name ?name] [?r :release/country ?c]]'\n"
        "    bandstand q --db music '[:find ?a . :in $ ?n :where [?a :artist/name ?n]]' "
        "'\"The Beatles\"'\n"
        "    bandstand q --db music --as-of '#inst \"2020\"' --format csv '[:find ...]'\n"
        "\n"
        "edn is the whole result as one value on one line, json the same as one JSON value\n"
        "(keywords as strings), csv a row a line under a header, table for reading.",
    .run = run_q,
};
