/* Bytes as a record of the log. What decodes must encode and decode to the same datoms. */

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "datom/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define T 1000

static enum datom_type type_of(struct edn value)
{
    static const enum datom_type types[EDN_TYPE_COUNT] = {
        [EDN_BOOLEAN] = DATOM_TYPE_BOOLEAN, [EDN_LONG] = DATOM_TYPE_LONG,
        [EDN_BIGINT] = DATOM_TYPE_BIGINT,   [EDN_FLOAT] = DATOM_TYPE_FLOAT,
        [EDN_DOUBLE] = DATOM_TYPE_DOUBLE,   [EDN_BIGDEC] = DATOM_TYPE_BIGDEC,
        [EDN_STRING] = DATOM_TYPE_STRING,   [EDN_SYMBOL] = DATOM_TYPE_SYMBOL,
        [EDN_KEYWORD] = DATOM_TYPE_KEYWORD, [EDN_INSTANT] = DATOM_TYPE_INSTANT,
        [EDN_UUID] = DATOM_TYPE_UUID,       [EDN_URI] = DATOM_TYPE_URI,
        [EDN_BYTES] = DATOM_TYPE_BYTES,     [EDN_VECTOR] = DATOM_TYPE_TUPLE,
    };
    return types[value.type]; /* refs come back as longs, which write another tag */
}

static void check_again(const struct datom *datoms, size_t count, struct bs_arena *arena)
{
    struct bs_error error;
    struct datom *again;
    size_t again_count;
    struct bs_buf bytes = BS_BUF_INIT(0);
    enum datom_type *types = bs_arena_new_array(arena, count, enum datom_type);
    for (size_t i = 0; i < count; i++)
        types[i] = type_of(datoms[i].v);
    datom_log_encode(datoms, types, count, T, &bytes);
    enum bs_code code =
        datom_log_decode(bs_buf_str(&bytes), T, arena, &again, &again_count, &error);
    BS_ASSERT(code == BS_OK && again_count == count);
    for (size_t i = 0; i < count; i++) {
        BS_ASSERT(again[i].e == datoms[i].e && again[i].a == datoms[i].a);
        BS_ASSERT(again[i].tx == datoms[i].tx && again[i].added == datoms[i].added);
        BS_ASSERT(edn_equal(again[i].v, datoms[i].v));
    }
    bs_buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_error error;
    struct datom *datoms;
    size_t count;
    struct bs_str bytes = bs_str_make((const char *)data, size);
    if (datom_log_decode(bytes, T, arena, &datoms, &count, &error) == BS_OK)
        check_again(datoms, count, arena);
    bs_arena_free(arena);
    return 0;
}
