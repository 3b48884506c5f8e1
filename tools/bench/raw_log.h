#ifndef BENCH_RAW_LOG_H
#define BENCH_RAW_LOG_H

/*
 * Every batch of a store that grows beyond what its write-ahead log keeps (raw.h reads shorter
 * ones): the log's files are linked elsewhere before the store drops them, and read from there.
 * The caller serializes.
 */

#include "bench.h"

/* Links the log's files that are not there yet into `kept`, a folder on the same disk, made when it
 * is missing. Often enough that no file comes and goes in between: raw_log_next finds it out. */
BS_MUST_CHECK enum bs_code raw_log_keep(const char *store, const char *kept,
                                        struct bs_error *error);

struct raw_log;

BS_MUST_CHECK enum bs_code raw_log_open(const char *kept, struct raw_log **ret_log,
                                        struct bs_error *error);
void raw_log_close(struct raw_log *log); /* NULL: nothing */
/* The next batch, as RocksDB has it, until the next call. Fails when one is missing. */
BS_MUST_CHECK enum bs_code raw_log_next(struct raw_log *log, struct bs_str *ret_batch,
                                        uint32_t *ret_keys, bool *ret_found,
                                        struct bs_error *error);

#endif
