/*
 * Plain values: a tag, then the shortest simple form of each type (docs/format.md, section 3), as
 * records and the log hold them. Self-delimiting, one form for each value: whatever decodes encodes
 * to the same bytes. Order is key_value.c's.
 *
 * Text is not looked into: it was checked where it came in.
 */

#include "datom/codec.h"

static const uint8_t edn_type_of_type[DATOM_TYPE_COUNT] = {
    [DATOM_TYPE_REF] = EDN_LONG,        [DATOM_TYPE_KEYWORD] = EDN_KEYWORD,
    [DATOM_TYPE_LONG] = EDN_LONG,       [DATOM_TYPE_STRING] = EDN_STRING,
    [DATOM_TYPE_BOOLEAN] = EDN_BOOLEAN, [DATOM_TYPE_INSTANT] = EDN_INSTANT,
    [DATOM_TYPE_BYTES] = EDN_BYTES,     [DATOM_TYPE_UUID] = EDN_UUID,
    [DATOM_TYPE_DOUBLE] = EDN_DOUBLE,   [DATOM_TYPE_FLOAT] = EDN_FLOAT,
    [DATOM_TYPE_URI] = EDN_URI,         [DATOM_TYPE_BIGINT] = EDN_BIGINT,
    [DATOM_TYPE_BIGDEC] = EDN_BIGDEC,   [DATOM_TYPE_TUPLE] = EDN_VECTOR,
    [DATOM_TYPE_SYMBOL] = EDN_SYMBOL,
};

/* 0 (DATOM_TAG_END): not a value that can be stored. */
static const uint8_t tag_of_edn_type[EDN_TYPE_COUNT] = {
    [EDN_NIL] = DATOM_TAG_NIL,         [EDN_BOOLEAN] = DATOM_TAG_BOOLEAN,
    [EDN_LONG] = DATOM_TAG_LONG,       [EDN_BIGINT] = DATOM_TAG_BIGINT,
    [EDN_FLOAT] = DATOM_TAG_FLOAT,     [EDN_DOUBLE] = DATOM_TAG_DOUBLE,
    [EDN_BIGDEC] = DATOM_TAG_BIGDEC,   [EDN_STRING] = DATOM_TAG_STRING,
    [EDN_SYMBOL] = DATOM_TAG_SYMBOL,   [EDN_KEYWORD] = DATOM_TAG_KEYWORD,
    [EDN_INSTANT] = DATOM_TAG_INSTANT, [EDN_UUID] = DATOM_TAG_UUID,
    [EDN_URI] = DATOM_TAG_URI,         [EDN_BYTES] = DATOM_TAG_BYTES,
    [EDN_VECTOR] = DATOM_TAG_TUPLE,
};

enum datom_tag datom_tag_of(struct edn value, enum datom_type type)
{
    BS_ASSERT(type < DATOM_TYPE_COUNT && value.type == edn_type_of_type[type]);
    if (type == DATOM_TYPE_REF)
        return DATOM_TAG_REF;
    return (enum datom_tag)tag_of_edn_type[value.type];
}

static bool is_stored_scalar(struct edn value)
{
    bool is_exact = value.type == EDN_BIGINT || value.type == EDN_BIGDEC;
    return value.type < EDN_TYPE_COUNT && value.type != EDN_VECTOR &&
           tag_of_edn_type[value.type] != DATOM_TAG_END &&
           !(is_exact && value.as.number->magnitude_bytes > DATOM_MAGNITUDE_BYTES_MAX);
}

bool datom_is_stored(enum datom_type type, struct edn value)
{
    BS_ASSERT(type < DATOM_TYPE_COUNT);
    if (value.type != edn_type_of_type[type])
        return false;
    if (type != DATOM_TYPE_TUPLE)
        return is_stored_scalar(value);
    for (uint32_t i = 0; i < value.len; i++)
        if (!is_stored_scalar(value.as.items[i]))
            return false;
    return value.len <= BS_LIMIT_TUPLE_MAX;
}

