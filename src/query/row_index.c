/*
 * Hash tables over the rows of a relation, and relations that are filled without a row twice. Open
 * addressing; a slot has the row that came last of those with its key. Every loop ticks the meter.
 */
#include "query/relation.h"

static uint64_t mix(uint64_t hash, struct edn value)
{
    hash ^= edn_hash(value) + UINT64_C(0x9e3779b97f4a7c15) + (hash << 6) + (hash >> 2);
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

static size_t index_bytes(const struct row_index *index)
{
    return index->capacity * (sizeof(uint32_t) + sizeof(uint64_t)) +
           index->next_capacity * sizeof(uint32_t);
}

enum bs_code row_index_init(struct row_index *index, const struct relation *relation,
                            struct varset vars)
{
    *index = (struct row_index){.relation = relation};
    index->columns = (size_t *)bs_calloc(relation->width + 1, sizeof(size_t));
    for (size_t i = 0; i < relation->width; i++)
        if (varset_has(&vars, relation->vars[i]))
            index->columns[index->width++] = i;
    return BS_OK;
}

void row_index_fini(struct row_index *index)
{
    if (index->relation == NULL)
        return;
    meter_give(index->relation->meter, index_bytes(index));
    free(index->columns);
    free(index->slots);
    free(index->hashes);
    free(index->next);
    *index = (struct row_index){0};
}

static bool row_matches(const struct row_index *index, uint32_t row, const struct edn *key)
{
    for (size_t i = 0; i < index->width; i++)
        if (!edn_equal(index->relation->columns[index->columns[i]][row], key[i]))
            return false;
    return true;
}

static uint64_t key_hash(const struct row_index *index, const struct edn *key)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < index->width; i++)
        hash = mix(hash, key[i]);
    return hash;
}

/* The slot of a key: its own, or the empty one where it would go. */
static size_t find_slot(const struct row_index *index, uint64_t hash, const struct edn *key)
{
    size_t slot = (size_t)hash & (index->capacity - 1);
    while (index->slots[slot] != ROW_NONE &&
           !(index->hashes[slot] == hash && row_matches(index, index->slots[slot], key)))
        slot = (slot + 1) & (index->capacity - 1);
    return slot;
}

static enum bs_code resize(struct row_index *index, size_t capacity)
{
    size_t slot_bytes = sizeof(uint32_t) + sizeof(uint64_t);
    BS_TRY(meter_take(index->relation->meter, (capacity - index->capacity) * slot_bytes));
    uint32_t *slots = (uint32_t *)bs_malloc(capacity * sizeof(uint32_t));
    uint64_t *hashes = (uint64_t *)bs_malloc(capacity * sizeof(uint64_t));
    memset(slots, 0xff, capacity * sizeof(uint32_t));
    for (size_t i = 0; i < index->capacity; i++) {
        if (index->slots[i] == ROW_NONE)
            continue;
        size_t slot = (size_t)index->hashes[i] & (capacity - 1);
        while (slots[slot] != ROW_NONE)
            slot = (slot + 1) & (capacity - 1);
        slots[slot] = index->slots[i];
        hashes[slot] = index->hashes[i];
    }
    free(index->slots);
    free(index->hashes);
    index->slots = slots;
    index->hashes = hashes;
    index->capacity = capacity;
    return BS_OK;
}

static enum bs_code make_room(struct row_index *index)
{
    if (index->capacity == 0)
        return resize(index, 16);
    if ((index->count + 1) * 4 > index->capacity * 3)
        return resize(index, index->capacity * 2);
    return BS_OK;
}

static enum bs_code reserve_next(struct row_index *index, size_t rows)
{
    if (rows <= index->next_capacity && index->next != NULL)
        return BS_OK;
    size_t capacity = BS_MAX(rows, index->next_capacity * 2);
    BS_TRY(
        meter_take(index->relation->meter, (capacity - index->next_capacity) * sizeof(uint32_t)));
    index->next = (uint32_t *)bs_realloc_array(index->next, capacity + 1, sizeof(uint32_t));
    index->next_capacity = capacity;
    return BS_OK;
}

enum bs_code row_index_fill(struct row_index *index)
{
    size_t rows = index->relation->rows;
    struct edn key[QUERY_VARS_MAX];
    BS_TRY(reserve_next(index, rows));
    for (; index->filled < rows; index->filled++) {
        uint32_t row = (uint32_t)index->filled;
        BS_TRY(make_room(index));
        for (size_t i = 0; i < index->width; i++)
            key[i] = index->relation->columns[index->columns[i]][row];
        uint64_t hash = key_hash(index, key);
        size_t slot = find_slot(index, hash, key);
        index->count += index->slots[slot] == ROW_NONE;
        index->next[row] = index->slots[slot];
        index->slots[slot] = row;
        index->hashes[slot] = hash;
        BS_TRY(meter_tick(index->relation->meter));
    }
    return BS_OK;
}

uint32_t row_index_find(const struct row_index *index, const struct edn *key)
{
    if (index->capacity == 0)
        return ROW_NONE;
    return index->slots[find_slot(index, key_hash(index, key), key)];
}

/* ---- sinks ---- */

enum bs_code sink_init(struct sink *sink, struct meter *meter, struct varset vars, bool distinct)
{
    *sink = (struct sink){.relation = relation_new(meter, vars), .distinct = distinct};
    if (sink->relation->width == 0)
        sink->distinct = true;
    if (!sink->distinct)
        return BS_OK;
    return row_index_init(&sink->index, sink->relation, vars);
}

enum bs_code sink_add(struct sink *sink, const struct edn *row)
{
    if (!sink->distinct)
        return relation_add(sink->relation, row);
    BS_TRY(make_room(&sink->index));
    uint64_t hash = key_hash(&sink->index, row);
    size_t slot = find_slot(&sink->index, hash, row);
    if (sink->index.slots[slot] != ROW_NONE)
        return meter_tick(sink->relation->meter);
    sink->index.slots[slot] = (uint32_t)sink->relation->rows;
    sink->index.hashes[slot] = hash;
    sink->index.count++;
    return relation_add(sink->relation, row);
}

void sink_fini(struct sink *sink)
{
    row_index_fini(&sink->index);
}
