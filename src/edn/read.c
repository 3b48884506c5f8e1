#include <stdlib.h>

#include "edn/index.h"
#include "edn/parser.h"

/*
 * The reader's loop. It does not recurse: what is open (collections, tags, and the marks that wait
 * for a form: quote, metadata, discard, unquote) stands in an array of frames, whose size is the
 * depth limit, and the items of open collections in one array of values, from which a collection is
 * copied into the arena when it closes, exactly as large as it is. Lines and columns are counted
 * only when a form is done or refused.
 */

enum frame_kind {
    FRAME_LIST,
    FRAME_VECTOR,
    FRAME_SET,
    FRAME_MAP,
    FRAME_TAG,       /* waits for the tagged value */
    FRAME_META,      /* waits for the metadata */
    FRAME_QUOTE,     /* hands its form on as it is */
    FRAME_WITH_META, /* the same, after the metadata was read */
    FRAME_DISCARD,   /* swallows a form */
    FRAME_UNQUOTE,   /* waits for a name */
};

struct edn_frame {
    enum frame_kind kind;
    const char *at;      /* where it was opened */
    size_t values_begin; /* of a collection: its items in parser->values */
    struct bs_str name;  /* of a tag, or a map's namespace; else without ptr */
};

static const struct {
    const char *opening;
    const char *closing;
    const char *what;
    enum edn_type type;
} frame_kinds[] = {
    [FRAME_LIST] = {"(", ")", "a list", EDN_LIST},
    [FRAME_VECTOR] = {"[", "]", "a vector", EDN_VECTOR},
    [FRAME_SET] = {"#{", "}", "a set", EDN_SET},
    [FRAME_MAP] = {"{", "}", "a map", EDN_MAP},
    [FRAME_TAG] = {"#", "tagged value", "a tag", EDN_NIL},
    [FRAME_META] = {"^", "metadata", "metadata", EDN_NIL},
    [FRAME_QUOTE] = {"'", "form", "a quote", EDN_NIL},
    [FRAME_WITH_META] = {"^", "form", "metadata", EDN_NIL},
    [FRAME_DISCARD] = {"#_", "form to discard", "a discard", EDN_NIL},
    [FRAME_UNQUOTE] = {"~", "name", "an unquote", EDN_NIL},
};

/* The frames beside the parser: frame_stack.count is the depth. */
struct frame_stack {
    struct edn_frame *frames;
    size_t count;
    size_t max;
    size_t capacity;
    struct edn_frame *owned;
};

#define INLINE_FRAMES 32
#define INLINE_VALUES 64

static enum bs_code fail_unclosed(struct edn_parser *parser, const struct edn_frame *frame)
{
    return edn_parser_fail_incomplete(parser, frame->at, frame_kinds[frame->kind].what,
                                      frame_kinds[frame->kind].closing);
}

static enum bs_code push_frame(struct edn_parser *parser, struct frame_stack *stack,
                               struct edn_frame frame)
{
    if (stack->count == stack->max)
        return edn_parser_fail(parser, frame.at, BS_REASON_EDN_LIMIT,
                               "nested deeper than the limit of %zu levels", stack->max);
    if (stack->count == stack->capacity) {
        size_t capacity = stack->capacity * 2;
        struct edn_frame *frames =
            (struct edn_frame *)bs_realloc_array(stack->owned, capacity, sizeof(*frames));
        if (!stack->owned)
            memcpy(frames, stack->frames, stack->count * sizeof(*frames));
        stack->frames = stack->owned = frames;
        stack->capacity = capacity;
    }
    frame.values_begin = parser->values_count;
    stack->frames[stack->count++] = frame;
    return BS_OK;
}

static void push_value(struct edn_parser *parser, struct edn value)
{
    if (parser->values_count == parser->values_capacity) {
        size_t capacity = parser->values_capacity * 2;
        struct edn *values =
            (struct edn *)bs_realloc_array(parser->values_owned, capacity, sizeof(*values));
        if (!parser->values_owned)
            memcpy(values, parser->values, parser->values_count * sizeof(*values));
        parser->values = parser->values_owned = values;
        parser->values_capacity = capacity;
    }
    parser->values[parser->values_count++] = value;
}

/* ---- a form is whole ---- */

static enum bs_code check_metadata(struct edn_parser *parser, const struct edn_frame *frame,
                                   struct edn value)
{
    char shown[EDN_SHOWN_SIZE];
    if (value.type == EDN_KEYWORD || value.type == EDN_SYMBOL || value.type == EDN_STRING ||
        value.type == EDN_MAP || value.type == EDN_VECTOR)
        return BS_OK;
    return edn_syntax_error(parser, frame->at,
                            "metadata is a keyword, symbol, string, vector or map, not %s",
                            edn_print_cut(value, shown, sizeof(shown)));
}

