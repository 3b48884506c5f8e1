#ifndef TESTS_DATOM_FIXTURE_H
#define TESTS_DATOM_FIXTURE_H

/*
 * Stores in a folder that goes with the test, and what nearly every test does with them. What is
 * refused here fails the test and names what was asked for. Include support.h first.
 */

#include "datom/datom.h"

#define FIXTURE_PATH_MAX 160

/* A group's setup and teardown: the folder. One at a time in a process. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The folder; a process that a test starts takes its parent's by fixture_use. */
const char *fixture_folder(void);
void fixture_use(const char *folder);
/* What is called `name` in it. */
struct bs_str fixture_path(const char *name, char ret_path[FIXTURE_PATH_MAX]);

/* The store of that name; NULL options: made when it is missing. */
struct datom_conn *fixture_open(const char *name, const struct datom_options *options);
void fixture_transact(struct datom_conn *conn, const char *text);
/* The same; the id that a tempid of it has got. */
datom_id fixture_transact_id(struct datom_conn *conn, const char *text, const char *tempid);
/* The reason why it is refused; BS_REASON_NONE when it is not. */
enum bs_reason fixture_refused(struct datom_conn *conn, const char *text);
/* Indexes and log of the newest value say the same. */
void fixture_check(struct datom_conn *conn);

#endif
