#include "edn/print_token.h"

/*
 * Printing of collections, on one line and pretty. One walk serves both; pretty printing asks at
 * each collection whether it fits into what is left of the line, by printing it until the line is
 * full, so that its cost stays in proportion to the output.
 */

/* Recursion is bounded: values that were read are BS_LIMIT_EDN_DEPTH deep, others by their maker.
 */

struct printer {
    struct bs_buf *out;
    size_t stop_bytes; /* nothing is begun once the output has more than these */
    uint32_t max_items;
    uint32_t max_width; /* 0: on one line */
    size_t line_start;  /* where the line begins that is being printed */
};

static bool is_full(const struct printer *printer)
{
    return printer->out->len > printer->stop_bytes || printer->out->overflowed;
}

static bool is_compound(struct edn value)
{
    return value.type >= EDN_LIST && value.type <= EDN_TAGGED;
}

static const char *opening_of(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_LIST:
        return "(";
    case EDN_VECTOR:
        return "[";
    case EDN_SET:
        return "#{";
    default:
        return "{";
    }
}

static char closing_of(struct edn value)
{
    switch ((enum edn_type)value.type) {
    case EDN_LIST:
        return ')';
    case EDN_VECTOR:
        return ']';
    default:
        return '}';
    }
}

/* A text of megabytes is not printed to its end when only its beginning is asked for. What is left
 * still passes the stop. */
static struct edn shortened(const struct printer *printer, struct edn value)
{
    size_t room = printer->stop_bytes - printer->out->len;
    bool has_length = value.type == EDN_STRING || value.type == EDN_SYMBOL ||
                      value.type == EDN_KEYWORD || value.type == EDN_URI || value.type == EDN_BYTES;
    if (has_length && value.len > room)
        value.len = (uint32_t)BS_MIN(room + 1, (size_t)value.len);
    return value;
}

static void print_flat(struct printer *printer, struct edn value)
{
    struct bs_buf *out = printer->out;
    if (is_full(printer))
        return;
    if (!is_compound(value)) {
        edn_print_token(shortened(printer, value), out);
        return;
    }
    if (value.type == EDN_TAGGED) {
        bs_buf_append_byte(out, '#');
        print_flat(printer, value.as.items[0]);
        bs_buf_append_byte(out, ' ');
        print_flat(printer, value.as.items[1]);
        return;
    }
    bool is_map = value.type == EDN_MAP;
    bs_buf_append_cstr(out, opening_of(value));
    for (size_t i = 0; i < value.len && !is_full(printer); i++) {
        if (i > 0)
            bs_buf_append_cstr(out, is_map ? ", " : " ");
        if (printer->max_items && i == printer->max_items) {
            bs_buf_append_cstr(out, "...");
            break;
        }
        print_flat(printer, value.as.items[is_map ? i * 2 : i]);
        if (is_map) {
            bs_buf_append_byte(out, ' ');
            print_flat(printer, value.as.items[i * 2 + 1]);
        }
    }
    bs_buf_append_byte(out, closing_of(value));
}

void edn_print(struct edn value, struct bs_buf *out)
{
    struct printer printer = {.out = out, .stop_bytes = SIZE_MAX};
    print_flat(&printer, value);
}

/* ---- pretty ---- */

static size_t column_of(const struct printer *printer)
{
    struct bs_str line = bs_str_from_offset(bs_buf_str(printer->out), printer->line_start);
    return bs_utf8_count(line);
}

/* Prints flat if that stays on the line with `after` more columns; else leaves no trace. */
static bool print_if_it_fits(struct printer *printer, struct edn value, size_t after)
{
    struct bs_buf *out = printer->out;
    size_t column = column_of(printer);
    if (column + after >= printer->max_width)
        return false;
    size_t room = printer->max_width - column - after;
    size_t before = out->len;
    printer->stop_bytes = before + room * 4; /* a code point has at most 4 bytes */
    print_flat(printer, value);
    printer->stop_bytes = SIZE_MAX;
    struct bs_str printed = bs_str_from_offset(bs_buf_str(out), before);
    if (printed.len <= room || (printed.len <= room * 4 && bs_utf8_count(printed) <= room))
        return true;
    out->len = before;
    return false;
}

