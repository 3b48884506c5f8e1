#ifndef TESTS_DATOM_MODEL_APPLY_H
#define TESTS_DATOM_MODEL_APPLY_H

/* The stages of a transaction in the model, between model_apply.c, model_alter.c and
 * model_excise.c. */

#include "model.h"

/* What a transaction asks for: each [e a v] once, added or retracted. */
struct model_wish {
    datom_id e;
    const struct model_attribute *attribute;
    struct edn v;
    bool added;
};

struct model_wishes {
    struct model_tx *tx;
    struct model_wish *items;
    size_t count, capacity;
    bool takes_instant;  /* of an earlier transaction */
    bool is_untimely;    /* its own instant, before the last one's or later than now */
    bool takes_built_in; /* what the store says by itself, which the model does not have */
};

/* What is added to [e a], or taken from it; NULL. */
const struct model_wish *model_find_wish(const struct model_wishes *wishes, datom_id e, datom_id a,
                                         bool added);
/* Adds a life that begins with the transaction, and says so in its changes. */
void model_tx_begin_life(struct model_tx *tx, struct model *model, datom_id e, datom_id a,
                         struct edn v);

/* Adds a wish; refuses what contradicts others. */
void model_wish_for(struct model_wishes *wishes, datom_id e,
                    const struct model_attribute *attribute, struct edn v, bool added);
/* Whether a wish is of this very datom. */
bool model_is_mentioned(const struct model_wishes *wishes, const struct model_life *life);

bool model_refers_to(const struct model *model, const struct model_life *life, datom_id e);

/* model_alter.c: whether the schema may become what `after` has; lists new attributes there. */
void model_check_schema(const struct model_wishes *wishes, struct model *after);
/* Whether the values that are there are what their attributes have become. */
void model_check_altered_values(struct model_tx *tx, const struct model *after);

/* model_check.c: whether code that is said has its language. */
void model_check_code(const struct model_wishes *wishes);
/* Refuses a check that is none, or not for the attribute's type. */
void model_check_predicate_change(struct model_tx *tx, const struct datom *change,
                                  const struct model_attribute *is);
/* Whether new values pass what their attributes ask for. */
void model_test_values(const struct model_wishes *wishes);
/* Whether entities pass the specs that the transaction names. */
void model_test_ensures(struct model_tx *tx, const struct model *after);

/* model_instant.c: takes what is said of instants out of the wishes. */
void model_take_instant(struct model_wishes *wishes);

/* model_partition.c: whether what is listed as a partition can be one. */
void model_check_partition(struct model_tx *tx, const struct datom *listing,
                           const struct model *after);

/* model_composite.c: wishes for the composite tuples of those of whose members something is said.
 */
void model_keep_composites(struct model_wishes *wishes);
/* Whether a definition of a tuple is a good one. */
void model_check_tuple(const struct model_wishes *wishes, const struct model_attribute *attribute,
                       const struct model *after);

/* model_excise.c: does what all wishes for :db/excise ask for. */
void model_erase(const struct model_wishes *wishes, struct model *model);
/* Whether what they are limited to are attributes. */
void model_check_excisions(const struct model_wishes *wishes, const struct model *after);

#endif
