#ifndef TESTS_DATOM_SECRETS_H
#define TESTS_DATOM_SECRETS_H

/*
 * What an excision is to erase, and looking for what is left of it: everything that is secret says
 * so ("secret-name-1"), what is to stay says "kept". Include support.h first.
 */

#include "datom/datom.h"

/* Six transactions from t 1000 on: the schema, then secret-eve and adam, whose friend she is. */
#define SECRETS_COUNT 6
extern const char *const secrets[SECRETS_COUNT];
void secrets_add(struct datom_conn *conn);
/* A store in the test's folder, not compressed, so that its files can be searched; `log` or NULL.
 */
struct datom_conn *secrets_open(const char *name, const struct datom_log_store *log);

/* Datoms whose value has `needle`: of an index, of the log. */
size_t secrets_in_index(struct datom_db *db, enum datom_index index, const char *needle);
size_t secrets_in_log(struct datom_db *db, const char *needle);
/* Of the newest value's history and log together. */
size_t secrets_left(struct datom_conn *conn, const char *needle);
/* Files of a store in which bytes stand; prints their names. */
size_t secrets_in_files(const char *name, const char *needle);

#endif
