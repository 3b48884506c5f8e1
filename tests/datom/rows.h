#ifndef TESTS_DATOM_ROWS_H
#define TESTS_DATOM_ROWS_H

/* Tables of transactions and what comes of them, each row on a fork of one store. Include
 * support.h first. */

#include "datom/datom.h"

struct row {
    const char *name;
    const char *before; /* transactions before, one after another, or NULL */
    const char *tx;
    /* expected, as rows_print_datoms has it; or NULL for an error */
    const char *datoms;
    enum bs_reason reason;
    const char *message; /* a part of it */
};

/* A fork of the connection's newest value. */
struct datom_conn *rows_fork(struct datom_conn *conn);
/*
 * The datoms of a report but the instant: "+1003:p/age:31 -new1:p/name:\"X\"". Entities (and
 * references) by the counter of their id, new ones as "new" and their distance from the
 * transaction's t.
 */
void rows_print_datoms(struct datom_report *report, struct bs_buf *out);
/* What an error says: a row names the fields beside the reason and a part of the message. */
struct error_row {
    const char *name;
    const char *tx;
    enum bs_reason reason;
    const char *message;
    const char *fields; /* "key=value key=value ...", all of them, in the error's order */
};

/* Runs all rows, checks each fork afterwards, and fails when a row is off. */
void rows_run(struct datom_conn *conn, const struct row *rows, size_t count);
/* Transacts each row, which must be refused as it says, and leave nothing behind. */
void rows_run_errors(struct datom_conn *conn, const struct error_row *rows, size_t count);

#endif
