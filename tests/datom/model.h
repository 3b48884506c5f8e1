#ifndef TESTS_DATOM_MODEL_H
#define TESTS_DATOM_MODEL_H

/*
 * A naive model of the store: a list of lives, searched from end to end. It knows the rules of
 * transactions as sets, and nothing of keys, trees or engines; the schema is what the lives say of
 * attributes. A transaction makes a new model of the old one, so that nothing needs to be undone.
 *
 * Values are borrowed from the script and from the arena that transactions are given; both outlive
 * the models. Transactions' own instants are left out.
 */

#include "datom/datom.h"

#define MODEL_LIVE UINT64_MAX

/* What a model may be told to get wrong, to see what happens when store and model differ. */
enum model_mistake {
    MODEL_MISTAKE_NONE,
    MODEL_MISTAKE_RETRACT_MANY, /* one value of many can't be retracted */
    MODEL_MISTAKE_UNIQUE,       /* nothing is unique but identities */
    MODEL_MISTAKE_COMPOSITE,    /* composite tuples don't follow what is retracted */
    MODEL_MISTAKE_COMPONENT,    /* retracted entities leave their components behind */
    MODEL_MISTAKE_BEFORE,       /* erasing knows no :db.excise/before */
    MODEL_MISTAKE_CHECK,        /* values pass every check */
    MODEL_MISTAKE_ENSURE,       /* entities pass every spec */
    MODEL_MISTAKE_TUPLE,        /* tuples that begin with nil are not added */
    MODEL_MISTAKE_SEQUENCE,     /* numbered strings are counted once */
    MODEL_MISTAKE_DEFAULT,      /* defaults are always added */
    MODEL_MISTAKE_PARTITION,    /* nothing is forced into a partition */
    MODEL_MISTAKE_WITH,         /* as-of does not hide what `with` says on top of it */
};

struct model_attribute {
    datom_id id;
    struct bs_str ident;
    enum datom_type type;
    bool many;
    enum datom_unique unique;
    bool is_component;
    bool is_index;
    bool no_history;
    bool is_fulltext;
    bool is_discontinued;
    /* Of a composite tuple; DATOM_NO_ID: no attribute. */
    datom_id members[BS_LIMIT_TUPLE_MAX];
    uint32_t members_count;
    /* Of another tuple; DATOM_TYPE_COUNT: no type. Of a homogeneous one the first, and no count. */
    enum datom_type elements[BS_LIMIT_TUPLE_MAX];
    uint32_t elements_count;
};

struct model_life {
    datom_id e;
    datom_id a;
    struct edn v;
    uint64_t t_added;
    uint64_t t_retracted; /* MODEL_LIVE */
    /* Superseded while its attribute was noHistory: nothing shows it, but excisions of references
     * take the copies that were made of it. */
    bool is_forgotten;
    /* Forgotten, by a transaction that a branch of the past does not have: its log has the
     * assertion alone. */
    bool is_unsaid;
};

/* A transaction: when it was, and which t comes after it. */
struct model_moment {
    uint64_t t;
    int64_t instant_ms;
    uint64_t next_t;
};

struct model {
    struct model_life *lives;
    size_t count, capacity;
    struct model_moment *moments; /* of all transactions but the store's own */
    size_t moments_count, moments_capacity;
    uint64_t t; /* of the newest transaction */
    uint64_t next_t;
    datom_id next_element; /* id of the next attribute */
    struct model_attribute *attributes;
    size_t attributes_count, attributes_capacity;
    enum model_mistake mistake;
};

/* As a store without transactions. */
void model_init(struct model *model, enum model_mistake mistake);
void model_fini(struct model *model);
struct model model_dup(const struct model *model);
void model_add_life(struct model *model, const struct model_life *life);
/* Takes back everything after one of the moments: what a branch from there has. */
void model_take_back(struct model *model, size_t moment);
/* Goes on as a store does that is made of the log up to a moment: it has what was forgotten later,
 * and knows of those ids only that something is said of. */
void model_read_log(struct model *model, size_t moment);

static inline bool model_is_live(const struct model_life *life)
{
    return life->t_retracted == MODEL_LIVE;
}

/* The live [e a v], or when v is NULL the first [e a]; NULL. */
const struct model_life *model_find(const struct model *model, datom_id e, datom_id a,
                                    const struct edn *v);
/* The holder of a live [a v]; DATOM_NO_ID. */
datom_id model_holder(const struct model *model, datom_id a, struct edn v);
/* Who was the last to be given [a v], whether it is held still; DATOM_NO_ID. */
datom_id model_last_holder(const struct model *model, datom_id a, struct edn v);

/* ---- the schema: model_schema.c ---- */

/* Reads the attributes out of the lives. */
void model_read_schema(struct model *model);
const struct model_attribute *model_attribute(const struct model *model, datom_id id);
/* A keyword for its text with the colon; others as they are. */
struct edn model_keyword(struct edn form);
/* What stands at a place of a tuple; false: no place of it. */
bool model_element_type(const struct model *model, const struct model_attribute *attribute,
                        uint32_t idx, enum datom_type *ret_type);
const struct model_attribute *model_attribute_named(const struct model *model, struct edn ident);
/* Texts that can't stand in a tuple. */
bool model_is_too_long(struct edn v);
/* A composite whose values the store makes. */
bool model_is_kept(const struct model_attribute *attribute);
bool model_has_avet(const struct model_attribute *attribute);
/* What a keyword names, built-in names included; DATOM_NO_ID. */
datom_id model_entid(const struct model *model, struct edn ident);
/* The type behind an id such as that of :db.type/long; false: none. */
bool model_type(datom_id type_id, enum datom_type *ret_type);

