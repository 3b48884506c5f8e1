#ifndef DATOM_BUILD_H
#define DATOM_BUILD_H

/*
 * A store's families made from transactions, as sorted files that are taken in at the end: of a log
 * that is there (rebuild.h), or of one that is given (bulk.h). One thread; uses a second one.
 */

#include "datom/derive.h"

struct datom_build;

/*
 * The store is open for writing, and stays. `with_log`: the log is made too. A folder of temporary
 * files stands in `dir`, the store's, meanwhile.
 */
BS_MUST_CHECK enum bs_code datom_build_new(struct datom_store *store, struct bs_str dir,
                                           bool with_log, enum bs_reason reason,
                                           struct datom_build **ret_build, struct bs_error *error);
void datom_build_free(struct datom_build *build); /* NULL: nothing */
/* As datom_derive_add. */
BS_MUST_CHECK enum bs_code datom_build_add(struct datom_build *build,
                                           const struct datom_log_entry *entry,
                                           struct bs_error *error);
/* Makes all files; the store is as before. */
BS_MUST_CHECK enum bs_code datom_build_finish(struct datom_build *build, struct bs_error *error);
/* Puts them in the place of the families. Cut off, some are new and some old or empty. */
BS_MUST_CHECK enum bs_code datom_build_replace(struct datom_build *build, struct bs_error *error);
/* Writes format and counters (ids at least as high as these) durably, and deletes `marker`. */
BS_MUST_CHECK enum bs_code datom_build_write_meta(struct datom_build *build, uint64_t next_t,
                                                  uint64_t next_element, struct bs_str marker,
                                                  struct bs_error *error);
/* Borrowed. */
struct datom_derive *datom_build_derive(struct datom_build *build);

#endif
