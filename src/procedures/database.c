/*
 * datom.v1.DatabaseService: the store's functions with EDN text in and out. Only operators come
 * here, by the access rules; what they may do is what the shell may.
 */

#include "procedures/internal.h"
#include "query/query.h"

#define DEFAULT_DATOMS 1000
#define DEFAULT_TRANSACTIONS 100

/* ---- finding ---- */

static void unref_db(void *db)
{
    datom_db_unref((struct datom_db *)db);
}

static struct datom_db *keep(struct universe *u, struct datom_db *db)
{
    bs_arena_add_cleanup(u->arena, unref_db, db);
    return db;
}

static enum bs_code read_form(struct universe *u, const char *field, const char *text,
                              struct edn *ret_form, struct bs_error *error)
{
    enum bs_code code = edn_read(bs_str_from(text), u->arena, ret_form, error);
    if (code != BS_OK)
        bs_error_prefix(error, "%s: ", field);
    return code;
}

static enum bs_code read_forms(struct universe *u, const char *field, char **texts, size_t count,
                               struct edn **ret_forms, struct bs_error *error)
{
    *ret_forms = bs_arena_new_array(u->arena, count, struct edn);
    for (size_t i = 0; i < count; i++)
        BS_TRY(read_form(u, field, texts[i], &(*ret_forms)[i], error));
    return BS_OK;
}

static enum bs_code read_point(struct universe *u, const char *field, const char *text,
                               uint64_t *ret_t, struct bs_error *error)
{
    struct edn point;
    BS_TRY(read_form(u, field, text, &point, error));
    return datom_db_resolve_t(u->db, point, ret_t, error);
}

/* The value that a request is about. */
static enum bs_code find_view(struct universe *u, const Datom__V1__View *view,
                              struct datom_db **ret_db, struct bs_error *error)
{
    struct datom_db *db = u->db;
    uint64_t t;
    if (view && *view->as_of) {
        BS_TRY(read_point(u, "view.asOf", view->as_of, &t, error));
        db = keep(u, datom_db_as_of(db, t));
    }
    if (view && *view->since) {
        BS_TRY(read_point(u, "view.since", view->since, &t, error));
        db = keep(u, datom_db_since(db, t));
    }
    if (view && view->history)
        db = keep(u, datom_db_history(db));
    *ret_db = db;
    return BS_OK;
}

/* ---- for clients ---- */

/* The value's text in the call's arena; LIMIT when there is no room for it. */
static enum bs_code cl_value(struct universe *u, struct edn value, char **ret_text,
                             struct bs_error *error)
{
    size_t room = bs_arena_max_bytes(u->arena) - bs_arena_used_bytes(u->arena);
    BS_CLEANUP(bs_buf_fini) struct bs_buf text = BS_BUF_INIT(BS_MIN(room, SIZE_MAX / 8) + 1);
    edn_print(value, &text);
    /* its end, and what aligns it */
    size_t size = text.overflowed ? room + 1 : text.len + 32;
    BS_TRY(bs_arena_check(u->arena, size, "the answer", error));
    *ret_text = cl_text(u->arena, bs_str_make(text.ptr, text.len));
    return BS_OK;
}

/* Texts, growing in the call's arena; what they are printed from is in one of its own. */
struct texts {
    struct bs_arena *scratch;
    char **items;
    size_t count, capacity;
};

static enum bs_code add_text(struct universe *u, struct texts *texts, struct edn value,
                             struct bs_error *error)
{
    if (texts->count == texts->capacity) {
        size_t capacity = texts->capacity ? 2 * texts->capacity : 64;
        BS_TRY(bs_arena_check(u->arena, capacity * sizeof(char *) + 32, "the answer", error));
        char **grown = bs_arena_new_array(u->arena, capacity, char *);
        for (size_t i = 0; i < texts->count; i++)
            grown[i] = texts->items[i];
        texts->items = grown;
        texts->capacity = capacity;
    }
    BS_TRY(cl_value(u, value, &texts->items[texts->count], error));
    texts->count++;
    bs_arena_reset(texts->scratch);
    return BS_OK;
}

