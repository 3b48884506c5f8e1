/*
 * Loads. Meta is written last, and a store whose meta is empty is no store (rocks.h): that is all
 * that a load needs to be whole or not there.
 */

#include "datom/bulk.h"

#include "datom/bootstrap.h"
#include "datom/build.h"
#include "datom/load.h"
#include "datom/log_form.h"
#include "datom/rocks_tables.h"

struct datom_bulk {
    struct datom_store *store;
    struct datom_build *build;
    struct datom_bulk_totals totals;
};

/* A store that has only what is built in becomes none again. */
static enum bs_code unmake(struct datom_store *store, struct bs_str dir, struct bs_error *error)
{
    struct datom_body *body;
    BS_TRY(datom_load_store(store, &body, error));
    uint64_t basis_t = body->basis_t;
    enum bs_code code = BS_OK;
    if (basis_t > DATOM_BOOT_T)
        code = bs_error_set(error, BS_REASON_STORE_NOT_EMPTY,
                            "the store \"%.*s\" has transactions up to t %llu: only an empty one "
                            "can be loaded",
                            BS_STR_ARGS(dir), (unsigned long long)basis_t);
    if (code == BS_OK) {
        struct datom_write *write = datom_write_new();
        datom_store_enter(store);
        struct datom_kv_iter *iter = datom_snapshot_iter(body->snapshot, DATOM_FAMILY_META, error);
        for (datom_kv_seek(iter, BS_STR_EMPTY); iter->valid; datom_kv_next(iter))
            datom_write_add(store, write,
                            &(struct datom_change){
                                .family = DATOM_FAMILY_META, .is_delete = true, .key = iter->key});
        code = iter->code;
        datom_kv_free(iter);
        datom_store_leave(store);
        if (code == BS_OK)
            code = datom_store_write(store, write, true, error);
        datom_write_free(write);
    }
    datom_body_unref(body);
    return code;
}

enum bs_code datom_bulk_open(struct bs_str dir, const struct datom_options *options,
                             struct datom_bulk **ret_bulk, struct bs_error *error)
{
    struct datom_options store_options = {.create = true};
    if (options) {
        store_options.no_sync = options->no_sync;
        store_options.cache_bytes = options->cache_bytes;
    }
    BS_CLEANUP(datom_bulk_freep) struct datom_bulk *bulk = bs_calloc(1, sizeof(*bulk));
    BS_TRY(datom_store_open(dir, &store_options, &bulk->store, error));
    if (!datom_store_is_new(bulk->store))
        BS_TRY(unmake(bulk->store, dir, error));
    BS_TRY(datom_store_clear(bulk->store, error));
    BS_TRY(
        datom_build_new(bulk->store, dir, true, BS_REASON_DB_INVALID_TX_FORM, &bulk->build, error));
    *ret_bulk = bulk;
    bulk = NULL;
    return BS_OK;
}

void datom_bulk_free(struct datom_bulk *bulk)
{
    if (!bulk)
        return;
    datom_build_free(bulk->build);
    datom_store_unref(bulk->store);
    free(bulk);
}

void datom_bulk_freep(struct datom_bulk **bulk)
{
    datom_bulk_free(*bulk);
}

static enum bs_code check_entry(const struct datom_bulk *bulk, const struct datom_log_entry *entry,
                                struct bs_error *error)
{
    int64_t last_ms = datom_derive_body(datom_build_derive(bulk->build))->last_instant_ms;
    datom_id tx = datom_t_to_tx(entry->t);
    const struct datom *instant = NULL;
    if (entry->t < DATOM_FIRST_USER_T || entry->t > DATOM_T_MAX)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "the t %llu is none of a user's transaction: expected %u or more",
                            (unsigned long long)entry->t, DATOM_FIRST_USER_T);
    for (size_t i = 0; i < entry->count; i++) {
        if (entry->datoms[i].e == tx && entry->datoms[i].a == DATOM_DB_TX_INSTANT)
            instant = &entry->datoms[i];
    }
    if (!instant || !instant->added || instant->v.type != EDN_INSTANT)
        return bs_error_set(error, BS_REASON_DB_INVALID_TX_FORM,
                            "transaction %llu has no :db/txInstant of its own",
                            (unsigned long long)entry->t);
    if (instant->v.as.integer < last_ms)
        return bs_error_set(error, BS_REASON_DB_PAST_TX_INSTANT,
                            "the :db/txInstant of transaction %llu is before that of the one "
                            "before it",
                            (unsigned long long)entry->t);
    return BS_OK;
}

enum bs_code datom_bulk_add(struct datom_bulk *bulk, const struct datom_log_entry *entry,
                            struct bs_error *error)
{
    BS_TRY(check_entry(bulk, entry, error));
    BS_TRY(datom_build_add(bulk->build, entry, error));
    bulk->totals.transactions++;
    bulk->totals.datoms += entry->count;
    return BS_OK;
}

enum bs_code datom_bulk_add_form(struct datom_bulk *bulk, struct edn form, struct bs_error *error)
{
    BS_CLEANUP(bs_arena_freep) struct bs_arena *arena = bs_arena_new(0);
    struct datom_log_entry entry;
    struct datom_db *db = datom_derive_db(datom_build_derive(bulk->build));
    BS_TRY(datom_log_form_read(db, form, arena, &entry, error));
    return datom_bulk_add(bulk, &entry, error);
}

enum bs_code datom_bulk_finish(struct datom_bulk *bulk, struct bs_error *error)
{
    BS_TRY(datom_build_finish(bulk->build, error));
    BS_TRY(datom_build_replace(bulk->build, error));
    return datom_build_write_meta(bulk->build, 0, 0, BS_STR_EMPTY, error);
}

struct datom_bulk_totals datom_bulk_totals_of(const struct datom_bulk *bulk)
{
    return bulk->totals;
}
