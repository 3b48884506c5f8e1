/*
 * Bytes as keys and records. The first byte chooses: a family (then the key's length and the key,
 * the rest is the record), a plain value, or an ordered one. What decodes must encode to the same
 * bytes.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "datom/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAIN DATOM_FAMILY_LOG
#define ORDERED (DATOM_FAMILY_LOG + 1)
#define CHOICES (ORDERED + 1)

/* The type of a decoded value; `tag` tells refs from longs. */
static enum datom_type type_of(struct edn value, uint8_t tag)
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
    return tag == 0x18 ? DATOM_TYPE_REF : types[value.type];
}

static void try_plain(struct bs_str bytes, struct bs_arena *arena)
{
    struct edn value;
    struct bs_error error;
    if (datom_value_decode(bytes, arena, &value, &error) != BS_OK)
        return;
    struct bs_buf again = BS_BUF_INIT(0);
    datom_value_encode(value, type_of(value, (uint8_t)bytes.ptr[0]), &again);
    BS_ASSERT(bs_str_equal(bs_buf_str(&again), bytes));
    bs_buf_fini(&again);
}

static void try_ordered(struct bs_str bytes, struct bs_arena *arena)
{
    struct edn value;
    struct bs_error error;
    struct datom_key_value again;
    if (datom_key_value_decode(bytes, arena, &value, &error) != BS_OK)
        return;
    datom_key_value_encode(value, type_of(value, (uint8_t)bytes.ptr[0]), &again);
    BS_ASSERT(again.is_cut == (bytes.len > DATOM_KEY_VALUE_MAX));
    size_t kept = BS_MIN(bytes.len, (size_t)DATOM_KEY_VALUE_MAX);
    BS_ASSERT(memcmp(again.bytes, bytes.ptr, kept) == 0);
}

/* The tag of a life's value: at the front of the recorded value, or of the key's. */
static uint8_t tag_of_life(enum datom_family family, struct bs_str key, struct bs_str recorded)
{
    static const uint8_t value_offset[DATOM_FAMILY_LOG] = {12, 12, 4, 0, 20, 20, 4, 0};
    if (recorded.len > 0)
        return (uint8_t)recorded.ptr[0];
    return value_offset[family] == 0 ? 0x18 : (uint8_t)key.ptr[value_offset[family]];
}

static void try_key(enum datom_family family, struct bs_str key, struct bs_str record,
                    struct bs_arena *arena)
{
    struct datom_life life;
    struct bs_error error;
    if (datom_key_parse(family, key, record, arena, &life, &error) != BS_OK)
        return;
    bool is_current = family < DATOM_FAMILY_EAVT_H;
    struct bs_str recorded = bs_str_from_offset(record, is_current ? 8 : 0);
    if (recorded.len > 0 && !life.is_one)
        return; /* whether the key's value agrees with the record's is for a check to find */

    struct datom_key_value value;
    struct datom_key key_again;
    struct bs_buf record_again = BS_BUF_INIT(0);
    enum datom_type type = type_of(life.v, tag_of_life(family, key, recorded));
    datom_key_value_encode(life.v, type, &value);
    datom_key_make(family, &life, !life.is_one, &value, &key_again);
    datom_record_make(family, &life, !life.is_one, type, &value, &record_again);
    BS_ASSERT(bs_str_equal(datom_key_str(&key_again), key));
    BS_ASSERT(bs_str_equal(bs_buf_str(&record_again), record));
    bs_buf_fini(&record_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct bs_arena *arena = bs_arena_new(0);
    struct bs_str rest = bs_str_make((const char *)data + 1, size - 1);
    unsigned choice = data[0] % CHOICES;
    if (choice == PLAIN) {
        try_plain(rest, arena);
    } else if (choice == ORDERED) {
        try_ordered(rest, arena);
    } else {
        size_t key_len = data[1];
        rest = bs_str_from_offset(rest, 1);
        try_key((enum datom_family)choice, bs_str_slice(rest, 0, key_len),
                bs_str_from_offset(rest, key_len), arena);
    }
    bs_arena_free(arena);
    return 0;
}
