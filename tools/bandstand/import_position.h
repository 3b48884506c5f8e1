#ifndef BANDSTAND_IMPORT_POSITION_H
#define BANDSTAND_IMPORT_POSITION_H

/*
 * How far an import of texts is in, kept by the store itself: each transaction made of a form that
 * has no name of its own says so by :db.import/position, "TEXTS OFFSET", and the last form of all
 * says "TEXTS OFFSET end". TEXTS is a checksum of all texts of the import in their order, OFFSET
 * where the form ends in them, in 20 digits. As it is part of the transaction, it is there exactly
 * when the transaction is. Plain values, one thread.
 */

#include "datom/datom.h"

struct import_position {
    char text_id[33];      /* TEXTS; empty: nothing is noted nor found */
    uint64_t begin;        /* bytes of the texts that are in already; 0: all is to be imported */
    uint64_t texts_before; /* bytes of the texts before the one that is read */
    bool is_last_text;     /* which is the last one */
};

/* Makes the next text part of text_id. */
void import_position_add_text(struct import_position *position, struct bs_str text);
/*
 * Sets `begin` to where an import of these texts was cut off; 0 when there was none, or when one of
 * them came to its end: whoever imports such texts again means it.
 */
BS_MUST_CHECK enum bs_code import_position_find(struct import_position *position,
                                                struct datom_db *db, struct bs_error *error);
/* Moves the reader of a text past what is in. */
void import_position_skip(const struct import_position *position, struct edn_reader *reader);
/* Whether no form follows the one that the reader has read. */
bool import_position_is_last(const struct import_position *position,
                             const struct edn_reader *reader);
/* tx-data with the position of its form, which ends at `offset` of its text; in the arena. */
struct edn import_position_note(const struct import_position *position, struct edn data,
                                size_t offset, bool is_last, struct bs_arena *arena);

#endif
