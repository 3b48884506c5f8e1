/* Results of queries as rows: for CSV and tables. */

#include "format.h"

#include <utf8proc.h>

bool format_parse(const char *name, enum format *ret_format)
{
    static const char *const names[] = {"edn", "json", "csv", "table"};
    for (size_t i = 0; i < BS_ARRAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_format = (enum format)i;
            return true;
        }
    }
    return false;
}

/* ---- rows ---- */

/* A row is a vector, or with :keys a map with its values in the order of the columns. */
static void add_row(struct edn_list *cells, struct edn row, size_t columns_count)
{
    size_t step = row.type == EDN_MAP ? 2 : 1;
    for (size_t i = 0; i < columns_count; i++) {
        bool is_there = (row.type == EDN_MAP || row.type == EDN_VECTOR) && i < row.len;
        edn_list_add(cells, is_there ? row.as.items[i * step + step - 1] : edn_nil());
    }
}

struct format_rows format_rows_of(const struct query *query, struct edn result,
                                  struct bs_arena *arena)
{
    struct format_rows rows = {.columns_count = query_columns_count(query)};
    struct edn_list cells;
    edn_list_init(&cells, arena);
    rows.columns = bs_arena_new_array(arena, rows.columns_count, struct bs_str);
    for (size_t i = 0; i < rows.columns_count; i++)
        rows.columns[i] = query_column(query, i);
    switch (query_find_shape(query)) {
    case QUERY_RELATION:
        for (size_t i = 0; i < result.len; i++)
            add_row(&cells, result.as.items[i], rows.columns_count);
        break;
    case QUERY_COLLECTION:
        for (size_t i = 0; i < result.len; i++)
            edn_list_add(&cells, result.as.items[i]);
        break;
    case QUERY_TUPLE:
        if (!edn_is_nil(result))
            add_row(&cells, result, rows.columns_count);
        break;
    case QUERY_SCALAR:
        if (!edn_is_nil(result))
            edn_list_add(&cells, result);
        break;
    }
    rows.cells = cells.items;
    rows.rows_count = rows.columns_count > 0 ? cells.count / rows.columns_count : 0;
    return rows;
}

struct bs_str format_cell(struct edn value, struct bs_arena *arena)
{
    char text[EDN_INSTANT_TEXT_SIZE];
    if (edn_is_nil(value))
        return BS_STR_EMPTY;
    if (value.type == EDN_STRING || value.type == EDN_URI)
        return edn_text_of(value);
    if (value.type != EDN_INSTANT)
        return edn_print_short(arena, value, 0);
    edn_instant_format(value.as.integer, text);
    return bs_arena_printf(arena, "%.*sZ", (int)(strlen(text) - strlen("-00:00")), text);
}

/* ---- CSV ---- */

static void append_csv_cell(struct bs_str text, struct bs_buf *out)
{
    bool needs_quotes = false;
    for (size_t i = 0; i < text.len; i++)
        needs_quotes |= strchr("\",\r\n", text.ptr[i]) != NULL;
    if (!needs_quotes) {
        bs_buf_append_str(out, text);
        return;
    }
    bs_buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            bs_buf_append_byte(out, '"');
        bs_buf_append_byte(out, text.ptr[i]);
    }
    bs_buf_append_byte(out, '"');
}

void format_csv(const struct format_rows *rows, struct bs_arena *arena, struct bs_buf *out)
{
    for (size_t i = 0; i < rows->columns_count; i++) {
        bs_buf_append_cstr(out, i > 0 ? "," : "");
        append_csv_cell(rows->columns[i], out);
    }
    for (size_t i = 0; i < rows->rows_count * rows->columns_count; i++) {
        bs_buf_append_cstr(out, i % rows->columns_count > 0 ? "," : "\n");
        append_csv_cell(format_cell(rows->cells[i], arena), out);
    }
}

/* ---- tables ---- */

#define CELL_COLUMNS_MAX 72

struct column {
    size_t width;
    bool is_right; /* numbers only */
};

