/* All of a place's value against all of its model. */

#include "script_run.h"

static uint64_t some_t(struct script_run *run, size_t salt)
{
    const struct model *model = &script_here(run)->model;
    if (model->moments_count == 0)
        return DATOM_FIRST_USER_T;
    return model->moments[(run->step * 7 + salt * 13) % model->moments_count].t;
}

/* So many points in time, in four views each. */
static bool compare_moments(struct script_run *run, struct datom_db *db, size_t moments)
{
    const struct script_place *place = script_here(run);
    size_t step = place->model.moments_count / moments + 1;
    for (size_t i = run->step % step; i < place->model.moments_count; i += step) {
        uint64_t t = place->model.moments[i].t;
        const struct model_view views[] = {
            {.as_of = t},
            {.as_of = UINT64_MAX, .since = t},
            {.as_of = t, .since = some_t(run, i)},
            {.as_of = t, .since = some_t(run, i), .history = true},
        };
        for (size_t j = 0; j < BS_ARRAY_COUNT(views); j++) {
            if (!script_compare_view(db, &place->model, &views[j], run->difference))
                return false;
        }
    }
    return true;
}

/* The value that has reached the newest t is there already. */
static bool compare_sync(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = NULL;
    const struct script_place *place = script_here(run);
    if (datom_conn_sync(place->conn, place->model.t, NULL, &db, &error) != BS_OK)
        return script_impossible(run, "sync", &error);
    return datom_db_basis_t(db) == place->model.t ||
           script_differs(run->difference, SCRIPT_LOOKUP, "a sync gives t %llu",
                          (unsigned long long)datom_db_basis_t(db));
}

bool script_compare_everything(struct script_run *run, size_t moments)
{
    const struct script_place *place = script_here(run);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(place->conn);
    const struct model_view views[] = {
        {.as_of = UINT64_MAX},
        {.as_of = UINT64_MAX, .history = true},
        {.as_of = some_t(run, 1)},
        {.as_of = UINT64_MAX, .since = some_t(run, 2)},
        {.as_of = some_t(run, 3), .since = some_t(run, 4), .history = true},
    };
    size_t other = 1 + run->step % (BS_ARRAY_COUNT(views) - 1);
    return script_compare_view(db, &place->model, &views[0], run->difference) &&
           script_compare_counts(db, &place->model, run->difference) &&
           script_compare_facts(db, &place->model, run->difference) && compare_sync(run) &&
           script_compare_view(db, &place->model, &views[moments > 0 ? 1 : other],
                               run->difference) &&
           (moments == 0 || (compare_moments(run, db, moments) &&
                             script_compare_log(db, &place->model, run->difference)));
}
