#ifndef DATOM_REBUILD_H
#define DATOM_REBUILD_H

/* Making a store's indexes anew from its log, whatever happened to them. */

#include "datom/datom.h"

/*
 * Reads nothing but the log and puts every index, the counts and the counters that follow from it
 * in the place of what is there; ids that were issued stay issued where the counters can be read.
 * Nobody else may have the store open for reading. The log must be whole: else STORE_CORRUPT, and
 * the store is as before. Cut off while it puts things into place, the store is refused
 * (STORE_UNFINISHED) until the rebuild has been made again. Costs a sort of all datoms; memory is
 * bounded (some 200 MiB).
 */
BS_API BS_MUST_CHECK enum bs_code
datom_rebuild(struct bs_str dir, struct datom_check_report *ret_report, struct bs_error *error);

#endif
