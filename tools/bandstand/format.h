#ifndef BANDSTAND_FORMAT_H
#define BANDSTAND_FORMAT_H

/* Results of queries as text for people and for other programs. Everything is appended. */

#include "base/base.h"
#include "edn/edn.h"
#include "query/query.h"

enum format {
    FORMAT_EDN,
    FORMAT_JSON,
    FORMAT_CSV,
    FORMAT_TABLE,
};

/* "edn", "json", "csv", "table"; false for anything else. */
bool format_parse(const char *name, enum format *ret_format);

/*
 * One JSON value on one line. Keywords and symbols as strings without colon, instants in RFC 3339,
 * uuids and uris as strings, bytes in base64, sets as arrays, numbers exact; ##NaN and infinities
 * as strings; keys of maps that are no text as their EDN.
 */
void format_json(struct edn value, struct bs_buf *out);

/* A result as rows under the names of the find elements, whatever its shape. */
struct format_rows {
    struct bs_str *columns;
    size_t columns_count;
    const struct edn *cells; /* rows_count * columns_count */
    size_t rows_count;
};
struct format_rows format_rows_of(const struct query *query, struct edn result,
                                  struct bs_arena *arena);

/* Strings as they are, nil as nothing, instants in RFC 3339, everything else as EDN. */
struct bs_str format_cell(struct edn value, struct bs_arena *arena);
/* RFC 4180, but that lines end as Unix has them: a header, then a line a row. */
void format_csv(const struct format_rows *rows, struct bs_arena *arena, struct bs_buf *out);
/* Aligned by what a terminal shows, numbers to the right; the last line counts the rows. */
void format_table(const struct format_rows *rows, struct bs_arena *arena, struct bs_buf *out);

#endif
