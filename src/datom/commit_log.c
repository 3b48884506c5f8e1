/* What the changes of transactions say to the log: records that are new, and records that an
 * erasure has written anew. */

#include "datom/conn.h"

/* Puts each t once: an erasure writes the record of a transaction of its own group anew. */
static void list_record(struct datom_log_record *records, size_t *count,
                        const struct datom_change *change)
{
    struct datom_log_record record = {.t = bs_load_u64(change->key.ptr), .bytes = change->record};
    size_t i = *count;
    while (i > 0 && records[i - 1].t > record.t)
        i--;
    if (i > 0 && records[i - 1].t == record.t) {
        records[i - 1] = record;
        return;
    }
    memmove(records + i + 1, records + i, (*count - i) * sizeof(*records));
    records[i] = record;
    (*count)++;
}

struct datom_log_record *datom_conn_list_records(const struct datom_change *changes, size_t count,
                                                 uint64_t basis_t, bool is_new, size_t *ret_count)
{
    struct datom_log_record *records = bs_malloc((count + 1) * sizeof(*records));
    *ret_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].family == DATOM_FAMILY_LOG &&
            (bs_load_u64(changes[i].key.ptr) > basis_t) == is_new)
            list_record(records, ret_count, &changes[i]);
    }
    return records;
}

enum bs_code datom_conn_replace_records(struct datom_conn *conn, const struct datom_change *changes,
                                        size_t count, uint64_t basis_t, struct bs_error *error)
{
    size_t records_count;
    bool is_durable;
    enum bs_code code = BS_OK;
    struct datom_log_record *records =
        datom_conn_list_records(changes, count, basis_t, false, &records_count);
    if (records_count > 0)
        code = conn->log.replace(conn->log.self, records, records_count, &is_durable, error);
    free(records);
    return code;
}
