#include <stdlib.h>

#include "edn/parser.h"

/*
 * The reader's loop. It does not recurse: what is open stands in the parser's frames (frame.c),
 * whose number is the depth limit. Lines and columns are counted only when a form is done or
 * refused.
 */

/* Frames and values before the heap is asked. */
#define INLINE_FRAMES 32
#define INLINE_VALUES 64

/* ---- what begins with # ---- */

static enum bs_code skip_blanks(struct edn_parser *parser)
{
    for (;;) {
        while (parser->at < parser->end && (edn_byte_class(*parser->at) & EDN_BYTE_BLANK))
            parser->at++;
        if (parser->at == parser->end || *parser->at != ';')
            return BS_OK;
        const char *newline =
            (const char *)memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
        const char *line_end = newline ? newline : parser->end;
        BS_TRY(edn_parser_check_utf8(parser,
                                     bs_str_make(parser->at, (size_t)(line_end - parser->at))));
        parser->at = line_end;
    }
}

/* #:name{...} */
static enum bs_code open_namespaced_map(struct edn_parser *parser)
{
    const char *start = parser->at;
    uint8_t classes;
    char shown[EDN_SHOWN_SIZE];
    parser->at += 2;
    struct bs_str name = edn_token_scan(parser, &classes);
    if (classes & EDN_BYTE_HIGH)
        BS_TRY(edn_parser_check_utf8(parser, name));
    if (name.len > 0 && name.ptr[0] == ':')
        return edn_syntax_error(parser, start,
                                "#:%s: EDN has no aliases to resolve a double colon with",
                                edn_shown(name, shown));
    if (!edn_is_plain_name(name))
        return edn_syntax_error(parser, start,
                                "#:%s: expected the namespace of a map, without a slash",
                                edn_shown(name, shown));
    BS_TRY(skip_blanks(parser));
    if (parser->at == parser->end)
        return edn_parser_fail_incomplete(parser, start, "a namespaced map", "{");
    if (*parser->at != '{')
        return edn_syntax_error(parser, start, "#:%s is not followed by a map",
                                edn_shown(name, shown));
    parser->at++;
    return edn_frame_open(parser,
                          (struct edn_frame){.kind = EDN_FRAME_MAP, .at = start, .name = name});
}

/* ##Inf, ##-Inf, ##NaN */
static enum bs_code read_symbolic(struct edn_parser *parser, struct edn *ret_value)
{
    const char *start = parser->at;
    uint8_t classes;
    char shown[EDN_SHOWN_SIZE];
    parser->at += 2;
    struct bs_str name = edn_token_scan(parser, &classes);
    if (classes & EDN_BYTE_HIGH)
        BS_TRY(edn_parser_check_utf8(parser, name));
    if (bs_str_equals(name, "Inf"))
        *ret_value = edn_double((double)__builtin_inff());
    else if (bs_str_equals(name, "-Inf"))
        *ret_value = edn_double(-(double)__builtin_inff());
    else if (bs_str_equals(name, "NaN"))
        *ret_value = edn_double((double)__builtin_nanf(""));
    else
        return edn_syntax_error(parser, start, "##%s is unknown: expected ##Inf, ##-Inf or ##NaN",
                                edn_shown(name, shown));
    return BS_OK;
}

static enum bs_code open_tag(struct edn_parser *parser)
{
    const char *start = parser->at++;
    char c = *parser->at;
    struct edn tag;
    if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(edn_byte_class(c) & EDN_BYTE_HIGH)) {
        char shown[EDN_SHOWN_SIZE];
        return edn_syntax_error(parser, start,
                                "#%s is not EDN: expected #{, #_, ##, #:name{ or a tag that "
                                "begins with a letter",
                                edn_shown(bs_str_make(parser->at, 1), shown));
    }
    BS_TRY(edn_read_symbol(parser, &tag));
    struct bs_str name = bs_str_make(start + 1, (size_t)(parser->at - start - 1));
    return edn_frame_open(parser,
                          (struct edn_frame){.kind = EDN_FRAME_TAG, .at = start, .name = name});
}

static enum bs_code open_mark(struct edn_parser *parser, enum edn_frame_kind kind, size_t size)
{
    const char *start = parser->at;
    parser->at += size;
    return edn_frame_open(parser, (struct edn_frame){.kind = kind, .at = start});
}

/* *ret_read when a whole value was read, not only something opened. */
static enum bs_code read_dispatch(struct edn_parser *parser, struct edn *ret_value, bool *ret_read)
{
    if (parser->end - parser->at < 2)
        return edn_parser_fail_incomplete(parser, parser->at, "a form", "something after the #");
    switch (parser->at[1]) {
    case '{':
        return open_mark(parser, EDN_FRAME_SET, 2);
    case '_':
        return open_mark(parser, EDN_FRAME_DISCARD, 2);
    case '^':
        return open_mark(parser, EDN_FRAME_META, 2);
    case ':':
        return open_namespaced_map(parser);
    case '#':
        *ret_read = true;
        return read_symbolic(parser, ret_value);
    default:
        return open_tag(parser);
    }
}

/* ---- the loop ---- */

static bool begins_number(const struct edn_parser *parser)
{
    const char *at = parser->at;
    if (*at == '-' || *at == '+')
        at++;
    return at < parser->end && (edn_byte_class(*at) & EDN_BYTE_DIGIT);
}

