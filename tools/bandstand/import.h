#ifndef BANDSTAND_IMPORT_H
#define BANDSTAND_IMPORT_H

/* What `bandstand import` does with a text, for that command and for those who measure it. */

#include "base/base.h"
#include "datom/datom.h"

struct import {
    struct datom_conn *conn;
    uint64_t transactions; /* made, with those that installed attributes of batches left out */
    uint64_t skipped;      /* batches that were in already */
    uint64_t datoms;
    void (*tell)(void *self, size_t offset); /* after each form; may be NULL */
    void *tell_self;
};

/*
 * Each top-level form is one transaction (contract section 1, `import`), durable before the next.
 * `name` is the file's, for messages. Ends at the first failure; what was transacted stays.
 */
BS_MUST_CHECK enum bs_code import_text(struct import *import, const char *name, struct bs_str text,
                                       struct bs_error *error);

#endif
