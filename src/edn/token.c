#include "edn/parser.h"

#include "edn/chars.h"

/*
 * Keywords, symbols and characters: what ends where a blank, bracket, quote or semicolon stands.
 * They point into the text.
 */

#define T EDN_BYTE_TOKEN
#define D (EDN_BYTE_TOKEN | EDN_BYTE_DIGIT)
#define B EDN_BYTE_BLANK
#define S (EDN_BYTE_TOKEN | EDN_BYTE_SLASH)
#define C (EDN_BYTE_TOKEN | EDN_BYTE_COLON)
#define H (EDN_BYTE_TOKEN | EDN_BYTE_HIGH)
#define H8 H, H, H, H, H, H, H, H
#define H64 H8, H8, H8, H8, H8, H8, H8, H8

/* clang-format off */
const uint8_t edn_byte_classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, B, B, 0, 0, /* 0x */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 1x */
    B, T, 0, T, T, T, T, T, 0, 0, T, T, B, T, T, S, /*  !"#$%&'()*+,-./ */
    D, D, D, D, D, D, D, D, D, D, C, 0, T, T, T, T, /* 0123456789:;<=>? */
    0, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* @ABCDEFGHIJKLMNO */
    T, T, T, T, T, T, T, T, T, T, T, 0, 0, 0, 0, T, /* PQRSTUVWXYZ[\]^_ */
    0, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, /* `abcdefghijklmno */
    T, T, T, T, T, T, T, T, T, T, T, 0, T, 0, 0, 0, /* pqrstuvwxyz{|}~  */
    H64, H64,
};
/* clang-format on */

struct bs_str edn_token_scan(struct edn_parser *parser, uint8_t *ret_classes)
{
    const char *start = parser->at;
    const char *at = start;
    uint8_t classes = 0;
    while (at < parser->end) {
        uint8_t class = edn_byte_class(*at);
        if (!(class & EDN_BYTE_TOKEN))
            break;
        classes |= class;
        at++;
    }
    parser->at = at;
    *ret_classes = classes;
    return bs_str_make(start, (size_t)(at - start));
}

static enum bs_code check_length(struct edn_parser *parser, struct bs_str token)
{
    if (token.len <= BS_LIMIT_EDN_TOKEN_BYTES)
        return BS_OK;
    return edn_parser_fail(parser, token.ptr, BS_REASON_EDN_LIMIT,
                           "a name of %zu bytes, more than the limit of %u", token.len,
                           BS_LIMIT_EDN_TOKEN_BYTES);
}

static enum bs_code check_high(struct edn_parser *parser, struct bs_str token)
{
    BS_TRY(edn_parser_check_utf8(parser, token));
    uint32_t code_point;
    for (struct bs_str rest = token; rest.len > 0;) {
        size_t size = bs_utf8_decode(rest, &code_point);
        if (edn_is_foreign_blank(code_point))
            return edn_syntax_error(parser, rest.ptr,
                                    "U+%04X is no blank of EDN and can't stand in a name",
                                    code_point);
        rest = bs_str_from_offset(rest, size);
    }
    return BS_OK;
}

/* "name", "ns/name", "/", "ns//" */
static bool slashes_are_right(struct bs_str name)
{
    if (name.len == 1)
        return true;
    ptrdiff_t slash = bs_str_find_byte(name, '/');
    struct bs_str rest = bs_str_from_offset(name, (size_t)slash + 1);
    if (slash == 0 || rest.len == 0)
        return false;
    return bs_str_equals(rest, "/") || bs_str_find_byte(rest, '/') < 0;
}

static bool colons_are_right(struct bs_str name)
{
    return name.len > 0 && name.ptr[0] != ':' && name.ptr[name.len - 1] != ':' &&
           bs_str_find(name, BS_STR("::")) < 0 && bs_str_find(name, BS_STR(":/")) < 0 &&
           bs_str_find(name, BS_STR("/:")) < 0;
}

