/*
 * Where scripts go on: a store in memory or on disk, its forks, and forks of those; how a place is
 * opened and left. See script_run.h.
 */

#include "script_run.h"

#include <stdlib.h>

#include "datom/folder.h"

bool script_impossible(struct script_run *run, const char *what, const struct bs_error *error)
{
    return script_differs(run->difference, SCRIPT_IMPOSSIBLE, "%s: %s", what, error->message);
}

/* ---- opening and closing ---- */

void script_store_dir(struct script_run *run, size_t store, char ret_dir[SCRIPT_DIR_MAX])
{
    if (!run->base)
        BS_ASSERT(datom_folder_make_temporary(&run->base, NULL) == BS_OK);
    int len = snprintf(ret_dir, SCRIPT_DIR_MAX, "%s/store%zu", run->base, store);
    BS_ASSERT(len < SCRIPT_DIR_MAX);
}

bool script_open(struct script_run *run, struct script_place *place)
{
    struct bs_error error = BS_ERROR_INIT;
    struct datom_options options = {.create = true,
                                    .no_sync = true,
                                    .clock = bs_clock_of_fixed(&run->clock),
                                    .functions = run->functions};
    char dir[SCRIPT_DIR_MAX];
    if (place->store == 0) {
        place->conn = datom_conn_new_memory(&options);
        return true;
    }
    script_store_dir(run, place->store, dir);
    if (datom_conn_open(bs_str_from(dir), &options, &place->conn, &error) != BS_OK)
        return script_impossible(run, "open", &error);
    return true;
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

void script_close(struct script_run *run, struct script_place *place)
{
    if (place == &run->places[0])
        let_go(run);
    if (place->subscription)
        place->next_t = datom_subscription_next_t(place->subscription);
    datom_subscription_close(place->subscription);
    datom_conn_unref(place->conn);
    place->subscription = NULL;
    place->conn = NULL;
}

static void leave_place(struct script_run *run)
{
    struct script_place *place = script_here(run);
    script_close(run, place);
    model_fini(&place->model);
    *place = (struct script_place){0};
}

bool script_begin(struct script_run *run)
{
    if (run->options->on_disk)
        run->places[0].store = ++run->stores_count;
    run->functions = script_functions();
    model_init(&run->places[0].model, run->options->mistake);
    return script_open(run, &run->places[0]);
}

void script_end(struct script_run *run)
{
    for (;; run->depth--) {
        leave_place(run);
        if (run->depth == 0)
            break;
    }
    if (run->base) {
        char command[SCRIPT_DIR_MAX + 16];
        snprintf(command, sizeof(command), "rm -rf '%s'", run->base);
        BS_ASSERT(system(command) == 0);
        free(run->base);
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

void script_print_remark(struct script_run *run, const char *text)
{
    if (run->options->print)
        bs_buf_printf(run->options->print, "; %s\n", text);
}

/* ---- forks ---- */

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
    script_count_step(run->totals, "fork");
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
    script_count_step(run->totals, "branch");
    snprintf(text, sizeof(text), "(def f%zu (fork %llu))", run->forks_count + 1,
             (unsigned long long)t);
    script_print_form(run, text, NULL, "");
    BS_CLEANUP(datom_db_unrefp) struct datom_db *db = datom_conn_db(script_here(run)->conn);
    BS_CLEANUP(datom_db_unrefp) struct datom_db *past = datom_db_as_of(db, t);
    if (!script_fork_of(run, past, model))
        return false;
    model_take_back(&script_here(run)->model, at);
    return script_compare_everything(run, 0);
}

bool script_go_back(struct script_run *run)
{
    if (run->depth == 0)
        return true;
    script_count_step(run->totals, "back");
    leave_place(run);
    run->depth--;
    return script_compare_everything(run, 0);
}