static enum bs_code make_unquote(struct edn_parser *parser, const struct edn_frame *frame,
                                 struct edn *value)
{
    char shown[EDN_SHOWN_SIZE];
    if (value->type != EDN_SYMBOL)
        return edn_syntax_error(parser, frame->at, "~ expects a name, found %s",
                                edn_print_cut(*value, shown, sizeof(shown)));
    struct edn *items = (struct edn *)bs_arena_try_alloc(parser->arena, 2 * sizeof(*items));
    if (!items)
        return edn_parser_fail_memory(parser, frame->at);
    items[0] = EDN_SYMBOL_LIT("edn/unquote");
    items[1] = *value;
    *value = edn_collection(EDN_LIST, items, 2);
    return BS_OK;
}

/* Hands a whole form to what waits for it. *ret_done when nothing does: the form is the result. */
static enum bs_code emit(struct edn_parser *parser, struct frame_stack *stack, struct edn *value,
                         bool *ret_done)
{
    while (stack->count > 0) {
        struct edn_frame *frame = &stack->frames[stack->count - 1];
        switch (frame->kind) {
        case FRAME_LIST:
        case FRAME_VECTOR:
        case FRAME_SET:
        case FRAME_MAP:
            push_value(parser, *value);
            return BS_OK;
        case FRAME_DISCARD:
            stack->count--;
            return BS_OK;
        case FRAME_META:
            BS_TRY(check_metadata(parser, frame, *value));
            frame->kind = FRAME_WITH_META;
            return BS_OK;
        case FRAME_TAG:
            BS_TRY(edn_apply_tag(parser, frame->at, frame->name, *value, value));
            break;
        case FRAME_UNQUOTE:
            BS_TRY(make_unquote(parser, frame, value));
            break;
        case FRAME_QUOTE:
        case FRAME_WITH_META:
            break;
        }
        stack->count--;
    }
    *ret_done = true;
    return BS_OK;
}

/* ---- closing ---- */

/* As edn_read_next; *ret_at is where the form begins, behind what was blank or discarded. */
static enum bs_code read_next(struct edn_reader *reader, struct bs_arena *arena,
                              struct edn *ret_value, const char **ret_at, struct bs_error *error);

/* Where item `number` of a collection begins, whose items begin at `items`: found by reading up to
 * it again. */
static const char *place_of_item(struct edn_parser *parser, const char *items, size_t number)
{
    struct edn_reader again = *parser->reader;
    struct bs_arena *arena BS_CLEANUP(bs_arena_freep) = bs_arena_new(0);
    again.offset = (size_t)(items - again.text.ptr);
    const char *at = items;
    struct edn value;
    for (size_t i = 0; i <= number; i++) {
        enum bs_code code = read_next(&again, arena, &value, &at, NULL);
        BS_ASSERT(code == BS_OK && at);
    }
    return at;
}

static enum bs_code fail_duplicate(struct edn_parser *parser, const struct edn_frame *frame,
                                   struct edn value, size_t number)
{
    char shown[EDN_SHOWN_SIZE];
    const char *items = frame->at;
    while (*items != '{')
        items++;
    const char *at = place_of_item(parser, items + 1, number);
    return edn_syntax_error(parser, at,
                            frame->kind == FRAME_SET ? "%s stands twice in this set"
                                                     : "the key %s stands twice in this map",
                            edn_print_cut(value, shown, sizeof(shown)));
}

static enum bs_code check_items(struct edn_parser *parser, const struct edn_frame *frame,
                                struct edn *items, size_t count)
{
    size_t stride = frame->kind == FRAME_MAP ? 2 : 1;
    char shown[EDN_SHOWN_SIZE];
    if (count % stride != 0)
        return edn_syntax_error(parser, parser->at, "the key %s has no value: a map holds pairs",
                                edn_print_cut(items[count - 1], shown, sizeof(shown)));
    if (frame->name.ptr)
        BS_TRY(edn_qualify_keys(parser, frame->at, frame->name, items, count / 2));
    size_t number;
    if (edn_find_duplicate(items, stride, count / stride, &number))
        return fail_duplicate(parser, frame, items[number * stride], number * stride);
    return BS_OK;
}

/* At a closing bracket. */
static enum bs_code close_frame(struct edn_parser *parser, struct frame_stack *stack,
                                struct edn *ret_value)
{
    char bracket = *parser->at;
    if (stack->count == 0)
        return edn_syntax_error(parser, parser->at, "%c closes nothing", bracket);
    const struct edn_frame *frame = &stack->frames[stack->count - 1];
    const char *expected = frame_kinds[frame->kind].closing;
    if (frame_kinds[frame->kind].type == EDN_NIL)
        return edn_syntax_error(parser, parser->at, "%c after %s: expected a %s", bracket,
                                frame_kinds[frame->kind].opening, expected);
    if (bracket != expected[0])
        return edn_syntax_error(parser, parser->at, "%c closes %s: expected %s", bracket,
                                frame_kinds[frame->kind].what, expected);
    size_t count = parser->values_count - frame->values_begin;
    struct edn *items = parser->values + frame->values_begin;
    if (frame->kind == FRAME_SET || frame->kind == FRAME_MAP)
        BS_TRY(check_items(parser, frame, items, count));
    struct edn *copy = NULL;
    if (count > 0) {
        copy = (struct edn *)bs_arena_try_alloc(parser->arena, count * sizeof(*copy));
        if (!copy)
            return edn_parser_fail_memory(parser, frame->at);
        memcpy(copy, items, count * sizeof(*copy));
    }
    if (count > UINT32_MAX)
        return edn_parser_fail(parser, frame->at, BS_REASON_EDN_LIMIT, "%s of %zu items",
                               frame_kinds[frame->kind].what, count);
    *ret_value = edn_collection(frame_kinds[frame->kind].type, copy,
                                frame->kind == FRAME_MAP ? count / 2 : count);
    parser->values_count = frame->values_begin;
    parser->at++;
    stack->count--;
    return BS_OK;
}

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
static enum bs_code open_namespaced_map(struct edn_parser *parser, struct frame_stack *stack)
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
    return push_frame(parser, stack,
                      (struct edn_frame){.kind = FRAME_MAP, .at = start, .name = name});
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

