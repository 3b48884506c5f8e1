/* What stands in fields: lists, media types, Accept, cookies, entity tags. */

#include "http/internal.h"

size_t http_field_find(const struct http_field *fields, size_t fields_count, const char *name,
                       struct bs_str *ret_value)
{
    struct bs_str wanted = bs_str_from(name);
    size_t count = 0;
    for (size_t i = 0; i < fields_count; i++) {
        if (!bs_str_equal_ignoring_case(fields[i].name, wanted))
            continue;
        if (count++ == 0 && ret_value)
            *ret_value = fields[i].value;
    }
    return count;
}

static void skip_blanks(struct bs_str *rest)
{
    while (rest->len > 0 && http_is_blank(rest->ptr[0]))
        *rest = bs_str_from_offset(*rest, 1);
}

static bool skip_byte(struct bs_str *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = bs_str_from_offset(*rest, 1);
    return true;
}

/* "token/token" off the front. */
static bool take_type(struct bs_str *rest, struct bs_str *ret_type)
{
    struct bs_str start = *rest;
    struct bs_str main;
    struct bs_str sub;
    if (!http_take_word(rest, &main) || !skip_byte(rest, '/') || !http_take_word(rest, &sub) ||
        start.ptr[0] == '"' || sub.ptr[-1] == '"')
        return false;
    *ret_type = bs_str_slice(start, 0, start.len - rest->len);
    return true;
}

/* ";name=value" off the front, with blanks around the semicolon; *ret_name is empty at the end. */
static bool take_parameter(struct bs_str *rest, struct bs_str *ret_name, struct bs_str *ret_value)
{
    *ret_name = BS_STR_EMPTY;
    skip_blanks(rest);
    while (rest->len > 0) {
        if (!skip_byte(rest, ';'))
            return false;
        skip_blanks(rest);
        if (rest->len == 0 || rest->ptr[0] == ';')
            continue; /* "; ;" and a ';' at the end are empty parameters */
        return rest->ptr[0] != '"' && http_take_word(rest, ret_name) && skip_byte(rest, '=') &&
               http_take_word(rest, ret_value);
    }
    return true;
}

bool http_media_type_parse(struct bs_str value, struct http_media_type *ret_type)
{
    struct http_media_type type = {.charset = BS_STR_EMPTY};
    if (!take_type(&value, &type.type))
        return false;
    for (;;) {
        struct bs_str name;
        struct bs_str parameter;
        if (!take_parameter(&value, &name, &parameter))
            return false;
        if (name.len == 0)
            break;
        if (!bs_str_equal_ignoring_case(name, BS_STR("charset")))
            continue;
        if (type.charset.len > 0 || parameter.len == 0)
            return false;
        type.charset = parameter;
    }
    *ret_type = type;
    return true;
}

bool http_media_type_is(struct bs_str value, const char *type)
{
    struct http_media_type parsed;
    return http_media_type_parse(value, &parsed) &&
           bs_str_equal_ignoring_case(parsed.type, bs_str_from(type)) &&
           (parsed.charset.len == 0 ||
            bs_str_equal_ignoring_case(parsed.charset, BS_STR("utf-8")) ||
            bs_str_equal_ignoring_case(parsed.charset, BS_STR("us-ascii")));
}

/* "0.25" to 250: 0 or 1, then at most three digits; no more than 1. */
static bool parse_quality(struct bs_str text, unsigned *ret_quality)
{
    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.'))
        return false;
    unsigned quality = text.ptr[0] == '1' ? 1000 : 0;
    unsigned place = 100;
    for (size_t i = 2; i < text.len; i++, place /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        quality += (unsigned)(text.ptr[i] - '0') * place;
    }
    *ret_quality = quality;
    return quality <= 1000;
}

/* How specific a range matches the type: 3 exact, 2 "type/ *", 1 "* / *", 0 not. */
static unsigned match_range(struct bs_str range, struct bs_str type)
{
    if (bs_str_equal_ignoring_case(range, type))
        return 3;
    if (bs_str_equals(range, "*/*"))
        return 1;
    ptrdiff_t slash = bs_str_find_byte(type, '/');
    BS_ASSERT(slash > 0);
    size_t len = (size_t)slash + 1;
    bool matches =
        range.len == len + 1 && range.ptr[len] == '*' &&
        bs_str_equal_ignoring_case(bs_str_slice(range, 0, len), bs_str_slice(type, 0, len));
    return matches ? 2 : 0;
}