enum datom_tag datom_tag_of_element(struct edn element)
{
    BS_ASSERT(element.type < EDN_TYPE_COUNT && element.type != EDN_VECTOR &&
              tag_of_edn_type[element.type] != DATOM_TAG_END);
    return (enum datom_tag)tag_of_edn_type[element.type];
}

enum edn_type datom_tag_text_type(enum datom_tag tag)
{
    switch (tag) {
    case DATOM_TAG_STRING:
        return EDN_STRING;
    case DATOM_TAG_SYMBOL:
        return EDN_SYMBOL;
    case DATOM_TAG_KEYWORD:
        return EDN_KEYWORD;
    case DATOM_TAG_URI:
        return EDN_URI;
    case DATOM_TAG_BYTES:
        return EDN_BYTES;
    default:
        return EDN_NIL;
    }
}

/* ---- reader ---- */

void datom_reader_report(const struct datom_reader *reader, const char *expected)
{
    char hex[2 * 16 + 1] = "";
    size_t shown = BS_MIN(datom_reader_left(reader), sizeof(hex) / 2);
    for (size_t i = 0; i < shown; i++)
        snprintf(hex + 2 * i, 3, "%02x", reader->at[i]);
    size_t size = (size_t)(reader->end - reader->start);
    bs_error_set(reader->error, BS_REASON_STORE_CORRUPT,
                 "%s of %zu bytes is damaged at byte %zu: expected %s, found %s%s", reader->what,
                 size, (size_t)(reader->at - reader->start), expected, shown == 0 ? "its end" : hex,
                 shown < datom_reader_left(reader) ? "..." : "");
}

void *datom_reader_alloc(const struct datom_reader *reader, size_t size)
{
    void *memory = bs_arena_try_alloc(reader->arena, size);
    if (!memory)
        bs_error_set(reader->error, BS_REASON_LIMIT, "no %zu bytes left in memory for a %s", size,
                     reader->what);
    return memory;
}

enum bs_code datom_reader_take_long_varint(struct datom_reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;
    const uint8_t *at = reader->at;
    for (unsigned shift = 0; shift < 64; shift += 7, at++) {
        if (at == reader->end)
            return datom_reader_fail(reader, "a whole varint");
        uint8_t byte = *at;
        if (shift == 63 && byte > 1)
            return datom_reader_fail(reader, "a varint of at most 64 bits");
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte >= 0x80)
            continue;
        if (byte == 0 && shift > 0)
            return datom_reader_fail(reader, "a varint in its shortest form");
        reader->at = at + 1;
        *ret_value = value;
        return BS_OK;
    }
    return datom_reader_fail(reader, "a varint of at most 64 bits");
}

enum bs_code datom_reader_take_boolean(struct datom_reader *reader, struct edn *ret_value)
{
    uint8_t byte;
    BS_TRY(datom_reader_take_byte(reader, &byte));
    if (byte > 1)
        return datom_reader_fail(reader, "a boolean of 0 or 1 before");
    *ret_value = edn_boolean(byte);
    return BS_OK;
}

enum bs_code datom_reader_take_magnitude(struct datom_reader *reader, size_t size, uint8_t mask,
                                         struct edn_number **ret_number)
{
    const uint8_t *bytes;
    BS_TRY(datom_reader_take(reader, size, &bytes));
    if (size > 0 && (bytes[0] ^ mask) == 0)
        return datom_reader_fail(reader, "a magnitude without leading zeros before");
    struct edn_number *number = datom_reader_alloc(reader, sizeof(*number) + size);
    if (!number)
        return BS_RESOURCE_EXHAUSTED;
    *number = (struct edn_number){.magnitude_bytes = (uint32_t)size};
    for (size_t i = 0; i < size; i++)
        number->magnitude[i] = bytes[i] ^ mask;
    *ret_number = number;
    return BS_OK;
}

