/* Words of names, for searching: without case and accents (Unicode's, by utf8proc). */

#include "procedures/internal.h"

#include <utf8proc.h>

static bool is_ascii(struct bs_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    }
    return true;
}

static struct bs_str fold_ascii(struct bs_arena *arena, struct bs_str text)
{
    char *folded = bs_arena_dup_cstr(arena, text);
    for (size_t i = 0; i < text.len; i++) {
        if (folded[i] >= 'A' && folded[i] <= 'Z')
            folded[i] = (char)(folded[i] - 'A' + 'a');
    }
    return bs_str_make(folded, text.len);
}

struct bs_str fold_text(struct bs_arena *arena, struct bs_str text)
{
    utf8proc_uint8_t *folded = NULL;
    if (is_ascii(text))
        return fold_ascii(arena, text);
    utf8proc_ssize_t size =
        utf8proc_map((const utf8proc_uint8_t *)text.ptr, (utf8proc_ssize_t)text.len, &folded,
                     UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
                         UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
    if (size < 0)
        return text; /* no UTF-8: as it is */
    struct bs_str copy = bs_arena_dup(arena, bs_str_make((const char *)folded, (size_t)size));
    free(folded);
    return copy;
}

static bool is_word_byte(char byte)
{
    unsigned char c = (unsigned char)byte;
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
}

bool next_word(struct bs_str *rest, struct bs_str *ret_word)
{
    size_t start = 0;
    size_t end;
    while (start < rest->len && !is_word_byte(rest->ptr[start]))
        start++;
    for (end = start; end < rest->len && is_word_byte(rest->ptr[end]); end++)
        continue;
    *ret_word = bs_str_slice(*rest, start, end - start);
    *rest = bs_str_from_offset(*rest, end);
    return ret_word->len > 0;
}
