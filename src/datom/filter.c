/* Predicates of values: a chain, shared by all views that are made of one. */

#include "datom/filter.h"

#include "datom/db.h"

struct datom_filter {
    struct bs_ref ref;
    struct datom_filter *inner; /* the value's before, asked first; held */
    datom_predicate predicate;
    void *self;
    void (*free)(void *self);
};

struct datom_filter *datom_filter_ref(struct datom_filter *filter)
{
    if (filter)
        bs_ref_get(&filter->ref);
    return filter;
}

void datom_filter_unref(struct datom_filter *filter)
{
    while (filter && bs_ref_put(&filter->ref)) {
        struct datom_filter *inner = filter->inner;
        if (filter->free)
            filter->free(filter->self);
        free(filter);
        filter = inner;
    }
}

bool datom_filter_passes(const struct datom_filter *filter, struct datom_db *db,
                         const struct datom *datom)
{
    if (filter->inner && !datom_filter_passes(filter->inner, db, datom))
        return false;
    return filter->predicate(filter->self, db, datom);
}

struct datom_db *datom_db_filter(struct datom_db *db, datom_predicate predicate, void *self,
                                 void (*free)(void *self))
{
    struct datom_filter *filter = bs_calloc(1, sizeof(*filter));
    bs_ref_init(&filter->ref);
    filter->inner = datom_filter_ref(db->filter);
    filter->predicate = predicate;
    filter->self = self;
    filter->free = free;
    struct datom_db *view = datom_db_view_of(db);
    datom_filter_unref(view->filter);
    view->filter = filter;
    return view;
}

bool datom_db_is_filtered(const struct datom_db *db)
{
    return db->filter != NULL;
}

struct datom_db *datom_db_unfiltered(struct datom_db *db)
{
    if (!db->filter)
        return datom_db_ref(db);
    struct datom_db *view = datom_db_view_of(db);
    datom_filter_unref(view->filter);
    view->filter = NULL;
    return view;
}
