/*
 * What a store says in the order of time, against the model: its log, and the reports that a
 * subscription gives.
 */

#include "script_run.h"

#include "datom/bootstrap.h"

/* ---- one transaction ---- */

/* Whether the log has it of a life. What was forgotten is in the log. */
static bool is_said(const struct model_life *life, uint64_t t, bool added)
{
    return added ? life->t_added == t : life->t_retracted == t && !life->is_unsaid;
}

static size_t count_said(const struct model *model, uint64_t t)
{
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++)
        count += (size_t)is_said(&model->lives[i], t, true) + is_said(&model->lives[i], t, false);
    return count;
}

static bool has_said(const struct model *model, const struct datom *datom)
{
    uint64_t t = datom_tx_to_t(datom->tx);
    for (size_t i = 0; i < model->count; i++) {
        const struct model_life *life = &model->lives[i];
        if (life->e == datom->e && life->a == datom->a && is_said(life, t, datom->added) &&
            edn_equal(life->v, datom->v))
            return true;
    }
    return false;
}

/* The datoms of a transaction, in any order; its instant is one of them. */
static bool compare_transaction(const struct datom *datoms, size_t count, const struct model *model,
                                const struct model_moment *moment,
                                struct script_difference *difference)
{
    char v[80];
    size_t instants = 0;
    unsigned long long t = moment->t;
    for (size_t i = 0; i < count; i++) {
        const struct datom *datom = &datoms[i];
        edn_print_cut(datom->v, v, sizeof(v));
        bool is_instant = datom->a == DATOM_DB_TX_INSTANT;
        instants += is_instant;
        bool agrees = is_instant ? datom->e == datom_t_to_tx(moment->t) && datom->added &&
                                       datom->v.as.integer == moment->instant_ms
                                 : has_said(model, datom);
        if (!agrees || datom->tx != datom_t_to_tx(moment->t))
            return script_differs(difference, SCRIPT_LOG, "t %llu: only the log has [%llu %llu %s]",
                                  t, (unsigned long long)datom->e, (unsigned long long)datom->a, v);
    }
    size_t should = count_said(model, moment->t);
    if (instants != 1 || count - instants != should)
        return script_differs(
            difference, SCRIPT_LOG,
            "t %llu: the log has %zu datoms and %zu instants, the model %zu and 1", t,
            count - instants, instants, should);
    return true;
}

/* ---- the log ---- */

/* From one moment up to another, which is not in it. */
static bool compare_range(struct datom_db *db, const struct model *model, size_t from, size_t to,
                          struct script_difference *difference)
{
    uint64_t start = from > 0 ? model->moments[from].t : DATOM_FIRST_USER_T;
    uint64_t end = to < model->moments_count ? model->moments[to].t : UINT64_MAX;
    struct datom_log_reader *reader;
    bool agrees = true, found = true;
    if (datom_log_open(db, start, end, &reader, NULL) != BS_OK)
        return script_differs(difference, SCRIPT_IMPOSSIBLE, "the log can't be opened");
    for (size_t at = from; agrees && found; at++) {
        struct datom_log_entry entry;
        if (datom_log_next(reader, &entry, &found, NULL) != BS_OK)
            agrees = script_differs(difference, SCRIPT_IMPOSSIBLE, "the log can't be read");
        else if (found != (at < to) || (found && entry.t != model->moments[at].t))
            agrees = script_differs(
                difference, SCRIPT_LOG, "the log from %llu on %s, at transaction %zu of the model",
                (unsigned long long)start, found ? "has another transaction" : "ends", at);
        else if (found)
            agrees = compare_transaction(entry.datoms, entry.count, model, &model->moments[at],
                                         difference);
    }
    datom_log_close(reader);
    return agrees;
}

bool script_compare_log(struct datom_db *db, const struct model *model,
                        struct script_difference *difference)
{
    size_t count = model->moments_count;
    return compare_range(db, model, 0, count, difference) &&
           compare_range(db, model, count / 3, count / 3 + count / 2, difference);
}

/* ---- reports ---- */

static bool compare_report(struct script_run *run, const struct datom_report *report, size_t at)
{
    const struct model *model = &script_here(run)->model;
    uint64_t t = at < model->moments_count ? model->moments[at].t : 0;
    uint64_t before = at > 0 ? model->moments[at - 1].t : DATOM_BOOT_T;
    struct model_view then = {.as_of = t};
    if (report->t != t)
        return script_differs(run->difference, SCRIPT_LOG,
                              "a report of t %llu comes instead of %llu",
                              (unsigned long long)report->t, (unsigned long long)t);
    if (!compare_transaction(report->datoms, report->datoms_count, model, &model->moments[at],
                             run->difference))
        return false;
    if (at % 4 != 0)
        return true;
    struct model_view earlier = {.as_of = before};
    return script_compare_index(report->db_after, model, DATOM_EAVT, &then, DATOM_NO_ID,
                                run->difference) &&
           script_compare_index(report->db_before, model, DATOM_EAVT, &earlier, DATOM_NO_ID,
                                run->difference);
}

bool script_reports(struct script_run *run, uint64_t number)
{
    struct script_place *place = script_here(run);
    const struct model *model = &place->model;
    bool agrees = true;
    if (!place->subscription && place->next_t > 0) {
        place->subscription = datom_subscribe(place->conn, place->next_t);
    } else if (!place->subscription) {
        place->reported = model->moments_count > 0 ? number % model->moments_count : 0;
        uint64_t t = model->moments_count > 0 ? model->moments[place->reported].t : model->next_t;
        place->subscription = datom_subscribe(place->conn, t);
    }
    script_count_step(run->totals, "reports");
    script_print_remark(run, "reports are taken");
    while (agrees) {
        struct bs_error error = BS_ERROR_INIT;
        BS_CLEANUP(datom_report_freep) struct datom_report *report = NULL;
        if (datom_subscription_try(place->subscription, &report, &error) != BS_OK)
            return script_impossible(run, "the next report", &error);
        if (!report)
            break;
        agrees = compare_report(run, report, place->reported++);
    }
    if (agrees && place->reported != model->moments_count)
        return script_differs(run->difference, SCRIPT_LOG, "%zu reports came of %zu",
                              place->reported, model->moments_count);
    return agrees;
}
