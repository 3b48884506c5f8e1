/*
 * Escapes of paths and queries, undone once and for all: what comes out is text that is never
 * decoded again. Decoding happens after splitting, so that an escaped separator separates nothing.
 */

#include "http/internal.h"

static bool needs_decoding(struct bs_str raw, bool plus_is_blank)
{
    return bs_str_find_byte(raw, '%') >= 0 || (plus_is_blank && bs_str_find_byte(raw, '+') >= 0);
}

/* Writes the decoded bytes to `to`, which has room for raw.len; false at a wrong escape. */
static bool decode_bytes(struct bs_str raw, bool plus_is_blank, char *to, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            int high = raw.len - i > 2 ? http_hex_digit(raw.ptr[i + 1]) : -1;
            int low = raw.len - i > 2 ? http_hex_digit(raw.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        to[len++] = c;
    }
    *ret_len = len;
    return true;
}

static enum bs_code decode(struct bs_str raw, bool plus_is_blank, const char *what,
                           struct bs_arena *arena, struct bs_str *ret_text, struct bs_error *error)
{
    struct bs_str text = raw;
    if (needs_decoding(raw, plus_is_blank)) {
        char *copy = bs_arena_try_alloc(arena, raw.len + 1);
        if (!copy)
            return bs_arena_check(arena, raw.len + 1, what, error);
        if (!decode_bytes(raw, plus_is_blank, copy, &text.len))
            return bs_error_set(error, BS_REASON_HTTP_BAD_REQUEST,
                                "%s \"%.*s\": two hex digits are expected after each %%", what,
                                BS_STR_ARGS(raw));
        copy[text.len] = '\0';
        text.ptr = copy;
    }
    if (bs_str_find_byte(text, '\0') >= 0)
        return bs_error_set(error, BS_REASON_HTTP_BAD_REQUEST, "%s \"%.*s\": a NUL in it", what,
                            BS_STR_ARGS(raw));
    if (!bs_utf8_is_valid(text))
        return bs_error_set(error, BS_REASON_HTTP_BAD_REQUEST,
                            "%s \"%.*s\": what it stands for is not UTF-8", what, BS_STR_ARGS(raw));
    *ret_text = text;
    return BS_OK;
}

enum bs_code http_segment_decode(struct bs_str raw, const char *what, struct bs_arena *arena,
                                 struct bs_str *ret_text, struct bs_error *error)
{
    return decode(raw, false, what, arena, ret_text, error);
}

enum bs_code http_query_next(struct bs_str *rest, struct bs_arena *arena,
                             struct http_query_item *ret_item, struct bs_error *error)
{
    struct bs_str part = BS_STR_EMPTY;
    struct bs_str left = *rest;
    while (part.len == 0 && left.len > 0) {
        if (!bs_str_split(&left, '&', &part))
            break;
    }
    if (part.len == 0) {
        *rest = left;
        *ret_item = (struct http_query_item){0};
        return BS_OK;
    }
    ptrdiff_t sign = bs_str_find_byte(part, '=');
    struct http_query_item item = {.has_value = sign >= 0, .value = BS_STR_EMPTY};
    struct bs_str name = sign < 0 ? part : bs_str_slice(part, 0, (size_t)sign);
    BS_TRY(decode(name, true, "query parameter", arena, &item.name, error));
    if (sign >= 0)
        BS_TRY(decode(bs_str_from_offset(part, (size_t)sign + 1), true,
                      "value of a query parameter", arena, &item.value, error));
    *rest = left;
    *ret_item = item;
    return BS_OK;
}
