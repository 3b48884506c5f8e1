/* What happens to a store in a folder beside transactions. See script_run.h. */

#include "script_run.h"

#include "datom/backup.h"
#include "datom/rebuild.h"

/* The place's store as it is opened again. */
static bool open_again(struct script_run *run, size_t moments)
{
    struct script_place *place = script_here(run);
    if (!script_open(run, place))
        return false;
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(place->conn);
    return script_compare_everything(run, moments) && script_compare_check(db, run->difference);
}

bool script_reopen(struct script_run *run)
{
    struct script_place *place = script_here(run);
    if (place->store == 0)
        return true;
    script_count_step(run->totals, "reopen");
    script_print_remark(run, "the store is closed and opened");
    script_close(run, place);
    return open_again(run, 0);
}

bool script_rebuild(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_check_report report;
    struct script_place *place = script_here(run);
    char dir[SCRIPT_DIR_MAX];
    if (place->store == 0)
        return true;
    script_count_step(run->totals, "rebuild");
    script_print_remark(run, "the store is closed, made anew from its log, and opened");
    script_close(run, place);
    script_store_dir(run, place->store, dir);
    if (datom_rebuild(bs_str_from(dir), &report, &error) != BS_OK)
        return script_impossible(run, "rebuild", &error);
    return open_again(run, SCRIPT_SOME_MOMENTS);
}

/* A backup is made beside the open store; what goes on is the store that it gives. */
bool script_restore(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report;
    struct script_place *place = script_here(run);
    char dir[SCRIPT_DIR_MAX], backup[SCRIPT_DIR_MAX + 8];
    if (place->store == 0)
        return true;
    script_count_step(run->totals, "restore");
    script_print_remark(run, "the store is backed up, closed, and gone on with as restored");
    script_store_dir(run, place->store, dir);
    snprintf(backup, sizeof(backup), "%s.backup", dir);
    if (datom_backup(bs_str_from(dir), bs_str_from(backup), NULL, &report, &error) != BS_OK)
        return script_impossible(run, "backup", &error);
    script_close(run, place);
    place->store = ++run->stores_count;
    script_store_dir(run, place->store, dir);
    if (datom_backup_restore(bs_str_from(backup), bs_str_from(dir), NULL, &report, &error) != BS_OK)
        return script_impossible(run, "restore", &error);
    return open_again(run, SCRIPT_SOME_MOMENTS);
}

/* Another process's view of the store, which follows the one that writes. */
bool script_follow(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    static const struct model_view now = {.as_of = UINT64_MAX};
    static const struct model_view past = {.as_of = UINT64_MAX, .history = true};
    char dir[SCRIPT_DIR_MAX];
    if (!run->options->on_disk || run->depth > 0)
        return true;
    script_count_step(run->totals, "follow");
    script_print_remark(run, "the store is read as another process does");
    script_store_dir(run, run->places[0].store, dir);
    if (!run->follower &&
        datom_conn_open(bs_str_from(dir), &(struct datom_options){.read_only = true},
                        &run->follower, &error) != BS_OK)
        return script_impossible(run, "open read-only", &error);
    if (datom_conn_catch_up(run->follower, &error) != BS_OK)
        return script_impossible(run, "catch up", &error);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(run->follower);
    const struct model *model = &run->places[0].model;
    return script_compare_view(db, model, &now, run->difference) &&
           script_compare_view(db, model, &past, run->difference) &&
           script_compare_counts(db, model, run->difference);
}
