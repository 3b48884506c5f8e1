#ifndef BANDSTAND_HEALTH_H
#define BANDSTAND_HEALTH_H

/*
 * Looks at a store's health every two seconds, in a thread of its own: so a store that failed is
 * tried again without waiting for the next write, each change is logged once (with an id that
 * docs/operations.md explains), and readers of the health wait for nobody. While
 * the store can't be written, rpc.v1.HealthService says NOT_SERVING.
 *
 * Any thread.
 */

#include "datom/datom.h"
#include "datom/health.h"

struct health_watch;
struct rpc_dispatcher;

/* Looks once before it returns. `conn` and `dispatcher` outlive the watch. INTERNAL when there is
 * no thread. */
BS_MUST_CHECK enum bs_code health_watch_start(struct datom_conn *conn,
                                              struct rpc_dispatcher *dispatcher,
                                              struct health_watch **ret_watch,
                                              struct bs_error *error);
void health_watch_stop(struct health_watch *watch); /* takes NULL */
/* Whether the store could be written when it was last looked at; else why not, in a line. */
bool health_watch_is_ready(struct health_watch *watch, struct bs_buf *ret_why);
/* Appends Prometheus text. */
void health_watch_write_metrics(struct health_watch *watch, struct bs_buf *out);

#endif
