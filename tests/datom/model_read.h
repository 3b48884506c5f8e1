#ifndef TESTS_DATOM_MODEL_READ_H
#define TESTS_DATOM_MODEL_READ_H

/* Reading a transaction's forms, between model_tx.c, model_place.c, model_partition.c and
 * model_form.c. False: it is refused. */

#include "model.h"

/* The place of a tempid; of a new one for an empty name. */
struct model_place model_temp_place(struct model_tx *tx, struct bs_str name);
bool model_read_place(struct model_tx *tx, struct edn form, struct model_place *ret_place);
/* A value as its attribute has it. This one refuses nothing by itself; not for references. */
bool model_coerce(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v);
/* The same of tuples, with the place of each element that is a reference. */
bool model_coerce_tuple(struct model_tx *tx, const struct model_attribute *attribute, struct edn *v,
                        struct model_place **ret_places);

/* model_partition.c: `#db/id[...]`; whether a key of a map says where entities go, which is read.
 */
bool model_read_old_tempid(struct model_tx *tx, struct edn form, struct model_place *ret_place);
bool model_read_directive(struct model_tx *tx, struct edn key, struct edn wishes);

void model_read_form(struct model_tx *tx, struct edn form);
void model_read_value(struct model_tx *tx, enum model_op_kind kind, struct model_place e,
                      const struct model_attribute *attribute, struct edn v);
/* Whether the operation is of :db.fn/ or a call; these are read. */
bool model_read_function(struct model_tx *tx, struct edn op, struct edn form);
/* Writes the counters; after the last form. */
void model_finish_sequences(struct model_tx *tx);

#endif
