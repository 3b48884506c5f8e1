#ifndef SHELL_SESSION_H
#define SHELL_SESSION_H

/*
 * Internal: what a shell holds, and what its functions get.
 *
 * A form is run in an arena of its own that is emptied before the next. What outlives a form (*1 *2
 * *3, names given by def) is copied (shell_keep) into an arena that belongs to it, with the
 * databases and forks in it held by that arena. So a long batch grows by nothing but its names.
 */

#include <uthash.h>

#include "shell/shell.h"

struct shell_kept {
    struct bs_arena *arena; /* NULL: nothing was kept; the value is nil then */
    struct edn value;
};

struct shell_binding {
    char *name; /* owned */
    struct shell_kept kept;
    UT_hash_handle hh;
};

/* Where conn and db and calls go: the shell's own, or a fork's inside in-fork. */
struct shell_world {
    struct datom_conn *conn;
    struct universe *universe; /* NULL: there is none (yet) */
    bool is_installed;         /* the schema of procedures was looked after */
};

#define SHELL_RECENT 3

struct shell {
    struct shell_world own;
    struct shell_world *world;                 /* the one that counts now */
    const struct shell_procedures *procedures; /* NULL: there are none */
    struct rpc_dispatcher *dispatcher;         /* NULL until they are opened */
    struct shell_binding *names;
    struct shell_kept recent[SHELL_RECENT]; /* *1 *2 *3 */
    struct bs_arena *arena;                 /* of the form under way */
    uint64_t tempids;                       /* given by (tempid) */
    _Atomic bool cancelled;
    struct bs_interrupt interrupt; /* of what runs: `cancelled` */
};

/* ---- keeping ---- */

/* Copies a value with all that it needs; what was kept before is given back. */
void shell_keep(struct shell_kept *kept, struct edn value);
void shell_kept_fini(struct shell_kept *kept);
/* A copy in which nothing is borrowed but by `arena`, which holds databases and forks. */
struct edn shell_copy(struct bs_arena *arena, struct edn value);

/* A database as a value; the arena takes the reference over. */
struct edn shell_hold_db(struct bs_arena *arena, struct datom_db *db);

/* ---- evaluating ---- */

/* Runs a form: a call, a name, or data. */
BS_MUST_CHECK enum bs_code shell_eval_form(struct shell *shell, struct edn form,
                                           struct edn *ret_value, struct bs_error *error);
/* A value with at most 80 bytes for messages; in the form's arena. */
const char *shell_show(struct shell *shell, struct edn value);

/* ---- functions ---- */

typedef enum bs_code (*shell_function_run)(struct shell *shell, const struct edn *arguments,
                                           size_t count, struct edn *ret_value,
                                           struct bs_error *error);

#define SHELL_ANY_COUNT SIZE_MAX

struct shell_function {
    const char *name;
    size_t least, most; /* arguments; SHELL_ANY_COUNT: no upper bound */
    bool is_special;    /* gets its arguments as forms */
    shell_function_run run;
    const char *usage;   /* "(q QUERY INPUT...)" */
    const char *summary; /* a line */
    const char *example; /* forms, one a line */
};

/* NULL when there is none. */
const struct shell_function *shell_find_function(struct bs_str name);
/* In the order of the help; NULL past the end. */
const struct shell_function *shell_function_at(size_t idx);

#define SHELL_FUNCTION(function)                                                                   \
    enum bs_code shell_run_##function(struct shell *shell, const struct edn *arguments,            \
                                      size_t count, struct edn *ret_value, struct bs_error *error)

