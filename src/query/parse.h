#ifndef QUERY_PARSE_H
#define QUERY_PARSE_H

/* The parser's state, shared by its files, and what rules need of it. Internal. */

#include "query/ast.h"

struct scope_entry {
    struct bs_str name;
    uint16_t var;
};

/*
 * What names mean here. An or-join, not-join or rule opens one of its own that starts with the
 * variables it lists; everything else in it gets new numbers.
 */
struct scope {
    struct scope_entry *entries;
    size_t count;
    size_t capacity;
};

struct parser {
    struct bs_arena *arena;
    struct bs_error *error;
    struct bs_str *vars; /* QUERY_VARS_MAX of them */
    size_t vars_count;
    struct bs_str *sources; /* QUERY_SOURCES_MAX of them */
    size_t *sources_count;
    uint16_t default_source; /* what `$` means to clauses without one */
    struct scope *scope;
    unsigned depth;
};

/* How deep clauses and calls may be nested. */
#define QUERY_NESTING_MAX 64

bool parse_is_var(struct edn form);
bool parse_is_blank(struct edn form);
bool parse_is_source(struct edn form);
/* The number of a variable's name in the current scope; a new one where it has none. */
enum bs_code parse_var(struct parser *p, struct edn form, uint16_t *ret_var);
/* The number of a source's name, which :in declares (`$` always exists). */
enum bs_code parse_source(struct parser *p, struct edn form, uint16_t *ret_source);
enum bs_code parse_binding(struct parser *p, struct edn form, struct binding *ret_binding);
enum bs_code parse_clauses(struct parser *p, const struct edn *forms, size_t count,
                           struct clauses *ret_clauses);
/* The :find, :with, :keys and :order-by of a query whose inputs are parsed. */
enum bs_code parse_find(struct parser *p, struct query *query, struct edn find, struct edn with);
enum bs_code parse_return_map(struct parser *p, struct query *query, enum return_map kind,
                              struct edn names);
enum bs_code parse_order(struct parser *p, struct query *query, struct edn order);

#define parse_fail(p, form, ...) parse_fail_at((p), __FILE__, __LINE__, (form), __VA_ARGS__)
/* Q_INVALID_QUERY with the message and the form it is about, cut short. */
enum bs_code parse_fail_at(struct parser *p, const char *file, int line, struct edn form,
                           const char *format, ...) BS_PRINTF(5, 6);

#endif
