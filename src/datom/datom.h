#ifndef DATOM_DATOM_H
#define DATOM_DATOM_H

/*
 * libdatom's store: an immutable database of datoms in the manner of Datomic, on RocksDB or in
 * memory.
 *
 *     struct datom_conn *conn;
 *     BS_TRY(datom_conn_open(BS_STR("music"), NULL, &conn, error));
 *     struct datom_report *report;
 *     BS_TRY(datom_transact_text(conn, BS_STR("[...]"), NULL, &report, error));
 *     struct datom_db *db = datom_conn_db(conn);
 *     ...
 *
 * The three things here:
 *
 *  - a connection (struct datom_conn): the one writer of a store, a store in memory, or a fork;
 *  - a database value (struct datom_db): immutable, reference-counted, cheap, safe to share between
 *    threads; it never changes, and may outlive its connection (the store closes with its last
 *    value);
 *  - a cursor (struct datom_cursor): the one way to read ranges of datoms.
 *
 * Values are struct edn. Reference values are longs (entity ids). Semantics are Datomic's unless
 * docs/datomic.md says otherwise (source: docs.datomic.com; shared reference 1.1 to 1.6).
 *
 * Ownership: what a function returns through ret_ is the caller's, to be given back by the _unref
 * or _free of its type; all of these take NULL. Threads: connections and database values may be
 * used from any thread; a cursor, a report and an arena by one at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "edn/edn.h"

struct datom_conn;
struct datom_db;
struct datom_cursor;

/* ---- ids ---- */

/*
 * 64 bits: 20 for the partition, 42 for the counter, as in Datomic. Partition 0 holds attributes
 * and what is built in, 3 transactions, 4 everything else. One counter t numbers transactions and
 * new entities alike, so transactions' ts are not dense; the first of a user is 1000.
 */
typedef uint64_t datom_id;

#define DATOM_PART_DB 0u
#define DATOM_PART_TX 3u
#define DATOM_PART_USER 4u
#define DATOM_PART_SHIFT 42
#define DATOM_T_MAX ((UINT64_C(1) << DATOM_PART_SHIFT) - 1)
#define DATOM_FIRST_USER_T 1000u
/* Where an attribute id must stand and there is none. */
#define DATOM_NO_ID UINT64_MAX

static inline datom_id datom_id_make(uint64_t part, uint64_t counter)
{
    return part << DATOM_PART_SHIFT | counter;
}

static inline uint64_t datom_id_part(datom_id id)
{
    return id >> DATOM_PART_SHIFT;
}

static inline uint64_t datom_id_counter(datom_id id)
{
    return id & DATOM_T_MAX;
}

static inline datom_id datom_t_to_tx(uint64_t t)
{
    return datom_id_make(DATOM_PART_TX, t);
}

static inline uint64_t datom_tx_to_t(datom_id tx)
{
    return datom_id_counter(tx);
}

/* ---- datoms, attributes ---- */

struct datom {
    datom_id e;
    datom_id a;
    struct edn v; /* refs are longs; memory as the giver of the datom says */
    datom_id tx;
    bool added;
};

enum datom_type {
    DATOM_TYPE_REF,
    DATOM_TYPE_KEYWORD,
    DATOM_TYPE_LONG,
    DATOM_TYPE_STRING,
    DATOM_TYPE_BOOLEAN,
    DATOM_TYPE_INSTANT,
    DATOM_TYPE_BYTES,
    DATOM_TYPE_UUID,
    DATOM_TYPE_DOUBLE,
    DATOM_TYPE_FLOAT,
    DATOM_TYPE_URI,
    DATOM_TYPE_BIGINT,
    DATOM_TYPE_BIGDEC,
    DATOM_TYPE_TUPLE,
    DATOM_TYPE_SYMBOL,
    DATOM_TYPE_COUNT,
};

enum datom_unique {
    DATOM_UNIQUE_NONE,
    DATOM_UNIQUE_VALUE,
    DATOM_UNIQUE_IDENTITY,
};

struct datom_tuple; /* datom/tuple.h */

/* An installed attribute, as one database value knows it. Belongs to that value. */
struct datom_attribute {
    datom_id id;
    struct bs_str ident; /* without colon; its newest name */
    enum datom_type type;
    bool many;
    bool was_many; /* it is, or it was at any time before */
    enum datom_unique unique;
    bool is_component;
    bool is_index; /* :db/index true */
    bool no_history;
    /* Whether avet holds it: :db/index, or unique. */
    bool has_avet;
    bool is_fulltext; /* :db/fulltext true; nothing is indexed by words */
    /* What the elements of its values are; NULL when its type is not tuple. */
    const struct datom_tuple *tuple;
    /* The composite tuples that it is a member of and that the store keeps. */
    const struct datom_attribute *const *composites;
    size_t composites_count;
    /* What its values must pass when they are asserted (datom/predicates.h); NULL: nothing. */
    const struct datom_predicates *predicates;
};