/* What a terminal shows of a text, cut: what moves the cursor as EDN's escapes, wide characters
 * counted twice. */
static struct bs_str displayed(struct bs_str text, struct bs_arena *arena, size_t *ret_width)
{
    BS_CLEANUP(bs_buf_fini) struct bs_buf shown = BS_BUF_INIT(0);
    size_t width = 0;
    uint32_t code_point;
    for (size_t size; (size = bs_utf8_decode(text, &code_point)) > 0;
         text = bs_str_from_offset(text, size)) {
        if (width >= CELL_COLUMNS_MAX) {
            bs_buf_append_cstr(&shown, "...");
            width += 3;
            break;
        }
        if (code_point < 0x20 || code_point == 0x7f) {
            const char *escape = code_point == '\n'   ? "\\n"
                                 : code_point == '\t' ? "\\t"
                                 : code_point == '\r' ? "\\r"
                                                      : "\\?";
            bs_buf_append_cstr(&shown, escape);
            width += 2;
            continue;
        }
        bs_buf_append(&shown, text.ptr, size);
        int columns = utf8proc_charwidth((utf8proc_int32_t)code_point);
        width += columns > 0 ? (size_t)columns : 0;
    }
    *ret_width = width;
    return bs_arena_dup(arena, bs_buf_str(&shown));
}

static void append_padded(struct bs_str text, size_t text_width, const struct column *column,
                          bool is_last, struct bs_buf *out)
{
    int padding = (int)(column->width - text_width);
    if (column->is_right)
        bs_buf_printf(out, "%*s", padding, "");
    bs_buf_append_str(out, text);
    if (!column->is_right && !is_last)
        bs_buf_printf(out, "%*s", padding, "");
    bs_buf_append_cstr(out, is_last ? "\n" : "  ");
}

struct table {
    const struct format_rows *rows;
    struct column *columns;
    struct bs_str *texts; /* of the cells */
    size_t *widths;
};

static struct column *measure(struct table *table, struct bs_arena *arena)
{
    const struct format_rows *rows = table->rows;
    struct column *columns = bs_arena_new_array(arena, rows->columns_count, struct column);
    for (size_t i = 0; i < rows->columns_count; i++) {
        columns[i] = (struct column){.is_right = rows->rows_count > 0};
        displayed(rows->columns[i], arena, &columns[i].width);
    }
    for (size_t i = 0; i < rows->rows_count * rows->columns_count; i++) {
        struct column *column = &columns[i % rows->columns_count];
        table->texts[i] = displayed(format_cell(rows->cells[i], arena), arena, &table->widths[i]);
        column->width = BS_MAX(column->width, table->widths[i]);
        column->is_right &= edn_is_number(rows->cells[i]);
    }
    return columns;
}

static void append_head(const struct table *table, struct bs_arena *arena, struct bs_buf *out)
{
    size_t count = table->rows->columns_count;
    for (size_t i = 0; i < count; i++) {
        size_t width;
        struct bs_str name = displayed(table->rows->columns[i], arena, &width);
        append_padded(name, width, &table->columns[i], i + 1 == count, out);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < table->columns[i].width; at++)
            bs_buf_append_byte(out, '-');
        bs_buf_append_cstr(out, i + 1 == count ? "\n" : "  ");
    }
}

void format_table(const struct format_rows *rows, struct bs_arena *arena, struct bs_buf *out)
{
    size_t cells_count = rows->rows_count * rows->columns_count;
    struct table table = {
        .rows = rows,
        .texts = bs_arena_new_array(arena, cells_count, struct bs_str),
        .widths = bs_arena_new_array(arena, cells_count, size_t),
    };
    table.columns = measure(&table, arena);
    append_head(&table, arena, out);
    for (size_t i = 0; i < cells_count; i++) {
        size_t idx = i % rows->columns_count;
        append_padded(table.texts[i], table.widths[i], &table.columns[idx],
                      idx + 1 == rows->columns_count, out);
    }
    bs_buf_printf(out, "(%zu row%s)", rows->rows_count, rows->rows_count == 1 ? "" : "s");
}
