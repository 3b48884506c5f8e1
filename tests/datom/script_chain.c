/*
 * Values made of values: `with`, as-of, since, history and filters on top of each other in any
 * order, each looked at like the value of a connection.
 */

#include "script_run.h"

struct chain {
    struct script_run *run;
    struct datom_db *db;
    struct model model;
    struct model_view view;
    size_t number; /* of the value, for its name in print; 0: the connection's */
};

/* Frees the value that there was. */
static void move_to(struct chain *chain, struct datom_db *db)
{
    datom_db_unref(chain->db);
    chain->db = db;
    chain->number++;
}

static void name_of(const struct chain *chain, char ret_name[24])
{
    if (chain->number == 0)
        snprintf(ret_name, 24, "db");
    else
        snprintf(ret_name, 24, "v%zu", chain->number);
}

static void print_view(const struct chain *chain, const char *function, const char *argument)
{
    char text[100], name[24];
    name_of(chain, name);
    snprintf(text, sizeof(text), "(def v%zu (%s %s%s%s))", chain->number + 1, function, name,
             argument[0] ? " " : "", argument);
    script_print_form(chain->run, text, NULL, "");
}

/* ---- steps ---- */

static bool take_with(struct chain *chain, struct edn forms)
{
    script_count_step(chain->run->totals, "with");
    char text[60], name[24];
    name_of(chain, name);
    snprintf(text, sizeof(text), "(def v%zu (:db-after (with %s ", chain->number + 1, name);
    struct script_target target = {
        .db = chain->db,
        .model = &chain->model,
        .view = &chain->view,
        .print = text,
        .print_end = ")))",
    };
    struct datom_report *report;
    struct model after;
    if (!script_transact(chain->run, &target, forms, &after, &report))
        return false;
    if (!report)
        return true;
    model_fini(&chain->model);
    chain->model = after;
    if (after.mistake == MODEL_MISTAKE_WITH && chain->view.as_of != UINT64_MAX)
        chain->view.as_of = after.t;
    move_to(chain, datom_db_ref(report->db_after));
    datom_report_free(report);
    return true;
}

static bool is_shown(void *self, struct datom_db *db, const struct datom *datom)
{
    (void)db;
    return model_filter_passes((size_t)(uintptr_t)self, datom);
}

static void take_filter(struct chain *chain, size_t filter)
{
    static const char *const clauses[MODEL_FILTERS] = {"entities", "transactions", "additions"};
    filter %= MODEL_FILTERS;
    script_count_step(chain->run->totals, "filter");
    /* of the model's own making: the shell's filters are other ones */
    print_view(chain, "filter", clauses[filter]);
    /* a number, not a place */
    move_to(chain, datom_db_filter(chain->db, is_shown, (void *)(uintptr_t)filter, NULL));
    chain->view.filters[filter] = true;
}

static void take_view(struct chain *chain, struct edn step)
{
    struct edn name = step.as.items[0];
    char argument[24] = "";
    uint64_t t = DATOM_FIRST_USER_T;
    if (step.len > 1 && chain->model.moments_count > 0)
        t = chain->model.moments[(uint64_t)step.as.items[1].as.integer % chain->model.moments_count]
                .t;
    if (step.len > 1)
        snprintf(argument, sizeof(argument), "%llu", (unsigned long long)t);
    char counted[16];
    snprintf(counted, sizeof(counted), "%.*s", BS_STR_ARGS(edn_text_of(name)));
    script_count_step(chain->run->totals, counted);
    if (edn_is_keyword(name, "as-of")) {
        print_view(chain, "as-of", argument);
        move_to(chain, datom_db_as_of(chain->db, t));
        chain->view.as_of = BS_MIN(chain->view.as_of, t);
    } else if (edn_is_keyword(name, "since")) {
        print_view(chain, "since", argument);
        move_to(chain, datom_db_since(chain->db, t));
        chain->view.since = BS_MAX(chain->view.since, t);
    } else {
        print_view(chain, "history", argument);
        move_to(chain, datom_db_history(chain->db));
        chain->view.history = true;
    }
}

/* The moment that an as-of means in the model; false: it is before all of them. */
static bool find_moment(const struct chain *chain, size_t *ret_at)
{
    for (size_t i = chain->model.moments_count; i-- > 0;) {
        if (chain->model.moments[i].t <= chain->view.as_of) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* Goes on in a fork of the value, where it can be forked; that is the end of the chain. */
static bool take_fork(struct chain *chain)
{
    struct script_run *run = chain->run;
    const struct model_view *view = &chain->view;
    bool is_filtered = false;
    size_t at;
    for (size_t i = 0; i < MODEL_FILTERS; i++)
        is_filtered = is_filtered || view->filters[i];
    if (run->depth + 1 == SCRIPT_PLACES_MAX || !find_moment(chain, &at))
        return true;
    if (is_filtered || view->history || view->since > 0) {
        struct bs_error error = BS_ERROR_INIT;
        struct datom_conn *conn;
        if (datom_conn_fork(chain->db, NULL, &conn, &error) != BS_OK)
            return true;
        datom_conn_unref(conn);
        return script_differs(run->difference, SCRIPT_OUTCOME, "a view is forked");
    }
    script_count_step(run->totals, "fork of a value");
    if (run->options->print)
        bs_buf_printf(run->options->print, "; a fork of the value: f%zu\n", run->forks_count + 1);
    if (!script_fork_of(run, chain->db, &chain->model))
        return false;
    if (view->as_of != UINT64_MAX)
        model_take_back(&script_here(run)->model, at);
    return script_compare_everything(run, 0);
}

static bool take_step(struct chain *chain, struct edn step)
{
    struct edn name = step.as.items[0];
    if (edn_is_keyword(name, "with"))
        return take_with(chain, step.as.items[1]);
    if (edn_is_keyword(name, "filter"))
        take_filter(chain, (size_t)step.as.items[1].as.integer);
    else
        take_view(chain, step);
    return true;
}

bool script_chain(struct script_run *run, struct edn steps)
{
    struct chain chain = {
        .run = run,
        .db = datom_conn_db(script_here(run)->conn),
        .model = model_dup(&script_here(run)->model),
        .view = {.as_of = UINT64_MAX},
    };
    bool agrees = true;
    bool is_end = false;
    for (uint32_t i = 0; i < steps.len && agrees && !is_end; i++) {
        is_end = edn_is_keyword(steps.as.items[i].as.items[0], "fork");
        if (is_end)
            agrees = take_fork(&chain);
        else
            agrees = take_step(&chain, steps.as.items[i]) &&
                     script_compare_view(chain.db, &chain.model, &chain.view, run->difference) &&
                     script_compare_seen(chain.db, &chain.model, &chain.view, run->difference);
    }
    datom_db_unref(chain.db);
    model_fini(&chain.model);
    return agrees;
}
