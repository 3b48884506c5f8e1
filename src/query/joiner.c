/* Joining what a pattern's source yields with the rows that are there. */
#include "query/pattern.h"

static size_t slot_of(uint16_t var, const uint16_t *slot_vars, size_t slots_count)
{
    for (size_t i = 0; i < slots_count; i++)
        if (slot_vars[i] == var)
            return i;
    return SIZE_MAX;
}

enum bs_code joiner_init(struct joiner *joiner, struct exec *exec, struct relation *driver,
                         const uint16_t *slot_vars, size_t slots_count, struct varset needed,
                         bool distinct)
{
    *joiner = (struct joiner){.exec = exec, .driver = driver};
    struct varset slot_set = {0};
    for (size_t i = 0; i < slots_count; i++)
        if (slot_vars[i] != QUERY_NO_VAR)
            varset_add(&slot_set, slot_vars[i]);
    struct varset all = slot_set;
    if (driver != NULL) {
        struct varset driver_vars = relation_vars(driver);
        all = varset_union(all, driver_vars);
        BS_TRY(row_index_init(&joiner->index, driver, slot_set));
        BS_TRY(row_index_fill(&joiner->index));
        joiner->keys_count = joiner->index.width;
        for (size_t i = 0; i < joiner->keys_count; i++)
            joiner->key_slots[i] =
                slot_of(driver->vars[joiner->index.columns[i]], slot_vars, slots_count);
    }
    struct varset kept = varset_intersection(all, needed);
    BS_TRY(sink_init(&joiner->sink, &exec->meter, kept, distinct || !varset_within(all, kept)));
    const struct relation *out = joiner->sink.relation;
    for (size_t i = 0; i < out->width; i++) {
        joiner->from_driver[i] = driver != NULL ? relation_column(driver, out->vars[i]) : SIZE_MAX;
        joiner->from_slot[i] = slot_of(out->vars[i], slot_vars, slots_count);
    }
    return BS_OK;
}

void joiner_fini(struct joiner *joiner)
{
    row_index_fini(&joiner->index);
    sink_fini(&joiner->sink);
}

uint32_t joiner_probe(const struct joiner *joiner, const struct edn *values)
{
    struct edn key[QUERY_VARS_MAX];
    for (size_t i = 0; i < joiner->keys_count; i++)
        key[i] = values[joiner->key_slots[i]];
    return row_index_find(&joiner->index, key);
}

static enum bs_code add_row(struct joiner *joiner, uint32_t row, const struct edn *values)
{
    struct edn cells[QUERY_VARS_MAX];
    for (size_t i = 0; i < joiner->sink.relation->width; i++)
        cells[i] = joiner->from_driver[i] != SIZE_MAX
                       ? joiner->driver->columns[joiner->from_driver[i]][row]
                       : values[joiner->from_slot[i]];
    return sink_add(&joiner->sink, cells);
}

enum bs_code joiner_add(struct joiner *joiner, uint32_t head, const struct edn *values)
{
    if (joiner->driver == NULL)
        return add_row(joiner, 0, values);
    for (uint32_t row = head; row != ROW_NONE; row = joiner->index.next[row])
        BS_TRY(add_row(joiner, row, values));
    return BS_OK;
}
