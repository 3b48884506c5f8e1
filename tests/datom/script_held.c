/* Values that are kept while the store goes on: they stay what they were. */

#include "script_run.h"

#include "datom/conn.h"

bool script_compare_held(struct script_run *run)
{
    struct model_view view = {.as_of = UINT64_MAX};
    if (run->options->on_disk)
        datom_store_expire_older(run->places[0].conn->store, 0);
    for (size_t i = 0; i < SCRIPT_HELD_MAX; i++) {
        struct datom_db *db = run->held[i].db;
        struct model then = run->held[i].model;
        if (!db)
            continue;
        if (run->options->on_disk) {
            then.lives = run->places[0].model.lives;
            then.count = run->places[0].model.count;
            view.as_of = datom_db_basis_t(db);
            /* the view is the model's; the value has none */
        }
        if (!script_compare_view(db, &then, &view, run->difference)) {
            run->difference->kind = SCRIPT_HELD;
            return false;
        }
    }
    return true;
}

static bool has_store(const struct script_run *run)
{
    bool has = false;
    for (size_t i = 0; i <= run->depth; i++)
        has = has || run->places[i].store > 0;
    return has;
}

bool script_hold(struct script_run *run)
{
    /* what a fork of a store on disk has is not in the store's past */
    if (run->depth > 0 && has_store(run))
        return true;
    script_count_step(run->totals, "hold");
    script_print_remark(run, "the value is held");
    size_t i = run->held_count++ % SCRIPT_HELD_MAX;
    datom_db_unref(run->held[i].db);
    model_fini(&run->held[i].model);
    run->held[i].db = datom_conn_db(script_here(run)->conn);
    run->held[i].model = model_dup(&script_here(run)->model);
    return true;
}

bool script_expire(struct script_run *run)
{
    script_count_step(run->totals, "expire");
    script_print_remark(run, "held values lose what they pin");
    return script_compare_held(run);
}
