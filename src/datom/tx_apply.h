#ifndef DATOM_TX_APPLY_H
#define DATOM_TX_APPLY_H

/* Changing index families from a transaction's lives. Internal to tx_apply.c, tx_alter.c
 * and tx_excise.c. */

#include "datom/tx.h"

/* Puts (or deletes) the key of a life in one family, as the attribute's schema says. */
void tx_change_life(struct tx *tx, enum datom_family family, const struct datom_life *life,
                    const struct datom_attribute *attribute, const struct datom_key_value *value,
                    bool is_delete);

/* Puts the log record of a transaction. */
void tx_change_log(struct tx *tx, uint64_t t, const struct datom *datoms, size_t count);

/* Erases what the transaction's :db/excise name; everything else is applied already. */
BS_MUST_CHECK enum bs_code tx_excise(struct tx *tx, struct bs_error *error);

/* Writes the lives of altered attributes anew; the transaction's own datoms are applied already. */
BS_MUST_CHECK enum bs_code tx_alter_attributes(struct tx *tx, struct bs_error *error);

#endif