static enum bs_code open_tag(struct edn_parser *parser, struct frame_stack *stack)
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
    return push_frame(parser, stack,
                      (struct edn_frame){.kind = FRAME_TAG, .at = start, .name = name});
}

static enum bs_code open_mark(struct edn_parser *parser, struct frame_stack *stack,
                              enum frame_kind kind, size_t size)
{
    const char *start = parser->at;
    parser->at += size;
    return push_frame(parser, stack, (struct edn_frame){.kind = kind, .at = start});
}

/* *ret_read when a whole value was read, not only something opened. */
static enum bs_code read_dispatch(struct edn_parser *parser, struct frame_stack *stack,
                                  struct edn *ret_value, bool *ret_read)
{
    if (parser->end - parser->at < 2)
        return edn_parser_fail_incomplete(parser, parser->at, "a form", "something after the #");
    switch (parser->at[1]) {
    case '{':
        return open_mark(parser, stack, FRAME_SET, 2);
    case '_':
        return open_mark(parser, stack, FRAME_DISCARD, 2);
    case '^':
        return open_mark(parser, stack, FRAME_META, 2);
    case ':':
        return open_namespaced_map(parser, stack);
    case '#':
        *ret_read = true;
        return read_symbolic(parser, ret_value);
    default:
        return open_tag(parser, stack);
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
static enum bs_code read_item(struct edn_parser *parser, struct frame_stack *stack,
                              struct edn *ret_value, bool *ret_read)
{
    *ret_read = false;
    switch (*parser->at) {
    case '(':
        return open_mark(parser, stack, FRAME_LIST, 1);
    case '[':
        return open_mark(parser, stack, FRAME_VECTOR, 1);
    case '{':
        return open_mark(parser, stack, FRAME_MAP, 1);
    case '^':
        return open_mark(parser, stack, FRAME_META, 1);
    case '\'':
        return open_mark(parser, stack, FRAME_QUOTE, 1);
    case '#':
        return read_dispatch(parser, stack, ret_value, ret_read);
    case '~':
        if (!parser->reader->allow_unquote)
            return refuse_byte(parser);
        return open_mark(parser, stack, FRAME_UNQUOTE, 1);
    default:
        break;
    }
    *ret_read = true;
    switch (*parser->at) {
    case ')':
    case ']':
    case '}':
        return close_frame(parser, stack, ret_value);
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

static enum bs_code read_form(struct edn_parser *parser, struct frame_stack *stack,
                              struct edn *ret_value, const char **ret_at)
{
    struct edn value;
    const char *begin = NULL;
    bool done = false;
    while (!done) {
        BS_TRY(skip_blanks(parser));
        if (stack->count == 0)
            begin = parser->at;
        if (parser->at == parser->end) {
            if (stack->count > 0)
                return fail_unclosed(parser, &stack->frames[stack->count - 1]);
            *ret_at = NULL;
            return BS_OK;
        }
        bool read;
        BS_TRY(read_item(parser, stack, &value, &read));
        if (read)
            BS_TRY(emit(parser, stack, &value, &done));
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

static enum bs_code read_next(struct edn_reader *reader, struct bs_arena *arena,
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
    };
    struct frame_stack stack = {
        .frames = frames,
        .max = reader->max_depth,
        .capacity = INLINE_FRAMES,
    };
    reader->incomplete = false;
    enum bs_code code = read_form(&parser, &stack, ret_value, ret_at);
    if (code == BS_OK)
        edn_reader_move(reader, parser.at);
    free(parser.values_owned);
    free(stack.owned);
    edn_name_cache_free(parser.names);
    return code;
}

enum bs_code edn_read_next(struct edn_reader *reader, struct bs_arena *arena, struct edn *ret_value,
                           bool *ret_found, struct bs_error *error)
{
    const char *at;
    BS_TRY(read_next(reader, arena, ret_value, &at, error));
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
    BS_TRY(read_next(&reader, arena, &value, &at, error));
    struct edn_parser parser = {.reader = &reader, .error = error};
    if (!at)
        return edn_syntax_error(&parser, reader.text.ptr + reader.offset, "no form: expected one");
    struct edn_reader rest = reader;
    BS_TRY(read_next(&rest, arena, &extra, &at, error));
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
