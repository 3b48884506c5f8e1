/*
 * What happens to a store beside transactions: it is opened, forked, held, closed; and comparing
 * all of it with the model. See script_run.h.
 */

#include "script_run.h"

#include <unistd.h>

#include "datom/backup.h"
#include "datom/conn.h"
#include "datom/rebuild.h"

bool script_impossible(struct script_run *run, const char *what, const struct bs_error *error)
{
    return script_differs(run->difference, SCRIPT_IMPOSSIBLE, "%s: %s", what, error->message);
}

/* ---- opening and closing ---- */

/* A new folder after each restore. */
static void store_dir(const struct script_run *run, char ret_dir[SCRIPT_DIR_MAX])
{
    snprintf(ret_dir, SCRIPT_DIR_MAX, "%s/store%zu", run->base, run->restores_count);
}

static bool open_store(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.create = true,
                                    .no_sync = true,
                                    .clock = bs_clock_of_fixed(&run->clock),
                                    .functions = run->functions};
    char dir[SCRIPT_DIR_MAX];
    store_dir(run, dir);
    if (!run->options->on_disk)
        run->places[0].conn = datom_conn_new_memory(&options);
    else if (datom_conn_open(bs_str_from(dir), &options, &run->places[0].conn, &error) != BS_OK)
        return script_impossible(run, "open", &error);
    return true;
}

static void leave_place(struct script_run *run)
{
    struct script_place *place = script_here(run);
    datom_conn_unref(place->conn);
    model_fini(&place->model);
    *place = (struct script_place){0};
}

static void let_go(struct script_run *run)
{
    for (size_t i = 0; i < SCRIPT_HELD_MAX; i++) {
        datom_db_unref(run->held[i].db);
        model_fini(&run->held[i].model);
        run->held[i].db = NULL;
    }
    datom_conn_unref(run->follower);
    run->follower = NULL;
}

bool script_begin(struct script_run *run)
{
    if (run->options->on_disk) {
        snprintf(run->base, sizeof(run->base), "/tmp/bandstand-model-XXXXXX");
        BS_ASSERT(mkdtemp(run->base));
    }
    run->functions = script_functions();
    model_init(&run->places[0].model, run->options->mistake);
    return open_store(run);
}

void script_end(struct script_run *run)
{
    let_go(run);
    for (;; run->depth--) {
        leave_place(run);
        if (run->depth == 0)
            break;
    }
    if (run->options->on_disk) {
        char command[64];
        snprintf(command, sizeof(command), "rm -rf %s", run->base);
        BS_ASSERT(system(command) == 0);
    }
    datom_functions_unref(run->functions);
    bs_arena_free(run->arena);
}

/* ---- printing ---- */

void script_print_form(struct script_run *run, const char *before, const struct edn *form,
                       const char *after)
{
    struct bs_buf *out = run->options->print;
    if (!out)
        return;
    bool is_fork = run->depth > 0;
    if (is_fork)
        bs_buf_printf(out, "(in-fork f%zu ", script_here(run)->number);
    bs_buf_append_cstr(out, before);
    if (form)
        edn_print(*form, out);
    bs_buf_printf(out, "%s%s\n", after, is_fork ? ")" : "");
}

static void print_remark(struct script_run *run, const char *text)
{
    if (run->options->print)
        bs_buf_printf(run->options->print, "; %s\n", text);
}

/* ---- comparing everything ---- */

static uint64_t some_t(struct script_run *run, size_t salt)
{
    const struct model *model = &script_here(run)->model;
    if (model->moments_count == 0)
        return DATOM_FIRST_USER_T;
    return model->moments[(run->step * 7 + salt * 13) % model->moments_count].t;
}

/* Every point in time, in four views each. */
static bool compare_every_t(struct script_run *run, struct datom_db *db)
{
    const struct script_place *place = script_here(run);
    for (size_t i = 0; i < place->model.moments_count; i++) {
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

bool script_compare_everything(struct script_run *run, bool every_t)
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
           script_compare_view(db, &place->model, &views[every_t ? 1 : other], run->difference) &&
           (!every_t || compare_every_t(run, db));
}

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

/* ---- the other steps ---- */

bool script_fork_of(struct script_run *run, struct datom_db *db, const struct model *model)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.clock = bs_clock_of_fixed(&run->clock)};
    struct datom_conn *conn;
    if (datom_conn_fork(db, &options, &conn, &error) != BS_OK)
        return script_impossible(run, "fork", &error);
    run->places[++run->depth] = (struct script_place){
        .conn = conn,
        .model = model_dup(model),
        .number = ++run->forks_count,
    };
    return true;
}

