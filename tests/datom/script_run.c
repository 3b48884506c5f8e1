/*
 * Running scripts: each step is done to a store and to the model, then both are compared. Forks
 * stand on a stack, each with its own model; the lowest place is the store itself.
 */

#include "script_run.h"

#define FULL_EVERY 16

/* Steps that follow each other closely have one instant. */
#define STEPS_AN_INSTANT 3
#define FIRST_INSTANT_MS 1600000000000

/* ---- forms with ids in them ---- */

static struct edn id_of_number(struct script_run *run, const struct model *model, struct edn number)
{
    const struct model_attribute *attribute = model_attribute_named(model, EDN_KEYWORD_LIT("m/id"));
    datom_id id = attribute ? model_last_holder(model, attribute->id, number) : DATOM_NO_ID;
    if (id != DATOM_NO_ID)
        return edn_long((int64_t)id);
    struct edn items[2] = {EDN_KEYWORD_LIT("m/id"), number};
    return edn_vector_of(run->arena, items, 2);
}

/* Of an operation or an attribute; the name itself where it has none. */
static struct edn id_of_name(const struct model *model, struct edn name)
{
    datom_id id = model_operation_id(name);
    if (id == DATOM_NO_ID)
        id = model_entid(model, name);
    return id == DATOM_NO_ID ? name : edn_long((int64_t)id);
}

static struct edn point_in_time(const struct script_run *run, const struct model *model,
                                struct edn tag, uint64_t n)
{
    /* a little later than now, now, and before */
    if (edn_is_symbol(tag, "ago"))
        return edn_instant(run->clock.now_ms + 300 - 300 * (int64_t)n);
    struct model_moment moment = {.t = DATOM_FIRST_USER_T, .instant_ms = FIRST_INSTANT_MS};
    if (model->moments_count > 0)
        moment = model->moments[n % model->moments_count];
    if (edn_is_symbol(tag, "t"))
        return edn_long((int64_t)moment.t);
    return edn_is_symbol(tag, "tx") ? edn_long((int64_t)datom_t_to_tx(moment.t))
                                    : edn_instant(moment.instant_ms + (int64_t)(n % 2));
}

static struct edn value_of(struct script_run *run, const struct model *model, struct edn e,
                           struct edn a)
{
    const struct model_attribute *attribute = model_attribute_named(model, a);
    e = script_with_ids(run, model, e);
    const struct model_life *life =
        attribute && e.type == EDN_LONG
            ? model_find(model, (datom_id)e.as.integer, attribute->id, NULL)
            : NULL;
    return life ? life->v : edn_nil();
}

struct edn script_with_ids(struct script_run *run, const struct model *model, struct edn form)
{
    if (form.type == EDN_TAGGED && edn_is_symbol(form.as.items[0], "e"))
        return id_of_number(run, model, form.as.items[1]);
    if (form.type == EDN_TAGGED && edn_is_symbol(form.as.items[0], "db/id"))
        return form;
    if (form.type == EDN_TAGGED && edn_is_symbol(form.as.items[0], "v"))
        return value_of(run, model, form.as.items[1].as.items[0], form.as.items[1].as.items[1]);
    if (form.type == EDN_TAGGED && edn_is_symbol(form.as.items[0], "id"))
        return id_of_name(model, form.as.items[1]);
    if (form.type == EDN_TAGGED)
        return point_in_time(run, model, form.as.items[0], (uint64_t)form.as.items[1].as.integer);
    if (form.type != EDN_MAP && !edn_is_collection(form))
        return form;
    size_t count = (size_t)form.len * (form.type == EDN_MAP ? 2 : 1);
    struct edn *items = bs_arena_new_array(run->arena, count + 1, struct edn);
    for (size_t i = 0; i < count; i++)
        items[i] = script_with_ids(run, model, form.as.items[i]);
    form.as.items = items;
    return form;
}

/* ---- transactions ---- */

bool script_compare_outcome(struct script_run *run, const struct model_tx *tx, enum bs_code code,
                            const struct bs_error *error)
{
    bool is_expected = tx->reasons_count == 0 ? code == BS_OK : false;
    for (size_t i = 0; i < tx->reasons_count; i++)
        is_expected = is_expected || (code != BS_OK && error->reason == tx->reasons[i]);
    if (is_expected)
        return true;
    return script_differs(run->difference, SCRIPT_OUTCOME, "the store says %s, the model %s",
                          code == BS_OK ? "good" : error->message,
                          tx->reasons_count == 0 ? "good" : bs_reason_name(tx->reasons[0]));
}

/* With its instant, so that it is the same wherever it is run. */
static void print_transaction(struct script_run *run, const struct script_target *target,
                              struct edn forms)
{
    if (!run->options->print)
        return;
    struct edn_list all;
    edn_list_init(&all, run->arena);
    for (uint32_t i = 0; i < forms.len; i++)
        edn_list_add(&all, forms.as.items[i]);
    struct edn instant[] = {EDN_KEYWORD_LIT("db/add"), EDN_STRING_LIT("datomic.tx"),
                            EDN_KEYWORD_LIT("db/txInstant"), edn_instant(run->clock.now_ms)};
    edn_list_add(&all, edn_vector_of(run->arena, instant, BS_ARRAY_COUNT(instant)));
    forms = edn_list_finish(&all, EDN_VECTOR);
    script_print_form(run, target->print, &forms, target->print_end);
}

