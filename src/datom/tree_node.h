#ifndef DATOM_TREE_NODE_H
#define DATOM_TREE_NODE_H

/*
 * Nodes of the overlay tree (tree.c): one allocation each, with an array of slots in key order and
 * behind it a heap of bytes that the slots point into. So a node is copied by two memcpys, and a
 * search stays inside it. A leaf's slot has a key and a record; long records stand in refcounted
 * blobs beside the node, so that a copy does not move them. An inner node's slot has a child and
 * the separator below which no key of that child lies (the first slot's separator is not looked
 * at). Everything that changes a node takes the place where its pointer stands, as the node may
 * move.
 *
 * Threads: a node with more than one holder is immutable; a sole holder may change it.
 */

#include "base/base.h"

#define DATOM_TREE_SLOTS_MAX 32
/* Fewer in inner nodes: to copy one is to count a reference up in each of its children. */
#define DATOM_TREE_CHILDREN_MAX 12
/* A node of more bytes than this is split, if it has some entries. */
#define DATOM_TREE_NODE_BYTES_MAX 4096
#define DATOM_TREE_NODE_SLOTS_MIN 8
/* Records above this stand outside of the node. */
#define DATOM_TREE_INLINE_RECORD_MAX 160

enum datom_tree_kind {
    DATOM_TREE_KIND_CHILD, /* inner nodes */
    DATOM_TREE_KIND_INLINE,
    DATOM_TREE_KIND_BLOB,
    DATOM_TREE_KIND_TOMBSTONE,
    DATOM_TREE_KIND_REMOVED, /* only in a tail: the tree's entry, if there is one, is gone */
};

struct datom_tree_blob {
    struct bs_ref ref; /* a holder is a slot */
    size_t len;
    char bytes[];
};

struct datom_tree_slot {
    uint32_t at; /* of the key in the heap; an inline record follows it */
    uint16_t key_len;
    uint8_t kind;
    union {
        uint64_t record_len;
        struct datom_tree_blob *blob;  /* one reference */
        struct datom_tree_node *child; /* one reference */
    };
};

struct datom_tree_node {
    struct bs_ref ref; /* a holder is a parent or a handle */
    uint16_t level;    /* 0: leaf */
    uint16_t count;
    uint16_t slots_max;
    uint16_t blobs; /* slots that hold one: leaves without are copied without a look at slots */
    uint32_t heap_max;
    uint32_t used;    /* of the heap, garbage too */
    uint32_t garbage; /* bytes of the heap that no slot points to */
    struct datom_tree_slot slots[];
};

static inline const char *datom_tree_node_heap(const struct datom_tree_node *node)
{
    return (const char *)(node->slots + node->slots_max);
}

static inline struct bs_str datom_tree_node_key(const struct datom_tree_node *node, unsigned idx)
{
    return bs_str_make(datom_tree_node_heap(node) + node->slots[idx].at, node->slots[idx].key_len);
}

/* As bs_str_compare does, but by words of eight bytes: most keys differ in their first two. */
static inline int datom_tree_compare(struct bs_str a, struct bs_str b)
{
    size_t len = BS_MIN(a.len, b.len);
    if (len < 8)
        return bs_str_compare(a, b);
    for (size_t at = 0; at < len; at += 8) {
        size_t word = BS_MIN(at, len - 8); /* the last one overlaps the one before it */
        uint64_t x = bs_load_u64(a.ptr + word);
        uint64_t y = bs_load_u64(b.ptr + word);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* Bytes of the heap that a slot points to. */
static inline uint32_t datom_tree_slot_bytes(const struct datom_tree_slot *slot)
{
    return slot->key_len + (slot->kind == DATOM_TREE_KIND_INLINE ? (uint32_t)slot->record_len : 0);
}

/* What a slot of a leaf says; empty for a tombstone. */
struct bs_str datom_tree_slot_record(const struct datom_tree_slot *slot, const char *heap);
/* Gives back what a slot holds. */
void datom_tree_slot_put(const struct datom_tree_slot *slot);

/* A leaf's record; empty for a tombstone. */
struct bs_str datom_tree_node_record(const struct datom_tree_node *node, unsigned idx);

/* Gives one reference back; NULL is fine. */
void datom_tree_node_put(struct datom_tree_node *node);

/* A node without slots, with room for so many slots and bytes. */
struct datom_tree_node *datom_tree_node_new(unsigned level, unsigned slots, size_t bytes);

/* Makes the node at *place the caller's alone, with room for so many more slots and bytes. */
void datom_tree_node_own(struct datom_tree_node **place, unsigned slots, size_t bytes);

/*
 * Puts a slot of a kind with a key at an index, the heap bytes and the union from `value`: what
 * follows the key for inline records. The node must be owned and have the room.
 */
void datom_tree_node_insert(struct datom_tree_node *node, unsigned idx, struct bs_str key,
                            struct datom_tree_slot slot, struct bs_str inline_record);
/* Copies slots that follow one another, as their bytes do in another heap, to the end. The node
 * must have the room. */
void datom_tree_node_append(struct datom_tree_node *node, const struct datom_tree_slot *slots,
                            unsigned count, const char *heap);
/* Takes a slot out, gives back what it held. The node must be owned. */
void datom_tree_node_erase(struct datom_tree_node *node, unsigned idx);
/* Moves the slots from idx on to a new node. The node must be owned. */
struct datom_tree_node *datom_tree_node_split(struct datom_tree_node *node, unsigned idx);

/*
 * The shortest bytes that are above all keys of `left` and not above any of `right`, its new right
 * neighbour; borrowed of right. An inner node that was just split off has kept it in its first
 * slot.
 */
struct bs_str datom_tree_separator(const struct datom_tree_node *left,
                                   const struct datom_tree_node *right);
/* The root that a tree has when this one is left (NULL: none): a node of one child gives way to
 * that, one of none to NULL. */
struct datom_tree_node *datom_tree_node_shrink_root(struct datom_tree_node *root);

/* The first index whose key is >= key; *ret_equal whether it is the key. For leaves. */
unsigned datom_tree_node_find(const struct datom_tree_node *node, struct bs_str key,
                              bool *ret_equal);
/* The same of a key that is known to belong at or behind `from`: for keys that come in order. */
unsigned datom_tree_node_find_from(const struct datom_tree_node *node, unsigned from,
                                   struct bs_str key, bool *ret_equal);
/* The index of the child where the key belongs. For inner nodes. */
unsigned datom_tree_node_find_child(const struct datom_tree_node *node, struct bs_str key);

#endif
