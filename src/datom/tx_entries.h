#ifndef DATOM_TX_ENTRIES_H
#define DATOM_TX_ENTRIES_H

/*
 * What the files that make the datoms of a transaction share:
 *
 *   tx_set.c      the set of entries, and its conflicts
 *   tx_entries.c  operations -> entries
 *   tx_retract.c  what retracts whatever there is
 *   tx_unique.c   unique values
 *   tx_replay.c   records of the log -> entries
 *
 * Internal to them; one thread. An entry's pointer stands until the next entry is made.
 */

#include "datom/tx.h"

static inline struct bs_str tx_key_value_str(const struct datom_key_value *value)
{
    return bs_str_make((const char *)value->bytes, value->len);
}

/* The entry of [e a v], or DATOM_TABLE_NONE. */
uint32_t tx_find_eav(const struct tx *tx, datom_id e, const struct datom_attribute *attribute,
                     const struct datom_key_value *value);
/* Takes an entry in whose [e a v] has none yet. */
struct tx_entry *tx_entry_new(struct tx *tx, const struct tx_entry *entry,
                              const struct datom_key_value *value);

/* An addition or a retraction with what it implies. Handle: DB_DATOMS_CONFLICT. */
BS_MUST_CHECK enum bs_code tx_entry_add(struct tx *tx, const struct tx_entry *entry,
                                        struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_entry_retract(struct tx *tx, const struct tx_entry *entry,
                                            struct bs_error *error);

/* A retraction of what a walk of db-before has just shown; entry->t_added is known. */
BS_MUST_CHECK enum bs_code tx_entry_retract_shown(struct tx *tx, const struct tx_entry *entry,
                                                  struct bs_error *error);

/* All that db-before says of an operation's entity and attribute goes; of its entity, with the
 * components and what refers to them; what no entry speaks of yet. Handle: DB_DATOMS_CONFLICT. */
BS_MUST_CHECK enum bs_code tx_retract_attribute(struct tx *tx, const struct tx_op *op,
                                                struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_retract_entity(struct tx *tx, const struct tx_op *op,
                                             struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_reset_attribute(struct tx *tx, const struct tx_op *op,
                                              struct bs_error *error);

/* The life of [e a v] in db-before, or for cardinality one of whatever value [e a] has. */
BS_MUST_CHECK enum bs_code tx_find_current(struct tx *tx, datom_id e,
                                           const struct datom_attribute *attribute,
                                           const struct datom_key_value *value,
                                           struct datom_life *ret_life, bool *ret_found,
                                           struct bs_error *error);

/* Marks the retractions whose current key of cardinality one is written anew by an addition. */
void tx_mark_replaced(struct tx *tx);

/* Handle: DB_UNIQUE_CONFLICT. */
BS_MUST_CHECK enum bs_code tx_check_unique(struct tx *tx, struct bs_error *error);

#endif
