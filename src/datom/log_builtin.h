#ifndef DATOM_LOG_BUILTIN_H
#define DATOM_LOG_BUILTIN_H

/* The log of a store that holds it itself: the family `log` of its own database. Any thread. */

#include "datom/log_store.h"
#include "datom/rocks.h"

/*
 * Records are part of the changes that go into the indexes' write, so append and replace leave
 * everything to that, and say that it must be synced. The store must outlive it.
 */
struct datom_log_store datom_log_builtin(struct datom_store *store);

#endif
