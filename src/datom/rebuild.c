/*
 * Rebuilding: first all files are made, beside the store; then a marker in meta says that the
 * indexes are being changed; then they are changed; the last write has the counters and takes the
 * marker away. The log is never touched.
 */

#include "datom/rebuild.h"

#include "datom/bootstrap.h"
#include "datom/build.h"
#include "datom/db.h"
#include "datom/load.h"

struct rebuild {
    struct datom_store *store;
    struct datom_build *build;
    struct datom_check_report report;
    uint64_t next_t, next_element; /* as the counters say, or 0 */
};

static enum bs_code read_log(struct rebuild *rebuild, struct bs_error *error)
{
    /* a body that knows of nothing but where the families are */
    struct datom_body *body = datom_body_new_empty();
    body->snapshot = datom_snapshot_take(rebuild->store);
    body->store = rebuild->store;
    body->basis_t = DATOM_T_MAX;
    struct datom_db *db = datom_db_new(body);
    struct datom_log_reader *reader = NULL;
    bool has_boot = false;
    enum bs_code code = datom_load_next_ids(body, &rebuild->next_t, &rebuild->next_element, error);
    if (code == BS_OK)
        code = datom_log_open(db, 0, UINT64_MAX, &reader, error);
    while (code == BS_OK) {
        struct datom_log_entry entry;
        bool found;
        code = datom_log_next(reader, &entry, &found, error);
        if (code != BS_OK || !found)
            break;
        if (entry.t == DATOM_BOOT_T) {
            has_boot = true;
            continue;
        }
        code = datom_build_add(rebuild->build, &entry, error);
        rebuild->report.transactions++;
        rebuild->report.datoms += entry.count;
    }
    if (code == BS_OK && !has_boot)
        code = bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "the log lacks its first transaction, %u: nothing can be made of it",
                            DATOM_BOOT_T);
    datom_log_close(reader);
    datom_db_unref(db);
    datom_body_unref(body);
    return code;
}

static enum bs_code set_marker(struct datom_store *store, struct bs_error *error)
{
    struct datom_write *write = datom_write_new();
    datom_write_add(store, write,
                    &(struct datom_change){.family = DATOM_FAMILY_META,
                                           .key = BS_STR(DATOM_LOAD_REBUILD_KEY),
                                           .record = BS_STR("1")});
    enum bs_code code = datom_store_write(store, write, true, error);
    datom_write_free(write);
    return code;
}

static enum bs_code run(struct rebuild *rebuild, struct bs_error *error)
{
    BS_TRY(datom_load_check_format(rebuild->store, error));
    BS_TRY(read_log(rebuild, error));
    BS_TRY(datom_build_finish(rebuild->build, error));
    BS_TRY(set_marker(rebuild->store, error));
    BS_TRY(datom_build_replace(rebuild->build, error));
    return datom_build_write_meta(rebuild->build, rebuild->next_t, rebuild->next_element,
                                  BS_STR(DATOM_LOAD_REBUILD_KEY), error);
}

enum bs_code datom_rebuild(struct bs_str dir, struct datom_check_report *ret_report,
                           struct bs_error *error)
{
    struct rebuild rebuild = {0};
    struct datom_options options = {0};
    BS_TRY(datom_store_open(dir, &options, &rebuild.store, error));
    enum bs_code code =
        datom_build_new(rebuild.store, dir, false, BS_REASON_STORE_CORRUPT, &rebuild.build, error);
    if (code == BS_OK)
        code = run(&rebuild, error);
    datom_build_free(rebuild.build);
    datom_store_unref(rebuild.store);
    if (code == BS_OK && ret_report)
        *ret_report = rebuild.report;
    return code;
}