/* ---- encoding ---- */

/* A tag and a payload of a known size at most: written in place. */
static uint8_t *reserve(struct bs_buf *out, size_t size)
{
    return (uint8_t *)bs_buf_reserve(out, size);
}

static void finish(struct bs_buf *out, const uint8_t *end)
{
    out->len = (size_t)((const char *)end - out->ptr);
}

static void encode_text(enum datom_tag tag, const void *bytes, size_t size, struct bs_buf *out)
{
    uint8_t *at = reserve(out, 1 + DATOM_VARINT_MAX + size);
    if (!at)
        return;
    *at++ = (uint8_t)tag;
    at = datom_put_varint(at, size);
    if (size > 0)
        memcpy(at, bytes, size);
    finish(out, at + size);
}

static void encode_number(enum datom_tag tag, const struct edn_number *number, struct bs_buf *out)
{
    size_t size = number->magnitude_bytes;
    BS_ASSERT(size <= DATOM_MAGNITUDE_BYTES_MAX);
    uint8_t *at = reserve(out, 1 + 2 * DATOM_VARINT_MAX + size);
    if (!at)
        return;
    *at++ = (uint8_t)tag;
    if (tag == DATOM_TAG_BIGDEC)
        at = datom_put_varint(at, datom_zigzag(number->scale));
    at = datom_put_varint(at, (uint64_t)size << 1 | number->negative);
    memcpy(at, number->magnitude, size);
    finish(out, at + size);
}

/* Types whose payload has a small fixed maximum. */
static void encode_small(enum datom_tag tag, struct edn value, struct bs_buf *out)
{
    uint8_t *at = reserve(out, 1 + 16);
    if (!at)
        return;
    *at++ = (uint8_t)tag;
    switch (tag) {
    case DATOM_TAG_NIL:
        break;
    case DATOM_TAG_BOOLEAN:
        *at++ = value.as.boolean;
        break;
    case DATOM_TAG_REF:
        bs_store_u64(at, (uint64_t)value.as.integer);
        at += 8;
        break;
    case DATOM_TAG_LONG:
    case DATOM_TAG_INSTANT:
        at = datom_put_varint(at, datom_zigzag(value.as.integer));
        break;
    case DATOM_TAG_FLOAT:
        bs_store_u32(at, datom_float_bits(value.as.float32));
        at += 4;
        break;
    case DATOM_TAG_DOUBLE:
        bs_store_u64(at, datom_double_bits(value.as.float64));
        at += 8;
        break;
    case DATOM_TAG_UUID:
        memcpy(at, value.as.bytes, 16);
        at += 16;
        break;
    default:
        BS_UNREACHABLE();
    }
    finish(out, at);
}

static void encode_scalar(enum datom_tag tag, struct edn value, struct bs_buf *out)
{
    switch (tag) {
    case DATOM_TAG_STRING:
    case DATOM_TAG_SYMBOL:
    case DATOM_TAG_KEYWORD:
    case DATOM_TAG_URI:
    case DATOM_TAG_BYTES:
        encode_text(tag, value.as.bytes, value.len, out);
        break;
    case DATOM_TAG_BIGINT:
    case DATOM_TAG_BIGDEC:
        encode_number(tag, value.as.number, out);
        break;
    default:
        encode_small(tag, value, out);
        break;
    }
}

void datom_value_encode(struct edn value, enum datom_type type, struct bs_buf *out)
{
    enum datom_tag tag = datom_tag_of(value, type);
    if (tag != DATOM_TAG_TUPLE) {
        encode_scalar(tag, value, out);
        return;
    }
    BS_ASSERT(value.len <= BS_LIMIT_TUPLE_MAX);
    bs_buf_append_byte(out, (char)tag);
    bs_buf_append_byte(out, (char)value.len);
    for (uint32_t i = 0; i < value.len; i++)
        encode_scalar(datom_tag_of_element(value.as.items[i]), value.as.items[i], out);
}
