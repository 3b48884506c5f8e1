#ifndef SHELL_VALUE_H
#define SHELL_VALUE_H

/* Datoms, reports and the like as EDN, the way that the shell and the commands print them. */

#include "datom/datom.h"
#include "edn/edn.h"

/* [E :attr V TX added]; text of the value stays borrowed from the datom, the ident from db. */
struct edn shell_datom_value(struct datom_db *db, const struct datom *datom,
                             struct bs_arena *arena);
/* A vector of them. */
struct edn shell_datoms_value(struct datom_db *db, const struct datom *datoms, size_t count,
                              struct bs_arena *arena);
/*
 * {:db-before DB :db-after DB :tx-data [...] :tempids {...}}. The databases are borrowed from the
 * report, which must live as long as the value.
 */
struct edn shell_report_value(const struct datom_report *report, struct bs_arena *arena);
/* {:t N :data [...]}, copied into the arena. */
struct edn shell_log_entry_value(struct datom_db *db, const struct datom_log_entry *entry,
                                 struct bs_arena *arena);

/*
 * The range that components (as a user gives them, in the index's order) stand for: identifiers
 * resolved, values coerced; in the arena. `seek` and so on are left alone.
 */
BS_MUST_CHECK enum bs_code shell_range_of(struct datom_db *db, enum datom_index index,
                                          const struct edn *components, size_t count,
                                          struct bs_arena *arena, struct datom_range *ret_range,
                                          struct bs_error *error);
/* :eavt or "eavt"; fails with DB_INVALID_INDEX. */
BS_MUST_CHECK enum bs_code shell_index_of(struct bs_str name, enum datom_index *ret_index,
                                          struct bs_error *error);

#endif
