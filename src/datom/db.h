#ifndef DATOM_DB_H
#define DATOM_DB_H

/* A database value: a body seen through a view. Immutable, any thread. */

#include "datom/body.h"
#include "datom/datom.h"

struct datom_filter;

struct datom_db {
    struct bs_ref ref;
    struct edn_object object; /* for values in data; its class is the db's */
    struct datom_body *body;
    bool has_as_of;
    bool has_since;
    bool is_history;
    uint64_t as_of_t; /* UINT64_MAX without as-of, so that it can always be compared with */
    uint64_t since_t; /* 0 without since */
    struct datom_filter *filter; /* held; NULL: no predicate */
};

/* A value of a body without a view. Takes a reference of its own. */
struct datom_db *datom_db_new(struct datom_body *body);

/* Another value of the same body and view. */
struct datom_db *datom_db_view_of(struct datom_db *db);
/* The same without predicates. */
struct datom_db *datom_db_unfiltered(struct datom_db *db);

/* Predicates; NULL is none. */
struct datom_filter *datom_filter_ref(struct datom_filter *filter);
void datom_filter_unref(struct datom_filter *filter);
bool datom_filter_passes(const struct datom_filter *filter, struct datom_db *unfiltered,
                         const struct datom *datom);

/* Whether reads must look at the history families: the view asks for the past. */
static inline bool datom_db_needs_past(const struct datom_db *db)
{
    return db->is_history || (db->has_as_of && db->as_of_t < db->body->basis_t);
}

static inline bool datom_db_is_in_view(const struct datom_db *db, uint64_t t)
{
    return t > db->since_t && t <= db->as_of_t;
}

/* Whether a current record added at t is in the view (which must not need the past). */
static inline bool datom_db_shows_live(const struct datom_db *db, uint64_t t)
{
    return t > db->since_t;
}

#endif