/* What symbols and keywords have in common. `token` is all of it, `name` without the colon. */
static enum bs_code check_name(struct edn_parser *parser, struct bs_str token, struct bs_str name,
                               uint8_t classes)
{
    char shown[EDN_SHOWN_SIZE];
    if (token.len > BS_LIMIT_EDN_TOKEN_BYTES)
        BS_TRY(check_length(parser, token));
    if (classes & EDN_BYTE_HIGH)
        BS_TRY(check_high(parser, token));
    if ((classes & EDN_BYTE_SLASH) && !slashes_are_right(name))
        return edn_syntax_error(parser, token.ptr,
                                "%s: a slash stands once, between a namespace and a name",
                                edn_shown(token, shown));
    if ((classes & EDN_BYTE_COLON) && !colons_are_right(name))
        return edn_syntax_error(parser, token.ptr,
                                "%s: colons stand alone and inside a name, not at its ends",
                                edn_shown(token, shown));
    return BS_OK;
}

enum bs_code edn_read_keyword(struct edn_parser *parser, struct edn *ret_value)
{
    const char *start = parser->at++;
    uint8_t classes;
    struct bs_str name = edn_token_scan(parser, &classes);
    struct bs_str token = bs_str_make(start, name.len + 1);
    char shown[EDN_SHOWN_SIZE];
    if (name.len == 0)
        return edn_syntax_error(parser, start, "a colon without a name after it");
    if (name.ptr[0] == ':')
        return edn_syntax_error(
            parser, start, "%s: EDN has no aliases to resolve a double colon with; write :ns/name",
            edn_shown(token, shown));
    if (classes & (EDN_BYTE_HIGH | EDN_BYTE_SLASH | EDN_BYTE_COLON) ||
        name.len >= BS_LIMIT_EDN_TOKEN_BYTES)
        BS_TRY(check_name(parser, token, name, classes));
    *ret_value = edn_keyword(name);
    return BS_OK;
}

static bool starts_with_digit(struct bs_str text)
{
    return text.len > 0 && (edn_byte_class(text.ptr[0]) & EDN_BYTE_DIGIT);
}

static enum bs_code check_symbol_digits(struct edn_parser *parser, struct bs_str token)
{
    char shown[EDN_SHOWN_SIZE];
    if (token.ptr[0] == '.' && starts_with_digit(bs_str_from_offset(token, 1)))
        return edn_syntax_error(parser, token.ptr, "%s: a number has a digit before its point",
                                edn_shown(token, shown));
    ptrdiff_t slash = bs_str_find_byte(token, '/');
    if (slash > 0 && starts_with_digit(bs_str_from_offset(token, (size_t)slash + 1)))
        return edn_syntax_error(parser, token.ptr, "%s: the name of a symbol begins with no digit",
                                edn_shown(token, shown));
    return BS_OK;
}

enum bs_code edn_read_symbol(struct edn_parser *parser, struct edn *ret_value)
{
    uint8_t classes;
    struct bs_str token = edn_token_scan(parser, &classes);
    if (token.len == 3 && memcmp(token.ptr, "nil", 3) == 0) {
        *ret_value = edn_nil();
        return BS_OK;
    }
    if (token.len == 4 && memcmp(token.ptr, "true", 4) == 0) {
        *ret_value = edn_boolean(true);
        return BS_OK;
    }
    if (token.len == 5 && memcmp(token.ptr, "false", 5) == 0) {
        *ret_value = edn_boolean(false);
        return BS_OK;
    }
    BS_TRY(check_name(parser, token, token, classes));
    if (classes & EDN_BYTE_DIGIT)
        BS_TRY(check_symbol_digits(parser, token));
    *ret_value = edn_symbol(token);
    return BS_OK;
}

bool edn_begins_symbol(struct bs_str name)
{
    if (name.len == 0 || starts_with_digit(name) || name.ptr[0] == '#' || name.ptr[0] == '\'' ||
        name.ptr[0] == ':')
        return false;
    bool maybe_number = name.ptr[0] == '-' || name.ptr[0] == '+' || name.ptr[0] == '.';
    return !(maybe_number && starts_with_digit(bs_str_from_offset(name, 1)));
}

