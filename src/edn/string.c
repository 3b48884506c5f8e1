#include "edn/parser.h"

/*
 * Strings. One without escapes points into the text; one with escapes is written into the arena,
 * where it never needs more bytes than it has in the text. Eight bytes are looked at in one step.
 */

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* The high bit of each byte that equals `c`; false positives only above a true one. */
static inline uint64_t bytes_equal(uint64_t word, unsigned char c)
{
    uint64_t zero = word ^ (ONES * c);
    return (zero - ONES) & ~zero & HIGHS;
}

/* The first quote or backslash from `at` on, or the end. Tells whether a byte beyond ASCII was met.
 */
static const char *scan_plain(const char *at, const char *end, bool *ret_high)
{
    uint64_t high = 0;
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t found = bytes_equal(word, '"') | bytes_equal(word, '\\');
        if (found) {
            unsigned skip = (unsigned)__builtin_ctzll(found) / 8;
            high |= skip == 0 ? 0 : word << (64 - skip * 8) & HIGHS;
            *ret_high |= high != 0;
            return at + skip;
        }
        high |= word & HIGHS;
        at += 8;
    }
    for (; at < end && *at != '"' && *at != '\\'; at++)
        high |= (unsigned char)*at & 0x80;
    *ret_high |= high != 0;
    return at;
}

static enum bs_code bad_escape(struct edn_parser *parser, const char *at)
{
    char shown[EDN_SHOWN_SIZE];
    struct bs_str rest = bs_str_make(at, (size_t)(parser->end - at));
    size_t len = 1;
    while (len < 6 && len < rest.len && (unsigned char)rest.ptr[len] > 0x20 &&
           rest.ptr[len] != '"' && (unsigned char)rest.ptr[len] < 0x80)
        len++;
    return edn_syntax_error(parser, at,
                            "%s is no escape in a string: expected \\n \\t \\r \\b \\f \\\" \\\\ "
                            "\\uXXXX or octal digits up to \\377",
                            edn_shown(bs_str_slice(rest, 0, len), shown));
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hex digits of \uXXXX at `at` (the backslash); false when they are not there. */
static bool hex_escape(const char *at, const char *end, uint32_t *ret_unit)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return false;
    uint32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return true;
}

static enum bs_code read_unicode_escape(struct edn_parser *parser, const char **at,
                                        uint32_t *ret_code_point)
{
    uint32_t unit, low;
    if (!hex_escape(*at, parser->end, &unit))
        return bad_escape(parser, *at);
    if (unit >= 0xd800 && unit <= 0xdfff) {
        if (unit >= 0xdc00 || !hex_escape(*at + 6, parser->end, &low) || low < 0xdc00 ||
            low > 0xdfff)
            return edn_syntax_error(parser, *at,
                                    "\\u%04x is half a surrogate pair: expected both halves", unit);
        unit = 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
        *at += 6;
    }
    *at += 6;
    *ret_code_point = unit;
    return BS_OK;
}

/* Reads the escape at *at (the backslash) and moves behind it. */
static enum bs_code read_escape(struct edn_parser *parser, const char **at,
                                uint32_t *ret_code_point)
{
    static const char simple[256] = {
        ['n'] = '\n', ['t'] = '\t', ['r'] = '\r',  ['b'] = '\b',
        ['f'] = '\f', ['"'] = '"',  ['\\'] = '\\',
    };
    unsigned char c = (unsigned char)(*at)[1];
    if (simple[c]) {
        *ret_code_point = (unsigned char)simple[c];
        *at += 2;
        return BS_OK;
    }
    if (c == 'u')
        return read_unicode_escape(parser, at, ret_code_point);
    uint32_t code_point = 0;
    int count = 0;
    while (count < 3 && parser->end - *at > 1 + count && (*at)[1 + count] >= '0' &&
           (*at)[1 + count] <= '7')
        code_point = code_point * 8 + (uint32_t)((*at)[1 + count++] - '0');
    if (count == 0 || code_point > 0377)
        return bad_escape(parser, *at);
    *ret_code_point = code_point;
    *at += 1 + count;
    return BS_OK;
}

/* Where the string ends (its quote); NULL when the text ends before. */
static const char *find_end(struct edn_parser *parser, const char *at, bool *ret_high)
{
    for (;;) {
        at = scan_plain(at, parser->end, ret_high);
        if (at == parser->end)
            return NULL;
        if (*at == '"')
            return at;
        if (parser->end - at < 2)
            return NULL;
        at += 2; /* whatever the escape is, the quote behind its backslash ends nothing */
    }
}

static enum bs_code unescape(struct edn_parser *parser, struct bs_str raw, struct edn *ret_value)
{
    char *text = (char *)bs_arena_try_alloc(parser->arena, raw.len);
    if (!text)
        return edn_parser_fail_memory(parser, raw.ptr - 1);
    const char *at = raw.ptr, *end = raw.ptr + raw.len;
    size_t len = 0;
    while (at < end) {
        const char *escape = (const char *)memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((escape ? escape : end) - at);
        memcpy(text + len, at, plain);
        len += plain;
        at += plain;
        if (!escape)
            break;
        uint32_t code_point = 0;
        BS_TRY(read_escape(parser, &at, &code_point));
        char bytes[4];
        size_t size = bs_utf8_encode(code_point, bytes);
        memcpy(text + len, bytes, size);
        len += size;
    }
    *ret_value = edn_string(bs_str_make(text, len));
    return BS_OK;
}

enum bs_code edn_read_string(struct edn_parser *parser, struct edn *ret_value)
{
    const char *start = parser->at;
    bool high = false;
    const char *end = scan_plain(start + 1, parser->end, &high);
    bool escaped = end < parser->end && *end == '\\';
    if (escaped)
        end = find_end(parser, end, &high);
    if (!end || end == parser->end)
        return edn_parser_fail_incomplete(parser, start, "a string", "\"");
    struct bs_str raw = bs_str_make(start + 1, (size_t)(end - start - 1));
    if (raw.len > BS_LIMIT_EDN_TOKEN_BYTES)
        return edn_parser_fail(parser, start, BS_REASON_EDN_LIMIT,
                               "a string of %zu bytes, more than the limit of %u", raw.len,
                               BS_LIMIT_EDN_TOKEN_BYTES);
    if (high)
        BS_TRY(edn_parser_check_utf8(parser, raw));
    if (escaped)
        BS_TRY(unescape(parser, raw, ret_value));
    else
        *ret_value = edn_string(raw);
    parser->at = end + 1;
    return BS_OK;
}
