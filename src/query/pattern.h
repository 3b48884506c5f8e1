#ifndef QUERY_PATTERN_H
#define QUERY_PATTERN_H

/* A data pattern over a database, with its constants resolved. Internal to pattern*.c. */

#include "query/exec.h"

#define PATTERN_SLOTS 5

enum slot_kind {
    SLOT_BLANK,
    SLOT_CONST, /* value */
    SLOT_NEW,   /* a variable; bound or not, that is for the execution to say */
    SLOT_SAME,  /* the variable of an earlier slot, same_as */
};

struct slot {
    enum slot_kind kind;
    uint16_t var;
    size_t same_as;
    struct edn value;
};

struct pattern {
    const struct clause *clause;
    struct datom_db *db;
    const struct datom_attribute *attribute; /* when it is a constant */
    struct slot slots[PATTERN_SLOTS];
    bool impossible; /* a constant that nothing can meet */
    /* what the constant v means for ref attributes, when the attribute is not known */
    bool has_ref_value;
    int64_t ref_value;
};

enum bs_code pattern_prepare(struct exec *exec, const struct frame *frame,
                             const struct clause *clause, struct pattern *pattern);

/* A pattern's run over tuples (tuples.c). */
enum bs_code tuples_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                        struct context *context, struct varset needed);

/* ---- joining what a source yields with a driver ---- */

/*
 * The rows that come out of a pattern: a driver's row and the values at the pattern's places. Used
 * for databases and tuples alike.
 */
struct joiner {
    struct exec *exec;
    struct relation *driver; /* NULL: none */
    struct row_index index;  /* over the driver, by the shared variables */
    size_t keys_count;
    size_t key_slots[QUERY_VARS_MAX]; /* the place of each shared variable */
    struct sink sink;
    size_t from_driver[QUERY_VARS_MAX]; /* by column of the sink; SIZE_MAX: from a place */
    size_t from_slot[QUERY_VARS_MAX];
};

/* `slots` gives a place's variable (QUERY_NO_VAR: none of its own). */
enum bs_code joiner_init(struct joiner *joiner, struct exec *exec, struct relation *driver,
                         const uint16_t *slot_vars, size_t slots_count, struct varset needed,
                         bool distinct);
void joiner_fini(struct joiner *joiner); /* the sink's relation stays */
/* The driver's rows that agree with the values at the places; ROW_NONE. */
uint32_t joiner_probe(const struct joiner *joiner, const struct edn *values);
/* Adds a row for each of a chain (one, whatever `head` is, when there is no driver). */
enum bs_code joiner_add(struct joiner *joiner, uint32_t head, const struct edn *values);

#endif