/* "db.type/ref" and so on. */
BS_API const char *datom_type_ident(enum datom_type type);
/* The type of an ident without colon; false when there is none. */
BS_API bool datom_type_from_ident(struct bs_str ident, enum datom_type *ret_type);

/* ---- connections ---- */

struct datom_functions; /* datom/functions.h */
struct datom_log_store; /* datom/log_store.h */

struct datom_options {
    /* Time of transactions; the machine's when .now_ms is NULL. */
    struct bs_clock clock;
    bool create;    /* make the store when DIR holds none; else STORE_NOT_FOUND */
    bool read_only; /* reads beside a writing process; no lock; datom_conn_catch_up follows it */
    bool no_sync;   /* acknowledge before the disk has it: for bulk loads that can be repeated */
    uint64_t cache_bytes;        /* block cache; 0: 64 MiB */
    bool no_compression;         /* of files, so that one can see what is in them */
    uint64_t write_buffer_bytes; /* memory for what is not in sorted files yet; 0: 64 MiB */
    /* Writes are refused (STORE_FULL) while the disk has less free: the engine would fail in the
     * middle of one, and reading needs nothing. 0: 64 MiB; UINT64_MAX: never. */
    uint64_t min_free_bytes;
    /* What transactions may call by name; held by the connection and its values. NULL: nothing; for
     * a fork: those of the value that it is made of. */
    struct datom_functions *functions;
    /* Where the log is held (datom/log_store.h); NULL: in the store itself. What it points to must
     * outlive the connection. Not for read_only, memory and forks. */
    const struct datom_log_store *log;
    /*
     * How long after it was superseded a value may pin what it is of on disk; then it answers as of
     * its t from what the store knows of the past. 0: 60 s.
     */
    uint64_t hold_ms;
};

/*
 * Opens (or creates) the store in a folder. NULL options: create, read and write, system clock.
 * Handle: STORE_LOCKED (another process writes; the message and the field "pid" name it),
 * STORE_NOT_FOUND, STORE_FORMAT (made by a newer version).
 */
BS_API BS_MUST_CHECK enum bs_code datom_conn_open(struct bs_str dir,
                                                  const struct datom_options *options,
                                                  struct datom_conn **ret_conn,
                                                  struct bs_error *error);
/* A store in memory, gone with its last value. Only `clock` and `functions` of the options count.
 */
BS_API struct datom_conn *datom_conn_new_memory(const struct datom_options *options);
/*
 * A connection of its own on a database value: starts with its datoms, log and next t; what is
 * transacted there stays there. Costs microseconds, whatever the size. The value may be of any
 * connection, a fork's too, but no history, no since and not filtered (DB_NOT_ON_HISTORY,
 * DB_UNSUPPORTED). Of an as-of value the fork branches from that past: new transactions take the ts
 * after it and are seen; this costs what was said since then. Superseded values of noHistory
 * attributes are gone there, as in as-of.
 */
BS_API BS_MUST_CHECK enum bs_code datom_conn_fork(struct datom_db *db,
                                                  const struct datom_options *options,
                                                  struct datom_conn **ret_conn,
                                                  struct bs_error *error);
BS_API struct datom_conn *datom_conn_ref(struct datom_conn *conn);
/* The last one closes; values that were taken stay good. */
BS_API void datom_conn_unref(struct datom_conn *conn);
BS_API void datom_conn_unrefp(struct datom_conn **conn); /* for BS_CLEANUP */
BS_API bool datom_conn_is_read_only(const struct datom_conn *conn);
/* Takes in what other processes have committed since: the one that writes a store that is open
 * read-only, or those that append to the same log. Else nothing. */
BS_API BS_MUST_CHECK enum bs_code datom_conn_catch_up(struct datom_conn *conn,
                                                      struct bs_error *error);

/* The newest durable value; never NULL, never waits for a writer. The caller unrefs it. */
BS_API struct datom_db *datom_conn_db(struct datom_conn *conn);
/* Waits until the connection's value has reached t. Handle: RPC_DEADLINE, RPC_CANCELLED. */
BS_API BS_MUST_CHECK enum bs_code datom_conn_sync(struct datom_conn *conn, uint64_t t,
                                                  const struct bs_interrupt *interrupt,
                                                  struct datom_db **ret_db, struct bs_error *error);