bool edn_is_plain_name(struct bs_str name)
{
    return edn_begins_symbol(name) && bs_str_find_byte(name, '/') < 0 &&
           bs_str_find_byte(name, ':') < 0;
}

static bool bytes_are_right(struct bs_str name)
{
    uint8_t classes = 0;
    uint32_t code_point;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t class = edn_byte_class(name.ptr[i]);
        if (!(class & EDN_BYTE_TOKEN))
            return false;
        classes |= class;
    }
    if (!(classes & EDN_BYTE_HIGH))
        return true;
    if (!bs_utf8_is_valid(name))
        return false;
    for (struct bs_str rest = name; rest.len > 0;) {
        rest = bs_str_from_offset(rest, bs_utf8_decode(rest, &code_point));
        if (edn_is_foreign_blank(code_point))
            return false;
    }
    return true;
}

static bool is_readable_symbol(struct bs_str name)
{
    ptrdiff_t slash = bs_str_find_byte(name, '/');
    return edn_begins_symbol(name) && !bs_str_equals(name, "nil") && !bs_str_equals(name, "true") &&
           !bs_str_equals(name, "false") &&
           !(slash > 0 && starts_with_digit(bs_str_from_offset(name, (size_t)slash + 1)));
}

bool edn_is_readable_name(struct edn name)
{
    struct bs_str text = edn_text_of(name);
    if (text.len == 0 || text.len >= BS_LIMIT_EDN_TOKEN_BYTES || !bytes_are_right(text))
        return false;
    if (bs_str_find_byte(text, '/') >= 0 && !slashes_are_right(text))
        return false;
    if (bs_str_find_byte(text, ':') >= 0 && !colons_are_right(text))
        return false;
    return name.type == EDN_KEYWORD || is_readable_symbol(text);
}

/* ---- characters ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of uXXXX or oNNN behind the backslash; false when it is neither. */
static bool char_from_number(struct bs_str name, uint32_t *ret_code_point)
{
    uint32_t base = name.ptr[0] == 'u' ? 16 : 8;
    if ((name.ptr[0] != 'u' && name.ptr[0] != 'o') || name.len < 2 ||
        name.len > (base == 16 ? 5 : 4) || (base == 16 && name.len != 5))
        return false;
    uint32_t code_point = 0;
    for (size_t i = 1; i < name.len; i++) {
        int digit = hex_digit(name.ptr[i]);
        if (digit < 0 || (uint32_t)digit >= base)
            return false;
        code_point = code_point * base + (uint32_t)digit;
    }
    *ret_code_point = code_point;
    return base == 16 ? code_point < 0xd800 || code_point > 0xdfff : code_point <= 0377;
}

enum bs_code edn_read_char(struct edn_parser *parser, struct edn *ret_value)
{
    const char *start = parser->at++;
    if (parser->at == parser->end)
        return edn_parser_fail_incomplete(parser, start, "a character", "character after the \\");
    /* the first byte may be anything (\( \; \,), the rest is a token */
    unsigned char first = (unsigned char)*parser->at++;
    uint8_t classes = 0;
    if ((edn_byte_class((char)first) & EDN_BYTE_TOKEN) != 0) {
        parser->at--;
        (void)edn_token_scan(parser, &classes);
    }
    struct bs_str name = bs_str_make(start + 1, (size_t)(parser->at - start - 1));
    if (first < 0x20 || first == ' ' || first == 0x7f)
        return edn_syntax_error(parser, start,
                                "a blank after a \\: write \\space, \\newline, \\tab or \\uXXXX");
    if (classes & EDN_BYTE_HIGH)
        BS_TRY(edn_parser_check_utf8(parser, name));
    uint32_t code_point;
    if (bs_utf8_decode(name, &code_point) == name.len || edn_char_from_name(name, &code_point) ||
        char_from_number(name, &code_point)) {
        *ret_value = edn_char(code_point);
        return BS_OK;
    }
    char shown[EDN_SHOWN_SIZE];
    return edn_syntax_error(parser, start,
                            "\\%s is no character: expected one character, a name as \\newline, "
                            "\\uXXXX (no surrogate) or \\oNNN (up to 377)",
                            edn_shown(name, shown));
}
