#ifndef DATOM_FUNCTIONS_H
#define DATOM_FUNCTIONS_H

/*
 * Functions that transactions call by name: transaction functions, predicates of attributes and of
 * entity specs, and the evaluator of functions that are stored as data.
 *
 *     struct datom_functions *functions = datom_functions_new();
 *     datom_functions_add_tx(functions, BS_STR("my.bank/deposit"),
 *                            (struct datom_tx_function){.call = deposit, .args_min = 2,
 *                                                       .args_max = 2});
 *     struct datom_options options = {.create = true, .functions = functions};
 *     ... datom_conn_open(dir, &options, &conn, error) ...
 *     datom_functions_unref(functions);
 *
 * A registry is filled by one thread, then handed to connections by datom_options; from then on it
 * is immutable and may be used from any thread. Every value of such a connection carries it, so
 * datom_with and forks have it too. It holds no state of a database: the same names must be
 * registered again by whoever opens the store the next time.
 *
 * Names are those of symbols or keywords without colon, "my.bank/deposit": a form may call it by
 * either. The namespaces "db" and "db.*" are the database's own.
 */

#include "datom/datom.h"

struct datom_functions;

/* One call of a transaction function. All of it is the caller's, to be read only. */
struct datom_tx_call {
    struct datom_db *db;    /* the value before the transaction, without a view */
    struct bs_str name;     /* without colon */
    const struct edn *args; /* the elements of the form after the name */
    size_t args_count;
    struct bs_arena *arena;               /* the result's memory */
    const struct bs_interrupt *interrupt; /* of the transaction; may be NULL */
};

/*
 * A transaction function: gives tx-data (a vector, list or set of forms, which may call functions
 * again; nil is nothing) from db-before and arguments alone. An error ends the transaction and
 * reaches its caller with the reason and code it was raised with: the application's
 * own refusals are DB_CANCELLED with a code of its choosing (bs_error_set_code). Called on the
 * thread that transacts, with the connection's lock held: it must not transact on the same
 * connection nor wait for anything. A transaction that is resolved again (after a failed write of
 * others) calls it again.
 */
struct datom_tx_function {
    enum bs_code (*call)(void *self, const struct datom_tx_call *call, struct edn *ret_tx_data,
                         struct bs_error *error);
    void *self;      /* must live as long as the registry */
    size_t args_min; /* calls with fewer or more are refused before */
    size_t args_max; /* DATOM_ARGS_ANY: no upper bound */
};

#define DATOM_ARGS_ANY SIZE_MAX

/*
 * A predicate of values (:db.attr/preds), of the value as stored: *ret_return true lets it pass,
 * anything else (false, nil, a text that tells why) refuses it and is shown in the error as
 * :db.error/pred-return. Failing with an error ends the transaction with that error.
 */
struct datom_value_predicate {
    enum bs_code (*test)(void *self, struct edn value, struct bs_arena *arena,
                         struct edn *ret_return, struct bs_error *error);
    void *self;
};

/* A predicate of entities (:db.entity/preds), which sees the value after the transaction. */
struct datom_entity_predicate {
    enum bs_code (*test)(void *self, struct datom_db *db_after, datom_id e, struct bs_arena *arena,
                         struct edn *ret_return, struct bs_error *error);
    void *self;
};

/*
 * What runs transaction functions that are stored as data (:db/code in Datalog). The query library
 * stands above this one and installs itself: query_functions_install in query/query.h.
 */
struct datom_evaluator {
    /* Whether the code can be run at all; *ret_args_count: how many arguments it takes. */
    enum bs_code (*check)(void *self, struct bs_str code, size_t *ret_args_count,
                          struct bs_error *error);
    /* Runs code that passed the check: the forms that it gives, as tx-data. */
    enum bs_code (*run)(void *self, struct bs_str code, const struct datom_tx_call *call,
                        struct edn *ret_tx_data, struct bs_error *error);
    void *self;
};

/* An empty registry. */
BS_API struct datom_functions *datom_functions_new(void);
BS_API struct datom_functions *datom_functions_ref(struct datom_functions *functions);
BS_API void datom_functions_unref(struct datom_functions *functions);
BS_API void datom_functions_unrefp(struct datom_functions **functions); /* for BS_CLEANUP */

/*
 * Adds one; a name that was added before is replaced. Adding to a registry that is shared already,
 * an empty name, or one of the namespace "db" is a bug and aborts.
 */
BS_API void datom_functions_add_tx(struct datom_functions *functions, struct bs_str name,
                                   struct datom_tx_function function);
BS_API void datom_functions_add_value_predicate(struct datom_functions *functions,
                                                struct bs_str name,
                                                struct datom_value_predicate predicate);
BS_API void datom_functions_add_entity_predicate(struct datom_functions *functions,
                                                 struct bs_str name,
                                                 struct datom_entity_predicate predicate);
BS_API void datom_functions_set_evaluator(struct datom_functions *functions,
                                          struct datom_evaluator evaluator);

/* NULL when nothing has this name (or `functions` is NULL). Borrowed from the registry. */
BS_API const struct datom_tx_function *
datom_functions_find_tx(const struct datom_functions *functions, struct bs_str name);
BS_API const struct datom_value_predicate *
datom_functions_find_value_predicate(const struct datom_functions *functions, struct bs_str name);
BS_API const struct datom_entity_predicate *
datom_functions_find_entity_predicate(const struct datom_functions *functions, struct bs_str name);
/* NULL when none was set. */
BS_API const struct datom_evaluator *
datom_functions_evaluator(const struct datom_functions *functions);

enum datom_function_kind {
    DATOM_FUNCTION_TX,
    DATOM_FUNCTION_VALUE_PREDICATE,
    DATOM_FUNCTION_ENTITY_PREDICATE,
};

/* The names of a kind, in the order in which they were added: index from 0, empty past the end. */
BS_API struct bs_str datom_functions_name_at(const struct datom_functions *functions,
                                             enum datom_function_kind kind, size_t idx);

/* The registry that a value carries; NULL when it has none. Borrowed from db. */
BS_API struct datom_functions *datom_db_functions(const struct datom_db *db);

#endif
