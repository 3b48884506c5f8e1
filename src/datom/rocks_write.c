/*
 * Atomic writes. A write is put together here, byte for byte as RocksDB keeps batches in memory
 * and in its write-ahead log (db/write_batch.cc: sequence, count, records), and given to it whole:
 * its own way of adding a record, with a string that is taken apart and put together again, costs
 * an import a tenth of what RocksDB's writing does. The format is that of logs on the disk, which
 * every version reads; a batch that has not the number of records that it says is refused.
 */

#include "datom/rocks_store.h"

#define HEAD_BYTES 12
#define COUNT_OFFSET 8
#define TAG_COLUMN_DELETION 4
#define TAG_COLUMN_VALUE 5
#define VARINT_BYTES_MAX 5

struct datom_write {
    struct bs_buf bytes;
    uint32_t count;
};

struct datom_write *datom_write_new(void)
{
    static const uint8_t head[HEAD_BYTES];
    struct datom_write *write = bs_calloc(1, sizeof(*write));
    bs_buf_init(&write->bytes, 0);
    bs_buf_append(&write->bytes, head, sizeof(head));
    return write;
}

void datom_write_free(struct datom_write *write)
{
    if (!write)
        return;
    bs_buf_fini(&write->bytes);
    free(write);
}

/* Seven bits a byte, the lowest first. */
static char *put_varint(char *at, uint32_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (char)(number | 0x80);
    *at++ = (char)number;
    return at;
}

static char *put_bytes(char *at, struct bs_str bytes)
{
    at = put_varint(at, (uint32_t)bytes.len);
    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
    return at + bytes.len;
}

void datom_write_add(struct datom_store *store, struct datom_write *write,
                     const struct datom_change *change)
{
    BS_ASSERT(change->key.len <= UINT32_MAX && change->record.len <= UINT32_MAX);
    char *start = bs_buf_reserve(&write->bytes, 1 + (size_t)3 * VARINT_BYTES_MAX + change->key.len +
                                                    change->record.len);
    BS_ASSERT(start);
    char *at = start;
    *at++ = change->is_delete ? TAG_COLUMN_DELETION : TAG_COLUMN_VALUE;
    at = put_varint(at, store->column_ids[1 + change->family]);
    at = put_bytes(at, change->key);
    if (!change->is_delete)
        at = put_bytes(at, change->record);
    write->bytes.len += (size_t)(at - start);
    write->count++;
}

size_t datom_write_bytes(const struct datom_write *write)
{
    return write->bytes.len;
}

struct bs_str datom_write_batch(struct datom_write *write)
{
    for (unsigned i = 0; i < 4; i++)
        write->bytes.ptr[COUNT_OFFSET + i] = (char)(write->count >> 8 * i);
    return bs_buf_str(&write->bytes);
}

enum bs_code datom_store_write(struct datom_store *store, struct datom_write *write, bool sync,
                               struct bs_error *error)
{
    if (store->read_only)
        return bs_error_set(error, BS_REASON_DB_READ_ONLY, "the store \"%s\" was opened read-only",
                            store->dir);
    if (store->mode != ROCKS_WRITES)
        return bs_error_set(error, BS_REASON_STORE_FAILED,
                            "the store \"%s\" can't be written since a write failed", store->dir);
    struct bs_str bytes = datom_write_batch(write);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create_from(bytes.ptr, bytes.len);
    char *text = NULL;
    rocksdb_write(store->db, sync && !store->no_sync ? store->write_synced : store->write_unsynced,
                  batch, &text);
    rocksdb_writebatch_destroy(batch);
    return rocks_take_error(text, "write to", store->dir, error);
}
