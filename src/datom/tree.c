/*
 * The overlay tree: paths to changes, splits, walks. Nodes look after their own bytes
 * (tree_node.c).
 *
 * Invariants: all leaves are at level 0 and at one depth; no node but an empty tree's missing root
 * is empty; a root has more than one child. Nodes may be less than half full: they are split, but
 * never merged. On the way down to a change every node is made the handle's own before its child is
 * looked at, as a child is only then its parent's alone when its parent is the handle's alone.
 */

#include "datom/tree.h"

#include "datom/tree_node.h"

/* A put on its way down, and what it changed. */
struct put {
    struct bs_str key;
    struct bs_str record;
    enum datom_tree_kind kind; /* INLINE, BLOB or TOMBSTONE */
    bool is_new;               /* the key was not there */
    size_t bytes_before;       /* of the record that was there */
};

struct datom_tree datom_tree_dup(const struct datom_tree *tree)
{
    if (tree->root)
        bs_ref_get(&tree->root->ref);
    return *tree;
}

void datom_tree_fini(struct datom_tree *tree)
{
    datom_tree_node_put(tree->root);
    *tree = (struct datom_tree){0};
}

static struct datom_tree_slot slot_make(const struct put *put)
{
    struct datom_tree_slot slot = {.kind = (uint8_t)put->kind};
    if (put->kind == DATOM_TREE_KIND_BLOB) {
        slot.blob = bs_malloc(sizeof(*slot.blob) + put->record.len);
        bs_ref_init(&slot.blob->ref);
        slot.blob->len = put->record.len;
        memcpy(slot.blob->bytes, put->record.ptr, put->record.len);
    } else {
        slot.record_len = put->record.len;
    }
    return slot;
}

static struct bs_str inline_record(const struct put *put)
{
    return put->kind == DATOM_TREE_KIND_INLINE ? put->record : BS_STR_EMPTY;
}

/*
 * The shortest bytes that are above all keys of `left` and not above any of `right`, its new right
 * neighbour. An inner node that was just split off has kept it in its first slot.
 */
static struct bs_str separator(const struct datom_tree_node *left,
                               const struct datom_tree_node *right)
{
    struct bs_str above = datom_tree_node_key(right, 0);
    if (right->level > 0)
        return above;
    struct bs_str below = datom_tree_node_key(left, left->count - 1u);
    size_t len = 0;
    while (len < below.len && below.ptr[len] == above.ptr[len])
        len++;
    return bs_str_make(above.ptr, len + 1);
}

static bool is_full(const struct datom_tree_node *node, size_t bytes)
{
    if (node->count >= (node->level > 0 ? DATOM_TREE_CHILDREN_MAX : DATOM_TREE_SLOTS_MAX))
        return true;
    return node->count >= 8 && node->used - node->garbage + bytes > DATOM_TREE_NODE_BYTES_MAX;
}

/*
 * Where to split a full node for an insert at idx. At the end nothing moves: keys that come in
 * order, as appended logs and new entities do, leave full nodes behind.
 */
static unsigned split_at(const struct datom_tree_node *node, unsigned idx)
{
    return idx == node->count ? node->count : node->count / 2u;
}

/*
 * Puts a slot in at idx, splitting a full node; returns the right part, or NULL. The node is owned
 * already or is made so.
 */
static struct datom_tree_node *node_insert(struct datom_tree_node **place, unsigned idx,
                                           struct bs_str key, struct datom_tree_slot slot,
                                           struct bs_str record)
{
    struct datom_tree_node *right = NULL;
    struct datom_tree_node **target = place;
    size_t bytes = key.len + record.len;
    if (is_full(*place, bytes)) {
        datom_tree_node_own(place, 0, 0);
        unsigned at = split_at(*place, idx);
        right = datom_tree_node_split(*place, at);
        if (idx > at || right->count == 0) {
            target = &right;
            idx -= at;
        }
    }
    datom_tree_node_own(target, 1, bytes);
    datom_tree_node_insert(*target, idx, key, slot, record);
    return right;
}

