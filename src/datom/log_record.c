/*
 * Log records (docs/format.md, section 6): the datoms of one transaction in its own order. Entity
 * ids are written as differences, as neighbours are mostly of one entity or of entities made
 * together; the first differs from the transaction's own.
 */

#include "datom/codec.h"

/* Entity 1, attribute and operation 1, a value 2 (tag, length or byte). */
#define DATOM_BYTES_MIN 4

void datom_log_encode(const struct datom *datoms, const enum datom_type *types, size_t count,
                      uint64_t t, struct bs_buf *out)
{
    uint8_t *at = (uint8_t *)bs_buf_reserve(out, DATOM_VARINT_MAX);
    if (!at)
        return;
    out->len += (size_t)(datom_put_varint(at, count) - at);
    datom_id e = datom_t_to_tx(t);
    for (size_t i = 0; i < count; i++) {
        const struct datom *datom = &datoms[i];
        BS_ASSERT(datom->a <= UINT32_MAX);
        at = (uint8_t *)bs_buf_reserve(out, (size_t)2 * DATOM_VARINT_MAX);
        if (!at)
            return;
        uint8_t *end = datom_put_varint(at, datom_zigzag((int64_t)(datom->e - e)));
        end = datom_put_varint(end, datom->a << 1 | datom->added);
        out->len += (size_t)(end - at);
        datom_value_encode(datom->v, types[i], out);
        e = datom->e;
    }
}

static enum bs_code take_datom(struct datom_reader *reader, datom_id previous_e,
                               struct datom *ret_datom)
{
    uint64_t e;
    uint64_t a;
    BS_TRY(datom_reader_take_varint(reader, &e));
    BS_TRY(datom_reader_take_varint(reader, &a));
    if (a >> 1 > UINT32_MAX)
        return datom_reader_fail(reader, "an attribute of at most 32 bits before");
    ret_datom->e = previous_e + (uint64_t)datom_unzigzag(e);
    ret_datom->a = a >> 1;
    ret_datom->added = a & 1;
    return datom_value_take(reader, &ret_datom->v);
}

enum bs_code datom_log_decode(struct bs_str bytes, uint64_t t, struct bs_arena *arena,
                              struct datom **ret_datoms, size_t *ret_count, struct bs_error *error)
{
    struct datom_reader reader = datom_reader_make(bytes, "record of log", arena, error);
    uint64_t count;
    BS_TRY(datom_reader_take_varint(&reader, &count));
    if (count > datom_reader_left(&reader) / DATOM_BYTES_MIN)
        return datom_reader_fail(&reader, "as many datoms as the count before says");
    struct datom *datoms = datom_reader_alloc(&reader, count * sizeof(*datoms));
    if (!datoms)
        return BS_RESOURCE_EXHAUSTED;
    datom_id tx = datom_t_to_tx(t);
    datom_id e = tx;
    for (size_t i = 0; i < count; i++) {
        BS_TRY(take_datom(&reader, e, &datoms[i]));
        datoms[i].tx = tx;
        e = datoms[i].e;
    }
    if (reader.at != reader.end)
        return datom_reader_fail(&reader, "the end of the record");
    *ret_datoms = datoms;
    *ret_count = count;
    return BS_OK;
}
