/* Reading the log of a value: the family of transactions, bounded by the value's basis and as-of.
 */

#include "datom/db.h"

struct datom_log_reader {
    struct datom_db *db;
    uint64_t end; /* exclusive */
    struct datom_source source;
    struct bs_arena *arena;
    struct bs_error failure;
};

static uint64_t log_end(const struct datom_db *db, uint64_t end)
{
    uint64_t last = BS_MIN(db->body->basis_t, db->as_of_t);
    return BS_MIN(end, last + 1);
}

enum bs_code datom_log_open(struct datom_db *db, uint64_t start, uint64_t end,
                            struct datom_log_reader **ret_reader, struct bs_error *error)
{
    struct datom_log_reader *reader = bs_calloc(1, sizeof(*reader));
    reader->db = datom_db_ref(db);
    reader->end = log_end(db, end);
    reader->arena = bs_arena_new(0);
    datom_source_open(&reader->source, db->body, DATOM_FAMILY_LOG, &reader->failure);
    uint8_t key[8];
    if (db->has_since && start <= db->since_t)
        start = db->since_t < UINT64_MAX ? db->since_t + 1 : UINT64_MAX;
    bs_store_u64(key, start);
    datom_kv_seek(reader->source.iter, bs_str_make((const char *)key, sizeof(key)));
    enum bs_code code = reader->source.iter->code;
    datom_source_rest(&reader->source);
    if (code != BS_OK) {
        if (error)
            *error = reader->failure;
        datom_log_close(reader);
        return code;
    }
    *ret_reader = reader;
    return BS_OK;
}

static enum bs_code next(struct datom_log_reader *reader, struct datom_log_entry *ret_entry,
                         bool *ret_found, struct bs_error *error)
{
    struct datom_kv_iter *iter = reader->source.iter;
    bs_arena_reset(reader->arena);
    *ret_found = false;
    if (!iter->valid) {
        if (iter->code != BS_OK && error)
            *error = reader->failure;
        return iter->code;
    }
    if (iter->key.len != 8)
        return bs_error_set(error, BS_REASON_STORE_CORRUPT,
                            "a key of the log has %zu bytes: expected 8", iter->key.len);
    uint64_t t = bs_load_u64(iter->key.ptr);
    if (t >= reader->end)
        return BS_OK;
    /* values point into the record, which goes with the next step */
    struct bs_str record = bs_arena_dup(reader->arena, iter->record);
    struct datom *datoms;
    size_t count;
    BS_TRY(datom_log_decode(record, t, reader->arena, &datoms, &count, error));
    *ret_entry = (struct datom_log_entry){.t = t, .datoms = datoms, .count = count};
    *ret_found = true;
    datom_kv_next(iter);
    return BS_OK;
}

enum bs_code datom_log_next(struct datom_log_reader *reader, struct datom_log_entry *ret_entry,
                            bool *ret_found, struct bs_error *error)
{
    datom_source_wake(&reader->source);
    enum bs_code code = next(reader, ret_entry, ret_found, error);
    datom_source_rest(&reader->source);
    return code;
}

void datom_log_close(struct datom_log_reader *reader)
{
    if (!reader)
        return;
    datom_store_enter(reader->source.store);
    datom_source_fini(&reader->source);
    datom_store_leave(reader->source.store);
    bs_arena_free(reader->arena);
    datom_db_unref(reader->db);
    free(reader);
}
