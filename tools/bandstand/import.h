#ifndef BANDSTAND_IMPORT_H
#define BANDSTAND_IMPORT_H

/* What `bandstand import` does with a text, for that command and for those who measure it. */

#include "base/base.h"
#include "datom/datom.h"
#include "import_position.h"

struct import {
    struct datom_conn *conn;
    /* made durable by texts that are done; those that installed attributes of batches left out */
    uint64_t transactions;
    uint64_t skipped; /* batches that were in already */
    uint64_t datoms;
    /* Where the texts stand in the store (import_position.h); its text_id empty: not kept. The
     * caller sets what it knows, and import_text moves it past each text. */
    struct import_position position;
    /* after each form, with where it ends and what the text has made durable; may be NULL */
    void (*tell)(void *self, size_t offset, uint64_t transactions, uint64_t datoms);
    void *tell_self;
};

/*
 * Each top-level form is one transaction (contract section 1, `import`), resolved on top of the one
 * before it; all are durable at the end. What is in by an import of the same texts that did not
 * come to its end is passed over. `name` is the file's, for messages. Ends at the first failure;
 * what stands before it in the text stays.
 */
BS_MUST_CHECK enum bs_code import_text(struct import *import, const char *name, struct bs_str text,
                                       struct bs_error *error);

#endif