static enum bs_code cl_report(struct universe *u, const struct datom_report *report,
                              char **ret_text, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *scratch = bs_arena_new(0);
    return cl_value(u, query_report_value(report, scratch), ret_text, error);
}

/* ---- procedures ---- */

static enum bs_code transact(struct universe *u, const Datom__V1__TransactRequest *request,
                             Datom__V1__TransactResponse *response, struct bs_error *error)
{
    const struct datom_report *report;
    struct universe_tx tx;
    struct edn forms;
    char text[120];
    BS_TRY(read_form(u, "txData", request->tx_data, &forms, error));
    if (!edn_is_sequential(forms))
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "%s is no tx-data: expected a vector of forms",
                            edn_print_cut(forms, text, sizeof(text)));
    universe_tx_init(&tx, u);
    for (uint32_t i = 0; i < forms.len; i++)
        edn_list_add(&tx.forms, forms.as.items[i]);
    BS_TRY(universe_transact_report(u, &tx, &report, error));
    response->t = (int64_t)report->t;
    enum bs_code code = cl_report(u, report, &response->report, error);
    if (code != BS_OK)
        bs_error_prefix(error, "transaction %llu is done, and its report is too large: ",
                        (unsigned long long)report->t);
    return code;
}

static enum bs_code with(struct universe *u, const Datom__V1__WithRequest *request,
                         Datom__V1__WithResponse *response, struct bs_error *error)
{
    BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
    struct bs_clock_fixed now = {.now_ms = u->now_ms};
    const struct bs_clock clock = bs_clock_of_fixed(&now);
    struct datom_db *db;
    struct edn forms;
    BS_TRY(find_view(u, request->view, &db, error));
    BS_TRY(read_form(u, "txData", request->tx_data, &forms, error));
    BS_TRY(datom_with(db, forms, &clock, &report, error));
    return cl_report(u, report, &response->report, error);
}

static enum bs_code query(struct universe *u, const Datom__V1__QueryRequest *request,
                          Datom__V1__QueryResponse *response, struct bs_error *error)
{
    const struct query_options options = {.interrupt = u->interrupt};
    struct datom_db *db;
    struct edn *given;
    struct edn result;
    BS_TRY(find_view(u, request->view, &db, error));
    BS_TRY(read_forms(u, "inputs", request->inputs, request->n_inputs, &given, error));
    struct edn *inputs = bs_arena_new_array(u->arena, request->n_inputs + 1, struct edn);
    inputs[0] = edn_object_value(datom_db_object(db));
    for (size_t i = 0; i < request->n_inputs; i++)
        inputs[i + 1] = given[i];
    BS_TRY(query_run_text(bs_str_from(request->query), inputs, request->n_inputs + 1, &options,
                          u->arena, &result, error));
    return cl_value(u, result, &response->result, error);
}

static enum bs_code pull_all(struct universe *u, struct datom_db *db,
                             const struct query_pattern *pattern,
                             const Datom__V1__PullRequest *request,
                             Datom__V1__PullResponse *response, struct bs_error *error)
{
    const struct query_options options = {.interrupt = u->interrupt};
    struct edn *ids;
    BS_TRY(read_forms(u, "ids", request->ids, request->n_ids, &ids, error));
    response->results = bs_arena_new_array(u->arena, request->n_ids, char *);
    for (size_t i = 0; i < request->n_ids; i++) {
        struct edn value;
        BS_TRY(query_pull(db, pattern, ids[i], &options, u->arena, &value, error));
        BS_TRY(cl_value(u, value, &response->results[i], error));
    }
    response->n_results = request->n_ids;
    return BS_OK;
}

