#ifndef QUERY_EXEC_H
#define QUERY_EXEC_H

/*
 * One execution of a query. What is known so far is a context: relations over disjoint sets of
 * variables, meaning their product, never made before a clause needs it. A conjunction runs clause
 * by clause, the cheapest that can run next (plan.c); each joins into the context. Internal.
 */

#include "datom/datom.h"
#include "query/builtin.h"
#include "query/relation.h"

enum source_kind {
    SOURCE_NONE,
    SOURCE_DB,
    SOURCE_TUPLES, /* a vector, list or set of tuples, or a map as pairs */
};

struct source {
    enum source_kind kind;
    struct datom_db *db;
    struct edn value;
};

/*
 * How patterns use a variable: a value bound to it by an input or a function is brought into that
 * shape, so that lookup refs, idents and constants of another number type join.
 */
struct var_use {
    struct datom_db *entity_db;    /* stands where an entity can */
    struct datom_db *attribute_db; /* stands where an attribute can */
    struct datom_db *value_db;
    const struct datom_attribute *value_attribute; /* stands where its values do */
};

/* What the numbers in clauses mean: the query's own, or those of one call of a rule. */
struct frame {
    const struct bs_str *vars;
    size_t vars_count;
    struct var_use *uses;
    uint16_t default_source; /* what source 0 is */
    struct rule_eval *eval;  /* the rounds of rules that this runs in; NULL: none */
};

struct step {
    struct edn form;
    const char *method;
    unsigned depth;
    double estimated;
    uint64_t rows_in;
    uint64_t rows_out;
};

/* How deep clauses may run inside each other: nots and ors, and those of rules called in a not. */
#define EXEC_DEPTH_MAX 200

struct exec {
    const struct query *query;
    struct meter meter;
    struct bs_arena *arena;
    struct bs_error *error;
    struct builtin_env env;
    struct source sources[QUERY_SOURCES_MAX];
    struct rule_set *rules;
    const struct query_pattern **patterns; /* by input */
    const struct clause *delta_call; /* in a round of rules: the call that gets new facts only */
    size_t delta_rows;
    enum bs_code plan_code; /* what has stopped the planning: deadline, cancel flag, budget */
    unsigned depth;
    bool explains;
    struct step *steps;
    size_t steps_count;
    size_t steps_capacity;
};

struct context {
    struct relation *items[QUERY_VARS_MAX];
    size_t count;
    bool failed; /* no row at all */
};

/* ---- contexts (context.c) ---- */

struct varset context_vars(const struct context *context);
/* Takes out the relations that have some of the variables, as one (a row without cells when none
 * does). */
enum bs_code context_take(struct exec *exec, struct context *context, struct varset vars,
                          struct relation **ret_relation);
/* Puts a relation in, joined with those that share variables; keeps the `needed` columns. */
enum bs_code context_put(struct exec *exec, struct context *context, struct relation *relation,
                         struct varset needed);
/* A context of its own, with the columns in `vars` of each relation. */
enum bs_code context_seed(struct exec *exec, const struct context *context, struct varset vars,
                          struct context *ret_seed);
uint64_t context_rows(const struct context *context);

/* ---- running (exec.c) ---- */

/*
 * Runs a conjunction in the context. `outer` are the variables that are shared with what stands
 * around it, `needed` those that must be there afterwards.
 */
enum bs_code exec_clauses(struct exec *exec, struct frame *frame, const struct clauses *clauses,
                          struct context *context, struct varset outer, struct varset needed);
const struct source *exec_source(const struct exec *exec, const struct frame *frame,
                                 uint16_t source);
/*
 * Brings a value into the shape that the variable's uses ask for. *ret_found is false when it is an
 * identifier of nothing. `is_constant`: numbers too take the attribute's type.
 */
enum bs_code exec_normalise(struct exec *exec, const struct frame *frame, uint16_t var,
                            bool is_constant, struct edn *value, bool *ret_found);
