#ifndef QUERY_RULES_H
#define QUERY_RULES_H

/* Rules: parsed (rules_parse.c) and run (rules.c). Internal to these two. */

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
};

struct rule {
    struct bs_str name;
    size_t arity;
    uint64_t required; /* positions that must be bound, a bit each */
    struct rule_def *defs;
    size_t defs_count;
    size_t defs_capacity;
    /* Sets of bound positions that were looked into: whether all bodies can run. */
    struct rule_mode {
        uint64_t mask;
        bool can_run;
    } * modes;
    size_t modes_count;
    size_t modes_capacity;
};

/* A rule with `$` meaning one source: how it uses its variables depends on that. */
struct rule_instance {
    struct rule *rule;
    uint16_t source;
    struct frame *frames; /* one for each def */
    struct var_use *uses; /* by position, of all defs together */
    bool visiting;
};

struct rule_set {
    struct rule *rules;
    size_t count;
    struct rule_instance **instances;
    size_t instances_count;
    size_t instances_capacity;
};

/* NULL when there is no such rule. */
struct rule *rule_find(const struct exec *exec, struct bs_str name);
struct rule_instance *rule_instance_get(struct exec *exec, struct rule *rule, uint16_t source);
/* The positions of a call that are bound when these variables are. */
uint64_t rule_mask(const struct clause *clause, struct varset bound);

#endif
