/* Relations, and what they count on the meter. Every loop ticks it. */
#include "query/relation.h"

enum bs_code meter_poll(struct meter *meter)
{
    BS_TRY(bs_interrupt_check(meter->interrupt, meter->error));
    return meter_take(meter, 0);
}

enum bs_code meter_take(struct meter *meter, size_t bytes)
{
    uint64_t used = meter->used_bytes + bs_arena_used_bytes(meter->arena);
    if (bytes > meter->budget_bytes || used > meter->budget_bytes - bytes)
        return bs_error_set(meter->error, BS_REASON_Q_BUDGET,
                            "the query needs more than its budget of %llu bytes",
                            (unsigned long long)meter->budget_bytes);
    meter->used_bytes += bytes;
    return BS_OK;
}

void meter_give(struct meter *meter, size_t bytes)
{
    meter->used_bytes -= bytes;
}

void meter_fini(struct meter *meter)
{
    while (meter->relations != NULL)
        relation_free(meter->relations);
}

/* ---- relations ---- */

static size_t varset_count(struct varset vars)
{
    size_t count = 0;
    for (size_t i = 0; i < BS_ARRAY_COUNT(vars.words); i++)
        count += (size_t)__builtin_popcountll(vars.words[i]);
    return count;
}

struct relation *relation_new(struct meter *meter, struct varset vars)
{
    struct relation *relation = (struct relation *)bs_calloc(1, sizeof(*relation));
    relation->width = varset_count(vars);
    relation->vars = (uint16_t *)bs_calloc(relation->width + 1, sizeof(uint16_t));
    relation->columns = (struct edn **)bs_calloc(relation->width + 1, sizeof(struct edn *));
    size_t at = 0;
    for (uint16_t var = 0; var < QUERY_VARS_MAX; var++)
        if (varset_has(&vars, var))
            relation->vars[at++] = var;
    relation->meter = meter;
    relation->next_alive = meter->relations;
    if (meter->relations != NULL)
        meter->relations->previous_alive = relation;
    meter->relations = relation;
    return relation;
}

void relation_free(struct relation *relation)
{
    if (relation == NULL)
        return;
    if (relation->previous_alive != NULL)
        relation->previous_alive->next_alive = relation->next_alive;
    else
        relation->meter->relations = relation->next_alive;
    if (relation->next_alive != NULL)
        relation->next_alive->previous_alive = relation->previous_alive;
    meter_give(relation->meter, relation->capacity * relation->width * sizeof(struct edn));
    for (size_t i = 0; i < relation->width; i++)
        free(relation->columns[i]);
    free(relation->columns);
    free(relation->vars);
    free(relation);
}

struct varset relation_vars(const struct relation *relation)
{
    struct varset vars = {0};
    for (size_t i = 0; i < relation->width; i++)
        varset_add(&vars, relation->vars[i]);
    return vars;
}

size_t relation_column(const struct relation *relation, uint16_t var)
{
    for (size_t i = 0; i < relation->width; i++)
        if (relation->vars[i] == var)
            return i;
    return SIZE_MAX;
}

static enum bs_code grow(struct relation *relation)
{
    size_t capacity = relation->capacity == 0 ? 16 : relation->capacity * 2;
    if (capacity >= ROW_NONE)
        return bs_error_set(relation->meter->error, BS_REASON_Q_BUDGET,
                            "an intermediate result of more than %u rows", ROW_NONE / 2);
    BS_TRY(meter_take(relation->meter,
                      (capacity - relation->capacity) * relation->width * sizeof(struct edn)));
    for (size_t i = 0; i < relation->width; i++)
        relation->columns[i] =
            (struct edn *)bs_realloc_array(relation->columns[i], capacity, sizeof(struct edn));
    relation->capacity = capacity;
    return BS_OK;
}

enum bs_code relation_add(struct relation *relation, const struct edn *row)
{
    if (relation->rows == relation->capacity)
        BS_TRY(grow(relation));
    for (size_t i = 0; i < relation->width; i++)
        relation->columns[i][relation->rows] = row[i];
    relation->rows++;
    return meter_tick(relation->meter);
}

void relation_row(const struct relation *relation, size_t row, struct edn *ret_row)
{
    for (size_t i = 0; i < relation->width; i++)
        ret_row[i] = relation->columns[i][row];
}

/* ---- operations ---- */

