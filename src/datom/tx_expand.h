#ifndef DATOM_TX_EXPAND_H
#define DATOM_TX_EXPAND_H

/*
 * What the files that turn forms into operations share:
 *
 *   tx_expand.c    attributes, values, operations; the whole
 *   tx_place.c     entities: tempids, ids, idents, lookup refs
 *   tx_map.c       maps
 *   tx_list.c      list forms: the operations by name
 *   tx_form.c      the forms of :db.fn/ that make more of their arguments than one operation
 *   tx_sequence.c  strings numbered in sequence
 *   tx_call.c      functions of the application and functions stored as data
 *
 * Internal to them; one thread.
 */

#include "datom/tx.h"

/* Any form, as an element of tx-data or of what a function gives. */
BS_MUST_CHECK enum bs_code tx_expand_form(struct tx *tx, struct edn form, uint32_t form_idx,
                                          struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_expand_list(struct tx *tx, struct edn form, uint32_t form_idx,
                                          struct bs_error *error);
/* A list form whose operation is none of the built-in ones. */
BS_MUST_CHECK enum bs_code tx_expand_call(struct tx *tx, struct edn form, uint32_t form_idx,
                                          struct bs_error *error);
/*
 * The forms that a call gave: nil, or a vector, list or set. `call` is the call, for errors. One
 * level deeper than the form that they come from.
 */
BS_MUST_CHECK enum bs_code tx_expand_results(struct tx *tx, struct edn call, struct edn forms,
                                             uint32_t form_idx, struct bs_error *error);

/* A map form, at `depth` below the form that it stands in; who it speaks of. */
BS_MUST_CHECK enum bs_code tx_expand_map(struct tx *tx, struct edn map, uint32_t form_idx,
                                         uint32_t depth, struct tx_place *ret_place,
                                         struct bs_error *error);

/* An entity-to-be; without a name it is nobody else's. */
uint32_t tx_temp_new(struct tx *tx, struct bs_str name, uint32_t form_idx);
struct tx_place tx_place_of_temp(uint32_t temp);
/* An entity as it may stand in E or in V of a reference (maps aside). */
BS_MUST_CHECK enum bs_code tx_expand_place(struct tx *tx, struct edn form, uint32_t form_idx,
                                           struct tx_place *ret_place, struct bs_error *error);
/* The same in E, where an error has it as the field entity. */
BS_MUST_CHECK enum bs_code tx_expand_e(struct tx *tx, struct edn form, uint32_t form_idx,
                                       struct tx_place *ret_place, struct bs_error *error);
/* The entity and the attribute that most list forms begin with. */
BS_MUST_CHECK enum bs_code tx_expand_e_a(struct tx *tx, struct edn form, uint32_t form_idx,
                                         struct tx_place *ret_e,
                                         const struct datom_attribute **ret_attribute,
                                         struct bs_error *error);
BS_MUST_CHECK enum bs_code tx_expand_attribute(struct tx *tx, struct edn form,
                                               const struct datom_attribute **ret_attribute,
                                               struct bs_error *error);
/* ":ns/name" where a keyword may stand; everything else as it is. */
struct edn tx_keyword_of_string(struct edn form);
/* The value of an attribute that names or is a predicate, as it is stored: a check's list as text,
 * a keyword as a symbol (tx_pred.c). Everything else as it is. */
struct edn tx_predicate_form(struct tx *tx, const struct datom_attribute *attribute,
                             struct edn form);
/* Additions of each of the values, which may be nested maps. */
BS_MUST_CHECK enum bs_code tx_expand_values(struct tx *tx, struct tx_place e,
                                            const struct datom_attribute *attribute,
                                            struct edn values, uint32_t form_idx,
                                            struct bs_error *error);

struct tx_op *tx_op_new(struct tx *tx, enum tx_op_kind kind, uint32_t form_idx);
/* Sets the entity of an operation that has its kind and attribute. */
void tx_op_set_e(struct tx *tx, struct tx_op *op, struct tx_place e);
/* Sets the value of an operation on an attribute of type ref. */
void tx_op_set_v(struct tx *tx, struct tx_op *op, struct tx_place v);
/* Makes an operation with a value; it is added only when its parts are good. */
BS_MUST_CHECK enum bs_code tx_add_op(struct tx *tx, enum tx_op_kind kind, uint32_t form_idx,
                                     struct tx_place e, const struct datom_attribute *attribute,
                                     struct edn value, struct bs_error *error);

/* Adds to an error what is known of the place where it was met: fields entity, attribute, value
 * (each may be NULL). What the error says itself stays. */
enum bs_code tx_note_place(const struct tx *tx, const struct tx_place *e,
                           const struct datom_attribute *attribute, const struct edn *value,
                           enum bs_code code, struct bs_error *error);

/* ---- partitions (tx_partition.c) ---- */

/* What #db/id[partition] says of a tempid, unless something said it before. */
BS_MUST_CHECK enum bs_code tx_tag_partition(struct tx *tx, uint32_t temp, struct edn partition,
                                            struct bs_error *error);
/* Whether a key of a map form is :db/match-partition or :db/force-partition. */
bool tx_is_partition_directive(struct edn key, bool *ret_is_match);
BS_MUST_CHECK enum bs_code tx_expand_partitions(struct tx *tx, bool is_match, struct edn wishes,
                                                uint32_t form_idx, struct bs_error *error);

/* ---- built-in list forms ---- */

struct tx_form {
    const char *name;  /* without colon */
    const char *shape; /* for errors */
    datom_id id;       /* DATOM_NO_ID: by name only */
    size_t args_min, args_max;
    enum bs_code (*expand)(struct tx *tx, struct edn form, uint32_t form_idx,
                           struct bs_error *error);
};

/* Those of tx_list.c and of tx_form.c. */
extern const struct tx_form tx_operations[];
extern const size_t tx_operations_count;
extern const struct tx_form tx_forms[];
extern const size_t tx_forms_count;

enum bs_code tx_form_add_sequential_string(struct tx *tx, struct edn form, uint32_t form_idx,
                                           struct bs_error *error);
enum bs_code tx_form_add_sequential_strings(struct tx *tx, struct edn form, uint32_t form_idx,
                                            struct bs_error *error);
/* Writes the counters that were moved; after the last form. */
BS_MUST_CHECK enum bs_code tx_sequences_finish(struct tx *tx, struct bs_error *error);
void tx_sequences_free(struct tx_sequences *sequences);

#endif
