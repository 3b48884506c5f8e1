/*
 * Merge sort of changes by family and key. What most comparisons need stands in two words: the
 * family and the key's first 15 bytes, which hold entity and attribute, or attribute and most of a
 * value; so few comparisons look at the keys themselves. Stable, since a key's changes must be
 * written in the order in which they were made.
 */

#include "datom/change_sort.h"

/* Runs of so many are sorted by insertion. */
#define RUN 8u

struct place {
    uint64_t high; /* the family, seven bytes of the key */
    uint64_t low;  /* the eight after them */
    const struct datom_change *change;
};

static struct place place_of(const struct datom_change *change)
{
    uint8_t bytes[16] = {(uint8_t)change->family};
    memcpy(bytes + 1, change->key.ptr, BS_MIN(change->key.len, sizeof(bytes) - 1));
    return (struct place){bs_load_u64(bytes), bs_load_u64(bytes + 8), change};
}

static inline bool is_after(const struct place *a, const struct place *b)
{
    if (a->high != b->high)
        return a->high > b->high;
    if (a->low != b->low)
        return a->low > b->low;
    return bs_str_compare(a->change->key, b->change->key) > 0;
}

static void sort_run(struct place *places, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct place place = places[i];
        size_t at = i;
        for (; at > 0 && is_after(&places[at - 1], &place); at--)
            places[at] = places[at - 1];
        places[at] = place;
    }
}

static void merge(const struct place *from, size_t middle, size_t end, struct place *to)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < end; i++) {
        bool takes_right = left == middle || (right < end && is_after(&from[left], &from[right]));
        to[i] = from[takes_right ? right++ : left++];
    }
}

/* Sorts in rounds between two arrays; returns the one that has the result. */
static struct place *sort(struct place *places, struct place *other, size_t count)
{
    for (size_t at = 0; at < count; at += RUN)
        sort_run(places + at, BS_MIN((size_t)RUN, count - at));
    for (size_t width = RUN; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            size_t end = BS_MIN(2 * width, count - at);
            merge(places + at, BS_MIN(width, end), end, other + at);
        }
        struct place *sorted = other;
        other = places;
        places = sorted;
    }
    return places;
}

void datom_changes_sort(const struct datom_change *changes, size_t count, struct bs_arena *scratch,
                        struct datom_change *ret_sorted)
{
    struct place *places = bs_arena_alloc_array(scratch, 2 * count + 1, sizeof(*places));
    for (size_t i = 0; i < count; i++)
        places[i] = place_of(&changes[i]);
    const struct place *sorted = sort(places, places + count, count);
    for (size_t i = 0; i < count; i++)
        ret_sorted[i] = *sorted[i].change;
}
