#ifndef BANDSTAND_IMPORT_EXPORT_H
#define BANDSTAND_IMPORT_EXPORT_H

/* The other kind of import: an export, loaded into an empty store with its ids, ts and instants. */

#include "datom/bulk.h"

/* Whether a text begins as an export does. */
bool import_export_is(struct bs_str text);
/* Adds all transactions of a text; `tell` (may be NULL) after each. Errors name file and line. */
BS_MUST_CHECK enum bs_code import_export_text(struct datom_bulk *bulk, const char *name,
                                              struct bs_str text,
                                              void (*tell)(void *self, size_t offset),
                                              void *tell_self, struct bs_error *error);

#endif