static enum bs_code refuse_byte(struct edn_parser *parser)
{
    unsigned char c = (unsigned char)*parser->at;
    if (c == '~')
        return edn_syntax_error(parser, parser->at, "~ stands before a name in the shell only");
    if (c > 0x20 && c < 0x7f)
        return edn_syntax_error(parser, parser->at, "%c begins nothing in EDN", c);
    return edn_syntax_error(parser, parser->at, "the control character U+%04X is no blank of EDN",
                            c);
}

/* At a byte that is no blank: a whole value, or something opened or closed. */
static enum bs_code read_item(struct edn_parser *parser, struct edn *ret_value, bool *ret_read)
{
    *ret_read = false;
    switch (*parser->at) {
    case '(':
        return open_mark(parser, EDN_FRAME_LIST, 1);
    case '[':
        return open_mark(parser, EDN_FRAME_VECTOR, 1);
    case '{':
        return open_mark(parser, EDN_FRAME_MAP, 1);
    case '^':
        return open_mark(parser, EDN_FRAME_META, 1);
    case '\'':
        return open_mark(parser, EDN_FRAME_QUOTE, 1);
    case '#':
        return read_dispatch(parser, ret_value, ret_read);
    case '~':
        if (!parser->reader->allow_unquote)
            return refuse_byte(parser);
        return open_mark(parser, EDN_FRAME_UNQUOTE, 1);
    default:
        break;
    }
    *ret_read = true;
    switch (*parser->at) {
    case ')':
    case ']':
    case '}':
        return edn_frame_close(parser, ret_value);
    case '"':
        return edn_read_string(parser, ret_value);
    case '\\':
        return edn_read_char(parser, ret_value);
    case ':':
        return edn_read_keyword(parser, ret_value);
    default:
        if (begins_number(parser))
            return edn_read_number(parser, ret_value);
        if (edn_byte_class(*parser->at) & EDN_BYTE_TOKEN)
            return edn_read_symbol(parser, ret_value);
        return refuse_byte(parser);
    }
}

static enum bs_code read_form(struct edn_parser *parser, struct edn *ret_value, const char **ret_at)
{
    struct edn value;
    const char *begin = NULL;
    bool done = false;
    while (!done) {
        BS_TRY(skip_blanks(parser));
        if (parser->frames_count == 0)
            begin = parser->at;
        if (parser->at == parser->end) {
            if (parser->frames_count > 0)
                return edn_frame_fail_unclosed(parser);
            *ret_at = NULL;
            return BS_OK;
        }
        bool read;
        BS_TRY(read_item(parser, &value, &read));
        if (read)
            BS_TRY(edn_frame_emit(parser, &value, &done));
    }
    *ret_value = value;
    *ret_at = begin;
    return BS_OK;
}

void edn_reader_init(struct edn_reader *reader, struct bs_str text)
{
    *reader = (struct edn_reader){
        .text = text.ptr ? text : BS_STR_EMPTY,
        .line = 1,
        .column = 1,
        .max_depth = BS_LIMIT_EDN_DEPTH,
    };
    if (bs_str_starts_with(text, BS_STR("\xef\xbb\xbf")))
        reader->offset = 3; /* a byte order mark, as some editors write it */
}

enum bs_code edn_read_located(struct edn_reader *reader, struct bs_arena *arena,
                              struct edn *ret_value, const char **ret_at, struct bs_error *error)
{
    struct edn values[INLINE_VALUES];
    struct edn_frame frames[INLINE_FRAMES];
    struct bs_str text = bs_str_from_offset(reader->text, reader->offset);
    struct edn_parser parser = {
        .reader = reader,
        .at = text.ptr,
        .end = text.ptr + text.len,
        .arena = arena,
        .error = error,
        .values = values,
        .values_capacity = INLINE_VALUES,
        .frames = frames,
        .frames_capacity = INLINE_FRAMES,
    };
    reader->incomplete = false;
    enum bs_code code = read_form(&parser, ret_value, ret_at);
    if (code == BS_OK)
        edn_reader_move(reader, parser.at);
    free(parser.values_owned);
    free(parser.frames_owned);
    edn_name_cache_free(parser.names);
    return code;
}

enum bs_code edn_read_next(struct edn_reader *reader, struct bs_arena *arena, struct edn *ret_value,
                           bool *ret_found, struct bs_error *error)
{
    const char *at;
    BS_TRY(edn_read_located(reader, arena, ret_value, &at, error));
    *ret_found = at != NULL;
    return BS_OK;
}

enum bs_code edn_read(struct bs_str text, struct bs_arena *arena, struct edn *ret_value,
                      struct bs_error *error)
{
    struct edn_reader reader;
    edn_reader_init(&reader, text);
    struct edn value, extra;
    const char *at;
    BS_TRY(edn_read_located(&reader, arena, &value, &at, error));
    struct edn_parser parser = {.reader = &reader, .error = error};
    if (!at)
        return edn_syntax_error(&parser, reader.text.ptr + reader.offset, "no form: expected one");
    struct edn_reader rest = reader;
    BS_TRY(edn_read_located(&rest, arena, &extra, &at, error));
    if (at)
        return edn_syntax_error(&parser, at,
                                "more than one form: expected nothing after the first");
    *ret_value = value;
    return BS_OK;
}

bool edn_reader_skip_line(struct edn_reader *reader)
{
    struct bs_str rest = bs_str_from_offset(reader->text, reader->offset);
    ptrdiff_t newline = bs_str_find_byte(rest, '\n');
    edn_reader_move(reader, rest.ptr + (newline < 0 ? (ptrdiff_t)rest.len : newline + 1));
    return newline >= 0 && reader->offset < reader->text.len;
}
