#include <stdlib.h>

#include "edn/index.h"
#include "edn/parser.h"

/*
 * What is open while a form is read, and what happens when it closes. Collections are copied into
 * the arena when they close, exactly as large as they are; duplicates are looked for then.
 */

static const struct {
    const char *opening;
    const char *closing;
    const char *what;
    enum edn_type type;
} frame_kinds[] = {
    [EDN_FRAME_LIST] = {"(", ")", "a list", EDN_LIST},
    [EDN_FRAME_VECTOR] = {"[", "]", "a vector", EDN_VECTOR},
    [EDN_FRAME_SET] = {"#{", "}", "a set", EDN_SET},
    [EDN_FRAME_MAP] = {"{", "}", "a map", EDN_MAP},
    [EDN_FRAME_TAG] = {"#", "tagged value", "a tag", EDN_NIL},
    [EDN_FRAME_META] = {"^", "metadata", "metadata", EDN_NIL},
    [EDN_FRAME_QUOTE] = {"'", "form", "a quote", EDN_NIL},
    [EDN_FRAME_WITH_META] = {"^", "form", "metadata", EDN_NIL},
    [EDN_FRAME_DISCARD] = {"#_", "form to discard", "a discard", EDN_NIL},
    [EDN_FRAME_UNQUOTE] = {"~", "name", "an unquote", EDN_NIL},
};

enum bs_code edn_frame_fail_unclosed(struct edn_parser *parser)
{
    const struct edn_frame *frame = &parser->frames[parser->frames_count - 1];
    return edn_parser_fail_incomplete(parser, frame->at, frame_kinds[frame->kind].what,
                                      frame_kinds[frame->kind].closing);
}

enum bs_code edn_frame_open(struct edn_parser *parser, struct edn_frame frame)
{
    if (parser->frames_count == parser->reader->max_depth)
        return edn_parser_fail(parser, frame.at, BS_REASON_EDN_LIMIT,
                               "nested deeper than the limit of %u levels",
                               parser->reader->max_depth);
    if (parser->frames_count == parser->frames_capacity) {
        size_t capacity = parser->frames_capacity * 2;
        struct edn_frame *frames =
            (struct edn_frame *)bs_realloc_array(parser->frames_owned, capacity, sizeof(*frames));
        if (!parser->frames_owned)
            memcpy(frames, parser->frames, parser->frames_count * sizeof(*frames));
        parser->frames = parser->frames_owned = frames;
        parser->frames_capacity = capacity;
    }
    frame.items_at = parser->at;
    frame.values_begin = parser->values_count;
    parser->frames[parser->frames_count++] = frame;
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

enum bs_code edn_frame_emit(struct edn_parser *parser, struct edn *value, bool *ret_done)
{
    while (parser->frames_count > 0) {
        struct edn_frame *frame = &parser->frames[parser->frames_count - 1];
        switch (frame->kind) {
        case EDN_FRAME_LIST:
        case EDN_FRAME_VECTOR:
        case EDN_FRAME_SET:
        case EDN_FRAME_MAP:
            push_value(parser, *value);
            return BS_OK;
        case EDN_FRAME_DISCARD:
            parser->frames_count--;
            return BS_OK;
        case EDN_FRAME_META:
            BS_TRY(check_metadata(parser, frame, *value));
            frame->kind = EDN_FRAME_WITH_META;
            return BS_OK;
        case EDN_FRAME_TAG:
            BS_TRY(edn_apply_tag(parser, frame->at, frame->name, *value, value));
            break;
        case EDN_FRAME_UNQUOTE:
            BS_TRY(make_unquote(parser, frame, value));
            break;
        case EDN_FRAME_QUOTE:
        case EDN_FRAME_WITH_META:
            break;
        }
        parser->frames_count--;
    }
    *ret_done = true;
    return BS_OK;
}

/* ---- closing ---- */

/* Where item `number` of a collection begins: found by reading up to it again. */
static const char *place_of_item(const struct edn_parser *parser, const struct edn_frame *frame,
                                 size_t number)
{
    struct edn_reader again = *parser->reader;
    struct bs_arena *arena BS_CLEANUP(bs_arena_freep) = bs_arena_new(0);
    again.offset = (size_t)(frame->items_at - again.text.ptr);
    const char *at = frame->at;
    struct edn value;
    for (size_t i = 0; i <= number; i++) {
        if (edn_read_located(&again, arena, &value, &at, NULL) != BS_OK)
            return frame->at; /* can't be: it was read before */
    }
    return at;
}

static enum bs_code fail_duplicate(struct edn_parser *parser, const struct edn_frame *frame,
                                   struct edn value, size_t number)
{
    char shown[EDN_SHOWN_SIZE];
    return edn_syntax_error(parser, place_of_item(parser, frame, number),
                            frame->kind == EDN_FRAME_SET ? "%s stands twice in this set"
                                                         : "the key %s stands twice in this map",
                            edn_print_cut(value, shown, sizeof(shown)));
}

static enum bs_code check_items(struct edn_parser *parser, const struct edn_frame *frame,
                                struct edn *items, size_t count)
{
    size_t stride = frame->kind == EDN_FRAME_MAP ? 2 : 1;
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

enum bs_code edn_frame_close(struct edn_parser *parser, struct edn *ret_value)
{
    char bracket = *parser->at;
    if (parser->frames_count == 0)
        return edn_syntax_error(parser, parser->at, "%c closes nothing", bracket);
    const struct edn_frame *frame = &parser->frames[parser->frames_count - 1];
    const char *expected = frame_kinds[frame->kind].closing;
    if (frame_kinds[frame->kind].type == EDN_NIL)
        return edn_syntax_error(parser, parser->at, "%c after %s: expected a %s", bracket,
                                frame_kinds[frame->kind].opening, expected);
    if (bracket != expected[0])
        return edn_syntax_error(parser, parser->at, "%c closes %s: expected %s", bracket,
                                frame_kinds[frame->kind].what, expected);
    size_t count = parser->values_count - frame->values_begin;
    struct edn *items = parser->values + frame->values_begin;
    if (frame->kind == EDN_FRAME_SET || frame->kind == EDN_FRAME_MAP)
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
                                frame->kind == EDN_FRAME_MAP ? count / 2 : count);
    parser->values_count = frame->values_begin;
    parser->at++;
    parser->frames_count--;
    return BS_OK;
}
