#ifndef BANDSTAND_IMPORT_PIPELINE_H
#define BANDSTAND_IMPORT_PIPELINE_H

/*
 * The transactions of an import that are under way: resolved already, and ended in their order by a
 * thread of the pipeline's own, while the caller reads and resolves the next ones. One thread puts.
 */

#include "base/base.h"
#include "datom/datom.h"

struct import_pipeline;

/* Handle: LIMIT, when the system gives no thread. */
BS_MUST_CHECK enum bs_code import_pipeline_new(struct datom_conn *conn,
                                               struct import_pipeline **ret_pipeline,
                                               struct bs_error *error);
/* Waits for what is under way. Takes NULL. */
void import_pipeline_free(struct import_pipeline *pipeline);
void import_pipeline_freep(struct import_pipeline **pipeline); /* for BS_CLEANUP */

/*
 * Begins a transaction, when there is room for it. `arena` holds tx_data and is taken over, also on
 * failure. `line` is where it ends, for the message of its failure.
 */
BS_MUST_CHECK enum bs_code import_pipeline_put(struct import_pipeline *pipeline, struct edn tx_data,
                                               struct bs_arena *arena, unsigned line,
                                               struct bs_error *error);
/* The value after the last one that was put; the caller unrefs it. */
struct datom_db *import_pipeline_db(struct import_pipeline *pipeline);

struct import_progress {
    uint64_t transactions; /* durable ones */
    uint64_t datoms;
    unsigned failed_line; /* of the first failure */
};

void import_pipeline_progress(struct import_pipeline *pipeline,
                              struct import_progress *ret_progress);
/* Waits until all have ended; the first failure of those, once. */
BS_MUST_CHECK enum bs_code import_pipeline_drain(struct import_pipeline *pipeline,
                                                 struct bs_error *error);

#endif
