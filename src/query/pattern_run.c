/* Running a data pattern over a database: see pattern.c for the two ways. */
#include "query/pattern.h"
#include "query/value.h"

struct run {
    struct exec *exec;
    struct pattern pattern;
    struct joiner joiner;
    struct datom_cursor *cursor;
    bool emits_value; /* v goes into rows, so it is copied out of the cursor's memory */
    /* in a seek: the values of the group, by place */
    bool has_group;
    uint32_t group;
    bool keyed[PATTERN_SLOTS];
    struct edn key[PATTERN_SLOTS];
};

/* ---- datoms ---- */

static bool value_matches(const struct pattern *pattern, const struct datom *datom)
{
    const struct edn wanted = pattern->slots[PATTERN_V].value;
    if (pattern->attribute != NULL)
        return value_equal(datom->v, wanted);
    const struct datom_attribute *attribute = datom_db_attribute(pattern->db, datom->a);
    if (attribute != NULL && attribute->type == DATOM_TYPE_REF && pattern->has_ref_value)
        return datom->v.as.integer == pattern->ref_value;
    if (edn_is_number(datom->v) && edn_is_number(wanted))
        return edn_compare_numbers(datom->v, wanted) == 0;
    return value_equal(datom->v, wanted);
}

static bool constants_match(const struct pattern *pattern, const struct datom *datom,
                            const struct edn *values)
{
    for (size_t i = 0; i < PATTERN_SLOTS; i++) {
        const struct slot *slot = &pattern->slots[i];
        if (slot->kind == SLOT_SAME && !value_equal(values[i], values[slot->same_as]))
            return false;
        if (slot->kind != SLOT_CONST)
            continue;
        if (i == PATTERN_V ? !value_matches(pattern, datom) : !value_equal(values[i], slot->value))
            return false;
    }
    return true;
}

static enum bs_code take_datom(struct run *run, const struct datom *datom)
{
    BS_TRY(meter_tick(&run->exec->meter));
    struct edn values[PATTERN_SLOTS] = {
        edn_long((int64_t)datom->e),  edn_long((int64_t)datom->a), datom->v,
        edn_long((int64_t)datom->tx), edn_boolean(datom->added),
    };
    if (!constants_match(&run->pattern, datom, values))
        return BS_OK;
    uint32_t head = ROW_NONE;
    if (run->has_group) {
        for (size_t i = 0; i < PATTERN_SLOTS; i++)
            if (run->keyed[i] && !value_equal(run->key[i], values[i]))
                return BS_OK;
        head = run->group;
    } else if (run->joiner.driver != NULL) {
        head = joiner_probe(&run->joiner, values);
        if (head == ROW_NONE)
            return BS_OK;
    }
    if (run->emits_value)
        values[PATTERN_V] = edn_dup(run->exec->arena, datom->v);
    return joiner_add(&run->joiner, head, values);
}

/* A relation without columns has all it can when it has a row. */
static bool is_complete(const struct run *run)
{
    return run->joiner.sink.relation->width == 0 && run->joiner.sink.relation->rows > 0;
}

static enum bs_code read_range(struct run *run, const struct datom_range *range)
{
    if (run->cursor == NULL)
        BS_TRY(datom_cursor_open(run->pattern.db, range, &run->cursor, run->exec->error));
    else
        BS_TRY(datom_cursor_reset(run->cursor, range, run->exec->error));
    while (!is_complete(run)) {
        const struct datom *datoms = NULL;
        size_t count = 0;
        BS_TRY(datom_cursor_next(run->cursor, &datoms, &count, run->exec->error));
        if (count == 0)
            break;
        for (size_t i = 0; i < count && !is_complete(run); i++)
            BS_TRY(take_datom(run, &datoms[i]));
    }
    return BS_OK;
}

/* ---- ranges ---- */

/* The value known for a place: a constant, or the group's. */
static bool known(const struct run *run, size_t position, struct edn *ret_value)
{
    const struct slot *slot = &run->pattern.slots[position];
    if (slot->kind == SLOT_CONST) {
        *ret_value = slot->value;
        return position != PATTERN_V || run->pattern.attribute != NULL;
    }
    *ret_value = run->key[position];
    return run->has_group && run->keyed[position];
}

