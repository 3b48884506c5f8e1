#include "edn/index.h"

#include <stdlib.h>

/*
 * Small collections are compared each with each; large ones through a table of open addressing with
 * full hashes in its slots. The hash has no secret, so a hostile text can make collisions: when too
 * many different items share one full hash, duplicates are found by sorting instead, which
 * nothing can make quadratic.
 */

/* Different items with the same 64 bits of hash before sorting takes over. */
#define CROWD 16

struct edn_index_slot {
    uint64_t hash;
    size_t number_plus_one; /* 0: free */
};

void edn_index_init(struct edn_index *index, const struct edn *items, size_t stride,
                    size_t capacity)
{
    size_t slots = 16;
    while (slots < capacity * 2)
        slots *= 2;
    *index = (struct edn_index){
        .items = items,
        .stride = stride,
        .mask = slots - 1,
        .slots = (struct edn_index_slot *)bs_calloc(slots, sizeof(struct edn_index_slot)),
    };
}

void edn_index_fini(struct edn_index *index)
{
    free(index->slots);
    index->slots = NULL;
}

bool edn_index_add(struct edn_index *index, size_t number, bool *ret_crowded)
{
    struct edn value = index->items[number * index->stride];
    uint64_t hash = edn_hash(value);
    size_t same_hash = 0;
    size_t at = hash & index->mask;
    for (; index->slots[at].number_plus_one; at = (at + 1) & index->mask) {
        const struct edn_index_slot *slot = &index->slots[at];
        if (slot->hash != hash)
            continue;
        if (edn_equal(index->items[(slot->number_plus_one - 1) * index->stride], value))
            return false;
        if (ret_crowded && ++same_hash == CROWD) {
            *ret_crowded = true;
            return false;
        }
    }
    index->slots[at] = (struct edn_index_slot){.hash = hash, .number_plus_one = number + 1};
    return true;
}

bool edn_index_find(const struct edn_index *index, struct edn value, size_t *ret_number)
{
    uint64_t hash = edn_hash(value);
    for (size_t at = hash & index->mask; index->slots[at].number_plus_one;
         at = (at + 1) & index->mask) {
        const struct edn_index_slot *slot = &index->slots[at];
        if (slot->hash == hash &&
            edn_equal(index->items[(slot->number_plus_one - 1) * index->stride], value)) {
            *ret_number = slot->number_plus_one - 1;
            return true;
        }
    }
    return false;
}

struct numbered {
    struct edn value;
    size_t number;
};

static int numbered_compare(const void *a, const void *b)
{
    const struct numbered *x = (const struct numbered *)a;
    const struct numbered *y = (const struct numbered *)b;
    int order = edn_compare(x->value, y->value);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static bool find_by_sorting(const struct edn *items, size_t stride, size_t count,
                            size_t *ret_number)
{
    struct numbered *sorted =
        (struct numbered *)bs_realloc_array(NULL, count, sizeof(struct numbered));
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct numbered){.value = items[i * stride], .number = i};
    qsort(sorted, count, sizeof(sorted[0]), numbered_compare);
    size_t first = SIZE_MAX;
    for (size_t i = 1; i < count; i++) {
        if (sorted[i].number < first && edn_equal(sorted[i - 1].value, sorted[i].value))
            first = sorted[i].number;
    }
    free(sorted);
    *ret_number = first;
    return first != SIZE_MAX;
}

static bool find_by_pairs(const struct edn *items, size_t stride, size_t count, size_t *ret_number)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (edn_equal(items[i * stride], items[j * stride])) {
                *ret_number = i;
                return true;
            }
        }
    }
    return false;
}

bool edn_find_duplicate(const struct edn *items, size_t stride, size_t count, size_t *ret_number)
{
    if (count < EDN_INDEX_FROM)
        return find_by_pairs(items, stride, count, ret_number);
    struct edn_index index;
    edn_index_init(&index, items, stride, count);
    bool crowded = false;
    size_t number = 0;
    while (number < count && edn_index_add(&index, number, &crowded))
        number++;
    edn_index_fini(&index);
    if (crowded)
        return find_by_sorting(items, stride, count, ret_number);
    *ret_number = number;
    return number < count;
}
