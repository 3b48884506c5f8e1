/* Decoding values as records and the log have them (docs/format.md). */

#include "datom/codec.h"

static enum bs_code take_text(struct datom_reader *reader, enum edn_type type,
                              struct edn *ret_value)
{
    uint64_t size;
    BS_TRY(datom_reader_take_varint(reader, &size));
    if (size > datom_reader_left(reader) || size > UINT32_MAX)
        return datom_reader_fail(reader, "as many bytes as the length before says");
    *ret_value = (struct edn){
        .type = (uint8_t)type,
        .len = (uint32_t)size,
        .as.bytes = reader->at,
    };
    reader->at += size;
    return BS_OK;
}

static enum bs_code take_number(struct datom_reader *reader, enum edn_type type,
                                struct edn *ret_value)
{
    uint64_t head;
    int64_t scale = 0;
    if (type == EDN_BIGDEC) {
        BS_TRY(datom_reader_take_varint(reader, &head));
        scale = datom_unzigzag(head);
        if (scale < INT32_MIN || scale > INT32_MAX)
            return datom_reader_fail(reader, "a scale of at most 32 bits before");
    }
    BS_TRY(datom_reader_take_varint(reader, &head));
    size_t size = (size_t)(head >> 1);
    if (size > DATOM_MAGNITUDE_BYTES_MAX || head == 1)
        return datom_reader_fail(reader, "a number's length within the limit before");
    struct edn_number *number;
    BS_TRY(datom_reader_take_magnitude(reader, size, 0, &number));
    number->scale = (int32_t)scale;
    number->negative = head & 1;
    *ret_value = (struct edn){.type = (uint8_t)type, .as.number = number};
    return BS_OK;
}

static enum bs_code take_integer(struct datom_reader *reader, enum edn_type type,
                                 struct edn *ret_value)
{
    uint64_t zigzag;
    BS_TRY(datom_reader_take_varint(reader, &zigzag));
    *ret_value = (struct edn){.type = (uint8_t)type, .as.integer = datom_unzigzag(zigzag)};
    return BS_OK;
}

static enum bs_code take_float(struct datom_reader *reader, struct edn *ret_value)
{
    const uint8_t *bytes;
    float number;
    BS_TRY(datom_reader_take(reader, 4, &bytes));
    if (!datom_float_from_bits(bs_load_u32(bytes), &number))
        return datom_reader_fail(reader, "neither NaN nor -0.0 before");
    *ret_value = edn_float(number);
    return BS_OK;
}

static enum bs_code take_double(struct datom_reader *reader, struct edn *ret_value)
{
    const uint8_t *bytes;
    double number;
    BS_TRY(datom_reader_take(reader, 8, &bytes));
    if (!datom_double_from_bits(bs_load_u64(bytes), &number))
        return datom_reader_fail(reader, "neither NaN nor -0.0 before");
    *ret_value = edn_double(number);
    return BS_OK;
}

static enum bs_code take_scalar(struct datom_reader *reader, uint8_t tag, struct edn *ret_value)
{
    const uint8_t *bytes;
    switch (tag) {
    case DATOM_TAG_BOOLEAN:
        return datom_reader_take_boolean(reader, ret_value);
    case DATOM_TAG_REF:
        BS_TRY(datom_reader_take(reader, 8, &bytes));
        *ret_value = edn_long((int64_t)bs_load_u64(bytes));
        return BS_OK;
    case DATOM_TAG_LONG:
        return take_integer(reader, EDN_LONG, ret_value);
    case DATOM_TAG_INSTANT:
        return take_integer(reader, EDN_INSTANT, ret_value);
    case DATOM_TAG_BIGINT:
        return take_number(reader, EDN_BIGINT, ret_value);
    case DATOM_TAG_BIGDEC:
        return take_number(reader, EDN_BIGDEC, ret_value);
    case DATOM_TAG_FLOAT:
        return take_float(reader, ret_value);
    case DATOM_TAG_DOUBLE:
        return take_double(reader, ret_value);
    case DATOM_TAG_UUID:
        BS_TRY(datom_reader_take(reader, 16, &bytes));
        *ret_value = edn_uuid(bytes);
        return BS_OK;
    default:
        break;
    }
    enum edn_type text = datom_tag_text_type((enum datom_tag)tag);
    if (text == EDN_NIL)
        return datom_reader_fail(reader, "the tag of a value before");
    return take_text(reader, text, ret_value);
}

static enum bs_code take_tuple(struct datom_reader *reader, struct edn *ret_value)
{
    uint8_t count;
    BS_TRY(datom_reader_take_byte(reader, &count));
    if (count > BS_LIMIT_TUPLE_MAX)
        return datom_reader_fail(reader, "a tuple's length within the limit before");
    struct edn *items = datom_reader_alloc(reader, count * sizeof(*items));
    if (!items)
        return BS_RESOURCE_EXHAUSTED;
    for (uint8_t i = 0; i < count; i++) {
        uint8_t tag;
        BS_TRY(datom_reader_take_byte(reader, &tag));
        if (tag == DATOM_TAG_NIL)
            items[i] = edn_nil();
        else if (tag == DATOM_TAG_REF)
            return datom_reader_fail(reader, "the tag of a tuple's element before");
        else
            BS_TRY(take_scalar(reader, tag, &items[i]));
    }
    *ret_value = edn_collection(EDN_VECTOR, items, count);
    return BS_OK;
}

enum bs_code datom_value_take(struct datom_reader *reader, struct edn *ret_value)
{
    uint8_t tag;
    BS_TRY(datom_reader_take_byte(reader, &tag));
    if (tag == DATOM_TAG_TUPLE)
        return take_tuple(reader, ret_value);
    return take_scalar(reader, tag, ret_value);
}

enum bs_code datom_value_decode(struct bs_str bytes, struct bs_arena *arena, struct edn *ret_value,
                                struct bs_error *error)
{
    struct edn value;
    struct datom_reader reader = datom_reader_make(bytes, "stored value", arena, error);
    BS_TRY(datom_value_take(&reader, &value));
    if (reader.at != reader.end)
        return datom_reader_fail(&reader, "the end of the value");
    *ret_value = value;
    return BS_OK;
}
