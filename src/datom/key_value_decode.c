/*
 * Ordered values, read back (docs/format.md, section 4). Only what the encoder writes is accepted.
 * Text without escapes is not copied.
 */

#include "datom/codec.h"
#include "datom/decimal.h"
#include "datom/ordered.h"

static enum bs_code unescape(struct datom_reader *reader, const uint8_t *end,
                             const uint8_t *first_escape, struct edn *ret_value)
{
    uint8_t *text = datom_reader_alloc(reader, (size_t)(end - reader->at));
    if (!text)
        return BS_RESOURCE_EXHAUSTED;
    size_t len = (size_t)(first_escape - reader->at);
    memcpy(text, reader->at, len);
    for (reader->at = first_escape; reader->at < end; reader->at++) {
        uint8_t byte = *reader->at;
        if (byte == DATOM_TEXT_ESCAPE) {
            byte = *++reader->at; /* there is the end at least */
            if (byte != 1 && byte != 2)
                return datom_reader_fail(reader, "01 or 02 after an escape");
            byte--;
        }
        text[len++] = byte;
    }
    ret_value->as.bytes = text;
    ret_value->len = (uint32_t)len;
    return BS_OK;
}

static enum bs_code take_text(struct datom_reader *reader, enum edn_type type,
                              struct edn *ret_value)
{
    size_t left = datom_reader_left(reader);
    const uint8_t *end =
        left == 0 ? NULL : (const uint8_t *)memchr(reader->at, DATOM_TEXT_END, left);
    if (!end || (size_t)(end - reader->at) > UINT32_MAX)
        return datom_reader_fail(reader, "a text with its end");
    size_t len = (size_t)(end - reader->at);
    struct edn value = {.type = (uint8_t)type, .len = (uint32_t)len, .as.bytes = reader->at};
    const uint8_t *escape =
        len == 0 ? NULL : (const uint8_t *)memchr(reader->at, DATOM_TEXT_ESCAPE, len);
    if (escape)
        BS_TRY(unescape(reader, end, escape, &value));
    reader->at = end + 1;
    *ret_value = value;
    return BS_OK;
}

static enum bs_code take_u64(struct datom_reader *reader, uint64_t *ret_number)
{
    const uint8_t *bytes;
    BS_TRY(datom_reader_take(reader, 8, &bytes));
    *ret_number = bs_load_u64(bytes);
    return BS_OK;
}

static enum bs_code take_integer(struct datom_reader *reader, uint8_t tag, struct edn *ret_value)
{
    uint64_t number;
    BS_TRY(take_u64(reader, &number));
    if (tag == DATOM_TAG_REF)
        *ret_value = edn_long((int64_t)number);
    else if (tag == DATOM_TAG_LONG)
        *ret_value = edn_long((int64_t)(number ^ DATOM_SIGN_64));
    else
        *ret_value = edn_instant((int64_t)(number ^ DATOM_SIGN_64));
    return BS_OK;
}

static enum bs_code take_float(struct datom_reader *reader, struct edn *ret_value)
{
    const uint8_t *bytes;
    float number;
    BS_TRY(datom_reader_take(reader, 4, &bytes));
    uint32_t bits = bs_load_u32(bytes);
    if (!datom_float_from_bits(bits & DATOM_SIGN_32 ? bits ^ DATOM_SIGN_32 : ~bits, &number))
        return datom_reader_fail(reader, "neither NaN nor -0.0 before");
    *ret_value = edn_float(number);
    return BS_OK;
}

static enum bs_code take_double(struct datom_reader *reader, struct edn *ret_value)
{
    uint64_t bits;
    double number;
    BS_TRY(take_u64(reader, &bits));
    if (!datom_double_from_bits(bits & DATOM_SIGN_64 ? bits ^ DATOM_SIGN_64 : ~bits, &number))
        return datom_reader_fail(reader, "neither NaN nor -0.0 before");
    *ret_value = edn_double(number);
    return BS_OK;
}

static enum bs_code take_bigint(struct datom_reader *reader, struct edn *ret_value)
{
    const uint8_t *bytes;
    BS_TRY(datom_reader_take(reader, 2, &bytes));
    unsigned head = bs_load_u16(bytes);
    bool negative = head < DATOM_BIGINT_ZERO;
    size_t size = negative ? DATOM_BIGINT_ZERO - head : head - DATOM_BIGINT_ZERO;
    if (size > DATOM_MAGNITUDE_BYTES_MAX)
        return datom_reader_fail(reader, "a number's length within the limit before");
    struct edn_number *number;
    BS_TRY(datom_reader_take_magnitude(reader, size, negative ? 0xff : 0, &number));
    number->negative = negative;
    *ret_value = (struct edn){.type = EDN_BIGINT, .as.number = number};
    return BS_OK;
}

