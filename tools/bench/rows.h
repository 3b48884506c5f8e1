#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

/* The rows, by the files that measure them. */

#include "bench.h"
#include "music.h"
#include "raw.h"

extern const struct bench_row store_import_row;
extern const struct bench_row store_bulk_row;
extern const struct bench_row store_transact_1_row;
extern const struct bench_row store_transact_64_row;
extern const struct bench_row store_transact_gain_row;
extern const struct bench_row store_add_all_row;
extern const struct bench_row store_add_5_row;
extern const struct bench_row store_add_1_row;
extern const struct bench_row store_retract_5_row;
extern const struct bench_row store_add_5_disk_row;
extern const struct bench_row store_retract_5_disk_row;
extern const struct bench_row store_sqlite_add_all_row;
extern const struct bench_row store_sqlite_add_5_row;
extern const struct bench_row store_sqlite_add_1_row;
extern const struct bench_row store_sqlite_retract_5_row;
extern const struct bench_row store_sqlite_add_5_disk_row;
extern const struct bench_row store_sqlite_retract_5_disk_row;
extern const struct bench_row store_sqlite_get_row;
extern const struct bench_row store_sqlite_scan_row;
extern const struct bench_row store_get_one_row;
extern const struct bench_row store_get_seek_row;
extern const struct bench_row store_get_many_row;
extern const struct bench_row store_disk_row;
extern const struct bench_row store_growth_row;
extern const struct bench_row store_seek_row;
extern const struct bench_row store_with_row;
extern const struct bench_row store_fork_row;
extern const struct bench_row store_asof_same_row;
extern const struct bench_row store_asof_once_row;
extern const struct bench_row store_asof_thousand_row;
extern const struct bench_row store_get_counter_row;
extern const struct bench_row store_get_fork_row;
extern const struct bench_row store_fork_empty_row;
extern const struct bench_row store_fork_changed_row;
extern const struct bench_row store_fork_siblings_row;
extern const struct bench_row store_scan_row;
extern const struct bench_row rpc_direct_row;
extern const struct bench_row rpc_direct_auth_row;
extern const struct bench_row rpc_ipc_1_row;
extern const struct bench_row rpc_ipc_64_row;
extern const struct bench_row rpc_nng_reqrep_row;
extern const struct bench_row rpc_nng_reqrep_64_row;
extern const struct bench_row universe_fork_row;
extern const struct bench_row http_get_row;
extern const struct bench_row memory_idle_row;

#endif
