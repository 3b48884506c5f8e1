/*
 * From the rows that are left to a result: grouping and aggregates, order, offset and limit, pulls
 * (of the rows that stay only), and the shape that :find asks for.
 */
#include "query/aggregate.h"
#include "query/exec.h"
#include "query/pull.h"
#include "query/value.h"

struct rows {
    struct exec *exec;
    struct bs_random random;
    size_t width;
    size_t count;
    struct edn *cells; /* count times width */
};

static enum bs_code rows_init(struct rows *rows, struct exec *exec, size_t count)
{
    *rows = (struct rows){.exec = exec, .width = exec->query->find_count, .count = 0};
    BS_TRY(meter_take(&exec->meter, 0));
    if (count > SIZE_MAX / sizeof(struct edn) / (rows->width + 1))
        return bs_error_set(exec->error, BS_REASON_Q_BUDGET, "too many rows");
    size_t bytes = count * rows->width * sizeof(struct edn);
    BS_TRY(meter_take(&exec->meter, bytes));
    meter_give(&exec->meter, bytes); /* the arena counts it from here on */
    rows->cells = bs_arena_new_array(exec->arena, count * rows->width, struct edn);
    return BS_OK;
}

/* ---- plain rows, and groups ---- */

static enum bs_code take_plain(struct rows *rows, const struct relation *relation)
{
    const struct query *query = rows->exec->query;
    BS_TRY(rows_init(rows, rows->exec, relation->rows));
    for (size_t i = 0; i < query->find_count; i++) {
        size_t column = relation_column(relation, query->find[i].var);
        for (size_t row = 0; row < relation->rows; row++)
            rows->cells[row * rows->width + i] = relation->columns[column][row];
    }
    rows->count = relation->rows;
    return BS_OK;
}

static enum bs_code aggregate_group(struct rows *rows, const struct row_index *groups,
                                    uint32_t head, const struct find_element *element,
                                    struct edn *bag, struct edn *ret_value)
{
    size_t column = relation_column(groups->relation, element->var);
    size_t count = 0;
    for (uint32_t row = head; row != ROW_NONE; row = groups->next[row])
        bag[count++] = groups->relation->columns[column][row];
    return aggregate_apply(element->aggregate, element->n, bag, count, &rows->random,
                           rows->exec->arena, ret_value, rows->exec->error);
}

static enum bs_code take_group(struct rows *rows, const struct row_index *groups, uint32_t head,
                               struct edn *bag)
{
    const struct query *query = rows->exec->query;
    struct edn *cells = rows->cells + rows->count * rows->width;
    for (size_t i = 0; i < query->find_count; i++) {
        const struct find_element *element = &query->find[i];
        BS_TRY(meter_poll(&rows->exec->meter));
        if (element->kind == FIND_AGGREGATE) {
            BS_TRY(aggregate_group(rows, groups, head, element, bag, &cells[i]));
            continue;
        }
        size_t column = relation_column(groups->relation, element->var);
        cells[i] = groups->relation->columns[column][head];
    }
    rows->count++;
    return BS_OK;
}

static enum bs_code take_groups(struct rows *rows, const struct row_index *groups)
{
    struct exec *exec = rows->exec;
    size_t bytes = groups->relation->rows * sizeof(struct edn);
    BS_TRY(rows_init(rows, exec, groups->count));
    bs_random_system(&rows->random, sizeof(rows->random));
    BS_TRY(meter_take(&exec->meter, bytes));
    struct edn *bag = (struct edn *)bs_malloc(bytes + 1);
    enum bs_code code = BS_OK;
    for (size_t i = 0; i < groups->capacity && code == BS_OK; i++)
        if (groups->slots[i] != ROW_NONE)
            code = take_group(rows, groups, groups->slots[i], bag);
    free(bag);
    meter_give(&exec->meter, bytes);
    return code;
}

static enum bs_code take_aggregated(struct rows *rows, const struct relation *relation)
{
    const struct query *query = rows->exec->query;
    struct varset group_vars = {0};
    for (size_t i = 0; i < query->find_count; i++)
        if (query->find[i].kind != FIND_AGGREGATE)
            varset_add(&group_vars, query->find[i].var);
    struct row_index groups;
    BS_TRY(row_index_init(&groups, relation, group_vars));
    enum bs_code code = row_index_fill(&groups);
    if (code == BS_OK)
        code = take_groups(rows, &groups);
    row_index_fini(&groups);
    return code;
}

/* ---- order ---- */

