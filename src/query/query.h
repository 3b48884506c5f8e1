#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

/*
 * Datalog, pull and entities over database values (semantics: Datomic's query and pull grammar,
 * shared reference 1.4 and 1.5, with the choices of contract section 2).
 *
 *     struct edn result;
 *     struct edn inputs[] = {datom_db_value, edn_string(BS_STR("Beatles"))};
 *     BS_TRY(query_run_text(BS_STR("[:find ?e . :in $ ?n :where [?e :artist/name ?n]]"),
 *                           inputs, 2, NULL, arena, &result, error));
 *
 * Inputs stand in the order of :in. A database is an edn object value
 * (edn_object_value(datom_db_object(db))). Results are EDN in the arena that the caller gives: the
 * shape is the find spec's (set of vectors, vector, one vector or nil, one value or nil; vectors of
 * maps for :keys). Reading functions take any number of threads on one database value.
 */

#include "base/base.h"
#include "datom/datom.h"
#include "edn/edn.h"

struct query; /* a parsed query: immutable, any thread */

struct query_options {
    const struct bs_interrupt *interrupt; /* deadline and cancel flag; NULL: none */
    uint64_t budget_bytes;                /* of working memory; 0: BS_LIMIT_QUERY_BYTES */
};

/* Parses and checks a query (vector, map, or string holding either form). Handle: Q_INVALID_QUERY.
 */
BS_API BS_MUST_CHECK enum bs_code query_parse(struct edn form, struct query **ret_query,
                                              struct bs_error *error);
BS_API void query_free(struct query *query);
BS_API void query_freep(struct query **query); /* for BS_CLEANUP */

/* How many inputs :in asks for ($ alone when there is no :in; a query that reads no $ runs without
 * it too). */
BS_API size_t query_inputs_count(const struct query *query);
/* The find elements as column names, for table and csv heads: "?n", "(count ?r)", or the :keys. */
BS_API struct bs_str query_column(const struct query *query, size_t idx);
BS_API size_t query_columns_count(const struct query *query);

enum query_shape {
    QUERY_RELATION,   /* set of vectors; vector of vectors with :order-by or a pull; of maps with
                         :keys */
    QUERY_COLLECTION, /* vector */
    QUERY_TUPLE,      /* vector or nil; map with :keys */
    QUERY_SCALAR,     /* value or nil */
};
BS_API enum query_shape query_find_shape(const struct query *query);

/*
 * Runs it. Handle: Q_WRONG_ARITY, Q_INSUFFICIENT_BINDING, Q_UNKNOWN_FUNCTION, Q_INVALID_ARGUMENT,
 * Q_UNSUPPORTED, Q_BUDGET, RPC_DEADLINE, RPC_CANCELLED. The result lives as long as `arena`
 * (objects in it as long as the inputs).
 */
BS_API BS_MUST_CHECK enum bs_code query_run(const struct query *query, const struct edn *inputs,
                                            size_t inputs_count,
                                            const struct query_options *options,
                                            struct bs_arena *arena, struct edn *ret_result,
                                            struct bs_error *error);
/* The plan with estimated and actual rows, as data; runs the query. */
BS_API BS_MUST_CHECK enum bs_code query_explain(const struct query *query, const struct edn *inputs,
                                                size_t inputs_count,
                                                const struct query_options *options,
                                                struct bs_arena *arena, struct edn *ret_plan,
                                                struct bs_error *error);
/* Parses (a small cache by text keeps the parsed ones) and runs. */
BS_API BS_MUST_CHECK enum bs_code query_run_text(struct bs_str text, const struct edn *inputs,
                                                 size_t inputs_count,
                                                 const struct query_options *options,
                                                 struct bs_arena *arena, struct edn *ret_result,
                                                 struct bs_error *error);

/* ---- transaction functions ---- */

