/*
 * A radix sort from the first byte that differs on, stable, which leaves alone what is in order.
 * Keys of one family made in the order of another come in few ascending streams (a stream for each
 * attribute, say): to part them once is then all that there is to do. Only keys that agree in all
 * bytes that items have are compared in the buffer.
 */

#include "datom/sorter_order.h"

/* So many are sorted by comparing. */
#define FEW 24
#define HEAD_BYTES 16

struct order {
    const char *bytes;
    struct datom_sorter_item *spare; /* as many as there are items */
};

static inline int compare(const char *bytes, const struct datom_sorter_item *x,
                          const struct datom_sorter_item *y)
{
    if (x->head[0] != y->head[0])
        return x->head[0] < y->head[0] ? -1 : 1;
    if (x->head[1] != y->head[1])
        return x->head[1] < y->head[1] ? -1 : 1;
    return bs_str_compare(datom_sorter_key_at(bytes + x->offset),
                          datom_sorter_key_at(bytes + y->offset));
}

static int compare_items(const void *a, const void *b, void *data)
{
    const struct datom_sorter_item *x = a;
    const struct datom_sorter_item *y = b;
    const struct order *order = data;
    int way = compare(order->bytes, x, y);
    return way != 0 ? way : (x->offset > y->offset) - (x->offset < y->offset);
}

static void insert_each(struct datom_sorter_item *items, size_t count, const char *bytes)
{
    for (size_t i = 1; i < count; i++) {
        struct datom_sorter_item item = items[i];
        size_t at = i;
        for (; at > 0 && compare(bytes, &items[at - 1], &item) > 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static bool is_in_order(const struct datom_sorter_item *items, size_t count, const char *bytes)
{
    for (size_t i = 1; i < count; i++) {
        if (compare(bytes, &items[i - 1], &items[i]) > 0)
            return false;
    }
    return true;
}

/* The first byte of the heads in which not all items agree; HEAD_BYTES: they agree in all. */
static unsigned first_difference(const struct datom_sorter_item *items, size_t count)
{
    uint64_t differs[2] = {0, 0};
    for (size_t i = 1; i < count; i++) {
        differs[0] |= items[i].head[0] ^ items[0].head[0];
        differs[1] |= items[i].head[1] ^ items[0].head[1];
    }
    if (differs[0] != 0)
        return (unsigned)__builtin_clzll(differs[0]) / 8;
    return differs[1] == 0 ? HEAD_BYTES : 8 + (unsigned)__builtin_clzll(differs[1]) / 8;
}

static inline uint8_t byte_of(const struct datom_sorter_item *item, unsigned idx)
{
    return (uint8_t)(item->head[idx / 8] >> (56 - 8 * (idx % 8)));
}

/* At most HEAD_BYTES deep, as each call parts by a later byte. */
static void sort(struct order *order, struct datom_sorter_item *items, size_t count)
{
    if (count <= FEW) {
        insert_each(items, count, order->bytes);
        return;
    }
    if (is_in_order(items, count, order->bytes))
        return;
    unsigned byte = first_difference(items, count);
    if (byte == HEAD_BYTES) {
        qsort_r(items, count, sizeof(*items), compare_items, order);
        return;
    }
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++)
        starts[byte_of(&items[i], byte) + 1]++;
    for (size_t value = 0; value < 256; value++)
        starts[value + 1] += starts[value];
    size_t next[256];
    memcpy(next, starts, sizeof(next));
    for (size_t i = 0; i < count; i++)
        order->spare[next[byte_of(&items[i], byte)]++] = items[i];
    memcpy(items, order->spare, count * sizeof(*items));
    for (size_t value = 0; value < 256; value++)
        sort(order, items + starts[value], starts[value + 1] - starts[value]);
}

void datom_sorter_order(struct datom_sorter_item *items, size_t count, const char *bytes)
{
    if (is_in_order(items, count, bytes))
        return;
    struct order order = {.bytes = bytes, .spare = bs_calloc(count, sizeof(*items))};
    sort(&order, items, count);
    free(order.spare);
}