SHELL_FUNCTION(def);
SHELL_FUNCTION(in_fork);
SHELL_FUNCTION(help);
SHELL_FUNCTION(transact);
SHELL_FUNCTION(with);
SHELL_FUNCTION(q);
SHELL_FUNCTION(explain);
SHELL_FUNCTION(pull);
SHELL_FUNCTION(pull_many);
SHELL_FUNCTION(entity);
SHELL_FUNCTION(touch);
SHELL_FUNCTION(get);
SHELL_FUNCTION(count);
SHELL_FUNCTION(first);
SHELL_FUNCTION(nth);
SHELL_FUNCTION(keys);
SHELL_FUNCTION(datoms);
SHELL_FUNCTION(seek_datoms);
SHELL_FUNCTION(rseek_datoms);
SHELL_FUNCTION(index_range);
SHELL_FUNCTION(index_pull);
SHELL_FUNCTION(as_of);
SHELL_FUNCTION(since);
SHELL_FUNCTION(history);
SHELL_FUNCTION(filter);
SHELL_FUNCTION(is_history);
SHELL_FUNCTION(is_filtered);
SHELL_FUNCTION(basis_t);
SHELL_FUNCTION(next_t);
SHELL_FUNCTION(as_of_t);
SHELL_FUNCTION(since_t);
SHELL_FUNCTION(db_stats);
SHELL_FUNCTION(sync);
SHELL_FUNCTION(sync_index);
SHELL_FUNCTION(sync_schema);
SHELL_FUNCTION(sync_excise);
SHELL_FUNCTION(entid);
SHELL_FUNCTION(ident);
SHELL_FUNCTION(attribute);
SHELL_FUNCTION(tx_range);
SHELL_FUNCTION(t_to_tx);
SHELL_FUNCTION(tx_to_t);
SHELL_FUNCTION(tempid);
SHELL_FUNCTION(part);
SHELL_FUNCTION(implicit_part);
SHELL_FUNCTION(entid_at);
SHELL_FUNCTION(squuid);
SHELL_FUNCTION(squuid_time_millis);
SHELL_FUNCTION(fork);
SHELL_FUNCTION(call);
SHELL_FUNCTION(check);

/* (:key MAP) and (get M K): nil is in *ret_found as false. */
BS_MUST_CHECK enum bs_code shell_look_up(struct shell *shell, struct edn holder, struct edn key,
                                         struct edn *ret_value, bool *ret_found,
                                         struct bs_error *error);

/* ---- arguments ---- */

/* `what` names the function: "as-of". SHELL_INVALID_ARGUMENT for what is no database. */
BS_MUST_CHECK enum bs_code shell_take_db(struct shell *shell, const char *what, struct edn argument,
                                         struct datom_db **ret_db, struct bs_error *error);
/* An entity where an identifier may stand counts as its id. */
struct edn shell_identifier(struct edn argument);
BS_MUST_CHECK enum bs_code shell_take_count(struct shell *shell, const char *what,
                                            struct edn argument, uint64_t *ret_count,
                                            struct bs_error *error);

/* ---- procedures ---- */

/* Once: universe and dispatcher, where there are procedures. */
BS_MUST_CHECK enum bs_code shell_open_procedures(struct shell *shell, struct bs_error *error);

/* ---- forks ---- */

struct shell_fork;
/* NULL when the value is none. */
struct shell_fork *shell_fork_from_edn(struct edn value);
/* The arena takes a reference of its own. */
struct edn shell_hold_fork(struct bs_arena *arena, struct shell_fork *fork);
/* A connection as data: prints as #conn {:basis-t T}. The arena holds it. */
struct edn shell_hold_conn(struct bs_arena *arena, struct datom_conn *conn);
/* NULL when the value is none. */
struct datom_conn *shell_conn_from_edn(struct edn value);

/* ---- names ---- */

/* The named value; false when nothing has the name. */
bool shell_find_name(struct shell *shell, struct bs_str name, struct edn *ret_value);
bool shell_is_own_name(struct bs_str name); /* conn, db, *1 *2 *3 */
/* The closest name of a function, or of a value; empty when none is near. */
struct bs_str shell_nearest_function(struct bs_str name);
struct bs_str shell_nearest_name(struct shell *shell, struct bs_str name);

#endif
