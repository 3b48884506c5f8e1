#ifndef DATOM_TX_H
#define DATOM_TX_H

/*
 * A transaction under way, in four steps that each have a file:
 *
 *   tx_expand.c    forms -> operations; tempids, idents and lookup refs by db-before (with the
 *                  files of tx_expand.h)
 *   tx_identity.c  tempids that unique identities bind to entities or to each other; new ids
 *   tx_partition.c where new entities go
 *   tx_entries.c   operations -> datoms, as a set: conflicts, redundancy, implied retractions,
 *                  uniqueness (with the files of tx_entries.h)
 *   tx_composite.c composite tuples, kept as their members change
 *   tx_pred.c      predicates of attributes, on what is asserted
 *   tx_schema.c    what the datoms do to the schema, and whether they may (tuples:
 *                  tx_schema_tuple.c)
 *   tx_apply.c     datoms -> changes of index families, counters, the next body
 *   tx_excise.c    what is erased from that body
 *   tx_ensure.c    entity specs, in that body
 *
 * All of it sees db-before only. Internal to these files and tx.c; one thread.
 */

#include "datom/db.h"
#include "datom/holders.h"
#include "datom/table.h"

/* From the weakest to the strongest. */
enum tx_wish {
    TX_WISH_NONE,    /* :db.part/user */
    TX_WISH_MATCHED, /* :db/match-partition, once it is decided */
    TX_WISH_TAGGED,  /* #db/id[partition] */
    TX_WISH_FORCED,  /* :db/force-partition */
};

struct tx_place {
    bool is_temp;
    uint32_t temp;
    datom_id id;
};

/* An entity-to-be. Temps that turn out to be one entity are united; the root speaks for all. */
struct tx_temp {
    struct bs_str name; /* empty: of a map without :db/id */
    uint32_t parent;    /* itself for a root */
    uint32_t form_idx;  /* where it was met first */
    datom_id id;        /* of a root: DATOM_NO_ID until known */
    bool is_entity;     /* something is said of it */
    bool is_value;      /* something refers to it */
    bool is_element;    /* it becomes an attribute or a partition, which are in :db.part/db */
    bool is_new;        /* its id was issued by this transaction */
    enum tx_wish wish;  /* what says where it goes when it is new */
    uint32_t partition; /* unless the wish is none */
    /* another partition, as strongly wished for by a tempid that is the same entity; where they
     * were united */
    bool is_torn;
    uint32_t torn_partition;
    uint32_t torn_form_idx;
};

/* ":db/match-partition {temp to}" */
struct tx_match {
    uint32_t temp;
    struct tx_place to;
    uint32_t form_idx;
    uint32_t next; /* of those that wait for the same entity */
};

/* The transaction itself is temp 0. */
#define TX_TEMP_TX 0u
#define TX_NO_TEMP UINT32_MAX

enum tx_op_kind {
    TX_ADD,
    TX_RETRACT,
    TX_RETRACT_ATTRIBUTE, /* all values */
    TX_RETRACT_ENTITY,
    TX_CAS,
    TX_RESET,       /* values of cardinality many that nobody adds are retracted */
    TX_ADD_DEFAULT, /* an addition when there is no value yet */
};

struct tx_op {
    enum tx_op_kind kind;
    uint32_t form_idx;
    struct tx_place e;
    const struct datom_attribute *attribute;
    bool v_is_temp;
    uint32_t v_temp;
    struct edn v; /* coerced, unless v_is_temp */
    /* of a tuple: the temp in each place, TX_NO_TEMP where the element stands in v; NULL: none */
    const uint32_t *v_temps;
    struct edn old; /* of a cas; nil: must be absent */
    /* the holder of a unique value in db-before, once looked up */
    bool has_holder;
    bool is_needed; /* of a default: nothing else gives a value */
    datom_id holder;
};

/* One [e a v] of the transaction. */
struct tx_entry {
    datom_id e;
    const struct datom_attribute *attribute;
    struct edn v;
    const struct datom_key_value *key_value;
    uint64_t t_added; /* of the life that a retraction closes */
    uint32_t form_idx;
    bool added;
    bool is_erased;    /* a retraction that nothing speaks of: neither history nor log */
    bool is_redundant; /* true already: takes part in conflicts, is not written */
    bool is_replaced;  /* a retraction whose current key the addition of this transaction overwrites
                        */
    bool has_holder;
    datom_id holder;
};

struct tx {
    struct datom_db *db; /* before, without a view */
    struct edn forms;
    struct bs_clock clock;
    const struct bs_interrupt *interrupt; /* may be NULL */
    struct bs_arena *arena;               /* the report's: values, datoms, tempids */
    datom_id tx_id;
    uint64_t t;
    uint64_t next_t; /* ids issued so far */
    uint64_t next_element;

    uint64_t value_bytes; /* of texts and bytes that the forms say */
    uint32_t call_depth;  /* calls of functions inside calls */
    uint32_t calls_count;
    struct tx_sequences *sequences; /* numbers taken so far (tx_sequence.c); NULL: none */
    size_t ensures_count;           /* operations that say :db/ensure */