/* The pairs of digits up to their end. The first digit and the last are not 0. */
static enum bs_code take_digits(struct datom_reader *reader, uint8_t flip,
                                struct datom_digits *ret_digits)
{
    ret_digits->count = 0;
    for (;;) {
        uint8_t byte;
        BS_TRY(datom_reader_take_byte(reader, &byte));
        byte ^= flip;
        if (byte == 0)
            break;
        if (byte > 100 || ret_digits->count + 2 > DATOM_DIGITS_MAX)
            return datom_reader_fail(reader, "two decimal digits before");
        ret_digits->digits[ret_digits->count++] = (uint8_t)((byte - 1) / 10);
        ret_digits->digits[ret_digits->count++] = (uint8_t)((byte - 1) % 10);
    }
    if (ret_digits->count > 0 && ret_digits->digits[ret_digits->count - 1] == 0)
        ret_digits->count--;
    if (ret_digits->count == 0 || ret_digits->digits[0] == 0 ||
        ret_digits->digits[ret_digits->count - 1] == 0)
        return datom_reader_fail(reader, "digits without zeros at either end before");
    return BS_OK;
}

static enum bs_code take_bigdec(struct datom_reader *reader, struct edn *ret_value)
{
    uint8_t sign;
    struct datom_digits digits;
    digits.count = 0;
    int64_t scale = 0;
    BS_TRY(datom_reader_take_byte(reader, &sign));
    if (sign > DATOM_BIGDEC_POSITIVE)
        return datom_reader_fail(reader, "a decimal's sign before");
    if (sign != DATOM_BIGDEC_ZERO) {
        const uint8_t *bytes;
        uint8_t flip = sign == DATOM_BIGDEC_NEGATIVE ? 0xff : 0;
        uint64_t biased = 0;
        BS_TRY(datom_reader_take(reader, DATOM_EXPONENT_BYTES, &bytes));
        for (size_t i = 0; i < DATOM_EXPONENT_BYTES; i++)
            biased = biased << 8 | (uint8_t)(bytes[i] ^ flip);
        BS_TRY(take_digits(reader, flip, &digits));
        scale = (int64_t)digits.count - ((int64_t)biased - DATOM_EXPONENT_BIAS);
        if (scale < INT32_MIN || scale > INT32_MAX)
            return datom_reader_fail(reader, "an exponent within the limit before");
    }

    uint8_t magnitude[DATOM_MAGNITUDE_BYTES_MAX];
    size_t size;
    if (!datom_digits_to_magnitude(&digits, magnitude, &size))
        return datom_reader_fail(reader, "a decimal within the limit before");
    struct edn_number *number = datom_reader_alloc(reader, sizeof(*number) + size);
    if (!number)
        return BS_RESOURCE_EXHAUSTED;
    number->scale = (int32_t)scale;
    number->negative = sign == DATOM_BIGDEC_NEGATIVE;
    number->magnitude_bytes = (uint32_t)size;
    memcpy(number->magnitude, magnitude, size);
    *ret_value = (struct edn){.type = EDN_BIGDEC, .as.number = number};
    return BS_OK;
}

static enum bs_code take_scalar(struct datom_reader *reader, uint8_t tag, struct edn *ret_value)
{
    const uint8_t *bytes;
    switch (tag) {
    case DATOM_TAG_BOOLEAN:
        return datom_reader_take_boolean(reader, ret_value);
    case DATOM_TAG_REF:
    case DATOM_TAG_LONG:
    case DATOM_TAG_INSTANT:
        return take_integer(reader, tag, ret_value);
    case DATOM_TAG_FLOAT:
        return take_float(reader, ret_value);
    case DATOM_TAG_DOUBLE:
        return take_double(reader, ret_value);
    case DATOM_TAG_BIGINT:
        return take_bigint(reader, ret_value);
    case DATOM_TAG_BIGDEC:
        return take_bigdec(reader, ret_value);
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
    uint32_t count = 0;
    struct edn *items = datom_reader_alloc(reader, BS_LIMIT_TUPLE_MAX * sizeof(*items));
    if (!items)
        return BS_RESOURCE_EXHAUSTED;
    for (;;) {
        uint8_t tag;
        BS_TRY(datom_reader_take_byte(reader, &tag));
        if (tag == DATOM_TAG_END)
            break;
        if (count == BS_LIMIT_TUPLE_MAX)
            return datom_reader_fail(reader, "a tuple's length within the limit before");
        if (tag == DATOM_TAG_NIL)
            items[count++] = edn_nil();
        else if (tag == DATOM_TAG_REF)
            return datom_reader_fail(reader, "the tag of a tuple's element before");
        else
            BS_TRY(take_scalar(reader, tag, &items[count++]));
    }
    *ret_value = edn_collection(EDN_VECTOR, items, count);
    return BS_OK;
}

enum bs_code datom_key_value_take(struct datom_reader *reader, struct edn *ret_value)
{
    uint8_t tag;
    BS_TRY(datom_reader_take_byte(reader, &tag));
    if (tag == DATOM_TAG_TUPLE)
        return take_tuple(reader, ret_value);
    return take_scalar(reader, tag, ret_value);
}

enum bs_code datom_key_value_decode(struct bs_str bytes, struct bs_arena *arena,
                                    struct edn *ret_value, struct bs_error *error)
{
    struct edn value;
    struct datom_reader reader = datom_reader_make(bytes, "ordered value", arena, error);
    BS_TRY(datom_key_value_take(&reader, &value));
    if (reader.at != reader.end)
        return datom_reader_fail(&reader, "the end of the value");
    *ret_value = value;
    return BS_OK;
}
