/*
 * UTF-8 by the table of well-formed byte sequences (Unicode, table 3-7): the second byte's range
 * depends on the first, which is what keeps overlong forms, surrogates and numbers above U+10FFFF
 * out.
 */

#include "base/str.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the well-formed character at the front of `b`, of which `len` > 0 are there; 0: none. */
static size_t character_size(const unsigned char *b, size_t len)
{
    unsigned char first = b[0];
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || len < 2)
        return 0;
    if (first < 0xe0)
        return is_continuation(b[1]) ? 2 : 0;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (b[1] < low || b[1] > high || len < 3 || !is_continuation(b[2]))
        return 0;
    if (first < 0xf0)
        return 3;
    return len >= 4 && is_continuation(b[3]) ? 4 : 0;
}

size_t bs_utf8_valid_prefix(struct bs_str s)
{
    const unsigned char *b = (const unsigned char *)s.ptr;
    size_t i = 0;
    while (i < s.len) {
        while (s.len - i >= sizeof(uint64_t)) {
            uint64_t word;
            memcpy(&word, b + i, sizeof(word));
            if (word & 0x8080808080808080u)
                break;
            i += sizeof(word);
        }
        if (i == s.len)
            break;
        size_t size = character_size(b + i, s.len - i);
        if (size == 0)
            break;
        i += size;
    }
    return i;
}

bool bs_utf8_is_valid(struct bs_str s)
{
    return bs_utf8_valid_prefix(s) == s.len;
}

size_t bs_utf8_decode(struct bs_str s, uint32_t *ret_code_point)
{
    if (s.len == 0)
        return 0;
    const unsigned char *b = (const unsigned char *)s.ptr;
    size_t size = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    BS_ASSERT(size <= s.len);
    uint32_t code_point = size == 1 ? b[0] : b[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        code_point = code_point << 6 | (b[i] & 0x3fu);
    *ret_code_point = code_point;
    return size;
}

size_t bs_utf8_encode(uint32_t code_point, char ret_bytes[4])
{
    if (code_point < 0x80) {
        ret_bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        return 0;
    size_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    ret_bytes[0] = (char)((0xf00u >> size) | code_point);
    return size;
}

size_t bs_utf8_count(struct bs_str s)
{
    size_t count = 0;
    size_t i = 0;
    /* eight bytes at a time: a continuation has bit 7, and not bit 6 */
    for (; s.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, s.ptr + i, sizeof(word));
        uint64_t continuations = word & ~(word << 1) & 0x8080808080808080u;
        count += sizeof(word) - (size_t)__builtin_popcountll(continuations);
    }
    for (; i < s.len; i++)
        count += is_continuation((unsigned char)s.ptr[i]) ? 0 : 1;
    return count;
}