    struct datom_holders *holders; /* of db-before; NULL: none */
    struct datom_cursor *cursor;   /* reused for walks of db-before; NULL until needed */
    struct datom_schema *schema_after;
    int64_t now_ms; /* by the clock, when it was stamped */
    int64_t instant_ms;

    /* the result */
    struct datom *datoms;
    size_t datoms_count;
    struct datom_body *body_after;
    bool has_erased;
    struct datom_change *touched; /* with keep_changes: keys of what was erased; in the arena */
    size_t touched_count;
    struct datom *uncounted; /* live datoms that were erased, as retractions; in the arena */
    size_t uncounted_count;
    bool keep_changes;

    /* Memory, empty between transactions: from here on it is kept for the next one. */
    struct bs_arena *scratch; /* must be first of it */

    struct tx_temp *temps;
    size_t temps_count, temps_capacity;
    struct datom_table temps_by_name;

    struct tx_match *matches;
    size_t matches_count, matches_capacity;

    struct tx_op *ops;
    size_t ops_count, ops_capacity;

    struct tx_entry *entries;
    size_t entries_count, entries_capacity;
    struct datom_table entries_by_eav; /* both of many entries only (tx_set.c) */
    struct datom_table adds_by_ea;     /* additions of cardinality one */
    struct datom_table adds_by_av;     /* additions of unique attributes */

    struct bs_buf record;         /* of the change that is being made */
    struct datom_change *changes; /* their bytes are in the arena */
    size_t changes_count, changes_capacity;
};

/* Blames a form: puts its number and text before the message, adds the field "form". */
enum bs_code tx_blame(const struct tx *tx, uint32_t form_idx, enum bs_code code,
                      struct bs_error *error);
/* The same for an entry: the fields entity, attribute and value too. */
enum bs_code tx_blame_entry(const struct tx *tx, const struct tx_entry *entry, enum bs_code code,
                            struct bs_error *error);
/* Adds a field that is not there yet. */
void tx_note_integer(struct bs_error *error, const char *key, int64_t value);
void tx_note_text(struct bs_error *error, const char *key, struct bs_str text);
void tx_note_value(struct bs_error *error, const char *key, struct edn value);