bool script_transact(struct script_run *run, const struct script_target *target, struct edn forms,
                     struct model *ret_after, struct datom_report **ret_report)
{
    struct model after = {0};
    struct model_tx tx = {
        .before = target->model, .arena = run->arena, .instant_ms = run->clock.now_ms};
    struct datom_report *report = NULL;
    struct bs_error error = BS_ERROR_INIT;
    struct bs_clock clock = bs_clock_of_fixed(&run->clock);
    forms = script_with_ids(run, target->model, forms);
    print_transaction(run, target, forms);
    if (target->view->history)
        model_tx_refuse(&tx, BS_REASON_DB_NOT_ON_HISTORY);
    else
        model_transact(&tx, forms, &after);
    enum bs_code code = target->conn ? datom_transact(target->conn, forms, NULL, &report, &error)
                                     : datom_with(target->db, forms, &clock, &report, &error);
    script_count(run->totals, forms, code == BS_OK ? BS_REASON_NONE : error.reason);
    bool agrees = script_compare_outcome(run, &tx, code, &error);
    if (agrees && code == BS_OK)
        agrees = script_compare_report(report, &tx, &after, target->view, run->difference);
    model_tx_fini(&tx);
    if (agrees && code == BS_OK) {
        *ret_after = after;
        *ret_report = report;
        return true;
    }
    model_fini(&after);
    datom_report_free(report);
    *ret_report = NULL;
    return agrees;
}

static bool transact(struct script_run *run, struct edn forms)
{
    static const struct model_view now = {.as_of = UINT64_MAX};
    struct script_place *place = script_here(run);
    struct script_target target = {
        .conn = place->conn,
        .model = &place->model,
        .view = &now,
        .print = "(transact ",
        .print_end = ")",
    };
    struct datom_report *report;
    struct model after;
    if (!script_transact(run, &target, forms, &after, &report))
        return false;
    if (report) {
        model_fini(&place->model);
        place->model = after;
    }
    datom_report_free(report);
    return true;
}

static bool do_step(struct script_run *run, struct edn step)
{
    struct edn name = step.as.items[0];
    if (edn_is_keyword(name, "transact"))
        return transact(run, step.as.items[1]);
    if (edn_is_keyword(name, "chain"))
        return script_chain(run, step.as.items[1]);
    if (edn_is_keyword(name, "fork"))
        return script_go_on_in_fork(run);
    if (edn_is_keyword(name, "branch"))
        return script_go_on_in_branch(run, (uint64_t)step.as.items[1].as.integer);
    if (edn_is_keyword(name, "back"))
        return script_go_back(run);
    if (edn_is_keyword(name, "hold"))
        return script_hold(run);
    if (edn_is_keyword(name, "reopen"))
        return script_reopen(run);
    if (edn_is_keyword(name, "rebuild"))
        return script_rebuild(run);
    if (edn_is_keyword(name, "restore"))
        return script_restore(run);
    if (edn_is_keyword(name, "follow"))
        return script_follow(run);
    if (edn_is_keyword(name, "reports"))
        return script_reports(run, (uint64_t)step.as.items[1].as.integer);
    if (edn_is_keyword(name, "load"))
        return script_load(run, step);
    if (edn_is_keyword(name, "import"))
        return script_import(run, step);
    BS_ASSERT(edn_is_keyword(name, "expire"));
    return script_expire(run);
}

static bool do_steps(struct script_run *run, struct edn script)
{
    bool is_thorough = run->options->is_thorough;
    size_t moments = is_thorough ? SIZE_MAX : 0;
    for (run->step = 0; run->step < script.len; run->step++) {
        run->clock.now_ms = FIRST_INSTANT_MS + 1000 * (int64_t)(run->step / STEPS_AN_INSTANT);
        bool is_full = is_thorough || run->step % FULL_EVERY == FULL_EVERY - 1;
        if (!do_step(run, script.as.items[run->step]) ||
            (is_full && !script_compare_everything(run, moments)))
            return false;
    }
    run->step = script.len - 1;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    return script_compare_held(run) && script_compare_everything(run, moments) &&
           script_compare_log(db, &script_here(run)->model, run->difference) &&
           script_compare_check(db, run->difference);
}

bool script_run(struct edn script, const struct script_options *options,
                struct script_totals *totals, struct script_difference *ret_difference)
{
    *ret_difference = (struct script_difference){.kind = SCRIPT_AGREES};
    struct script_run run = {
        .options = options,
        .totals = totals,
        .difference = ret_difference,
        .arena = bs_arena_new(0),
    };
    bool agrees = script.len == 0 || (script_begin(&run) && do_steps(&run, script));
    ret_difference->step = run.step;
    script_end(&run);
    return agrees;
}
