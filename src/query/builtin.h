#ifndef QUERY_BUILTIN_H
#define QUERY_BUILTIN_H

/*
 * The functions and predicates that a query can call: one table, rows in four lists by subject. A
 * function gets values and gives a value; a predicate is a function whose value is truthy or not.
 * Internal.
 */

#include "datom/datom.h"
#include "edn/edn.h"

struct regex_cache;

/* What a function may use. */
struct builtin_env {
    struct bs_arena *arena; /* for what it makes */
    struct regex_cache *regexes;
    const struct bs_interrupt *interrupt; /* NULL: never */
    struct bs_error *error;
    struct edn form; /* of the call, for messages */
};

typedef enum bs_code (*builtin_function)(struct builtin_env *env, const struct edn *args,
                                         size_t count, struct edn *ret_value);

#define BUILTIN_ANY SIZE_MAX

struct builtin {
    const char *name;
    size_t min_args;
    size_t max_args;
    builtin_function function;
    bool takes_source; /* its first argument is a data source, handed over as a value */
};

struct builtin_list {
    const struct builtin *items;
    size_t count;
};

extern const struct builtin_list builtins_numbers;
extern const struct builtin_list builtins_tests;
extern const struct builtin_list builtins_text;
extern const struct builtin_list builtins_collections;
extern const struct builtin_list builtins_database;

/* By name, short or qualified; Q_UNKNOWN_FUNCTION naming the nearest one. */
enum bs_code builtin_find(struct bs_str name, const struct builtin **ret_builtin,
                          struct bs_error *error);
enum bs_code builtin_check_arity(const struct builtin *builtin, struct edn form, size_t count,
                                 struct bs_error *error);
bool builtin_takes_source(const struct builtin *builtin);
/* Whether the source may be a variable's value too: tx-ids and tx-data. */
bool builtin_reads_log(const struct builtin *builtin);
/* The idx'th function of all; NULL past the end. */
const struct builtin *builtin_at(size_t idx);

/* Q_INVALID_ARGUMENT: `what` says what is expected, `arg` is the offender. */
enum bs_code builtin_refuse(struct builtin_env *env, struct edn arg, const char *what);

/* ---- regular expressions (regex.c) ---- */

#define REGEX_CACHE_SLOTS 16

/* Keeps the last slots_count patterns, at least one. */
struct regex_cache *regex_cache_new(size_t slots_count);
void regex_cache_free(struct regex_cache *cache);
/*
 * Searches. *ret_value: nil, the matched string, or with groups a vector of the whole and the
 * groups. `whole`: the match must span the text.
 */
enum bs_code regex_search(struct builtin_env *env, struct bs_str pattern, struct bs_str text,
                          bool whole, struct edn *ret_value);
/* Whether the pattern is one that regex_search takes. */
enum bs_code regex_check(struct builtin_env *env, struct bs_str pattern);

#endif
