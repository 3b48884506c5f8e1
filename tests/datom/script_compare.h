#ifndef TESTS_DATOM_SCRIPT_COMPARE_H
#define TESTS_DATOM_SCRIPT_COMPARE_H

/* Whether a value of the store and a model say the same. All give true when they do, and otherwise
 * fill in the difference (not its step). Pure but for that; the caller serializes. */

#include "script.h"

/* Sets what differs; false, so that callers return it. */
bool script_differs(struct script_difference *difference, enum script_difference_kind kind,
                    const char *format, ...) BS_PRINTF(3, 4);

bool script_is_same(const struct datom *a, const struct datom *b);
const char *script_datom_text(const struct datom *datom, char *ret_text, size_t size);
/* Whether a view shows everything as it is now. */
bool script_is_plain(const struct model_view *view);
/* script_index.c: the datoms in one index through a view; of one entity unless `e` is DATOM_NO_ID.
 */
bool script_compare_index(struct datom_db *db, const struct model *model, enum datom_index index,
                          const struct model_view *view, datom_id e,
                          struct script_difference *difference);
/* In all four. */
bool script_compare_view(struct datom_db *db, const struct model *model,
                         const struct model_view *view, struct script_difference *difference);
/* Live datoms of each attribute. */
bool script_compare_counts(struct datom_db *db, const struct model *model,
                           struct script_difference *difference);
/* script_facts.c: what a value says of itself, of its schema, of names and partitions. */
bool script_compare_facts(struct datom_db *db, const struct model *model,
                          struct script_difference *difference);
/* What get and lookup find of some of the datoms that a value with this view shows; nothing is
 * looked for in a history. */
bool script_compare_seen(struct datom_db *db, const struct model *model,
                         const struct model_view *view, struct script_difference *difference);
/* A transaction's report, and what the ways without cursors say of what it touched. */
bool script_compare_report(const struct datom_report *report, const struct model_tx *tx,
                           const struct model *after, const struct model_view *view,
                           struct script_difference *difference);
/* script_log.c: the log. */
bool script_compare_log(struct datom_db *db, const struct model *model,
                        struct script_difference *difference);
/* The store's own check. */
bool script_compare_check(struct datom_db *db, struct script_difference *difference);

#endif
