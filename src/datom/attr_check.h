#ifndef DATOM_ATTR_CHECK_H
#define DATOM_ATTR_CHECK_H

/*
 * Checks of values that are data (:db.attr/check), each a list in EDN:
 *
 *     (range MIN MAX)    numbers and instants from MIN to MAX, both included
 *     (length MIN MAX)   characters of texts, keywords and symbols; bytes
 *     (matches "regex")  the whole text, keyword or symbol (without colon); base/regexp.h
 *     (one-of V...)      one of these values; of references by idents or ids
 *
 * A bound may be nil, which is none. A compiled check is immutable and reference-counted; any
 * thread.
 */

#include "datom/datom.h"

struct datom_attr_check;

/*
 * Compiles. The check takes what it needs of the text. Fails with DB_INVALID_ATTR_CHECK and what
 * was expected; the message begins with the text.
 */
BS_MUST_CHECK enum bs_code datom_attr_check_new(struct bs_str text,
                                                struct datom_attr_check **ret_check,
                                                struct bs_error *error);
struct datom_attr_check *datom_attr_check_ref(struct datom_attr_check *check);
void datom_attr_check_unref(struct datom_attr_check *check);

/* Whether values of this type can be checked by it at all. Fails with DB_INVALID_ATTR_CHECK. */
BS_MUST_CHECK enum bs_code datom_attr_check_fits(const struct datom_attr_check *check,
                                                 enum datom_type type, struct bs_error *error);
/* Whether a value, as stored, passes; idents that stand for references are those of `db`. False for
 * a value of a type that the check does not fit. */
bool datom_attr_check_passes(const struct datom_attr_check *check, struct datom_db *db,
                             struct edn value);

/*
 * A check as it is stored, out of a form: a list that begins with a symbol, or a text with one
 * (so that blanks make no difference). False: the form is neither.
 */
bool datom_attr_check_is_form(struct edn form);
bool datom_attr_check_normalize(struct edn form, struct bs_arena *arena, struct edn *ret_text);

#endif
