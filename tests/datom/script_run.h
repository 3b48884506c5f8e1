#ifndef TESTS_DATOM_SCRIPT_RUN_H
#define TESTS_DATOM_SCRIPT_RUN_H

/* A script that runs: between script_run.c, which has the steps that transact, and script_steps.c,
 * which has the others. */

#include "script_compare.h"

#define SCRIPT_PLACES_MAX 5
#define SCRIPT_HELD_MAX 3
#define SCRIPT_DIR_MAX 256

struct script_place {
    struct datom_conn *conn;
    struct model model;
    size_t number; /* of a fork, for its name in print */
    size_t store;  /* of its folder, from 1; 0: it is in memory, or a fork */
    struct datom_subscription *subscription; /* NULL until it is first asked */
    size_t reported;                         /* the moment whose report comes next */
    uint64_t next_t; /* where the subscription stood when the store was closed; 0: there was none */
};

struct script_run {
    const struct script_options *options;
    struct script_totals *totals;
    struct script_difference *difference;
    struct bs_arena *arena;
    struct bs_clock_fixed clock; /* moves with the steps */
    struct datom_functions *functions;
    char *base; /* folder of the stores on disk; NULL: there is none */
    size_t stores_count;
    struct datom_conn *follower; /* the store, read beside the one that writes; NULL */
    struct script_place places[SCRIPT_PLACES_MAX];
    size_t depth; /* the current place */
    size_t forks_count;
    struct {
        struct datom_db *db;
        struct model model;
    } held[SCRIPT_HELD_MAX];
    size_t held_count;
    size_t step;
};

static inline struct script_place *script_here(struct script_run *run)
{
    return &run->places[run->depth];
}

/* script_places.c: opens a store and makes its model; closes and removes everything. */
bool script_begin(struct script_run *run);
void script_end(struct script_run *run);
/* To options->print, when there is one; the second is a comment. */
void script_print_form(struct script_run *run, const char *before, const struct edn *form,
                       const char *after);
void script_print_remark(struct script_run *run, const char *text);
/* Opens a place's connection, closes it. */
bool script_open(struct script_run *run, struct script_place *place);
void script_close(struct script_run *run, struct script_place *place);
void script_store_dir(struct script_run *run, size_t store, char ret_dir[SCRIPT_DIR_MAX]);

/* script_everything.c: the value of the current place in some views, and as of so many moments in
 * all kinds of them. */
#define SCRIPT_SOME_MOMENTS 5
bool script_compare_everything(struct script_run *run, size_t moments);
/* Values of memory have what they had. Those of a store are taken back here, and say what the store
 * knows of their time: noHistory forgets, and so does excision. */
bool script_compare_held(struct script_run *run);

/* What a transaction is resolved against: the connection's newest value, or this value. */
struct script_target {
    struct datom_conn *conn; /* NULL: the value */
    struct datom_db *db;
    const struct model *model;
    const struct model_view *view; /* of the value */
    const char *print;             /* what stands before the forms, and after them */
    const char *print_end;
};

/* script_run.c: forms with the ids that they have in this model. */
struct edn script_with_ids(struct script_run *run, const struct model *model, struct edn form);
/* Whether the store's answer to a transaction is one of the model's. */
bool script_compare_outcome(struct script_run *run, const struct model_tx *tx, enum bs_code code,
                            const struct bs_error *error);
/* Runs it on both sides. When it is good there is a report, and the model after. */
bool script_transact(struct script_run *run, const struct script_target *target, struct edn forms,
                     struct model *ret_after, struct datom_report **ret_report);
bool script_impossible(struct script_run *run, const char *what, const struct bs_error *error);

/* script_registry.c: the functions and predicates that scripts call. */
struct datom_functions *script_functions(void);

/* script_chain.c: values made of values. */
bool script_chain(struct script_run *run, struct edn steps);
/* Goes on in a fork of a value; a branch goes back to one of the model's moments. */
bool script_fork_of(struct script_run *run, struct datom_db *db, const struct model *model);

/* Steps: see script.h. False when they differ from the model's. script_places.c: */
bool script_go_on_in_fork(struct script_run *run);
bool script_go_on_in_branch(struct script_run *run, uint64_t number);
bool script_go_back(struct script_run *run);
/* script_held.c: */
bool script_hold(struct script_run *run);
bool script_expire(struct script_run *run);
/* script_store.c: */
bool script_reopen(struct script_run *run);
bool script_rebuild(struct script_run *run);
bool script_restore(struct script_run *run);
bool script_follow(struct script_run *run);
/* script_log.c: */
bool script_reports(struct script_run *run, uint64_t number);
/* script_import.c: */
bool script_load(struct script_run *run, struct edn step);
bool script_import(struct script_run *run, struct edn step);

#endif
