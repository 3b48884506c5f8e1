#ifndef DATOM_TX_LIVES_H
#define DATOM_TX_LIVES_H

/* Lives that a transaction gathers from one family of a body before it does anything about them.
 * Internal to the files of tx.h; the caller serializes. */

#include "datom/tx.h"

/* Zeroed is none; the owner frees `items`. */
struct tx_lives {
    struct datom_life *items;
    size_t count, capacity;
};

/* Adds those whose keys begin with a prefix, in the order of the keys, with values in `arena`. Not
 * for log and meta. Costs a seek and a step for each. */
BS_MUST_CHECK enum bs_code tx_lives_collect(struct datom_body *body, enum datom_family family,
                                            struct bs_str prefix, struct bs_arena *arena,
                                            struct tx_lives *lives, struct bs_error *error);

#endif