BS_MUST_CHECK enum bs_code tx_expand(struct tx *tx, struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_bind_identities(struct tx *tx, struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_make_entries(struct tx *tx, struct bs_error *error);
/* Whether the functions that are said as data can be run (tx_call.c). */
BS_MUST_CHECK enum bs_code tx_check_functions(struct tx *tx, struct bs_error *error);
/* Whether what is asserted passes its attributes' predicates, by the schema before (tx_pred.c). */
BS_MUST_CHECK enum bs_code tx_check_predicates(struct tx *tx, struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_check_schema(struct tx *tx, struct bs_error *error);
/* Whether :db.excise/attrs are attributes, by the schema after (tx_excise.c). Handle:
 * DB_INVALID_EXCISE. */
BS_MUST_CHECK enum bs_code tx_check_excisions(struct tx *tx, struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_apply(struct tx *tx, struct bs_error *error);
/* Whether the entities that :db/ensure is said of are as their specs want them, in the body after
 * (tx_ensure.c). */
BS_MUST_CHECK enum bs_code tx_check_ensures(struct tx *tx, struct bs_error *error);

/* The root of a temp. */
uint32_t tx_temp_root(struct tx *tx, uint32_t temp);
/* The id of a place; all temps must be bound. */
datom_id tx_place_id(struct tx *tx, const struct tx_place *place);

/* Gives the tempids that follow others their partitions, once all are bound; and an id to one that
 * is new. Handle: DB_CYCLE_IN_AFFINITY, DB_PARTITION_CONFLICT; LIMIT. */
BS_MUST_CHECK enum bs_code tx_match_partitions(struct tx *tx, struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_issue_id(struct tx *tx, struct tx_temp *temp, struct bs_error *error);
/* What is wished for `from` is wished for `to`, which is the same entity, as a form says. */
void tx_unite_partitions(const struct tx *tx, uint32_t to, uint32_t from, uint32_t form_idx);
/* Whether an entry may install its value as a partition. */
BS_MUST_CHECK enum bs_code tx_check_partition(const struct tx *tx, const struct tx_entry *entry,
                                              struct bs_error *error);

/* One addition, as the schema step adds install datoms; one retraction. */
BS_MUST_CHECK enum bs_code tx_add_entry(struct tx *tx, const struct tx_op *op,
                                        struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_retract_entry(struct tx *tx, const struct tx_op *op,
                                            struct bs_error *error);

/* The addition of an attribute of cardinality one to an entity; NULL when there is none. Stands
 * until the next entry is made. */
const struct tx_entry *tx_find_added_one(const struct tx *tx, datom_id e, datom_id a);

/* The value that an entity will have of an attribute of cardinality one by the entries so far; nil:
 * none. */
BS_MUST_CHECK enum bs_code tx_value_after(struct tx *tx, datom_id e,
                                          const struct datom_attribute *attribute,
                                          struct edn *ret_value, struct bs_error *error);

/* Sets the value of an operation on an attribute of type tuple. */
BS_MUST_CHECK enum bs_code tx_expand_tuple(struct tx *tx, struct tx_op *op, struct edn form,
                                           struct bs_error *error);
/* The value of such an operation with the ids of its temps. False when one of them is not known
 * yet: then its place has -1 - root, so that equal tuples are equal still. */
BS_MUST_CHECK bool tx_tuple_resolve(struct tx *tx, const struct tx_op *op, struct edn *ret_value);

/* Computes the composite tuples of all entities whose members the entries speak of. */
BS_MUST_CHECK enum bs_code tx_keep_composites(struct tx *tx, struct bs_error *error);

/* Refuses the definition of the attribute that `entry` speaks of, or its alteration: `what`
 * completes the sentence "the attribute :x ...". */
enum bs_code tx_refuse_install(const struct tx *tx, const struct tx_entry *entry,
                               enum bs_reason reason, const char *what, struct bs_error *error);
enum bs_code tx_refuse_alter(struct tx *tx, const struct tx_entry *entry,
                             const struct datom_attribute *before, const char *what,
                             struct bs_error *error);
/* Whether a new attribute is a good tuple (or none), and whether an entry may alter one. */
BS_MUST_CHECK enum bs_code tx_check_tuple_install(const struct tx *tx, const struct tx_entry *entry,
                                                  const struct datom_attribute *attribute,
                                                  struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_check_tuple_alter(struct tx *tx, const struct tx_entry *entry,
                                                const struct datom_attribute *before,
                                                const struct datom_attribute *after,
                                                struct bs_error *error);

/* Whether an entry may say of an attribute what predicates it has. */
BS_MUST_CHECK enum bs_code tx_check_predicate_change(const struct tx *tx,
                                                     const struct tx_entry *entry,
                                                     const struct datom_attribute *after,
                                                     struct bs_error *error);
/* Takes in an operation on :db/ensure, which makes no datom; it must be an addition. */
BS_MUST_CHECK enum bs_code tx_take_ensure(struct tx *tx, const struct tx_op *op,
                                          struct bs_error *error);
/* Refuses by what a predicate gave, unless it is true: the fields pred and pred-return. The message
 * is in `error` already. */
void tx_note_predicate(struct bs_error *error, struct bs_str name, struct edn returned);

/* The holder of a unique value in db-before; DATOM_NO_ID. */
BS_MUST_CHECK enum bs_code tx_lookup(struct tx *tx, const struct datom_attribute *attribute,
                                     struct edn value, datom_id *ret_id, struct bs_error *error);
/* Walks a range of db-before through the transaction's one cursor. */
BS_MUST_CHECK enum bs_code tx_walk(struct tx *tx, const struct datom_range *range,
                                   struct bs_error *error);
/* Whether an id was issued by this transaction: nothing is known of it before. */
bool tx_is_new_id(const struct tx *tx, datom_id id);

uint64_t tx_hash(const void *bytes, size_t size, uint64_t seed);

/*
 * What transactions work in, one after another; NULL is fine for free. The one who transacts has
 * it, and so spares most of a small transaction's allocations; what a large one needed is not kept.
 */
struct tx *tx_new(void);
void tx_free(struct tx *tx);

/* What a transaction makes. */
struct tx_result {
    struct datom_body *body; /* the next one, a reference of the caller's */
    int64_t now_ms;          /* by the request's clock, whatever instant the transaction has */
    struct datom_change *changes;
    size_t changes_count;
    bool has_erased; /* something, so that files are to be cleaned of it: at these keys */
    const struct datom_change *touched;
    size_t touched_count;
    /* live datoms that went without being in the report: their attributes have other counts too */
    const struct datom *uncounted;
    size_t uncounted_count;
};

struct tx_request {
    struct datom_body *before;
    struct edn tx_data;
    struct bs_clock clock;
    const struct bs_interrupt *interrupt; /* may be NULL */
    /* asked and told, when `before` is the state that it knows or that it is to know; may be NULL
     */
    struct datom_holders *holders;
    bool keep_changes;
};

/*
 * What a log record says, applied to the state before it: the same keys and counters as the
 * transaction had made, with the changes, in memory of the arena. Handle: STORE_CORRUPT.
 */
BS_MUST_CHECK enum bs_code tx_replay_changes(struct datom_body *before,
                                             const struct datom_log_entry *entry,
                                             struct bs_arena *arena, struct tx_result *ret_result,
                                             struct bs_error *error);
/* Its parts in tx_replay.c. */
BS_MUST_CHECK enum bs_code tx_replay_entry(struct tx *tx, const struct datom *datom,
                                           struct bs_error *error);
void tx_replay_end(struct tx *tx);

/*
 * The whole of it. On success `report` (zeroed before; arena and db_before set, as a value of
 * request->before without a view) has everything but db_after. With `keep_changes` the changes are
 * given too, in memory that lives as long as report->arena.
 */
BS_MUST_CHECK enum bs_code tx_run(struct tx *tx, const struct tx_request *request,
                                  struct datom_report *report, struct tx_result *ret_result,
                                  struct bs_error *error);

#endif
