/* Classes of bytes and the small words of the grammar. */

#include <stdarg.h>

#include "http/internal.h"

#define T HTTP_TOKEN
#define V HTTP_VALUE
#define G HTTP_TARGET
#define X HTTP_HEX
#define H HTTP_HOST_CHAR

const uint8_t http_classes[256] = {
    ['\t'] = V,
    [' '] = V,
    ['!'] = T | V | G | H,
    ['"'] = V | G,
    ['#'] = T | V,
    ['$'] = T | V | G | H,
    ['%'] = T | V | G,
    ['&'] = T | V | G | H,
    ['\''] = T | V | G | H,
    ['('] = V | G | H,
    [')'] = V | G | H,
    ['*'] = T | V | G | H,
    ['+'] = T | V | G | H,
    [','] = V | G | H,
    ['-'] = T | V | G | H,
    ['.'] = T | V | G | H,
    ['/'] = V | G,
    ['0' ... '9'] = T | V | G | X | H,
    [':'] = V | G,
    [';'] = V | G | H,
    ['<'] = V | G,
    ['='] = V | G | H,
    ['>'] = V | G,
    ['?'] = V | G,
    ['@'] = V | G,
    ['A' ... 'F'] = T | V | G | X | H,
    ['G' ... 'Z'] = T | V | G | H,
    ['['] = V | G,
    ['\\'] = V | G,
    [']'] = V | G,
    ['^'] = T | V | G,
    ['_'] = T | V | G | H,
    ['`'] = T | V | G,
    ['a' ... 'f'] = T | V | G | X | H,
    ['g' ... 'z'] = T | V | G | H,
    ['{'] = V | G,
    ['|'] = T | V | G,
    ['}'] = V | G,
    ['~'] = T | V | G | H,
    [0x80 ... 0xff] = V,
};

#undef T
#undef V
#undef G
#undef X
#undef H

bool http_is_token(struct bs_str text)
{
    return text.len > 0 && http_all_are(text, HTTP_TOKEN);
}

bool http_is_field_value(struct bs_str text)
{
    return http_all_are(text, HTTP_VALUE);
}

struct bs_str http_trim(struct bs_str s)
{
    while (s.len > 0 && http_is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && http_is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

int http_hex_digit(char c)
{
    if (!(http_classes[(unsigned char)c] & HTTP_HEX))
        return -1;
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Length of the quoted-string at the front, with its quotes; 0 when it does not end. */
static size_t quoted_len(struct bs_str s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            return i + 1;
    }
    return 0;
}

bool http_take_word(struct bs_str *rest, struct bs_str *ret_word)
{
    if (rest->len > 0 && rest->ptr[0] == '"') {
        size_t len = quoted_len(*rest);
        if (len == 0)
            return false;
        *ret_word = bs_str_slice(*rest, 1, len - 2);
        *rest = bs_str_from_offset(*rest, len);
        return true;
    }
    size_t len = 0;
    while (len < rest->len && http_classes[(unsigned char)rest->ptr[len]] & HTTP_TOKEN)
        len++;
    *ret_word = bs_str_slice(*rest, 0, len);
    *rest = bs_str_from_offset(*rest, len);
    return len > 0;
}

bool http_list_next(struct bs_str *rest, struct bs_str *ret_element)
{
    while (rest->len > 0) {
        size_t len = 0;
        while (len < rest->len && rest->ptr[len] != ',') {
            size_t quoted = rest->ptr[len] == '"' ? quoted_len(bs_str_from_offset(*rest, len)) : 0;
            len += quoted > 0 ? quoted : 1;
        }
        struct bs_str element = http_trim(bs_str_slice(*rest, 0, len));
        *rest = bs_str_from_offset(*rest, len + 1);
        if (element.len > 0) {
            *ret_element = element;
            return true;
        }
    }
    return false;
}

enum http_progress http_refuse(int *ret_status, int status, struct bs_error *error,
                               const char *format, ...)
{
    *ret_status = status;
    if (error) {
        char message[BS_ERROR_MESSAGE_MAX];
        va_list args;
        va_start(args, format);
        vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        bs_error_set_code(error, http_status_to_code(status), BS_REASON_HTTP_BAD_REQUEST, "%s",
                          message);
    }
    return HTTP_REFUSED;
}
