#ifndef DATOM_SORTER_ORDER_H
#define DATOM_SORTER_ORDER_H

/*
 * The order of pairs that lie in a buffer, by their keys: what a sorter (sorter.h) sorts in memory.
 * Any thread, for its own.
 */

#include "base/base.h"

struct datom_sorter_item {
    uint64_t head[2]; /* the key's first bytes, filled up with zeros */
    size_t offset;    /* of the pair in the buffer */
};

/* Before each pair: then come key and record. */
struct datom_sorter_head {
    uint32_t key_len;
    uint32_t record_len;
};

static inline struct bs_str datom_sorter_key_at(const char *pair)
{
    struct datom_sorter_head head;
    memcpy(&head, pair, sizeof(head));
    return bs_str_make(pair + sizeof(head), head.key_len);
}

static inline struct bs_str datom_sorter_record_at(const char *pair)
{
    struct datom_sorter_head head;
    memcpy(&head, pair, sizeof(head));
    return bs_str_make(pair + sizeof(head) + head.key_len, head.record_len);
}

/* The item of a pair. */
static inline struct datom_sorter_item datom_sorter_item_make(struct bs_str key, size_t offset)
{
    uint8_t bytes[16] = {0};
    memcpy(bytes, key.ptr, BS_MIN(key.len, sizeof(bytes)));
    return (struct datom_sorter_item){.head = {bs_load_u64(bytes), bs_load_u64(bytes + 8)},
                                      .offset = offset};
}

/* Items of pairs in `bytes`, given by ascending offsets; equal keys keep that order. */
void datom_sorter_order(struct datom_sorter_item *items, size_t count, const char *bytes);

#endif