/* Finds out how the clauses use the frame's variables. *ret_changed when something was new. */
enum bs_code exec_note_uses(struct exec *exec, struct frame *frame, const struct clauses *clauses,
                            bool *ret_changed);
void exec_note_step(struct exec *exec, struct step step);
/* The text of a clause for messages. */
const char *exec_text(struct edn form, char *ret_text, size_t size);

/* ---- what can run, and what it costs (plan.c) ---- */

/* Polls now and then; false, with plan_code set, when the query is to end: whoever asked then ends
 * too, with whatever answer. */
bool plan_goes_on(struct exec *exec);
struct varset plan_bindable(struct exec *exec, const struct frame *frame,
                            const struct clauses *clauses, struct varset outer);
/* The variables that a not or an or shares with what stands around it; a not needs them bound. */
struct varset plan_join(const struct clause *clause, struct varset bindable);
bool plan_is_ready(struct exec *exec, const struct frame *frame, const struct clause *clause,
                   struct varset bound, struct varset bindable);
/* Whether all can run when `bound` are bound; *ret_bound: what is bound then; *ret_stuck: one that
 * can't. */
bool plan_can_run(struct exec *exec, const struct frame *frame, const struct clauses *clauses,
                  struct varset bound, struct varset outer, struct varset *ret_bound,
                  const struct clause **ret_stuck);
enum bs_code plan_fail(struct exec *exec, const struct frame *frame, const struct clause *stuck,
                       struct varset bound);
double plan_cost(struct exec *exec, const struct frame *frame, const struct clause *clause,
                 const struct context *context, double *ret_rows);

/* ---- patterns (pattern.c, tuples.c) ---- */

struct pattern_choice {
    size_t driver; /* relation of the context that it joins with; SIZE_MAX: none */
    bool seeks;    /* a seek for each of the driver's rows, in place of one scan */
    double cost;
    double rows;
};

enum bs_code pattern_choose(struct exec *exec, const struct frame *frame,
                            const struct clause *clause, const struct context *context,
                            struct pattern_choice *ret_choice);
enum bs_code pattern_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                         struct context *context, struct varset needed);

/* ---- calls (call.c) ---- */

enum bs_code call_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                      struct context *context, struct varset needed);
/* Binds a value to a form, adding the rows that it makes to the sink: used by inputs too. */
struct binder {
    struct exec *exec;
    const struct frame *frame;
    struct sink *sink;
    struct edn *by_var;     /* QUERY_VARS_MAX values */
    struct varset assigned; /* those that have theirs, and must be met */
    bool is_constant;
    struct edn form; /* for messages */
};
enum bs_code binder_add(struct binder *binder, const struct binding *binding, struct edn value);

/* ---- not, or (logic.c) ---- */

enum bs_code not_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                     struct context *context, struct varset join, struct varset needed);
enum bs_code or_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                    struct context *context, struct varset join, struct varset needed);

/* ---- rules (rules*.c) ---- */

enum bs_code rules_parse(struct exec *exec, struct edn rules);
bool rules_is_ready(struct exec *exec, const struct clause *clause, struct varset bound);
/* As exec_note_uses, for a call of a rule, which must exist and take so many arguments. */
enum bs_code rules_note_call(struct exec *exec, struct frame *frame, const struct clause *clause,
                             bool *ret_changed);
/* The same for the bodies of all rules that were found called. */
enum bs_code rules_note_bodies(struct exec *exec, bool *ret_changed);
enum bs_code rules_run(struct exec *exec, struct frame *frame, const struct clause *clause,
                       struct context *context, struct varset needed);

/* ---- inputs and results (input.c, find.c) ---- */

enum bs_code input_bind(struct exec *exec, struct frame *frame, const struct edn *inputs,
                        size_t count, struct context *context);
enum bs_code input_sources(struct exec *exec, const struct edn *inputs, size_t count);
enum bs_code find_result(struct exec *exec, struct context *context,
                         const struct query_options *options, struct edn *ret_result);

#endif