static struct datom_tree_node *leaf_put(struct datom_tree_node **place, struct put *put)
{
    bool equal;
    unsigned idx = datom_tree_node_find(*place, put->key, &equal);
    put->is_new = !equal;
    if (!equal)
        return node_insert(place, idx, put->key, slot_make(put), inline_record(put));
    put->bytes_before = datom_tree_node_record(*place, idx).len;
    datom_tree_node_own(place, 0, put->key.len + inline_record(put).len);
    datom_tree_node_erase(*place, idx);
    datom_tree_node_insert(*place, idx, put->key, slot_make(put), inline_record(put));
    return NULL;
}

/* Puts below a node; returns its right part when it had to be split. */
static struct datom_tree_node *node_put(struct datom_tree_node **place, struct put *put)
{
    if ((*place)->level == 0)
        return leaf_put(place, put);
    datom_tree_node_own(place, 0, 0);
    unsigned idx = datom_tree_node_find_child(*place, put->key);
    struct datom_tree_slot *slot = &(*place)->slots[idx];
    struct datom_tree_node *right = node_put(&slot->child, put);
    if (!right)
        return NULL;
    struct datom_tree_slot added = {.kind = DATOM_TREE_KIND_CHILD, .child = right};
    return node_insert(place, idx + 1, separator(slot->child, right), added, BS_STR_EMPTY);
}

static struct datom_tree_node *root_over(struct datom_tree_node *left,
                                         struct datom_tree_node *right)
{
    BS_ASSERT(left->level + 1 < DATOM_TREE_DEPTH_MAX);
    struct bs_str key = separator(left, right);
    struct datom_tree_node *root = datom_tree_node_new(left->level + 1u, 4, key.len + 32);
    struct datom_tree_slot slot = {.kind = DATOM_TREE_KIND_CHILD, .child = left};
    datom_tree_node_insert(root, 0, BS_STR_EMPTY, slot, BS_STR_EMPTY);
    slot.child = right;
    datom_tree_node_insert(root, 1, key, slot, BS_STR_EMPTY);
    return root;
}

static void tree_put(struct datom_tree *tree, struct put *put)
{
    BS_ASSERT(put->key.len <= UINT16_MAX);
    if (!tree->root)
        tree->root = datom_tree_node_new(0, 4, 4 * (put->key.len + inline_record(put).len));
    struct datom_tree_node *right = node_put(&tree->root, put);
    if (right)
        tree->root = root_over(tree->root, right);
    if (put->is_new) {
        tree->count++;
        tree->bytes += put->key.len;
    }
    tree->bytes += put->record.len - put->bytes_before;
}

void datom_tree_put(struct datom_tree *tree, struct bs_str key, struct bs_str record)
{
    bool is_long = record.len > DATOM_TREE_INLINE_RECORD_MAX;
    struct put put = {
        .key = key,
        .record = record,
        .kind = is_long ? DATOM_TREE_KIND_BLOB : DATOM_TREE_KIND_INLINE,
    };
    tree_put(tree, &put);
}

void datom_tree_put_tombstone(struct datom_tree *tree, struct bs_str key)
{
    struct put put = {.key = key, .record = BS_STR_EMPTY, .kind = DATOM_TREE_KIND_TOMBSTONE};
    tree_put(tree, &put);
}

/* Takes out a key that is there. Leaves an empty node at *place if it was the last. */
static void node_remove(struct datom_tree_node **place, struct bs_str key)
{
    datom_tree_node_own(place, 0, 0);
    struct datom_tree_node *node = *place;
    unsigned idx;
    if (node->level == 0) {
        bool equal;
        idx = datom_tree_node_find(node, key, &equal);
        datom_tree_node_erase(node, idx);
        return;
    }
    idx = datom_tree_node_find_child(node, key);
    node_remove(&node->slots[idx].child, key);
    if (node->slots[idx].child->count == 0)
        datom_tree_node_erase(node, idx);
}

