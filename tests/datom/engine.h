#ifndef TESTS_DATOM_ENGINE_H
#define TESTS_DATOM_ENGINE_H

/*
 * The engine below a store, without datoms: opening, writing keys, and a second process, which is
 * the test's program again with two arguments. Include support.h first.
 */

#include <sys/types.h>

#include "datom/rocks.h"
#include "datom/snapshot.h"

/* A test's folder and what it has open there; closed and removed with the test. */
struct engine {
    char *dir;
    struct datom_store *store;
    struct datom_store *reader;
    struct datom_snapshot *snapshot;
    struct bs_error error; /* of the last engine_open_with */
    pid_t child;
};

int engine_set_up(void **state);
int engine_tear_down(void **state);

enum bs_code engine_open_with(struct engine *f, struct datom_options options,
                              struct datom_store **ret_store);
void engine_open_writer(struct engine *f);
void engine_close_writer(struct engine *f);

struct datom_change engine_put_of(enum datom_family family, struct bs_str key,
                                  struct bs_str record);
enum bs_code engine_write_changes(struct datom_store *store, const struct datom_change *changes,
                                  size_t count, struct bs_error *error);
/* What the caller of a new store does first: from then on it is one. */
void engine_write_meta(struct datom_store *store);
void engine_put(struct datom_store *store, struct bs_str key, struct bs_str record);
/* "-" when it is not there. */
void engine_assert_record(struct datom_snapshot *snapshot, struct bs_str key, const char *expected);
void engine_assert_now(struct datom_store *store, struct bs_str key, const char *expected);

/* Runs this program as a writer of the store and waits until it has done its work. */
void engine_start_child(struct engine *f, const char *role);
void engine_kill_child(struct engine *f);
/* What main does as the child: opens, writes a hundred records, "key-000" and on, each synced, says
 * so, and waits to be killed. */
int engine_run_child(const char *dir);

#endif
