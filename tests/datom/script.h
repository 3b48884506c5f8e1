#ifndef TESTS_DATOM_SCRIPT_H
#define TESTS_DATOM_SCRIPT_H

/*
 * Scripts: what happens to a store and its model, as data. A script is a vector of steps:
 *
 *     [:transact [FORM...]]  on the connection
 *     [:chain [LINK...]]     values made of its value, each looked at, and thrown away; a LINK is
 *                            [:with [FORM...]], [:as-of N], [:since N], [:history], [:filter N],
 *                            or [:fork], which goes on in a fork of the last one
 *     [:fork]                goes on in a fork
 *     [:branch N]            goes on in a fork of the past: of the Nth transaction there is
 *     [:load WAY]            goes on in a store that is made of an export of the value, by :text or
 *                            by :datoms; with N of the value as of the Nth transaction
 *     [:back]                goes on in the connection that was forked, or loaded from
 *     [:import [TX...] N]    transactions as a text, which is imported in two goes, N in the first
 *     [:reports N]           what a subscription gives that began with the Nth transaction, or goes
 * on
 *     [:hold]                keeps the value, to be looked at later and at the end
 *     [:expire]              takes back what held values pin
 *
 * and where a store is on disk:
 *
 *     [:reopen]              closes and opens the store
 *     [:rebuild]             makes its indexes anew from its log
 *     [:restore]             goes on in the store that a backup of it gives
 *     [:follow]              looks at it as another process does that reads
 *
 * Entities have numbers, as values of :m/id. In forms `#e N` is the id of the one that has the
 * number or had it last, so that forms stay good when others before them are left out; where there
 * is none it is the lookup ref [:m/id N]; `#v [E A]` is what E has of A, or nil, `#id NAME` the
 * number of an operation or an attribute. `#t N` is the t of
 * the Nth transaction there is, `#tx N` its id, `#instant N` its instant, or just after it for an
 * odd N, `#ago N` a time around now.
 *
 * A script is immutable, in an arena. The caller serializes.
 */

#include "datom/datom.h"
#include "model.h"

struct script_options {
    bool on_disk;
    /* Compares everything after every step; otherwise what the step touched, and everything now
     * and then. */
    bool is_thorough;
    enum model_mistake mistake;
    struct bs_buf *print; /* gets the script as input of `bandstand repl`; may be NULL */
};

enum script_difference_kind {
    SCRIPT_AGREES,
    SCRIPT_OUTCOME,   /* good or not, or another reason */
    SCRIPT_REPORT,    /* datoms, ids, t of a transaction */
    SCRIPT_NOW,       /* datoms of a value without a view */
    SCRIPT_VIEW,      /* as-of, since, history */
    SCRIPT_HELD,      /* a value that was held */
    SCRIPT_LOG,       /* the log, reports of a subscription, exports */
    SCRIPT_LOOKUP,    /* get, lookup by unique value, counts */
    SCRIPT_CHECK,     /* the store's own check */
    SCRIPT_IMPOSSIBLE /* an operation that can't fail did */
};

struct script_difference {
    enum script_difference_kind kind;
    size_t step;
    char text[800];
};

#define SCRIPT_KINDS_MAX 64
#define SCRIPT_STEPS_MAX 32

struct script_totals {
    uint64_t transactions; /* with those that were refused, and those of [:with] */
    uint64_t refused;
    uint64_t forms;
    uint64_t reasons[BS_REASON_COUNT]; /* why transactions were refused */
    /* Transactions that have this kind of form or value in them, at script_kinds. */
    uint64_t accepted_kinds[SCRIPT_KINDS_MAX];
    uint64_t refused_kinds[SCRIPT_KINDS_MAX];
    uint64_t steps[SCRIPT_STEPS_MAX]; /* that were really made, at script_step_names */
};

/* script_totals.c: what transactions may have in them, as keywords; NULL at the end. */
extern const char *const script_kinds[];
/* What is done beside transactions; NULL at the end. */
extern const char *const script_step_names[];
void script_count_step(struct script_totals *totals, const char *name);
void script_add_totals(struct script_totals *totals, const struct script_totals *more);
void script_count(struct script_totals *totals, struct edn forms, enum bs_reason refused);
/* Counts of kinds and reasons, a line each. */
void script_print_counts(const struct script_totals *totals, struct bs_buf *out);

/* script_random.c: a script with a random schema, of about `transactions` transactions. */
struct edn script_random(struct bs_arena *arena, uint64_t seed, size_t transactions);

/* script_run.c: runs a script up to the first difference. True when there is none. */
bool script_run(struct edn script, const struct script_options *options,
                struct script_totals *totals, struct script_difference *ret_difference);

/*
 * script_shrink.c: the smallest script found by leaving out steps, forms and parts of forms that
 * still shows a difference of the same kind. `difference` is that of the whole script, and becomes
 * that of the result.
 */
struct edn script_shrink(struct bs_arena *arena, struct edn script,
                         const struct script_options *options,
                         struct script_difference *difference);
size_t script_count_forms(struct edn script);

#endif
