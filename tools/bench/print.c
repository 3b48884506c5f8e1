/* Results as a table for people and as a line of JSON for programs. */

#include <math.h>

#include "bench.h"

/* Three significant digits below 100, whole numbers above. */
static void figure(double value, char *ret_text, size_t size)
{
    int decimals = value >= 100 || value == 0 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    snprintf(ret_text, size, "%.*f", decimals, value);
}

void bench_print_head(struct bs_buf *out)
{
    bs_buf_printf(out, "%-20s %-10s %10s  %-13s %10s %8s  %-12s %s\n", "name", "unit", "ours",
                  "peer", "theirs", "ratio", "bar", "holds");
}

/* The columns of a result as texts; the others are the row's. */
struct columns {
    char ours[32], theirs[32], ratio[32];
    const char *holds;
};

static struct columns columns_of(const struct bench_result *result)
{
    struct columns columns = {.theirs = "-", .ratio = "-", .holds = "-"};
    figure(result->ours, columns.ours, sizeof(columns.ours));
    if (result->has_theirs) {
        figure(result->theirs, columns.theirs, sizeof(columns.theirs));
        figure(result->ratio, columns.ratio, sizeof(columns.ratio));
    }
    if (result->has_bar)
        columns.holds = result->holds ? "yes" : "NO";
    return columns;
}

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

void bench_print_line(const struct bench_result *result, struct bs_buf *out)
{
    const struct bench_row *row = result->row;
    struct columns columns = columns_of(result);
    bs_buf_printf(out, "%-20s %-10s %10s  %-13s %10s %8s  %-12s %s\n", row->name, row->unit,
                  columns.ours, or_dash(row->peer_name), columns.theirs, columns.ratio,
                  or_dash(row->bar), columns.holds);
}

void bench_print_markdown_head(struct bs_buf *out)
{
    bs_buf_append_cstr(out, "| name | unit | ours | peer | theirs | ratio | bar | holds |\n"
                            "|---|---|--:|---|--:|--:|---|---|\n");
}

void bench_print_markdown(const struct bench_result *result, struct bs_buf *out)
{
    const struct bench_row *row = result->row;
    struct columns columns = columns_of(result);
    bs_buf_printf(out, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", row->name, row->unit,
                  columns.ours, or_dash(row->peer_name), columns.theirs, columns.ratio,
                  or_dash(row->bar), columns.holds);
}

static void json_number(struct bs_buf *out, const char *key, bool is_known, double value)
{
    if (is_known && isfinite(value))
        bs_buf_printf(out, ",\"%s\":%.6g", key, value);
    else
        bs_buf_printf(out, ",\"%s\":null", key);
}

/* Names are ours and need no escapes. */
static void json_text(struct bs_buf *out, const char *key, const char *value)
{
    if (value)
        bs_buf_printf(out, ",\"%s\":\"%s\"", key, value);
    else
        bs_buf_printf(out, ",\"%s\":null", key);
}

void bench_print_json(const struct bench_result *result, struct bs_buf *out)
{
    const struct bench_row *row = result->row;
    bs_buf_printf(out, "{\"name\":\"%s\"", row->name);
    json_text(out, "unit", row->unit);
    json_number(out, "ours", true, result->ours);
    json_text(out, "peer", row->peer_name);
    json_number(out, "theirs", result->has_theirs, result->theirs);
    json_number(out, "ratio", result->has_theirs, result->ratio);
    json_text(out, "bar", row->bar);
    if (result->has_bar)
        bs_buf_printf(out, ",\"holds\":%s", result->holds ? "true" : "false");
    else
        bs_buf_append_cstr(out, ",\"holds\":null");
    bs_buf_printf(out, ",\"runs\":%u}\n", result->runs);
}
