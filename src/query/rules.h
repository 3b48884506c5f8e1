#ifndef QUERY_RULES_H
#define QUERY_RULES_H

/* Rules: parsed (rules_parse.c), looked into (rules.c) and run (rules_run.c). Internal to these. */

#include "query/exec.h"

#define RULE_ARITY_MAX 64

/* One of the alternatives that share a name. */
struct rule_def {
    struct edn form;
    struct clauses body;
    const struct bs_str *vars;
    size_t vars_count;
    uint16_t head[RULE_ARITY_MAX]; /* variable by position */
    struct varset head_vars;
    const struct clause **calls; /* of rules in the body, but not inside not */
    size_t calls_count;
    const struct clause **negated; /* those inside not */
    size_t negated_count;
};

struct rule;
struct rule_instance;

/* A set of bound positions that was looked into. */
struct rule_mode {
    struct rule *rule;
    uint64_t mask;
    bool can_run;            /* all bodies can */
    struct rule_mode *next;  /* of the rule */
    struct rule_mode *older; /* of all rules */
};

struct rule {
    struct bs_str name;
    size_t idx; /* among all */
    size_t arity;
    uint64_t required; /* positions that must be bound, a bit each */
    struct rule_def *defs;
    size_t defs_count;
    size_t defs_capacity;
    struct rule_mode *modes;
    struct rule_instance *instances[QUERY_SOURCES_MAX]; /* by source; NULL: not called so */
};

/* A rule with `$` meaning one source: how it uses its variables depends on that. */
struct rule_instance {
    struct rule *rule;
    size_t idx;           /* among all */
    struct frame *frames; /* one for each def */
    struct var_use *uses; /* by position, of all defs together */
};

struct rule_set {
    struct rule *rules;
    size_t count;
    struct rule **slots; /* by name: a hash table */
    size_t slots_count;  /* a power of two, above the rules' number */
    struct rule_instance **instances;
    size_t instances_count;
    size_t instances_capacity;
    size_t noted;              /* instances whose bodies were looked at */
    struct rule_mode *modes;   /* of all, the newest */
    struct rule_mode *settled; /* from here on it is known which can run */
};

/* NULL when there is no such rule. */
struct rule *rule_find(const struct exec *exec, struct bs_str name);
/* One of a name that no rule has. */
struct rule *rule_add(struct exec *exec, struct bs_str name, size_t arity, uint64_t required);
/* The rule that a call means, with the source that it means. */
struct rule_instance *rule_called(struct exec *exec, const struct frame *frame,
                                  const struct clause *clause);
/* The positions of a call that are bound when these variables are. */
uint64_t rule_mask(const struct clause *clause, struct varset bound);
/* The variables of a head at these positions. */
struct varset rule_head_bound(const struct rule_def *def, size_t arity, uint64_t mask);

#endif
