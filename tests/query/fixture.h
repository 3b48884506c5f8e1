#ifndef TESTS_QUERY_FIXTURE_H
#define TESTS_QUERY_FIXTURE_H

/* A store in memory, filled from EDN, and queries of it as text. */

#include "query/query.h"

struct fixture {
    struct datom_conn *conn;
    struct datom_db *db;
    struct bs_arena *arena;
    const char *was; /* fixture_was */
};

void fixture_init(struct fixture *fixture, const char *const *transactions, size_t count);
void fixture_fini(struct fixture *fixture);
/* Transacts EDN text; the fixture's db is the newest then. */
void fixture_transact(struct fixture *fixture, const char *text);
struct edn fixture_read(struct fixture *fixture, const char *text);
struct edn fixture_db(struct datom_db *db);

/*
 * Runs a query whose inputs are EDN text, a vector: $ in it stands for the database, and so do
 * $history, $before (the value before the last transaction) and $with.
 */
enum bs_code fixture_query(struct fixture *fixture, const char *query, const char *inputs,
                           struct edn *ret_result, struct bs_error *error);
/* "ok" and the result, or the reason and the message, in the fixture's arena. */
struct bs_str fixture_answer(struct fixture *fixture, const char *query, const char *inputs);

/*
 * What a row of a table asks: whether `code` is BS_OK and `value` what `expected` reads as, of the
 * same type; or, of a failure, whether its reason is called `expected`.
 */
bool fixture_is(struct fixture *fixture, const char *expected, enum bs_code code, struct edn value,
                const struct bs_error *error);
/* What came instead, when the last fixture_is said no; in the fixture's arena. */
const char *fixture_was(const struct fixture *fixture);

/* The people of Datomic's documentation and of the reference, with attributes of all kinds. */
extern const char *const fixture_people[];
extern const size_t fixture_people_count;

/* They in a store, between the two that a group of tests runs first and last. Nobody changes it. */
extern struct fixture people;
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

#endif
