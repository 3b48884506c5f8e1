/* Base64 (RFC 4648), hex, UUIDs as text (RFC 9562). Decoding is strict; the header says how. */

#include "base/encoding.h"

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_digits[] = "0123456789abcdef";

static void encode(struct bs_buf *out, const void *bytes, size_t size, const char *alphabet,
                   bool padded)
{
    const uint8_t *b = bytes;
    size_t left = size % 3;
    size_t tail_len = left == 0 ? 0 : padded ? 4 : left + 1;
    size_t len = size / 3 < SIZE_MAX / 8 ? size / 3 * 4 + tail_len : SIZE_MAX / 2;
    char *to = bs_buf_reserve(out, len);
    if (!to)
        return;
    const uint8_t *end = b + (size - left);
    for (; b != end; b += 3) {
        uint32_t bits = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63];
        *to++ = alphabet[bits & 63];
    }
    if (left > 0) {
        uint32_t bits = (uint32_t)b[0] << 16 | (left == 2 ? (uint32_t)b[1] << 8 : 0);
        char tail[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                        left == 2 ? alphabet[bits >> 6 & 63] : '=', '='};
        memcpy(to, tail, tail_len);
        to += tail_len;
    }
    *to = '\0';
    out->len += len;
}

void bs_base64_encode(struct bs_buf *out, const void *bytes, size_t size)
{
    encode(out, bytes, size, base64_alphabet, true);
}

void bs_base64url_encode(struct bs_buf *out, const void *bytes, size_t size)
{
    encode(out, bytes, size, base64url_alphabet, false);
}

/* 0 to 63, or -1. */
static int base64_digit(char c, unsigned flags)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || (c == '-' && flags & BS_BASE64_URL))
        return 62;
    if (c == '/' || (c == '_' && flags & BS_BASE64_URL))
        return 63;
    return -1;
}

/* Takes right padding off; false when it is wrong, or missing without leave. */
static bool strip_padding(struct bs_str *text, unsigned flags)
{
    size_t padding = 0;
    while (padding < 2 && padding < text->len && text->ptr[text->len - 1 - padding] == '=')
        padding++;
    if ((padding > 0 || !(flags & BS_BASE64_OPTIONAL_PAD)) && text->len % 4 != 0)
        return false;
    text->len -= padding;
    return text->len % 4 != 1;
}

bool bs_base64_decode(struct bs_str text, unsigned flags, struct bs_buf *out)
{
    if (!strip_padding(&text, flags))
        return false;
    size_t len_before = out->len;
    uint32_t bits = 0;
    unsigned bits_count = 0;
    size_t size = text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1);
    char *to = bs_buf_reserve(out, size);
    for (size_t i = 0; i < text.len; i++) {
        int digit = base64_digit(text.ptr[i], flags);
        if (digit < 0)
            return false;
        bits = (bits << 6 | (uint32_t)digit) & 0xffff;
        bits_count += 6;
        if (bits_count < 8)
            continue;
        bits_count -= 8;
        if (to)
            *to++ = (char)(bits >> bits_count & 0xff);
    }
    bool bits_left = (bits & ((1u << bits_count) - 1)) != 0;
    if (bits_left && !(flags & BS_BASE64_OPTIONAL_PAD))
        return false;
    if (to) {
        *to = '\0';
        out->len = len_before + size;
    }
    return true;
}

void bs_hex_format(const void *bytes, size_t size, char *ret_text)
{
    const uint8_t *b = bytes;
    for (size_t i = 0; i < size; i++) {
        *ret_text++ = hex_digits[b[i] >> 4];
        *ret_text++ = hex_digits[b[i] & 15];
    }
    *ret_text = '\0';
}

void bs_hex_encode(struct bs_buf *out, const void *bytes, size_t size)
{
    size_t len;
    if (__builtin_mul_overflow(size, 2, &len))
        len = SIZE_MAX / 2;
    char *to = bs_buf_reserve(out, len);
    if (!to)
        return;
    bs_hex_format(bytes, size, to);
    out->len += len;
}

static bool is_uuid_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

void bs_uuid_format(const uint8_t bytes[16], char ret_text[BS_UUID_TEXT_SIZE])
{
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (is_uuid_dash(at))
            ret_text[at++] = '-';
        ret_text[at++] = hex_digits[bytes[i] >> 4];
        ret_text[at++] = hex_digits[bytes[i] & 15];
    }
    ret_text[at] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bs_uuid_parse(struct bs_str text, uint8_t ret_bytes[16])
{
    if (text.len != BS_UUID_TEXT_SIZE - 1)
        return false;
    uint8_t bytes[16];
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (is_uuid_dash(at) && text.ptr[at++] != '-')
            return false;
        int high = hex_digit(text.ptr[at++]);
        int low = hex_digit(text.ptr[at++]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return true;
}