/* ---- transactions: model_tx.c, model_identity.c, model_apply.c ---- */

struct model_temp {
    struct bs_str name; /* empty: a map without :db/id */
    size_t root;
    datom_id id; /* of roots; DATOM_NO_ID: none (yet) */
    bool is_entity, is_value;
    bool is_element;         /* to be an attribute or a partition */
    datom_id forced, tagged; /* where it is to go, as its forms say; DATOM_NO_ID */
};

/* The tempid of the transaction. */
#define MODEL_TEMP_TX 0

struct model_place {
    bool is_temp;
    size_t temp;
    datom_id id;
};

/* A tempid's entity, when it is new, goes where another one is. */
struct model_match {
    size_t temp;
    struct model_place to;
};

struct model_op {
    enum model_op_kind {
        MODEL_ADD,
        MODEL_RETRACT,
        MODEL_RETRACT_ATTRIBUTE,
        MODEL_RETRACT_ENTITY,
        MODEL_CAS,
        MODEL_RESET,
        MODEL_ADD_DEFAULT,
    } kind;
    struct model_place e;
    const struct model_attribute *attribute; /* not for retractEntity */
    struct edn v;
    struct model_place v_place;   /* of a ref */
    struct model_place *v_places; /* of a tuple's elements */
    struct edn old;               /* of a cas */
};

#define MODEL_REASONS_MAX 24

/* A transaction under way. Zeroed but for the first three; model_tx_fini frees the rest. */
struct model_tx {
    const struct model *before;
    struct bs_arena *arena;
    int64_t instant_ms;
    uint64_t t;
    struct model_op *ops;
    size_t ops_count, ops_capacity;
    struct model_sequences *sequences; /* while it is read: model_form.c */
    struct model_temp *temps;
    size_t temps_count, temps_capacity;
    struct model_match *matches;
    size_t matches_count, matches_capacity;
    /* what it says that is new */
    struct datom *changes;
    size_t changes_count, changes_capacity;
    /* Why it must fail; any of them is a good answer of the store. */
    enum bs_reason reasons[MODEL_REASONS_MAX];
    size_t reasons_count;
};

void model_tx_refuse(struct model_tx *tx, enum bs_reason reason);
/* The value of an operation; what is not known yet of a tuple stands as negative numbers. */
struct edn model_tx_value(const struct model_tx *tx, const struct model_op *op, bool *ret_known);
datom_id model_tx_place_id(const struct model_tx *tx, const struct model_place *place);
void model_tx_fini(struct model_tx *tx);
/* The parts of model_tx_read: who the tempids are; ids for the new ones. */
void model_tx_bind_identities(struct model_tx *tx);
void model_tx_issue_ids(struct model_tx *tx);
/* model_partition.c: where the entity of a root goes, when it is new. */
datom_id model_tx_partition(struct model_tx *tx, size_t root);
/* That of `db/add` and the like; DATOM_NO_ID: it is none. */
datom_id model_operation_id(struct edn name);
/* Forms to operations, tempids to ids. */
void model_tx_read(struct model_tx *tx, struct edn forms);
/* Operations to a new model; *ret_after is written only when nothing is refused. */
void model_tx_apply(struct model_tx *tx, struct model *ret_after);
/* Both. True when the transaction is good. */
bool model_transact(struct model_tx *tx, struct edn forms, struct model *ret_after);

/* ---- functions: model_form.c ---- */

/* Those that a store must have registered, and as code of functions that are data. [E A V W] adds
 * V and retracts W; */
#define MODEL_BOTH "model/both"
struct edn model_call_both(struct bs_arena *arena, const struct edn *args);
/* [E A] adds the number after v, which is what E has of A before. */
#define MODEL_NEXT "model/next"
struct edn model_call_next(struct bs_arena *arena, const struct edn *args, struct edn v);

/* ---- predicates: model_check.c ---- */

/* Those that a store must have registered: this one passes even numbers and all but false, */
#define MODEL_VALUE_PREDICATE "model/passes"
bool model_value_passes(struct edn v);
/* this one entities with at most so many datoms of attributes that are not built in. */
#define MODEL_ENTITY_PREDICATE "model/few"
#define MODEL_FEW 3
/* The value of :db.attr/check and the like as it is stored; others as they are. */
struct edn model_predicate_value(struct model_tx *tx, const struct model_attribute *attribute,
                                 struct edn v);
/* Whether a list is one check, not several values. */
bool model_is_one_check(const struct model_attribute *attribute, struct edn v);

/* ---- reading: model_view.c ---- */

#define MODEL_FILTERS 3

struct model_view {
    uint64_t as_of; /* UINT64_MAX: none */
    uint64_t since; /* 0: none */
    bool history;
    bool filters[MODEL_FILTERS];
};

/* What the filters let through: some entities, some transactions, additions. */
bool model_filter_passes(size_t filter, const struct datom *datom);

/* The datoms of the model in an index through a view, in index order; malloced. `e`: only this
 * entity's, unless DATOM_NO_ID. */
struct datom *model_datoms(const struct model *model, enum datom_index index,
                           const struct model_view *view, datom_id e, size_t *ret_count);

#endif