static int compare_rows(const void *a, const void *b, void *self)
{
    const struct query *query = (const struct query *)self;
    const struct edn *x = (const struct edn *)a;
    const struct edn *y = (const struct edn *)b;
    for (size_t i = 0; i < query->order_count; i++) {
        size_t element = query->order[i].element;
        int order = value_compare(x[element], y[element]);
        if (order != 0)
            return query->order[i].descending ? -order : order;
    }
    /* rows that the keys do not tell apart come in one order all the same */
    for (size_t i = 0; i < query->find_count; i++) {
        int order = value_compare(x[i], y[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

static void order_and_cut(struct rows *rows)
{
    const struct query *query = rows->exec->query;
    if (rows->count == 0)
        return;
    if (query->order_count > 0) {
        union {
            const struct query *in;
            void *out;
        } self = {.in = query};
        qsort_r(rows->cells, rows->count, rows->width * sizeof(struct edn), compare_rows, self.out);
    }
    uint64_t offset = BS_MIN(query->offset, rows->count);
    rows->cells += offset * rows->width;
    rows->count -= offset;
    if (query->has_limit)
        rows->count = BS_MIN(rows->count, query->limit);
    if (query->shape == QUERY_SCALAR || query->shape == QUERY_TUPLE)
        rows->count = BS_MIN(rows->count, 1);
}

/* ---- pulls ---- */

static enum bs_code pull_column(struct rows *rows, size_t idx, const struct query_options *options)
{
    struct exec *exec = rows->exec;
    const struct find_element *element = &exec->query->find[idx];
    const struct source *source = &exec->sources[element->source];
    char text[200];
    if (source->kind != SOURCE_DB)
        return bs_error_set(exec->error, BS_REASON_Q_INVALID_DATA_SOURCE,
                            "%s: the data source is not a database",
                            exec_text(element->form, text, sizeof(text)));
    const struct query_pattern *pattern = element->pattern;
    if (pattern == NULL)
        pattern = exec->patterns[element->pattern_input];
    struct pull pull;
    BS_TRY(pull_init(&pull, source->db, pattern, options, exec->arena, exec->error));
    for (size_t row = 0; row < rows->count; row++) {
        struct edn *cell = &rows->cells[row * rows->width + idx];
        datom_id id = DATOM_NO_ID;
        BS_TRY(meter_poll(&exec->meter));
        BS_TRY(datom_db_resolve(source->db, *cell, &id, exec->error));
        *cell = edn_nil();
        if (id != DATOM_NO_ID)
            BS_TRY(pull_entity(&pull, id, cell));
    }
    return BS_OK;
}

static enum bs_code pull_columns(struct rows *rows, const struct query_options *options)
{
    const struct query *query = rows->exec->query;
    for (size_t i = 0; i < query->find_count; i++)
        if (query->find[i].kind == FIND_PULL)
            BS_TRY(pull_column(rows, i, options));
    return BS_OK;
}

/* ---- shapes ---- */

static struct edn shape_row(const struct rows *rows, size_t row)
{
    const struct query *query = rows->exec->query;
    const struct edn *cells = rows->cells + row * rows->width;
    if (query->return_map == RETURN_VECTORS)
        return edn_collection(EDN_VECTOR, cells, rows->width);
    struct edn *pairs = bs_arena_new_array(rows->exec->arena, 2 * rows->width, struct edn);
    for (size_t i = 0; i < rows->width; i++) {
        pairs[2 * i] = query->return_keys[i];
        pairs[2 * i + 1] = cells[i];
    }
    return edn_collection(EDN_MAP, pairs, rows->width);
}

static struct edn shape_relation(const struct rows *rows)
{
    const struct query *query = rows->exec->query;
    struct edn *items = bs_arena_new_array(rows->exec->arena, rows->count, struct edn);
    for (size_t i = 0; i < rows->count; i++)
        items[i] = shape_row(rows, i);
    bool is_bag = query->has_with && !query->has_aggregate;
    bool is_set = query->order_count == 0 && !query->has_pull && !is_bag &&
                  query->return_map == RETURN_VECTORS;
    return edn_collection(is_set ? EDN_SET : EDN_VECTOR, items, rows->count);
}

static struct edn shape(const struct rows *rows)
{
    switch (rows->exec->query->shape) {
    case QUERY_RELATION:
        return shape_relation(rows);
    case QUERY_COLLECTION:
        return edn_collection(EDN_VECTOR, rows->cells, rows->count);
    case QUERY_TUPLE:
        return rows->count == 0 ? edn_nil() : shape_row(rows, 0);
    case QUERY_SCALAR:
        return rows->count == 0 ? edn_nil() : rows->cells[0];
    }
    BS_UNREACHABLE();
}

enum bs_code find_result(struct exec *exec, struct context *context,
                         const struct query_options *options, struct edn *ret_result)
{
    struct rows rows = {.exec = exec, .width = exec->query->find_count};
    if (!context->failed) {
        struct relation *relation = NULL;
        BS_TRY(context_take(exec, context, exec->query->find_vars, &relation));
        if (exec->query->has_aggregate)
            BS_TRY(take_aggregated(&rows, relation));
        else
            BS_TRY(take_plain(&rows, relation));
    }
    order_and_cut(&rows);
    BS_TRY(pull_columns(&rows, options));
    *ret_result = shape(&rows);
    return BS_OK;
}
