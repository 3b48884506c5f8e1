#ifndef DATOM_LOG_FORM_H
#define DATOM_LOG_FORM_H

/*
 * Transactions of a log as EDN, the form of tx-range: {:t 1000 :data [[e :attr v tx added] ...]}.
 * Attributes stand by the name that they had before the transaction. Any thread.
 */

#include "datom/datom.h"

/* Whether a form is meant to be such a transaction: a map with :t and :data. */
bool datom_log_form_is(struct edn form);
/*
 * What it says; values as the attribute takes them, datoms in the arena, values there or in the
 * form. `db` has the schema before it. DB_INVALID_TX_FORM names the datom that is none.
 */
BS_MUST_CHECK enum bs_code datom_log_form_read(struct datom_db *db, struct edn form,
                                               struct bs_arena *arena,
                                               struct datom_log_entry *ret_entry,
                                               struct bs_error *error);
/* The form on one line, appended, without a line break. */
void datom_log_form_print(const struct datom_db *db, const struct datom_log_entry *entry,
                          struct bs_buf *out);

#endif