/* The narrowest range that holds all datoms wanted; false when there can be none. */
static bool choose_range(const struct run *run, struct datom_range *range)
{
    struct edn e;
    struct edn a;
    struct edn v;
    const struct datom_attribute *attribute = run->pattern.attribute;
    *range = (struct datom_range){.index = DATOM_EAVT};
    range->has_e = known(run, PATTERN_E, &e);
    range->has_a = known(run, PATTERN_A, &a);
    bool has_v = known(run, PATTERN_V, &v);
    struct bs_arena *arena = run->exec->arena;
    if ((range->has_e && (!value_as_type(&e, DATOM_TYPE_REF, arena) || e.as.integer < 0)) ||
        (range->has_a && (!value_as_type(&a, DATOM_TYPE_REF, arena) || a.as.integer < 0)))
        return false;
    if (range->has_e)
        range->e = (datom_id)e.as.integer;
    if (range->has_a) {
        range->a = (datom_id)a.as.integer;
        attribute = datom_db_attribute(run->pattern.db, range->a);
        if (attribute == NULL)
            return false;
    }
    if (attribute != NULL && has_v && !value_as_type(&v, attribute->type, arena))
        return false;
    range->v = v;
    if (range->has_e) {
        range->has_v = range->has_a && has_v && attribute->many;
    } else if (range->has_a && has_v && attribute->has_avet) {
        range->index = DATOM_AVET;
        range->has_v = true;
    } else if (range->has_a && has_v && attribute->type == DATOM_TYPE_REF) {
        range->index = DATOM_VAET;
        range->has_v = true;
    } else if (range->has_a) {
        range->index = DATOM_AEVT;
    }
    return true;
}

/* ---- the two ways ---- */

static enum bs_code scan(struct run *run)
{
    struct datom_range range;
    return choose_range(run, &range) ? read_range(run, &range) : BS_OK;
}

static enum bs_code seek_group(struct run *run, uint32_t head)
{
    const struct joiner *joiner = &run->joiner;
    run->has_group = true;
    run->group = head;
    for (size_t i = 0; i < joiner->keys_count; i++) {
        size_t position = joiner->key_slots[i];
        run->keyed[position] = true;
        run->key[position] = joiner->driver->columns[joiner->index.columns[i]][head];
    }
    struct datom_range range;
    return choose_range(run, &range) ? read_range(run, &range) : BS_OK;
}

static enum bs_code seek_all(struct run *run)
{
    const struct row_index *index = &run->joiner.index;
    for (size_t i = 0; i < index->capacity && !is_complete(run); i++) {
        if (index->slots[i] == ROW_NONE)
            continue;
        BS_TRY(meter_tick(&run->exec->meter));
        BS_TRY(seek_group(run, index->slots[i]));
    }
    return BS_OK;
}

/* Whether two datoms could give one row: a place that tells them apart has no variable. */
static bool may_repeat(const struct pattern *pattern)
{
    bool is_history = datom_db_is_history(pattern->db);
    size_t places = is_history ? PATTERN_SLOTS : 3;
    for (size_t i = 0; i < places; i++)
        if (pattern->slots[i].kind == SLOT_BLANK)
            return true;
    return false;
}

static enum bs_code run_over(struct run *run, struct relation *driver, bool seeks,
                             struct varset needed)
{
    uint16_t vars[PATTERN_SLOTS];
    for (size_t i = 0; i < PATTERN_SLOTS; i++)
        vars[i] = run->pattern.slots[i].kind == SLOT_NEW ? run->pattern.slots[i].var : QUERY_NO_VAR;
    BS_TRY(joiner_init(&run->joiner, run->exec, driver, vars, PATTERN_SLOTS, needed,
                       may_repeat(&run->pattern)));
    const struct relation *out = run->joiner.sink.relation;
    for (size_t i = 0; i < out->width; i++)
        if (run->joiner.from_driver[i] == SIZE_MAX && run->joiner.from_slot[i] == PATTERN_V)
            run->emits_value = true;
    if (run->pattern.impossible)
        return BS_OK;
    return seeks ? seek_all(run) : scan(run);
}

/* Variables of the relations that will be joined afterwards, where the pattern has them too. */
static struct varset shared_later(const struct context *context, const struct clause *clause)
{
    return varset_intersection(context_vars(context), clause->vars);
}

static enum bs_code run_pattern(struct run *run, struct context *context,
                                const struct pattern_choice *choice, struct varset needed)
{
    struct relation *driver = NULL;
    if (choice->driver != SIZE_MAX) {
        driver = context->items[choice->driver];
        context->items[choice->driver] = context->items[--context->count];
    }
    struct varset wanted = varset_union(needed, shared_later(context, run->pattern.clause));
    BS_TRY(run_over(run, driver, choice->seeks, wanted));
    struct relation *out = run->joiner.sink.relation;
    joiner_fini(&run->joiner);
    relation_free(driver);
    return context_put(run->exec, context, out, needed);
}

enum bs_code pattern_run(struct exec *exec, const struct frame *frame, const struct clause *clause,
                         struct context *context, struct varset needed)
{
    if (exec_source(exec, frame, clause->source)->kind == SOURCE_TUPLES)
        return tuples_run(exec, frame, clause, context, needed);
    struct pattern_choice choice;
    BS_TRY(pattern_choose(exec, frame, clause, context, &choice));
    struct run run = {.exec = exec};
    enum bs_code code = pattern_prepare(exec, frame, clause, &run.pattern);
    if (code == BS_OK)
        code = run_pattern(&run, context, &choice, needed);
    joiner_fini(&run.joiner);
    datom_cursor_free(run.cursor);
    return code;
}
