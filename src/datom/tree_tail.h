#ifndef DATOM_TREE_TAIL_H
#define DATOM_TREE_TAIL_H

/*
 * The tail of an overlay tree (tree.c): the newest entries, sorted, beside the tree. Its bytes and
 * slots stand in a page that the tails which follow one another share: each appends what it adds,
 * and has an order of its own, a byte an entry, in which it sees the page's slots. So a change
 * copies at most these bytes, and what older tails see stays as it is. Of two tails that would
 * append at one place the first does, the other copies the page.
 *
 * Threads: a tail with more than one holder is immutable, a sole holder may change it; pages look
 * after themselves.
 */

#include "datom/tree_node.h"

/* Entries. Each transaction copies a byte for each; each so many are merged into the tree. */
#define DATOM_TREE_TAIL_MAX 128

struct datom_tree_page;

struct datom_tree_tail {
    struct bs_ref ref; /* a holder is a handle */
    uint16_t count;
    uint16_t order_max;
    uint16_t behind; /* the place behind what was last put between others: often the next one's */
    struct datom_tree_page *page; /* one reference is the tail's */
    uint32_t end_slots;           /* of the page: what stands behind it is others' */
    uint32_t end_bytes;
    uint8_t order[]; /* slots of the page by key */
};

struct datom_tree_page {
    struct bs_ref ref; /* a holder is a tail */
    uint16_t slots_max;
    uint16_t blobs; /* slots that hold one */
    uint32_t bytes_max;
    _Atomic uint64_t used; /* the newest tail's end_slots << 32 | end_bytes */
    struct datom_tree_slot slots[];
};

static inline const char *datom_tree_tail_heap(const struct datom_tree_tail *tail)
{
    return (const char *)(tail->page->slots + tail->page->slots_max);
}

static inline const struct datom_tree_slot *datom_tree_tail_slot(const struct datom_tree_tail *tail,
                                                                 unsigned idx)
{
    return &tail->page->slots[tail->order[idx]];
}

static inline struct bs_str datom_tree_tail_key(const struct datom_tree_tail *tail, unsigned idx)
{
    const struct datom_tree_slot *slot = datom_tree_tail_slot(tail, idx);
    return bs_str_make(datom_tree_tail_heap(tail) + slot->at, slot->key_len);
}

struct bs_str datom_tree_tail_record(const struct datom_tree_tail *tail, unsigned idx);

/* Gives one reference back; NULL is fine. */
void datom_tree_tail_put(struct datom_tree_tail *tail);

/* The first index whose key is >= key; *ret_equal whether it is the key. */
unsigned datom_tree_tail_find(const struct datom_tree_tail *tail, struct bs_str key,
                              bool *ret_equal);

/*
 * Adds an entry to the tail at *place (NULL: a new one), or puts it in the place of the one that
 * has its key. A blob's reference becomes the tail's. False, with nothing done, when there is no
 * room.
 */
bool datom_tree_tail_add(struct datom_tree_tail **place, struct bs_str key,
                         struct datom_tree_slot slot, struct bs_str inline_record);

#endif
