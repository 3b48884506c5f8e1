#ifndef QUERY_CACHE_H
#define QUERY_CACHE_H

/*
 * Parsed queries by their text, each with one user at a time: taken out, used, given back. Any
 * thread. Internal.
 */

#include "query/query.h"

struct cached_query;

/* Parses when the cache has none. Handle: Q_INVALID_QUERY. Give it back in any case. */
BS_MUST_CHECK enum bs_code query_cache_take(struct bs_str text, struct cached_query **ret_cached,
                                            struct bs_error *error);
void query_cache_give(struct cached_query *cached);
/* Borrowed until it is given back. */
const struct query *query_cache_query(const struct cached_query *cached);

#endif
