#ifndef TESTS_DATOM_MODEL_H
#define TESTS_DATOM_MODEL_H

/*
 * A naive model of the store: a list of lives, searched from end to end. It knows the rules of
 * transactions as sets and nothing about keys, trees or engines.
 */

#include "datom/datom.h"

#define MODEL_LIVE UINT64_MAX

struct model_life {
    datom_id e;
    datom_id a;
    struct edn v; /* borrowed from the test's pool of values */
    uint64_t t_added;
    uint64_t t_retracted;
};

struct model {
    struct model_life *lives;
    size_t count, capacity;
};

struct model_op {
    enum model_op_kind {
        MODEL_ADD,
        MODEL_RETRACT,
        MODEL_RETRACT_ATTRIBUTE,
        MODEL_RETRACT_ENTITY,
        MODEL_CAS,
    } kind;
    datom_id e;
    const struct datom_attribute *attribute; /* not for retractEntity */
    struct edn v;
    struct edn old; /* of a cas */
};

void model_fini(struct model *model);
struct model model_dup(const struct model *model);

/* Takes back everything after t. */
void model_take_back(struct model *model, uint64_t t);

/* The live value of [e a], for cas and the like: the first; false when there is none. */
bool model_find(const struct model *model, datom_id e, datom_id a, struct edn *ret_v);
/* The holder of a live [a v]; DATOM_NO_ID. */
datom_id model_holder(const struct model *model, datom_id a, struct edn v);

/*
 * Applies operations as transaction t. False, with the model unchanged, when the set contradicts
 * itself or uniqueness, or a cas fails. `attribute_of` gives the schema.
 */
bool model_transact(struct model *model, struct datom_db *schema_db, const struct model_op *ops,
                    size_t count, uint64_t t);

struct model_view {
    uint64_t as_of; /* UINT64_MAX: none */
    uint64_t since; /* 0: none */
    bool history;
};

/*
 * The datoms of the model in an index through a view, in index order, of attributes with id >=
 * `first_attribute` only; malloced.
 */
struct datom *model_datoms(const struct model *model, struct datom_db *schema_db,
                           enum datom_index index, const struct model_view *view,
                           size_t *ret_count);

#endif
