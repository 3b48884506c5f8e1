#ifndef QUERY_RELATION_H
#define QUERY_RELATION_H

/*
 * Relations: rows over variables, kept as columns of fixed-width cells. A relation with no columns
 * has no rows (false) or one (true). Rows are all different, unless its maker says otherwise.
 * Columns belong to the relation; what the cells point to belongs to the execution's arena, the
 * query or the inputs. Internal.
 */

#include "query/ast.h"

/* What an execution may use, and has used. */
struct meter {
    const struct bs_interrupt *interrupt; /* NULL: never */
    uint64_t budget_bytes;
    uint64_t used_bytes;    /* of columns and indexes */
    struct bs_arena *arena; /* counts too */
    size_t ticks;
    struct relation *relations; /* all that are alive */
    struct bs_error *error;
};

struct relation {
    size_t width;
    uint16_t *vars;
    struct edn **columns;
    size_t rows;
    size_t capacity;
    struct meter *meter;
    struct relation *next_alive;
    struct relation *previous_alive;
};

/* Polls deadline, cancel flag and budget: Q_BUDGET, RPC_DEADLINE, RPC_CANCELLED. */
enum bs_code meter_poll(struct meter *meter);
/* The same once in about a thousand calls. */
static inline enum bs_code meter_tick(struct meter *meter)
{
    return (++meter->ticks & 1023) == 0 ? meter_poll(meter) : BS_OK;
}
/* Counts bytes; Q_BUDGET when there are not so many left. */
enum bs_code meter_take(struct meter *meter, size_t bytes);
void meter_give(struct meter *meter, size_t bytes);
/* Frees every relation that is still alive. */
void meter_fini(struct meter *meter);

/* A relation without rows over the members of `vars`, in ascending order. */
struct relation *relation_new(struct meter *meter, struct varset vars);
void relation_free(struct relation *relation);
struct varset relation_vars(const struct relation *relation);
/* The column of a variable; SIZE_MAX when it has none. */
size_t relation_column(const struct relation *relation, uint16_t var);
/* Appends a row of `width` cells. */
enum bs_code relation_add(struct relation *relation, const struct edn *row);
void relation_row(const struct relation *relation, size_t row, struct edn *ret_row);

/* ---- indexes over rows ---- */

#define ROW_NONE UINT32_MAX

/*
 * A hash table from the values of some columns to the rows that have them. Rows with equal values
 * form a chain: `next` leads from one to another.
 */
struct row_index {
    const struct relation *relation;
    size_t width;
    size_t *columns;
    size_t capacity; /* of slots, a power of two */
    size_t count;    /* of slots in use */
    uint32_t *slots; /* head of the chain */
    uint64_t *hashes;
    uint32_t *next; /* by row; NULL when only one row a chain is kept */
    size_t next_capacity;
    size_t filled; /* rows that row_index_fill has put in */
};

enum bs_code row_index_init(struct row_index *index, const struct relation *relation,
                            struct varset vars);
void row_index_fini(struct row_index *index);
/* Puts in every row that is not in yet. */
enum bs_code row_index_fill(struct row_index *index);
/* The head of the chain for a key (in the order of the index's columns); ROW_NONE. */
uint32_t row_index_find(const struct row_index *index, const struct edn *key);

/* ---- a relation being filled ---- */

/* Adds rows, dropping those that are there when it is to keep them different. */
struct sink {
    struct relation *relation;
    bool distinct;
    struct row_index index;
};

enum bs_code sink_init(struct sink *sink, struct meter *meter, struct varset vars, bool distinct);
enum bs_code sink_add(struct sink *sink, const struct edn *row);
void sink_fini(struct sink *sink); /* the relation stays */

/* ---- operations: new relations; the operands stay ---- */

/* The columns in `vars` only, rows made different. */
enum bs_code relation_project(struct relation *relation, struct varset vars,
                              struct relation **ret_relation);
/* Natural join: on all variables that both have; the product when there is none. */
enum bs_code relation_join(struct relation *a, struct relation *b, struct relation **ret_relation);
/* Rows of `a` for which `b`, whose variables all are a's, has no row. */
enum bs_code relation_subtract(struct relation *a, struct relation *b,
                               struct relation **ret_relation);

#endif