enum bs_code relation_project(struct relation *relation, struct varset vars,
                              struct relation **ret_relation)
{
    struct varset kept = varset_intersection(vars, relation_vars(relation));
    struct sink sink;
    BS_TRY(sink_init(&sink, relation->meter, kept, !varset_within(relation_vars(relation), kept)));
    size_t columns[QUERY_VARS_MAX];
    for (size_t i = 0; i < sink.relation->width; i++)
        columns[i] = relation_column(relation, sink.relation->vars[i]);
    enum bs_code code = BS_OK;
    for (size_t row = 0; row < relation->rows && code == BS_OK; row++) {
        struct edn cells[QUERY_VARS_MAX];
        for (size_t i = 0; i < sink.relation->width; i++)
            cells[i] = relation->columns[columns[i]][row];
        code = sink_add(&sink, cells);
    }
    sink_fini(&sink);
    *ret_relation = sink.relation;
    return code;
}

/* Where the cells of a join's rows come from. */
struct join_plan {
    const struct relation *sides[2];
    size_t width;
    uint8_t side[QUERY_VARS_MAX];
    size_t column[QUERY_VARS_MAX];
};

static void plan_cells(struct join_plan *plan, const struct relation *out, const struct relation *a,
                       const struct relation *b)
{
    *plan = (struct join_plan){.sides = {a, b}, .width = out->width};
    for (size_t i = 0; i < out->width; i++) {
        plan->column[i] = relation_column(a, out->vars[i]);
        if (plan->column[i] == SIZE_MAX) {
            plan->side[i] = 1;
            plan->column[i] = relation_column(b, out->vars[i]);
        }
    }
}

static enum bs_code add_joined(const struct join_plan *plan, struct relation *out, size_t row_a,
                               size_t row_b)
{
    struct edn cells[QUERY_VARS_MAX];
    size_t rows[] = {row_a, row_b};
    for (size_t i = 0; i < plan->width; i++)
        cells[i] = plan->sides[plan->side[i]]->columns[plan->column[i]][rows[plan->side[i]]];
    if (plan->width == 0 && out->rows > 0)
        return BS_OK;
    return relation_add(out, cells);
}

/* Probes the index of `built` with every row of `probed`. */
static enum bs_code probe(const struct join_plan *plan, struct relation *out,
                          const struct row_index *index, const struct relation *probed)
{
    const struct relation *built = index->relation;
    size_t columns[QUERY_VARS_MAX];
    struct edn key[QUERY_VARS_MAX];
    for (size_t i = 0; i < index->width; i++)
        columns[i] = relation_column(probed, built->vars[index->columns[i]]);
    for (size_t row = 0; row < probed->rows; row++) {
        BS_TRY(meter_tick(probed->meter));
        for (size_t i = 0; i < index->width; i++)
            key[i] = probed->columns[columns[i]][row];
        for (uint32_t found = row_index_find(index, key); found != ROW_NONE;
             found = index->next[found])
            BS_TRY(add_joined(plan, out, found, row));
    }
    return BS_OK;
}

enum bs_code relation_join(struct relation *a, struct relation *b, struct relation **ret_relation)
{
    struct relation *built = a->rows <= b->rows ? a : b;
    struct relation *probed = built == a ? b : a;
    struct varset built_vars = relation_vars(built);
    struct varset probed_vars = relation_vars(probed);
    struct relation *out = relation_new(a->meter, varset_union(built_vars, probed_vars));
    struct join_plan plan;
    plan_cells(&plan, out, built, probed);
    struct row_index index;
    BS_TRY(row_index_init(&index, built, varset_intersection(built_vars, probed_vars)));
    enum bs_code code = row_index_fill(&index);
    if (code == BS_OK)
        code = probe(&plan, out, &index, probed);
    row_index_fini(&index);
    *ret_relation = out;
    return code;
}

static enum bs_code keep_absent(const struct row_index *index, const struct relation *a,
                                struct relation *out)
{
    size_t columns[QUERY_VARS_MAX];
    struct edn key[QUERY_VARS_MAX];
    struct edn cells[QUERY_VARS_MAX];
    for (size_t i = 0; i < index->width; i++)
        columns[i] = relation_column(a, index->relation->vars[index->columns[i]]);
    for (size_t row = 0; row < a->rows; row++) {
        BS_TRY(meter_tick(a->meter));
        for (size_t i = 0; i < index->width; i++)
            key[i] = a->columns[columns[i]][row];
        if (row_index_find(index, key) != ROW_NONE)
            continue;
        relation_row(a, row, cells);
        BS_TRY(relation_add(out, cells));
    }
    return BS_OK;
}

enum bs_code relation_subtract(struct relation *a, struct relation *b,
                               struct relation **ret_relation)
{
    struct relation *out = relation_new(a->meter, relation_vars(a));
    struct row_index index;
    BS_TRY(row_index_init(&index, b, relation_vars(b)));
    enum bs_code code = row_index_fill(&index);
    if (code == BS_OK)
        code = keep_absent(&index, a, out);
    row_index_fini(&index);
    *ret_relation = out;
    return code;
}