bool script_go_on_in_fork(struct script_run *run)
{
    char text[40];
    if (run->depth + 1 == SCRIPT_PLACES_MAX)
        return true;
    snprintf(text, sizeof(text), "(def f%zu (fork))", run->forks_count + 1);
    script_print_form(run, text, NULL, "");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    return script_fork_of(run, db, &script_here(run)->model);
}

/* A fork of the past: what came after is taken back, and its ids are issued again. */
bool script_go_on_in_branch(struct script_run *run, uint64_t number)
{
    char text[60];
    const struct model *model = &script_here(run)->model;
    if (run->depth + 1 == SCRIPT_PLACES_MAX || model->moments_count == 0)
        return true;
    size_t at = (size_t)(number % model->moments_count);
    uint64_t t = model->moments[at].t;
    snprintf(text, sizeof(text), "(def f%zu (fork %llu))", run->forks_count + 1,
             (unsigned long long)t);
    script_print_form(run, text, NULL, "");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *past = datom_db_as_of(db, t);
    if (!script_fork_of(run, past, model))
        return false;
    model_take_back(&script_here(run)->model, at);
    return script_compare_everything(run, false);
}

bool script_go_back(struct script_run *run)
{
    if (run->depth == 0)
        return true;
    leave_place(run);
    run->depth--;
    return script_compare_everything(run, false);
}

bool script_hold(struct script_run *run)
{
    /* what a fork of a store on disk has is not in the store's past */
    if (run->options->on_disk && run->depth > 0)
        return true;
    print_remark(run, "the value is held");
    size_t i = run->held_count++ % SCRIPT_HELD_MAX;
    datom_db_unref(run->held[i].db);
    model_fini(&run->held[i].model);
    run->held[i].db = datom_conn_db(script_here(run)->conn);
    run->held[i].model = model_dup(&script_here(run)->model);
    return true;
}

static void close_store(struct script_run *run)
{
    let_go(run);
    datom_conn_unref(run->places[0].conn);
    run->places[0].conn = NULL;
}

bool script_reopen(struct script_run *run)
{
    if (!run->options->on_disk || run->depth > 0)
        return true;
    print_remark(run, "the store is closed and opened");
    close_store(run);
    return open_store(run) && script_compare_everything(run, false);
}

bool script_rebuild(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_check_report report;
    char dir[SCRIPT_DIR_MAX];
    if (!run->options->on_disk || run->depth > 0)
        return true;
    print_remark(run, "the store is closed, made anew from its log, and opened");
    close_store(run);
    store_dir(run, dir);
    if (datom_rebuild(bs_str_from(dir), &report, &error) != BS_OK)
        return script_impossible(run, "rebuild", &error);
    return open_store(run) && script_compare_everything(run, true);
}

/* A backup is made beside the open store; what goes on is the store that it gives. */
bool script_restore(struct script_run *run)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_backup_report report;
    char dir[SCRIPT_DIR_MAX], backup[SCRIPT_DIR_MAX];
    if (!run->options->on_disk || run->depth > 0)
        return true;
    print_remark(run, "the store is backed up, closed, and gone on with as restored");
    store_dir(run, dir);
    snprintf(backup, sizeof(backup), "%s/backup%zu", run->base, run->restores_count);
    if (datom_backup(bs_str_from(dir), bs_str_from(backup), NULL, &report, &error) != BS_OK)
        return script_impossible(run, "backup", &error);
    close_store(run);
    run->restores_count++;
    store_dir(run, dir);
    if (datom_backup_restore(bs_str_from(backup), bs_str_from(dir), NULL, &report, &error) != BS_OK)
        return script_impossible(run, "restore", &error);
    return open_store(run) && script_compare_everything(run, true);
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
    print_remark(run, "the store is read as another process does");
    store_dir(run, dir);
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

bool script_expire(struct script_run *run)
{
    print_remark(run, "held values lose what they pin");
    return script_compare_held(run);
}