void datom_tree_remove(struct datom_tree *tree, struct bs_str key)
{
    struct bs_str record;
    if (datom_tree_get(tree, key, &record) == DATOM_TREE_ABSENT)
        return;
    tree->count--;
    tree->bytes -= key.len + record.len;
    node_remove(&tree->root, key);
    while (tree->root->level > 0 && tree->root->count == 1) {
        struct datom_tree_node *child = tree->root->slots[0].child;
        bs_ref_get(&child->ref);
        datom_tree_node_put(tree->root);
        tree->root = child;
    }
    if (tree->root->count == 0) {
        datom_tree_node_put(tree->root);
        tree->root = NULL;
    }
}

enum datom_tree_found datom_tree_get(const struct datom_tree *tree, struct bs_str key,
                                     struct bs_str *ret_record)
{
    const struct datom_tree_node *node = tree->root;
    *ret_record = BS_STR_EMPTY;
    if (!node)
        return DATOM_TREE_ABSENT;
    while (node->level > 0)
        node = node->slots[datom_tree_node_find_child(node, key)].child;
    bool equal;
    unsigned idx = datom_tree_node_find(node, key, &equal);
    if (!equal)
        return DATOM_TREE_ABSENT;
    if (node->slots[idx].kind == DATOM_TREE_KIND_TOMBSTONE)
        return DATOM_TREE_TOMBSTONE;
    *ret_record = datom_tree_node_record(node, idx);
    return DATOM_TREE_PRESENT;
}

/* ---- walks ---- */

static void iter_push(struct datom_tree_iter *walk, const struct datom_tree_node *node,
                      unsigned idx)
{
    BS_ASSERT(walk->depth < DATOM_TREE_DEPTH_MAX);
    walk->path[walk->depth].node = node;
    walk->path[walk->depth].idx = idx;
    walk->depth++;
}

/* Shows the entry that the path ends at; past the leaf's end it goes to the next leaf first. */
static void iter_settle(struct datom_tree_iter *walk)
{
    while (walk->depth > 0) {
        const struct datom_tree_node *node = walk->path[walk->depth - 1].node;
        uint32_t idx = walk->path[walk->depth - 1].idx;
        if (idx >= node->count) {
            walk->depth--;
            if (walk->depth > 0)
                walk->path[walk->depth - 1].idx++;
        } else if (node->level > 0) {
            iter_push(walk, node->slots[idx].child, 0);
        } else {
            walk->iter.valid = true;
            walk->iter.is_tombstone = node->slots[idx].kind == DATOM_TREE_KIND_TOMBSTONE;
            walk->iter.key = datom_tree_node_key(node, idx);
            walk->iter.record = datom_tree_node_record(node, idx);
            return;
        }
    }
    walk->iter.valid = false;
    walk->iter.is_tombstone = false;
}

static void iter_seek(struct datom_kv_iter *iter, struct bs_str key)
{
    struct datom_tree_iter *walk = (struct datom_tree_iter *)iter;
    const struct datom_tree_node *node = walk->tree->root;
    walk->depth = 0;
    while (node && node->level > 0) {
        unsigned idx = datom_tree_node_find_child(node, key);
        iter_push(walk, node, idx);
        node = node->slots[idx].child;
    }
    if (node) {
        bool equal;
        iter_push(walk, node, datom_tree_node_find(node, key, &equal));
    }
    iter_settle(walk);
}

static void iter_next(struct datom_kv_iter *iter)
{
    struct datom_tree_iter *walk = (struct datom_tree_iter *)iter;
    BS_ASSERT(iter->valid);
    walk->path[walk->depth - 1].idx++;
    iter_settle(walk);
}

static void iter_free(struct datom_kv_iter *iter)
{
    (void)iter; /* holds nothing; the storage is the caller's */
}

static const struct datom_kv_ops iter_ops = {
    .seek = iter_seek,
    .next = iter_next,
    .free = iter_free,
};

void datom_tree_iter_init(struct datom_tree_iter *iter, const struct datom_tree *tree)
{
    iter->iter = (struct datom_kv_iter){.ops = &iter_ops};
    iter->tree = tree;
    iter->depth = 0;
}