/*
 * Lets a registry run transaction functions that are stored as data (:db.lang/datalog): their code
 * is a query in text, $ is db-before, the other inputs are the call's arguments; the rows of a
 * relation (maps with :keys) and the values of a collection are transaction forms, a tuple or a
 * scalar is one form. A run has BS_LIMIT_TX_FUNCTION_MS at most.
 */
BS_API void query_functions_install(struct datom_functions *functions);

/* ---- pull ---- */

struct query_pattern; /* a parsed pull pattern: immutable, any thread */

BS_API BS_MUST_CHECK enum bs_code
query_pattern_parse(struct edn form, struct query_pattern **ret_pattern, struct bs_error *error);
BS_API void query_pattern_free(struct query_pattern *pattern);
/*
 * Pulls an entity given by any identifier: a map, or nil when nothing is found. An unknown
 * attribute in the pattern fails with DB_NOT_AN_ATTRIBUTE naming the nearest one. Not on a history.
 */
BS_API BS_MUST_CHECK enum bs_code query_pull(struct datom_db *db,
                                             const struct query_pattern *pattern, struct edn id,
                                             const struct query_options *options,
                                             struct bs_arena *arena, struct edn *ret_value,
                                             struct bs_error *error);
/* A vector, one result for each of the ids (a vector, list or set), in order. */
BS_API BS_MUST_CHECK enum bs_code
query_pull_many(struct datom_db *db, const struct query_pattern *pattern, struct edn ids,
                const struct query_options *options, struct bs_arena *arena, struct edn *ret_values,
                struct bs_error *error);

/* ---- pulling along an index ---- */

/* Datomic's index-pull. `pattern` and `start` are borrowed: the pattern until the walk is closed.
 */
struct query_index_request {
    enum datom_index index; /* avet: pulls entities; aevt: pulls what values refer to */
    const struct query_pattern *pattern;
    /* A vector in the index's order, as users give components: [ATTR], [ATTR VALUE], [ATTR EID].
     * The walk begins there and ends with the attribute. */
    struct edn start;
    bool reverse;
    uint64_t offset; /* so many are left out first, in the direction of the walk */
    bool has_limit;
    uint64_t limit;
};

struct query_index_pull;

/*
 * Lazy: a pull each time that one is asked for. Of aevt the attribute must be a ref of cardinality
 * many; of avet it must be indexed, and if it is of cardinality many the start needs a value, as an
 * entity stands under each of its own. Handle: Q_INVALID_ARGUMENT, DB_INVALID_INDEX,
 * DB_ATTRIBUTE_NOT_INDEXED, DB_NOT_ON_HISTORY. The walk holds the db; one thread at a time.
 */
BS_API BS_MUST_CHECK enum bs_code query_index_pull_open(struct datom_db *db,
                                                        const struct query_index_request *request,
                                                        const struct query_options *options,
                                                        struct query_index_pull **ret_walk,
                                                        struct bs_error *error);
/* *ret_found false at the end; the value is nil where the pattern finds nothing. In the arena. */
BS_API BS_MUST_CHECK enum bs_code query_index_pull_next(struct query_index_pull *walk,
                                                        struct bs_arena *arena,
                                                        struct edn *ret_value, bool *ret_found,
                                                        struct bs_error *error);
BS_API void query_index_pull_close(struct query_index_pull *walk); /* takes NULL */
/* All of it as a vector, from Datomic's map: {:index :selector :start :reverse :offset :limit}. No
 * :limit, nil and -1 are none. */
BS_API BS_MUST_CHECK enum bs_code query_index_pull(struct datom_db *db, struct edn form,
                                                   const struct query_options *options,
                                                   struct bs_arena *arena, struct edn *ret_values,
                                                   struct bs_error *error);

/* ---- filters as data ---- */

