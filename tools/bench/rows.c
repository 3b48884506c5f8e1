/* The list of rows. */

#include "rows.h"

const struct bench_row *const bench_rows[] = {
    &store_import_row,
    &store_bulk_row,
    &store_transact_1_row,
    &store_transact_64_row,
    &store_transact_gain_row,
    &store_add_all_row,
    &store_add_5_row,
    &store_add_1_row,
    &store_retract_5_row,
    &store_add_5_disk_row,
    &store_retract_5_disk_row,
    &store_get_one_row,
    &store_get_seek_row,
    &store_get_many_row,
    &store_seek_row,
    &store_with_row,
    &store_fork_row,
    &store_scan_row,
    &store_asof_same_row,
    &store_asof_once_row,
    &store_asof_thousand_row,
    &store_get_counter_row,
    &store_get_fork_row,
    &store_fork_empty_row,
    &store_fork_changed_row,
    &store_fork_siblings_row,
    &store_sqlite_add_all_row,
    &store_sqlite_add_5_row,
    &store_sqlite_add_1_row,
    &store_sqlite_retract_5_row,
    &store_sqlite_add_5_disk_row,
    &store_sqlite_retract_5_disk_row,
    &store_sqlite_get_row,
    &store_sqlite_scan_row,
    &store_disk_row,
    &store_growth_row,
    &rpc_direct_row,
    &rpc_direct_auth_row,
    &rpc_ipc_1_row,
    &rpc_ipc_64_row,
    &rpc_nng_reqrep_row,
    &rpc_nng_reqrep_64_row,
    &universe_fork_row,
    &http_get_row,
    &memory_idle_row,
};

const size_t bench_rows_count = BS_ARRAY_COUNT(bench_rows);

void bench_context_fini(struct bench_context *context)
{
    bench_music_free(context->music);
    context->music = NULL;
}