static enum bs_code pull(struct universe *u, const Datom__V1__PullRequest *request,
                         Datom__V1__PullResponse *response, struct bs_error *error)
{
    struct query_pattern *pattern;
    struct datom_db *db;
    struct edn form;
    BS_TRY(find_view(u, request->view, &db, error));
    BS_TRY(read_form(u, "pattern", request->pattern, &form, error));
    BS_TRY(query_pattern_parse(form, &pattern, error));
    enum bs_code code = pull_all(u, db, pattern, request, response, error);
    query_pattern_free(pattern);
    return code;
}

static enum bs_code datoms(struct universe *u, const Datom__V1__DatomsRequest *request,
                           Datom__V1__DatomsResponse *response, struct bs_error *error)
{
    BS_CLEANUP(datom_cursor_freep) struct datom_cursor *cursor = NULL;
    BS_CLEANUP(bs_arena_freep) struct bs_arena *scratch = bs_arena_new(0);
    size_t limit = request->limit > 0 ? (size_t)request->limit : DEFAULT_DATOMS;
    struct texts texts = {.scratch = scratch};
    struct datom_range range;
    enum datom_index index;
    const struct datom *batch;
    struct datom_db *db;
    struct edn *components;
    size_t count;
    BS_TRY(find_view(u, request->view, &db, error));
    BS_TRY(query_index_of(bs_str_from(request->index), &index, error));
    BS_TRY(read_forms(u, "components", request->components, request->n_components, &components,
                      error));
    BS_TRY(query_range_of(db, index, components, request->n_components, u->arena, &range, error));
    BS_TRY(datom_cursor_open(db, &range, &cursor, error));
    do {
        BS_TRY(bs_interrupt_check(u->interrupt, error));
        BS_TRY(datom_cursor_next(cursor, &batch, &count, error));
        size_t taken = BS_MIN(count, limit - texts.count);
        for (size_t i = 0; i < taken; i++)
            BS_TRY(add_text(u, &texts, query_datom_value(db, &batch[i], scratch), error));
        response->more = taken < count;
    } while (count > 0 && !response->more);
    response->datoms = texts.items;
    response->n_datoms = texts.count;
    return BS_OK;
}

static enum bs_code read_bound(struct universe *u, const char *field, const char *text,
                               uint64_t open, uint64_t *ret_t, struct bs_error *error)
{
    struct edn bound;
    *ret_t = open;
    if (!*text)
        return BS_OK;
    BS_TRY(read_form(u, field, text, &bound, error));
    return datom_log_resolve_bound(u->db, bound, ret_t, error);
}

static enum bs_code read_log(struct universe *u, struct datom_log_reader *reader, size_t limit,
                             Datom__V1__TxRangeResponse *response, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *scratch = bs_arena_new(0);
    struct datom_log_entry entry;
    struct texts texts = {.scratch = scratch};
    bool found;
    for (;;) {
        BS_TRY(bs_interrupt_check(u->interrupt, error));
        BS_TRY(datom_log_next(reader, &entry, &found, error));
        response->more = found && texts.count == limit;
        if (!found || texts.count == limit)
            break;
        BS_TRY(add_text(u, &texts, query_log_entry_value(u->db, &entry, scratch), error));
    }
    response->transactions = texts.items;
    response->n_transactions = texts.count;
    return BS_OK;
}

static enum bs_code tx_range(struct universe *u, const Datom__V1__TxRangeRequest *request,
                             Datom__V1__TxRangeResponse *response, struct bs_error *error)
{
    size_t limit = request->limit > 0 ? (size_t)request->limit : DEFAULT_TRANSACTIONS;
    struct datom_log_reader *reader;
    uint64_t start, end;
    BS_TRY(read_bound(u, "start", request->start, 0, &start, error));
    BS_TRY(read_bound(u, "end", request->end, UINT64_MAX, &end, error));
    BS_TRY(datom_log_open(u->db, start, end, &reader, error));
    enum bs_code code = read_log(u, reader, limit, response, error);
    datom_log_close(reader);
    return code;
}

const struct datom__v1__database_service__server procedures_database = {
    .transact = transact,
    .with = with,
    .query = query,
    .pull = pull,
    .datoms = datoms,
    .tx_range = tx_range,
};