static bool parse_range(struct bs_str element, struct bs_str *ret_range, unsigned *ret_quality)
{
    *ret_quality = 1000;
    if (!take_type(&element, ret_range))
        return false;
    for (;;) {
        struct bs_str name;
        struct bs_str value;
        if (!take_parameter(&element, &name, &value))
            return false;
        if (name.len == 0)
            return true;
        if (bs_str_equal_ignoring_case(name, BS_STR("q")) && !parse_quality(value, ret_quality))
            return false;
    }
}

unsigned http_accept_quality(const struct http_field *fields, size_t fields_count,
                             const char *media_type)
{
    struct bs_str type = bs_str_from(media_type);
    unsigned best = 0;
    unsigned best_match = 0;
    bool any = false;
    for (size_t i = 0; i < fields_count; i++) {
        if (!bs_str_equal_ignoring_case(fields[i].name, BS_STR("Accept")))
            continue;
        any = any || fields[i].value.len > 0;
        struct bs_str rest = fields[i].value;
        struct bs_str element;
        while (http_list_next(&rest, &element)) {
            struct bs_str range;
            unsigned quality;
            unsigned match = parse_range(element, &range, &quality) ? match_range(range, type) : 0;
            if (match > best_match || (match == best_match && match > 0 && quality > best)) {
                best_match = match;
                best = quality;
            }
        }
    }
    return any ? best : 1000;
}

bool http_cookie_find(const struct http_field *fields, size_t fields_count, const char *name,
                      struct bs_str *ret_value)
{
    for (size_t i = 0; i < fields_count; i++) {
        if (!bs_str_equal_ignoring_case(fields[i].name, BS_STR("Cookie")))
            continue;
        struct bs_str rest = fields[i].value;
        struct bs_str pair;
        while (bs_str_split(&rest, ';', &pair)) {
            pair = http_trim(pair);
            ptrdiff_t sign = bs_str_find_byte(pair, '=');
            if (sign < 0 || !bs_str_equals(bs_str_slice(pair, 0, (size_t)sign), name))
                continue;
            struct bs_str value = bs_str_from_offset(pair, (size_t)sign + 1);
            bool quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
            *ret_value = quoted ? bs_str_slice(value, 1, value.len - 2) : value;
            return true;
        }
    }
    return false;
}

/* An entity tag off the front, without W/ and with its quotes. A backslash in one is itself. */
static bool take_etag(struct bs_str *rest, struct bs_str *ret_tag)
{
    if (bs_str_starts_with(*rest, BS_STR("W/")))
        *rest = bs_str_from_offset(*rest, 2);
    if (rest->len == 0 || rest->ptr[0] != '"')
        return false;
    ptrdiff_t end = bs_str_find_byte(bs_str_from_offset(*rest, 1), '"');
    if (end < 0)
        return false;
    *ret_tag = bs_str_slice(*rest, 0, (size_t)end + 2);
    *rest = bs_str_from_offset(*rest, (size_t)end + 2);
    return true;
}

static bool list_has_etag(struct bs_str rest, struct bs_str wanted)
{
    for (;;) {
        while (rest.len > 0 && (http_is_blank(rest.ptr[0]) || rest.ptr[0] == ','))
            rest = bs_str_from_offset(rest, 1);
        struct bs_str tag;
        if (!take_etag(&rest, &tag))
            return false;
        skip_blanks(&rest);
        if (rest.len > 0 && rest.ptr[0] != ',')
            return false;
        if (bs_str_equal(tag, wanted))
            return true;
    }
}

bool http_etag_is_known(const struct http_field *fields, size_t fields_count, struct bs_str etag)
{
    struct bs_str wanted;
    if (!take_etag(&etag, &wanted) || etag.len > 0)
        return false;
    for (size_t i = 0; i < fields_count; i++) {
        if (!bs_str_equal_ignoring_case(fields[i].name, BS_STR("If-None-Match")))
            continue;
        if (bs_str_equals(fields[i].value, "*") || list_has_etag(fields[i].value, wanted))
            return true;
    }
    return false;
}