/*
 * The same by Datomic's other names, which wait for indexing jobs there: here indexes, schema and
 * excisions are part of the transaction, so that a value that has reached t has them. (The files
 * are rid of what was excised when datom_transact returns.)
 */
BS_API BS_MUST_CHECK enum bs_code datom_conn_sync_index(struct datom_conn *conn, uint64_t t,
                                                        const struct bs_interrupt *interrupt,
                                                        struct datom_db **ret_db,
                                                        struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code datom_conn_sync_schema(struct datom_conn *conn, uint64_t t,
                                                         const struct bs_interrupt *interrupt,
                                                         struct datom_db **ret_db,
                                                         struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code datom_conn_sync_excise(struct datom_conn *conn, uint64_t t,
                                                         const struct bs_interrupt *interrupt,
                                                         struct datom_db **ret_db,
                                                         struct bs_error *error);

/* ---- transactions ---- */

struct datom_tempid {
    struct bs_str name; /* a negative number's text for those */
    datom_id id;
};

/* What a transaction did. Owns everything it points to, the two values too. */
struct datom_report {
    struct datom_db *db_before;
    struct datom_db *db_after;
    const struct datom *datoms; /* the transaction's own :db/txInstant first */
    size_t datoms_count;
    const struct datom_tempid *tempids; /* the user's, by name */
    size_t tempids_count;
    uint64_t t;
    struct bs_arena *arena;
};

BS_API void datom_report_free(struct datom_report *report);
BS_API void datom_report_freep(struct datom_report **report); /* for BS_CLEANUP */
/* The id of a tempid; DATOM_NO_ID when the transaction had no such tempid. */
BS_API datom_id datom_report_tempid(const struct datom_report *report, struct bs_str name);

/* What may be said about a transaction beside its data; NULL is all defaults. */
struct datom_tx_options {
    const struct bs_interrupt *interrupt;
    /* Called just before the caller's thread waits for the disk, and after: to give up a run slot.
     * Without a lock of the connection. */
    void (*wait_begin)(void *self);
    void (*wait_end)(void *self);
    void *wait_self;
};

/*
 * Runs a transaction: tx-data is a vector (or list) of list forms and maps, a *set* resolved
 * against the newest value. Returns when it is durable. On failure nothing has happened. Errors
 * carry the field "form" (index of the offending form from 0) where one is to blame. Handle:
 * DB_UNIQUE_CONFLICT, DB_CAS_FAILED, DB_DATOMS_CONFLICT. `ret_report` may be NULL.
 */
BS_API BS_MUST_CHECK enum bs_code datom_transact(struct datom_conn *conn, struct edn tx_data,
                                                 const struct datom_tx_options *options,
                                                 struct datom_report **ret_report,
                                                 struct bs_error *error);
/* The same from EDN text. */
BS_API BS_MUST_CHECK enum bs_code datom_transact_text(struct datom_conn *conn, struct bs_str text,
                                                      const struct datom_tx_options *options,
                                                      struct datom_report **ret_report,
                                                      struct bs_error *error);
/*
 * The same on a value: db_after is the value as it would be. Nothing else changes, no ids are used
 * up. On an as-of or since value the transaction is resolved against the whole value, and db_after
 * has the same view: what is newer than the as-of is not seen in it, as in Datomic. Fails on a
 * history (DB_NOT_ON_HISTORY).
 */
BS_API BS_MUST_CHECK enum bs_code datom_with(struct datom_db *db, struct edn tx_data,
                                             const struct bs_clock *clock,
                                             struct datom_report **ret_report,
                                             struct bs_error *error);

/* ---- database values ---- */

BS_API struct datom_db *datom_db_ref(struct datom_db *db);
BS_API void datom_db_unref(struct datom_db *db);
BS_API void datom_db_unrefp(struct datom_db **db); /* for BS_CLEANUP */

/* The t of the newest transaction in it; views do not change it. */
BS_API uint64_t datom_db_basis_t(const struct datom_db *db);
BS_API uint64_t datom_db_next_t(const struct datom_db *db);
/* False when the value is no such view. */
BS_API bool datom_db_as_of_t(const struct datom_db *db, uint64_t *ret_t);
BS_API bool datom_db_since_t(const struct datom_db *db, uint64_t *ret_t);
BS_API bool datom_db_is_history(const struct datom_db *db);

/*
 * A point in time: a t or transaction id (long), or an instant: the last transaction at or before
 * it. Handle: DB_INVALID_TIME_POINT.
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_resolve_t(struct datom_db *db, struct edn point,
                                                     uint64_t *ret_t, struct bs_error *error);
/* Views, chainable. The new value holds what it needs; none of them fails. as-of includes t, since
 * excludes it; history keeps the assertions and retractions that the other two let through. */
BS_API struct datom_db *datom_db_as_of(struct datom_db *db, uint64_t t);
BS_API struct datom_db *datom_db_since(struct datom_db *db, uint64_t t);
BS_API struct datom_db *datom_db_history(struct datom_db *db);

/* NULL when there is no such attribute. By id, and by ident (old names too). Borrowed from db. */
BS_API const struct datom_attribute *datom_db_attribute(const struct datom_db *db, datom_id id);
BS_API const struct datom_attribute *datom_db_attribute_named(const struct datom_db *db,
                                                              struct bs_str ident);
/* All attributes by id, built-in ones too: index from 0, NULL past the end. */
BS_API const struct datom_attribute *datom_db_attribute_at(const struct datom_db *db, size_t idx);
/* An attribute given as keyword or id, or DB_NOT_AN_ATTRIBUTE naming the nearest one. */
BS_API BS_MUST_CHECK enum bs_code datom_db_find_attribute(const struct datom_db *db,
                                                          struct edn attribute,
                                                          const struct datom_attribute **ret,
                                                          struct bs_error *error);

/* The entity that an ident names now or named once; DATOM_NO_ID when none does. */
BS_API datom_id datom_db_entid(struct datom_db *db, struct bs_str ident);
/* The newest ident of an entity (without colon, borrowed from db); empty when it has none. */
BS_API struct bs_str datom_db_ident(struct datom_db *db, datom_id id);
/*
 * Any entity identifier: long, ident (a keyword, or a string ":ns/name"), lookup ref [attr value].
 * *ret_id is DATOM_NO_ID when an ident or a lookup ref finds nothing. Fails on other shapes
 * (DB_NOT_AN_ENTITY, DB_INVALID_LOOKUP_REF, DB_LOOKUP_REF_ATTR_NOT_UNIQUE, DB_WRONG_TYPE).
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_resolve(struct datom_db *db, struct edn identifier,
                                                   datom_id *ret_id, struct bs_error *error);
/*
 * A value as the attribute stores it: ints for doubles and so on are coerced where nothing is lost;
 * for refs any entity identifier is resolved. Handle: DB_WRONG_TYPE, DB_VALUE_TOO_LARGE, and for
 * refs those of datom_db_resolve; an identifier that finds nothing is DB_NOT_AN_ENTITY.
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_coerce(struct datom_db *db,
                                                  const struct datom_attribute *attribute,
                                                  struct edn value, struct bs_arena *arena,
                                                  struct edn *ret_value, struct bs_error *error);

/*
 * The value of a cardinality-one attribute (the smallest of a many one), copied into the arena;
 * *ret_found false when there is none. One get. Not on a history.
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_get(struct datom_db *db, datom_id e,
                                               const struct datom_attribute *attribute,
                                               struct bs_arena *arena, struct edn *ret_value,
                                               bool *ret_found, struct bs_error *error);
/* The holder of a value of an attribute with avet, the smallest when several hold it; DATOM_NO_ID.
 * The value is as datom_db_coerce gives it; else DB_WRONG_TYPE. */
BS_API BS_MUST_CHECK enum bs_code datom_db_lookup(struct datom_db *db,
                                                  const struct datom_attribute *attribute,
                                                  struct edn value, datom_id *ret_id,
                                                  struct bs_error *error);

/* ---- cursors ---- */

enum datom_index {
    DATOM_EAVT,
    DATOM_AEVT,
    DATOM_AVET,
    DATOM_VAET,
};

/*
 * A range of one index. Components stand in the index's order and narrow from the left: each has_
 * that is set must have those before it set too (for vaet: v, a, e). `v` must be coerced.
 */
struct datom_range {
    enum datom_index index;
    bool has_e, has_a, has_v, has_tx;
    datom_id e;
    datom_id a;
    struct edn v;
    datom_id tx;
    /* Starts at the components and runs to the end of the index instead of stopping where they do.
     */
    bool seek;
    /* Walks backwards, the last datom first; with seek from what begins with the components, or
     * stands before them, to the beginning of the index. */
    bool reverse;
    /* avet with has_a, without has_v: values from v_start (inclusive) to v_end (exclusive). */
    bool has_start, has_end;
    struct edn v_start;
    struct edn v_end;
};

/*
 * The datoms of a range of a value, in index order (e, a, v ascending, tx descending; or the other
 * way round), as its view shows them. Handle: DB_ATTRIBUTE_NOT_INDEXED (avet of an attribute
 * without, vaet of a non-ref), DB_INVALID_INDEX, DB_WRONG_TYPE (a value that is not coerced). The
 * cursor holds the value.
 */
BS_API BS_MUST_CHECK enum bs_code datom_cursor_open(struct datom_db *db,
                                                    const struct datom_range *range,
                                                    struct datom_cursor **ret_cursor,
                                                    struct bs_error *error);
/* Moves an open cursor to another range of the same value: cheaper than a new one. */
BS_API BS_MUST_CHECK enum bs_code datom_cursor_reset(struct datom_cursor *cursor,
                                                     const struct datom_range *range,
                                                     struct bs_error *error);
/*
 * The next batch: *ret_count datoms at *ret_datoms, 0 at the end. They and their values stand until
 * the next call on this cursor. Batches grow from small to about a thousand.
 */
BS_API BS_MUST_CHECK enum bs_code datom_cursor_next(struct datom_cursor *cursor,
                                                    const struct datom **ret_datoms,
                                                    size_t *ret_count, struct bs_error *error);
BS_API void datom_cursor_free(struct datom_cursor *cursor);
BS_API void datom_cursor_freep(struct datom_cursor **cursor); /* for BS_CLEANUP */

/* ---- the log ---- */

/* One transaction of the log; memory of the reader until its next step. */
struct datom_log_entry {
    uint64_t t;
    const struct datom *datoms;
    size_t count;
};

struct datom_log_reader;

/*
 * The transactions of a value's log with start <= t < end (0 and UINT64_MAX for open ends; the
 * store's own first transactions have ts below DATOM_FIRST_USER_T). As-of bounds it too.
 */
BS_API BS_MUST_CHECK enum bs_code datom_log_open(struct datom_db *db, uint64_t start, uint64_t end,
                                                 struct datom_log_reader **ret_reader,
                                                 struct bs_error *error);
BS_API BS_MUST_CHECK enum bs_code datom_log_next(struct datom_log_reader *reader,
                                                 struct datom_log_entry *ret_entry, bool *ret_found,
                                                 struct bs_error *error);
BS_API void datom_log_close(struct datom_log_reader *reader);
/* A bound of a tx-range: t, tx id, or an instant (the first transaction at or after it). */
BS_API BS_MUST_CHECK enum bs_code datom_log_resolve_bound(struct datom_db *db, struct edn bound,
                                                          uint64_t *ret_t, struct bs_error *error);

/* ---- statistics, checking ---- */

struct datom_stats {
    uint64_t datoms;        /* live ones */
    uint64_t bytes_on_disk; /* 0 in memory */
    struct {
        const char *name; /* "eavt", ..., "log" */
        uint64_t bytes;   /* estimated, on disk */
        uint64_t keys;    /* estimated on disk, exact in memory */
    } families[10];
    size_t families_count;
};

BS_API BS_MUST_CHECK enum bs_code datom_db_stats(struct datom_db *db, struct datom_stats *ret_stats,
                                                 struct bs_error *error);
/* Live datoms of an attribute. */
BS_API uint64_t datom_db_attribute_count(struct datom_db *db, datom_id attribute);

struct datom_check_report {
    uint64_t transactions;
    uint64_t datoms;
    uint64_t differences; /* all of them; the callback got the first 20 */
};

/*
 * Verifies a value from end to end: the log replayed against every index, now and history, both
 * ways. `found` is called with a line for each of the first differences. OK also when there are
 * some.
 */
BS_API BS_MUST_CHECK enum bs_code datom_db_check(struct datom_db *db,
                                                 void (*found)(void *self, const char *line),
                                                 void *self, struct datom_check_report *ret_report,
                                                 struct bs_error *error);

/* A value as data of others: prints as #db {:basis-t T}. The object is borrowed from db. */
BS_API const struct edn_object *datom_db_object(struct datom_db *db);
/* The db behind such an object, or NULL when the value is something else. Borrowed. */
BS_API struct datom_db *datom_db_from_edn(struct edn value);

/* Topics with headers of their own. */
#include "datom/filter.h"
#include "datom/functions.h"
#include "datom/health.h"
#include "datom/log_store.h"
#include "datom/partition.h"
#include "datom/pipeline.h"
#include "datom/predicates.h"
#include "datom/subscription.h"
#include "datom/tuple.h"

#endif