/*
 * The value as datom_db_filter makes it, with a predicate that is data: a vector of clauses that
 * must all hold of a datom. A clause is a function of queries, [(< ?v 5)], or (not CLAUSE...), (or
 * CLAUSE...), (and CLAUSE...); ?e, ?a (the ident), ?v, ?tx and ?added stand for what the datom has.
 * A call that fails, as one that compares a text with a number, does not hold. A datom for which
 * calls make more than BS_LIMIT_FILTER_BYTES is not shown. Handle: Q_INVALID_ARGUMENT,
 * Q_UNKNOWN_FUNCTION, Q_WRONG_ARITY, Q_UNSUPPORTED. The caller unrefs the value.
 */
BS_API BS_MUST_CHECK enum bs_code query_filter(struct datom_db *db, struct edn clauses,
                                               struct datom_db **ret_db, struct bs_error *error);

/* ---- entities ---- */

/*
 * A lazy entity: an id in a value; each attribute asked for is one read. It is an edn object too
 * (prints {:db/id N}), so results can hold it. Lives in the arena, holds the db until that is
 * freed.
 */
struct query_entity;

/* NULL in *ret_entity when an ident or lookup ref finds nothing. Not on a history. */
BS_API BS_MUST_CHECK enum bs_code query_entity_of(struct datom_db *db, struct edn identifier,
                                                  struct bs_arena *arena,
                                                  const struct query_entity **ret_entity,
                                                  struct bs_error *error);
BS_API datom_id query_entity_id(const struct query_entity *entity);
BS_API struct datom_db *query_entity_db(const struct query_entity *entity);
/*
 * An attribute's value, :ns/_attr for the reverse, :db/id for the id: nil when there is none; refs
 * as entities (as the keyword where the target has an ident), many as a set.
 */
BS_API BS_MUST_CHECK enum bs_code query_entity_get(const struct query_entity *entity,
                                                   struct bs_str attribute, struct bs_arena *arena,
                                                   struct edn *ret_value, struct bs_error *error);
/* A map of all attributes, component children touched too; one met again on the way down stays an
 * entity. */
BS_API BS_MUST_CHECK enum bs_code query_entity_touch(const struct query_entity *entity,
                                                     struct bs_arena *arena, struct edn *ret_map,
                                                     struct bs_error *error);
BS_API struct edn query_entity_value(const struct query_entity *entity);
/* NULL when the value is no entity. */
BS_API const struct query_entity *query_entity_from_edn(struct edn value);

/* ---- showing ---- */

/* Datoms, reports and the like as EDN, the way that the shell, the commands and the database
 * service print them. */

/* [E :attr V TX added]; text of the value stays borrowed from the datom, the ident from db. */
BS_API struct edn query_datom_value(struct datom_db *db, const struct datom *datom,
                                    struct bs_arena *arena);
/* A vector of them. */
BS_API struct edn query_datoms_value(struct datom_db *db, const struct datom *datoms, size_t count,
                                     struct bs_arena *arena);
/*
 * {:db-before DB :db-after DB :tx-data [...] :tempids {...}}. The databases are borrowed from the
 * report, which must live as long as the value.
 */
BS_API struct edn query_report_value(const struct datom_report *report, struct bs_arena *arena);
/* {:t N :data [...]}, copied into the arena. */
BS_API struct edn query_log_entry_value(struct datom_db *db, const struct datom_log_entry *entry,
                                        struct bs_arena *arena);
/*
 * The range that components (as a user gives them, in the index's order) stand for: identifiers
 * resolved, values coerced; in the arena. `seek` and so on are left alone.
 */
BS_API BS_MUST_CHECK enum bs_code query_range_of(struct datom_db *db, enum datom_index index,
                                                 const struct edn *components, size_t count,
                                                 struct bs_arena *arena,
                                                 struct datom_range *ret_range,
                                                 struct bs_error *error);
/* "eavt", "aevt", "avet" or "vaet"; fails with DB_INVALID_INDEX. */
BS_API BS_MUST_CHECK enum bs_code query_index_of(struct bs_str name, enum datom_index *ret_index,
                                                 struct bs_error *error);

#endif
