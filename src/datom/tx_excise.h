#ifndef DATOM_TX_EXCISE_H
#define DATOM_TX_EXCISE_H

/* An excision under way: who is meant (tx_excise_meant.c), what that is (tx_excise_find.c,
 * tx_excise_forgotten.c, tx_excise_copies.c), and erasing it (tx_excise.c). Internal to these five;
 * one thread. */

#include "datom/tx_apply.h"

struct tx_excise_request {
    datom_id target;
    bool is_attribute; /* its datoms are meant, not those about it */
    const datom_id *attrs;
    size_t attrs_count;                    /* 0: all, and what refers to it */
    uint64_t before_t;                     /* lives that began before it */
    const struct tx_excise_request *whole; /* for the components: all of them; not of attributes */
};

/* An attribute or an entity to be erased: the target of a request, or a component of one. */
struct tx_excise_target {
    datom_id e;
    const struct tx_excise_request *request;
};

struct tx_erased {
    struct datom_life life;
    bool is_forgotten; /* no index has it, or none any more */
    bool is_uncounted; /* it has no end, and is not counted among what is live */
};

struct tx_excision {
    struct tx *tx;
    struct tx_excise_target *targets;
    size_t targets_count, targets_capacity;
    struct datom_table targets_by_e;
    /* Components that had another parent when they were met, with the request that would take them:
     * what else becomes a target may take that parent away. */
    struct tx_excise_target *refused;
    size_t refused_count, refused_capacity;
    struct tx_erased *erased;
    size_t erased_count, erased_capacity;
    /* Lives of composites that the log alone has and nobody asked for, by entity and attribute:
     * they go where they are copies of what goes. */
    struct tx_erased *candidates;
    size_t candidates_count, candidates_capacity;
    struct datom_db *db_after; /* while lives are collected, and a cursor over it */
    struct datom_cursor *cursor;
    datom_id *forgetful; /* attributes that are or were noHistory */
    size_t forgetful_count, forgetful_capacity;
};

/* As the schema after the transaction knows it. */
static inline const struct datom_attribute *tx_excise_attribute(const struct tx_excision *excision,
                                                                datom_id a)
{
    return datom_schema_attribute(excision->tx->body_after->schema, a);
}

bool tx_excise_has_id(const datom_id *ids, size_t count, datom_id id);
void tx_excise_add_target(struct tx_excision *excision, datom_id e,
                          const struct tx_excise_request *request);
bool tx_excise_has_target(const struct tx_excision *excision, datom_id e,
                          const struct tx_excise_request *request);
/* Whether a request for a life's attribute or entity, or for what it refers to, means the life. */
bool tx_excise_is_meant(const struct tx_excise_request *request, const struct datom_life *life);
/* Whether any of the targets is its attribute or its entity, or what it refers to, and means it. */
bool tx_excise_is_asked_for(const struct tx_excision *excision, const struct datom_life *life,
                            bool by_reference);
/* Adds a life to what is erased. */
void tx_excise_add(struct tx_excision *excision, const struct tx_erased *erased);
/* Sorts what is erased so far by entity, attribute and when it began; each life is there once. */
void tx_excise_unite(struct tx_excision *excision);
/* Where among the first `count` of what is erased, united, an entity's lives of an attribute stand
 * that began at t_added or later. */
size_t tx_excise_seek(const struct tx_excision *excision, size_t count, datom_id e, datom_id a,
                      uint64_t t_added);
/* Whether anything is erased of an entity's attribute; among the first `count`, as above. */
bool tx_excise_has_life_of(const struct tx_excision *excision, size_t count, datom_id e,
                           datom_id a);
/* Shows `take` each life of a family whose key begins so. The life's value is not valid after. */
typedef void (*tx_excise_take)(void *self, const struct datom_life *life);
BS_MUST_CHECK enum bs_code tx_excise_walk(struct tx_excision *excision, enum datom_family family,
                                          struct bs_str prefix, tx_excise_take take, void *self,
                                          struct bs_error *error);
/* Reads a request; its target becomes one of the targets. */
BS_MUST_CHECK enum bs_code tx_excise_add_request(struct tx_excision *excision,
                                                 const struct tx_entry *excise,
                                                 struct bs_error *error);
/* What all of them mean, as the indexes have it. */
BS_MUST_CHECK enum bs_code tx_excise_collect(struct tx_excision *excision, struct bs_error *error);
/* What all of them mean that only the log has, after that. */
BS_MUST_CHECK enum bs_code tx_excise_collect_forgotten(struct tx_excision *excision,
                                                       struct bs_error *error);
/*
 * At last what composite tuples of the same entity have copied of anything that is erased, whenever
 * they were said. Nothing is computed in their place: they are made when a member is said again.
 */
BS_MUST_CHECK enum bs_code tx_excise_collect_copies(struct tx_excision *excision,
                                                    struct bs_error *error);

#endif