static void new_line(struct printer *printer, size_t indent)
{
    bs_buf_append_byte(printer->out, '\n');
    printer->line_start = printer->out->len;
    for (size_t i = 0; i < indent; i++)
        bs_buf_append_byte(printer->out, ' ');
}

/* `after`: closing brackets and commas that must stand on the same line behind the value. */
static void print_broken(struct printer *printer, struct edn value, size_t after)
{
    struct bs_buf *out = printer->out;
    if (out->overflowed)
        return;
    if (!is_compound(value)) {
        edn_print_token(value, out);
        return;
    }
    if (print_if_it_fits(printer, value, after))
        return;
    if (value.type == EDN_TAGGED) {
        bs_buf_append_byte(out, '#');
        edn_print_token(value.as.items[0], out);
        bs_buf_append_byte(out, ' ');
        print_broken(printer, value.as.items[1], after);
        return;
    }
    bool is_map = value.type == EDN_MAP;
    bs_buf_append_cstr(out, opening_of(value));
    size_t indent = column_of(printer);
    for (size_t i = 0; i < value.len && !out->overflowed; i++) {
        size_t behind = i + 1 == value.len ? after + 1 : is_map;
        if (i > 0)
            new_line(printer, indent);
        if (printer->max_items && i == printer->max_items) {
            bs_buf_append_cstr(out, "...");
            break;
        }
        print_broken(printer, value.as.items[is_map ? i * 2 : i], is_map ? 0 : behind);
        if (is_map) {
            bs_buf_append_byte(out, ' ');
            print_broken(printer, value.as.items[i * 2 + 1], behind);
            if (i + 1 < value.len)
                bs_buf_append_byte(out, ',');
        }
    }
    bs_buf_append_byte(out, closing_of(value));
}

void edn_print_pretty(struct edn value, const struct edn_print_options *options, struct bs_buf *out)
{
    struct printer printer = {
        .out = out,
        .stop_bytes = SIZE_MAX,
        .max_items = options->max_items,
        .max_width = options->max_width,
        .line_start = out->len,
    };
    if (printer.max_width == 0)
        print_flat(&printer, value);
    else
        print_broken(&printer, value, 0);
}

/* ---- cut ---- */

static const char dots[] = "...";

/* The longest beginning of at most max_bytes that does not cut a character. */
static size_t cut_at_character(struct bs_str text, size_t max_bytes)
{
    size_t len = BS_MIN(text.len, max_bytes);
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

struct bs_str edn_print_short(struct bs_arena *arena, struct edn value, size_t max_bytes)
{
    struct bs_buf out BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    struct printer printer = {.out = &out, .stop_bytes = max_bytes ? max_bytes : SIZE_MAX};
    print_flat(&printer, value);
    if (max_bytes && out.len > max_bytes) {
        out.len = cut_at_character(bs_buf_str(&out), max_bytes);
        bs_buf_append_cstr(&out, dots);
    }
    return bs_arena_dup(arena, bs_buf_str(&out));
}

const char *edn_print_cut(struct edn value, char *ret_text, size_t size)
{
    BS_ASSERT(size >= sizeof(dots));
    struct bs_buf out BS_CLEANUP(bs_buf_fini) = BS_BUF_INIT(0);
    struct printer printer = {.out = &out, .stop_bytes = size};
    print_flat(&printer, value);
    size_t len = out.len;
    bool cut = len >= size;
    if (cut)
        len = cut_at_character(bs_buf_str(&out), size - sizeof(dots));
    if (len > 0)
        memcpy(ret_text, out.ptr, len);
    memcpy(ret_text + len, cut ? dots : "", cut ? sizeof(dots) : 1);
    return ret_text;
}
