/* Views of bytes: searching, splitting, whole numbers, distance. */

#include "base/str.h"

#define DISTANCE_MAX_BYTES 64u

ptrdiff_t bs_str_find(struct bs_str s, struct bs_str needle)
{
    if (needle.len == 0)
        return 0;
    const char *found = s.len < needle.len ? NULL : memmem(s.ptr, s.len, needle.ptr, needle.len);
    return found ? found - s.ptr : -1;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool bs_str_equal_ignoring_case(struct bs_str a, struct bs_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bs_str bs_str_trim(struct bs_str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool bs_str_split(struct bs_str *rest, char separator, struct bs_str *ret_part)
{
    if (!rest->ptr)
        return false;
    ptrdiff_t at = bs_str_find_byte(*rest, separator);
    if (at < 0) {
        *ret_part = *rest;
        *rest = (struct bs_str){.ptr = NULL, .len = 0};
        return true;
    }
    *ret_part = bs_str_slice(*rest, 0, (size_t)at);
    *rest = bs_str_from_offset(*rest, (size_t)at + 1);
    return true;
}

bool bs_str_parse_u64(struct bs_str s, uint64_t *ret_value)
{
    if (s.len == 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

bool bs_str_parse_i64(struct bs_str s, int64_t *ret_value)
{
    bool negative = s.len > 0 && s.ptr[0] == '-';
    uint64_t magnitude;
    if (!bs_str_parse_u64(bs_str_from_offset(s, negative ? 1 : 0), &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    *ret_value = (int64_t)(negative ? -magnitude : magnitude);
    return true;
}

size_t bs_str_distance(struct bs_str a, struct bs_str b)
{
    if (a.len > DISTANCE_MAX_BYTES || b.len > DISTANCE_MAX_BYTES)
        return SIZE_MAX;
    /* row[j]: from the first i bytes of a to the first j of b */
    size_t row[DISTANCE_MAX_BYTES + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = BS_MIN(replaced, BS_MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}
