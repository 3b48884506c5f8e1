#ifndef BENCH_PEOPLE_H
#define BENCH_PEOPLE_H

/*
 * People of five attributes (name, last name, sex, age, salary), drawn as DataScript's own suite
 * draws them, and the ways of that suite to bring them into a store. The caller serializes.
 */

#include "bench.h"
#include "datom/datom.h"

#define PEOPLE_COUNT 20000
#define PEOPLE_ATTRIBUTES 5

struct people {
    struct bs_arena *arena;
    size_t count;
    struct edn *attributes; /* the five keywords */
    struct edn *values;     /* five a person */
};

/* The same people for a count, each time. */
void people_init(struct people *people, size_t count);
void people_fini(struct people *people); /* a zeroed one is none */
/* A JSON array of [name, lastName, sex, age, salary] each. */
BS_MUST_CHECK enum bs_code people_write_json(const struct people *people, const char *path,
                                             struct bs_error *error);

/* What the ways work on: a new store with the five attributes. */
BS_MUST_CHECK enum bs_code people_install(struct datom_conn *conn, struct bs_error *error);
/* One transaction of all of them. The ids, in their order, are the caller's array if not NULL. */
BS_MUST_CHECK enum bs_code people_add_all(const struct people *people, struct datom_conn *conn,
                                          datom_id *ret_ids, struct bs_error *error);
/* A transaction for each person; for each datom; to retract each. */
BS_MUST_CHECK enum bs_code people_add_each(const struct people *people, struct datom_conn *conn,
                                           struct bs_error *error);
BS_MUST_CHECK enum bs_code people_add_datoms(const struct people *people, struct datom_conn *conn,
                                             struct bs_error *error);
BS_MUST_CHECK enum bs_code people_retract_each(const datom_id *ids, size_t count,
                                               struct datom_conn *conn, struct bs_error *error);

#endif
