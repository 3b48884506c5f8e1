#ifndef QUERY_AST_H
#define QUERY_AST_H

/*
 * A parsed query: what parse.c makes and the executor reads. Everything stands in the query's own
 * arena and never changes. Variables are numbers in one table for a query (and one for each rule);
 * the variables that an or-join, not-join or rule keeps to itself have numbers of their own, so
 * that equal numbers always mean one variable.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edn/edn.h"
#include "query/query.h"

#define QUERY_VARS_MAX 256
#define QUERY_SOURCES_MAX 16
#define QUERY_NO_VAR UINT16_MAX

/* ---- sets of variables ---- */

struct varset {
    uint64_t words[QUERY_VARS_MAX / 64];
};

static inline void varset_add(struct varset *set, uint16_t var)
{
    set->words[var / 64] |= UINT64_C(1) << (var % 64);
}

static inline bool varset_has(const struct varset *set, uint16_t var)
{
    return (set->words[var / 64] >> (var % 64) & 1) != 0;
}

static inline struct varset varset_union(struct varset a, struct varset b)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(a.words); i++)
        a.words[i] |= b.words[i];
    return a;
}

static inline struct varset varset_intersection(struct varset a, struct varset b)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(a.words); i++)
        a.words[i] &= b.words[i];
    return a;
}

static inline struct varset varset_difference(struct varset a, struct varset b)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(a.words); i++)
        a.words[i] &= ~b.words[i];
    return a;
}

static inline bool varset_is_empty(const struct varset *set)
{
    uint64_t any = 0;
    for (size_t i = 0; i < BS_ARRAY_COUNT(set->words); i++)
        any |= set->words[i];
    return any == 0;
}

static inline bool varset_equal(struct varset a, struct varset b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static inline bool varset_within(struct varset inner, struct varset outer)
{
    struct varset rest = varset_difference(inner, outer);
    return varset_is_empty(&rest);
}

/* The smallest member; QUERY_NO_VAR when there is none. */
static inline uint16_t varset_first(const struct varset *set)
{
    for (size_t i = 0; i < BS_ARRAY_COUNT(set->words); i++)
        if (set->words[i] != 0)
            return (uint16_t)(i * 64 + (size_t)__builtin_ctzll(set->words[i]));
    return QUERY_NO_VAR;
}

/* ---- terms, calls, bindings ---- */

struct builtin;
struct call;

enum term_kind {
    TERM_BLANK,
    TERM_VAR,
    TERM_CONST,
    TERM_SOURCE, /* arguments of functions only */
    TERM_CALL,   /* arguments of functions only */
};

struct term {
    enum term_kind kind;
    uint16_t var;
    uint16_t source;
    struct edn value;
    const struct call *call;
};

struct call {
    const struct builtin *function;
    const struct term *args;
    size_t count;
    struct varset vars; /* of the arguments, nested ones too */
    struct edn form;    /* for messages */
};

enum binding_kind {
    BINDING_IGNORE,     /* _ */
    BINDING_SCALAR,     /* ?x */
    BINDING_TUPLE,      /* [?x ?y] */
    BINDING_COLLECTION, /* [?x ...]; a relation [[?x ?y]] is a collection of tuples */
};

struct binding {
    enum binding_kind kind;
    uint16_t var;
    const struct binding *items; /* of a tuple; the one of a collection */
    size_t count;
    struct varset vars;
};

/* ---- clauses ---- */

enum clause_kind {
    CLAUSE_PATTERN,
    CLAUSE_PREDICATE,
    CLAUSE_FUNCTION,
    CLAUSE_NOT,
    CLAUSE_OR,
    CLAUSE_RULE,
};

struct clause;

struct clauses {
    const struct clause *items;
    size_t count;
};

#define PATTERN_E 0
#define PATTERN_A 1
#define PATTERN_V 2
#define PATTERN_TX 3
#define PATTERN_OP 4

struct clause {
    enum clause_kind kind;
    uint16_t source;    /* pattern, rule */
    struct edn form;    /* as written, for messages and explain */
    struct varset vars; /* those that it shares, or could share, with what stands around it */

    /* pattern: positions; rule: arguments */
    const struct term *terms;
    size_t terms_count;

    /* predicate, function */
    const struct call *call;
    struct binding binding;

    struct varset binds; /* or: those that its branches can bind; what is not among these, nor bound
                          * outside, is inside a not, and that one's own */
    /* not: one branch. or: its branches. */
    const struct clauses *branches;
    size_t branches_count;
    bool is_join;           /* not-join, or-join: `vars` are those listed */
    struct varset required; /* or-join [[?x] ...]: bound before */

    /* rule */
    struct bs_str name;
};

/* Variables that a clause can bind when it runs. */
static inline struct varset clause_binds(const struct clause *clause)
{
    struct varset none = {0};
    switch (clause->kind) {
    case CLAUSE_PATTERN:
    case CLAUSE_RULE:
        return clause->vars;
    case CLAUSE_OR:
        return clause->binds;
    case CLAUSE_FUNCTION:
        return clause->binding.vars;
    case CLAUSE_PREDICATE:
    case CLAUSE_NOT:
        return none;
    }
    BS_UNREACHABLE();
}

/* ---- find ---- */

enum find_kind {
    FIND_VAR,
    FIND_AGGREGATE,
    FIND_PULL,
};

struct aggregate;

struct find_element {
    enum find_kind kind;
    uint16_t var;
    struct edn form;
    const struct aggregate *aggregate;
    int64_t n; /* (min 3 ?x); -1 when not given */
    uint16_t source;
    const struct query_pattern *pattern; /* NULL: the input named pattern_input */
    size_t pattern_input;
};

enum return_map {
    RETURN_VECTORS,
    RETURN_KEYS,
    RETURN_STRS,
    RETURN_SYMS,
};

struct order_key {
    size_t element; /* index in find */
    bool descending;
};

/* ---- inputs ---- */

enum input_kind {
    INPUT_SOURCE,
    INPUT_RULES,
    INPUT_BINDING,
    INPUT_PATTERN, /* a plain symbol: a pull pattern */
};

struct input {
    enum input_kind kind;
    struct edn form;
    uint16_t source;
    struct binding binding;
};

struct query {
    struct bs_arena *arena;

    const struct bs_str *vars; /* names, with their question mark */
    size_t vars_count;
    struct bs_str sources[QUERY_SOURCES_MAX]; /* names; 0 is "$" */
    size_t sources_count;

    const struct input *inputs;
    size_t inputs_count;
    bool has_in; /* without :in, the one input is $, and may stay away where nothing reads it */

    enum query_shape shape;
    const struct find_element *find;
    size_t find_count;
    bool has_aggregate;
    bool has_pull;
    bool has_with;
    struct varset find_vars; /* those of :find and :with */
    enum return_map return_map;
    struct edn *return_keys;
    struct bs_str *columns;

    const struct order_key *order;
    size_t order_count;
    bool has_limit;
    uint64_t limit;
    uint64_t offset;

    struct clauses where;
};

#endif
