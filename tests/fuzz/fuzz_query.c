/*
 * EDN as a query and as a pull pattern. What parses says how many inputs and columns it has, runs
 * over a small store with a result or an error that is no bug.
 */

#include <stddef.h>
#include <stdint.h>

#include "query/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUTS_MAX 8

static struct datom_conn *store(void)
{
    static struct datom_conn *conn;
    struct bs_error error;
    if (conn != NULL)
        return conn;
    conn = datom_conn_new_memory(NULL);
    BS_ASSERT(datom_transact_text(
                  conn,
                  BS_STR("[{:db/ident :a/name :db/valueType :db.type/string"
                         "  :db/cardinality :db.cardinality/one :db/unique :db.unique/identity}"
                         " {:db/ident :a/ref :db/valueType :db.type/ref"
                         "  :db/cardinality :db.cardinality/many}"
                         " {:db/ident :a/age :db/valueType :db.type/long"
                         "  :db/cardinality :db.cardinality/one}]"),
                  NULL, NULL, &error) == BS_OK);
    BS_ASSERT(datom_transact_text(conn,
                                  BS_STR("[{:db/id \"x\" :a/name \"x\" :a/age 1 :a/ref \"y\"}"
                                         " {:db/id \"y\" :a/name \"y\" :a/age 2 :a/ref \"x\"}]"),
                                  NULL, NULL, &error) == BS_OK);
    return conn;
}

static void run_query(const struct query *query, struct datom_db *db, struct edn spare,
                      struct bs_arena *arena)
{
    struct edn inputs[INPUTS_MAX];
    struct bs_interrupt interrupt = {.deadline = bs_deadline_after_ns(INT64_C(20) * 1000 * 1000)};
    struct query_options options = {.interrupt = &interrupt, .budget_bytes = 4u * 1024 * 1024};
    struct bs_error error;
    struct edn result;
    size_t count = query_inputs_count(query);
    for (size_t i = 0; i < query_columns_count(query); i++)
        (void)query_column(query, i);
    if (count > INPUTS_MAX)
        return;
    for (size_t i = 0; i < count; i++)
        inputs[i] = i == 0 ? edn_object_value(datom_db_object(db)) : spare;
    if (query_run(query, inputs, count, &options, arena, &result, &error) != BS_OK)
        BS_ASSERT(error.code != BS_INTERNAL && error.message[0] != '\0');
}

static void check(struct edn form, struct bs_arena *arena)
{
    struct bs_error error;
    struct query *query = NULL;
    struct query_pattern *pattern = NULL;
    struct datom_db *db = datom_conn_db(store());
    /* (query input): what the second and later inputs are */
    struct edn spare = edn_nil();
    if (form.type == EDN_LIST && form.len == 2) {
        spare = form.as.items[1];
        form = form.as.items[0];
    }
    if (query_parse(form, &query, &error) == BS_OK)
        run_query(query, db, spare, arena);
    query_free(query);
    if (query_pattern_parse(form, &pattern, &error) == BS_OK) {
        struct query_options options = {.budget_bytes = 4u * 1024 * 1024};
        struct edn result;
        if (query_pull(db, pattern,
                       edn_vector_of(arena,
                                     (struct edn[]){EDN_KEYWORD_LIT("a/name"), EDN_STRING_LIT("x")},
                                     2),
                       &options, arena, &result, &error) == BS_OK)
            BS_ASSERT(result.type == EDN_MAP || result.type == EDN_NIL);
    }
    query_pattern_free(pattern);
    datom_db_unref(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(64u * 1024 * 1024);
    struct edn form;
    struct bs_error error;
    if (size <= 8192 &&
        edn_read(bs_str_make((const char *)data, size), arena, &form, &error) == BS_OK)
        check(form, arena);
    bs_arena_free(arena);
    return 0;
}
